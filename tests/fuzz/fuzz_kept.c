// SPDX-License-Identifier: GPL-2.0
/*
 * Builds kept trees from a script and damages them from the same script, with checksums made
 * right again or not. What is accepted must be whole, and no page of it may have two owners.
 */
#include "keptwire.h"
#include "input.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

enum { PAGES = 256, MAX_TREES = 16 };

enum action {
	STEP_SAMPLE,
	STEP_FILES,
	STEP_LOST,
	STEP_WORD,
	STEP_SLOT_BYTES,
	STEP_ENTRY,
	STEP_FILE,
	STEP_LINK,
	STEP_FORGET_PAGE,
	STEP_ORDER,
	STEP_CLAIM,
	NR_STEPS,
};

static struct keptwire w;
static struct kho_kept_tree_ser *slot[MAX_TREES];
static unsigned int nr_slots;

static u64 page_of_wire(struct input *in)
{
	return PARCELS_BASE + take(in, 1) % w.mem.next * KHO_PAGE_SIZE;
}

/* Entries of all kinds, most of them such as a kernel writes. */
static u64 take_entry(struct input *in)
{
	u64 kind = take(in, 1);

	switch (kind % 8) {
	case 0:
	case 1:
	case 2:
		return (kind >> 4 & 3) << 52 |
		       ((PARCELS_BASE >> 12) + take(in, 1));
	case 3:
	case 4:
	case 5:
		return (kind % 8 - 2) << 60 | take(in, 1);
	default:
		return take(in, 8);
	}
}

static void put(struct input *in, enum action what)
{
	char name[4] = { (char)take(in, 1), (char)take(in, 1) };
	struct kepttree tree = { .nr_entries = 0 };
	u64 nr, i;

	if (nr_slots == MAX_TREES || w.mem.next + 32 > w.mem.nr_pages)
		return;
	if (what == STEP_LOST) {
		slot[nr_slots++] = keptwire_lost(&w, name, "it was large");
		return;
	}
	if (what == STEP_SAMPLE) {
		kepttree_sample(&tree, &w);
	} else {
		nr = take(in, 1) % 8;
		kepttree_files(&tree, nr);
		for (i = 0; i < nr; i++) {
			u64 entries = take(in, 1) % 4;

			tree.file[i].size = take(in, 2);
			tree.file[i].first = tree.nr_entries;
			while (entries--)
				tree.entry[tree.nr_entries++] =
					take(in, 1) % 2 ?
						keptwire_folio(&w, 0) :
						take_entry(in);
		}
	}
	slot[nr_slots++] = keptwire_put(&w, name, &tree);
	kepttree_exit(&tree);
}

static void set_word(struct input *in)
{
	u64 *page = parcels_at(&w.mem, page_of_wire(in));

	page[take(in, 2) % 512] = take(in, 8);
}

static void seal(struct input *in, struct kho_kept_tree_ser *s)
{
	u64 how = take(in, 1) % 8;

	if (how == 1)
		keptwire_seal(&w, s);
	else if (how)
		keptwire_seal_lists(&w, s);
}

static void set_slot_bytes(struct input *in, struct kho_kept_tree_ser *s)
{
	u32 offset = take(in, 2) % sizeof(*s);
	u32 len = 1 + take(in, 1) % 8;

	while (len-- && offset < sizeof(*s))
		((u8 *)s)[offset++] = (u8)take(in, 1);
	seal(in, s);
}

/* The first page of a list, if the way there was not damaged. */
static u64 *list_words(const struct kho_vmalloc *list)
{
	struct kho_kept_ops ops = keptwire_ops(&w);
	const u64 *chunk = kho_page_at(&ops.pages, list->first);
	const void *page = chunk ? kho_page_at(&ops.pages, chunk[1]) : NULL;

	return (u64 *)page;
}

static void set_list_word(struct input *in, enum action what,
			  struct kho_kept_tree_ser *s)
{
	struct kho_vmalloc entries = s->entries, files = s->files;
	u64 *words = list_words(what == STEP_ENTRY ? &entries : &files);
	u64 at = take(in, 1) % 16;

	if (!words)
		return;
	words[at] = what == STEP_ENTRY ? take_entry(in) :
		    at % 2	       ? take(in, 1) % 16 :
					 take(in, 2);
	seal(in, s);
}

static void run_step(struct input *in, bool *damaged)
{
	enum action step = take(in, 1) % NR_STEPS;
	u64 *page;

	switch (step) {
	case STEP_SAMPLE:
	case STEP_FILES:
	case STEP_LOST:
		/* Building goes on from what was built, which must be whole. */
		if (!*damaged)
			put(in, step);
		return;
	case STEP_WORD:
		set_word(in);
		break;
	case STEP_SLOT_BYTES:
	case STEP_ENTRY:
	case STEP_FILE:
		if (!nr_slots)
			return;
		if (step == STEP_SLOT_BYTES)
			set_slot_bytes(in, slot[take(in, 1) % nr_slots]);
		else
			set_list_word(in, step, slot[take(in, 1) % nr_slots]);
		break;
	case STEP_LINK:
		page = parcels_at(&w.mem, page_of_wire(in));
		page[take(in, 1) % 8] = page_of_wire(in);
		break;
	case STEP_FORGET_PAGE:
		w.mem.known[take(in, 1) % PAGES] =
			take(in, 1) % 2 ? PAGE_BAD : PAGE_UNKNOWN;
		break;
	case STEP_ORDER:
		w.order[take(in, 1) % PAGES] = take(in, 1) % 16;
		break;
	case STEP_CLAIM:
		w.mem.claimed_pages = take(in, 1);
		return;
	case NR_STEPS:
		return;
	}
	*damaged = true;
}

