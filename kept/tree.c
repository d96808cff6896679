// SPDX-License-Identifier: GPL-2.0
/*
 * Directories that are kept. Each has a private mount: nobody sees it, and the file system stays,
 * with all that is in it, also if it is unmounted everywhere else.
 *
 * The list is locked for looking and for changing it, never for what waits for somebody. At the
 * last moment it is locked for good.
 */

#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/fs_struct.h>
#include <linux/kexec_handover.h>
#include <linux/magic.h>
#include <linux/module.h>
#include <linux/mount.h>
#include <linux/mutex.h>
#include <linux/path.h>
#include <linux/pid_namespace.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/statfs.h>
#include <linux/string.h>
#include <linux/timekeeping.h>

#include "kept/kept.h"

/* How long the list is tried to lock at the last moment: an allocation may go on under it. */
#define LOCK_WAIT (10 * HZ)

static LIST_HEAD(trees);
static unsigned int nr_trees;
static DEFINE_MUTEX(trees_lock);

static struct kept_tree *find(const char *name)
{
	struct kept_tree *t;

	list_for_each_entry(t, &trees, list)
		if (!strcmp(t->name, name))
			return t;
	return NULL;
}

/* ------------------------------------------------------------------------------------ keeping */

/* Is this what init has as its root? The next kernel needs one before trees are restored. */
static bool is_root(const struct super_block *sb)
{
	struct task_struct *init = init_pid_ns.child_reaper;
	struct path root = {};
	bool is;

	task_lock(init);
	if (init->fs)
		get_fs_root(init->fs, &root);
	task_unlock(init);
	is = root.mnt && root.mnt->mnt_sb == sb;
	path_put(&root);
	return is;
}

static int may_keep(const struct path *path)
{
	const struct super_block *sb = path->dentry->d_sb;

	if (!d_is_dir(path->dentry))
		return -ENOTDIR;
	if (sb->s_magic != TMPFS_MAGIC || strcmp(sb->s_type->name, "tmpfs") ||
	    is_root(sb))
		return -EXDEV;
	return sb->s_user_ns == &init_user_ns ? 0 : -EPERM;
}

static bool overlaps(const struct dentry *a, const struct dentry *b)
{
	return a->d_sb == b->d_sb &&
	       (is_subdir((struct dentry *)a, (struct dentry *)b) ||
		is_subdir((struct dentry *)b, (struct dentry *)a));
}

/* Under trees_lock. */
static int may_add(const struct kept_tree *new)
{
	const struct dentry *root = new->mnt->mnt_root;
	struct kept_tree *t = find(new->name);

	if (kept_is_jumping())
		return -ESHUTDOWN;
	if (t)
		return t->mnt->mnt_root == root ? -EALREADY : -EEXIST;
	list_for_each_entry(t, &trees, list)
		if (overlaps(t->mnt->mnt_root, root))
			return -EBUSY;
	return nr_trees < KHO_KEPT_TREES_MAX ? 0 : -ENOSPC;
}

/* Under trees_lock. */
static void enter(struct kept_tree *t)
{
	list_add_tail(&t->list, &trees);
	WRITE_ONCE(nr_trees, nr_trees + 1);
	__module_get(THIS_MODULE);
}

static int add(struct kept_tree *t)
{
	int ret;

	guard(mutex)(&trees_lock);
	ret = may_add(t);
	if (!ret)
		enter(t);
	return ret;
}

/* Without a mount. */
static struct kept_tree *new_tree(const char *name)
{
	struct kept_tree *t = kzalloc(sizeof(*t), GFP_KERNEL);

	if (!t)
		return NULL;
	kref_init(&t->refs);
	t->kept_ns = ktime_get_real_ns();
	strscpy(t->name, name, sizeof(t->name));
	return t;
}

static struct vfsmount *clone(int fd)
{
	struct vfsmount *mnt;
	struct file *file = fget_raw(fd);
	int ret;

	if (!file)
		return ERR_PTR(-EBADF);
	ret = may_keep(&file->f_path);
	mnt = ret ? ERR_PTR(ret) : clone_private_mount(&file->f_path);
	fput(file);
	/* A mount that this mount namespace does not have. */
	return mnt == ERR_PTR(-EINVAL) ? ERR_PTR(-EPERM) : mnt;
}

