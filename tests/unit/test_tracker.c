// SPDX-License-Identifier: GPL-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "reftree.h"

#define GIB (1ULL << 30)
#define TIB (1ULL << 40)
#define TOP (1ULL << 63)
#define PAGES(n) ((u64)(n) << KHO_PAGE_SHIFT)

/* A tracker with its memory and its oracle. */
struct bench {
	struct testmem m;
	struct kho_tally_ser tally[2];
	struct kho_tracker t;
	struct refset s;
};

static int setup(void **state)
{
	struct bench *b = calloc(1, sizeof(*b));
	struct kho_tracker_ops ops;

	testmem_init(&b->m, 0x7f00000000ULL, 4096);
	ops = testmem_tracker_ops(&b->m);
	assert_int_equal(kho_tracker_init(&b->t, &ops, b->tally), 0);
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	struct bench *b = *state;

	kho_tracker_destroy(&b->t);
	testmem_exit(&b->m);
	refset_free(&b->s);
	free(b);
	return 0;
}

static void check(struct bench *b)
{
	ref_check_tracker(&b->m, &b->t, &b->s);
}

static void preserve(struct bench *b, u64 phys, unsigned int order)
{
	int want = refset_add(&b->s, phys, order);

	assert_int_equal(kho_tracker_preserve(&b->t, phys, order), want);
}

static void unpreserve(struct bench *b, u64 phys, unsigned int order)
{
	int want = refset_del(&b->s, phys, order) ? 0 : -ENOENT;

	assert_int_equal(kho_tracker_unpreserve(&b->t, phys, order), want);
}

/* Enters the blocks of a range into the oracle. */
static void expect_range(struct bench *b, u64 phys, u64 nr_pages)
{
	u64 key[REF_MAX_CUTS];
	unsigned int i, nr = ref_cut(phys, nr_pages, key, REF_MAX_CUTS);

	for (i = 0; i < nr; i++)
		refset_add(&b->s, kho_key_phys(key[i]), kho_key_order(key[i]));
}

/* The oracle's unpreserve_range: 0, or -ENOENT and nothing changed. */
static int expect_no_range(struct bench *b, u64 phys, u64 nr_pages)
{
	u64 key[REF_MAX_CUTS];
	unsigned int i, nr = ref_cut(phys, nr_pages, key, REF_MAX_CUTS);

	for (i = 0; i < nr; i++)
		if (!refset_has(&b->s, kho_key_phys(key[i]),
				kho_key_order(key[i])))
			return -ENOENT;
	for (i = 0; i < nr; i++)
		refset_del(&b->s, kho_key_phys(key[i]), kho_key_order(key[i]));
	return 0;
}

static void preserve_range(struct bench *b, u64 pfn, u64 nr_pages)
{
	int ret = kho_tracker_preserve_range(&b->t, PAGES(pfn), nr_pages);

	assert_int_equal(ret, 0);
	expect_range(b, PAGES(pfn), nr_pages);
}

static void preserve_pages(struct bench *b, u64 pfn, u64 nr_pages)
{
	u64 done, i;
	int ret =
		kho_tracker_preserve_pages(&b->t, PAGES(pfn), nr_pages, &done);

	for (i = 0; i < nr_pages; i++) {
		if (refset_has(&b->s, PAGES(pfn + i), 0))
			break;
		refset_add(&b->s, PAGES(pfn + i), 0);
	}
	assert_true(done == i);
	assert_int_equal(ret, i < nr_pages ? -EEXIST : 0);
}

static void unpreserve_range(struct bench *b, u64 pfn, u64 nr_pages)
{
	int want = expect_no_range(b, PAGES(pfn), nr_pages);
	int ret = kho_tracker_unpreserve_range(&b->t, PAGES(pfn), nr_pages);

	assert_int_equal(ret, want);
}

static void mix_is_the_splitmix64_finaliser(void **state)
{
	/* The first two numbers of that generator for seed 0. */
	assert_true(kho_mix64(0x9e3779b97f4a7c15ULL) == 0xe220a8397b1dcdafULL);
	assert_true(kho_mix64(0x3c6ef372fe94f82aULL) == 0x6e789e6aa1b965f4ULL);
}

