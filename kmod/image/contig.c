// SPDX-License-Identifier: GPL-2.0
/* Contiguous memory from the page allocator, at a place of our choice and of any size. */

#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>

#include "core/cover.h"
#include "kmod/compat/compat.h"
#include "kmod/image/image.h"
#include "kmod/in/in.h"
#include "kmod/kho.h"
#include "kmod/machine/machine.h"

/*
 * Could this page be moved or is it free? A guess without locks, to avoid asking the allocator
 * for ranges that it must refuse. *@skip: how many pages the answer holds for.
 */
static bool looks_movable(struct page *page, unsigned long *skip)
{
	unsigned long order;

	*skip = 1;
	if (PageReserved(page) || PageHWPoison(page) || PageOffline(page))
		return false;
	if (PageBuddy(page)) {
		order = READ_ONCE(page_private(page));
		if (order <= KHO_MAX_BUDDY_ORDER)
			*skip = 1UL << order;
		return true;
	}
	return !page_count(page) || PageLRU(page);
}

/*
 * Looks at [start, end) from its end downwards.
 * Return: 0 if all of it looks obtainable, else the highest address at which it fails.
 */
static u64 obstacle(u64 start, u64 end)
{
	unsigned long pfn, skip;
	u64 found = kho_firmware_writes(start, end);
	struct page *page;

	page = pfn_to_online_page(PHYS_PFN(start));
	if (!page)
		return start;
	for (pfn = PHYS_PFN(start); pfn < PHYS_PFN(end); pfn += skip) {
		page = pfn_to_online_page(pfn);
		skip = 1;
		if (!page || !looks_movable(page, &skip))
			found = max_t(u64, found, PFN_PHYS(pfn));
	}
	return found;
}

static bool one_zone(u64 start, u64 end)
{
	struct page *first = pfn_to_online_page(PHYS_PFN(start));
	struct page *last = pfn_to_online_page(PHYS_PFN(end) - 1);

	return first && last && page_zone(first) == page_zone(last);
}

/* Takes @bytes as high as possible inside [low, high). Return: address, or 0. */
static u64 take_between(u64 low, u64 high, u64 bytes, u64 align)
{
	u64 start, bad;

	if (high < bytes)
		return 0;
	start = kho_align_down(high - bytes, align);
	while (start >= low && start <= high - bytes) {
		bad = obstacle(start, start + bytes);
		if (!bad && one_zone(start, start + bytes) &&
		    !kho_compat_alloc_contig(PHYS_PFN(start),
					     PHYS_PFN(start + bytes)))
			return start;
		cond_resched();
		/* It may take long where memory is full. */
		if (fatal_signal_pending(current))
			return 0;
		/* Go on below what was in the way, at least one step down. */
		if (bad && bad < bytes)
			return 0;
		if (start < align)
			return 0;
		start = bad ? min(kho_align_down(bad - bytes, align),
				  start - align) :
			      start - align;
	}
	return 0;
}

static u64 take_once(const struct kho_ram *ram, u64 bytes, u64 align,
		     u64 min_phys, u64 max_phys)
{
	u64 low, high, phys;
	u32 i;

	for (i = ram->nr; i--;) {
		low = max3(ram->range[i].start, min_phys, KHO_COVER_LOWEST);
		high = min(ram->range[i].end, max_phys);
		phys = low < high ? take_between(low, high, bytes, align) : 0;
		if (phys)
			return phys;
	}
	return 0;
}

/**
 * kho_contig_take() - take contiguous memory, as high as possible
 * @ram: all RAM
 * @bytes: multiple of the page size, not 0
 * @align: power of two, at least the page size
 * @min_phys: lowest acceptable address
 * @max_phys: the memory ends at or below this address
 *
 * All of it lies in one zone and above 1 MiB. Contents are what they were. If there is none, and
 * memory between preserved blocks is still being given back, waits for that and looks again.
 *
 * Context: may sleep, may migrate pages.
 *
 * Return: physical address, or 0 if there is no such memory.
 */
u64 kho_contig_take(const struct kho_ram *ram, u64 bytes, u64 align,
		    u64 min_phys, u64 max_phys)
{
	u64 phys = take_once(ram, bytes, align, min_phys, max_phys);

	if (!phys && kho_in_wait_for_gaps())
		phys = take_once(ram, bytes, align, min_phys, max_phys);
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
