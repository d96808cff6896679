// SPDX-License-Identifier: GPL-2.0
/*
 * The machine may jump into the next kernel between any two stores. Here the tracker is compiled
 * once more, with each store to what the receiver reads being followed by a look at everything,
 * as a receiver would take it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "stores.h"

#include "core/tracker.c"
#include "reftree.h"

#define PAGES(n) ((u64)(n) << KHO_PAGE_SHIFT)
/* Unaligned, and more than a GiB away. */
#define FAR ((1 << 20) + 7)
/* So far away, and just before a word of which another node has the next. */
#define NODE_END ((1 << 20) + (1 << 15) - 100)

static struct testmem memory;
static struct kho_tally_ser tally[2];
static struct kho_tracker tracker;
static bool watching;
static unsigned long nr_stores;

static void after_store(void)
{
	if (!watching)
		return;
	nr_stores++;
	ref_check_instant(&memory, stores_root_phys(&tracker), tally);
}

static int setup(void **state)
{
	struct kho_tracker_ops ops;

	testmem_init(&memory, 1ULL << 34, 1024);
	ops = testmem_tracker_ops(&memory);
	assert_int_equal(stores_init(&tracker, &ops, tally), 0);
	nr_stores = 0;
	watching = true;
	return 0;
}

static int teardown(void **state)
{
	watching = false;
	stores_destroy(&tracker);
	testmem_exit(&memory);
	return 0;
}

static void block_comes_and_goes_in_acceptable_steps(void **state)
{
	assert_int_equal(stores_preserve(&tracker, PAGES(9), 0), 1);
	/* One link, then one word between two tallies of three members. */
	assert_true(nr_stores >= 2 * (1 + 3 + 1 + 3));
	nr_stores = 0;
	assert_int_equal(stores_unpreserve(&tracker, PAGES(9), 0), 0);
	assert_true(nr_stores >= 2 * (3 + 1 + 3 + 1));
	assert_int_equal(tracker.nr_nodes, 1);
}

static void range_comes_and_goes_in_acceptable_steps(void **state)
{
	assert_int_equal(stores_preserve_range(&tracker, PAGES(1), 1 << 18), 0);
	assert_int_equal(stores_preserve_range(&tracker, PAGES(FAR), 100), 0);
	assert_int_equal(stores_unpreserve_range(&tracker, PAGES(1), 1 << 18),
			 0);
	assert_int_equal(stores_unpreserve_range(&tracker, PAGES(FAR), 100), 0);
	assert_int_equal(tracker.nr_nodes, 1);
}

static void range_is_undone_in_acceptable_steps(void **state)
{
	u64 n;

	assert_int_equal(stores_preserve(&tracker, PAGES(4), 2), 1);
	for (n = 1;; n++) {
		int ret;

		testmem_fail_at(&memory, n, n % 2);
		ret = stores_preserve_range(&tracker, PAGES(3), 5000);
		testmem_fail_at(&memory, 0, false);
		if (!ret)
			break;
		assert_int_equal(ret, -ENOMEM);
		assert_int_equal(tally[0].nr_keys, 1);
	}
	assert_true(n > 20);
}

static void pages_come_in_acceptable_steps(void **state)
{
	u64 n, done, all = 0;

	assert_int_equal(stores_preserve(&tracker, PAGES(70), 0), 1);
	nr_stores = 0;
	assert_int_equal(stores_preserve_pages(&tracker, PAGES(60), 200, &done),
			 -EEXIST);
	assert_int_equal(done, 10);
	assert_int_equal(stores_preserve_pages(&tracker, PAGES(71), 189, &done),
			 0);
	/* Five words, each between two tallies of three members. */
	assert_true(nr_stores >= 2 * 5 * (3 + 1 + 3));
	assert_int_equal(tally[0].nr_keys, 200);
	for (n = 1;; n++) {
		int ret;

		testmem_fail_at(&memory, n, n % 2);
		ret = stores_preserve_pages(&tracker, PAGES(NODE_END + all),
					    200 - all, &done);
		testmem_fail_at(&memory, 0, false);
		all += done;
		if (!ret)
			break;
		assert_int_equal(ret, -ENOMEM);
		assert_true(tally[0].nr_keys == 200 + all);
	}
	/* Each node failed once. */
	assert_int_equal(n, 3);
}

static void random_step(struct testrand *r)
{
	u64 done;
	unsigned int order = testrand_below(r, 53);
	u64 phys = testrand_next(r) >> testrand_below(r, 52);
	u64 nr_pages = 1 + testrand_below(r, 300);

	phys &= ~((KHO_PAGE_SIZE << order) - 1);
	testmem_fail_at(&memory, testrand_below(r, 30), false);
	switch (testrand_below(r, 6)) {
	case 0:
		stores_preserve(&tracker, phys, order);
		break;
	case 1:
		stores_unpreserve(&tracker, phys, order);
		break;
	case 2:
		stores_unpreserve(&tracker, PAGES(testrand_below(r, 64)), 0);
		break;
	case 3:
		stores_preserve_range(&tracker, PAGES(testrand_below(r, 64)),
				      nr_pages);
		break;
	case 4:
		stores_preserve_pages(&tracker, PAGES(testrand_below(r, 64)),
				      nr_pages, &done);
		break;
	default:
		stores_unpreserve_range(&tracker, PAGES(testrand_below(r, 64)),
					1 + testrand_below(r, 9));
	}
}

static void random_operations_go_in_acceptable_steps(void **state)
{
	struct testrand r = { 5 };
	unsigned int i;

	for (i = 0; i < 250; i++)
		random_step(&r);
	assert_true(nr_stores > 1000);
}

#define test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(block_comes_and_goes_in_acceptable_steps),
		test(range_comes_and_goes_in_acceptable_steps),
		test(range_is_undone_in_acceptable_steps),
		test(pages_come_in_acceptable_steps),
		test(random_operations_go_in_acceptable_steps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
