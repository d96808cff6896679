// SPDX-License-Identifier: GPL-2.0
#include "workload.h"

#include <stdlib.h>

#include "micro.h"

u64 *bench_block;
u32 *bench_length;
size_t bench_nr;

static void make_room(void)
{
	if (!bench_block)
		bench_block = malloc(MI * sizeof(*bench_block));
	if (!bench_length)
		bench_length = malloc(MI * sizeof(*bench_length));
	if (!bench_block || !bench_length)
		bench_die("out of memory");
	bench_nr = 0;
}

static void shuffle(u64 *seed)
{
	size_t i;

	for (i = bench_nr - 1; i; i--) {
		size_t j = bench_random(seed) % (i + 1);
		u64 b = bench_block[i];
		u32 l = bench_length[i];

		bench_block[i] = bench_block[j];
		bench_block[j] = b;
		bench_length[i] = bench_length[j];
		bench_length[j] = l;
	}
}

void fill_contiguous(void)
{
	make_room();
	for (; bench_nr < MI; bench_nr++)
		bench_block[bench_nr] = bench_nr << KHO_PAGE_SHIFT;
}

void fill_random(void)
{
	u64 seed = 1;

	make_room();
	for (; bench_nr < MI; bench_nr++)
		bench_block[bench_nr] = bench_random(&seed) % (1ULL << 28)
					<< KHO_PAGE_SHIFT;
}

void fill_mixed(void)
{
	u64 seed = 2, pfn = 0;

	make_room();
	for (; bench_nr < MI; bench_nr++) {
		unsigned int order = bench_random(&seed) % 11;

		pfn = kho_align_up(pfn, 1ULL << order);
		bench_block[bench_nr] = pfn << KHO_PAGE_SHIFT | order;
		pfn += 1ULL << order;
	}
}

void fill_isolated(void)
{
	make_room();
	for (; bench_nr < 4096; bench_nr++)
		bench_block[bench_nr] = (u64)bench_nr << 27;
}

void fill_extents(void)
{
	u64 seed = 3, pfn = 1;

	make_room();
	for (; bench_nr < 65536; bench_nr++) {
		u32 nr_pages = 1 + bench_random(&seed) % 256;

		bench_block[bench_nr] = pfn << KHO_PAGE_SHIFT;
		bench_length[bench_nr] = nr_pages;
		pfn += nr_pages + 1 + bench_random(&seed) % 256;
	}
	shuffle(&seed);
}

void fill_aligned(void)
{
	make_room();
	bench_block[0] = 4 * GIB;
	bench_length[0] = GIB >> KHO_PAGE_SHIFT;
	bench_nr = 1;
}

void fill_unaligned(void)
{
	fill_aligned();
	bench_block[0] += KHO_PAGE_SIZE;
}
