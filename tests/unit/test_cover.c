// SPDX-License-Identifier: GPL-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "refcover.h"
#include "testmem.h"

#define KIB (1ULL << 10)
#define MIB (1ULL << 20)
#define GIB (1ULL << 30)
#define TIB (1ULL << 40)
#define PAGE KHO_PAGE_SIZE
/* End of the RAM of most tests. */
#define TOP (16 * GIB)

#define check_extent_is(c, i, first, last)                     \
	do {                                                   \
		assert_true((i) < (c)->nr_extents);            \
		assert_int_equal((c)->extent[i].start, first); \
		assert_int_equal((c)->extent[i].end, last);    \
	} while (0)

static const struct kho_range plain_ram[] = { { 0, 640 * KIB }, { MIB, TOP } };

static void plain(struct kho_cover *c)
{
	kho_cover_init(c, plain_ram, 2);
}

/* Adds a page that is not covered yet. */
static void add_page(struct kho_cover *c, u64 at)
{
	assert_int_equal(kho_cover_add(c, at, at + PAGE), KHO_LEADS_CHANGED);
}

/* Makes the cover full: extents of 2 MiB from @base on, with gaps of 2, 4, 6, ... MiB. */
static u64 fill(struct kho_cover *c, u64 base)
{
	u32 i;

	for (i = 0; i < KHO_MAX_EXTENTS; i++) {
		add_page(c, base);
		base += 2 * MIB + (i + 1) * 2 * MIB;
	}
	assert_int_equal(c->nr_extents, KHO_MAX_EXTENTS);
	return base;
}

static void new_cover_is_empty(void **state)
{
	struct kho_cover c;

	plain(&c);
	assert_int_equal(c.nr_extents, 0);
	assert_int_equal(kho_cover_bytes(&c), 0);
	assert_false(kho_cover_contains(&c, 2 * MIB, 2 * MIB + PAGE));
	assert_false(kho_cover_contains(&c, 2 * MIB, 2 * MIB));
}

static void refusals_name_their_reason(void **state)
{
	static const struct {
		u64 start, end;
		const char *check;
	} bad[] = {
		{ 2 * MIB, 2 * MIB, "range not of whole pages" },
		{ 4 * MIB, 2 * MIB, "range not of whole pages" },
		{ 2 * MIB + 1, 3 * MIB, "range not of whole pages" },
		{ 2 * MIB, 3 * MIB - 1, "range not of whole pages" },
		{ 0, PAGE, "range below 1 MiB" },
		{ MIB - PAGE, MIB + PAGE, "range below 1 MiB" },
		{ TOP - PAGE, TOP + PAGE, "range not in one piece of RAM" },
		{ TOP, TOP + PAGE, "range not in one piece of RAM" },
		{ TOP - 2 * PAGE, TOP, "range contains the last page of RAM" },
		{ 8 * MIB, 9 * MIB, "range overlaps scratch" },
		{ 7 * MIB, 8 * MIB + PAGE, "range overlaps scratch" },
		{ 9 * MIB - PAGE, 9 * MIB, "range overlaps scratch" },
		{ 0, 0, NULL },
	};
	struct kho_refusal r;
	struct kho_cover c;
	size_t i;

	plain(&c);
	assert_int_equal(kho_cover_keepout_add(&c, 8 * MIB, 9 * MIB), 0);
	for (i = 0; bad[i].check; i++) {
		assert_int_equal(kho_cover_check(&c, bad[i].start, bad[i].end,
						 &r),
				 -EINVAL);
		assert_string_equal(r.check, bad[i].check);
		assert_int_equal(r.err, -EINVAL);
		assert_int_equal(r.where, bad[i].start);
		assert_int_equal(kho_cover_check(&c, bad[i].start, bad[i].end,
						 NULL),
				 -EINVAL);
		assert_int_equal(kho_cover_add(&c, bad[i].start, bad[i].end),
				 -EINVAL);
		assert_int_equal(c.nr_extents, 0);
	}
	assert_int_equal(kho_cover_check(&c, MIB, 8 * MIB, &r), 0);
	assert_int_equal(kho_cover_check(&c, 9 * MIB, TOP - PAGE, &r), 0);
}

static void range_over_a_hole_is_refused(void **state)
{
	static const struct kho_range ram[] = { { MIB, GIB },
						{ GIB + PAGE, 2 * GIB },
						{ 2 * GIB, 3 * GIB } };
	struct kho_cover c;

	kho_cover_init(&c, ram, 3);
	assert_int_equal(kho_cover_check(&c, GIB - PAGE, GIB + PAGE, NULL),
			 -EINVAL);
	assert_int_equal(kho_cover_check(&c, GIB - PAGE, GIB + 2 * PAGE, NULL),
			 -EINVAL);
	/* RAM on both sides, but two ranges. */
	assert_int_equal(kho_cover_check(&c, 2 * GIB - PAGE, 2 * GIB + PAGE,
					 NULL),
			 -EINVAL);
	assert_int_equal(kho_cover_check(&c, GIB - PAGE, GIB, NULL), 0);
}

static void block_is_rounded_to_granules(void **state)
{
	struct kho_cover c;

	plain(&c);
	assert_int_equal(kho_cover_add(&c, 5 * MIB, 5 * MIB + PAGE),
			 KHO_LEADS_CHANGED);
	check_extent_is(&c, 0, 4 * MIB, 6 * MIB);
	assert_int_equal(kho_cover_add(&c, 4 * MIB, 6 * MIB), KHO_LEADS_SAME);
	assert_int_equal(kho_cover_bytes(&c), 2 * MIB);
	assert_true(kho_cover_contains(&c, 4 * MIB, 6 * MIB));
	assert_false(kho_cover_contains(&c, 4 * MIB, 6 * MIB + PAGE));
	assert_false(kho_cover_contains(&c, 4 * MIB - PAGE, 5 * MIB));
}

