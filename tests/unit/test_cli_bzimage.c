// SPDX-License-Identifier: GPL-2.0
/*
 * The bzImage parser: what it takes, what it refuses, and that it never looks outside the file.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include "cli/image/bzimage.c"

enum {
	CODE = 1024, /* setup_sects is 1 */
	CODE_BYTES = 1024,
	FILE_BYTES = CODE + CODE_BYTES,
	INFO = 768, /* kernel_info, from CODE */
};

static void put16(uint8_t *file, size_t at, uint16_t n)
{
	file[at] = (uint8_t)n;
	file[at + 1] = (uint8_t)(n >> 8);
}

static void put32(uint8_t *file, size_t at, uint32_t n)
{
	put16(file, at, (uint16_t)n);
	put16(file, at + 2, (uint16_t)(n >> 16));
}

static void put64(uint8_t *file, size_t at, uint64_t n)
{
	put32(file, at, (uint32_t)n);
	put32(file, at + 4, (uint32_t)(n >> 32));
}

/* The smallest file that is good. */
static void make_kernel(uint8_t file[FILE_BYTES])
{
	memset(file, 0, FILE_BYTES);
	file[SETUP_SECTS] = 1;
	put32(file, SYSSIZE, CODE_BYTES / 16);
	put16(file, BOOT_FLAG, 0xaa55);
	file[BZ_HEADER_LEN] = BZ_HEADER_MIN_END - BZ_HEADER_MAGIC;
	put32(file, BZ_HEADER_MAGIC, MAGIC_HDRS);
	put16(file, PROTOCOL, 0x20f);
	put16(file, VERSION_POINTER, 0x100);
	memcpy(file + 0x300, "6.1.0-test (builder) #1", 24);
	file[LOADFLAGS] = LOADED_HIGH;
	put32(file, INITRD_ADDR_MAX, 0x7fffffff);
	put32(file, KERNEL_ALIGNMENT, 2 << 20);
	file[RELOCATABLE] = 1;
	put16(file, XLOADFLAGS, BZ_XLF_KERNEL_64 | BZ_XLF_ABOVE_4G);
	put32(file, CMDLINE_SIZE, 2047);
	put32(file, PAYLOAD_OFFSET, 512);
	put32(file, PAYLOAD_LENGTH, 128);
	put64(file, PREF_ADDRESS, 16 << 20);
	put32(file, INIT_SIZE, (32 << 20) + 1);
	put32(file, KERNEL_INFO_OFFSET, INFO);
	put32(file, CODE + INFO, MAGIC_LTOP);
	put32(file, CODE + INFO + 4, 16);
	put32(file, CODE + INFO + 8, 32);
	put32(file, CODE + INFO + 12, BZ_TYPE_INDIRECT | 9);
}

/* Parses a copy that ends where its allocation ends, so that the sanitizer sees one byte more. */
static const char *parse(const uint8_t *file, size_t bytes, struct bzimage *bz)
{
	uint8_t *copy = malloc(bytes + !bytes);
	const char *why;

	assert_non_null(copy);
	memcpy(copy, file, bytes);
	why = bzimage_parse(bz, copy, bytes);
	free(copy);
	return why;
}

static void takes_a_good_kernel(void **state)
{
	uint8_t file[FILE_BYTES];
	struct bzimage bz;

	make_kernel(file);
	assert_null(parse(file, sizeof(file), &bz));
	assert_int_equal(bz.protocol, 0x20f);
	assert_int_equal(bz.header_end, BZ_HEADER_MIN_END);
	assert_int_equal(bz.code_offset, CODE);
	assert_int_equal(bz.code_bytes, CODE_BYTES);
	assert_int_equal(bz.align, 2 << 20);
	assert_int_equal(bz.init_bytes, (32 << 20) + 4096);
	assert_int_equal(bz.preferred_phys, 16 << 20);
	assert_int_equal(bz.initrd_addr_max, 0x7fffffff);
	assert_int_equal(bz.cmdline_max, 2047);
	assert_int_equal(bz.setup_type_max, BZ_TYPE_INDIRECT | 9);
	assert_string_equal(bz.release, "6.1.0-test");
}

static void no_setup_sectors_means_four(void **state)
{
	uint8_t file[FILE_BYTES], longer[2560 + CODE_BYTES] = { 0 };
	struct bzimage bz;

	make_kernel(file);
	memcpy(longer, file, CODE);
	memcpy(longer + 2560, file + CODE, CODE_BYTES);
	longer[SETUP_SECTS] = 0;
	assert_null(parse(longer, sizeof(longer), &bz));
	assert_int_equal(bz.code_offset, 2560);
}

struct refusal {
	size_t at;
	unsigned int bits;
	uint64_t value;
	const char *part; /* of the explanation */
};

static void refuses(const struct refusal *r)
{
	uint8_t file[FILE_BYTES];
	struct bzimage bz;
	const char *why;

	make_kernel(file);
	if (r->bits == 8)
		file[r->at] = (uint8_t)r->value;
	else if (r->bits == 16)
		put16(file, r->at, (uint16_t)r->value);
	else if (r->bits == 32)
		put32(file, r->at, (uint32_t)r->value);
	else
		put64(file, r->at, r->value);
	why = parse(file, sizeof(file), &bz);
	if (!why || !strstr(why, r->part))
		fail_msg("offset %#zx = %#llx: %s", r->at,
			 (unsigned long long)r->value, why ? why : "taken");
}

