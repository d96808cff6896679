// SPDX-License-Identifier: GPL-2.0
/*
 * The list of setup_data nodes this kernel was booted with. The head of the list is not exported
 * to modules; sysfs shows boot_params, and an internal mount of sysfs works even before anything
 * is mounted at /sys.
 */

#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/io.h>
#include <linux/mount.h>

#include "kho.h"

/* Where the zero page (boot protocol) has boot_params.hdr.setup_data, and .init_size. */
#define BOOT_PARAMS_SETUP_DATA 0x250
#define BOOT_PARAMS_INIT_SIZE 0x260
/* More nodes than any boot loader makes, few enough to end a cycle quickly. */
#define MAX_NODES 1024

static int read_at(struct file *file, void *to, size_t bytes, loff_t pos)
{
	ssize_t n = kernel_read(file, to, bytes, &pos);

	if (n < 0)
		return n;
	return n == bytes ? 0 : -EIO;
}

/* Reads the physical address of the first node, and the size of the kernel's image. */
static int read_boot_params(u64 *phys, u32 *image_bytes)
{
	struct file_system_type *type;
	struct vfsmount *mnt;
	struct file *file;
	int ret;

	type = get_fs_type("sysfs");
	if (!type)
		return -ENODEV;
	mnt = kern_mount(type);
	if (IS_ERR(mnt))
		return PTR_ERR(mnt);
	file = file_open_root_mnt(mnt, "kernel/boot_params/data", O_RDONLY, 0);
	if (IS_ERR(file)) {
		ret = PTR_ERR(file);
		goto out_unmount;
	}
	ret = read_at(file, phys, sizeof(*phys), BOOT_PARAMS_SETUP_DATA);
	if (!ret)
		ret = read_at(file, image_bytes, sizeof(*image_bytes),
			      BOOT_PARAMS_INIT_SIZE);
	fput(file);
out_unmount:
	kern_unmount(mnt);
	return ret;
}

/* Copies @bytes at physical address @phys. */
static int phys_read(void *to, u64 phys, size_t bytes)
{
	void *from = memremap(phys, bytes, MEMREMAP_WB);

	if (!from)
		return -ENOMEM;
	memcpy(to, from, bytes);
	memunmap(from);
	return 0;
}

static void note_extent(struct kho_boot_list *list,
			const struct kho_setup_indirect *ind)
{
	struct kho_range *extent = &list->extent[list->nr_extents];

	if (ind->type != (KHO_SETUP_INDIRECT | KHO_SETUP_DATA_TYPE))
		return;
	if (list->nr_extents == KHO_MAX_EXTENTS)
		return;
	extent->start = ind->addr;
	extent->end = ind->addr + ind->len;
	/* Anything else is not ours, and rounding it could wrap. */
	if (extent->end > extent->start &&
	    PAGE_ALIGNED(extent->start | extent->end))
		list->nr_extents++;
}

/**
 * kho_boot_list_read() - find what a previous kernel left in the list of setup_data nodes
 * @list: filled
 * @head_phys: physical address of the head node if it is known by other means, else 0
 *
 * This only finds; nothing is validated. The kernel has walked the same list while it booted, so
 * that reading the nodes is safe.
 *
 * Context: may sleep.
 *
 * Return: 0 (also if there is nothing), -ELOOP if the list does not end, or an error of reading
 * it.
 */
int kho_boot_list_read(struct kho_boot_list *list, u64 head_phys)
{
	struct kho_setup_header hdr;
	struct kho_setup_indirect ind;
	u64 phys = head_phys;
	unsigned int i;
	int ret;

	memset(list, 0, sizeof(*list));
	ret = head_phys ? 0 : read_boot_params(&phys, &list->image_bytes);
	for (i = 0; !ret && phys && i < MAX_NODES; i++, phys = hdr.next) {
		ret = phys_read(&hdr, phys, sizeof(hdr));
		if (ret)
			break;
		if (hdr.type == KHO_SETUP_DATA_TYPE && !list->head_phys)
			list->head_phys = phys;
		if (hdr.type != KHO_SETUP_INDIRECT || hdr.len < sizeof(ind))
			continue;
		ret = phys_read(&ind, phys + sizeof(hdr), sizeof(ind));
		if (!ret)
			note_extent(list, &ind);
	}
	if (!ret && i == MAX_NODES)
		ret = -ELOOP;
	return ret;
}
