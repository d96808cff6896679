// SPDX-License-Identifier: GPL-2.0
/*
 * Arena: pages for the nodes of the radix tree. They are taken from the page allocator in chunks,
 * so that metadata does not scatter over memory and does not stretch the cover, and are zero
 * whenever they are not in use.
 *
 * A page's population (entries in use of a node) is kept in page->private, which is ours while we
 * own the page; pages are listed by page->lru.
 *
 * All functions are called under kho_out_lock.
 */

#include <linux/gfp.h>
#include <linux/list.h>

#include "core/cover.h"
#include "kmod/kho.h"
#include "kmod/out/inside.h"

/*
 * 64 pages are asked for at once; 256 KiB is little to hold and enough for 60,000
 * scattered keys.
 */
#define CHUNK_ORDER 6
/* More free pages than this go back to the page allocator. */
#define MAX_FREE (2UL << CHUNK_ORDER)

static LIST_HEAD(idle_nodes);
static LIST_HEAD(used_nodes);
static unsigned long nr_free;
static unsigned long nr_held;
/* Makes sure that a range is covered; not 0 where it must not be. */
static int (*cover_range)(u64 start, u64 end);

static void adopt_chunk(struct page *chunk, unsigned int order)
{
	unsigned long i, nr = 1UL << order;

	split_page(chunk, order);
	for (i = 0; i < nr; i++)
		list_add_tail(&chunk[i].lru, &idle_nodes);
	nr_free += nr;
	nr_held += nr;
}

static void release(struct page *page)
{
	list_del(&page->lru);
	set_page_private(page, 0);
	nr_held--;
	__free_page(page);
}

static void release_all(struct list_head *list)
{
	struct page *page, *next;

	list_for_each_entry_safe(page, next, list, lru)
		release(page);
}

/*
 * Makes sure that the list of free pages is not empty. Nobody is killed for that, and it has an
 * end for those who may not wait for file systems, too.
 */
static int refill(void)
{
	unsigned int order = CHUNK_ORDER;
	struct page *chunk;

	do {
		chunk = kho_fit_alloc_covered(
			GFP_KERNEL | __GFP_ZERO | __GFP_NOWARN |
				(order ? __GFP_NORETRY : __GFP_RETRY_MAYFAIL),
			order, cover_range);
	} while (!chunk && order--);
	if (!chunk)
		return -ENOMEM;
	adopt_chunk(chunk, order);
	return 0;
}

/**
 * kho_arena_alloc() - get a zeroed page inside the cover
 * @ctx: unused
 *
 * Return: its virtual address, or NULL.
 */
void *kho_arena_alloc(void *ctx)
{
	struct page *page;

	if (list_empty(&idle_nodes) && refill())
		return NULL;
	page = list_first_entry(&idle_nodes, struct page, lru);
	list_move(&page->lru, &used_nodes);
	set_page_private(page, 0);
	nr_free--;
	return page_address(page);
}

/**
 * kho_arena_free() - take back a page of kho_arena_alloc()
 * @ctx: unused
 * @node: the page; all zero
 */
void kho_arena_free(void *ctx, void *node)
{
	struct page *page = virt_to_page(node);

	if (nr_free >= MAX_FREE) {
		release(page);
		return;
	}
	list_move(&page->lru, &idle_nodes);
	nr_free++;
}

/**
 * kho_arena_population() - where the number of entries in use of a node is kept
 * @ctx: unused
 * @node: page of kho_arena_alloc()
 */
unsigned long *kho_arena_population(void *ctx, void *node)
{
	return &page_private(virt_to_page(node));
}

/**
 * kho_arena_mark() - tell a re-plan which pages the arena holds
 * @plan: under way
 */
void kho_arena_mark(struct kho_replan *plan)
{
	struct page *page;

	list_for_each_entry(page, &idle_nodes, lru)
		kho_replan_mark(plan, page_to_phys(page),
				page_to_phys(page) + PAGE_SIZE);
	list_for_each_entry(page, &used_nodes, lru)
		kho_replan_mark(plan, page_to_phys(page),
				page_to_phys(page) + PAGE_SIZE);
}

/**
 * kho_arena_bytes() - memory held
 */
u64 kho_arena_bytes(void)
{
	return (u64)nr_held << PAGE_SHIFT;
}

/**
 * kho_arena_init() - hold a first chunk, so that the first preserve finds room
 * @cover: makes sure that a range is covered, or not 0: it must not be
 *
 * Return: 0 or -ENOMEM.
 */
int kho_arena_init(int (*cover)(u64 start, u64 end))
{
	cover_range = cover;
	return refill();
}

/**
 * kho_arena_exit() - give everything back; no page may be in use
 */
void kho_arena_exit(void)
{
	release_all(&idle_nodes);
	release_all(&used_nodes);
	nr_free = 0;
}
