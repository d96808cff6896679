// SPDX-License-Identifier: GPL-2.0
/*
 * The machine may jump into the next kernel between any two stores. Here everything that the
 * outgoing side does is done with small numbers: cover, extent list, tree, root FDT, scratch and
 * memory map, in the order in which the module does it. After each store to what the receiver
 * reads, the receiver's own code looks at it: it must accept the handover, with only what the
 * published extents reserve, and find everything that is preserved.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "stores.h"

#define kho_publish_head stores_publish_head
#define kho_publish_chain stores_publish_chain
#define kho_publish_fdt stores_publish_fdt
#define kho_publish_scratch stores_publish_scratch
#define kho_publish_memmap stores_publish_memmap

#include "core/chain.h"
#include "core/checked.h"
#include "core/cover.h"
#include "core/fdt.h"

/* A page that is being written may hold anything meanwhile. */
static void half_written(void *page)
{
	memset(page, 0xa5, KHO_PAGE_SIZE);
	after_store();
}

static void chain_write(struct kho_chain_ser *page, u64 phys,
			const struct kho_range *extent, u32 nr)
{
	half_written(page);
	kho_chain_write(page, phys, extent, nr);
	after_store();
}

static int fdt_write(void *page, u64 tree_phys,
		     const struct kho_fdt_subtree *table, u32 nr)
{
	int err;

	half_written(page);
	err = kho_fdt_write(page, tree_phys, table, nr);
	after_store();
	return err;
}

#define kho_chain_write chain_write
#define kho_fdt_write fdt_write

#include "core/publish.c"
#define publish publish_tally
#include "core/tracker.c"
#undef publish

#include "core/crc32c.h"
#include "core/mark.h"
#include "testmem.h"

#define MIB (1ULL << 20)
#define BASE (64 * MIB)
#define BYTES (640 * MIB)
#define NODES (BASE + 1 * MIB)

enum { MOST_BLOCKS = 200, MOST_SUBTREES = 12, MOST_SCRATCH = 6 };

struct block {
	u64 phys;
	unsigned int order;
};

/*
 * What the module would have, and what must come through whenever the machine jumps.
 * @next_node: never used again, so that nothing is overlooked
 * @kept: preserved; not what is about to go
 */
struct model {
	u8 *va;
	u8 *marks;
	struct kho_range ram[2];
	struct kho_cover cover;
	struct kho_tracker tracker;
	struct kho_area area;
	u64 next_node;
	struct block kept[MOST_BLOCKS];
	unsigned int nr_kept;
	struct kho_fdt_subtree subtree[MOST_SUBTREES];
	unsigned int nr_subtrees;
	char name[MOST_SUBTREES][16];
	struct kho_range scratch[MOST_SCRATCH], scratch_was[MOST_SCRATCH];
	unsigned int nr_scratch, nr_scratch_was;
	u32 map_was, map_becomes;
	bool watching;
	unsigned long nr_stores;
};

static struct model m;

static void *at(u64 phys)
{
	return m.va + (phys - BASE);
}

static u8 *mark_of(u64 phys)
{
	return &m.marks[(phys - BASE) >> KHO_PAGE_SHIFT];
}

/* ---- the next kernel ---- */

/* The extents that it would reserve now: what the list leads through, whoever wrote it. */
static bool reserved(u64 start, u64 end)
{
	const struct kho_head_ser *head = m.area.pages;
	u64 phys = head->hdr.next;

	while (phys) {
		const struct kho_extent_ser *node = at(phys);

		if (start >= node->ind.addr &&
		    end <= node->ind.addr + node->ind.len)
			return true;
		phys = node->hdr.next;
	}
	return false;
}

static const void *page_op(void *ctx, u64 phys)
{
	return reserved(phys, phys + KHO_PAGE_SIZE) ? at(phys) : NULL;
}

