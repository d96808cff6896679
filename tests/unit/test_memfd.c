// SPDX-License-Identifier: GPL-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "luowire.h"

static int setup(void **state)
{
	struct luowire *w = malloc(sizeof(*w));

	luowire_init(w, 8192);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	luowire_exit(*state);
	free(*state);
	return 0;
}

/* What the visitor saw. */
struct seen {
	u64 nr;
	u64 next;
	u64 stop_at;
	u64 pages;
};

static int see(void *ctx, const struct kho_memfd_folio *f)
{
	struct seen *s = ctx;

	assert_true(f->index >= s->next);
	s->next = f->index + (1ULL << f->order);
	s->pages += 1ULL << f->order;
	return ++s->nr == s->stop_at ? 77 : 0;
}

static int walk(struct luowire *w, u64 phys, u64 from, struct seen *s,
		struct kho_refusal *r)
{
	struct kho_memfd_ops ops = luowire_memfd_ops(w);

	memset(r, 0, sizeof(*r));
	return kho_memfd_walk(phys, from, &ops, s ? see : NULL, s, r);
}

static void refused(struct luowire *w, u64 phys, int err, const char *check)
{
	struct kho_refusal r;

	assert_int_equal(walk(w, phys, 0, NULL, &r), err);
	assert_int_equal(r.err, err);
	assert_string_equal(r.check, check);
}

static void good(struct luowire *w, u64 phys)
{
	struct kho_refusal r;

	assert_int_equal(walk(w, phys, 0, NULL, &r), 0);
}

static void all_folios_are_visited(void **state)
{
	static const u32 sizes[] = { 0, 1, 255, 256, 257, 1000 };
	struct kho_refusal r;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct seen s = { .nr = 0 };
		u64 phys = luowire_memfd(*state, sizes[i]);

		assert_int_equal(walk(*state, phys, 0, &s, &r), 0);
		assert_int_equal(s.nr, sizes[i]);
		if (!sizes[i])
			continue;
		s = (struct seen){ .stop_at = sizes[i] };
		assert_int_equal(walk(*state, phys, 0, &s, &r), 77);
	}
}

static void a_walk_can_go_on(void **state)
{
	u64 phys = luowire_memfd(*state, 600);
	struct luowire *w = *state;
	struct seen s = { .nr = 0 };
	struct kho_refusal r;
	u32 i;

	/* What was taken over is not there any more. */
	for (i = 0; i < 300; i++) {
		struct memfd_luo_folio_ser *f = luowire_folio(w, phys, i);
		u64 pfn = f->pfn_flags & ~(3ULL << 52);

		w->mem.known[pfn - (PARCELS_BASE >> KHO_PAGE_SHIFT)] = 0;
	}
	refused(w, phys, -EBADMSG, "memfd folio is not preserved");
	assert_int_equal(walk(w, phys, 300, &s, &r), 0);
	assert_int_equal(s.nr, 300);
	assert_int_equal(walk(w, phys, 600, &s, &r), 0);
	assert_int_equal(s.nr, 300);
}

static void head_is_checked(void **state)
{
	struct luowire *w = *state;
	u64 phys = luowire_memfd(w, 300);
	struct memfd_luo_ser *ser = parcels_at(&w->mem, phys), was = *ser;

	refused(w, 0, -EBADMSG, "memfd is not preserved");
	refused(w, phys + 8, -EBADMSG, "memfd is not preserved");
	refused(w, 4096, -EBADMSG, "memfd is not preserved");
	ser->flags = 1;
	refused(w, phys, -EBADMSG, "memfd flags");
	*ser = was;
	ser->seals = 0x3f;
	good(w, phys);
	ser->seals = 0x40;
	refused(w, phys, -EOPNOTSUPP, "memfd seals");
	*ser = was;
	ser->size |= 1ULL << 63;
	refused(w, phys, -ERANGE, "memfd size or position");
	*ser = was;
	ser->pos = ~0ULL;
	refused(w, phys, -ERANGE, "memfd size or position");
	*ser = was;
	ser->nr_folios = 513;
	refused(w, phys, -EBADMSG, "memfd length of folio list");
	ser->nr_folios = ~0ULL;
	refused(w, phys, -EBADMSG, "memfd length of folio list");
	*ser = was;
	ser->folios.order = 1;
	refused(w, phys, -EBADMSG, "memfd order of folio list");
	*ser = was;
	ser->folios.total_pages = 3;
	refused(w, phys, -EBADMSG, "page list names too few pages");
	*ser = was;
	/* Not looked at. */
	ser->nr_folios = 0;
	ser->folios.order = 9;
	good(w, phys);
}

