// SPDX-License-Identifier: GPL-2.0
/*
 * Restoring a tree: files are filled with what came in, and get what no system call can give
 * them. Names, owners and modes are user space's business.
 *
 * What was filled is held until the tree is done: at a jump before that it is handed on with what
 * it holds then. Filling can be interrupted at any page, and goes on there, with the same file.
 *
 * Nobody else should change a file that is being filled, but who can, root, may. So the file is
 * not locked meanwhile: a page that is there already is an error, and nothing worse.
 */

#include <linux/bsearch.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/falloc.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/kexec_handover.h>
#include <linux/kho_waiting.h>
#include <linux/magic.h>
#include <linux/mm.h>
#include <linux/mount.h>
#include <linux/pagemap.h>
#include <linux/sched/signal.h>
#include <linux/shmem_fs.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/time64.h>

#include "kmod/compat/compat.h"
#include "in.h"

/* Between two tries of a lock that somebody may keep for as long as he likes. */
#define LOCK_PAUSE_MS 1

/* --------------------------------------------------------- locks that others may not let go */

/* Return: 0; -EINTR, -ESHUTDOWN: stop trying. */
static int pause_trying(void)
{
	if (fatal_signal_pending(current))
		return -EINTR;
	if (kept_is_jumping())
		return -ESHUTDOWN;
	msleep_interruptible(LOCK_PAUSE_MS);
	return 0;
}

/* Keeps the file system from being frozen. */
static int start_write(struct super_block *sb)
{
	int ret = 0;

	while (!ret && !sb_start_write_trylock(sb))
		ret = pause_trying();
	return ret;
}

static int lock_inode(struct inode *inode)
{
	int ret = 0;

	while (!ret && !inode_trylock(inode))
		ret = pause_trying();
	return ret;
}

/* ------------------------------------------------------------------------------- beginning */

static int in_order(const void *a, const void *b)
{
	u64 x = *(const u64 *)a, y = *(const u64 *)b;

	return x < y ? -1 : x > y;
}

/* Puts the numbers of inodes into @number, as many as fit. Return: how many there are. */
static u64 inode_numbers(struct super_block *sb, const struct inode *but,
			 u64 *number, u64 room)
{
	struct inode *inode;
	u64 nr = 0;

	spin_lock(&sb->s_inode_list_lock);
	list_for_each_entry(inode, &sb->s_inodes, i_sb_list) {
		if (inode == but)
			continue;
		if (nr < room)
			number[nr] = inode->i_ino;
		nr++;
	}
	spin_unlock(&sb->s_inode_list_lock);
	return nr;
}

/* Numbers that what is restored cannot have. */
static int note_others(struct kept_in *t, struct super_block *sb,
		       const struct inode *dir)
{
	u64 room = inode_numbers(sb, dir, NULL, 0), nr;

	for (;;) {
		t->others = kvmalloc_array(room + 1, sizeof(*t->others),
					   GFP_KERNEL | __GFP_NOWARN);
		if (!t->others)
			return -ENOMEM;
		nr = inode_numbers(sb, dir, t->others, room);
		if (nr <= room)
			break;
		kvfree(t->others);
		t->others = NULL;
		room = nr;
	}
	t->nr_others = nr;
	sort(t->others, nr, sizeof(*t->others), in_order, NULL);
	return 0;
}

static int may_restore_into(const struct path *dir)
{
	const struct super_block *sb = dir->dentry->d_sb;

	if (sb->s_magic != TMPFS_MAGIC || strcmp(sb->s_type->name, "tmpfs") ||
	    sb->s_user_ns != &init_user_ns)
		return -EXDEV;
	return d_is_dir(dir->dentry) ? 0 : -ENOTDIR;
}

static bool is_begun_with(const struct kept_in *t, const struct path *dir)
{
	return t->mnt->mnt_sb == dir->dentry->d_sb &&
	       t->mnt->mnt_root == dir->dentry;
}

