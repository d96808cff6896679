/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Validation of everything a previous kernel left, as a whole, before one byte of it is used.
 *
 * Trust: nothing in the wire is believed. Only pages that lie in the extents this kernel has
 * reserved are read at all (the environment says which), every count is bounded by memory that
 * exists, and the walk ends after at most as many nodes as the extents have pages of memory.
 */
#ifndef KHO_CORE_CHECKED_H
#define KHO_CORE_CHECKED_H

#include <linux/kho/abi/kho_module.h>

#include "bits.h"
#include "fdt.h"
#include "mark.h"
#include "refusal.h"

/**
 * struct kho_checked_ops - what the environment knows
 * @page: readable contents of one page that is RAM, in the direct map and was reserved by this
 *   kernel at boot, or NULL
 * @mark: remember a block of @order at @phys by its first page. -ERANGE unless all of the block
 *        is RAM that this kernel reserved at boot (an extent may have holes in it, so looking at
 *        both ends is not enough); -EEXIST if its first page is marked already; 0 otherwise. What
 *        was marked stays so until the caller forgets all marks; marks change nothing else.
 * @marked: the mark of this page; asked for any aligned address, whether there is memory or not
 * @ctx: passed to all of them
 * @nr_pages: pages of memory that can be there at all, whatever the extents claim; 0 = not known
 */
struct kho_checked_ops {
	const void *(*page)(void *ctx, u64 phys);
	int (*mark)(void *ctx, u64 phys, unsigned int order);
	struct kho_mark (*marked)(void *ctx, u64 phys);
	void *ctx;
	u64 nr_pages;
};

/**
 * struct kho_checked - a handover that was found good
 * @head_phys: physical address of the head page
 * @head: head page
 * @chain: chain page in use
 * @fdt: root FDT
 * @module: our own extras
 * @memmap: memory map the previous kernel handed on; NULL if it is not valid
 * @extent: extents, ascending
 * @nr_extents: how many
 * @tally: what was found in the tree: equals one of the two copies in @module
 * @nr_nodes: node pages of the tree
 */
struct kho_checked {
	u64 head_phys;
	const struct kho_head_ser *head;
	const struct kho_chain_ser *chain;
	struct kho_fdt fdt;
	const struct kho_module_ser *module;
	const struct kho_memmap_ser *memmap;
	struct kho_range extent[KHO_MAX_EXTENTS];
	u32 nr_extents;
	struct kho_tally_ser tally;
	u64 nr_nodes;
};

/**
 * kho_handover_check() - validate a handover as a whole
 * @in: filled as far as validation came; usable only on success
 * @ops: environment
 * @head_phys: physical address of the setup_data node of type KHO_SETUP_DATA_TYPE, as found in
 *   boot_params' list
 * @r: filled on refusal; may be NULL
 *
 * In this order: head node; chain; that the wire area lies in an extent; module struct, version
 * and checksum; root FDT, first its checksum; that all of them agree on the wire area and the
 * tree; then the walk: each node page inside an extent,
 * outside the wire area, not below itself, and no more of them than the extents have pages; each
 * key of a possible order, each block wholly inside one extent, not overlapping another, no more
 * of them than were counted; no block over a node; last the tally.
 * Where subtrees of clients lie is not part of it: see kho_checked_has_blob().
 * A head that is not at the start of a wire area, or a root FDT without KHO_MODULE_SUBTREE, comes
 * from a kernel with native KHO: -ENOENT.
 *
 * Context: may take long (linear in blocks and nodes); calls @ops only.
 *
 * Return: 0 or the refusal's errno; after a refusal the caller forgets all marks.
 */
int kho_handover_check(struct kho_checked *in,
		       const struct kho_checked_ops *ops, u64 head_phys,
		       struct kho_refusal *r);

/**
 * kho_checked_contains() - is the range inside one extent?
 * @in: extents filled
 * @start: first byte
 * @end: first byte after it; a range that wraps or is empty is not contained
 */
bool kho_checked_contains(const struct kho_checked *in, u64 start, u64 end);

/**
 * kho_checked_has_blob() - does all of a subtree's blob lie in one extent?
 * @in: extents filled
 * @subtree: of the root FDT
 *
 * One that does not is the mistake of one client, and costs nobody else anything.
 */
bool kho_checked_has_blob(const struct kho_checked *in,
			  const struct kho_fdt_subtree *subtree);

#endif /* KHO_CORE_CHECKED_H */
