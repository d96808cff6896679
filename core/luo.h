/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Checks of the wire of sessions (include/linux/kho/abi/luo.h). */
#ifndef KHO_CORE_LUO_H
#define KHO_CORE_LUO_H

#include <linux/kho/abi/luo.h>
#include <linux/kho/abi/luo_lost.h>

#include "parcel.h"
#include "refusal.h"

/**
 * struct kho_luo_visit - what kho_luo_walk() calls; a result other than 0 is returned by it
 * @session: for each session; its files follow
 * @file: for each file of the session before
 * @flb: for each FLB, after all sessions
 * @block: for each page, after the last use of what is in it; may take the page away. A page that
 *         is named twice comes twice
 * @ctx: passed to them
 *
 * Each may be NULL. Entries are copies, which are gone afterwards.
 */
struct kho_luo_visit {
	int (*session)(void *ctx, const struct luo_session_ser *s);
	int (*file)(void *ctx, const struct luo_file_ser *f);
	int (*flb)(void *ctx, const struct luo_flb_ser *flb);
	int (*block)(void *ctx, u64 phys);
	void *ctx;
};

/**
 * kho_luo_walk() - check everything that the orchestrator left, and visit it
 * @phys: blob of the subtree
 * @bytes: its size
 * @ops: pages that may be looked at; nr_pages bounds how many pages there can be
 * @visit: NULL to only check
 * @r: filled on refusal
 *
 * Checks and visits in one pass: a caller that must not see a part of something bad walks twice.
 * What takes more than a look at one entry is not checked here but by who remembers them: that
 * names, and tokens in one session, appear once. Nor is anything known of handlers' data.
 *
 * Time is linear in the number of entries, which is bounded by the number of pages.
 *
 * Return: 0, -EBADMSG, -EPROTONOSUPPORT (version), -ERANGE (counts).
 */
int kho_luo_walk(u64 phys, u64 bytes, const struct kho_page_ops *ops,
		 const struct kho_luo_visit *visit, struct kho_refusal *r);

/**
 * kho_luo_lost_check() - check the page about sessions that were not handed over
 * @lost: page, may be NULL
 * @phys: its address
 * @bytes: size of the blob
 * @r: filled on refusal
 *
 * What the text says is not checked: it may hold any bytes.
 *
 * Return: 0, -EBADMSG, -EPROTONOSUPPORT (magic), -ERANGE (length).
 */
int kho_luo_lost_check(const struct luo_lost_ser *lost, u64 phys, u64 bytes,
		       struct kho_refusal *r);

#endif /* KHO_CORE_LUO_H */
