/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Which memory is RAM, by a memory map, and of two kernels. */
#ifndef KHO_CORE_RAM_H
#define KHO_CORE_RAM_H

#include <linux/kho/abi/kho_module.h>

#include "bits.h"

/**
 * kho_ranges_intersect() - what two lists have in common
 * @out: filled, in the same form; room for @nr_a + @nr_b elements
 * @a: ascending, neither overlapping nor adjacent
 * @nr_a: how many
 * @b: the same
 * @nr_b: how many
 *
 * Return: how many there are in @out.
 */
u32 kho_ranges_intersect(struct kho_range *out, const struct kho_range *a,
			 u32 nr_a, const struct kho_range *b, u32 nr_b);

/**
 * kho_ranges_contain() - does one range of a list contain all of this?
 * @list: ascending, neither overlapping nor adjacent
 * @nr: how many
 * @start: first byte
 * @end: first byte after it
 */
bool kho_ranges_contain(const struct kho_range *list, u32 nr, u64 start,
			u64 end);

/**
 * kho_ranges_missing() - where does memory begin that neither of two lists has?
 * @start: first byte to look at
 * @end: first byte after the last
 * @a: ascending, not overlapping
 * @nr_a: how many
 * @b: the same
 * @nr_b: how many
 *
 * Return: the first such byte; @end if there is none.
 */
u64 kho_ranges_missing(u64 start, u64 end, const struct kho_range *a, u32 nr_a,
		       const struct kho_range *b, u32 nr_b);

/* E820 types of the boot protocol. */
enum kho_e820 {
	KHO_E820_RAM = 1,
	KHO_E820_RESERVED = 2,
	KHO_E820_ACPI = 3,
	KHO_E820_NVS = 4,
	KHO_E820_UNUSABLE = 5,
	KHO_E820_PMEM = 7,
	KHO_E820_PRAM = 12,
};

#define KHO_E820_SOFT_RESERVED 0xefffffffU

/**
 * kho_e820_type() - type of a range, by the name that /sys/firmware/memmap gives it
 * @name: as a kernel writes it, without the newline
 *
 * Return: KHO_E820_RESERVED for names that are not known.
 */
u32 kho_e820_type(const char *name);

/**
 * kho_memmap_ram() - which memory is RAM by a memory map
 * @out: filled: ascending, neither overlapping nor adjacent, whole pages; room for
 *   @nr elements
 * @entry: ranges in any order, which may overlap: what one of them says is not RAM is none
 * @nr: how many, at most KHO_MAX_MEMMAP; those that are empty or wrap say nothing
 *
 * Return: how many there are in @out.
 */
u32 kho_memmap_ram(struct kho_range *out,
		   const struct kho_memmap_entry_ser *entry, u32 nr);

#endif /* KHO_CORE_RAM_H */
