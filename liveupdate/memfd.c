// SPDX-License-Identifier: GPL-2.0
/*
 * Anonymous files in memory: preserving.
 *
 * While a file is preserved every page that it has is held, so that none is swapped out, migrated
 * or freed. Nothing keeps the file itself from changing: writing, growing, truncating and
 * punching holes go on as ever. So before the jump the pages are compared with those that are
 * held, and if they differ the list is made anew. From then on, until the machine jumps, the file
 * is locked against everything but stores to memory that is mapped.
 *
 * Holes stay holes. What a program stores through a mapping into a hole after the list was made,
 * that is in the last moment before the jump, stays behind like everything it does after it.
 */

#include <linux/delay.h>
#include <linux/err.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/highmem.h>
#include <linux/io.h>
#include <linux/kexec_handover.h>
#include <linux/kho_folios.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pagemap.h>
#include <linux/sched/signal.h>
#include <linux/shmem_fs.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include <linux/kho/abi/memfd.h>

#include "luo.h"

/* How long a file may be in use at the last moment, before it is given up. */
#define FREEZE_TRIES 200
#define FREEZE_WAIT_MS 10
/* Folios that are preserved at a time. */
#define HOLD_BATCH 64

/**
 * struct substitute - page for one that cannot be preserved where it lies
 * @list: in the file
 * @from: page of the file, held
 * @to: page that is preserved; gets the contents at the last moment
 */
struct substitute {
	struct list_head list;
	struct page *from;
	struct page *to;
};

/**
 * struct memfd_out - a preserved file
 * @ser: for the next kernel
 * @entry: elements of the list of folios; an area of vmalloc()
 * @nr: of them
 * @room: for so many
 * @listed: @entry is preserved
 * @substitutes: struct substitute
 */
struct memfd_out {
	struct memfd_luo_ser *ser;
	struct memfd_luo_folio_ser *entry;
	u64 nr;
	u64 room;
	bool listed;
	struct list_head substitutes;
};

static u64 pfn_of(const struct memfd_luo_folio_ser *ser)
{
	return ser->pfn_flags & ((1ULL << MEMFD_LUO_PFN_BITS) - 1);
}

static pgoff_t end_index(struct inode *inode)
{
	loff_t size = i_size_read(inode);

	return (size >> PAGE_SHIFT) + !!(size & ~PAGE_MASK);
}

/* ----------------------------------------------------------------------- the list of folios */

/* Moves the list, which is not preserved, to an area with room for @room. */
static int move_list(struct memfd_out *m, u64 room)
{
	struct memfd_luo_folio_ser *entry;

	entry = __vmalloc(room * sizeof(*entry),
			  GFP_KERNEL_ACCOUNT | __GFP_ZERO | __GFP_NOWARN);
	if (!entry)
		return -ENOMEM;
	if (m->nr)
		memcpy(entry, m->entry, m->nr * sizeof(*entry));
	vfree(m->entry);
	m->entry = entry;
	m->room = room;
	return 0;
}

static int make_room(struct memfd_out *m, u64 nr)
{
	if (m->room - m->nr >= nr)
		return 0;
	return move_list(m, max3(2 * m->room, m->nr + nr,
				 (u64)MEMFD_LUO_FOLIOS_PER_PAGE));
}

/*
 * Makes room for as many folios as the file will have if all are like its first ones, so that the
 * list need not be moved. It is moved all the same where there are more.
 */
static void expect_folios(struct memfd_out *m, struct address_space *mapping,
			  struct folio **folio, unsigned int nr)
{
	u64 pages = 0, expected;
	unsigned int i;

	for (i = 0; i < nr; i++)
		pages += folio_nr_pages(folio[i]);
	expected =
		div64_u64(READ_ONCE(mapping->nrpages) * nr + pages - 1, pages) +
		READ_ONCE(SHMEM_I(mapping->host)->swapped);
	if (expected > m->room)
		move_list(m, expected);
}

/* There is room. */
static void add_entry(struct memfd_out *m, struct page *page, pgoff_t index)
{
	m->entry[m->nr].pfn_flags = page_to_pfn(page) | MEMFD_LUO_FOLIO_DIRTY |
				    MEMFD_LUO_FOLIO_UPTODATE;
	m->entry[m->nr++].index = index;
}

static struct substitute *substitute_by_pfn(struct memfd_out *m, u64 pfn)
{
	struct substitute *s;

	list_for_each_entry(s, &m->substitutes, list)
		if (page_to_pfn(s->to) == pfn)
			return s;
	return NULL;
}

