/* SPDX-License-Identifier: GPL-2.0 */
/*
 * kho-kept.ko: what its files offer each other. Trees go
 *
 *   out  tree (which directories) -> jump (the last moment) -> walk (names) -> pages (contents)
 *        -> stream (bytes on the wire)
 *   in   incoming (what came in) -> descriptor (of a tree) -> restore (contents) -> shmem/
 *
 * and dev, the device, asks tree and incoming. What nobody has restored goes from incoming to
 * jump.
 */
#ifndef KEPT_KEPT_H
#define KEPT_KEPT_H

#include <linux/fs.h>
#include <linux/kho_kept.h>
#include <linux/types.h>

#include "core/kept.h"

/* --------------------------------------------------- stream.c: bytes in pages that travel */

/**
 * struct kept_stream - a list of the wire that is being written
 * @list: for the next kernel
 * @bytes: that were written
 * @crc: of them
 * @chunk: last page of the list of pages
 * @used: addresses in it
 * @page: last page of bytes
 */
struct kept_stream {
	struct kho_vmalloc list;
	u64 bytes;
	u32 crc;
	struct kho_vmalloc_chunk *chunk;
	u32 used;
	char *page;
};

int kept_stream_append(struct kept_stream *s, const void *data, size_t bytes);
void kept_stream_free(struct kept_stream *s);

/* ------------------------------------------------------- pages.c: what is in regular files */

/**
 * struct kept_files - the regular files of a tree, on their way out
 * @files: list of struct kho_kept_file_ser
 * @entries: list of entries
 * @nr_files: files
 * @nr_pages: pages of their folios
 * @next: where the next entry of the last file begins, in pages
 */
struct kept_files {
	struct kept_stream files;
	struct kept_stream entries;
	u64 nr_files;
	u64 nr_pages;
	u64 next;
};

int kept_files_add(struct kept_files *f, struct inode *inode);
int kept_files_begin(struct kept_files *f, u64 bytes);
int kept_files_entry(struct kept_files *f, u64 entry);
void kept_files_release(struct kept_files *f);

/* ----------------------------------------------------------- jump.c: the last moment */

bool kept_is_jumping(void);
int kept_freeze(struct super_block *sb);

/* --------------------------------------------------------- incoming.c: trees that came in */

struct kept_in;

int kept_in_init(void);
void kept_in_exit(void);
int kept_in_list(struct kho_kept_ioctl_list *arg);
int kept_in_drop(const char *name);
bool kept_in_has(const char *name);
u32 kept_in_count(void);
struct kept_in *kept_in_after(struct kept_in *in);
int kept_in_hand_on(struct kept_in *in, struct kho_kept_tree_ser *ser);

/* -------------------------------------------------- descriptor.c: a tree that is restored */

int kept_in_open(struct kho_kept_ioctl_open *arg, void __user *user);

#endif /* KEPT_KEPT_H */
