/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The chain page: extents in the form that a booting kernel reserves by itself (kho_module.h). */
#ifndef KHO_CORE_CHAIN_H
#define KHO_CORE_CHAIN_H

#include <linux/kho/abi/kho_module.h>

#include "bits.h"
#include "refusal.h"

/**
 * kho_chain_write() - fill a chain page
 * @page: KHO_PAGE_SIZE bytes that this function wrote before or that are no chain page; must not
 *        be the page in use
 * @page_phys: its physical address
 * @extent: ascending, disjoint
 * @nr: 1 .. KHO_MAX_EXTENTS
 */
void kho_chain_write(struct kho_chain_ser *page, u64 page_phys,
		     const struct kho_range *extent, u32 nr);

/**
 * kho_chain_check() - check a chain page
 * @page: KHO_PAGE_SIZE readable bytes; trusted for nothing
 * @page_phys: where it is
 * @r: filled on refusal; may be NULL
 *
 * Checks magic, version, count, self address, checksum, each node's type, length and link, and
 * that the extents are page aligned, not below 1 MiB, not empty, ascending, disjoint, and do not
 * wrap.
 *
 * Return: 0, -EBADMSG, -EPROTONOSUPPORT (version), -ERANGE (count or extent).
 */
int kho_chain_check(const struct kho_chain_ser *page, u64 page_phys,
		    struct kho_refusal *r);

#endif /* KHO_CORE_CHAIN_H */
