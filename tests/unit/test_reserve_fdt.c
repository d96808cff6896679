// SPDX-License-Identifier: GPL-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <libfdt.h>
#include <stdio.h>

#include "core/reserve_fdt.h"
#include "testmem.h"

#define PAGE ((int)KHO_PAGE_SIZE)
#define PAGE_PHYS 0x77777000ULL
#define MIB (1ULL << 20)

static _Alignas(8) u8 page[KHO_PAGE_SIZE];

static const struct kho_region two[] = {
	{ "oops", 0x40000000, 2 * MIB },
	{ "trace-buffer-15", 0x40200000, 4097 },
};

/* Evaluated also where assertions are compiled out. */
static void ok(int err)
{
	if (err < 0)
		fail_msg("libfdt: %s", fdt_strerror(err));
}

/* ---- what we write, libfdt reads ---- */

static u64 u64_property(int node, const char *name)
{
	int len = 0;
	const void *value = fdt_getprop(page, node, name, &len);
	u64 x;

	assert_non_null(value);
	assert_int_equal(len, sizeof(x));
	memcpy(&x, value, sizeof(x));
	return x;
}

static void assert_libfdt_reads(const struct kho_region *region, u32 nr)
{
	int node;
	u32 i = 0;

	assert_int_equal(fdt_check_full(page, sizeof(page)), 0);
	assert_int_equal(fdt_node_check_compatible(page, 0, "memblock-v1"), 0);
	fdt_for_each_subnode(node, page, 0)
	{
		assert_true(i < nr);
		assert_string_equal(fdt_get_name(page, node, NULL),
				    region[i].name);
		assert_int_equal(fdt_node_check_compatible(page, node,
							   "reserve-mem-v1"),
				 0);
		assert_int_equal(u64_property(node, "start"), region[i].phys);
		assert_int_equal(u64_property(node, "size"), region[i].bytes);
		i++;
	}
	assert_int_equal(i, nr);
}

static void assert_we_read(const struct kho_region *region, u32 nr)
{
	struct kho_refusal r = { 0 };
	struct kho_regions regions;
	struct kho_region got;
	u32 i;

	if (kho_regions_check(&regions, page, PAGE_PHYS, &r))
		fail_msg("%s at %#llx", r.check, (unsigned long long)r.where);
	assert_ptr_equal(regions.page, page);
	assert_int_equal(regions.nr, nr);
	for (i = 0; i < nr; i++) {
		assert_int_equal(kho_region_at(&regions, i, &got), 0);
		assert_string_equal(got.name, region[i].name);
		assert_int_equal(got.phys, region[i].phys);
		assert_int_equal(got.bytes, region[i].bytes);
	}
	assert_int_equal(kho_region_at(&regions, nr, &got), -ENOENT);
}

/* Every number of regions until the page is full. */
static void writes_what_libfdt_reads(void **state)
{
	static char name[KHO_PAGE_SIZE][16];
	struct kho_region region[KHO_PAGE_SIZE / 32];
	u32 nr;
	int err;

	for (nr = 0;; nr++) {
		memset(page, 0xa5, sizeof(page));
		err = kho_regions_write(page, region, nr);
		if (err)
			break;
		assert_libfdt_reads(region, nr);
		assert_we_read(region, nr);
		snprintf(name[nr], sizeof(name[nr]), "region-%08u", nr);
		region[nr].name = name[nr];
		region[nr].phys = (nr + 1) * MIB;
		region[nr].bytes = MIB - nr;
	}
	assert_int_equal(err, -ENOSPC);
	assert_in_range(nr, 40, 46);
}

static void clears_what_it_does_not_need(void **state)
{
	static const u8 zero[KHO_PAGE_SIZE];
	u32 used;

	memset(page, 0xa5, sizeof(page));
	assert_int_equal(kho_regions_write(page, two, 2), 0);
	used = fdt_totalsize(page);
	assert_memory_equal(page + used, zero, sizeof(page) - used);
}

static void names(void **state)
{
	static const struct {
		const char *name;
		bool good;
	} table[] = {
		{ "a", true },
		{ "exactly-15-byte", true },
		{ "...", true },
		{ "with space", true },
		{ "\xc3\xa4", true },
		{ "", false },
		{ "sixteen-bytes-it", false },
		{ "a/b", false },
		{ ".", false },
		{ "..", false },
		{ "tab\t", false },
		{ "del\x7f", false },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(table); i++) {
		struct kho_region region = { table[i].name, MIB, MIB };

		assert_int_equal(kho_region_name_ok(table[i].name),
				 table[i].good);
		assert_int_equal(kho_regions_write(page, &region, 1),
				 table[i].good ? 0 : -EINVAL);
	}
}