static void folios_are_checked(void **state)
{
	struct luowire *w = *state;
	u64 phys = luowire_memfd(w, 300);
	struct memfd_luo_ser *ser = parcels_at(&w->mem, phys);
	struct memfd_luo_folio_ser *f = luowire_folio(w, phys, 280), was = *f;
	u64 pfn = was.pfn_flags & ~(3ULL << 52);

	f->pfn_flags |= 1ULL << 55;
	refused(w, phys, -EBADMSG, "memfd folio flags");
	/* What is lost has no contents. */
	f->pfn_flags = was.pfn_flags | 1ULL << 54;
	refused(w, phys, -EBADMSG, "memfd folio flags");
	f->pfn_flags = pfn | 1ULL << 54;
	good(w, phys);
	*f = was;
	f->pfn_flags = 0;
	refused(w, phys, -EBADMSG, "memfd folio is not preserved");
	f->pfn_flags = (1ULL << 52) - 1;
	refused(w, phys, -EBADMSG, "memfd folio is not preserved");
	*f = was;
	f->index--;
	refused(w, phys, -EBADMSG, "memfd folio index");
	f->index = ~0ULL;
	refused(w, phys, -ERANGE, "memfd folio behind the end of the file");
	*f = was;
	ser->size = 299 * KHO_PAGE_SIZE;
	refused(w, phys, -ERANGE, "memfd folio behind the end of the file");
	ser->size++;
	good(w, phys);
	/* A large folio needs an index that is a multiple of its size. */
	w->order[pfn - (PARCELS_BASE >> KHO_PAGE_SHIFT)] = 2;
	refused(w, phys, -EBADMSG, "memfd folio index");
	w->order[pfn - (PARCELS_BASE >> KHO_PAGE_SHIFT)] = 11;
	refused(w, phys, -ERANGE, "memfd folio order");
	/* And is a single page. */
	w->order[pfn - (PARCELS_BASE >> KHO_PAGE_SHIFT)] = 1;
	f->index = 280;
	f->pfn_flags = pfn | 1ULL << 54;
	refused(w, phys, -ERANGE, "memfd folio order");
}

static void large_folios_and_holes(void **state)
{
	struct luowire *w = *state;
	u64 phys = luowire_memfd(w, 3);
	struct memfd_luo_ser *ser = parcels_at(&w->mem, phys);
	struct seen s = { .nr = 0 };
	struct kho_refusal r;
	u32 i;

	ser->size = 1ULL << 40;
	for (i = 0; i < 3; i++) {
		struct memfd_luo_folio_ser *f = luowire_folio(w, phys, i);
		u64 pfn = f->pfn_flags & ~(3ULL << 52);

		w->order[pfn - (PARCELS_BASE >> KHO_PAGE_SHIFT)] = 4 + i;
		f->index = (i + 1) << 16;
	}
	assert_int_equal(walk(w, phys, 0, &s, &r), 0);
	assert_int_equal(s.pages, 16 + 32 + 64);
}

static void set_pfn(struct luowire *w, u64 phys, u32 folio, u64 page)
{
	luowire_folio(w, phys, folio)->pfn_flags = page >> KHO_PAGE_SHIFT |
						   MEMFD_LUO_FOLIO_UPTODATE;
}

static u64 page_of_array(struct luowire *w, u64 phys, u32 nr)
{
	struct memfd_luo_ser *ser = parcels_at(&w->mem, phys);
	struct kho_vmalloc_chunk *chunk =
		parcels_at(&w->mem, ser->folios.first);

	return chunk->phys[nr];
}

/* A file cannot have what it is described in: that is read while folios are taken away. */
static void no_folio_is_a_page_of_the_list(void **state)
{
	static const char names_itself[] =
		"memfd folio is a page of its own list";
	struct luowire *w = *state;
	u64 phys = luowire_memfd(w, 300);
	struct memfd_luo_ser *ser = parcels_at(&w->mem, phys);
	struct memfd_luo_folio_ser *f = luowire_folio(w, phys, 280), was = *f;
	u64 first = ser->folios.first, nr;

	set_pfn(w, phys, 280, phys);
	refused(w, phys, -EBADMSG, names_itself);
	set_pfn(w, phys, 280, first);
	refused(w, phys, -EBADMSG, names_itself);
	set_pfn(w, phys, 280, page_of_array(w, phys, 1));
	refused(w, phys, -EBADMSG, names_itself);
	*f = was;
	good(w, phys);
	/* Nor can a block that has one of them in it. */
	f = luowire_folio(w, phys, 256);
	nr = (phys - PARCELS_BASE) / KHO_PAGE_SIZE / 4 * 4;
	w->mem.known[nr] = 1;
	w->order[nr] = 2;
	set_pfn(w, phys, 256, PARCELS_BASE + nr * KHO_PAGE_SIZE);
	refused(w, phys, -EBADMSG, names_itself);
}

