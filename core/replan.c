// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* A re-plan: new extents, from everything that is preserved. */
#include "cover_inside.h"

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
	memset(&p->room, 0, sizeof(p->room));
	memset(&p->strayed, 0, sizeof(p->strayed));
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

/* As kho_cover_check(); keeps the room, so that the next mark is found at once. */
static bool find_room(struct kho_replan *p, u64 start, u64 end)
{
	if (kho_cover_check(p->cover, start, end, NULL)) {
		if (!p->strayed.end)
			p->strayed = (struct kho_range){ start, end };
		return false;
	}
	p->room = kho_room_around(p->cover, start);
	return true;
}

void kho_replan_mark(struct kho_replan *p, u64 start, u64 end)
{
	u64 first = (start - p->base) >> p->granule_shift;
	u64 last = (end - 1 - p->base) >> p->granule_shift;

	if (unlikely(!kho_range_within(&p->room, start, end)) &&
	    !find_room(p, start, end))
		return;
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
static void append_run(struct kho_plan *plan, u64 start, u64 end)
{
	struct kho_range room;

	while (start < end && kho_room_next(plan->cover, start, &room) &&
	       room.start < end) {
		if (room.end > end)
			room.end = end;
		kho_plan_append(plan, room.start, room.end);
		start = room.end;
	}
}

int kho_replan_end(struct kho_replan *p, struct kho_cover *c)
{
	struct kho_plan plan = { .cover = c, .extent = p->extent };
	u64 at, end;

	if (p->strayed.end)
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
