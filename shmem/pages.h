/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Files in memory: what the modules that hand them over have in common. Linked into each of them.
 */
#ifndef SHMEM_PAGES_H
#define SHMEM_PAGES_H

#include <linux/gfp_types.h>
#include <linux/types.h>

struct address_space;
struct folio;

unsigned int kho_shmem_get_some(struct address_space *mapping, pgoff_t index,
				pgoff_t end, struct folio **folio,
				unsigned int max);
struct folio *kho_shmem_read(struct address_space *mapping, pgoff_t index,
			     gfp_t gfp);

/* One behind the last page of a file of this size. */
static inline pgoff_t kho_shmem_end(loff_t size)
{
	return (size >> PAGE_SHIFT) + !!(size & ~PAGE_MASK);
}

#endif /* SHMEM_PAGES_H */
