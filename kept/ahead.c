// SPDX-License-Identifier: GPL-2.0
/*
 * Pages of large files that are held ahead: while services still stop, folios are referenced and
 * preserved. At the last moment it is only looked whether the file has them still.
 *
 * A folio that is held is not reclaimed, moved or split. It may leave the file all the same, if
 * that becomes shorter: then its memory is in use until the jump, and is let go of there. What is
 * held is nothing but a guess: a file goes along with what it has at the last moment.
 *
 * The lock is held for as long as it takes to preserve a few folios that are there, never for
 * what waits for somebody. At the last moment it is taken for good.
 */

#include <linux/err.h>
#include <linux/fs.h>
#include <linux/kexec_handover.h>
#include <linux/kho_folios.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/pagemap.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/xarray.h>

#include "kept/kept.h"
#include "shmem/pages.h"

/* How long the lock is tried at the last moment. */
#define LOCK_WAIT (10 * HZ)
/* Folios that are preserved at a time. */
#define BATCH 64

/**
 * struct kept_some - a page with folios of a file
 * @list: all of the file
 * @begin: first that is there still
 * @end: one behind the last
 * @folio: they, in the order of the file; referenced and preserved
 */
struct kept_some {
	struct list_head list;
	unsigned int begin;
	unsigned int end;
	struct folio *folio[(PAGE_SIZE - 2 * sizeof(struct list_head)) /
			    sizeof(struct folio *)];
};

static_assert(sizeof(struct kept_some) <= PAGE_SIZE);

/**
 * struct kept_ahead - a file whose pages are held
 * @inode: it; referenced
 * @some: list of &struct kept_some
 */
struct kept_ahead {
	struct inode *inode;
	struct list_head some;
};

/* By the address of the inode. */
static DEFINE_XARRAY(held);
static DEFINE_MUTEX(held_lock);
/* The lock was taken for good. */
static bool is_closed;

/* -------------------------------------------------------------------------- folios of a file */

static pgoff_t end_of(struct folio *folio)
{
	return folio->index + folio_nr_pages(folio);
}

static void let_go(struct folio *folio)
{
	kho_unpreserve_folio(folio);
	folio_put(folio);
}

/* Room for one more. */
static struct kept_some *some_with_room(struct kept_ahead *a)
{
	struct kept_some *s = NULL;

	if (!list_empty(&a->some))
		s = list_last_entry(&a->some, struct kept_some, list);
	if (s && s->end < ARRAY_SIZE(s->folio))
		return s;
	s = kmalloc(sizeof(*s), KEPT_GFP);
	if (!s)
		return NULL;
	s->begin = 0;
	s->end = 0;
	list_add_tail(&s->list, &a->some);
	return s;
}

static int append(struct kept_ahead *a, struct folio *folio)
{
	struct kept_some *s = some_with_room(a);

	if (!s)
		return -ENOMEM;
	s->folio[s->end++] = folio;
	return 0;
}

/* The first that is there still; NULL: none. */
static struct folio *first(struct kept_ahead *a)
{
	struct kept_some *s;

	s = list_first_entry_or_null(&a->some, struct kept_some, list);
	return s ? s->folio[s->begin] : NULL;
}

/* It has got another owner. */
static void pass_first(struct kept_ahead *a)
{
	struct kept_some *s =
		list_first_entry(&a->some, struct kept_some, list);

	if (++s->begin < s->end)
		return;
	list_del(&s->list);
	kfree(s);
}

static void let_first_go(struct kept_ahead *a)
{
	struct folio *folio = first(a);

	pass_first(a);
	let_go(folio);
}

static void let_all_go(struct kept_ahead *a)
{
	while (first(a)) {
		let_first_go(a);
		kept_step();
		cond_resched();
	}
}

static void release(struct kept_ahead *a)
{
	let_all_go(a);
	iput(a->inode);
	kfree(a);
}

/* ----------------------------------------------------------------------------------- holding */

/**
 * struct holding - holding what is in large files
 * @arg: the ioctl's
 * @folio: that were found last, referenced
 * @next: page of the file to go on with
 */
struct holding {
	struct kho_kept_ioctl_hold *arg;
	struct folio *folio[BATCH];
	unsigned long next;
};

static struct kept_ahead *ahead_new(struct inode *inode)
{
	struct kept_ahead *a = kzalloc(sizeof(*a), KEPT_GFP);

	if (!a)
		return ERR_PTR(-ENOMEM);
	INIT_LIST_HEAD(&a->some);
	ihold(inode);
	a->inode = inode;
	return a;
}

/* Under held_lock. Also NULL: it was held before. */
static struct kept_ahead *begin_file(struct inode *inode)
{
	struct kept_ahead *a;
	int ret;

