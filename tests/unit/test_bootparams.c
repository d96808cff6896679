// SPDX-License-Identifier: GPL-2.0
/*
 * What kexec_file_load(2) makes of a kernel, looked at and changed before it is loaded.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/bootparams.h"
#include "testmem.h"

#define PHYS 0x12345000ULL
#define HEAD 0x987654000ULL
#define SEGMENT_BYTES 8192

static u8 file[16384];
static u8 segment[SEGMENT_BYTES];

static void put(u8 *at, u64 value, unsigned int bytes)
{
	while (bytes--) {
		*at++ = (u8)value;
		value >>= 8;
	}
}

static u64 get(const u8 *at)
{
	u64 value = 0;
	unsigned int i;

	for (i = 8; i--;)
		value = value << 8 | at[i];
	return value;
}

/* A kernel with four sectors of setup and a kernel_info 0x100 bytes into its code. */
static void make_file(void)
{
	u8 *info = file + 5 * 512 + 0x100;

	memset(file, 0, sizeof(file));
	file[0x1f1] = 4;
	memcpy(file + 0x202, "HdrS", 4);
	put(file + 0x206, 0x20f, 2);
	put(file + 0x268, 0x100, 4);
	memcpy(info, "LToP", 4);
	put(info + 12, 0x8000000fU, 4);
}

static void objects_to_file(u64 bytes, const char *part)
{
	const char *why = kho_bzimage_objection(file, bytes);

	assert_non_null(why);
	assert_non_null(strstr(why, part));
}

static void a_kernel_must_say_that_it_keeps_memory(void **state)
{
	make_file();
	assert_null(kho_bzimage_objection(file, sizeof(file)));
	/* 0 means 4, as it always did. */
	file[0x1f1] = 0;
	assert_null(kho_bzimage_objection(file, sizeof(file)));
	/* kernel_info ends with the file */
	assert_null(kho_bzimage_objection(file, 5 * 512 + 0x110));
	objects_to_file(5 * 512 + 0x10f, "kernel_info");
	objects_to_file(0x26b, "not a bzImage");
	assert_non_null(kho_bzimage_objection(NULL, 0));

	put(file + 5 * 512 + 0x10c, 0x7fffffffU, 4);
	objects_to_file(sizeof(file), "SETUP_INDIRECT");
	make_file();
	put(file + 0x206, 0x20e, 2);
	objects_to_file(sizeof(file), "protocol");
	make_file();
	file[0x202] = 'h';
	objects_to_file(sizeof(file), "not a bzImage");
	make_file();
	put(file + 0x268, 0, 4);
	objects_to_file(sizeof(file), "kernel_info");
	put(file + 0x268, 0xffffffffU, 4);
	objects_to_file(sizeof(file), "kernel_info");
	put(file + 0x268, 0x101, 4);
	objects_to_file(sizeof(file), "kernel_info");
}

/* boot_params with the command line behind them, and @nr nodes behind that. */
static void make_segment(unsigned int nr)
{
	unsigned int i;
	u8 *link = segment + 0x250;

	memset(segment, 0, sizeof(segment));
	memcpy(segment + 0x202, "HdrS", 4);
	put(segment + 0x1fe, 0xaa55, 2);
	put(segment + 0x228, PHYS + 4096, 4);
	for (i = 0; i < nr; i++) {
		u64 at = 5000 + 24 * i;

		put(link, PHYS + at, 8);
		link = segment + at;
		put(link + 8, 7, 4);
		put(link + 12, 8, 4);
	}
}

static void boot_params_are_found_by_their_command_line(void **state)
{
	make_segment(0);
	assert_true(kho_boot_params_here(segment, sizeof(segment), PHYS));
	assert_false(kho_boot_params_here(NULL, 0, PHYS));
	assert_false(kho_boot_params_here(segment, 4096, PHYS));
	assert_true(kho_boot_params_here(segment, 4097, PHYS));
	assert_false(kho_boot_params_here(segment, sizeof(segment), PHYS + 1));
	put(segment + 0x228, PHYS + 4095, 4);
	assert_false(kho_boot_params_here(segment, sizeof(segment), PHYS));
	put(segment + 0x228, PHYS + sizeof(segment), 4);
	assert_false(kho_boot_params_here(segment, sizeof(segment), PHYS));
	/* The upper half of the address counts. */
	put(segment + 0x228, PHYS + 4096, 4);
	put(segment + 0xc8, 1, 4);
	assert_false(kho_boot_params_here(segment, sizeof(segment), PHYS));
	assert_true(kho_boot_params_here(segment, sizeof(segment),
					 PHYS + (1ULL << 32)));
	make_segment(0);
	put(segment + 0x1fe, 0, 2);
	assert_false(kho_boot_params_here(segment, sizeof(segment), PHYS));
}

