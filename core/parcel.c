// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
#include "parcel.h"

#include "bits.h"
#include "crc32c.h"
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

/* ---- pages that are not there ---- */

/*
 * Refuses a block that @ops does not know.
 * @what: which it is
 * @bad: the same, where it went bad
 */
static int refuse_page(const struct kho_page_ops *ops, struct kho_refusal *r,
		       const char *what, const char *bad, u64 where, u64 phys,
		       unsigned int order)
{
	if (ops->bad && phys && !(phys % (KHO_PAGE_SIZE << order)) &&
	    ops->bad(ops->ctx, phys, order))
		return kho_refuse(r, KHO_WENT_BAD, bad, where, phys, phys);
	return kho_refuse(r, -EBADMSG, what, where, phys, phys);
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
		return refuse_page(l->ops, l->r,
				   "page list entry is not preserved",
				   "page list entry went bad", chunk_phys, phys,
				   l->order);
	l->left -= 1ULL << l->order;
	return l->each ? l->each(l->ctx, phys) : 0;
}

/* Checks one chunk; @next is set to the address of the one that follows, 0 if there is none. */
static int check_chunk(struct page_list *l, u64 phys, u64 *next)
{
	const struct kho_vmalloc_chunk *chunk = kho_page_at(l->ops, phys);
	u32 used;

	if (!chunk)
		return refuse_page(l->ops, l->r,
				   "page list chunk is not preserved",
				   "page list chunk went bad", phys, phys, 0);
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
	while (!err && phys)
		err = check_chunk(&l, phys, &phys);
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

/*
 * A walk over all slots of the index.
 * @block_phys: block that @block is the contents of; 0 = before the first
 * @nr_blocks: blocks entered so far
 * @entry_bytes: from one slot to the next
 * @nr_slots: slots of @block, as they were checked
 * @slot: number of the slot to be looked at next
 * @parcel: the slot looked at last, as far as it is known here and there
 */
struct slot_walk {
	const struct kho_page_ops *ops;
	const struct kho_block_header_ser *block;
	u64 block_phys;
	u64 next_phys;
	u32 nr_blocks;
	u32 entry_bytes;
	u32 nr_slots;
	u32 slot;
	struct kho_parcel_ser parcel;
};

static void walk_begin(struct slot_walk *w, const struct kho_page_ops *ops,
		       const struct kho_parcel_head_ser *head)
{
	memset(w, 0, sizeof(*w));
	w->ops = ops;
	w->next_phys = head->first_block_phys;
	w->entry_bytes = head->entry_size;
}

static u32 slot_offset(const struct slot_walk *w, u32 slot)
{
	return sizeof(*w->block) + slot * w->entry_bytes;
}

/* Of the slot looked at last. */
static u64 slot_phys(const struct slot_walk *w)
{
	return w->block_phys + slot_offset(w, w->slot - 1);
}

/* Return: enum kho_step, or errno. */
static int next_block(struct slot_walk *w, struct kho_refusal *r)
{
	u32 most = (KHO_PAGE_SIZE - sizeof(*w->block)) / w->entry_bytes;
	u64 from = w->block_phys, count;

	if (!w->next_phys)
		return KHO_STEP_END;
	if (w->nr_blocks == KHO_BLOCK_CHAIN_MAX)
		return kho_refuse(r, -ERANGE,
				  "parcel index is too long or a circle", from,
				  w->next_phys, 0);
	w->block = kho_page_at(w->ops, w->next_phys);
	if (!w->block)
		return refuse_page(w->ops, r,
				   "parcel index block is not preserved",
				   "parcel index block went bad", from,
				   w->next_phys, 0);
	w->block_phys = w->next_phys;
	count = READ_ONCE(w->block->count);
	if (!count || count > most)
		return kho_refuse(r, -ERANGE, "parcel index count of slots",
				  w->block_phys, count, most);
	w->nr_slots = (u32)count;
	w->next_phys = w->block->next;
	w->nr_blocks++;
	w->slot = 0;
	return KHO_STEP_NEXT;
}

static void read_slot(struct slot_walk *w)
{
	u32 bytes = w->entry_bytes;

	if (bytes > sizeof(w->parcel))
		bytes = sizeof(w->parcel);
	memset(&w->parcel, 0, sizeof(w->parcel));
	memcpy(&w->parcel, (const u8 *)w->block + slot_offset(w, w->slot),
	       bytes);
	w->slot++;
}

/* Goes on to the next slot that is not free. Return: enum kho_step, or errno. */
static int next_parcel(struct slot_walk *w, struct kho_refusal *r)
{
	for (;;) {
		int step;

		while (w->block && w->slot < w->nr_slots) {
			read_slot(w);
			if (w->parcel.state != KHO_PARCEL_FREE)
				return KHO_STEP_NEXT;
		}
		step = next_block(w, r);
		if (step != KHO_STEP_NEXT)
			return step;
	}
}

static bool same_name(const char *a, const char *b)
{
	u32 i;

	for (i = 0; i < KHO_PARCEL_NAME_SIZE && a[i] == b[i]; i++)
		if (!a[i])
			return true;
	return false;
}

/* Whether a slot before that of @w has its name. All slots before it were found good. */
static bool name_came_before(const struct slot_walk *w,
			     const struct kho_parcel_head_ser *head)
{
	struct slot_walk again;

	walk_begin(&again, w->ops, head);
	while (next_parcel(&again, NULL) == KHO_STEP_NEXT &&
	       (again.block_phys != w->block_phys || again.slot != w->slot))
		if (same_name(again.parcel.name, w->parcel.name))
			return true;
	return false;
}

/* Names that are looked at in one pass over the index, in a table of twice as many places. */
enum { PASS_NAMES = 128, PASS_PLACES = 2 * PASS_NAMES };

static u32 name_hash(const char *name)
{
	u32 bytes = 0, hash;

	while (bytes < KHO_PARCEL_NAME_SIZE && name[bytes])
		bytes++;
	hash = kho_crc32c(0, name, bytes);
	return hash ? hash : 1;
}

/* Puts a hash, not 0, into a table; false if it is there already, or there is no room. */
static bool hash_is_new(u32 *place, u32 *room, u32 hash)
{
	u32 i = hash % PASS_PLACES;

	for (; place[i]; i = (i + 1) % PASS_PLACES)
		if (place[i] == hash)
			return false;
	if (!*room)
		return false;
	place[i] = hash;
	--*room;
	return true;
}

/*
 * Names whose hash is @part of @parts. A name is compared with all others only where its hash
 * was there before, or where so many hashes fall into this part as nobody but an enemy can bring
 * about; at least half of the places stay empty, so that a search ends.
 */
static int check_part_of_names(const struct kho_parcel_head_ser *head,
			       const struct kho_page_ops *ops, u32 part,
			       u32 parts, struct kho_refusal *r)
{
	u32 place[PASS_PLACES] = { 0 }, room = PASS_NAMES;
	struct slot_walk w;
	int step;

	walk_begin(&w, ops, head);
	while ((step = next_parcel(&w, r)) == KHO_STEP_NEXT) {
		u32 hash = name_hash(w.parcel.name);

		if (hash / PASS_PLACES % parts == part &&
		    !hash_is_new(place, &room, hash) &&
		    name_came_before(&w, head))
			return kho_refuse(r, -EEXIST, "parcel name twice",
					  slot_phys(&w), 0, 0);
	}
	return step;
}

/* All slots were found good. */
static int check_names(const struct kho_parcel_head_ser *head,
		       const struct kho_page_ops *ops, u32 nr,
		       struct kho_refusal *r)
{
	u32 parts = 1 + nr / (PASS_NAMES / 2), part;
	int err = 0;

	for (part = 0; part < parts && !err; part++)
		err = check_part_of_names(head, ops, part, parts, r);
	return err;
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
	return 0;
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

static int check_index(const struct kho_parcel_head_ser *head,
		       const struct kho_page_ops *ops, struct index_sum *sum,
		       struct kho_refusal *r)
{
	struct slot_walk w;
	int step;

	walk_begin(&w, ops, head);
	while ((step = next_parcel(&w, r)) == KHO_STEP_NEXT) {
		const struct kho_parcel_ser *p = &w.parcel;
		u64 phys = slot_phys(&w);
		struct kho_refusal lost;
		int err;

		err = check_slot(p, phys, r);
		if (!err)
			err = check_sum(sum, p, phys, ops, r);
		if (err)
			return err;
		err = check_data(p, ops, &lost);
		if (err == KHO_WENT_BAD)
			sum->nr_lost++;
		else if (err)
			return refuse_as(r, &lost);
	}
	return step ? step : check_names(head, ops, sum->nr_parcels, r);
}

static int check_index_head(const struct kho_page_ops *ops,
			    const struct kho_parcel_head_ser *head, u64 phys,
			    u64 bytes, struct kho_refusal *r)
{
	int err;

	if (!head)
		return refuse_page(ops, r, "parcel index is not preserved",
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
	struct index_sum sum = { 0, 0, 0 };
	struct kho_refusal lost;
	struct slot_walk w;
	int err;

	err = check_index_head(ops, head, head_phys, blob_bytes, r);
	if (!err)
		err = check_index(head, ops, &sum, r);
	if (err || !each)
		return err;
	walk_begin(&w, ops, head);
	while ((err = next_parcel(&w, r)) == KHO_STEP_NEXT) {
		/* Of a list that is lost the rest was not looked at: none is taken on trust. */
		if (sum.nr_lost)
			err = check_data(&w.parcel, ops, &lost);
		if (err == KHO_WENT_BAD)
			err = each(ctx, &w.parcel, &lost);
		else if (err < 0)
			err = refuse_as(r, &lost);
		else
			err = each(ctx, &w.parcel, NULL);
		if (err)
			return err;
	}
	return err;
}