static void keys_are_those_of_the_wire(void **state)
{
	assert_true(kho_key(0x1000, 0) == 0x10000000000001ULL);
	assert_true(kho_key(0x200000, 9) == 0x80000000001ULL);
	assert_true(kho_key(0, 52) == 1);
}

static void keys_decode_to_what_they_were_made_from(void **state)
{
	unsigned int order;

	for (order = 0; order <= 52; order++) {
		u64 last = ~((KHO_PAGE_SIZE << order) - 1);

		assert_true(kho_key(last, order) == ref_key(last, order));
		assert_int_equal(kho_key_order(kho_key(last, order)), order);
		assert_int_equal(kho_key_order(kho_key(0, order)), order);
		assert_true(kho_key_phys(kho_key(last, order)) == last);
		assert_true(kho_key_phys(kho_key(0, order)) == 0);
	}
}

static void new_tracker_is_a_lone_root(void **state)
{
	struct bench *b = *state;

	assert_int_equal(b->t.nr_nodes, 1);
	check(b);
}

static void init_reports_missing_memory(void **state)
{
	struct kho_tally_ser tally[2];
	struct kho_tracker t;
	struct testmem m;
	struct kho_tracker_ops ops;

	testmem_init(&m, 0, 1);
	ops = testmem_tracker_ops(&m);
	testmem_fail_at(&m, 1, true);
	assert_int_equal(kho_tracker_init(&t, &ops, tally), -ENOMEM);
	kho_tracker_destroy(&t);
	testmem_exit(&m);
}

static void destroy_frees_a_full_tree_and_may_be_repeated(void **state)
{
	struct bench *b = *state;
	unsigned int order;

	for (order = 0; order <= 52; order++)
		kho_tracker_preserve(&b->t, 0, order);
	kho_tracker_preserve_range(&b->t, PAGES(12345), 1000000);
	kho_tracker_destroy(&b->t);
	assert_int_equal(b->m.nr_used, 0);
	kho_tracker_destroy(&b->t);
}

static void preserve_is_idempotent(void **state)
{
	struct bench *b = *state;

	assert_int_equal(kho_tracker_preserve(&b->t, PAGES(7), 0),
			 KHO_ENTERED_NOW);
	assert_int_equal(kho_tracker_preserve(&b->t, PAGES(7), 0),
			 KHO_ENTERED_BEFORE);
	refset_add(&b->s, PAGES(7), 0);
	check(b);
}

static void lookup_finds_exactly_what_is_there(void **state)
{
	struct bench *b = *state;

	preserve(b, PAGES(8), 3);
	assert_true(kho_tracker_lookup(&b->t, PAGES(8), 3));
	assert_false(kho_tracker_lookup(&b->t, PAGES(8), 2));
	assert_false(kho_tracker_lookup(&b->t, PAGES(16), 3));
	assert_false(kho_tracker_lookup(&b->t, PAGES(9), 3));
	assert_false(kho_tracker_lookup(&b->t, 0, 53));
	/* Not under the finger. */
	preserve(b, TIB, 3);
	assert_true(kho_tracker_lookup(&b->t, PAGES(8), 3));
}

static void impossible_blocks_are_refused(void **state)
{
	struct bench *b = *state;

	assert_int_equal(kho_tracker_preserve(&b->t, 0x1001, 0), -EINVAL);
	assert_int_equal(kho_tracker_preserve(&b->t, PAGES(1), 1), -EINVAL);
	assert_int_equal(kho_tracker_preserve(&b->t, 1ULL << 63, 52), -EINVAL);
	assert_int_equal(kho_tracker_preserve(&b->t, 0, 53), -ERANGE);
	assert_int_equal(kho_tracker_preserve(&b->t, 0, 64), -ERANGE);
	assert_int_equal(kho_tracker_unpreserve(&b->t, 0x800, 0), -EINVAL);
	assert_int_equal(kho_tracker_unpreserve(&b->t, 0, 53), -ERANGE);
	check(b);
}