static void rounding_stops_at_what_must_stay_out(void **state)
{
	static const struct kho_range ram[] = { { 0, 10 * MIB + 3 * PAGE },
						{ 11 * MIB - PAGE,
						  64 * MIB + 9 * PAGE } };
	struct kho_cover c;

	kho_cover_init(&c, ram, 2);
	kho_cover_keepout_add(&c, 20 * MIB + PAGE, 20 * MIB + 2 * PAGE);
	kho_cover_keepout_add(&c, 21 * MIB, 30 * MIB);
	assert_int_equal(kho_cover_add(&c, MIB + PAGE, MIB + 2 * PAGE),
			 KHO_LEADS_CHANGED);
	add_page(&c, 10 * MIB);
	add_page(&c, 11 * MIB);
	add_page(&c, 20 * MIB + 4 * PAGE);
	add_page(&c, 64 * MIB + PAGE);
	assert_int_equal(c.nr_extents, 5);
	check_extent_is(&c, 0, MIB, 2 * MIB);
	check_extent_is(&c, 1, 10 * MIB, 10 * MIB + 3 * PAGE);
	check_extent_is(&c, 2, 11 * MIB - PAGE, 12 * MIB);
	check_extent_is(&c, 3, 20 * MIB + 2 * PAGE, 21 * MIB);
	check_extent_is(&c, 4, 64 * MIB, 64 * MIB + 8 * PAGE);
}

static void rounding_never_wraps(void **state)
{
	const struct kho_range ram = { MIB, 0 - 2 * PAGE };
	struct kho_cover c;

	kho_cover_init(&c, &ram, 1);
	assert_int_equal(kho_cover_add(&c, 0 - 4 * PAGE, 0 - 3 * PAGE),
			 KHO_LEADS_CHANGED);
	check_extent_is(&c, 0, 0 - 2 * MIB, 0 - 3 * PAGE);
}

static void malformed_range_inside_an_extent_is_refused(void **state)
{
	struct kho_cover c;

	plain(&c);
	kho_cover_add(&c, 4 * MIB, 8 * MIB);
	assert_int_equal(kho_cover_add(&c, 4 * MIB, 8 * MIB), KHO_LEADS_SAME);
	assert_int_equal(kho_cover_add(&c, 4 * MIB + 1, 8 * MIB), -EINVAL);
	assert_int_equal(kho_cover_add(&c, 4 * MIB, 8 * MIB - 1), -EINVAL);
	assert_int_equal(kho_cover_add(&c, 6 * MIB, 6 * MIB), -EINVAL);
	assert_int_equal(kho_cover_add(&c, 7 * MIB, 6 * MIB), -EINVAL);
}

static void neighbours_are_merged(void **state)
{
	struct kho_cover c;

	plain(&c);
	kho_cover_add(&c, 4 * MIB, 6 * MIB);
	kho_cover_add(&c, 6 * MIB, 8 * MIB); /* touches from above */
	check_extent_is(&c, 0, 4 * MIB, 8 * MIB);
	kho_cover_add(&c, 2 * MIB, 4 * MIB); /* touches from below */
	check_extent_is(&c, 0, 2 * MIB, 8 * MIB);
	kho_cover_add(&c, 10 * MIB, 12 * MIB);
	kho_cover_add(&c, 14 * MIB, 16 * MIB);
	kho_cover_add(&c, 20 * MIB, 22 * MIB);
	assert_int_equal(c.nr_extents, 4);
	assert_int_equal(kho_cover_add(&c, 7 * MIB, 15 * MIB),
			 1); /* spans three */
	assert_int_equal(c.nr_extents, 2);
	check_extent_is(&c, 0, 2 * MIB, 16 * MIB);
	check_extent_is(&c, 1, 20 * MIB, 22 * MIB);
	assert_int_equal(kho_cover_add(&c, MIB, GIB), KHO_LEADS_CHANGED);
	assert_int_equal(c.nr_extents, 1);
}

static void extents_of_touching_ram_ranges_become_one(void **state)
{
	static const struct kho_range ram[] = { { MIB, GIB },
						{ GIB, 2 * GIB } };
	struct kho_cover c;

	kho_cover_init(&c, ram, 2);
	kho_cover_add(&c, GIB - PAGE, GIB);
	kho_cover_add(&c, GIB, GIB + PAGE);
	assert_int_equal(c.nr_extents, 1);
	check_extent_is(&c, 0, GIB - 2 * MIB, GIB + 2 * MIB);
	/* What is inside an extent still has to be preservable. */
	assert_int_equal(kho_cover_add(&c, GIB - PAGE, GIB + PAGE), -EINVAL);
}

static void one_extent_too_many_closes_the_smallest_gap(void **state)
{
	struct kho_cover c;
	u64 next;

	plain(&c);
	next = fill(&c, 10 * MIB);
	assert_int_equal(kho_cover_add(&c, next, next + PAGE),
			 KHO_LEADS_CHANGED);
	assert_int_equal(c.nr_extents, KHO_MAX_EXTENTS);
	check_extent_is(&c, 0, 10 * MIB, 16 * MIB);
	check_extent_is(&c, 1, 20 * MIB, 22 * MIB);
	/* The new one itself may be what is joined. */
	assert_int_equal(kho_cover_add(&c, 4 * MIB + PAGE, 6 * MIB),
			 KHO_LEADS_CHANGED);
	assert_int_equal(c.nr_extents, KHO_MAX_EXTENTS);
	check_extent_is(&c, 0, 4 * MIB, 16 * MIB);
}

