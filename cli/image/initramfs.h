/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Members of an initramfs as the kernel unpacks it: archives one after the other, each of them
 * compressed or not. Trusted for nothing.
 */
#ifndef KHO_CLI_INITRAMFS_H
#define KHO_CLI_INITRAMFS_H

#include "cli/image/cpio.h"
#include "cli/image/decompress.h"
#include "cli/image/modinfo.h"

/**
 * initramfs_walk() - visit the members of all archives, to the very end
 * @data: the initramfs
 * @bytes: its length
 * @limit: most bytes to unpack from each compressed part
 * @visitor: who gets what is found
 * @how: set to what the last part was compressed with
 *
 * A boot configuration behind the archives is known and left alone.
 *
 * Return: 0; -EBADMSG also if something is neither an archive nor compressed, -ENODATA also if
 * the last archive has no end; or as decompress().
 */
int initramfs_walk(const u8 *data, size_t bytes, u64 limit,
		   const struct cpio_visitor *visitor, enum compression *how);

/**
 * initramfs_unpack() - the same, and write it without compression
 * @data: the initramfs
 * @bytes: its length
 * @limit: most bytes to unpack from each compressed part
 * @visitor: who gets what is found
 * @sink: who gets what a kernel would find the same in; NULL: nobody
 * @how: as initramfs_walk()
 *
 * Parts that are not compressed stay as they are: microcode, which is found without unpacking,
 * where it was, and a boot configuration at the end.
 *
 * Return: as initramfs_walk(), and -ECANCELED if @sink says so.
 */
int initramfs_unpack(const u8 *data, size_t bytes, u64 limit,
		     const struct cpio_visitor *visitor,
		     const struct sink *sink, enum compression *how);

/**
 * struct initramfs_seen - what is in an initramfs
 * @release: of the kernel that is to use it, "" if it is not known
 * @found: path of the kho module for that kernel; "" for none
 * @other: path of a kho module that is for another kernel; "" for none
 * @damaged: path of a kho module that says nothing of itself; "" for none
 * @info: what @found says of itself
 * @kept: path of the kho-kept module for that kernel; "" for none
 * @kept_info: what it says of itself
 * @init: it has an init
 * @members: of all archives
 * @unpacked: memory that its files take once they are unpacked
 * @plain_bytes: its length without compression, as initramfs_unpack() writes it
 */
struct initramfs_seen {
	const char *release;
	char found[256];
	char other[256];
	char damaged[256];
	struct modinfo info;
	char kept[256];
	struct modinfo kept_info;
	bool init;
	u64 members;
	u64 unpacked;
	u64 plain_bytes;
};

/* As initramfs_walk(), looking for what the checks want to know. */
int initramfs_look(const u8 *data, size_t bytes, u64 limit,
		   struct initramfs_seen *seen, enum compression *how);

/* What an error of these means, as the end of a sentence. Static storage. */
const char *initramfs_explain(int err);

/* Is this the file name of a module, compressed or not? @module: "kho", "kho-kept" */
bool is_module_file(const char *path, const char *module);

#endif /* KHO_CLI_INITRAMFS_H */
