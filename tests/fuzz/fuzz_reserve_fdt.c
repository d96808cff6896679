// SPDX-License-Identifier: GPL-2.0
/*
 * Reads the input as the FDT of reserved regions. What is accepted must be accepted by libfdt,
 * mean the same to it, keep every promise of the contract, and survive being written anew.
 */
#include <libfdt.h>

#include "core/reserve_fdt.h"
#include "testmem.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

/* More than any page has room for. */
#define MAX_REGIONS 128

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

static void compare_libfdt(const struct kho_regions *regions,
			   const struct kho_region *region)
{
	u32 i = 0;
	int node;

	if (fdt_check_full(page, sizeof(page)))
		test_die("libfdt refuses");
	if (fdt_node_check_compatible(page, 0, MEMBLOCK_KHO_NODE_COMPATIBLE))
		test_die("libfdt finds it not compatible");
	fdt_for_each_subnode(node, page, 0)
	{
		if (i == regions->nr ||
		    strcmp(fdt_get_name(page, node, NULL), region[i].name) ||
		    u64_property(node, "start") != region[i].phys ||
		    u64_property(node, "size") != region[i].bytes)
			test_die("libfdt reads another region %u", i);
		i++;
	}
	if (i != regions->nr)
		test_die("libfdt finds %u regions, not %u", i, regions->nr);
}

static void check_promises(const struct kho_region *region, u32 nr)
{
	u32 i, k;

	for (i = 0; i < nr; i++) {
		u64 end = region[i].phys +
			  kho_region_pages(&region[i]) * KHO_PAGE_SIZE;

		if (!region[i].phys || region[i].phys % KHO_PAGE_SIZE ||
		    end <= region[i].phys || end > KHO_REGION_LIMIT ||
		    !kho_region_name_ok(region[i].name))
			test_die("region %u makes no sense", i);
		for (k = 0; k < nr; k++)
			if (k != i &&
			    (!strcmp(region[i].name, region[k].name) ||
			     (region[k].phys >= region[i].phys &&
			      region[k].phys < end)))
				test_die("regions %u and %u are not apart", i,
					 k);
	}
}

/* Refused only for want of room: names of properties may be shared or overlap in the input. */
static void write_anew(const struct kho_region *region, u32 nr)
{
	struct kho_regions again;
	struct kho_region got;
	u32 i;
	int err = kho_regions_write(copy, region, nr);

	if (err == -ENOSPC)
		return;
	if (err || kho_regions_check(&again, copy, 0, NULL) || again.nr != nr)
		test_die("what was written is not read");
	for (i = 0; i < nr; i++)
		if (kho_region_at(&again, i, &got) ||
		    strcmp(got.name, region[i].name) ||
		    got.phys != region[i].phys || got.bytes != region[i].bytes)
			test_die("region %u differs when written", i);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct kho_region region[MAX_REGIONS];
	struct kho_refusal r = { 0 };
	struct kho_regions regions;
	u32 i;

	memset(page, 0, sizeof(page));
	memcpy(page, data, size < sizeof(page) ? size : sizeof(page));
	if (kho_regions_check(&regions, page, 0x1000, &r)) {
		if (!r.check || r.err >= 0)
			test_die("refused without a reason");
		return 0;
	}
	if (regions.nr > MAX_REGIONS)
		test_die("%u regions in a page", regions.nr);
	for (i = 0; i < regions.nr; i++)
		if (kho_region_at(&regions, i, &region[i]))
			test_die("region %u is lost", i);
	compare_libfdt(&regions, region);
	check_promises(region, regions.nr);
	write_anew(region, regions.nr);
	return 0;
}
