// SPDX-License-Identifier: GPL-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ctype.h>
#include <regex.h>
#include <stdlib.h>

#include "core/scratch_spec.h"
#include "testmem.h"

typedef unsigned __int128 u128;

#define KIB 1024ULL
#define MIB (KIB * KIB)
#define GIB (KIB * MIB)
/* What strtoull() reads whole, in the notation of patterns. */
#define SIZE "(0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)[KMGTPEkmgtpe]?"

static void expect_sizes(const char *text, u64 low, u64 global, u64 node)
{
	struct kho_scratch_spec spec;

	assert_int_equal(kho_scratch_spec_parse(&spec, text), 0);
	assert_int_equal(spec.low_bytes, low);
	assert_int_equal(spec.global_bytes, global);
	assert_int_equal(spec.node_bytes, node);
	assert_int_equal(spec.percent, 0);
}

static void expect_percent(const char *text, u32 percent)
{
	struct kho_scratch_spec spec;

	assert_int_equal(kho_scratch_spec_parse(&spec, text), 0);
	assert_int_equal(spec.percent, percent);
	assert_int_equal(spec.low_bytes, 0);
	assert_int_equal(spec.global_bytes, 0);
	assert_int_equal(spec.node_bytes, 0);
}

static void expect_error(const char *text, int err)
{
	struct kho_scratch_spec spec = { 1, 2, 3, 4 };

	assert_int_equal(kho_scratch_spec_parse(&spec, text), err);
	assert_int_equal(spec.low_bytes, 1);
	assert_int_equal(spec.global_bytes, 2);
	assert_int_equal(spec.node_bytes, 3);
	assert_int_equal(spec.percent, 4);
}

static void takes_three_sizes(void **state)
{
	expect_sizes("16M,512M,256M", 16 * MIB, 512 * MIB, 256 * MIB);
	expect_sizes("1g,2048k,3", GIB, 2 * MIB, 3);
	expect_sizes("0x10M,010,0", 16 * MIB, 8, 0);
	expect_sizes("0,0,1", 0, 0, 1);
	expect_sizes("1T,0x1p,8E", KIB * GIB, MIB * GIB, 8 * GIB * GIB);
	expect_sizes("0XfF,0,0", 255, 0, 0);
	expect_sizes("18446744073709551615,0,0", UINT64_MAX, 0, 0);
	/* 0xE is a number, not 0x with a suffix. */
	expect_sizes("0xE,1,1", 14, 1, 1);
}

static void takes_a_percentage(void **state)
{
	expect_percent("200%", 200);
	expect_percent("+7%", 7);
	expect_percent("010%", 10);
	expect_percent("4294967295%", UINT32_MAX);
}

static void refuses_what_is_neither(void **state)
{
	static const char *const bad[] = {
		"",	   ",",	      "1",
		"1,2",	   "1,2,",    "1,2,3,",
		"1,2,3,4", "0,0,0",   "0K,0,0x0",
		"1,,2",	   " 1,2,3",  "1,2,3 ",
		"1, 2,3",  "-1,2,3",  "+1,2,3",
		"1KK,2,3", "1B,2,3",  "08,1,1",
		"0x,1,1",  "K,1,1",   "1;2;3",
		"1,2,3\n", "1,2,3M%", "%",
		"+%",	   "0%",      "-1%",
		"1 %",	   "0x10%",   "1.5%",
		"1%%",	   "10",      "00000000001%",
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++)
		expect_error(bad[i], -EINVAL);
}

static void refuses_what_does_not_fit(void **state)
{
	expect_error("18446744073709551616,0,0", -ERANGE);
	expect_error("16E,0,0", -ERANGE);
	expect_error("0x10000000000000000,1,1", -ERANGE);
	expect_error("18446744073709551615,1,0", -ERANGE);
	expect_error("8E,8E,0", -ERANGE);
	expect_error("4294967296%", -ERANGE);
}

/* ---- against another reader: a pattern for the form, and strtoull() for values ---- */

static bool matches(const char *pattern, const char *text)
{
	regex_t re;
	int no;

	assert_int_equal(regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB), 0);
	no = regexec(&re, text, 0, NULL, 0);
	regfree(&re);
	return !no;
}

