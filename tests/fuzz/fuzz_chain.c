// SPDX-License-Identifier: GPL-2.0
/*
 * Reads the input as a chain page, as it is and with its fixed parts made right, so that what
 * comes after them is reached. What is accepted is exactly what the writer makes of its extents.
 */
#include "core/chain.h"
#include "core/crc32c.h"
#include "testmem.h"
#include "handover.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

#define PAGE_PHYS 0x76543000ULL

static struct kho_chain_ser page;
static struct kho_chain_ser copy;

static void check(void)
{
	struct kho_range extent[KHO_MAX_EXTENTS];
	struct kho_refusal r = { 0 };
	u32 i;

	if (kho_chain_check(&page, PAGE_PHYS, &r)) {
		if (!r.check || r.err >= 0 || r.where - PAGE_PHYS >= 4096)
			test_die("refused without a reason");
		return;
	}
	for (i = 0; i < page.nr_extents; i++) {
		extent[i].start = page.node[i].ind.addr;
		extent[i].end = extent[i].start + page.node[i].ind.len;
		if (extent[i].start >= extent[i].end ||
		    (i && extent[i].start < extent[i - 1].end))
			test_die("extent %u is impossible", i);
	}
	memset(&copy, 0, sizeof(copy));
	kho_chain_write(&copy, PAGE_PHYS, extent, page.nr_extents);
	if (memcmp(&copy, &page, sizeof(page)))
		test_die("accepted, but not what the writer writes");
}

static void fix_description(void)
{
	page.magic = KHO_CHAIN_MAGIC;
	page.version = KHO_MODULE_VERSION;
	page.self_phys = PAGE_PHYS;
	page.crc = handover_chain_crc(&page);
}

/* Links and types, which are the same in every good page. */
static void fix_nodes(void)
{
	u32 i;

	for (i = 0; i < page.nr_extents && i < KHO_MAX_EXTENTS; i++) {
		struct kho_extent_ser *node = &page.node[i];

		node->hdr.next = i + 1 < page.nr_extents ?
					 PAGE_PHYS + (i + 1) * sizeof(*node) :
					 0;
		node->hdr.type = KHO_SETUP_INDIRECT;
		node->hdr.len = sizeof(node->ind);
		node->ind.type = KHO_SETUP_INDIRECT | KHO_SETUP_DATA_TYPE;
	}
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	memset(&page, 0, sizeof(page));
	memcpy(&page, data, size < sizeof(page) ? size : sizeof(page));
	check();
	fix_description();
	check();
	fix_nodes();
	fix_description();
	check();
	/* A number of extents that a short input cannot set. */
	if (size) {
		page.nr_extents = 1 + data[size - 1] % 4;
		fix_nodes();
		fix_description();
		check();
	}
	return 0;
}
