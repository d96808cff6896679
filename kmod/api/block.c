// SPDX-License-Identifier: GPL-2.0
/*
 * Block chains. The pages of an outgoing set are preserved as they are added; those of an
 * incoming set are read where they lie, and restored when the set is destroyed.
 */

#include <linux/export.h>
#include <linux/kexec_handover.h>
#include <linux/kho_block.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "kmod/in/in.h"
#include "kmod/kho.h"

static_assert(KHO_BLOCK_SIZE == PAGE_SIZE);

static struct kho_block *last_block(const struct kho_block_set *bs)
{
	return list_empty(&bs->blocks) ?
		       NULL :
		       list_last_entry(&bs->blocks, struct kho_block, list);
}

static void append(struct kho_block_set *bs, struct kho_block *block)
{
	if (list_empty(&bs->blocks))
		bs->head_pa = virt_to_phys(block->ser);
	list_add_tail(&block->list, &bs->blocks);
	bs->nblocks++;
}

/* Appends a page to the set. */
static int add_block(struct kho_block_set *bs, struct kho_block_header_ser *ser)
{
	struct kho_block *block = kzalloc(sizeof(*block), GFP_KERNEL);

	if (!block)
		return -ENOMEM;
	block->ser = ser;
	append(bs, block);
	return 0;
}

/* Takes the last block off the set, and off the chain unless that came in. */
static struct kho_block *cut_last_block(struct kho_block_set *bs)
{
	struct kho_block *block = last_block(bs), *before;

	list_del(&block->list);
	bs->nblocks--;
	before = last_block(bs);
	if (!before)
		bs->head_pa = 0;
	else if (!bs->incoming)
		WRITE_ONCE(before->ser->next, 0);
	return block;
}

/* The same; the caller frees the page. */
static struct kho_block_header_ser *remove_last_block(struct kho_block_set *bs)
{
	struct kho_block *block = cut_last_block(bs);
	struct kho_block_header_ser *ser = block->ser;

	kfree(block);
	return ser;
}

static int add_new_block(struct kho_block_set *bs)
{
	struct kho_block *before = last_block(bs);
	struct kho_block_header_ser *ser = kho_alloc_preserve(KHO_BLOCK_SIZE);
	int ret;

	if (IS_ERR(ser))
		return PTR_ERR(ser);
	ret = add_block(bs, ser);
	if (ret)
		kho_unpreserve_free(ser);
	else if (before)
		WRITE_ONCE(before->ser->next, virt_to_phys(ser));
	return ret;
}

static u64 blocks_for(const struct kho_block_set *bs, u64 count)
{
	return count / bs->count_per_block + !!(count % bs->count_per_block);
}

static void shrink_to(struct kho_block_set *bs, u64 nblocks)
{
	while (bs->nblocks > nblocks)
		kho_unpreserve_free(remove_last_block(bs));
}

/**
 * kho_block_set_init() - make an empty set
 * @bs: to be filled
 * @entry_size: bytes of an entry, at most KHO_BLOCK_SIZE less the header; a set of entries that
 *              do not fit cannot grow
 */
void kho_block_set_init(struct kho_block_set *bs, size_t entry_size)
{
	memset(bs, 0, sizeof(*bs));
	INIT_LIST_HEAD(&bs->blocks);
	bs->entry_size = entry_size;
	bs->count_per_block = entry_size ? KHO_BLOCK_CAPACITY(entry_size) : 0;
}
EXPORT_SYMBOL_GPL(kho_block_set_init);

/**
 * kho_block_set_grow() - make room
 * @bs: outgoing set
 * @count: entries there must be room for in all
 *
 * Context: may sleep.
 *
 * Return: 0; -EINVAL (the set came in, or its entries fit no block); -ENOSPC (more than
 * KHO_BLOCK_CHAIN_MAX blocks); an error of kho_alloc_preserve(). On failure the set is as it was.
 */
