// SPDX-License-Identifier: GPL-2.0
/* kho list: list parcels and regions. */
#include <getopt.h>
#include <string.h>
#include <json-c/json.h>

#include "cli/base/dev.h"
#include "cli/base/output.h"
#include "cli/base/table.h"
#include "cli/verbs/verbs.h"

static const char help_text[] =
	"Usage: kho list [OPTION...]\n\n"
	"List parcels and regions, in ascending order of their names.\n\n"
	"Options:\n"
	"  -o, --output COL,...  columns: NAME, TYPE, SIZE, CREATED, CRC, ORIGIN, ADDRESS\n"
	"  -b, --bytes           sizes in bytes\n"
	"  -n, --noheadings      no line with the names of the columns\n" TABLE_HELP
	"  -J, --json            JSON; sizes in bytes, instants in nanoseconds since 1970\n"
	"  -h, --help            this help\n\n"
	"TYPE is `parcel` (kho put) or `region` (kho reserve). ORIGIN is `incoming` for what came\n"
	"from a previous kernel, else `here`. ADDRESS is a region's physical address.\n\n"
	"Exit status: 0 success, 1 failure, 2 wrong usage.\n\n"
	"Examples:\n"
	"  kho list\n"
	"  kho list --noheadings -o NAME | xargs -r kho drop\n"
	"  kho list --json | jq '.parcels[].bytes, .regions[].address'\n";

enum column {
	COLUMN_NAME,
	COLUMN_TYPE,
	COLUMN_SIZE,
	COLUMN_CREATED,
	COLUMN_CRC,
	COLUMN_ORIGIN,
	COLUMN_ADDRESS,
	NR_COLUMNS
};

static const char *const column_names[] = { "NAME",    "TYPE", "SIZE",
					    "CREATED", "CRC",  "ORIGIN",
					    "ADDRESS" };

struct list_options {
	struct table table;
	bool bytes;
	bool json;
};

/* What there is, each list in ascending order of names. */
struct inventory {
	struct kho_parcel_info *parcel;
	u32 nr_parcels;
	struct kho_region_info *region;
	u32 nr_regions;
};

/* One line of the table: a parcel, or else a region. */
struct row {
	const struct kho_parcel_info *parcel;
	const struct kho_region_info *region;
};

struct rows {
	struct row *row;
	size_t nr;
	bool bytes; /* not in larger units */
};

static const char *row_name(const struct row *row)
{
	return row->parcel ? row->parcel->name : row->region->name;
}

static u64 row_bytes(const struct row *row)
{
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

static char *cell(const void *data, size_t nr, size_t column)
{
	const struct rows *rows = data;
	const struct row *row = &rows->row[nr];
	char buf[64];

	if (column == COLUMN_NAME)
		return format("%s", row_name(row));
	if (column == COLUMN_SIZE && rows->bytes)
		return format("%llu", (unsigned long long)row_bytes(row));
	if (column == COLUMN_SIZE)
		return format("%s",
			      human_bytes(row_bytes(row), buf, sizeof(buf)));
	return row->parcel ? parcel_cell(row->parcel, column) :
			     region_cell(row->region, column);
}

static bool parcel_first(const struct inventory *inv, u32 parcel, u32 region)
{
	if (parcel == inv->nr_parcels || region == inv->nr_regions)
		return region == inv->nr_regions;
	return strcmp(inv->parcel[parcel].name, inv->region[region].name) <= 0;
}

static void merge(struct rows *rows, const struct inventory *inv)
{
	u32 parcel = 0, region = 0;

	while (parcel < inv->nr_parcels || region < inv->nr_regions) {
		struct row *row = &rows->row[rows->nr++];

		if (parcel_first(inv, parcel, region))
			row->parcel = &inv->parcel[parcel++];
		else
			row->region = &inv->region[region++];
	}
}

static int print_table(const struct inventory *inv,
		       const struct list_options *opt)
{
	struct rows rows = { .bytes = opt->bytes };
	int code;

	/* One more, as there may be none. */
	rows.row = need(calloc((size_t)inv->nr_parcels + inv->nr_regions + 1,
			       sizeof(*rows.row)));
	merge(&rows, inv);
	code = table_print(&opt->table, &rows, rows.nr);
	free(rows.row);
	return code;
}

static void json_add(struct json_object *o, const char *key, const char *text)
{
	json_object_object_add(o, key, json_object_new_string(text));
}

static struct json_object *json_parcel(const struct kho_parcel_info *p)
{
	struct json_object *o = json_object_new_object();
	char crc[16];

	snprintf(crc, sizeof(crc), "%08x", p->crc);
	json_add(o, "name", p->name);
	json_object_object_add(o, "bytes", json_object_new_uint64(p->bytes));
	json_object_object_add(o, "created-ns",
			       json_object_new_uint64(p->created_ns));
	json_add(o, "crc32c", crc);
	json_add(o, "origin", origin(parcel_incoming(p)));
	return o;
}

static struct json_object *json_region(const struct kho_region_info *r)
{
	struct json_object *o = json_object_new_object();

	json_add(o, "name", r->name);
	json_object_object_add(o, "bytes", json_object_new_uint64(r->bytes));
	json_object_object_add(o, "address", json_object_new_uint64(r->phys));
	json_add(o, "origin", origin(region_incoming(r)));
	json_object_object_add(o, "in-use",
			       json_object_new_boolean(r->flags &
						       KHO_REGION_INFO_IN_USE));
	return o;
}

static int print_json(const struct inventory *inv)
{
	struct json_object *root = json_object_new_object(),
			   *parcels = json_object_new_array(),
			   *regions = json_object_new_array();
	u32 i;

	for (i = 0; i < inv->nr_parcels; i++)
		json_object_array_add(parcels, json_parcel(&inv->parcel[i]));
	for (i = 0; i < inv->nr_regions; i++)
		json_object_array_add(regions, json_region(&inv->region[i]));
	json_object_object_add(root, "parcels", parcels);
	json_object_object_add(root, "regions", regions);
	output_json(root);
	return finish_output();
}

static int print(int fd, const struct list_options *opt)
{
	autofree struct kho_parcel_info *parcels = NULL;
	autofree struct kho_region_info *regions = NULL;
	struct inventory inv = { 0 };
	int err = dev_parcel_list(fd, &parcels, &inv.nr_parcels);
	u32 i;

	if (!err)
		err = dev_region_list(fd, &regions, &inv.nr_regions);
	if (err) {
		say("parcels and regions cannot be listed (%s); see the kernel log.",
		    strerror(-err));
		return EXIT_FAILED;
	}
	for (i = 0; i < inv.nr_parcels; i++)
		parcels[i].name[sizeof(parcels[i].name) - 1] = '\0';
	inv.parcel = parcels;
	inv.region = regions;
	return opt->json ? print_json(&inv) : print_table(&inv, opt);
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
			   .numbers = 1U << COLUMN_SIZE,
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
