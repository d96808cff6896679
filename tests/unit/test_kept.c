// SPDX-License-Identifier: GPL-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/crc32c.h"
#include "keptwire.h"

enum { HEAD_BYTES = 24 };

static int setup(void **state)
{
	struct keptwire *w = malloc(sizeof(*w));

	keptwire_init(w, 4096);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	keptwire_exit(*state);
	free(*state);
	return 0;
}

static void refused(struct keptwire *w, int want, const char *what)
{
	struct kho_refusal r = { 0 };
	int err = keptwire_check(w, &r);

	if (!err || strcmp(r.check, what))
		fail_msg("%s, not %s", err ? r.check : "accepted", what);
	assert_int_equal(err, want);
	assert_int_equal(r.err, want);
	assert_int_equal(keptwire_check(w, NULL), want);
}

static void good(struct keptwire *w)
{
	struct kho_refusal r = { 0 };

	if (keptwire_check(w, &r))
		fail_msg("%s", r.check);
}

static struct kho_kept_tree_ser *put_sample(struct keptwire *w,
					    const char *name)
{
	struct kho_kept_tree_ser *slot;
	struct kepttree tree;

	kepttree_sample(&tree, w);
	slot = keptwire_put(w, name, &tree);
	kepttree_exit(&tree);
	return slot;
}

static u8 *known(struct keptwire *w, u64 phys)
{
	return &w->mem.known[(phys - PARCELS_BASE) / KHO_PAGE_SIZE];
}

/* ---- names and checksum ---- */

static void names(void **state)
{
	char name[KHO_KEPT_TREE_NAME_SIZE];
	u32 i;

	for (i = 0; i <= sizeof(name); i++) {
		memset(name, 0, sizeof(name));
		memset(name, 'n', i);
		assert_int_equal(kho_kept_name_ok(name), i && i < sizeof(name));
	}
	memset(name, 0, sizeof(name));
	strcpy(name, "/dev/shm\n\xff..");
	assert_true(kho_kept_name_ok(name));
	for (i = (u32)strlen(name) + 1; i < sizeof(name); i++) {
		name[i] = 1;
		assert_false(kho_kept_name_ok(name));
		name[i] = 0;
	}
}

static void checksum_covers_what_follows_it(void **state)
{
	u8 slot[512] = { 0 };
	const struct kho_kept_tree_ser *t = (const void *)slot;
	u32 size, i;

	for (size = 496; size <= sizeof(slot); size += 16) {
		u32 crc = kho_kept_crc(t, size);

		assert_int_equal(crc, kho_crc32c(0, slot + 8, size - 8));
		for (i = 0; i < 8 * sizeof(slot); i++) {
			slot[i / 8] ^= 1 << i % 8;
			assert_int_equal(kho_kept_crc(t, size) != crc,
					 i / 8 >= 8 && i / 8 < size);
			slot[i / 8] ^= 1 << i % 8;
		}
	}
}

/* ---- the list of trees ---- */

/* What the callbacks saw; they take pages away. */
struct visit {
	struct keptwire *w;
	u32 nr;
	u32 nr_blocks;
	u32 stop_at;
	bool stop_block;
	char name[64][16];
};

static int see_tree(void *ctx, const struct kho_kept_tree_ser *t)
{
	struct visit *v = ctx;

	/* Blocks of trees that were seen are gone, this one's is not. */
	assert_int_equal(v->nr_blocks, v->nr / 8);
	strcpy(v->name[v->nr], t->name);
	return ++v->nr == v->stop_at ? 77 : 0;
}

static int see_block(void *ctx, u64 phys)
{
	struct visit *v = ctx;

	assert_int_equal(*known(v->w, phys), PAGE_KNOWN);
	*known(v->w, phys) = PAGE_UNKNOWN;
	v->nr_blocks++;
	return v->stop_block ? 78 : 0;
}

static int visit(struct visit *v)
{
	struct kho_kept_ops ops = keptwire_ops(v->w);

	memset(v->w->seen, 0, v->w->mem.nr_pages);
	return kho_kept_check(v->w->head_phys, HEAD_BYTES, &ops, see_tree,
			      see_block, v, NULL);
}

