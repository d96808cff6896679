// SPDX-License-Identifier: GPL-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "core/crc32c.h"
#include "handover.h"

static int setup(void **state)
{
	struct handover *h = malloc(sizeof(*h));

	handover_init(h);
	*state = h;
	return 0;
}

static int teardown(void **state)
{
	handover_exit(*state);
	free(*state);
	return 0;
}

/* Address in extent 1, by number of page. */
static u64 page_1(u64 nr)
{
	return HANDOVER_BASE + MAP_EXTENT_1 + nr * KHO_PAGE_SIZE;
}

/* A few blocks of different orders, one in each extent. */
static void fill_small(struct handover *h)
{
	handover_preserve(h, HANDOVER_BASE + 7 * MIB, 0);
	handover_preserve(h, page_1(0), 3);
	handover_preserve(h, page_1(9), 0);
	handover_preserve(h, page_1(512), 9);
	handover_preserve(h, HANDOVER_BASE + MAP_EXTENT_2, 1);
	handover_seal(h);
}

/* ---- what is good is accepted ---- */

static void assert_found(const struct handover *h, const struct kho_checked *in)
{
	assert_int_equal(in->head_phys, h->head_phys);
	assert_ptr_equal(in->head, handover_head(h));
	assert_ptr_equal(in->chain, handover_chain(h));
	assert_ptr_equal(in->fdt.page, handover_wire(h, h->fdt_page));
	assert_ptr_equal(in->module, handover_module(h));
	assert_int_equal(in->fdt.tree_phys, h->tree_phys);
	assert_int_equal(in->fdt.nr_subtrees, h->nr_subtrees);
	assert_int_equal(in->nr_extents, HANDOVER_EXTENTS);
	assert_memory_equal(in->extent, h->extent, sizeof(h->extent));
}

/* Accepted, and exactly what the naive reader finds, in its order. */
static void assert_accepted(struct handover *h)
{
	struct handover_keys keys;
	struct kho_checked in;
	struct kho_refusal r;
	int err = handover_check(h, &in, &r);

	if (err)
		fail_msg("refused: %s at %#llx: %#llx, not %#llx", r.check,
			 (unsigned long long)r.where,
			 (unsigned long long)r.found,
			 (unsigned long long)r.wanted);
	assert_found(h, &in);
	assert_true(handover_tree_is_good(h, &keys));
	assert_int_equal(h->nr_seen, keys.nr);
	if (keys.nr)
		assert_memory_equal(h->seen, keys.key,
				    keys.nr * sizeof(keys.key[0]));
	assert_memory_equal(&in.tally, &keys.tally, sizeof(keys.tally));
	free(keys.key);
}

static void accepts_an_empty_tree(void **state)
{
	struct handover *h = *state;
	struct kho_checked in;

	handover_seal(h);
	assert_accepted(h);
	assert_int_equal(handover_check(h, &in, NULL), 0);
	assert_int_equal(in.nr_nodes, 1);
	assert_ptr_equal(in.memmap, handover_wire(h, KHO_WIRE_MEMMAP));
}

static void accepts_random_trees(void **state)
{
	struct handover *h = *state;
	u64 seed;

	for (seed = 0; seed < 100; seed++) {
		struct testrand r = { seed };

		handover_clear(h);
		h->chain_page = KHO_WIRE_CHAIN_A + seed % 2;
		h->fdt_page = KHO_WIRE_FDT_A + seed / 2 % 2;
		handover_preserve_random(h, &r, testrand_below(&r, 2000));
		handover_seal(h);
		assert_accepted(h);
	}
}

static void counts_nodes(void **state)
{
	struct handover *h = *state;
	struct kho_checked in;

	fill_small(h);
	assert_int_equal(handover_check(h, &in, NULL), 0);
	assert_int_equal(in.nr_nodes,
			 (h->next_node_phys - (HANDOVER_BASE + MAP_NODES)) /
				 KHO_PAGE_SIZE);
}

/* The writer may stop between linking a node and setting its first bit. */
static void accepts_empty_nodes(void **state)
{
	struct handover *h = *state;
	unsigned int level;

	for (level = 1; level <= 5; level++) {
		u64 key = kho_key(HANDOVER_BASE, 2);

		handover_clear(h);
		*handover_slot(h, key, level) = handover_new_node(h);
		handover_seal(h);
		assert_accepted(h);
	}
}

static void accepts_the_copy_of_the_tally_that_is_right(void **state)
{
	struct handover *h = *state;
	unsigned int wrong;

	fill_small(h);
	for (wrong = 0; wrong < 2; wrong++) {
		struct kho_tally_ser *t = handover_tally(h);

		t[wrong].nr_keys += 5;
		t[wrong].hash = ~t[wrong].hash;
		assert_accepted(h);
		t[wrong] = t[!wrong];
	}
}

static void accepts_blocks_at_the_ends_of_extents(void **state)
{
	struct handover *h = *state;
	unsigned int i;

	for (i = 0; i < HANDOVER_EXTENTS; i++) {
		handover_preserve(h, h->extent[i].start, 0);
		handover_preserve(h, h->extent[i].end - KHO_PAGE_SIZE, 0);
	}
	handover_seal(h);
	assert_accepted(h);
}

static void accepts_a_handover_without_scratch(void **state)
{
	struct handover *h = *state;

	fill_small(h);
	handover_head(h)->data.scratch_size = 0;
	assert_accepted(h);
	handover_head(h)->data.scratch_addr = 0;
	assert_accepted(h);
	handover_head(h)->data.scratch_addr =
		h->head_phys + KHO_WIRE_SCRATCH_OFFSET;
	handover_head(h)->data.scratch_size =
		KHO_MAX_SCRATCH * sizeof(struct kho_scratch);
	assert_accepted(h);
}

static void accepts_further_subtrees(void **state)
{
	struct handover *h = *state;

	h->subtree[1] =
		(struct kho_fdt_subtree){ "a-client", page_1(3), 5 * MIB };
	h->subtree[2] = (struct kho_fdt_subtree){ "empty", page_1(3), 0 };
	h->nr_subtrees = 3;
	fill_small(h);
	assert_accepted(h);
}

/* ---- the tracker writes what is accepted ---- */

struct node_heap {
	struct handover *h;
	unsigned long population[HANDOVER_PAGES];
	void *free[512];
	unsigned int nr_free;
};