static void impossible_ranges_are_refused(void **state)
{
	struct bench *b = *state;
	u64 last = PAGES((1ULL << 52) - 1);

	assert_int_equal(kho_tracker_preserve_range(&b->t, PAGES(1), 0),
			 -EINVAL);
	assert_int_equal(kho_tracker_preserve_range(&b->t, 0x10, 1), -EINVAL);
	assert_int_equal(kho_tracker_preserve_range(&b->t, last, 2), -ERANGE);
	assert_int_equal(kho_tracker_preserve_range(&b->t, 0, ~0ULL), -ERANGE);
	assert_int_equal(kho_tracker_unpreserve_range(&b->t, PAGES(1), 0),
			 -EINVAL);
	assert_int_equal(kho_tracker_unpreserve_range(&b->t, last, 2), -ERANGE);
	check(b);
}

static void ranges_reach_the_end_of_the_address_space(void **state)
{
	struct bench *b = *state;
	const u64 all = 1ULL << 52;

	assert_int_equal(kho_tracker_preserve_range(&b->t, 0, all), 0);
	assert_int_equal(kho_tracker_preserve_range(&b->t, PAGES(1), all - 1),
			 0);
	assert_int_equal(kho_tracker_preserve_range(&b->t, PAGES(1), all - 2),
			 0);
	expect_range(b, 0, all);
	expect_range(b, PAGES(1), all - 1);
	expect_range(b, PAGES(1), all - 2);
	check(b);
}

static void every_order_comes_and_goes(void **state)
{
	struct bench *b = *state;
	unsigned int order;

	for (order = 0; order <= 52; order++) {
		preserve(b, 0, order);
		preserve(b, ~((KHO_PAGE_SIZE << order) - 1), order);
		check(b);
	}
	for (order = 0; order <= 52; order++) {
		unpreserve(b, 0, order);
		unpreserve(b, ~((KHO_PAGE_SIZE << order) - 1), order);
		check(b);
	}
	assert_int_equal(b->t.nr_nodes, 1);
}

static void missing_blocks_cannot_be_removed(void **state)
{
	struct bench *b = *state;

	unpreserve(b, PAGES(5), 0);
	preserve(b, PAGES(4), 0);
	unpreserve(b, PAGES(5), 0);
	unpreserve(b, PAGES(4), 1);
	unpreserve(b, GIB, 0);
	check(b);
	assert_int_equal(b->t.tally[0].nr_keys, 1);
}

static void emptied_nodes_are_freed_but_no_siblings(void **state)
{
	struct bench *b = *state;
	u64 one, two;

	preserve(b, 0, 0);
	one = b->t.nr_nodes;
	assert_int_equal(one, 6);
	preserve(b, PAGES(1 << 15), 0); /* a leaf under the same parent */
	two = b->t.nr_nodes;
	assert_int_equal(two, one + 1);
	unpreserve(b, 0, 0);
	check(b);
	assert_int_equal(b->t.nr_nodes, one);
	unpreserve(b, PAGES(1 << 15), 0);
	check(b);
	assert_int_equal(b->t.nr_nodes, 1);
}

static void no_finger_remembers_a_freed_leaf(void **state)
{
	struct bench *b = *state;
	void *stranger[5];
	unsigned int order, i;

	for (order = 0; order <= 52; order += 4) {
		preserve(b, 0, order);
		unpreserve(b, 0, order);
		/* The pages of the freed nodes now belong to someone else. */
		for (i = 0; i < 5; i++) {
			stranger[i] = testmem_alloc(&b->m);
			memset(stranger[i], 0xff, KHO_PAGE_SIZE);
		}
		assert_false(kho_tracker_lookup(&b->t, 0, order));
		unpreserve(b, 0, order);
		preserve(b, 0, order);
		for (i = 0; i < 5; i++)
			testmem_free_dirty(&b->m, stranger[i]);
		check(b);
		unpreserve(b, 0, order);
	}
}