static void the_list_leads_on_to_the_handover(void **state)
{
	unsigned int nr, i;

	for (nr = 0; nr <= 64; nr++) {
		u8 before[SEGMENT_BYTES];
		u8 *link = segment + 0x250;

		make_segment(nr);
		memcpy(before, segment, sizeof(before));
		assert_null(kho_boot_params_link(segment, sizeof(segment), PHYS,
						 HEAD));
		for (i = 0; i < nr; i++)
			link = segment + (get(link) - PHYS);
		assert_true(get(link) == HEAD);
		/* That is the only change. */
		put(link, 0, 8);
		assert_memory_equal(segment, before, sizeof(before));
	}
}

static void does_not_link(const char *part)
{
	u8 before[SEGMENT_BYTES];
	const char *why;

	memcpy(before, segment, sizeof(before));
	why = kho_boot_params_link(segment, sizeof(segment), PHYS, HEAD);
	assert_non_null(why);
	assert_non_null(strstr(why, part));
	assert_memory_equal(segment, before, sizeof(before));
}

static void a_list_that_cannot_be_followed_is_left_alone(void **state)
{
	make_segment(65);
	does_not_link("no end");
	make_segment(3);
	put(segment + 5000 + 48, PHYS + 5000, 8);
	does_not_link("no end");
	make_segment(1);
	put(segment + 5000, PHYS - 16, 8);
	does_not_link("out of");
	put(segment + 5000, PHYS + sizeof(segment) - 15, 8);
	does_not_link("out of");
	put(segment + 5000, ~0ULL, 8);
	does_not_link("out of");
	/* A node inside of boot_params is none. */
	put(segment + 5000, PHYS + 0x250, 8);
	does_not_link("out of");
	/* The last place where one fits. */
	put(segment + 5000, PHYS + sizeof(segment) - 16, 8);
	assert_null(kho_boot_params_link(segment, sizeof(segment), PHYS, HEAD));
	assert_true(get(segment + sizeof(segment) - 16) == HEAD);
}

static void the_memory_map_replaces_the_other(void **state)
{
	static struct kho_memmap_entry_ser entry[129];
	u32 i;

	for (i = 0; i < 129; i++)
		entry[i] = (struct kho_memmap_entry_ser){
			.addr = i * 0x100000ULL + (1ULL << 40),
			.bytes = 0x100000 - i,
			.type = i % 5 + 1,
		};
	make_segment(0);
	memset(segment + 0x2d0, 0xff, 128 * 20);
	segment[0x1e8] = 128;
	assert_null(kho_boot_params_set_memmap(segment, entry, 3));
	assert_int_equal(segment[0x1e8], 3);
	for (i = 0; i < 3; i++) {
		assert_true(get(segment + 0x2d0 + 20 * i) == entry[i].addr);
		assert_true(get(segment + 0x2d8 + 20 * i) == entry[i].bytes);
		assert_int_equal(segment[0x2e0 + 20 * i], entry[i].type);
	}
	for (i = 3 * 20; i < 128 * 20; i++)
		assert_int_equal(segment[0x2d0 + i], 0);
	assert_null(kho_boot_params_set_memmap(segment, entry, 128));
	assert_true(get(segment + 0x2d0 + 127 * 20) == entry[127].addr);
	assert_int_equal(segment[0x2d0 + 128 * 20], 0);
	assert_non_null(kho_boot_params_set_memmap(segment, entry, 129));
	assert_non_null(kho_boot_params_set_memmap(segment, entry, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_kernel_must_say_that_it_keeps_memory),
		cmocka_unit_test(boot_params_are_found_by_their_command_line),
		cmocka_unit_test(the_list_leads_on_to_the_handover),
		cmocka_unit_test(a_list_that_cannot_be_followed_is_left_alone),
		cmocka_unit_test(the_memory_map_replaces_the_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
