// SPDX-License-Identifier: GPL-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/bits.h"
#include "core/crc32c.h"
#include "parcels.h"

#define PER_CHUNK KHO_VMALLOC_SIZE

static int setup(void **state)
{
	struct parcels *p = malloc(sizeof(*p));

	parcels_init(p, 8192);
	*state = p;
	return 0;
}

static int teardown(void **state)
{
	parcels_exit(*state);
	free(*state);
	return 0;
}

/* ---- names and checksum ---- */

static bool name_ok(const char *name)
{
	char buffer[KHO_PARCEL_NAME_SIZE] = { 0 };

	memcpy(buffer, name, strnlen(name, sizeof(buffer)));
	return kho_parcel_name_ok(buffer);
}

static void names(void **state)
{
	char name[KHO_PARCEL_NAME_SIZE + 1];
	unsigned int i;

	for (i = 0; i <= KHO_PARCEL_NAME_SIZE; i++) {
		memset(name, 'n', i);
		name[i] = 0;
		assert_int_equal(name_ok(name), i && i < KHO_PARCEL_NAME_SIZE);
	}
	for (i = 1; i < 256; i++) {
		snprintf(name, sizeof(name), "a%cb", (char)i);
		assert_int_equal(name_ok(name),
				 i >= 0x20 && i != 0x7f && i != '/');
	}
	assert_false(name_ok("."));
	assert_false(name_ok(".."));
	assert_true(name_ok("..."));
	assert_true(name_ok(".a"));
	assert_true(name_ok("..a"));
	assert_true(name_ok("a."));
}

static void checksum_covers_all_that_the_first_version_had(void **state)
{
	const size_t end = offsetof(struct kho_parcel_ser, crc);
	struct kho_parcel_ser slot = { .bytes = 3 };
	u8 *bytes = (u8 *)&slot;
	u32 crc = kho_parcel_crc(&slot);
	unsigned int i;

	assert_int_equal(crc, kho_crc32c(0, bytes + 4, end - 4));
	for (i = 0; i < 8 * sizeof(slot); i++) {
		bool covered = i / 8 >= 4 && i / 8 < end;

		bytes[i / 8] ^= 1 << i % 8;
		assert_int_equal(kho_parcel_crc(&slot) != crc, covered);
		bytes[i / 8] ^= 1 << i % 8;
	}
}

/* ---- lists of pages ---- */

/* What the callbacks saw; they take the pages away as a restore does. */
struct visit {
	struct parcels *p;
	u64 nr_data;
	u64 nr_chunks;
	u64 last;
	u64 stop_at;
	bool restore;
};

static int stop(struct visit *v, u64 nr)
{
	return v->stop_at && nr == v->stop_at ? 77 : 0;
}

static void forget(struct visit *v, u64 phys)
{
	if (v->restore)
		v->p->known[(phys - PARCELS_BASE) / KHO_PAGE_SIZE] = 0;
}

static int each_page(void *ctx, u64 phys)
{
	struct visit *v = ctx;

	/* parcels_new_list() hands them out in ascending order. */
	assert_true(phys > v->last);
	v->last = phys;
	forget(v, phys);
	return stop(v, ++v->nr_data);
}

static int each_chunk(void *ctx, u64 phys)
{
	struct visit *v = ctx;

	forget(v, phys);
	return stop(v, 1000 + ++v->nr_chunks);
}

static int check_list(struct visit *v, const struct kho_vmalloc *list,
		      struct kho_refusal *r)
{
	struct kho_page_ops ops = parcels_ops(v->p);

	return kho_page_list_check(list, &ops, each_page, each_chunk, v, r);
}

static void assert_list_refused(struct parcels *p,
				const struct kho_vmalloc *list, int want,
				const char *check)
{
	struct kho_page_ops ops = parcels_ops(p);
	struct kho_refusal r = { 0 };
	int err = kho_page_list_check(list, &ops, NULL, NULL, NULL, &r);

	if (!err || strcmp(r.check, check))
		fail_msg("%s, not %s", err ? r.check : "accepted", check);
	assert_int_equal(err, want);
	assert_int_equal(r.err, want);
	err = kho_page_list_check(list, &ops, NULL, NULL, NULL, NULL);
	assert_int_equal(err, want);
}

