/* SPDX-License-Identifier: GPL-2.0 */
/* What the parts of kho.ko know of each other. */
#ifndef KHO_KMOD_H
#define KHO_KMOD_H

#include <linux/io.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/types.h>
#include <linux/kexec_handover.h>
#include <linux/kho.h>

#include "core/cover.h"
#include "core/incoming.h"
#include "core/parcel.h"
#include "core/tracker.h"

#undef pr_fmt
#define pr_fmt(fmt) "KHO: " fmt

/* --------------------------------------------------------------- ram.c: which memory is RAM */

/**
 * struct kho_ram - list of the RAM of this machine
 * @range: page aligned, ascending, neither overlapping nor adjacent
 * @nr: number of ranges, at least 1
 */
struct kho_ram {
	struct kho_range *range;
	u32 nr;
};

int kho_ram_get(struct kho_ram *ram);
void kho_ram_put(struct kho_ram *ram);

/* -------------------------------------------- bootdata.c: what the boot loader handed to us */

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
ssize_t kho_sysfs_read(const char *name, void *to, size_t bytes, loff_t pos);
int kho_boot_params_read(void *to, size_t bytes, loff_t pos);
int kho_phys_read(void *to, u64 phys, size_t bytes);

/* ---------------------------- firmware.c: memory that tables have the next kernel write to */

int kho_firmware_init(void);
u64 kho_firmware_writes(u64 start, u64 end);

/* --------------------------------------- give_back.c: boot-reserved memory to the allocator */

int kho_give_back_init(void);
u64 kho_give_back(unsigned long start_pfn, unsigned long end_pfn);

/* ---------------------------------------------- arena.c: pages for the metadata of the wire */

int kho_arena_init(void);
void kho_arena_exit(void);
void *kho_arena_alloc(void *ctx);
void kho_arena_free(void *ctx, void *node);
unsigned long *kho_arena_population(void *ctx, void *node);
void kho_arena_mark(struct kho_replan *plan);
u64 kho_arena_bytes(void);

/* ------------------------------------------- outgoing.c: what the next kernel will be given */

struct kho_out_subtree;

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

int kho_keep(struct page *page, unsigned long nr_pages, enum kho_keep how);
int kho_out_init(u32 kexec_count);
void kho_out_exit(void);
int kho_out_ram_refresh(void);
int kho_out_preserve(u64 phys, u64 nr_pages, enum kho_keep how);
int kho_out_preserve_folios(struct folio *const *folio, unsigned int nr,
			    unsigned int *nr_done);
int kho_out_unpreserve(u64 phys, u64 nr_pages, bool folio);
bool kho_out_may_preserve(u64 phys, u64 nr_pages);
int kho_out_cover(u64 start, u64 end);
int kho_out_keepout_add(const struct kho_range *range, u32 nr);
void kho_out_keepout_del(const struct kho_range *range, u32 nr);
int kho_out_subtree_add(const char *name, void *blob, u64 bytes);
int kho_out_subtree_add_for(const char *name, void *blob, u64 bytes,
			    unsigned long caller);
int kho_out_subtree_remove(void *blob);
int kho_out_subtree_replace(const char *name, void *blob, u64 bytes);
ssize_t kho_out_subtree_read(struct kho_out_subtree *s, void *to, size_t bytes,
			     loff_t pos);
void kho_out_subtrees_show(void);
void kho_out_fdt(void *page);
u32 kho_out_scratch(struct kho_scratch *area);
u64 kho_out_setup_data(void);
void kho_out_stamp(enum kho_stamp which);
void kho_out_unstamp(enum kho_stamp which);
void kho_out_memmap(const struct kho_memmap_entry_ser *entry, u32 nr);
void kho_out_status(struct kho_ioctl_status *status);
u32 kho_out_ranges(struct kho_range_info *info, u32 room);

/* --------------------------------------------- incoming.c: what the previous kernel left us */

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
bool kho_in_wait_for_gaps(void);
u64 kho_in_held_pages(int nid, u64 max_phys);
void kho_in_claimed(u64 bytes);
u64 kho_in_unclaimed_pages(void);
void kho_in_client_refused(const char *client, const struct kho_refusal *r);
int kho_in_drop(void);
extern struct rw_semaphore kho_in_looking;
void kho_in_status(struct kho_ioctl_status *status);
u32 kho_in_ranges(struct kho_range_info *info, u32 room);

/* --------------------------------- restore.c: from boot-reserved memory to pages and folios */

/* "KHOP" in the upper half of page->private, order + 1 in the lower. */
#define KHO_MARK_MAGIC (0x4b484f50UL << 32)
#define KHO_MARK(order) (KHO_MARK_MAGIC | ((order) + 1))
/* "KHOT": the same, but somebody is about to restore it. */
#define KHO_TAKEN_MAGIC (0x4b484f54UL << 32)

static inline unsigned int kho_page_order_if(struct page *page,
					     unsigned long magic)
{
	unsigned long mark = READ_ONCE(page_private(page));

	if ((mark & ~0xffffffffUL) != magic || !PageReserved(page))
		return 0;
	return mark;
}