static void trees_are_visited_in_order(void **state)
{
	static const u32 numbers[] = { 0, 1, 7, 8, 9, 16, 17, 50 };
	char name[16];
	u32 i, n;

	for (n = 0; n < ARRAY_SIZE(numbers); n++) {
		struct visit v = { .w = *state };

		keptwire_clear(*state);
		for (i = 0; i < numbers[n]; i++) {
			snprintf(name, sizeof(name), "tree %u", i);
			if (i % 3)
				put_sample(*state, name);
			else
				keptwire_lost(*state, name, "it was large");
		}
		good(*state);
		assert_int_equal(visit(&v), 0);
		assert_int_equal(v.nr, numbers[n]);
		assert_int_equal(v.nr_blocks, (numbers[n] + 7) / 8);
		for (i = 0; i < numbers[n]; i++) {
			snprintf(name, sizeof(name), "tree %u", i);
			assert_string_equal(v.name[i], name);
		}
	}
}

static void callbacks_may_stop_it(void **state)
{
	struct visit v = { .w = *state, .stop_at = 2 };

	keptwire_lost(*state, "a", "why");
	keptwire_lost(*state, "b", "why");
	keptwire_lost(*state, "c", "why");
	assert_int_equal(visit(&v), 77);
	assert_int_equal(v.nr, 2);
	v = (struct visit){ .w = *state, .stop_block = true };
	assert_int_equal(visit(&v), 78);
	assert_int_equal(v.nr, 3);
}

/* Nobody is called for anything before all of it was found good. */
static void the_last_slot_spoils_all(void **state)
{
	struct visit v = { .w = *state };

	put_sample(*state, "a");
	keptwire_lost(*state, "b", "why")->crc++;
	assert_int_equal(visit(&v), -EBADMSG);
	assert_int_equal(v.nr, 0);
	assert_int_equal(v.nr_blocks, 0);
}

static void a_bad_head(void **state)
{
	struct keptwire *w = *state;
	struct kho_kept_ops ops = keptwire_ops(w);
	struct kho_kept_head_ser *head = keptwire_head(w);
	u64 phys = w->head_phys;

	ops.first_time = NULL;
	put_sample(w, "a");
	assert_int_equal(kho_kept_check(phys, 23, &ops, NULL, NULL, NULL, NULL),
			 -EBADMSG);
	assert_int_equal(kho_kept_check(phys, 25, &ops, NULL, NULL, NULL, NULL),
			 -EBADMSG);
	assert_int_equal(kho_kept_check(phys, 24, &ops, NULL, NULL, NULL, NULL),
			 0);
	head->magic++;
	refused(w, -EBADMSG, "head of trees magic number");
	head->magic--;
	head->version = 2;
	refused(w, -EPROTONOSUPPORT, "head of trees version");
	head->version = KHO_KEPT_VERSION_WORD;
	head->entry_size = 504;
	refused(w, -EBADMSG, "head of trees slot size");
	head->entry_size = 488;
	refused(w, -EBADMSG, "head of trees slot size");
	head->entry_size = 496;
	good(w);
	for (w->head_phys = 0; w->head_phys < 3; w->head_phys++)
		refused(w, -EBADMSG, "head of trees is not preserved");
	w->head_phys = phys;
	*known(w, phys) = PAGE_BAD;
	refused(w, KHO_WENT_BAD, "head of trees went bad");
}

/* Slots as a module with longer ones lays them out. */
static void trees_of_another_version(void **state)
{
	struct keptwire *w = *state;
	struct kho_kept_head_ser *head = keptwire_head(w);
	const u32 bytes = 496 + 24;
	struct kho_kept_tree_ser *slot;
	u8 *slots, copy[4096];
	u32 i;

	put_sample(w, "one");
	keptwire_lost(w, "two", "why");
	slots = parcels_at(&w->mem, w->last_phys + 16);
	memcpy(copy, slots, sizeof(copy) - 16);
	memset(slots, 0x5a, sizeof(copy) - 16);
	for (i = 0; i < 2; i++) {
		memcpy(slots + i * bytes, copy + i * 496, 496);
		slot = (void *)(slots + i * bytes);
		slot->crc = kho_crc32c(0, slots + i * bytes + 8, bytes - 8);
	}
	head->entry_size = bytes;
	refused(w, -EBADMSG, "head of trees slot size");
	head->version =
		KHO_VERSION_WORD(KHO_KEPT_VERSION + 1, KHO_KEPT_VERSION);
	good(w);
	/* What is not known here is in the checksum, too. */
	slots[bytes - 1] ^= 1;
	refused(w, -EBADMSG, "tree checksum");
	slots[bytes - 1] ^= 1;
	head->version =
		KHO_VERSION_WORD(KHO_KEPT_VERSION + 1, KHO_KEPT_VERSION + 1);
	refused(w, -EPROTONOSUPPORT, "head of trees version");
}

