// SPDX-License-Identifier: GPL-2.0
#include <getopt.h>
#include <string.h>
#include <json-c/json.h>
#include <libsmartcols/libsmartcols.h>

#include "columns.h"
#include "dev.h"
#include "output.h"
#include "verbs.h"

static const char help_text[] =
	"Usage: kho list [OPTION...]\n\n"
	"List the parcels, in ascending order of their names.\n\n"
	"Options:\n"
	"  -o, --output COL,...  columns: NAME, SIZE, CREATED, CRC, ORIGIN\n"
	"  -b, --bytes           sizes in bytes\n"
	"  -n, --noheadings      no line with the names of the columns\n"
	"  -J, --json            JSON; sizes in bytes, instants in nanoseconds since 1970\n"
	"  -h, --help            this help\n\n"
	"ORIGIN is `incoming` for a parcel that came from a previous kernel, else `here`.\n\n"
	"Exit status: 0 success, 1 failure, 2 wrong usage.\n\n"
	"Examples:\n"
	"  kho list\n"
	"  kho list --noheadings -o NAME | xargs -r kho drop\n"
	"  kho list --json | jq '.parcels[].bytes'\n";

enum column {
	COLUMN_NAME,
	COLUMN_SIZE,
	COLUMN_CREATED,
	COLUMN_CRC,
	COLUMN_ORIGIN,
	NR_COLUMNS
};

static const char *const column_names[] = { "NAME", "SIZE", "CREATED", "CRC",
					    "ORIGIN" };

struct list_options {
	size_t column[COLUMNS_MAX];
	size_t nr_columns;
	bool bytes;
	bool noheadings;
	bool json;
};

static const char *origin(const struct kho_parcel_info *p)
{
	return p->flags & KHO_PARCEL_INFO_INCOMING ? "incoming" : "here";
}

static char *cell(const struct kho_parcel_info *p, size_t column, bool bytes)
{
	char buf[64];

	switch (column) {
	case COLUMN_NAME:
		return format("%.*s", (int)sizeof(p->name), p->name);
	case COLUMN_SIZE:
		if (bytes)
			return format("%llu", (unsigned long long)p->bytes);
		return format("%s", human_bytes(p->bytes, buf, sizeof(buf)));
	case COLUMN_CREATED:
		return format("%s",
			      human_time(p->created_ns, buf, sizeof(buf)));
	case COLUMN_CRC:
		return format("%08x", p->crc);
	default:
		return format("%s", origin(p));
	}
}

static void add_line(struct libscols_table *table,
		     const struct kho_parcel_info *p,
		     const struct list_options *opt)
{
	struct libscols_line *line = need(scols_table_new_line(table, NULL));
	size_t i;

	for (i = 0; i < opt->nr_columns; i++)
		scols_line_refer_data(line, i,
				      cell(p, opt->column[i], opt->bytes));
}

static int print_table(const struct kho_parcel_info *list, u32 nr,
		       const struct list_options *opt)
{
	struct libscols_table *table = need(scols_new_table());
	u32 row;
	size_t i;
	int err;

	scols_table_enable_noheadings(table, opt->noheadings);
	for (i = 0; i < opt->nr_columns; i++)
		need(scols_table_new_column(
			table, column_names[opt->column[i]], 0,
			opt->column[i] == COLUMN_SIZE ? SCOLS_FL_RIGHT : 0));
	for (row = 0; row < nr; row++)
		add_line(table, &list[row], opt);
	err = nr ? scols_print_table(table) : 0;
	scols_unref_table(table);
	return err ? EXIT_FAILED : finish_output();
}

static int print_json(const struct kho_parcel_info *list, u32 nr)
{
	struct json_object *root = json_object_new_object(),
			   *rows = json_object_new_array();
	char crc[16];
	u32 i;

	json_object_object_add(root, "parcels", rows);
	for (i = 0; i < nr; i++) {
		struct json_object *o = json_object_new_object();
		int len = (int)strnlen(list[i].name, sizeof(list[i].name));

		snprintf(crc, sizeof(crc), "%08x", list[i].crc);
		json_object_object_add(o, "name",
				       json_object_new_string_len(list[i].name,
								  len));
		json_object_object_add(o, "bytes",
				       json_object_new_uint64(list[i].bytes));
		json_object_object_add(
			o, "created-ns",
			json_object_new_uint64(list[i].created_ns));
		json_object_object_add(o, "crc32c",
				       json_object_new_string(crc));
		json_object_object_add(
			o, "origin", json_object_new_string(origin(&list[i])));
		json_object_array_add(rows, o);
	}
	output_json(root);
	return finish_output();
}

static int print(int fd, const struct list_options *opt)
{
	autofree struct kho_parcel_info *parcels = NULL;
	u32 nr = 0;
	int err = dev_parcel_list(fd, &parcels, &nr);

	if (err) {
		say("the parcels cannot be listed (%s); see the kernel log.",
		    strerror(-err));
		return EXIT_FAILED;
	}
	return opt->json ? print_json(parcels, nr) :
			   print_table(parcels, nr, opt);
}

static int list(const struct list_options *opt)
{
	autoclose int fd = dev_open_or_say();

	return fd < 0 ? EXIT_FAILED : print(fd, opt);
}

static bool take_columns(struct list_options *opt, const char *text)
{
	const char *bad;

	opt->nr_columns = columns_parse(text, column_names, NR_COLUMNS,
					opt->column, &bad);
	if (!opt->nr_columns)
		say("there is no column '%.*s'; there are NAME, SIZE, CREATED, CRC and ORIGIN.",
		    (int)strcspn(bad, ","), bad);
	return opt->nr_columns;
}

static bool take_option(struct list_options *opt, int c)
{
	switch (c) {
	case 'o':
		return take_columns(opt, optarg);
	case 'b':
		opt->bytes = true;
		return true;
	case 'n':
		opt->noheadings = true;
		return true;
	case 'J':
		opt->json = true;
		return true;
	default:
		return false;
	}
}

int verb_list(int argc, char **argv)
{
	static const struct option options[] = {
		{ "output", required_argument, NULL, 'o' },
		{ "bytes", no_argument, NULL, 'b' },
		{ "noheadings", no_argument, NULL, 'n' },
		{ "json", no_argument, NULL, 'J' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	struct list_options opt = {
		.column = { COLUMN_NAME, COLUMN_SIZE, COLUMN_CREATED,
			    COLUMN_CRC, COLUMN_ORIGIN },
		.nr_columns = NR_COLUMNS,
	};
	int c;

	while ((c = getopt_long(argc, argv, "o:bnJh", options, NULL)) != -1) {
		if (c == 'h')
			return show_help(help_text);
		if (!take_option(&opt, c))
			return usage_error("list");
	}
	if (optind != argc) {
		say("list takes no argument, but there is '%s'.", argv[optind]);
		return usage_error("list");
	}
	return list(&opt);
}
