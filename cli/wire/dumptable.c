// SPDX-License-Identifier: GPL-2.0
/* Sections of a dump as tables. */
#include "cli/wire/dumptable.h"

#include <string.h>

#include "cli/base/jsontext.h"
#include "cli/base/util.h"

/* Of some lists there are two, of which one is in use: an element is one of A or one of B. */
#define LIST "LIST"
#define USED "USED"

/**
 * struct kind - a section that is a list
 * @section: its name
 * @list: the key of the list
 * @twice: there are A and B of it
 * @column: names of its columns
 * @key: the keys of the elements that they show; NULL for LIST and USED
 * @nr: how many
 */
struct kind {
	const char *section;
	const char *list;
	bool twice;
	const char *column[8];
	const char *key[8];
	size_t nr;
};

static const struct kind kinds[] = {
	{ "head",
	  "scratch",
	  false,
	  { "START", "END", "SIZE" },
	  { "start", "end", "bytes" },
	  3 },
	{ "extents",
	  "extents",
	  true,
	  { LIST, USED, "START", "END", "SIZE" },
	  { NULL, NULL, "start", "end", "bytes" },
	  5 },
	{ "fdt",
	  "subtrees",
	  true,
	  { LIST, USED, "NAME", "ADDRESS", "SIZE" },
	  { NULL, NULL, "name", "address", "bytes" },
	  5 },
	{ "memmap",
	  "ranges",
	  false,
	  { "START", "END", "SIZE", "TYPE" },
	  { "start", "end", "bytes", "type" },
	  4 },
	{ "tree",
	  "block-list",
	  false,
	  { "ADDRESS", "ORDER", "SIZE", "KEY" },
	  { "address", "order", "bytes", "key" },
	  4 },
	{ "parcels",
	  "parcels",
	  false,
	  { "NAME", "SIZE", "CREATED", "CRC", "PAGES", "ORDER", "CHUNKS",
	    "SLOT" },
	  { "name", "bytes", "created-ns", "crc", "pages", "order", "chunks",
	    "slot-address" },
	  8 },
	{ "kept",
	  "trees",
	  false,
	  { "NAME", "STATE", "GOOD", "SIZE", "FILES", "RECORDS", "KEPT",
	    "WHY" },
	  { "name", "state", "good", "bytes", "files", "records", "kept-ns",
	    "why" },
	  8 },
	{ "regions",
	  "regions",
	  false,
	  { "NAME", "ADDRESS", "SIZE" },
	  { "name", "address", "bytes" },
	  3 },
};

static const struct kind *kind_of(const char *section)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(kinds); i++) {
		if (!strcmp(kinds[i].section, section))
			return &kinds[i];
	}
	return NULL;
}

struct row {
	const char *list;
	struct json_object *whole; /* that the element is from */
	struct json_object *element;
};

struct rows {
	const struct kind *kind;
	struct row *row;
	size_t nr;
};

static void add(struct rows *rows, const char *list, struct json_object *whole)
{
	struct json_object *elements =
		json_object_object_get(whole, rows->kind->list);
	size_t i, nr = elements ? json_object_array_length(elements) : 0;

	/* One more, as there may be none. */
	rows->row = need(
		realloc(rows->row, (rows->nr + nr + 1) * sizeof(*rows->row)));
	for (i = 0; i < nr; i++)
		rows->row[rows->nr++] =
			(struct row){ list, whole,
				      json_object_array_get_idx(elements, i) };
}

static char *dump_cell(const void *data, size_t nr, size_t column)
{
	const struct rows *rows = data;
	const struct row *row = &rows->row[nr];
	const char *key = rows->kind->key[column];

	if (key)
		return jsontext_value(key, json_object_object_get(row->element,
								  key));
	if (!strcmp(rows->kind->column[column], LIST))
		return format("%s", row->list);
	return jsontext_value("in-use",
			      json_object_object_get(row->whole, "in-use"));
}

bool dumptable_init(struct table *t, const char *section)
{
	static const char *const text[] = { LIST,    USED,   "NAME", "CREATED",
					    "STATE", "GOOD", "KEPT", "WHY" };
	const struct kind *kind = kind_of(section);
	size_t i, j;

	if (!kind)
		return false;
	t->names = kind->column;
	t->nr_names = kind->nr;
	t->numbers = (1U << kind->nr) - 1;
	t->cell = dump_cell;
	for (i = 0; i < kind->nr; i++) {
		for (j = 0; j < ARRAY_LEN(text); j++) {
			if (!strcmp(kind->column[i], text[j]))
				t->numbers &= ~(1U << i);
		}
	}
	return true;
}

int dumptable_print(const struct table *t, const char *section,
		    struct json_object *o)
{
	struct rows rows = { .kind = kind_of(section) };
	int code;

	if (rows.kind->twice) {
		add(&rows, "A", json_object_object_get(o, "A"));
		add(&rows, "B", json_object_object_get(o, "B"));
	} else {
		add(&rows, "", o);
	}
	code = table_print(t, &rows, rows.nr);
	free(rows.row);
	return code;
}
