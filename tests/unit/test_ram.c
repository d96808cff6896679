// SPDX-License-Identifier: GPL-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/ram.h"

#define PAGE KHO_PAGE_SIZE
/* The model: one byte a page. */
#define MODEL_PAGES 256

static u8 model_a[MODEL_PAGES], model_b[MODEL_PAGES];

static u32 random_list(struct kho_range *list, u8 *model)
{
	u64 at = 0;
	u32 nr = 0;

	memset(model, 0, MODEL_PAGES);
	for (;;) {
		u64 start = at + 1 + (u64)rand() % 20;
		u64 end = start + 1 + (u64)rand() % 20;

		if (end > MODEL_PAGES)
			return nr;
		memset(model + start, 1, end - start);
		list[nr].start = start * PAGE;
		list[nr++].end = end * PAGE;
		at = end;
	}
}

/* The list is sorted, nothing in it touches, and it holds exactly the pages of the model. */
static void check_list(const struct kho_range *list, u32 nr, const u8 *model)
{
	u64 page;
	u32 i;

	for (i = 0; i < nr; i++) {
		assert_true(list[i].start < list[i].end);
		assert_true(!i || list[i - 1].end < list[i].start);
	}
	for (page = 0; page < MODEL_PAGES; page++)
		assert_int_equal(kho_ranges_contain(list, nr, page * PAGE,
						    (page + 1) * PAGE),
				 model[page]);
}

static void intersections_agree_with_a_page_model(void **state)
{
	struct kho_range a[MODEL_PAGES], b[MODEL_PAGES], out[2 * MODEL_PAGES];
	u32 nr_a, nr_b, nr, i, round;
	u8 both[MODEL_PAGES];

	(void)state;
	srand(1);
	for (round = 0; round < 2000; round++) {
		nr_a = random_list(a, model_a);
		nr_b = random_list(b, model_b);
		nr = kho_ranges_intersect(out, a, nr_a, b, nr_b);
		assert_true(nr <= nr_a + nr_b);
		for (i = 0; i < MODEL_PAGES; i++)
			both[i] = model_a[i] && model_b[i];
		for (i = 0; i + 1 < nr; i++)
			assert_true(out[i].end <= out[i + 1].start);
		for (i = 0; i < MODEL_PAGES; i++)
			assert_int_equal(kho_ranges_contain(out, nr, i * PAGE,
							    (i + 1) * PAGE),
					 both[i]);
	}
}

static void nothing_has_nothing_in_common(void **state)
{
	const struct kho_range a = { PAGE, 5 * PAGE };
	struct kho_range out[2];

	(void)state;
	assert_int_equal(kho_ranges_intersect(out, &a, 1, NULL, 0), 0);
	assert_int_equal(kho_ranges_intersect(out, NULL, 0, &a, 1), 0);
	assert_false(kho_ranges_contain(NULL, 0, PAGE, 2 * PAGE));
}

static void one_range_contains_all_or_it_does_not(void **state)
{
	const struct kho_range list[] = { { PAGE, 3 * PAGE },
					  { 4 * PAGE, 6 * PAGE } };

	(void)state;
	assert_true(kho_ranges_contain(list, 2, PAGE, 3 * PAGE));
	assert_true(kho_ranges_contain(list, 2, 5 * PAGE, 6 * PAGE));
	assert_false(kho_ranges_contain(list, 2, 2 * PAGE, 5 * PAGE));
	assert_false(kho_ranges_contain(list, 2, 0, 2 * PAGE));
	assert_false(kho_ranges_contain(list, 2, 5 * PAGE, 7 * PAGE));
	assert_false(kho_ranges_contain(list, 2, 7 * PAGE, 8 * PAGE));
}

static void missing_agrees_with_a_page_model(void **state)
{
	struct kho_range a[MODEL_PAGES], b[MODEL_PAGES];
	u32 nr_a, nr_b, round;
	u64 start, end, at;

	(void)state;
	srand(3);
	for (round = 0; round < 20000; round++) {
		nr_a = random_list(a, model_a);
		nr_b = random_list(b, model_b);
		start = (u64)rand() % MODEL_PAGES;
		end = start + (u64)rand() % (MODEL_PAGES - start);
		for (at = start; at < end && (model_a[at] || model_b[at]); at++)
			;
		assert_int_equal(kho_ranges_missing(start * PAGE, end * PAGE, a,
						    nr_a, b, nr_b),
				 at * PAGE);
	}
}

static void maps_agree_with_a_page_model(void **state)
{
	struct kho_memmap_entry_ser map[KHO_MAX_MEMMAP];
	struct kho_range out[KHO_MAX_MEMMAP];
	u8 other[MODEL_PAGES];
	u32 nr, i, round;

	(void)state;
	srand(2);
	for (round = 0; round < 2000; round++) {
		nr = (u32)rand() % (round % 2 ? KHO_MAX_MEMMAP : 8) + 1;
		memset(model_a, 0, sizeof(model_a));
		memset(other, 0, sizeof(other));
		for (i = 0; i < nr; i++) {
			u64 start = (u64)rand() % (MODEL_PAGES - 40);
			u64 pages = (u64)rand() % (round % 3 ? 40 : 4);

			map[i] = (struct kho_memmap_entry_ser){
				.addr = start * PAGE,
				.bytes = pages * PAGE,
				.type = (u32)rand() % 3 ? 1 : 2,
			};
			memset((map[i].type == 1 ? model_a : other) + start, 1,
			       pages);
		}
		for (i = 0; i < MODEL_PAGES; i++)
			model_a[i] &= !other[i];
		check_list(out, kho_memmap_ram(out, map, nr), model_a);
	}
}

static void part_of_a_page_is_none(void **state)
{
	const struct kho_memmap_entry_ser map[] = {
		{ .addr = 100, .bytes = 0x9f000, .type = 1 },
		{ .addr = 4 * PAGE + 1, .bytes = 1, .type = 2 },
		{ .addr = 2 * PAGE + 10, .bytes = 20, .type = 20 },
	};
	struct kho_range out[3];

	(void)state;
	assert_int_equal(kho_memmap_ram(out, map, 3), 3);
	assert_int_equal(out[0].start, PAGE);
	assert_int_equal(out[0].end, 2 * PAGE);
	assert_int_equal(out[1].start, 3 * PAGE);
	assert_int_equal(out[1].end, 4 * PAGE);
	assert_int_equal(out[2].start, 5 * PAGE);
	assert_int_equal(out[2].end, 0x9f000);
}

static void entries_that_wrap_say_nothing(void **state)
{
	const struct kho_memmap_entry_ser map[] = {
		{ .addr = PAGE, .bytes = PAGE, .type = 1 },
		{ .addr = 10 * PAGE, .bytes = ~0ULL, .type = 1 },
		{ .addr = 1, .bytes = ~0ULL, .type = 2 },
		{ .addr = ~0ULL - 10, .bytes = 5, .type = 1 },
		{ .addr = PAGE, .bytes = 0, .type = 2 },
	};
	struct kho_range out[5];

	(void)state;
	assert_int_equal(kho_memmap_ram(out, map, 5), 1);
	assert_int_equal(out[0].start, PAGE);
	assert_int_equal(out[0].end, 2 * PAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(intersections_agree_with_a_page_model),
		cmocka_unit_test(nothing_has_nothing_in_common),
		cmocka_unit_test(one_range_contains_all_or_it_does_not),
		cmocka_unit_test(missing_agrees_with_a_page_model),
		cmocka_unit_test(maps_agree_with_a_page_model),
		cmocka_unit_test(part_of_a_page_is_none),
		cmocka_unit_test(entries_that_wrap_say_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
