/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The firmware's memory map, as it is handed from kernel to kernel.
 */
#ifndef KHO_CLI_MEMMAP_H
#define KHO_CLI_MEMMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/ram.h"

/**
 * struct memmap_range - one range
 * @start: first byte
 * @end: first byte after it
 * @type: E820 type
 */
struct memmap_range {
	uint64_t start;
	uint64_t end;
	uint32_t type;
};

/**
 * struct memmap - a growing list of ranges
 * @range: to be freed with memmap_free()
 * @nr: ranges in use
 * @room: ranges allocated
 */
struct memmap {
	struct memmap_range *range;
	size_t nr;
	size_t room;
};

/* Add a range; an empty one is left out. */
void memmap_add(struct memmap *map, uint64_t start, uint64_t end,
		uint32_t type);
void memmap_free(struct memmap *map);

/* Order by address. */
void memmap_sort(struct memmap *map);

/**
 * memmap_merge() - join neighbours of the same type
 * @map: sorted
 *
 * Return: how many ranges went away.
 */
size_t memmap_merge(struct memmap *map);

/**
 * memmap_ram_within() - is all RAM of a map RAM by another, too?
 * @map: the one
 * @other: sorted; ranges of RAM may overlap
 * @missing: filled with the first byte that is not, if there is one
 */
bool memmap_ram_within(const struct memmap *map, const struct memmap *other,
		       uint64_t *missing);

/* Bytes of all ranges of one type; meaningful where they do not overlap. */
uint64_t memmap_bytes(const struct memmap *map, uint32_t type);

#endif /* KHO_CLI_MEMMAP_H */
