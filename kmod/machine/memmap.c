// SPDX-License-Identifier: GPL-2.0
/*
 * The memory map of the firmware, as /sys/firmware/memmap shows it, and whether another map fits
 * this machine.
 */

#include <linux/err.h>
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/mount.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/string.h>
#include <linux/kho/abi/kho_module.h>

#include "core/ram.h"
#include "kmod/kho.h"
#include "kmod/machine/machine.h"

#define MEMMAP_DIR "firmware/memmap"

/* ------------------------------------------------------------------------------- one entry */

/* Reads a file of an entry, without the newline, into @text of @room bytes. */
static int read_text(struct vfsmount *sysfs, u32 nr, const char *what,
		     char *text, size_t room)
{
	char name[48];
	ssize_t n;

	snprintf(name, sizeof(name), MEMMAP_DIR "/%u/%s", nr, what);
	n = kho_sysfs_read_at(sysfs, name, text, room - 1, 0);
	if (n < 0)
		return n;
	text[n] = '\0';
	strim(text);
	return 0;
}

static int read_number(struct vfsmount *sysfs, u32 nr, const char *what,
		       u64 *number)
{
	char text[32];
	int ret = read_text(sysfs, nr, what, text, sizeof(text));

	if (ret)
		return ret;
	return kstrtou64(text, 0, number) ? -EIO : 0;
}

/* Return: 0; -ENOENT, -ENODEV: it is there no more; -EIO: it makes no sense; or another. */
static int read_entry(struct vfsmount *sysfs, u32 nr,
		      struct kho_memmap_entry_ser *entry)
{
	u64 start, end;
	char type[48];
	int ret;

	ret = read_number(sysfs, nr, "start", &start);
	if (!ret)
		ret = read_number(sysfs, nr, "end", &end);
	if (!ret)
		ret = read_text(sysfs, nr, "type", type, sizeof(type));
	if (ret)
		return ret;
	if (end < start)
		return -EIO;
	*entry = (struct kho_memmap_entry_ser){
		.addr = start,
		.bytes = end - start + 1,
		.type = kho_e820_type(type),
	};
	return 0;
}

/* ----------------------------------------------------------------------------- all entries */

/*
 * Numbers of the entries. They are counted on where memory is plugged, and leave a hole where it
 * is unplugged.
 * @nr: how many there are, of which as many as there is room for are in @number
 */
struct numbers {
	struct dir_context dir;
	u32 nr;
	u32 room;
	u32 number[];
};

static bool kho_memmap_number(struct dir_context *dir, const char *name,
			      int len, loff_t pos, u64 ino, unsigned int type)
{
	struct numbers *n = container_of(dir, struct numbers, dir);
	char text[12] = "";
	u32 number;

	if (len >= sizeof(text))
		return true;
	memcpy(text, name, len);
	if (kstrtou32(text, 10, &number))
		return true;
	if (n->nr < n->room)
		n->number[n->nr] = number;
	n->nr++;
	return true;
}

