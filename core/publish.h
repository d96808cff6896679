/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Publishing: how the wire area changes (include/linux/kho/abi/kho_module.h).
 *
 * Invariant: at every instant, between any two stores, the wire describes a handover that the
 * receiver accepts and that contains everything preserved. Hence whatever takes more than one
 * store is written where nobody looks yet, and published by one store. The tracker keeps the same
 * for the tree (tracker.h). tests/unit/test_publish_stores.c stops between any two stores and
 * looks with the receiver's own code.
 *
 * No locking: the caller serialises all calls on one area.
 */
#ifndef KHO_CORE_PUBLISH_H
#define KHO_CORE_PUBLISH_H

#include <linux/kho/abi/kho_module.h>

#include "bits.h"
#include "fdt.h"

/**
 * struct kho_area - a wire area
 * @pages: KHO_WIRE_PAGES pages
 * @phys: physical address of the first, a multiple of their size
 */
struct kho_area {
	void *pages;
	u64 phys;
};

/* One page of the area. */
static inline void *kho_area_page(const struct kho_area *area,
				  enum kho_wire_page which)
{
	return (u8 *)area->pages + which * KHO_PAGE_SIZE;
}

/* Its physical address. */
static inline u64 kho_area_phys(const struct kho_area *area,
				enum kho_wire_page which)
{
	return area->phys + which * KHO_PAGE_SIZE;
}

/**
 * kho_publish_head() - make a head, with no chain, no root FDT and no scratch yet
 * @area: all zero
 *
 * It is nothing that a receiver accepts: nobody may be led here before chain and FDT are
 * published too.
 */
void kho_publish_head(const struct kho_area *area);

/**
 * kho_publish_chain() - have the next kernel reserve these extents, and no others
 * @area: the area
 * @extent: ascending, disjoint, not adjacent; contain everything that is preserved
 * @nr: 1 .. KHO_MAX_EXTENTS
 */
void kho_publish_chain(const struct kho_area *area,
		       const struct kho_range *extent, u32 nr);

/**
 * kho_publish_fdt() - let the root FDT be another one
 * @area: the area
 * @tree_phys: root page of the radix tree
 * @table: the subtrees
 * @nr: how many
 *
 * Return: 0 or as kho_fdt_write(): the root FDT is what it was.
 */
int kho_publish_fdt(const struct kho_area *area, u64 tree_phys,
		    const struct kho_fdt_subtree *table, u32 nr);

/**
 * kho_publish_scratch() - announce all scratch to a kernel with native KHO
 * @area: the area
 * @range: where the scratch is, lowest first
 * @nr: at most KHO_MAX_SCRATCH
 *
 * At every instant the list is a beginning of the old one or of the new one, so it never names
 * memory that may hold anything: scratch is kept out of the cover before it is announced, and
 * announced no more before it is given back.
 */
void kho_publish_scratch(const struct kho_area *area,
			 const struct kho_range *range, u32 nr);

/**
 * kho_publish_memmap() - hand on the memory map that the image was loaded with
 * @area: the area
 * @entry: ranges in the firmware's order
 * @nr: at most KHO_MAX_MEMMAP; 0: none is handed on
 *
 * At every instant it is the old one, none, or the new one.
 */
void kho_publish_memmap(const struct kho_area *area,
			const struct kho_memmap_entry_ser *entry, u32 nr);

#endif /* KHO_CORE_PUBLISH_H */
