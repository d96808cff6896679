// SPDX-License-Identifier: GPL-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <libfdt.h>
#include <stdio.h>

#include "core/fdt.h"
#include "testmem.h"

#define PAGE ((int)KHO_PAGE_SIZE)
#define TREE_PHYS 0x123456789000ULL
#define PAGE_PHYS 0x77777000ULL

static _Alignas(8) u8 page[KHO_PAGE_SIZE];

/* ---- what we write, libfdt reads ---- */

static u64 u64_property(int node, const char *name)
{
	int len = 0;
	const void *value = fdt_getprop(page, node, name, &len);
	u64 x;

	assert_non_null(value);
	assert_int_equal(len, sizeof(x));
	memcpy(&x, value, sizeof(x));
	return x;
}

static void assert_libfdt_reads(const struct kho_fdt_subtree *subtree, u32 nr)
{
	int node;
	u32 i = 0;

	assert_int_equal(fdt_check_full(page, sizeof(page)), 0);
	assert_int_equal(fdt_node_check_compatible(page, 0, "kho-v4"), 0);
	assert_int_equal(u64_property(0, "preserved-memory-map"), TREE_PHYS);
	for (node = fdt_first_subnode(page, 0); node >= 0;
	     node = fdt_next_subnode(page, node)) {
		assert_true(i < nr);
		assert_string_equal(fdt_get_name(page, node, NULL),
				    subtree[i].name);
		assert_int_equal(u64_property(node, "preserved-data"),
				 subtree[i].phys);
		assert_int_equal(u64_property(node, "blob-size"),
				 subtree[i].bytes);
		i++;
	}
	assert_int_equal(i, nr);
}

static void assert_we_read(const struct kho_fdt_subtree *subtree, u32 nr)
{
	struct kho_fdt_subtree s;
	struct kho_refusal r = { 0 };
	struct kho_fdt fdt;
	int err;
	u32 i;

	if (kho_fdt_check(&fdt, page, PAGE_PHYS, &r))
		fail_msg("%s at %#llx", r.check, (unsigned long long)r.where);
	assert_ptr_equal(fdt.page, page);
	assert_int_equal(fdt.tree_phys, TREE_PHYS);
	assert_int_equal(fdt.nr_subtrees, nr);
	for (i = 0; i < nr; i++) {
		assert_int_equal(kho_fdt_subtree_at(&fdt, i, &s), 0);
		assert_string_equal(s.name, subtree[i].name);
		assert_int_equal(s.phys, subtree[i].phys);
		assert_int_equal(s.bytes, subtree[i].bytes);
		assert_in_range((uintptr_t)s.name, (uintptr_t)page,
				(uintptr_t)page + sizeof(page) - 1);
		s.phys = 0;
		err = kho_fdt_subtree_find(&fdt, subtree[i].name, &s);
		assert_int_equal(err, 0);
		assert_int_equal(s.phys, subtree[i].phys);
	}
	assert_int_equal(kho_fdt_subtree_at(&fdt, nr, &s), -ENOENT);
	assert_int_equal(kho_fdt_subtree_find(&fdt, "no such", &s), -ENOENT);
	assert_int_equal(kho_fdt_subtree_find(&fdt, "", &s), -ENOENT);
}

/* Every number of subtrees until the page is full. */
static void writes_what_libfdt_reads(void **state)
{
	static char name[KHO_PAGE_SIZE][16];
	struct kho_fdt_subtree subtree[KHO_PAGE_SIZE / 32];
	u32 nr;
	int err;

	for (nr = 0;; nr++) {
		memset(page, 0xa5, sizeof(page));
		err = kho_fdt_write(page, TREE_PHYS, subtree, nr);
		if (err)
			break;
		assert_libfdt_reads(subtree, nr);
		assert_we_read(subtree, nr);
		snprintf(name[nr], sizeof(name[nr]), "client-%u", nr);
		subtree[nr].name = name[nr];
		subtree[nr].phys = (u64)nr << 12;
		subtree[nr].bytes = nr * 0x123456789ULL;
	}
	assert_int_equal(err, -ENOSPC);
	assert_in_range(nr, 60, 70);
}