static void lists_of_any_length(void **state)
{
	static const u32 length[] = { 0,
				      1,
				      2,
				      PER_CHUNK - 1,
				      PER_CHUNK,
				      PER_CHUNK + 1,
				      2 * PER_CHUNK,
				      3 * PER_CHUNK - 1 };
	struct parcels *p = *state;
	unsigned int i, restore;

	for (i = 0; i < ARRAY_SIZE(length); i++) {
		struct kho_vmalloc list = parcels_new_list(p, length[i]);

		for (restore = 0; restore < 2; restore++) {
			struct visit v = { .p = p, .restore = restore };

			assert_int_equal(check_list(&v, &list, NULL), 0);
			assert_int_equal(v.nr_data, length[i]);
			assert_int_equal(v.nr_chunks, (length[i] + PER_CHUNK -
						       1) / PER_CHUNK);
		}
	}
}

/* Three blocks of 8 pages. */
static struct kho_vmalloc new_list_of_blocks(struct parcels *p)
{
	struct kho_vmalloc list = { .first = parcels_new_page(p),
				    .total_pages = 24,
				    .flags = KHO_VMALLOC_HUGE_VMAP,
				    .order = 3 };
	struct kho_vmalloc_chunk *chunk = parcels_at(p, list.first);
	unsigned int i;

	while (p->next % 8)
		parcels_new_page(p);
	for (i = 0; i < 24; i++) {
		u64 phys = parcels_new_page(p);

		if (i % 8 == 0)
			chunk->phys[i / 8] = phys;
	}
	return list;
}

static void lists_of_larger_blocks(void **state)
{
	struct parcels *p = *state;
	struct kho_vmalloc list = new_list_of_blocks(p);
	struct kho_vmalloc_chunk *chunk = parcels_at(p, list.first);
	struct visit v = { .p = p };
	u64 *known = &chunk->phys[1];

	assert_int_equal(check_list(&v, &list, NULL), 0);
	assert_int_equal(v.nr_data, 3);
	*known += KHO_PAGE_SIZE;
	assert_list_refused(p, &list, -EBADMSG, "page list entry alignment");
	*known -= KHO_PAGE_SIZE;
	*known = kho_align_down(list.first, 8 * KHO_PAGE_SIZE);
	assert_list_refused(p, &list, -EBADMSG, "page list names its own page");
	*known = chunk->phys[0];
	p->known[(*known - PARCELS_BASE) / KHO_PAGE_SIZE + 7] = 0;
	assert_list_refused(p, &list, -EBADMSG,
			    "page list entry is not preserved");
}

/* Upstream's writer starts a new chunk as soon as one is full. */
static void an_empty_chunk_after_a_full_one(void **state)
{
	struct parcels *p = *state;
	struct kho_vmalloc list = parcels_new_list(p, PER_CHUNK);
	struct kho_vmalloc_chunk *chunk = parcels_at(p, list.first);
	struct visit v = { .p = p, .restore = true };
	struct kho_vmalloc_chunk *empty;

	chunk->hdr.next = parcels_new_page(p);
	empty = parcels_at(p, chunk->hdr.next);
	assert_int_equal(check_list(&v, &list, NULL), 0);
	assert_int_equal(v.nr_chunks, 2);
	memset(p->known, 1, p->next);
	empty->hdr.next = parcels_new_page(p);
	assert_list_refused(p, &list, -EBADMSG,
			    "page list goes on after its end");
	empty->hdr.next = 0;
	empty->phys[0] = parcels_new_page(p);
	assert_list_refused(p, &list, -EBADMSG,
			    "page list names too many pages");
}

static void callbacks_may_stop_it(void **state)
{
	struct parcels *p = *state;
	struct kho_vmalloc list = parcels_new_list(p, PER_CHUNK + 5);
	struct visit v = { .p = p, .stop_at = 3 };
	struct kho_refusal r = { 0 };

	assert_int_equal(check_list(&v, &list, &r), 77);
	assert_int_equal(v.nr_data, 3);
	v = (struct visit){ .p = p, .stop_at = 1001 };
	assert_int_equal(check_list(&v, &list, &r), 77);
	assert_int_equal(v.nr_data, PER_CHUNK);
	assert_null(r.check);
}

