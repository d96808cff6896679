/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Arrays of ranges: ascending, disjoint. */
#ifndef KHO_CORE_RANGES_H
#define KHO_CORE_RANGES_H

#include "bits.h"

/*
 * Number of the first range that ends after @at, @nr if there is none. Without branches on what
 * is compared, which no processor could foretell.
 */
static inline u32 kho_ranges_find(const struct kho_range *range, u32 nr, u64 at)
{
	u32 first = 0;

	while (nr) {
		u32 half = (nr + 1) / 2;
		u32 skip = range[first + half - 1].end <= at;

		first += half & -skip;
		nr -= half;
	}
	return first;
}

static inline bool kho_range_within(const struct kho_range *r, u64 start,
				    u64 end)
{
	return start >= r->start && end <= r->end;
}

static inline bool kho_range_overlaps(const struct kho_range *r, u64 start,
				      u64 end)
{
	return start < r->end && end > r->start;
}

static inline bool kho_range_well_formed(u64 start, u64 end)
{
	return start < end && !((start | end) & (KHO_PAGE_SIZE - 1));
}

static inline void kho_ranges_remove(struct kho_range *range, u32 *nr, u32 at,
				     u32 count)
{
	memmove(&range[at], &range[at + count],
		(*nr - at - count) * sizeof(*range));
	*nr -= count;
}

static inline void kho_ranges_insert(struct kho_range *range, u32 *nr, u32 at,
				     const struct kho_range *new)
{
	memmove(&range[at + 1], &range[at], (*nr - at) * sizeof(*range));
	range[at] = *new;
	++*nr;
}

/* Makes one range of @new and all that overlap or touch it, which are those from @at on. */
static inline void kho_ranges_merge(struct kho_range *range, u32 *nr, u32 at,
				    const struct kho_range *new)
{
	struct kho_range *into = &range[at];
	u32 last = at;

	while (last + 1 < *nr && range[last + 1].start <= new->end)
		last++;
	if (new->start < into->start)
		into->start = new->start;
	into->end = range[last].end > new->end ? range[last].end : new->end;
	kho_ranges_remove(range, nr, at + 1, last - at);
}

static inline u64 kho_ranges_sum(const struct kho_range *range, u32 nr)
{
	u64 sum = 0;
	u32 i;

	for (i = 0; i < nr; i++)
		sum += range[i].end - range[i].start;
	return sum;
}

#endif /* KHO_CORE_RANGES_H */
