// SPDX-License-Identifier: GPL-2.0
/*
 * Parcels as user space sees them: ioctls of /dev/kho, and a file for each being written
 * or read.
 */

#include <linux/anon_inodes.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/kho.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#include "kmod/api/api.h"
#include "kmod/clients/clients.h"
#include "kmod/kho.h"

/**
 * struct writer - an open file of KHO_IOCTL_PARCEL_CREATE
 * @lock: one write or commit at a time
 * @parcel: being written
 * @replace: KHO_PARCEL_REPLACE was given
 * @done: committed
 */
struct writer {
	struct mutex lock; /* one write or commit at a time */
	struct kho_parcel *parcel;
	bool replace;
	bool done;
};

static ssize_t kho_writer_write(struct file *file, const char __user *from,
				size_t bytes, loff_t *pos)
{
	struct writer *w = file->private_data;
	size_t done = 0;
	int n;

	guard(mutex)(&w->lock);
	if (w->done)
		return -EINVAL;
	while (done < bytes) {
		n = kho_parcel_append(w->parcel, from + done, bytes - done);
		if (n < 0)
			return done ?: n;
		done += n;
		cond_resched();
		if (fatal_signal_pending(current))
			return done;
	}
	return done;
}

static long kho_writer_ioctl(struct file *file, unsigned int cmd,
			     unsigned long arg)
{
	struct writer *w = file->private_data;
	struct kho_ioctl_simple simple;
	u32 bytes;
	int ret;

	if (cmd != KHO_PARCEL_COMMIT)
		return -ENOTTY;
	if (get_user(bytes, (u32 __user *)arg))
		return -EFAULT;
	ret = kho_ioctl_get(&simple, sizeof(simple), sizeof(simple),
			    (void __user *)arg, bytes);
	if (ret)
		return ret;
	if (simple.flags)
		return -EINVAL;
	guard(mutex)(&w->lock);
	if (w->done)
		return -EINVAL;
	ret = kho_parcel_commit(w->parcel, w->replace);
	w->done = !ret;
	return ret;
}

static int kho_writer_release(struct inode *inode, struct file *file)
{
	struct writer *w = file->private_data;

	kho_parcel_put(w->parcel);
	kfree(w);
	kho_fit_trim();
	return 0;
}

static const struct file_operations writer_fops = {
	.owner = THIS_MODULE,
	.write = kho_writer_write,
	.unlocked_ioctl = kho_writer_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.release = kho_writer_release,
	.llseek = noop_llseek,
};

static ssize_t kho_reader_read(struct file *file, char __user *to, size_t bytes,
			       loff_t *pos)
{
	return kho_parcel_read(file->private_data, to, bytes, pos);
}

static loff_t kho_reader_llseek(struct file *file, loff_t offset, int whence)
{
	return fixed_size_llseek(file, offset, whence,
				 kho_parcel_bytes(file->private_data));
}

static int kho_reader_release(struct inode *inode, struct file *file)
{
	kho_parcel_put(file->private_data);
	return 0;
}

static const struct file_operations reader_fops = {
	.owner = THIS_MODULE,
	.read = kho_reader_read,
	.llseek = kho_reader_llseek,
	.release = kho_reader_release,
};

/*
 * Tells user space about a new file, in an order that leaves no descriptor behind when the copy
 * fails. Takes over @file: it is released on failure.
 */
static int give_fd(struct kho_ioctl_parcel *p, void __user *arg, u32 bytes,
		   struct file *file)
{
	int ret, fd = get_unused_fd_flags(O_CLOEXEC);

	if (fd < 0) {
		ret = fd;
		goto err_file;
	}
	p->fd = fd;
	ret = kho_ioctl_put(arg, bytes, p, sizeof(*p));
	if (ret)
		goto err_fd;
	fd_install(fd, file);
	return 0;

err_fd:
	put_unused_fd(fd);
err_file:
	fput(file);
	return ret;
}

