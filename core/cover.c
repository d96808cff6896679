// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
#include "cover.h"

/* Weight of a gap that must stay open. */
static const u64 GAP_FIXED = ~0ULL;
/* Added to the bytes of a gap that should stay open as long as there is any other to close. */
static const u64 GAP_ACROSS_RAM = 1ULL << 63;

/* Gaps that are closed at once among the leads. */
enum { CLOSE_AHEAD = 16 };

static_assert(KHO_MAX_EXTENTS - 1 > KHO_COVER_MAX_KEEPOUT,
	      "a full plan has gaps without a keep-out range");

/* Extents in the making; @extent has room for KHO_MAX_EXTENTS + 1. */
struct plan {
	const struct kho_cover *cover;
	struct kho_range *extent;
	u32 nr;
	u32 cheapest; /* the gap after this extent is the one to close next */
	u64 weight; /* its weight; meaningful while the plan is full */
};

/*
 * Number of the first range that ends after @at, @nr if there is none. Without branches on what
 * is compared, which no processor could foretell.
 */
static u32 find_range(const struct kho_range *range, u32 nr, u64 at)
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

static inline bool within(const struct kho_range *r, u64 start, u64 end)
{
	return start >= r->start && end <= r->end;
}

static inline bool overlaps(const struct kho_range *r, u64 start, u64 end)
{
	return start < r->end && end > r->start;
}

static inline bool well_formed(u64 start, u64 end)
{
	return start < end && !((start | end) & (KHO_PAGE_SIZE - 1));
}

static bool overlaps_keepout(const struct kho_cover *c, u64 start, u64 end)
{
	u32 i = find_range(c->keepout, c->nr_keepout, start);

	return i < c->nr_keepout && overlaps(&c->keepout[i], start, end);
}

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
static struct kho_range room_around(const struct kho_cover *c, u64 at)
{
	struct kho_range room =
		usable_ram(c, find_range(c->ram, c->nr_ram, at));
	u32 i = find_range(c->keepout, c->nr_keepout, at);

	if (i && c->keepout[i - 1].end > room.start)
		room.start = c->keepout[i - 1].end;
	if (i < c->nr_keepout && c->keepout[i].start < room.end)
		room.end = c->keepout[i].start;
	return room;
}

/* The first range from @from on in which everything may be preserved. False if there is none. */
static bool next_room(const struct kho_cover *c, u64 from,
		      struct kho_range *room)
{
	u32 i = find_range(c->ram, c->nr_ram, from);
	u32 k;

	while (i < c->nr_ram) {
		*room = usable_ram(c, i);
		if (room->start < from)
			room->start = from;
		k = find_range(c->keepout, c->nr_keepout, room->start);
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

/* How much is lost by closing the gap @start .. @end between two extents. */
static u64 gap_weight(const struct kho_cover *c, u64 start, u64 end)
{
	u32 i;

	if (overlaps_keepout(c, start, end))
		return GAP_FIXED;
	i = find_range(c->ram, c->nr_ram, start);
	if (i < c->nr_ram && within(&c->ram[i], start, end))
		return end - start;
	return (end - start) | GAP_ACROSS_RAM;
}

static void remove_extent(struct kho_range *extent, u32 *nr, u32 at, u32 count)
{
	memmove(&extent[at], &extent[at + count],
		(*nr - at - count) * sizeof(*extent));
	*nr -= count;
}

static void insert_range(struct kho_range *range, u32 *nr, u32 at,
			 const struct kho_range *new)
{
	memmove(&range[at + 1], &range[at], (*nr - at) * sizeof(*range));
	range[at] = *new;
	++*nr;
}

static void find_cheapest(struct plan *p)
{
	u32 i;

	p->weight = GAP_FIXED;
	for (i = 0; i + 1 < p->nr; i++) {
		u64 weight = gap_weight(p->cover, p->extent[i].end,
					p->extent[i + 1].start);

		if (weight < p->weight) {
			p->weight = weight;
			p->cheapest = i;
		}
	}
}

static void close_gap(struct plan *p, u32 at)
{
	p->extent[at].end = p->extent[at + 1].end;
	remove_extent(p->extent, &p->nr, at + 1, 1);
}

/*
 * Adds an extent after all others. Closing one gap never changes another one, so closing the
 * cheapest whenever there is one too many leaves the most expensive ones open, as if all had
 * been known from the start. One that may be closed always exists: no extent of the plan touches
 * a keep-out range, so each of these lies in one gap.
 */
static void append(struct plan *p, u64 start, u64 end)
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

		if (gap_weight(p->cover, gap, start) <= p->weight) {
			close_gap(p, p->nr - 2);
			return;
		}
		close_gap(p, p->cheapest);
	}
	find_cheapest(p);
}

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

