// SPDX-License-Identifier: GPL-2.0
/* Memory that this kernel reserved at boot goes to the page allocator. */

#include <linux/sched.h>

#include "compat/compat.h"
#include "kho.h"

/* Pages of one zone that were given back and are not yet counted as managed. */
struct pending {
	struct page *first;
	unsigned long nr;
};

static void flush(struct pending *p)
{
	if (p->nr)
		adjust_managed_page_count(p->first, p->nr);
	p->nr = 0;
}

/*
 * Turns 2^order boot-reserved pages into one free block: no reserved flag, and no reference but
 * one on the first, which __free_pages() drops.
 */
static void free_block(struct pending *p, struct page *page, unsigned int order)
{
	const unsigned long reserved = 1UL << PG_reserved;
	unsigned long i, nr = 1UL << order;

	if (p->nr && page_zone(page) != page_zone(p->first))
		flush(p);
	if (!p->nr)
		p->first = page;
	p->nr += nr;
	*kho_compat_page_flags(page) &= ~reserved;
	for (i = 1; i < nr; i++) {
		*kho_compat_page_flags(page + i) &= ~reserved;
		set_page_count(page + i, 0);
	}
	__free_pages(page, order);
}

/**
 * kho_give_back() - give boot-reserved pages to the page allocator
 * @start_pfn: first page
 * @end_pfn: first page after the last
 *
 * Every page of the range must be online RAM that was reserved at boot and that nobody uses. The
 * range is freed in the largest aligned blocks.
 *
 * Context: may sleep.
 *
 * Return: bytes given back.
 */
u64 kho_give_back(unsigned long start_pfn, unsigned long end_pfn)
{
	struct pending pending = {};
	unsigned long pfn = start_pfn;

	while (pfn < end_pfn) {
		unsigned int order = min_t(unsigned int, ilog2(end_pfn - pfn),
					   KHO_MAX_BUDDY_ORDER);

		if (pfn)
			order = min_t(unsigned int, order, __ffs(pfn));
		/* A block belongs to one zone; zones need not be aligned. */
		while (page_zone(pfn_to_page(pfn)) !=
		       page_zone(pfn_to_page(pfn + (1UL << order) - 1)))
			order--;
		free_block(&pending, pfn_to_page(pfn), order);
		pfn += 1UL << order;
		if (order == KHO_MAX_BUDDY_ORDER)
			cond_resched();
	}
	flush(&pending);
	return (u64)(end_pfn - start_pfn) << PAGE_SHIFT;
}