static void gap_over_a_hole_is_closed_last(void **state)
{
	struct kho_range ram[] = { { MIB, 10 * MIB },
				   { 10 * MIB + PAGE, 64 * GIB } };
	struct kho_cover c;
	u64 next;

	kho_cover_init(&c, ram, 2);
	kho_cover_add(&c, 10 * MIB - PAGE, 10 * MIB);
	next = fill(&c, 10 * MIB + PAGE);
	assert_int_equal(c.nr_extents, KHO_MAX_EXTENTS);
	check_extent_is(&c, 0, 8 * MIB, 10 * MIB);
	check_extent_is(&c, 1, 10 * MIB + PAGE, 16 * MIB);
	assert_int_equal(kho_cover_add(&c, next, next + PAGE),
			 KHO_LEADS_CHANGED);
	check_extent_is(&c, 0, 8 * MIB, 10 * MIB);
}

static void gap_over_a_hole_is_closed_if_it_must_be(void **state)
{
	struct kho_range ram[2 * KHO_MAX_EXTENTS];
	struct kho_cover c;
	u32 i;

	for (i = 0; i < 2 * KHO_MAX_EXTENTS; i++) {
		ram[i].start = (i + 1) * 16 * MIB;
		ram[i].end = ram[i].start + 8 * MIB + (i == 9) * 4 * MIB;
	}
	kho_cover_init(&c, ram, 2 * KHO_MAX_EXTENTS);
	for (i = 0; i <= KHO_MAX_EXTENTS; i++)
		assert_int_equal(kho_cover_add(&c, ram[i].start, ram[i].end),
				 1);
	assert_int_equal(c.nr_extents, KHO_MAX_EXTENTS);
	check_extent_is(&c, 9, ram[9].start, ram[10].end);
	assert_int_equal(kho_cover_check(&c, ram[9].end, ram[9].end + PAGE,
					 NULL),
			 -EINVAL);
	assert_int_equal(kho_cover_add(&c, ram[9].end, ram[9].end + PAGE),
			 -EINVAL);
	assert_int_equal(kho_cover_add(&c, ram[9].start, ram[10].end), -EINVAL);
}

static void gap_with_a_keepout_is_never_closed(void **state)
{
	struct kho_cover c;
	u64 next;

	plain(&c);
	kho_cover_keepout_add(&c, 12 * MIB + 5 * PAGE, 12 * MIB + 6 * PAGE);
	next = fill(&c, 10 * MIB);
	assert_int_equal(kho_cover_add(&c, next, next + PAGE),
			 KHO_LEADS_CHANGED);
	check_extent_is(&c, 0, 10 * MIB, 12 * MIB);
	check_extent_is(&c, 1, 14 * MIB, 22 * MIB);
}

static void no_way_around_keepouts_is_reported(void **state)
{
	struct kho_cover c, before;
	u64 next;

	plain(&c);
	next = fill(&c, 10 * MIB);
	kho_cover_keepout_add(&c, 8 * MIB, next + 2 * MIB);
	before = c;
	assert_int_equal(kho_cover_add(&c, 4 * MIB, 6 * MIB), -ENOSPC);
	assert_int_equal(kho_cover_add(&c, next + 8 * MIB, next + 9 * MIB),
			 -ENOSPC);
	assert_int_equal(c.nr_extents, before.nr_extents);
	assert_memory_equal(c.extent, before.extent,
			    before.nr_extents * sizeof(c.extent[0]));
}

static void last_page_of_ram_is_never_pulled_in(void **state)
{
	static const struct kho_range ram[] = {
		{ MIB, GIB }, { 2 * GIB, 2 * GIB + 4 * PAGE }
	};
	struct kho_cover c;
	u64 at;
	u32 i;

	kho_cover_init(&c, ram, 2);
	for (i = 0, at = 4 * MIB; i < 100; i++, at += 8 * MIB)
		assert_in_range(kho_cover_add(&c, at, at + PAGE), 0,
				KHO_LEADS_CHANGED);
	assert_int_equal(kho_cover_add(&c, 2 * GIB, 2 * GIB + 3 * PAGE),
			 KHO_LEADS_CHANGED);
	for (at = MIB; at < GIB; at += MIB) {
		kho_cover_add(&c, at, at + PAGE);
		assert_true(c.extent[c.nr_extents - 1].end ==
			    2 * GIB + 3 * PAGE);
	}
	assert_int_equal(c.nr_extents, 2);
}