/* -------------------------------------------------------------- holding and preserving pages */

/* Takes over a reference on @from. */
static int add_substitute(struct memfd_out *m, struct page *from, pgoff_t index)
{
	struct substitute *s = kzalloc(sizeof(*s), GFP_KERNEL_ACCOUNT);
	int ret = -ENOMEM;

	if (!s)
		return ret;
	s->from = from;
	s->to = alloc_page(GFP_KERNEL_ACCOUNT | __GFP_ZERO | __GFP_NOWARN);
	if (!s->to)
		goto err_free;
	ret = kho_preserve_folio(page_folio(s->to));
	if (ret)
		goto err_page;
	ret = make_room(m, 1);
	if (ret)
		goto err_unpreserve;
	add_entry(m, s->to, index);
	list_add(&s->list, &m->substitutes);
	return 0;

err_unpreserve:
	kho_unpreserve_folio(page_folio(s->to));
err_page:
	__free_page(s->to);
err_free:
	kfree(s);
	return ret;
}

/* Below 1 MiB, and the last page of RAM: the contents have to travel in other pages. */
static int hold_elsewhere(struct memfd_out *m, struct folio *folio)
{
	unsigned long i;
	int ret = 0;

	for (i = 0; i < folio_nr_pages(folio) && !ret; i++) {
		folio_get(folio);
		ret = add_substitute(m, folio_page(folio, i), folio->index + i);
		if (ret)
			folio_put(folio);
	}
	folio_put(folio);
	return ret;
}

static bool is_broken(struct folio *folio)
{
	unsigned long i;

	for (i = 0; i < folio_nr_pages(folio); i++)
		if (PageHWPoison(folio_page(folio, i)))
			return true;
	return false;
}

/*
 * Puts folios that are referenced on the list, as far as they can be preserved. Takes over the
 * references on all of them.
 */
static int hold_folios(struct memfd_out *m, struct folio **folio,
		       unsigned int nr)
{
	unsigned int done = 0, kept, i;
	int ret = 0;

	while (done < nr && !ret) {
		ret = make_room(m, nr - done);
		if (ret)
			break;
		ret = kho_preserve_folios(folio + done, nr - done, &kept);
		for (i = 0; i < kept; i++, done++)
			add_entry(m, &folio[done]->page, folio[done]->index);
		if (ret == -EINVAL && !is_broken(folio[done]))
			ret = hold_elsewhere(m, folio[done++]);
	}
	for (i = done; i < nr; i++)
		folio_put(folio[i]);
	return ret;
}

/* A page that is swapped out, or was allocated but never written to: reads or clears it. */
static struct folio *read_folio(struct address_space *mapping, pgoff_t index)
{
	struct page *page = shmem_read_mapping_page_gfp(
		mapping, index, mapping_gfp_mask(mapping));

	return IS_ERR(page) ? ERR_CAST(page) : page_folio(page);
}

/*
 * Takes a reference on a folio of the page cache that is there for good: reclaim leaves alone
 * what is referenced when it has locked it.
 */
static bool get_settled(struct xa_state *xas, struct address_space *mapping,
			struct folio *folio)
{
	bool settled;

	if (!folio_try_get(folio))
		return false;
	settled = xas_reload(xas) == folio && folio_trylock(folio);
	if (settled) {
		settled = folio->mapping == mapping &&
			  folio_test_uptodate(folio);
		folio_unlock(folio);
	}
	if (!settled)
		folio_put(folio);
	return settled;
}

/* Up to @max folios from @index on, in this order. Ends before one that takes more to get. */
static unsigned int get_some(struct address_space *mapping, pgoff_t index,
			     pgoff_t end, struct folio **folio,
			     unsigned int max)
{
	XA_STATE(xas, &mapping->i_pages, index);
	unsigned int nr = 0;
	void *entry;

	rcu_read_lock();
	xas_for_each(&xas, entry, end - 1)
	{
		if (xas_retry(&xas, entry))
			continue;
		if (nr == max || xa_is_value(entry) ||
		    !get_settled(&xas, mapping, entry))
			break;
		folio[nr++] = entry;
	}
	rcu_read_unlock();
	return nr;
}

/*
 * Holds all pages that the file has, in memory or swapped out. A page that was allocated but
 * never written to is cleared by this, not preserved with what is in it.
 */
