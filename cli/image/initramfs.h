/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Members of an initramfs as the kernel unpacks it: archives one after the other, each of them
 * compressed or not. Trusted for nothing.
 */
#ifndef KHO_CLI_INITRAMFS_H
#define KHO_CLI_INITRAMFS_H

#include "cli/image/decompress.h"

/**
 * initramfs_walk() - visit the members of all archives
 * @data: the initramfs
 * @bytes: its length
 * @limit: most bytes to unpack from each compressed part
 * @member: called for each member with its name, its mode and the size of its body
 * @ctx: passed to it
 * @how: set to what the last part was compressed with
 *
 * Return: 0; -EBADMSG also if something is neither an archive nor compressed; or as decompress().
 */
int initramfs_walk(const u8 *data, size_t bytes, u64 limit,
		   void (*member)(void *ctx, const char *name, u32 mode,
				  u64 bytes),
		   void *ctx, enum compression *how);

/**
 * struct initramfs_modules - what an initramfs has of the kho module
 * @release: of the kernel that is to use it, "" if it is not known
 * @found: path of the module for that kernel, or of one that may be; "" for none
 * @other: path of a module that is for another kernel; "" for none
 * @members: of all archives
 */
struct initramfs_modules {
	const char *release;
	char found[256];
	char other[256];
	u64 members;
};

/* As initramfs_walk(), looking for the kho module. */
int initramfs_find_kho(const u8 *data, size_t bytes, u64 limit,
		       struct initramfs_modules *m, enum compression *how);

/* Is this the file name of the kho module, compressed or not? */
bool is_kho_module(const char *path);

#endif /* KHO_CLI_INITRAMFS_H */