static void keepouts_are_kept_in_order(void **state)
{
	struct kho_cover c;
	u32 i;

	plain(&c);
	assert_int_equal(kho_cover_keepout_add(&c, MIB, MIB), -EINVAL);
	assert_int_equal(kho_cover_keepout_add(&c, MIB, MIB + 1), -EINVAL);
	assert_int_equal(kho_cover_keepout_add(&c, MIB + 1, 2 * MIB), -EINVAL);
	for (i = 0; i < KHO_COVER_MAX_KEEPOUT; i++) {
		u64 at = ((i * 7) % KHO_COVER_MAX_KEEPOUT + 1) * 4 * MIB;

		assert_int_equal(kho_cover_keepout_add(&c, at, at + 2 * MIB),
				 0);
		assert_int_equal(kho_cover_keepout_add(&c, at, at + PAGE),
				 -EINVAL);
		assert_int_equal(kho_cover_keepout_add(&c, at - PAGE,
						       at + PAGE),
				 -EINVAL);
		assert_int_equal(kho_cover_keepout_add(&c, at + MIB,
						       at + 3 * MIB),
				 -EINVAL);
	}
	assert_int_equal(kho_cover_keepout_add(&c, GIB, 2 * GIB), -ENOSPC);
	for (i = 0; i < c.nr_keepout; i++)
		assert_int_equal(c.keepout[i].start, (i + 1) * 4 * MIB);
	assert_int_equal(kho_cover_keepout_del(&c, 8 * MIB, 10 * MIB + PAGE),
			 -ENOENT);
	assert_int_equal(kho_cover_keepout_del(&c, 8 * MIB + PAGE, 10 * MIB),
			 -ENOENT);
	assert_int_equal(kho_cover_keepout_del(&c, GIB, 2 * GIB), -ENOENT);
	assert_int_equal(kho_cover_keepout_del(&c, 8 * MIB, 10 * MIB), 0);
	assert_int_equal(kho_cover_keepout_del(&c, 8 * MIB, 10 * MIB), -ENOENT);
	assert_int_equal(c.nr_keepout, KHO_COVER_MAX_KEEPOUT - 1);
	assert_int_equal(kho_cover_check(&c, 8 * MIB, 10 * MIB, NULL), 0);
}

static void keepout_counts_at_once_inside_an_extent(void **state)
{
	struct kho_cover c;

	plain(&c);
	kho_cover_add(&c, 4 * MIB, 8 * MIB);
	assert_int_equal(kho_cover_add(&c, 5 * MIB, 6 * MIB), KHO_LEADS_SAME);
	kho_cover_keepout_add(&c, 5 * MIB, 6 * MIB);
	assert_int_equal(kho_cover_add(&c, 5 * MIB, 6 * MIB), -EINVAL);
	assert_int_equal(kho_cover_add(&c, 4 * MIB, 5 * MIB), KHO_LEADS_SAME);
	assert_int_equal(kho_cover_add(&c, 6 * MIB, 8 * MIB), KHO_LEADS_SAME);
	assert_int_equal(kho_cover_add(&c, 4 * MIB, 5 * MIB + PAGE), -EINVAL);
}

static void other_ram_counts_at_once(void **state)
{
	static const struct kho_range less[] = { { MIB, 6 * MIB } };
	struct kho_cover c;

	plain(&c);
	kho_cover_add(&c, 4 * MIB, 8 * MIB);
	assert_int_equal(kho_cover_add(&c, 6 * MIB, 7 * MIB), KHO_LEADS_SAME);
	kho_cover_set_ram(&c, less, 1);
	assert_int_equal(kho_cover_add(&c, 6 * MIB, 7 * MIB), -EINVAL);
	assert_int_equal(kho_cover_add(&c, 5 * MIB, 6 * MIB), -EINVAL);
	assert_int_equal(kho_cover_add(&c, 5 * MIB, 6 * MIB - PAGE),
			 KHO_LEADS_SAME);
}

/* A random memory of at most 1 GiB: 1 .. 6 RAM ranges, 0 .. 5 keep-out ranges. */
struct scene {
	struct kho_range ram[6];
	struct kho_cover c;
};

static u64 random_page(struct testrand *r, u64 below)
{
	u64 at = testrand_below(r, below) & ~(PAGE - 1);

	/* Things happen at granules, too. */
	return testrand_below(r, 2) ? at :
				      kho_align_down(at, KHO_COVER_GRANULE);
}

static void random_scene(struct scene *s, struct testrand *r)
{
	const u64 limit = REF_COVER_PAGES * PAGE;
	u32 nr_ram = 1 + testrand_below(r, 6), i;
	u64 share = limit / nr_ram;

	for (i = 0; i < nr_ram; i++) {
		s->ram[i].start =
			i * share +
			(testrand_below(r, 2) ? random_page(r, share / 4) : 0);
		s->ram[i].end = (i + 1) * share - random_page(r, share / 4);
		s->ram[i].start &= ~(PAGE - 1);
		s->ram[i].end &= ~(PAGE - 1);
	}
	kho_cover_init(&s->c, s->ram, nr_ram);
	for (i = testrand_below(r, 6); i; i--) {
		u64 at = random_page(r, limit - 16 * MIB);

		kho_cover_keepout_add(&s->c, at,
				      at + PAGE + random_page(r, 16 * MIB));
	}
}

static void random_range(struct testrand *r, struct kho_range *b)
{
	b->start = random_page(r, REF_COVER_PAGES * PAGE);
	b->end = b->start + PAGE +
		 random_page(r, testrand_below(r, 3) ? 4 * PAGE : 4 * MIB);
}

static struct refcover model;

static bool same_leads(const struct kho_cover *a, const struct kho_cover *b)
{
	return a->nr_leads == b->nr_leads &&
	       !memcmp(a->lead, b->lead, a->nr_leads * sizeof(a->lead[0]));
}

static void check_leads_are_extents(const struct kho_cover *c)
{
	assert_int_equal(c->nr_leads, c->nr_extents);
	assert_memory_equal(c->lead, c->extent,
			    c->nr_extents * sizeof(c->extent[0]));
}

/* Adds @nr blocks of 2 MiB, @step bytes from one to the next. Return: how often to publish. */
static u32 add_blocks(struct kho_cover *c, u64 at, u32 nr, u64 step)
{
	u32 published = 0;

	for (; nr; nr--, at += step) {
		struct kho_range b = { at, at + 2 * MIB };
		int ret = kho_cover_add(c, b.start, b.end);

		assert_in_range(ret, KHO_LEADS_SAME, KHO_LEADS_CHANGED);
		ref_cover_sound(c, &b, 1);
		published += ret;
	}
	return published;
}