static void *heap_alloc(void *ctx)
{
	struct node_heap *heap = ctx;

	if (heap->nr_free)
		return heap->free[--heap->nr_free];
	return handover_at(heap->h, handover_new_node(heap->h));
}

static void heap_free(void *ctx, void *node)
{
	struct node_heap *heap = ctx;

	heap->free[heap->nr_free++] = node;
}

static unsigned long *heap_population(void *ctx, void *node)
{
	struct node_heap *heap = ctx;

	return &heap->population[((u8 *)node - heap->h->va) / KHO_PAGE_SIZE];
}

/* Adds and removes at random; a page is in a block of order 0 or 1 or in none. */
static void churn(struct kho_tracker *t, struct testrand *r)
{
	unsigned int i;

	for (i = 0; i < 500; i++) {
		u64 phys = page_1(testrand_below(r, 4000) & ~1ULL);

		if (testrand_below(r, 2)) {
			kho_tracker_unpreserve(t, phys, 0);
			assert_true(kho_tracker_preserve(t, phys, 1) >= 0);
		} else {
			kho_tracker_unpreserve(t, phys, 1);
			assert_true(kho_tracker_preserve(t, phys, 0) >= 0);
		}
	}
}

static void accepts_what_the_tracker_writes(void **state)
{
	struct handover *h = *state;
	struct node_heap *heap = calloc(1, sizeof(*heap));
	struct kho_tracker_ops ops = {
		.node_alloc = heap_alloc,
		.node_free = heap_free,
		.node_population = heap_population,
		.ctx = heap,
		.va_offset = (u64)(uintptr_t)h->va - HANDOVER_BASE,
	};
	struct kho_tally_ser tally[2];
	struct testrand r = { 1 };
	struct kho_tracker t;
	unsigned int round;

	heap->h = h;
	assert_int_equal(kho_tracker_init(&t, &ops, tally), 0);
	h->tree_phys = kho_tracker_root_phys(&t);
	for (round = 0; round < 20; round++) {
		churn(&t, &r);
		h->tally = tally[0];
		handover_seal(h);
		assert_accepted(h);
	}
	kho_tracker_destroy(&t);
	free(heap);
}

/* ---- every bit of the wire area ---- */

/* How a run of bytes reacts when one bit of it is flipped. */
enum reaction {
	REFUSED, /* with the check that is named; with any if none is named */
	REFUSED_BUT_BIT_2, /* likewise, only that one bit does not matter */
	IGNORED, /* accepted just the same */
	NO_MEMMAP, /* accepted, without a memory map */
};

struct bits {
	u32 start;
	u32 end;
	enum kho_wire_page page;
	enum reaction reaction;
	const char *check;
	int err;
};

static bool is_refused(const struct bits *b, unsigned int bit)
{
	return b->reaction == REFUSED ||
	       (b->reaction == REFUSED_BUT_BIT_2 && bit != 2);
}

static void assert_reaction(struct handover *h, const struct bits *b,
			    u32 offset, unsigned int bit)
{
	struct kho_checked in;
	struct kho_refusal r = { 0 };
	int err = handover_check(h, &in, &r);

	if (!is_refused(b, bit)) {
		if (err)
			fail_msg("page %d offset %u bit %u: %s", b->page,
				 offset, bit, r.check);
		assert_int_equal(!in.memmap, b->reaction == NO_MEMMAP);
		return;
	}
	if (!err || (b->check && strcmp(r.check, b->check)))
		fail_msg("page %d offset %u bit %u: %s, not %s", b->page,
			 offset, bit, err ? r.check : "accepted", b->check);
	assert_int_equal(err, b->check ? b->err : r.err);
	assert_int_equal(r.err, err);
	/* Nothing but the wire area was believed to be anything. */
	assert_int_equal(h->reads_elsewhere, 0);
	assert_int_equal(h->nr_seen, 0);
}

static void flip_each(struct handover *h, const struct bits *b)
{
	u8 *bytes = handover_wire(h, b->page);
	unsigned int bit;
	u32 i;

	for (i = b->start; i < b->end; i++)
		for (bit = 0; bit < 8; bit++) {
			bytes[i] ^= 1 << bit;
			assert_reaction(h, b, i, bit);
			bytes[i] ^= 1 << bit;
		}
}

/* The table must tell about the pages from the first byte to the last. */
static void flip_all(struct handover *h, const struct bits *b, size_t nr)
{
	u32 next = 0;
	size_t i;

	for (i = 0; i < nr; i++) {
		assert_int_equal(b[i].start, next);
		next = b[i].end % KHO_PAGE_SIZE;
		flip_each(h, &b[i]);
	}
	assert_int_equal(next, 0);
	assert_accepted(h);
}

#define FLIP_ALL(h, table) flip_all(h, table, ARRAY_SIZE(table))

#define MEMBER(wire_page, type, member)            \
	.start = offsetof(struct type, member),    \
	.end = offsetof(struct type, member) +     \
	       sizeof(((struct type *)0)->member), \
	.page = wire_page
#define HEAD(member) MEMBER(KHO_WIRE_HEAD, kho_head_ser, member)
#define CHAIN(member) MEMBER(KHO_WIRE_CHAIN_A, kho_chain_ser, member)
#define MODULE(member) MEMBER(KHO_WIRE_MODULE, kho_module_ser, member)
#define MEMMAP(member) MEMBER(KHO_WIRE_MEMMAP, kho_memmap_ser, member)

#define CHAIN_UNUSED "extent list unused bytes"
#define CHAIN_CRC "extent list checksum"
#define MODULE_CRC "module page: checksum"
#define FDT_CRC "root FDT checksum"
#define SCRATCH_SIZE "head page: size of the scratch list"