int kho_cover_check(const struct kho_cover *c, u64 start, u64 end,
		    struct kho_refusal *r)
{
	u64 ram_end = c->ram[c->nr_ram - 1].end;
	u32 i;

	if (!well_formed(start, end))
		return kho_refuse(r, -EINVAL, "range not of whole pages", start,
				  end, end);
	if (start < KHO_COVER_LOWEST)
		return kho_refuse(r, -EINVAL, "range below 1 MiB", start, start,
				  KHO_COVER_LOWEST);
	i = find_range(c->ram, c->nr_ram, start);
	if (i == c->nr_ram || !within(&c->ram[i], start, end))
		return kho_refuse(r, -EINVAL, "range not in one piece of RAM",
				  start, end, end);
	if (end == ram_end)
		return kho_refuse(r, -EINVAL,
				  "range contains the last page of RAM", start,
				  end, ram_end - KHO_PAGE_SIZE);
	if (overlaps_keepout(c, start, end))
		return kho_refuse(r, -EINVAL, "range overlaps scratch", start,
				  end, end);
	return 0;
}

/* The range rounded to granules as far as there is room for that. */
static struct kho_range rounded(const struct kho_cover *c, u64 start, u64 end)
{
	struct kho_range room = room_around(c, start);
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
	struct kho_range hot = room_around(c, at);

	if (hot.start < extent->start)
		hot.start = extent->start;
	if (hot.end > extent->end)
		hot.end = extent->end;
	c->hot = hot;
}

/* Puts an extent that touches none into place, then closes the cheapest gap if need be. */
static int insert(struct kho_cover *c, u32 at, const struct kho_range *new)
{
	struct plan p = { .cover = c, .extent = c->extent };

	insert_range(c->extent, &c->nr_extents, at, new);
	if (c->nr_extents <= KHO_MAX_EXTENTS)
		return 0;
	p.nr = c->nr_extents;
	find_cheapest(&p);
	if (p.weight == GAP_FIXED) {
		remove_extent(c->extent, &c->nr_extents, at, 1);
		return -ENOSPC;
	}
	close_gap(&p, p.cheapest);
	c->nr_extents = p.nr;
	return 0;
}

/* Makes one range of @new and all that overlap or touch it, which are those from @at on. */
static void merge(struct kho_range *range, u32 *nr, u32 at,
		  const struct kho_range *new)
{
	struct kho_range *into = &range[at];
	u32 last = at;

	while (last + 1 < *nr && range[last + 1].start <= new->end)
		last++;
	if (new->start < into->start)
		into->start = new->start;
	into->end = range[last].end > new->end ? range[last].end : new->end;
	remove_extent(range, nr, at + 1, last - at);
}

static u64 sum_of(const struct kho_range *range, u32 nr)
{
	u64 sum = 0;
	u32 i;

	for (i = 0; i < nr; i++)
		sum += range[i].end - range[i].start;
	return sum;
}

