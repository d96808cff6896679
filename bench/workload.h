/* SPDX-License-Identifier: GPL-2.0 */
/* What the microbenchmarks work on: blocks or ranges of pages. */
#ifndef KHO_BENCH_WORKLOAD_H
#define KHO_BENCH_WORKLOAD_H

#include "core/bits.h"

#define GIB (1ULL << 30)
#define MI (1UL << 20)

/*
 * The workload. A block is its physical address plus its order, in one word, so that reading them
 * does not count; of a range bench_length has the pages.
 */
extern u64 *bench_block;
extern u32 *bench_length;
extern size_t bench_nr;

static inline u64 bench_phys(size_t i)
{
	return kho_align_down(bench_block[i], KHO_PAGE_SIZE);
}

static inline unsigned int bench_order(size_t i)
{
	return bench_block[i] & (KHO_PAGE_SIZE - 1);
}

/* 1 Mi pages, one after the other. */
void fill_contiguous(void);
/* 1 Mi random pages of 1 TiB; a page may come twice. */
void fill_random(void);
/* 1 Mi folios of all orders up to 10, one after the other as alignment lets them. */
void fill_mixed(void);
/* 4,096 pages, one every 128 MiB. */
void fill_isolated(void);
/* 64 Ki ranges of 1 to 256 pages that do not touch, shuffled. */
void fill_extents(void);
/* One range of 1 GiB; the second one starts a page later. */
void fill_aligned(void);
void fill_unaligned(void);

#endif /* KHO_BENCH_WORKLOAD_H */
