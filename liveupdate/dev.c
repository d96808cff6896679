// SPDX-License-Identifier: GPL-2.0
/* /dev/liveupdate and the files of sessions: the contract is <linux/liveupdate.h>. */

#include <linux/anon_inodes.h>
#include <linux/atomic.h>
#include <linux/dcache.h>
#include <linux/debugfs.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include <linux/uaccess.h>

#include "luo.h"

/* Any argument; each begins with its size. */
union luo_arg {
	u32 size;
	struct liveupdate_ioctl_create_session create;
	struct liveupdate_ioctl_retrieve_session retrieve;
	struct liveupdate_session_preserve_fd preserve_fd;
	struct liveupdate_session_retrieve_fd retrieve_fd;
	struct liveupdate_session_finish finish;
	struct liveupdate_session_get_name get_name;
};

/* Which sessions an ioctl is for. */
enum luo_direction { OUTGOING = 1, INCOMING = 2, BOTH = 3 };

/**
 * struct luo_ioctl - one ioctl
 * @cmd: all of its number
 * @bytes: size of its struct
 * @direction: sessions it is for
 * @run: does it; gives results with reply()
 */
struct luo_ioctl {
	unsigned int cmd;
	u32 bytes;
	enum luo_direction direction;
	int (*run)(struct luo_session *s, union luo_arg *arg, void __user *user,
		   u32 bytes);
};

static atomic_t device_is_open = ATOMIC_INIT(0);

static int reply(void __user *user, u32 user_bytes, const void *from, u32 bytes)
{
	return copy_to_user(user, from, min(user_bytes, bytes)) ? -EFAULT : 0;
}

/*
 * The order of checks is upstream's: number, size readable, whole command, direction, size, what
 * is behind the part that is known.
 */
static long run_ioctl(struct luo_session *s, const struct luo_ioctl *op,
		      unsigned int cmd, void __user *user)
{
	union luo_arg arg = {};
	u32 bytes;
	int ret;

	if (get_user(bytes, (u32 __user *)user))
		return -EFAULT;
	if (cmd != op->cmd)
		return -ENOTTY;
	if (s && !(op->direction & (s->incoming ? INCOMING : OUTGOING)))
		return -EINVAL;
	if (bytes < op->bytes)
		return -EINVAL;
	ret = copy_struct_from_user(&arg, op->bytes, user, bytes);
	return ret ?: op->run(s, &arg, user, bytes);
}

/* ---------------------------------------------------------------------------------- sessions */

static int do_preserve_fd(struct luo_session *s, union luo_arg *arg,
			  void __user *user, u32 bytes)
{
	int ret = luo_file_preserve(s, arg->preserve_fd.fd,
				    arg->preserve_fd.token);

	/* If this fails the file is in the session all the same, as upstream. */
	return ret ?: reply(user, bytes, arg, sizeof(arg->preserve_fd));
}

static int do_retrieve_fd(struct luo_session *s, union luo_arg *arg,
			  void __user *user, u32 bytes)
{
	struct file *file;
	int fd, ret;

	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0)
		return fd;
	file = luo_file_retrieve(s, arg->retrieve_fd.token);
	ret = PTR_ERR_OR_ZERO(file);
	if (ret)
		goto err_fd;
	arg->retrieve_fd.fd = fd;
	ret = reply(user, bytes, arg, sizeof(arg->retrieve_fd));
	if (ret)
		goto err_file;
	fd_install(fd, file);
	return 0;

err_file:
	fput(file);
err_fd:
	put_unused_fd(fd);
	return ret;
}

static int do_finish(struct luo_session *s, union luo_arg *arg,
		     void __user *user, u32 bytes)
{
	int ret;

	if (arg->finish.reserved)
		return -EINVAL;
	ret = luo_session_finish(s);
	return ret ?: reply(user, bytes, arg, sizeof(arg->finish));
}

static int do_get_name(struct luo_session *s, union luo_arg *arg,
		       void __user *user, u32 bytes)
{
	if (arg->get_name.reserved)
		return -EINVAL;
	memcpy(arg->get_name.name, s->name, sizeof(arg->get_name.name));
	return reply(user, bytes, arg, sizeof(arg->get_name));
}

static const struct luo_ioctl session_ioctls[] = {
	{ LIVEUPDATE_SESSION_PRESERVE_FD,
	  sizeof(struct liveupdate_session_preserve_fd), OUTGOING,
	  do_preserve_fd },
	{ LIVEUPDATE_SESSION_RETRIEVE_FD,
	  sizeof(struct liveupdate_session_retrieve_fd), INCOMING,
	  do_retrieve_fd },
	{ LIVEUPDATE_SESSION_FINISH, sizeof(struct liveupdate_session_finish),
	  INCOMING, do_finish },
	{ LIVEUPDATE_SESSION_GET_NAME,
	  sizeof(struct liveupdate_session_get_name), BOTH, do_get_name },
};

static long session_ioctl(struct file *file, unsigned int cmd,
			  unsigned long arg)
{
	unsigned int nr = _IOC_NR(cmd) - LIVEUPDATE_CMD_SESSION_BASE;

	if (_IOC_NR(cmd) < LIVEUPDATE_CMD_SESSION_BASE ||
	    nr >= ARRAY_SIZE(session_ioctls))
		return -EINVAL;
	return run_ioctl(file->private_data, &session_ioctls[nr], cmd,
			 (void __user *)arg);
}

static int session_release(struct inode *inode, struct file *file)
{
	/* NULL: it never reached user space. */
	if (file->private_data)
		luo_session_close(file->private_data);
	return 0;
}

static const struct file_operations session_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = session_ioctl,
	.release = session_release,
	.llseek = noop_llseek,
};

/* ------------------------------------------------------------------------------------ device */