static void writes_names_of_every_length(void **state)
{
	char name[KHO_FDT_NAME_MAX + 2];
	struct kho_fdt_subtree s = { name, 0x1000, 1 };
	u32 len;

	for (len = 0; len < sizeof(name); len++) {
		bool good = len && len <= KHO_FDT_NAME_MAX;

		memset(name, 'n', len);
		name[len] = 0;
		assert_int_equal(kho_fdt_write(page, TREE_PHYS, &s, 1),
				 good ? 0 : -EINVAL);
		if (!good)
			continue;
		assert_libfdt_reads(&s, 1);
		assert_we_read(&s, 1);
	}
}

static void writes_no_page_with_bad_names(void **state)
{
	static const struct kho_fdt_subtree slash[] = { { "a/b", 0, 0 } };
	static const struct kho_fdt_subtree twice[] = { { "a", 1, 1 },
							{ "b", 2, 2 },
							{ "a", 3, 3 } };

	memset(page, 0xa5, sizeof(page));
	assert_int_equal(kho_fdt_write(page, TREE_PHYS, slash, 1), -EINVAL);
	assert_int_equal(kho_fdt_write(page, TREE_PHYS, twice, 3), -EEXIST);
	assert_int_equal(page[0], 0xa5);
}

static void clears_what_it_does_not_need(void **state)
{
	static const u8 zero[KHO_PAGE_SIZE];
	u32 used;

	memset(page, 0xa5, sizeof(page));
	assert_int_equal(kho_fdt_write(page, TREE_PHYS, NULL, 0), 0);
	used = fdt_totalsize(page);
	assert_memory_equal(page + used, zero, sizeof(page) - used);
}

/* ---- what libfdt writes, we read ---- */

static const u64 tree_phys = TREE_PHYS;
static const struct kho_fdt_subtree two[] = { { "one", 0x1000, 10 },
					      { "two", 0x2000, 20 } };

/* Evaluated also where assertions are compiled out. */
static void ok(int err)
{
	if (err < 0)
		fail_msg("libfdt: %s", fdt_strerror(err));
}

static void sw_begin(u32 flags)
{
	memset(page, 0, sizeof(page));
	ok(fdt_create_with_flags(page, PAGE, flags));
	ok(fdt_add_reservemap_entry(page, 0x5000, 0x1000));
	ok(fdt_finish_reservemap(page));
	ok(fdt_begin_node(page, ""));
	ok(fdt_property_string(page, "compatible", "kho-v4"));
	ok(fdt_property(page, "preserved-memory-map", &tree_phys, 8));
}

static void sw_subtree(const struct kho_fdt_subtree *s)
{
	ok(fdt_begin_node(page, s->name));
	ok(fdt_property(page, "preserved-data", &s->phys, 8));
	ok(fdt_property(page, "blob-size", &s->bytes, 8));
	ok(fdt_end_node(page));
}

static void sw_end(void)
{
	ok(fdt_end_node(page));
	ok(fdt_finish(page));
}

static void reads_sequential_writes(void **state)
{
	static const u32 flags[] = { 0, FDT_CREATE_FLAG_NO_NAME_DEDUP };
	unsigned int i;

	for (i = 0; i < 2; i++) {
		sw_begin(flags[i]);
		sw_subtree(&two[0]);
		sw_subtree(&two[1]);
		sw_end();
		assert_we_read(two, 2);
	}
}

/* What others may have put there is passed over, wherever it is. */
static void reads_past_what_it_does_not_know(void **state)
{
	sw_begin(0);
	ok(fdt_property(page, "unknown", "odd", 3));
	ok(fdt_property(page, "nothing", NULL, 0));
	ok(fdt_begin_node(page, "half"));
	ok(fdt_property(page, "preserved-data", &tree_phys, 8));
	ok(fdt_end_node(page));
	ok(fdt_begin_node(page, "one"));
	ok(fdt_property(page, "future", "12345", 5));
	ok(fdt_property(page, "preserved-data", &two[0].phys, 8));
	ok(fdt_property(page, "blob-size", &two[0].bytes, 8));
	ok(fdt_property_u32(page, "last", 1));
	ok(fdt_begin_node(page, "below"));
	/* Not at a subtree's depth, so of whatever size and however often. */
	ok(fdt_property_u32(page, "preserved-data", 1));
	ok(fdt_property_u32(page, "preserved-memory-map", 1));
	ok(fdt_begin_node(page, "deeper"));
	ok(fdt_end_node(page));
	ok(fdt_end_node(page));
	ok(fdt_end_node(page));
	ok(fdt_begin_node(page, "no-properties-at-all"));
	ok(fdt_end_node(page));
	sw_subtree(&two[1]);
	sw_end();
	assert_we_read(two, 2);
}

