// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Which gaps between extents are closed when there are too many of them. */
#include "cover_inside.h"

static_assert(KHO_MAX_EXTENTS - 1 > KHO_COVER_MAX_KEEPOUT,
	      "a full plan has gaps without a keep-out range");

void kho_plan_cheapest(struct kho_plan *p)
{
	u32 i;

	p->weight = KHO_GAP_FIXED;
	for (i = 0; i + 1 < p->nr; i++) {
		u64 start = p->extent[i].end, end = p->extent[i + 1].start;
		u64 weight;

		/* Most are wider than the cheapest so far, wherever they are. */
		if (end - start >= p->weight)
			continue;
		weight = kho_gap_weight(p->cover, start, end);
		if (weight < p->weight) {
			p->weight = weight;
			p->cheapest = i;
		}
	}
}

void kho_plan_close(struct kho_plan *p, u32 at)
{
	p->extent[at].end = p->extent[at + 1].end;
	kho_ranges_remove(p->extent, &p->nr, at + 1, 1);
}

/*
 * Adds an extent after all others. Closing one gap never changes another one, so closing the
 * cheapest whenever there is one too many leaves the most expensive ones open, as if all had
 * been known from the start. One that may be closed always exists: no extent of the plan touches
 * a keep-out range, so each of these lies in one gap.
 */
void kho_plan_append(struct kho_plan *p, u64 start, u64 end)
{
	if (p->nr && start == p->extent[p->nr - 1].end) {
		p->extent[p->nr - 1].end = end;
		return;
	}
	p->extent[p->nr].start = start;
	p->extent[p->nr].end = end;
	p->nr++;
	if (p->nr < KHO_MAX_EXTENTS)
		return;
	if (p->nr > KHO_MAX_EXTENTS) {
		u64 gap = p->extent[p->nr - 2].end;

		if (kho_gap_weight(p->cover, gap, start) <= p->weight) {
			kho_plan_close(p, p->nr - 2);
			return;
		}
		kho_plan_close(p, p->cheapest);
	}
	kho_plan_cheapest(p);
}