static int hold_all(struct memfd_out *m, struct address_space *mapping)
{
	pgoff_t end = end_index(mapping->host);
	struct folio *folio[HOLD_BATCH];
	unsigned long index = 0;
	int ret = 0;

	while (!ret && index < end &&
	       xa_find(&mapping->i_pages, &index, end - 1, XA_PRESENT)) {
		unsigned int nr =
			get_some(mapping, index, end, folio, HOLD_BATCH);

		if (!nr) {
			folio[nr] = read_folio(mapping, index);
			if (IS_ERR(folio[nr]))
				return PTR_ERR(folio[nr]);
			nr++;
		}
		if (!m->nr)
			expect_folios(m, mapping, folio, nr);
		index = folio[nr - 1]->index + folio_nr_pages(folio[nr - 1]);
		ret = hold_folios(m, folio, nr);
		if (!ret && fatal_signal_pending(current))
			ret = -EINTR;
		cond_resched();
	}
	return ret;
}

static void release_substitute(struct substitute *s)
{
	kho_unpreserve_folio(page_folio(s->to));
	__free_page(s->to);
	folio_put(page_folio(s->from));
	list_del(&s->list);
	kfree(s);
}

/* Undoes hold_all(). */
static void release_all(struct memfd_out *m)
{
	struct substitute *s, *next;
	bool some = !list_empty(&m->substitutes);

	while (m->nr) {
		u64 pfn = pfn_of(&m->entry[--m->nr]);
		struct folio *folio = pfn_folio(pfn);

		cond_resched();
		if (some && substitute_by_pfn(m, pfn))
			continue;
		kho_unpreserve_folio(folio);
		folio_put(folio);
	}
	list_for_each_entry_safe(s, next, &m->substitutes, list)
		release_substitute(s);
}

static int list_preserve(struct memfd_out *m)
{
	struct kho_vmalloc list;
	unsigned int tries;
	int ret;

	m->ser->nr_folios = m->nr;
	if (!m->nr)
		return 0;
	/* Where more was expected. Without memory for a smaller list the large one will do. */
	if (m->room > m->nr + m->nr / 8 + MEMFD_LUO_FOLIOS_PER_PAGE)
		move_list(m, m->nr);
	for (tries = 0; tries < 3; tries++) {
		ret = kho_preserve_vmalloc(m->entry, &list);
		/* A page of it lies where nothing can be preserved. */
		if (ret != -EINVAL || move_list(m, m->room))
			break;
	}
	if (ret)
		return ret;
	m->ser->folios = list;
	m->listed = true;
	return 0;
}

static void list_unpreserve(struct memfd_out *m)
{
	struct kho_vmalloc list = m->ser->folios;

	if (!m->listed)
		return;
	kho_unpreserve_vmalloc(&list);
	m->ser->nr_folios = 0;
	m->listed = false;
}

static int hold_and_list(struct memfd_out *m, struct address_space *mapping)
{
	int ret = hold_all(m, mapping);

	if (!ret)
		ret = list_preserve(m);
	if (ret)
		release_all(m);
	return ret;
}

/* ------------------------------------------------------------------------------- operations */

static bool memfd_can_preserve(struct liveupdate_file_handler *handler,
			       struct file *file)
{
	struct inode *inode = file_inode(file);

	return shmem_file(file) && S_ISREG(inode->i_mode) && !inode->i_nlink;
}

static unsigned long memfd_get_id(struct file *file)
{
	return (unsigned long)file_inode(file);
}

static void memfd_out_free(struct memfd_out *m)
{
	vfree(m->entry);
	kho_unpreserve_free(m->ser);
	kfree(m);
}

static struct memfd_out *memfd_out_alloc(void)
{
	struct memfd_out *m = kzalloc(sizeof(*m), GFP_KERNEL_ACCOUNT);
	void *ser;

	if (!m)
		return ERR_PTR(-ENOMEM);
	INIT_LIST_HEAD(&m->substitutes);
	ser = kho_alloc_preserve(sizeof(*m->ser));
	if (IS_ERR(ser)) {
		kfree(m);
		return ser;
	}
	m->ser = ser;
	return m;
}

static int memfd_preserve(struct liveupdate_file_op_args *args)
{
	struct inode *inode = file_inode(args->file);
	struct memfd_out *m;
	int ret;

	if (SHMEM_I(inode)->seals & ~MEMFD_LUO_ALL_SEALS)
		return -EOPNOTSUPP;
	if (end_index(inode) > U32_MAX)
		return -EFBIG;
	m = memfd_out_alloc();
	if (IS_ERR(m))
		return PTR_ERR(m);
	ret = down_write_killable(&inode->i_rwsem);
	if (ret)
		goto err_free;
	ret = hold_and_list(m, inode->i_mapping);
	inode_unlock(inode);
	if (ret)
		goto err_free;
	args->private_data = m;
	args->serialized_data = virt_to_phys(m->ser);
	return 0;

err_free:
	memfd_out_free(m);
	return ret;
}

