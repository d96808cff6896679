// SPDX-License-Identifier: GPL-2.0
/*
 * Parcels and regions of a handover. Of a parcel only the index and the lists of its pages are
 * read, never its contents, so that they do not get into a dump.
 */
#include <string.h>

#include "core/parcel.h"
#include "core/reserve_fdt.h"
#include "cli/wire/wirejson.h"
#include "cli/wire/wiremarks.h"

static const u8 *subtree_page(struct wire *w, const char *name,
			      struct kho_fdt_subtree *s)
{
	if (!w->have_fdt || kho_fdt_subtree_find(&w->fdt, name, s))
		return NULL;
	return wire_pages_get(w->pages, s->phys);
}

/*
 * Fetches the chunks of a list of pages. @seen: those of all lists; a page that is there already
 * ends this one: it is a circle, or belongs to another.
 *
 * Return: how many.
 */
static u32 read_chunks(struct wire *w, struct wire_marks *seen,
		       const struct kho_vmalloc *list)
{
	u64 phys = list->first;
	u32 nr = 0, most = list->total_pages / KHO_VMALLOC_SIZE + 2;

	while (phys && nr < most) {
		const struct kho_vmalloc_chunk *chunk =
			(const void *)wire_pages_get(w->pages, phys);

		if (!chunk || !wire_marks_add(seen, phys, 0))
			break;
		nr++;
		phys = chunk->hdr.next;
	}
	return nr;
}

static struct json_object *json_parcel(struct wire *w, struct wire_marks *seen,
				       const struct kho_parcel_ser *p, u64 phys)
{
	struct json_object *o = json_object_new_object();
	struct kho_vmalloc list;

	memcpy(&list, &p->data, sizeof(list));
	json_add_text(o, "name", p->name, sizeof(p->name));
	json_add_number(o, "bytes", p->bytes);
	json_add_number(o, "created-ns", p->created_ns);
	json_add_number(o, "crc", p->data_crc);
	json_add_number(o, "mode", p->mode);
	json_add_number(o, "slot-address", phys);
	json_object_object_add(o, "slot-good",
			       json_object_new_boolean(p->crc ==
						       kho_parcel_crc(p)));
	json_add_number(o, "pages", list.total_pages);
	json_add_number(o, "order", list.order);
	json_add_number(o, "first-address", list.first);
	json_add_number(o, "chunks", read_chunks(w, seen, &list));
	return o;
}

/* @bytes: from one slot to the next; what is missing of one that is shorter is 0 */
static void add_index_block(struct wire *w, struct wire_marks *seen,
			    struct json_object *list, const u8 *block, u64 phys,
			    u32 bytes)
{
	struct kho_block_header_ser head;
	u64 i, most = (PAGE_BYTES - sizeof(head)) / bytes;

	memcpy(&head, block, sizeof(head));
	for (i = 0; i < head.count && i < most; i++) {
		u64 at = sizeof(head) + i * bytes;
		struct kho_parcel_ser p = { 0 };

		memcpy(&p, block + at, bytes < sizeof(p) ? bytes : sizeof(p));
		if (p.state == KHO_PARCEL_VALID)
			json_object_array_add(list, json_parcel(w, seen, &p,
								phys + at));
	}
}

static u32 add_index_blocks(struct wire *w, struct json_object *list,
			    const struct kho_parcel_head_ser *index)
{
	const u32 least = KHO_PARCEL_BYTES_FROM;
	u32 nr, bytes = index->entry_size > least ? index->entry_size : least;
	struct wire_marks *seen = wire_marks_create();
	u64 phys = index->first_block_phys;

	for (nr = 0; phys && nr < KHO_BLOCK_CHAIN_MAX; nr++) {
		const u8 *block = wire_pages_get(w->pages, phys);
		struct kho_block_header_ser head;

		if (!block)
			break;
		add_index_block(w, seen, list, block, phys, bytes);
		memcpy(&head, block, sizeof(head));
		phys = head.next;
	}
	wire_marks_destroy(seen);
	return nr;
}

/* What parcels can have at most: they consist of single pages. */
static u64 single_pages(const struct wire *w)
{
	u64 pages = 0;
	size_t i;

	for (i = 0; i < w->nr_blocks; i++)
		pages += !w->block[i].order;
	return pages;
}

/* A page that the check of the index may look at. What is in a parcel it never looks at. */
static const void *parcel_page(void *ctx, u64 phys, unsigned int order)
{
	static const u64 unread[KHO_PAGE_SIZE / sizeof(u64)];
	struct wire *w = ctx;

	if (!wire_has_block(w, phys, order))
		return NULL;
	return wire_pages_has(w->pages, phys) ?
		       (const void *)wire_pages_get(w->pages, phys) :
		       unread;
}

struct json_object *wire_json_parcels(struct wire *w)
{
	struct kho_page_ops ops = { .page = parcel_page, .ctx = w };
	struct kho_refusal r = { 0 };
	struct kho_parcel_head_ser head;
	struct json_object *o, *list;
	struct kho_fdt_subtree s;
	const u8 *page = subtree_page(w, KHO_PARCEL_SUBTREE, &s);
	int err;

	if (!page)
		return NULL;
	memcpy(&head, page, sizeof(head));
	o = json_object_new_object();
	list = json_object_new_array();
	json_add_number(o, "address", s.phys);
	json_add_number(o, "magic", head.magic);
	json_add_number(o, "version", head.version);
	json_add_number(o, "first-address", head.first_block_phys);
	if (head.magic == KHO_PARCEL_MAGIC)
		json_add_number(o, "index-pages",
				add_index_blocks(w, list, &head));
	/* Without any there is nothing to follow; 0 would be no limit. */
	ops.nr_pages = single_pages(w);
	if (!ops.nr_pages)
		ops.nr_pages = 1;
	err = kho_parcels_check(s.phys, s.bytes, &ops, NULL, NULL, &r);
	json_add_verdict(o, err, &r);
	json_object_object_add(o, "parcels", list);
	return o;
}

struct json_object *wire_json_regions(struct wire *w)
{
	struct kho_refusal r = { 0 };
	struct json_object *o, *list;
	struct kho_regions regions;
	struct kho_fdt_subtree s;
	struct kho_region region;
	const u8 *page = subtree_page(w, MEMBLOCK_KHO_FDT, &s);
	int err;
	u32 i;

	if (!page)
		return NULL;
	o = json_object_new_object();
	list = json_object_new_array();
	err = kho_regions_check(&regions, page, s.phys, &r);
	json_add_number(o, "address", s.phys);
	json_add_verdict(o, err, &r);
	for (i = 0; !err && !kho_region_at(&regions, i, &region); i++) {
		struct json_object *e = json_object_new_object();

		json_add_text(e, "name", region.name,
			      RESERVE_MEM_KHO_NAME_SIZE);
		json_add_number(e, "address", region.phys);
		json_add_number(e, "bytes", region.bytes);
		json_object_array_add(list, e);
	}
	json_object_object_add(o, "regions", list);
	return o;
}
