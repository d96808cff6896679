// SPDX-License-Identifier: GPL-2.0
/*
 * Speed of the tracker, in thread CPU time: medians of five runs, each in a new tree. Prints a
 * table or, with --json, one JSON object. It measures and never judges.
 *
 * usage: bench_tracker [--json]
 */
#define _GNU_SOURCE
#include "core/tracker.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

#define RUNS 5
#define MI (1UL << 20)
#define GIB (1ULL << 30)
#define NODES (1UL << 15)

/* What one run of a case took, in nanoseconds for each operation. */
struct figures {
	double preserve;
	double unpreserve;
	double walk;
	u64 node_pages;
};

/* A block is its physical address plus its order; small, so that reading them does not count. */
enum { ORDER_MASK = KHO_PAGE_SIZE - 1 };

/* Nodes as cheap as they can be: zeroed pages from a stack. */
static u8 *pool;
static unsigned long pool_population[NODES];
static u32 pool_stack[NODES];
static u32 pool_height;

static u64 *block;
/* Of a range, in pages. */
static u64 *length;
static size_t nr_blocks;
static struct kho_tally_ser tally[2];
static struct kho_tracker tracker;
static volatile u64 sink;

static u64 phys_of(u64 b)
{
	return b & ~(u64)ORDER_MASK;
}

static unsigned int order_of(u64 b)
{
	return b & ORDER_MASK;
}

static void die(const char *what)
{
	fprintf(stderr, "bench_tracker: %s\n", what);
	exit(1);
}

static void *node_alloc(void *ctx)
{
	return pool_height ? pool + pool_stack[--pool_height] * KHO_PAGE_SIZE :
			     NULL;
}

static u32 node_nr(const void *node)
{
	return ((const u8 *)node - pool) >> KHO_PAGE_SHIFT;
}

static void node_free(void *ctx, void *node)
{
	pool_stack[pool_height++] = node_nr(node);
}

static unsigned long *node_population(void *ctx, void *node)
{
	return &pool_population[node_nr(node)];
}

