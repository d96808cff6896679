/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a bzImage does with itself after the jump, done before it: the kernel is taken out of it,
 * put where it will run, and adjusted to a random address.
 */
#ifndef KHO_CLI_AHEAD_H
#define KHO_CLI_AHEAD_H

#include "cli/image/bzimage.h"
#include "cli/base/util.h"

/* Of the available memory, what is left to others. */
#define AHEAD_LEAVES (16 * MIB)

/* Is that to be done? */
enum ahead_mode {
	AHEAD_AUTO, /* where it is known to work */
	AHEAD_YES, /* or nothing is loaded */
	AHEAD_NO,
};

/**
 * struct ahead - a kernel that is ready to run; all zero: there is none
 * @image: contents of memory from its first byte on; NULL: its file is loaded as it is
 * @image_bytes: of them, whole pages
 * @memory_bytes: what it uses from there on
 * @entry: its entry point, from there
 * @align: of its first byte
 * @kaslr: it is at a random address
 * @damaged: there is none, and it could not unpack itself, either
 */
struct ahead {
	u8 *image;
	u64 image_bytes;
	u64 memory_bytes;
	u64 entry;
	u64 align;
	bool kaslr;
	bool damaged;
};

/**
 * ahead_unpack() - take the kernel out of a bzImage and have it ready to run
 * @a: filled on success
 * @bz: checked header of @file
 * @file: contents
 * @kaslr: it is to run at a random address
 *
 * Return: NULL, or why that is impossible: the end of a sentence. Static storage.
 */
const char *ahead_unpack(struct ahead *a, const struct bzimage *bz,
			 const u8 *file, bool kaslr);

/**
 * ahead_bytes() - memory that ahead_unpack() takes
 * @bz: checked header of @file
 * @file: contents
 *
 * Return: bytes; 0: the file says an impossible length of its kernel.
 */
u64 ahead_bytes(const struct bzimage *bz, const u8 *file);

void ahead_free(struct ahead *a);

#endif /* KHO_CLI_AHEAD_H */
