// SPDX-License-Identifier: GPL-2.0
/*
 * Builds a parcel index from a script and damages it from the same script, with checksums made
 * right again or not. What is accepted must have names that differ and lists that are complete.
 */
#include "parcels.h"
#include "input.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

enum { PAGES = 256, MAX_PARCELS = 64 };

enum step {
	STEP_PUT,
	STEP_FREE_SLOT,
	STEP_WORD,
	STEP_SLOT_BYTES,
	STEP_LINK,
	STEP_FORGET_PAGE,
	STEP_CLAIM,
	NR_STEPS,
};

static struct parcels p;
static struct kho_parcel_ser *slot[MAX_PARCELS];
static unsigned int nr_slots;

static u64 take_phys(struct input *in)
{
	u64 how = take(in, 1);

	if (how < 0xf0)
		return PARCELS_BASE + take(in, 1) * KHO_PAGE_SIZE;
	return take(in, 8);
}

static void put(struct input *in)
{
	char name[KHO_PARCEL_NAME_SIZE] = { 0 };
	u64 pages = take(in, 1) % 8;
	unsigned int len = take(in, 1) % 4, i;

	if (nr_slots == MAX_PARCELS || p.next + pages + 4 > p.nr_pages)
		return;
	for (i = 0; i < len; i++)
		name[i] = (char)take(in, 1);
	slot[nr_slots++] = parcels_put(&p, name, pages * KHO_PAGE_SIZE);
}

static void free_slot(void)
{
	if (p.next + 2 < p.nr_pages)
		parcels_new_slot(&p);
}

static void set_word(struct input *in)
{
	u64 *page = parcels_at(&p, PARCELS_BASE + take(in, 1) % p.next *
							  KHO_PAGE_SIZE);

	page[take(in, 2) % 512] = take(in, 8);
}

/* Changes part of a slot and, unless told otherwise, makes its checksum right. */
static void set_slot_bytes(struct input *in)
{
	u64 which = take(in, 1);
	u32 offset = take(in, 1) % sizeof(*slot[0]);
	u32 len = 1 + take(in, 1) % 8;
	struct kho_parcel_ser *s;

	if (!nr_slots)
		return;
	s = slot[which % nr_slots];
	while (len-- && offset < sizeof(*s))
		((u8 *)s)[offset++] = (u8)take(in, 1);
	if (take(in, 1) % 8)
		s->crc = kho_parcel_crc(s);
}

/* Makes some word lead to some page: circles, pages named twice. */
static void link_page(struct input *in)
{
	u64 *page = parcels_at(&p, PARCELS_BASE + take(in, 1) % p.next *
							  KHO_PAGE_SIZE);

	page[take(in, 1) % 8] = take_phys(in);
}

/* The upper half of the numbers says that it went bad. */
static void forget_page(u64 nr)
{
	p.known[nr % p.nr_pages] = nr & 0x80 ? PAGE_BAD : PAGE_UNKNOWN;
}

static void run_step(struct input *in)
{
	switch ((enum step)(take(in, 1) % NR_STEPS)) {
	case STEP_PUT:
		put(in);
		break;
	case STEP_FREE_SLOT:
		free_slot();
		break;
	case STEP_WORD:
		set_word(in);
		break;
	case STEP_SLOT_BYTES:
		set_slot_bytes(in);
		break;
	case STEP_LINK:
		link_page(in);
		break;
	case STEP_FORGET_PAGE:
		forget_page(take(in, 1));
		break;
	case STEP_CLAIM:
		p.claimed_pages = take(in, 1);
		break;
	case NR_STEPS:
		break;
	}
}

/* ---- what was accepted, looked at again ---- */

struct seen {
	struct kho_parcel_ser slot[PAGES * KHO_PARCELS_PER_BLOCK];
	unsigned int nr;
	u64 pages;
};

static int count_page(void *ctx, u64 phys)
{
	struct seen *s = ctx;

	if (!p.known[(phys - PARCELS_BASE) / KHO_PAGE_SIZE])
		test_die("a page that is not there");
	s->pages++;
	return 0;
}

static int look_at(void *ctx, const struct kho_parcel_ser *one,
		   const struct kho_refusal *lost)
{
	struct kho_page_ops ops = parcels_ops(&p);
	struct kho_vmalloc list;
	struct seen *s = ctx;
	unsigned int i;

	memcpy(&list, &one->data, sizeof(list));
	if (!kho_parcel_name_ok(one->name) || kho_parcel_crc(one) != one->crc)
		test_die("accepted, but the slot is bad");
	for (i = 0; i < s->nr; i++)
		if (!strcmp(s->slot[i].name, one->name))
			test_die("accepted, but a name is there twice");
	s->pages = 0;
	if (lost &&
	    (lost->err != KHO_WENT_BAD || !lost->check ||
	     p.known[(lost->found - PARCELS_BASE) / KHO_PAGE_SIZE] != PAGE_BAD))
		test_die("lost without a page that went bad");
	if (!lost &&
	    (kho_page_list_check(&list, &ops, count_page, NULL, s, NULL) ||
	     s->pages * KHO_PAGE_SIZE < one->bytes))
		test_die("accepted, but its pages are not there");
	if (s->nr < ARRAY_SIZE(s->slot))
		s->slot[s->nr++] = *one;
	return 0;
}

static void judge(void)
{
	struct kho_page_ops ops = parcels_ops(&p);
	struct kho_refusal r = { 0 };
	static struct seen seen;
	int err;

	seen.nr = 0;
	err = kho_parcels_check(p.head_phys, sizeof(struct kho_parcel_head_ser),
				&ops, look_at, &seen, &r);
	if (err && (!r.check || r.err != err || err >= 0 || seen.nr))
		test_die("refused without a reason");
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct input in = { data, size };

	if (!p.page)
		parcels_init(&p, PAGES);
	parcels_clear(&p);
	nr_slots = 0;
	while (in.left)
		run_step(&in);
	judge();
	return 0;
}
