// SPDX-License-Identifier: GPL-2.0
/*
 * Contiguous memory from the page allocator, at a place of our choice and of any size.
 *
 * Memory is looked at from its end downwards, without a lock, and each page once at most: a page
 * that is in the way rules out every range that would contain it, so that the search goes on
 * below it. What looks obtainable is asked for; pages that are in use are moved elsewhere then.
 * That can fail where nothing is to be seen: pages are on their way from one list to another, or
 * somebody is just using one. So it is tried a few times, and the search begins anew a few times,
 * both bounded.
 */

#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>

#include "core/cover.h"
#include "kmod/compat/compat.h"
#include "kmod/image/image.h"
#include "kmod/in/in.h"
#include "kmod/kho.h"
#include "kmod/machine/machine.h"

/* Ranges that one search asks for, each of which may take the time to move all that is in it. */
#define MAX_TRIES 256
/* How often one range is asked for, except in the first round. */
#define TRIES_A_RANGE 3
/*
 * How much is left out at once where small ranges that look obtainable are not, one after the
 * other.
 */
#define MOST_LEFT_OUT SZ_8M
/* How often all memory is searched. */
#define ROUNDS 3
/* Pages between two looks at what else there is to do. */
#define PAGES_A_TURN 512

/**
 * struct search - a search for one range
 * @bytes: its length
 * @align: its alignment
 * @hopeful: what looks pinned may be shared by very many programs only, and what lies beside a
 *   range need not matter
 * @movable: ZONE_MOVABLE will do
 * @met_movable: there was some, which did not do
 * @tries_left: how often a range may still be asked for
 * @left_out: how much was left out when the last range that was asked for could not be had
 */
struct search {
	u64 bytes;
	u64 align;
	bool hopeful;
	bool movable;
	bool met_movable;
	unsigned int tries_left;
	u64 left_out;
};

static bool is_free(struct page *page, unsigned long *skip)
{
	unsigned long order;

	*skip = 1;
	if (!PageBuddy(page))
		return !page_count(page);
	order = READ_ONCE(page_private(page));
	if (order <= KHO_MAX_BUDDY_ORDER)
		*skip = 1UL << order;
	return true;
}

/*
 * Could this page be moved or is it free? A guess without locks, to avoid asking the allocator
 * for ranges that it must refuse. *@skip: how many pages the answer holds for.
 */
static bool looks_movable(const struct search *s, struct page *page,
			  unsigned long *skip)
{
	unsigned int order;

	*skip = 1;
	if (PageReserved(page) || PageHWPoison(page) || PageOffline(page))
		return false;
	if (is_free(page, skip))
		return true;
	if (!PageLRU(page) ||
	    (!s->hopeful && folio_maybe_dma_pinned(page_folio(page))))
		return false;
	if (PageHead(page)) {
		order = compound_order(page);
		if (order <= KHO_MAX_BUDDY_ORDER)
			*skip = 1UL << order;
	}
	return true;
}

/*
 * The first page of a range that is not of @zone, or must stay where it is; 0 if there is none.
 */
static u64 first_obstacle(const struct search *s, u64 start, u64 end,
			  struct zone *zone)
{
	unsigned long pfn = PHYS_PFN(start), next = pfn + PAGES_A_TURN, skip;
	struct page *page;
	u64 found;

	if (start == end)
		return 0;
	found = kho_firmware_writes(start, end);
	if (found)
		end = max(found, start);
	for (; pfn < PHYS_PFN(end); pfn += skip) {
		page = pfn_to_online_page(pfn);
		if (!page || page_zone(page) != zone ||
		    !looks_movable(s, page, &skip))
			return PFN_PHYS(pfn);
		if (pfn >= next) {
			next = pfn + PAGES_A_TURN;
			cond_resched();
		}
	}
	return found ? end : 0;
}

/*
 * What keeps [@start, @end) from being obtained, of which [@known, @end) is known to be good, and
 * in one zone.
 *
 * Return: 0 if there is nothing; else an address that no range may contain which begins at @start
 * or below.
 */
static u64 obstacle(struct search *s, u64 start, u64 known, u64 end)
{
	struct page *page = pfn_to_online_page(PHYS_PFN(start));
	struct zone *zone;
	u64 found;

	if (!page)
		return start;
	zone = page_zone(page);
	if (zone_idx(zone) == ZONE_MOVABLE && !s->movable) {
		s->met_movable = true;
		return start;
	}
	found = first_obstacle(s, start, known, zone);
	if (found || known == end)
		return found;
	page = pfn_to_online_page(PHYS_PFN(known));
	return page && page_zone(page) == zone ? 0 : known;
}

/*
 * The page allocator sets whole page blocks aside while it takes a range, and gives up where
 * anything in them cannot be moved: all of the first block and of the last.
 *
 * Return: as obstacle().
 */
static u64 obstacle_beside(struct search *s, u64 start, u64 end)
{
	const u64 block = (u64)pageblock_nr_pages << PAGE_SHIFT;
	struct zone *zone = page_zone(pfn_to_page(PHYS_PFN(start)));
	u64 first = kho_align_down(start, block);

	if (s->hopeful)
		return 0;
	if (first_obstacle(s, first, start, zone))
		return first;
	if (first_obstacle(s, end, kho_align_up(end, block), zone))
		return kho_align_down(end - 1, block);
	return 0;
}

