// SPDX-License-Identifier: GPL-2.0
/*
 * Memory that can be preserved where it lies, for clients and for what the module itself has of
 * them. To have single pages from the allocator for contiguous memory takes its time: they are
 * taken in chunks, and what is left of a chunk is the pool.
 */

#include <linux/export.h>
#include <linux/gfp.h>
#include <linux/kho_fit.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/vmalloc.h>

#include "kmod/api/api.h"
#include "kmod/kho.h"
#include "kmod/out/out.h"

/* Chunks for the pool: each is twice the one before, while they last. */
#define LEAST_CHUNK_ORDER 4
#define MOST_CHUNK_ORDER 10

static LIST_HEAD(pool);
static unsigned long nr_pool;
static unsigned int chunk_order = LEAST_CHUNK_ORDER;
static DEFINE_MUTEX(pool_lock);

static int must_not_lie(u64 start, u64 end)
{
	return kho_out_may_preserve(start, PHYS_PFN(end - start)) ? 0 : -EINVAL;
}

/* ----------------------------------------------------------------------------------- the pool */

static struct page *pool_take(void)
{
	struct page *page;

	guard(mutex)(&pool_lock);
	page = list_first_entry_or_null(&pool, struct page, lru);
	if (!page)
		return NULL;
	list_del(&page->lru);
	nr_pool--;
	return page;
}

static void pool_add(struct page *page, unsigned long nr)
{
	guard(mutex)(&pool_lock);
	nr_pool += nr;
	for (; nr; nr--, page++)
		list_add_tail(&page->lru, &pool);
}

static unsigned int next_chunk_order(void)
{
	guard(mutex)(&pool_lock);
	if (chunk_order == MOST_CHUNK_ORDER)
		return chunk_order;
	return chunk_order++;
}

static bool pool_fill(void)
{
	unsigned int order = next_chunk_order();
	struct page *page = kho_fit_contiguous(order, must_not_lie);

	while (!page && order) {
		order /= 2;
		page = kho_fit_contiguous(order, must_not_lie);
	}
	if (!page)
		return false;
	pool_add(page, 1UL << order);
	return true;
}

/* What may be preserved changes: scratch comes, and so do images with other maps of memory. */
static struct page *page_of_pool(void)
{
	struct page *page;

	while ((page = pool_take())) {
		if (kho_out_may_preserve(page_to_phys(page), 1))
			break;
		__free_page(page);
	}
	return page;
}

static struct page *pool_page(void)
{
	struct page *page = page_of_pool();

	while (!page && pool_fill())
		page = page_of_pool();
	return page;
}

/**
 * kho_fit_trim() - give back the pages that nobody has asked for yet
 *
 * Context: may sleep.
 */
void kho_fit_trim(void)
{
	struct page *page;

	while ((page = pool_take()))
		__free_page(page);
	guard(mutex)(&pool_lock);
	chunk_order = LEAST_CHUNK_ORDER;
}

/**
 * kho_fit_bytes() - memory held that nobody has asked for yet
 */
u64 kho_fit_bytes(void)
{
	return (u64)READ_ONCE(nr_pool) << PAGE_SHIFT;
}

/* ------------------------------------------------------------------------------- for everyone */

/**
 * kho_fit_alloc() - allocate pages that can be preserved where they lie
 * @gfp: as for alloc_pages()
 * @order: there are 2^order
 *
 * As alloc_pages(), which is asked first: they are freed in the same way. Where it has none that
 * fit, __GFP_ACCOUNT is without effect, as modules cannot charge pages.
 *
 * Context: may sleep, and migrate pages: no page may be locked.
 *
 * Return: the first, or NULL.
 */
struct page *kho_fit_alloc(gfp_t gfp, unsigned int order)
{
	struct page *page = NULL;
	bool unfit;

	if (!kho_enabled)
		return alloc_pages(gfp, order);
	if (!order && READ_ONCE(nr_pool))
		page = page_of_pool();
	if (!page) {
		page = kho_fit_ordinary(gfp, order, must_not_lie, &unfit);
		if (page || !unfit)
			return page;
		page = order ? kho_fit_contiguous(order, must_not_lie) :
			       pool_page();
	}
	return page ? kho_fit_as_allocated(page, order, gfp) : NULL;
}
EXPORT_SYMBOL_GPL(kho_fit_alloc);

static bool area_fits(const void *area, size_t bytes)
{
	size_t at;

	for (at = 0; at < bytes; at += PAGE_SIZE)
		if (!kho_out_may_preserve(
			    page_to_phys(vmalloc_to_page(area + at)), 1))
			return false;
	return true;
}

/* An area of single pages that fit. */
static void *area_of_pages(size_t bytes, gfp_t gfp)
{
	unsigned int i, nr = DIV_ROUND_UP(bytes, PAGE_SIZE);
	struct page **page;
	void *area;

	page = kvmalloc_array(nr, sizeof(*page), GFP_KERNEL | __GFP_NOWARN);
	if (!page)
		return NULL;
	for (i = 0; i < nr; i++) {
		page[i] = kho_fit_alloc(gfp, 0);
		if (!page[i])
			goto err_free;
		cond_resched();
	}
	area = vmap(page, nr, VM_MAP | VM_MAP_PUT_PAGES, PAGE_KERNEL);
	if (area)
		return area;
err_free:
	while (i--)
		__free_page(page[i]);
	kvfree(page);
	return NULL;
}

/**
 * kho_fit_vmalloc() - allocate an area that kho_preserve_vmalloc() can preserve
 * @bytes: its size, not 0
 * @gfp: as for __vmalloc()
 *
 * As __vmalloc(), which is asked first; vfree() frees it.
 *
 * Context: as kho_fit_alloc().
 *
 * Return: its address, or NULL.
 */
void *kho_fit_vmalloc(size_t bytes, gfp_t gfp)
{
	void *area = __vmalloc(bytes, gfp);

	if (!area || !kho_enabled || area_fits(area, bytes))
		return area;
	vfree(area);
	return area_of_pages(bytes, gfp);
}
EXPORT_SYMBOL_GPL(kho_fit_vmalloc);
