// SPDX-License-Identifier: GPL-2.0
/*
 * The wire, pinned byte for byte: what is written today equals the files of tests/golden, and the
 * files are read today. A change of a file is a change of the wire.
 *
 * usage: test_golden          compare
 *        test_golden --write  write the files anew
 * In the top directory, or with KHO_GOLDEN_DIR set.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/bad.h"
#include "core/reserve_fdt.h"
#include "handover.h"
#include "keptwire.h"
#include "parcels.h"

enum { TREE_PAGES = 32, PARCEL_PAGES = 8, KEPT_PAGES = 32 };

static bool write_files;

/* One golden file: bytes of the simulated memory. */
struct golden {
	const char *name;
	void *bytes;
	size_t size;
};

static struct handover handover;
static struct parcels parcels;
static struct keptwire kept;
static u8 region_page[KHO_PAGE_SIZE];
static struct kho_bad_ser bad;

/* ---- what is written ---- */

static void *node_alloc(void *ctx)
{
	return handover_at(&handover, handover_new_node(&handover));
}

static void node_free(void *ctx, void *node)
{
	test_die("golden: nothing is freed");
}

static unsigned long *node_population(void *ctx, void *node)
{
	static unsigned long population[TREE_PAGES];
	size_t offset = (u8 *)node -
			(u8 *)handover_at(&handover, HANDOVER_BASE + MAP_NODES);

	if (offset / KHO_PAGE_SIZE >= TREE_PAGES)
		test_die("golden: too many nodes");
	return &population[offset / KHO_PAGE_SIZE];
}

/* Every extent, some orders, both sides of 4 GiB, neighbours in one word and in two. */
static const struct {
	u64 phys;
	u64 nr_pages;
} ranges[] = {
	{ HANDOVER_BASE + MAP_EXTENT_1, 1 },
	{ HANDOVER_BASE + MAP_EXTENT_1 + 63 * KHO_PAGE_SIZE, 3 },
	{ HANDOVER_BASE + 40 * MIB, 1024 },
	{ 0x100000000ULL - KHO_PAGE_SIZE, 1 },
	{ 0x100000000ULL, 1 },
	{ HANDOVER_BASE + MAP_EXTENT_2, 7 },
};

static void write_tree(void)
{
	struct kho_tracker_ops ops = {
		.node_alloc = node_alloc,
		.node_free = node_free,
		.node_population = node_population,
		.va_offset = (u64)(uintptr_t)handover.va - HANDOVER_BASE,
	};
	struct kho_tally_ser tally[2];
	struct kho_tracker t;
	size_t i;

	handover.next_node_phys = HANDOVER_BASE + MAP_NODES;
	assert_int_equal(kho_tracker_init(&t, &ops, tally), 0);
	for (i = 0; i < ARRAY_SIZE(ranges); i++)
		assert_int_equal(kho_tracker_preserve_range(&t, ranges[i].phys,
							    ranges[i].nr_pages),
				 0);
	handover.tree_phys = kho_tracker_root_phys(&t);
	handover.tally = tally[0];
}

/* The module writes parcels; here is the same by hand. */
static void write_parcels(void)
{
	parcels_init(&parcels, PARCEL_PAGES);
	parcels_put(&parcels, "lease", 5000);
	parcels_new_slot(&parcels);
	parcels_put(&parcels, "empty", 0);
}

/* Likewise: a tree with something of everything, and one that is lost. */
static void write_kept(void)
{
	struct kepttree tree;

	keptwire_init(&kept, KEPT_PAGES);
	kepttree_sample(&tree, &kept);
	keptwire_put(&kept, "/srv/cache", &tree);
	keptwire_lost(&kept, "/dev/shm", "it did not fit");
	kepttree_exit(&tree);
}

static const struct kho_region regions[] = {
	{ .name = "oops", .phys = 0x3fa00000, .bytes = 4 * MIB },
	{ .name = "fifteen-letters", .phys = 0x100000000ULL, .bytes = 1 },
};

static void write_regions(void)
{
	assert_int_equal(kho_regions_write(region_page, regions,
					   ARRAY_SIZE(regions)),
			 0);
}

static const u64 bad_phys[] = { 0x3fa01000, 0x100000000ULL, 0x7fff000 };

static void write_bad(void)
{
	unsigned int i;

	memset(&bad, 0, sizeof(bad));
	for (i = 0; i < ARRAY_SIZE(bad_phys); i++)
		kho_bad_add(&bad, bad_phys[i]);
	kho_bad_seal(&bad);
}

