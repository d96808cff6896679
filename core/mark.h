/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Marks: what is remembered of a page about the preserved block that begins there. A type of its
 * own, because an order alone cannot say that there is none: single pages have order 0.
 */
#ifndef KHO_CORE_MARK_H
#define KHO_CORE_MARK_H

#include "env.h"

/**
 * struct kho_mark - whether a preserved block begins at a page, and of which order
 * @bits: 0 if none does, else its order plus 1; what to store where there is room for a number
 *   only. Made by the functions below, and by nothing else
 */
struct kho_mark {
	u32 bits;
};

/* No block begins there. */
static inline struct kho_mark kho_mark_none(void)
{
	return (struct kho_mark){ 0 };
}

/* A block of @order begins there. */
static inline struct kho_mark kho_mark_of(unsigned int order)
{
	return (struct kho_mark){ order + 1 };
}

/* @bits were taken from a mark before. */
static inline struct kho_mark kho_mark_stored(u32 bits)
{
	return (struct kho_mark){ bits };
}

/* Does a block begin there? */
static inline bool kho_marked(struct kho_mark mark)
{
	return mark.bits;
}

/* Does a block of exactly this order begin there? */
static inline bool kho_mark_is(struct kho_mark mark, unsigned int order)
{
	return mark.bits == order + 1;
}

/* Order of the block that begins there; there must be one. */
static inline unsigned int kho_mark_order(struct kho_mark mark)
{
	return mark.bits - 1;
}

/* Pages of the block that begins there; there must be one. */
static inline u64 kho_mark_pages(struct kho_mark mark)
{
	return 1ULL << kho_mark_order(mark);
}

#endif /* KHO_CORE_MARK_H */