static int mark_op(void *ctx, u64 phys, unsigned int order)
{
	if (!reserved(phys, phys + (KHO_PAGE_SIZE << order)))
		return -ERANGE;
	if (*mark_of(phys))
		return -EEXIST;
	*mark_of(phys) = (u8)kho_mark_of(order).bits;
	return 0;
}

static struct kho_mark marked_op(void *ctx, u64 phys)
{
	if (phys < BASE || phys >= BASE + BYTES)
		return kho_mark_none();
	return kho_mark_stored(*mark_of(phys));
}

static void check_kept(void)
{
	unsigned int i;

	for (i = 0; i < m.nr_kept; i++)
		if (!kho_mark_is(marked_op(NULL, m.kept[i].phys),
				 m.kept[i].order))
			test_die("block at %#llx would be lost",
				 (unsigned long long)m.kept[i].phys);
}

static bool begins_with(const struct kho_range *range, unsigned int nr,
			const struct kho_scratch *list, u64 nr_list)
{
	u64 i;

	for (i = 0; i < nr_list; i++)
		if (i == nr || list[i].addr != range[i].start ||
		    list[i].size != range[i].end - range[i].start)
			return false;
	return true;
}

/* What is announced is a beginning of the old list or of the new one, and holds nothing. */
static void check_scratch(const struct kho_checked *in)
{
	const struct kho_scratch *list =
		(const void *)((const u8 *)m.area.pages +
			       KHO_WIRE_SCRATCH_OFFSET);
	u64 nr = in->head->data.scratch_size / sizeof(*list);
	u32 i, k;

	if (!begins_with(m.scratch, m.nr_scratch, list, nr) &&
	    !begins_with(m.scratch_was, m.nr_scratch_was, list, nr))
		test_die("a list of scratch that is neither old nor new");
	for (i = 0; i < nr; i++)
		for (k = 0; k < in->nr_extents; k++)
			if (list[i].addr < in->extent[k].end &&
			    list[i].addr + list[i].size > in->extent[k].start)
				test_die("scratch in an extent");
}

static void check_subtrees(const struct kho_checked *in)
{
	struct kho_fdt_subtree s;
	unsigned int i;

	for (i = 0; i < m.nr_subtrees; i++)
		if (kho_fdt_subtree_find(&in->fdt, m.subtree[i].name, &s) ||
		    s.phys != m.subtree[i].phys)
			test_die("subtree %s would be lost", m.subtree[i].name);
	for (i = 0; !kho_fdt_subtree_at(&in->fdt, i, &s); i++)
		if (!*mark_of(s.phys))
			test_die("blob of subtree %s is not preserved", s.name);
}

static void after_store(void)
{
	const struct kho_checked_ops ops = { page_op, mark_op, marked_op, NULL,
					     0 };
	struct kho_checked in;
	struct kho_refusal r;

	if (!m.watching)
		return;
	m.nr_stores++;
	memset(m.marks, 0, BYTES >> KHO_PAGE_SHIFT);
	if (kho_handover_check(&in, &ops, m.area.phys, &r))
		test_die("refused: %s", r.check);
	check_kept();
	check_scratch(&in);
	check_subtrees(&in);
	if (in.memmap && in.memmap->nr_entries != m.map_was &&
	    in.memmap->nr_entries != m.map_becomes)
		test_die("a memory map that nobody handed on");
}

/* ---- what the module does ---- */

static void publish_leads(int leads)
{
	assert_true(leads >= 0);
	if (leads == KHO_LEADS_CHANGED)
		kho_publish_chain(&m.area, m.cover.lead, m.cover.nr_leads);
}