/* Adds the size at *@at to @total. Return: false if it does not fit. */
static bool naive_size(u128 *total, u64 *size, char **at)
{
	static const char letters[] = "KMGTPE";
	const char *letter;
	u128 value;

	errno = 0;
	value = strtoull(*at, at, 0);
	if (errno)
		return false;
	letter = **at ? strchr(letters, toupper(**at)) : NULL;
	if (letter) {
		++*at;
		value <<= 10 * (letter - letters + 1);
	}
	*size = (u64)value;
	*total += value;
	return value <= UINT64_MAX;
}

static int naive_sizes(struct kho_scratch_spec *spec, const char *text)
{
	u128 total = 0;
	char *at = (char *)text;

	if (!matches("^" SIZE "," SIZE "," SIZE "$", text))
		return -EINVAL;
	if (!naive_size(&total, &spec->low_bytes, &at))
		return -ERANGE;
	at++;
	if (!naive_size(&total, &spec->global_bytes, &at))
		return -ERANGE;
	at++;
	if (!naive_size(&total, &spec->node_bytes, &at) || total > UINT64_MAX)
		return -ERANGE;
	return total ? 0 : -EINVAL;
}

static int naive_parse(struct kho_scratch_spec *spec, const char *text)
{
	unsigned long long percent;

	memset(spec, 0, sizeof(*spec));
	if (!matches("%$", text))
		return naive_sizes(spec, text);
	if (!matches("^[+]?[0-9]+%$", text) || strlen(text) > 11)
		return -EINVAL;
	percent = strtoull(text, NULL, 10);
	spec->percent = (u32)percent;
	return percent > UINT32_MAX ? -ERANGE : percent ? 0 : -EINVAL;
}

/* Text that is often right, and otherwise nearly so. */
static void random_text(struct testrand *r, char *text)
{
	static const char *const word[] = {
		"0",	"1",	 "7",	       "8",
		"9",	"12",	 "345",	       "0x",
		"0X1f", "aE",	 "K",	       "m",
		"G",	"t",	 "P",	       "e",
		",",	",",	 ",",	       ",",
		"%",	"%",	 "+",	       "-",
		" ",	"00",	 "4294967295", "18446744073709551615",
		"1M,",	"2G,0,", "0,",	       "017",
	};
	unsigned int n = 1 + testrand_next(r) % 8;

	text[0] = 0;
	while (n--)
		strcat(text, word[testrand_next(r) % ARRAY_SIZE(word)]);
}

static void agrees_with_another_reader(void **state)
{
	struct kho_scratch_spec ours, theirs;
	struct testrand r = { 41 };
	unsigned int i, good = 0;
	char text[256];

	for (i = 0; i < 60000; i++) {
		int err, expected;

		random_text(&r, text);
		err = kho_scratch_spec_parse(&ours, text);
		expected = naive_parse(&theirs, text);
		/* Text with both faults may be refused for either. */
		if (!err != !expected ||
		    (expected == -ERANGE && err != -ERANGE))
			fail_msg("\"%s\": %d, not %d", text, err, expected);
		if (err)
			continue;
		good++;
		assert_memory_equal(&ours, &theirs, sizeof(ours));
	}
	assert_true(good > 300);
}

static void parts_are_exact(void **state)
{
	struct testrand r = { 42 };
	unsigned int i;

	assert_int_equal(kho_scratch_spec_part(0, 200), 0);
	assert_int_equal(kho_scratch_spec_part(150, 1), 1);
	assert_int_equal(kho_scratch_spec_part(UINT64_MAX, 100), UINT64_MAX);
	assert_int_equal(kho_scratch_spec_part(UINT64_MAX, 101), UINT64_MAX);
	assert_int_equal(kho_scratch_spec_part(UINT64_MAX, 0), 0);
	for (i = 0; i < 100000; i++) {
		u64 bytes = testrand_next(&r) >> testrand_next(&r) % 64;
		u32 percent = (u32)testrand_next(&r) >> testrand_next(&r) % 32;
		u128 part = (u128)bytes * percent / 100;

		assert_int_equal(kho_scratch_spec_part(bytes, percent),
				 part > UINT64_MAX ? UINT64_MAX : (u64)part);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_three_sizes),
		cmocka_unit_test(takes_a_percentage),
		cmocka_unit_test(refuses_what_is_neither),
		cmocka_unit_test(refuses_what_does_not_fit),
		cmocka_unit_test(agrees_with_another_reader),
		cmocka_unit_test(parts_are_exact),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
