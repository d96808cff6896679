// SPDX-License-Identifier: GPL-2.0
/* The one way to print a table. */
#include "cli/base/table.h"

#include <string.h>
#include <libsmartcols/libsmartcols.h>

#include "cli/base/exitcode.h"
#include "cli/base/util.h"

bool table_take(struct table *t, int c, const char *arg)
{
	const char *bad;

	if (c != 'o' && c != 'n' && c != 'r' && c != 'P')
		return false;
	t->wanted = true;
	t->noheadings |= c == 'n';
	t->raw |= c == 'r';
	t->pairs |= c == 'P';
	if (c != 'o')
		return true;
	t->nr_columns =
		columns_parse(arg, t->names, t->nr_names, t->column, &bad);
	if (!t->nr_columns)
		say("there is no column '%.*s'; `kho %s --help` lists them.",
		    (int)strcspn(bad, ","), bad, t->verb);
	return t->nr_columns;
}

bool table_or_json(const struct table *t, bool json)
{
	if (t->raw && t->pairs) {
		say("--raw and --pairs exclude each other.");
		return false;
	}
	if (!t->wanted || !json)
		return true;
	say("--json has all columns and their names; leave out --output, --noheadings, --raw and --pairs.");
	return false;
}

static size_t column_of(const struct table *t, size_t i)
{
	return t->nr_columns ? t->column[i] : i;
}

static struct libscols_table *fill(const struct table *t, const void *data,
				   size_t nr_rows)
{
	struct libscols_table *table = need(scols_new_table());
	size_t nr = t->nr_columns ? t->nr_columns : t->nr_names, row, i;

	scols_table_enable_noheadings(table, t->noheadings);
	scols_table_enable_raw(table, t->raw);
	scols_table_enable_export(table, t->pairs);
	for (i = 0; i < nr; i++) {
		size_t column = column_of(t, i);

		need(scols_table_new_column(
			table, t->names[column], 0,
			t->numbers & 1U << column ? SCOLS_FL_RIGHT : 0));
	}
	for (row = 0; row < nr_rows; row++) {
		struct libscols_line *line =
			need(scols_table_new_line(table, NULL));

		for (i = 0; i < nr; i++)
			scols_line_refer_data(
				line, i, t->cell(data, row, column_of(t, i)));
	}
	return table;
}

int table_print(const struct table *t, const void *data, size_t nr_rows)
{
	struct libscols_table *table = fill(t, data, nr_rows);
	int err = nr_rows ? scols_print_table(table) : 0;

	scols_unref_table(table);
	if (err) {
		say("the table could not be printed.");
		return EXIT_FAILED;
	}
	return finish_output();
}

void table_print_indented(const struct table *t, const void *data,
			  size_t nr_rows, int indent)
{
	struct libscols_table *table = fill(t, data, nr_rows);
	char *text = NULL, *line, *rest;

	if (nr_rows && !scols_print_table_to_string(table, &text)) {
		rest = text;
		while ((line = strsep(&rest, "\n")) && *line)
			printf("%*s%s\n", indent, "", line);
	}
	free(text);
	scols_unref_table(table);
}