/* Order + 1 of the preserved block that starts at this page; 0 if none does. */
static inline unsigned int kho_page_marked_order(struct page *page)
{
	return kho_page_order_if(page, KHO_MARK_MAGIC);
}

int kho_restore_init(void);
bool kho_page_unmark(struct page *page, unsigned int order);
bool kho_range_waits(phys_addr_t phys, unsigned long nr_pages);
bool kho_range_take(phys_addr_t phys, unsigned long nr_pages);
void kho_range_put_back(phys_addr_t phys, unsigned long nr_pages);
struct page *kho_range_restore(phys_addr_t phys, unsigned long nr_pages);

/* ---------------------------------------- contig.c: contiguous memory of the page allocator */

u64 kho_contig_take(const struct kho_ram *ram, u64 bytes, u64 align,
		    u64 min_phys, u64 max_phys);
void kho_contig_free(u64 phys, u64 bytes);

/* ---------------------------------------------------- scratch.c: room for the image to load */

/**
 * struct kho_scratch_set - memory held for one image
 * @range: areas
 * @nr: number of areas, 0 if nothing is held
 * @pooled: bit for each of them that is part of what scratch= holds
 */
struct kho_scratch_set {
	struct kho_range range[KHO_IMAGE_MAX_AREAS];
	u32 nr;
	u32 pooled;
};

int kho_scratch_parse(const char *text);
void kho_scratch_init(void);
void kho_scratch_exit(void);
int kho_scratch_take(struct kho_scratch_set *set, struct kho_image_area *area,
		     u32 nr);
void kho_scratch_give_back(struct kho_scratch_set *set);

/* ------------------------------------------------------ metadata.c: subtree "kexec-metadata" */

struct kho_kexec_metadata;

void kho_metadata_write(struct kho_kexec_metadata *m, u32 kexec_count);
int kho_metadata_check(struct kho_kexec_metadata *m, const void *blob,
		       u64 bytes);

/* ------------------------------------------------ debugfs.c, sysfs.c: what can be looked at */

void kho_debugfs_init(void);
void kho_debugfs_exit(void);
struct dentry *kho_debugfs_subtree_add(const char *name, u64 bytes,
				       struct kho_out_subtree *subtree);
void kho_debugfs_subtree_remove(struct dentry *file);
void kho_sysfs_init(void);
void kho_sysfs_exit(void);

/* -------------------------------------------------- watch.c: images that others have loaded */

void kho_watch_init(void);
void kho_watch_exit(void);
bool kho_watch_is_foreign(u64 entry);
unsigned long kho_watch_count(void);
bool kho_watch_prepared_since(unsigned long count, u64 *entry);
void kho_watch_failed(const struct kho_range *range, u32 nr, u64 entry);

/* ------------------------------------------------------------ alloc.c: pages to be preserved */

struct page *kho_alloc_fit(gfp_t gfp, unsigned int order);

/* ---------------------------------------------------------------------------------- parcel*.c */

struct kho_parcel;

int kho_parcel_init(void);
void kho_parcel_exit(void);
struct kho_parcel *kho_parcel_create(const char *name);
int kho_parcel_append(struct kho_parcel *p, const char __user *from,
		      size_t bytes);
int kho_parcel_commit(struct kho_parcel *p, bool replace);
struct kho_parcel *kho_parcel_find(const char *name);
void kho_parcel_put(struct kho_parcel *p);
int kho_parcel_verify(struct kho_parcel *p);
ssize_t kho_parcel_read(struct kho_parcel *p, char __user *to, size_t bytes,
			loff_t *pos);
u64 kho_parcel_bytes(const struct kho_parcel *p);
u32 kho_parcel_crc32c(const struct kho_parcel *p);
int kho_parcel_drop(const char *name);
u32 kho_parcel_count(void);
u32 kho_parcel_list(struct kho_parcel_info *info, u32 room);
long kho_parcel_ioctl(unsigned int cmd, void __user *arg, u32 bytes);

/* -------------------------------------------------------- reserve.c: named reserved regions */

int kho_reserve_parse(void);
void kho_reserve_init(void);
void kho_reserve_exit(void);
long kho_reserve_ioctl(unsigned int cmd, void __user *arg, u32 bytes);

/*
 *
 * -----------------------------------------------------------------------------------------
 * dev.c
 */

int kho_dev_init(void);
void kho_dev_ready(void);
void kho_dev_exit(void);
int kho_ioctl_get(void *to, size_t known, size_t least, const void __user *from,
		  u32 bytes);
int kho_ioctl_put(void __user *to, u32 bytes, const void *from, size_t known);
bool kho_image_loaded(u64 *entry);
void kho_status_get(struct kho_ioctl_status *status);

/*
 *
 * ----------------------------------------------------------------------------------------
 * main.c
 */

extern bool kho_enabled;

#endif /* KHO_KMOD_H */
