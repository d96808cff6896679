// SPDX-License-Identifier: GPL-2.0
/* Which memory of this machine is RAM, taken from the tree of resources. */

#include <linux/ioport.h>
#include <linux/slab.h>

#include "kho.h"

static int ram_count(struct resource *res, void *ctx)
{
	(*(u32 *)ctx)++;
	return 0;
}

static int ram_add(struct resource *res, void *ctx)
{
	struct kho_ram *ram = ctx;
	u64 start = PAGE_ALIGN((u64)res->start);
	u64 end = PAGE_ALIGN_DOWN((u64)res->end + 1);
	struct kho_range *last = ram->nr ? &ram->range[ram->nr - 1] : NULL;

	if (start >= end)
		return 0;
	/* Kernels before 6.15 split RAM where an extent came in: join it. */
	if (last && start <= last->end) {
		last->end = max(last->end, end);
		return 0;
	}
	ram->range[ram->nr].start = start;
	ram->range[ram->nr].end = end;
	ram->nr++;
	return 0;
}

static int ram_walk(void *ctx, int (*each)(struct resource *res, void *ctx))
{
	return walk_iomem_res_desc(IORES_DESC_NONE,
				   IORESOURCE_SYSTEM_RAM | IORESOURCE_BUSY, 0,
				   -1ULL, ctx, each);
}

/**
 * kho_ram_get() - list the RAM of this machine
 * @ram: filled; free it with kho_ram_put()
 *
 * Context: may sleep. Memory must not be hot-plugged meanwhile.
 *
 * Return: 0, -ENOMEM, or -ENODEV if the kernel names no RAM at all.
 */
int kho_ram_get(struct kho_ram *ram)
{
	u32 room = 0;

	memset(ram, 0, sizeof(*ram));
	ram_walk(&room, ram_count);
	if (!room)
		return -ENODEV;
	ram->range = kcalloc(room, sizeof(*ram->range), GFP_KERNEL);
	if (!ram->range)
		return -ENOMEM;
	ram_walk(ram, ram_add);
	return ram->nr ? 0 : -ENODEV;
}

/**
 * kho_ram_put() - free a list of RAM
 * @ram: may be all zero
 */
void kho_ram_put(struct kho_ram *ram)
{
	kfree(ram->range);
	memset(ram, 0, sizeof(*ram));
}