static void bad_blocks(void **state)
{
	struct keptwire *w = *state;
	struct kho_kept_head_ser *head = keptwire_head(w);
	struct kho_block_header_ser *block;

	put_sample(w, "a");
	block = parcels_at(&w->mem, w->last_phys);
	block->count = 0;
	refused(w, -ERANGE, "tree block count of slots");
	block->count = 9;
	refused(w, -ERANGE, "tree block count of slots");
	block->count = -1ULL;
	refused(w, -ERANGE, "tree block count of slots");
	block->count = 1;
	block->next = 8;
	refused(w, -EBADMSG, "tree block is not preserved");
	block->next = KHO_PAGE_SIZE;
	refused(w, -EBADMSG, "tree block is not preserved");
	block->next = w->last_phys;
	refused(w, -EEXIST, "tree block twice");
	block->next = w->head_phys;
	refused(w, -ERANGE, "tree block count of slots");
	block->next = 0;
	*known(w, w->last_phys) = PAGE_BAD;
	refused(w, KHO_WENT_BAD, "tree block went bad");
	*known(w, w->last_phys) = PAGE_KNOWN;
	head->first_block_phys++;
	refused(w, -EBADMSG, "tree block is not preserved");
}

/* Where nobody remembers what was named, the chain's own bound ends it. */
static void a_chain_in_a_circle(void **state)
{
	struct keptwire *w = *state;
	struct kho_kept_ops ops = keptwire_ops(w);
	struct kho_block_header_ser *block;
	struct kho_refusal r;

	ops.first_time = NULL;
	keptwire_lost(w, "a", "why");
	block = parcels_at(&w->mem, w->last_phys);
	block->next = w->last_phys;
	assert_int_equal(kho_kept_check(w->head_phys, HEAD_BYTES, &ops, NULL,
					NULL, NULL, &r),
			 -ERANGE);
	assert_string_equal(r.check, "number of trees");
}

static void as_many_as_there_may_be(void **state)
{
	struct keptwire *w = *state;
	struct kho_kept_tree_ser *slot = NULL;
	char name[16];
	u32 i;

	for (i = 0; i < KHO_KEPT_TREES_MAX; i++) {
		snprintf(name, sizeof(name), "%x", i);
		slot = keptwire_lost(w, name, "why");
	}
	good(w);
	strcpy(slot->name, "7f");
	memset(slot->name + 2, 0, 8);
	keptwire_seal(w, slot);
	refused(w, -EEXIST, "tree name twice");
	strcpy(slot->name, "different");
	keptwire_seal(w, slot);
	good(w);
	keptwire_lost(w, "one too many", "why");
	refused(w, -ERANGE, "number of trees");
}

/* ---- slots ---- */

/* A member of a slot, with its checksum made right. */
#define TRY(change, err, check)         \
	do {                            \
		change;                 \
		keptwire_seal(w, slot); \
		refused(w, err, check); \
		*slot = was;            \
		good(w);                \
	} while (0)