	if (xa_load(&held, kept_inode_key(inode)))
		return NULL;
	a = ahead_new(inode);
	if (IS_ERR(a))
		return a;
	ret = xa_err(xa_store(&held, kept_inode_key(inode), a, KEPT_GFP));
	if (!ret)
		return a;
	release(a);
	return ERR_PTR(ret);
}

/*
 * Takes over the references on all of them, and goes on behind the first that cannot be held.
 * Under held_lock.
 */
static int hold(struct holding *h, struct kept_ahead *a, unsigned int nr)
{
	unsigned int i = 0, kept = 0;
	int ret = kho_preserve_folios(h->folio, nr, &kept);

	h->next = end_of(h->folio[min(kept, nr - 1)]);
	for (; i < kept; i++) {
		if (append(a, h->folio[i])) {
			ret = -ENOMEM;
			break;
		}
		h->arg->nr_pages += folio_nr_pages(h->folio[i]);
	}
	for (; i < nr; i++) {
		if (i < kept)
			kho_unpreserve_folio(h->folio[i]);
		folio_put(h->folio[i]);
	}
	return ret == -ENOMEM ? ret : 0;
}

/* Once the file was let go of, or the machine is about to jump, nothing more of it is held. */
static int hold_if_wanted(struct holding *h, struct inode *inode,
			  unsigned int nr)
{
	struct kept_ahead *a = NULL;
	int ret = -ESHUTDOWN;

	mutex_lock(&held_lock);
	if (!kept_is_jumping()) {
		a = xa_load(&held, kept_inode_key(inode));
		ret = a ? hold(h, a, nr) : -ENOENT;
	}
	mutex_unlock(&held_lock);
	if (!a)
		while (nr)
			folio_put(h->folio[--nr]);
	return ret;
}

/* What is swapped out is read now. Others that take more to get can wait for the last moment. */
static unsigned int get_some(struct holding *h, struct address_space *mapping,
			     pgoff_t index, pgoff_t end)
{
	unsigned int nr =
		kho_shmem_get_some(mapping, index, end, h->folio, BATCH);

	if (nr || !xa_is_value(xa_load(&mapping->i_pages, index)))
		return nr;
	h->folio[0] = kho_shmem_read(mapping, index, KEPT_GFP);
	return !IS_ERR(h->folio[0]);
}

static int hold_pages(struct holding *h, struct inode *inode)
{
	struct address_space *mapping = inode->i_mapping;
	const pgoff_t end = kho_shmem_end(i_size_read(inode));
	int ret = 0;

	h->next = 0;
	while (!ret && h->next < end &&
	       xa_find(&mapping->i_pages, &h->next, end - 1, XA_PRESENT)) {
		unsigned int nr = get_some(h, mapping, h->next, end);

		if (nr)
			ret = hold_if_wanted(h, inode, nr);
		else
			h->next++;
		if (!ret && fatal_signal_pending(current))
			ret = -EINTR;
		cond_resched();
	}
	return ret == -ENOENT ? 0 : ret;
}

static int hold_file(struct holding *h, struct inode *inode)
{
	struct kept_ahead *a;
	int ret;

	if (i_size_read(inode) < h->arg->least_bytes)
		return 0;
	mutex_lock(&held_lock);
	a = kept_is_jumping() ? ERR_PTR(-ESHUTDOWN) : begin_file(inode);
	mutex_unlock(&held_lock);
	if (IS_ERR_OR_NULL(a))
		return PTR_ERR_OR_ZERO(a);
	ret = hold_pages(h, inode);
	h->arg->nr_files++;
	return ret;
}

/* Names that are moved meanwhile end it for this directory: it is worth no second try. */
static int hold_tree(struct holding *h, struct dentry *root)
{
	struct kept_walk w;
	int ret = kept_walk_begin(&w, root), step;

	if (ret)
		return ret;
	while (!ret && (step = kept_walk_next(&w)) > KEPT_WALK_END) {
		if (step == KEPT_WALK_NODE && d_is_reg(w.child))
			ret = hold_file(h, d_inode(w.child));
		if (!ret && fatal_signal_pending(current))
			ret = -EINTR;
		cond_resched();
	}
	kept_walk_end(&w);
	return ret;
}

/**
 * kept_ahead_hold() - hold the pages of the large files of a directory
 * @root: it
 * @arg: the ioctl's; what comes out is added to
 *
 * Files that are held already stay as they are.
 *
 * Context: may sleep, for locks of pages and for swap.
 *
 * Return: 0, -ENOMEM (some are held), -EINTR (likewise), -ESHUTDOWN.
 */