static void growth_is_published_seldom(void **state)
{
	struct kho_cover c;

	plain(&c);
	assert_in_range(add_blocks(&c, GIB, 512, 2 * MIB), 5, 40);
	assert_int_equal(c.nr_extents, 1);
	check_extent_is(&c, 0, GIB, 2 * GIB);
	assert_true(c.lead[0].end > 2 * GIB && c.lead[0].start == GIB);

	plain(&c);
	assert_in_range(add_blocks(&c, 2 * GIB, 512, -2 * MIB), 5, 40);
	check_extent_is(&c, 0, GIB + 2 * MIB, 2 * GIB + 2 * MIB);
	assert_true(c.lead[0].start < GIB + 2 * MIB &&
		    c.lead[0].end == 2 * GIB + 2 * MIB);
}

static void scattered_blocks_are_published_seldom(void **state)
{
	struct kho_cover c;
	u32 published;

	plain(&c);
	published = add_blocks(&c, GIB, 1024, 4 * MIB);
	assert_in_range(published, KHO_MAX_EXTENTS, KHO_MAX_EXTENTS + 200);
	assert_int_equal(c.nr_extents, KHO_MAX_EXTENTS);

	plain(&c);
	published = add_blocks(&c, 8 * GIB, 1024, -4 * MIB);
	assert_in_range(published, KHO_MAX_EXTENTS, KHO_MAX_EXTENTS + 200);
}

static void leads_stop_where_extents_must(void **state)
{
	struct kho_cover c;
	u64 at = 64 * MIB;

	plain(&c);
	kho_cover_keepout_add(&c, GIB, GIB + 2 * MIB);
	add_page(&c, 2 * GIB + PAGE);
	/* Up to a keep-out range, to another extent, and to the last page of RAM. */
	add_blocks(&c, at, (GIB - at) / (2 * MIB), 2 * MIB);
	assert_true(c.lead[0].end == GIB);
	add_blocks(&c, GIB + 2 * MIB, 511, 2 * MIB);
	assert_true(c.lead[1].end == 2 * GIB + 2 * MIB);
	at = TOP - GIB;
	add_blocks(&c, at, 511, 2 * MIB);
	assert_true(c.lead[2].end == TOP - PAGE);
	/* Down to what is below 1 MiB. */
	plain(&c);
	add_blocks(&c, 510 * MIB, 254, -2 * MIB);
	assert_true(c.lead[0].start == MIB);
}

static void little_memory_leaves_no_lead(void **state)
{
	const struct kho_range ram = { MIB, 96 * MIB };
	struct kho_cover c;

	kho_cover_init(&c, &ram, 1);
	assert_int_equal(add_blocks(&c, 4 * MIB, 40, 2 * MIB), 40);
	check_leads_are_extents(&c);
}

static void tightened_leads_are_extents(void **state)
{
	struct kho_cover c;

	plain(&c);
	assert_false(kho_cover_tighten(&c));
	add_blocks(&c, GIB, 100, 2 * MIB);
	assert_false(c.lead[0].end == c.extent[0].end);
	assert_true(kho_cover_tighten(&c));
	check_leads_are_extents(&c);
	assert_false(kho_cover_tighten(&c));
}

/* What is in no RAM any more is nothing to grow from. */
static void no_lead_begins_outside_ram(void **state)
{
	static const struct kho_range less[] = { { MIB, GIB } };
	struct kho_cover c;

	plain(&c);
	add_blocks(&c, GIB, 4, 2 * MIB);
	kho_cover_tighten(&c);
	kho_cover_set_ram(&c, less, 1);
	assert_int_equal(kho_cover_add(&c, GIB - 4 * MIB, GIB - PAGE),
			 KHO_LEADS_CHANGED);
	assert_true(kho_cover_contains(&c, GIB - 4 * MIB, GIB - PAGE));
}

static void random_adds_agree_with_a_page_model(void **state)
{
	struct testrand r = { 11 };
	static struct kho_cover before;
	static struct scene s;
	u32 round, i;

	for (round = 0; round < 12; round++) {
		random_scene(&s, &r);
		refcover_init(&model, &s.c);
		for (i = 0; i < 110; i++) {
			struct kho_range b;
			int ret, want;

			random_range(&r, &b);
			want = refcover_check(&model, b.start, b.end);
			ret = kho_cover_check(&s.c, b.start, b.end, NULL);
			assert_int_equal(ret, want);
			want = refcover_add(&model, b.start, b.end);
			before = s.c;
			ret = kho_cover_add(&s.c, b.start, b.end);
			/* No need to publish: the leads may have it already. */
			if (want != 1 || ret)
				assert_int_equal(ret, want);
			assert_int_equal(same_leads(&before, &s.c), ret != 1);
			refcover_compare(&model, &s.c);
			ref_cover_sound(&s.c, NULL, 0);
		}
	}
}

/*
 * The next kernel takes apart what extents and its RAM have in common. That can be more pieces
 * than there may be extents, by far; it has to count on as many as there are extents and ranges
 * of RAM.
 */
