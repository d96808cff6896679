// SPDX-License-Identifier: GPL-2.0
/*
 * Anonymous files in memory: preserving.
 *
 * While a file is preserved every page that it has is held, so that none is swapped out, migrated
 * or freed. Nothing keeps the file itself from changing: writing, growing, truncating and
 * punching holes go on as ever. So before the jump the pages are compared with those that are
 * held, and if they differ the list is made anew. From then on, until the machine jumps, the file
 * is locked against everything but stores to memory that is mapped. Who has the lock may keep it
 * for ever, by writing from memory that nobody serves. Then the file goes as it is: with
 * everything that was written before, but perhaps without what is written after that.
 *
 * A page whose memory has gone bad is an entry without contents, which stands for an error: who
 * reads there in the next kernel is told that it is lost.
 *
 * Holes stay holes. What a program stores through a mapping into a hole after the list was made,
 * that is in the last moment before the jump, stays behind like everything it does after it.
 */

#include <linux/completion.h>
#include <linux/err.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/highmem.h>
#include <linux/io.h>
#include <linux/kexec_handover.h>
#include <linux/kho_fit.h>
#include <linux/kho_folios.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pagemap.h>
#include <linux/sched/signal.h>
#include <linux/shmem_fs.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include <linux/workqueue.h>
#include <linux/kho/abi/memfd.h>

#include "luo.h"
#include "shmem/pages.h"

/* How long the lock of a file is waited for at the last moment, and those of all together. */
#define FILE_WAIT (HZ / 2)
#define ALL_FILES_WAIT (2 * HZ)
/* Folios that are preserved at a time. */
#define HOLD_BATCH 64

/**
 * struct substitute - page for one that cannot be preserved where it lies, or has gone bad
 * @list: in the file, in the order of the list of folios
 * @from: page of the file, held
 * @to: page that is preserved; gets the contents at the last moment
 * @entry: its place in the list of folios
 */
struct substitute {
	struct list_head list;
	struct page *from;
	struct page *to;
	u64 entry;
};

/**
 * struct keeper - waits in line for the lock of a file, and keeps it
 * @work: does that, and frees this at its end
 * @file: it
 * @locked: it has the lock
 * @let_go: it is not to have it any more
 */
struct keeper {
	struct work_struct work;
	struct file *file;
	struct completion locked;
	struct completion let_go;
};

/**
 * struct memfd_out - a preserved file
 * @ser: for the next kernel
 * @entry: elements of the list of folios; an area of vmalloc()
 * @nr: of them
 * @room: for so many
 * @listed: @entry is preserved
 * @substitutes: struct substitute, in the order of @entry
 * @keeper: for the lock of the file at the last moment, when there may be no memory for one; NULL
 *          once it was told to let go
 * @kept: @keeper has the lock of the frozen file, or waits for it; else the freezer has it
 */
struct memfd_out {
	struct memfd_luo_ser *ser;
	struct memfd_luo_folio_ser *entry;
	u64 nr;
	u64 room;
	bool listed;
	struct list_head substitutes;
	struct keeper *keeper;
	bool kept;
};

static u64 pfn_of(const struct memfd_luo_folio_ser *ser)
{
	return ser->pfn_flags & ((1ULL << MEMFD_LUO_PFN_BITS) - 1);
}

/* ----------------------------------------------------------------------- the list of folios */

/* Moves the list, which is not preserved, to an area with room for @room. */
static int move_list(struct memfd_out *m, u64 room)
{
	struct memfd_luo_folio_ser *entry;

	entry = kho_fit_vmalloc(room * sizeof(*entry),
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

/*
 * Is this entry a substitute's? @s: the first, or the last, that has not been seen yet; entries
 * are gone through in order.
 */
static bool is_substitute(const struct memfd_out *m, const struct substitute *s,
			  u64 entry)
{
	return !list_entry_is_head(s, &m->substitutes, list) &&
	       s->entry == entry;
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
	s->to = kho_fit_alloc(GFP_KERNEL_ACCOUNT | __GFP_ZERO | __GFP_NOWARN,
			      0);
	if (!s->to)
		goto err_free;
	ret = kho_preserve_folio(page_folio(s->to));
	if (ret)
		goto err_page;
	ret = make_room(m, 1);
	if (ret)
		goto err_unpreserve;
	s->entry = m->nr;
	add_entry(m, s->to, index);
	list_add_tail(&s->list, &m->substitutes);
	return 0;

err_unpreserve:
	kho_unpreserve_folio(page_folio(s->to));
err_page:
	__free_page(s->to);
err_free:
	kfree(s);
	return ret;
}

/*
 * Below 1 MiB, the last page of RAM, what a driver has added to it, and what somebody else has
 * preserved: the contents have to travel in other pages. So do the good pages of a folio that has
 * bad ones; those have no contents.
 */
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
		if (ret == -EINVAL || ret == -EEXIST)
			ret = hold_elsewhere(m, folio[done++]);
	}
	for (i = done; i < nr; i++)
		folio_put(folio[i]);
	return ret;
}

