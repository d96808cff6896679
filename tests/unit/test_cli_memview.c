// SPDX-License-Identifier: GPL-2.0
/*
 * The map of memory: sums of ranges agree with a bitmap, no byte of RAM is left out of the rows,
 * and both pictures show what there is.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "cli/image/memmap.c"
#include "cli/report/memview.c"
#define layer svg_layer
#include "cli/report/memview_svg.c"
#include "cli/base/util.c"
#include "testmem.h"

enum { BYTES = 4096 };

/* Naive: one flag for each byte. */
static bool there[BYTES + 1];

static u64 naive_bytes(u64 start, u64 end)
{
	u64 sum = 0;

	for (; start < end && start < BYTES; start++)
		sum += there[start];
	return sum;
}

static void sums_agree_with_a_bitmap(void **state)
{
	struct testrand r = { 1 };
	unsigned int round, i;

	for (round = 0; round < 200; round++) {
		struct memview v = { 0 };

		memset(there, 0, sizeof(there));
		for (i = 0; i < 20; i++) {
			u64 start = testrand_next(&r) % BYTES;
			u64 end = start + testrand_next(&r) % 300;

			if (end > BYTES)
				end = BYTES;
			memview_add(&v, MEMVIEW_SCRATCH, start, end);
			memset(there + start, true, end - start);
		}
		memview_finish(&v);
		for (i = 0; i < 50; i++) {
			u64 start = testrand_next(&r) % BYTES;
			u64 end = start + testrand_next(&r) % BYTES;

			assert_int_equal(memview_bytes(&v, MEMVIEW_SCRATCH,
						       start, end),
					 naive_bytes(start, end));
		}
		memview_free(&v);
	}
}

static void rows_hold_all_of_ram(void **state)
{
	static const u64 start[] = { 0, 1 << 20, 4 * GIB, 1000 * GIB };
	static const u64 end[] = { 640 << 10, 3 * GIB, 6 * GIB, 1001 * GIB };
	struct memview v = { 0 };
	struct memview_rows rows;
	u64 sum = 0;
	size_t i;

	for (i = 0; i < ARRAY_LEN(start); i++)
		memview_add(&v, MEMVIEW_RAM, start[i], end[i]);
	memview_finish(&v);
	memview_cut(&v, 24, 1 << 20, &rows);
	assert_in_range(rows.nr, 2, 24);
	for (i = 0; i < rows.nr; i++) {
		u64 bytes = memview_bytes(&v, MEMVIEW_RAM, rows.start[i],
					  rows.start[i] + rows.row_bytes);

		assert_true(bytes > 0);
		if (i)
			assert_true(rows.start[i] >=
				    rows.start[i - 1] + rows.row_bytes);
		sum += bytes;
	}
	assert_true(sum == memview_bytes(&v, MEMVIEW_RAM, 0, ~0ULL));
	free(rows.start);
	memview_free(&v);
}

static void the_rarest_is_shown(void **state)
{
	struct memview v = { 0 };
	struct memview_cell cell;

	memview_add(&v, MEMVIEW_RAM, 0, 100000);
	memview_add(&v, MEMVIEW_EXTENT, 1000, 2000);
	memview_add(&v, MEMVIEW_PRESERVED, 1500, 1501);
	memview_add(&v, MEMVIEW_PRESERVED, 1600, 1650);
	memview_add(&v, MEMVIEW_KEPT, 1600, 1640);
	memview_finish(&v);
	memview_cell(&v, 0, 10000, &cell);
	assert_int_equal(memview_cell_kind(&cell), MEMVIEW_PRESERVED);
	assert_int_equal(cell.bytes[MEMVIEW_EXTENT], 949);
	assert_int_equal(cell.bytes[MEMVIEW_PRESERVED], 11);
	assert_int_equal(cell.bytes[MEMVIEW_KEPT], 40);
	/* Of a tree nothing else is seen where nothing else is preserved. */
	memview_cell(&v, 1600, 1640, &cell);
	assert_int_equal(memview_cell_kind(&cell), MEMVIEW_KEPT);
	memview_cell(&v, 1000, 1100, &cell);
	assert_int_equal(memview_cell_kind(&cell), MEMVIEW_EXTENT);
	memview_cell(&v, 2000, 3000, &cell);
	assert_int_equal(memview_cell_kind(&cell), MEMVIEW_RAM);
	memview_cell(&v, 200000, 300000, &cell);
	assert_int_equal(memview_cell_kind(&cell), MEMVIEW_KINDS);
	memview_free(&v);
}

static size_t count(const char *text, const char *what)
{
	size_t nr = 0;

	while ((text = strstr(text, what))) {
		text += strlen(what);
		nr++;
	}
	return nr;
}

static void the_picture_has_a_single_page(void **state)
{
	struct memview v = { .title = format("a <b> & c") };
	char *svg;

	memview_add(&v, MEMVIEW_RAM, 0, 64 * GIB);
	memview_add(&v, MEMVIEW_PRESERVED, 40 * GIB, 40 * GIB + 4096);
	memview_finish(&v);
	svg = memview_svg(&v);
	/* Once in the row and once in the legend. */
	assert_int_equal(count(svg, fill[MEMVIEW_PRESERVED]), 2);
	assert_int_equal(count(svg, fill[MEMVIEW_SCRATCH]), 0);
	assert_int_equal(count(svg, "a &lt;b> &amp; c"), 1);
	assert_int_equal(count(svg, "<text"), count(svg, "</text>"));
	assert_int_equal(count(svg, "<svg"), 1);
	assert_int_equal(count(svg, "</svg>\n"), 1);
	free(svg);
	memview_free(&v);
}

static void no_ram_is_no_trouble(void **state)
{
	struct memview v = { .title = format("nothing") };

	free(memview_svg(&v));
	memview_free(&v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sums_agree_with_a_bitmap),
		cmocka_unit_test(rows_hold_all_of_ram),
		cmocka_unit_test(the_rarest_is_shown),
		cmocka_unit_test(the_picture_has_a_single_page),
		cmocka_unit_test(no_ram_is_no_trouble),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
