// SPDX-License-Identifier: GPL-2.0
/*
 * Reads the input as a root FDT. What is accepted must be accepted by libfdt, mean the same to
 * it, and survive being written anew.
 */
#include <libfdt.h>

#include "core/fdt.h"
#include "testmem.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

/* More than any page has room for. */
#define MAX_SUBTREES 128

static _Alignas(8) u8 page[KHO_PAGE_SIZE];
static _Alignas(8) u8 copy[KHO_PAGE_SIZE];

static u64 u64_property(int node, const char *name)
{
	int len = 0;
	const void *value = fdt_getprop(page, node, name, &len);
	u64 x;

	if (!value || len != sizeof(x))
		test_die("libfdt does not find %s", name);
	memcpy(&x, value, sizeof(x));
	return x;
}

/*
 * The node of that name. Not by fdt_subnode_offset(): that also finds name@unit, and finds a
 * node of the same name that comes before but is no subtree.
 */
static int find_subtree(const char *name)
{
	int node;

	for (node = fdt_first_subnode(page, 0); node >= 0;
	     node = fdt_next_subnode(page, node)) {
		if (!strcmp(fdt_get_name(page, node, NULL), name) &&
		    fdt_getprop(page, node, KHO_SUB_TREE_PROP_NAME, NULL) &&
		    fdt_getprop(page, node, KHO_SUB_TREE_SIZE_PROP_NAME, NULL))
			return node;
	}
	test_die("libfdt does not find subtree %s", name);
}

static void compare_subtree(const struct kho_fdt_subtree *s)
{
	int node = find_subtree(s->name);

	if (u64_property(node, KHO_SUB_TREE_PROP_NAME) != s->phys ||
	    u64_property(node, KHO_SUB_TREE_SIZE_PROP_NAME) != s->bytes)
		test_die("libfdt reads another subtree %s", s->name);
}

static void compare_libfdt(const struct kho_fdt *fdt)
{
	if (fdt_check_full(page, sizeof(page)))
		test_die("libfdt refuses");
	if (fdt_node_check_compatible(page, 0, KHO_FDT_COMPATIBLE))
		test_die("libfdt finds it not compatible");
	if (u64_property(0, KHO_FDT_MEMORY_MAP_PROP_NAME) != fdt->tree_phys)
		test_die("libfdt reads another tree");
}

/* Refused only for want of room: names may be shared or in any order in the input. */
static void write_anew(const struct kho_fdt *fdt,
		       const struct kho_fdt_subtree *subtree)
{
	struct kho_fdt again;
	struct kho_fdt_subtree s;
	u32 i;

	if (kho_fdt_write(copy, fdt->tree_phys, subtree, fdt->nr_subtrees))
		return;
	if (kho_fdt_check(&again, copy, 0, NULL) ||
	    again.tree_phys != fdt->tree_phys ||
	    again.nr_subtrees != fdt->nr_subtrees)
		test_die("what was written is not read");
	for (i = 0; i < fdt->nr_subtrees; i++)
		if (kho_fdt_subtree_at(&again, i, &s) ||
		    strcmp(s.name, subtree[i].name) ||
		    s.phys != subtree[i].phys || s.bytes != subtree[i].bytes)
			test_die("subtree %u differs when written", i);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct kho_fdt_subtree subtree[MAX_SUBTREES], s;
	struct kho_refusal r = { 0 };
	struct kho_fdt fdt;
	u32 i;

	memset(page, 0, sizeof(page));
	memcpy(page, data, size < sizeof(page) ? size : sizeof(page));
	if (kho_fdt_check(&fdt, page, 0x1000, &r)) {
		if (!r.check || r.err >= 0)
			test_die("refused without a reason");
		return 0;
	}
	compare_libfdt(&fdt);
	for (i = 0; i < fdt.nr_subtrees; i++) {
		if (kho_fdt_subtree_at(&fdt, i, &subtree[i]) ||
		    kho_fdt_subtree_find(&fdt, subtree[i].name, &s) ||
		    s.name != subtree[i].name)
			test_die("subtree %u is lost", i);
		compare_subtree(&s);
	}
	write_anew(&fdt, subtree);
	return 0;
}
