// SPDX-License-Identifier: GPL-2.0
/*
 * Tables of a dump: a line for each element of the lists, no cell without a value, and sections
 * that are no lists have none.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#define find columns_find
#include "cli/base/columns.c"
#undef find
#include "cli/base/table.c"
#include "cli/base/jsontext.c"
#include "cli/wire/dumptable.c"
#include "cli/base/exitcode.c"
#include "cli/base/util.c"
#include "cli/verbs/verbs.c"
#include "cli/wire/wirepages.c"
#include "cli/wire/wiremarks.c"
#include "cli/base/printable.c"
#include "cli/wire/wireclients.c"
#include "cli/kept/records.c"
#include "cli/wire/wirekept.c"
#include "cli/base/output.c"
#include "cli/wire/wirejson.c"
#include "cli/wire/wire.c"
#include "handover.h"

static struct handover h;
static struct wire_pages pages;
static struct wire w;

static bool fetch(void *ctx, u64 phys, u8 *data)
{
	if (phys < HANDOVER_BASE + MAP_EXTENT_0 ||
	    phys + KHO_PAGE_SIZE > HANDOVER_BASE + MAP_EXTENT_2_END)
		return false;
	memcpy(data, handover_at(&h, phys), KHO_PAGE_SIZE);
	return true;
}

/* What is printed for a section; to be freed. */
static char *table_of(struct table *t, const char *section,
		      struct json_object *o)
{
	int saved = dup(STDOUT_FILENO), code;
	FILE *f = tmpfile();
	char *text;
	long size;

	assert_non_null(f);
	fflush(stdout);
	dup2(fileno(f), STDOUT_FILENO);
	code = dumptable_print(t, section, o);
	dup2(saved, STDOUT_FILENO);
	close(saved);
	assert_int_equal(code, EXIT_OK);
	fseek(f, 0, SEEK_END);
	size = ftell(f);
	rewind(f);
	text = calloc(1, (size_t)size + 1);
	assert_int_equal(fread(text, 1, (size_t)size, f), size);
	fclose(f);
	return text;
}

static size_t lines(const char *text)
{
	size_t nr = 0;

	for (; *text; text++)
		nr += *text == '\n';
	return nr;
}

static void a_line_for_each(const char *section, size_t nr)
{
	struct table t = { .noheadings = true };
	struct json_object *o = wire_json(&w, section, true);
	char *text;

	assert_true(dumptable_init(&t, section));
	text = table_of(&t, section, o);
	assert_int_equal(lines(text), nr);
	/* What a key that nobody has would give. */
	assert_null(strstr(text, "none"));
	free(text);
	json_object_put(o);
}

static void lists_are_shown(void **state)
{
	a_line_for_each("tree", w.nr_blocks);
	a_line_for_each("extents", w.in.nr_extents);
	a_line_for_each("fdt", w.fdt.nr_subtrees);
	a_line_for_each("memmap", w.in.memmap->nr_entries);
	assert_true(w.nr_blocks > 10 && w.fdt.nr_subtrees);
	/* There are no such clients in this handover. */
	a_line_for_each("parcels", 0);
	a_line_for_each("regions", 0);
	a_line_for_each("kept", 0);
}

static void columns_are_those_of_the_section(void **state)
{
	static const char *const section[] = { "head",	  "extents", "fdt",
					       "memmap",  "tree",    "parcels",
					       "regions", "kept",    NULL };
	struct table t = { .verb = "dump" };
	size_t i, nr = 0;

	for (i = 0; section[i]; i++)
		assert_true(dumptable_init(&t, section[i]));
	for (i = 0; wire_sections[i]; i++)
		nr += dumptable_init(&t, wire_sections[i]);
	assert_int_equal(nr, 8);
	assert_false(dumptable_init(&t, "verdict"));
	assert_true(dumptable_init(&t, "tree"));
	assert_true(table_take(&t, 'o', "order,ADDRESS"));
	assert_false(table_take(&t, 'o', "START"));
	assert_true(dumptable_init(&t, "regions"));
	assert_false(table_take(&t, 'o', "ORDER"));
}

/* Against JSON that is written by hand. */
static void cells_are_the_values(void **state)
{
	static const char json[] =
		"{\"A\":{\"in-use\":true,\"extents\":["
		"{\"start\":4096,\"end\":12288,\"bytes\":8192}]},"
		"\"B\":{\"in-use\":false,\"extents\":["
		"{\"start\":65536,\"end\":69632,\"bytes\":4096}]}}";
	struct json_object *o = json_tokener_parse(json);
	struct table t = { 0 };
	char *text;

	assert_true(dumptable_init(&t, "extents"));
	text = table_of(&t, "extents", o);
	assert_string_equal(text, "LIST USED   START     END SIZE\n"
				  "A    yes   0x1000  0x3000 8192\n"
				  "B    no   0x10000 0x11000 4096\n");
	free(text);
	json_object_put(o);
}

static int set_up(void **state)
{
	struct testrand r = { 7 };

	handover_init(&h);
	handover_preserve_random(&h, &r, 100);
	handover_seal(&h);
	pages.fetch = fetch;
	wire_read(&w, &pages, h.head_phys);
	return w.err;
}

static int tear_down(void **state)
{
	wire_free(&w);
	wire_pages_free(&pages);
	handover_exit(&h);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_are_shown),
		cmocka_unit_test(columns_are_those_of_the_section),
		cmocka_unit_test(cells_are_the_values),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
