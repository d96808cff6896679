// SPDX-License-Identifier: GPL-2.0
/*
 * Speed of the tracker: alone (kho), as the module uses it, with a look for overlaps first
 * (checked), and beside it a general compressed bitmap, CRoaring, which knows pages only, no
 * orders. Every round works on a new tree.
 *
 * usage: bench_tracker [--json] [CASE...]
 */
#include <malloc.h>
#include <roaring/roaring.h>

#include "micro.h"
#include "pool.h"

#include "workload.h"

static struct kho_tally_ser tally[2];
static struct kho_tracker tracker;

static double per(u64 ns, size_t nr)
{
	return (double)ns / (double)nr;
}

/* Looks at each block by itself, as the other side does. */
static int count(void *ctx, u64 phys, unsigned int order, u64 nr)
{
	u64 sum = *(u64 *)ctx;

	for (; nr; nr--, phys += KHO_PAGE_SIZE << order) {
		sum += phys;
		__asm__ volatile("" : "+r"(sum));
	}
	*(u64 *)ctx = sum;
	return 0;
}

static void record_walk(void)
{
	u64 sum = 0, start = bench_now_ns();

	kho_tracker_walk(&tracker, count, &sum);
	bench_record("walk", "ns", per(bench_now_ns() - start, tally->nr_keys));
	bench_use(sum);
}

static void record_memory(const struct kho_tracker *t)
{
	bench_record("memory", "KiB", t->nr_nodes * KHO_PAGE_SIZE / 1024.0);
}

static void check_empty(void)
{
	if (tracker.nr_nodes != 1)
		bench_die("something is left over");
	kho_tracker_destroy(&tracker);
}

/* What the module does before it preserves: a tree with overlapping blocks would be refused. */
static inline void look_first(u64 phys, u64 nr_pages)
{
	unsigned int order;
	u64 with;

	if (kho_tracker_overlap(&tracker, phys, nr_pages, &with, &order))
		bench_die("blocks overlap");
}

/* Blocks one by one, then a walk, then all of them out again in the same order. */
static __always_inline void run_blocks_with(bool checked)
{
	u64 start;
	size_t i;

	bench_tracker_open(&tracker, tally);
	start = bench_now_ns();
	for (i = 0; i < bench_nr; i++) {
		if (checked)
			look_first(bench_phys(i), 1ULL << bench_order(i));
		if (kho_tracker_preserve(&tracker, bench_phys(i),
					 bench_order(i)) < 0)
			bench_die("cannot preserve");
	}
	bench_record("preserve", "ns", per(bench_now_ns() - start, bench_nr));
	record_memory(&tracker);
	record_walk();
	start = bench_now_ns();
	for (i = 0; i < bench_nr; i++)
		kho_tracker_unpreserve(&tracker, bench_phys(i), bench_order(i));
	bench_record("unpreserve", "ns", per(bench_now_ns() - start, bench_nr));
	check_empty();
}

static void run_blocks(void)
{
	run_blocks_with(false);
}

static void run_blocks_checked(void)
{
	run_blocks_with(true);
}

static __always_inline void run_ranges_with(bool checked)
{
	u64 start;
	size_t i;

	bench_tracker_open(&tracker, tally);
	start = bench_now_ns();
	for (i = 0; i < bench_nr; i++) {
		if (checked)
			look_first(bench_block[i], bench_length[i]);
		if (kho_tracker_preserve_range(&tracker, bench_block[i],
					       bench_length[i]))
			bench_die("cannot preserve");
	}
	bench_record("preserve", "ns", per(bench_now_ns() - start, bench_nr));
	record_memory(&tracker);
	record_walk();
	start = bench_now_ns();
	for (i = 0; i < bench_nr; i++)
		if (kho_tracker_unpreserve_range(&tracker, bench_block[i],
						 bench_length[i]))
			bench_die("cannot unpreserve");
	bench_record("unpreserve", "ns", per(bench_now_ns() - start, bench_nr));
	check_empty();
}

static void run_ranges(void)
{
	run_ranges_with(false);
}

static void run_ranges_checked(void)
{
	run_ranges_with(true);
}

/* Reading the clock takes longer than some of it: the same in several trees. */
enum { TREES = 16, TIMES = 100 };

static struct kho_tally_ser tallies[TREES][2];
static struct kho_tracker tree[TREES];

/* One range into trees and out again; with @twin a neighbour keeps their nodes. */
static void run_one_range(bool twin)
{
	u64 in = 0, out = 0, start;
	unsigned int i, k;

	for (k = 0; k < TREES; k++) {
		bench_tracker_open(&tree[k], tallies[k]);
		if (twin &&
		    kho_tracker_preserve_range(&tree[k], *bench_block + 2 * GIB,
					       *bench_length))
			bench_die("cannot preserve");
	}
	for (i = 0; i < TIMES; i++) {
		start = bench_now_ns();
		for (k = 0; k < TREES; k++)
			kho_tracker_preserve_range(&tree[k], *bench_block,
						   *bench_length);
		in += bench_now_ns() - start;
		if (!i)
			record_memory(&tree[0]);
		start = bench_now_ns();
		for (k = 0; k < TREES; k++)
			kho_tracker_unpreserve_range(&tree[k], *bench_block,
						     *bench_length);
		out += bench_now_ns() - start;
	}
	bench_record("preserve", "ns", per(in, TIMES * TREES));
	bench_record("unpreserve", "ns", per(out, TIMES * TREES));
	for (k = 0; k < TREES; k++)
		kho_tracker_destroy(&tree[k]);
}

static void run_cold(void)
{
	run_one_range(false);
}

static void run_warm(void)
{
	run_one_range(true);
}

