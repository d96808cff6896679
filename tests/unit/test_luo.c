// SPDX-License-Identifier: GPL-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "luowire.h"

static int setup(void **state)
{
	struct luowire *w = malloc(sizeof(*w));

	luowire_init(w, 20000);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	luowire_exit(*state);
	free(*state);
	return 0;
}

/* What the visitor saw, as text. */
struct seen {
	char text[4096];
	size_t len;
	unsigned int sessions;
	unsigned int files;
	unsigned int flbs;
	unsigned int blocks;
	int stop;
};

static void note(struct seen *s, const char *what, const char *name)
{
	if (s->len < sizeof(s->text))
		s->len += snprintf(s->text + s->len, sizeof(s->text) - s->len,
				   "%s %s;", what, name);
}

static int see_session(void *ctx, const struct luo_session_ser *ser)
{
	struct seen *s = ctx;

	s->sessions++;
	note(s, "session", ser->name);
	return s->stop == 1 ? 77 : 0;
}

static int see_file(void *ctx, const struct luo_file_ser *ser)
{
	struct seen *s = ctx;

	s->files++;
	note(s, "file", ser->compatible);
	return s->stop == 2 ? 77 : 0;
}

static int see_flb(void *ctx, const struct luo_flb_ser *ser)
{
	struct seen *s = ctx;

	s->flbs++;
	note(s, "flb", ser->name);
	return s->stop == 3 ? 77 : 0;
}

static int see_block(void *ctx, u64 phys)
{
	struct seen *s = ctx;

	s->blocks++;
	return s->stop == 4 ? 77 : 0;
}

static int walk(struct luowire *w, struct seen *s, struct kho_refusal *r)
{
	struct kho_page_ops ops = parcels_ops(&w->mem);
	struct kho_luo_visit visit = { .session = see_session,
				       .file = see_file,
				       .flb = see_flb,
				       .block = see_block,
				       .ctx = s };

	memset(r, 0, sizeof(*r));
	return kho_luo_walk(w->phys, sizeof(struct luo_ser), &ops,
			    s ? &visit : NULL, r);
}

static void refused(struct luowire *w, int err, const char *check)
{
	struct kho_refusal r;

	assert_int_equal(walk(w, NULL, &r), err);
	assert_int_equal(r.err, err);
	assert_string_equal(r.check, check);
}

static void good(struct luowire *w)
{
	struct kho_refusal r;

	assert_int_equal(walk(w, NULL, &r), 0);
}

static void everything_is_visited_in_order(void **state)
{
	struct seen s = { .len = 0 };
	struct kho_refusal r;

	luowire_session(*state, "one");
	luowire_file(*state, "a", 1, 2);
	luowire_file(*state, "b", 3, 4);
	luowire_session(*state, "two");
	luowire_session(*state, "three");
	luowire_file(*state, "c", 5, 6);
	luowire_flb(*state, "f", 7, 1);
	assert_int_equal(walk(*state, &s, &r), 0);
	assert_string_equal(s.text, "session one;file a;file b;session two;"
				    "session three;file c;flb f;");
	/* The head, one of sessions, two of files, one of FLBs. */
	assert_int_equal(s.blocks, 5);
	for (s.stop = 1; s.stop <= 4; s.stop++)
		assert_int_equal(walk(*state, &s, &r), 77);
}

static void nothing_is_good(void **state)
{
	struct seen s = { .len = 0 };
	struct kho_refusal r;

	assert_int_equal(walk(*state, &s, &r), 0);
	assert_int_equal(s.blocks, 1);
	assert_int_equal(s.len, 0);
}