static void largest_orders_share_a_leaf_safely(void **state)
{
	struct bench *b = *state;

	preserve(b, 0, 52);
	preserve(b, 0, 40);
	unpreserve(b, 0, 52);
	assert_true(kho_tracker_lookup(&b->t, 0, 40));
	unpreserve(b, 0, 40);
	assert_false(kho_tracker_lookup(&b->t, 0, 45));
	preserve(b, 0, 45);
	check(b);
}

static void small_ranges_are_cut_as_upstream_does(void **state)
{
	struct bench *b = *state;
	u64 pfn, nr;

	for (pfn = 0; pfn < 36; pfn++) {
		for (nr = 1; nr < 36; nr++) {
			preserve_range(b, pfn, nr);
			check(b);
			unpreserve_range(b, pfn, nr);
			assert_int_equal(b->s.nr, 0);
		}
	}
	check(b);
}

static void range_is_removed_only_if_complete(void **state)
{
	struct bench *b = *state;
	u64 key[REF_MAX_CUTS];
	unsigned int i, nr = ref_cut(PAGES(3), 1000, key, REF_MAX_CUTS);

	expect_range(b, PAGES(3), 1000);
	assert_int_equal(kho_tracker_preserve_range(&b->t, PAGES(3), 1000), 0);
	for (i = 0; i < nr; i++) {
		unpreserve(b, kho_key_phys(key[i]), kho_key_order(key[i]));
		assert_int_equal(kho_tracker_unpreserve_range(&b->t, PAGES(3),
							      1000),
				 -ENOENT);
		check(b);
		preserve(b, kho_key_phys(key[i]), kho_key_order(key[i]));
	}
	assert_int_equal(kho_tracker_unpreserve_range(&b->t, PAGES(3), 1000),
			 0);
	assert_int_equal(b->t.nr_nodes, 1);
}

static void single_block_without_memory_changes_nothing(void **state)
{
	struct bench *b = *state;
	u64 n;

	preserve(b, PAGES(100), 0);
	for (n = 1;; n++) {
		int ret;

		testmem_fail_at(&b->m, n, n % 2);
		ret = kho_tracker_preserve(&b->t, TOP, KHO_ENTERED_BEFORE);
		testmem_fail_at(&b->m, 0, false);
		if (ret == 1)
			break;
		assert_int_equal(ret, -ENOMEM);
		check(b);
	}
	assert_int_equal(n, 6);
	refset_add(&b->s, TOP, 0);
	check(b);
}

/* Preserves a range with the N-th allocation failing, for every N; gives the failures. */
static u64 starve_range(struct bench *b, u64 phys, u64 nr_pages)
{
	u64 n;

	for (n = 1;; n++) {
		int ret;

		testmem_fail_at(&b->m, n, n % 2);
		ret = kho_tracker_preserve_range(&b->t, phys, nr_pages);
		testmem_fail_at(&b->m, 0, false);
		if (!ret)
			break;
		assert_int_equal(ret, -ENOMEM);
		check(b);
	}
	expect_range(b, phys, nr_pages);
	check(b);
	return n - 1;
}

static void range_without_memory_is_undone_wholly(void **state)
{
	struct bench *b = *state;

	assert_true(starve_range(b, PAGES(1), GIB / KHO_PAGE_SIZE) > 60);
}

static void range_without_memory_leaves_what_was_there(void **state)
{
	struct bench *b = *state;
	u64 key[REF_MAX_CUTS];
	unsigned int i, nr = ref_cut(PAGES(5), 100000, key, REF_MAX_CUTS);

	for (i = 0; i < nr; i += 3)
		preserve(b, kho_key_phys(key[i]), kho_key_order(key[i]));
	assert_true(starve_range(b, PAGES(5), 100000) > 0);
}

static void longest_ranges_are_undone_too(void **state)
{
	struct bench *b = *state;

	assert_true(starve_range(b, PAGES(1), (1ULL << 52) - 2) > 100);
}