/* Random access, the way upstream's own writer does it: opened, changed, packed. */
static void reads_random_writes(void **state)
{
	static const struct kho_fdt_subtree reversed[] = {
		{ "two", 0x2000, 20 }, { "one", 0x1000, 10 }
	};
	unsigned int i;
	int node;

	memset(page, 0, sizeof(page));
	ok(fdt_create_empty_tree(page, PAGE));
	ok(fdt_setprop_string(page, 0, "compatible", "kho-v4"));
	ok(fdt_setprop(page, 0, "preserved-memory-map", &tree_phys, 8));
	for (i = 0; i < 2; i++) {
		node = fdt_add_subnode(page, 0, two[i].name);
		ok(node);
		ok(fdt_setprop(page, node, "preserved-data", &two[i].phys, 8));
		ok(fdt_setprop(page, node, "blob-size", &two[i].bytes, 8));
	}
	assert_int_equal(fdt_totalsize(page), PAGE);
	assert_we_read(reversed, 2);
	ok(fdt_pack(page));
	assert_we_read(reversed, 2);
	ok(fdt_open_into(page, page, PAGE));
	assert_we_read(reversed, 2);
}

/* Deleting in place leaves NOPs behind. */
static void reads_past_nops(void **state)
{
	sw_begin(0);
	ok(fdt_property_u32(page, "unknown", 1));
	sw_subtree(&two[0]);
	ok(fdt_begin_node(page, "gone"));
	ok(fdt_property(page, "preserved-data", &tree_phys, 3));
	ok(fdt_end_node(page));
	sw_subtree(&two[1]);
	sw_end();
	ok(fdt_nop_property(page, 0, "unknown"));
	ok(fdt_nop_node(page, fdt_path_offset(page, "/gone")));
	assert_we_read(two, 2);
	ok(fdt_nop_property(page, fdt_path_offset(page, "/one"),
			    "preserved-data"));
	assert_we_read(two + 1, 1);
}

static void reads_compatible_among_others(void **state)
{
	static const char list[] = "kho-v5\0kho-v4\0kho-v3";

	memset(page, 0, sizeof(page));
	ok(fdt_create_empty_tree(page, PAGE));
	ok(fdt_setprop(page, 0, "compatible", list, sizeof(list)));
	ok(fdt_setprop(page, 0, "preserved-memory-map", &tree_phys, 8));
	assert_we_read(NULL, 0);
}

/* ---- what is refused ---- */

static void assert_refused(int want, const char *check)
{
	struct kho_refusal r = { 0 };
	struct kho_fdt fdt;
	int err = kho_fdt_check(&fdt, page, PAGE_PHYS, &r);

	if (!err || strcmp(r.check, check))
		fail_msg("%s, not %s", err ? r.check : "accepted", check);
	assert_int_equal(err, want);
	assert_int_equal(r.err, want);
	assert_in_range(r.where, PAGE_PHYS, PAGE_PHYS + PAGE);
	assert_int_equal(kho_fdt_check(&fdt, page, PAGE_PHYS, NULL), want);
}

static void bad_compatible(void **state)
{
	static const struct {
		const char *value;
		int len;
	} bad[] = {
		{ "kho-v4", 6 }, /* no NUL */
		{ "kho-v3", 7 },  { "kho-v40", 8 }, { "kho-v", 6 },
		{ "", 0 },	  { "", 1 },	    { "x\0kho-v4", 8 },
		{ "xkho-v4", 8 },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		ok(fdt_create_empty_tree(page, PAGE));
		ok(fdt_setprop(page, 0, "preserved-memory-map", &tree_phys, 8));
		ok(fdt_setprop(page, 0, "compatible", bad[i].value,
			       bad[i].len));
		assert_refused(-EPROTONOSUPPORT,
			       "FDT compatible does not name kho-v4");
	}
	ok(fdt_delprop(page, 0, "compatible"));
	assert_refused(-EPROTONOSUPPORT, "FDT compatible does not name kho-v4");
}

