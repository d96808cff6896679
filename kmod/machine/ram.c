// SPDX-License-Identifier: GPL-2.0
/* Which memory of this machine is RAM, taken from the tree of resources. */

#include <linux/ioport.h>
#include <linux/slab.h>

#include "kmod/kho.h"
#include "kmod/machine/machine.h"

/* A list in the making. */
struct ram_list {
	struct kho_ram *ram;
	u32 room;
};

/*
 * Memory that a driver adds (virtio-mem, CXL, persistent memory used as RAM) is not RAM for a
 * kernel that boots, which finds it in no memory map and may get other parts of it.
 */
static bool is_boot_ram(const struct resource *res)
{
	return !(res->flags & IORESOURCE_SYSRAM_DRIVER_MANAGED);
}

static int ram_count(struct resource *res, void *ctx)
{
	*(u32 *)ctx += is_boot_ram(res);
	return 0;
}

static int ram_add(struct resource *res, void *ctx)
{
	struct ram_list *list = ctx;
	struct kho_ram *ram = list->ram;
	u64 start = PAGE_ALIGN((u64)res->start);
	u64 end = PAGE_ALIGN_DOWN((u64)res->end + 1);
	struct kho_range *last = ram->nr ? &ram->range[ram->nr - 1] : NULL;

	if (start >= end || !is_boot_ram(res))
		return 0;
	/* Kernels before 6.15 split RAM where an extent came in: join it. */
	if (last && start <= last->end) {
		last->end = max(last->end, end);
		return 0;
	}
	/* Memory may have been plugged since it was counted. */
	if (ram->nr == list->room)
		return -EAGAIN;
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

static int ram_get_once(struct kho_ram *ram)
{
	struct ram_list list = { .ram = ram };
	int ret;

	memset(ram, 0, sizeof(*ram));
	ram_walk(&list.room, ram_count);
	if (!list.room)
		return -ENODEV;
	ram->range = kcalloc(list.room, sizeof(*ram->range),
			     GFP_KERNEL | __GFP_NOWARN);
	if (!ram->range)
		return -ENOMEM;
	ret = ram_walk(&list, ram_add);
	if (ret == -EAGAIN) {
		kho_ram_put(ram);
		return ret;
	}
	return ram->nr ? 0 : -ENODEV;
}

/**
 * kho_ram_get() - list the RAM of this machine
 * @ram: filled; free it with kho_ram_put()
 *
 * Context: may sleep.
 *
 * Return: 0, -ENOMEM, or -ENODEV if the kernel names no RAM at all.
 */
int kho_ram_get(struct kho_ram *ram)
{
	int ret;

	do {
		ret = ram_get_once(ram);
	} while (ret == -EAGAIN);
	return ret;
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

/**
 * kho_ram_same() - are two lists of RAM the same?
 * @a: one
 * @b: the other
 */
bool kho_ram_same(const struct kho_ram *a, const struct kho_ram *b)
{
	return a->nr == b->nr &&
	       !memcmp(a->range, b->range, a->nr * sizeof(*a->range));
}
