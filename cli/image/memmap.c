// SPDX-License-Identifier: GPL-2.0
/* Lists of ranges of physical memory with a type. */
#include "cli/image/memmap.h"

#include <string.h>

#include "cli/base/util.h"

void memmap_add(struct memmap *map, uint64_t start, uint64_t end, uint32_t type)
{
	if (start >= end)
		return;
	if (map->nr == map->room) {
		map->room = map->room ? 2 * map->room : 64;
		map->range = need(
			realloc(map->range, map->room * sizeof(*map->range)));
	}
	map->range[map->nr++] = (struct memmap_range){ start, end, type };
}

void memmap_free(struct memmap *map)
{
	free(map->range);
	*map = (struct memmap){ 0 };
}

static int by_address(const void *a, const void *b)
{
	const struct memmap_range *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return x->end < y->end ? -1 : x->end > y->end;
}

void memmap_sort(struct memmap *map)
{
	if (map->nr)
		qsort(map->range, map->nr, sizeof(*map->range), by_address);
}

size_t memmap_merge(struct memmap *map)
{
	size_t from, to = 0, before = map->nr;

	for (from = 1; from < map->nr; from++) {
		struct memmap_range *last = &map->range[to],
				    *r = &map->range[from];

		if (r->type == last->type && r->start == last->end)
			last->end = r->end;
		else
			map->range[++to] = *r;
	}
	if (map->nr)
		map->nr = to + 1;
	return before - map->nr;
}

/* How far RAM goes on from @at. */
static uint64_t ram_end(const struct memmap *map, uint64_t at)
{
	size_t i;

	for (i = 0; i < map->nr && map->range[i].start <= at; i++) {
		if (map->range[i].type == KHO_E820_RAM &&
		    map->range[i].end > at)
			at = map->range[i].end;
	}
	return at;
}

bool memmap_ram_within(const struct memmap *map, const struct memmap *other,
		       uint64_t *missing)
{
	size_t i;

	for (i = 0; i < map->nr; i++) {
		const struct memmap_range *r = &map->range[i];

		if (r->type != KHO_E820_RAM)
			continue;
		*missing = ram_end(other, r->start);
		if (*missing < r->end)
			return false;
	}
	return true;
}

uint64_t memmap_bytes(const struct memmap *map, uint32_t type)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < map->nr; i++) {
		if (map->range[i].type == type)
			sum += map->range[i].end - map->range[i].start;
	}
	return sum;
}