static void bad_memory_map(void **state)
{
	u64 zero = 0;

	ok(fdt_create_empty_tree(page, PAGE));
	ok(fdt_setprop_string(page, 0, "compatible", "kho-v4"));
	assert_refused(-ENOENT, "FDT without preserved-memory-map");
	ok(fdt_setprop(page, 0, "preserved-memory-map", &zero, 8));
	assert_refused(-EBADMSG, "FDT preserved-memory-map is 0");
	ok(fdt_setprop(page, 0, "preserved-memory-map", &tree_phys, 7));
	assert_refused(-EBADMSG, "FDT size of preserved-memory-map");
	ok(fdt_setprop(page, 0, "preserved-memory-map", "0123456789abcdef",
		       16));
	assert_refused(-EBADMSG, "FDT size of preserved-memory-map");
}

static void bad_subtrees(void **state)
{
	static const char *const property[] = { "preserved-data", "blob-size" };
	static const char *const check[] = { "FDT size of preserved-data",
					     "FDT size of blob-size" };
	static const char *const twice[] = { "FDT preserved-data twice",
					     "FDT blob-size twice" };
	unsigned int i;

	for (i = 0; i < 2; i++) {
		sw_begin(0);
		ok(fdt_begin_node(page, "bad"));
		ok(fdt_property(page, property[i], "123456789abc", 4 + 5 * i));
		ok(fdt_end_node(page));
		sw_end();
		assert_refused(-EBADMSG, check[i]);
		sw_begin(0);
		ok(fdt_begin_node(page, "bad"));
		ok(fdt_property(page, property[i], "12345678", 8));
		ok(fdt_property(page, property[i], "12345678", 8));
		ok(fdt_end_node(page));
		sw_end();
		assert_refused(-EBADMSG, twice[i]);
	}
}

static void bad_subtree_names(void **state)
{
	struct kho_fdt_subtree s = { "a/b", 1, 1 };
	char name[KHO_FDT_NAME_MAX + 2];

	sw_begin(0);
	sw_subtree(&s);
	sw_end();
	assert_refused(-EBADMSG, "FDT subtree name");
	s.name = "";
	sw_begin(0);
	sw_subtree(&s);
	sw_end();
	assert_refused(-EBADMSG, "FDT subtree name");
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = 0;
	s.name = name;
	sw_begin(0);
	sw_subtree(&s);
	sw_end();
	assert_refused(-EBADMSG, "FDT subtree name");
	sw_begin(0);
	sw_subtree(&two[0]);
	sw_subtree(&two[1]);
	sw_subtree(&two[0]);
	sw_end();
	assert_refused(-EEXIST, "FDT subtree name twice");
}

static void root_properties_twice(void **state)
{
	sw_begin(0);
	ok(fdt_property(page, "preserved-memory-map", &tree_phys, 8));
	sw_end();
	assert_refused(-EBADMSG, "FDT preserved-memory-map twice");
	sw_begin(0);
	ok(fdt_property_string(page, "compatible", "kho-v4"));
	sw_end();
	assert_refused(-EBADMSG, "FDT compatible twice");
}

