// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
#include "parcel.h"

#include "bits.h"
#include "crc32c.h"
#include "slots.h"
#include "version.h"

bool kho_parcel_name_ok(const char *name)
{
	u32 i;

	for (i = 0; i < KHO_PARCEL_NAME_SIZE && name[i]; i++) {
		u8 byte = (u8)name[i];

		if (byte < 0x20 || byte == 0x7f || byte == '/')
			return false;
	}
	if (!i || i == KHO_PARCEL_NAME_SIZE)
		return false;
	/* "." and ".." */
	return name[0] != '.' || (i > 1 && (name[1] != '.' || i > 2));
}

u32 kho_parcel_crc(const struct kho_parcel_ser *p)
{
	const size_t from = offsetof(struct kho_parcel_ser, data_crc);

	return kho_crc32c(0, (const u8 *)p + from,
			  offsetof(struct kho_parcel_ser, crc) - from);
}

u32 kho_parcel_mode_crc(u32 mode)
{
	return mode ? kho_crc32c(0, &mode, sizeof(mode)) : 0;
}

/* ---- lists of pages ---- */

/*
 * State of one kho_page_list_check().
 * @order: of the blocks that the list names
 * @left: pages that the list must still name
 */
struct page_list {
	const struct kho_page_ops *ops;
	int (*each)(void *ctx, u64 phys);
	int (*chunk)(void *ctx, u64 phys);
	void *ctx;
	struct kho_refusal *r;
	unsigned int order;
	u64 left;
};

static int check_descriptor(const struct kho_vmalloc *list,
			    const struct kho_page_ops *ops,
			    struct kho_refusal *r)
{
	if (list->order >= 32 ||
	    list->total_pages & ((1ULL << list->order) - 1))
		return kho_refuse(r, -EBADMSG, "page list order", list->first,
				  list->order, 0);
	if (list->flags & ~(KHO_VMALLOC_ALLOC | KHO_VMALLOC_HUGE_VMAP))
		return kho_refuse(r, -EBADMSG, "page list flags", list->first,
				  list->flags, KHO_VMALLOC_ALLOC);
	if (ops->nr_pages && list->total_pages > ops->nr_pages)
		return kho_refuse(r, -ERANGE,
				  "page list longer than preserved memory",
				  list->first, list->total_pages,
				  ops->nr_pages);
	if (!list->first && list->total_pages)
		return kho_refuse(r, -EBADMSG, "page list without pages", 0, 0,
				  list->total_pages);
	if (list->first && !list->total_pages)
		return kho_refuse(r, -EBADMSG, "page list of no pages",
				  list->first, list->first, 0);
	return 0;
}

static int check_data_block(struct page_list *l, u64 phys, u64 chunk_phys)
{
	u64 size = KHO_PAGE_SIZE << l->order;

	if (phys % size)
		return kho_refuse(l->r, -EBADMSG, "page list entry alignment",
				  chunk_phys, phys, kho_align_down(phys, size));
	if (!l->left)
		return kho_refuse(l->r, -EBADMSG,
				  "page list names too many pages", chunk_phys,
				  phys, 0);
	/* @each may take the block away, and the chunk is still being read. */
	if (kho_align_down(chunk_phys, size) == phys)
		return kho_refuse(l->r, -EBADMSG,
				  "page list names its own page", chunk_phys,
				  phys, phys);
	if (!l->ops->page(l->ops->ctx, phys, l->order))
		return kho_page_refuse(l->ops, l->r,
				       "page list entry is not preserved",
				       "page list entry went bad", chunk_phys,
				       phys, l->order);
	l->left -= 1ULL << l->order;
	return l->each ? l->each(l->ctx, phys) : 0;
}

/* Checks one chunk; @next is set to the address of the one that follows, 0 if there is none. */
static int check_chunk(struct page_list *l, u64 phys, u64 *next)
{
	const struct kho_vmalloc_chunk *chunk = kho_page_at(l->ops, phys);
	u32 used;

	if (!chunk)
		return kho_page_refuse(l->ops, l->r,
				       "page list chunk is not preserved",
				       "page list chunk went bad", phys, phys,
				       0);
	*next = chunk->hdr.next;
	for (used = 0; used < KHO_VMALLOC_SIZE && chunk->phys[used]; used++) {
		int err = check_data_block(l, chunk->phys[used], phys);

		if (err)
			return err;
		if (l->each && !kho_page_at(l->ops, phys))
			return kho_refuse(l->r, -EBADMSG,
					  "page list chunk was taken away",
					  phys, phys, phys);
	}
	if (used < KHO_VMALLOC_SIZE && *next)
		return kho_refuse(l->r, -EBADMSG,
				  "page list goes on after its end", phys,
				  *next, 0);
	if (!*next && l->left)
		return kho_refuse(l->r, -EBADMSG,
				  "page list names too few pages", phys,
				  l->left, 0);
	return l->chunk ? l->chunk(l->ctx, phys) : 0;
}

