// SPDX-License-Identifier: GPL-2.0
/*
 * Large machines, simulated with the real core: what preserving costs as the module does it (look
 * for overlaps, cover, enter), what a walk, a re-plan and the search for gaps cost, what the tree
 * takes, and how much memory the extents leave to the next kernel until its module is loaded.
 *
 * usage: scale [--json] [--small]    --small leaves out what takes long or much memory
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "core/cover.h"
#include "core/mark.h"
#include "micro.h"
#include "pool.h"

#define MIB (1ULL << 20)
#define GIB (1ULL << 30)
#define TIB (1ULL << 40)

/* RAM begins with what lies below the hole for devices; patterns keep to what lies above. */
enum { LOW_GIB = 3, HIGH_GIB = 4 };

/**
 * struct pattern - which blocks are preserved
 * @name: for programs
 * @text: for people
 * @order: of the blocks
 * @run: blocks that follow one another
 * @spread: runs lie anywhere in so many times the memory they take; 0 = all over RAM
 * @even: they lie at even distances instead of at random ones
 */
struct pattern {
	const char *name;
	const char *text;
	unsigned int order;
	u64 run;
	u64 spread;
	bool even;
};

static const struct pattern patterns[] = {
	{ "guests", "RAM of guests: 2 MiB folios in runs of 4 GiB", 9, 2048, 2,
	  false },
	{ "cache", "files: pages in runs of 1 MiB, in an eighth of RAM or more",
	  0, 256, 4, false },
	{ "cache-everywhere", "files: pages in runs of 1 MiB, all over RAM", 0,
	  256, 0, false },
	{ "drivers", "single pages all over RAM", 0, 1, 0, false },
	{ "worst", "single pages at even distances", 0, 1, 0, true },
};

enum { GUESTS, CACHE, CACHE_EVERYWHERE, DRIVERS, WORST };

static const struct experiment {
	unsigned int pattern;
	u64 ram;
	u64 blocks;
	bool large;
} experiments[] = {
	{ GUESTS, TIB, 420000, false },
	{ GUESTS, 16 * TIB, 6700000, false },
	{ GUESTS, 64 * TIB, 26800000, true },
	{ CACHE, TIB, 1000000, false },
	{ CACHE, TIB, 10000000, false },
	{ CACHE, TIB, 100000000, true },
	{ CACHE, 16 * TIB, 100000000, true },
	{ CACHE, 64 * TIB, 100000000, true },
	{ CACHE_EVERYWHERE, TIB, 1000000, false },
	{ CACHE_EVERYWHERE, 16 * TIB, 10000000, false },
	{ CACHE_EVERYWHERE, 64 * TIB, 100000000, true },
	{ DRIVERS, TIB, 1000, false },
	{ DRIVERS, TIB, 100000, false },
	{ DRIVERS, 16 * TIB, 100000, false },
	{ DRIVERS, 64 * TIB, 100000, false },
	{ WORST, TIB, 8192, false },
	{ WORST, 16 * TIB, 131072, false },
	{ WORST, 64 * TIB, 524288, true },
	{ WORST, TIB, 524288, false },
};

/* What one experiment gave; times in nanoseconds of thread CPU time. */
struct outcome {
	u64 preserved;
	u64 nodes;
	u64 preserve;
	u64 walk;
	u64 replan;
	u64 replan_bytes;
	u64 gaps;
	u64 nr_gaps;
	u64 covered;
	u32 extents;
};

static struct kho_range ram[2];
static struct kho_cover cover;
static struct kho_tally_ser tally[2];
static struct kho_tracker tracker;
/* For each page what page->private tells the module: its mark. */
static u8 *marks;

static void make_ram(u64 bytes)
{
	ram[0] = (struct kho_range){ 0, LOW_GIB * GIB };
	ram[1] = (struct kho_range){ HIGH_GIB * GIB, bytes + GIB };
	kho_cover_init(&cover, ram, 2);
}

/*
 * Where run number @i lies. Memory is cut into as many slots as there are runs, which are visited
 * in a scattered order; in its slot a run lies at random unless distances are to be even.
 */