static void many_span_blocks(void **state)
{
	struct seen s = { .len = 0 };
	struct kho_refusal r;
	char name[32];
	u32 i;

	for (i = 0; i < 2 * LUO_SESSIONS_PER_BLOCK + 1; i++) {
		snprintf(name, sizeof(name), "session %u", i);
		luowire_session(*state, name);
	}
	for (i = 0; i < 3 * LUO_FILES_PER_BLOCK; i++)
		luowire_file(*state, "memfd-v2", i, i);
	for (i = 0; i < LUO_MAX_FLBS; i++)
		luowire_flb(*state, "flb", i, 1);
	assert_int_equal(walk(*state, &s, &r), 0);
	assert_int_equal(s.sessions, 2 * LUO_SESSIONS_PER_BLOCK + 1);
	assert_int_equal(s.files, 3 * LUO_FILES_PER_BLOCK);
	assert_int_equal(s.flbs, LUO_MAX_FLBS);
	assert_int_equal(s.blocks, 1 + 3 + 3 + 1);
}

static void head_is_checked(void **state)
{
	struct kho_page_ops ops = parcels_ops(&((struct luowire *)*state)->mem);
	struct luowire *w = *state;
	struct luo_ser *head = luowire_head(w);
	struct kho_refusal r;

	assert_int_equal(kho_luo_walk(w->phys, 31, &ops, NULL, &r), -EBADMSG);
	assert_int_equal(kho_luo_walk(w->phys, 33, &ops, NULL, &r), 0);
	assert_int_equal(kho_luo_walk(w->phys, 4097, &ops, NULL, &r), -EBADMSG);
	assert_int_equal(kho_luo_walk(w->phys + 8, 32, &ops, NULL, &r),
			 -EBADMSG);
	assert_int_equal(kho_luo_walk(0, 32, &ops, NULL, &r), -EBADMSG);
	head->compatible[5] = '4';
	refused(w, -EPROTONOSUPPORT, "LUO version");
	memcpy(head->compatible, "luo-v5\0x", 8);
	refused(w, -EPROTONOSUPPORT, "LUO version");
}

static void names_are_checked(void **state)
{
	struct luo_session_ser *s = luowire_session(*state, "s");
	struct luo_file_ser *f = luowire_file(*state, "f", 0, 0);
	struct luo_flb_ser *flb = luowire_flb(*state, "l", 0, 1);

	good(*state);
	memset(s->name, 'n', sizeof(s->name) - 1);
	good(*state);
	s->name[sizeof(s->name) - 1] = 'n';
	refused(*state, -EBADMSG, "session name");
	memset(s->name, 0, sizeof(s->name));
	refused(*state, -EBADMSG, "session name");
	s->name[0] = 's';
	memset(f->compatible, 'n', sizeof(f->compatible));
	refused(*state, -EBADMSG, "file handler name");
	memset(f->compatible, 0, sizeof(f->compatible));
	refused(*state, -EBADMSG, "file handler name");
	f->compatible[0] = 'f';
	memset(flb->name, 'n', sizeof(flb->name));
	refused(*state, -EBADMSG, "FLB name");
	flb->name[0] = 0;
	refused(*state, -EBADMSG, "FLB name");
	strcpy(flb->name, "l");
	flb->count = 0;
	refused(*state, -ERANGE, "FLB number of files");
	flb->count = 1ULL << 31;
	refused(*state, -ERANGE, "FLB number of files");
}

static void counts_are_checked(void **state)
{
	struct luowire *w = *state;
	struct luo_session_ser *s = luowire_session(w, "s");
	struct kho_block_header_ser *block =
		parcels_at(&w->mem, w->session_phys);
	struct luo_flb_header_ser *flbs;

	s->file_set.count = 1;
	refused(w, -EBADMSG, "session number of files");
	s->file_set.count = 0;
	luowire_file(w, "f", 0, 0);
	good(w);
	s->file_set.count = 2;
	refused(w, -EBADMSG, "session number of files");
	s->file_set.count = 1;
	block->count = 0;
	refused(w, -ERANGE, "block count of entries");
	block->count = LUO_SESSIONS_PER_BLOCK + 1;
	refused(w, -ERANGE, "block count of entries");
	block->count = 1;
	luowire_flb(w, "l", 0, 1);
	flbs = parcels_at(&w->mem, luowire_head(w)->flbs_pa);
	flbs->pgcnt = 2;
	refused(w, -ERANGE, "FLB number of pages");
	flbs->pgcnt = 1;
	flbs->count = LUO_MAX_FLBS + 1;
	refused(w, -ERANGE, "number of FLBs");
}