static void make_pool(void)
{
	u32 i;

	pool = mmap(NULL, NODES * KHO_PAGE_SIZE, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	block = malloc(MI * sizeof(*block));
	length = malloc(MI * sizeof(*length));
	if (pool == MAP_FAILED || !block || !length)
		die("out of memory");
	for (i = 0; i < NODES; i++)
		pool_stack[pool_height++] = NODES - 1 - i;
}

static void tracker_open(struct kho_tracker *t, struct kho_tally_ser *two)
{
	const struct kho_tracker_ops ops = {
		.node_alloc = node_alloc,
		.node_free = node_free,
		.node_population = node_population,
		.va_offset = (u64)(uintptr_t)pool - GIB,
	};

	if (kho_tracker_init(t, &ops, two))
		die("no memory for a tracker");
}

static u64 now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

/* The next number of a fixed sequence of random ones. */
static u64 next_random(u64 *seed)
{
	return kho_mix64(*seed += 0x9e3779b97f4a7c15ULL);
}

static void shuffle(u64 *seed)
{
	size_t i;

	for (i = nr_blocks - 1; i; i--) {
		size_t j = next_random(seed) % (i + 1);
		u64 b = block[i], l = length[i];

		block[i] = block[j];
		block[j] = b;
		length[i] = length[j];
		length[j] = l;
	}
}

static int count(void *ctx, u64 phys, unsigned int order)
{
	*(u64 *)ctx += phys + order;
	return 0;
}

static double per(u64 ns, size_t nr)
{
	return (double)ns / (double)nr;
}

static u64 walk_ns(void)
{
	u64 sum = 0, start = now_ns();

	kho_tracker_walk(&tracker, count, &sum);
	start = now_ns() - start;
	sink = sum;
	return start;
}

/* Blocks one by one, then a walk, then all of them out again in the same order. */
static struct figures run_blocks(void)
{
	struct figures f;
	u64 start, keys;
	size_t i;

	tracker_open(&tracker, tally);
	start = now_ns();
	for (i = 0; i < nr_blocks; i++)
		if (kho_tracker_preserve(&tracker, phys_of(block[i]),
					 order_of(block[i])) < 0)
			die("cannot preserve");
	f.preserve = per(now_ns() - start, nr_blocks);
	f.node_pages = tracker.nr_nodes;
	keys = tally[0].nr_keys;
	f.walk = per(walk_ns(), keys);
	start = now_ns();
	for (i = 0; i < nr_blocks; i++)
		kho_tracker_unpreserve(&tracker, phys_of(block[i]),
				       order_of(block[i]));
	f.unpreserve = per(now_ns() - start, nr_blocks);
	if (tracker.nr_nodes != 1)
		die("blocks are left over");
	kho_tracker_destroy(&tracker);
	return f;
}

/* Ranges one by one, a walk, and out again; blocks may not overlap. */
static struct figures run_ranges(void)
{
	struct figures f;
	u64 start;
	size_t i;

	tracker_open(&tracker, tally);
	start = now_ns();
	for (i = 0; i < nr_blocks; i++)
		if (kho_tracker_preserve_range(&tracker, block[i], length[i]))
			die("cannot preserve");
	f.preserve = per(now_ns() - start, nr_blocks);
	f.node_pages = tracker.nr_nodes;
	f.walk = per(walk_ns(), tally[0].nr_keys);
	start = now_ns();
	for (i = 0; i < nr_blocks; i++)
		if (kho_tracker_unpreserve_range(&tracker, block[i], length[i]))
			die("cannot unpreserve");
	f.unpreserve = per(now_ns() - start, nr_blocks);
	if (tracker.nr_nodes != 1)
		die("ranges are left over");
	kho_tracker_destroy(&tracker);
	return f;
}

/*
 * One range into an empty tree and out again, in a few trees at a time: reading the clock takes
 * longer than some of it.
 */
static struct figures run_cold(void)
{
	enum { TREES = 16, TIMES = 200 };
	static struct kho_tally_ser tallies[TREES][2];
	static struct kho_tracker tree[TREES];
	struct figures f = { 0 };
	u64 in = 0, out = 0;
	unsigned int i, k;

	for (k = 0; k < TREES; k++)
		tracker_open(&tree[k], tallies[k]);
	for (i = 0; i < TIMES; i++) {
		u64 start = now_ns(), middle;

		for (k = 0; k < TREES; k++)
			kho_tracker_preserve_range(&tree[k], *block, *length);
		middle = now_ns();
		in += middle - start;
		f.node_pages = tree[0].nr_nodes;
		start = now_ns();
		for (k = 0; k < TREES; k++)
			kho_tracker_unpreserve_range(&tree[k], *block, *length);
		out += now_ns() - start;
	}
	f.preserve = per(in, TIMES * TREES);
	f.unpreserve = per(out, TIMES * TREES);
	for (k = 0; k < TREES; k++)
		kho_tracker_destroy(&tree[k]);
	return f;
}

/* The same range out of and into a tree in which a neighbour keeps all of its nodes. */
static struct figures run_warm(void)
{
	enum { TIMES = 20000 };
	struct figures f = { 0 };
	const u64 twin = *block + 2 * GIB;
	u64 start;
	unsigned int i;

	tracker_open(&tracker, tally);
	if (kho_tracker_preserve_range(&tracker, twin, *length))
		die("cannot preserve");
	kho_tracker_preserve_range(&tracker, *block, *length);
	f.node_pages = tracker.nr_nodes;
	start = now_ns();
	for (i = 0; i < TIMES; i++) {
		kho_tracker_unpreserve_range(&tracker, *block, *length);
		kho_tracker_preserve_range(&tracker, *block, *length);
	}
	f.preserve = per(now_ns() - start, TIMES);
	kho_tracker_destroy(&tracker);
	return f;
}

static void fill_contiguous(void)
{
	for (nr_blocks = 0; nr_blocks < MI; nr_blocks++)
		block[nr_blocks] = nr_blocks << KHO_PAGE_SHIFT;
}

static void fill_random(void)
{
	u64 seed = 1;

	for (nr_blocks = 0; nr_blocks < MI; nr_blocks++) {
		u64 pfn = next_random(&seed) % (1ULL << 28);

		block[nr_blocks] = pfn << KHO_PAGE_SHIFT;
	}
}

/* Folios of all orders up to 10, one after the other as alignment lets them. */
static void fill_mixed(void)
{
	u64 seed = 2, pfn = 0;

	for (nr_blocks = 0; nr_blocks < MI; nr_blocks++) {
		unsigned int order = next_random(&seed) % 11;

		pfn = kho_align_up(pfn, 1ULL << order);
		block[nr_blocks] = pfn << KHO_PAGE_SHIFT | order;
		pfn += 1ULL << order;
	}
}

static void fill_isolated(void)
{
	for (nr_blocks = 0; nr_blocks < 4096; nr_blocks++)
		block[nr_blocks] = (u64)nr_blocks << 27;
}

static void fill_extents(void)
{
	u64 seed = 3, pfn = 1;

	for (nr_blocks = 0; nr_blocks < 65536; nr_blocks++) {
		u64 nr_pages = 1 + next_random(&seed) % 256;

		block[nr_blocks] = pfn << KHO_PAGE_SHIFT;
		length[nr_blocks] = nr_pages;
		pfn += nr_pages + 1 + next_random(&seed) % 256;
	}
	shuffle(&seed);
}

static void fill_aligned(void)
{
	block[0] = 4 * GIB;
	length[0] = GIB >> KHO_PAGE_SHIFT;
}

static void fill_unaligned(void)
{
	block[0] = 4 * GIB + KHO_PAGE_SIZE;
	length[0] = GIB >> KHO_PAGE_SHIFT;
}

static const struct bench_case {
	const char *name;
	const char *text;
	void (*fill)(void);
	struct figures (*run)(void);
} cases[] = {
	{ "contiguous", "1 Mi contiguous pages, one by one", fill_contiguous,
	  run_blocks },
	{ "range-aligned-cold", "1 GiB range, aligned, cold", fill_aligned,
	  run_cold },
	{ "range-unaligned-cold", "1 GiB range one page later, cold",
	  fill_unaligned, run_cold },
	{ "range-unaligned-warm", "the same, warm, out and in", fill_unaligned,
	  run_warm },
	{ "random", "1 Mi random pages over 1 TiB", fill_random, run_blocks },
	{ "mixed", "1 Mi folios of orders 0..10", fill_mixed, run_blocks },
	{ "isolated", "4,096 pages, one per 128 MiB", fill_isolated,
	  run_blocks },
	{ "extents", "64 Ki shuffled extents of 1..256 pages", fill_extents,
	  run_ranges },
};

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(const struct figures *f, size_t offset)
{
	double value[RUNS];
	unsigned int i;

	for (i = 0; i < RUNS; i++)
		value[i] = *(const double *)((const u8 *)&f[i] + offset);
	qsort(value, RUNS, sizeof(value[0]), compare);
	return value[RUNS / 2];
}

static struct figures measure(const struct bench_case *c)
{
	struct figures f[RUNS], m;
	unsigned int i;

	c->fill();
	for (i = 0; i < RUNS; i++)
		f[i] = c->run();
	m.preserve = median(f, offsetof(struct figures, preserve));
	m.unpreserve = median(f, offsetof(struct figures, unpreserve));
	m.walk = median(f, offsetof(struct figures, walk));
	m.node_pages = f[0].node_pages;
	return m;
}

static void print_row(const struct bench_case *c, const struct figures *f)
{
	printf("%-40s %10.1f %10.1f %8.1f %10llu\n", c->text, f->preserve,
	       f->unpreserve, f->walk, (unsigned long long)f->node_pages * 4);
}

static void print_json(const struct bench_case *c, const struct figures *f,
		       bool last)
{
	printf("  \"%s\": {\"preserve_ns\": %.2f, \"unpreserve_ns\": %.2f, "
	       "\"walk_ns\": %.2f, \"node_pages\": %llu}%s\n",
	       c->name, f->preserve, f->unpreserve, f->walk,
	       (unsigned long long)f->node_pages, last ? "" : ",");
}

int main(int argc, char **argv)
{
	const unsigned int nr = sizeof(cases) / sizeof(cases[0]);
	bool json = argc == 2 && !strcmp(argv[1], "--json");
	unsigned int i;

	if (argc > 1 && !json)
		die("usage: bench_tracker [--json]");
	make_pool();
	if (json)
		puts("{");
	else
		printf("%-40s %10s %10s %8s %10s\n", "ns an operation",
		       "preserve", "unpreserve", "walk/key", "nodes KiB");
	for (i = 0; i < nr; i++) {
		struct figures f = measure(&cases[i]);

		if (json)
			print_json(&cases[i], &f, i + 1 == nr);
		else
			print_row(&cases[i], &f);
	}
	if (json)
		puts("}");
	return 0;
}
