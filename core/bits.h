/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Small arithmetic that core/ needs and that neither libc nor all kernels name alike. */
#ifndef KHO_CORE_BITS_H
#define KHO_CORE_BITS_H

#include "env.h"

/**
 * struct kho_range - half-open range of physical memory
 * @start: first byte
 * @end: first byte after it
 */
struct kho_range {
	u64 start;
	u64 end;
};

/* Number of the highest bit set; @x must not be 0. */
static inline unsigned int kho_fls64(u64 x)
{
	return 63 - (unsigned int)__builtin_clzll(x);
}

/* Number of the lowest bit set; @x must not be 0. */
static inline unsigned int kho_ffs64(u64 x)
{
	return (unsigned int)__builtin_ctzll(x);
}

static inline u64 kho_align_down(u64 x, u64 align)
{
	return x & ~(align - 1);
}

static inline u64 kho_align_up(u64 x, u64 align)
{
	return (x + align - 1) & ~(align - 1);
}

/*
 * A 64-bit mix in which every bit of @x reaches every bit of the result (finaliser of
 * SplitMix64).
 */
static inline u64 kho_mix64(u64 x)
{
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
	return x ^ (x >> 31);
}

#endif /* KHO_CORE_BITS_H */