/* One field of the header after the other. */
static void bad_headers(void **state)
{
	static const struct {
		u32 offset, value;
		const char *check;
	} table[] = {
		{ 0, 0xd00dfeec, "FDT magic number" },
		{ 0, 0, "FDT magic number" },
		{ 4, 39, "FDT total size" },
		{ 4, 4097, "FDT total size" },
		{ 4, 0xffffffff, "FDT total size" },
		{ 4, 100, "FDT bounds of the structure block" },
		{ 8, 36, "FDT bounds of the structure block" },
		{ 8, 58, "FDT bounds of the structure block" },
		{ 8, 4092, "FDT bounds of the structure block" },
		{ 8, 0xfffffffc, "FDT bounds of the structure block" },
		{ 12, 39, "FDT bounds of the strings block" },
		{ 12, 4095, "FDT bounds of the strings block" },
		{ 12, 0xffffffff, "FDT bounds of the strings block" },
		{ 16, 32, "FDT offset of the memory reservation map" },
		{ 16, 44, "FDT offset of the memory reservation map" },
		{ 16, 4096, "FDT memory reservation map has no end" },
		{ 16, 0xfffffff8, "FDT memory reservation map has no end" },
		{ 20, 16, "FDT version" },
		{ 20, 0, "FDT version" },
		{ 24, 18, "FDT last compatible version" },
		{ 32, 4096, "FDT bounds of the strings block" },
		{ 32, 0xffffffff, "FDT bounds of the strings block" },
		{ 32, 0, "FDT property name offset" },
		{ 32, 40, "FDT property name has no end" },
		{ 36, 4096, "FDT bounds of the structure block" },
		{ 36, 0xffffffff, "FDT bounds of the structure block" },
		{ 36, 0, "FDT structure has no end" },
		{ 36, 4, "FDT node name has no end" },
	};
	u32 value;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(table); i++) {
		assert_int_equal(kho_fdt_write(page, TREE_PHYS, two, 2), 0);
		value = cpu_to_fdt32(table[i].value);
		memcpy(page + table[i].offset, &value, 4);
		if (table[i].offset == 32 && table[i].value == 40)
			memset(page + fdt_off_dt_strings(page), 'x', 40);
		assert_refused(-EBADMSG, table[i].check);
	}
}

/* The tokens of a structure block, and what is wrong with them. */
static void bad_structures(void **state)
{
	static const struct {
		u32 nr;
		u32 token[12];
		const char *check;
	} table[] = {
		{ 1, { 9 }, "FDT ends inside a node" },
		{ 2, { 4, 9 }, "FDT ends inside a node" },
		{ 1, { 2 }, "FDT node ends twice" },
		{ 3, { 1, 0, 9 }, "FDT ends inside a node" },
		{ 4, { 1, 0, 2, 2 }, "FDT node ends twice" },
		{ 3, { 1, 0, 2 }, "FDT structure has no end" },
		{ 4, { 1, 0, 2, 4 }, "FDT structure has no end" },
		{ 2, { 1, 0x01010101 }, "FDT node name has no end" },
		{ 4, { 1, 0x61000000, 2, 9 }, "FDT name of the root node" },
		{ 7, { 1, 0, 2, 1, 0, 2, 9 }, "FDT second root node" },
		{ 4, { 3, 0, 0, 9 }, "FDT property outside of a node" },
		{ 7, { 1, 0, 2, 3, 0, 0, 9 }, "FDT property outside of a node" },
		{ 9,
		  { 1, 0, 1, 0, 2, 3, 0, 0, 2 },
		  "FDT property after a child node" },
		{ 4, { 1, 0, 3, 0 }, "FDT property is cut off" },
		{ 5, { 1, 0, 3, 1, 0 }, "FDT property length" },
		{ 6, { 1, 0, 3, 5, 0, 0 }, "FDT property length" },
		{ 6, { 1, 0, 3, 0xffffffff, 0, 0 }, "FDT property length" },
		{ 6, { 1, 0, 3, 0, 0xffffffff, 0 }, "FDT property name offset" },
		{ 2, { 5, 9 }, "FDT token" },
		{ 3, { 1, 0, 0 }, "FDT token" },
		{ 3, { 1, 0, 0x01000000 }, "FDT token" },
	};
	size_t i, k;

	for (i = 0; i < ARRAY_SIZE(table); i++) {
		u32 start;

		/* Room for the tokens: the block that is replaced is longer. */
		assert_int_equal(kho_fdt_write(page, TREE_PHYS, two, 2), 0);
		start = fdt_off_dt_struct(page);
		fdt_set_size_dt_struct(page, table[i].nr * 4);
		for (k = 0; k < table[i].nr; k++) {
			u32 token = cpu_to_fdt32(table[i].token[k]);

			memcpy(page + start + 4 * k, &token, 4);
		}
		assert_refused(-EBADMSG, table[i].check);
	}
}

static void cut_off_anywhere(void **state)
{
	struct kho_fdt fdt;
	int len, total;

	assert_int_equal(kho_fdt_write(page, TREE_PHYS, two, 2), 0);
	total = fdt_totalsize(page);
	for (len = total - 2; len >= 0; len--) {
		page[len] = 0;
		/* With the name of a property gone there are no subtrees left. */
		assert_true(kho_fdt_check(&fdt, page, 0, NULL) < 0 ||
			    !fdt.nr_subtrees);
	}
	assert_int_equal(kho_fdt_check(&fdt, page, 0, NULL), -EBADMSG);
	assert_int_equal(kho_fdt_write(page, TREE_PHYS, two, 2), 0);
	for (len = total - 1; len >= 0; len--) {
		fdt_set_totalsize(page, len);
		assert_true(kho_fdt_check(&fdt, page, 0, NULL) < 0);
	}
}