static void every_bit_of_the_head_page(void **state)
{
	static const struct bits table[] = {
		{ HEAD(hdr.next), REFUSED, "head page: link to the extent list",
		  -EBADMSG },
		{ HEAD(hdr.type), REFUSED, "head page: type", -EBADMSG },
		{ HEAD(hdr.len), REFUSED, "head page: length", -EBADMSG },
		{ HEAD(data.fdt_addr), REFUSED,
		  "head page: address of the root FDT", -EBADMSG },
		{ HEAD(data.fdt_size), REFUSED,
		  "head page: size of the root FDT", -EBADMSG },
		{ HEAD(data.scratch_addr), REFUSED,
		  "head page: address of the scratch list", -EBADMSG },
		{ 40, 41, KHO_WIRE_HEAD, REFUSED, SCRATCH_SIZE, -EBADMSG },
		/* Its bit that is set: no list at all is good, too. */
		{ 41, 42, KHO_WIRE_HEAD, REFUSED_BUT_BIT_2, SCRATCH_SIZE,
		  -EBADMSG },
		{ 42, 48, KHO_WIRE_HEAD, REFUSED, SCRATCH_SIZE, -EBADMSG },
		/* The scratch list is for kernels with native KHO; the rest is unused. */
		{ 48, KHO_PAGE_SIZE, KHO_WIRE_HEAD, IGNORED, NULL, 0 },
	};
	struct handover *h = *state;

	fill_small(h);
	handover_head(h)->data.scratch_size = 0x400;
	FLIP_ALL(h, table);
}

static void every_bit_of_the_chain_page(void **state)
{
	static const struct bits table[] = {
		{ 0, HANDOVER_EXTENTS * 40, KHO_WIRE_CHAIN_A, REFUSED,
		  CHAIN_CRC, -EBADMSG },
		{ HANDOVER_EXTENTS * 40, 2560, KHO_WIRE_CHAIN_A, REFUSED,
		  CHAIN_UNUSED, -EBADMSG },
		{ CHAIN(magic), REFUSED, "extent list magic number", -EBADMSG },
		{ CHAIN(version), REFUSED, "extent list version",
		  -EPROTONOSUPPORT },
		/* Three extents: the lower bits turn that into other possible numbers. */
		{ 2572, 2573, KHO_WIRE_CHAIN_A, REFUSED, NULL, 0 },
		{ 2573, 2576, KHO_WIRE_CHAIN_A, REFUSED, "number of extents",
		  -ERANGE },
		{ CHAIN(self_phys), REFUSED, "extent list's own address",
		  -EBADMSG },
		{ CHAIN(pad), REFUSED, CHAIN_UNUSED, -EBADMSG },
		{ CHAIN(reserved), REFUSED, CHAIN_UNUSED, -EBADMSG },
		{ CHAIN(crc), REFUSED, CHAIN_CRC, -EBADMSG },
	};
	struct handover *h = *state;

	fill_small(h);
	FLIP_ALL(h, table);
}

static void every_bit_of_the_module_page(void **state)
{
	static const struct bits table[] = {
		{ MODULE(magic), REFUSED, "module page: magic number",
		  -EBADMSG },
		{ MODULE(version), REFUSED, "module page: version",
		  -EPROTONOSUPPORT },
		{ MODULE(size), REFUSED, "module page: size", -EBADMSG },
		{ MODULE(module_version), REFUSED, MODULE_CRC, -EBADMSG },
		{ MODULE(release), REFUSED, MODULE_CRC, -EBADMSG },
		{ MODULE(wire_phys), REFUSED, MODULE_CRC, -EBADMSG },
		{ MODULE(tree_phys), REFUSED, MODULE_CRC, -EBADMSG },
		{ MODULE(kexec_count), REFUSED, MODULE_CRC, -EBADMSG },
		{ MODULE(fixed_crc), REFUSED, MODULE_CRC, -EBADMSG },
		{ MODULE(fdt_crc[0]), REFUSED, FDT_CRC, -EBADMSG },
		/* Of the FDT that is not published. */
		{ MODULE(fdt_crc[1]), IGNORED, NULL, 0 },
		/* Each copy has another that is right. */
		{ MODULE(tally), IGNORED, NULL, 0 },
		/* Informative. */
		{ MODULE(stamp_ns), IGNORED, NULL, 0 },
		/* After the struct: unused. */
		{ sizeof(struct kho_module_ser), KHO_PAGE_SIZE, KHO_WIRE_MODULE,
		  IGNORED, NULL, 0 },
	};
	struct handover *h = *state;

	fill_small(h);
	FLIP_ALL(h, table);
}

static void every_bit_of_the_root_fdt(void **state)
{
	static const struct bits table[] = {
		{ 0, KHO_PAGE_SIZE, KHO_WIRE_FDT_A, REFUSED, FDT_CRC,
		  -EBADMSG },
	};
	struct handover *h = *state;

	fill_small(h);
	FLIP_ALL(h, table);
}

static void every_bit_of_the_memmap_page(void **state)
{
	/* Up to the end of the two entries in use. */
	static const struct bits table[] = {
		{ MEMMAP(magic), NO_MEMMAP, NULL, 0 },
		{ MEMMAP(nr_entries), NO_MEMMAP, NULL, 0 },
		{ MEMMAP(crc), NO_MEMMAP, NULL, 0 },
		{ 16, 64, KHO_WIRE_MEMMAP, NO_MEMMAP, NULL, 0 },
		{ 64, KHO_PAGE_SIZE, KHO_WIRE_MEMMAP, IGNORED, NULL, 0 },
	};
	struct handover *h = *state;

	fill_small(h);
	FLIP_ALL(h, table);
}

static void bits_of_the_pages_not_in_use_do_not_matter(void **state)
{
	static const enum kho_wire_page page[] = { KHO_WIRE_CHAIN_B,
						   KHO_WIRE_FDT_B,
						   KHO_WIRE_PAGES - 1 };
	struct handover *h = *state;
	unsigned int i;

	fill_small(h);
	for (i = 0; i < ARRAY_SIZE(page); i++) {
		memset(handover_wire(h, page[i]), 0xa5, KHO_PAGE_SIZE);
		assert_accepted(h);
	}
}

/* ---- every bit of the tree ---- */

/*
 * Refused; or else nothing is lost, because an empty slot now leads to a page that happens to be
 * there and to be empty, which is a node without blocks.
 */
static void assert_harmless(struct handover *h, u64 phys, u32 word,
			    unsigned int bit)
{
	struct handover_keys keys;
	struct kho_checked in;
	struct kho_refusal r = { 0 };
	int err = handover_check(h, &in, &r);

	assert_int_equal(err, r.err);
	assert_int_equal(!err, !r.check);
	if (!err != handover_tree_is_good(h, &keys))
		fail_msg("node %#llx word %u bit %u: %s",
			 (unsigned long long)phys, word, bit,
			 err ? r.check : "accepted");
	if (!err)
		assert_memory_equal(&keys.tally, &h->tally, sizeof(h->tally));
	free(keys.key);
}

