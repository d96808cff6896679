// SPDX-License-Identifier: GPL-2.0
/* /dev/kho: what the kho tool asks of the module. The contract is <linux/kho.h>. */

#include <linux/capability.h>
#include <linux/completion.h>
#include <linux/fs.h>
#include <linux/kho.h>
#include <linux/kho_holders.h>
#include <linux/kho_waiting.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#include "kmod/clients/clients.h"
#include "kmod/face/face.h"
#include "kmod/image/image.h"
#include "kmod/in/in.h"
#include "kmod/kho.h"
#include "kmod/out/out.h"

/**
 * struct kho_dev_file - an open file
 * @image: what was prepared on it, NULL if nothing was; changed under the lock of images
 */
struct kho_dev_file {
	struct kho_image *image;
};

/* What is copied of an image at once. */
#define FILL_PIECE SZ_128K

/* The module has taken over what came in. */
static DECLARE_COMPLETION(ready);

/* ------------------------------------------------------------------------------------- image */

/* Copies the memory map that an image is given. Return: NULL if it is empty, error pointer. */
static struct kho_memmap_entry_ser *map_get(u64 from, u32 nr)
{
	struct kho_memmap_entry_ser *map;

	static_assert(sizeof(*map) == sizeof(struct kho_memmap_range));
	if (!nr)
		return NULL;
	if (nr > KHO_MAX_MEMMAP)
		return ERR_PTR(-EINVAL);
	return memdup_user(u64_to_user_ptr(from), nr * sizeof(*map));
}

static int image_prepare(struct kho_image **mine, void __user *arg, u32 bytes)
{
	struct kho_image_area area[KHO_IMAGE_MAX_AREAS];
	struct kho_memmap_entry_ser *map;
	struct kho_ioctl_image_prepare p;
	int ret;

	ret = kho_ioctl_get(&p, sizeof(p), KHO_PREPARE_SIZE_1, arg, bytes);
	if (ret)
		return ret;
	if (p.nr_areas > KHO_IMAGE_MAX_AREAS || p.reserved)
		return -EINVAL;
	if (!kho_enabled)
		return -EBUSY;
	if (copy_from_user(area, u64_to_user_ptr(p.areas),
			   p.nr_areas * sizeof(area[0])))
		return -EFAULT;
	map = map_get(p.memmap, p.nr_memmap);
	if (IS_ERR(map))
		return PTR_ERR(map);
	ret = kho_image_prepare(mine, area, p.nr_areas, map, p.nr_memmap);
	kfree(map);
	if (ret || !p.nr_areas)
		return ret;
	p.setup_data = kho_out_setup_data();
	if (copy_to_user(u64_to_user_ptr(p.areas), area,
			 p.nr_areas * sizeof(area[0])) ||
	    kho_ioctl_put(arg, bytes, &p, sizeof(p))) {
		kho_image_prepare(mine, NULL, 0, NULL, 0);
		return -EFAULT;
	}
	return 0;
}

/*
 * By way of a copy: nobody may wait for a program's memory while he holds the lock of images.
 * Return: bytes that were put there, or an error.
 */
static int fill_piece(struct kho_image *const *mine,
		      const struct kho_ioctl_image_fill *f, void *piece)
{
	u32 bytes = min_t(u64, f->bytes, FILL_PIECE);
	int ret;

	if (fatal_signal_pending(current))
		return -EINTR;
	if (copy_from_user(piece, u64_to_user_ptr(f->data), bytes))
		return -EFAULT;
	ret = kho_image_fill(mine, f->area, f->offset, piece, bytes);
	cond_resched();
	return ret ?: bytes;
}