static void addresses_are_checked(void **state)
{
	struct luowire *w = *state;
	struct luo_session_ser *s = luowire_session(w, "s");
	u64 files;

	luowire_file(w, "f", 0, 0);
	files = s->file_set.files;
	s->file_set.files = files + 8;
	refused(w, -EBADMSG, "block is not preserved");
	s->file_set.files = PARCELS_BASE - KHO_PAGE_SIZE;
	refused(w, -EBADMSG, "block is not preserved");
	s->file_set.files = ~0ULL << KHO_PAGE_SHIFT;
	refused(w, -EBADMSG, "block is not preserved");
	s->file_set.files = files;
	luowire_head(w)->flbs_pa = 1;
	refused(w, -EBADMSG, "FLB page is not preserved");
}

/* A page that is named twice, or is somebody else's by now. */
static void *changing_page;

static void change(void)
{
	memset(changing_page, 0xff, KHO_PAGE_SIZE);
}

static int change_at_session(void *ctx, const struct luo_session_ser *s)
{
	struct seen *seen = ctx;

	change();
	assert_string_equal(s->name, "s");
	seen->sessions++;
	return 0;
}

static int change_at_flb(void *ctx, const struct luo_flb_ser *flb)
{
	struct seen *seen = ctx;

	change();
	assert_string_equal(flb->name, "l");
	seen->flbs++;
	return 0;
}

static void what_was_checked_is_not_read_again(void **state)
{
	struct luowire *w = *state;
	struct kho_page_ops ops = parcels_ops(&w->mem);
	struct seen s = { .len = 0 };
	const struct kho_luo_visit visit = { .session = change_at_session,
					     .file = see_file,
					     .flb = change_at_flb,
					     .block = see_block,
					     .ctx = &s };
	struct kho_refusal r;

	luowire_session(w, "s");
	luowire_file(w, "f", 0, 0);
	luowire_flb(w, "l", 0, 1);
	changing_page = parcels_at(&w->mem, w->session_phys);
	/* The page of the FLB is not changed before it is looked at. */
	assert_int_equal(kho_luo_walk(w->phys, 32, &ops, &visit, &r), 0);
	assert_int_equal(s.sessions, 1);
	assert_int_equal(s.files, 1);
	assert_int_equal(s.blocks, 4);
	luowire_head(w)->sessions_pa = 0;
	changing_page = parcels_at(&w->mem, luowire_head(w)->flbs_pa);
	assert_int_equal(kho_luo_walk(w->phys, 32, &ops, &visit, &r), 0);
	assert_int_equal(s.flbs, 2);
}

static void circles_end(void **state)
{
	struct luowire *w = *state;
	struct kho_block_header_ser *block;
	struct luo_session_ser *s = luowire_session(w, "s");

	block = parcels_at(&w->mem, w->session_phys);
	block->next = w->session_phys;
	refused(w, -ERANGE, "chain is too long or a circle");
	w->mem.claimed_pages = 100;
	refused(w, -ERANGE, "more blocks than preserved memory");
	block->next = 0;
	luowire_file(w, "f", 0, 0);
	block = parcels_at(&w->mem, w->file_phys);
	block->next = w->file_phys;
	refused(w, -ERANGE, "more blocks than preserved memory");
	assert_int_equal(s->file_set.count, 1);
}

