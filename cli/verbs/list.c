// SPDX-License-Identifier: GPL-2.0
/* kho list: list parcels, regions and trees. */
#include <getopt.h>
#include <string.h>
#include <json-c/json.h>

#include "cli/base/dev.h"
#include "cli/base/keptdev.h"
#include "cli/base/output.h"
#include "cli/base/printable.h"
#include "cli/base/table.h"
#include "cli/verbs/verbs.h"

static const char help_text[] =
	"Usage: kho list [OPTION...]\n\n"
	"List parcels, regions and trees, in ascending order of their names.\n\n"
	"Options:\n"
	"  -o, --output COL,...  columns: NAME, TYPE, SIZE, CREATED, CRC, ORIGIN, ADDRESS, STATE,\n"
	"                        FILES\n"
	"  -b, --bytes           sizes in bytes\n"
	"  -n, --noheadings      no line with the names of the columns\n" TABLE_HELP
	"  -J, --json            JSON; sizes in bytes, instants in nanoseconds since 1970\n"
	"  -h, --help            this help\n\n"
	"TYPE is `parcel` (kho put), `region` (kho reserve) or `tree` (kho keep). ORIGIN is `incoming`\n"
	"for what came from a previous kernel, else `here`. ADDRESS is a region's physical address.\n"
	"STATE of a tree is `kept`, or of one that came in `waiting`, `begun` (restored in part),\n"
	"`refused` or `lost`. FILES are a tree's; of one that is kept, all inodes of its file system,\n"
	"and SIZE is that of the file system.\n\n"
	"Exit status: 0 success, 1 failure, 2 wrong usage, 6 not permitted.\n\n"
	"Examples:\n"
	"  kho list\n"
	"  kho list --noheadings -o TYPE,NAME\n"
	"  kho list --json | jq '.parcels[].bytes, .regions[].address'\n";

enum column {
	COLUMN_NAME,
	COLUMN_TYPE,
	COLUMN_SIZE,
	COLUMN_CREATED,
	COLUMN_CRC,
	COLUMN_ORIGIN,
	COLUMN_ADDRESS,
	COLUMN_STATE,
	COLUMN_FILES,
	NR_COLUMNS
};

static const char *const column_names[] = { "NAME",    "TYPE",	"SIZE",
					    "CREATED", "CRC",	"ORIGIN",
					    "ADDRESS", "STATE", "FILES" };

struct list_options {
	struct table table;
	bool bytes;
	bool json;
};

/* What there is. */
struct inventory {
	struct kho_parcel_info *parcel;
	u32 nr_parcels;
	struct kho_region_info *region;
	u32 nr_regions;
	struct kept_list trees;
};

/* One line of the table: a parcel, or else a region, or else a tree. */
struct row {
	const struct kho_parcel_info *parcel;
	const struct kho_region_info *region;
	const struct kept_info *tree;
};

struct rows {
	struct row *row;
	size_t nr;
	bool bytes; /* not in larger units */
};

static const char *row_name(const struct row *row)
{
	if (row->tree)
		return row->tree->name;
	return row->parcel ? row->parcel->name : row->region->name;
}

static u64 row_bytes(const struct row *row)
{
	if (row->tree)
		return row->tree->bytes;
	return row->parcel ? row->parcel->bytes : row->region->bytes;
}

static const char *origin(bool incoming)
{
	return incoming ? "incoming" : "here";
}

static bool parcel_incoming(const struct kho_parcel_info *p)
{
	return p->flags & KHO_PARCEL_INFO_INCOMING;
}

static bool region_incoming(const struct kho_region_info *r)
{
	return r->flags & KHO_REGION_INFO_INCOMING;
}

static char *parcel_cell(const struct kho_parcel_info *p, size_t column)
{
	char buf[64];

	switch (column) {
	case COLUMN_TYPE:
		return format("parcel");
	case COLUMN_CREATED:
		return format("%s",
			      human_time(p->created_ns, buf, sizeof(buf)));
	case COLUMN_CRC:
		return format("%08x", p->crc);
	case COLUMN_ORIGIN:
		return format("%s", origin(parcel_incoming(p)));
	default:
		return format("-");
	}
}