static void pieces_of_extents_in_ram(void **state)
{
	enum { NR = 300 };
	static struct kho_range ram[NR];
	struct kho_cover c;
	u32 i, k, pieces = 0;

	for (i = 0; i < NR; i++)
		ram[i] = (struct kho_range){ (u64)(i + 1) * 16 * MIB,
					     (u64)(i + 1) * 16 * MIB +
						     12 * MIB };
	kho_cover_init(&c, ram, NR);
	for (i = 0; i < NR; i++)
		assert_in_range(kho_cover_add(&c, ram[i].start + 4 * MIB,
					      ram[i].start + 4 * MIB + PAGE),
				KHO_LEADS_SAME, KHO_LEADS_CHANGED);
	assert_int_equal(c.nr_extents, KHO_MAX_EXTENTS);
	for (i = 0; i < c.nr_extents; i++)
		for (k = 0; k < NR; k++)
			pieces += c.extent[i].start < ram[k].end &&
				  c.extent[i].end > ram[k].start;
	assert_int_equal(pieces, NR);
	assert_true(pieces > 2 * KHO_MAX_EXTENTS);
	assert_true(pieces < c.nr_extents + NR);
}

/* A re-plan of all of these blocks, in a buffer of @bytes. */
static int replan(struct kho_cover *c, const struct kho_range *block, u32 nr,
		  size_t bytes, unsigned int *shift)
{
	void *buf = malloc(bytes);
	struct kho_replan p;
	u32 i;
	int ret;

	memset(buf, 0xff, bytes);
	assert_int_equal(kho_replan_begin(&p, c, buf, bytes), 0);
	for (i = 0; i < nr; i++)
		kho_replan_mark(&p, block[i].start, block[i].end);
	ret = kho_replan_end(&p, c);
	if (shift)
		*shift = p.granule_shift;
	free(buf);
	return ret;
}

static void replan_takes_leads_back(void **state)
{
	struct kho_range all = { GIB, GIB + 200 * MIB };
	struct kho_cover c;

	plain(&c);
	add_blocks(&c, GIB, 100, 2 * MIB);
	assert_true(c.lead[0].end > all.end);
	/* The extents are as they were. */
	assert_int_equal(replan(&c, &all, 1, kho_replan_bytes(&c), NULL),
			 KHO_LEADS_CHANGED);
	check_extent_is(&c, 0, all.start, all.end);
	check_leads_are_extents(&c);
	/* A keep-out range may be where only a lead was. */
	add_blocks(&c, all.end, 1, 2 * MIB);
	all.end += 2 * MIB;
	assert_true(c.lead[0].end > all.end);
	kho_cover_keepout_add(&c, all.end, all.end + 2 * MIB);
	assert_int_equal(replan(&c, &all, 1, kho_replan_bytes(&c), NULL),
			 KHO_LEADS_CHANGED);
	check_leads_are_extents(&c);
	ref_cover_sound(&c, &all, 1);
}

static void replan_of_nothing_empties_the_cover(void **state)
{
	struct kho_cover c;

	plain(&c);
	kho_cover_add(&c, 4 * MIB, 6 * MIB);
	assert_int_equal(kho_cover_add(&c, 4 * MIB, 6 * MIB), KHO_LEADS_SAME);
	assert_int_equal(replan(&c, NULL, 0, kho_replan_bytes(&c), NULL),
			 KHO_LEADS_CHANGED);
	assert_int_equal(c.nr_extents, 0);
	assert_int_equal(replan(&c, NULL, 0, kho_replan_bytes(&c), NULL),
			 KHO_LEADS_SAME);
	assert_int_equal(kho_cover_add(&c, 4 * MIB, 6 * MIB),
			 KHO_LEADS_CHANGED);
}

static void replan_drops_what_is_gone(void **state)
{
	const struct kho_range left[] = { { 20 * MIB + PAGE,
					    20 * MIB + 2 * PAGE },
					  { 4 * MIB, 4 * MIB + PAGE } };
	struct kho_cover c;

	plain(&c);
	kho_cover_add(&c, MIB, GIB);
	assert_int_equal(replan(&c, left, 2, kho_replan_bytes(&c), NULL),
			 KHO_LEADS_CHANGED);
	assert_int_equal(c.nr_extents, 2);
	check_extent_is(&c, 0, 4 * MIB, 6 * MIB);
	check_extent_is(&c, 1, 20 * MIB, 22 * MIB);
	assert_int_equal(replan(&c, left, 2, kho_replan_bytes(&c), NULL),
			 KHO_LEADS_SAME);
}

static void replan_splits_at_holes_and_keepouts(void **state)
{
	static const struct kho_range ram[] = { { 0, 640 * KIB },
						{ MIB, 9 * MIB },
						{ 9 * MIB + PAGE, 40 * MIB } };
	const struct kho_range all[] = {
		{ MIB, 9 * MIB },
		{ 9 * MIB + PAGE, 12 * MIB + PAGE },
		{ 13 * MIB, 40 * MIB - PAGE },
	};
	struct kho_cover c;

	kho_cover_init(&c, ram, 3);
	kho_cover_keepout_add(&c, 12 * MIB + PAGE, 13 * MIB);
	assert_int_equal(replan(&c, all, 3, kho_replan_bytes(&c), NULL),
			 KHO_LEADS_CHANGED);
	assert_int_equal(c.nr_extents, 3);
	check_extent_is(&c, 0, MIB, 9 * MIB);
	check_extent_is(&c, 1, 9 * MIB + PAGE, 12 * MIB + PAGE);
	check_extent_is(&c, 2, 13 * MIB, 40 * MIB - PAGE);
}

static void replan_joins_touching_ram_ranges(void **state)
{
	static const struct kho_range ram[] = { { MIB, GIB },
						{ GIB, 2 * GIB } };
	const struct kho_range block[] = { { GIB - PAGE, GIB },
					   { GIB, GIB + PAGE } };
	struct kho_cover c;

	kho_cover_init(&c, ram, 2);
	assert_int_equal(replan(&c, block, 2, kho_replan_bytes(&c), NULL),
			 KHO_LEADS_CHANGED);
	assert_int_equal(c.nr_extents, 1);
	check_extent_is(&c, 0, GIB - 2 * MIB, GIB + 2 * MIB);
}