int kho_block_set_grow(struct kho_block_set *bs, u64 count)
{
	u64 had = bs->nblocks, need;
	int ret = 0;

	if (bs->incoming || !bs->count_per_block)
		return -EINVAL;
	need = blocks_for(bs, count);
	if (need > KHO_BLOCK_CHAIN_MAX)
		return -ENOSPC;
	while (bs->nblocks < need && !ret)
		ret = add_new_block(bs);
	if (ret)
		shrink_to(bs, had);
	return ret;
}
EXPORT_SYMBOL_GPL(kho_block_set_grow);

/**
 * kho_block_set_shrink() - free blocks at the end that are not needed
 * @bs: outgoing set
 * @count: entries that must stay; those after them are gone
 *
 * Context: may sleep.
 */
void kho_block_set_shrink(struct kho_block_set *bs, u64 count)
{
	if (bs->incoming || !bs->count_per_block)
		return;
	shrink_to(bs, blocks_for(bs, count));
}
EXPORT_SYMBOL_GPL(kho_block_set_shrink);

/**
 * kho_block_set_cut() - take blocks at the end off that are not needed, and free nothing
 * @bs: outgoing set
 * @count: entries that must stay; those after them are gone
 * @rest: outgoing set that is handed over to nobody; gets the blocks. They stay preserved until
 *        it is destroyed
 *
 * Upstream has no such function. As kho_block_set_shrink(), for those who must not wait, as on
 * the way to the jump: freeing waits for whoever is preserving something.
 *
 * Context: any.
 */
void kho_block_set_cut(struct kho_block_set *bs, u64 count,
		       struct kho_block_set *rest)
{
	if (bs->incoming || rest->incoming || !bs->count_per_block)
		return;
	while (bs->nblocks > blocks_for(bs, count))
		append(rest, cut_last_block(bs));
}
EXPORT_SYMBOL_GPL(kho_block_set_cut);

/* Takes the block at @phys, if it waits and its count makes sense. */
static struct kho_block_header_ser *take_block(const struct kho_block_set *bs,
					       u64 phys)
{
	struct kho_block_header_ser *ser;

	if (!kho_range_take(phys, 1))
		return NULL;
	ser = phys_to_virt(phys);
	if (ser->count && ser->count <= bs->count_per_block)
		return ser;
	kho_range_put_back(phys, 1);
	return NULL;
}

/**
 * kho_block_set_restore() - read the set that the previous kernel left
 * @bs: empty set
 * @head_pa: kho_block_set_head_pa() of that set; 0 = it was empty
 *
 * The blocks stay where they are until kho_block_set_destroy(). Until then nobody else can
 * restore or drop them.
 *
 * Context: may sleep.
 *
 * Return: 0; -EINVAL (the set is not empty; or a block did not come in, its count is 0 or too
 * large, or the chain is a circle or longer than KHO_BLOCK_CHAIN_MAX); -ENOMEM. On failure the
 * set is empty and all blocks still wait.
 */
int kho_block_set_restore(struct kho_block_set *bs, u64 head_pa)
{
	struct kho_block_header_ser *ser = NULL;
	u64 phys;
	int ret = 0;

	if (bs->nblocks)
		return -EINVAL;
	bs->incoming = true;
	for (phys = head_pa; phys && !ret; phys = ser ? ser->next : 0) {
		ser = bs->nblocks < KHO_BLOCK_CHAIN_MAX ? take_block(bs, phys) :
							  NULL;
		ret = ser ? add_block(bs, ser) : -EINVAL;
		if (ser && ret)
			kho_range_put_back(phys, 1);
	}
	if (!ret)
		return 0;
	pr_err("block chain at %#llx is not good: block %ld, error %d\n",
	       head_pa, bs->nblocks, ret);
	while (bs->nblocks)
		kho_range_put_back(virt_to_phys(remove_last_block(bs)), 1);
	bs->incoming = false;
	return ret;
}
EXPORT_SYMBOL_GPL(kho_block_set_restore);