static int image_fill(struct kho_image *const *mine, void __user *arg,
		      u32 bytes)
{
	struct kho_ioctl_image_fill f;
	void *piece;
	int ret;

	ret = kho_ioctl_get(&f, sizeof(f), sizeof(f), arg, bytes);
	if (ret || !f.bytes)
		return ret;
	piece = kvmalloc(min_t(u64, f.bytes, FILL_PIECE),
			 GFP_KERNEL | __GFP_NOWARN);
	if (!piece)
		return -ENOMEM;
	while (f.bytes) {
		ret = fill_piece(mine, &f, piece);
		if (ret < 0)
			break;
		f.offset += ret;
		f.data += ret;
		f.bytes -= ret;
	}
	kvfree(piece);
	return min(ret, 0);
}

static int image_commit(struct kho_image *const *mine, void __user *arg,
			u32 bytes)
{
	struct kho_memmap_entry_ser *map;
	struct kho_ioctl_image_commit c;
	int ret;

	ret = kho_ioctl_get(&c, sizeof(c), sizeof(c), arg, bytes);
	if (ret)
		return ret;
	map = map_get(c.memmap, c.nr_memmap);
	if (IS_ERR(map))
		return PTR_ERR(map);
	ret = kho_image_commit(mine, c.entry, map, c.nr_memmap);
	kfree(map);
	return ret;
}

/* Return: the flags, all of which are among @known; or an error. */
static int simple_get(void __user *arg, u32 bytes, u32 known)
{
	struct kho_ioctl_simple simple;
	int ret;

	ret = kho_ioctl_get(&simple, sizeof(simple), sizeof(simple), arg,
			    bytes);
	return ret ?: simple.flags & ~known ? -EINVAL : (int)simple.flags;
}

static int in_drop(void __user *arg, u32 bytes)
{
	int flags = simple_get(arg, bytes, KHO_DROP_FORCE);

	return flags < 0 ? flags : kho_in_drop(flags & KHO_DROP_FORCE);
}

/* ----------------------------------------------------------------------------------- status */

static void holders_status(struct kho_ioctl_status *status)
{
	struct kho_held sessions, trees;

	kho_waiting_begin();
	kho_holders_count(KHO_HOLDER_SESSION, &sessions);
	kho_holders_count(KHO_HOLDER_TREE, &trees);
	kho_waiting_end();
	status->out_sessions = sessions.nr_out;
	status->out_session_bytes = sessions.out_bytes;
	status->in_sessions = sessions.nr_in;
	status->out_trees = trees.nr_out;
	status->out_tree_bytes = trees.out_bytes;
	status->in_trees = trees.nr_in;
}

/**
 * kho_status_get() - describe both sides
 * @status: filled, but for its size
 *
 * Context: may sleep; waits until all gaps of what came in are given back.
 */
void kho_status_get(struct kho_ioctl_status *status)
{
	memset(status, 0, sizeof(*status));
	if (kho_enabled) {
		status->flags |= KHO_STATUS_ENABLED;
		kho_out_status(status);
	}
	kho_image_status(status);
	if (kho_image_adopts)
		status->flags |= KHO_STATUS_ADOPTS;
	status->flags |= KHO_STATUS_IN_PLACE;
	status->nr_parcels = kho_parcel_count();
	kho_in_status(status);
	holders_status(status);
}

static int status(void __user *arg, u32 bytes)
{
	struct kho_ioctl_status *s;
	int ret;

	s = kzalloc(sizeof(*s), GFP_KERNEL);
	if (!s)
		return -ENOMEM;
	ret = kho_ioctl_get(s, sizeof(*s), KHO_STATUS_SIZE_1, arg, bytes);
	if (ret)
		goto out;
	kho_status_get(s);
	s->size = bytes;
	ret = kho_ioctl_put(arg, bytes, s, sizeof(*s));
out:
	kfree(s);
	return ret;
}

/* Extents, scratch, what came in, and a memory map. Return: how many there are. */
static u32 all_ranges(struct kho_range_info *info, u32 room)
{
	u32 nr = kho_enabled ? kho_out_ranges(info, room) : 0, i;

	for (i = 0; i < min(nr, room); i++)
		if (info[i].type == KHO_RANGE_SCRATCH &&
		    kho_scratch_is_held(info[i].start, info[i].end))
			info[i].info = KHO_SCRATCH_HELD;
	return nr + kho_in_ranges(info + min(nr, room), room - min(nr, room));
}