static void memfd_unpreserve(struct liveupdate_file_op_args *args)
{
	struct memfd_out *m = args->private_data;

	list_unpreserve(m);
	release_all(m);
	memfd_out_free(m);
}

/* Whether the file has exactly the pages that are held. */
static bool is_same(struct memfd_out *m, struct address_space *mapping)
{
	pgoff_t end = end_index(mapping->host);
	bool some = !list_empty(&m->substitutes);
	unsigned long index = 0, page_index;
	u64 i;

	for (i = 0; i < m->nr; i++) {
		u64 pfn = pfn_of(&m->entry[i]);
		struct substitute *s = some ? substitute_by_pfn(m, pfn) : NULL;
		struct page *page = s ? s->from : pfn_to_page(pfn);
		struct folio *folio = page_folio(page);
		unsigned long nr = s ? 1 : folio_nr_pages(folio);
		void *found;
		bool there;

		if (m->entry[i].index >= end)
			return false;
		page_index = index;
		found = xa_find(&mapping->i_pages, &page_index, end - 1,
				XA_PRESENT);
		there = s ? page_index <= m->entry[i].index :
			    page_index == m->entry[i].index;
		if (found != folio || !there)
			return false;
		index = m->entry[i].index + nr;
		if (!(i % 1024))
			cond_resched();
	}
	return index >= end ||
	       !xa_find(&mapping->i_pages, &index, end - 1, XA_PRESENT);
}

static int lock_for_good(struct inode *inode)
{
	unsigned int tries;

	for (tries = 0; tries < FREEZE_TRIES; tries++) {
		if (inode_trylock(inode))
			return 0;
		msleep(FREEZE_WAIT_MS);
	}
	return -EBUSY;
}

static int memfd_freeze(struct liveupdate_file_op_args *args)
{
	struct inode *inode = file_inode(args->file);
	struct memfd_out *m = args->private_data;
	struct substitute *s;
	int ret;

	ret = lock_for_good(inode);
	if (ret)
		return ret;
	if (!is_same(m, inode->i_mapping)) {
		list_unpreserve(m);
		release_all(m);
		ret = hold_and_list(m, inode->i_mapping);
		if (ret)
			goto err_unlock;
	}
	list_for_each_entry(s, &m->substitutes, list)
		copy_highpage(s->to, s->from);
	m->ser->pos = args->file->f_pos;
	m->ser->size = i_size_read(inode);
	m->ser->seals = SHMEM_I(inode)->seals;
	ret = m->ser->seals & ~MEMFD_LUO_ALL_SEALS ? -EOPNOTSUPP : 0;
	if (!ret)
		return 0;

err_unlock:
	inode_unlock(inode);
	return ret;
}

static void memfd_unfreeze(struct liveupdate_file_op_args *args)
{
	inode_unlock(file_inode(args->file));
}

static const struct liveupdate_file_ops memfd_ops = {
	.can_preserve = memfd_can_preserve,
	.preserve = memfd_preserve,
	.unpreserve = memfd_unpreserve,
	.freeze = memfd_freeze,
	.unfreeze = memfd_unfreeze,
	.retrieve = luo_memfd_retrieve,
	.finish = luo_memfd_finish,
	.get_id = memfd_get_id,
	/* The module's own: it is there as long as there are sessions. */
	.owner = NULL,
};

static struct liveupdate_file_handler memfd_handler = {
	.ops = &memfd_ops,
	.compatible = MEMFD_LUO_FH_COMPATIBLE,
};

/**
 * luo_memfd_bytes() - how much does a file in memory hold now?
 * @file: any file
 *
 * Context: any.
 *
 * Return: bytes in memory and swapped out, which is what travels; 0 for other files.
 */
u64 luo_memfd_bytes(struct file *file)
{
	struct inode *inode = file_inode(file);

	if (!shmem_file(file))
		return 0;
	return (READ_ONCE(inode->i_mapping->nrpages) +
		READ_ONCE(SHMEM_I(inode)->swapped))
	       << PAGE_SHIFT;
}

int luo_memfd_init(void)
{
	return liveupdate_register_file_handler(&memfd_handler);
}

void luo_memfd_exit(void)
{
	liveupdate_unregister_file_handler(&memfd_handler);
}
