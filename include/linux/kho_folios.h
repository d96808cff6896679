/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Preserving many folios at once, which takes less for each than one by one; and memory that is
 * charged to whoever asked for it. Upstream has no such functions.
 */
#ifndef LINUX_KHO_FOLIOS_H
#define LINUX_KHO_FOLIOS_H

#include <linux/types.h>

struct folio;

int kho_preserve_folios(struct folio *const *folio, unsigned int nr,
			unsigned int *nr_done);
void *kho_alloc_preserve_charged(size_t size);

#endif /* LINUX_KHO_FOLIOS_H */
