// SPDX-License-Identifier: GPL-2.0
/*
 * What a dump shows is what there is: against the naive reader of handover.c, through a file and
 * back, and damaged files are refused.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "cli/wire/dumpfile.c"
#include "cli/base/savefile.c"
#include "cli/base/util.c"
#include "cli/wire/wirepages.c"
#include "cli/wire/wiremarks.c"
#include "cli/wire/wireclients.c"
#include "cli/wire/wirejson.c"
#include "cli/wire/wire.c"
#include "handover.h"

static struct handover h;

static bool fetch(void *ctx, u64 phys, u8 *data)
{
	if (phys < HANDOVER_BASE + MAP_EXTENT_0 ||
	    phys + KHO_PAGE_SIZE > HANDOVER_BASE + MAP_EXTENT_2_END)
		return false;
	memcpy(data, handover_at(&h, phys), KHO_PAGE_SIZE);
	return true;
}

static char *json_of(struct wire *w)
{
	struct json_object *root = json_object_new_object();
	char *text;
	size_t i;

	for (i = 0; wire_sections[i]; i++)
		json_object_object_add(root, wire_sections[i],
				       wire_json(w, wire_sections[i], true));
	text = strdup(json_object_to_json_string(root));
	json_object_put(root);
	return text;
}

static void make(unsigned int blocks)
{
	struct testrand r = { 7 };

	handover_clear(&h);
	handover_preserve_random(&h, &r, blocks);
	handover_seal(&h);
}

static void shows_all_blocks(void **state)
{
	struct wire_pages pages = { .fetch = fetch };
	struct handover_keys keys;
	struct wire w;
	size_t i;

	make(300);
	wire_read(&w, &pages, h.head_phys);
	assert_int_equal(w.err, 0);
	assert_null(w.tree_trouble);
	assert_true(handover_tree_is_good(&h, &keys));
	assert_int_equal(w.nr_blocks, keys.nr);
	for (i = 0; i < keys.nr; i++)
		assert_true(kho_key(w.block[i].phys, w.block[i].order) ==
			    keys.key[i]);
	assert_int_equal(w.nr_nodes, w.in.nr_nodes);
	free(keys.key);
	wire_free(&w);
	wire_pages_free(&pages);
}

static void a_file_shows_the_same(void **state)
{
	struct wire_pages pages = { .fetch = fetch }, again = { 0 };
	char path[] = "/tmp/kho-dump-XXXXXX";
	struct dumpfile_head head;
	struct blob file;
	char *a, *b;
	struct wire w;
	size_t i;

	close(mkstemp(path));
	make(200);
	wire_read(&w, &pages, h.head_phys);
	a = json_of(&w);
	assert_int_equal(dumpfile_write(path, h.head_phys, true, &pages), 0);
	wire_free(&w);
	wire_pages_free(&pages);
	assert_int_equal(read_file(path, 64 * MIB, &file), 0);
	unlink(path);
	assert_null(dumpfile_parse(file.data, file.bytes, &head, &again));
	assert_int_equal(head.flags, DUMPFILE_INCOMING);
	wire_read(&w, &again, head.head_phys);
	b = json_of(&w);
	assert_string_equal(a, b);
	wire_free(&w);
	wire_pages_free(&again);
	for (i = 0; i < file.bytes; i += i < 200 ? 1 : 997) {
		file.data[i] ^= 1;
		assert_non_null(
			dumpfile_parse(file.data, file.bytes, &head, &again));
		file.data[i] ^= 1;
	}
	for (i = 0; i < file.bytes; i += 1009)
		assert_non_null(dumpfile_parse(file.data, i, &head, &again));
	blob_free(&file);
	free(a);
	free(b);
}

/* A checksum that is right does not make such a file good. */
static void a_page_is_there_once(void **state)
{
	static u8 data[KHO_PAGE_SIZE];
	struct wire_pages pages = { 0 }, again = { 0 };
	char path[] = "/tmp/kho-dump-XXXXXX";
	struct dumpfile_head head;
	struct blob file;

	close(mkstemp(path));
	assert_true(wire_pages_add(&pages, 0x1000, data));
	assert_true(wire_pages_add(&pages, 0x2000, data));
	assert_false(wire_pages_add(&pages, 0x1000, data));
	assert_false(wire_pages_add(&pages, 0x3001, data));
	pages.page[1].phys = 0x1000;
	assert_int_equal(dumpfile_write(path, 0, false, &pages), 0);
	assert_int_equal(read_file(path, 64 * MIB, &file), 0);
	unlink(path);
	assert_non_null(strstr(
		dumpfile_parse(file.data, file.bytes, &head, &again), "twice"));
	assert_int_equal(again.nr, 0);
	blob_free(&file);
	pages.page[1].phys = 0x2000;
	wire_pages_free(&pages);
}

static void says_why_it_would_be_refused(void **state)
{
	struct wire_pages pages = { .fetch = fetch };
	struct wire w;
	char *text;

	make(100);
	handover_module(&h)->kexec_count ^= 1;
	wire_read(&w, &pages, h.head_phys);
	assert_int_equal(w.err, -EBADMSG);
	/* What is not damaged is shown all the same. */
	assert_true(w.nr_blocks > 0);
	text = json_of(&w);
	assert_non_null(strstr(text, "module page: checksum"));
	free(text);
	wire_free(&w);
	wire_pages_free(&pages);
}

static void a_circle_ends(void **state)
{
	struct wire_pages pages = { .fetch = fetch };
	struct wire w;

	make(50);
	*handover_slot(&h, kho_key(HANDOVER_BASE + MAP_EXTENT_1, 0), 5) =
		h.tree_phys;
	wire_read(&w, &pages, h.head_phys);
	assert_int_not_equal(w.err, 0);
	assert_string_equal(w.tree_trouble, "a node is linked twice");
	wire_free(&w);
	wire_pages_free(&pages);
}

static int set_up(void **state)
{
	handover_init(&h);
	return 0;
}

static int tear_down(void **state)
{
	handover_exit(&h);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shows_all_blocks),
		cmocka_unit_test(a_file_shows_the_same),
		cmocka_unit_test(a_page_is_there_once),
		cmocka_unit_test(says_why_it_would_be_refused),
		cmocka_unit_test(a_circle_ends),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
