/* SPDX-License-Identifier: GPL-2.0 */
/* A parcel index in simulated memory, as a previous kernel leaves it. */
#ifndef KHO_TESTS_PARCELS_H
#define KHO_TESTS_PARCELS_H

#include "core/parcel.h"
#include "testmem.h"

#define PARCELS_BASE 0x100000000ULL

/* What is known of a page; PAGE_KNOWN: it is preserved and not yet restored. */
enum { PAGE_UNKNOWN, PAGE_KNOWN, PAGE_BAD };

/**
 * struct parcels - see above
 * @page: the memory, from PARCELS_BASE on
 * @known: of each page
 * @nr_pages: size of the memory
 * @next: number of the page that is handed out next
 * @head_phys: head of the index
 * @last_phys: last block of the chain, 0 = none
 * @nr_last: slots in it
 * @claimed_pages: for kho_page_ops.nr_pages
 */
struct parcels {
	u8 *page;
	u8 *known;
	u64 nr_pages;
	u64 next;
	u64 head_phys;
	u64 last_phys;
	u32 nr_last;
	u64 claimed_pages;
};

/* An index without parcels, in @nr_pages pages of memory. */
void parcels_init(struct parcels *p, u64 nr_pages);
void parcels_exit(struct parcels *p);

/* Makes it as after parcels_init() again. */
void parcels_clear(struct parcels *p);

/* Anything in the memory; dies outside of it. */
void *parcels_at(const struct parcels *p, u64 phys);
struct kho_parcel_head_ser *parcels_head(const struct parcels *p);
/* A zeroed, preserved page. */
u64 parcels_new_page(struct parcels *p);
/* Makes a list of @nr pages. */
struct kho_vmalloc parcels_new_list(struct parcels *p, u32 nr);
/* A free slot after all others. */
struct kho_parcel_ser *parcels_new_slot(struct parcels *p);
/* Puts a parcel of @bytes zeros. */
struct kho_parcel_ser *parcels_put(struct parcels *p, const char *name,
				   u64 bytes);

struct kho_page_ops parcels_ops(struct parcels *p);

#endif /* KHO_TESTS_PARCELS_H */