static void pages_of_any_run_anywhere_are_entered(void **state)
{
	struct bench *b = *state;
	unsigned int first, nr, i;

	for (first = 0; first < 70; first += 3) {
		for (nr = 1; nr < 200; nr += 1 + first % 5) {
			/* One is there already. */
			preserve(b, PAGES(first + nr / 2), 0);
			preserve_pages(b, first, nr);
			check(b);
			unpreserve(b, PAGES(first + nr / 2), 0);
			preserve_pages(b, first + nr / 2, nr - nr / 2);
			check(b);
			for (i = 0; i < nr; i++)
				unpreserve(b, PAGES(first + i), 0);
		}
	}
	assert_int_equal(b->t.nr_nodes, 1);
	/* From leaf to leaf, and up to the last page that there can be. */
	preserve_pages(b, 32700, 100);
	preserve_pages(b, (1ULL << 52) - 100, 100);
	check(b);
}

static void impossible_pages_are_refused(void **state)
{
	struct bench *b = *state;
	u64 last = PAGES((1ULL << 52) - 1), done = 1;

	assert_int_equal(kho_tracker_preserve_pages(&b->t, PAGES(1), 0, &done),
			 -EINVAL);
	assert_int_equal(done, 0);
	assert_int_equal(kho_tracker_preserve_pages(&b->t, 0x10, 1, &done),
			 -EINVAL);
	assert_int_equal(kho_tracker_preserve_pages(&b->t, last, 2, &done),
			 -ERANGE);
	check(b);
}

static void pages_without_memory_stop_at_a_leaf(void **state)
{
	const u64 first = 32768 - 7, nr = 3 * 32768;
	struct bench *b = *state;
	u64 n, done, all = 0, i;

	for (n = 1;; n++) {
		int ret;

		testmem_fail_at(&b->m, n, n % 2);
		ret = kho_tracker_preserve_pages(&b->t, PAGES(first + all),
						 nr - all, &done);
		testmem_fail_at(&b->m, 0, false);
		for (i = all; i < all + done; i++)
			refset_add(&b->s, PAGES(first + i), 0);
		all += done;
		check(b);
		if (!ret)
			break;
		assert_int_equal(ret, -ENOMEM);
		assert_true(!all || (first + all) % 32768 == 0);
	}
	assert_true(all == nr);
	assert_true(n > 4);
}

/* What a walk has seen. */
struct sighting {
	u64 last;
	u64 nr;
	u64 visits;
	u64 stop_at;
	const struct refset *s;
};

static int see(void *ctx, u64 phys, unsigned int order, u64 nr)
{
	struct sighting *seen = ctx;
	u64 key = ref_key(phys, order);

	if (!nr || nr > 64)
		test_die("walk saw a run of no possible length");
	/* Key 0 would not be one. */
	if (key <= seen->last)
		test_die("walk went back");
	for (; nr; nr--, key++) {
		if (!refset_has(seen->s, kho_key_phys(key), order))
			test_die("walk saw what is not there");
		seen->last = key;
		seen->nr++;
	}
	return ++seen->visits == seen->stop_at ? -EBUSY : 0;
}

static void fill_at_random(struct bench *b, struct testrand *r, unsigned int nr)
{
	while (nr--) {
		unsigned int order = testrand_below(r, 3) ?
					     testrand_below(r, 11) :
					     testrand_below(r, 53);
		u64 span = testrand_below(r, 2) ? GIB : 64 * TIB;

		preserve(b,
			 testrand_below(r, span) &
				 ~((KHO_PAGE_SIZE << order) - 1),
			 order);
	}
}

static void walk_sees_each_block_once_in_order(void **state)
{
	struct bench *b = *state;
	struct testrand r = { 1 };
	struct sighting seen = { .s = &b->s };

	fill_at_random(b, &r, 300);
	assert_int_equal(kho_tracker_walk(&b->t, see, &seen), 0);
	assert_int_equal(seen.nr, b->s.nr);
}

static void walk_stops_when_told(void **state)
{
	struct bench *b = *state;
	struct testrand r = { 2 };
	struct sighting all = { .s = &b->s };
	u64 stop;

	fill_at_random(b, &r, 40);
	assert_int_equal(kho_tracker_walk(&b->t, see, &all), 0);
	for (stop = 1; stop <= all.visits; stop++) {
		struct sighting seen = { .s = &b->s, .stop_at = stop };

		assert_int_equal(kho_tracker_walk(&b->t, see, &seen), -EBUSY);
		assert_int_equal(seen.visits, stop);
	}
}