static void bad_slots(void **state)
{
	struct keptwire *w = *state;
	struct kho_kept_tree_ser *slot, was;
	u32 i;

	put_sample(w, "first");
	slot = put_sample(w, "second");
	was = *slot;
	TRY(slot->state = 1, -EBADMSG, "tree state");
	TRY(slot->state = 0, -EBADMSG, "tree state");
	TRY(slot->state = KHO_KEPT_LOST, -EBADMSG, "tree reason");
	TRY(slot->name[0] = 0, -EBADMSG, "tree name");
	TRY(slot->name[255] = 'x', -EBADMSG, "tree name");
	TRY(memset(slot->name, 'x', 256), -EBADMSG, "tree name");
	TRY(memcpy(slot->name, "first\0", 7), -EEXIST, "tree name twice");
	TRY(slot->why[0] = 'x', -EBADMSG, "tree reason");
	TRY(slot->why[95] = 'x', -EBADMSG, "tree reason");
	TRY(slot->reserved = 1, -EBADMSG, "tree reserved field");
	for (i = 5; i < 32; i++)
		TRY(slot->fs_flags |= 1U << i, -EBADMSG,
		    "tree file system flags");
	TRY(slot->fs_huge = 4, -EBADMSG, "tree file system huge pages");
	TRY(slot->nr_records = 2, -EBADMSG, "tree number of records");
	TRY(slot->nr_records = slot->record_bytes + 1, -EBADMSG,
	    "tree number of records");
	TRY(slot->nr_records++, -EBADMSG, "number of records");
	TRY(slot->nr_records--, -EBADMSG, "number of records");
	TRY(slot->record_bytes = -1ULL, -EBADMSG, "tree length of a list");
	TRY(slot->record_bytes += 4096, -EBADMSG, "tree length of a list");
	TRY(slot->record_bytes--, -EBADMSG, "list has more behind its end");
	TRY(slot->record_bytes++, -EBADMSG, "list checksum");
	TRY(slot->records_crc++, -EBADMSG, "list checksum");
	TRY(slot->files_crc++, -EBADMSG, "list checksum");
	TRY(slot->entries_crc++, -EBADMSG, "list checksum");
	TRY(slot->nr_files = slot->nr_records - 2, -EBADMSG,
	    "tree number of files");
	TRY(slot->nr_files++, -EBADMSG, "list checksum");
	TRY(slot->nr_files--, -EBADMSG, "list has more behind its end");
	TRY(slot->nr_files = 0, -EBADMSG, "tree number of entries");
	TRY(slot->nr_entries++, -EBADMSG, "list checksum");
	TRY(slot->nr_entries--, -EBADMSG, "list has more behind its end");
	TRY(slot->nr_entries = 0, -EBADMSG, "tree number of pages");
	TRY(slot->nr_entries = 1ULL << 61, -EBADMSG, "tree length of a list");
	TRY(slot->nr_pages++, -EBADMSG, "tree number of pages");
	TRY(slot->nr_pages = 0, -EBADMSG, "tree number of pages");
	TRY(slot->records.total_pages++, -EBADMSG, "tree length of a list");
	TRY(slot->files.total_pages = 0, -EBADMSG, "tree length of a list");
	TRY(slot->entries.order = 1, -EBADMSG, "tree order of a list");
	TRY(slot->records.flags = 4, -EBADMSG, "page list flags");
	TRY(slot->files.first = 0, -EBADMSG, "page list without pages");
	TRY(slot->entries.first++, -EBADMSG,
	    "page list chunk is not preserved");
	TRY(slot->entries.first = slot->files.first, -EEXIST,
	    "list page twice");
	slot->kept_ns++;
	refused(w, -EBADMSG, "tree checksum");
}

static void bad_slots_of_lost_trees(void **state)
{
	struct keptwire *w = *state;
	struct kho_kept_tree_ser *slot, was;
	u32 i;

	slot = keptwire_lost(w, "a", "it was large");
	was = *slot;
	for (i = offsetof(struct kho_kept_tree_ser, nr_records);
	     i < offsetof(struct kho_kept_tree_ser, reserved); i++)
		TRY(((u8 *)slot)[i] = 1, -EBADMSG, "lost tree is not empty");
	TRY(memset(slot->why, 0, 96), -EBADMSG, "tree reason");
	TRY(memset(slot->why, 'x', 96), -EBADMSG, "tree reason");
	TRY(slot->why[3] = '\n', -EBADMSG, "tree reason");
	TRY(slot->why[3] = 0x7f, -EBADMSG, "tree reason");
	TRY(slot->why[3] = (char)0xc3, -EBADMSG, "tree reason");
	TRY(slot->why[3] = 0, -EBADMSG, "tree reason");
	TRY(slot->fs_huge = 4, -EBADMSG, "tree file system huge pages");
	/* What the file system was like may be known. */
	slot->fs_blocks = 5;
	slot->kept_ns = 7;
	slot->fs_flags = 31;
	keptwire_seal(w, slot);
	good(w);
}

static void every_bit_of_a_slot(void **state)
{
	struct keptwire *w = *state;
	u8 *slot = (u8 *)put_sample(w, "a tree");
	u32 i;

	for (i = 0; i < 8 * 496; i++) {
		slot[i / 8] ^= 1 << i % 8;
		refused(w, -EBADMSG, i < 32 ? "tree state" : "tree checksum");
		slot[i / 8] ^= 1 << i % 8;
	}
	good(w);
}