static void writes_no_page_that_makes_no_sense(void **state)
{
	static const struct {
		struct kho_region region[2];
		int err;
	} table[] = {
		{ { { "a", 0, MIB }, { "b", MIB, 1 } }, -EINVAL },
		{ { { "a", MIB + 1, 1 }, { "b", 2 * MIB, 1 } }, -EINVAL },
		{ { { "a", MIB, 0 }, { "b", 2 * MIB, 1 } }, -EINVAL },
		{ { { "a", MIB, 1 }, { "b", MIB, UINT64_MAX } }, -EINVAL },
		{ { { "a", MIB, 1 }, { "b", KHO_REGION_LIMIT, 1 } }, -EINVAL },
		{ { { "a", MIB, 1 }, { "a", 2 * MIB, 1 } }, -EEXIST },
		{ { { "a", MIB, MIB }, { "b", MIB, MIB } }, -EEXIST },
		{ { { "a", MIB, 4097 }, { "b", MIB + 4096, 1 } }, -EEXIST },
		{ { { "b", MIB + 4096, 1 }, { "a", MIB, 4097 } }, -EEXIST },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(table); i++) {
		memset(page, 0xa5, sizeof(page));
		assert_int_equal(kho_regions_write(page, table[i].region, 2),
				 table[i].err);
		assert_int_equal(page[0], 0xa5);
	}
}

static void neighbours_are_no_overlap(void **state)
{
	static const struct kho_region next_to[] = {
		{ "a", MIB, 4096 },
		{ "b", MIB + 4096, 4095 },
		{ "c", KHO_REGION_LIMIT - 4096, 4096 },
	};

	assert_int_equal(kho_regions_write(page, next_to, 3), 0);
	assert_we_read(next_to, 3);
}

/* ---- what libfdt writes, we read ---- */

static void sw_begin(void)
{
	memset(page, 0, sizeof(page));
	ok(fdt_create(page, PAGE));
	ok(fdt_finish_reservemap(page));
	ok(fdt_begin_node(page, ""));
	ok(fdt_property_string(page, "compatible", "memblock-v1"));
}

static void sw_region(const struct kho_region *region)
{
	ok(fdt_begin_node(page, region->name));
	ok(fdt_property_string(page, "compatible", "reserve-mem-v1"));
	ok(fdt_property(page, "start", &region->phys, 8));
	ok(fdt_property(page, "size", &region->bytes, 8));
	ok(fdt_end_node(page));
}

static void sw_end(void)
{
	ok(fdt_end_node(page));
	ok(fdt_finish(page));
}

static void reads_sequential_writes(void **state)
{
	sw_begin();
	sw_region(&two[0]);
	sw_region(&two[1]);
	sw_end();
	assert_we_read(two, 2);
}

/* Opened, changed and packed, with the properties in another order. */
static void reads_random_writes(void **state)
{
	int node;

	memset(page, 0, sizeof(page));
	ok(fdt_create_empty_tree(page, PAGE));
	node = fdt_add_subnode(page, 0, two[0].name);
	ok(node);
	ok(fdt_setprop(page, node, "start", &two[0].phys, 8));
	ok(fdt_setprop_string(page, node, "compatible", "reserve-mem-v1"));
	ok(fdt_setprop(page, node, "size", &two[0].bytes, 8));
	ok(fdt_setprop_string(page, 0, "compatible", "memblock-v1"));
	assert_we_read(two, 1);
	ok(fdt_pack(page));
	assert_we_read(two, 1);
}

/* Properties and grandchildren that later versions may add are passed over. */
static void reads_past_what_it_does_not_know(void **state)
{
	sw_begin();
	ok(fdt_property_u32(page, "start", 1));
	ok(fdt_begin_node(page, "oops"));
	ok(fdt_property_u32(page, "future", 1));
	ok(fdt_property(page, "compatible", "reserve-mem-v2\0reserve-mem-v1",
			30));
	ok(fdt_property(page, "start", &two[0].phys, 8));
	ok(fdt_property(page, "size", &two[0].bytes, 8));
	ok(fdt_begin_node(page, "below"));
	ok(fdt_property_u32(page, "size", 1));
	ok(fdt_end_node(page));
	ok(fdt_end_node(page));
	sw_region(&two[1]);
	sw_end();
	assert_we_read(two, 2);
}