static char *region_cell(const struct kho_region_info *r, size_t column)
{
	switch (column) {
	case COLUMN_TYPE:
		return format("region");
	case COLUMN_ORIGIN:
		return format("%s", origin(region_incoming(r)));
	case COLUMN_ADDRESS:
		return format("0x%llx", (unsigned long long)r->phys);
	default:
		return format("-");
	}
}

static char *tree_cell(const struct kept_info *t, size_t column)
{
	char buf[64];

	switch (column) {
	case COLUMN_TYPE:
		return format("tree");
	case COLUMN_CREATED:
		return format("%s", human_time(t->kept_ns, buf, sizeof(buf)));
	case COLUMN_ORIGIN:
		return format("%s", origin(t->incoming));
	case COLUMN_STATE:
		return format("%s", kept_state_name(t->state));
	case COLUMN_FILES:
		return format("%llu", (unsigned long long)kept_nr_files(t));
	default:
		return format("-");
	}
}

static char *name_cell(const struct row *row)
{
	const char *name = row_name(row);

	return row->tree ? printable(name, strlen(name)) : format("%s", name);
}

static char *cell(const void *data, size_t nr, size_t column)
{
	const struct rows *rows = data;
	const struct row *row = &rows->row[nr];
	char buf[64];

	if (column == COLUMN_NAME)
		return name_cell(row);
	if (column == COLUMN_SIZE && rows->bytes)
		return format("%llu", (unsigned long long)row_bytes(row));
	if (column == COLUMN_SIZE)
		return format("%s",
			      human_bytes(row_bytes(row), buf, sizeof(buf)));
	if (row->tree)
		return tree_cell(row->tree, column);
	return row->parcel ? parcel_cell(row->parcel, column) :
			     region_cell(row->region, column);
}

static int kind(const struct row *row)
{
	if (row->tree)
		return row->tree->incoming ? 2 : 3;
	return row->parcel ? 0 : 1;
}

static int by_name(const void *a, const void *b)
{
	int order = strcmp(row_name(a), row_name(b));

	return order ? order : kind(a) - kind(b);
}

static void merge(struct rows *rows, const struct inventory *inv)
{
	size_t i;

	for (i = 0; i < inv->nr_parcels; i++)
		rows->row[rows->nr++].parcel = &inv->parcel[i];
	for (i = 0; i < inv->nr_regions; i++)
		rows->row[rows->nr++].region = &inv->region[i];
	for (i = 0; i < inv->trees.nr; i++)
		rows->row[rows->nr++].tree = &inv->trees.list[i];
	qsort(rows->row, rows->nr, sizeof(*rows->row), by_name);
}

static int print_table(const struct inventory *inv,
		       const struct list_options *opt)
{
	struct rows rows = { .bytes = opt->bytes };
	int code;

	/* One more, as there may be none. */
	rows.row = need(calloc((size_t)inv->nr_parcels + inv->nr_regions +
				       inv->trees.nr + 1,
			       sizeof(*rows.row)));
	merge(&rows, inv);
	code = table_print(&opt->table, &rows, rows.nr);
	free(rows.row);
	return code;
}

static struct json_object *json_parcel(const struct kho_parcel_info *p)
{
	struct json_object *o = json_object_new_object();
	char crc[16];

	snprintf(crc, sizeof(crc), "%08x", p->crc);
	json_add_string(o, "name", p->name);
	json_object_object_add(o, "bytes", json_object_new_uint64(p->bytes));
	json_object_object_add(o, "created-ns",
			       json_object_new_uint64(p->created_ns));
	json_add_string(o, "crc32c", crc);
	json_add_string(o, "origin", origin(parcel_incoming(p)));
	return o;
}

static struct json_object *json_region(const struct kho_region_info *r)
{
	struct json_object *o = json_object_new_object();

	json_add_string(o, "name", r->name);
	json_object_object_add(o, "bytes", json_object_new_uint64(r->bytes));
	json_object_object_add(o, "address", json_object_new_uint64(r->phys));
	json_add_string(o, "origin", origin(region_incoming(r)));
	json_object_object_add(o, "in-use",
			       json_object_new_boolean(r->flags &
						       KHO_REGION_INFO_IN_USE));
	return o;
}

static void json_text(struct json_object *o, const char *key, const char *text)
{
	autofree char *shown = printable(text, strlen(text));

	json_add_string(o, key, shown);
}