/* The second chunk of the list, too: it takes a file of half a GiB, all of it the same page. */
static void no_folio_is_a_chunk_of_the_list(void **state)
{
	const u32 nr = (KHO_VMALLOC_SIZE + 1) * MEMFD_LUO_FOLIOS_PER_PAGE;
	struct luowire *w = *state;
	u64 phys = luowire_memfd(w, 0), page = parcels_new_page(&w->mem);
	struct memfd_luo_ser *ser = parcels_at(&w->mem, phys);
	struct kho_vmalloc_chunk *chunk;
	u32 i;

	ser->size = (u64)nr * KHO_PAGE_SIZE;
	ser->nr_folios = nr;
	ser->folios = parcels_new_list(&w->mem, KHO_VMALLOC_SIZE + 1);
	chunk = parcels_at(&w->mem, ser->folios.first);
	for (i = 0; i < nr; i++) {
		set_pfn(w, phys, i, page);
		luowire_folio(w, phys, i)->index = i;
	}
	good(w, phys);
	set_pfn(w, phys, nr - 1, ser->folios.first);
	good(w, phys);
	set_pfn(w, phys, nr - 1, chunk->hdr.next);
	refused(w, phys, -EBADMSG, "memfd folio is a page of its own list");
}

/* Takes folios, and another page with the one that is to be the last. */
struct taker {
	struct luowire *w;
	u64 at_index;
	u64 page;
	u64 nr;
};

static void take_page(struct luowire *w, u64 phys)
{
	w->mem.known[(phys - PARCELS_BASE) / KHO_PAGE_SIZE] = 0;
	memset(parcels_at(&w->mem, phys), 0x11, KHO_PAGE_SIZE);
}

static int take(void *ctx, const struct kho_memfd_folio *f)
{
	struct taker *t = ctx;

	assert_int_equal(f->index, t->nr);
	take_page(t->w, f->phys);
	if (t->nr++ == t->at_index)
		take_page(t->w, t->page);
	return 0;
}

static void taken_until(struct luowire *w, u64 phys, struct taker t, u64 nr,
			const char *check)
{
	struct kho_memfd_ops ops = luowire_memfd_ops(w);
	struct kho_refusal r = { 0 };

	t.w = w;
	assert_int_equal(kho_memfd_walk(phys, 0, &ops, take, &t, &r), -EBADMSG);
	assert_string_equal(r.check, check);
	assert_int_equal(t.nr, nr);
}

static void a_walk_ends_when_its_list_is_gone(void **state)
{
	struct luowire *w = *state;
	u64 phys = luowire_memfd(w, 300);
	struct memfd_luo_ser *ser = parcels_at(&w->mem, phys);
	struct taker t = { .at_index = 7, .page = page_of_array(w, phys, 0) };

	taken_until(w, phys, t, 8, "memfd folio list is not preserved");
	/* The page of the list is gone through to its end. */
	phys = luowire_memfd(w, 300);
	ser = parcels_at(&w->mem, phys);
	t.page = ser->folios.first;
	taken_until(w, phys, t, 256, "page list chunk was taken away");
	/* A folio that is a later page of the list. */
	phys = luowire_memfd(w, 300);
	set_pfn(w, phys, 9, page_of_array(w, phys, 1));
	t.page = page_of_array(w, phys, 1);
	taken_until(w, phys, t, 9, "memfd folio is not preserved");
	phys = luowire_memfd(w, 300);
	set_pfn(w, phys, 7, page_of_array(w, phys, 1));
	t.page = page_of_array(w, phys, 1);
	taken_until(w, phys, t, 256, "page list entry is not preserved");
}

#define with_wire(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_wire(all_folios_are_visited),
		with_wire(a_walk_can_go_on),
		with_wire(head_is_checked),
		with_wire(folios_are_checked),
		with_wire(large_folios_and_holes),
		with_wire(no_folio_is_a_page_of_the_list),
		with_wire(no_folio_is_a_chunk_of_the_list),
		with_wire(a_walk_ends_when_its_list_is_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