static int parcel_create(struct kho_ioctl_parcel *p, void __user *arg,
			 u32 bytes)
{
	struct writer *w;
	struct file *file;
	int ret;

	if (p->flags & ~KHO_PARCEL_REPLACE || p->reserved)
		return -EINVAL;
	p->missing = kho_parcel_missing(p->bytes);
	if (p->missing)
		return kho_ioctl_put(arg, bytes, p, sizeof(*p)) ?: -ENOMEM;
	w = kzalloc(sizeof(*w), GFP_KERNEL);
	if (!w)
		return -ENOMEM;
	mutex_init(&w->lock);
	w->replace = p->flags & KHO_PARCEL_REPLACE;
	w->parcel = kho_parcel_create(p->name, p->mode);
	if (IS_ERR(w->parcel)) {
		ret = PTR_ERR(w->parcel);
		goto err_free;
	}
	file = anon_inode_getfile("[kho-parcel-writer]", &writer_fops, w,
				  O_WRONLY);
	if (IS_ERR(file)) {
		ret = PTR_ERR(file);
		goto err_put;
	}
	return give_fd(p, arg, bytes, file);

err_put:
	kho_parcel_put(w->parcel);
err_free:
	kfree(w);
	return ret;
}

static int parcel_open(struct kho_ioctl_parcel *p, void __user *arg, u32 bytes)
{
	struct kho_parcel *parcel;
	struct file *file;
	int ret;

	if (p->flags)
		return -EINVAL;
	parcel = kho_parcel_find(p->name);
	if (!parcel) {
		ret = kho_parcel_absent(p->name, p->why, sizeof(p->why));
		return kho_ioctl_put(arg, bytes, p, sizeof(*p)) ?: ret;
	}
	ret = kho_parcel_verify(parcel) ?: kho_parcel_index(parcel);
	if (ret)
		goto err_put;
	p->bytes = kho_parcel_bytes(parcel);
	p->crc = kho_parcel_crc32c(parcel);
	p->mode = kho_parcel_mode(parcel);
	file = anon_inode_getfile("[kho-parcel]", &reader_fops, parcel,
				  O_RDONLY);
	if (IS_ERR(file)) {
		ret = PTR_ERR(file);
		goto err_put;
	}
	file->f_mode |= FMODE_LSEEK | FMODE_PREAD;
	return give_fd(p, arg, bytes, file);

err_put:
	kho_parcel_put(parcel);
	return ret;
}

static int parcel_list(void __user *arg, u32 bytes)
{
	struct kho_ioctl_parcel_list list;
	struct kho_parcel_info *info = NULL;
	u32 room, nr;
	int ret;

	ret = kho_ioctl_get(&list, sizeof(list), sizeof(list), arg, bytes);
	if (ret)
		return ret;
	/* More room than there are parcels is not needed; more may be put meanwhile. */
	room = min(list.nr, kho_parcel_count());
	if (room) {
		info = kvcalloc(room, sizeof(*info), GFP_KERNEL | __GFP_NOWARN);
		if (!info)
			return -ENOMEM;
	}
	nr = kho_parcel_list(info, room);
	list.nr = nr;
	ret = kho_ioctl_put_list(arg, bytes, &list, sizeof(list), list.parcels,
				 info, nr * sizeof(*info), nr <= room);
	kvfree(info);
	return ret;
}

/**
 * kho_parcel_ioctl() - the ioctls of /dev/kho that deal with parcels
 * @cmd: command
 * @arg: its struct
 * @bytes: size member of that struct
 *
 * Return: as documented in <linux/kho.h>.
 */
long kho_parcel_ioctl(unsigned int cmd, void __user *arg, u32 bytes)
{
	struct kho_ioctl_parcel p;
	int ret;

	if (cmd == KHO_IOCTL_PARCEL_LIST)
		return parcel_list(arg, bytes);
	ret = kho_ioctl_get(&p, sizeof(p), KHO_PARCEL_SIZE_1, arg, bytes);
	if (ret)
		return ret;
	if (strnlen(p.name, sizeof(p.name)) == sizeof(p.name))
		return -EINVAL;
	switch (cmd) {
	case KHO_IOCTL_PARCEL_CREATE:
		return parcel_create(&p, arg, bytes);
	case KHO_IOCTL_PARCEL_OPEN:
		return parcel_open(&p, arg, bytes);
	case KHO_IOCTL_PARCEL_DROP:
		return p.flags ? -EINVAL : kho_parcel_drop(p.name);
	default:
		return -ENOTTY;
	}
}