/* New files would have numbers that files of the tree are to have. */
static void skip_numbers(struct super_block *sb, u64 last)
{
	struct shmem_sb_info *sbinfo = sb->s_fs_info;

	raw_spin_lock(&sbinfo->stat_lock);
	if (sbinfo->next_ino <= last && (last < UINT_MAX || sbinfo->full_inums))
		sbinfo->next_ino = last + 1;
	raw_spin_unlock(&sbinfo->stat_lock);
}

static int begin_with(struct kept_in *t, const struct path *dir, u64 last_inode)
{
	struct vfsmount *mnt;
	int ret = -ENOMEM;

	t->inode = kvcalloc(t->ser.nr_files + 1, sizeof(*t->inode),
			    GFP_KERNEL | __GFP_NOWARN);
	if (!t->inode)
		return ret;
	ret = note_others(t, dir->dentry->d_sb, d_inode(dir->dentry));
	if (ret)
		goto err;
	mnt = clone_private_mount(dir);
	ret = PTR_ERR_OR_ZERO(mnt);
	if (ret)
		goto err;
	t->mnt = mnt;
	/* The highest number there is has none behind it. */
	if (last_inode < S64_MAX)
		skip_numbers(mnt->mnt_sb, last_inode);
	return 0;

err:
	kvfree(t->others);
	kvfree(t->inode);
	t->others = NULL;
	t->inode = NULL;
	return ret;
}

static int begin(struct kept_in *t, const struct path *dir,
		 struct kho_kept_ioctl_begin *arg)
{
	int ret = may_restore_into(dir);

	if (ret)
		return ret;
	guard(mutex)(&t->lock);
	if (kept_is_jumping())
		return -ESHUTDOWN;
	if (t->done)
		return -ENODATA;
	arg->resumed = !!t->mnt;
	if (t->mnt)
		return is_begun_with(t, dir) ? 0 : -ESTALE;
	return begin_with(t, dir, arg->last_inode);
}

/**
 * kept_in_begin() - say which directory a tree is restored into
 * @t: tree
 * @arg: argument of KHO_KEPT_IOCTL_BEGIN
 *
 * Context: may sleep.
 *
 * Return: 0, or as there.
 */
int kept_in_begin(struct kept_in *t, struct kho_kept_ioctl_begin *arg)
{
	struct file *file = fget_raw(arg->dir_fd);
	int ret;

	if (!file)
		return -EBADF;
	ret = begin(t, &file->f_path, arg);
	fput(file);
	return ret;
}

/* --------------------------------------------------------------------- folios into a file */

/* What was taken over last, into the file. Single pages behind its end are not needed. */
static int flush(struct shmem_fill *fill, struct kept_partial *p, u64 end)
{
	int ret;

	while (p->done < p->nr) {
		struct page *page = p->page + p->done;
		u64 index = p->index + p->done;

		if (index >= end && !p->whole) {
			put_page(page);
		} else {
			ret = shmem_fill_add(fill, page_folio(page), index);
			if (ret)
				return ret == -EEXIST ? -ENOTEMPTY : ret;
			if (p->is_bad)
				shmem_fill_break(fill, index);
			if (index + (p->whole ? p->nr : 1) > end)
				fill->reaches_over = true;
		}
		p->done += p->whole ? p->nr : 1;
	}
	p->index += p->nr;
	p->nr = 0;
	p->done = 0;
	p->is_bad = false;
	cond_resched();
	if (kept_is_jumping())
		return -ESHUTDOWN;
	return fatal_signal_pending(current) ? -EINTR : 0;
}

/* One page of an entry whose pages are lost. */
static int make_bad(struct kept_partial *p, u64 entry)
{
	if (!shmem_fill_can_break())
		return -EHWPOISON;
	p->page = alloc_page(GFP_HIGHUSER | __GFP_ZERO | __GFP_NOWARN);
	if (!p->page)
		return -ENOMEM;
	p->whole = false;
	p->is_bad = true;
	p->nr = 1;
	if (++p->run == kho_kept_entry_pages(entry)) {
		p->run = 0;
		p->entry++;
	}
	return 0;
}

