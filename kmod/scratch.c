// SPDX-License-Identifier: GPL-2.0
/*
 * Scratch: memory that an image is copied to when the machine jumps. It is taken from the page
 * allocator when an image is loaded, so that nobody can have anything there, and given back when the
 * image goes.
 */

#include <linux/mm.h>

#include "kho.h"

/* Areas start and end on this border, so that an extent beside one can be whole granules. */
#define SCRATCH_ALIGN KHO_COVER_GRANULE

/* Takes an area as high as possible. Return: its address, or 0. */
static u64 take_area(const struct kho_ram *ram, const struct kho_image_area *a)
{
	return kho_contig_take(ram, ALIGN(a->bytes, SCRATCH_ALIGN),
			       max3(a->align, SCRATCH_ALIGN, (u64)PAGE_SIZE),
			       a->min_phys, a->max_phys ?: U64_MAX);
}

static int area_check(const struct kho_image_area *a)
{
	if (!a->bytes || a->bytes > 1ULL << 46 || a->align > 1ULL << 46)
		return -EINVAL;
	if (a->align && (a->align & (a->align - 1)))
		return -EINVAL;
	return 0;
}

static void free_areas(struct kho_scratch_set *set)
{
	u32 i;

	for (i = 0; i < set->nr; i++)
		kho_contig_free(set->range[i].start,
				set->range[i].end - set->range[i].start);
	set->nr = 0;
}

/**
 * kho_scratch_take() - take memory for the parts of an image
 * @set: filled; nothing is held in it
 * @area: what is wanted; phys of each is filled
 * @nr: 1 .. KHO_IMAGE_MAX_AREAS
 *
 * Nothing can be preserved there until kho_scratch_give_back().
 *
 * Context: may sleep, may migrate pages.
 *
 * Return: 0; -EINVAL (an area makes no sense); -ENOMEM (nothing is held).
 */
int kho_scratch_take(struct kho_scratch_set *set, struct kho_image_area *area,
		     u32 nr)
{
	struct kho_ram ram;
	u32 i;
	int ret;

	set->nr = 0;
	for (i = 0; i < nr; i++)
		if (area_check(&area[i]))
			return -EINVAL;
	ret = kho_ram_get(&ram);
	for (i = 0; !ret && i < nr; i++) {
		u64 phys = take_area(&ram, &area[i]);

		if (!phys) {
			ret = -ENOMEM;
			break;
		}
		area[i].phys = phys;
		set->range[set->nr].start = phys;
		set->range[set->nr++].end =
			phys + ALIGN(area[i].bytes, SCRATCH_ALIGN);
	}
	kho_ram_put(&ram);
	if (!ret)
		ret = kho_out_keepout_add(set->range, set->nr);
	if (ret)
		free_areas(set);
	return ret;
}

/**
 * kho_scratch_give_back() - undo kho_scratch_take(); no image may be loaded there
 * @set: empty afterwards; may be empty
 *
 * Context: may sleep.
 */
void kho_scratch_give_back(struct kho_scratch_set *set)
{
	if (!set->nr)
		return;
	kho_out_keepout_del(set->range, set->nr);
	free_areas(set);
}
