/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where a kernel may run, and a place among these by lot: what a bzImage does with itself, done
 * for it. The ranges are those of its own boot code.
 */
#ifndef KHO_CLI_KASLR_H
#define KHO_CLI_KASLR_H

#include "cli/image/memmap.h"
#include "cli/base/util.h"

/**
 * kaslr_below() - a number by lot
 * @n: how many there are, not 0
 * @out: set to one of 0 .. @n - 1, all of them equally likely
 *
 * Return: 0, or negative errno: the kernel gives no random bytes.
 */
int kaslr_below(u64 n, u64 *out);

/**
 * kaslr_virtual_slots() - virtual addresses that a kernel can run at
 * @linked_phys: physical address that it was linked for; the first of them is that far from the
 *	start of the mapping
 * @align: distance of two of them
 * @bytes: what it takes there
 *
 * Return: how many; at least 1.
 */
u64 kaslr_virtual_slots(u64 linked_phys, u64 align, u64 bytes);

/**
 * struct kaslr_room - physical memory that a kernel may be put into
 * @map: sorted memory map of the next kernel
 * @low: lowest address
 * @high: it ends at or below this address; 0: anywhere
 * @align: of its first byte, a power of two
 * @bytes: what it takes
 * @spare_1g: leave out whole pages of 1 GiB, which the next kernel is asked for
 */
struct kaslr_room {
	const struct memmap *map;
	u64 low;
	u64 high;
	u64 align;
	u64 bytes;
	bool spare_1g;
};

/* How many places there are. */
u64 kaslr_physical_slots(const struct kaslr_room *room);

/* Address of one of them: 0 .. kaslr_physical_slots() - 1. */
u64 kaslr_physical(const struct kaslr_room *room, u64 slot);

#endif /* KHO_CLI_KASLR_H */
