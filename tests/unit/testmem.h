/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Simulated physical memory for the tests of core/: pages at physical addresses of one's choice,
 * with failure injection. Misuse (double free, a page handed back with something in it, a leak)
 * is fatal at once: it prints what is wrong and aborts, so that it works in unit tests, fuzzers
 * and benchmarks alike.
 */
#ifndef KHO_TESTS_TESTMEM_H
#define KHO_TESTS_TESTMEM_H

#include "core/tracker.h"

#ifndef ARRAY_SIZE
#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
#endif

/**
 * struct testmem - one contiguous piece of physical memory
 * @va: where it is mapped
 * @phys: physical address of its first page
 * @nr_pages: its size
 * @population: of each page, for kho_tracker_ops.node_population
 * @used: whether a page is allocated
 * @free: stack of the numbers of pages that were given back
 * @nr_free: height of that stack
 * @nr_touched: pages from here on were never allocated
 * @nr_used: pages allocated
 * @nr_calls: calls of testmem_alloc() since testmem_fail_at()
 * @fail_at: the call that fails, counted from 1; 0 = none
 * @fail_on: whether all later calls fail too
 */
struct testmem {
	u8 *va;
	u64 phys;
	u64 nr_pages;
	unsigned long *population;
	u8 *used;
	u32 *free;
	u64 nr_free;
	u64 nr_touched;
	u64 nr_used;
	u64 nr_calls;
	u64 fail_at;
	bool fail_on;
};

/* Prints a message to stderr and aborts. */
__attribute__((noreturn, format(printf, 1, 2))) void test_die(const char *fmt,
							      ...);

/* Makes a memory of @nr_pages zeroed pages that begins at physical address @phys. */
void testmem_init(struct testmem *m, u64 phys, u64 nr_pages);

/* Frees the memory; dies if a page is still allocated. */
void testmem_exit(struct testmem *m);

/* Makes the memory as if it were new; dies if a page is still allocated. */
void testmem_reset(struct testmem *m);

/* A zeroed page, or NULL if there is none left or the call was told to fail. @ctx: testmem */
void *testmem_alloc(void *ctx);

/* Takes a page back; dies if it is not allocated, not all zero, or its population is not 0. */
void testmem_free(void *ctx, void *page);

/* Takes a page back whatever is in it, and clears it. */
void testmem_free_dirty(struct testmem *m, void *page);

/* The population slot of an allocated page; dies for any other. */
unsigned long *testmem_population(void *ctx, void *page);

/* Lets the call number @n from now fail, 0 = none; with @on all later ones as well. */
void testmem_fail_at(struct testmem *m, u64 n, bool on);

/* Physical address of an allocated page or anything in the mapping. */
u64 testmem_phys(const struct testmem *m, const void *va);

/* Where the allocated page at @phys is mapped; NULL if that is no allocated page. */
void *testmem_page(const struct testmem *m, u64 phys);

/* Operations for kho_tracker_init() that take pages from @m. */
struct kho_tracker_ops testmem_tracker_ops(struct testmem *m);

/* State of a small random number generator (SplitMix64): same seed, same numbers. */
struct testrand {
	u64 state;
};

/* Next 64 random bits. */
u64 testrand_next(struct testrand *r);

/* A number in [0, @bound); @bound is not 0. */
u64 testrand_below(struct testrand *r, u64 bound);

#endif /* KHO_TESTS_TESTMEM_H */