static int take_folio(struct kept_partial *p, u64 entry, u64 end)
{
	phys_addr_t phys = kho_kept_entry_value(entry) << PAGE_SHIFT;
	unsigned int order = kho_kept_entry_order(entry);
	struct folio *folio = NULL;

	if (!order || shmem_fill_takes_large())
		folio = kho_restore_cache_folio(phys);
	p->page = folio ? &folio->page : kho_restore_pages(phys, 1UL << order);
	if (!p->page)
		return kho_waiting_bad_op(NULL, phys, order) ?
			       make_bad(p, entry) :
			       -EIO;
	p->whole = folio;
	p->nr = 1UL << order;
	p->entry++;
	return 0;
}

static int take_entry(struct kept_partial *p, u64 entry, u64 end)
{
	switch (kho_kept_entry_kind(entry)) {
	case KHO_KEPT_ENTRY_FOLIO:
		return take_folio(p, entry, end);
	case KHO_KEPT_ENTRY_BAD:
		return make_bad(p, entry);
	default:
		p->index += kho_kept_entry_value(entry);
		p->entry++;
		return 0;
	}
}

static int move_pages_into(const struct kept_in *t, u64 file,
			   struct kept_partial *p, struct shmem_fill *fill)
{
	u64 end = kept_end_index(kept_in_file_size(t, file));
	int ret = flush(fill, p, end);

	while (!ret && p->entry < kept_in_file_end(t, file)) {
		ret = take_entry(p, kept_in_entry(t, p->entry), end);
		if (!ret)
			ret = flush(fill, p, end);
	}
	return ret;
}

/* Pages that are to come into the file, at most. */
static u64 pages_to_come(const struct kept_in *t, u64 file,
			 const struct kept_partial *p)
{
	u64 pages = p->nr - p->done, i;

	for (i = p->entry; i < kept_in_file_end(t, file); i++) {
		u64 entry = kept_in_entry(t, i);

		if (kho_kept_entry_kind(entry) == KHO_KEPT_ENTRY_FOLIO ||
		    kho_kept_entry_kind(entry) == KHO_KEPT_ENTRY_BAD)
			pages += kho_kept_entry_pages(entry);
	}
	return pages - p->run;
}

/* So that reclaim, which may split a folio at any time, takes nothing for behind the end. */
static int set_size(struct kept_partial *p, u64 size)
{
	int ret;

	if (p->is_sized)
		return 0;
	ret = lock_inode(p->inode);
	if (ret)
		return ret;
	i_size_write(p->inode, size);
	inode_unlock(p->inode);
	p->is_sized = true;
	return 0;
}

static int fill_pages(const struct kept_in *t, u64 nr, struct kept_partial *p,
		      struct file *file, struct shmem_promise *promise)
{
	struct shmem_fill fill;
	int ret;

	shmem_fill_begin(&fill, file, promise);
	ret = shmem_fill_reserve(&fill, pages_to_come(t, nr, p));
	if (ret)
		return ret;
	ret = set_size(p, kept_in_file_size(t, nr));
	if (!ret)
		ret = move_pages_into(t, nr, p, &fill);
	shmem_fill_end(&fill);
	p->is_full = !ret;
	return ret;
}

/* What was allocated and not written to is allocated again. */
static int allocate_unwritten(const struct kept_in *t, u64 nr,
			      struct kept_partial *p, struct file *file)
{
	u64 i, index = 0;
	int ret = 0;

