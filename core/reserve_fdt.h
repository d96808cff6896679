/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Writer and reader of the wire of named reserved regions (include/linux/kho/abi/memblock.h). */
#ifndef KHO_CORE_RESERVE_FDT_H
#define KHO_CORE_RESERVE_FDT_H

#include <linux/kho/abi/memblock.h>

#include "refusal.h"

/* No region has a byte at or above this physical address. */
#define KHO_REGION_LIMIT (1ULL << 52)

/**
 * struct kho_region - one region
 * @name: 1 .. 15 bytes; when read, it points into the FDT
 * @phys: physical address, page aligned
 * @bytes: size, not 0; the last page need not be full
 */
struct kho_region {
	const char *name;
	u64 phys;
	u64 bytes;
};

/* Pages that hold a byte of the region. */
static inline u64 kho_region_pages(const struct kho_region *region)
{
	return (region->bytes + KHO_PAGE_SIZE - 1) >> KHO_PAGE_SHIFT;
}

/**
 * kho_region_name_ok() - is this a name for a region?
 * @name: NUL-terminated, or RESERVE_MEM_KHO_NAME_SIZE bytes
 *
 * 1 .. 15 bytes, no '/', no byte below 0x20 or 0x7f, not "." or "..".
 */
bool kho_region_name_ok(const char *name);

/**
 * kho_regions_write() - write the FDT of all regions
 * @page: KHO_PAGE_SIZE bytes, 8-byte aligned; what the FDT does not need is set to zero
 * @region: regions, in order
 * @nr: how many
 *
 * Return: 0; -EINVAL (name, address or size), -EEXIST (name twice, or regions that share a page),
 * both with @page unchanged; -ENOSPC (does not fit; @page then is undefined).
 */
int kho_regions_write(void *page, const struct kho_region *region, u32 nr);

/**
 * struct kho_regions - an FDT of regions that was checked
 * @page: its page
 * @nr: regions
 */
struct kho_regions {
	const void *page;
	u32 nr;
};

/**
 * kho_regions_check() - check a whole FDT of regions
 * @regions: filled on success
 * @page: KHO_PAGE_SIZE readable bytes, 8-byte aligned; trusted for nothing
 * @page_phys: for the refusal only
 * @r: filled on refusal; may be NULL
 *
 * Checks the FDT as kho_fdt_check() does, both versions, that every child of the root is a region
 * with a name, an address and a size, and that no two share a name or a page. That the pages were
 * preserved is up to the caller.
 *
 * Return: 0; -EBADMSG; -EPROTONOSUPPORT (a version); -ENOENT (a property is missing); -ERANGE
 * (address or size); -EEXIST (name twice, or a page shared).
 */
int kho_regions_check(struct kho_regions *regions, const void *page,
		      u64 page_phys, struct kho_refusal *r);

/**
 * kho_region_at() - get the region number @index, in the order of the FDT
 * @regions: checked
 * @index: below nr
 * @out: filled
 *
 * Return: 0 or -ENOENT.
 */
int kho_region_at(const struct kho_regions *regions, u32 index,
		  struct kho_region *out);

#endif /* KHO_CORE_RESERVE_FDT_H */
