// SPDX-License-Identifier: GPL-2.0
/* Where a kernel may run, and a place among these by lot. */
#include "cli/image/kaslr.h"

#include <errno.h>
#include <sys/random.h>

/* Length of the mapping of a kernel that can be relocated: KERNEL_IMAGE_SIZE of all of them. */
#define MAPPING_BYTES GIB

int kaslr_below(u64 n, u64 *out)
{
	/* What is above the largest multiple would make some numbers likelier. */
	const u64 good = UINT64_MAX - UINT64_MAX % n;
	u64 r;

	do {
		if (getrandom(&r, sizeof(r), 0) != (ssize_t)sizeof(r))
			return errno ? -errno : -EIO;
	} while (r >= good);
	*out = r % n;
	return 0;
}

u64 kaslr_virtual_slots(u64 linked_phys, u64 align, u64 bytes)
{
	if (linked_phys > MAPPING_BYTES || bytes > MAPPING_BYTES - linked_phys)
		return 1;
	return 1 + (MAPPING_BYTES - linked_phys - bytes) / align;
}

static u64 slots_between(const struct kaslr_room *room, u64 start, u64 end)
{
	if (end < room->bytes || start > end - room->bytes)
		return 0;
	return (end - room->bytes - start) / room->align + 1;
}

/*
 * Places in one range of RAM. If @slot is among them it is put into @phys, else it becomes what
 * is left of it.
 */
static u64 slots_in(const struct kaslr_room *room, u64 start, u64 end,
		    u64 *slot, u64 *phys)
{
	u64 aligned, nr;

	if (start < room->low)
		start = room->low;
	if (room->high && end > room->high)
		end = room->high;
	aligned = round_up_to(start, room->align);
	/* It may wrap. */
	nr = aligned >= start ? slots_between(room, aligned, end) : 0;
	if (*slot < nr)
		*phys = aligned + *slot * room->align;
	*slot = *slot < nr ? UINT64_MAX : *slot - nr;
	return nr;
}

/* Sum of all ranges; @slot as slots_in(), UINT64_MAX for none. */
static u64 slots(const struct kaslr_room *room, u64 slot, u64 *phys)
{
	u64 nr = 0;
	size_t i;

	for (i = 0; i < room->map->nr; i++) {
		const struct memmap_range *r = &room->map->range[i];
		u64 first = round_up_to(r->start, GIB);
		u64 last = r->end & ~(GIB - 1);

		if (r->type != KHO_E820_RAM)
			continue;
		if (!room->spare_1g || first < r->start || first >= last) {
			nr += slots_in(room, r->start, r->end, &slot, phys);
			continue;
		}
		nr += slots_in(room, r->start, first, &slot, phys);
		nr += slots_in(room, last, r->end, &slot, phys);
	}
	return nr;
}

u64 kaslr_physical_slots(const struct kaslr_room *room)
{
	u64 nowhere;

	return slots(room, UINT64_MAX, &nowhere);
}

u64 kaslr_physical(const struct kaslr_room *room, u64 slot)
{
	u64 phys = 0;

	slots(room, slot, &phys);
	return phys;
}