/* What a link in /proc holds on kernels that have no room for more, with its NUL. */
#define LINK_BYTES 64

static bool link_fails(struct file *file)
{
	char link[2 * LIVEUPDATE_SESSION_NAME_LENGTH];

	return IS_ERR(d_path(&file->f_path, link, sizeof(link)));
}

static struct file *session_file_named(struct luo_session *s, size_t bytes)
{
	char name[LIVEUPDATE_SESSION_NAME_LENGTH + 16];

	snprintf(name, min(bytes, sizeof(name)), "[luo_session] %s", s->name);
	return anon_inode_getfile(name, &session_fops, s, O_RDWR);
}

/* A file for a session. Where its name is too long for a link in /proc, it is cut. */
static struct file *session_file(struct luo_session *s)
{
	struct file *file = session_file_named(s, SIZE_MAX);

	if (IS_ERR(file) || !link_fails(file))
		return file;
	file->private_data = NULL;
	fput(file);
	return session_file_named(s, LINK_BYTES - strlen("anon_inode:"));
}

/* Neither struct needs more than the other. */
static_assert(sizeof(struct liveupdate_ioctl_create_session) ==
	      sizeof(struct liveupdate_ioctl_retrieve_session));
static_assert(LIVEUPDATE_SESSION_NAME_LENGTH == LUO_SESSION_NAME_SIZE);

/*
 * Gives the session to user space that @get makes or finds; @undo takes it back. User memory is
 * not touched under luo_jump: that may take as long as somebody likes.
 */
static int give(union luo_arg *arg, void __user *user, u32 bytes,
		struct luo_session *(*get)(const char *name),
		void (*undo)(struct luo_session *s))
{
	struct luo_session *s;
	struct file *file;
	int fd, ret;

	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0)
		return fd;
	luo_op_begin();
	scoped_guard(rwsem_read, &luo_jump)
		s = get((const char *)arg->create.name);
	luo_op_end();
	ret = PTR_ERR_OR_ZERO(s);
	if (ret)
		goto err_fd;
	file = session_file(s);
	ret = PTR_ERR_OR_ZERO(file);
	if (ret)
		goto err_session;
	arg->create.fd = fd;
	ret = reply(user, bytes, arg, sizeof(arg->create));
	if (ret)
		goto err_file;
	fd_install(fd, file);
	return 0;

err_file:
	file->private_data = NULL;
	fput(file);
err_session:
	undo(s);
err_fd:
	put_unused_fd(fd);
	return ret;
}

static int do_create(struct luo_session *none, union luo_arg *arg,
		     void __user *user, u32 bytes)
{
	if (!luo_name_ok((const char *)arg->create.name, LUO_SESSION_NAME_SIZE))
		return -EINVAL;
	return give(arg, user, bytes, luo_session_create, luo_session_close);
}

static int do_retrieve(struct luo_session *none, union luo_arg *arg,
		       void __user *user, u32 bytes)
{
	/* Upstream does not tell a name that cannot be from one that is not there. */
	if (!luo_name_ok((const char *)arg->retrieve.name,
			 LUO_SESSION_NAME_SIZE))
		return -ENOENT;
	return give(arg, user, bytes, luo_session_retrieve,
		    luo_session_unretrieve);
}

static const struct luo_ioctl device_ioctls[] = {
	{ LIVEUPDATE_IOCTL_CREATE_SESSION,
	  sizeof(struct liveupdate_ioctl_create_session), BOTH, do_create },
	{ LIVEUPDATE_IOCTL_RETRIEVE_SESSION,
	  sizeof(struct liveupdate_ioctl_retrieve_session), BOTH, do_retrieve },
};

static long device_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	unsigned int nr = _IOC_NR(cmd);

	if (nr >= ARRAY_SIZE(device_ioctls))
		return -EINVAL;
	return run_ioctl(NULL, &device_ioctls[nr], cmd, (void __user *)arg);
}

static int device_open(struct inode *inode, struct file *file)
{
	return atomic_cmpxchg(&device_is_open, 0, 1) ? -EBUSY : 0;
}

static int device_release(struct inode *inode, struct file *file)
{
	atomic_set(&device_is_open, 0);
	return 0;
}

static const struct file_operations device_fops = {
	.owner = THIS_MODULE,
	.open = device_open,
	.release = device_release,
	.unlocked_ioctl = device_ioctl,
	.llseek = noop_llseek,
};

static struct miscdevice device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "liveupdate",
	.fops = &device_fops,
};

/* ----------------------------------------------------------------------------------- debugfs */

static struct dentry *debugfs_dir;

static int outgoing_show(struct seq_file *m, void *unused)
{
	luo_sessions_show(m, false);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(outgoing);

static int incoming_show(struct seq_file *m, void *unused)
{
	luo_sessions_show(m, true);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(incoming);

static int closed_show(struct seq_file *m, void *unused)
{
	luo_sessions_show_closed(m);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(closed);

static int lost_show(struct seq_file *m, void *unused)
{
	luo_lost_show(m);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(lost);

int luo_dev_init(void)
{
	int ret = misc_register(&device);

	if (ret)
		return ret;
	debugfs_dir = debugfs_create_dir("liveupdate", NULL);
	debugfs_create_file("outgoing", 0400, debugfs_dir, NULL,
			    &outgoing_fops);
	debugfs_create_file("incoming", 0400, debugfs_dir, NULL,
			    &incoming_fops);
	debugfs_create_file("closed", 0400, debugfs_dir, NULL, &closed_fops);
	debugfs_create_file("lost", 0400, debugfs_dir, NULL, &lost_fops);
	return 0;
}

void luo_dev_exit(void)
{
	debugfs_remove_recursive(debugfs_dir);
	misc_deregister(&device);
}
