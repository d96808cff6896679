// SPDX-License-Identifier: GPL-2.0
/* What memory is used for, as ranges by kind. */
#include "cli/report/memview.h"

#include <string.h>

void memview_add(struct memview *v, enum memview_kind kind, u64 start, u64 end)
{
	memmap_add(&v->kind[kind], start, end, 0);
}

/* Joins also ranges that overlap. */
static void join(struct memmap *map)
{
	size_t from, to = 0;

	memmap_sort(map);
	for (from = 1; from < map->nr; from++) {
		struct memmap_range *last = &map->range[to];

		if (map->range[from].start > last->end)
			map->range[++to] = map->range[from];
		else if (map->range[from].end > last->end)
			last->end = map->range[from].end;
	}
	if (map->nr)
		map->nr = to + 1;
}

void memview_finish(struct memview *v)
{
	size_t i;

	for (i = 0; i < MEMVIEW_KINDS; i++)
		join(&v->kind[i]);
}

void memview_free(struct memview *v)
{
	size_t i;

	for (i = 0; i < MEMVIEW_KINDS; i++)
		memmap_free(&v->kind[i]);
	free(v->title);
}

/* First range that ends after @start. */
static size_t first_range(const struct memmap *map, u64 start)
{
	size_t low = 0, high = map->nr;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (map->range[middle].end <= start)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

u64 memview_bytes(const struct memview *v, enum memview_kind kind, u64 start,
		  u64 end)
{
	const struct memmap *map = &v->kind[kind];
	size_t i = first_range(map, start);
	u64 sum = 0;

	for (; i < map->nr && map->range[i].start < end; i++) {
		u64 from = map->range[i].start, to = map->range[i].end;

		sum += (to < end ? to : end) - (from > start ? from : start);
	}
	return sum;
}

void memview_cell(const struct memview *v, u64 start, u64 end,
		  struct memview_cell *cell)
{
	size_t i;

	for (i = 0; i < MEMVIEW_KINDS; i++)
		cell->bytes[i] = memview_bytes(v, i, start, end);
	if (cell->bytes[MEMVIEW_EXTENT] > cell->bytes[MEMVIEW_PRESERVED])
		cell->bytes[MEMVIEW_EXTENT] -= cell->bytes[MEMVIEW_PRESERVED];
	else
		cell->bytes[MEMVIEW_EXTENT] = 0;
	if (cell->bytes[MEMVIEW_PRESERVED] > cell->bytes[MEMVIEW_KEPT])
		cell->bytes[MEMVIEW_PRESERVED] -= cell->bytes[MEMVIEW_KEPT];
	else
		cell->bytes[MEMVIEW_PRESERVED] = 0;
}

enum memview_kind memview_cell_kind(const struct memview_cell *cell)
{
	static const enum memview_kind order[] = {
		MEMVIEW_PRESERVED, MEMVIEW_KEPT,   MEMVIEW_INCOMING,
		MEMVIEW_SCRATCH,   MEMVIEW_EXTENT, MEMVIEW_RAM
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(order); i++) {
		if (cell->bytes[order[i]])
			return order[i];
	}
	return MEMVIEW_KINDS;
}

static size_t count_rows(const struct memmap *ram, u64 row_bytes, u64 *start)
{
	u64 next = 0;
	size_t i, nr = 0;

	for (i = 0; i < ram->nr; i++) {
		u64 row = ram->range[i].start & ~(row_bytes - 1);

		if (nr && row < next)
			row = next;
		for (; row < ram->range[i].end; row += row_bytes) {
			if (start)
				start[nr] = row;
			nr++;
			next = row + row_bytes;
			if (!next)
				return nr;
		}
	}
	return nr;
}

void memview_cut(const struct memview *v, size_t most, u64 least_bytes,
		 struct memview_rows *rows)
{
	const struct memmap *ram = &v->kind[MEMVIEW_RAM];
	u64 row_bytes = least_bytes;

	/* Many pieces of RAM may want more rows each than there are; long rows end that. */
	while (row_bytes < 1ULL << 62 &&
	       memview_bytes(v, MEMVIEW_RAM, 0, ~0ULL) / row_bytes > most)
		row_bytes *= 2;
	while (row_bytes < 1ULL << 62 &&
	       count_rows(ram, row_bytes, NULL) > most)
		row_bytes *= 2;
	rows->row_bytes = row_bytes;
	rows->nr = count_rows(ram, row_bytes, NULL);
	rows->start = need(calloc(rows->nr + 1, sizeof(*rows->start)));
	count_rows(ram, row_bytes, rows->start);
}

const char *memview_name(enum memview_kind kind)
{
	static const char *const name[] = { "RAM",     "gap",	   "preserved",
					    "scratch", "incoming", "kept" };

	return name[kind];
}

char *memview_summary(const struct memview *v, enum memview_kind kind)
{
	static const char *const what[] = {
		"in this machine",
		"between what is preserved: the next kernel reserves it at first",
		"for the next kernel, with the module's own structures",
		"held for the image of the next kernel",
		"came in from the previous kernel, not claimed yet",
		"for the next kernel, in files of kept trees",
	};
	struct memview_cell all;
	char size[32];
	size_t nr = v->kind[kind].nr;

	memview_cell(v, 0, ~0ULL, &all);
	human_bytes(all.bytes[kind], size, sizeof(size));
	if (kind == MEMVIEW_EXTENT)
		return format("%s %s (%zu extent%s)", size, what[kind], nr,
			      nr == 1 ? "" : "s");
	return format("%s %s (%zu range%s)", size, what[kind], nr,
		      nr == 1 ? "" : "s");
}