static bool put(u64 phys, unsigned int order)
{
	const u64 pages = 1ULL << order;
	unsigned int other;
	u64 with;

	if (m.nr_kept == MOST_BLOCKS ||
	    kho_cover_check(&m.cover, phys, phys + (pages << KHO_PAGE_SHIFT),
			    NULL) ||
	    stores_lookup(&m.tracker, phys, order) ||
	    stores_overlap(&m.tracker, phys, pages, &with, &other) ||
	    (phys >= BASE && phys < BASE + 3 * MIB && m.watching))
		return false;
	publish_leads(kho_cover_add(&m.cover, phys,
				    phys + (pages << KHO_PAGE_SHIFT)));
	assert_int_equal(stores_preserve(&m.tracker, phys, order),
			 KHO_ENTERED_NOW);
	m.kept[m.nr_kept++] = (struct block){ phys, order };
	after_store();
	return true;
}

static void take(u64 phys, unsigned int order)
{
	unsigned int i = 0;

	while (m.kept[i].phys != phys || m.kept[i].order != order)
		i++;
	m.kept[i] = m.kept[--m.nr_kept];
	assert_int_equal(stores_unpreserve(&m.tracker, phys, order), 0);
}

static void replan(void)
{
	static u64 buf[KHO_REPLAN_MIN_BYTES / sizeof(u64)];
	struct kho_replan plan;
	unsigned int i;

	assert_int_equal(kho_replan_begin(&plan, &m.cover, buf, sizeof(buf)),
			 0);
	for (i = 0; i < m.nr_kept; i++)
		kho_replan_mark(&plan, m.kept[i].phys,
				m.kept[i].phys +
					(KHO_PAGE_SIZE << m.kept[i].order));
	kho_replan_mark(&plan, NODES, m.next_node);
	publish_leads(kho_replan_end(&plan, &m.cover));
}

static void publish_fdt(unsigned int nr)
{
	assert_int_equal(kho_publish_fdt(&m.area, stores_root_phys(&m.tracker),
					 m.subtree, nr),
			 0);
}

static void add_subtree(u64 phys)
{
	struct kho_fdt_subtree *s = &m.subtree[m.nr_subtrees];
	static unsigned int number;

	if (m.nr_subtrees == MOST_SUBTREES || !put(phys, 0))
		return;
	snprintf(m.name[m.nr_subtrees], sizeof(m.name[0]), "blob-%u",
		 number++ % 1000);
	*s = (struct kho_fdt_subtree){ .name = m.name[m.nr_subtrees],
				       .phys = phys,
				       .bytes = 100 };
	publish_fdt(m.nr_subtrees + 1);
	m.nr_subtrees++;
	after_store();
}

/* The last one; the first two are the module's own. */
static void remove_subtree(void)
{
	if (m.nr_subtrees <= 2)
		return;
	m.nr_subtrees--;
	publish_fdt(m.nr_subtrees);
	take(m.subtree[m.nr_subtrees].phys, 0);
}

static bool is_free(u64 start, u64 end)
{
	unsigned int i;

	for (i = 0; i < m.nr_kept; i++)
		if (m.kept[i].phys < end &&
		    m.kept[i].phys + (KHO_PAGE_SIZE << m.kept[i].order) > start)
			return false;
	return start >= BASE + 4 * MIB;
}

static void publish_scratch(void)
{
	memcpy(m.scratch_was, m.scratch, sizeof(m.scratch));
	m.nr_scratch_was = m.nr_scratch;
	m.nr_scratch = m.cover.nr_keepout;
	memcpy(m.scratch, m.cover.keepout, m.nr_scratch * sizeof(m.scratch[0]));
	kho_publish_scratch(&m.area, m.scratch, m.nr_scratch);
	m.nr_scratch_was = 0;
}

static void take_scratch(u64 start, u64 end)
{
	if (m.nr_scratch == MOST_SCRATCH || !is_free(start, end) ||
	    kho_cover_keepout_add(&m.cover, start, end))
		return;
	replan();
	publish_scratch();
}

static void give_scratch_back(unsigned int which)
{
	if (which >= m.nr_scratch)
		return;
	assert_int_equal(kho_cover_keepout_del(&m.cover, m.scratch[which].start,
					       m.scratch[which].end),
			 0);
	publish_scratch();
}

