// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include "pool.h"

#include <sys/mman.h>

#include "micro.h"

static u8 *pool;
static unsigned long *pool_population;
/* Pages that were given back; those from @nr_touched on were never used. */
static u32 *pool_stack;
static u32 pool_height;
static u32 nr_touched;
static u32 pool_nodes;

static void *map_or_die(size_t bytes, bool populate)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE |
			       (populate ? MAP_POPULATE : 0),
		       -1, 0);

	if (p == MAP_FAILED)
		bench_die("out of memory");
	return p;
}

static void *node_alloc(void *ctx)
{
	if (pool_height)
		return pool + pool_stack[--pool_height] * KHO_PAGE_SIZE;
	if (nr_touched < pool_nodes)
		return pool + nr_touched++ * KHO_PAGE_SIZE;
	return NULL;
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

void bench_pool_init(u32 nr_nodes, bool populate)
{
	pool_nodes = nr_nodes;
	pool = map_or_die(nr_nodes * KHO_PAGE_SIZE, populate);
	pool_stack = map_or_die(nr_nodes * sizeof(*pool_stack), populate);
	pool_population =
		map_or_die(nr_nodes * sizeof(*pool_population), populate);
}

u64 bench_pool_offset(void)
{
	return (u64)(uintptr_t)pool - (1ULL << 30);
}

void bench_tracker_open(struct kho_tracker *t, struct kho_tally_ser *tally)
{
	const struct kho_tracker_ops ops = {
		.node_alloc = node_alloc,
		.node_free = node_free,
		.node_population = node_population,
		.va_offset = bench_pool_offset(),
	};

	if (kho_tracker_init(t, &ops, tally))
		bench_die("no memory for a tracker");
}
