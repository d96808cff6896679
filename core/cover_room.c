// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Where anything may be preserved: RAM, but not its last page, nor low or keep-out ranges. */
#include "cover_inside.h"

/*
 * What of RAM range number @i may be preserved, keep-out ranges aside; empty if start >= end.
 */
static struct kho_range usable_ram(const struct kho_cover *c, u32 i)
{
	struct kho_range r = c->ram[i];

	if (r.start < KHO_COVER_LOWEST)
		r.start = KHO_COVER_LOWEST;
	if (i == c->nr_ram - 1)
		r.end -= KHO_PAGE_SIZE;
	return r;
}

/* The largest range around @at, which may be preserved, in which everything may be. */
struct kho_range kho_room_around(const struct kho_cover *c, u64 at)
{
	struct kho_range room =
		usable_ram(c, kho_ranges_find(c->ram, c->nr_ram, at));
	u32 i = kho_ranges_find(c->keepout, c->nr_keepout, at);

	if (i && c->keepout[i - 1].end > room.start)
		room.start = c->keepout[i - 1].end;
	if (i < c->nr_keepout && c->keepout[i].start < room.end)
		room.end = c->keepout[i].start;
	return room;
}

/* The first range from @from on in which everything may be preserved. False if there is none. */
bool kho_room_next(const struct kho_cover *c, u64 from, struct kho_range *room)
{
	u32 i = kho_ranges_find(c->ram, c->nr_ram, from);
	u32 k;

	while (i < c->nr_ram) {
		*room = usable_ram(c, i);
		if (room->start < from)
			room->start = from;
		k = kho_ranges_find(c->keepout, c->nr_keepout, room->start);
		for (; k < c->nr_keepout && c->keepout[k].start <= room->start;
		     k++)
			room->start = c->keepout[k].end;
		if (k < c->nr_keepout && c->keepout[k].start < room->end)
			room->end = c->keepout[k].start;
		if (room->start < room->end)
			return true;
		from = room->start;
		i++;
	}
	return false;
}

int kho_cover_check(const struct kho_cover *c, u64 start, u64 end,
		    struct kho_refusal *r)
{
	u64 ram_end = c->ram[c->nr_ram - 1].end;
	u32 i;

	if (!kho_range_well_formed(start, end))
		return kho_refuse(r, -EINVAL, "range not of whole pages", start,
				  end, end);
	if (start < KHO_COVER_LOWEST)
		return kho_refuse(r, -EINVAL, "range below 1 MiB", start, start,
				  KHO_COVER_LOWEST);
	i = kho_ranges_find(c->ram, c->nr_ram, start);
	if (i == c->nr_ram || !kho_range_within(&c->ram[i], start, end))
		return kho_refuse(r, -EINVAL, "range not in one piece of RAM",
				  start, end, end);
	if (end == ram_end)
		return kho_refuse(r, -EINVAL,
				  "range contains the last page of RAM", start,
				  end, ram_end - KHO_PAGE_SIZE);
	if (kho_room_kept_out(c, start, end))
		return kho_refuse(r, -EINVAL, "range overlaps scratch", start,
				  end, end);
	return 0;
}

/* Extents may have come to lie outside RAM, which can have changed: there is no room there. */
bool kho_room_at(const struct kho_cover *c, u64 page, struct kho_range *room)
{
	if (kho_cover_check(c, page, page + KHO_PAGE_SIZE, NULL))
		return false;
	*room = kho_room_around(c, page);
	return true;
}
