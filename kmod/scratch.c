// SPDX-License-Identifier: GPL-2.0
/*
 * Scratch: memory that an image is copied to when the machine jumps. It is taken from the page
 * allocator when an image is loaded, so that nobody can have anything there, and given back when the
 * image goes.
 */

#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/sched.h>

#include "compat/compat.h"
#include "kho.h"

/* Areas start and end on this border, so that an extent beside one can be whole granules. */
#define SCRATCH_ALIGN KHO_COVER_GRANULE

/*
 * Could this page be moved or is it free? A guess without locks, to avoid asking the allocator for
 * ranges that it must refuse. *@skip: how many pages the answer holds for.
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
	struct page *page;
	u64 found = 0;

	page = pfn_to_online_page(PHYS_PFN(start));
	if (!page)
		return start;
	for (pfn = PHYS_PFN(start); pfn < PHYS_PFN(end); pfn += skip) {
		page = pfn_to_online_page(pfn);
		skip = 1;
		if (!page || !looks_movable(page, &skip))
			found = PFN_PHYS(pfn);
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

static u64 take_area(const struct kho_ram *ram, const struct kho_image_area *a)
{
	u64 align = max3(a->align, SCRATCH_ALIGN, (u64)PAGE_SIZE);
	u64 bytes = ALIGN(a->bytes, SCRATCH_ALIGN);
	u64 low, high, phys;
	u32 i;

	for (i = ram->nr; i--;) {
		low = max3(ram->range[i].start, a->min_phys, KHO_COVER_LOWEST);
		high = ram->range[i].end;
		if (a->max_phys)
			high = min(high, a->max_phys);
		phys = low < high ? take_between(low, high, bytes, align) : 0;
		if (phys)
			return phys;
	}
	return 0;
}

static int area_check(const struct kho_image_area *a)
{
	if (!a->bytes || a->bytes > 1ULL << 46 || a->align > 1ULL << 46)
		return -EINVAL;
	if (a->align && (a->align & (a->align - 1)))
		return -EINVAL;
	return 0;
}

static void free_areas(struct kho_scratch_set *set)
{
	u32 i;

	for (i = 0; i < set->nr; i++)
		free_contig_range(
			PHYS_PFN(set->range[i].start),
			PHYS_PFN(set->range[i].end - set->range[i].start));
	set->nr = 0;
}

/**
 * kho_scratch_take() - take memory for the parts of an image
 * @set: filled; nothing is held in it
 * @area: what is wanted; phys of each is filled
 * @nr: 1 .. KHO_IMAGE_MAX_AREAS
 *
 * Nothing can be preserved there until kho_scratch_give_back().
 *
 * Context: may sleep, may migrate pages.
 *
 * Return: 0; -EINVAL (an area makes no sense); -ENOMEM (nothing is held).
 */
int kho_scratch_take(struct kho_scratch_set *set, struct kho_image_area *area,
		     u32 nr)
{
	struct kho_ram ram;
	u32 i;
	int ret;

	set->nr = 0;
	for (i = 0; i < nr; i++)
		if (area_check(&area[i]))
			return -EINVAL;
	ret = kho_ram_get(&ram);
	for (i = 0; !ret && i < nr; i++) {
		u64 phys = take_area(&ram, &area[i]);

		if (!phys) {
			ret = -ENOMEM;
			break;
		}
		area[i].phys = phys;
		set->range[set->nr].start = phys;
		set->range[set->nr++].end =
			phys + ALIGN(area[i].bytes, SCRATCH_ALIGN);
	}
	kho_ram_put(&ram);
	if (!ret)
		ret = kho_out_keepout_add(set->range, set->nr);
	if (ret)
		free_areas(set);
	return ret;
}

/**
 * kho_scratch_give_back() - undo kho_scratch_take(); no image may be loaded there
 * @set: empty afterwards; may be empty
 *
 * Context: may sleep.
 */
void kho_scratch_give_back(struct kho_scratch_set *set)
{
	if (!set->nr)
		return;
	kho_out_keepout_del(set->range, set->nr);
	free_areas(set);
}