/* ---- what was accepted, looked at again ---- */

/*
 * @nr_owners: of each page
 * @slot: trees so far
 */
struct seen {
	u8 nr_owners[PAGES];
	struct kho_kept_tree_ser slot[PAGES * KHO_KEPT_TREES_PER_BLOCK];
	unsigned int nr;
};

static void own(struct seen *s, u64 phys, u32 order)
{
	u64 nr = (phys - PARCELS_BASE) >> 12, i;

	for (i = nr; i < nr + (1ULL << order); i++)
		if (i >= PAGES || s->nr_owners[i]++)
			test_die("a page has two owners");
}

/* All pages of a list, and the bytes in one piece. */
static void *own_list(struct seen *s, const struct kho_vmalloc *list, u64 bytes)
{
	u64 phys = list->first, nr = 0, pages = (bytes + 4095) / 4096;
	u8 *data = calloc(pages + 1, 4096);

	while (phys) {
		const struct kho_vmalloc_chunk *chunk =
			parcels_at(&w.mem, phys);
		u64 i;

		own(s, phys, 0);
		for (i = 0; i < KHO_VMALLOC_SIZE && chunk->phys[i]; i++) {
			own(s, chunk->phys[i], 0);
			if (nr == pages)
				test_die("accepted, but a list is longer");
			memcpy(data + 4096 * nr++,
			       parcels_at(&w.mem, chunk->phys[i]), 4096);
		}
		phys = chunk->hdr.next;
	}
	if (nr != pages)
		test_die("accepted, but a list is shorter");
	return data;
}

static void check_file(struct seen *s, u64 size, const u64 *entry, u64 nr,
		       u64 *nr_pages)
{
	u64 at = 0, i;

	if (size >> 63)
		test_die("accepted, but a file is too large");
	for (i = 0; i < nr; i++) {
		u64 value = entry[i] & ((1ULL << 52) - 1);
		u32 order = entry[i] >> 52 & 0xff;

		if (entry[i] >> 60) {
			if (entry[i] >> 60 > 3 || order || !value)
				test_die("accepted, but a run is bad");
			at += value;
			if (entry[i] >> 60 == 3 && at > (size + 4095) / 4096)
				test_die("accepted, but lost behind the end");
			continue;
		}
		if (order > w.max_order || at % (1ULL << order) ||
		    at * 4096 >= size)
			test_die("accepted, but a folio is out of place");
		own(s, value << 12, order);
		at += 1ULL << order;
		*nr_pages += 1ULL << order;
	}
	if (at > 1ULL << 52)
		test_die("accepted, but a file has too many pages");
}

static void check_files(struct seen *s, const struct kho_kept_tree_ser *t,
			const u64 *files, const u64 *entries)
{
	u64 i, nr_pages = 0;

	for (i = 0; i < t->nr_files; i++) {
		u64 first = files[2 * i + 1], end = t->nr_entries;

		if (i + 1 < t->nr_files)
			end = files[2 * i + 3];
		if ((!i && first) || end < first || end > t->nr_entries)
			test_die("accepted, but files are out of order");
		check_file(s, files[2 * i], entries + first, end - first,
			   &nr_pages);
	}
	if (nr_pages != t->nr_pages)
		test_die("accepted, but there are other pages");
}

static int look_at(void *ctx, const struct kho_kept_tree_ser *t)
{
	struct kho_vmalloc records = t->records, files = t->files,
			   entries = t->entries;
	struct keptrecords k = { 0 };
	struct seen *s = ctx;
	void *data[3];
	unsigned int i;

	for (i = 0; i < s->nr; i++)
		if (!strcmp(s->slot[i].name, t->name))
			test_die("accepted, but a name is there twice");
	s->slot[s->nr++] = *t;
	if (t->state == KHO_KEPT_LOST) {
		if (t->nr_files || t->records.first || !*t->why)
			test_die("accepted, but a lost tree has something");
		return 0;
	}
	data[0] = own_list(s, &records, t->record_bytes);
	data[1] = own_list(s, &files, t->nr_files * 16);
	data[2] = own_list(s, &entries, t->nr_entries * 8);
	check_files(s, t, data[1], data[2]);
	if (keptrecords_read(&k, data[0], t->record_bytes) ||
	    k.nr != t->nr_records || keptrecords_files(&k) != t->nr_files)
		test_die("accepted, but records are bad");
	keptrecords_exit(&k);
	for (i = 0; i < 3; i++)
		free(data[i]);
	return 0;
}

static void judge(void)
{
	struct kho_kept_ops ops = keptwire_ops(&w);
	struct kho_refusal r = { 0 };
	static struct seen seen;
	int err = keptwire_check(&w, &r);

	if (err && (!r.check || r.err != err || err >= 0))
		test_die("refused without a reason");
	if (err)
		return;
	memset(&seen, 0, sizeof(seen));
	own(&seen, w.head_phys, 0);
	ops.first_time = NULL;
	if (kho_kept_check(w.head_phys, 24, &ops, look_at, NULL, &seen, NULL))
		test_die("refused where it was accepted before");
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct input in = { data, size };
	bool damaged = false;

	if (!w.mem.page)
		keptwire_init(&w, PAGES);
	keptwire_clear(&w);
	nr_slots = 0;
	while (in.left)
		run_step(&in, &damaged);
	judge();
	return 0;
}
