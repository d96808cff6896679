// SPDX-License-Identifier: GPL-2.0
/*
 * What handing a tree over would take, if it were done now: a walk that holds nothing.
 *
 * The next kernel boots without what the extents hold, and there are KHO_MAX_EXTENTS of them at
 * most. So memory is looked at in blocks of 2 MiB: those that have a page of the tree, and what
 * lies between them but for the widest gaps.
 */

#include <linux/err.h>
#include <linux/fs.h>
#include <linux/io.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/mount.h>
#include <linux/pagemap.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/shmem_fs.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/xarray.h>
#include <linux/kho/abi/kho_module.h>

#include "kept/kept.h"

#define GRANULE_SHIFT 21
/* Gaps that extents can leave out. */
#define NR_GAPS (KHO_MAX_EXTENTS - 1)
/* Entries of a file that are looked at before others may run. */
#define BATCH 1024
/* What a record takes besides its name: mostly numbers that differ little from those before. */
#define RECORD_BYTES 28

/**
 * struct estimate - what was seen so far
 * @arg: the ioctl's
 * @granules: that have a page, by number
 * @last: granule of the page before
 * @inodes: with several names, by address
 */
struct estimate {
	struct kho_kept_ioctl_estimate *arg;
	struct xarray granules;
	unsigned long last;
	struct xarray inodes;
};

static int note_granule(struct estimate *e, unsigned long nr)
{
	if (e->last == nr)
		return 0;
	e->last = nr;
	return xa_err(xa_store(&e->granules, nr, xa_mk_value(1),
			       GFP_KERNEL | __GFP_NOWARN));
}

/**
 * struct seen - one entry of a file
 * @pfn: of a folio; 0: it is swapped out
 * @pages: that it has
 */
struct seen {
	unsigned long pfn;
	unsigned long pages;
};

static int note(struct estimate *e, const struct seen *seen)
{
	unsigned long granule = PFN_PHYS(seen->pfn) >> GRANULE_SHIFT;
	unsigned long end = PFN_PHYS(seen->pfn + seen->pages - 1) >>
			    GRANULE_SHIFT;
	int ret = 0;

	e->arg->nr_pages += seen->pages;
	if (!seen->pfn) {
		e->arg->nr_swapped += seen->pages;
		e->arg->nr_folios += seen->pages;
		return 0;
	}
	e->arg->nr_folios++;
	for (; granule <= end && !ret; granule++)
		ret = note_granule(e, granule);
	return ret;
}

/* The folio may be gone at any instant: then it is not there. */
static struct seen look_at(struct xa_state *xas, struct folio *folio)
{
	struct seen seen = {};

	if (!folio_try_get(folio))
		return seen;
	if (xas_reload(xas) == folio && folio_test_uptodate(folio))
		seen = (struct seen){
			.pfn = folio_pfn(folio),
			.pages = folio_nr_pages(folio),
		};
	folio_put(folio);
	return seen;
}

/* Fills @seen with what comes from @index on, which is moved on. Return: how many; 0: the end. */
static unsigned int look_at_some(struct address_space *mapping,
				 unsigned long *index, struct seen *seen,
				 unsigned int max)
{
	XA_STATE(xas, &mapping->i_pages, *index);
	unsigned int nr = 0;
	void *entry;

	rcu_read_lock();
	xas_for_each(&xas, entry, ULONG_MAX)
	{
		if (xas_retry(&xas, entry))
			continue;
		*index = xas.xa_index;
		if (nr == max)
			break;
		if (xa_is_value(entry))
			seen[nr++] = (struct seen){ .pages = 1 };
		else
			seen[nr++] = look_at(&xas, entry);
		*index = xas.xa_index + max(1UL, seen[nr - 1].pages);
	}
	rcu_read_unlock();
	return nr;
}

static int estimate_file(struct estimate *e, struct inode *inode,
			 struct seen *seen)
{
	unsigned long index = 0;
	unsigned int nr, i;
	int ret = 0;

	e->arg->meta_bytes += sizeof(struct kho_kept_file_ser);
	do {
		nr = look_at_some(inode->i_mapping, &index, seen, BATCH);
		for (i = 0; i < nr && !ret; i++)
			if (seen[i].pages)
				ret = note(e, &seen[i]);
		if (!ret && fatal_signal_pending(current))
			ret = -EINTR;
		cond_resched();
	} while (nr && !ret);
	return ret;
}