	for (i = kept_in_file_first(t, nr); i < kept_in_file_end(t, nr) && !ret;
	     i++) {
		u64 entry = kept_in_entry(t, i);
		u64 pages = kho_kept_entry_pages(entry);

		if (kho_kept_entry_kind(entry) == KHO_KEPT_ENTRY_UNWRITTEN &&
		    i >= p->allocated) {
			if (kept_is_jumping())
				return -ESHUTDOWN;
			ret = vfs_fallocate(file, FALLOC_FL_KEEP_SIZE,
					    index << PAGE_SHIFT,
					    pages << PAGE_SHIFT);
			if (!ret)
				p->allocated = i + 1;
		}
		index += pages;
	}
	return ret;
}

/*
 * The file system is kept from being frozen while pages come in; but not where pages are
 * exchanged: there fallocate() does it, each time.
 */
static int fill_file(const struct kept_in *t, u64 nr, struct kept_partial *p,
		     struct file *file, struct shmem_promise *promise)
{
	const bool keep = shmem_fill_takes_large();
	struct super_block *sb = file_inode(file)->i_sb;
	int ret = 0;

	if (p->is_full)
		return 0;
	if (keep)
		ret = start_write(sb);
	if (ret)
		return ret;
	ret = fill_pages(t, nr, p, file, promise);
	if (keep)
		sb_end_write(sb);
	return ret;
}

/* --------------------------------------------------------------------------------- filling */

static bool is_empty(struct inode *inode)
{
	const struct shmem_inode_info *info = SHMEM_I(inode);

	return !i_size_read(inode) && !inode->i_mapping->nrpages &&
	       !READ_ONCE(info->alloced) && !READ_ONCE(info->swapped);
}

static int may_fill(const struct kept_in *t, u64 nr, struct file *file)
{
	struct inode *inode = file_inode(file);
	int ret = kept_in_is_begun(t);

	if (ret)
		return ret;
	if (nr >= t->ser.nr_files)
		return -EINVAL;
	if (!(file->f_mode & FMODE_WRITE))
		return -EBADF;
	if (inode->i_sb != t->mnt->mnt_sb)
		return -EXDEV;
	if (!S_ISREG(inode->i_mode))
		return -EINVAL;
	if (t->inode[nr])
		return t->inode[nr] == inode ? -EALREADY : -ESTALE;
	return 0;
}

static struct kept_partial *partial_new(struct kept_in *t, u64 nr,
					struct inode *inode)
{
	struct kept_partial *p;
	int ret;

	if (!is_empty(inode))
		return ERR_PTR(-ENOTEMPTY);
	p = kzalloc(sizeof(*p), GFP_KERNEL);
	if (!p)
		return ERR_PTR(-ENOMEM);
	ret = xa_err(xa_store(&t->partials, nr, p, GFP_KERNEL));
	if (ret) {
		kfree(p);
		return ERR_PTR(ret);
	}
	ihold(inode);
	p->inode = inode;
	p->entry = kept_in_file_first(t, nr);
	return p;
}

/* Begins, or goes on, with a file. The lock is held. */
static struct kept_partial *partial_get(struct kept_in *t, u64 nr,
					struct file *file)
{
	struct kept_partial *p;
	int ret = may_fill(t, nr, file);

	if (ret)
		return ERR_PTR(ret);
	p = xa_load(&t->partials, nr);
	if (!p)
		p = partial_new(t, nr, file_inode(file));
	else if (p->inode != file_inode(file))
		p = ERR_PTR(-ESTALE);
	else if (p->busy)
		p = ERR_PTR(-EBUSY);
	if (IS_ERR(p))
		return p;
	p->busy = true;
	t->nr_busy++;
	return p;
}

/* Return: a reference that is to be given back, or NULL. The lock is held. */
static struct inode *partial_put(struct kept_in *t, u64 nr,
				 struct kept_partial *p, int err)
{
	struct inode *inode = p->inode;

	p->busy = false;
	/* Nothing of the file was changed: it need not be this one. */
	if (err && p->is_sized)
		return NULL;
	xa_erase(&t->partials, nr);
	kfree(p);
	if (err)
		return inode;
	t->inode[nr] = inode;
	WRITE_ONCE(t->nr_filled, t->nr_filled + 1);
	return NULL;
}

