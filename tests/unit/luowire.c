// SPDX-License-Identifier: GPL-2.0
#include "luowire.h"

#include <stdlib.h>

static void begin(struct luowire *w)
{
	w->phys = parcels_new_page(&w->mem);
	w->session_phys = 0;
	w->file_phys = 0;
	w->session = NULL;
	memset(w->order, 0, w->mem.nr_pages);
	memcpy(luowire_head(w)->compatible, LUO_COMPATIBLE,
	       sizeof(LUO_COMPATIBLE));
	luowire_head(w)->liveupdate_num = 1;
}

void luowire_init(struct luowire *w, u64 nr_pages)
{
	memset(w, 0, sizeof(*w));
	parcels_init(&w->mem, nr_pages);
	w->order = calloc(nr_pages, 1);
	begin(w);
}

void luowire_exit(struct luowire *w)
{
	parcels_exit(&w->mem);
	free(w->order);
}

void luowire_clear(struct luowire *w)
{
	parcels_clear(&w->mem);
	begin(w);
}

struct luo_ser *luowire_head(struct luowire *w)
{
	return parcels_at(&w->mem, w->phys);
}

/* The next entry of a chain whose first block @head names and whose last is @last. */
static void *new_entry(struct luowire *w, u64 *head, u64 *last, u32 size)
{
	u32 room =
		(KHO_BLOCK_SIZE - sizeof(struct kho_block_header_ser)) / size;
	struct kho_block_header_ser *block =
		*last ? parcels_at(&w->mem, *last) : NULL;
	u64 phys;

	if (!block || block->count == room) {
		phys = parcels_new_page(&w->mem);
		if (block)
			block->next = phys;
		else
			*head = phys;
		*last = phys;
		block = parcels_at(&w->mem, phys);
	}
	return (u8 *)(block + 1) + block->count++ * size;
}

struct luo_session_ser *luowire_session(struct luowire *w, const char *name)
{
	u64 head = luowire_head(w)->sessions_pa;

	w->session = new_entry(w, &head, &w->session_phys,
			       sizeof(struct luo_session_ser));
	luowire_head(w)->sessions_pa = head;
	w->file_phys = 0;
	memcpy(w->session->name, name, strnlen(name, LUO_SESSION_NAME_SIZE));
	return w->session;
}

struct luo_file_ser *luowire_file(struct luowire *w, const char *compatible,
				  u64 data, u64 token)
{
	u64 head = w->session->file_set.files;
	struct luo_file_ser *f = new_entry(w, &head, &w->file_phys, sizeof(*f));

	w->session->file_set.files = head;
	w->session->file_set.count++;
	memcpy(f->compatible, compatible,
	       strnlen(compatible, LIVEUPDATE_HNDL_COMPAT_LENGTH));
	f->data = data;
	f->token = token;
	return f;
}

struct luo_flb_ser *luowire_flb(struct luowire *w, const char *name, u64 data,
				u64 count)
{
	struct luo_flb_header_ser *head;
	struct luo_flb_ser *flb;

	if (!luowire_head(w)->flbs_pa)
		luowire_head(w)->flbs_pa = parcels_new_page(&w->mem);
	head = parcels_at(&w->mem, luowire_head(w)->flbs_pa);
	head->pgcnt = 1;
	flb = (struct luo_flb_ser *)(head + 1) + head->count++;
	memcpy(flb->name, name, strnlen(name, LIVEUPDATE_FLB_COMPAT_LENGTH));
	flb->data = data;
	flb->count = count;
	return flb;
}

struct memfd_luo_folio_ser *luowire_folio(struct luowire *w, u64 phys, u32 i)
{
	struct memfd_luo_ser *ser = parcels_at(&w->mem, phys);
	u64 chunk_phys = ser->folios.first;
	u32 page = i / MEMFD_LUO_FOLIOS_PER_PAGE;
	struct kho_vmalloc_chunk *chunk = parcels_at(&w->mem, chunk_phys);

	for (; page >= KHO_VMALLOC_SIZE; page -= KHO_VMALLOC_SIZE)
		chunk = parcels_at(&w->mem, chunk->hdr.next);
	return (struct memfd_luo_folio_ser *)parcels_at(&w->mem,
							chunk->phys[page]) +
	       i % MEMFD_LUO_FOLIOS_PER_PAGE;
}

u64 luowire_memfd(struct luowire *w, u32 nr)
{
	u64 phys = parcels_new_page(&w->mem);
	struct memfd_luo_ser *ser = parcels_at(&w->mem, phys);
	u32 i;

	ser->size = (u64)nr * KHO_PAGE_SIZE;
	ser->nr_folios = nr;
	if (nr)
		ser->folios = parcels_new_list(&w->mem,
					       (nr + MEMFD_LUO_FOLIOS_PER_PAGE -
						1) / MEMFD_LUO_FOLIOS_PER_PAGE);
	for (i = 0; i < nr; i++) {
		struct memfd_luo_folio_ser *f = luowire_folio(w, phys, i);

		f->pfn_flags = parcels_new_page(&w->mem) >> KHO_PAGE_SHIFT |
			       MEMFD_LUO_FOLIO_DIRTY | MEMFD_LUO_FOLIO_UPTODATE;
		f->index = i;
	}
	return phys;
}

static struct kho_mark block(void *ctx, u64 phys)
{
	struct luowire *w = (struct luowire *)ctx;
	u64 nr = (phys - PARCELS_BASE) / KHO_PAGE_SIZE;

	if (phys < PARCELS_BASE || nr >= w->mem.nr_pages || !w->mem.known[nr])
		return kho_mark_none();
	return kho_mark_of(w->order[nr]);
}

struct kho_memfd_ops luowire_memfd_ops(struct luowire *w)
{
	/* The memory is the first member, so that one context serves both. */
	static_assert(offsetof(struct luowire, mem) == 0, "layout");
	return (struct kho_memfd_ops){ .pages = parcels_ops(&w->mem),
				       .block = block,
				       .max_order = 10 };
}