/* With the checksum made right: nothing goes wrong, and most of it is refused. */
static void every_bit_of_a_slot_that_is_sealed(void **state)
{
	struct keptwire *w = *state;
	struct kho_kept_tree_ser *slot = put_sample(w, "a-tree"), was = *slot;
	u32 i, nr_good = 0;

	for (i = 0; i < 8 * 496; i++) {
		u32 byte = i / 8;
		bool harmless =
			(byte >= 4 && byte < 8 + 7) || /* checksum, name */
			(byte >= 264 && byte < 288) || /* time, sizes */
			(i >= 288 * 8 && i < 288 * 8 + 5) ||
			(i >= 292 * 8 && i < 292 * 8 + 2) ||
			(byte >= offsetof(struct kho_kept_tree_ser, records) &&
			 byte < offsetof(struct kho_kept_tree_ser,
					 records_crc) &&
			 (byte - offsetof(struct kho_kept_tree_ser, records)) %
					 16 ==
				 12 &&
			 i % 8 < 2); /* flags of a list */

		((u8 *)slot)[byte] ^= 1 << i % 8;
		keptwire_seal(w, slot);
		if (harmless != !keptwire_check(w, NULL))
			fail_msg("byte %u bit %u", byte, i % 8);
		nr_good += harmless;
		*slot = was;
	}
	assert_true(nr_good < 300);
}

static void more_than_there_is(void **state)
{
	struct keptwire *w = *state;

	put_sample(w, "a");
	put_sample(w, "b");
	/* Each: five pages of folios, and one for each list. */
	w->mem.claimed_pages = 16;
	good(w);
	w->mem.claimed_pages = 15;
	refused(w, -ERANGE, "trees are larger than preserved memory");
	w->mem.claimed_pages = 2;
	refused(w, -ERANGE, "trees are larger than preserved memory");
}

/* ---- lists ---- */

struct pages {
	struct keptwire *w;
	u32 nr;
	u32 stop_at;
};

static int see_chunk(void *ctx, u64 phys)
{
	struct pages *p = ctx;

	*known(p->w, phys) = PAGE_UNKNOWN;
	return ++p->nr == p->stop_at ? 77 : 0;
}

static void lists_of_any_length(void **state)
{
	static const u64 lengths[] = {
		0, 1, 4095, 4096, 4097, 511 * 4096, 511 * 4096 + 1, 1200 * 4096
	};
	struct keptwire *w = *state;
	u32 i, stop;

	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		u64 bytes = lengths[i], pages = (bytes + 4095) / 4096, nr;
		struct kho_kept_ops ops;
		struct kho_vmalloc list;
		const void *page[1201];
		u32 crc = 0;

		for (stop = 0; stop < 2; stop++) {
			struct pages p = { .w = w, .stop_at = stop };

			keptwire_clear(w);
			ops = keptwire_ops(w);
			list = parcels_new_list(&w->mem, (u32)pages);
			for (nr = 0, crc = 0; nr < pages; nr++) {
				u64 left = bytes - nr * 4096;
				u8 *at = parcels_at(&w->mem,
						    keptwire_list_phys(w, &list,
								       nr));

				if (left > 4096)
					left = 4096;
				memset(at, (int)nr + 1, left);
				crc = kho_crc32c(crc, at, left);
			}
			assert_int_equal(
				kho_kept_list_check(&list, bytes, crc, &ops,
						    page, see_chunk, &p, NULL),
				stop && bytes ? 77 : 0);
			if (stop)
				continue;
			assert_int_equal(p.nr, (pages + 510) / 511);
			for (nr = 0; nr < pages; nr++)
				assert_int_equal(*(const u8 *)page[nr],
						 (u8)(nr + 1));
		}
	}
}

