// SPDX-License-Identifier: GPL-2.0
/*
 * Walking over the names of a tmpfs, which has them all in the dentry cache. Nothing is opened,
 * and nobody is waited for: a directory is locked with the spin lock of its dentry only.
 *
 * Names may be moved and removed meanwhile. A reference on the last name that was seen keeps it
 * among its siblings; if it is in another directory by now the walk cannot go on. What is mounted
 * on a directory is not seen.
 */

#include <linux/dcache.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "kept/kept.h"
#include "kmod/compat/compat.h"

/**
 * kept_walk_begin() - begin to walk
 * @w: walk; filled
 * @root: directory
 *
 * Context: may sleep.
 *
 * Return: 0; then kept_walk_end() has to be called. Or -ENOMEM.
 */
int kept_walk_begin(struct kept_walk *w, struct dentry *root)
{
	*w = (struct kept_walk){};
	w->dir = kvmalloc_array(KHO_KEPT_DEPTH_MAX, sizeof(*w->dir), KEPT_GFP);
	if (!w->dir)
		return -ENOMEM;
	w->root = dget(root);
	w->dir[w->depth++] = dget(root);
	return 0;
}

/**
 * kept_walk_end() - end a walk, wherever it is
 * @w: walk
 *
 * Context: may sleep.
 */
void kept_walk_end(struct kept_walk *w)
{
	dput(w->child);
	while (w->depth)
		dput(w->dir[--w->depth]);
	dput(w->root);
	kvfree(w->dir);
}

/* An open directory has a cursor among its names, and removed ones stay for a while. */
static bool is_name(struct dentry *child)
{
	bool is;

	if (child->d_flags & DCACHE_DENTRY_CURSOR)
		return false;
	spin_lock_nested(&child->d_lock, DENTRY_D_LOCK_NESTED);
	is = simple_positive(child);
	if (is)
		dget_dlock(child);
	spin_unlock(&child->d_lock);
	return is;
}

/* The name after @prev, NULL: the first; referenced. NULL: there is none. */
static struct dentry *next_child(struct dentry *dir, struct dentry *prev)
{
	struct dentry *child = ERR_PTR(-ESTALE);

	spin_lock(&dir->d_lock);
	if (!prev || prev->d_parent == dir)
		do
			child = kho_compat_next_child(dir, prev);
		while ((prev = child) && !is_name(child));
	spin_unlock(&dir->d_lock);
	return child;
}

/* Into the directory that the walk is at. */
static int descend(struct kept_walk *w)
{
	if (w->depth == KHO_KEPT_DEPTH_MAX)
		return -ELOOP;
	w->dir[w->depth++] = w->child;
	w->child = NULL;
	return 0;
}

/* The directory that ends is the name after which its own directory goes on. */
static void ascend(struct kept_walk *w)
{
	w->child = w->dir[--w->depth];
}

/**
 * kept_walk_next() - go one step
 * @w: walk
 *
 * A directory comes before what is in it, which KEPT_WALK_UP ends; the first directory is not
 * among the names.
 *
 * Context: may sleep.
 *
 * Return: KEPT_WALK_NODE: @w->child is the next name; KEPT_WALK_UP: a directory ended, the first
 * one last; KEPT_WALK_END; -ESTALE: names were moved; -ELOOP: directories lie in one another too
 * deep.
 */
int kept_walk_next(struct kept_walk *w)
{
	struct dentry *next;
	int ret;

	if (!w->depth)
		return KEPT_WALK_END;
	if (w->child && d_is_dir(w->child) && !w->ended) {
		ret = descend(w);
		if (ret)
			return ret;
	}
	next = next_child(w->dir[w->depth - 1], w->child);
	if (IS_ERR(next))
		return PTR_ERR(next);
	dput(w->child);
	w->child = next;
	w->ended = !next;
	if (next)
		return KEPT_WALK_NODE;
	ascend(w);
	return KEPT_WALK_UP;
}
