/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Kept trees in simulated memory, as a previous kernel leaves them; written by what
 * include/linux/kho/abi/kept.h says, not by core/.
 */
#ifndef KHO_TESTS_KEPTWIRE_H
#define KHO_TESTS_KEPTWIRE_H

#include "core/kept.h"
#include "keptrecords.h"
#include "parcels.h"

/**
 * struct keptwire - see above
 * @mem: the memory
 * @order: of the block that begins at a page, plus 1; 0 = none
 * @seen: pages that were named in this check
 * @head_phys: head of the trees
 * @last_phys: last block of the chain, 0 = none
 * @nr_last: slots in it
 * @max_order: of a folio
 */
struct keptwire {
	struct parcels mem;
	u8 *order;
	u8 *seen;
	u64 head_phys;
	u64 last_phys;
	u32 nr_last;
	u32 max_order;
};

/**
 * struct kepttree - what is in a tree
 * @records: bytes
 * @nr_records: how many there are
 * @file: regular files
 * @nr_files: how many
 * @entry: entries
 * @nr_entries: how many
 */
struct kepttree {
	struct keptbytes records;
	u64 nr_records;
	struct kho_kept_file_ser file[64];
	u64 nr_files;
	u64 entry[256];
	u64 nr_entries;
};

/* No trees, in @nr_pages pages of memory. */
void keptwire_init(struct keptwire *w, u64 nr_pages);
void keptwire_exit(struct keptwire *w);
/* Makes it as after keptwire_init() again. */
void keptwire_clear(struct keptwire *w);

struct kho_kept_head_ser *keptwire_head(const struct keptwire *w);
/* A slot after all others, everything in it 0. */
struct kho_kept_tree_ser *keptwire_slot(struct keptwire *w);
/* A preserved block of this order; its page frame. */
u64 keptwire_folio(struct keptwire *w, u32 order);
/* Puts a tree. */
struct kho_kept_tree_ser *keptwire_put(struct keptwire *w, const char *name,
				       const struct kepttree *tree);
/* Puts a tree that is lost. */
struct kho_kept_tree_ser *keptwire_lost(struct keptwire *w, const char *name,
					const char *why);
/* Makes the checksum of a slot right. */
void keptwire_seal(const struct keptwire *w, struct kho_kept_tree_ser *slot);
/* Makes the checksums of its lists right, as far as they can be read, and that of the slot. */
void keptwire_seal_lists(const struct keptwire *w,
			 struct kho_kept_tree_ser *slot);
/* Address of page @nr of a list; dies if there is none. */
u64 keptwire_list_phys(const struct keptwire *w, const struct kho_vmalloc *list,
		       u64 nr);

struct kho_kept_ops keptwire_ops(struct keptwire *w);
/* Checks everything: 0, or what was refused. @r: may be NULL. */
int keptwire_check(struct keptwire *w, struct kho_refusal *r);

/* A tree with something of everything: see keptwire.c. */
void kepttree_sample(struct kepttree *tree, struct keptwire *w);
/* Fills in records: @nr regular files in one directory. */
void kepttree_files(struct kepttree *tree, u64 nr);
void kepttree_exit(struct kepttree *tree);

#endif /* KHO_TESTS_KEPTWIRE_H */
