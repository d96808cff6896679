// SPDX-License-Identifier: GPL-2.0
/*
 * Places by lot: those that there are, by counting them one by one; none is ever outside, and all
 * come up equally often.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "cli/base/util.c"
#include "cli/image/kaslr.c"
#include "cli/image/memmap.c"

#define LINKED (16 * MIB)

/* As boot code says it: the kernel has to end before the mapping does. */
static void counts_virtual_addresses_as_boot_code_does(void **state)
{
	static const u64 bytes[] = { 2 * MIB,	46 * MIB,   64 * MIB,
				     512 * MIB, 1006 * MIB, 1007 * MIB,
				     1008 * MIB };
	static const u64 align[] = { 2 * MIB, 4 * MIB, 16 * MIB };
	size_t i, j;

	for (i = 0; i < ARRAY_LEN(bytes); i++) {
		for (j = 0; j < ARRAY_LEN(align); j++) {
			u64 at, nr = 0;

			for (at = LINKED; at + bytes[i] <= GIB; at += align[j])
				nr++;
			assert_int_equal(kaslr_virtual_slots(LINKED, align[j],
							     bytes[i]),
					 nr);
		}
	}
	/* What does not fit at all has the one that it was linked for. */
	assert_int_equal(kaslr_virtual_slots(LINKED, 2 * MIB, 2 * GIB), 1);
	assert_int_equal(kaslr_virtual_slots(UINT64_MAX, 2 * MIB, MIB), 1);
}

struct walk {
	u64 phys[4096];
	size_t nr;
};

static bool fits(const struct kaslr_room *room, u64 phys)
{
	size_t i;

	for (i = 0; i < room->map->nr; i++) {
		const struct memmap_range *r = &room->map->range[i];

		if (r->type == KHO_E820_RAM && phys >= r->start &&
		    phys + room->bytes <= r->end)
			return true;
	}
	return false;
}

/* Is any of it in a whole page of 1 GiB of RAM? */
static bool spares(const struct kaslr_room *room, u64 phys)
{
	u64 page = phys & ~(GIB - 1);
	struct kaslr_room whole = *room;

	whole.bytes = GIB;
	for (; page < phys + room->bytes; page += GIB)
		if (fits(&whole, page))
			return false;
	return true;
}

/* All places, by trying each. */
static void walk(const struct kaslr_room *room, struct walk *w)
{
	u64 phys;

	w->nr = 0;
	for (phys = 0; phys < 8 * GIB; phys += room->align) {
		if (phys < room->low || !fits(room, phys))
			continue;
		if (room->high && phys + room->bytes > room->high)
			continue;
		if (room->spare_1g && !spares(room, phys))
			continue;
		assert_true(w->nr < ARRAY_LEN(w->phys));
		w->phys[w->nr++] = phys;
	}
}

static void compare(const struct kaslr_room *room)
{
	struct walk w;
	size_t i;

	walk(room, &w);
	assert_int_equal(kaslr_physical_slots(room), w.nr);
	for (i = 0; i < w.nr; i++)
		assert_int_equal(kaslr_physical(room, i), w.phys[i]);
}

/* A machine of 6 GiB: firmware in between, memory above 4 GiB that begins anywhere. */
static void make_map(struct memmap *map)
{
	memmap_add(map, 0, 0x9fc00, KHO_E820_RAM);
	memmap_add(map, MIB, 0x7ffdd000, KHO_E820_RAM);
	memmap_add(map, 0x7ffdd000, 0x80000000, 2);
	memmap_add(map, 0xb0000000, 0xc0000000, 2);
	memmap_add(map, 4 * GIB, 5 * GIB + 0x123000, KHO_E820_RAM);
	memmap_add(map, 5 * GIB + 0x300000, 7 * GIB + 0x1000, KHO_E820_RAM);
	memmap_add(map, UINT64_MAX - MIB, UINT64_MAX, KHO_E820_RAM);
}

static void counts_places_one_by_one(void **state)
{
	static const u64 bytes[] = { 4096,     2 * MIB,	   30 * MIB,
				     52 * MIB, 1500 * MIB, 8 * GIB };
	static const u64 high[] = { 0, 4 * GIB, 6 * GIB, 17 * MIB, MIB };
	struct memmap map = { 0 };
	size_t i, j, k;

	make_map(&map);
	for (i = 0; i < ARRAY_LEN(bytes); i++) {
		for (j = 0; j < ARRAY_LEN(high); j++) {
			for (k = 0; k < 4; k++) {
				const struct kaslr_room room = {
					.map = &map,
					.low = LINKED,
					.high = high[j],
					.align = k & 1 ? 2 * MIB : 16 * MIB,
					.bytes = bytes[i],
					.spare_1g = k & 2,
				};

				compare(&room);
			}
		}
	}
	memmap_free(&map);
}

static void gives_all_numbers_alike(void **state)
{
	enum { NR = 489, DRAWS = 400 * NR };
	static u32 count[NR];
	u64 n = 0;
	size_t i;

	for (i = 0; i < DRAWS; i++) {
		assert_int_equal(kaslr_below(NR, &n), 0);
		assert_in_range(n, 0, NR - 1);
		count[n]++;
	}
	/* 400 each, with a deviation of 20: ten of these never happen. */
	for (i = 0; i < NR; i++)
		assert_in_range(count[i], 200, 600);
	assert_int_equal(kaslr_below(1, &n), 0);
	assert_int_equal(n, 0);
	for (i = 0; i < 1000; i++) {
		assert_int_equal(kaslr_below(UINT64_MAX, &n), 0);
		assert_int_equal(kaslr_below(UINT64_MAX / 2 + 2, &n), 0);
		assert_in_range(n, 0, UINT64_MAX / 2 + 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_virtual_addresses_as_boot_code_does),
		cmocka_unit_test(counts_places_one_by_one),
		cmocka_unit_test(gives_all_numbers_alike),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
