// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Leads: what is published ahead of the extents, so that it need not be written anew each time
 * one grows. At every instant they contain every extent, which is what the next kernel reserves:
 * an extent that grew beyond them is published before the block it grew for is entered.
 */
#include "cover_inside.h"

/* Gaps that are closed at once among the leads. */
enum { CLOSE_AHEAD = 16 };

static u64 extent_bytes(const struct kho_cover *c)
{
	return kho_ranges_sum(c->extent, c->nr_extents);
}

/* Bytes of RAM that the extents leave. */
static u64 free_bytes(const struct kho_cover *c)
{
	u64 ram = kho_ranges_sum(c->ram, c->nr_ram), covered = extent_bytes(c);

	return ram > covered ? ram - covered : 0;
}

static bool leads_suffice(const struct kho_cover *c)
{
	u32 i, at = 0;

	for (i = 0; i < c->nr_extents; i++) {
		while (at < c->nr_leads && c->lead[at].end < c->extent[i].end)
			at++;
		if (at == c->nr_leads || c->lead[at].start > c->extent[i].start)
			return false;
	}
	return true;
}

/* Extent number @at and what may be published beyond its ends, at most @most bytes each. */
static struct kho_range reach(const struct kho_cover *c, u32 at, bool down,
			      bool up, u64 most)
{
	struct kho_range r = c->extent[at], room;

	if (down && kho_room_at(c, r.start, &room)) {
		if (at && room.start < c->extent[at - 1].end)
			room.start = c->extent[at - 1].end;
		r.start -= r.start - room.start < most ? r.start - room.start :
							 most;
	}
	if (up && kho_room_at(c, r.end - KHO_PAGE_SIZE, &room)) {
		if (at + 1 < c->nr_extents &&
		    room.end > c->extent[at + 1].start)
			room.end = c->extent[at + 1].start;
		r.end += room.end - r.end < most ? room.end - r.end : most;
	}
	return r;
}

static void add_lead(struct kho_cover *c, const struct kho_range *r)
{
	u32 at = kho_ranges_find(c->lead, c->nr_leads, r->start - 1);

	if (at < c->nr_leads && c->lead[at].start <= r->end)
		kho_ranges_merge(c->lead, &c->nr_leads, at, r);
	else
		kho_ranges_insert(c->lead, &c->nr_leads, at, r);
}

/*
 * With as many extents as there may be each new one closes the cheapest gap between two: closes
 * the next ones among the leads, where they are about as cheap, up to @most bytes together.
 */
static void close_ahead(struct kho_cover *c, u64 most)
{
	struct kho_plan p = { .cover = c,
			      .extent = c->lead,
			      .nr = c->nr_leads };
	u32 i, nr = 0;

	kho_plan_cheapest(&p);
	if (p.weight >= KHO_GAP_ACROSS_RAM)
		return;
	for (i = 0; i + 1 < p.nr && nr < CLOSE_AHEAD;) {
		u64 weight = kho_gap_weight(c, p.extent[i].end,
					    p.extent[i + 1].start);

		if (weight > 2 * p.weight || weight > most) {
			i++;
			continue;
		}
		most -= weight;
		nr++;
		kho_plan_close(&p, i);
	}
	c->nr_leads = p.nr;
}

/* Extends the leads over extent number @at, and beyond it where it grows to. */
static void run_ahead(struct kho_cover *c, u32 at, bool down, bool up)
{
	u64 free = free_bytes(c), most, part;
	struct kho_range r;

	/* With both directions, and closed gaps, it makes up all of the slack. */
	most = kho_align_down(KHO_LEAD_SLACK(free) / 4, KHO_COVER_GRANULE);
	part = kho_align_up(extent_bytes(c) / 4, KHO_COVER_GRANULE);
	r = reach(c, at, down, up, part < most ? part : most);
	add_lead(c, &r);
	if (c->nr_leads <= KHO_MAX_EXTENTS && leads_suffice(c) &&
	    kho_ranges_sum(c->lead, c->nr_leads) - extent_bytes(c) <=
		    KHO_LEAD_SLACK(free))
		return;
	kho_cover_tighten(c);
	if (c->nr_extents == KHO_MAX_EXTENTS)
		close_ahead(c, KHO_LEAD_SLACK(free) / 2);
	add_lead(c, &r);
}

/* @old: what extent number @at was; @new: what it was merged with. */
enum kho_leads kho_leads_follow_growth(struct kho_cover *c, u32 at,
				       const struct kho_range *old,
				       const struct kho_range *new)
{
	const struct kho_range *e = &c->extent[at];
	u32 lead = kho_ranges_find(c->lead, c->nr_leads, e->start);

	if (lead < c->nr_leads &&
	    kho_range_within(&c->lead[lead], e->start, e->end))
		return KHO_LEADS_SAME;
	run_ahead(c, at, e->start != old->start,
		  e->end != old->end && e->end == new->end);
	return KHO_LEADS_CHANGED;
}

/*
 * After an extent for @new was inserted. Where it grows to is not known; but extents that are as
 * many as there may be are not many by chance.
 */
enum kho_leads kho_leads_follow_insertion(struct kho_cover *c,
					  const struct kho_range *new)
{
	u32 at = kho_ranges_find(c->extent, c->nr_extents, new->start);
	bool full = c->nr_extents == KHO_MAX_EXTENTS;

	if (leads_suffice(c))
		return KHO_LEADS_SAME;
	run_ahead(c, at, full && !at, full && at == c->nr_extents - 1);
	return KHO_LEADS_CHANGED;
}

enum kho_leads kho_cover_tighten(struct kho_cover *c)
{
	const size_t bytes = c->nr_extents * sizeof(*c->extent);

	if (c->nr_leads == c->nr_extents && !memcmp(c->lead, c->extent, bytes))
		return KHO_LEADS_SAME;
	memcpy(c->lead, c->extent, bytes);
	c->nr_leads = c->nr_extents;
	return KHO_LEADS_CHANGED;
}
