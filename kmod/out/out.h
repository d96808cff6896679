/* SPDX-License-Identifier: GPL-2.0 */
/* What out/ offers to the other rooms: what the next kernel will be given. */
#ifndef KHO_KMOD_OUT_H
#define KHO_KMOD_OUT_H

#include <linux/gfp.h>
#include <linux/kexec_handover.h>
#include <linux/kho.h>
#include <linux/kho/abi/kho_module.h>
#include <linux/mm_types.h>

#include "core/cover.h"
#include "kmod/machine/machine.h"

/**
 * enum kho_keep - how memory is preserved
 * @KHO_KEEP_RANGE: cut into naturally aligned blocks
 * @KHO_KEEP_FOLIO: as one block; that is a naturally aligned power of two of pages
 * @KHO_KEEP_NEW_FOLIO: the same, and -EEXIST if it is preserved already
 */
enum kho_keep {
	KHO_KEEP_RANGE,
	KHO_KEEP_FOLIO,
	KHO_KEEP_NEW_FOLIO,
};

/* --- outgoing.c */

int kho_out_init(u32 kexec_count);
void kho_out_exit(void);

/* --- preserve.c: tracker, cover, and which memory is RAM */

int kho_out_ram_refresh(void);
int kho_out_limit(struct kho_ram *map);
u64 kho_out_client_pages(void);
int kho_out_preserve(u64 phys, u64 nr_pages, enum kho_keep how);
int kho_out_preserve_folios(struct folio *const *folio, unsigned int nr,
			    unsigned int *nr_done);
int kho_out_unpreserve(u64 phys, u64 nr_pages, bool folio);
bool kho_out_may_preserve(u64 phys, u64 nr_pages);
bool kho_out_holds(const struct kho_range *range);
int kho_out_keepout_add(const struct kho_range *range, u32 nr);
void kho_out_keepout_del(const struct kho_range *range, u32 nr);
void kho_out_status(struct kho_ioctl_status *status);
u64 kho_out_missing(void);
u32 kho_out_ranges(struct kho_range_info *info, u32 room);

/* --- check.c: what the next kernel would say */

int kho_out_check_now(void);

/* --- fit.c: pages that can be preserved where they lie */

struct page *kho_fit_ordinary(gfp_t gfp, unsigned int order,
			      int (*refuses)(u64 start, u64 end), bool *unfit);
struct page *kho_fit_contiguous(unsigned int order,
				int (*refuses)(u64 start, u64 end));
struct page *kho_fit_as_allocated(struct page *page, unsigned int order,
				  gfp_t gfp);

/* --- subtree.c: blobs that clients name */

struct kho_out_subtree;

/**
 * struct kho_subtree_view - who shows subtrees to people
 * @add: a subtree is there; whoever opens it before @remove returns takes a reference, with which
 *   it may be read for as long as it is open. What @add returns is given to @remove
 * @remove: it goes; does not wait for those who have it open
 */
struct kho_subtree_view {
	void *(*add)(const char *name, u64 bytes, struct kho_out_subtree *s);
	void (*remove)(void *shown);
};

int kho_out_subtree_add(const char *name, void *blob, u64 bytes);
int kho_out_subtree_add_for(const char *name, void *blob, u64 bytes,
			    unsigned long caller);
int kho_out_subtree_remove(void *blob);
int kho_out_subtree_replace(const char *name, void *blob, u64 bytes);
void kho_out_subtree_get(struct kho_out_subtree *s);
void kho_out_subtree_put(struct kho_out_subtree *s);
ssize_t kho_out_subtree_read(struct kho_out_subtree *s, void *to, size_t bytes,
			     loff_t pos);
void kho_out_subtrees_show(const struct kho_subtree_view *how);
void kho_out_subtrees_hide(void);

/* --- wire.c: what travels with every handover */

void kho_out_fdt(void *page);
u32 kho_out_scratch(struct kho_scratch *area);
u64 kho_out_setup_data(void);
void kho_out_stamp(enum kho_stamp which);
void kho_out_unstamp(enum kho_stamp which);
void kho_out_memmap(const struct kho_memmap_entry_ser *entry, u32 nr);

#endif /* KHO_KMOD_OUT_H */
