/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Folios become pages of files in memory: of files without a name, and of files of a tmpfs. See
 * fill.c.
 */
#ifndef SHMEM_FILL_H
#define SHMEM_FILL_H

#include <linux/types.h>

struct file;
struct folio;

/**
 * struct shmem_promise - memory that the kernel has promised for pages that are to come
 * @file: stands in for them, may be NULL
 * @pages: how many
 */
struct shmem_promise {
	struct file *file;
	u64 pages;
};

/**
 * struct shmem_fill - a file that is given pages
 * @file: it
 * @promise: for it, and the next one
 * @reserved: pages that its file system has room for
 * @added: pages that were added
 * @first: of the single pages that were added but not counted, may be NULL
 * @uncounted: how many
 * @reaches_over: set by the caller: a folio reaches over the end of the file
 */
struct shmem_fill {
	struct file *file;
	struct shmem_promise *promise;
	u64 reserved;
	u64 added;
	struct folio *first;
	unsigned int uncounted;
	bool reaches_over;
};

void shmem_promise_end(struct shmem_promise *promise);

void shmem_fill_begin(struct shmem_fill *fill, struct file *file,
		      struct shmem_promise *promise);
int shmem_fill_reserve(struct shmem_fill *fill, u64 pages);
bool shmem_fill_takes_large(void);
int shmem_fill_add(struct shmem_fill *fill, struct folio *folio, pgoff_t index);
bool shmem_fill_can_break(void);
void shmem_fill_break(struct shmem_fill *fill, pgoff_t index);
void shmem_fill_settle(struct shmem_fill *fill);
void shmem_fill_end(struct shmem_fill *fill);

#endif /* SHMEM_FILL_H */
