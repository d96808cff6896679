/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The system calls that load, unload and start a kexec image.
 */
#ifndef KHO_CLI_KEXECLOAD_H
#define KHO_CLI_KEXECLOAD_H

#include "cli/base/util.h"

/* The two system calls that load an image. */
enum kexec_call {
	KEXEC_AUTO, /* the first of these that this kernel permits */
	KEXEC_LOAD, /* kexec_load(2): the image is made here */
	KEXEC_FILE, /* kexec_file_load(2): the kernel makes it of the files, whose signature it checks */
};

/* "kexec_load(2)", "kexec_file_load(2)" */
const char *kexec_call_name(enum kexec_call call);

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

/**
 * kexecload_file() - have the kernel make an image of files and load it
 * @kernel: descriptor
 * @initrd: descriptor, -1 for none
 * @cmdline: command line
 *
 * Return: 0 or negative errno.
 */
int kexecload_file(int kernel, int initrd, const char *cmdline);

/**
 * kexecload_permitted() - would the kernel take this call from this process?
 * @call: which
 *
 * Asks it for something that it does not know, which it refuses after it has looked at that. A
 * kernel that counts loads (kernel.kexec_load_limit_reboot) counts this, too.
 *
 * Return: 0, -ENOSYS (it has no such call), or what it says of permission.
 */
int kexecload_permitted(enum kexec_call call);

/**
 * kexecload_unload() - unload the image that is loaded, if any
 * @call: with this, or, if it is not permitted, with the other one
 *
 * Return: 0 or negative errno.
 */
int kexecload_unload(enum kexec_call call);

/* Start the loaded image now. Comes back only on failure, with negative errno. */
int kexecload_exec(void);

/**
 * kexecload_explain() - say why a load or unload failed
 * @call: which was tried
 * @err: negative errno
 *
 * Return: what it means and what to do, to follow "...: ". Static storage.
 */
const char *kexecload_explain(enum kexec_call call, int err);

#endif /* KHO_CLI_KEXECLOAD_H */