/* Nothing in use can change without a refusal. */
static void assert_refused_somehow(struct handover *h)
{
	struct kho_checked in;

	assert_true(handover_check(h, &in, NULL) < 0);
}

/* All bits of a word that is in use, and one of any other. */
static void flip_word(struct handover *h, u64 phys, u32 word)
{
	u64 *words = handover_at(h, phys);
	bool in_use = words[word];
	unsigned int bit;

	for (bit = in_use ? 0 : word % 64; bit < 64; bit += in_use ? 1 : 64) {
		words[word] ^= 1ULL << bit;
		assert_harmless(h, phys, word, bit);
		if (in_use)
			assert_refused_somehow(h);
		words[word] ^= 1ULL << bit;
	}
}

static void every_bit_of_the_tree(void **state)
{
	struct handover *h = *state;
	u64 phys;
	u32 word;

	fill_small(h);
	for (phys = HANDOVER_BASE + MAP_NODES; phys < h->next_node_phys;
	     phys += KHO_PAGE_SIZE)
		for (word = 0; word < KHO_PAGE_SIZE / sizeof(u64); word++)
			flip_word(h, phys, word);
	assert_accepted(h);
}

/* ---- each field, changed by somebody who makes the checksums right again ---- */

enum fix { FIX_NONE, FIX_CHAIN, FIX_MODULE, FIX_FDT };

struct forgery {
	enum kho_wire_page page;
	u32 offset;
	u32 bytes;
	u64 value;
	enum fix fix;
	int err;
	const char *check;
};

static void fix(struct handover *h, enum fix what)
{
	if (what == FIX_CHAIN)
		handover_fix_chain(h);
	if (what == FIX_MODULE)
		handover_fix_module(h);
	if (what == FIX_FDT)
		handover_fix_fdt(h);
}

static void assert_refused(struct handover *h, int want, const char *check)
{
	struct kho_checked in;
	struct kho_refusal r = { 0 };
	int err = handover_check(h, &in, &r);

	if (!err || strcmp(r.check, check))
		fail_msg("%s, not %s", err ? r.check : "accepted", check);
	assert_int_equal(err, want);
	assert_int_equal(r.err, want);
	/* The same without anybody who wants to know why. */
	assert_int_equal(handover_check(h, &in, NULL), want);
}

static void try_forgery(struct handover *h, const struct forgery *f)
{
	u8 *field = (u8 *)handover_wire(h, f->page) + f->offset;
	u8 before[64];

	memcpy(before, field, sizeof(before));
	memcpy(field, &f->value, f->bytes);
	fix(h, f->fix);
	assert_refused(h, f->err, f->check);
	memcpy(field, before, sizeof(before));
	fix(h, f->fix);
	assert_accepted(h);
}

#define IN(wire_page, type, member)                                 \
	.page = wire_page, .offset = offsetof(struct type, member), \
	.bytes = sizeof(((struct type *)0)->member)
#define IN_CHAIN(member) IN(KHO_WIRE_CHAIN_A, kho_chain_ser, member)
#define IN_MODULE(member) IN(KHO_WIRE_MODULE, kho_module_ser, member)

static void forged_fields(void **state)
{
	static const struct forgery table[] = {
		{ IN_CHAIN(nr_extents), 0, FIX_CHAIN, -ERANGE,
		  "number of extents" },
		{ IN_CHAIN(nr_extents), 65, FIX_CHAIN, -ERANGE,
		  "number of extents" },
		{ IN_CHAIN(nr_extents), 2, FIX_CHAIN, -EBADMSG,
		  "extent node link" },
		{ IN_CHAIN(nr_extents), 4, FIX_CHAIN, -EBADMSG,
		  "extent node link" },
		{ IN_CHAIN(node[1].hdr.next), 0, FIX_CHAIN, -EBADMSG,
		  "extent node link" },
		{ IN_CHAIN(node[2].hdr.next), HANDOVER_BASE, FIX_CHAIN,
		  -EBADMSG, "extent node link" },
		{ IN_CHAIN(node[0].ind.addr), HANDOVER_BASE + 3 * MIB,
		  FIX_CHAIN, -ERANGE, "wire area outside the extents" },
		{ IN_CHAIN(node[0].ind.len), MIB + 7 * KHO_PAGE_SIZE, FIX_CHAIN,
		  -ERANGE, "wire area outside the extents" },
		{ IN_CHAIN(node[0].ind.len), 3 * MIB, FIX_CHAIN, -ERANGE,
		  "tree node outside the extents" },
		{ IN_CHAIN(node[1].ind.addr), HANDOVER_BASE + 33 * MIB,
		  FIX_CHAIN, -ERANGE, "preserved block outside the extents" },
		{ IN_CHAIN(node[2].ind.len), KHO_PAGE_SIZE, FIX_CHAIN, -ERANGE,
		  "preserved block outside the extents" },
		{ IN_MODULE(wire_phys), HANDOVER_BASE, FIX_MODULE, -EBADMSG,
		  "module page: address of the wire area" },
		{ IN_MODULE(tree_phys), HANDOVER_BASE + 5 * MIB, FIX_MODULE,
		  -EBADMSG, "root FDT and module page name different trees" },
		{ IN_MODULE(kexec_count), 0, FIX_MODULE, -ERANGE,
		  "module page: number of handovers" },
		{ IN_MODULE(version), KHO_MODULE_VERSION + 1, FIX_MODULE,
		  -EPROTONOSUPPORT, "module page: version" },
		{ IN_MODULE(size), 265, FIX_MODULE, -EBADMSG,
		  "module page: size" },
	};
	struct handover *h = *state;
	size_t i;

	fill_small(h);
	for (i = 0; i < ARRAY_SIZE(table); i++)
		try_forgery(h, &table[i]);
}

/* What a module of another version would leave, as far as this one knows it. */
static void set_version(struct handover *h, u32 word, u32 bytes)
{
	struct kho_module_ser *m;

	h->subtree[0].bytes = bytes;
	handover_seal(h);
	m = handover_module(h);
	m->version = word;
	m->size = bytes;
	handover_fix_module(h);
	handover_chain(h)->version = word;
	handover_fix_chain(h);
}

