// SPDX-License-Identifier: GPL-2.0
/* /dev/kho: what the kho tool asks of the module. The contract is <linux/kho.h>. */

#include <linux/capability.h>
#include <linux/completion.h>
#include <linux/fs.h>
#include <linux/kho.h>
#include <linux/kho_sessions.h>
#include <linux/kho_waiting.h>
#include <linux/list.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#include "kmod/clients/clients.h"
#include "kmod/face/face.h"
#include "kmod/image/image.h"
#include "kmod/in/in.h"
#include "kmod/kho.h"
#include "kmod/out/out.h"

/* Ranges that one list may hold: extents, scratch, what came in, and a memory map. */
#define MAX_RANGES 1024

/**
 * struct image_file - an open file, and the image it prepares
 * @list: in left_images, once the file is closed
 * @scratch: taken for the image
 * @nr_prepared: kho_watch_count() before anything could be loaded there
 */
struct image_file {
	struct list_head list;
	struct kho_scratch_set scratch;
	unsigned long nr_prepared;
};

/* Scratch of the image that is loaded, and the entry point of that image. */
static struct kho_scratch_set image_scratch;
static u64 image_entry;
/*
 * What belonged to programs that ended between loading an image and saying so. It may be loaded:
 * its scratch is kept until another one is, or until it is unloaded.
 */
static LIST_HEAD(left_images);
static DEFINE_MUTEX(image_lock);
/* The module has taken over what came in. */
static DECLARE_COMPLETION(ready);

/**
 * kho_image_loaded() - did `kho load` load an image?
 * @entry: filled with its entry point, a physical address
 *
 * Context: any, takes no lock.
 */
bool kho_image_loaded(u64 *entry)
{
	*entry = READ_ONCE(image_entry);
	return *entry;
}

/* ------------------------------------------------------------------------------------- image */

static int image_prepare(struct image_file *mine, void __user *arg, u32 bytes)
{
	struct kho_image_area area[KHO_IMAGE_MAX_AREAS];
	struct kho_ioctl_image_prepare p;
	int ret;

	ret = kho_ioctl_get(&p, sizeof(p), sizeof(p), arg, bytes);
	if (ret)
		return ret;
	if (p.nr_areas > KHO_IMAGE_MAX_AREAS)
		return -EINVAL;
	if (!kho_enabled)
		return -EBUSY;
	if (copy_from_user(area, u64_to_user_ptr(p.areas),
			   p.nr_areas * sizeof(area[0])))
		return -EFAULT;
	guard(mutex)(&image_lock);
	kho_watch_failed(mine->scratch.range, mine->scratch.nr, image_entry);
	kho_scratch_give_back(&mine->scratch);
	mine->nr_prepared = kho_watch_count();
	if (!p.nr_areas)
		return 0;
	/* Best effort: if there is no memory for it, there is none for the image. */
	kho_out_ram_refresh();
	ret = kho_scratch_take(&mine->scratch, area, p.nr_areas);
	if (ret)
		return ret;
	p.setup_data = kho_out_setup_data();
	if (copy_to_user(u64_to_user_ptr(p.areas), area,
			 p.nr_areas * sizeof(area[0])) ||
	    kho_ioctl_put(arg, bytes, &p, sizeof(p))) {
		kho_scratch_give_back(&mine->scratch);
		return -EFAULT;
	}
	return 0;
}

/* The module stays while memory is held for an image that is, or may be, loaded. */
static bool image_held(void)
{
	return image_entry || !list_empty(&left_images);
}

static void update_image_hold(bool held)
{
	if (image_held() == held)
		return;
	if (held)
		module_put(THIS_MODULE);
	else
		__module_get(THIS_MODULE);
}

static void left_images_give_back(void)
{
	struct image_file *left, *next;

	list_for_each_entry_safe(left, next, &left_images, list) {
		list_del(&left->list);
		kho_scratch_give_back(&left->scratch);
		kfree(left);
	}
}

static bool set_contains(const struct kho_scratch_set *set, u64 phys)
{
	u32 i;

	for (i = 0; i < set->nr; i++)
		if (phys >= set->range[i].start && phys < set->range[i].end)
			return true;
	return false;
}

/* Keeps the memory map that the image was given. */
static int take_memmap(const struct kho_ioctl_image_commit *c)
{
	struct kho_memmap_entry_ser *entry;
	u32 i;
	int ret = 0;

	static_assert(sizeof(*entry) == sizeof(struct kho_memmap_range));
	if (c->nr_memmap > KHO_MAX_MEMMAP)
		return -EINVAL;
	entry = kcalloc(KHO_MAX_MEMMAP, sizeof(*entry), GFP_KERNEL);
	if (!entry)
		return -ENOMEM;
	if (copy_from_user(entry, u64_to_user_ptr(c->memmap),
			   c->nr_memmap * sizeof(*entry)))
		ret = -EFAULT;
	for (i = 0; !ret && i < c->nr_memmap; i++)
		if (entry[i].reserved)
			ret = -EINVAL;
	if (!ret)
		kho_out_memmap(entry, c->nr_memmap);
	kfree(entry);
	return ret;
}