/**
 * kho_block_set_destroy() - free all blocks
 * @bs: set; empty afterwards, and can be filled again
 *
 * Context: may sleep.
 */
void kho_block_set_destroy(struct kho_block_set *bs)
{
	while (bs->nblocks) {
		void *ser = remove_last_block(bs);

		if (bs->incoming)
			__free_page(kho_range_restore(virt_to_phys(ser), 1));
		else
			kho_unpreserve_free(ser);
	}
	bs->incoming = false;
}
EXPORT_SYMBOL_GPL(kho_block_set_destroy);

/**
 * kho_block_set_clear() - forget all entries; the blocks stay
 * @bs: set
 */
void kho_block_set_clear(struct kho_block_set *bs)
{
	struct kho_block *block;

	list_for_each_entry(block, &bs->blocks, list) {
		block->ser->count = 0;
		memset(block->ser + 1, 0, KHO_BLOCK_SIZE - sizeof(*block->ser));
	}
}
EXPORT_SYMBOL_GPL(kho_block_set_clear);

/* -------------------------------------------------------------------------------- iterators */

static void *entry(const struct kho_block_set_it *it, u64 i)
{
	return (void *)(it->block->ser + 1) + i * it->bs->entry_size;
}

/* Goes on to the next block once @limit entries of this one were seen; false at the end. */
static bool advance(struct kho_block_set_it *it, u64 limit)
{
	if (!it->block)
		return false;
	if (it->i < limit)
		return true;
	if (list_is_last(&it->block->list, &it->bs->blocks))
		return false;
	it->block = list_next_entry(it->block, list);
	it->i = 0;
	return true;
}

/**
 * kho_block_set_it_init() - start at the first entry
 * @it: to be filled
 * @bs: must not grow or shrink while @it is used, except at its end
 */
void kho_block_set_it_init(struct kho_block_set_it *it,
			   struct kho_block_set *bs)
{
	it->bs = bs;
	it->block =
		list_first_entry_or_null(&bs->blocks, struct kho_block, list);
	it->i = 0;
}
EXPORT_SYMBOL_GPL(kho_block_set_it_init);

/**
 * kho_block_set_it_reserve_entry() - take the next entry into use
 * @it: place in an outgoing set
 *
 * The block counts the entry from now on.
 *
 * Return: the entry, NULL if there is no room left.
 */
void *kho_block_set_it_reserve_entry(struct kho_block_set_it *it)
{
	if (!advance(it, it->bs->count_per_block))
		return NULL;
	it->block->ser->count = it->i + 1;
	return entry(it, it->i++);
}
EXPORT_SYMBOL_GPL(kho_block_set_it_reserve_entry);

/**
 * kho_block_set_it_read_entry() - read the next entry
 * @it: place
 *
 * Return: the entry, NULL after the last.
 */
void *kho_block_set_it_read_entry(struct kho_block_set_it *it)
{
	if (!it->block || !advance(it, it->block->ser->count))
		return NULL;
	/* A block whose count changed since, or was cleared, is never read beyond its end. */
	if (it->i >= min(it->block->ser->count, it->bs->count_per_block))
		return NULL;
	return entry(it, it->i++);
}
EXPORT_SYMBOL_GPL(kho_block_set_it_read_entry);

/**
 * kho_block_set_it_prev() - go back by one entry
 * @it: place
 *
 * Blocks before the current one count as full.
 *
 * Return: the entry gone back to, NULL at the start.
 */
void *kho_block_set_it_prev(struct kho_block_set_it *it)
{
	if (!it->block)
		return NULL;
	if (!it->i) {
		if (list_is_first(&it->block->list, &it->bs->blocks))
			return NULL;
		it->block = list_prev_entry(it->block, list);
		it->i = it->bs->count_per_block;
	}
	return entry(it, --it->i);
}
EXPORT_SYMBOL_GPL(kho_block_set_it_prev);
