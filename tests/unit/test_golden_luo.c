// SPDX-License-Identifier: GPL-2.0
/*
 * The wire of /dev/liveupdate, pinned byte for byte by tests/golden/luo.txt, which this project's
 * code did not make: the readers find what is in it, and what is put together from the headers
 * equals it. That a kernel with the modules writes it shows the scenario luo-golden.
 *
 * In the top directory, or with KHO_GOLDEN_DIR set.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "goldentext.h"
#include "luowire.h"

enum { PAGES = 256, EMPTY_SESSIONS = 51 };

static struct golden golden;
static struct luowire wire;

static u64 phys_of(const char *name)
{
	return golden_find(&golden, name)->phys;
}

/* Memory that holds the pages of the text, and nothing else. */
static void lay_out(void)
{
	unsigned int i;

	luowire_clear(&wire);
	for (i = 0; i < golden.nr; i++)
		golden.page[i].phys = parcels_new_page(&wire.mem);
	for (i = 0; i < golden.nr; i++)
		golden_bytes(&golden, &golden.page[i],
			     parcels_at(&wire.mem, golden.page[i].phys));
}

/* ---- what the readers find ---- */

static struct luo_session_ser sessions[EMPTY_SESSIONS + 1];
static struct luo_file_ser files[3];
static struct luo_flb_ser flbs[3];
static u32 nr_sessions, nr_files, nr_flbs;

static int see_session(void *ctx, const struct luo_session_ser *s)
{
	assert_in_range(nr_sessions, 0, ARRAY_SIZE(sessions) - 1);
	sessions[nr_sessions++] = *s;
	return 0;
}

static int see_file(void *ctx, const struct luo_file_ser *f)
{
	assert_in_range(nr_files, 0, ARRAY_SIZE(files) - 1);
	files[nr_files++] = *f;
	return 0;
}

static int see_flb(void *ctx, const struct luo_flb_ser *flb)
{
	assert_in_range(nr_flbs, 0, ARRAY_SIZE(flbs) - 1);
	flbs[nr_flbs++] = *flb;
	return 0;
}

static void is_file(u32 nr, const char *compatible, const char *page, u64 token)
{
	assert_string_equal(files[nr].compatible, compatible);
	assert_int_equal(files[nr].data, phys_of(page));
	assert_int_equal(files[nr].token, token);
}

static void the_sessions_are_read(void **state)
{
	struct kho_luo_visit visit = { .session = see_session,
				       .file = see_file,
				       .flb = see_flb };
	struct kho_page_ops ops;
	struct kho_refusal r = { 0 };
	char name[32];
	u32 i;

	lay_out();
	ops = parcels_ops(&wire.mem);
	if (kho_luo_walk(phys_of("luo"), 32, &ops, &visit, &r))
		fail_msg("%s", r.check);
	assert_int_equal(nr_sessions, EMPTY_SESSIONS + 1);
	assert_string_equal(sessions[0].name, "golden");
	assert_int_equal(sessions[0].file_set.count, 3);
	for (i = 1; i < nr_sessions; i++) {
		snprintf(name, sizeof(name), "empty-%u", i);
		assert_string_equal(sessions[i].name, name);
		assert_int_equal(sessions[i].file_set.count, 0);
	}
	assert_int_equal(nr_files, 3);
	is_file(0, "memfd-v2", "memfd", 0x1111);
	is_file(1, "memfd-v2", "empty-memfd", 0x2222222222222222);
	is_file(2, "lutest-v1", "handler", 0);
	assert_int_equal(nr_flbs, 3);
	for (i = 0; i < nr_flbs; i++) {
		snprintf(name, sizeof(name), "lutest-flb-v%u", i);
		assert_string_equal(flbs[i].name, name);
		assert_true(flbs[i].data == 0xfeedf00dcafebee0 + i);
		assert_int_equal(flbs[i].count, 1);
	}
}

static struct kho_memfd_folio folios[2];
static u32 nr_folios;

static int see_folio(void *ctx, const struct kho_memfd_folio *f)
{
	assert_in_range(nr_folios, 0, ARRAY_SIZE(folios) - 1);
	folios[nr_folios++] = *f;
	return 0;
}

