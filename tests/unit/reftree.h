/* SPDX-License-Identifier: GPL-2.0 */
/* Naive oracle of the tracker: a sorted list of keys, and a reader of the tree of its own. */
#ifndef KHO_TESTS_REFTREE_H
#define KHO_TESTS_REFTREE_H

#include "testmem.h"

/**
 * struct refset - set of blocks
 * @key: ascending
 * @nr: how many
 * @room: how many fit into @key
 */
struct refset {
	u64 *key;
	size_t nr;
	size_t room;
};

/* Key of a block, worked out bit by bit. */
u64 ref_key(u64 phys, unsigned int order);

bool refset_has(const struct refset *s, u64 phys, unsigned int order);
/* False if it was there. */
bool refset_add(struct refset *s, u64 phys, unsigned int order);
/* False if it was not there. */
bool refset_del(struct refset *s, u64 phys, unsigned int order);
void refset_free(struct refset *s);

/* What a set must have in its tally. */
struct kho_tally_ser refset_tally(const struct refset *s);

/**
 * ref_cut() - cut a range as naively as can be
 * @phys: first byte
 * @nr_pages: length
 * @block: filled with the keys, in order of address
 * @max: room in @block; too little is fatal
 *
 * Return: number of blocks.
 */
unsigned int ref_cut(u64 phys, u64 nr_pages, u64 *block, unsigned int max);

/* Most blocks of any range. */
#define REF_MAX_CUTS 128

/**
 * ref_check_instant() - would a receiver accept the tree right now?
 * @m: memory of the nodes
 * @root_phys: root page
 * @tally: the two copies
 *
 * Dies unless every node that can be reached is an allocated page, none is reached twice, and
 * what the tree holds matches one of the copies.
 */
void ref_check_instant(const struct testmem *m, u64 root_phys,
		       const struct kho_tally_ser *tally);

/**
 * ref_check_tracker() - is the tracker, at rest, exactly this set?
 * @m: memory that only the tracker uses
 * @t: tracker
 * @s: what must be in it
 *
 * Dies unless tree, tally, populations and counts are right, no node but the root is empty, and
 * no page is held outside the tree.
 */
void ref_check_tracker(struct testmem *m, struct kho_tracker *t,
		       const struct refset *s);

/* Whether the node at @phys can be reached from the root. */
bool ref_reaches(const struct testmem *m, u64 root_phys, u64 phys);

#endif /* KHO_TESTS_REFTREE_H */