/* A file that is not locked may become shorter. */
static bool is_cut_off(struct address_space *mapping, pgoff_t index)
{
	return index >= kho_shmem_end(i_size_read(mapping->host));
}

/*
 * Holds all pages that the file has before @end, in memory or swapped out. A page that was
 * allocated but never written to is cleared by this, not preserved with what is in it.
 */
static int hold_all(struct memfd_out *m, struct address_space *mapping,
		    pgoff_t end)
{
	struct folio *folio[HOLD_BATCH];
	unsigned long index = 0;
	int ret = 0;

	while (!ret && index < end &&
	       xa_find(&mapping->i_pages, &index, end - 1, XA_PRESENT)) {
		unsigned int nr = kho_shmem_get_some(mapping, index, end, folio,
						     HOLD_BATCH);

		if (!nr) {
			folio[nr] = kho_shmem_read(mapping, index, 0);
			if (IS_ERR(folio[nr]) && is_cut_off(mapping, index))
				return 0;
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
		luo_jump_step();
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

	s = list_last_entry(&m->substitutes, struct substitute, list);
	while (m->nr--) {
		struct folio *folio = pfn_folio(pfn_of(&m->entry[m->nr]));

		cond_resched();
		luo_jump_step();
		if (is_substitute(m, s, m->nr)) {
			s = list_prev_entry(s, list);
			continue;
		}
		kho_unpreserve_folio(folio);
		folio_put(folio);
	}
	m->nr = 0;
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

static int hold_and_list(struct memfd_out *m, struct address_space *mapping,
			 pgoff_t end)
{
	int ret = hold_all(m, mapping, end);

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
	kfree(m->keeper);
	kfree(m);
}

static struct memfd_out *memfd_out_alloc(void)
{
	struct memfd_out *m = kzalloc(sizeof(*m), GFP_KERNEL_ACCOUNT);
	void *ser;

	if (!m)
		return ERR_PTR(-ENOMEM);
	INIT_LIST_HEAD(&m->substitutes);
	m->keeper = kzalloc(sizeof(*m->keeper), GFP_KERNEL_ACCOUNT);
	/* The caller's: as many as he has files, and longer than he has them open. */
	ser = m->keeper ? kho_alloc_preserve_charged(sizeof(*m->ser)) :
			  ERR_PTR(-ENOMEM);
	if (IS_ERR(ser)) {
		kfree(m->keeper);
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
	if (kho_shmem_end(i_size_read(inode)) > U32_MAX)
		return -EFBIG;
	/* It may take for ever, so nothing is preserved before. */
	ret = down_write_killable(&inode->i_rwsem);
	if (ret)
		return ret;
	m = memfd_out_alloc();
	ret = PTR_ERR_OR_ZERO(m);
	if (ret)
		goto err_unlock;
	ret = hold_and_list(m, inode->i_mapping,
			    kho_shmem_end(i_size_read(inode)));
	if (ret)
		goto err_free;
	inode_unlock(inode);
	args->private_data = m;
	args->serialized_data = virt_to_phys(m->ser);
	return 0;

err_free:
	memfd_out_free(m);
err_unlock:
	inode_unlock(inode);
	return ret;
}

static void memfd_unpreserve(struct liveupdate_file_op_args *args)
{
	struct memfd_out *m = args->private_data;

	list_unpreserve(m);
	release_all(m);
	memfd_out_free(m);
}

static bool is_broken(struct folio *folio)
{
	unsigned long i;

	for (i = 0; i < folio_nr_pages(folio); i++)
		if (PageHWPoison(folio_page(folio, i)))
			return true;
	return false;
}

/* Whether the file has exactly the pages that are held, and they are good. */
static bool is_same(struct memfd_out *m, struct address_space *mapping,
		    pgoff_t end)
{
	unsigned long index = 0, page_index;
	struct substitute *s;
	u64 i;

	s = list_first_entry(&m->substitutes, struct substitute, list);
	for (i = 0; i < m->nr; i++) {
		bool elsewhere = is_substitute(m, s, i);
		struct page *page =
			elsewhere ? s->from : pfn_to_page(pfn_of(&m->entry[i]));
		struct folio *folio = page_folio(page);
		unsigned long nr = elsewhere ? 1 : folio_nr_pages(folio);
		void *found;
		bool there;

		if (m->entry[i].index >= end ||
		    (!elsewhere && is_broken(folio)))
			return false;
		page_index = index;
		found = xa_find(&mapping->i_pages, &page_index, end - 1,
				XA_PRESENT);
		there = elsewhere ? page_index <= m->entry[i].index :
				    page_index == m->entry[i].index;
		if (found != folio || !there)
			return false;
		index = m->entry[i].index + nr;
		if (elsewhere)
			s = list_next_entry(s, list);
		if (!(i % 1024)) {
			luo_jump_step();
			cond_resched();
		}
	}
	return index >= end ||
	       !xa_find(&mapping->i_pages, &index, end - 1, XA_PRESENT);
}

/* ---------------------------------------------------------------------- the lock at the end */

static struct workqueue_struct *keeper_wq;
/* Of one freezer at a time. */
static unsigned long may_wait = ALL_FILES_WAIT;

static void keep_work(struct work_struct *work)
{
	struct keeper *k = container_of(work, struct keeper, work);
	struct inode *inode = file_inode(k->file);

	inode_lock(inode);
	complete(&k->locked);
	wait_for_completion(&k->let_go);
	inode_unlock(inode);
	fput(k->file);
	kfree(k);
}

static void keeper_start(struct keeper *k, struct file *file)
{
	INIT_WORK(&k->work, keep_work);
	init_completion(&k->locked);
	init_completion(&k->let_go);
	k->file = get_file(file);
	queue_work(keeper_wq, &k->work);
}

/*
 * Locks the file until the machine jumps. Among many who write, trying would not do: a keeper
 * waits in line. Who is not done in time is not waited for; the keeper goes on waiting, so that
 * nobody follows.
 */
static void lock_for_good(struct memfd_out *m, struct file *file)
{
	unsigned long wait = min_t(unsigned long, may_wait, FILE_WAIT), left;

	if (inode_trylock(file_inode(file)))
		return;
	m->kept = true;
	keeper_start(m->keeper, file);
	left = wait_for_completion_timeout(&m->keeper->locked, wait);
	may_wait -= wait - left;
	luo_jump_step();
	if (!left)
		pr_warn_ratelimited(
			"a file in memory (inode %llu) is written to, and that does not end: it goes along as it is now\n",
			(u64)file_inode(file)->i_ino);
}

/* The file is not frozen a second time: it is about to be unpreserved. */
static void unlock(struct memfd_out *m, struct file *file)
{
	if (!m->kept) {
		inode_unlock(file_inode(file));
		return;
	}
	/* From now on it is its own. */
	complete(&m->keeper->let_go);
	m->keeper = NULL;
	m->kept = false;
}

/* The contents that travel in other pages. What has gone bad has none. */
static void fill_substitutes(struct memfd_out *m, struct inode *inode)
{
	struct substitute *s;
	u64 nr_bad = 0;

	list_for_each_entry(s, &m->substitutes, list) {
		u64 pfn = page_to_pfn(s->to);

		if (PageHWPoison(s->from)) {
			m->entry[s->entry].pfn_flags = pfn |
						       MEMFD_LUO_FOLIO_BAD;
			nr_bad++;
		} else {
			copy_highpage(s->to, s->from);
		}
	}
	if (nr_bad)
		pr_crit_ratelimited(
			"%llu pages of a file in memory (inode %llu) have gone bad: what was in them does not go along\n",
			nr_bad, (u64)inode->i_ino);
}

static int memfd_freeze(struct liveupdate_file_op_args *args)
{
	struct inode *inode = file_inode(args->file);
	struct memfd_out *m = args->private_data;
	loff_t size;
	int ret;

	lock_for_good(m, args->file);
	size = i_size_read(inode);
	if (!is_same(m, inode->i_mapping, kho_shmem_end(size))) {
		list_unpreserve(m);
		release_all(m);
		ret = hold_and_list(m, inode->i_mapping, kho_shmem_end(size));
		if (ret)
			goto err_unlock;
	}
	fill_substitutes(m, inode);
	m->ser->pos = args->file->f_pos;
	m->ser->size = size;
	m->ser->seals = SHMEM_I(inode)->seals;
	ret = m->ser->seals & ~MEMFD_LUO_ALL_SEALS ? -EOPNOTSUPP : 0;
	if (!ret)
		return 0;

err_unlock:
	unlock(m, args->file);
	return ret;
}

static void memfd_unfreeze(struct liveupdate_file_op_args *args)
{
	unlock(args->private_data, args->file);
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

int luo_memfd_init(void)
{
	int ret;

	keeper_wq = alloc_workqueue("liveupdate_memfd", WQ_UNBOUND, 0);
	if (!keeper_wq)
		return -ENOMEM;
	ret = liveupdate_register_file_handler(&memfd_handler);
	if (ret)
		destroy_workqueue(keeper_wq);
	return ret;
}

void luo_memfd_exit(void)
{
	liveupdate_unregister_file_handler(&memfd_handler);
	destroy_workqueue(keeper_wq);
}