static void the_files_are_read(void **state)
{
	struct kho_memfd_ops ops;
	struct kho_refusal r = { 0 };
	u32 i;

	lay_out();
	ops = luowire_memfd_ops(&wire);
	if (kho_memfd_walk(phys_of("memfd"), 0, &ops, see_folio, NULL, &r))
		fail_msg("%s", r.check);
	assert_int_equal(nr_folios, 2);
	assert_int_equal(folios[0].phys, phys_of("first-page"));
	assert_int_equal(folios[1].phys, phys_of("second-page"));
	for (i = 0; i < 2; i++) {
		assert_int_equal(folios[i].index, i);
		assert_int_equal(folios[i].order, 0);
		assert_true(folios[i].has_contents);
	}
	if (kho_memfd_walk(phys_of("empty-memfd"), 0, &ops, see_folio, NULL,
			   &r))
		fail_msg("%s", r.check);
	assert_int_equal(nr_folios, 2);
}

/* ---- what the headers make of the same ---- */

static u64 write_memfd(void)
{
	u64 phys = luowire_memfd(&wire, 2), page[2];
	struct memfd_luo_ser *ser = parcels_at(&wire.mem, phys);
	u32 i;

	ser->pos = 7;
	ser->size = 5000;
	ser->seals = 6;
	for (i = 0; i < 2; i++)
		page[i] = luowire_folio(&wire, phys, i)->pfn_flags
			  << KHO_PAGE_SHIFT;
	memcpy(parcels_at(&wire.mem, page[0]), "first", 5);
	memcpy(parcels_at(&wire.mem, page[0] + 4094), "xy", 2);
	memcpy(parcels_at(&wire.mem, page[1]), "z", 1);
	memcpy(parcels_at(&wire.mem, page[1] + 4999 - 4096), "!", 1);
	return phys;
}

static u64 write_empty_memfd(void)
{
	u64 phys = luowire_memfd(&wire, 0);

	((struct memfd_luo_ser *)parcels_at(&wire.mem, phys))->seals = 1;
	return phys;
}

static u64 write_handlers_page(void)
{
	u64 phys = parcels_new_page(&wire.mem);

	*(u64 *)parcels_at(&wire.mem, phys) = 0x1d1d1d1d2e2e2e2e;
	return phys;
}

static void write_all(void)
{
	char name[32];
	u32 i;

	luowire_clear(&wire);
	luowire_session(&wire, "golden");
	luowire_file(&wire, MEMFD_LUO_FH_COMPATIBLE, write_memfd(), 0x1111);
	luowire_file(&wire, MEMFD_LUO_FH_COMPATIBLE, write_empty_memfd(),
		     0x2222222222222222);
	luowire_file(&wire, "lutest-v1", write_handlers_page(), 0);
	for (i = 1; i <= EMPTY_SESSIONS; i++) {
		snprintf(name, sizeof(name), "empty-%u", i);
		luowire_session(&wire, name);
	}
	for (i = 0; i < 3; i++) {
		snprintf(name, sizeof(name), "lutest-flb-v%u", i);
		luowire_flb(&wire, name, 0xfeedf00dcafebee0 + i, 1);
	}
}

static bool fetch(void *ctx, uint64_t phys, uint8_t *data)
{
	if (phys < PARCELS_BASE ||
	    phys >= PARCELS_BASE + wire.mem.next * KHO_PAGE_SIZE)
		return false;
	memcpy(data, parcels_at(&wire.mem, phys), KHO_PAGE_SIZE);
	return true;
}

static void the_headers_have_this_layout(void **state)
{
	write_all();
	if (!golden_compare(&golden, "luo", wire.phys, fetch, NULL))
		fail_msg("%s", golden.why);
}

/* A comparison that finds no difference anywhere would be worth nothing. */
static void every_byte_counts(void **state)
{
	u64 at;

	write_all();
	for (at = wire.phys; at < PARCELS_BASE + wire.mem.next * KHO_PAGE_SIZE;
	     at += 7) {
		u8 *byte = parcels_at(&wire.mem, at);

		*byte ^= 0x10;
		if (golden_compare(&golden, "luo", wire.phys, fetch, NULL))
			fail_msg("a change at %#llx is not noticed",
				 (unsigned long long)at);
		*byte ^= 0x10;
	}
	assert_true(golden_compare(&golden, "luo", wire.phys, fetch, NULL));
}

static int set_up(void **state)
{
	const char *dir = getenv("KHO_GOLDEN_DIR");
	char path[4096];

	snprintf(path, sizeof(path), "%s/luo.txt", dir ? dir : "tests/golden");
	luowire_init(&wire, PAGES);
	if (golden_read(&golden, path))
		return 0;
	fprintf(stderr, "%s\n", golden.why);
	return -1;
}

static int tear_down(void **state)
{
	luowire_exit(&wire);
	return 0;
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_sessions_are_read),
		cmocka_unit_test(the_files_are_read),
		cmocka_unit_test(the_headers_have_this_layout),
		cmocka_unit_test(every_byte_counts),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
