/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Cover: at most KHO_MAX_EXTENTS disjoint extents that contain every preserved block and all
 * metadata. The next kernel reserves the extents before its first allocation; what lies in them
 * and is not preserved (a gap inside) is given back later, so few and tight extents leave it
 * more memory to boot with.
 *
 * Extents only grow until a re-plan, and never contain: anything below KHO_COVER_LOWEST,
 * anything outside RAM unless two RAM ranges had to be joined, a page of a keep-out range
 * (scratch), or the last page of RAM.
 *
 * What is published runs ahead of them, so that it need not be written anew each time one grows:
 * the leads. They contain every extent, keep out of all that extents keep out of, and take in
 * little besides, see KHO_LEAD_SLACK(). A re-plan makes them the extents again.
 *
 * No locking: the caller serialises all calls on one cover.
 */
#ifndef KHO_CORE_COVER_H
#define KHO_CORE_COVER_H

#include <linux/kho/abi/kho_module.h>

#include "bits.h"
#include "refusal.h"

/* Nothing below is ever preserved: real mode code, BIOS data and the trampoline live there. */
#define KHO_COVER_LOWEST (1ULL << 20)
/* Extents are rounded to this where that does not take in what they must not contain. */
#define KHO_COVER_GRANULE (2ULL << 20)
/*
 * Most bytes that the leads contain beyond the extents, which leave so many bytes of RAM free.
 * Beyond one end of one extent they reach a quarter of that at most.
 */
#define KHO_LEAD_SLACK(free) ((free) / 16)
/* Most keep-out ranges; each of them is a gap between extents that cannot be closed. */
#define KHO_COVER_MAX_KEEPOUT 48

/**
 * struct kho_cover - see above
 * @extent: ascending, disjoint, not adjacent; one element more for a new extent that has yet to
 *   find its place
 * @nr_extents: how many, at most KHO_MAX_EXTENTS between calls
 * @lead: what to publish; like @extent
 * @nr_leads: how many, at most KHO_MAX_EXTENTS between calls
 * @keepout: ascending, disjoint
 * @nr_keepout: how many
 * @ram: RAM of this machine, ascending, disjoint, page aligned; owned by the caller
 * @nr_ram: how many, not 0
 * @hot: a piece of one extent in which every page may be preserved: where the last range was
 *   found; empty if not known
 */
struct kho_cover {
	struct kho_range extent[KHO_MAX_EXTENTS + 1];
	u32 nr_extents;
	struct kho_range lead[KHO_MAX_EXTENTS + 1];
	u32 nr_leads;
	struct kho_range keepout[KHO_COVER_MAX_KEEPOUT];
	u32 nr_keepout;
	const struct kho_range *ram;
	u32 nr_ram;
	struct kho_range hot;
};

/**
 * kho_cover_init() - make an empty cover
 * @c: to be filled
 * @ram: kept by reference; must outlive the cover or be replaced with kho_cover_set_ram()
 * @nr_ram: number of elements
 */
void kho_cover_init(struct kho_cover *c, const struct kho_range *ram,
		    u32 nr_ram);

/**
 * kho_cover_set_ram() - replace the list of RAM ranges (memory hotplug)
 * @c: cover; extents stay as they are
 * @ram: as for init
 * @nr_ram: as for init
 */
void kho_cover_set_ram(struct kho_cover *c, const struct kho_range *ram,
		       u32 nr_ram);

/**
 * kho_cover_check() - may this range be preserved?
 * @c: cover
 * @start: physical address of its first byte, page aligned
 * @end: first byte after it, page aligned
 * @r: filled on refusal; may be NULL
 *
 * Return: 0; -EINVAL: empty, unaligned, below KHO_COVER_LOWEST, not wholly inside one RAM range,
 * contains the last page of RAM, or overlaps a keep-out range.
 */
int kho_cover_check(const struct kho_cover *c, u64 start, u64 end,
		    struct kho_refusal *r);

/**
 * enum kho_leads - what became of the leads, unless the call fails
 * @KHO_LEADS_SAME: nothing: what is published is still right
 * @KHO_LEADS_CHANGED: publish them before relying on them
 */
enum kho_leads {
	KHO_LEADS_SAME = 0,
	KHO_LEADS_CHANGED = 1,
};

