/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Block chains: an array of entries of one size that grows page by page and travels to the next
 * kernel. Names, arguments and results are those of Linux 7.3; the wire is
 * <linux/kho/abi/block.h>.
 *
 * Nothing here locks: the caller serialises all calls on one set.
 */
#ifndef _LINUX_KHO_BLOCK_H
#define _LINUX_KHO_BLOCK_H

#include <linux/list.h>
#include <linux/types.h>
#include <linux/kho/abi/block.h>

/**
 * struct kho_block - one page of a set
 * @list: in the set, in order
 * @ser: the page
 */
struct kho_block {
	struct list_head list;
	struct kho_block_header_ser *ser;
};

/**
 * struct kho_block_set - entries of one kind
 * @blocks: pages, in order
 * @nblocks: how many
 * @head_pa: physical address of the first page, 0 = none
 * @entry_size: bytes of an entry
 * @count_per_block: entries that fit into a page
 * @incoming: came from the previous kernel
 */
struct kho_block_set {
	struct list_head blocks;
	long nblocks;
	u64 head_pa;
	size_t entry_size;
	u64 count_per_block;
	bool incoming;
};

/**
 * struct kho_block_set_it - a place in a set
 * @bs: the set
 * @block: page, NULL if the set has none
 * @i: number of the next entry in that page
 */
struct kho_block_set_it {
	struct kho_block_set *bs;
	struct kho_block *block;
	u64 i;
};

#define KHO_BLOCK_CAPACITY(_entry_size) \
	((KHO_BLOCK_SIZE - sizeof(struct kho_block_header_ser)) / (_entry_size))

/* Initialiser of a set that is a variable. */
#define KHO_BLOCK_SET_INIT(_name, _entry_size)                      \
	{                                                           \
		.blocks = LIST_HEAD_INIT((_name).blocks),           \
		.entry_size = (_entry_size),                        \
		.count_per_block = KHO_BLOCK_CAPACITY(_entry_size), \
	}

void kho_block_set_init(struct kho_block_set *bs, size_t entry_size);
int kho_block_set_grow(struct kho_block_set *bs, u64 count);
void kho_block_set_shrink(struct kho_block_set *bs, u64 count);
void kho_block_set_cut(struct kho_block_set *bs, u64 count,
		       struct kho_block_set *rest);
int kho_block_set_restore(struct kho_block_set *bs, u64 head_pa);
void kho_block_set_destroy(struct kho_block_set *bs);
void kho_block_set_clear(struct kho_block_set *bs);

/* Physical address that the next kernel needs to know; 0 if the set has no page. */
static inline u64 kho_block_set_head_pa(struct kho_block_set *bs)
{
	return bs->head_pa;
}

/* Has the set no page? */
static inline bool kho_block_set_is_empty(struct kho_block_set *bs)
{
	return list_empty(&bs->blocks);
}

void kho_block_set_it_init(struct kho_block_set_it *it,
			   struct kho_block_set *bs);
void *kho_block_set_it_reserve_entry(struct kho_block_set_it *it);
void *kho_block_set_it_read_entry(struct kho_block_set_it *it);
void *kho_block_set_it_prev(struct kho_block_set_it *it);

#endif /* _LINUX_KHO_BLOCK_H */