static struct shmem_promise promise_take(struct kept_in *t)
{
	return t->nr_promises ? t->promises[--t->nr_promises] :
				(struct shmem_promise){};
}

/* Return: it is kept for the next file. */
static bool promise_give(struct kept_in *t, const struct shmem_promise *promise)
{
	if (t->nr_promises == ARRAY_SIZE(t->promises))
		return false;
	t->promises[t->nr_promises++] = *promise;
	return true;
}

static void end_stay(struct kept_in *t)
{
	guard(mutex)(&t->lock);
	t->nr_busy--;
}

static int fill(struct kept_in *t, u64 nr, struct file *file)
{
	struct shmem_promise promise;
	struct kept_partial *p;
	struct inode *inode;
	bool kept;
	int ret;

	mutex_lock(&t->lock);
	p = partial_get(t, nr, file);
	if (!IS_ERR(p))
		promise = promise_take(t);
	mutex_unlock(&t->lock);
	if (IS_ERR(p))
		return PTR_ERR(p);

	ret = fill_file(t, nr, p, file, &promise);
	/* What comes now may wait for a file system that is frozen, and a jump need not. */
	end_stay(t);
	if (!ret)
		ret = allocate_unwritten(t, nr, p, file);

	mutex_lock(&t->lock);
	inode = partial_put(t, nr, p, ret);
	kept = promise_give(t, &promise);
	mutex_unlock(&t->lock);
	if (!kept)
		shmem_promise_end(&promise);
	iput(inode);
	return ret;
}

/**
 * kept_in_fill() - move the contents of a file into a file
 * @t: tree
 * @arg: argument of KHO_KEPT_IOCTL_FILL
 *
 * Context: may sleep; others may fill other files at the same time.
 *
 * Return: 0, or as there.
 */
int kept_in_fill(struct kept_in *t, const struct kho_kept_ioctl_fill *arg)
{
	struct file *file = fget(arg->fd);
	int ret;

	if (!file)
		return -EBADF;
	ret = fill(t, arg->file, file);
	fput(file);
	return ret;
}

/* ----------------------------------------------------------- what system calls cannot set */

static bool is_others(const struct kept_in *t, u64 number)
{
	return bsearch(&number, t->others, t->nr_others, sizeof(number),
		       in_order);
}

/* New inodes get higher numbers from now on. */
static int set_number(struct inode *inode, u64 number)
{
	struct shmem_sb_info *sbinfo = inode->i_sb->s_fs_info;
	int ret = 0;

	raw_spin_lock(&sbinfo->stat_lock);
	if (number > UINT_MAX && !sbinfo->full_inums) {
		ret = -EOVERFLOW;
	} else {
		inode->i_ino = number;
		if (sbinfo->next_ino <= number)
			sbinfo->next_ino = number + 1;
	}
	raw_spin_unlock(&sbinfo->stat_lock);
	return ret;
}

static int stamp_locked(const struct kept_in *t, struct inode *inode,
			const struct kho_kept_ioctl_stamp *arg)
{
	bool number = arg->flags & KHO_KEPT_STAMP_INODE &&
		      inode->i_ino != arg->inode;
	int ret = 0;

	/* The number of an inode that is in a table of numbers cannot be changed. */
	if (number && (is_others(t, arg->inode) || !inode_unhashed(inode)))
		return -EEXIST;
	if (number)
		ret = set_number(inode, arg->inode);
	if (arg->flags & KHO_KEPT_STAMP_CTIME)
		kho_compat_set_ctime(inode,
				     (struct timespec64){ arg->ctime_sec,
							  arg->ctime_nsec });
	if (arg->flags & KHO_KEPT_STAMP_BTIME)
		SHMEM_I(inode)->i_crtime =
			(struct timespec64){ arg->btime_sec, arg->btime_nsec };
	return ret;
}

