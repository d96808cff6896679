// SPDX-License-Identifier: GPL-2.0
/* /dev/kho-kept: the contract is <linux/kho_kept.h>. */

#include <linux/capability.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mount.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "kept/kept.h"
#include "kmod/kho.h"

/* Any argument; each begins with its size. */
union kept_arg {
	u32 size;
	struct kho_kept_ioctl_keep keep;
	struct kho_kept_ioctl_forget forget;
	struct kho_kept_ioctl_list list;
	struct kho_kept_ioctl_estimate estimate;
	struct kho_kept_ioctl_open open;
	struct kho_kept_ioctl_drop drop;
	struct kho_kept_ioctl_hold hold;
};

/**
 * struct kept_ioctl - one ioctl
 * @cmd: its number
 * @bytes: size of its struct
 * @least: size of the struct in its first version
 * @run: does it; @user: where the struct came from
 * @replies: its struct is given back; @run has not done so
 */
struct kept_ioctl {
	unsigned int cmd;
	u32 bytes;
	u32 least;
	int (*run)(union kept_arg *arg, void __user *user);
	bool replies;
};

static_assert(KHO_KEPT_NAME_SIZE == KHO_KEPT_TREE_NAME_SIZE);
static_assert(KHO_KEPT_REASON_SIZE == KHO_KEPT_WHY_SIZE);

/* A name that is a string, with nothing behind it that the next kernel would see. */
static bool take_name(char *name)
{
	size_t bytes = strnlen(name, KHO_KEPT_NAME_SIZE);

	if (!bytes || bytes == KHO_KEPT_NAME_SIZE)
		return false;
	memset(name + bytes, 0, KHO_KEPT_NAME_SIZE - bytes);
	return true;
}

static int do_keep(union kept_arg *arg, void __user *user)
{
	if (arg->keep.flags || arg->keep.reserved || !take_name(arg->keep.name))
		return -EINVAL;
	return kept_tree_keep(&arg->keep);
}

static int do_forget(union kept_arg *arg, void __user *user)
{
	if (arg->forget.flags || !take_name(arg->forget.name))
		return -EINVAL;
	return kept_tree_forget(arg->forget.name);
}

static int do_list(union kept_arg *arg, void __user *user)
{
	const u32 size = arg->list.size, flags = arg->list.flags,
		  index = arg->list.index;

	if (flags & ~KHO_KEPT_LIST_INCOMING)
		return -EINVAL;
	arg->list = (struct kho_kept_ioctl_list){
		.size = size,
		.flags = flags,
		.index = index,
	};
	return flags ? kept_in_list(&arg->list) : kept_tree_list(&arg->list);
}

static int do_estimate(union kept_arg *arg, void __user *user)
{
	struct kho_kept_ioctl_estimate e = { .size = arg->estimate.size };

	if (arg->estimate.flags || !take_name(arg->estimate.name))
		return -EINVAL;
	memcpy(e.name, arg->estimate.name, sizeof(e.name));
	arg->estimate = e;
	return kept_estimate(&arg->estimate);
}

static int do_open(union kept_arg *arg, void __user *user)
{
	if (arg->open.flags || !take_name(arg->open.name))
		return -EINVAL;
	return kept_in_open(&arg->open, user);
}

static int do_drop(union kept_arg *arg, void __user *user)
{
	if (arg->drop.flags || !take_name(arg->drop.name))
		return -EINVAL;
	return kept_in_drop(arg->drop.name);
}

static int hold_all(struct kho_kept_ioctl_hold *hold)
{
	struct kept_tree *t;
	int ret = 0;
	u32 i;

	for (i = 0; !ret && (t = kept_tree_get_nth(i)); i++) {
		ret = kept_ahead_hold(t->mnt->mnt_root, hold);
		kept_tree_put(t);
	}
	return ret;
}

static int do_hold(union kept_arg *arg, void __user *user)
{
	struct kho_kept_ioctl_hold *hold = &arg->hold;

	if (hold->flags & ~KHO_KEPT_HOLD_LET_GO)
		return -EINVAL;
	hold->nr_files = 0;
	hold->nr_pages = 0;
	if (!hold->flags)
		return hold_all(hold);
	if (hold->least_bytes)
		return -EINVAL;
	kept_ahead_let_go(NULL);
	return 0;
}

#define KEPT_IOCTL(_cmd, _type, _run, _replies)               \
	{                                                     \
		.cmd = (_cmd), .bytes = sizeof(struct _type), \
		.least = sizeof(struct _type), .run = (_run), \
		.replies = (_replies),                        \
	}

static const struct kept_ioctl ioctls[] = {
	KEPT_IOCTL(KHO_KEPT_IOCTL_KEEP, kho_kept_ioctl_keep, do_keep, false),
	KEPT_IOCTL(KHO_KEPT_IOCTL_FORGET, kho_kept_ioctl_forget, do_forget,
		   false),
	KEPT_IOCTL(KHO_KEPT_IOCTL_LIST, kho_kept_ioctl_list, do_list, true),
	KEPT_IOCTL(KHO_KEPT_IOCTL_ESTIMATE, kho_kept_ioctl_estimate,
		   do_estimate, true),
	KEPT_IOCTL(KHO_KEPT_IOCTL_OPEN, kho_kept_ioctl_open, do_open, false),
	KEPT_IOCTL(KHO_KEPT_IOCTL_DROP, kho_kept_ioctl_drop, do_drop, false),
	KEPT_IOCTL(KHO_KEPT_IOCTL_HOLD, kho_kept_ioctl_hold, do_hold, true),
};

static const struct kept_ioctl *find(unsigned int cmd)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ioctls); i++)
		if (ioctls[i].cmd == cmd)
			return &ioctls[i];
	return NULL;
}

static int run(const struct kept_ioctl *op, union kept_arg *arg,
	       void __user *user, u32 bytes)
{
	int ret = kho_ioctl_get(arg, op->bytes, op->least, user, bytes);

	if (!ret)
		ret = op->run(arg, user);
	if (ret || !op->replies)
		return ret;
	return kho_ioctl_put(user, bytes, arg, op->bytes);
}

static long dev_ioctl(struct file *file, unsigned int cmd, unsigned long user)
{
	const struct kept_ioctl *op = find(cmd);
	union kept_arg *arg;
	u32 bytes;
	int ret;

	if (!op)
		return -ENOTTY;
	if (get_user(bytes, (u32 __user *)user))
		return -EFAULT;
	/* One of them has a path. */
	arg = kzalloc(sizeof(*arg), GFP_KERNEL);
	if (!arg)
		return -ENOMEM;
	ret = run(op, arg, (void __user *)user, bytes);
	kfree(arg);
	return ret;
}

static int dev_open(struct inode *inode, struct file *file)
{
	return capable(CAP_SYS_ADMIN) ? nonseekable_open(inode, file) : -EPERM;
}

static const struct file_operations dev_fops = {
	.owner = THIS_MODULE,
	.open = dev_open,
	.unlocked_ioctl = dev_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.llseek = noop_llseek,
};

static struct miscdevice dev = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "kho-kept",
	.fops = &dev_fops,
	.mode = 0600,
};

/**
 * kept_dev_init() - make /dev/kho-kept
 *
 * Return: 0 or an error of the device model.
 */
int kept_dev_init(void)
{
	return misc_register(&dev);
}

/**
 * kept_dev_exit() - remove /dev/kho-kept; no file of it is open
 */
void kept_dev_exit(void)
{
	misc_deregister(&dev);
}