static void bad_descriptors(void **state)
{
	struct parcels *p = *state;
	const struct kho_vmalloc good = parcels_new_list(p, 10);
	struct kho_vmalloc bad = good;

	bad.order = 32;
	assert_list_refused(p, &bad, -EBADMSG, "page list order");
	bad.order = 2; /* 10 pages are no multiple of it */
	assert_list_refused(p, &bad, -EBADMSG, "page list order");
	bad = good;
	bad.flags = 4;
	assert_list_refused(p, &bad, -EBADMSG, "page list flags");
	bad = good;
	bad.first = 0;
	assert_list_refused(p, &bad, -EBADMSG, "page list without pages");
	bad = good;
	bad.total_pages = 0;
	assert_list_refused(p, &bad, -EBADMSG, "page list of no pages");
	bad.total_pages = 9;
	assert_list_refused(p, &bad, -EBADMSG,
			    "page list names too many pages");
	bad.total_pages = 11;
	assert_list_refused(p, &bad, -EBADMSG, "page list names too few pages");
	p->claimed_pages = 9;
	assert_list_refused(p, &good, -ERANGE,
			    "page list longer than preserved memory");
	p->claimed_pages = 10;
	assert_int_equal(check_list(&(struct visit){ .p = p }, &good, NULL), 0);
}

static void bad_chunk_addresses(void **state)
{
	static const u64 address[] = { 1,
				       PARCELS_BASE + 8,
				       PARCELS_BASE - KHO_PAGE_SIZE,
				       PARCELS_BASE + 8191 * KHO_PAGE_SIZE,
				       -KHO_PAGE_SIZE,
				       -1ULL };
	struct parcels *p = *state;
	struct kho_vmalloc list = parcels_new_list(p, PER_CHUNK + 1);
	struct kho_vmalloc_chunk *chunk = parcels_at(p, list.first);
	u64 next = chunk->hdr.next;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(address); i++) {
		struct kho_vmalloc bad = list;

		chunk->hdr.next = address[i];
		assert_list_refused(p, &list, -EBADMSG,
				    "page list chunk is not preserved");
		chunk->hdr.next = next;
		bad.first = address[i];
		assert_list_refused(p, &bad, -EBADMSG,
				    "page list chunk is not preserved");
	}
}

static void bad_data_addresses(void **state)
{
	struct parcels *p = *state;
	struct kho_vmalloc list = parcels_new_list(p, 10);
	struct kho_vmalloc_chunk *chunk = parcels_at(p, list.first);

	chunk->phys[4] += 8;
	assert_list_refused(p, &list, -EBADMSG, "page list entry alignment");
	chunk->phys[4] = KHO_PAGE_SIZE;
	assert_list_refused(p, &list, -EBADMSG,
			    "page list entry is not preserved");
	chunk->phys[4] = list.first;
	assert_list_refused(p, &list, -EBADMSG, "page list names its own page");
	/* An end in the middle. */
	chunk->phys[4] = 0;
	assert_list_refused(p, &list, -EBADMSG,
			    "page list names too few pages");
}

/* Three times the same full chunk is too much for what is left; and so for any number. */
static void circles_end(void **state)
{
	struct parcels *p = *state;
	struct kho_vmalloc list = parcels_new_list(p, PER_CHUNK);
	struct kho_vmalloc_chunk *chunk = parcels_at(p, list.first);

	chunk->hdr.next = list.first;
	assert_list_refused(p, &list, -EBADMSG,
			    "page list names too many pages");
	list.total_pages = 10 * PER_CHUNK + 1;
	assert_list_refused(p, &list, -EBADMSG,
			    "page list names too many pages");
}

/* What was taken away is gone, be it named again as data or as a chunk. */
static void nothing_is_restored_twice(void **state)
{
	struct parcels *p = *state;
	struct kho_vmalloc list = parcels_new_list(p, PER_CHUNK + 2);
	struct kho_vmalloc_chunk *chunk = parcels_at(p, list.first);
	struct kho_vmalloc_chunk *second = parcels_at(p, chunk->hdr.next);
	struct visit v = { .p = p, .restore = true };
	struct kho_refusal r;

	second->phys[1] = second->phys[0];
	v.last = 0;
	assert_int_equal(check_list(&v, &list, &r), -EBADMSG);
	assert_string_equal(r.check, "page list entry is not preserved");
	memset(p->known, 1, p->next);
	second->phys[1] = chunk->hdr.next + KHO_PAGE_SIZE * 2;
	chunk->hdr.next = chunk->phys[PER_CHUNK - 1];
	v = (struct visit){ .p = p, .restore = true };
	assert_int_equal(check_list(&v, &list, &r), -EBADMSG);
	assert_string_equal(r.check, "page list chunk is not preserved");
}

