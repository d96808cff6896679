// SPDX-License-Identifier: GPL-2.0
/*
 * Looking at what the firmware and the boot loader left: through sysfs, as boot_params is not exported to
 * modules, and in memory. An internal mount of sysfs works even before anything is mounted at /sys.
 */

#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/io.h>
#include <linux/mount.h>

#include "kmod/machine/machine.h"

/**
 * kho_sysfs_read() - read a file of sysfs, wherever that is mounted, or if it is nowhere
 * @name: its path below the root of sysfs
 * @to: for what is read
 * @bytes: at most so much
 * @pos: from there on
 *
 * Context: may sleep.
 *
 * Return: bytes that were read, or an error of opening or reading it.
 */
ssize_t kho_sysfs_read(const char *name, void *to, size_t bytes, loff_t pos)
{
	struct file_system_type *type;
	struct vfsmount *mnt;
	struct file *file;
	ssize_t n;

	type = get_fs_type("sysfs");
	if (!type)
		return -ENODEV;
	mnt = kern_mount(type);
	if (IS_ERR(mnt))
		return PTR_ERR(mnt);
	file = file_open_root_mnt(mnt, name, O_RDONLY, 0);
	if (IS_ERR(file)) {
		n = PTR_ERR(file);
		goto out_unmount;
	}
	n = kernel_read(file, to, bytes, &pos);
	fput(file);
out_unmount:
	kern_unmount(mnt);
	return n;
}

/**
 * kho_boot_params_read() - read from the zero page that this kernel was booted with
 * @to: for what is read
 * @bytes: so much
 * @pos: offset in the zero page
 *
 * Context: may sleep.
 *
 * Return: 0, or an error of reading it.
 */
int kho_boot_params_read(void *to, size_t bytes, loff_t pos)
{
	ssize_t n = kho_sysfs_read("kernel/boot_params/data", to, bytes, pos);

	if (n < 0)
		return n;
	return n == bytes ? 0 : -EIO;
}

/**
 * kho_phys_read() - copy what the firmware or a loader left in memory
 * @to: for the copy
 * @phys: physical address
 * @bytes: length
 *
 * Context: may sleep.
 *
 * Return: 0 or -ENOMEM.
 */
int kho_phys_read(void *to, u64 phys, size_t bytes)
{
	void *from = memremap(phys, bytes, MEMREMAP_WB);

	if (!from)
		return -ENOMEM;
	memcpy(to, from, bytes);
	memunmap(from);
	return 0;
}