static int write_all(void **state)
{
	handover_init(&handover);
	write_tree();
	handover.subtree[handover.nr_subtrees++] =
		(struct kho_fdt_subtree){ KHO_PARCEL_SUBTREE,
					  HANDOVER_BASE + MAP_EXTENT_2,
					  sizeof(struct kho_parcel_head_ser) };
	handover_seal(&handover);
	write_parcels();
	write_kept();
	write_regions();
	write_bad();
	return 0;
}

static int free_all(void **state)
{
	handover_exit(&handover);
	parcels_exit(&parcels);
	keptwire_exit(&kept);
	return 0;
}

/* Fills in the files; returns how many there are. */
static size_t list_files(struct golden *file)
{
	const struct handover *h = &handover;
	const struct golden all[] = {
		{ "head.bin", handover_wire(h, KHO_WIRE_HEAD), KHO_PAGE_SIZE },
		{ "chain.bin", handover_wire(h, KHO_WIRE_CHAIN_A),
		  KHO_PAGE_SIZE },
		{ "root-fdt.bin", handover_wire(h, KHO_WIRE_FDT_A),
		  KHO_PAGE_SIZE },
		{ "module.bin", handover_wire(h, KHO_WIRE_MODULE),
		  sizeof(struct kho_module_ser) },
		{ "memmap.bin", handover_wire(h, KHO_WIRE_MEMMAP),
		  sizeof(struct kho_memmap_ser) },
		{ "tree.bin", handover_at(h, HANDOVER_BASE + MAP_NODES),
		  handover.next_node_phys - (HANDOVER_BASE + MAP_NODES) },
		{ "parcels.bin", parcels.page, parcels.next * KHO_PAGE_SIZE },
		{ "kept.bin", kept.mem.page, kept.mem.next * KHO_PAGE_SIZE },
		{ "regions.bin", region_page, KHO_PAGE_SIZE },
		{ "bad-pages.bin", &bad, sizeof(bad) },
	};

	memcpy(file, all, sizeof(all));
	return ARRAY_SIZE(all);
}

enum { MAX_FILES = 10 };

/* ---- files ---- */

static FILE *open_file(const struct golden *g, const char *mode)
{
	const char *dir = getenv("KHO_GOLDEN_DIR");
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir ? dir : "tests/golden",
		 g->name);
	f = fopen(path, mode);
	if (!f)
		fail_msg("%s: %s", path, strerror(errno));
	return f;
}

static void write_file(const struct golden *g)
{
	FILE *f = open_file(g, "wb");
	size_t nr = fwrite(g->bytes, 1, g->size, f);

	assert_int_equal(fclose(f), 0);
	assert_int_equal(nr, g->size);
}

/* Reads the whole file, which must have the size of @g, into @to. */
static void read_file(const struct golden *g, u8 *to)
{
	FILE *f = open_file(g, "rb");
	size_t nr = fread(to, 1, g->size, f);
	bool more = fgetc(f) != EOF;

	fclose(f);
	if (nr != g->size || more)
		fail_msg("%s has not %zu bytes", g->name, g->size);
}

static void compare_file(const struct golden *g)
{
	u8 *bytes = malloc(g->size);
	size_t i;

	read_file(g, bytes);
	for (i = 0; i < g->size; i++)
		if (bytes[i] != ((u8 *)g->bytes)[i])
			fail_msg("%s differs from byte %zu on", g->name, i);
	free(bytes);
}

/* ---- tests ---- */

static void what_is_written_is_what_always_was(void **state)
{
	struct golden file[MAX_FILES];
	size_t i, nr = list_files(file);

	for (i = 0; i < nr; i++) {
		if (write_files)
			write_file(&file[i]);
		compare_file(&file[i]);
	}
}

/* Nothing in memory but what the files hold. */
static void load_files(void)
{
	struct golden file[MAX_FILES];
	size_t i, nr = list_files(file);

	for (i = 0; i < nr; i++) {
		memset(file[i].bytes, 0, file[i].size);
		read_file(&file[i], file[i].bytes);
	}
}

/* Whether the pages of a range were found, by the keys of the blocks it is cut into. */
static u64 pages_found(u64 phys, u64 nr_pages)
{
	u64 found = 0;
	size_t i;

	for (i = 0; i < handover.nr_seen; i++) {
		u64 key = handover.seen[i];

		if (kho_key_phys(key) >= phys &&
		    kho_key_phys(key) < phys + nr_pages * KHO_PAGE_SIZE)
			found += 1ULL << kho_key_order(key);
	}
	return found;
}