static void longest_chain_is_good(void **state)
{
	struct luowire *w = *state;
	struct seen s = { .len = 0 };
	struct kho_refusal r;
	u64 i, phys;

	for (i = 0; i < KHO_BLOCK_CHAIN_MAX; i++) {
		struct kho_block_header_ser *block;
		struct luo_session_ser *ser;

		phys = parcels_new_page(&w->mem);
		block = parcels_at(&w->mem, phys);
		block->count = 1;
		block->next = luowire_head(w)->sessions_pa;
		luowire_head(w)->sessions_pa = phys;
		ser = (void *)(block + 1);
		ser->name[0] = 's';
	}
	assert_int_equal(walk(w, &s, &r), 0);
	assert_int_equal(s.sessions, KHO_BLOCK_CHAIN_MAX);
	w->session_phys = phys;
	luowire_head(w)->sessions_pa = parcels_new_page(&w->mem);
	memcpy(parcels_at(&w->mem, luowire_head(w)->sessions_pa),
	       parcels_at(&w->mem, phys), KHO_PAGE_SIZE);
	((struct kho_block_header_ser *)parcels_at(
		 &w->mem, luowire_head(w)->sessions_pa))
		->next = phys;
	refused(w, -ERANGE, "chain is too long or a circle");
}

static void list_of_lost_is_checked(void **state)
{
	struct luo_lost_ser lost = { .magic = LUO_LOST_MAGIC };
	struct kho_refusal r;

	assert_int_equal(kho_luo_lost_check(NULL, 4096, 4096, &r), -EBADMSG);
	assert_int_equal(kho_luo_lost_check(&lost, 4096, 4095, &r), -EBADMSG);
	assert_int_equal(kho_luo_lost_check(&lost, 4096, 4096, &r), 0);
	lost.bytes = LUO_LOST_TEXT_SIZE;
	assert_int_equal(kho_luo_lost_check(&lost, 4096, 4096, &r), 0);
	lost.bytes++;
	assert_int_equal(kho_luo_lost_check(&lost, 4096, 4096, &r), -ERANGE);
	lost.bytes = 0;
	lost.magic++;
	assert_int_equal(kho_luo_lost_check(&lost, 4096, 4096, &r),
			 -EPROTONOSUPPORT);
}

/* The wire, byte by byte, as another kernel writes it. */
static void layout_is_upstreams(void **state)
{
	struct luo_session_ser s = { .file_set = { 0x1111, 0x2222 } };
	struct luo_file_ser f = { .data = 0x3333, .token = 0x4444 };
	u64 word;

	memcpy(&word, (u8 *)&s + 64, 8);
	assert_int_equal(word, 0x1111);
	memcpy(&word, (u8 *)&s + 72, 8);
	assert_int_equal(word, 0x2222);
	memcpy(&word, (u8 *)&f + 48, 8);
	assert_int_equal(word, 0x3333);
	memcpy(&word, (u8 *)&f + 56, 8);
	assert_int_equal(word, 0x4444);
	assert_int_equal(LUO_SESSIONS_PER_BLOCK, 51);
	assert_int_equal(LUO_FILES_PER_BLOCK, 63);
	assert_int_equal(LUO_MAX_FLBS, 63);
	assert_int_equal(offsetof(struct memfd_luo_ser, seals), 16);
	assert_int_equal(offsetof(struct memfd_luo_ser, nr_folios), 24);
	assert_int_equal(offsetof(struct memfd_luo_ser, folios), 32);
}

#define with_wire(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_wire(everything_is_visited_in_order),
		with_wire(nothing_is_good),
		with_wire(many_span_blocks),
		with_wire(head_is_checked),
		with_wire(names_are_checked),
		with_wire(counts_are_checked),
		with_wire(addresses_are_checked),
		with_wire(what_was_checked_is_not_read_again),
		with_wire(circles_end),
		with_wire(longest_chain_is_good),
		cmocka_unit_test(list_of_lost_is_checked),
		cmocka_unit_test(layout_is_upstreams),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