static void refuses_what_would_not_work(void **state)
{
	static const struct refusal list[] = {
		{ BOOT_FLAG, 16, 0, "not a bzImage" },
		{ BZ_HEADER_MAGIC, 32, 0x12345678, "not a bzImage" },
		{ PROTOCOL, 16, 0x20e, "2.15" },
		{ LOADFLAGS, 8, 0, "zImage" },
		{ XLOADFLAGS, 16, BZ_XLF_ABOVE_4G, "64-bit" },
		{ RELOCATABLE, 8, 0, "relocatable" },
		{ KERNEL_INFO_OFFSET, 32, 0, "kernel_info" },
		{ CODE + INFO + 12, 32, 9, "SETUP_INDIRECT" },
		{ 0 },
	};
	const struct refusal *r;

	for (r = list; r->part; r++)
		refuses(r);
}

static void refuses_what_is_damaged(void **state)
{
	static const struct refusal list[] = {
		{ BZ_HEADER_LEN, 8, 0x69, "length" },
		{ BZ_HEADER_LEN, 8, 0x8f, "length" },
		{ SETUP_SECTS, 8, 3, "truncated" },
		{ SETUP_SECTS, 8, 255, "truncated" },
		{ SYSSIZE, 32, CODE_BYTES / 16 + 1, "truncated" },
		{ SYSSIZE, 32, 0xffffffff, "truncated" },
		{ PAYLOAD_OFFSET, 32, CODE_BYTES + 1, "truncated" },
		{ PAYLOAD_LENGTH, 32, CODE_BYTES - 511, "truncated" },
		{ PAYLOAD_LENGTH, 32, 0xffffffff, "truncated" },
		{ KERNEL_ALIGNMENT, 32, 0, "alignment" },
		{ KERNEL_ALIGNMENT, 32, 0x300000, "alignment" },
		{ KERNEL_ALIGNMENT, 32, 0x80000000, "alignment" },
		{ INIT_SIZE, 32, 0, "less memory" },
		{ PREF_ADDRESS, 64, 0, "preferred" },
		{ PREF_ADDRESS, 64, ~0ULL, "preferred" },
		{ KERNEL_INFO_OFFSET, 32, CODE_BYTES - 15, "kernel_info" },
		{ KERNEL_INFO_OFFSET, 32, 0xffffffff, "kernel_info" },
		{ CODE + INFO, 32, 0, "magic" },
		{ CODE + INFO + 4, 32, 12, "size" },
		{ CODE + INFO + 8, 32, 15, "size" },
		{ CODE + INFO + 8, 32, CODE_BYTES - INFO + 1, "size" },
		{ CODE + INFO + 8, 32, 0xffffffff, "size" },
		{ 0 },
	};
	const struct refusal *r;

	for (r = list; r->part; r++)
		refuses(r);
}

static void refuses_every_truncated_file(void **state)
{
	uint8_t file[FILE_BYTES];
	struct bzimage bz;
	size_t n;

	make_kernel(file);
	for (n = 0; n < sizeof(file); n++)
		assert_non_null(parse(file, n, &bz));
}

/* The sanitizers judge; the outcome does not matter. */
static void survives_any_byte(void **state)
{
	static const uint8_t values[] = { 0, 1, 0x7f, 0x80, 0xff };
	uint8_t file[FILE_BYTES];
	struct bzimage bz;
	size_t at, i;

	make_kernel(file);
	for (at = 0; at < sizeof(file); at++) {
		uint8_t was = file[at];

		for (i = 0; i < sizeof(values); i++) {
			file[at] = values[i];
			parse(file, sizeof(file), &bz);
		}
		file[at] = was;
	}
	assert_null(parse(file, sizeof(file), &bz));
}

static void a_bad_name_is_no_name(void **state)
{
	uint8_t file[FILE_BYTES];
	struct bzimage bz;

	make_kernel(file);
	put16(file, VERSION_POINTER, 0xffff);
	assert_null(parse(file, sizeof(file), &bz));
	assert_string_equal(bz.release, "");
	put16(file, VERSION_POINTER, 0x100);
	memset(file + 0x300, 'x', 0x100);
	assert_null(parse(file, sizeof(file), &bz));
	assert_int_equal(strlen(bz.release), sizeof(bz.release) - 1);
	memcpy(file + 0x300, "6.1\033[2J", 8);
	assert_null(parse(file, sizeof(file), &bz));
	assert_string_equal(bz.release, "6.1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_a_good_kernel),
		cmocka_unit_test(no_setup_sectors_means_four),
		cmocka_unit_test(refuses_what_would_not_work),
		cmocka_unit_test(refuses_what_is_damaged),
		cmocka_unit_test(refuses_every_truncated_file),
		cmocka_unit_test(survives_any_byte),
		cmocka_unit_test(a_bad_name_is_no_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