static void bad_lists(void **state)
{
	struct keptwire *w = *state;
	struct kho_kept_tree_ser *slot;
	struct kho_vmalloc_chunk *chunk;
	struct kepttree tree = { .nr_entries = 0 };
	struct kho_vmalloc list;
	u64 was;
	u8 *page;

	kepttree_files(&tree, 60);
	/* Records of more than a page. */
	assert_true(tree.records.nr > 500);
	slot = keptwire_put(w, "a", &tree);
	list = slot->records;
	chunk = parcels_at(&w->mem, list.first);
	page = parcels_at(&w->mem, chunk->phys[0]);
	good(w);
	page[0] ^= 1;
	refused(w, -EBADMSG, "list checksum");
	page[0] ^= 1;
	page[4095] = 1;
	refused(w, -EBADMSG, "list has more behind its end");
	page[4095] = 0;
	was = chunk->phys[0];
	chunk->phys[0] = 0;
	refused(w, -EBADMSG, "page list names too few pages");
	chunk->phys[0] = was + 1;
	refused(w, -EBADMSG, "page list entry alignment");
	chunk->phys[0] = w->last_phys;
	refused(w, -EEXIST, "list page twice");
	chunk->phys[0] = w->head_phys;
	refused(w, -EEXIST, "list page twice");
	chunk->phys[0] = list.first;
	refused(w, -EBADMSG, "page list names its own page");
	chunk->phys[0] = was;
	chunk->phys[1] = was;
	refused(w, -EBADMSG, "page list names too many pages");
	chunk->phys[1] = 0;
	chunk->hdr.next = list.first;
	refused(w, -EBADMSG, "page list goes on after its end");
	chunk->hdr.next = 0;
	*known(w, was) = PAGE_UNKNOWN;
	refused(w, -EBADMSG, "page list entry is not preserved");
	*known(w, was) = PAGE_BAD;
	refused(w, KHO_WENT_BAD, "page list entry went bad");
	*known(w, was) = PAGE_KNOWN;
	*known(w, list.first) = PAGE_BAD;
	refused(w, KHO_WENT_BAD, "page list chunk went bad");
	*known(w, list.first) = PAGE_KNOWN;
	good(w);
	kepttree_exit(&tree);
}

/* ---- files ---- */

/* One file of so many bytes with these entries, which a 0 ends; with others around it. */
static void put_file(struct keptwire *w, u64 size, const u64 *entry)
{
	struct kepttree tree = { .nr_entries = 0 };

	keptwire_clear(w);
	kepttree_files(&tree, 3);
	tree.entry[tree.nr_entries++] = 2ULL << 60 | 1;
	tree.file[1] = (struct kho_kept_file_ser){ size, 1 };
	while (*entry)
		tree.entry[tree.nr_entries++] = *entry++;
	tree.file[2] = (struct kho_kept_file_ser){ 1, tree.nr_entries };
	keptwire_put(w, "a", &tree);
	kepttree_exit(&tree);
}

#define HOLE(n) (1ULL << 60 | (n))
#define UNWRITTEN(n) (2ULL << 60 | (n))
#define BAD(n) (3ULL << 60 | (n))
/* Page frames of the memory, from one that nothing else is in; of order 0. */
#define FRAME(n) ((PARCELS_BASE >> 12) + 1024 + (n))
#define FOLIO(order, n) ((u64)(order) << 52 | FRAME(n))

/* Blocks of these orders from FRAME(0) on. */
static void mark_frames(struct keptwire *w)
{
	static const struct {
		u32 nr;
		u8 order;
	} block[] = { { 0, 0 }, { 1, 0 },  { 2, 1 },   { 4, 2 },
		      { 8, 3 }, { 16, 0 }, { 512, 9 }, { 1024, 10 } };
	u32 i;

	for (i = 0; i < ARRAY_SIZE(block); i++) {
		memset(&w->mem.known[1024 + block[i].nr], PAGE_KNOWN,
		       1U << block[i].order);
		w->order[1024 + block[i].nr] = block[i].order + 1;
	}
}

static void files_of_all_kinds(void **state)
{
	static const u64 all[][6] = {
		{ 0 },
		{ FOLIO(0, 0), FOLIO(0, 1), FOLIO(1, 2), FOLIO(2, 4) },
		{ FOLIO(2, 4), FOLIO(0, 0), HOLE(1), FOLIO(1, 2) },
		{ HOLE(7), BAD(1) },
		{ BAD(8) },
		/* Reaches over the end, or lies behind it. */
		{ FOLIO(9, 512), UNWRITTEN(5), HOLE(7), UNWRITTEN(1) },
		{ HOLE(1ULL << 50), UNWRITTEN(1ULL << 50) },
		{ UNWRITTEN((1ULL << 51) - 1) },
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(all); i++) {
		put_file(*state, 8 * 4096 - 1, all[i]);
		mark_frames(*state);
		good(*state);
	}
}

