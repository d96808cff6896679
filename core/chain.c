// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
#include "chain.h"

#include "cover.h"
#include "crc32c.h"
#include "version.h"

#define CRC_OFFSET offsetof(struct kho_chain_ser, crc)
/* Bytes between the last field of the description and its checksum; all zero. */
#define TAIL_OFFSET offsetof(struct kho_chain_ser, pad)

static const struct kho_reader reader = {
	.version = KHO_MODULE_VERSION,
	.reads_from = KHO_MODULE_READS_FROM,
};

static u64 node_phys(u64 page_phys, u32 index)
{
	return page_phys + index * sizeof(struct kho_extent_ser);
}

/* What the link of node number @index has to be. */
static u64 link_of(u64 page_phys, u32 index, u32 nr)
{
	return index + 1 < nr ? node_phys(page_phys, index + 1) : 0;
}

static void write_node(struct kho_extent_ser *node, u64 next,
		       const struct kho_range *extent)
{
	node->hdr.next = next;
	node->hdr.type = KHO_SETUP_INDIRECT;
	node->hdr.len = sizeof(node->ind);
	node->ind.type = KHO_SETUP_INDIRECT | KHO_SETUP_DATA_TYPE;
	node->ind.reserved = 0;
	node->ind.len = extent->end - extent->start;
	node->ind.addr = extent->start;
}

/* Of what is in use: the page is written each time memory is preserved beyond the extents. */
static u32 chain_crc(const struct kho_chain_ser *page, u32 nr)
{
	u32 crc = kho_crc32c(0, page->node, nr * sizeof(page->node[0]));

	return kho_crc32c(crc, &page->magic,
			  TAIL_OFFSET - offsetof(struct kho_chain_ser, magic));
}

void kho_chain_write(struct kho_chain_ser *page, u64 page_phys,
		     const struct kho_range *extent, u32 nr)
{
	u32 i;

	if (page->magic != KHO_CHAIN_MAGIC ||
	    page->nr_extents > KHO_MAX_EXTENTS)
		memset(page, 0, sizeof(*page));
	else if (page->nr_extents > nr)
		memset(&page->node[nr], 0,
		       (page->nr_extents - nr) * sizeof(page->node[0]));
	for (i = 0; i < nr; i++)
		write_node(&page->node[i], link_of(page_phys, i, nr),
			   &extent[i]);
	page->magic = KHO_CHAIN_MAGIC;
	page->version = KHO_MODULE_VERSION_WORD;
	page->nr_extents = nr;
	page->self_phys = page_phys;
	page->crc = chain_crc(page, nr);
}

static int check_description(const struct kho_chain_ser *page, u64 page_phys,
			     struct kho_refusal *r)
{
	u32 crc;
	int err;

	if (page->magic != KHO_CHAIN_MAGIC)
		return kho_refuse(r, -EBADMSG, "extent list magic number",
				  page_phys, page->magic, KHO_CHAIN_MAGIC);
	err = kho_version_check(&reader, page->version, "extent list version",
				page_phys, r);
	if (err)
		return err;
	if (!page->nr_extents || page->nr_extents > KHO_MAX_EXTENTS)
		return kho_refuse(r, -ERANGE, "number of extents", page_phys,
				  page->nr_extents, KHO_MAX_EXTENTS);
	if (page->self_phys != page_phys)
		return kho_refuse(r, -EBADMSG, "extent list's own address",
				  page_phys, page->self_phys, page_phys);
	crc = chain_crc(page, page->nr_extents);
	if (page->crc != crc)
		return kho_refuse(r, -EBADMSG, "extent list checksum",
				  page_phys, page->crc, crc);
	return 0;
}

static int check_node(const struct kho_extent_ser *node, u64 phys, u64 next,
		      struct kho_refusal *r)
{
	const u32 ind_type = KHO_SETUP_INDIRECT | KHO_SETUP_DATA_TYPE;

	if (node->hdr.type != KHO_SETUP_INDIRECT)
		return kho_refuse(r, -EBADMSG, "extent node type", phys,
				  node->hdr.type, KHO_SETUP_INDIRECT);
	if (node->hdr.len != sizeof(node->ind))
		return kho_refuse(r, -EBADMSG, "extent node length", phys,
				  node->hdr.len, sizeof(node->ind));
	if (node->hdr.next != next)
		return kho_refuse(r, -EBADMSG, "extent node link", phys,
				  node->hdr.next, next);
	if (node->ind.type != ind_type)
		return kho_refuse(r, -EBADMSG, "extent reservation type", phys,
				  node->ind.type, ind_type);
	if (node->ind.reserved)
		return kho_refuse(r, -EBADMSG, "extent reserved field", phys,
				  node->ind.reserved, 0);
	return 0;
}

/* @lowest: where an extent may start at the earliest. */
static int check_extent(const struct kho_extent_ser *node, u64 phys, u64 lowest,
			struct kho_refusal *r)
{
	u64 start = node->ind.addr;
	u64 len = node->ind.len;

	if (start % KHO_PAGE_SIZE)
		return kho_refuse(r, -ERANGE, "extent address alignment", phys,
				  start, kho_align_down(start, KHO_PAGE_SIZE));
	if (!len || len % KHO_PAGE_SIZE)
		return kho_refuse(r, -ERANGE, "extent length", phys, len, len);
	if (start < KHO_COVER_LOWEST)
		return kho_refuse(r, -ERANGE, "extent below 1 MiB", phys, start,
				  KHO_COVER_LOWEST);
	if (start < lowest)
		return kho_refuse(r, -ERANGE, "extent order or overlap", phys,
				  start, lowest);
	if (start + len < start)
		return kho_refuse(r, -ERANGE, "extent wraps around", phys, len,
				  len);
	return 0;
}

/* Nodes not in use, and the bytes before the checksum, which newer versions may use. */
static int check_unused(const struct kho_chain_ser *page, u64 page_phys,
			struct kho_refusal *r)
{
	const u8 *bytes = (const u8 *)page;
	size_t i = page->nr_extents * sizeof(struct kho_extent_ser);
	size_t end = kho_version_of(page->version) > reader.version ?
			     offsetof(struct kho_chain_ser, magic) :
			     CRC_OFFSET;

	for (; i < end; i++) {
		if (i == offsetof(struct kho_chain_ser, magic))
			i = TAIL_OFFSET;
		if (bytes[i])
			return kho_refuse(r, -EBADMSG,
					  "extent list unused bytes",
					  page_phys + i, bytes[i], 0);
	}
	return 0;
}

int kho_chain_check(const struct kho_chain_ser *page, u64 page_phys,
		    struct kho_refusal *r)
{
	u64 lowest = 0;
	int err;
	u32 i;

	err = check_description(page, page_phys, r);
	if (err)
		return err;
	for (i = 0; i < page->nr_extents; i++) {
		const struct kho_extent_ser *node = &page->node[i];
		u64 phys = node_phys(page_phys, i);

		err = check_node(node, phys,
				 link_of(page_phys, i, page->nr_extents), r);
		if (!err)
			err = check_extent(node, phys, lowest, r);
		if (err)
			return err;
		lowest = node->ind.addr + node->ind.len;
	}
	return check_unused(page, page_phys, r);
}