static int ranges(void __user *arg, u32 bytes)
{
	struct kho_range_info *info;
	struct kho_ioctl_ranges r;
	u32 room, nr;
	int ret;

	ret = kho_ioctl_get(&r, sizeof(r), sizeof(r), arg, bytes);
	if (ret)
		return ret;
	room = all_ranges(NULL, 0);
	info = kvcalloc(room, sizeof(*info), GFP_KERNEL | __GFP_NOWARN);
	if (!info)
		return -ENOMEM;
	nr = all_ranges(info, room);
	/* There may be more by now: the caller asks again. */
	room = min(r.nr, room);
	r.nr = nr;
	ret = kho_ioctl_put_list(arg, bytes, &r, sizeof(r), r.ranges, info,
				 nr * sizeof(*info), nr <= room);
	kvfree(info);
	return ret;
}

/* ------------------------------------------------------------------------------------ device */

static long kho_dev_ioctl(struct file *file, unsigned int cmd,
			  unsigned long arg)
{
	struct kho_dev_file *mine = file->private_data;
	void __user *user = (void __user *)arg;
	u32 bytes;

	if (_IOC_TYPE(cmd) != KHO_IOCTL_TYPE)
		return -ENOTTY;
	if (get_user(bytes, (u32 __user *)user))
		return -EFAULT;
	if (wait_for_completion_killable(&ready))
		return -EINTR;
	switch (cmd) {
	case KHO_IOCTL_STATUS:
		return status(user, bytes);
	case KHO_IOCTL_RANGES:
		return ranges(user, bytes);
	case KHO_IOCTL_IMAGE_PREPARE:
		return image_prepare(&mine->image, user, bytes);
	case KHO_IOCTL_IMAGE_FILL:
		return image_fill(&mine->image, user, bytes);
	case KHO_IOCTL_IMAGE_COMMIT:
		return image_commit(&mine->image, user, bytes);
	case KHO_IOCTL_IMAGE_RELEASE:
		return simple_get(user, bytes, 0) ?: kho_image_release();
	case KHO_IOCTL_IN_DROP:
		return in_drop(user, bytes);
	case KHO_IOCTL_REGION_CREATE:
	case KHO_IOCTL_REGION_DROP:
	case KHO_IOCTL_REGION_LIST:
		return kho_reserve_ioctl(cmd, user, bytes);
	default:
		return kho_parcel_ioctl(cmd, user, bytes);
	}
}

static int kho_dev_open(struct inode *inode, struct file *file)
{
	struct kho_dev_file *mine;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	mine = kzalloc(sizeof(*mine), GFP_KERNEL);
	file->private_data = mine;
	return mine ? nonseekable_open(inode, file) : -ENOMEM;
}

static int kho_dev_release(struct inode *inode, struct file *file)
{
	struct kho_dev_file *mine = file->private_data;

	kho_image_close(&mine->image);
	kfree(mine);
	return 0;
}

static const struct file_operations dev_fops = {
	.owner = THIS_MODULE,
	.open = kho_dev_open,
	.release = kho_dev_release,
	.unlocked_ioctl = kho_dev_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.llseek = noop_llseek,
};

static struct miscdevice dev = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "kho",
	.fops = &dev_fops,
	.mode = 0600,
};

/**
 * kho_dev_init() - make /dev/kho; its ioctls wait for kho_dev_ready()
 *
 * Return: 0 or an error of the device model.
 */
int kho_dev_init(void)
{
	return misc_register(&dev);
}

/**
 * kho_dev_ready() - let ioctls begin
 */
void kho_dev_ready(void)
{
	complete_all(&ready);
}

/**
 * kho_dev_exit() - remove /dev/kho; no file of it is open
 */
void kho_dev_exit(void)
{
	misc_deregister(&dev);
}
