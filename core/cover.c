// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Extents that grow with what is preserved. */
#include "cover_inside.h"

void kho_cover_init(struct kho_cover *c, const struct kho_range *ram,
		    u32 nr_ram)
{
	memset(c, 0, sizeof(*c));
	c->ram = ram;
	c->nr_ram = nr_ram;
}

void kho_cover_set_ram(struct kho_cover *c, const struct kho_range *ram,
		       u32 nr_ram)
{
	c->ram = ram;
	c->nr_ram = nr_ram;
	memset(&c->hot, 0, sizeof(c->hot));
}

/* The range rounded to granules as far as there is room for that. */
static struct kho_range rounded(const struct kho_cover *c, u64 start, u64 end)
{
	struct kho_range room = kho_room_around(c, start);
	u64 low = kho_align_down(start, KHO_COVER_GRANULE);
	u64 high = kho_align_up(end, KHO_COVER_GRANULE);

	if (low > room.start)
		room.start = low;
	if (high >= end && high < room.end) /* it may have wrapped to 0 */
		room.end = high;
	return room;
}

static void remember(struct kho_cover *c, const struct kho_range *extent,
		     u64 at)
{
	struct kho_range hot = kho_room_around(c, at);

	if (hot.start < extent->start)
		hot.start = extent->start;
	if (hot.end > extent->end)
		hot.end = extent->end;
	c->hot = hot;
}

/* Puts an extent that touches none into place, then closes the cheapest gap if need be. */
static int insert(struct kho_cover *c, u32 at, const struct kho_range *new)
{
	struct kho_plan p = { .cover = c, .extent = c->extent };

	kho_ranges_insert(c->extent, &c->nr_extents, at, new);
	if (c->nr_extents <= KHO_MAX_EXTENTS)
		return 0;
	p.nr = c->nr_extents;
	kho_plan_cheapest(&p);
	if (p.weight == KHO_GAP_FIXED) {
		kho_ranges_remove(c->extent, &c->nr_extents, at, 1);
		return -ENOSPC;
	}
	kho_plan_close(&p, p.cheapest);
	c->nr_extents = p.nr;
	return 0;
}

int kho_cover_add(struct kho_cover *c, u64 start, u64 end)
{
	struct kho_range new, old;
	u32 at;
	int err;

	if (likely(kho_range_within(&c->hot, start, end) &&
		   kho_range_well_formed(start, end)))
		return KHO_LEADS_SAME;
	err = kho_cover_check(c, start, end, NULL);
	if (err)
		return err;
	at = kho_ranges_find(c->extent, c->nr_extents, start);
	if (at < c->nr_extents &&
	    kho_range_within(&c->extent[at], start, end)) {
		remember(c, &c->extent[at], start);
		return KHO_LEADS_SAME;
	}
	new = rounded(c, start, end);
	at = kho_ranges_find(c->extent, c->nr_extents, new.start - 1);
	if (at < c->nr_extents && c->extent[at].start <= new.end) {
		old = c->extent[at];
		kho_ranges_merge(c->extent, &c->nr_extents, at, &new);
		return kho_leads_follow_growth(c, at, &old, &new);
	}
	err = insert(c, at, &new);
	if (err)
		return err;
	return kho_leads_follow_insertion(c, &new);
}

bool kho_cover_contains(const struct kho_cover *c, u64 start, u64 end)
{
	u32 i;

	if (start >= end)
		return false;
	i = kho_ranges_find(c->extent, c->nr_extents, start);
	return i < c->nr_extents && kho_range_within(&c->extent[i], start, end);
}

u64 kho_cover_bytes(const struct kho_cover *c)
{
	return kho_ranges_sum(c->extent, c->nr_extents);
}

int kho_cover_keepout_add(struct kho_cover *c, u64 start, u64 end)
{
	u32 at;

	if (!kho_range_well_formed(start, end) ||
	    kho_room_kept_out(c, start, end))
		return -EINVAL;
	if (c->nr_keepout == KHO_COVER_MAX_KEEPOUT)
		return -ENOSPC;
	at = kho_ranges_find(c->keepout, c->nr_keepout, start);
	memmove(&c->keepout[at + 1], &c->keepout[at],
		(c->nr_keepout - at) * sizeof(*c->keepout));
	c->keepout[at].start = start;
	c->keepout[at].end = end;
	c->nr_keepout++;
	memset(&c->hot, 0, sizeof(c->hot));
	return 0;
}

int kho_cover_keepout_del(struct kho_cover *c, u64 start, u64 end)
{
	u32 at = kho_ranges_find(c->keepout, c->nr_keepout, start);

	if (at == c->nr_keepout || c->keepout[at].start != start ||
	    c->keepout[at].end != end)
		return -ENOENT;
	kho_ranges_remove(c->keepout, &c->nr_keepout, at, 1);
	return 0;
}