static int image_commit(struct image_file *mine, void __user *arg, u32 bytes)
{
	struct kho_ioctl_image_commit c;
	bool held;
	int ret;

	ret = kho_ioctl_get(&c, sizeof(c), sizeof(c), arg, bytes);
	if (ret)
		return ret;
	guard(mutex)(&image_lock);
	if (!set_contains(&mine->scratch, c.entry))
		return -EINVAL;
	ret = take_memmap(&c);
	if (ret)
		return ret;
	held = image_held();
	kho_scratch_give_back(&image_scratch);
	left_images_give_back();
	image_scratch = mine->scratch;
	mine->scratch.nr = 0;
	WRITE_ONCE(image_entry, c.entry);
	update_image_hold(held);
	kho_out_stamp(KHO_STAMP_IMAGE_LOAD);
	return 0;
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

static int image_release(void __user *arg, u32 bytes)
{
	int ret = simple_get(arg, bytes, 0);

	if (ret)
		return ret;
	guard(mutex)(&image_lock);
	if (!image_held())
		return -ENOENT;
	WRITE_ONCE(image_entry, 0);
	kho_scratch_give_back(&image_scratch);
	left_images_give_back();
	update_image_hold(true);
	return 0;
}

static int in_drop(void __user *arg, u32 bytes)
{
	int flags = simple_get(arg, bytes, KHO_DROP_FORCE);

	return flags < 0 ? flags : kho_in_drop(flags & KHO_DROP_FORCE);
}

/* ----------------------------------------------------------------------------------- status */

static void sessions_status(struct kho_ioctl_status *status)
{
	struct kho_sessions s;

	kho_waiting_begin();
	kho_sessions_count(&s);
	kho_waiting_end();
	status->out_sessions = s.nr_out;
	status->out_session_bytes = s.out_bytes;
	status->in_sessions = s.nr_in;
}

/**
 * kho_status_get() - describe both sides
 * @status: filled, but for its size
 *
 * Context: may sleep; waits until all gaps of what came in are given back.
 */
void kho_status_get(struct kho_ioctl_status *status)
{
	u64 entry;

	memset(status, 0, sizeof(*status));
	if (kho_enabled) {
		status->flags |= KHO_STATUS_ENABLED;
		kho_out_status(status);
	}
	if (kho_image_loaded(&entry)) {
		status->flags |= KHO_STATUS_IMAGE_LOADED;
		if (kho_watch_is_foreign(entry))
			status->flags |= KHO_STATUS_FOREIGN_IMAGE;
	}
	status->nr_parcels = kho_parcel_count();
	kho_in_status(status);
	sessions_status(status);
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

static int ranges(void __user *arg, u32 bytes)
{
	struct kho_range_info *info;
	struct kho_ioctl_ranges r;
	u32 nr;
	int ret;

	ret = kho_ioctl_get(&r, sizeof(r), sizeof(r), arg, bytes);
	if (ret)
		return ret;
	info = kvcalloc(MAX_RANGES, sizeof(*info), GFP_KERNEL | __GFP_NOWARN);
	if (!info)
		return -ENOMEM;
	nr = kho_enabled ? kho_out_ranges(info, MAX_RANGES) : 0;
	nr += kho_in_ranges(info + nr, MAX_RANGES - nr);
	ret = nr > r.nr ? -ENOSPC : 0;
	r.nr = nr;
	if (!ret &&
	    copy_to_user(u64_to_user_ptr(r.ranges), info, nr * sizeof(*info)))
		ret = -EFAULT;
	kvfree(info);
	if (ret == -EFAULT)
		return ret;
	return kho_ioctl_put(arg, bytes, &r, sizeof(r)) ?: ret;
}

/* ------------------------------------------------------------------------------------ device */

static long kho_dev_ioctl(struct file *file, unsigned int cmd,
			  unsigned long arg)
{
	struct image_file *mine = file->private_data;
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
		return image_prepare(mine, user, bytes);
	case KHO_IOCTL_IMAGE_COMMIT:
		return image_commit(mine, user, bytes);
	case KHO_IOCTL_IMAGE_RELEASE:
		return image_release(user, bytes);
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
	struct image_file *mine;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	mine = kzalloc(sizeof(*mine), GFP_KERNEL);
	file->private_data = mine;
	return mine ? nonseekable_open(inode, file) : -ENOMEM;
}

/* The program ended without a word, and an image was loaded meanwhile: it may be this one. */
static void image_left(struct image_file *mine, u64 entry)
{
	bool held = image_held();

	pr_warn("a program that was loading an image ended before it was done; the memory of that image is kept until another one is loaded, or `kho unload`\n");
	list_add(&mine->list, &left_images);
	if (set_contains(&mine->scratch, entry))
		WRITE_ONCE(image_entry, entry);
	update_image_hold(held);
}

static int kho_dev_release(struct inode *inode, struct file *file)
{
	struct image_file *mine = file->private_data;
	u64 entry;

	guard(mutex)(&image_lock);
	if (mine->scratch.nr &&
	    kho_watch_prepared_since(mine->nr_prepared, &entry)) {
		image_left(mine, entry);
		return 0;
	}
	kho_scratch_give_back(&mine->scratch);
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