static void another_version(void **state)
{
	const u32 own = KHO_MODULE_VERSION;
	const u32 bytes = sizeof(struct kho_module_ser);
	struct handover *h = *state;

	fill_small(h);
	/* A newer one that can be read, and has more. */
	set_version(h, KHO_VERSION_WORD(own + 1, own), bytes);
	assert_accepted(h);
	set_version(h, KHO_VERSION_WORD(own + 1, own), bytes + 8);
	memset(handover_module(h) + 1, 0x5a, 8);
	memset(handover_chain(h)->pad, 0x5a, sizeof(handover_chain(h)->pad));
	assert_accepted(h);
	memset(handover_chain(h)->pad, 0, sizeof(handover_chain(h)->pad));
	set_version(h, KHO_VERSION_WORD(own + 7, own), KHO_PAGE_SIZE);
	assert_accepted(h);
	/* But not with less. */
	set_version(h, KHO_VERSION_WORD(own + 1, own), bytes - 8);
	assert_refused(h, -EBADMSG, "module page: size");
	set_version(h, KHO_VERSION_WORD(own + 1, own), KHO_PAGE_SIZE + 8);
	assert_refused(h, -EBADMSG, "module page: size");
	/* One that cannot be read, whatever its size. */
	set_version(h, KHO_VERSION_WORD(own + 1, own + 1), bytes);
	assert_refused(h, -EPROTONOSUPPORT, "extent list version");
	set_version(h, KHO_VERSION_WORD(own + 2, own + 1), bytes);
	assert_refused(h, -EPROTONOSUPPORT, "extent list version");
	/* Older than any, and words that make no sense. */
	set_version(h, KHO_MODULE_READS_FROM - 1, bytes);
	assert_refused(h, -EPROTONOSUPPORT, "extent list version");
	set_version(h, own | own << 16, bytes);
	assert_refused(h, -EPROTONOSUPPORT, "extent list version");
	set_version(h, own | (own + 1) << 16, bytes);
	assert_refused(h, -EPROTONOSUPPORT, "extent list version");
	set_version(h, KHO_MODULE_VERSION_WORD, bytes);
	assert_accepted(h);
}

static void strings_without_an_end(void **state)
{
	struct handover *h = *state;
	struct kho_module_ser *m;

	fill_small(h);
	m = handover_module(h);
	memset(m->module_version, 'x', sizeof(m->module_version));
	handover_fix_module(h);
	assert_refused(h, -EBADMSG, "module page: module version has no end");
	handover_seal(h);
	memset(m->release, 'x', sizeof(m->release));
	handover_fix_module(h);
	assert_refused(h, -EBADMSG, "module page: kernel release has no end");
}

/* The tally is wrong in both copies. */
static void wrong_tallies(void **state)
{
	static const struct {
		u64 keys, pages, hash;
		const char *check;
	} table[] = {
		{ 1, 0, 0, "number of preserved blocks" },
		{ 1ULL << 63, 0, 0, "number of preserved blocks" },
		{ 0, 1, 0, "number of preserved pages" },
		{ 0, 0, 1, "hash of the preserved blocks" },
		{ -1ULL, 0, 0, "more preserved blocks than were counted" },
	};
	struct handover *h = *state;
	size_t i;

	fill_small(h);
	for (i = 0; i < ARRAY_SIZE(table); i++) {
		struct kho_tally_ser *t = handover_tally(h);

		t[0].nr_keys += table[i].keys;
		t[0].nr_pages += table[i].pages;
		t[0].hash += table[i].hash;
		t[1] = t[0];
		assert_refused(h, -EBADMSG, table[i].check);
		t[0] = h->tally;
		t[1] = h->tally;
	}
}

/* Neither copy is right, but each figure is right in one of them. */
static void a_tally_is_not_put_together_from_two(void **state)
{
	struct handover *h = *state;
	struct kho_tally_ser *t;

	fill_small(h);
	t = handover_tally(h);
	t[0].hash++;
	t[1].nr_pages++;
	assert_refused(h, -EBADMSG, "hash of the preserved blocks");
}

/* ---- forged root FDT ---- */

static void reseal_fdt(struct handover *h)
{
	assert_int_equal(kho_fdt_write(handover_wire(h, h->fdt_page),
				       h->tree_phys, h->subtree,
				       h->nr_subtrees),
			 0);
	handover_fix_fdt(h);
}

static void a_root_fdt_of_another_kernel(void **state)
{
	struct handover *h = *state;

	fill_small(h);
	h->subtree[0].name = "kho-modula";
	reseal_fdt(h);
	assert_refused(h, -ENOENT, "root FDT has no subtree kho-module");
	h->nr_subtrees = 0;
	reseal_fdt(h);
	assert_refused(h, -ENOENT, "root FDT has no subtree kho-module");
}

static void a_module_subtree_elsewhere(void **state)
{
	struct handover *h = *state;

	fill_small(h);
	h->subtree[0].phys -= KHO_PAGE_SIZE;
	reseal_fdt(h);
	assert_refused(h, -EBADMSG, "address of subtree kho-module");
	h->subtree[0].phys += KHO_PAGE_SIZE;
	h->subtree[0].bytes--;
	reseal_fdt(h);
	assert_refused(h, -EBADMSG, "size of subtree kho-module");
}

static void a_subtree_outside_the_extents_costs_its_client_alone(void **state)
{
	static const struct kho_fdt_subtree bad[] = {
		{ "client", 0, 8 },
		{ "client", HANDOVER_BASE + MAP_EXTENT_0_END, 8 },
		{ "client", HANDOVER_BASE + MAP_EXTENT_0_END, 0 },
		{ "client", HANDOVER_BASE + MAP_EXTENT_0_END - 7, 8 },
		{ "client", HANDOVER_BASE + MAP_EXTENT_0, -1ULL },
		{ "client", -1ULL, 1 },
	};
	struct handover *h = *state;
	struct kho_checked in;
	struct kho_refusal r;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		handover_clear(h);
		fill_small(h);
		h->subtree[h->nr_subtrees++] = bad[i];
		reseal_fdt(h);
		assert_int_equal(handover_check(h, &in, &r), 0);
		assert_false(kho_checked_has_blob(&in, &bad[i]));
		assert_true(kho_checked_has_blob(&in, &h->subtree[0]));
	}
}

