/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The system calls that load, unload and start a kexec image.
 */
#ifndef KHO_CLI_KEXECLOAD_H
#define KHO_CLI_KEXECLOAD_H

#include "cli/base/util.h"

/**
 * struct kexecload_segment - one piece of an image; the layout is the system call's
 * @buf: bytes
 * @bytes: how many
 * @phys: where they go, page aligned
 * @memory_bytes: length there, page aligned; what is beyond @bytes becomes 0
 */
struct kexecload_segment {
	const void *buf;
	size_t bytes;
	u64 phys;
	u64 memory_bytes;
};

/**
 * kexecload_load() - load an image; an image that is loaded is replaced only on success
 * @entry: physical address of the entry point
 * @segments: pieces
 * @nr: how many, at most 16
 *
 * Return: 0 or negative errno.
 */
int kexecload_load(u64 entry, const struct kexecload_segment *segments,
		   size_t nr);

/* Unload the image that is loaded, if any. 0 or negative errno. */
int kexecload_unload(void);

/* Start the loaded image now. Comes back only on failure, with negative errno. */
int kexecload_exec(void);

/**
 * kexecload_explain() - say why a load or unload failed
 * @err: negative errno
 *
 * Return: what it means and what to do, to follow "...: ". Static storage.
 */
const char *kexecload_explain(int err);

#endif /* KHO_CLI_KEXECLOAD_H */
