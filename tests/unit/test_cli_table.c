// SPDX-License-Identifier: GPL-2.0
/*
 * Tables of the tool: columns are those that were asked for, in that order, and unknown ones are
 * refused.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "cli/base/columns.c"
#include "cli/base/table.c"
#include "cli/base/exitcode.c"
#include "cli/base/util.c"
#include "cli/verbs/verbs.c"

static const char *const names[] = { "NAME", "SIZE", "PLACE" };

static char *cell(const void *data, size_t row, size_t column)
{
	return format("%s%zu%zu", (const char *)data, row, column);
}

static struct table new_table(void)
{
	return (struct table){
		.verb = "test", .names = names, .nr_names = 3, .cell = cell
	};
}

/* What table_print() writes to the standard output. */
static void assert_printed(const struct table *t, size_t nr_rows,
			   const char *wanted)
{
	int saved = dup(STDOUT_FILENO);
	char text[512] = "";
	FILE *f = tmpfile();
	int code;

	assert_non_null(f);
	fflush(stdout);
	dup2(fileno(f), STDOUT_FILENO);
	code = table_print(t, "c", nr_rows);
	dup2(saved, STDOUT_FILENO);
	close(saved);
	rewind(f);
	text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
	fclose(f);
	assert_int_equal(code, EXIT_OK);
	assert_string_equal(text, wanted);
}

static void prints_what_was_asked_for(void **state)
{
	struct table t = new_table();

	assert_printed(&t, 2,
		       "NAME SIZE PLACE\nc00  c01  c02\nc10  c11  c12\n");
	assert_false(t.wanted);
	assert_true(table_take(&t, 'n', NULL));
	assert_true(t.wanted);
	/* The names count for the widths all the same. */
	assert_printed(&t, 1, "c00  c01  c02\n");
	assert_true(table_take(&t, 'o', "place,NAME"));
	assert_printed(&t, 2, "c02   c00\nc12   c10\n");
	assert_printed(&t, 0, "");
}

static void prints_for_programs(void **state)
{
	struct table t = new_table();

	assert_true(table_take(&t, 'r', NULL));
	assert_printed(&t, 1, "NAME SIZE PLACE\nc00 c01 c02\n");
	assert_true(table_or_json(&t, false));
	assert_true(table_take(&t, 'P', NULL));
	assert_false(table_or_json(&t, false));
	t = new_table();
	assert_true(table_take(&t, 'P', NULL));
	assert_true(table_take(&t, 'o', "+name"));
	assert_printed(
		&t, 1,
		"NAME=\"c00\" SIZE=\"c01\" PLACE=\"c02\" NAME=\"c00\"\n");
	assert_false(table_take(&t, 'o', "+colour"));
}

static void refuses_what_there_is_not(void **state)
{
	struct table t = new_table();

	assert_false(table_take(&t, 'o', "NAME,COLOUR"));
	assert_false(table_take(&t, 'o', ""));
	t = new_table();
	assert_false(table_take(&t, 'J', NULL));
	assert_false(t.wanted);
	assert_true(table_or_json(&t, true));
	assert_true(table_take(&t, 'n', NULL));
	assert_true(table_or_json(&t, false));
	assert_false(table_or_json(&t, true));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(prints_what_was_asked_for),
		cmocka_unit_test(prints_for_programs),
		cmocka_unit_test(refuses_what_there_is_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
