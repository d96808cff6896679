// SPDX-License-Identifier: GPL-2.0
/* The memory map of the firmware, as /sys/firmware/memmap shows it. */

#include <linux/kernel.h>
#include <linux/string.h>
#include <linux/kho/abi/kho_module.h>

#include "core/ram.h"
#include "kmod/in/in.h"
#include "kmod/kho.h"
#include "kmod/machine/machine.h"

/* Reads a file of an entry, without the newline. Return: @text, or NULL. */
static char *read_text(u32 nr, const char *what, char *text, size_t room)
{
	char name[48];
	ssize_t n;

	snprintf(name, sizeof(name), "firmware/memmap/%u/%s", nr, what);
	n = kho_sysfs_read(name, text, room - 1, 0);
	if (n < 0)
		return NULL;
	text[n] = '\0';
	return strim(text);
}

static int read_number(u32 nr, const char *what, u64 *number)
{
	char buf[32];
	char *text = read_text(nr, what, buf, sizeof(buf));

	return text ? kstrtou64(text, 0, number) : -ENOENT;
}

static int read_entry(u32 nr, struct kho_memmap_entry_ser *entry)
{
	char buf[48], *text;
	u64 start, end;

	if (read_number(nr, "start", &start))
		return -ENOENT;
	text = read_text(nr, "type", buf, sizeof(buf));
	if (!text || read_number(nr, "end", &end) || end < start)
		return -EIO;
	entry->addr = start;
	entry->bytes = end - start + 1;
	entry->type = kho_e820_type(text);
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
 * Return: how many there are; -ENOSPC (more than @room), -ENOENT (this kernel shows none), -EIO.
 */
int kho_firmware_memmap(struct kho_memmap_entry_ser *entry, u32 room)
{
	struct kho_memmap_entry_ser one = {};
	u32 nr = 0;
	int ret;

	while (!(ret = read_entry(nr, &one))) {
		if (nr == room)
			return -ENOSPC;
		entry[nr++] = one;
	}
	return ret != -ENOENT ? ret : nr ?: -ENOENT;
}
