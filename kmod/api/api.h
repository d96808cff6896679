/* SPDX-License-Identifier: GPL-2.0 */
/* What api/ offers to the other rooms, beside what drivers call. */
#ifndef KHO_KMOD_API_H
#define KHO_KMOD_API_H

#include <linux/mm_types.h>

#include "kmod/out/out.h"

/* --- api.c: preserving, after a look at the pages */

int kho_keep(struct page *page, unsigned long nr_pages, enum kho_keep how);

/* --- api.c: subtrees of clients in this module, which nobody unloads before it */

int kho_own_subtree_add(const char *name, void *blob, u64 bytes);
int kho_own_subtree_replace(const char *name, void *blob, u64 bytes);
int kho_own_subtree_remove(void *blob);

/* --- fit.c: memory that can be preserved where it lies; see <linux/kho_fit.h>, too */

void kho_fit_trim(void);
u64 kho_fit_bytes(void);

#endif /* KHO_KMOD_API_H */
