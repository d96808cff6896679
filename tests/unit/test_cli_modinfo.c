// SPDX-License-Identifier: GPL-2.0
/*
 * What a module says of itself, and whether two of different versions understand each other.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "cli/image/modinfo.c"
#include "cli/image/pe.c"
#include "cli/image/signature.c"
#include "cli/image/signer.c"
#include "cli/base/sha256.c"
#include "cli/base/util.c"

/* A copy that ends where its allocation ends. */
static bool parse(struct modinfo *m, const char *text, size_t bytes)
{
	u8 *copy = need(malloc(bytes + !bytes));
	bool found;

	memcpy(copy, text, bytes);
	found = modinfo_parse(m, copy, bytes);
	free(copy);
	return found;
}

#define PARSE(m, text) parse(m, text, sizeof(text))

static void finds_what_it_says(void **state)
{
	struct modinfo m;

	assert_true(PARSE(&m,
			  "\177ELF\0version=0.3\0srcversion=AB\0"
			  "kho_wire=kho-module writes=3 readers>=2 reads>=1\0"
			  "kho_wire=kho-parcels writes=1 readers>=1 reads>=1\0"
			  "kho_wire=nonsense\0kho_aside=because\0"
			  "vermagic=6.12.9 SMP mod_unload \0junk"));
	assert_string_equal(m.release, "6.12.9");
	assert_string_equal(m.version, "0.3");
	assert_string_equal(m.aside, "because");
	assert_int_equal(m.nr_wires, 2);
	assert_string_equal(m.wire[0].name, "kho-module");
	assert_int_equal(m.wire[0].writes, 3);
	assert_int_equal(m.wire[0].readers_from, 2);
	assert_int_equal(m.wire[0].reads_from, 1);
	assert_string_equal(m.wire[1].name, "kho-parcels");
}

static void is_not_taken_in(void **state)
{
	struct modinfo m;
	char many[4096] = "vermagic=6.1 x";
	size_t at = strlen(many) + 1;
	int i;

	assert_false(PARSE(&m, ""));
	assert_false(parse(&m, "", 0));
	assert_false(PARSE(&m, "x vermagic=6.1 "));
	/* Without its end. */
	assert_false(parse(&m, "vermagic=6.1", 12));
	for (i = 0; i < 2 * MODINFO_WIRES; i++)
		at += (size_t)sprintf(
			      many + at,
			      "kho_wire=a writes=1 readers>=1 reads>=1") +
		      1;
	assert_true(parse(&m, many, at));
	assert_int_equal(m.nr_wires, MODINFO_WIRES);
}

static bool understands(u32 reads_from, u32 version, u32 writes,
			u32 readers_from)
{
	struct modinfo reader = {
		.nr_wires = 1, .wire = { { "a", version, version, reads_from } }
	};
	struct modinfo_wire w = { "a", writes, readers_from, 1 };

	return modinfo_understands(&reader, &w);
}

static void versions_are_negotiated(void **state)
{
	assert_true(understands(1, 1, 1, 1));
	/* Older ones, as far back as it reads. */
	assert_true(understands(1, 3, 1, 1));
	assert_true(understands(2, 3, 2, 2));
	assert_false(understands(2, 3, 1, 1));
	/* Newer ones, if their writer says so. */
	assert_true(understands(1, 1, 2, 1));
	assert_true(understands(1, 2, 4, 2));
	assert_false(understands(1, 1, 2, 2));
	assert_false(understands(1, 2, 4, 3));
}

static void from_before_versions_were_told(void **state)
{
	struct modinfo old = { 0 };
	struct modinfo_wire one = { "a", 1, 1, 1 }, two = { "a", 2, 1, 1 };

	assert_true(modinfo_understands(&old, &one));
	assert_false(modinfo_understands(&old, &two));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_what_it_says),
		cmocka_unit_test(is_not_taken_in),
		cmocka_unit_test(versions_are_negotiated),
		cmocka_unit_test(from_before_versions_were_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