/**
 * kept_tree_keep() - have a directory handed over
 * @arg: the ioctl's; its name is a string and not empty
 *
 * Context: may sleep.
 *
 * Return: 0, or an error of <linux/kho_kept.h>.
 */
int kept_tree_keep(const struct kho_kept_ioctl_keep *arg)
{
	struct kept_tree *t;
	int ret;

	if (!kho_is_enabled())
		return -EOPNOTSUPP;
	t = new_tree(arg->name);
	if (!t)
		return -ENOMEM;
	t->mnt = clone(arg->dir_fd);
	ret = PTR_ERR_OR_ZERO(t->mnt);
	/* Two of one name could not be told apart in the next kernel; none comes in any more. */
	if (!ret && kept_in_has(t->name))
		ret = -EEXIST;
	if (!ret)
		ret = add(t);
	if (ret)
		kept_tree_put(t);
	return ret;
}

/* Under trees_lock. The mount that the directory was restored by is that of @t, too. */
static int take_over(struct kept_tree *t, struct kept_in *in)
{
	struct path path = { .mnt = kept_in_mnt(in) };
	int ret;

	if (IS_ERR(path.mnt))
		return PTR_ERR(path.mnt);
	path.dentry = path.mnt->mnt_root;
	t->mnt = path.mnt;
	ret = may_keep(&path);
	if (!ret)
		ret = may_add(t);
	return ret ?: kept_in_done(in, true);
}

/**
 * kept_tree_keep_restored() - a tree is restored, and its directory is kept in the same moment
 * @in: tree
 *
 * At no time is it neither of both: a jump hands over the one or the other.
 *
 * Context: may sleep.
 *
 * Return: 0, or an error of kept_in_done() or kept_tree_keep().
 */
int kept_tree_keep_restored(struct kept_in *in)
{
	struct kept_tree *t = new_tree(kept_in_name(in));
	int ret;

	if (!t)
		return -ENOMEM;
	mutex_lock(&trees_lock);
	ret = take_over(t, in);
	if (!ret)
		enter(t);
	mutex_unlock(&trees_lock);
	if (ret)
		kfree(t);
	return ret;
}

static void tree_free(struct kref *refs)
{
	struct kept_tree *t = container_of(refs, struct kept_tree, refs);

	/* Whoever held its pages has let go of the tree by now. */
	if (!IS_ERR_OR_NULL(t->mnt))
		kept_ahead_let_go(t->mnt->mnt_sb);
	kern_unmount(t->mnt);
	kfree(t);
}

/**
 * kept_tree_put() - let go of a tree
 * @t: tree
 *
 * Context: may sleep.
 */
void kept_tree_put(struct kept_tree *t)
{
	kref_put(&t->refs, tree_free);
}

static struct kept_tree *take_off(const char *name)
{
	struct kept_tree *t;

	guard(mutex)(&trees_lock);
	if (kept_is_jumping())
		return ERR_PTR(-ESHUTDOWN);
	t = find(name);
	if (!t)
		return ERR_PTR(-ENOENT);
	list_del(&t->list);
	WRITE_ONCE(nr_trees, nr_trees - 1);
	return t;
}

/**
 * kept_tree_forget() - do not have a directory handed over after all
 * @name: of the tree
 *
 * Context: may sleep.
 *
 * Return: 0, -ENOENT, -ESHUTDOWN.
 */
int kept_tree_forget(const char *name)
{
	struct kept_tree *t = take_off(name);

	if (IS_ERR(t))
		return PTR_ERR(t);
	kept_tree_put(t);
	module_put(THIS_MODULE);
	return 0;
}

/* ------------------------------------------------------------------------------------ looking */

/**
 * kept_tree_get() - find a tree
 * @name: of it
 *
 * Context: may sleep.
 *
 * Return: it, with a reference; or NULL.
 */
struct kept_tree *kept_tree_get(const char *name)
{
	struct kept_tree *t;

	guard(mutex)(&trees_lock);
	t = find(name);
	if (t)
		kref_get(&t->refs);
	return t;
}

/**
 * kept_tree_get_nth() - get a tree by its place
 * @index: of it, from 0
 *
 * Context: may sleep.
 *
 * Return: it, with a reference; NULL: there are not so many.
 */
