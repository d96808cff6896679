/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The one way to print a table, and the options -o, -n, -r and -P, which ask for one.
 */
#ifndef KHO_CLI_TABLE_H
#define KHO_CLI_TABLE_H

#include <stdbool.h>

#include "cli/base/columns.h"

/* For getopt_long(); what it returns goes to table_take(). */
#define TABLE_OPTIONS                                     \
	{ "output", required_argument, NULL, 'o' },       \
		{ "noheadings", no_argument, NULL, 'n' }, \
		{ "raw", no_argument, NULL, 'r' },        \
	{                                                 \
		"pairs", no_argument, NULL, 'P'           \
	}
#define TABLE_LETTERS "o:nrP"
#define TABLE_HELP                                                            \
	"  -r, --raw             a table with one blank between cells, and "  \
	"\\x20 for those inside\n"                                            \
	"  -P, --pairs           COLUMN=\"value\" for each cell, to be read " \
	"by a shell\n"

/**
 * struct table - what to print
 * @verb: whose table it is, for messages
 * @names: of all columns
 * @nr_names: how many
 * @numbers: those that are aligned to the right, as bits
 * @cell: text of a cell, to be freed
 * @wanted: the user asked for it
 * @noheadings: without the names of the columns
 * @raw: cells with one blank between them, what is in them escaped
 * @pairs: NAME="value" of each cell
 * @column: those to print; all if there is none
 * @nr_columns: how many
 */
struct table {
	const char *verb;
	const char *const *names;
	size_t nr_names;
	unsigned int numbers;
	char *(*cell)(const void *data, size_t row, size_t column);
	bool wanted;
	bool noheadings;
	bool raw;
	bool pairs;
	size_t column[COLUMNS_MAX];
	size_t nr_columns;
};

/**
 * table_take() - take an option of getopt
 * @t: table
 * @c: 'o', 'n', 'r' or 'P'; others are refused
 * @arg: argument of the option
 *
 * Return: whether it was taken; if a column is not known, that has been said.
 */
bool table_take(struct table *t, int c, const char *arg);

/**
 * table_or_json() - refuse what cannot be both
 * @t: table
 * @json: JSON is asked for
 *
 * Return: false if a table is asked for too, after saying so.
 */
bool table_or_json(const struct table *t, bool json);

/**
 * table_print() - print it
 * @t: table
 * @data: for @cell
 * @nr_rows: rows of @data; nothing is printed if there is none
 *
 * Return: EXIT_OK, or EXIT_FAILED after saying why.
 */
int table_print(const struct table *t, const void *data, size_t nr_rows);

/**
 * table_print_indented() - print it as a part of a longer text
 * @t: table
 * @data: for @cell
 * @nr_rows: rows of @data
 * @indent: spaces before each line
 */
void table_print_indented(const struct table *t, const void *data,
			  size_t nr_rows, int indent);

#endif /* KHO_CLI_TABLE_H */
