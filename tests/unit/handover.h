/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A complete handover in simulated memory, as a previous kernel leaves it: wire area, tree and
 * extents; and a naive reader that says whether its tree is good.
 */
#ifndef KHO_TESTS_HANDOVER_H
#define KHO_TESTS_HANDOVER_H

#include "core/chain.h"
#include "core/checked.h"
#include "core/tracker.h"
#include "testmem.h"

/*
 * The map of the memory, in bytes from its start. It begins 64 MiB below 4 GiB, so that addresses
 * of more than 32 bits appear.
 */
#define HANDOVER_BASE 0xfc000000ULL
#define HANDOVER_PAGES 65536
#define MIB (1ULL << 20)

enum handover_map {
	MAP_EXTENT_0 = 1 << 20,
	MAP_WIRE = 2 << 20,
	MAP_NODES = 4 << 20, /* pages of the tree, one after the other */
	MAP_NODES_END = 6 << 20,
	MAP_EXTENT_0_END = 9 << 20,
	MAP_EXTENT_1 = 32 << 20,
	MAP_HOLE = 96 << 20, /* in extent 1, but no RAM */
	MAP_HOLE_END = 97 << 20,
	MAP_EXTENT_1_END = 160 << 20,
	MAP_EXTENT_2 = 200 << 20,
	MAP_EXTENT_2_END = 201 << 20,
};

enum { HANDOVER_EXTENTS = 3, HANDOVER_MAX_SUBTREES = 4 };

/**
 * struct handover - see above
 * @va: where the memory is mapped
 * @mark: bits of the mark of each page
 * @extent: what the previous kernel announced and this one reserved
 * @head_phys: start of the wire area
 * @chain_page: KHO_WIRE_CHAIN_A or _B, in use
 * @fdt_page: KHO_WIRE_FDT_A or _B, in use
 * @tree_phys: root page
 * @next_node_phys: where the next node goes
 * @tally: of the tree
 * @subtree: what the root FDT gets; the first is our own
 * @seen: keys of the blocks marked, in order
 * @room: how many fit into @seen
 * @reads_elsewhere: pages asked for that are not in the wire area
 */
struct handover {
	u8 *va;
	u8 *mark;
	struct kho_range extent[HANDOVER_EXTENTS];
	u64 head_phys;
	enum kho_wire_page chain_page;
	enum kho_wire_page fdt_page;
	u64 tree_phys;
	u64 next_node_phys;
	struct kho_tally_ser tally;
	struct kho_fdt_subtree subtree[HANDOVER_MAX_SUBTREES];
	u32 nr_subtrees;
	u64 *seen;
	size_t nr_seen;
	size_t room;
	u64 reads_elsewhere;
};

/* Makes the memory, with an empty tree; nothing is sealed yet. */
void handover_init(struct handover *h);
void handover_exit(struct handover *h);

/* Empties the tree and all of the wire area again. */
void handover_clear(struct handover *h);

/* Anything in the memory; dies outside of it. */
void *handover_at(const struct handover *h, u64 phys);
/* A page of the wire area. */
void *handover_wire(const struct handover *h, enum kho_wire_page page);
struct kho_head_ser *handover_head(const struct handover *h);
struct kho_chain_ser *handover_chain(const struct handover *h);
struct kho_module_ser *handover_module(const struct handover *h);
/* Both copies. */
struct kho_tally_ser *handover_tally(const struct handover *h);

/* A zeroed page for a node of the tree. */
u64 handover_new_node(struct handover *h);
/*
 * The slot at @level on the way to a key, made with all that leads to it; at level 0 the word of
 * the leaf. NULL if the way leads through something that is no node.
 */
u64 *handover_slot(struct handover *h, u64 key, unsigned int level);
/* Enters a key as it is, however impossible, if there is a way to it, and counts it. */
void handover_enter_key(struct handover *h, u64 key);
void handover_preserve(struct handover *h, u64 phys, unsigned int order);
/* Preserves up to @nr random blocks that do not overlap anything. */
void handover_preserve_random(struct handover *h, struct testrand *r,
			      unsigned int nr);

/* Checksum that belongs into a chain page, worked out in one piece. */
u32 handover_chain_crc(const struct kho_chain_ser *chain);

/* Writes the whole wire area, complete and consistent. */
void handover_seal(struct handover *h);
/* Make one checksum right after a change of what it covers. */
void handover_fix_chain(struct handover *h);
void handover_fix_module(struct handover *h);
void handover_fix_fdt(struct handover *h);

/* Environment of kho_handover_check(): this memory, of which only the extents are reserved. */
struct kho_checked_ops handover_ops(struct handover *h);
void handover_forget_marks(struct handover *h);
/* kho_handover_check() on a memory without marks. */
int handover_check(struct handover *h, struct kho_checked *in,
		   struct kho_refusal *r);

/**
 * struct handover_keys - what the naive reader found
 * @key: in the order of the tree
 * @nr: how many
 * @room: how many fit into @key
 * @tally: of them
 */
struct handover_keys {
	u64 *key;
	size_t nr;
	size_t room;
	struct kho_tally_ser tally;
};

/* Whether the tree and the tally in the memory are good; @keys is to be freed by the caller. */
bool handover_tree_is_good(const struct handover *h,
			   struct handover_keys *keys);

#endif /* KHO_TESTS_HANDOVER_H */
