/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Tracker: the live radix tree of preserved blocks, with the tally that proves its contents
 * (wire: include/linux/kho/abi/kexec_handover.h).
 *
 * At every instant, between any two stores, the tree together with the tally is something the
 * receiver accepts: a node is complete before it is linked and unlinked before it is freed; the
 * tally is written before and after each change of one leaf word (struct kho_module_ser).
 *
 * No locking: the caller serialises all calls on one tracker.
 */
#ifndef KHO_CORE_TRACKER_H
#define KHO_CORE_TRACKER_H

#include <linux/kho/abi/kho_module.h>

#include "bits.h"
#include "refusal.h"

/**
 * struct kho_tracker_ops - memory for the nodes of a tracker
 * @node_alloc: a zeroed page that lies inside the cover, or NULL; the tracker hands every node
 *   back zeroed
 * @node_free: takes back a page of @node_alloc; it is all zero, and so is its population
 * @node_population: where the number of entries in use of this node (bits of a leaf, children of
 *   an inner node) is kept, outside the wire. 0 for a new node; valid until @node_free
 * @ctx: passed to all of them
 * @va_offset: virtual address of a node minus its physical address
 */
struct kho_tracker_ops {
	void *(*node_alloc)(void *ctx);
	void (*node_free)(void *ctx, void *node);
	unsigned long *(*node_population)(void *ctx, void *node);
	void *ctx;
	u64 va_offset;
};

/**
 * struct kho_finger - where the last leaf for one order was found
 * @prefix: key >> KHO_BITMAP_SIZE_LOG2 of that leaf; ~0 if there is none
 * @leaf: its words, NULL = none
 * @population: its population
 */
struct kho_finger {
	u64 prefix;
	u64 *leaf;
	unsigned long *population;
};

/**
 * struct kho_tracker - see above; treat as opaque except for the counters
 * @ops: memory
 * @root: root page
 * @tally: the two copies on the wire; between calls both tell what is in the tree
 * @nr_nodes: node pages held, the root included
 * @nr_of_order: blocks of each order
 * @orders: bit for each order of which there are blocks
 * @finger: one for each order; the largest orders, whose keys lie all in one leaf, share the last
 */
struct kho_tracker {
	struct kho_tracker_ops ops;
	u64 *root;
	struct kho_tally_ser *tally;
	u64 nr_nodes;
	u64 nr_of_order[KHO_ORDER_0_LOG2 + 1];
	u64 orders;
	struct kho_finger finger[KHO_ORDER_0_LOG2 - KHO_BITMAP_SIZE_LOG2 + 2];
};

/**
 * kho_key() - key of a block
 * @phys: physical address, a multiple of the block's size
 * @order: 0 .. KHO_ORDER_0_LOG2
 */
static inline u64 kho_key(u64 phys, unsigned int order)
{
	/* Two shifts: PAGE_SHIFT + order may reach the width of the word. */
	return (1ULL << (KHO_ORDER_0_LOG2 - order)) |
	       ((phys >> KHO_PAGE_SHIFT) >> order);
}

/* Order of the block of a key; @key must not be 0. */
static inline unsigned int kho_key_order(u64 key)
{
	return KHO_ORDER_0_LOG2 - kho_fls64(key);
}

/* Physical address of the block of a key; @key must not be 0. */
static inline u64 kho_key_phys(u64 key)
{
	return (key << KHO_PAGE_SHIFT) << kho_key_order(key);
}

/**
 * kho_tracker_init() - make an empty tracker
 * @t: to be filled
 * @ops: copied
 * @tally: both copies are set to zero and kept up to date from now on; two elements
 *
 * Return: 0, or -ENOMEM (no root page).
 */
int kho_tracker_init(struct kho_tracker *t, const struct kho_tracker_ops *ops,
		     struct kho_tally_ser *tally);

/**
 * kho_tracker_destroy() - free all nodes, the root included, whatever is in them
 * @t: may be all zero, and is afterwards
 *
 * Unlike all other calls it passes through states that no receiver accepts: nothing published
 * may name the tree any more. The tally is left alone.
 */
void kho_tracker_destroy(struct kho_tracker *t);

/**
 * kho_tracker_root_phys() - physical address of the root page; fixed from init to destroy
 * @t: tracker
 */
u64 kho_tracker_root_phys(const struct kho_tracker *t);

/**
 * enum kho_entered - what entering a block did, unless it fails
 * @KHO_ENTERED_BEFORE: nothing, the block was there
 * @KHO_ENTERED_NOW: the block is new
 */
enum kho_entered {
	KHO_ENTERED_BEFORE = 0,
	KHO_ENTERED_NOW = 1,
};

/**
 * kho_tracker_preserve() - enter one block
 * @t: tracker
 * @phys: physical address, a multiple of PAGE_SIZE << @order
 * @order: order of the block
 *
 * Idempotent: a block that is there stays. Overlap with blocks of other orders is not looked for:
 * see kho_tracker_overlap().
 *
 * Return: enum kho_entered; -EINVAL (unaligned), -ERANGE (order too large for a key), -ENOMEM
 * (nothing changed).
 */
int kho_tracker_preserve(struct kho_tracker *t, u64 phys, unsigned int order);