static void publish_memmap(u32 nr)
{
	static struct kho_memmap_entry_ser entry[KHO_MAX_MEMMAP];

	m.map_becomes = nr;
	memset(entry, (int)nr, sizeof(entry));
	kho_publish_memmap(&m.area, entry, nr);
	m.map_was = nr;
}

/* ---- memory, init and exit ---- */

static void *node_alloc(void *ctx)
{
	u64 phys = m.next_node;

	m.next_node += KHO_PAGE_SIZE;
	publish_leads(kho_cover_add(&m.cover, phys, m.next_node));
	return at(phys);
}

/* Nothing looks at it any more: it may become anything. */
static void node_free(void *ctx, void *node)
{
	memset(node, 0xa5, KHO_PAGE_SIZE);
}

static unsigned long *node_population(void *ctx, void *node)
{
	static unsigned long of[BYTES >> KHO_PAGE_SHIFT];

	return &of[((u8 *)node - m.va) >> KHO_PAGE_SHIFT];
}

static void fill_module(struct kho_module_ser *s)
{
	s->magic = KHO_MODULE_MAGIC;
	s->version = KHO_MODULE_VERSION_WORD;
	s->size = sizeof(*s);
	strcpy(s->module_version, "1");
	strcpy(s->release, "1");
	s->wire_phys = m.area.phys;
	s->tree_phys = stores_root_phys(&m.tracker);
	s->kexec_count = 1;
	s->fixed_crc =
		kho_crc32c(0, s, offsetof(struct kho_module_ser, fixed_crc));
}