static void bad_files(void **state)
{
	static const struct {
		u64 size;
		u64 entry[4];
		int err;
		const char *check;
	} bad[] = {
		{ 1ULL << 63, { 0 }, -ERANGE, "file size" },
		{ 0,
		  { FOLIO(0, 0) },
		  -ERANGE,
		  "folio behind the end of the file" },
		{ 4096,
		  { FOLIO(0, 0), FOLIO(0, 1) },
		  -ERANGE,
		  "folio behind the end of the file" },
		{ 1 << 20,
		  { FOLIO(0, 0), FOLIO(1, 2) },
		  -EBADMSG,
		  "folio index" },
		{ 1 << 20, { HOLE(2), FOLIO(2, 4) }, -EBADMSG, "folio index" },
		{ 1 << 23, { FOLIO(10, 1024) }, -ERANGE, "folio order" },
		{ 1 << 20, { FOLIO(255, 0) }, -ERANGE, "folio order" },
		{ 1 << 20, { FOLIO(1, 1) }, -EBADMSG, "folio address" },
		{ 1 << 20,
		  { FOLIO(0, 0) - FRAME(0) + (2ULL << 52) },
		  -EBADMSG,
		  "folio address" },
		{ 1 << 20, { FOLIO(0, 2) }, -EBADMSG, "folio is not preserved" },
		{ 1 << 20, { FOLIO(1, 4) }, -EBADMSG, "folio is not preserved" },
		{ 1 << 20,
		  { FOLIO(0, 100) },
		  -EBADMSG,
		  "folio is not preserved" },
		{ 1 << 20,
		  { (1ULL << 52) - 1 },
		  -EBADMSG,
		  "folio is not preserved" },
		{ 1 << 20,
		  { FOLIO(0, 0), FOLIO(0, 0) },
		  -EEXIST,
		  "folio twice" },
		{ 1 << 20, { HOLE(0) }, -EBADMSG, "run of no pages" },
		{ 1 << 20, { UNWRITTEN(0) }, -EBADMSG, "run of no pages" },
		{ 1 << 20, { BAD(0) }, -EBADMSG, "run of no pages" },
		{ 1 << 20, { HOLE(1) | 1ULL << 52 }, -EBADMSG, "run order" },
		{ 1 << 20, { HOLE(1) | 1ULL << 59 }, -EBADMSG, "run order" },
		{ 4097, { BAD(3) }, -ERANGE, "run behind the end of the file" },
		{ 4097,
		  { HOLE(2), BAD(1) },
		  -ERANGE,
		  "run behind the end of the file" },
		{ 4097,
		  { HOLE((1ULL << 51) + 1) },
		  -ERANGE,
		  "run behind the end of the file" },
		{ 4097,
		  { UNWRITTEN(1ULL << 51), HOLE(1) },
		  -ERANGE,
		  "run behind the end of the file" },
		{ 4097,
		  { UNWRITTEN((1ULL << 52) - 1) },
		  -ERANGE,
		  "run behind the end of the file" },
		{ 4097, { 4ULL << 60 | 1 }, -EBADMSG, "entry kind" },
		{ 4097, { 15ULL << 60 | 1 }, -EBADMSG, "entry kind" },
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		put_file(*state, bad[i].size, bad[i].entry);
		mark_frames(*state);
		refused(*state, bad[i].err, bad[i].check);
	}
}

static void files_out_of_order(void **state)
{
	static const u64 three[][3] = { { 1, 2, 3 },
					{ 0, 3, 2 },
					{ 0, 0, 5 },
					{ 0, ~0ULL, 2 },
					{ ~0ULL, 2, 3 } };
	struct keptwire *w = *state;
	u32 i, k;

	for (i = 0; i < ARRAY_SIZE(three); i++) {
		struct kepttree tree = { .nr_entries = 4 };

		keptwire_clear(w);
		kepttree_files(&tree, 3);
		for (k = 0; k < 4; k++)
			tree.entry[k] = UNWRITTEN(1);
		for (k = 0; k < 3; k++)
			tree.file[k].first = three[i][k];
		keptwire_put(w, "a", &tree);
		kepttree_exit(&tree);
		refused(w, -EBADMSG, "file first entry");
	}
}

