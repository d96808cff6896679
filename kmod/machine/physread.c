// SPDX-License-Identifier: GPL-2.0
/*
 * Looking at what the firmware and the boot loader left: through sysfs, as boot_params is not
 * exported to modules, and in memory. An internal mount of sysfs works even before anything is
 * mounted at /sys.
 */

#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/io.h>
#include <linux/mount.h>

#include "kmod/machine/machine.h"

/**
 * kho_sysfs_mount() - get at sysfs, wherever that is mounted, or if it is nowhere
 *
 * Context: may sleep.
 *
 * Return: to be given to kern_unmount(), or an error pointer.
 */
struct vfsmount *kho_sysfs_mount(void)
{
	struct file_system_type *type = get_fs_type("sysfs");

	return type ? kern_mount(type) : ERR_PTR(-ENODEV);
}

/**
 * kho_sysfs_read_at() - read a file of sysfs
 * @mnt: of kho_sysfs_mount()
 * @name: its path below the root of sysfs
 * @to: for what is read
 * @bytes: at most so much
 * @pos: from there on
 *
 * Context: may sleep.
 *
 * Return: bytes that were read, or an error of opening or reading it: -ENOENT if there is none.
 */
ssize_t kho_sysfs_read_at(struct vfsmount *mnt, const char *name, void *to,
			  size_t bytes, loff_t pos)
{
	struct file *file = file_open_root_mnt(mnt, name, O_RDONLY, 0);
	ssize_t n;

	if (IS_ERR(file))
		return PTR_ERR(file);
	n = kernel_read(file, to, bytes, &pos);
	fput(file);
	return n;
}

/**
 * kho_sysfs_read() - the same, of one file alone
 * @name: its path below the root of sysfs
 * @to: for what is read
 * @bytes: at most so much
 * @pos: from there on
 *
 * Context: may sleep.
 *
 * Return: as kho_sysfs_read_at(), or an error of kho_sysfs_mount().
 */
ssize_t kho_sysfs_read(const char *name, void *to, size_t bytes, loff_t pos)
{
	struct vfsmount *mnt = kho_sysfs_mount();
	ssize_t n;

	if (IS_ERR(mnt))
		return PTR_ERR(mnt);
	n = kho_sysfs_read_at(mnt, name, to, bytes, pos);
	kern_unmount(mnt);
	return n;
}

/**
 * kho_sysfs_list() - name what is in a directory of sysfs
 * @mnt: of kho_sysfs_mount()
 * @name: its path below the root of sysfs
 * @dir: its actor is called for each entry, "." and ".." among them
 *
 * Context: may sleep.
 *
 * Return: 0, or an error of opening or reading it.
 */
int kho_sysfs_list(struct vfsmount *mnt, const char *name,
		   struct dir_context *dir)
{
	struct file *file =
		file_open_root_mnt(mnt, name, O_RDONLY | O_DIRECTORY, 0);
	int ret;

	if (IS_ERR(file))
		return PTR_ERR(file);
	ret = iterate_dir(file, dir);
	fput(file);
	return ret;
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