static int setup(void **state)
{
	struct kho_tracker_ops ops = { .node_alloc = node_alloc,
				       .node_free = node_free,
				       .node_population = node_population };
	struct kho_module_ser *s;
	unsigned int i;

	memset(&m, 0, sizeof(m));
	m.va = mmap(NULL, BYTES, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	m.marks = calloc(BYTES >> KHO_PAGE_SHIFT, 1);
	assert_true(m.va != MAP_FAILED && m.marks);
	m.ram[0] = (struct kho_range){ BASE, BASE + 100 * MIB };
	m.ram[1] = (struct kho_range){ BASE + 110 * MIB, BASE + BYTES };
	kho_cover_init(&m.cover, m.ram, 2);
	m.area = (struct kho_area){ .pages = at(BASE), .phys = BASE };
	m.next_node = NODES;
	ops.va_offset = (u64)(unsigned long)m.va - BASE;
	s = kho_area_page(&m.area, KHO_WIRE_MODULE);
	assert_int_equal(
		stores_init(&m.tracker, &ops,
			    (void *)((u8 *)s +
				     offsetof(struct kho_module_ser, tally))),
		0);
	fill_module(s);
	kho_publish_head(&m.area);
	for (i = 0; i < KHO_WIRE_PAGES; i++)
		assert_true(put(kho_area_phys(&m.area, i), 0));
	m.subtree[0] = (struct kho_fdt_subtree){
		.name = KHO_MODULE_SUBTREE,
		.phys = kho_area_phys(&m.area, KHO_WIRE_MODULE),
		.bytes = sizeof(*s)
	};
	m.subtree[1] = (struct kho_fdt_subtree){
		.name = "kexec-metadata",
		.phys = kho_area_phys(&m.area, KHO_WIRE_METADATA),
		.bytes = 73
	};
	m.nr_subtrees = 2;
	publish_fdt(2);
	m.watching = true;
	after_store();
	return 0;
}

static int teardown(void **state)
{
	m.watching = false;
	free(m.marks);
	return munmap(m.va, BYTES);
}

/* ---- tests ---- */

static void extents_grow_before_what_they_cover(void **state)
{
	unsigned int i;

	/* Each in an extent of its own, until gaps have to be closed. */
	for (i = 0; i < 2 * KHO_MAX_EXTENTS; i++)
		put(BASE + 4 * MIB + (u64)i * 9 * MIB / 2, i % 5);
	assert_true(m.cover.nr_extents == KHO_MAX_EXTENTS);
	assert_true(m.nr_stores > 500);
	replan();
	while (m.nr_kept > KHO_WIRE_PAGES) {
		take(m.kept[m.nr_kept - 1].phys, m.kept[m.nr_kept - 1].order);
		if (m.nr_kept % 16 == 0)
			replan();
	}
}

static void subtrees_come_and_go(void **state)
{
	unsigned int i;

	for (i = 0; i < MOST_SUBTREES; i++)
		add_subtree(BASE + (u64)(5 + 7 * i) * MIB);
	assert_int_equal(m.nr_subtrees, MOST_SUBTREES);
	for (i = 0; i < MOST_SUBTREES; i++)
		remove_subtree();
	assert_int_equal(m.nr_subtrees, 2);
	assert_true(m.nr_stores > 100);
}

static void scratch_is_kept_out_before_it_is_announced(void **state)
{
	unsigned int i;

	put(BASE + 40 * MIB, 3);
	put(BASE + 49 * MIB, 3);
	for (i = 0; i < MOST_SCRATCH; i++)
		take_scratch(BASE + (u64)(42 + 12 * (i * 5 % 6)) * MIB,
			     BASE + (u64)(46 + 12 * (i * 5 % 6)) * MIB);
	assert_int_equal(m.nr_scratch, MOST_SCRATCH);
	give_scratch_back(2);
	give_scratch_back(0);
	take_scratch(BASE + 42 * MIB, BASE + 44 * MIB);
	while (m.nr_scratch)
		give_scratch_back(m.nr_scratch / 2);
}

static void a_memory_map_is_whole_or_none(void **state)
{
	u32 nr;

	for (nr = 1; nr < 20; nr++)
		publish_memmap(nr * 37 % KHO_MAX_MEMMAP);
}

static void random_step(struct testrand *r)
{
	u64 phys = BASE + testrand_below(r, BYTES);
	unsigned int order = testrand_below(r, 7), i;

	phys = kho_align_down(phys, KHO_PAGE_SIZE << order);
	switch (testrand_below(r, 10)) {
	default:
		put(phys, order);
		return;
	case 4:
	case 5:
		/* Not what the module itself preserves, nor the blob of a subtree. */
		i = testrand_below(r, m.nr_kept);
		for (phys = m.kept[i].phys, order = 0; order < m.nr_subtrees;
		     order++)
			if (m.subtree[order].phys == phys)
				return;
		if (phys >= BASE + KHO_WIRE_PAGES * KHO_PAGE_SIZE)
			take(phys, m.kept[i].order);
		return;
	case 6:
		replan();
		return;
	case 7:
		if (testrand_below(r, 2))
			add_subtree(kho_align_down(phys, KHO_PAGE_SIZE));
		else
			remove_subtree();
		return;
	case 8:
		phys = kho_align_down(phys, 2 * MIB);
		take_scratch(phys, phys + 2 * MIB);
		return;
	case 9:
		give_scratch_back(testrand_below(r, MOST_SCRATCH));
		publish_memmap(testrand_below(r, KHO_MAX_MEMMAP));
	}
}

static void random_operations_go_in_acceptable_steps(void **state)
{
	struct testrand r = { 11 };
	unsigned int i;

	for (i = 0; i < 400; i++)
		random_step(&r);
	assert_true(m.nr_stores > 2000);
	assert_true(m.cover.nr_extents > 10);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(extents_grow_before_what_they_cover),
		TEST(subtrees_come_and_go),
		TEST(scratch_is_kept_out_before_it_is_announced),
		TEST(a_memory_map_is_whole_or_none),
		TEST(random_operations_go_in_acceptable_steps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
