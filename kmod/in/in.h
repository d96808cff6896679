/* SPDX-License-Identifier: GPL-2.0 */
/* What in/ offers to the other rooms: what the previous kernel left. */
#ifndef KHO_KMOD_IN_H
#define KHO_KMOD_IN_H

#include <linux/kho.h>
#include <linux/mm.h>
#include <linux/rwsem.h>

#include "core/checked.h"
#include "core/mark.h"

/* --- bootdata.c: what the boot loader handed to us */

/**
 * struct kho_boot_list - what boot_params' list of setup_data nodes says about a handover
 * @head_phys: node of type KHO_SETUP_DATA_TYPE, 0 if there is none
 * @extent: ranges that SETUP_INDIRECT nodes after it made this kernel reserve; not validated
 * @nr_extents: how many
 * @image_bytes: this kernel's image takes no more than that; 0 = not known
 */
struct kho_boot_list {
	u64 head_phys;
	struct kho_range extent[KHO_MAX_EXTENTS];
	u32 nr_extents;
	u32 image_bytes;
};

int kho_boot_list_read(struct kho_boot_list *list, u64 head_phys);

/* --- incoming.c: what the previous kernel left us */

int kho_in_init(u64 head_phys);
void kho_in_exit(void);
void kho_in_accept(void);
bool kho_in_accepted(void);
u32 kho_in_kexec_count(void);
u64 kho_in_pages(void);
int kho_in_subtree(const char *name, struct kho_fdt_subtree *subtree);
int kho_in_subtree_at(u32 index, struct kho_fdt_subtree *subtree);
const void *kho_in_fdt(void);
const void *kho_in_blob(u64 phys, u64 bytes);
u64 kho_in_bad(u64 phys, u64 bytes);
bool kho_in_wait_for_gaps(void);
u64 kho_in_held_pages(int nid, u64 max_phys);
void kho_in_claimed(u64 bytes);
u64 kho_in_unclaimed_pages(void);
const char *kho_in_explain(char *to, size_t room, const char *by,
			   const struct kho_refusal *r);
void kho_in_client_refused(const char *client, const struct kho_refusal *r);
bool kho_in_refused(char *why, size_t room);
int kho_in_drop(bool force);
extern struct rw_semaphore kho_in_looking;
void kho_in_status(struct kho_ioctl_status *status);
u32 kho_in_ranges(struct kho_range_info *info, u32 room);

/* --- restore.c: from boot-reserved memory to pages and folios */

/* "KHOP" in the upper half of page->private, the bits of a mark in the lower. */
#define KHO_MARK_MAGIC (0x4b484f50UL << 32)
/* "KHOT": the same, but somebody is about to restore it. */
#define KHO_TAKEN_MAGIC (0x4b484f54UL << 32)

static inline struct kho_mark kho_page_mark_if(struct page *page,
					       unsigned long magic)
{
	unsigned long word = READ_ONCE(page_private(page));

	if ((word & ~0xffffffffUL) != magic || !PageReserved(page))
		return kho_mark_none();
	return kho_mark_stored(word);
}

/* The preserved block that starts at this page. */
static inline struct kho_mark kho_page_mark(struct page *page)
{
	return kho_page_mark_if(page, KHO_MARK_MAGIC);
}

int kho_restore_init(void);
bool kho_pages_bad(struct page *page, unsigned long nr_pages);
bool kho_pages_to_folio(struct page *page, unsigned int order);
bool kho_page_unmark(struct page *page, unsigned int order);
bool kho_range_waits(phys_addr_t phys, unsigned long nr_pages);
bool kho_range_take(phys_addr_t phys, unsigned long nr_pages);
void kho_range_put_back(phys_addr_t phys, unsigned long nr_pages);
struct page *kho_range_restore(phys_addr_t phys, unsigned long nr_pages);

/* --- give_back.c: boot-reserved memory to the allocator */

u64 kho_give_back(unsigned long start_pfn, unsigned long end_pfn);

#endif /* KHO_KMOD_IN_H */
