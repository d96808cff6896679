// SPDX-License-Identifier: GPL-2.0
/* JSON as text that people read. */
#include "cli/base/jsontext.h"

#include <string.h>

#include "cli/base/table.h"
#include "cli/base/util.h"

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

char *jsontext_value(const char *key, struct json_object *value)
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
	return format("%llu", (unsigned long long)n);
}

/* The same, and what a size is in larger units. To be freed. */
static char *value_text(const char *key, struct json_object *value)
{
	char *text = jsontext_value(key, value), *both;
	u64 n = json_object_get_uint64(value);
	char buf[64];

	if (!json_object_is_type(value, json_type_int) ||
	    !ends_with(key, "bytes") || n < 1024)
		return text;
	both = format("%s (%s)", text, human_bytes(n, buf, sizeof(buf)));
	free(text);
	return both;
}

/* A list whose elements have the same keys, all of them. */
struct list {
	struct json_object *list;
	const char *key[COLUMNS_MAX];
};

static char *cell(const void *data, size_t row, size_t column)
{
	const struct list *l = data;
	struct json_object *element = json_object_array_get_idx(l->list, row);
	const char *key = l->key[column];

	return value_text(key, json_object_object_get(element, key));
}

static void print_list(struct json_object *list, int depth)
{
	struct json_object *first = json_object_array_get_idx(list, 0);
	struct list l = { .list = list };
	struct table t = { .names = l.key, .cell = cell };

	json_object_object_foreach(first, key, value)
	{
		if (json_object_is_type(value, json_type_int))
			t.numbers |= 1U << t.nr_names;
		l.key[t.nr_names++] = key;
	}
	table_print_indented(&t, &l, json_object_array_length(list),
			     depth * INDENT);
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
			print_list(value, depth + 1);
		return;
	}
	text = value_text(key, value);
	printf("%*s%-*s %s\n", depth * INDENT, "", KEY_WIDTH, key, text);
}

void jsontext_print(struct json_object *o)
{
	print_members(o, 0);
}
