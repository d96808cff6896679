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

#define with_wire(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_wire(all_folios_are_visited),
		with_wire(a_walk_can_go_on),
		with_wire(head_is_checked),
		with_wire(folios_are_checked),
		with_wire(large_folios_and_holes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