static void walk_misses_no_word_of_a_leaf(void **state)
{
	struct bench *b = *state;
	unsigned int word;

	for (word = 0; word < 512; word++) {
		struct sighting seen = { .s = &b->s };
		u64 phys = PAGES(word * 64ULL + word % 64);

		preserve(b, phys, 0);
		preserve(b, PAGES(32767), 0);
		assert_int_equal(kho_tracker_walk(&b->t, see, &seen), 0);
		assert_int_equal(seen.nr, b->s.nr);
		unpreserve(b, phys, 0);
	}
}

static void walk_sees_runs_of_any_length_anywhere(void **state)
{
	struct bench *b = *state;
	unsigned int first, nr, i;

	for (first = 0; first < 70; first++) {
		for (nr = 1; nr < 140; nr += 1 + first % 5) {
			struct sighting seen = { .s = &b->s };

			for (i = 0; i < nr; i++)
				preserve(b, PAGES(first + i), 0);
			/* One more that no run may reach. */
			preserve(b, PAGES(first + nr + 1), 0);
			assert_int_equal(kho_tracker_walk(&b->t, see, &seen),
					 0);
			assert_int_equal(seen.nr, nr + 1);
			/* A run ends where its word does, and nowhere before. */
			assert_int_equal(seen.visits, (first + nr - 1) / 64 -
							      first / 64 + 2);
			for (i = 0; i < nr; i++)
				unpreserve(b, PAGES(first + i), 0);
			unpreserve(b, PAGES(first + nr + 1), 0);
		}
	}
}

static void empty_tree_has_nothing_to_walk(void **state)
{
	struct bench *b = *state;

	assert_int_equal(kho_tracker_walk(&b->t, see, NULL), 0);
}

/* Does a block of the oracle share pages with this one without being it? */
static bool ref_block_overlaps(const struct refset *s, u64 phys,
			       unsigned int order)
{
	const u64 last = phys + ((KHO_PAGE_SIZE << order) - 1);
	unsigned int i;

	for (i = 0; i < s->nr; i++) {
		u64 start = kho_key_phys(s->key[i]);
		unsigned int other = kho_key_order(s->key[i]);

		if (start <= last &&
		    phys <= start + ((KHO_PAGE_SIZE << other) - 1) &&
		    (start != phys || other != order))
			return true;
	}
	return false;
}

static bool ref_overlap(const struct refset *s, u64 phys, u64 nr_pages)
{
	u64 key[REF_MAX_CUTS];
	unsigned int i, nr = ref_cut(phys, nr_pages, key, REF_MAX_CUTS);

	for (i = 0; i < nr; i++)
		if (ref_block_overlaps(s, kho_key_phys(key[i]),
				       kho_key_order(key[i])))
			return true;
	return false;
}

/* Is one of these pages in the oracle as anything but a page? */
static bool ref_overlap_pages(const struct refset *s, u64 phys, u64 nr_pages)
{
	for (; nr_pages; nr_pages--, phys += KHO_PAGE_SIZE)
		if (ref_block_overlaps(s, phys, 0))
			return true;
	return false;
}

static void check_found(struct bench *b, u64 phys, u64 nr_pages, u64 with,
			unsigned int order)
{
	u64 last = phys + PAGES(nr_pages) - 1;

	assert_true(refset_has(&b->s, with, order));
	assert_true(with <= last &&
		    phys <= with + ((KHO_PAGE_SIZE << order) - 1));
}

static void check_overlap(struct bench *b, u64 phys, u64 nr_pages)
{
	u64 with = ~0ULL;
	unsigned int order = ~0U;
	bool found = kho_tracker_overlap(&b->t, phys, nr_pages, &with, &order);

	assert_int_equal(found, ref_overlap(&b->s, phys, nr_pages));
	if (found)
		check_found(b, phys, nr_pages, with, order);
	/* The oracle looks at each page. */
	if (nr_pages > 200)
		return;
	found = kho_tracker_overlap_pages(&b->t, phys, nr_pages, &with, &order);
	assert_int_equal(found, ref_overlap_pages(&b->s, phys, nr_pages));
	if (found)
		check_found(b, phys, nr_pages, with, order);
}