static u64 place(const struct experiment *e, u64 i, u64 runs)
{
	const struct pattern *p = &patterns[e->pattern];
	const u64 block = KHO_PAGE_SIZE << p->order, run = p->run * block;
	u64 room = e->ram - 4 * GIB, slot, seed;

	if (p->spread && runs * run * p->spread < room)
		room = runs * run * p->spread;
	slot = kho_align_down(room / runs, block);
	if (slot < run)
		bench_die("more runs than there is room for");
	/* The factor is a prime that is larger than any number of runs. */
	i = i * 2147483647 % runs;
	seed = i;
	room = slot - run;
	if (!room || p->even)
		return HIGH_GIB * GIB + i * slot;
	return HIGH_GIB * GIB + i * slot +
	       kho_align_down(bench_random(&seed) % room, block);
}

static void preserve_one(u64 phys, unsigned int order)
{
	unsigned int found;
	u64 with;

	if (kho_tracker_overlap(&tracker, phys, 1ULL << order, &with, &found) ||
	    kho_cover_add(&cover, phys, phys + (KHO_PAGE_SIZE << order)) < 0 ||
	    kho_tracker_preserve(&tracker, phys, order) < 0)
		bench_die("cannot preserve");
}

static void preserve_all(const struct experiment *e)
{
	const struct pattern *p = &patterns[e->pattern];
	u64 runs = e->blocks / p->run, i, k;

	for (i = 0; i < runs; i++) {
		u64 phys = place(e, i, runs);

		for (k = 0; k < p->run; k++, phys += KHO_PAGE_SIZE << p->order)
			preserve_one(phys, p->order);
	}
}

static int sum(void *ctx, u64 phys, unsigned int order, u64 nr)
{
	*(u64 *)ctx += phys ^ order ^ nr;
	return 0;
}

static int mark_plan(void *ctx, u64 phys, unsigned int order, u64 nr)
{
	kho_replan_mark(ctx, phys, phys + (nr << (KHO_PAGE_SHIFT + order)));
	return 0;
}

static int mark_pages(void *ctx, u64 phys, unsigned int order, u64 nr)
{
	for (; nr; nr--, phys += KHO_PAGE_SIZE << order)
		marks[phys >> KHO_PAGE_SHIFT] = kho_mark_of(order).bits;
	return 0;
}

static void replan(struct outcome *o)
{
	struct kho_replan plan;
	void *buf;

	o->replan_bytes = kho_replan_bytes(&cover);
	buf = malloc(o->replan_bytes);
	o->replan = bench_now_ns();
	if (!buf || kho_replan_begin(&plan, &cover, buf, o->replan_bytes))
		bench_die("cannot re-plan");
	kho_tracker_walk(&tracker, mark_plan, &plan);
	if (kho_replan_end(&plan, &cover) < 0)
		bench_die("cannot re-plan");
	o->replan = bench_now_ns() - o->replan;
	free(buf);
}

/* Pages between blocks, in one extent, as kmod/in/incoming.c looks for them: page by page. */
static u64 count_gaps(const struct kho_range *extent)
{
	u64 pfn = extent->start >> KHO_PAGE_SHIFT, nr = 0;
	const u64 end = extent->end >> KHO_PAGE_SHIFT;

	while (pfn < end) {
		if (marks[pfn]) {
			pfn += kho_mark_pages(kho_mark_stored(marks[pfn]));
			continue;
		}
		nr++;
		while (pfn < end && !marks[pfn])
			pfn++;
	}
	return nr;
}

/* Linear in the memory in extents, and that is the time it takes here: one size is enough. */
static void find_gaps(const struct experiment *e, struct outcome *o)
{
	const size_t bytes = (e->ram + 2 * GIB) >> KHO_PAGE_SHIFT;
	u32 i;

	marks = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (marks == MAP_FAILED)
		bench_die("out of memory");
	kho_tracker_walk(&tracker, mark_pages, NULL);
	o->gaps = bench_now_ns();
	for (i = 0; i < cover.nr_extents; i++)
		o->nr_gaps += count_gaps(&cover.extent[i]);
	o->gaps = bench_now_ns() - o->gaps;
	munmap(marks, bytes);
}

static struct outcome run(const struct experiment *e)
{
	struct outcome o = { 0 };
	u64 seen = 0;