/* ---- the index ---- */

struct names {
	char name[200][KHO_PARCEL_NAME_SIZE];
	struct kho_refusal lost[200];
	unsigned int nr;
	unsigned int stop_at;
};

static int each_parcel(void *ctx, const struct kho_parcel_ser *slot,
		       const struct kho_refusal *lost)
{
	struct names *n = ctx;

	if (lost) {
		assert_int_equal(lost->err, KHO_WENT_BAD);
		n->lost[n->nr] = *lost;
	}
	memcpy(n->name[n->nr++], slot->name, sizeof(slot->name));
	return n->stop_at == n->nr ? 77 : 0;
}

static int check_index(struct parcels *p, struct names *n,
		       struct kho_refusal *r)
{
	struct kho_page_ops ops = parcels_ops(p);

	return kho_parcels_check(p->head_phys,
				 sizeof(struct kho_parcel_head_ser), &ops,
				 n ? each_parcel : NULL, n, r);
}

static void assert_index_refused(struct parcels *p, int want, const char *check)
{
	struct kho_refusal r = { 0 };
	struct names n = { .nr = 0 };
	int err = check_index(p, &n, &r);

	if (!err || strcmp(r.check, check))
		fail_msg("%s, not %s", err ? r.check : "accepted", check);
	assert_int_equal(err, want);
	assert_int_equal(r.err, want);
	/* As a whole: not even the good ones were shown. */
	assert_int_equal(n.nr, 0);
	assert_int_equal(check_index(p, NULL, NULL), want);
}

static void an_empty_index(void **state)
{
	struct names n = { .nr = 0 };

	assert_int_equal(check_index(*state, &n, NULL), 0);
	assert_int_equal(n.nr, 0);
}

static void many_parcels_with_gaps(void **state)
{
	struct parcels *p = *state;
	struct names n = { .nr = 0 };
	char name[16];
	unsigned int i;

	for (i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "parcel %u", i);
		parcels_put(p, name, i * 1000);
		if (i % 3 == 0)
			parcels_new_slot(p);
	}
	assert_int_equal(check_index(p, &n, NULL), 0);
	assert_int_equal(n.nr, 100);
	for (i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "parcel %u", i);
		assert_string_equal(n.name[i], name);
	}
}

/* Nothing in a slot counts before its state is set. */
static void a_free_slot_may_hold_anything(void **state)
{
	struct parcels *p = *state;
	struct kho_parcel_ser *slot;

	parcels_put(p, "first", 1);
	slot = parcels_put(p, "first", 5000);
	slot->state = KHO_PARCEL_FREE;
	slot->data.first = 1;
	slot->crc = 0;
	assert_int_equal(check_index(p, NULL, NULL), 0);
}

static void the_callback_may_stop_it(void **state)
{
	struct parcels *p = *state;
	struct names n = { .stop_at = 2 };

	parcels_put(p, "a", 1);
	parcels_put(p, "b", 1);
	parcels_put(p, "c", 1);
	assert_int_equal(check_index(p, &n, NULL), 77);
	assert_int_equal(n.nr, 2);
}

/* Of three parcels the one in the middle loses a page; @phys: which. */
static void assert_one_is_lost(struct parcels *p, u64 phys, const char *check)
{
	u8 *known = &p->known[(phys - PARCELS_BASE) / KHO_PAGE_SIZE];
	struct names n = { .nr = 0 };

	*known = PAGE_BAD;
	assert_int_equal(check_index(p, &n, NULL), 0);
	assert_int_equal(n.nr, 3);
	assert_null(n.lost[0].check);
	assert_string_equal(n.lost[1].check, check);
	assert_int_equal(n.lost[1].found, phys);
	assert_null(n.lost[2].check);
	assert_int_equal(check_index(p, NULL, NULL), 0);
	/* A page that is not there for no such reason costs all of them. */
	*known = PAGE_UNKNOWN;
	assert_int_equal(check_index(p, NULL, NULL), -EBADMSG);
	*known = PAGE_KNOWN;
}