static void replan_keeps_the_largest_gaps_open(void **state)
{
	/* Gaps in this order of size, so that the smallest come late. */
	enum { NR = 100 };
	struct kho_range block[NR];
	struct kho_range ram = { MIB, 64 * GIB };
	struct kho_cover c;
	u64 at = 4 * MIB;
	u32 i;

	for (i = 0; i < NR; i++) {
		block[i].start = at;
		block[i].end = at + PAGE;
		at += 2 * MIB + ((i * 37) % NR + 1) * 2 * MIB;
	}
	kho_cover_init(&c, &ram, 1);
	assert_int_equal(replan(&c, block, NR, kho_replan_bytes(&c), NULL),
			 KHO_LEADS_CHANGED);
	assert_int_equal(c.nr_extents, KHO_MAX_EXTENTS);
	ref_cover_sound(&c, block, NR);
	for (i = 0; i + 1 < NR; i++) {
		u64 gap = (i * 37) % NR + 1;
		bool open = !kho_cover_contains(&c, block[i].start,
						block[i + 1].end);

		/* 99 gaps of sizes 1 .. 100 without 64; 63 stay open, the smallest of them 37. */
		assert_int_equal(open, gap >= 37);
	}
}

static void replan_works_with_a_small_buffer(void **state)
{
	const struct kho_range ram[] = { { MIB, 2 * GIB },
					 { 16 * TIB, 16 * TIB + 4 * GIB } };
	const struct kho_range block[] = {
		{ GIB, GIB + PAGE }, { 16 * TIB + GIB, 16 * TIB + GIB + PAGE }
	};
	unsigned int fine, coarse;
	struct kho_cover c;

	kho_cover_init(&c, ram, 2);
	assert_int_equal(kho_replan_bytes(&c) % 8, 0);
	assert_int_equal(replan(&c, block, 2, kho_replan_bytes(&c), &fine),
			 KHO_LEADS_CHANGED);
	assert_int_equal(1ULL << fine, KHO_COVER_GRANULE);
	assert_int_equal(kho_cover_bytes(&c), 4 * MIB);
	assert_int_equal(replan(&c, block, 2, KHO_REPLAN_MIN_BYTES, &coarse),
			 1);
	assert_true(coarse > fine);
	assert_int_equal(kho_cover_bytes(&c), 2ULL << coarse);
	ref_cover_sound(&c, block, 2);
}

static void replan_needs_a_least_buffer(void **state)
{
	struct kho_replan p;
	struct kho_cover c;
	u64 buf[KHO_REPLAN_MIN_BYTES / sizeof(u64)];

	plain(&c);
	assert_int_equal(kho_replan_begin(&p, &c, buf, sizeof(buf) - 1),
			 -EINVAL);
	assert_int_equal(kho_replan_begin(&p, &c, buf, sizeof(buf)), 0);
}

static void replan_of_little_memory_needs_little(void **state)
{
	const struct kho_range ram = { 0, 16 * MIB };
	const struct kho_range block = { MIB, 2 * MIB };
	struct kho_cover c;

	kho_cover_init(&c, &ram, 1);
	assert_int_equal(kho_replan_bytes(&c), KHO_REPLAN_MIN_BYTES);
	assert_int_equal(replan(&c, &block, 1, KHO_REPLAN_MIN_BYTES, NULL),
			 KHO_LEADS_CHANGED);
	check_extent_is(&c, 0, MIB, 2 * MIB);
}

static void replan_outside_ram_fails(void **state)
{
	const struct kho_range ram = { GIB, 2 * GIB };
	const struct kho_range stray[] = {
		{ GIB - PAGE, GIB + PAGE },
		{ GIB - PAGE, GIB },
		{ 2 * GIB - PAGE, 2 * GIB + PAGE },
		{ 3 * GIB, 4 * GIB },
	};
	struct kho_cover c;
	u32 i;

	kho_cover_init(&c, &ram, 1);
	kho_cover_add(&c, GIB, GIB + PAGE);
	for (i = 0; i < 4; i++) {
		assert_int_equal(replan(&c, &stray[i], 1, kho_replan_bytes(&c),
					NULL),
				 -EINVAL);
		check_extent_is(&c, 0, GIB, GIB + 2 * MIB);
	}
}

static void replan_honours_a_keepout_of_later(void **state)
{
	const struct kho_range block[] = { { 4 * MIB, 5 * MIB },
					   { 6 * MIB, 8 * MIB } };
	struct kho_cover c;

	plain(&c);
	kho_cover_add(&c, 4 * MIB, 8 * MIB);
	kho_cover_keepout_add(&c, 5 * MIB, 6 * MIB);
	assert_int_equal(replan(&c, block, 2, kho_replan_bytes(&c), NULL),
			 KHO_LEADS_CHANGED);
	check_extent_is(&c, 0, 4 * MIB, 5 * MIB);
	check_extent_is(&c, 1, 6 * MIB, 8 * MIB);
	ref_cover_sound(&c, block, 2);
}