	make_ram(e->ram);
	bench_tracker_open(&tracker, tally);
	o.preserve = bench_now_ns();
	preserve_all(e);
	o.preserve = bench_now_ns() - o.preserve;
	o.preserved = tally->nr_pages << KHO_PAGE_SHIFT;
	o.nodes = tracker.nr_nodes;
	o.walk = bench_now_ns();
	kho_tracker_walk(&tracker, sum, &seen);
	o.walk = bench_now_ns() - o.walk;
	bench_use(seen);
	replan(&o);
	o.covered = kho_cover_bytes(&cover);
	o.extents = cover.nr_extents;
	if (e->ram == TIB)
		find_gaps(e, &o);
	kho_tracker_destroy(&tracker);
	return o;
}

static double per_block(u64 ns)
{
	return (double)ns / (double)tally->nr_keys;
}

static double gib(u64 bytes)
{
	return (double)bytes / (double)GIB;
}

static void print_json(const struct experiment *e, const struct outcome *o,
		       bool first)
{
	const struct pattern *p = &patterns[e->pattern];

	printf("%s\n{\"pattern\":\"%s\",\"text\":\"%s\",\"ram_bytes\":%llu,\"blocks\":%llu,\"order\":%u,",
	       first ? "" : ",", p->name, p->text, (unsigned long long)e->ram,
	       (unsigned long long)tally->nr_keys, p->order);
	printf("\"preserved_bytes\":%llu,\"node_bytes\":%llu,\"preserve_ns\":%.2f,\"walk_ns\":%.3f,",
	       (unsigned long long)o->preserved,
	       (unsigned long long)(o->nodes * KHO_PAGE_SIZE),
	       per_block(o->preserve), per_block(o->walk));
	printf("\"replan_ms\":%.3f,\"replan_bytes\":%llu,\"gaps\":%llu,\"gaps_ms\":%.3f,",
	       (double)o->replan / 1e6, (unsigned long long)o->replan_bytes,
	       (unsigned long long)o->nr_gaps, (double)o->gaps / 1e6);
	printf("\"extents\":%u,\"covered_bytes\":%llu,\"left_bytes\":%llu}",
	       o->extents, (unsigned long long)o->covered,
	       (unsigned long long)(e->ram - o->covered));
}

static void print_row(const struct experiment *e, const struct outcome *o)
{
	printf("%-17s %4.0f %10llu %9.1f %8.1f %8.1f %7.2f %9.2f %9.1f %8llu %4u %9.1f\n",
	       patterns[e->pattern].name, gib(e->ram) / 1024,
	       (unsigned long long)tally->nr_keys, gib(o->preserved),
	       (double)o->nodes / 256, per_block(o->preserve),
	       per_block(o->walk), (double)o->replan / 1e6,
	       (double)o->gaps / 1e6, (unsigned long long)o->nr_gaps,
	       o->extents, gib(e->ram - o->covered));
	fflush(stdout);
}

int main(int argc, char **argv)
{
	const unsigned int nr = sizeof(experiments) / sizeof(experiments[0]);
	bool json = false, small = false, first = true;
	unsigned int k;
	int i;

	for (i = 1; i < argc; i++) {
		json |= !strcmp(argv[i], "--json");
		small |= !strcmp(argv[i], "--small");
		if (strcmp(argv[i], "--json") && strcmp(argv[i], "--small"))
			bench_die("usage: scale [--json] [--small]");
	}
	/* Populated: getting memory from the host is not what is measured. */
	bench_pool_init(small ? 150000 : 600000, true);
	if (json)
		printf("{\"program\":\"scale\",\"experiments\":[");
	else
		printf("%-17s %4s %10s %9s %8s %8s %7s %9s %9s %8s %4s %9s\n",
		       "pattern", "TiB", "blocks", "kept GiB", "tree MiB",
		       "ns/block", "walk ns", "replan ms", "gaps ms", "gaps",
		       "ext", "left GiB");
	for (k = 0; k < nr; k++) {
		struct outcome o;

		if (small && experiments[k].large)
			continue;
		o = run(&experiments[k]);
		if (json)
			print_json(&experiments[k], &o, first);
		else
			print_row(&experiments[k], &o);
		first = false;
	}
	if (json)
		puts("\n]}");
	return 0;
}
