// SPDX-License-Identifier: GPL-2.0
/*
 * From a command line to a verb; columns; sizes. test_cli_usage.c goes on from there.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "cli/base/exitcode.c"
#include "cli/base/util.c"
#include "cli/verbs/verbs.c"
#include "cli/base/columns.c"

static void translates(const char *from, const char *to)
{
	autofree char *copy = need(strdup(from)), *result = need(strdup(""));
	char *argv[16] = { "kho" }, *save = NULL, *word;
	int argc = 1, i;

	for (word = strtok_r(copy, " ", &save); word;
	     word = strtok_r(NULL, " ", &save))
		argv[argc++] = word;
	verbs_translate(argc, argv);
	for (i = 1; i < argc; i++) {
		char *longer =
			format("%s%s%s", result, i > 1 ? " " : "", argv[i]);

		free(result);
		result = longer;
	}
	assert_string_equal(result, to);
}

static void understands_kexec(void **state)
{
	translates("-l vmlinuz --initrd=x", "load vmlinuz --initrd=x");
	translates("--load vmlinuz", "load vmlinuz");
	translates("--initrd=x -l vmlinuz", "load --initrd=x vmlinuz");
	translates("-e", "exec");
	translates("-u", "unload");
	translates("--status", "status");
}

static void leaves_everything_else_alone(void **state)
{
	translates("", "");
	translates("put -l", "put -l");
	translates("--help", "--help");
	translates("--x -- -l", "--x -- -l");
}

static int nothing(int argc, char **argv)
{
	return 0;
}

static void finds_verbs_by_their_whole_name(void **state)
{
	const struct verb table[] = {
		{ "load", "", nothing },
		{ "list", "", nothing },
		{ NULL, NULL, NULL },
	};

	assert_ptr_equal(verb_find(table, "list"), &table[1]);
	assert_null(verb_find(table, "lis"));
	assert_null(verb_find(table, "lists"));
	assert_null(verb_find(table, ""));
}

static const char *const known[] = { "NAME", "SIZE", "CRC" };

static void parses_columns(void **state)
{
	size_t column[COLUMNS_MAX];
	const char *bad;

	assert_int_equal(columns_parse("size,NAME", known, 3, column, &bad), 2);
	assert_int_equal(column[0], 1);
	assert_int_equal(column[1], 0);
}

static void refuses_unknown_columns(void **state)
{
	size_t column[COLUMNS_MAX];
	const char *bad;

	assert_int_equal(columns_parse("NAME,FOO", known, 3, column, &bad), 0);
	assert_string_equal(bad, "FOO");
	assert_int_equal(columns_parse("", known, 3, column, &bad), 0);
	assert_int_equal(columns_parse("NAME,", known, 3, column, &bad), 0);
	assert_int_equal(columns_parse("S", known, 3, column, &bad), 0);
	assert_int_equal(
		columns_parse("CRC,CRC,CRC,CRC,CRC,CRC,CRC,CRC,CRC,CRC,"
			      "CRC,CRC,CRC,CRC,CRC,CRC,CRC",
			      known, 3, column, &bad),
		0);
}

static void sizes_read_well(void **state)
{
	char buf[32];

	assert_string_equal(human_bytes(0, buf, sizeof(buf)), "0 bytes");
	assert_string_equal(human_bytes(1, buf, sizeof(buf)), "1 byte");
	assert_string_equal(human_bytes(1023, buf, sizeof(buf)), "1023 bytes");
	assert_string_equal(human_bytes(1536, buf, sizeof(buf)), "1.5 KiB");
	assert_string_equal(human_bytes(5ULL << 30, buf, sizeof(buf)),
			    "5.0 GiB");
	assert_string_equal(human_bytes(UINT64_MAX, buf, sizeof(buf)),
			    "16.0 EiB");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(understands_kexec),
		cmocka_unit_test(leaves_everything_else_alone),
		cmocka_unit_test(finds_verbs_by_their_whole_name),
		cmocka_unit_test(parses_columns),
		cmocka_unit_test(refuses_unknown_columns),
		cmocka_unit_test(sizes_read_well),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