/*
 * Has pages that are on their way to a list, in the hands of one processor each, put there: the
 * page allocator does so before it moves what is in a range. So it is asked for one page.
 */
static void drain(void)
{
	struct page *page =
		alloc_page(GFP_NOWAIT | __GFP_MOVABLE | __GFP_NOWARN);
	unsigned long pfn;

	if (!page)
		return;
	pfn = page_to_pfn(page);
	__free_page(page);
	if (!kho_compat_alloc_contig(pfn, pfn + 1))
		free_contig_range(pfn, 1);
}

/*
 * The first page of a range that could not be had which is not free: what was before it could be
 * moved.
 */
static u64 first_in_use(u64 start, u64 end)
{
	unsigned long pfn, skip;
	struct page *page;

	for (pfn = PHYS_PFN(start); pfn < PHYS_PFN(end); pfn += skip) {
		page = pfn_to_online_page(pfn);
		if (!page || !is_free(page, &skip))
			return PFN_PHYS(pfn);
	}
	return end - PAGE_SIZE;
}

/*
 * Asks for a range in which nothing is in the way. Return: 0 if it is ours, else as obstacle().
 */
static u64 ask_for(struct search *s, u64 start, u64 end)
{
	unsigned int i, nr = s->hopeful ? TRIES_A_RANGE : 1;
	u64 found;

	for (i = 0; i < nr && s->tries_left; i++) {
		s->tries_left--;
		if (!kho_compat_alloc_contig(PHYS_PFN(start), PHYS_PFN(end)))
			return 0;
		if (fatal_signal_pending(current))
			break;
		drain();
		found = obstacle(s, start, end, end);
		if (found)
			return found;
	}
	return first_in_use(start, end);
}

/* Where to go on below a range that could not be had, for all that it looked like. */
static u64 leave_out(struct search *s, u64 end)
{
	if (s->bytes >= MOST_LEFT_OUT)
		return end;
	s->left_out = min_t(u64, s->left_out ? 2 * s->left_out : s->bytes,
			    MOST_LEFT_OUT);
	return end - min(end, s->left_out);
}

/* Takes a range as high as possible inside [low, high). Return: address, or 0. */
static u64 take_between(struct search *s, u64 low, u64 high)
{
	u64 start, found, end = high, known = high;

	while (s->tries_left && !fatal_signal_pending(current)) {
		if (end < s->bytes)
			return 0;
		start = kho_align_down(end - s->bytes, s->align);
		if (start < low)
			return 0;
		end = start + s->bytes;
		known = min(known, end);
		cond_resched();
		found = obstacle(s, start, known, end);
		if (found) {
			end = found;
			known = start;
			continue;
		}
		found = obstacle_beside(s, start, end);
		if (found) {
			end = found;
			known = found;
			continue;
		}
		found = ask_for(s, start, end);
		if (!found)
			return start;
		/* Much has changed there. */
		end = leave_out(s, found);
		known = end;
	}
	return 0;
}

static u64 take_once(struct search *s, const struct kho_ram *ram, u64 min_phys,
		     u64 max_phys)
{
	u64 low, high, phys;
	u32 i;

	for (i = ram->nr; i--;) {
		low = max3(ram->range[i].start, min_phys, KHO_COVER_LOWEST);
		high = min(ram->range[i].end, max_phys);
		phys = low < high ? take_between(s, low, high) : 0;
		if (phys)
			return phys;
	}
	return 0;
}

/* What cannot be moved is better kept out of memory that is there to be taken out some day. */
static u64 take_anywhere(struct search s, const struct kho_ram *ram,
			 u64 min_phys, u64 max_phys)
{
	u64 phys = take_once(&s, ram, min_phys, max_phys);

	if (phys || !s.met_movable)
		return phys;
	s.movable = true;
	return take_once(&s, ram, min_phys, max_phys);
}

/**
 * kho_contig_take() - take contiguous memory, as high as possible
 * @ram: all RAM
 * @bytes: multiple of the page size, not 0
 * @align: power of two, at least the page size
 * @min_phys: lowest acceptable address
 * @max_phys: the memory ends at or below this address
 *
 * All of it lies in one zone and above 1 MiB, outside of ZONE_MOVABLE if that is possible.
 * Contents are what they were. If there is none, and memory between preserved blocks is still
 * being given back, waits for that and looks again.
 *
 * Context: may sleep, may migrate pages. It can take seconds where memory is full.
 *
 * Return: physical address, or 0 if there is no such memory.
 */
u64 kho_contig_take(const struct kho_ram *ram, u64 bytes, u64 align,
		    u64 min_phys, u64 max_phys)
{
	struct search s = {
		.bytes = bytes,
		.align = align,
		.tries_left = MAX_TRIES,
	};
	unsigned int round;
	u64 phys = 0;

	for (round = 0; round < ROUNDS; round++) {
		s.hopeful = round;
		phys = take_anywhere(s, ram, min_phys, max_phys);
		if (phys || fatal_signal_pending(current))
			break;
		if (!kho_in_wait_for_gaps())
			drain();
	}
	return phys;
}

/**
 * kho_contig_free() - give contiguous memory to the page allocator
 * @phys: physical address of pages that have one reference each
 * @bytes: multiple of the page size
 */
void kho_contig_free(u64 phys, u64 bytes)
{
	free_contig_range(PHYS_PFN(phys), PHYS_PFN(bytes));
}
