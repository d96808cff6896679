// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
#include "memfd.h"

#include "bits.h"

/*
 * State of one walk.
 * @phys: of the struct memfd_luo_ser
 * @chunk_phys: chunk of the page list that names the page of the array
 * @left: folios that the array must still have
 * @from_index: folios before it are not looked at
 * @next_index: first index that is not taken yet
 * @end_index: first index behind the end of the file
 */
struct memfd_walk {
	const struct kho_memfd_ops *ops;
	int (*each)(void *ctx, const struct kho_memfd_folio *f);
	void *ctx;
	struct kho_refusal *r;
	u64 phys;
	u64 chunk_phys;
	u64 left;
	u64 from_index;
	u64 next_index;
	u64 end_index;
};

static bool flags_ok(u64 flags)
{
	const u64 usual = MEMFD_LUO_FOLIO_DIRTY | MEMFD_LUO_FOLIO_UPTODATE;

	return !(flags & ~usual) || flags == MEMFD_LUO_FOLIO_BAD;
}

static bool folio_has(const struct kho_memfd_folio *f, u64 phys)
{
	return kho_align_down(phys, KHO_PAGE_SIZE << f->order) == f->phys;
}

/* What is being read would go away with such a folio. */
static bool folio_has_list(const struct memfd_walk *w,
			   const struct kho_memfd_folio *f, u64 at)
{
	return folio_has(f, w->phys) || folio_has(f, w->chunk_phys) ||
	       folio_has(f, at);
}

static int check_folio(struct memfd_walk *w, struct memfd_luo_folio_ser ser,
		       u64 at)
{
	u64 pfn = ser.pfn_flags & ((1ULL << MEMFD_LUO_PFN_BITS) - 1);
	struct kho_memfd_folio f = {
		.phys = pfn << KHO_PAGE_SHIFT,
		.index = ser.index,
		.has_contents = ser.pfn_flags & MEMFD_LUO_FOLIO_UPTODATE,
		.is_bad = ser.pfn_flags & MEMFD_LUO_FOLIO_BAD,
	};
	struct kho_mark mark = kho_mark_none();

	if (!flags_ok(ser.pfn_flags ^ pfn))
		return kho_refuse(w->r, -EBADMSG, "memfd folio flags", at,
				  ser.pfn_flags, pfn);
	if (f.phys)
		mark = w->ops->block(w->ops->pages.ctx, f.phys);
	if (!kho_marked(mark))
		return kho_refuse(w->r, -EBADMSG,
				  "memfd folio is not preserved", at, f.phys,
				  f.phys);
	f.order = kho_mark_order(mark);
	if (f.order > (f.is_bad ? 0 : w->ops->max_order))
		return kho_refuse(w->r, -ERANGE, "memfd folio order", at,
				  f.order, f.is_bad ? 0 : w->ops->max_order);
	if (folio_has_list(w, &f, at))
		return kho_refuse(w->r, -EBADMSG,
				  "memfd folio is a page of its own list", at,
				  f.phys, f.phys);
	if (f.index < w->next_index || f.index & ((1ULL << f.order) - 1))
		return kho_refuse(w->r, -EBADMSG, "memfd folio index", at,
				  f.index, w->next_index);
	if (f.index >= w->end_index)
		return kho_refuse(w->r, -ERANGE,
				  "memfd folio behind the end of the file", at,
				  f.index, w->end_index);
	w->next_index = f.index + (1ULL << f.order);
	return w->each ? w->each(w->ctx, &f) : 0;
}

/* One page of the array, which is there before each of its folios is looked at. */
static int check_page(void *ctx, u64 phys)
{
	struct memfd_walk *w = ctx;
	const struct memfd_luo_folio_ser *ser;
	u32 i;
	int err = 0;

	for (i = 0; i < MEMFD_LUO_FOLIOS_PER_PAGE && w->left && !err; i++) {
		ser = kho_page_at(&w->ops->pages, phys);
		if (!ser)
			return kho_refuse(w->r, -EBADMSG,
					  "memfd folio list is not preserved",
					  phys, phys, phys);
		if (ser[i].index >= w->from_index)
			err = check_folio(w, ser[i], phys + i * sizeof(*ser));
		w->left--;
	}
	return err;
}

/* A chunk of the page list was gone through. */
static int next_chunk(void *ctx, u64 phys)
{
	struct memfd_walk *w = ctx;
	const struct kho_vmalloc_chunk *chunk =
		kho_page_at(&w->ops->pages, phys);

	w->chunk_phys = chunk ? chunk->hdr.next : 0;
	return 0;
}

static int check_ser(const struct memfd_luo_ser *ser, u64 phys,
		     struct kho_refusal *r)
{
	u64 pages = ser->nr_folios / MEMFD_LUO_FOLIOS_PER_PAGE +
		    !!(ser->nr_folios % MEMFD_LUO_FOLIOS_PER_PAGE);

	if (ser->flags)
		return kho_refuse(r, -EBADMSG, "memfd flags", phys, ser->flags,
				  0);
	if (ser->seals & ~MEMFD_LUO_ALL_SEALS)
		return kho_refuse(r, -EOPNOTSUPP, "memfd seals", phys,
				  ser->seals, MEMFD_LUO_ALL_SEALS);
	if (ser->size >> 63 || ser->pos >> 63)
		return kho_refuse(r, -ERANGE, "memfd size or position", phys,
				  ser->size, ser->pos);
	if (!ser->nr_folios)
		return 0;
	/* Other writers may give the array more pages than it needs. */
	if (ser->folios.total_pages < pages)
		return kho_refuse(r, -EBADMSG, "memfd length of folio list",
				  phys, ser->folios.total_pages, pages);
	if (ser->folios.order)
		return kho_refuse(r, -EBADMSG, "memfd order of folio list",
				  phys, ser->folios.order, 0);
	return 0;
}

int kho_memfd_walk(u64 phys, u64 from_index, const struct kho_memfd_ops *ops,
		   int (*each)(void *ctx, const struct kho_memfd_folio *f),
		   void *ctx, struct kho_refusal *r)
{
	struct memfd_walk w = {
		.ops = ops,
		.each = each,
		.ctx = ctx,
		.r = r,
		.phys = phys,
		.from_index = from_index,
		.next_index = from_index,
	};
	const void *page = kho_page_at(&ops->pages, phys);
	struct memfd_luo_ser ser;
	struct kho_vmalloc list;
	int err;

	if (!page)
		return kho_refuse(r, -EBADMSG, "memfd is not preserved", phys,
				  phys, phys);
	memcpy(&ser, page, sizeof(ser));
	err = check_ser(&ser, phys, r);
	if (err || !ser.nr_folios)
		return err;
	w.left = ser.nr_folios;
	w.end_index =
		(ser.size >> KHO_PAGE_SHIFT) + !!(ser.size % KHO_PAGE_SIZE);
	memcpy(&list, &ser.folios, sizeof(list));
	w.chunk_phys = list.first;
	return kho_page_list_check(&list, &ops->pages, check_page, next_chunk,
				   &w, r);
}