/* The FDT's own checks are test_fdt's; that they are asked is this one's. */
static void a_root_fdt_that_is_none(void **state)
{
	struct handover *h = *state;

	fill_small(h);
	((u8 *)handover_wire(h, h->fdt_page))[0] ^= 1;
	handover_fix_fdt(h);
	assert_refused(h, -EBADMSG, "FDT magic number");
}

/* ---- head at an impossible place, pages that are not there ---- */

static void heads_at_impossible_places(void **state)
{
	static const struct {
		u64 head_phys;
		int err;
		const char *check;
	} table[] = {
		{ 0, -ENOENT, "no wire area at the handover's head" },
		{ HANDOVER_BASE + MAP_WIRE + 16, -ENOENT,
		  "no wire area at the handover's head" },
		{ HANDOVER_BASE + MAP_WIRE + KHO_PAGE_SIZE, -ENOENT,
		  "no wire area at the handover's head" },
		{ HANDOVER_BASE, -ERANGE, "head page is not reserved memory" },
		{ 1ULL << 60, -ERANGE, "head page is not reserved memory" },
		{ -(u64)(KHO_WIRE_PAGES * KHO_PAGE_SIZE), -ERANGE,
		  "head page is not reserved memory" },
		/* A copy, in which nothing is where it should be. */
		{ HANDOVER_BASE + MAP_WIRE + MIB, -EBADMSG,
		  "head page: link to the extent list" },
	};
	struct handover *h = *state;
	size_t i;

	fill_small(h);
	memcpy(handover_at(h, h->head_phys + MIB), handover_head(h),
	       KHO_WIRE_PAGES * KHO_PAGE_SIZE);
	for (i = 0; i < ARRAY_SIZE(table); i++) {
		h->head_phys = table[i].head_phys;
		assert_refused(h, table[i].err, table[i].check);
		h->head_phys = HANDOVER_BASE + MAP_WIRE;
	}
}

/* An environment in which one page is missing. */
struct without_page {
	struct kho_checked_ops whole;
	u64 phys;
};

static const void *page_but_one(void *ctx, u64 phys)
{
	const struct without_page *w = ctx;

	return phys == w->phys ? NULL : w->whole.page(w->whole.ctx, phys);
}

static int mark_whole(void *ctx, u64 phys, unsigned int order)
{
	const struct without_page *w = ctx;

	return w->whole.mark(w->whole.ctx, phys, order);
}

static struct kho_mark marked_whole(void *ctx, u64 phys)
{
	const struct without_page *w = ctx;

	return w->whole.marked(w->whole.ctx, phys);
}

static void pages_that_are_not_there(void **state)
{
	static const struct {
		u64 offset;
		const char *check; /* NULL: can be done without */
	} table[] = {
		{ 0, "head page is not reserved memory" },
		{ KHO_PAGE_SIZE, "extent list is not reserved memory" },
		{ 3 * KHO_PAGE_SIZE, "root FDT is not reserved memory" },
		{ 5 * KHO_PAGE_SIZE, "module page is not reserved memory" },
		{ 6 * KHO_PAGE_SIZE, NULL },
		{ MAP_NODES - MAP_WIRE, "tree node is not reserved memory" },
		{ MAP_NODES - MAP_WIRE + KHO_PAGE_SIZE,
		  "tree node is not reserved memory" },
	};
	struct handover *h = *state;
	size_t i;

	fill_small(h);
	for (i = 0; i < ARRAY_SIZE(table); i++) {
		struct without_page w = { handover_ops(h),
					  h->head_phys + table[i].offset };
		struct kho_checked_ops ops = { page_but_one, mark_whole,
					       marked_whole, &w, 0 };
		struct kho_checked in;
		struct kho_refusal r;
		int err;

		handover_forget_marks(h);
		err = kho_handover_check(&in, &ops, h->head_phys, &r);
		assert_int_equal(err, table[i].check ? -ERANGE : 0);
		if (err)
			assert_string_equal(r.check, table[i].check);
		else
			assert_null(in.memmap);
	}
}

/* ---- hostile trees ---- */

/* Seals with a tally that is right, whatever was done to the tree before. */
static void assert_tree_refused(struct handover *h, int err, const char *check)
{
	struct handover_keys keys;

	handover_seal(h);
	assert_refused(h, err, check);
	assert_false(handover_tree_is_good(h, &keys));
	free(keys.key);
	handover_clear(h);
}

static void nodes_at_impossible_places(void **state)
{
	static const struct {
		u64 phys;
		const char *check;
		int err;
	} table[] = {
		{ HANDOVER_BASE + MAP_NODES + 8, "tree node alignment",
		  -ERANGE },
		{ 1, "tree node alignment", -ERANGE },
		{ KHO_PAGE_SIZE, "tree node outside the extents", -ERANGE },
		{ HANDOVER_BASE + MAP_EXTENT_0_END,
		  "tree node outside the extents", -ERANGE },
		{ -KHO_PAGE_SIZE, "tree node outside the extents", -ERANGE },
		{ HANDOVER_BASE + MAP_HOLE, "tree node is not reserved memory",
		  -ERANGE },
		{ HANDOVER_BASE + MAP_WIRE, "tree node inside the wire area",
		  -EEXIST },
		{ HANDOVER_BASE + MAP_WIRE + 7 * KHO_PAGE_SIZE,
		  "tree node inside the wire area", -EEXIST },
	};
	struct handover *h = *state;
	unsigned int level;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(table); i++) {
		for (level = 1; level <= 5; level++) {
			*handover_slot(h, kho_key(page_1(0), 0), level) =
				table[i].phys;
			assert_tree_refused(h, table[i].err, table[i].check);
		}
		h->tree_phys = table[i].phys;
		assert_tree_refused(h, table[i].err, table[i].check);
	}
}

static void nodes_below_themselves(void **state)
{
	struct handover *h = *state;
	u64 key = kho_key(page_1(0), 0);
	unsigned int level, up;

	/* With no slot in front of it that is empty, all ways lead round. */
	for (level = 1; level <= 5; level++)
		for (up = level + 1; up <= 6; up++) {
			u64 above = up == 6 ? h->tree_phys :
					      *handover_slot(h, key, up);

			if (up < 6 && !above) {
				above = handover_new_node(h);
				*handover_slot(h, key, up) = above;
			}
			*handover_slot(h, key, level) = above;
			assert_tree_refused(h, -EBADMSG,
					    "tree node below itself");
		}
}