static int stamp_inode(const struct kept_in *t, struct inode *inode,
		       const struct kho_kept_ioctl_stamp *arg)
{
	int ret;

	if (inode->i_sb != t->mnt->mnt_sb)
		return -EXDEV;
	ret = start_write(inode->i_sb);
	if (ret)
		return ret;
	ret = lock_inode(inode);
	if (!ret) {
		ret = stamp_locked(t, inode, arg);
		inode_unlock(inode);
	}
	sb_end_write(inode->i_sb);
	return ret;
}

/* While a file is busy the tree cannot be done, nor handed on. */
static int stay_begun(struct kept_in *t)
{
	int ret;

	guard(mutex)(&t->lock);
	ret = kept_in_is_begun(t);
	if (!ret)
		t->nr_busy++;
	return ret;
}

static bool is_sane(const struct kho_kept_ioctl_stamp *arg)
{
	if (arg->flags & KHO_KEPT_STAMP_INODE && !arg->inode)
		return false;
	return arg->ctime_nsec < NSEC_PER_SEC && arg->btime_nsec < NSEC_PER_SEC;
}

/**
 * kept_in_stamp() - set what no system call can set
 * @t: tree
 * @arg: argument of KHO_KEPT_IOCTL_STAMP
 *
 * Context: may sleep.
 *
 * Return: 0, or as there.
 */
int kept_in_stamp(struct kept_in *t, const struct kho_kept_ioctl_stamp *arg)
{
	struct file *file;
	int ret;

	if (!is_sane(arg))
		return -EINVAL;
	file = fget_raw(arg->fd);
	if (!file)
		return -EBADF;
	ret = stay_begun(t);
	if (!ret) {
		ret = stamp_inode(t, file_inode(file), arg);
		end_stay(t);
	}
	fput(file);
	return ret;
}

/* --------------------------------------------------------------------------------- the end */

static void drop_taken(struct kept_partial *p)
{
	if (p->whole && p->nr)
		put_page(p->page);
	else
		for (; p->done < p->nr; p->done++)
			put_page(p->page + p->done);
	p->nr = 0;
	p->done = 0;
}

/**
 * kept_in_forget_files() - let go of the files that were filled
 * @t: tree that nobody uses any more
 *
 * Context: may sleep.
 */
void kept_in_forget_files(struct kept_in *t)
{
	struct kept_partial *p;
	unsigned long nr;
	u64 i;

	xa_for_each(&t->partials, nr, p) {
		xa_erase(&t->partials, nr);
		drop_taken(p);
		iput(p->inode);
		kfree(p);
	}
	for (i = 0; t->inode && i < t->ser.nr_files; i++)
		iput(t->inode[i]);
	kvfree(t->inode);
	kvfree(t->others);
	t->inode = NULL;
	t->others = NULL;
	/* The other one will end it. */
	if (t->shares_mnt)
		mntput(t->mnt);
	else if (t->mnt)
		kern_unmount(t->mnt);
	t->mnt = NULL;
}

static void drop_folio(u64 entry)
{
	unsigned long i, nr = 1UL << kho_kept_entry_order(entry);
	struct page *page = kho_restore_pages(
		kho_kept_entry_value(entry) << PAGE_SHIFT, nr);

	for (i = 0; page && i < nr; i++)
		put_page(page + i);
}

/**
 * kept_in_drop_files() - give back what waits to be filled into files
 * @t: tree that nobody uses any more
 *
 * Context: may sleep.
 */
void kept_in_drop_files(struct kept_in *t)
{
	u64 i;

	/* What was taken over already is not there any more. */
	for (i = 0; i < t->ser.nr_entries; i++) {
		u64 entry = kept_in_entry(t, i);

		if (kho_kept_entry_kind(entry) == KHO_KEPT_ENTRY_FOLIO)
			drop_folio(entry);
		if (!(i % 64))
			cond_resched();
	}
}