static int by_number(const void *a, const void *b)
{
	const u32 *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static int read_numbers(struct vfsmount *sysfs, struct numbers *n)
{
	int ret = kho_sysfs_list(sysfs, MEMMAP_DIR, &n->dir);

	if (ret)
		return ret;
	if (!n->nr)
		return -ENOENT;
	if (n->nr > n->room)
		return -ENOSPC;
	sort(n->number, n->nr, sizeof(n->number[0]), by_number, NULL);
	return 0;
}

/**
 * kho_firmware_memmap() - read the memory map that a kernel would get from the firmware now
 * @entry: filled in the firmware's order
 * @room: elements
 *
 * What was plugged later is in it, what was taken out is not.
 *
 * Context: may sleep.
 *
 * Return: how many there are; -ENOSPC (more than @room), -ENOENT (this kernel shows none), -EIO,
 * or another error of reading it.
 */
int kho_firmware_memmap(struct kho_memmap_entry_ser *entry, u32 room)
{
	struct vfsmount *sysfs = kho_sysfs_mount();
	struct numbers *n;
	u32 i, nr = 0;
	int ret;

	if (IS_ERR(sysfs))
		return PTR_ERR(sysfs);
	n = kzalloc(struct_size(n, number, room), GFP_KERNEL);
	if (!n) {
		ret = -ENOMEM;
		goto out_unmount;
	}
	n->dir.actor = kho_memmap_number;
	n->room = room;
	ret = read_numbers(sysfs, n);
	for (i = 0; !ret && i < n->nr; i++) {
		ret = read_entry(sysfs, n->number[i], &entry[nr]);
		if (!ret)
			nr++;
		/* Unplugged since it was listed. */
		if (ret == -ENOENT || ret == -ENODEV)
			ret = 0;
	}
	kfree(n);
out_unmount:
	kern_unmount(sysfs);
	return ret ?: nr ?: -ENOENT;
}

/* ------------------------------------------------------------------------ maps of programs */

/* The first megabyte is the firmware's: the kernel takes more of it than any map says. */
static u64 missing(const struct kho_range *told, u32 nr,
		   const struct kho_ram *ram, const struct kho_range *firmware,
		   u32 nr_firmware)
{
	u32 i;

	for (i = 0; i < nr; i++) {
		u64 start = max_t(u64, told[i].start, SZ_1M);
		u64 at;

		if (start >= told[i].end)
			continue;
		at = kho_ranges_missing(start, told[i].end, ram->range, ram->nr,
					firmware, nr_firmware);
		if (at < told[i].end)
			return at;
	}
	return 0;
}

/* The kernel may have been told to leave some of the firmware's RAM alone; that is RAM, too. */
static int check_against(const struct kho_range *told, u32 nr,
			 const struct kho_ram *ram,
			 struct kho_memmap_entry_ser *entry,
			 struct kho_range *firmware)
{
	int nr_entries;
	u64 at;

	if (!missing(told, nr, ram, NULL, 0))
		return 0;
	nr_entries = kho_firmware_memmap(entry, KHO_MAX_MEMMAP);
	if (nr_entries == -ENOENT)
		nr_entries = 0;
	if (nr_entries < 0)
		return nr_entries;
	at = missing(told, nr, ram, firmware,
		     kho_memmap_ram(firmware, entry, nr_entries));
	if (!at)
		return 0;
	pr_err("refused a memory map that %s[%d] gives an image: by it %#llx is RAM, which this machine does not have\n",
	       current->comm, task_pid_nr(current), at);
	return -EINVAL;
}

/**
 * kho_memmap_check() - is all that is RAM by a memory map RAM of this machine?
 * @entry: ranges, which the next kernel will be told of
 * @nr: how many, at most KHO_MAX_MEMMAP
 *
 * Memory may have been unplugged since somebody wrote the map down.
 *
 * Context: may sleep.
 *
 * Return: 0; -EINVAL: not so, and the log says where; -ENOMEM, or an error of reading the
 * firmware's memory map.
 */
int kho_memmap_check(const struct kho_memmap_entry_ser *entry, u32 nr)
{
	struct kho_memmap_entry_ser *shown;
	struct kho_range *told, *firmware;
	struct kho_ram ram = {};
	int ret = -ENOMEM;

	told = kcalloc(KHO_MAX_MEMMAP, sizeof(*told), GFP_KERNEL);
	firmware = kcalloc(KHO_MAX_MEMMAP, sizeof(*firmware), GFP_KERNEL);
	shown = kcalloc(KHO_MAX_MEMMAP, sizeof(*shown), GFP_KERNEL);
	if (told && firmware && shown)
		ret = kho_ram_get(&ram);
	if (!ret)
		ret = check_against(told, kho_memmap_ram(told, entry, nr), &ram,
				    shown, firmware);
	kho_ram_put(&ram);
	kfree(shown);
	kfree(firmware);
	kfree(told);
	return ret;
}