/* All slots of each node lead to the same next one: 4 * 512^4 ways to one empty leaf. */
static void make_tree_of_shared_nodes(struct handover *h)
{
	u64 *node = handover_at(h, h->tree_phys);
	unsigned int level, i;

	for (level = 5; level; level--) {
		u64 next = handover_new_node(h);

		for (i = 0; i < (level == 5 ? 4 : 512); i++)
			node[i] = next;
		node = handover_at(h, next);
	}
}

static void a_tree_of_shared_nodes_ends(void **state)
{
	struct handover *h = *state;

	make_tree_of_shared_nodes(h);
	assert_tree_refused(h, -ERANGE,
			    "tree has more nodes than the extents have pages");
}

/* Not memory that an extent claims counts, but memory that there is. */
static void a_tree_in_a_claimed_extent_ends(void **state)
{
	struct handover *h = *state;
	struct kho_checked_ops ops = handover_ops(h);
	struct kho_checked in;
	struct kho_refusal r;

	make_tree_of_shared_nodes(h);
	h->extent[HANDOVER_EXTENTS - 1].end = 1ULL << 51;
	handover_seal(h);
	ops.nr_pages = HANDOVER_PAGES;
	assert_int_equal(kho_handover_check(&in, &ops, h->head_phys, &r),
			 -ERANGE);
	assert_string_equal(r.check,
			    "tree has more nodes than the extents have pages");
	assert_int_equal(r.wanted, HANDOVER_PAGES);
}

/* One leaf under two parents holds other blocks each time; the tally tells. */
static void a_shared_leaf_is_counted_twice(void **state)
{
	struct handover *h = *state;
	u64 key = kho_key(page_1(5), 0);

	handover_preserve(h, page_1(5), 0);
	*handover_slot(h, key + 32768, 1) = *handover_slot(h, key, 1);
	assert_tree_refused(h, -EBADMSG,
			    "more preserved blocks than were counted");
}

static void impossible_keys(void **state)
{
	static const struct {
		u64 key;
		const char *check;
		int err;
	} table[] = {
		{ 0, "key of no order", -EBADMSG },
		{ 1, "order of a preserved block", -ERANGE },
		/* Order 51: half of all memory, and the other half. */
		{ 2, "preserved block outside the extents", -ERANGE },
		{ 3, "preserved block outside the extents", -ERANGE },
		/* Order 30 at 0, and around everything. */
		{ 1ULL << 22, "preserved block outside the extents", -ERANGE },
		/* Wider than a key may be. */
		{ 1ULL << 53, "tree entry beyond the widest key", -ERANGE },
		{ 1ULL << 59 | 1, "tree entry beyond the widest key", -ERANGE },
		/* Order 0 at the very end of the address space. */
		{ (1ULL << 53) - 1, "preserved block outside the extents",
		  -ERANGE },
		{ 1ULL << 52, "preserved block outside the extents", -ERANGE },
	};
	struct handover *h = *state;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(table); i++) {
		handover_enter_key(h, table[i].key);
		assert_tree_refused(h, table[i].err, table[i].check);
	}
}

static void blocks_at_impossible_places(void **state)
{
	static const struct {
		u64 phys;
		unsigned int order;
		const char *check;
	} table[] = {
#define OUTSIDE "preserved block outside the extents"
		{ HANDOVER_BASE, 0, OUTSIDE },
		{ HANDOVER_BASE + MAP_EXTENT_0 - KHO_PAGE_SIZE, 0, OUTSIDE },
		{ HANDOVER_BASE + MAP_EXTENT_0_END, 0, OUTSIDE },
		{ HANDOVER_BASE + MAP_EXTENT_2_END, 0, OUTSIDE },
		/* Begins in an extent and ends behind it; the other way round. */
		{ HANDOVER_BASE + MAP_EXTENT_2, 9, OUTSIDE },
		{ HANDOVER_BASE, 11, OUTSIDE },
	/* In an extent, but all or part of it is no memory. */
#define NO_MEMORY "preserved block is not reserved memory"
		{ HANDOVER_BASE + MAP_HOLE, 0, NO_MEMORY },
		{ HANDOVER_BASE + MAP_HOLE, 9, NO_MEMORY },
		{ HANDOVER_BASE + 64 * MIB, 14, NO_MEMORY },
	};
	struct handover *h = *state;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(table); i++) {
		handover_preserve(h, table[i].phys, table[i].order);
		assert_tree_refused(h, -ERANGE, table[i].check);
	}
}

static void overlapping_blocks(void **state)
{
	struct handover *h = *state;
	unsigned int large, small;

	for (large = 1; large < 13; large++)
		for (small = 0; small < large; small++) {
			u64 first = page_1(0), middle;

			middle = first + (KHO_PAGE_SIZE << (large - 1));
			handover_preserve(h, first, large);
			handover_preserve(h, first, small);
			assert_tree_refused(h, -EEXIST,
					    "preserved block inside another");
			handover_preserve(h, first, large);
			handover_preserve(h, middle, small);
			assert_tree_refused(h, -EEXIST,
					    "preserved block inside another");
			/* Right behind it is fine. */
			handover_preserve(h, first, large);
			handover_preserve(h, first + 2 * (middle - first),
					  small);
			handover_seal(h);
			assert_accepted(h);
			handover_clear(h);
		}
}

/* Other orders in between must not hide the one that overlaps. */
static void overlap_is_found_among_many_orders(void **state)
{
	struct handover *h = *state;
	unsigned int order, n;

	for (order = 0; order < 12; order++) {
		for (n = 1; n < 13; n++)
			handover_preserve(h, page_1(1ULL << n), n);
		handover_preserve(h, page_1((1ULL << 12) + (1ULL << order)),
				  order);
		assert_tree_refused(h, -EEXIST,
				    "preserved block inside another");
	}
}

static void a_page_marked_before(void **state)
{
	struct handover *h = *state;
	struct kho_checked_ops ops = handover_ops(h);
	struct kho_checked in;
	struct kho_refusal r;

	fill_small(h);
	assert_int_equal(ops.mark(ops.ctx, page_1(9), 2), 0);
	assert_int_equal(kho_handover_check(&in, &ops, h->head_phys, &r),
			 -EEXIST);
	assert_string_equal(r.check, "two preserved blocks at one address");
}