static void overlap_is_found_in_either_direction(void **state)
{
	struct bench *b = *state;
	unsigned int order, other;

	for (order = 0; order <= KHO_ORDER_0_LOG2; order++) {
		preserve(b, 0, order);
		for (other = 0; other <= KHO_ORDER_0_LOG2; other++)
			check_overlap(b, 0, 1ULL << other);
		unpreserve(b, 0, order);
	}
	/* At the other end of what a large block contains. */
	for (other = 1; other < 40; other++) {
		preserve(b, PAGES((1ULL << other) - 1), 0);
		check_overlap(b, 0, 1ULL << other);
		check_overlap(b, PAGES(1ULL << other), 1ULL << other);
		unpreserve(b, PAGES((1ULL << other) - 1), 0);
	}
	assert_int_equal(b->t.orders, 0);
	check_overlap(b, 0, 1);
}

static void overlap_of_impossible_ranges_is_none(void **state)
{
	struct bench *b = *state;
	unsigned int order;
	u64 with;

	preserve(b, 0, 3);
	assert_false(kho_tracker_overlap(&b->t, 0, 0, &with, &order));
	assert_false(kho_tracker_overlap(&b->t, 1, 1, &with, &order));
	assert_false(kho_tracker_overlap(&b->t, 0, ~0ULL, &with, &order));
	assert_false(kho_tracker_overlap_pages(&b->t, 0, 0, &with, &order));
	assert_false(kho_tracker_overlap_pages(&b->t, 1, 1, &with, &order));
}

static void overlap_agrees_with_a_comparison_of_all(void **state)
{
	static const u64 span[] = { 64, 5000, 100000, 1 << 20, 1ULL << 36 };
	struct bench *b = *state;
	struct testrand r = { 11 };
	unsigned int i, yes = 0;

	for (i = 0; i < 6000; i++) {
		u64 pfn = testrand_below(&r, span[testrand_below(&r, 5)]);
		unsigned int order = testrand_below(&r, 18);
		u64 phys = PAGES(pfn) & ~((KHO_PAGE_SIZE << order) - 1);
		u64 nr = 1 +
			 testrand_below(&r, testrand_below(&r, 3) ? 9 : 100000);

		check_overlap(b, phys, 1ULL << order);
		check_overlap(b, PAGES(pfn), nr);
		yes += ref_overlap(&b->s, PAGES(pfn), nr);
		if (b->s.nr > 60 || (b->s.nr && !testrand_below(&r, 3))) {
			u64 key = b->s.key[testrand_below(&r, b->s.nr)];

			unpreserve(b, kho_key_phys(key), kho_key_order(key));
		} else {
			preserve(b, phys, order);
		}
	}
	assert_in_range(yes, 600, 11400);
}

/* One random operation, on tracker and oracle. Small spans make meetings likely. */
static void random_step(struct bench *b, struct testrand *r)
{
	static const u64 span[] = { 64, 40000, 1 << 20, 1ULL << 40 };
	u64 pfn = testrand_below(r, span[testrand_below(r, 4)]);
	u64 nr_pages = 1 + testrand_below(r, testrand_below(r, 4) ? 70 : 70000);
	unsigned int order = testrand_below(r, 12);
	u64 phys = PAGES(pfn) & ~((KHO_PAGE_SIZE << order) - 1);

	switch (testrand_below(r, 6)) {
	case 0:
		preserve(b, phys, order);
		break;
	case 1:
		unpreserve(b, phys, order);
		break;
	case 2:
		preserve_range(b, pfn, nr_pages);
		break;
	case 3:
		unpreserve_range(b, pfn, nr_pages);
		break;
	case 4:
		preserve_pages(b, pfn, 1 + testrand_below(r, 150));
		break;
	default:
		/* Something that is there, so that the tree shrinks too. */
		if (b->s.nr) {
			u64 key = b->s.key[testrand_below(r, b->s.nr)];

			unpreserve(b, kho_key_phys(key), kho_key_order(key));
		}
	}
}