/* Bytes of RAM that the extents leave. */
static u64 free_bytes(const struct kho_cover *c)
{
	u64 ram = sum_of(c->ram, c->nr_ram), covered = kho_cover_bytes(c);

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

/* Extents may have come to lie outside RAM, which can have changed: there is no room there. */
static bool room_at(const struct kho_cover *c, u64 page, struct kho_range *room)
{
	if (kho_cover_check(c, page, page + KHO_PAGE_SIZE, NULL))
		return false;
	*room = room_around(c, page);
	return true;
}

/* Extent number @at and what may be published beyond its ends, at most @most bytes each. */
static struct kho_range reach(const struct kho_cover *c, u32 at, bool down,
			      bool up, u64 most)
{
	struct kho_range r = c->extent[at], room;

	if (down && room_at(c, r.start, &room)) {
		if (at && room.start < c->extent[at - 1].end)
			room.start = c->extent[at - 1].end;
		r.start -= r.start - room.start < most ? r.start - room.start :
							 most;
	}
	if (up && room_at(c, r.end - KHO_PAGE_SIZE, &room)) {
		if (at + 1 < c->nr_extents &&
		    room.end > c->extent[at + 1].start)
			room.end = c->extent[at + 1].start;
		r.end += room.end - r.end < most ? room.end - r.end : most;
	}
	return r;
}

static void add_lead(struct kho_cover *c, const struct kho_range *r)
{
	u32 at = find_range(c->lead, c->nr_leads, r->start - 1);

	if (at < c->nr_leads && c->lead[at].start <= r->end)
		merge(c->lead, &c->nr_leads, at, r);
	else
		insert_range(c->lead, &c->nr_leads, at, r);
}

/*
 * With as many extents as there may be each new one closes the cheapest gap between two: closes
 * the next ones among the leads, where they are about as cheap, up to @most bytes together.
 */
static void close_ahead(struct kho_cover *c, u64 most)
{
	struct plan p = { .cover = c, .extent = c->lead, .nr = c->nr_leads };
	u32 i, nr = 0;

	find_cheapest(&p);
	if (p.weight >= GAP_ACROSS_RAM)
		return;
	for (i = 0; i + 1 < p.nr && nr < CLOSE_AHEAD;) {
		u64 weight =
			gap_weight(c, p.extent[i].end, p.extent[i + 1].start);

		if (weight > 2 * p.weight || weight > most) {
			i++;
			continue;
		}
		most -= weight;
		nr++;
		close_gap(&p, i);
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
	part = kho_align_up(kho_cover_bytes(c) / 4, KHO_COVER_GRANULE);
	r = reach(c, at, down, up, part < most ? part : most);
	add_lead(c, &r);
	if (c->nr_leads <= KHO_MAX_EXTENTS && leads_suffice(c) &&
	    sum_of(c->lead, c->nr_leads) - kho_cover_bytes(c) <=
		    KHO_LEAD_SLACK(free))
		return;
	kho_cover_tighten(c);
	if (c->nr_extents == KHO_MAX_EXTENTS)
		close_ahead(c, KHO_LEAD_SLACK(free) / 2);
	add_lead(c, &r);
}

/* @old: what extent number @at was; @new: what it was merged with. */
static enum kho_leads follow_growth(struct kho_cover *c, u32 at,
				    const struct kho_range *old,
				    const struct kho_range *new)
{
	const struct kho_range *e = &c->extent[at];
	u32 lead = find_range(c->lead, c->nr_leads, e->start);

	if (lead < c->nr_leads && within(&c->lead[lead], e->start, e->end))
		return KHO_LEADS_SAME;
	run_ahead(c, at, e->start != old->start,
		  e->end != old->end && e->end == new->end);
	return KHO_LEADS_CHANGED;
}

/*
 * After an extent for @new was inserted. Where it grows to is not known; but extents that are as
 * many as there may be are not many by chance.
 */
static enum kho_leads follow_insertion(struct kho_cover *c,
				       const struct kho_range *new)
{
	u32 at = find_range(c->extent, c->nr_extents, new->start);
	bool full = c->nr_extents == KHO_MAX_EXTENTS;

	if (leads_suffice(c))
		return KHO_LEADS_SAME;
	run_ahead(c, at, full && !at, full && at == c->nr_extents - 1);
	return KHO_LEADS_CHANGED;
}

int kho_cover_add(struct kho_cover *c, u64 start, u64 end)
{
	struct kho_range new, old;
	u32 at;
	int err;

	if (likely(within(&c->hot, start, end) && well_formed(start, end)))
		return KHO_LEADS_SAME;
	err = kho_cover_check(c, start, end, NULL);
	if (err)
		return err;
	at = find_range(c->extent, c->nr_extents, start);
	if (at < c->nr_extents && within(&c->extent[at], start, end)) {
		remember(c, &c->extent[at], start);
		return KHO_LEADS_SAME;
	}
	new = rounded(c, start, end);
	at = find_range(c->extent, c->nr_extents, new.start - 1);
	if (at < c->nr_extents && c->extent[at].start <= new.end) {
		old = c->extent[at];
		merge(c->extent, &c->nr_extents, at, &new);
		return follow_growth(c, at, &old, &new);
	}
	err = insert(c, at, &new);
	if (err)
		return err;
	return follow_insertion(c, &new);
}

bool kho_cover_contains(const struct kho_cover *c, u64 start, u64 end)
{
	u32 i;

	if (start >= end)
		return false;
	i = find_range(c->extent, c->nr_extents, start);
	return i < c->nr_extents && within(&c->extent[i], start, end);
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

u64 kho_cover_bytes(const struct kho_cover *c)
{
	return sum_of(c->extent, c->nr_extents);
}

int kho_cover_keepout_add(struct kho_cover *c, u64 start, u64 end)
{
	u32 at;

	if (!well_formed(start, end) || overlaps_keepout(c, start, end))
		return -EINVAL;
	if (c->nr_keepout == KHO_COVER_MAX_KEEPOUT)
		return -ENOSPC;
	at = find_range(c->keepout, c->nr_keepout, start);
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
	u32 at = find_range(c->keepout, c->nr_keepout, start);

	if (at == c->nr_keepout || c->keepout[at].start != start ||
	    c->keepout[at].end != end)
		return -ENOENT;
	remove_extent(c->keepout, &c->nr_keepout, at, 1);
	return 0;
}

/* The buffer of a re-plan begins with the new extents; the map has what remains of it. */
enum { PLAN_BYTES = (KHO_MAX_EXTENTS + 1) * sizeof(struct kho_range) };

static_assert(PLAN_BYTES < KHO_REPLAN_MIN_BYTES,
	      "something remains for the map");

static u64 granules(const struct kho_cover *c, u64 base, unsigned int shift)
{
	u64 bytes = c->ram[c->nr_ram - 1].end - base;

	return ((bytes - 1) >> shift) + 1;
}

static u64 map_base(const struct kho_cover *c, unsigned int shift)
{
	return kho_align_down(c->ram[0].start, 1ULL << shift);
}

size_t kho_replan_bytes(const struct kho_cover *c)
{
	const unsigned int shift = kho_ffs64(KHO_COVER_GRANULE);
	u64 bits = granules(c, map_base(c, shift), shift);
	size_t bytes = PLAN_BYTES + (bits + 63) / 64 * sizeof(u64);

	return bytes > KHO_REPLAN_MIN_BYTES ? bytes : KHO_REPLAN_MIN_BYTES;
}

int kho_replan_begin(struct kho_replan *p, const struct kho_cover *c, void *buf,
		     size_t bytes)
{
	unsigned int shift = kho_ffs64(KHO_COVER_GRANULE);
	u64 words;

	if (bytes < KHO_REPLAN_MIN_BYTES)
		return -EINVAL;
	words = (bytes - PLAN_BYTES) / sizeof(u64);
	while (granules(c, map_base(c, shift), shift) > words * 64)
		shift++;
	p->cover = c;
	p->extent = buf;
	p->map = (u64 *)buf + PLAN_BYTES / sizeof(u64);
	p->base = map_base(c, shift);
	p->granule_shift = shift;
	p->map_bits = granules(c, p->base, shift);
	p->strayed = false;
	memset(p->map, 0, (p->map_bits + 63) / 64 * sizeof(u64));
	return 0;
}

/* Sets the bits @first .. @last. */
static void set_bits(u64 *map, u64 first, u64 last)
{
	u64 head = ~0ULL << (first & 63);
	u64 tail = ~0ULL >> (63 - (last & 63));
	u64 i;

	if (first / 64 == last / 64) {
		map[first / 64] |= head & tail;
		return;
	}
	map[first / 64] |= head;
	for (i = first / 64 + 1; i < last / 64; i++)
		map[i] = ~0ULL;
	map[last / 64] |= tail;
}

void kho_replan_mark(struct kho_replan *p, u64 start, u64 end)
{
	/* What is below the base wraps to far beyond the end. */
	u64 first = (start - p->base) >> p->granule_shift;
	u64 last = (end - 1 - p->base) >> p->granule_shift;

	if (unlikely(first > last || last >= p->map_bits)) {
		p->strayed = true;
		return;
	}
	if (likely(first == last))
		p->map[first / 64] |= 1ULL << (first & 63);
	else
		set_bits(p->map, first, last);
}

/* Number of the first bit from @at on that is set (or, with @flip ~0, clear), or map_bits. */
static u64 next_bit(const struct kho_replan *p, u64 at, u64 flip)
{
	u64 bits;
	u64 i;

	if (at >= p->map_bits)
		return p->map_bits;
	i = at / 64;
	bits = (p->map[i] ^ flip) & ~0ULL << (at & 63);
	while (!bits) {
		if (++i * 64 >= p->map_bits)
			return p->map_bits;
		bits = p->map[i] ^ flip;
	}
	at = i * 64 + kho_ffs64(bits);
	return at < p->map_bits ? at : p->map_bits;
}

/* Adds what may be preserved of one run of marked granules. */
static void append_run(struct plan *plan, u64 start, u64 end)
{
	struct kho_range room;

	while (start < end && next_room(plan->cover, start, &room) &&
	       room.start < end) {
		if (room.end > end)
			room.end = end;
		append(plan, room.start, room.end);
		start = room.end;
	}
}

int kho_replan_end(struct kho_replan *p, struct kho_cover *c)
{
	struct plan plan = { .cover = c, .extent = p->extent };
	u64 at, end;

	if (p->strayed)
		return -EINVAL;
	for (at = next_bit(p, 0, 0); at < p->map_bits;
	     at = next_bit(p, end, 0)) {
		end = next_bit(p, at, ~0ULL);
		append_run(&plan, p->base + (at << p->granule_shift),
			   p->base + (end << p->granule_shift));
	}
	memcpy(c->extent, plan.extent, plan.nr * sizeof(*c->extent));
	c->nr_extents = plan.nr;
	memset(&c->hot, 0, sizeof(c->hot));
	return kho_cover_tighten(c);
}
