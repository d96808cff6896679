/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A whole handover as it stands in memory, read for people: everything that can be decoded, and
 * whether the next kernel would accept it. Nothing in it is trusted.
 */
#ifndef KHO_CLI_WIRE_H
#define KHO_CLI_WIRE_H

#include "core/checked.h"
#include "cli/wire/wirepages.h"

/**
 * struct wire_node - a page of the tree
 * @phys: physical address
 * @key: lowest key below it
 * @level: 0 for a leaf
 * @used: slots, or bits, in use
 */
struct wire_node {
	u64 phys;
	u64 key;
	u32 level;
	u32 used;
};

/**
 * struct wire_block - a preserved block
 * @phys: physical address
 * @order: it has 2^order pages
 */
struct wire_block {
	u64 phys;
	u32 order;
};

/**
 * struct wire - a handover
 * @pages: where it is read from
 * @head_phys: physical address of its head page
 * @tree_phys: root of the tree, 0 if it is not known
 * @fdt: root FDT that is in use; valid if @have_fdt
 * @have_fdt: see @fdt
 * @in: what core/checked.c found, as far as it came
 * @err: 0 if a kernel would accept all of this, or the refusal's errno
 * @r: the refusal
 * @node: pages of the tree, parents first
 * @nr_nodes: how many
 * @block: preserved blocks in ascending order of keys: largest first
 * @nr_blocks: how many
 * @tree_trouble: the tree could not be walked as a whole because of this; NULL if it could
 * @mark: hash of blocks by their address
 */
struct wire {
	struct wire_pages *pages;
	u64 head_phys;
	u64 tree_phys;
	struct kho_fdt fdt;
	bool have_fdt;
	struct kho_checked in;
	int err;
	struct kho_refusal r;
	struct wire_node *node;
	size_t nr_nodes;
	size_t node_room;
	struct wire_block *block;
	size_t nr_blocks;
	size_t block_room;
	const char *tree_trouble;
	struct wire_marks *mark;
};

/**
 * wire_read() - read a handover
 * @w: filled; to be freed with wire_free()
 * @pages: where it is; pages are fetched as needed
 * @head_phys: physical address of its head page
 *
 * Bounded by the number of different pages that it names.
 */
void wire_read(struct wire *w, struct wire_pages *pages, u64 head_phys);
void wire_free(struct wire *w);

/* A page of the wire area, NULL if it is not to be had. */
const void *wire_page_of(const struct wire *w, enum kho_wire_page which);

/* Is this block, of this order, preserved? */
bool wire_has_block(const struct wire *w, u64 phys, u32 order);

#endif /* KHO_CLI_WIRE_H */