static void random_operations_agree_with_a_sorted_list(void **state)
{
	struct bench *b = *state;
	struct testrand r = { 3 };
	unsigned int i;

	for (i = 0; i < 3000; i++) {
		random_step(b, &r);
		if (i % 8 == 0)
			check(b);
	}
	while (b->s.nr)
		unpreserve(b, kho_key_phys(b->s.key[b->s.nr / 2]),
			   kho_key_order(b->s.key[b->s.nr / 2]));
	check(b);
	assert_int_equal(b->t.nr_nodes, 1);
}

/* Memory that looks at the tree whenever it is asked for something. */
struct witness {
	struct bench *b;
	struct kho_tracker_ops ops;
	u64 nr_freed;
};

static void *witness_alloc(void *ctx)
{
	struct witness *w = ctx;

	if (w->b->t.root)
		ref_check_instant(&w->b->m, kho_tracker_root_phys(&w->b->t),
				  w->b->tally);
	return testmem_alloc(&w->b->m);
}

static void witness_free(void *ctx, void *page)
{
	struct witness *w = ctx;
	u64 root = kho_tracker_root_phys(&w->b->t);

	ref_check_instant(&w->b->m, root, w->b->tally);
	if (ref_reaches(&w->b->m, root, testmem_phys(&w->b->m, page)))
		test_die("a node is freed that the tree still leads to");
	w->nr_freed++;
	testmem_free(&w->b->m, page);
}

static unsigned long *witness_population(void *ctx, void *page)
{
	struct witness *w = ctx;

	return testmem_population(&w->b->m, page);
}

static void nodes_come_and_go_only_while_the_tree_is_acceptable(void **state)
{
	struct bench *b = *state;
	struct witness w = { .b = b, .ops = b->t.ops };
	struct testrand r = { 4 };
	unsigned int i;

	b->t.ops.node_alloc = witness_alloc;
	b->t.ops.node_free = witness_free;
	b->t.ops.node_population = witness_population;
	b->t.ops.ctx = &w;
	for (i = 0; i < 1000; i++)
		random_step(b, &r);
	b->t.ops = w.ops;
	check(b);
	assert_true(w.nr_freed > 0);
}

#define test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mix_is_the_splitmix64_finaliser),
		cmocka_unit_test(keys_are_those_of_the_wire),
		cmocka_unit_test(keys_decode_to_what_they_were_made_from),
		test(new_tracker_is_a_lone_root),
		cmocka_unit_test(init_reports_missing_memory),
		test(destroy_frees_a_full_tree_and_may_be_repeated),
		test(preserve_is_idempotent),
		test(lookup_finds_exactly_what_is_there),
		test(impossible_blocks_are_refused),
		test(impossible_ranges_are_refused),
		test(ranges_reach_the_end_of_the_address_space),
		test(every_order_comes_and_goes),
		test(missing_blocks_cannot_be_removed),
		test(emptied_nodes_are_freed_but_no_siblings),
		test(no_finger_remembers_a_freed_leaf),
		test(largest_orders_share_a_leaf_safely),
		test(small_ranges_are_cut_as_upstream_does),
		test(range_is_removed_only_if_complete),
		test(single_block_without_memory_changes_nothing),
		test(range_without_memory_is_undone_wholly),
		test(range_without_memory_leaves_what_was_there),
		test(longest_ranges_are_undone_too),
		test(pages_of_any_run_anywhere_are_entered),
		test(impossible_pages_are_refused),
		test(pages_without_memory_stop_at_a_leaf),
		test(walk_sees_each_block_once_in_order),
		test(walk_stops_when_told),
		test(walk_misses_no_word_of_a_leaf),
		test(walk_sees_runs_of_any_length_anywhere),
		test(empty_tree_has_nothing_to_walk),
		test(overlap_is_found_in_either_direction),
		test(overlap_of_impossible_ranges_is_none),
		test(overlap_agrees_with_a_comparison_of_all),
		test(random_operations_agree_with_a_sorted_list),
		test(nodes_come_and_go_only_while_the_tree_is_acceptable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