int kho_page_list_check(const struct kho_vmalloc *list,
			const struct kho_page_ops *ops,
			int (*each)(void *ctx, u64 phys),
			int (*chunk)(void *ctx, u64 phys), void *ctx,
			struct kho_refusal *r)
{
	struct page_list l = { .ops = ops,
			       .each = each,
			       .chunk = chunk,
			       .ctx = ctx,
			       .r = r,
			       .order = list->order,
			       .left = list->total_pages };
	u64 phys = list->first;
	int err;

	err = check_descriptor(list, ops, r);
	/* A chunk that is followed is full, and takes its share off what is left: this ends. */
	while (!err && phys) {
		err = kho_page_go_on(ops, phys, r);
		if (!err)
			err = check_chunk(&l, phys, &phys);
	}
	return err;
}

/* ---- the index ---- */

static const struct kho_reader reader = {
	.version = KHO_PARCEL_VERSION,
	.reads_from = KHO_PARCEL_READS_FROM,
	.bytes = sizeof(struct kho_parcel_ser),
	.bytes_from = KHO_PARCEL_BYTES_FROM,
	.bytes_most = KHO_PAGE_SIZE - sizeof(struct kho_block_header_ser),
};

static const struct kho_slot_format parcel_slots = {
	.name_offset = offsetof(struct kho_parcel_ser, name),
	.name_bytes = KHO_PARCEL_NAME_SIZE,
	.has_free = true,
	.missing = "parcel index block is not preserved",
	.went_bad = "parcel index block went bad",
	.too_long = "parcel index is too long or a circle",
	.count = "parcel index count of slots",
	.name_twice = "parcel name twice",
};

static int check_mode(const struct kho_parcel_ser *p, u64 phys,
		      struct kho_refusal *r)
{
	u32 crc = kho_parcel_mode_crc(p->mode);

	if (p->mode_crc != crc)
		return kho_refuse(r, -EBADMSG, "parcel mode checksum", phys,
				  p->mode_crc, crc);
	if (!kho_parcel_mode_ok(p->mode))
		return kho_refuse(r, -EBADMSG, "parcel mode", phys, p->mode, 0);
	return 0;
}

static int check_slot(const struct kho_parcel_ser *p, u64 phys,
		      struct kho_refusal *r)
{
	u64 pages = (p->bytes >> KHO_PAGE_SHIFT) + !!(p->bytes % KHO_PAGE_SIZE);
	u32 crc;

	if (p->state != KHO_PARCEL_VALID)
		return kho_refuse(r, -EBADMSG, "parcel state", phys, p->state,
				  KHO_PARCEL_VALID);
	crc = kho_parcel_crc(p);
	if (p->crc != crc)
		return kho_refuse(r, -EBADMSG, "parcel checksum", phys, p->crc,
				  crc);
	if (p->reserved)
		return kho_refuse(r, -EBADMSG, "parcel reserved field", phys,
				  p->reserved, 0);
	if (!kho_parcel_name_ok(p->name))
		return kho_refuse(r, -EBADMSG, "parcel name", phys, 0, 0);
	if (p->data.total_pages != pages)
		return kho_refuse(r, -EBADMSG, "parcel number of pages", phys,
				  p->data.total_pages, pages);
	if (p->data.order)
		return kho_refuse(r, -EBADMSG, "parcel order of pages", phys,
				  p->data.order, 0);
	return check_mode(p, phys, r);
}

/*
 * @nr_parcels: valid ones so far
 * @nr_pages: pages that they name
 * @nr_lost: parcels of which a page went bad
 */
struct index_sum {
	u32 nr_parcels;
	u64 nr_pages;
	u32 nr_lost;
};

static int check_sum(struct index_sum *sum, const struct kho_parcel_ser *p,
		     u64 phys, const struct kho_page_ops *ops,
		     struct kho_refusal *r)
{
	if (++sum->nr_parcels > KHO_PARCELS_MAX)
		return kho_refuse(r, -ERANGE, "number of parcels", phys,
				  sum->nr_parcels, KHO_PARCELS_MAX);
	sum->nr_pages += p->data.total_pages;
	if (ops->nr_pages && sum->nr_pages > ops->nr_pages)
		return kho_refuse(r, -ERANGE,
				  "parcels are larger than preserved memory",
				  phys, sum->nr_pages, ops->nr_pages);
	return 0;
}