static void json_number(struct json_object *o, const char *key, u64 value)
{
	json_object_object_add(o, key, json_object_new_uint64(value));
}

static struct json_object *json_tree(const struct kept_info *t)
{
	struct json_object *o = json_object_new_object();

	json_text(o, "name", t->name);
	json_number(o, "bytes", t->bytes);
	json_number(o, "created-ns", t->kept_ns);
	json_add_string(o, "origin", origin(t->incoming));
	json_add_string(o, "state", kept_state_name(t->state));
	if (t->incoming) {
		json_number(o, "records", t->nr_records);
		json_number(o, "files", t->nr_files);
		json_number(o, "filled", t->nr_filled);
		if (*t->why)
			json_text(o, "reason", t->why);
	} else {
		autofree char *dev =
			format("%u:%u", t->dev_major, t->dev_minor);

		json_number(o, "inodes", t->nr_records);
		json_add_string(o, "device", dev);
		json_text(o, "path", t->path);
	}
	return o;
}

static int print_json(const struct inventory *inv)
{
	struct json_object *root = json_object_new_object(),
			   *parcels = json_object_new_array(),
			   *regions = json_object_new_array(),
			   *trees = json_object_new_array();
	size_t i;

	for (i = 0; i < inv->nr_parcels; i++)
		json_object_array_add(parcels, json_parcel(&inv->parcel[i]));
	for (i = 0; i < inv->nr_regions; i++)
		json_object_array_add(regions, json_region(&inv->region[i]));
	json_object_object_add(root, "parcels", parcels);
	for (i = 0; i < inv->trees.nr; i++)
		json_object_array_add(trees, json_tree(&inv->trees.list[i]));
	json_object_object_add(root, "regions", regions);
	json_object_object_add(root, "trees", trees);
	output_json(root);
	return finish_output();
}

static int print(int fd, const struct list_options *opt)
{
	autofree struct kho_parcel_info *parcels = NULL;
	autofree struct kho_region_info *regions = NULL;
	struct inventory inv = { 0 };
	int code, err = dev_parcel_list(fd, &parcels, &inv.nr_parcels);
	u32 i;

	if (!err)
		err = dev_region_list(fd, &regions, &inv.nr_regions);
	if (!err)
		err = kept_list_read(&inv.trees);
	if (err) {
		say("parcels, regions and trees cannot be listed (%s); see the kernel log.",
		    strerror(-err));
		return EXIT_FAILED;
	}
	for (i = 0; i < inv.nr_parcels; i++)
		parcels[i].name[sizeof(parcels[i].name) - 1] = '\0';
	inv.parcel = parcels;
	inv.region = regions;
	code = opt->json ? print_json(&inv) : print_table(&inv, opt);
	kept_list_free(&inv.trees);
	return code;
}

static int list(const struct list_options *opt)
{
	autoclose int fd = dev_open_or_say();

	return fd < 0 ? exit_code_of_open(fd) : print(fd, opt);
}

static bool take_option(struct list_options *opt, int c)
{
	switch (c) {
	case 'b':
		opt->bytes = true;
		return true;
	case 'J':
		opt->json = true;
		return true;
	default:
		return table_take(&opt->table, c, optarg);
	}
}

int verb_list(int argc, char **argv)
{
	static const struct option options[] = {
		TABLE_OPTIONS,
		{ "bytes", no_argument, NULL, 'b' },
		{ "json", no_argument, NULL, 'J' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	struct list_options opt = {
		.table = { .verb = "list",
			   .names = column_names,
			   .nr_names = NR_COLUMNS,
			   .numbers = 1U << COLUMN_SIZE | 1U << COLUMN_FILES,
			   .cell = cell },
	};
	int c;

	while ((c = getopt_long(argc, argv, TABLE_LETTERS "bJh", options,
				NULL)) != -1) {
		if (c == 'h')
			return show_help(help_text);
		if (!take_option(&opt, c))
			return usage_error("list");
	}
	if (optind != argc) {
		say("list takes no argument, but there is '%s'.", argv[optind]);
		return usage_error("list");
	}
	if (!table_or_json(&opt.table, opt.json))
		return usage_error("list");
	return list(&opt);
}
