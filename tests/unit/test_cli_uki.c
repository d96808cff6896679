// SPDX-License-Identifier: GPL-2.0
/*
 * Unified kernel images: the parts that are taken, and what is refused of damaged ones.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "cli/image/pe.c"
#include "cli/image/uki.c"
#include "cli/base/util.c"

enum {
	PE_AT = 0x80,
	OPTIONAL = 0xf0,
	SECTIONS_AT = PE_AT + PE_BYTES + OPTIONAL,
	FILE_BYTES = 4096,
};

static u8 file[FILE_BYTES];
static unsigned int nr;
static size_t bytes;

static void put32(size_t at, u32 n)
{
	memcpy(file + at, &n, sizeof(n));
}

static void start(void)
{
	memset(file, 0, sizeof(file));
	memcpy(file, "MZ", 2);
	put32(DOS_PE_OFFSET, PE_AT);
	memcpy(file + PE_AT, "PE\0\0", 4);
	file[PE_AT + PE_OPTIONAL_BYTES] = OPTIONAL;
	nr = 0;
	bytes = 2048;
}

static size_t header(unsigned int section)
{
	return SECTIONS_AT + section * SECTION_BYTES;
}

/* What is in the file is padded to 16 bytes, as tools do to 512. */
static void add(const char *name, const char *content, size_t len)
{
	size_t at = header(nr++);

	memcpy(file + at, name, strnlen(name, SECTION_NAME));
	put32(at + SECTION_VIRTUAL_BYTES, (u32)len);
	put32(at + SECTION_RAW_BYTES, (u32)round_up_to(len, 16));
	put32(at + SECTION_RAW_AT, (u32)bytes);
	memcpy(file + bytes, content, len);
	bytes += round_up_to(len, 16);
	file[PE_AT + PE_NR_SECTIONS] = (u8)nr;
}

#define ADD(name, text) add(name, text, strlen(text))

static void make(void)
{
	start();
	ADD(".text", "stub");
	ADD(".osrel", "ID=test");
	ADD(".cmdline", "root=/dev/vda1\nquiet\n");
	ADD(".ucode", "micro");
	ADD(".initrd", "ramdisk");
	ADD(".linux", "kernel");
}

/* A copy that ends where its allocation ends. */
static enum uki_kind parse(size_t n, struct uki *u, const char **why)
{
	u8 *copy = need(malloc(n + !n));
	enum uki_kind kind;

	memcpy(copy, file, n);
	kind = uki_parse(u, copy, n, why);
	free(copy);
	return kind;
}

static void want(enum uki_kind wanted, const char *words)
{
	const char *why = NULL;
	struct uki u;

	assert_int_equal(parse(bytes, &u, &why), wanted);
	if (wanted == UKI_DAMAGED)
		assert_non_null(strstr(why, words));
}

static void takes_its_parts(void **state)
{
	struct uki u;
	struct blob initrd;
	const char *why;
	char *line;

	make();
	assert_int_equal(uki_parse(&u, file, bytes, &why), UKI_GOOD);
	assert_int_equal(u.part[UKI_LINUX].bytes, 6);
	assert_memory_equal(file + u.part[UKI_LINUX].at, "kernel", 6);
	uki_initrd(&u, file, &initrd);
	assert_int_equal(initrd.bytes, 15);
	assert_memory_equal(initrd.data, "micro\0\0\0ramdisk", 15);
	blob_free(&initrd);
	line = uki_cmdline(&u, file);
	assert_string_equal(line, "root=/dev/vda1 quiet");
	free(line);
}

static void needs_nothing_but_a_kernel(void **state)
{
	struct uki u;
	struct blob initrd;
	const char *why;

	start();
	ADD(".linux", "kernel");
	ADD(".cmdline", "\n");
	assert_int_equal(uki_parse(&u, file, bytes, &why), UKI_GOOD);
	uki_initrd(&u, file, &initrd);
	assert_int_equal(initrd.bytes, 0);
	assert_null(uki_cmdline(&u, file));
}

static void leaves_other_files_alone(void **state)
{
	start();
	want(UKI_NONE, NULL);
	ADD(".text", "stub");
	ADD(".linuxx", "kernel");
	want(UKI_NONE, NULL);
	make();
	file[0] = 'm';
	want(UKI_NONE, NULL);
	make();
	file[PE_AT] = 'p';
	want(UKI_NONE, NULL);
	make();
	put32(DOS_PE_OFFSET, 0xfffffff0);
	want(UKI_NONE, NULL);
}

static void takes_the_first_profile(void **state)
{
	struct uki u;
	const char *why;
	char *line;

	make();
	ADD(".profile", "ID=one");
	ADD(".cmdline", "one");
	ADD(".profile", "ID=two");
	ADD(".cmdline", "two");
	ADD(".cmdline", "more");
	assert_int_equal(uki_parse(&u, file, bytes, &why), UKI_GOOD);
	line = uki_cmdline(&u, file);
	assert_string_equal(line, "one");
	free(line);
	assert_memory_equal(file + u.part[UKI_LINUX].at, "kernel", 6);
}

static void refuses_what_is_damaged(void **state)
{
	make();
	ADD(".linux", "again");
	want(UKI_DAMAGED, "twice");
	start();
	ADD(".linux", "");
	want(UKI_DAMAGED, "no kernel");
	make();
	put32(header(4) + SECTION_VIRTUAL_BYTES, 1000);
	want(UKI_DAMAGED, "longer");
	make();
	put32(header(4) + SECTION_RAW_AT, 0xfffffff0);
	want(UKI_DAMAGED, "too early");
	make();
	put32(header(4) + SECTION_RAW_BYTES, 0xffffffff);
	want(UKI_DAMAGED, "too early");
	make();
	memcpy(file + header(4) + SECTION_RAW_AT,
	       file + header(5) + SECTION_RAW_AT, 4);
	want(UKI_DAMAGED, "overlap");
}

/* Cut anywhere it is damaged, or cannot be known for what it was. */
static void never_looks_outside(void **state)
{
	const char *why;
	struct uki u;
	size_t n;

	make();
	for (n = 0; n < bytes; n++)
		assert_int_not_equal(parse(n, &u, &why), UKI_GOOD);
	assert_int_equal(parse(bytes, &u, &why), UKI_GOOD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_its_parts),
		cmocka_unit_test(needs_nothing_but_a_kernel),
		cmocka_unit_test(leaves_other_files_alone),
		cmocka_unit_test(takes_the_first_profile),
		cmocka_unit_test(refuses_what_is_damaged),
		cmocka_unit_test(never_looks_outside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
