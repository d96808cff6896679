/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The file that `kho dump --save` writes: all pages of a handover's structures, and nothing of
 * what is preserved itself.
 *
 *   struct dumpfile_head
 *   u64 physical address of each page
 *   the pages, in the same order
 */
#ifndef KHO_CLI_DUMPFILE_H
#define KHO_CLI_DUMPFILE_H

#include "cli/wire/wirepages.h"

#define DUMPFILE_MAGIC "KHODUMP\n"

enum dumpfile_consts {
	DUMPFILE_VERSION = 1,
	DUMPFILE_INCOMING =
		1
		<< 0, /* dumpfile_head.flags: it came from a previous kernel */
};

/**
 * struct dumpfile_head - start of the file; little-endian
 * @magic: DUMPFILE_MAGIC
 * @version: DUMPFILE_VERSION
 * @page_bytes: PAGE_BYTES
 * @head_phys: physical address of the head page
 * @nr_pages: pages in the file
 * @created_ns: CLOCK_REALTIME when it was written
 * @flags: DUMPFILE_*
 * @reserved: 0
 * @crc: CRC-32C of the file, this member being 0
 */
struct dumpfile_head {
	char magic[8];
	u32 version;
	u32 page_bytes;
	u64 head_phys;
	u64 nr_pages;
	u64 created_ns;
	u32 flags;
	u32 reserved[4];
	u32 crc;
};

_Static_assert(sizeof(struct dumpfile_head) == 64, "file layout");

/**
 * dumpfile_parse() - take the pages out of a file's contents
 * @data: contents; trusted for nothing
 * @bytes: length
 * @head: filled on success
 * @pages: empty, filled on success
 *
 * Return: NULL, or what is wrong: the rest of a sentence that starts with the file's name.
 */
const char *dumpfile_parse(const u8 *data, size_t bytes,
			   struct dumpfile_head *head,
			   struct wire_pages *pages);

/**
 * dumpfile_write() - write a file, with mode 600
 * @path: a new file, or one to be replaced once everything is written
 * @head_phys: physical address of the head page
 * @incoming: it came from a previous kernel
 * @pages: all pages
 *
 * Return: 0 or negative errno.
 */
int dumpfile_write(const char *path, u64 head_phys, bool incoming,
		   const struct wire_pages *pages);

#endif /* KHO_CLI_DUMPFILE_H */
