// SPDX-License-Identifier: GPL-2.0
/*
 * Builds sessions, FLBs and files in memory from a script and damages them from the same script.
 * What is accepted must have whole names and pages that are there; nothing may be read outside of
 * the memory, or of a page that a visitor took away, and every walk ends.
 */
#include "luowire.h"
#include "input.h"

#include <sanitizer/asan_interface.h>

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

enum { PAGES = 256 };

enum step {
	STEP_SESSION,
	STEP_FILE,
	STEP_FLB,
	STEP_MEMFD,
	STEP_WORD,
	STEP_BYTES,
	STEP_LINK,
	STEP_FORGET_PAGE,
	STEP_ORDER,
	STEP_CLAIM,
	NR_STEPS,
};

static struct luowire w;
static u64 memfd_phys;

static u64 page_of_wire(struct input *in)
{
	return PARCELS_BASE + take(in, 1) % w.mem.next * KHO_PAGE_SIZE;
}

static void damage(struct input *in, enum step step)
{
	u8 *page = parcels_at(&w.mem, page_of_wire(in));
	u64 value;
	u32 at, len;

	switch (step) {
	case STEP_WORD:
		at = take(in, 2) % 512 * 8;
		value = take(in, 8);
		memcpy(page + at, &value, 8);
		break;
	case STEP_BYTES:
		at = take(in, 2) % KHO_PAGE_SIZE;
		for (len = take(in, 1) % 80; len && at < KHO_PAGE_SIZE; len--)
			page[at++] = (u8)take(in, 1);
		break;
	default:
		at = take(in, 1) % 16 * 8;
		value = page_of_wire(in);
		memcpy(page + at, &value, 8);
		break;
	}
}

static void build(struct input *in, enum step step)
{
	char name[4] = { (char)('a' + take(in, 1) % 4) };

	if (w.mem.next + 40 > w.mem.nr_pages)
		return;
	if (step == STEP_SESSION)
		luowire_session(&w, name);
	else if (step == STEP_FILE && w.session)
		luowire_file(&w, name, take(in, 1), take(in, 1));
	else if (step == STEP_FLB)
		luowire_flb(&w, name, take(in, 1), take(in, 1));
	else if (step == STEP_MEMFD)
		memfd_phys = luowire_memfd(&w, take(in, 1) % 32);
}

static void run_step(struct input *in, bool *damaged)
{
	enum step step = take(in, 1) % NR_STEPS;

	switch (step) {
	case STEP_SESSION:
	case STEP_FILE:
	case STEP_FLB:
	case STEP_MEMFD:
		/* Building goes on from what was built, which must be whole. */
		if (!*damaged)
			build(in, step);
		break;
	case STEP_FORGET_PAGE:
		w.mem.known[take(in, 1) % PAGES] = 0;
		break;
	case STEP_ORDER:
		w.order[take(in, 1) % PAGES] = take(in, 1) % 16;
		break;
	case STEP_CLAIM:
		w.mem.claimed_pages = take(in, 1);
		break;
	default:
		damage(in, step);
		*damaged = true;
		break;
	}
}

static bool is_name(const char *name, size_t size)
{
	size_t len = strnlen(name, size);

	return len && len < size;
}

static int session_is_good(void *ctx, const struct luo_session_ser *s)
{
	if (!is_name(s->name, sizeof(s->name)))
		test_die("visited a session without a name");
	return 0;
}

static int file_is_good(void *ctx, const struct luo_file_ser *f)
{
	if (!is_name(f->compatible, sizeof(f->compatible)))
		test_die("visited a file without a handler");
	return 0;
}

static int flb_is_good(void *ctx, const struct luo_flb_ser *f)
{
	if (!is_name(f->name, sizeof(f->name)) || !f->count)
		test_die("visited a bad FLB");
	return 0;
}

static int block_is_good(void *ctx, u64 phys)
{
	u64 *left = ctx;

	if (!w.mem.known[(phys - PARCELS_BASE) / KHO_PAGE_SIZE])
		test_die("visited a page that is not there");
	if (w.mem.claimed_pages && !(*left)--)
		test_die("visited more pages than there can be");
	return 0;
}

static void judge_sessions(void)
{
	struct kho_page_ops ops = parcels_ops(&w.mem);
	/* Besides blocks, the head and the page of FLBs. */
	u64 left = w.mem.claimed_pages + 2;
	struct kho_luo_visit visit = { .session = session_is_good,
				       .file = file_is_good,
				       .flb = flb_is_good,
				       .block = block_is_good,
				       .ctx = &left };
	struct kho_refusal r = { 0 };
	int err;

	/* Without a bound, chains of chains take long. */
	if (!ops.nr_pages)
		w.mem.claimed_pages = PAGES;
	ops.nr_pages = w.mem.claimed_pages;
	left = w.mem.claimed_pages + 2;
	err = kho_luo_walk(w.phys, sizeof(struct luo_ser), &ops, &visit, &r);
	if (err && (!r.check || r.err != err || err >= 0))
		test_die("refused without a reason");
}

static int folio_is_good(void *ctx, const struct kho_memfd_folio *f)
{
	u64 nr = (f->phys - PARCELS_BASE) / KHO_PAGE_SIZE, *next = ctx;

	if (nr >= PAGES || !w.mem.known[nr] || f->order != w.order[nr] ||
	    f->order > 10)
		test_die("visited a folio that is not there");
	if (f->index < *next)
		test_die("visited folios that overlap");
	*next = f->index + (1ULL << f->order);
	return 0;
}

/* As far as its block is in the memory. */
static int take_folio(void *ctx, const struct kho_memfd_folio *f)
{
	u64 nr = (f->phys - PARCELS_BASE) / KHO_PAGE_SIZE;
	u64 end = nr + (1ULL << f->order);

	if (nr >= PAGES || !w.mem.known[nr])
		test_die("took a folio that is not there");
	if (f->phys == memfd_phys)
		test_die("took what the file is described in");
	for (; nr < end && nr < PAGES; nr++) {
		w.mem.known[nr] = 0;
		ASAN_POISON_MEMORY_REGION(w.mem.page + nr * KHO_PAGE_SIZE,
					  KHO_PAGE_SIZE);
	}
	return 0;
}

static void judge_memfd(void)
{
	struct kho_memfd_ops ops = luowire_memfd_ops(&w);
	struct kho_refusal r = { 0 };
	u64 next = 0;
	int err;

	err = kho_memfd_walk(memfd_phys, 0, &ops, folio_is_good, &next, &r);
	if (err && (!r.check || r.err != err || err >= 0))
		test_die("refused without a reason");
	kho_memfd_walk(memfd_phys, 0, &ops, take_folio, NULL, &r);
	ASAN_UNPOISON_MEMORY_REGION(w.mem.page, PAGES * KHO_PAGE_SIZE);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct input in = { data, size };
	bool damaged = false;

	if (!w.order)
		luowire_init(&w, PAGES);
	luowire_clear(&w);
	memfd_phys = 0;
	while (in.left)
		run_step(&in, &damaged);
	judge_sessions();
	judge_memfd();
	return 0;
}