static void a_page_that_went_bad_costs_one_parcel(void **state)
{
	struct parcels *p = *state;
	struct kho_vmalloc_chunk *chunk;
	struct kho_parcel_ser *slot;

	parcels_put(p, "before", 9 * KHO_PAGE_SIZE);
	slot = parcels_put(p, "middle", (PER_CHUNK + 3) * KHO_PAGE_SIZE);
	parcels_put(p, "behind", 1);
	chunk = parcels_at(p, slot->data.first);
	assert_one_is_lost(p, chunk->phys[0], "page list entry went bad");
	assert_one_is_lost(p, chunk->phys[77], "page list entry went bad");
	assert_one_is_lost(p, slot->data.first, "page list chunk went bad");
	assert_one_is_lost(p, chunk->hdr.next, "page list chunk went bad");
}

static void a_page_of_the_index_that_went_bad_is_named(void **state)
{
	struct parcels *p = *state;
	struct kho_parcel_head_ser *head = parcels_head(p);
	u8 *known = p->known;

	parcels_put(p, "a", 1);
	known[(head->first_block_phys - PARCELS_BASE) / KHO_PAGE_SIZE] =
		PAGE_BAD;
	assert_index_refused(p, KHO_WENT_BAD, "parcel index block went bad");
	known[(p->head_phys - PARCELS_BASE) / KHO_PAGE_SIZE] = PAGE_BAD;
	assert_index_refused(p, KHO_WENT_BAD, "parcel index went bad");
}

static void a_bad_head(void **state)
{
	struct parcels *p = *state;
	struct kho_page_ops ops = parcels_ops(p);
	struct kho_parcel_head_ser *head = parcels_head(p);
	u64 phys = p->head_phys;

	parcels_put(p, "a", 1);
	assert_int_equal(kho_parcels_check(phys, 23, &ops, NULL, NULL, NULL),
			 -EBADMSG);
	assert_int_equal(kho_parcels_check(phys, 4096, &ops, NULL, NULL, NULL),
			 -EBADMSG);
	head->magic++;
	assert_index_refused(p, -EBADMSG, "parcel index magic number");
	head->magic--;
	head->version = KHO_PARCEL_VERSION + 1;
	assert_index_refused(p, -EPROTONOSUPPORT, "parcel index version");
	head->version = KHO_PARCEL_VERSION_WORD;
	head->entry_size = 128;
	assert_index_refused(p, -EBADMSG, "parcel index slot size");
	head->entry_size = sizeof(struct kho_parcel_ser);
	assert_int_equal(check_index(p, NULL, NULL), 0);
	for (p->head_phys = 0; p->head_phys < 3; p->head_phys++)
		assert_index_refused(p, -EBADMSG,
				     "parcel index is not preserved");
	p->head_phys = phys + 8;
	assert_index_refused(p, -EBADMSG, "parcel index is not preserved");
}

/* Slots as a module with longer ones would lay them out; what they have more is @fill. */
static void lengthen_slots(struct parcels *p, u32 bytes, u8 fill)
{
	struct kho_block_header_ser *block = parcels_at(p, p->last_phys);
	u8 *slots = (u8 *)(block + 1), copy[KHO_PAGE_SIZE];
	u32 i;

	memcpy(copy, slots, KHO_PAGE_SIZE - sizeof(*block));
	memset(slots, fill, KHO_PAGE_SIZE - sizeof(*block));
	for (i = 0; i < block->count; i++)
		memcpy(slots + (size_t)i * bytes,
		       copy + i * sizeof(struct kho_parcel_ser),
		       sizeof(struct kho_parcel_ser));
	parcels_head(p)->entry_size = bytes;
}

/* As a module with shorter ones would. */
static void shorten_slots(struct parcels *p, u32 bytes)
{
	struct kho_block_header_ser *block = parcels_at(p, p->last_phys);
	u8 *slots = (u8 *)(block + 1);
	u32 i;

	for (i = 0; i < block->count; i++)
		memmove(slots + (size_t)i * bytes,
			slots + i * sizeof(struct kho_parcel_ser), bytes);
	parcels_head(p)->entry_size = bytes;
}

