// SPDX-License-Identifier: GPL-2.0
/*
 * Pages that can be preserved where they lie, found in two steps.
 *
 * Nearly everything that the page allocator hands out can be. On a machine most of whose memory a
 * driver has added (virtio-mem, CXL, persistent memory used as RAM) nearly nothing can: the next
 * kernel does not have that memory when it boots. There the allocator for contiguous memory is
 * asked, which takes what this kernel booted with, and moves away whoever is there.
 */

#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/sched.h>
#include <linux/sizes.h>

#include "kmod/image/image.h"
#include "kmod/in/in.h"
#include "kmod/kho.h"
#include "kmod/machine/machine.h"
#include "kmod/out/inside.h"
#include "kmod/out/out.h"

/* So many misses in a row (the last page of RAM is one) mean that the next will be one, too. */
#define MAX_UNFIT 4
/* What a zone keeps for those who can do with no other, besides its watermarks. */
#define ZONE_KEEPS (SZ_16M >> PAGE_SHIFT)

/**
 * kho_fit_ordinary() - ask the page allocator
 * @gfp: as for alloc_pages()
 * @order: there are 2^order
 * @refuses: 0 if pages that are in a range fit
 * @unfit: filled with whether there are pages which do not fit
 *
 * Context: as @refuses.
 *
 * Return: the first, or NULL.
 */
struct page *kho_fit_ordinary(gfp_t gfp, unsigned int order,
			      int (*refuses)(u64 start, u64 end), bool *unfit)
{
	struct page *miss[MAX_UNFIT], *page;
	unsigned int nr_miss = 0;

	while ((page = alloc_pages(gfp, order))) {
		if (!refuses(page_to_phys(page),
			     page_to_phys(page) + (PAGE_SIZE << order)))
			break;
		miss[nr_miss++] = page;
		page = NULL;
		if (nr_miss == MAX_UNFIT)
			break;
	}
	*unfit = nr_miss;
	while (nr_miss--)
		__free_pages(miss[nr_miss], order);
	return page;
}

static bool leaves_enough(struct zone *zone)
{
	return zone_page_state(zone, NR_FREE_PAGES) >
	       high_wmark_pages(zone) + ZONE_KEEPS;
}

/* Takes 2^order pages of a range of RAM. Each has a reference. */
static struct page *from_range(struct kho_range *range, u64 max_phys,
			       unsigned int order,
			       int (*refuses)(u64 start, u64 end))
{
	const struct kho_ram ram = { .range = range, .nr = 1 };
	u64 bytes = PAGE_SIZE << order, phys;

	phys = kho_contig_take(&ram, bytes, bytes, 0, max_phys);
	if (!phys)
		return NULL;
	if (leaves_enough(page_zone(pfn_to_page(PHYS_PFN(phys)))) &&
	    !refuses(phys, phys + bytes))
		return pfn_to_page(PHYS_PFN(phys));
	kho_contig_free(phys, bytes);
	return NULL;
}

/**
 * kho_fit_contiguous() - ask for pages of the memory that this kernel booted with
 * @order: there are 2^order
 * @refuses: 0 if pages that are in a range fit
 *
 * Context: as @refuses; moves pages.
 *
 * Return: the first, each has a reference; or NULL.
 */
struct page *kho_fit_contiguous(unsigned int order,
				int (*refuses)(u64 start, u64 end))
{
	struct page *page = NULL;
	struct kho_ram ram;
	u64 max_phys;
	u32 i;

	if (kho_ram_get(&ram))
		return NULL;
	/* The last page of RAM does not fit. */
	max_phys = ram.range[ram.nr - 1].end - PAGE_SIZE;
	for (i = ram.nr; !page && i--;)
		page = from_range(&ram.range[i], max_phys, order, refuses);
	kho_ram_put(&ram);
	return page;
}

/**
 * kho_fit_as_allocated() - make of pages with a reference each what alloc_pages() would have
 * given
 * @page: the first; naturally aligned
 * @order: there are 2^order
 * @gfp: as for alloc_pages()
 *
 * Return: the first, or NULL: then they are freed.
 */
struct page *kho_fit_as_allocated(struct page *page, unsigned int order,
				  gfp_t gfp)
{
	unsigned long i;

	if (gfp & __GFP_ZERO)
		for (i = 0; i < 1UL << order; i++)
			clear_page(page_address(page + i));
	if (order && (gfp & __GFP_COMP)) {
		if (kho_pages_to_folio(page, order))
			return page;
		kho_contig_free(page_to_phys(page), PAGE_SIZE << order);
		return NULL;
	}
	for (i = 1; i < 1UL << order; i++)
		set_page_count(page + i, 0);
	return page;
}

/**
 * kho_fit_alloc_covered() - both, for the pages of the wire itself, which are covered then
 * @gfp: as for alloc_pages()
 * @order: there are 2^order
 * @cover: makes sure that a range is covered; not 0 where it must not be
 *
 * Context: under kho_out_lock.
 *
 * Return: the first, or NULL.
 */
struct page *kho_fit_alloc_covered(gfp_t gfp, unsigned int order,
				   int (*cover)(u64 start, u64 end))
{
	struct page *page;
	bool unfit;

	page = kho_fit_ordinary(gfp, order, cover, &unfit);
	/* On the way to the jump nothing is moved, as nothing is reclaimed. */
	if (page || !unfit || current->flags & PF_MEMALLOC)
		return page;
	page = kho_fit_contiguous(order, cover);
	return page ? kho_fit_as_allocated(page, order, gfp) : NULL;
}
