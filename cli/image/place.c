// SPDX-License-Identifier: GPL-2.0
/*
 * Where the parts of an image go. A kernel that does not choose its own place after the jump is
 * given one by lot now: the module takes what it can get next to that.
 */
#include <errno.h>

#include "cli/image/cmdline.h"
#include "cli/image/image.h"
#include "cli/image/kaslr.h"
#include "cli/image/vmlinux.h"

#define BELOW_4G (4 * GIB)

/* What kexec_file_load(2) makes besides: purgatory and boot data share one area of the module. */
#define FILE_BOOTDATA (2 * MIB)
#define FILE_LOWEST (16 * MIB)

/* Areas of the module begin at multiples of this. */
#define AREA_ALIGN (4 * MIB)
/* How many places are tried. */
#define LOTS 4

/* A kernel at random may lie at any of its own multiples, which are more. */
static u64 slack(const struct image *im)
{
	return im->ahead.kaslr && im->ahead.align < AREA_ALIGN ?
		       AREA_ALIGN - im->ahead.align :
		       0;
}

void image_plan_areas(struct image *im)
{
	im->area[IMAGE_KERNEL] = (struct kho_image_area){
		.bytes = image_kernel_memory(im) + slack(im),
		.align = im->bz.align,
		.min_phys = im->bz.preferred_phys > 16 * MIB ?
				    im->bz.preferred_phys :
				    16 * MIB,
	};
	im->area[IMAGE_BOOTDATA] =
		(struct kho_image_area){ .bytes = im->layout.bytes,
					 .min_phys = MIB };
	im->area[IMAGE_INITRD] = (struct kho_image_area){
		.bytes = round_up_to(image_initrd_bytes(im), PAGE_BYTES),
		.min_phys = MIB,
	};
	im->nr_areas = im->initrd_file.bytes ? IMAGE_PARTS : IMAGE_PARTS - 1;
	if (im->call != KEXEC_FILE)
		return;
	im->area[IMAGE_BOOTDATA].bytes = FILE_BOOTDATA;
	im->area[IMAGE_BOOTDATA].min_phys = FILE_LOWEST;
	im->area[IMAGE_INITRD].min_phys = FILE_LOWEST;
}

struct kho_memmap_range *image_told_map(const struct image *im)
{
	struct kho_memmap_range *map = need(calloc(im->map.nr, sizeof(*map)));
	size_t i;

	for (i = 0; i < im->map.nr; i++) {
		map[i] = (struct kho_memmap_range){
			.start = im->map.range[i].start,
			.bytes = im->map.range[i].end - im->map.range[i].start,
			.type = im->map.range[i].type,
		};
	}
	return map;
}

/*
 * Below 4 GiB where RAM allows: every kernel can reach that from its first instruction on.
 * @kernel_max: end of the memory for the kernel, chosen by lot, 0: as the others
 */
static int take(struct image *im, const struct kho_memmap_range *map,
		u64 kernel_max)
{
	const u64 initrd_end = (im->bz.initrd_addr_max + 1) & ~(PAGE_BYTES - 1);
	const u64 limit[][2] = { { BELOW_4G, initrd_end },
				 { BELOW_4G, BELOW_4G },
				 { 0, 0 } };
	struct kho_image_area *area = im->area;
	size_t i,
		nr = im->bz.xloadflags & BZ_XLF_ABOVE_4G ? ARRAY_LEN(limit) : 1;
	int err = -ENOMEM;

	/* There are other lots. */
	if (kernel_max)
		nr = 1;
	for (i = 0; i < nr && err == -ENOMEM; i++) {
		area[IMAGE_KERNEL].max_phys = kernel_max ? kernel_max :
							   limit[i][0];
		area[IMAGE_BOOTDATA].max_phys = limit[i][0];
		area[IMAGE_INITRD].max_phys = limit[i][1];
		err = dev_image_prepare(im->dev, area, im->nr_areas, map,
					(u32)im->map.nr, &im->setup_data);
	}
	return err;
}

/*
 * Memory that scratch= holds is listed and marked. An image is to lie there if it can, so the lot
 * is among these areas. Return: is there any that the kernel fits into?
 */
static bool find_held(const struct image *im, struct memmap *held)
{
	autofree struct kho_range_info *range = NULL;
	const u64 bytes = im->area[IMAGE_KERNEL].bytes;
	u32 i, nr = 0;

	if (dev_ranges(im->dev, &range, &nr))
		return false;
	for (i = 0; i < nr; i++)
		if (range[i].type == KHO_RANGE_SCRATCH &&
		    range[i].info == KHO_SCRATCH_HELD &&
		    range[i].end - range[i].start >= bytes)
			memmap_add(held, range[i].start, range[i].end,
				   KHO_E820_RAM);
	memmap_sort(held);
	return held->nr;
}

/* End of the range that an address is in. */
static u64 end_of(const struct memmap *map, u64 phys)
{
	size_t i;

	for (i = 0; i + 1 < map->nr && phys >= map->range[i].end; i++)
		;
	return map->range[i].end;
}

/*
 * The module takes the highest memory below what is chosen, and of what scratch= holds the lowest
 * above it. Boot code leaves pages of 1 GiB that are asked for in one piece, too.
 */
static int take_by_lot(struct image *im, const struct kho_memmap_range *told)
{
	struct kho_image_area *kernel = &im->area[IMAGE_KERNEL];
	const u64 low = kernel->min_phys;
	struct memmap held = { 0 };
	const bool is_held = find_held(im, &held);
	const struct kaslr_room room = {
		.map = is_held ? &held : &im->map,
		.low = low,
		.high = im->bz.xloadflags & BZ_XLF_ABOVE_4G ? 0 : BELOW_4G,
		.align = VMLINUX_ALIGN,
		.bytes = kernel->bytes,
		.spare_1g =
			cmdline_has(im->cmdline, "hugepagesz", "1G") ||
			cmdline_has(im->cmdline, "default_hugepagesz", "1G"),
	};
	const u64 nr = kaslr_physical_slots(&room);
	int i, err = -ENOMEM;
	u64 slot, phys;

	for (i = 0; i < LOTS && nr && err == -ENOMEM; i++) {
		if (kaslr_below(nr, &slot)) {
			err = -EIO;
			break;
		}
		phys = kaslr_physical(&room, slot);
		if (is_held)
			kernel->min_phys = phys;
		err = take(im, told,
			   is_held ? end_of(&held, phys) :
				     phys + kernel->bytes);
		kernel->min_phys = low;
	}
	memmap_free(&held);
	return err;
}

int image_take_areas(struct image *im)
{
	autofree struct kho_memmap_range *told = image_told_map(im);
	u64 nr = slack(im) / im->bz.align + 1, slot = 0;
	int err = -ENOMEM;

	if (im->ahead.kaslr)
		err = take_by_lot(im, told);
	/* Where memory is full there are few places, and what is left is as random as those. */
	if (err == -ENOMEM)
		err = take(im, told, 0);
	if (!err && im->ahead.kaslr && kaslr_below(nr, &slot))
		err = -EIO;
	im->kernel_phys = im->area[IMAGE_KERNEL].phys + slot * im->bz.align;
	return err;
}