static void an_index_of_another_version(void **state)
{
	const u32 own = KHO_PARCEL_VERSION;
	struct parcels *p = *state;
	struct kho_page_ops ops = parcels_ops(p);
	struct kho_parcel_head_ser *head = parcels_head(p);
	struct names n = { .nr = 0 };

	parcels_put(p, "one", 1);
	parcels_put(p, "two", 5000);
	parcels_put(p, "three", 0);
	lengthen_slots(p, sizeof(struct kho_parcel_ser) + 24, 0x5a);
	/* Longer than they may be in this version, but not in one that can be read. */
	assert_index_refused(p, -EBADMSG, "parcel index slot size");
	head->version = KHO_VERSION_WORD(own + 1, own);
	assert_int_equal(check_index(p, &n, NULL), 0);
	assert_int_equal(n.nr, 3);
	assert_string_equal(n.name[1], "two");
	assert_string_equal(n.name[2], "three");
	/* The head may be longer too. */
	assert_int_equal(kho_parcels_check(p->head_phys, sizeof(*head) + 8,
					   &ops, NULL, NULL, NULL),
			 0);
	head->entry_size = sizeof(struct kho_parcel_ser) + 4;
	assert_index_refused(p, -EBADMSG, "parcel index slot size");
	head->entry_size = sizeof(struct kho_parcel_ser) - 8;
	assert_index_refused(p, -EBADMSG, "parcel index slot size");
	head->entry_size = KHO_PAGE_SIZE;
	assert_index_refused(p, -EBADMSG, "parcel index slot size");
	head->version = KHO_VERSION_WORD(own + 1, own + 1);
	assert_index_refused(p, -EPROTONOSUPPORT, "parcel index version");
	head->version = KHO_PARCEL_READS_FROM - 1;
	assert_index_refused(p, -EPROTONOSUPPORT, "parcel index version");
}

static void bad_blocks(void **state)
{
	struct parcels *p = *state;
	struct kho_parcel_head_ser *head = parcels_head(p);
	struct kho_block_header_ser *block;

	parcels_put(p, "a", 1);
	block = parcels_at(p, head->first_block_phys);
	block->count = 0;
	assert_index_refused(p, -ERANGE, "parcel index count of slots");
	block->count = KHO_PARCELS_PER_BLOCK + 1;
	assert_index_refused(p, -ERANGE, "parcel index count of slots");
	block->count = -1ULL;
	assert_index_refused(p, -ERANGE, "parcel index count of slots");
	block->count = 1;
	block->next = 8;
	assert_index_refused(p, -EBADMSG,
			     "parcel index block is not preserved");
	block->next = KHO_PAGE_SIZE;
	assert_index_refused(p, -EBADMSG,
			     "parcel index block is not preserved");
	block->next = 0;
	head->first_block_phys++;
	assert_index_refused(p, -EBADMSG,
			     "parcel index block is not preserved");
}

static void an_index_in_a_circle(void **state)
{
	struct parcels *p = *state;
	struct kho_block_header_ser *block;

	parcels_put(p, "a", 1);
	block = parcels_at(p, p->last_phys);
	block->next = p->last_phys;
	assert_index_refused(p, -ERANGE,
			     "parcel index is too long or a circle");
	/* With more than one in the block there are too many parcels before that. */
	parcels_put(p, "b", 1);
	assert_index_refused(p, -ERANGE, "number of parcels");
}

