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
#include "cli/base/printable.c"
#include "cli/wire/wireclients.c"
#include "cli/kept/records.c"
#include "cli/wire/wirekept.c"
#include "cli/base/output.c"
#include "cli/wire/wirejson.c"
#include "cli/wire/wire.c"
#include "handover.h"
#include "keptwire.h"

static struct handover h;
/* Memory inside of it that has kept trees in it; no pages: there is none. */
static struct keptwire kept;

static bool fetch(void *ctx, u64 phys, u8 *data)
{
	if (phys < HANDOVER_BASE + MAP_EXTENT_0 ||
	    phys + KHO_PAGE_SIZE > HANDOVER_BASE + MAP_EXTENT_2_END)
		return false;
	if (phys >= PARCELS_BASE &&
	    phys < PARCELS_BASE + kept.mem.nr_pages * KHO_PAGE_SIZE)
		memcpy(data, parcels_at(&kept.mem, phys), KHO_PAGE_SIZE);
	else
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

/* ---- kept trees ---- */

/* Two trees that are whole and one that is lost; the slot of the first. */
static struct kho_kept_tree_ser *make_trees(void)
{
	struct kho_kept_tree_ser *first;
	struct kepttree tree;
	u64 nr;

	keptwire_init(&kept, 256);
	kepttree_sample(&tree, &kept);
	first = keptwire_put(&kept, "/srv/cache", &tree);
	kepttree_exit(&tree);
	kepttree_sample(&tree, &kept);
	keptwire_put(&kept, "/run/a\xff\nb", &tree);
	kepttree_exit(&tree);
	keptwire_lost(&kept, "/dev/shm", "it did not fit");
	handover_clear(&h);
	for (nr = 0; nr < kept.mem.next; nr++) {
		u32 order = kept.order[nr] ? kept.order[nr] - 1U : 0;

		if (kept.mem.known[nr] == PAGE_KNOWN)
			handover_preserve(&h, PARCELS_BASE + nr * KHO_PAGE_SIZE,
					  order);
		nr += (1ULL << order) - 1;
	}
	h.subtree[h.nr_subtrees++] =
		(struct kho_fdt_subtree){ KHO_KEPT_SUBTREE, kept.head_phys,
					  sizeof(struct kho_kept_head_ser) };
	handover_seal(&h);
	return first;
}

static struct json_object *kept_section(struct wire *w,
					struct wire_pages *pages, bool all)
{
	wire_read(w, pages, h.head_phys);
	assert_int_equal(w->err, 0);
	return wire_json(w, "kept", all);
}

static const char *text_at(struct json_object *o, const char *list, size_t nr,
			   const char *key)
{
	struct json_object *element =
		json_object_array_get_idx(json_object_object_get(o, list), nr);

	assert_non_null(json_object_object_get(element, key));
	return json_object_get_string(json_object_object_get(element, key));
}

static void assert_trees(const char *first_good, const char *first_why)
{
	struct wire_pages pages = { .fetch = fetch };
	struct json_object *o;
	struct wire w;

	o = kept_section(&w, &pages, false);
	assert_true(json_object_get_boolean(json_object_object_get(o, "good")));
	assert_int_equal(
		json_object_array_length(json_object_object_get(o, "trees")),
		3);
	assert_string_equal(text_at(o, "trees", 0, "name"), "/srv/cache");
	assert_string_equal(text_at(o, "trees", 0, "state"), "whole");
	assert_string_equal(text_at(o, "trees", 0, "good"), first_good);
	assert_string_equal(text_at(o, "trees", 0, "why"), first_why);
	assert_string_equal(text_at(o, "trees", 0, "bytes"), "20480");
	assert_string_equal(text_at(o, "trees", 0, "files"), "3");
	assert_string_equal(text_at(o, "trees", 0, "records"), "16");
	assert_string_equal(text_at(o, "trees", 0, "kept-ns"),
			    "1700000000000000000");
	assert_string_equal(text_at(o, "trees", 1, "name"),
			    "/run/a\\377\\012b");
	assert_string_equal(text_at(o, "trees", 1, "good"), "true");
	assert_string_equal(text_at(o, "trees", 2, "state"), "lost");
	assert_string_equal(text_at(o, "trees", 2, "why"), "it did not fit");
	json_object_put(o);
	wire_free(&w);
	wire_pages_free(&pages);
}

static u64 *words_of(const struct kho_kept_tree_ser *t, size_t list)
{
	const struct kho_vmalloc lists[] = { t->records, t->files, t->entries };

	return parcels_at(&kept.mem,
			  keptwire_list_phys(&kept, &lists[list], 0));
}

static void kept_trees_are_shown_and_checked(void **state)
{
	struct kho_kept_tree_ser *first = make_trees();
	struct wire_pages pages = { .fetch = fetch };
	struct json_object *o;
	struct wire w;
	size_t list;

	assert_trees("true", "");
	for (list = 0; list < 3; list++) {
		words_of(first, list)[0] ^= 1;
		assert_trees("false", "list checksum");
		words_of(first, list)[0] ^= 1;
	}
	/* With its checksums right, but not what it says. */
	words_of(first, 2)[0] ^= 1ULL << 60;
	keptwire_seal_lists(&kept, first);
	assert_trees("false", "run behind the end of the file");
	words_of(first, 2)[0] ^= 1ULL << 60;
	words_of(first, 0)[0] ^= 3;
	keptwire_seal_lists(&kept, first);
	assert_trees("false", "order of records");
	words_of(first, 0)[0] ^= 3;
	keptwire_seal_lists(&kept, first);
	first->fs_blocks++;
	o = kept_section(&w, &pages, false);
	assert_string_equal(
		json_object_get_string(json_object_object_get(o, "check")),
		"tree checksum");
	json_object_put(o);
	wire_free(&w);
	wire_pages_free(&pages);
	keptwire_exit(&kept);
	memset(&kept, 0, sizeof(kept));
}

static void sum_up(void *ctx, u64 start, u64 end)
{
	u64 *sum = ctx;

	assert_true(start >= PARCELS_BASE && start < end);
	*sum += end - start;
}

static u64 bytes_of_trees(void)
{
	struct wire_pages pages = { .fetch = fetch };
	struct wire w;
	u64 sum = 0;

	wire_read(&w, &pages, h.head_phys);
	wire_kept_each(&w, sum_up, &sum);
	wire_free(&w);
	wire_pages_free(&pages);
	return sum;
}

/* For the map: what is in files, of trees that are good. */
static void folios_of_trees_are_visited(void **state)
{
	struct kho_kept_tree_ser *first = make_trees();

	assert_int_equal(bytes_of_trees(), 2 * 5 * KHO_PAGE_SIZE);
	words_of(first, 0)[0] ^= 1;
	assert_int_equal(bytes_of_trees(), 5 * KHO_PAGE_SIZE);
	words_of(first, 0)[0] ^= 1;
	first->crc++;
	assert_int_equal(bytes_of_trees(), 0);
	handover_clear(&h);
	handover_seal(&h);
	assert_int_equal(bytes_of_trees(), 0);
	keptwire_exit(&kept);
	memset(&kept, 0, sizeof(kept));
}

/* All that was decoded is in the file, so that it is decoded from there alone. */
static void kept_trees_get_into_a_file(void **state)
{
	struct wire_pages pages = { .fetch = fetch }, again = { 0 };
	char path[] = "/tmp/kho-dump-XXXXXX";
	struct dumpfile_head head;
	struct json_object *o;
	struct blob file;
	char *a, *b;
	struct wire w;

	close(mkstemp(path));
	make_trees();
	o = kept_section(&w, &pages, true);
	json_object_put(o);
	a = json_of(&w);
	assert_non_null(strstr(a, "trusted.overlay.opaque"));
	assert_int_equal(dumpfile_write(path, h.head_phys, true, &pages), 0);
	wire_free(&w);
	wire_pages_free(&pages);
	assert_int_equal(read_file(path, 64 * MIB, &file), 0);
	unlink(path);
	assert_null(dumpfile_parse(file.data, file.bytes, &head, &again));
	wire_read(&w, &again, head.head_phys);
	b = json_of(&w);
	assert_string_equal(a, b);
	wire_free(&w);
	wire_pages_free(&again);
	blob_free(&file);
	free(a);
	free(b);
	keptwire_exit(&kept);
	memset(&kept, 0, sizeof(kept));
}

/* Names get into a dump; what is in the files does not. */
static void records_are_shown_and_contents_are_not(void **state)
{
	struct kho_kept_tree_ser *first = make_trees();
	struct wire_pages pages = { .fetch = fetch };
	u64 phys = words_of(first, 2)[0] << KHO_PAGE_SHIFT;
	const struct kho_vmalloc list = first->records;
	struct json_object *o;
	struct wire w;

	o = kept_section(&w, &pages, true);
	assert_int_equal(json_object_array_length(
				 json_object_object_get(o, "record-list")),
			 32);
	assert_string_equal(text_at(o, "record-list", 0, "type"), "directory");
	assert_string_equal(text_at(o, "record-list", 2, "name"), "data");
	assert_string_equal(text_at(o, "record-list", 2, "type"), "file");
	assert_string_equal(text_at(o, "record-list", 2, "bytes"), "24577");
	assert_string_equal(text_at(o, "record-list", 2, "uid"), "1000");
	assert_string_equal(text_at(o, "record-list", 15, "type"), "end");
	assert_string_equal(text_at(o, "record-list", 16, "tree"),
			    "/run/a\\377\\012b");
	assert_true(
		wire_pages_has(&pages, keptwire_list_phys(&kept, &list, 0)));
	assert_true(wire_has_block(&w, phys, 0));
	assert_false(wire_pages_has(&pages, phys));
	json_object_put(o);
	wire_free(&w);
	wire_pages_free(&pages);
	keptwire_exit(&kept);
	memset(&kept, 0, sizeof(kept));
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
		cmocka_unit_test(kept_trees_are_shown_and_checked),
		cmocka_unit_test(kept_trees_get_into_a_file),
		cmocka_unit_test(folios_of_trees_are_visited),
		cmocka_unit_test(records_are_shown_and_contents_are_not),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