/* ---- what is refused ---- */

static void assert_refused(int want, const char *check)
{
	struct kho_refusal r = { 0 };
	struct kho_regions regions;
	int err = kho_regions_check(&regions, page, PAGE_PHYS, &r);

	if (!err || strcmp(r.check, check))
		fail_msg("%s, not %s", err ? r.check : "accepted", check);
	assert_int_equal(err, want);
	assert_int_equal(r.err, want);
	assert_in_range(r.where, PAGE_PHYS, PAGE_PHYS + PAGE);
	assert_int_equal(kho_regions_check(&regions, page, PAGE_PHYS, NULL),
			 want);
}

static void refuses_other_versions(void **state)
{
	sw_begin();
	sw_region(&two[0]);
	sw_end();
	ok(fdt_setprop_inplace(page, 0, "compatible", "memblock-v2", 12));
	assert_refused(-EPROTONOSUPPORT, "FDT of regions is not memblock-v1");
	ok(fdt_setprop_inplace(page, 0, "compatible", "memblock-v1", 12));
	ok(fdt_setprop_inplace(page, fdt_path_offset(page, "/oops"),
			       "compatible", "reserve-mem-v2", 15));
	assert_refused(-EPROTONOSUPPORT, "region is not reserve-mem-v1");
	ok(fdt_nop_property(page, fdt_path_offset(page, "/oops"),
			    "compatible"));
	assert_refused(-EPROTONOSUPPORT, "region is not reserve-mem-v1");
}

static void refuses_what_is_missing(void **state)
{
	static const char *const needed[] = { "start", "size" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(needed); i++) {
		assert_int_equal(kho_regions_write(page, two, 2), 0);
		ok(fdt_nop_property(page,
				    fdt_path_offset(page, "/trace-buffer-15"),
				    needed[i]));
		assert_refused(-ENOENT, "region without start or size");
	}
	/* A sibling's properties are not those of a region without any. */
	sw_begin();
	sw_region(&two[0]);
	ok(fdt_begin_node(page, "bare"));
	ok(fdt_property_string(page, "compatible", "reserve-mem-v1"));
	ok(fdt_end_node(page));
	sw_end();
	assert_refused(-ENOENT, "region without start or size");
}

static void refuses_bad_places(void **state)
{
	static const struct {
		u64 phys;
		u64 bytes;
	} bad[] = {
		{ 0, MIB },
		{ MIB + 8, MIB },
		{ MIB, 0 },
		{ MIB, UINT64_MAX },
		{ UINT64_MAX - 4095, 4096 },
		{ KHO_REGION_LIMIT, 1 },
		{ KHO_REGION_LIMIT - 4096, 4097 },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		struct kho_region region = { "bad", bad[i].phys, bad[i].bytes };

		sw_begin();
		sw_region(&two[0]);
		sw_region(&region);
		sw_end();
		assert_refused(-ERANGE, "region address or size");
	}
}

static void refuses_what_is_there_twice(void **state)
{
	struct kho_region again = two[0];

	sw_begin();
	sw_region(&two[0]);
	sw_region(&two[1]);
	sw_region(&again);
	sw_end();
	assert_refused(-EEXIST, "region name twice");
	again.name = "other";
	again.phys += 2 * MIB - 4096;
	again.bytes = 1;
	sw_begin();
	sw_region(&two[0]);
	sw_region(&again);
	sw_end();
	assert_refused(-EEXIST, "regions overlap");
}

static void refuses_properties_of_other_sizes(void **state)
{
	sw_begin();
	ok(fdt_begin_node(page, "oops"));
	ok(fdt_property_u32(page, "start", 1));
	ok(fdt_end_node(page));
	sw_end();
	assert_refused(-EBADMSG, "size of a region's start");
	sw_begin();
	ok(fdt_begin_node(page, "oops"));
	ok(fdt_property_u32(page, "size", 1));
	ok(fdt_end_node(page));
	sw_end();
	assert_refused(-EBADMSG, "size of a region's size");
}

static void refuses_bad_names(void **state)
{
	static const char *const bad[] = { "sixteen-bytes-it", "..", "a\nb" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		struct kho_region region = { bad[i], MIB, MIB };

		sw_begin();
		sw_region(&region);
		sw_end();
		assert_refused(-EBADMSG, "region name");
	}
}