/* A field of a slot, with its checksum made right. */
static void bad_slots(void **state)
{
	struct parcels *p = *state;
	struct kho_parcel_ser *slot, good;

	parcels_put(p, "first", 1);
	slot = parcels_put(p, "second", 5000);
	good = *slot;
#define TRY(change, err, check)                                  \
	do {                                                     \
		change;                                          \
		slot->crc = kho_parcel_crc(slot);                \
		assert_index_refused(p, err, check);             \
		*slot = good;                                    \
		assert_int_equal(check_index(p, NULL, NULL), 0); \
	} while (0)
	TRY(slot->state = 1, -EBADMSG, "parcel state");
	TRY(slot->reserved = 1, -EBADMSG, "parcel reserved field");
	TRY(slot->name[0] = 0, -EBADMSG, "parcel name");
	TRY(slot->name[2] = '/', -EBADMSG, "parcel name");
	TRY(memset(slot->name, 'x', 64), -EBADMSG, "parcel name");
	TRY(memcpy(slot->name, "first", 6), -EEXIST, "parcel name twice");
	TRY(slot->bytes = 4096, -EBADMSG, "parcel number of pages");
	TRY(slot->bytes = 8193, -EBADMSG, "parcel number of pages");
	TRY(slot->bytes = -1ULL, -EBADMSG, "parcel number of pages");
	TRY(slot->data.total_pages = 1, -EBADMSG, "parcel number of pages");
	TRY(slot->data.first = 0, -EBADMSG, "page list without pages");
	TRY(slot->data.order = 1, -EBADMSG, "parcel order of pages");
	TRY(slot->data.first++, -EBADMSG, "page list chunk is not preserved");
#undef TRY
	slot->data_crc ^= 1;
	assert_index_refused(p, -EBADMSG, "parcel checksum");
}

static void every_bit_of_a_slot(void **state)
{
	struct parcels *p = *state;
	struct kho_parcel_ser *slot = parcels_put(p, "a parcel", 5000);
	const size_t end = offsetof(struct kho_parcel_ser, mode);
	u8 *bytes = (u8 *)slot;
	unsigned int i;

	for (i = 0; i < 8 * sizeof(*slot); i++) {
		bytes[i / 8] ^= 1 << i % 8;
		assert_index_refused(p, -EBADMSG,
				     i < 32	 ? "parcel state" :
				     i < 8 * end ? "parcel checksum" :
						   "parcel mode checksum");
		bytes[i / 8] ^= 1 << i % 8;
	}
	assert_int_equal(check_index(p, NULL, NULL), 0);
}

/* With checksums that are right. */
static void modes_that_cannot_be(void **state)
{
	static const u32 bad[] = { 0640, KHO_PARCEL_MODE_KNOWN | 04755,
				   KHO_PARCEL_MODE_KNOWN | 0x10000,
				   0xffffffff };
	static const u32 good[] = { 0, KHO_PARCEL_MODE_KNOWN,
				    KHO_PARCEL_MODE_KNOWN | 0777 };
	struct parcels *p = *state;
	struct kho_parcel_ser *slot = parcels_put(p, "a parcel", 5);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		slot->mode = bad[i];
		slot->mode_crc = kho_parcel_mode_crc(slot->mode);
		assert_index_refused(p, -EBADMSG, "parcel mode");
	}
	for (i = 0; i < ARRAY_SIZE(good); i++) {
		slot->mode = good[i];
		slot->mode_crc = kho_parcel_mode_crc(slot->mode);
		assert_int_equal(check_index(p, NULL, NULL), 0);
	}
	assert_int_equal(kho_parcel_mode_crc(0), 0);
}

/* Slots of the first version, which knew no modes. */
static void an_index_without_modes(void **state)
{
	struct parcels *p = *state;
	struct kho_parcel_head_ser *head = parcels_head(p);
	struct names n = { .nr = 0 };

	parcels_put(p, "one", 1);
	parcels_put(p, "two", 5000);
	shorten_slots(p, KHO_PARCEL_BYTES_FROM);
	assert_index_refused(p, -EBADMSG, "parcel index slot size");
	head->version = KHO_PARCEL_READS_FROM;
	assert_int_equal(check_index(p, &n, NULL), 0);
	assert_int_equal(n.nr, 2);
	assert_string_equal(n.name[1], "two");
}

static void more_than_there_is(void **state)
{
	struct parcels *p = *state;

	parcels_put(p, "a", 3 * KHO_PAGE_SIZE);
	parcels_put(p, "b", 4 * KHO_PAGE_SIZE);
	p->claimed_pages = 7;
	assert_int_equal(check_index(p, NULL, NULL), 0);
	p->claimed_pages = 6;
	assert_index_refused(p, -ERANGE,
			     "parcels are larger than preserved memory");
}