int kept_ahead_hold(struct dentry *root, struct kho_kept_ioctl_hold *arg)
{
	struct holding *h = kzalloc(sizeof(*h), GFP_KERNEL);
	int ret;

	if (!h)
		return -ENOMEM;
	h->arg = arg;
	ret = hold_tree(h, root);
	kfree(h);
	return ret;
}

/**
 * kept_ahead_let_go() - let go of what is held ahead
 * @sb: of files of this file system; NULL: of all
 *
 * Context: may sleep; the machine is not about to jump, or nothing is held.
 */
void kept_ahead_let_go(const struct super_block *sb)
{
	struct kept_ahead *a;
	unsigned long key;

	guard(mutex)(&held_lock);
	xa_for_each(&held, key, a) {
		if (sb && a->inode->i_sb != sb)
			continue;
		xa_erase(&held, key);
		release(a);
	}
}

/* ------------------------------------------------------------------------------- last moment */

/**
 * kept_ahead_close() - hold nothing more ahead, until the machine jumps
 *
 * Context: may sleep; kept_is_jumping().
 */
void kept_ahead_close(void)
{
	is_closed = kept_lock_for_good(&held_lock, LOCK_WAIT);
	if (!is_closed)
		pr_crit("somebody is holding pages ahead, and that does not end: what he has is copied\n");
}

/**
 * kept_ahead_of() - what is held of a file
 * @inode: of the file
 *
 * Context: after kept_ahead_close().
 *
 * Return: for kept_ahead_take(), and to be given to kept_ahead_end(); NULL: nothing.
 */
struct kept_ahead *kept_ahead_of(const struct inode *inode)
{
	/* Mostly there is nothing, and there may be many files. */
	if (!is_closed || xa_empty(&held))
		return NULL;
	return xa_erase(&held, kept_inode_key(inode));
}

/* Of one that went bad since, what is good is copied, as of any other. */
static bool is_bad(struct folio *folio)
{
	return PageHWPoison(&folio->page) ||
	       (folio_test_large(folio) && folio_test_has_hwpoisoned(folio));
}

/* Those that the file has elsewhere, or no more, cannot be used. */
static void skip_before(struct kept_ahead *a, pgoff_t index)
{
	struct folio *folio;

	while ((folio = first(a)) && (folio->mapping != a->inode->i_mapping ||
				      folio->index < index)) {
		let_first_go(a);
		kept_step();
	}
}

/* As many as the file has, one after the other. */
static unsigned int take(struct kept_ahead *a, pgoff_t index, pgoff_t end,
			 struct folio **folio, unsigned int max)
{
	XA_STATE(xas, &a->inode->i_mapping->i_pages, index);
	unsigned int nr = 0;
	void *entry;

	rcu_read_lock();
	xas_for_each(&xas, entry, end - 1)
	{
		if (xas_retry(&xas, entry))
			continue;
		if (nr == max || entry != first(a) || is_bad(entry))
			break;
		folio[nr++] = entry;
		pass_first(a);
	}
	rcu_read_unlock();
	return nr;
}

/**
 * kept_ahead_take() - folios that are held, and that the file has
 * @a: what is held of it
 * @index: page of it that is there
 * @end: one behind its last page; moved to where the next that is held begins
 * @folio: filled, in the order of the file, with those from @index on; preserved, with a
 *         reference for the caller
 * @max: at most so many
 *
 * Context: may sleep; no page is locked.
 *
 * Return: how many. 0: the page at @index is not held, nor any up to @end.
 */
unsigned int kept_ahead_take(struct kept_ahead *a, pgoff_t index, pgoff_t *end,
			     struct folio **folio, unsigned int max)
{
	unsigned int nr;

	skip_before(a, index);
	nr = take(a, index, *end, folio, max);
	if (nr)
		return nr;
	/* There is another one where it was, or it is bad. */
	skip_before(a, index + 1);
	if (first(a))
		*end = min(*end, first(a)->index);
	return 0;
}

/**
 * kept_ahead_end() - let go of what the file did not have any more
 * @a: what is held of it; may be NULL
 *
 * Its inode stays referenced: the file system is frozen.
 *
 * Context: may sleep.
 */
void kept_ahead_end(struct kept_ahead *a)
{
	if (!a)
		return;
	let_all_go(a);
	kfree(a);
}

/**
 * kept_ahead_end_all() - let go of what is held of files that do not go along
 *
 * A worker that was given up may get on meanwhile: what it takes out is its own.
 *
 * Context: may sleep.
 */
void kept_ahead_end_all(void)
{
	struct kept_ahead *a;
	unsigned long key;

	if (!is_closed)
		return;
	xa_for_each(&held, key, a)
		kept_ahead_end(xa_erase(&held, key));
}
