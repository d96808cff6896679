/* SPDX-License-Identifier: GPL-2.0 */
/* Naive oracle of the cover: one byte of state for each page of a small memory. */
#ifndef KHO_TESTS_REFCOVER_H
#define KHO_TESTS_REFCOVER_H

#include "core/cover.h"

#define REF_COVER_PAGES (1U << 18)
#define REF_COVER_MAX_GAPS (REF_COVER_PAGES / 2)

/**
 * struct refcover - what a cover should be, page by page
 * @covered: page lies in an extent
 * @ram: number of the page's RAM range counted from 1, 0 = none
 * @keepout: page lies in a keep-out range
 * @last_ram: number of the last page of RAM
 */
struct refcover {
	u8 covered[REF_COVER_PAGES];
	u8 ram[REF_COVER_PAGES];
	u8 keepout[REF_COVER_PAGES];
	u32 last_ram;
};

/* Takes over RAM and keep-out ranges; nothing is covered. All RAM must be below the limit. */
void refcover_init(struct refcover *f, const struct kho_cover *c);

/* What kho_cover_check() must say: 0 or -EINVAL. */
int refcover_check(const struct refcover *f, u64 start, u64 end);

/* What kho_cover_add() must return. */
int refcover_add(struct refcover *f, u64 start, u64 end);

/* Covers all that may be preserved of the granules of 1 << @shift bytes that a range touches. */
void refcover_mark(struct refcover *f, u64 start, u64 end, unsigned int shift);

/* Closes the cheapest gaps until there are at most KHO_MAX_EXTENTS extents; 0 or -ENOSPC. */
int refcover_limit(struct refcover *f);

/* Dies unless the cover has exactly these extents. */
void refcover_compare(const struct refcover *f, const struct kho_cover *c);

/*
 * Dies unless the cover leaves open as much as the oracle does, in gaps across RAM ranges and in
 * other gaps: which of two equal gaps is closed does not matter.
 */
void refcover_compare_gaps(const struct refcover *f, const struct kho_cover *c);

/**
 * ref_cover_sound() - does a cover, of any size of memory, keep all promises but tightness?
 * @c: cover
 * @block: ranges that must be covered
 * @nr: how many
 *
 * Dies unless each block lies in one extent, and the extents are ascending, disjoint, not
 * adjacent, page aligned, begin and end in RAM, and contain nothing that they must not; the same
 * of the leads, which must also contain all extents, and beyond them little, and only RAM.
 */
void ref_cover_sound(const struct kho_cover *c, const struct kho_range *block,
		     size_t nr);

#endif /* KHO_TESTS_REFCOVER_H */