static void blocks_over_nodes(void **state)
{
	struct handover *h = *state;
	unsigned int order;

	for (order = 0; order <= 9; order++) {
		u64 phys = kho_align_down(HANDOVER_BASE + MAP_NODES,
					  KHO_PAGE_SIZE << order);

		handover_preserve(h, phys, order);
		assert_tree_refused(h, -EEXIST,
				    "preserved block over a tree node");
	}
	/* Over a leaf only: the last node that was made. */
	handover_preserve(h, page_1(0), 0);
	handover_preserve(h, h->next_node_phys - KHO_PAGE_SIZE, 0);
	assert_tree_refused(h, -EEXIST, "preserved block over a tree node");
	/* The page behind the last one is fine. */
	handover_preserve(h, page_1(0), 0);
	handover_preserve(h, h->next_node_phys, 0);
	handover_seal(h);
	assert_accepted(h);
}

static void a_tree_of_nothing_that_was_counted(void **state)
{
	struct handover *h = *state;

	fill_small(h);
	memset(handover_at(h, h->tree_phys), 0, KHO_PAGE_SIZE);
	assert_refused(h, -EBADMSG, "number of preserved blocks");
}

/* ---- random damage against the naive reader ---- */

/* Something somebody could have done to a word of the tree. */
static u64 damaged(struct handover *h, struct testrand *r, u64 word)
{
	u64 nr_nodes = (h->next_node_phys - (HANDOVER_BASE + MAP_NODES)) /
		       KHO_PAGE_SIZE;

	switch (testrand_below(r, 4)) {
	case 0:
		return word ^ 1ULL << testrand_below(r, 64);
	case 1:
		return HANDOVER_BASE + MAP_NODES +
		       testrand_below(r, nr_nodes) * KHO_PAGE_SIZE;
	case 2:
		return page_1(testrand_below(r, 1000));
	default:
		return 0;
	}
}

static void damage(struct handover *h, struct testrand *r)
{
	u64 bytes = h->next_node_phys - (HANDOVER_BASE + MAP_NODES);
	u64 *words = handover_at(h, HANDOVER_BASE + MAP_NODES);
	u64 i = testrand_below(r, bytes / sizeof(u64));
	unsigned int tries;

	/* Rather a word that is in use. */
	for (tries = 0; tries < 2000 && !words[i]; tries++)
		i = testrand_below(r, bytes / sizeof(u64));
	words[i] = damaged(h, r, words[i]);
}

/* Accepted by the core exactly if the naive reader finds it good. */
static void agrees_with_the_naive_reader(void **state)
{
	struct handover *h = *state;
	unsigned int good = 0, bad = 0;
	u64 seed;

	for (seed = 0; seed < 1500; seed++) {
		struct testrand r = { seed };
		struct handover_keys keys;
		struct kho_checked in;
		bool is_good;

		handover_clear(h);
		handover_preserve_random(h, &r, testrand_below(&r, 40));
		handover_seal(h);
		if (testrand_below(&r, 4))
			damage(h, &r);
		is_good = handover_tree_is_good(h, &keys);
		/* Half of the time whoever did it has counted anew. */
		if (testrand_below(&r, 2)) {
			handover_tally(h)[seed % 2] = keys.tally;
			free(keys.key);
			is_good = handover_tree_is_good(h, &keys);
		}
		if (!handover_check(h, &in, NULL) != is_good)
			fail_msg("seed %llu", (unsigned long long)seed);
		free(keys.key);
		is_good ? good++ : bad++;
	}
	assert_true(good > 300 && bad > 300);
}

/* ---- extents ---- */

static void contains(void **state)
{
	static const struct kho_checked in = {
		.extent = { { 0x1000, 0x3000 },
			    { 0x3000, 0x4000 },
			    { 0x8000, 0x9000 } },
		.nr_extents = 3,
	};
	static const struct kho_checked none;
	u64 start, end;

	for (start = 0; start <= 0xa000; start += 0x800)
		for (end = 0; end <= 0xa000; end += 0x800) {
			bool want = start < end &&
				    ((start >= 0x1000 && end <= 0x3000) ||
				     (start >= 0x3000 && end <= 0x4000) ||
				     (start >= 0x8000 && end <= 0x9000));

			assert_int_equal(kho_checked_contains(&in, start, end),
					 want);
			assert_false(kho_checked_contains(&none, start, end));
		}
	assert_false(kho_checked_contains(&in, -0x1000ULL, 0));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(accepts_an_empty_tree),
		TEST(accepts_random_trees),
		TEST(counts_nodes),
		TEST(accepts_empty_nodes),
		TEST(accepts_the_copy_of_the_tally_that_is_right),
		TEST(accepts_blocks_at_the_ends_of_extents),
		TEST(accepts_a_handover_without_scratch),
		TEST(accepts_further_subtrees),
		TEST(accepts_what_the_tracker_writes),
		TEST(every_bit_of_the_head_page),
		TEST(every_bit_of_the_chain_page),
		TEST(every_bit_of_the_module_page),
		TEST(every_bit_of_the_root_fdt),
		TEST(every_bit_of_the_memmap_page),
		TEST(bits_of_the_pages_not_in_use_do_not_matter),
		TEST(every_bit_of_the_tree),
		TEST(forged_fields),
		TEST(another_version),
		TEST(strings_without_an_end),
		TEST(wrong_tallies),
		TEST(a_tally_is_not_put_together_from_two),
		TEST(a_root_fdt_of_another_kernel),
		TEST(a_module_subtree_elsewhere),
		TEST(a_subtree_outside_the_extents_costs_its_client_alone),
		TEST(a_root_fdt_that_is_none),
		TEST(heads_at_impossible_places),
		TEST(pages_that_are_not_there),
		TEST(nodes_at_impossible_places),
		TEST(nodes_below_themselves),
		TEST(a_tree_of_shared_nodes_ends),
		TEST(a_tree_in_a_claimed_extent_ends),
		TEST(a_shared_leaf_is_counted_twice),
		TEST(impossible_keys),
		TEST(blocks_at_impossible_places),
		TEST(overlapping_blocks),
		TEST(overlap_is_found_among_many_orders),
		TEST(a_page_marked_before),
		TEST(blocks_over_nodes),
		TEST(a_tree_of_nothing_that_was_counted),
		TEST(agrees_with_the_naive_reader),
		TEST(contains),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