/**
 * kho_cover_add() - make sure that a range is covered
 * @c: cover
 * @start: as for check
 * @end: as for check
 *
 * Extends an extent, adds one, or closes the cheapest gap. Amounts to kho_cover_check() first.
 *
 * Return: enum kho_leads; -EINVAL as for check (nothing changed), -ENOSPC (keep-out ranges leave
 * no way with KHO_MAX_EXTENTS extents; nothing changed).
 */
int kho_cover_add(struct kho_cover *c, u64 start, u64 end);

/**
 * kho_cover_contains() - is the whole range inside one extent?
 * @c: cover
 * @start: first byte
 * @end: first byte after it
 */
bool kho_cover_contains(const struct kho_cover *c, u64 start, u64 end);

/**
 * kho_cover_tighten() - make the leads the extents
 * @c: cover
 *
 * Return: what became of them.
 */
enum kho_leads kho_cover_tighten(struct kho_cover *c);

/**
 * kho_cover_bytes() - bytes of all extents together
 * @c: cover
 */
u64 kho_cover_bytes(const struct kho_cover *c);

/**
 * kho_cover_keepout_add() - declare a range that no extent may touch from the next re-plan on
 * @c: cover
 * @start: page aligned
 * @end: page aligned
 *
 * kho_cover_check() refuses the range at once. Existing extents and leads may still contain it:
 * re-plan before relying on it.
 *
 * Return: 0, -EINVAL (empty, unaligned, overlaps another keep-out), -ENOSPC
 * (KHO_COVER_MAX_KEEPOUT).
 */
int kho_cover_keepout_add(struct kho_cover *c, u64 start, u64 end);

/**
 * kho_cover_keepout_del() - take back a keep-out range
 * @c: cover
 * @start: as added
 * @end: as added
 *
 * Return: 0 or -ENOENT.
 */
int kho_cover_keepout_del(struct kho_cover *c, u64 start, u64 end);

/**
 * struct kho_replan - new extents in the making, from everything preserved, keeping the largest
 *   gaps open
 * @cover: what is re-planned; changes only in a successful end
 * @extent: the new extents, up to KHO_MAX_EXTENTS + 1; in the buffer
 * @map: one bit for each granule of memory; in the buffer
 * @map_bits: how many
 * @base: physical address of the granule of bit 0
 * @granule_shift: log2 of the bytes of a granule
 * @room: a piece of memory in which every page may be preserved: where the last mark was
 * @strayed: the first mark where none may be: in a keep-out range, or not in RAM; empty if there
 *   was none
 *
 * Feed all ranges, in any order, between begin and end. Time is linear in the ranges and in the
 * size of the buffer.
 */
struct kho_replan {
	const struct kho_cover *cover;
	struct kho_range *extent;
	u64 *map;
	u64 map_bits;
	u64 base;
	unsigned int granule_shift;
	struct kho_range room;
	struct kho_range strayed;
};

/* Least size of the buffer of a re-plan. */
#define KHO_REPLAN_MIN_BYTES 4096

/**
 * kho_replan_bytes() - size of the buffer that gives a re-plan its finest granule
 * (KHO_COVER_GRANULE)
 * @c: cover
 *
 * Return: bytes, a multiple of 8. Less works too, with coarser extents, down to
 * KHO_REPLAN_MIN_BYTES.
 */
size_t kho_replan_bytes(const struct kho_cover *c);

/**
 * kho_replan_begin() - start a re-plan
 * @p: state, filled
 * @c: cover
 * @buf: kept until end; 8-byte aligned; contents do not matter
 * @bytes: see kho_replan_bytes()
 *
 * Return: 0, or -EINVAL (buffer too small).
 */
int kho_replan_begin(struct kho_replan *p, const struct kho_cover *c, void *buf,
		     size_t bytes);

/**
 * kho_replan_mark() - this range must be covered
 * @p: state
 * @start: as for kho_cover_add(); must satisfy kho_cover_check()
 * @end: as for kho_cover_add()
 */
void kho_replan_mark(struct kho_replan *p, u64 start, u64 end);

/**
 * kho_replan_end() - put the new extents into place
 * @p: state
 * @c: the cover of begin
 *
 * It always finds room: there are fewer keep-out ranges than gaps between that many extents.
 *
 * The leads become the extents.
 *
 * Return: enum kho_leads; -EINVAL (something strayed, see there; all stays as it was).
 */
int kho_replan_end(struct kho_replan *p, struct kho_cover *c);

#endif /* KHO_CORE_COVER_H */