/* Where nothing may be preserved, though it is in the middle of memory. */
static void replan_names_what_strayed(void **state)
{
	static const struct kho_range ram[] = { { 0, 640 * KIB },
						{ MIB, 9 * MIB },
						{ 10 * MIB, 40 * MIB } };
	const struct kho_range stray[] = {
		{ 20 * MIB, 20 * MIB + PAGE }, /* in a keep-out range */
		{ 19 * MIB, 20 * MIB + PAGE }, /* in part */
		{ 9 * MIB, 9 * MIB + PAGE }, /* in a hole */
		{ 8 * MIB, 9 * MIB + PAGE },
		{ 40 * MIB - PAGE, 40 * MIB }, /* the last page */
	};
	u8 buf[KHO_REPLAN_MIN_BYTES] __attribute__((aligned(8)));
	struct kho_replan p;
	struct kho_cover c;
	u32 i;

	kho_cover_init(&c, ram, 3);
	kho_cover_keepout_add(&c, 20 * MIB, 22 * MIB);
	for (i = 0; i < 5; i++) {
		assert_int_equal(kho_replan_begin(&p, &c, buf, sizeof(buf)), 0);
		kho_replan_mark(&p, 2 * MIB, 3 * MIB);
		kho_replan_mark(&p, stray[i].start, stray[i].end);
		kho_replan_mark(&p, 30 * MIB, 31 * MIB);
		assert_int_equal(kho_replan_end(&p, &c), -EINVAL);
		assert_int_equal(p.strayed.start, stray[i].start);
		assert_int_equal(p.strayed.end, stray[i].end);
		assert_int_equal(c.nr_extents, 0);
	}
}

/* Runs of marked granules of every length and at every place of a word. */
static void replan_marks_runs_exactly(void **state)
{
	const struct kho_range ram = { 0, 2 * GIB };
	struct kho_cover c;
	u64 first, count;

	kho_cover_init(&c, &ram, 1);
	for (first = 1; first < 200; first += 7) {
		for (count = 1; count < 200; count += 9) {
			struct kho_range b = { first * 2 * MIB + PAGE,
					       (first + count) * 2 * MIB -
						       PAGE };

			replan(&c, &b, 1, kho_replan_bytes(&c), NULL);
			assert_int_equal(c.nr_extents, 1);
			check_extent_is(&c, 0, first * 2 * MIB,
					(first + count) * 2 * MIB);
		}
	}
}

static void random_replans_agree_with_a_page_model(void **state)
{
	struct testrand r = { 12 };
	static struct scene s;
	u32 round, i;

	for (round = 0; round < 60; round++) {
		struct kho_range block[300];
		unsigned int shift;
		u32 nr = 0;

		random_scene(&s, &r);
		for (i = testrand_below(&r, 300); i; i--) {
			random_range(&r, &block[nr]);
			if (!kho_cover_check(&s.c, block[nr].start,
					     block[nr].end, NULL))
				nr++;
		}
		assert_true(replan(&s.c, block, nr, KHO_REPLAN_MIN_BYTES,
				   &shift) >= 0);
		refcover_init(&model, &s.c);
		for (i = 0; i < nr; i++)
			refcover_mark(&model, block[i].start, block[i].end,
				      shift);
		assert_int_equal(refcover_limit(&model), 0);
		refcover_compare_gaps(&model, &s.c);
		ref_cover_sound(&s.c, block, nr);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(new_cover_is_empty),
		cmocka_unit_test(pieces_of_extents_in_ram),
		cmocka_unit_test(refusals_name_their_reason),
		cmocka_unit_test(range_over_a_hole_is_refused),
		cmocka_unit_test(block_is_rounded_to_granules),
		cmocka_unit_test(rounding_stops_at_what_must_stay_out),
		cmocka_unit_test(rounding_never_wraps),
		cmocka_unit_test(malformed_range_inside_an_extent_is_refused),
		cmocka_unit_test(neighbours_are_merged),
		cmocka_unit_test(extents_of_touching_ram_ranges_become_one),
		cmocka_unit_test(one_extent_too_many_closes_the_smallest_gap),
		cmocka_unit_test(gap_over_a_hole_is_closed_last),
		cmocka_unit_test(gap_over_a_hole_is_closed_if_it_must_be),
		cmocka_unit_test(gap_with_a_keepout_is_never_closed),
		cmocka_unit_test(no_way_around_keepouts_is_reported),
		cmocka_unit_test(last_page_of_ram_is_never_pulled_in),
		cmocka_unit_test(keepouts_are_kept_in_order),
		cmocka_unit_test(keepout_counts_at_once_inside_an_extent),
		cmocka_unit_test(other_ram_counts_at_once),
		cmocka_unit_test(random_adds_agree_with_a_page_model),
		cmocka_unit_test(growth_is_published_seldom),
		cmocka_unit_test(scattered_blocks_are_published_seldom),
		cmocka_unit_test(leads_stop_where_extents_must),
		cmocka_unit_test(little_memory_leaves_no_lead),
		cmocka_unit_test(tightened_leads_are_extents),
		cmocka_unit_test(no_lead_begins_outside_ram),
		cmocka_unit_test(replan_takes_leads_back),
		cmocka_unit_test(replan_names_what_strayed),
		cmocka_unit_test(replan_of_nothing_empties_the_cover),
		cmocka_unit_test(replan_drops_what_is_gone),
		cmocka_unit_test(replan_splits_at_holes_and_keepouts),
		cmocka_unit_test(replan_joins_touching_ram_ranges),
		cmocka_unit_test(replan_keeps_the_largest_gaps_open),
		cmocka_unit_test(replan_works_with_a_small_buffer),
		cmocka_unit_test(replan_needs_a_least_buffer),
		cmocka_unit_test(replan_of_little_memory_needs_little),
		cmocka_unit_test(replan_outside_ram_fails),
		cmocka_unit_test(replan_honours_a_keepout_of_later),
		cmocka_unit_test(replan_marks_runs_exactly),
		cmocka_unit_test(random_replans_agree_with_a_page_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
