// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
#include "publish.h"

#include "chain.h"
#include "crc32c.h"

static struct kho_head_ser *head_of(const struct kho_area *area)
{
	return kho_area_page(area, KHO_WIRE_HEAD);
}

/* The one store that publishes. The members are aligned, though their structs are packed. */
static inline void publish(void *member, u64 value)
{
	u64 *word = member;

	WRITE_ONCE(*word, value);
}

/* The page of a pair that is not in use, given the physical address that is. */
static enum kho_wire_page spare_of(const struct kho_area *area, u64 in_use,
				   enum kho_wire_page a, enum kho_wire_page b)
{
	return in_use == kho_area_phys(area, a) ? b : a;
}

void kho_publish_head(const struct kho_area *area)
{
	struct kho_head_ser *head = head_of(area);

	head->hdr.type = KHO_SETUP_DATA_TYPE;
	head->hdr.len = sizeof(head->data);
	head->data.fdt_size = KHO_PAGE_SIZE;
	head->data.scratch_addr = area->phys + KHO_WIRE_SCRATCH_OFFSET;
}

void kho_publish_chain(const struct kho_area *area,
		       const struct kho_range *extent, u32 nr)
{
	struct kho_head_ser *head = head_of(area);
	enum kho_wire_page spare = spare_of(area, head->hdr.next,
					    KHO_WIRE_CHAIN_A, KHO_WIRE_CHAIN_B);

	kho_chain_write(kho_area_page(area, spare), kho_area_phys(area, spare),
			extent, nr);
	smp_wmb(); /* the chain is complete before it is used */
	publish(&head->hdr.next, kho_area_phys(area, spare));
}

int kho_publish_fdt(const struct kho_area *area, u64 tree_phys,
		    const struct kho_fdt_subtree *table, u32 nr)
{
	struct kho_module_ser *module = kho_area_page(area, KHO_WIRE_MODULE);
	struct kho_head_ser *head = head_of(area);
	enum kho_wire_page spare = spare_of(area, head->data.fdt_addr,
					    KHO_WIRE_FDT_A, KHO_WIRE_FDT_B);
	void *fdt = kho_area_page(area, spare);
	int err;

	err = kho_fdt_write(fdt, tree_phys, table, nr);
	if (err)
		return err;
	module->fdt_crc[spare - KHO_WIRE_FDT_A] =
		kho_crc32c(0, fdt, KHO_PAGE_SIZE);
	smp_wmb(); /* FDT and checksum are complete before they are used */
	publish(&head->data.fdt_addr, kho_area_phys(area, spare));
	return 0;
}

static bool announced(const struct kho_scratch *scratch,
		      const struct kho_range *range)
{
	return scratch->addr == range->start &&
	       scratch->size == range->end - range->start;
}

void kho_publish_scratch(const struct kho_area *area,
			 const struct kho_range *range, u32 nr)
{
	struct kho_head_ser *head = head_of(area);
	struct kho_scratch *list =
		(void *)((u8 *)head + KHO_WIRE_SCRATCH_OFFSET);
	u32 was = head->data.scratch_size / sizeof(*list);
	u32 same = 0, i;

	while (same < was && same < nr && announced(&list[same], &range[same]))
		same++;
	publish(&head->data.scratch_size, same * sizeof(*list));
	smp_wmb(); /* what changes is not announced while it does */
	for (i = same; i < nr; i++) {
		list[i].addr = range[i].start;
		list[i].size = range[i].end - range[i].start;
	}
	smp_wmb(); /* areas are complete before they are announced */
	publish(&head->data.scratch_size, nr * sizeof(*list));
}

void kho_publish_memmap(const struct kho_area *area,
			const struct kho_memmap_entry_ser *entry, u32 nr)
{
	struct kho_memmap_ser *map = kho_area_page(area, KHO_WIRE_MEMMAP);

	WRITE_ONCE(map->magic, 0);
	if (!nr)
		return;
	smp_wmb(); /* not valid while it is written */
	memcpy(map->entry, entry, nr * sizeof(*entry));
	map->nr_entries = nr;
	map->crc = kho_crc32c(0, map->entry, nr * sizeof(*entry));
	smp_wmb(); /* complete before it is valid */
	WRITE_ONCE(map->magic, KHO_MEMMAP_MAGIC);
}
