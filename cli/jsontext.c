// SPDX-License-Identifier: GPL-2.0
#include "jsontext.h"

#include <string.h>
#include <libsmartcols/libsmartcols.h>

#include "util.h"

enum { INDENT = 2, KEY_WIDTH = 18 };

static bool ends_with(const char *text, const char *end)
{
	size_t a = strlen(text), b = strlen(end);

	return a >= b && !strcmp(text + a - b, end);
}

static bool is_hex(const char *key)
{
	static const char *const known[] = { "start", "end",	"magic", "hash",
					     "key",   "wanted", "found" };
	size_t i;

	if (ends_with(key, "address") || ends_with(key, "crc"))
		return true;
	for (i = 0; i < ARRAY_LEN(known); i++) {
		if (!strcmp(key, known[i]))
			return true;
	}
	return false;
}

/* To be freed. */
static char *value_text(const char *key, struct json_object *value)
{
	u64 n;
	char buf[64];

	switch (json_object_get_type(value)) {
	case json_type_null:
		return format("none");
	case json_type_boolean:
		return format(json_object_get_boolean(value) ? "yes" : "no");
	case json_type_int:
		break;
	default:
		return format("%s", json_object_get_string(value));
	}
	n = json_object_get_uint64(value);
	if (is_hex(key))
		return format("0x%llx", (unsigned long long)n);
	if (ends_with(key, "-ns"))
		return format("%s", human_time(n, buf, sizeof(buf)));
	if (ends_with(key, "bytes") && n >= 1024)
		return format("%llu (%s)", (unsigned long long)n,
			      human_bytes(n, buf, sizeof(buf)));
	return format("%llu", (unsigned long long)n);
}

static void add_line(struct libscols_table *table, struct json_object *element)
{
	struct libscols_line *line = need(scols_table_new_line(table, NULL));
	size_t column = 0;

	json_object_object_foreach(element, key, value)
		scols_line_refer_data(line, column++, value_text(key, value));
}

static void print_table(struct json_object *list, int depth)
{
	autofree char *indent = format("%*s", depth * INDENT, "");
	struct libscols_table *table = need(scols_new_table());
	struct json_object *first = json_object_array_get_idx(list, 0);
	size_t i, nr = json_object_array_length(list);
	char *text = NULL, *line, *rest;

	json_object_object_foreach(first, key, value)
		need(scols_table_new_column(table, key, 0,
					    json_object_is_type(value,
								json_type_int) ?
						    SCOLS_FL_RIGHT :
						    0));
	for (i = 0; i < nr; i++)
		add_line(table, json_object_array_get_idx(list, i));
	if (!scols_print_table_to_string(table, &text)) {
		rest = text;
		while ((line = strsep(&rest, "\n")) && *line)
			printf("%s%s\n", indent, line);
	}
	free(text);
	scols_unref_table(table);
}

static void print_member(const char *key, struct json_object *value, int depth);

static void print_members(struct json_object *o, int depth)
{
	json_object_object_foreach(o, key, value)
		print_member(key, value, depth);
}

static void print_member(const char *key, struct json_object *value, int depth)
{
	autofree char *text = NULL;

	if (json_object_is_type(value, json_type_object)) {
		printf("%*s%s:\n", depth * INDENT, "", key);
		print_members(value, depth + 1);
		return;
	}
	if (json_object_is_type(value, json_type_array)) {
		printf("%*s%s:%s\n", depth * INDENT, "", key,
		       json_object_array_length(value) ? "" : " none");
		if (json_object_array_length(value))
			print_table(value, depth + 1);
		return;
	}
	text = value_text(key, value);
	printf("%*s%-*s %s\n", depth * INDENT, "", KEY_WIDTH, key, text);
}

void jsontext_print(struct json_object *o)
{
	print_members(o, 0);
}
