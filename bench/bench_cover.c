// SPDX-License-Identifier: GPL-2.0
/*
 * Speed of the cover: of adding to it where it has everything already, where it has to grow, and
 * where a gap has to be closed each time; of a re-plan from the tree; of writing the chain.
 *
 * usage: bench_cover [--json] [CASE...]
 */
#include <stdlib.h>

#include "core/chain.h"
#include "core/cover.h"
#include "micro.h"
#include "pool.h"
#include "workload.h"

static const struct kho_range ram = { 0, 1ULL << 41 };
static struct kho_cover cover;
static struct kho_tally_ser tally[2];
static struct kho_tracker tracker;

static double per(u64 ns, size_t nr)
{
	return (double)ns / (double)nr;
}

/* The first MiB is for nobody. */
static u64 place(size_t i)
{
	return bench_phys(i) + GIB;
}

static void add_all(void)
{
	size_t i;

	for (i = 0; i < bench_nr; i++)
		if (kho_cover_add(&cover, place(i),
				  place(i) + (KHO_PAGE_SIZE
					      << bench_order(i))) < 0)
			bench_die("cannot cover");
}

static int mark(void *ctx, u64 phys, unsigned int order, u64 nr)
{
	kho_replan_mark(ctx, phys, phys + (nr << (KHO_PAGE_SHIFT + order)));
	return 0;
}

static void record_replan(void)
{
	size_t bytes = kho_replan_bytes(&cover), i;
	void *buf = malloc(bytes);
	struct kho_replan plan;
	u64 start;

	bench_tracker_open(&tracker, tally);
	for (i = 0; i < bench_nr; i++)
		if (kho_tracker_preserve(&tracker, place(i), bench_order(i)) <
		    0)
			bench_die("cannot preserve");
	start = bench_now_ns();
	if (!buf || kho_replan_begin(&plan, &cover, buf, bytes))
		bench_die("cannot re-plan");
	kho_tracker_walk(&tracker, mark, &plan);
	if (kho_replan_end(&plan, &cover) < 0)
		bench_die("cannot re-plan");
	bench_record("replan", "ns", per(bench_now_ns() - start, bench_nr));
	kho_tracker_destroy(&tracker);
	free(buf);
}

static void run_add(void)
{
	/* One takes less than reading the clock does. */
	enum { CHAINS = 1000 };
	static struct kho_chain_ser chain;
	unsigned int i;
	u64 start;

	kho_cover_init(&cover, &ram, 1);
	start = bench_now_ns();
	add_all();
	bench_record("add", "ns", per(bench_now_ns() - start, bench_nr));
	start = bench_now_ns();
	add_all();
	bench_record("again", "ns", per(bench_now_ns() - start, bench_nr));
	record_replan();
	start = bench_now_ns();
	for (i = 0; i < CHAINS; i++)
		kho_chain_write(&chain, GIB, cover.extent, cover.nr_extents);
	bench_record("chain", "ns", per(bench_now_ns() - start, CHAINS));
}

static const struct bench_case cases[] = {
	{ "contiguous",
	  "1 Mi contiguous pages, one by one",
	  fill_contiguous,
	  { { "kho", run_add } } },
	{ "random",
	  "1 Mi random pages over 1 TiB",
	  fill_random,
	  { { "kho", run_add } } },
	{ "mixed",
	  "1 Mi folios of orders 0..10",
	  fill_mixed,
	  { { "kho", run_add } } },
	{ "isolated",
	  "4,096 pages, one per 128 MiB",
	  fill_isolated,
	  { { "kho", run_add } } },
};

int main(int argc, char **argv)
{
	bench_pool_init(1 << 15, true);
	return bench_main("cover", cases, sizeof(cases) / sizeof(cases[0]),
			  argc, argv);
}