static int check_data(const struct kho_parcel_ser *p,
		      const struct kho_page_ops *ops, struct kho_refusal *r)
{
	struct kho_vmalloc list;

	memcpy(&list, &p->data, sizeof(list));
	return kho_page_list_check(&list, ops, NULL, NULL, NULL, r);
}

static int refuse_as(struct kho_refusal *r, const struct kho_refusal *why)
{
	if (r)
		*r = *why;
	return why->err;
}

static int check_index(const struct kho_slots *slots, struct index_sum *sum,
		       struct kho_refusal *r)
{
	struct kho_slot_walk w;
	int step;

	kho_slot_walk_begin(&w, slots);
	while ((step = kho_slot_next(&w, r)) == KHO_STEP_NEXT) {
		u64 phys = kho_slot_phys(&w);
		struct kho_refusal lost;
		struct kho_parcel_ser p;
		int err;

		kho_slot_copy(&w, &p, sizeof(p));
		err = check_slot(&p, phys, r);
		if (!err)
			err = check_sum(sum, &p, phys, slots->ops, r);
		if (err)
			return err;
		err = check_data(&p, slots->ops, &lost);
		if (err == KHO_WENT_BAD)
			sum->nr_lost++;
		else if (err)
			return refuse_as(r, &lost);
	}
	return step ? step : kho_slots_check_names(slots, sum->nr_parcels, r);
}

static int check_index_head(const struct kho_page_ops *ops,
			    const struct kho_parcel_head_ser *head, u64 phys,
			    u64 bytes, struct kho_refusal *r)
{
	int err;

	if (!head)
		return kho_page_refuse(ops, r, "parcel index is not preserved",
				       "parcel index went bad", phys, phys, 0);
	if (bytes < sizeof(*head))
		return kho_refuse(r, -EBADMSG, "parcel index size", phys, bytes,
				  sizeof(*head));
	if (head->magic != KHO_PARCEL_MAGIC)
		return kho_refuse(r, -EBADMSG, "parcel index magic number",
				  phys, head->magic, KHO_PARCEL_MAGIC);
	err = kho_version_check(&reader, head->version, "parcel index version",
				phys, r);
	if (err)
		return err;
	/* The head has no size of its own: only a newer version may have more of it. */
	if (bytes > sizeof(*head) &&
	    kho_version_of(head->version) <= reader.version)
		return kho_refuse(r, -EBADMSG, "parcel index size", phys, bytes,
				  sizeof(*head));
	if (head->entry_size % 8 ||
	    !kho_version_bytes_ok(&reader, head->version, head->entry_size))
		return kho_refuse(r, -EBADMSG, "parcel index slot size", phys,
				  head->entry_size,
				  sizeof(struct kho_parcel_ser));
	return 0;
}

int kho_parcels_check(u64 head_phys, u64 blob_bytes,
		      const struct kho_page_ops *ops,
		      int (*each)(void *ctx, const struct kho_parcel_ser *p,
				  const struct kho_refusal *lost),
		      void *ctx, struct kho_refusal *r)
{
	const struct kho_parcel_head_ser *head = kho_page_at(ops, head_phys);
	struct kho_slots slots = { .like = &parcel_slots, .ops = ops };
	struct index_sum sum = { 0, 0, 0 };
	struct kho_page_ops good = *ops;
	struct kho_refusal lost;
	struct kho_slot_walk w;
	int err;

	err = check_index_head(ops, head, head_phys, blob_bytes, r);
	if (!err) {
		slots.first_block_phys = head->first_block_phys;
		slots.slot_bytes = head->entry_size;
		err = check_index(&slots, &sum, r);
	}
	if (err || !each)
		return err;
	/* All of what was found good is taken, or none of it. */
	good.stop = NULL;
	slots.ops = &good;
	kho_slot_walk_begin(&w, &slots);
	while ((err = kho_slot_next(&w, r)) == KHO_STEP_NEXT) {
		struct kho_parcel_ser p;

		kho_slot_copy(&w, &p, sizeof(p));
		/* Of a list that is lost the rest was not looked at: none is taken on trust. */
		if (sum.nr_lost)
			err = check_data(&p, &good, &lost);
		if (err == KHO_WENT_BAD)
			err = each(ctx, &p, &lost);
		else if (err < 0)
			err = refuse_as(r, &lost);
		else
			err = each(ctx, &p, NULL);
		if (err)
			return err;
	}
	return err;
}