/* Return: 1: it was counted by another name; 0; -ENOMEM. */
static int is_known(struct estimate *e, struct inode *inode)
{
	void *was;

	if (inode->i_nlink == 1 || S_ISDIR(inode->i_mode))
		return 0;
	was = xa_store(&e->inodes, kept_inode_key(inode), xa_mk_value(1),
		       GFP_KERNEL | __GFP_NOWARN);
	return xa_is_err(was) ? xa_err(was) : !!was;
}

static int estimate_name(struct estimate *e, struct dentry *dentry,
			 struct seen *seen)
{
	struct inode *inode = d_inode(dentry);
	int known;

	e->arg->meta_bytes += RECORD_BYTES + READ_ONCE(dentry->d_name.len);
	known = is_known(e, inode);
	if (known)
		return min(known, 0);
	e->arg->nr_inodes++;
	return d_is_reg(dentry) ? estimate_file(e, inode, seen) : 0;
}

static int estimate_names(struct estimate *e, struct dentry *root,
			  struct seen *seen)
{
	struct kept_walk w;
	int ret = kept_walk_begin(&w, root);

	if (ret)
		return ret;
	e->arg->nr_inodes++;
	for (;;) {
		ret = kept_walk_next(&w);
		if (ret == KEPT_WALK_UP)
			continue;
		if (ret != KEPT_WALK_NODE)
			break;
		ret = estimate_name(e, w.child, seen);
		if (ret)
			break;
		cond_resched();
	}
	kept_walk_end(&w);
	return ret;
}

/* Puts a gap among the widest, narrowest first. */
static void note_gap(unsigned long *gap, unsigned long width)
{
	unsigned int i;

	if (width <= gap[0])
		return;
	for (i = 0; i + 1 < NR_GAPS && gap[i + 1] < width; i++)
		gap[i] = gap[i + 1];
	gap[i] = width;
}

/* Blocks that extents would hold. */
static unsigned long held_granules(struct estimate *e)
{
	unsigned long gap[NR_GAPS] = {};
	unsigned long granule, first = 0, last = 0, held;
	bool any = false;
	unsigned int i;
	void *entry;

	xa_for_each(&e->granules, granule, entry) {
		if (any)
			note_gap(gap, granule - last - 1);
		else
			first = granule;
		any = true;
		last = granule;
	}
	held = any ? last - first + 1 : 0;
	for (i = 0; i < NR_GAPS; i++)
		held -= gap[i];
	return held;
}

static void sum_up(struct estimate *e)
{
	struct kho_kept_ioctl_estimate *arg = e->arg;

	arg->meta_bytes += arg->nr_folios * sizeof(u64);
	arg->extent_bytes = ((u64)held_granules(e) << GRANULE_SHIFT) +
			    (arg->nr_swapped << PAGE_SHIFT) + arg->meta_bytes;
}

static int estimate(struct estimate *e, struct dentry *root)
{
	struct seen *seen;
	int ret;

	seen = kvmalloc_array(BATCH, sizeof(*seen), GFP_KERNEL);
	if (!seen)
		return -ENOMEM;
	ret = estimate_names(e, root, seen);
	kvfree(seen);
	return ret;
}

/* A walk that met names on the move starts again so often before it gives up. */
#define MAX_TRIES 16

/**
 * kept_estimate() - walk a kept directory, and tell what handing it over would take
 * @arg: the ioctl's; what comes out is 0 before
 *
 * Context: may sleep.
 *
 * Return: 0, -ENOENT, -EINTR, -ENOMEM, -EAGAIN (names are moved all the time).
 */
int kept_estimate(struct kho_kept_ioctl_estimate *arg)
{
	struct kept_tree *t = kept_tree_get(arg->name);
	const struct kho_kept_ioctl_estimate empty = *arg;
	unsigned int tries;
	int ret = -ESTALE;

	if (!t)
		return -ENOENT;
	for (tries = 0; tries < MAX_TRIES && ret == -ESTALE; tries++) {
		struct estimate e = { .arg = arg, .last = ULONG_MAX };

		*arg = empty;
		xa_init(&e.granules);
		xa_init(&e.inodes);
		ret = estimate(&e, t->mnt->mnt_root);
		if (!ret)
			sum_up(&e);
		xa_destroy(&e.granules);
		xa_destroy(&e.inodes);
	}
	kept_tree_put(t);
	return ret == -ESTALE ? -EAGAIN : ret;
}