static void as_many_as_there_may_be(void **state)
{
	struct parcels *p = *state;
	struct kho_parcel_ser *slot = NULL;
	char name[16];
	unsigned int i;

	for (i = 0; i < KHO_PARCELS_MAX; i++) {
		snprintf(name, sizeof(name), "%x", i);
		slot = parcels_put(p, name, 0);
	}
	assert_int_equal(check_index(p, NULL, NULL), 0);
	/* Of so many the last is named as one near the start, in a later part of the hashes. */
	for (i = 1; i < 4; i++) {
		memset(slot->name, 0, sizeof(slot->name));
		snprintf(slot->name, sizeof(slot->name), "%x", i * 999);
		slot->crc = kho_parcel_crc(slot);
		assert_index_refused(p, -EEXIST, "parcel name twice");
	}
	strcpy(slot->name, "different");
	slot->crc = kho_parcel_crc(slot);
	assert_int_equal(check_index(p, NULL, NULL), 0);
	parcels_put(p, "one too many", 0);
	assert_index_refused(p, -ERANGE, "number of parcels");
}

struct patience {
	struct kho_page_ops ops;
	unsigned int left;
};

static const void *patient_page(void *ctx, u64 phys, unsigned int order)
{
	struct patience *patience = ctx;

	return patience->ops.page(patience->ops.ctx, phys, order);
}

/* Once true it stays so. */
static bool is_out_of_patience(void *ctx)
{
	struct patience *patience = ctx;

	if (!patience->left)
		return true;
	patience->left--;
	return false;
}

/* Stops a check at every point at which it can be; what comes of it if it is not. */
static int check_impatiently(struct parcels *p, unsigned int *nr_points)
{
	struct patience patience = { .ops = parcels_ops(p) };
	struct kho_page_ops ops = { .page = patient_page,
				    .ctx = &patience,
				    .stop = is_out_of_patience };
	struct kho_refusal r;
	struct names n;
	int err;

	for (*nr_points = 0;; ++*nr_points) {
		n.nr = 0;
		n.stop_at = 0;
		patience.left = *nr_points;
		err = kho_parcels_check(p->head_phys,
					sizeof(struct kho_parcel_head_ser),
					&ops, each_parcel, &n, &r);
		if (err != -EINTR)
			return err;
		assert_string_equal(r.check, "the check was stopped");
		assert_int_equal(n.nr, 0);
	}
}

/* What was not compared is not taken for good. */
static void it_can_be_stopped_anywhere(void **state)
{
	struct parcels *p = *state;
	struct kho_parcel_ser *slot = NULL;
	unsigned int i, nr;
	char name[16];

	for (i = 0; i < 150; i++) {
		snprintf(name, sizeof(name), "parcel %u", i);
		slot = parcels_put(p, name, i == 20 ? 600 * KHO_PAGE_SIZE : 1);
	}
	assert_int_equal(check_impatiently(p, &nr), 0);
	/* Blocks of the index, pass after pass, and lists of pages. */
	assert_true(nr > 160);
	/* Names of every part of the hashes: one is in the last. */
	for (i = 0; i < 20; i++) {
		memset(slot->name, 0, sizeof(slot->name));
		snprintf(slot->name, sizeof(slot->name), "parcel %u", i);
		slot->crc = kho_parcel_crc(slot);
		assert_int_equal(check_impatiently(p, &nr), -EEXIST);
		assert_true(nr > 20);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(
			checksum_covers_all_that_the_first_version_had),
		TEST(lists_of_any_length),
		TEST(lists_of_larger_blocks),
		TEST(an_empty_chunk_after_a_full_one),
		TEST(callbacks_may_stop_it),
		TEST(bad_descriptors),
		TEST(bad_chunk_addresses),
		TEST(bad_data_addresses),
		TEST(circles_end),
		TEST(nothing_is_restored_twice),
		TEST(an_empty_index),
		TEST(many_parcels_with_gaps),
		TEST(a_free_slot_may_hold_anything),
		TEST(the_callback_may_stop_it),
		TEST(a_page_that_went_bad_costs_one_parcel),
		TEST(a_page_of_the_index_that_went_bad_is_named),
		TEST(a_bad_head),
		TEST(an_index_of_another_version),
		TEST(bad_blocks),
		TEST(an_index_in_a_circle),
		TEST(bad_slots),
		TEST(every_bit_of_a_slot),
		TEST(modes_that_cannot_be),
		TEST(an_index_without_modes),
		TEST(more_than_there_is),
		TEST(as_many_as_there_may_be),
		TEST(it_can_be_stopped_anywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
