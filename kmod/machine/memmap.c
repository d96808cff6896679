// SPDX-License-Identifier: GPL-2.0
/* The memory map of the firmware, as /sys/firmware/memmap shows it. */

#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/mount.h>
#include <linux/string.h>
#include <linux/kho/abi/kho_module.h>

#include "core/ram.h"
#include "kmod/in/in.h"
#include "kmod/kho.h"
#include "kmod/machine/machine.h"

/* Reads a file of an entry. Return: 0 or an error; -ENOENT: there is none. */
static int read_text(struct vfsmount *sysfs, u32 nr, const char *what,
		     char *text, size_t room)
{
	char name[48];
	ssize_t n;

	snprintf(name, sizeof(name), "firmware/memmap/%u/%s", nr, what);
	n = kho_sysfs_read_at(sysfs, name, text, room - 1, 0);
	if (n < 0)
		return n;
	text[n] = '\0';
	return 0;
}

static int read_number(struct vfsmount *sysfs, u32 nr, const char *what,
		       u64 *number)
{
	char text[32];
	int ret = read_text(sysfs, nr, what, text, sizeof(text));

	return ret ?: kstrtou64(strim(text), 0, number);
}

/* Return: 0; -ENOENT: there is no such entry. */
static int read_entry(struct vfsmount *sysfs, u32 nr,
		      struct kho_memmap_entry_ser *entry)
{
	u64 start, end = 0;
	char text[48];
	int ret = read_number(sysfs, nr, "start", &start);

	if (ret)
		return ret;
	ret = read_number(sysfs, nr, "end", &end);
	if (!ret)
		ret = read_text(sysfs, nr, "type", text, sizeof(text));
	/* It began, so it must be whole. */
	if (ret == -ENOENT || (!ret && end < start))
		return -EIO;
	if (ret)
		return ret;
	entry->addr = start;
	entry->bytes = end - start + 1;
	entry->type = kho_e820_type(strim(text));
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
 * or an error of reading them, such as -ENOMEM. Never a part of them.
 */
int kho_firmware_memmap(struct kho_memmap_entry_ser *entry, u32 room)
{
	struct kho_memmap_entry_ser one = {};
	struct vfsmount *sysfs = kho_sysfs_mount();
	u32 nr = 0;
	int ret;

	if (IS_ERR(sysfs))
		return PTR_ERR(sysfs);
	while (!(ret = read_entry(sysfs, nr, &one))) {
		if (nr == room) {
			ret = -ENOSPC;
			break;
		}
		entry[nr++] = one;
	}
	kern_unmount(sysfs);
	return ret != -ENOENT ? ret : nr ?: -ENOENT;
}