static void cut_off_anywhere(void **state)
{
	struct kho_regions regions;
	int len, total;

	assert_int_equal(kho_regions_write(page, two, 2), 0);
	total = fdt_totalsize(page);
	for (len = total - 1; len >= 0; len--) {
		fdt_set_totalsize(page, len);
		assert_true(kho_regions_check(&regions, page, 0, NULL) < 0);
	}
}

/* ---- damage: every single byte, and random ones; what we accept, libfdt reads the same ---- */

static bool accepted_as_by_libfdt(void)
{
	struct kho_regions regions;
	struct kho_region region;
	u32 i;

	if (kho_regions_check(&regions, page, 0, NULL))
		return false;
	assert_int_equal(fdt_check_full(page, PAGE), 0);
	assert_int_equal(fdt_node_check_compatible(page, 0, "memblock-v1"), 0);
	for (i = 0; !kho_region_at(&regions, i, &region); i++) {
		int node = fdt_subnode_offset(page, 0, region.name);

		assert_true(node > 0);
		assert_true(kho_region_name_ok(region.name));
		assert_int_equal(u64_property(node, "start"), region.phys);
		assert_int_equal(u64_property(node, "size"), region.bytes);
		assert_true(region.phys && !(region.phys % KHO_PAGE_SIZE));
		assert_true(region.bytes);
		assert_true(region.phys + region.bytes <= KHO_REGION_LIMIT);
	}
	assert_int_equal(i, regions.nr);
	return true;
}

static void every_flipped_bit(void **state)
{
	u32 used, at, bit, accepted = 0;

	assert_int_equal(kho_regions_write(page, two, 2), 0);
	used = fdt_totalsize(page);
	for (at = 0; at < used; at++)
		for (bit = 0; bit < 8; bit++) {
			page[at] ^= 1U << bit;
			accepted += accepted_as_by_libfdt();
			page[at] ^= 1U << bit;
		}
	/* Only other names, addresses and sizes, and what nobody reads, are as good. */
	assert_in_range(accepted, 1, used * 8 / 2);
	assert_we_read(two, 2);
}

static void accepts_nothing_that_libfdt_refuses(void **state)
{
	u64 seed;

	for (seed = 0; seed < 100000; seed++) {
		struct testrand r = { seed };
		u32 changes = 1 + testrand_below(&r, 3), used, at;

		assert_int_equal(kho_regions_write(page, two, 2), 0);
		used = fdt_totalsize(page);
		while (changes--) {
			at = testrand_below(&r, used);
			page[at] = testrand_below(&r, 2) ?
					   testrand_below(&r, 10) :
					   testrand_next(&r);
		}
		accepted_as_by_libfdt();
	}
}

/* Whoever asks late is told that there is nothing, and nothing outside the page is read. */
static void a_page_that_changed_after_the_check(void **state)
{
	struct kho_regions regions;
	struct kho_region region;

	assert_int_equal(kho_regions_write(page, two, 2), 0);
	assert_int_equal(kho_regions_check(&regions, page, 0, NULL), 0);
	fdt_set_off_dt_struct(page, 0xfffffffc);
	assert_int_equal(kho_region_at(&regions, 0, &region), -ENOENT);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_what_libfdt_reads),
		cmocka_unit_test(clears_what_it_does_not_need),
		cmocka_unit_test(names),
		cmocka_unit_test(writes_no_page_that_makes_no_sense),
		cmocka_unit_test(neighbours_are_no_overlap),
		cmocka_unit_test(reads_sequential_writes),
		cmocka_unit_test(reads_random_writes),
		cmocka_unit_test(reads_past_what_it_does_not_know),
		cmocka_unit_test(refuses_other_versions),
		cmocka_unit_test(refuses_what_is_missing),
		cmocka_unit_test(refuses_bad_places),
		cmocka_unit_test(refuses_what_is_there_twice),
		cmocka_unit_test(refuses_properties_of_other_sizes),
		cmocka_unit_test(refuses_bad_names),
		cmocka_unit_test(cut_off_anywhere),
		cmocka_unit_test(every_flipped_bit),
		cmocka_unit_test(accepts_nothing_that_libfdt_refuses),
		cmocka_unit_test(a_page_that_changed_after_the_check),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
