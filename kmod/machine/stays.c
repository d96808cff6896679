// SPDX-License-Identifier: GPL-2.0
/*
 * Memory that somebody else needs where it is.
 *
 * What lies in an extent was reserved while this kernel booted, and is given to the page
 * allocator if nothing was preserved there. But the kernel reserves other memory too, and then
 * both look alike: a page has one flag for it, and the list that the boot code kept of who
 * reserved what is gone when a module is loaded. So all of it is found out anew from where the
 * kernel had it: tables of the firmware (firmware.c), nodes of the boot loader, quirks of
 * machines. These ranges stay as they are, in this kernel and in all that follow.
 *
 * Complete before the first page is given back, and not changed afterwards.
 */

#include <linux/mm.h>
#include <linux/slab.h>

#include <asm/processor.h>

#include "kmod/kho.h"
#include "kmod/machine/machine.h"

/* No machine has nearly as many; so many are damage. */
#define MAX_STAYS 4096

/* Ascending, disjoint, whole pages. */
static struct kho_stay *stays;
static u32 nr_stays, room;

static int make_room(u32 nr)
{
	struct kho_stay *more;

	if (nr_stays + nr <= room)
		return 0;
	if (nr_stays + nr > MAX_STAYS)
		return -E2BIG;
	nr = max_t(u32, nr_stays + nr, room + 64);
	more = krealloc(stays, nr * sizeof(*stays), GFP_KERNEL);
	if (!more)
		return -ENOMEM;
	stays = more;
	room = nr;
	return 0;
}

/* Number of the first range that ends after @phys. */
static u32 first_after(u64 phys)
{
	u32 low = 0, high = nr_stays;

	while (low < high) {
		u32 middle = (low + high) / 2;

		if (stays[middle].range.end > phys)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

/**
 * kho_stays_add() - note memory that stays where it is
 * @start: physical address of its first byte
 * @end: first byte after it; what is empty or wraps is ignored
 * @what: what lies there, a string that is never freed
 *
 * Context: may sleep; while the module is loaded only.
 *
 * Return: 0; -ENOMEM; -E2BIG (there are too many to be true).
 */
int kho_stays_add(u64 start, u64 end, const char *what)
{
	u32 at, last;
	int ret;

	if (start >= end || end > U64_MAX - PAGE_SIZE)
		return 0;
	start = kho_align_down(start, PAGE_SIZE);
	end = kho_align_up(end, PAGE_SIZE);
	at = first_after(start);
	for (last = at; last < nr_stays && stays[last].range.start < end;
	     last++) {
		start = min(start, stays[last].range.start);
		end = max(end, stays[last].range.end);
		what = stays[at].what;
	}
	ret = last == at ? make_room(1) : 0;
	if (ret)
		return ret;
	/* One in the place of those from @at to @last, if there are any. */
	memmove(&stays[at + 1], &stays[last],
		(nr_stays - last) * sizeof(*stays));
	nr_stays += 1 - (last - at);
	stays[at] = (struct kho_stay){ .range = { start, end }, .what = what };
	return 0;
}

/**
 * kho_stays_reserve() - make sure that kho_stays_add() works
 * @nr: so many times
 *
 * Context: as kho_stays_add().
 *
 * Return: as kho_stays_add().
 */
int kho_stays_reserve(u32 nr)
{
	return make_room(nr);
}

/**
 * kho_stays_first() - find memory that stays where it is
 * @start: physical address of the first byte to look at
 * @end: first byte after the last
 *
 * Context: any, once the module is loaded.
 *
 * Return: the lowest such range that has a page in common with this one, or NULL.
 */
const struct kho_stay *kho_stays_first(u64 start, u64 end)
{
	u32 at = first_after(start);

	return at < nr_stays && stays[at].range.start < end ? &stays[at] : NULL;
}

/*
 * The graphics of Intel's Sandy Bridge processors hang when they meet one of these pages; the
 * kernel reserves them where it finds such graphics, which are a part of the processor.
 */
static int add_sandy_bridge(void)
{
	static const u64 bad[] = { 0x20050000, 0x20110000, 0x20130000,
				   0x20138000, 0x40004000 };
	unsigned int i;
	int ret = 0;

	if (boot_cpu_data.x86_vendor != X86_VENDOR_INTEL ||
	    boot_cpu_data.x86 != 6 || boot_cpu_data.x86_model != 0x2a)
		return 0;
	for (i = 0; !ret && i < ARRAY_SIZE(bad); i++)
		ret = kho_stays_add(
			bad[i], bad[i] + PAGE_SIZE,
			"a page that Sandy Bridge graphics cannot use");
	return ret;
}

/**
 * kho_stays_init() - note what machines of this kind cannot use
 *
 * Return: as kho_stays_add().
 */
int kho_stays_init(void)
{
	return add_sandy_bridge();
}

/**
 * kho_stays_exit() - forget all of it
 */
void kho_stays_exit(void)
{
	kfree(stays);
	stays = NULL;
	nr_stays = 0;
	room = 0;
}
