// SPDX-License-Identifier: GPL-2.0
/*
 * The descriptor of a tree that came in: what KHO_KEPT_IOCTL_OPEN gives, see <linux/kho_kept.h>.
 */

#include <linux/anon_inodes.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/uaccess.h>

#include "in.h"
#include "kmod/kho.h"

/* Any argument; each begins with its size and flags. */
union tree_arg {
	struct {
		u32 size;
		u32 flags;
	};
	struct kho_kept_ioctl_begin begin;
	struct kho_kept_ioctl_fill fill;
	struct kho_kept_ioctl_stamp stamp;
	struct kho_kept_ioctl_peek peek;
	struct kho_kept_ioctl_done done;
};

/**
 * struct tree_ioctl - one ioctl
 * @cmd: its number
 * @bytes: size of its struct
 * @flags: that it knows
 * @run: does it
 */
struct tree_ioctl {
	unsigned int cmd;
	u32 bytes;
	u32 flags;
	int (*run)(struct kept_in *t, union tree_arg *arg);
};

static int do_begin(struct kept_in *t, union tree_arg *arg)
{
	return kept_in_begin(t, &arg->begin);
}

static int do_fill(struct kept_in *t, union tree_arg *arg)
{
	return arg->fill.reserved ? -EINVAL : kept_in_fill(t, &arg->fill);
}

static int do_stamp(struct kept_in *t, union tree_arg *arg)
{
	return arg->stamp.reserved ? -EINVAL : kept_in_stamp(t, &arg->stamp);
}

static int do_peek(struct kept_in *t, union tree_arg *arg)
{
	return kept_in_peek(t, &arg->peek);
}

static int do_done(struct kept_in *t, union tree_arg *arg)
{
	return arg->done.flags & KHO_KEPT_DONE_KEEP ?
		       kept_tree_keep_restored(t) :
		       kept_in_done(t, false);
}

static const struct tree_ioctl ioctls[] = {
	{ KHO_KEPT_IOCTL_BEGIN, sizeof(struct kho_kept_ioctl_begin), 0,
	  do_begin },
	{ KHO_KEPT_IOCTL_FILL, sizeof(struct kho_kept_ioctl_fill), 0, do_fill },
	{ KHO_KEPT_IOCTL_STAMP, sizeof(struct kho_kept_ioctl_stamp),
	  KHO_KEPT_STAMP_INODE | KHO_KEPT_STAMP_CTIME | KHO_KEPT_STAMP_BTIME,
	  do_stamp },
	{ KHO_KEPT_IOCTL_PEEK, sizeof(struct kho_kept_ioctl_peek), 0, do_peek },
	{ KHO_KEPT_IOCTL_DONE, sizeof(struct kho_kept_ioctl_done),
	  KHO_KEPT_DONE_KEEP, do_done },
};

static long run(struct kept_in *t, const struct tree_ioctl *op,
		void __user *user)
{
	union tree_arg arg = {};
	u32 bytes;
	int ret;

	if (get_user(bytes, (u32 __user *)user))
		return -EFAULT;
	ret = kho_ioctl_get(&arg, op->bytes, op->bytes, user, bytes);
	if (ret)
		return ret;
	if (arg.flags & ~op->flags)
		return -EINVAL;
	ret = op->run(t, &arg);
	if (ret)
		return ret;
	return kho_ioctl_put(user, bytes, &arg, op->bytes);
}

static long tree_ioctl(struct file *file, unsigned int cmd, unsigned long user)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(ioctls); i++)
		if (ioctls[i].cmd == cmd)
			return run(file->private_data, &ioctls[i],
				   (void __user *)user);
	return -ENOTTY;
}

static ssize_t tree_read(struct file *file, char __user *to, size_t bytes,
			 loff_t *pos)
{
	return kept_in_read(file->private_data, to, bytes, pos);
}

static loff_t tree_llseek(struct file *file, loff_t offset, int whence)
{
	const struct kept_in *t = file->private_data;

	return fixed_size_llseek(file, offset, whence, t->ser.record_bytes);
}

static void close_tree(struct kept_in *t)
{
	bool gone;

	mutex_lock(&kept_in_lock);
	t->open = false;
	gone = list_empty(&t->list);
	mutex_unlock(&kept_in_lock);
	if (gone)
		kept_in_free(t);
}

static int tree_release(struct inode *inode, struct file *file)
{
	/* NULL: it never reached user space. */
	if (file->private_data)
		close_tree(file->private_data);
	return 0;
}

static const struct file_operations tree_fops = {
	.owner = THIS_MODULE,
	.read = tree_read,
	.llseek = tree_llseek,
	.unlocked_ioctl = tree_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.release = tree_release,
};

/* Finds a tree that can be opened, and opens it. */
static struct kept_in *open_tree(const char *name)
{
	struct kept_in *t;
	int ret;

	guard(mutex)(&kept_in_lock);
	if (kept_is_jumping())
		return ERR_PTR(-ESHUTDOWN);
	t = kept_in_find(name);
	if (!t)
		return ERR_PTR(-ENOENT);
	if (t->open)
		return ERR_PTR(-EBUSY);
	if (t->state == KHO_KEPT_STATE_LOST)
		return ERR_PTR(-ENODATA);
	if (t->state == KHO_KEPT_STATE_REFUSED)
		return ERR_PTR(-EBADMSG);
	ret = kept_in_try_read(t);
	if (ret)
		return ERR_PTR(ret);
	t->open = true;
	return t;
}

static void describe(const struct kept_in *t, struct kho_kept_ioctl_open *arg)
{
	arg->state = t->mnt ? KHO_KEPT_STATE_BEGUN : KHO_KEPT_STATE_WAITING;
	arg->nr_records = t->ser.nr_records;
	arg->record_bytes = t->ser.record_bytes;
	arg->nr_files = t->ser.nr_files;
	arg->nr_pages = t->ser.nr_pages;
	arg->kept_ns = t->ser.kept_ns;
	arg->fs_blocks = t->ser.fs_blocks;
	arg->fs_inodes = t->ser.fs_inodes;
	arg->fs_flags = t->ser.fs_flags;
	arg->fs_huge = t->ser.fs_huge;
}

/**
 * kept_in_open() - make a descriptor of a tree
 * @arg: argument of KHO_KEPT_IOCTL_OPEN
 * @user: where it came from, and where results go
 *
 * Context: may sleep.
 *
 * Return: 0, or as there.
 */
int kept_in_open(struct kho_kept_ioctl_open *arg, void __user *user)
{
	struct kept_in *t;
	struct file *file;
	int fd, ret;

	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0)
		return fd;
	t = open_tree(arg->name);
	ret = PTR_ERR_OR_ZERO(t);
	if (ret)
		goto err_fd;
	file = anon_inode_getfile("[kho-kept]", &tree_fops, t, O_RDONLY);
	ret = PTR_ERR_OR_ZERO(file);
	if (ret)
		goto err_tree;
	file->f_mode |= FMODE_LSEEK | FMODE_PREAD;
	describe(t, arg);
	arg->fd = fd;
	if (copy_to_user(user, arg, sizeof(*arg))) {
		ret = -EFAULT;
		goto err_file;
	}
	fd_install(fd, file);
	return 0;

err_file:
	file->private_data = NULL;
	fput(file);
err_tree:
	close_tree(t);
err_fd:
	put_unused_fd(fd);
	return ret;
}
