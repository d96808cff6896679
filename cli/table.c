// SPDX-License-Identifier: GPL-2.0
#include "table.h"

#include <string.h>
#include <libsmartcols/libsmartcols.h>

#include "util.h"
#include "verbs.h"

bool table_take(struct table *t, int c, const char *arg)
{
	const char *bad;

	if (c != 'o' && c != 'n')
		return false;
	t->wanted = true;
	if (c == 'n') {
		t->noheadings = true;
		return true;
	}
	t->nr_columns =
		columns_parse(arg, t->names, t->nr_names, t->column, &bad);
	if (!t->nr_columns)
		say("there is no column '%.*s'; `kho %s --help` lists them.",
		    (int)strcspn(bad, ","), bad, t->verb);
	return t->nr_columns;
}

static size_t column_of(const struct table *t, size_t i)
{
	return t->nr_columns ? t->column[i] : i;
}

int table_print(const struct table *t, const void *data, size_t nr_rows)
{
	struct libscols_table *table = need(scols_new_table());
	size_t nr = t->nr_columns ? t->nr_columns : t->nr_names, row, i;
	int err = 0;

	scols_table_enable_noheadings(table, t->noheadings);
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
	if (nr_rows)
		err = scols_print_table(table);
	scols_unref_table(table);
	if (err) {
		say("the table could not be printed.");
		return EXIT_FAILED;
	}
	return finish_output();
}
