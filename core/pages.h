/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Preserved pages that a client may look at before it restores them. */
#ifndef KHO_CORE_PAGES_H
#define KHO_CORE_PAGES_H

#include "refusal.h"

/**
 * struct kho_page_ops - pages that a client may look at
 * @page: contents of the preserved, not yet restored block of @order at @phys, or NULL if there
 *   is none
 * @ctx: passed to it
 * @nr_pages: preserved pages there are in all: lists that name more are refused before they are
 *            followed; 0 = not known, so that hostile lists are bounded by what they claim only
 * @bad: whether there is none because memory of this block, naturally aligned, went bad; NULL if
 *       nobody knows
 * @stop: asked again and again while something is checked: is whoever wants to know gone? NULL if
 *        nobody is; once true it stays so
 */
struct kho_page_ops {
	const void *(*page)(void *ctx, u64 phys, unsigned int order);
	void *ctx;
	u64 nr_pages;
	bool (*bad)(void *ctx, u64 phys, unsigned int order);
	bool (*stop)(void *ctx);
};

/* What is missing is missing because memory went bad: the hardware's fault and nobody's lie. */
#define KHO_WENT_BAD (-EIO)

/* The contents of an order-0 page; NULL if there can be none at this address. */
static inline const void *kho_page_at(const struct kho_page_ops *ops, u64 phys)
{
	if (!phys || phys % KHO_PAGE_SIZE)
		return NULL;
	return ops->page(ops->ctx, phys, 0);
}

/* Did memory of this block go bad? False for an address where there can be none. */
static inline bool kho_page_went_bad(const struct kho_page_ops *ops, u64 phys,
				     unsigned int order)
{
	return ops->bad && phys && !(phys % (KHO_PAGE_SIZE << order)) &&
	       ops->bad(ops->ctx, phys, order);
}

/* May a check go on, which has come to @phys? Return: 0 or -EINTR. */
static inline int kho_page_go_on(const struct kho_page_ops *ops, u64 phys,
				 struct kho_refusal *r)
{
	if (!ops->stop || !ops->stop(ops->ctx))
		return 0;
	return kho_refuse(r, -EINTR, "the check was stopped", phys, 0, 0);
}

/**
 * kho_page_refuse() - refuse a block that is not there
 * @ops: what does not know it
 * @r: filled, may be NULL
 * @missing: which it is
 * @bad: the same, where it went bad
 * @where: what names it
 * @phys: its address
 * @order: its order
 *
 * Return: -EBADMSG or KHO_WENT_BAD.
 */
static inline int kho_page_refuse(const struct kho_page_ops *ops,
				  struct kho_refusal *r, const char *missing,
				  const char *bad, u64 where, u64 phys,
				  unsigned int order)
{
	if (kho_page_went_bad(ops, phys, order))
		return kho_refuse(r, KHO_WENT_BAD, bad, where, phys, phys);
	return kho_refuse(r, -EBADMSG, missing, where, phys, phys);
}

#endif /* KHO_CORE_PAGES_H */