/* ---- CRoaring: a set of page numbers */

static u32 pfn_of(size_t i)
{
	return bench_block[i] >> KHO_PAGE_SHIFT;
}

static bool count_pfn(u32 pfn, void *ctx)
{
	*(u64 *)ctx += pfn;
	return true;
}

static void record_roaring(const roaring_bitmap_t *set, size_t before)
{
	u64 sum = 0, start;

	bench_record("memory", "KiB", (mallinfo2().uordblks - before) / 1024.0);
	start = bench_now_ns();
	roaring_iterate(set, count_pfn, &sum);
	bench_record("walk", "ns",
		     per(bench_now_ns() - start,
			 roaring_bitmap_get_cardinality(set)));
	bench_use(sum);
}

static void roaring_blocks(void)
{
	size_t i, before = mallinfo2().uordblks;
	roaring_bitmap_t *set = roaring_bitmap_create();
	u64 start = bench_now_ns();

	for (i = 0; i < bench_nr; i++)
		roaring_bitmap_add(set, pfn_of(i));
	bench_record("preserve", "ns", per(bench_now_ns() - start, bench_nr));
	record_roaring(set, before);
	start = bench_now_ns();
	for (i = 0; i < bench_nr; i++)
		roaring_bitmap_remove(set, pfn_of(i));
	bench_record("unpreserve", "ns", per(bench_now_ns() - start, bench_nr));
	roaring_bitmap_free(set);
}

static void roaring_ranges(void)
{
	size_t i, before = mallinfo2().uordblks;
	roaring_bitmap_t *set = roaring_bitmap_create();
	u64 start = bench_now_ns();

	for (i = 0; i < bench_nr; i++)
		roaring_bitmap_add_range(set, pfn_of(i),
					 pfn_of(i) + bench_length[i]);
	bench_record("preserve", "ns", per(bench_now_ns() - start, bench_nr));
	record_roaring(set, before);
	start = bench_now_ns();
	for (i = 0; i < bench_nr; i++)
		roaring_bitmap_remove_range(set, pfn_of(i),
					    pfn_of(i) + bench_length[i]);
	bench_record("unpreserve", "ns", per(bench_now_ns() - start, bench_nr));
	roaring_bitmap_free(set);
}

static void roaring_one_range(bool twin)
{
	static roaring_bitmap_t *set[TREES];
	const u32 pfn = pfn_of(0),
		  neighbour = pfn + (2 * GIB >> KHO_PAGE_SHIFT);
	size_t before = mallinfo2().uordblks;
	u64 in = 0, out = 0, start;
	unsigned int i, k;

	for (k = 0; k < TREES; k++) {
		set[k] = roaring_bitmap_create();
		if (twin)
			roaring_bitmap_add_range(set[k], neighbour,
						 neighbour + *bench_length);
	}
	for (i = 0; i < TIMES; i++) {
		start = bench_now_ns();
		for (k = 0; k < TREES; k++)
			roaring_bitmap_add_range(set[k], pfn,
						 pfn + *bench_length);
		in += bench_now_ns() - start;
		if (!i)
			bench_record("memory", "KiB",
				     (mallinfo2().uordblks - before) / 1024.0 /
					     TREES);
		start = bench_now_ns();
		for (k = 0; k < TREES; k++)
			roaring_bitmap_remove_range(set[k], pfn,
						    pfn + *bench_length);
		out += bench_now_ns() - start;
	}
	bench_record("preserve", "ns", per(in, TIMES * TREES));
	bench_record("unpreserve", "ns", per(out, TIMES * TREES));
	for (k = 0; k < TREES; k++)
		roaring_bitmap_free(set[k]);
}

static void roaring_cold(void)
{
	roaring_one_range(false);
}

static void roaring_warm(void)
{
	roaring_one_range(true);
}

static const struct bench_case cases[] = {
	{ "contiguous",
	  "1 Mi contiguous pages, one by one",
	  fill_contiguous,
	  { { "kho", run_blocks },
	    { "checked", run_blocks_checked },
	    { "CRoaring", roaring_blocks } } },
	{ "range-aligned-cold",
	  "1 GiB range, aligned, cold",
	  fill_aligned,
	  { { "kho", run_cold }, { "CRoaring", roaring_cold } } },
	{ "range-unaligned-cold",
	  "1 GiB range one page later, cold",
	  fill_unaligned,
	  { { "kho", run_cold }, { "CRoaring", roaring_cold } } },
	{ "range-unaligned-warm",
	  "1 GiB range one page later, warm",
	  fill_unaligned,
	  { { "kho", run_warm }, { "CRoaring", roaring_warm } } },
	{ "random",
	  "1 Mi random pages over 1 TiB",
	  fill_random,
	  { { "kho", run_blocks },
	    { "checked", run_blocks_checked },
	    { "CRoaring", roaring_blocks } } },
	{ "mixed",
	  "1 Mi folios of orders 0..10",
	  fill_mixed,
	  { { "kho", run_blocks }, { "checked", run_blocks_checked } } },
	{ "isolated",
	  "4,096 pages, one per 128 MiB",
	  fill_isolated,
	  { { "kho", run_blocks },
	    { "checked", run_blocks_checked },
	    { "CRoaring", roaring_blocks } } },
	{ "extents",
	  "64 Ki shuffled extents of 1..256 pages",
	  fill_extents,
	  { { "kho", run_ranges },
	    { "checked", run_ranges_checked },
	    { "CRoaring", roaring_ranges } } },
};

int main(int argc, char **argv)
{
	bench_pool_init(1 << 15, true);
	return bench_main("tracker", cases, sizeof(cases) / sizeof(cases[0]),
			  argc, argv);
}