/* Nothing is in two files, in two trees, or a part of what something else consists of. */
static void a_page_has_one_owner(void **state)
{
	struct keptwire *w = *state;
	struct kho_kept_tree_ser *a, *b;
	struct kho_vmalloc list;
	u64 *entry, was;

	a = put_sample(w, "a");
	b = put_sample(w, "b");
	list = b->entries;
	entry = parcels_at(&w->mem, keptwire_list_phys(w, &list, 0));
	was = *entry;
	list = a->entries;
	*entry = *(u64 *)parcels_at(&w->mem, keptwire_list_phys(w, &list, 0));
	keptwire_seal_lists(w, b);
	refused(w, -EEXIST, "folio twice");
	*entry = keptwire_list_phys(w, &list, 0) >> 12;
	w->order[*entry - (PARCELS_BASE >> 12)] = 1;
	keptwire_seal_lists(w, b);
	refused(w, -EEXIST, "folio twice");
	*entry = w->last_phys >> 12;
	w->order[*entry - (PARCELS_BASE >> 12)] = 1;
	keptwire_seal_lists(w, b);
	refused(w, -EEXIST, "folio twice");
	*entry = was;
	keptwire_seal_lists(w, b);
	good(w);
}

/* That is for who restores to report: the tree is good. */
static void a_folio_that_went_bad(void **state)
{
	struct keptwire *w = *state;
	struct kho_kept_tree_ser *slot = put_sample(w, "a");
	struct kho_vmalloc list = slot->entries;
	u64 *entry = parcels_at(&w->mem, keptwire_list_phys(w, &list, 0));
	u64 phys = entry[0] << 12;

	*known(w, phys) = PAGE_BAD;
	good(w);
	*known(w, phys) = PAGE_UNKNOWN;
	refused(w, -EBADMSG, "folio is not preserved");
	*known(w, phys) = PAGE_KNOWN;
	/* One page of four. */
	phys = ((entry[3] & ((1ULL << 52) - 1)) << 12) + 8192;
	*known(w, phys) = PAGE_BAD;
	w->order[(phys - 8192 - PARCELS_BASE) >> 12] = 0;
	good(w);
	/* It is named once all the same. */
	entry[0] = phys >> 12;
	keptwire_seal_lists(w, slot);
	refused(w, -EEXIST, "folio twice");
}

static int pauses, stop_pause;

static int take_a_break(void *ctx)
{
	assert_non_null(ctx);
	return ++pauses == stop_pause ? 77 : 0;
}

static void pauses_are_made(void **state)
{
	static struct kho_kept_file_ser file[256];
	static u64 entry[512];
	const void *file_page[] = { file, file, file, file }, *entry_page[20];
	struct kho_kept_tree_ser t = { .nr_files = 1, .nr_entries = 10000 };
	struct kho_kept_list files = { file_page, 16 };
	struct kho_kept_list entries = { entry_page, 80000 };
	struct kho_kept_ops ops = keptwire_ops(*state);
	u32 i;

	for (i = 0; i < ARRAY_SIZE(entry); i++)
		entry[i] = UNWRITTEN(1);
	for (i = 0; i < ARRAY_SIZE(entry_page); i++)
		entry_page[i] = entry;
	pauses = 0;
	stop_pause = 0;
	assert_int_equal(kho_kept_files_check(&t, &files, &entries, &ops,
					      take_a_break, NULL),
			 0);
	assert_true(pauses >= 2);
	stop_pause = 2;
	pauses = 0;
	assert_int_equal(kho_kept_files_check(&t, &files, &entries, &ops,
					      take_a_break, NULL),
			 77);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(checksum_covers_what_follows_it),
		TEST(trees_are_visited_in_order),
		TEST(callbacks_may_stop_it),
		TEST(the_last_slot_spoils_all),
		TEST(a_bad_head),
		TEST(trees_of_another_version),
		TEST(bad_blocks),
		TEST(a_chain_in_a_circle),
		TEST(as_many_as_there_may_be),
		TEST(bad_slots),
		TEST(bad_slots_of_lost_trees),
		TEST(every_bit_of_a_slot),
		TEST(every_bit_of_a_slot_that_is_sealed),
		TEST(more_than_there_is),
		TEST(lists_of_any_length),
		TEST(bad_lists),
		TEST(files_of_all_kinds),
		TEST(bad_files),
		TEST(files_out_of_order),
		TEST(a_page_has_one_owner),
		TEST(a_folio_that_went_bad),
		TEST(pauses_are_made),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
