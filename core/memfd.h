/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Checks of the wire of files in memory (include/linux/kho/abi/memfd.h). */
#ifndef KHO_CORE_MEMFD_H
#define KHO_CORE_MEMFD_H

#include <linux/kho/abi/memfd.h>

#include "mark.h"
#include "parcel.h"
#include "refusal.h"

/**
 * struct kho_memfd_folio - one folio of a file
 * @phys: physical address of its first byte
 * @index: offset in the file, in pages
 * @order: of the block it was preserved as
 * @has_contents: else what is in it means nothing, and stands for zeros
 * @is_bad: what was there is lost: reading there is an error. One page, without contents
 */
struct kho_memfd_folio {
	u64 phys;
	u64 index;
	unsigned int order;
	bool has_contents;
	bool is_bad;
};

/**
 * struct kho_memfd_ops - the environment
 * @pages: pages that may be looked at
 * @block: the mark of the page at @phys
 * @max_order: of a folio
 */
struct kho_memfd_ops {
	struct kho_page_ops pages;
	struct kho_mark (*block)(void *ctx, u64 phys);
	unsigned int max_order;
};

/**
 * kho_memfd_walk() - check a file, and visit its folios
 * @phys: struct memfd_luo_ser
 * @from_index: folios before this index are not looked at: an earlier walk took them over
 * @ops: environment
 * @each: called for each folio in ascending order of their indices, may be NULL; a result other
 *        than 0 is returned
 * @ctx: passed to it
 * @r: filled on refusal
 *
 * Checks and visits in one pass. @each may take away the folio that it is called for. One that
 * @phys, or the part of the list that is being read, lies in is refused before. Where another
 * part is gone when it is to be read, the walk ends. That no folio is named twice, here or
 * elsewhere, is not checked: a restore works once.
 *
 * Return: 0, -EBADMSG, -EOPNOTSUPP (seals that are not known), -ERANGE.
 */
int kho_memfd_walk(u64 phys, u64 from_index, const struct kho_memfd_ops *ops,
		   int (*each)(void *ctx, const struct kho_memfd_folio *f),
		   void *ctx, struct kho_refusal *r);

#endif /* KHO_CORE_MEMFD_H */
