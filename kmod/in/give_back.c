// SPDX-License-Identifier: GPL-2.0
/* Memory that this kernel reserved at boot goes to the page allocator. */

#include <linux/mm.h>
#include <linux/sched.h>

#include "kmod/compat/compat.h"
#include "kmod/in/in.h"
#include "kmod/kho.h"
#include "kmod/machine/machine.h"

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
 * Is this page as boot leaves one that it reserved and that nobody uses? Not if the hardware gave
 * up on it meanwhile, or if somebody else has given it back, as the kernel does with an initrd.
 */
static __always_inline bool is_idle(struct page *page)
{
	const unsigned long flags = *kho_compat_page_flags(page);

	return (flags & (1UL << PG_reserved | __PG_HWPOISON)) ==
		       1UL << PG_reserved &&
	       page_ref_count(page) == 1;
}

/*
 * Makes boot-reserved pages what they are between two users: neither reserved nor referenced.
 * Return: how many; the page after them, if there is one, is not to be had.
 */
static unsigned long prepare(struct page *page, unsigned long nr)
{
	unsigned long i;

	for (i = 0; i < nr && is_idle(page + i); i++) {
		*kho_compat_page_flags(page + i) &= ~(1UL << PG_reserved);
		set_page_count(page + i, 0);
	}
	return i;
}

/* The one reference is dropped by __free_pages(). */
static void free_block(struct pending *p, struct page *page, unsigned int order)
{
	if (p->nr && page_zone(page) != page_zone(p->first))
		flush(p);
	if (!p->nr)
		p->first = page;
	p->nr += 1UL << order;
	set_page_count(page, 1);
	__free_pages(page, order);
}

/* Order of the largest block of one zone that starts at @pfn and does not go beyond @end_pfn. */
static unsigned int largest_order(unsigned long pfn, unsigned long end_pfn)
{
	unsigned int order =
		min_t(unsigned int, ilog2(end_pfn - pfn), KHO_MAX_BUDDY_ORDER);

	if (pfn)
		order = min_t(unsigned int, order, __ffs(pfn));
	/* Zones need not be aligned. */
	while (page_zone(pfn_to_page(pfn)) !=
	       page_zone(pfn_to_page(pfn + (1UL << order) - 1)))
		order--;
	return order;
}

static void free_prepared(struct pending *p, unsigned long pfn,
			  unsigned long nr)
{
	unsigned long end_pfn = pfn + nr;

	while (pfn < end_pfn) {
		unsigned int order = largest_order(pfn, end_pfn);

		free_block(p, pfn_to_page(pfn), order);
		pfn += 1UL << order;
	}
}

static void withhold(unsigned long pfn)
{
	pr_warn_ratelimited("page %#llx stays reserved: it is %s\n",
			    (u64)PFN_PHYS(pfn),
			    PageHWPoison(pfn_to_page(pfn)) ? "bad" : "in use");
}

/* Return: pages given back. */
static unsigned long give_back(unsigned long start_pfn, unsigned long end_pfn)
{
	struct pending pending = {};
	unsigned long pfn = start_pfn, given = 0;

	while (pfn < end_pfn) {
		unsigned int order = largest_order(pfn, end_pfn);
		unsigned long nr = prepare(pfn_to_page(pfn), 1UL << order);

		free_prepared(&pending, pfn, nr);
		given += nr;
		pfn += nr;
		if (nr < 1UL << order)
			withhold(pfn++);
		if (order == KHO_MAX_BUDDY_ORDER)
			cond_resched();
	}
	flush(&pending);
	return given;
}

/**
 * kho_give_back() - give boot-reserved pages to the page allocator
 * @start_pfn: first page
 * @end_pfn: first page after the last
 *
 * Every page of the range must be online RAM that was reserved at boot and that no client of ours
 * uses. What somebody else needs where it is (see stays.c), what is in use after all, and what
 * the hardware gave up on stays as it is, and the log says so. The others are freed in the
 * largest aligned blocks.
 *
 * Context: may sleep.
 *
 * Return: bytes given back.
 */
u64 kho_give_back(unsigned long start_pfn, unsigned long end_pfn)
{
	const struct kho_stay *stay;
	u64 given = 0;

	for (; start_pfn < end_pfn; start_pfn = PHYS_PFN(stay->range.end)) {
		stay = kho_stays_first(PFN_PHYS(start_pfn), PFN_PHYS(end_pfn));
		if (likely(!stay))
			return (given + give_back(start_pfn, end_pfn))
			       << PAGE_SHIFT;
		pr_info("%#llx to %#llx stays reserved: %s\n",
			stay->range.start, stay->range.end, stay->what);
		if (PHYS_PFN(stay->range.start) > start_pfn)
			given += give_back(start_pfn,
					   PHYS_PFN(stay->range.start));
	}
	return given << PAGE_SHIFT;
}