/**
 * kho_tracker_unpreserve() - remove one block; nodes that become empty are freed, except the root
 * @t: tracker
 * @phys: as for preserve
 * @order: as for preserve
 *
 * Return: 0, -ENOENT (no such block; nothing changed), -EINVAL, -ERANGE.
 */
int kho_tracker_unpreserve(struct kho_tracker *t, u64 phys, unsigned int order);

/**
 * kho_tracker_preserve_range() - enter a range of pages
 * @t: tracker
 * @phys: physical address of the first page
 * @nr_pages: not 0
 *
 * Cuts the range greedily into the largest naturally aligned blocks, as upstream does, and
 * enters each.
 *
 * Return: 0; -EINVAL, -ERANGE, or -ENOMEM with everything undone that this call entered (blocks
 * that were there before stay).
 */
int kho_tracker_preserve_range(struct kho_tracker *t, u64 phys, u64 nr_pages);

/**
 * kho_tracker_preserve_pages() - enter pages that lie side by side, each as a block
 * @t: tracker
 * @phys: physical address of the first page
 * @nr_pages: not 0
 * @nr_done: filled with how many of them, from the first on, this call entered
 *
 * As kho_tracker_preserve() with order 0 for each, one after the other up to the first that
 * fails, or was there; but each word of the tree is read and written once.
 *
 * Return: 0, and *@nr_done is @nr_pages; -EEXIST (page *@nr_done was there); -EINVAL, -ERANGE
 * and 0; -ENOMEM.
 */
int kho_tracker_preserve_pages(struct kho_tracker *t, u64 phys, u64 nr_pages,
			       u64 *nr_done);

/**
 * kho_tracker_unpreserve_range() - remove what kho_tracker_preserve_range() with these arguments
 * entered
 * @t: tracker
 * @phys: as for preserve
 * @nr_pages: as for preserve
 *
 * Return: 0; -ENOENT if any of its blocks is missing (nothing changed); -EINVAL, -ERANGE.
 */
int kho_tracker_unpreserve_range(struct kho_tracker *t, u64 phys, u64 nr_pages);

/**
 * kho_tracker_lookup() - is this block in the tree?
 * @t: tracker
 * @phys: as for preserve
 * @order: as for preserve
 */
bool kho_tracker_lookup(const struct kho_tracker *t, u64 phys,
			unsigned int order);

/**
 * kho_tracker_overlap() - is a part of this range in the tree, cut in another way?
 * @t: tracker
 * @phys: physical address of the first page
 * @nr_pages: not 0
 * @with: set to the physical address of the first page of one such block
 * @order: set to its order
 *
 * A receiver refuses a tree whose blocks overlap. The blocks that kho_tracker_preserve_range()
 * would cut the range into may be there; any other block that shares a page with the range is
 * found. Ranges that preserve would refuse overlap with nothing.
 *
 * Nothing changes but where the tracker will look first: preserving the range afterwards does not
 * have to find its way again. Quick where there are few different orders.
 */
bool kho_tracker_overlap(struct kho_tracker *t, u64 phys, u64 nr_pages,
			 u64 *with, unsigned int *order);

/**
 * kho_tracker_overlap_pages() - is one of these pages in the tree as a part of a larger block?
 * @t: tracker
 * @phys: physical address of the first page
 * @nr_pages: not 0
 * @with: as for kho_tracker_overlap()
 * @order: as for kho_tracker_overlap()
 *
 * To kho_tracker_preserve_pages() what kho_tracker_overlap() is to kho_tracker_preserve_range().
 */
bool kho_tracker_overlap_pages(struct kho_tracker *t, u64 phys, u64 nr_pages,
			       u64 *with, unsigned int *order);

/**
 * typedef kho_tracker_visit - what kho_tracker_walk() calls
 * @ctx: as given to the walk
 * @phys: physical address of the first block
 * @order: order of all of them
 * @nr: blocks that follow one another without a gap: 1 .. 64
 *
 * Return: 0; anything else stops the walk.
 */
typedef int (*kho_tracker_visit)(void *ctx, u64 phys, unsigned int order,
				 u64 nr);

/**
 * kho_tracker_walk() - visit all blocks in ascending order of keys: largest first, then by
 * address
 * @t: tracker; must not change meanwhile
 * @visit: called for each run of neighbours of one order; a longer run is split as the tree is
 * @ctx: passed to it
 *
 * Return: 0, or what @visit returned to stop the walk.
 */
int kho_tracker_walk(const struct kho_tracker *t, kho_tracker_visit visit,
		     void *ctx);

/**
 * kho_range_next_order() - order of the first block that a range is cut into
 * @phys: physical address of what remains of the range
 * @nr_pages: what remains of it, not 0
 *
 * Return: the largest order such that the block is naturally aligned and not longer than the
 * range.
 */
static inline unsigned int kho_range_next_order(u64 phys, u64 nr_pages)
{
	u64 pfn = phys >> KHO_PAGE_SHIFT;
	unsigned int fit = kho_fls64(nr_pages);

	if (!pfn)
		return fit;
	return kho_ffs64(pfn) < fit ? kho_ffs64(pfn) : fit;
}

#endif /* KHO_CORE_TRACKER_H */