struct kept_tree *kept_tree_get_nth(u32 index)
{
	struct kept_tree *t;

	guard(mutex)(&trees_lock);
	list_for_each_entry(t, &trees, list)
		if (!index--) {
			kref_get(&t->refs);
			return t;
		}
	return NULL;
}

static void describe(const struct kept_tree *t, struct kho_kept_ioctl_list *arg)
{
	const struct path path = { .mnt = t->mnt, .dentry = t->mnt->mnt_root };
	struct kstatfs st = {};
	char *at;

	arg->state = KHO_KEPT_STATE_KEPT;
	arg->dev_major = MAJOR(t->mnt->mnt_sb->s_dev);
	arg->dev_minor = MINOR(t->mnt->mnt_sb->s_dev);
	if (!vfs_statfs(&path, &st)) {
		arg->nr_records = st.f_files - st.f_ffree;
		arg->bytes = (st.f_blocks - st.f_bfree) * st.f_bsize;
	}
	arg->kept_ns = t->kept_ns;
	strscpy(arg->name, t->name, sizeof(arg->name));
	at = dentry_path_raw(path.dentry, arg->path, sizeof(arg->path));
	if (IS_ERR(at))
		arg->path[0] = 0;
	else
		memmove(arg->path, at, strlen(at) + 1);
}

/**
 * kept_tree_list() - describe a tree that is kept
 * @arg: the ioctl's; zeroed but for what asks
 *
 * Context: may sleep.
 *
 * Return: 0, -ENOENT.
 */
int kept_tree_list(struct kho_kept_ioctl_list *arg)
{
	struct kept_tree *t = kept_tree_get_nth(arg->index);
	size_t used;

	if (!t)
		return -ENOENT;
	describe(t, arg);
	/* What is behind the path is what was before it. */
	used = strlen(arg->path);
	memset(arg->path + used, 0, sizeof(arg->path) - used);
	kept_tree_put(t);
	return 0;
}

/* Is the file system of @t also that of a tree before it? Under trees_lock. */
static bool was_counted(const struct kept_tree *t)
{
	struct kept_tree *other;

	list_for_each_entry(other, &trees, list) {
		if (other == t)
			return false;
		if (other->mnt->mnt_sb == t->mnt->mnt_sb)
			return true;
	}
	return false;
}

static u64 bytes_of_all(void)
{
	struct kept_tree *t;
	u64 bytes = 0;

	list_for_each_entry(t, &trees, list) {
		const struct path path = {
			.mnt = t->mnt,
			.dentry = t->mnt->mnt_root,
		};
		struct kstatfs st;

		if (!was_counted(t) && !vfs_statfs(&path, &st))
			bytes += (st.f_blocks - st.f_bfree) * st.f_bsize;
	}
	return bytes;
}

/**
 * kept_trees_count() - how many trees are kept, and how much is in their file systems?
 * @nr: filled
 * @bytes: filled; while somebody changes the list with what it was the last time
 *
 * Context: may sleep, but waits for nobody: see kho_holders_register().
 */
void kept_trees_count(u32 *nr, u64 *bytes)
{
	static u64 last;

	*nr = READ_ONCE(nr_trees);
	if (mutex_trylock(&trees_lock)) {
		WRITE_ONCE(last, bytes_of_all());
		mutex_unlock(&trees_lock);
	}
	*bytes = READ_ONCE(last);
}

/* ------------------------------------------------------------------------------ last moment */

/**
 * kept_trees_close() - let nobody keep and forget any more, until the machine jumps
 *
 * Context: may sleep; kept_is_jumping().
 *
 * Return: false: somebody has the list, and that does not end.
 */
bool kept_trees_close(void)
{
	return kept_lock_for_good(&trees_lock, LOCK_WAIT);
}

/**
 * kept_tree_after() - go through the trees
 * @t: one of them, or NULL
 *
 * Context: kept_trees_close() succeeded.
 *
 * Return: the one after it, or the first; NULL: there is none.
 */
struct kept_tree *kept_tree_after(struct kept_tree *t)
{
	struct list_head *next = t ? t->list.next : trees.next;

	return next == &trees ? NULL : list_entry(next, struct kept_tree, list);
}