/* Whoever asks late is told that there is nothing, and nothing outside the page is read. */
static void a_page_that_changed_after_the_check(void **state)
{
	struct kho_fdt_subtree s;
	struct kho_fdt fdt;

	assert_int_equal(kho_fdt_write(page, TREE_PHYS, two, 2), 0);
	assert_int_equal(kho_fdt_check(&fdt, page, 0, NULL), 0);
	fdt_set_off_dt_struct(page, 0xfffffffc);
	assert_int_equal(kho_fdt_subtree_at(&fdt, 0, &s), -ENOENT);
	assert_int_equal(kho_fdt_subtree_find(&fdt, "one", &s), -ENOENT);
}

/* ---- random damage: what we accept, libfdt accepts, and reads the same ---- */

/* libfdt takes a node for a subtree on the same terms. */
static u32 subtrees_of_libfdt(void)
{
	int node;
	u32 nr = 0;

	for (node = fdt_first_subnode(page, 0); node >= 0;
	     node = fdt_next_subnode(page, node))
		nr += fdt_getprop(page, node, "preserved-data", NULL) &&
		      fdt_getprop(page, node, "blob-size", NULL);
	return nr;
}

static void assert_same_as_libfdt(u64 seed)
{
	struct kho_fdt_subtree s;
	struct kho_fdt fdt;
	u32 i;

	if (kho_fdt_check(&fdt, page, 0, NULL))
		return;
	if (fdt_check_full(page, PAGE))
		fail_msg("seed %llu: libfdt refuses: %s",
			 (unsigned long long)seed,
			 fdt_strerror(fdt_check_full(page, PAGE)));
	assert_int_equal(u64_property(0, "preserved-memory-map"),
			 fdt.tree_phys);
	assert_int_equal(subtrees_of_libfdt(), fdt.nr_subtrees);
	for (i = 0; !kho_fdt_subtree_at(&fdt, i, &s); i++) {
		int node = fdt_subnode_offset(page, 0, s.name);

		assert_true(node > 0);
		assert_int_equal(u64_property(node, "preserved-data"), s.phys);
		assert_int_equal(u64_property(node, "blob-size"), s.bytes);
	}
	assert_int_equal(i, fdt.nr_subtrees);
}

static void accepts_nothing_that_libfdt_refuses(void **state)
{
	u64 seed;

	for (seed = 0; seed < 200000; seed++) {
		struct testrand r = { seed };
		u32 changes = 1 + testrand_below(&r, 3), used, at;

		assert_int_equal(kho_fdt_write(page, TREE_PHYS, two, 2), 0);
		used = fdt_totalsize(page);
		while (changes--) {
			at = testrand_below(&r, used);
			page[at] = testrand_below(&r, 2) ?
					   testrand_below(&r, 10) :
					   testrand_next(&r);
		}
		assert_same_as_libfdt(seed);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_what_libfdt_reads),
		cmocka_unit_test(writes_names_of_every_length),
		cmocka_unit_test(writes_no_page_with_bad_names),
		cmocka_unit_test(clears_what_it_does_not_need),
		cmocka_unit_test(reads_sequential_writes),
		cmocka_unit_test(reads_past_what_it_does_not_know),
		cmocka_unit_test(reads_random_writes),
		cmocka_unit_test(reads_past_nops),
		cmocka_unit_test(reads_compatible_among_others),
		cmocka_unit_test(bad_compatible),
		cmocka_unit_test(bad_memory_map),
		cmocka_unit_test(bad_subtrees),
		cmocka_unit_test(bad_subtree_names),
		cmocka_unit_test(root_properties_twice),
		cmocka_unit_test(bad_headers),
		cmocka_unit_test(bad_structures),
		cmocka_unit_test(cut_off_anywhere),
		cmocka_unit_test(a_page_that_changed_after_the_check),
		cmocka_unit_test(accepts_nothing_that_libfdt_refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