static void the_handover_is_read(void **state)
{
	struct kho_checked in;
	struct kho_refusal r;
	u64 total = 0;
	size_t i;

	load_files();
	if (handover_check(&handover, &in, &r))
		fail_msg("%s", r.check);
	for (i = 0; i < ARRAY_SIZE(ranges); i++) {
		assert_int_equal(pages_found(ranges[i].phys,
					     ranges[i].nr_pages),
				 ranges[i].nr_pages);
		total += ranges[i].nr_pages;
	}
	assert_int_equal(in.tally.nr_pages, total);
	assert_int_equal(in.fdt.nr_subtrees, 2);
	assert_non_null(in.memmap);
}

static int note_parcel(void *ctx, const struct kho_parcel_ser *slot,
		       const struct kho_refusal *lost)
{
	assert_null(lost);
	strcat(ctx, slot->name);
	strcat(ctx, " ");
	return 0;
}

static void the_parcels_are_read(void **state)
{
	struct kho_page_ops ops = parcels_ops(&parcels);
	char names[100] = "";
	struct kho_refusal r;

	load_files();
	if (kho_parcels_check(parcels.head_phys,
			      sizeof(struct kho_parcel_head_ser), &ops,
			      note_parcel, names, &r))
		fail_msg("%s", r.check);
	assert_string_equal(names, "lease empty ");
}

static int note_tree(void *ctx, const struct kho_kept_tree_ser *slot)
{
	strcat(ctx, slot->name);
	strcat(ctx, *slot->why ? " lost, since " : " ");
	strcat(ctx, slot->why);
	return 0;
}

static void the_trees_are_read(void **state)
{
	struct kho_kept_ops ops = keptwire_ops(&kept);
	char text[100] = "";
	struct kho_refusal r;

	load_files();
	if (keptwire_check(&kept, &r))
		fail_msg("%s", r.check);
	ops.first_time = NULL;
	assert_int_equal(kho_kept_check(kept.head_phys, 24, &ops, note_tree,
					NULL, text, NULL),
			 0);
	assert_string_equal(text,
			    "/srv/cache /dev/shm lost, since it did not fit");
}

/* What core/ writes of them is the same. */
static void the_records_are_written(void **state)
{
	struct keptrecords k = { 0 };
	struct keptbytes again = { 0 };
	const struct kho_kept_tree_ser *slot;
	struct kho_vmalloc list;
	const void *bytes;

	load_files();
	slot = parcels_at(&kept.mem, kept.last_phys + 16);
	list = slot->records;
	bytes = parcels_at(&kept.mem, keptwire_list_phys(&kept, &list, 0));
	assert_null(keptrecords_read(&k, bytes, slot->record_bytes));
	keptrecords_write_core(&k, &again);
	assert_int_equal(again.nr, slot->record_bytes);
	assert_memory_equal(again.data, bytes, again.nr);
	keptbytes_exit(&again);
	keptrecords_exit(&k);
}

static void the_regions_are_read(void **state)
{
	struct kho_region found;
	struct kho_regions all;
	struct kho_refusal r;
	u32 i;

	load_files();
	if (kho_regions_check(&all, region_page, 0, &r))
		fail_msg("%s", r.check);
	for (i = 0; i < ARRAY_SIZE(regions); i++) {
		assert_int_equal(kho_region_at(&all, i, &found), 0);
		assert_string_equal(found.name, regions[i].name);
		assert_int_equal(found.phys, regions[i].phys);
		assert_int_equal(found.bytes, regions[i].bytes);
	}
	assert_int_not_equal(kho_region_at(&all, i, &found), 0);
}

static void the_bad_pages_are_read(void **state)
{
	struct kho_refusal r;

	load_files();
	if (kho_bad_check(&bad, 0, sizeof(bad), &r))
		fail_msg("%s", r.check);
	assert_int_equal(bad.nr_pages, 3);
	assert_int_equal(bad.phys[0], bad_phys[2]);
	assert_int_equal(bad.phys[1], bad_phys[0]);
	assert_int_equal(bad.phys[2], bad_phys[1]);
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_what_always_was),
		cmocka_unit_test(the_handover_is_read),
		cmocka_unit_test(the_parcels_are_read),
		cmocka_unit_test(the_trees_are_read),
		cmocka_unit_test(the_records_are_written),
		cmocka_unit_test(the_regions_are_read),
		cmocka_unit_test(the_bad_pages_are_read),
	};

	write_files = argc == 2 && !strcmp(argv[1], "--write");
	if (argc > 1 && !write_files) {
		fprintf(stderr, "usage: %s [--write]\n", argv[0]);
		return 2;
	}
	return cmocka_run_group_tests(tests, write_all, free_all);
}
