/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Writer and reader of the list of pages that went bad (include/linux/kho/abi/bad_pages.h). */
#ifndef KHO_CORE_BAD_H
#define KHO_CORE_BAD_H

#include <linux/kho/abi/bad_pages.h>

#include "refusal.h"

/**
 * kho_bad_add() - enter a page in a list that is being written
 * @bad: all zero before the first page
 * @phys: physical address of the page, in any order
 *
 * Twice the same page is once. The highest are left out if there are too many, and counted.
 */
void kho_bad_add(struct kho_bad_ser *bad, u64 phys);

/**
 * kho_bad_seal() - complete a list
 * @bad: with at least one page
 */
void kho_bad_seal(struct kho_bad_ser *bad);

/**
 * kho_bad_check() - check a list that came in
 * @bad: the blob; NULL if it cannot be read
 * @phys: its physical address, for the refusal
 * @bytes: of the subtree
 * @r: filled on refusal; may be NULL
 *
 * Return: 0; -EBADMSG or -EPROTONOSUPPORT.
 */
int kho_bad_check(const struct kho_bad_ser *bad, u64 phys, u64 bytes,
		  struct kho_refusal *r);

#endif /* KHO_CORE_BAD_H */
