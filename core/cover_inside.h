/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * What the files of the cover offer one another, lowest first; others include cover.h alone. Each
 * file uses what stands above its own part here, and nothing below it.
 */
#ifndef KHO_CORE_COVER_INSIDE_H
#define KHO_CORE_COVER_INSIDE_H

#include "cover.h"
#include "ranges.h"

/* --- cover_room.c: where anything may be preserved */

/* In the header, as the next one: they are asked for each gap. */
static inline bool kho_room_kept_out(const struct kho_cover *c, u64 start,
				     u64 end)
{
	u32 i = kho_ranges_find(c->keepout, c->nr_keepout, start);

	return i < c->nr_keepout &&
	       kho_range_overlaps(&c->keepout[i], start, end);
}

struct kho_range kho_room_around(const struct kho_cover *c, u64 at);
bool kho_room_at(const struct kho_cover *c, u64 page, struct kho_range *room);
bool kho_room_next(const struct kho_cover *c, u64 from, struct kho_range *room);

/* --- cover_plan.c: the cheapest gaps are closed */

/* Weight of a gap that must stay open. */
#define KHO_GAP_FIXED (~0ULL)
/* Added to the bytes of a gap that should stay open as long as there is any other to close. */
#define KHO_GAP_ACROSS_RAM (1ULL << 63)

/**
 * struct kho_plan - extents in the making
 * @cover: whose keep-out ranges and RAM count
 * @extent: room for KHO_MAX_EXTENTS + 1
 * @nr: how many
 * @cheapest: the gap after this extent is the one to close next
 * @weight: its weight; meaningful while the plan is full
 */
struct kho_plan {
	const struct kho_cover *cover;
	struct kho_range *extent;
	u32 nr;
	u32 cheapest;
	u64 weight;
};

/* How much is lost by closing the gap @start .. @end between two extents: its bytes at least. */
static inline u64 kho_gap_weight(const struct kho_cover *c, u64 start, u64 end)
{
	u32 i;

	if (kho_room_kept_out(c, start, end))
		return KHO_GAP_FIXED;
	i = kho_ranges_find(c->ram, c->nr_ram, start);
	if (i < c->nr_ram && kho_range_within(&c->ram[i], start, end))
		return end - start;
	return (end - start) | KHO_GAP_ACROSS_RAM;
}

void kho_plan_cheapest(struct kho_plan *p);
void kho_plan_close(struct kho_plan *p, u32 at);
void kho_plan_append(struct kho_plan *p, u64 start, u64 end);

/* --- lead.c: what is published ahead of the extents */

enum kho_leads kho_leads_follow_growth(struct kho_cover *c, u32 at,
				       const struct kho_range *old,
				       const struct kho_range *new);
enum kho_leads kho_leads_follow_insertion(struct kho_cover *c,
					  const struct kho_range *new);

/* --- cover.c and replan.c: extents that grow, and new ones */

#endif /* KHO_CORE_COVER_INSIDE_H */
