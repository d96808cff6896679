// SPDX-License-Identifier: GPL-2.0
/*
 * What the module relies on and no kernel promises, tried before anything depends on it: that
 * nobody uses page->private of a reserved page, that pages which look as boot leaves them can be
 * given to the page allocator, and that contiguous memory is what it says. That a folio can be
 * made is tried in restore.c.
 *
 * Other parts of the kernel may take pages at once that were freed here. So most of them are
 * enough, and what fails is tried again with others.
 */

#include <linux/gfp.h>
#include <linux/mm.h>

#include "kmod/compat/compat.h"
#include "kmod/in/in.h"
#include "kmod/kho.h"

/* As much as the allocator keeps in its own lists, not in those of a processor. */
#define GIVEN_ORDER 5
#define CONTIG_ORDER 9
#define TRIES 4

#define TEST_GFP (GFP_KERNEL | __GFP_NOWARN | __GFP_NORETRY)

/* ------------------------------------------------------------------------------------- marks */

static bool mark_works(struct page *page)
{
	set_page_private(page, KHO_MARK_MAGIC | kho_mark_of(3).bits);
	return kho_mark_is(kho_page_mark(page), 3) &&
	       !kho_page_unmark(page, 2) &&
	       kho_mark_is(kho_page_mark(page), 3) && PageReserved(page) &&
	       page_ref_count(page) == 1 && kho_page_unmark(page, 3) &&
	       !kho_page_unmark(page, 3) && !kho_marked(kho_page_mark(page));
}

static const char *test_marks(void)
{
	struct page *page = alloc_page(TEST_GFP);
	bool works;

	if (!page)
		return NULL;
	__SetPageReserved(page);
	works = mark_works(page);
	set_page_private(page, 0);
	__ClearPageReserved(page);
	__free_page(page);
	return works ? NULL : "marks do not stay in reserved pages";
}

/* -------------------------------------------------------------------------------- giving back */

/* Most of them: some may be somebody's again. */
static bool most_free(struct page *page, unsigned long nr)
{
	unsigned long i, free = 0;

	for (i = 0; i < nr; i++)
		free += !PageReserved(page + i) && is_free_buddy_page(page + i);
	return free > nr / 2;
}

/* Return: true if it is known that the pages got there. */
static bool gives_back(struct page *page)
{
	unsigned long pfn = page_to_pfn(page), nr = 1UL << GIVEN_ORDER, i;

	for (i = 0; i < nr; i++) {
		__SetPageReserved(page + i);
		set_page_count(page + i, 1);
	}
	adjust_managed_page_count(page, -(long)nr);
	return kho_give_back(pfn, pfn + nr) == nr << PAGE_SHIFT &&
	       most_free(page, nr);
}

static const char *test_give_back(void)
{
	unsigned int try;

	for (try = 0; try < TRIES; try++) {
		struct page *page = alloc_pages(TEST_GFP, GIVEN_ORDER);

		if (!page || gives_back(page))
			return NULL;
	}
	return "reserved memory does not become free memory";
}

/* --------------------------------------------------------------------------------- contiguous */

static bool is_taken(struct page *page, unsigned long nr)
{
	unsigned long i;

	for (i = 0; i < nr; i++)
		if (page_ref_count(page + i) != 1 || PageCompound(page + i) ||
		    is_free_buddy_page(page + i))
			return false;
	return true;
}

/* Single pages go to a list of the processor's first, not to the allocator's own. */
static bool most_unused(struct page *page, unsigned long nr)
{
	unsigned long i, unused = 0;

	for (i = 0; i < nr; i++)
		unused += !page_ref_count(page + i);
	return unused > nr / 2;
}

/* @seen_free: it is free, or could not be tried. */
static const char *take_and_free(struct page *page, bool *seen_free)
{
	unsigned long pfn = page_to_pfn(page), nr = 1UL << CONTIG_ORDER;

	/* Somebody has taken some of it: not a fault. */
	if (kho_compat_alloc_contig(pfn, pfn + nr)) {
		*seen_free = true;
		return NULL;
	}
	/* What is not the module's is not freed by it either. */
	if (!is_taken(page, nr))
		return "contiguous memory that was taken is not taken";
	free_contig_range(pfn, nr);
	*seen_free = most_unused(page, nr);
	return NULL;
}

static const char *test_contig(void)
{
	unsigned int try;

	for (try = 0; try < TRIES; try++) {
		struct page *page = alloc_pages(TEST_GFP, CONTIG_ORDER);
		bool seen_free = false;
		const char *why;

		if (!page)
			return NULL;
		__free_pages(page, CONTIG_ORDER);
		why = take_and_free(page, &seen_free);
		if (why || seen_free)
			return why;
	}
	return "contiguous memory does not become free";
}

/**
 * kho_selftest() - does this kernel do what the module relies on?
 *
 * Where there is no memory to try it, that is no failure.
 *
 * Context: may sleep.
 *
 * Return: NULL, or what it does not do.
 */
const char *kho_selftest(void)
{
	return test_marks() ?: test_give_back() ?: test_contig();
}
