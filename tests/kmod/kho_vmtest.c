// SPDX-License-Identifier: GPL-2.0
/*
 * A client of kexec handover that the scenarios of tests/vm drive.
 *
 * Commands are written to /sys/module/kho_vmtest/parameters/run; the write fails with the
 * command's errno, and parameters/result says why, or what was found:
 *
 *   save MIB PAGES SEED  preserve MIB of blocks of random orders, half of them
 *                        folios, half of them ranges of pages, and PAGES single
 *                        pages all over memory
 *   unpreserve PERCENT   take some of them out again and free them, scribbled on; the result is
 *                        their bytes
 *   restore [MISSING]    take over what the previous kernel saved, check it all; exactly so many
 *                        blocks must not be there any more
 *   race THREADS         as restore, by so many threads at a time, each of which wants every
 *                        block, and holds a spinlock
 *   recycle PERCENT      preserve some of what was restored anew, free the rest
 *   where                physical address of what "inspect" wants
 *   inspect PHYS         look at what the previous kernel saved, with nobody's help
 *   misuse               everything that must be refused is
 *   xor PHYS BITS        damage a word of memory
 *   peek PHYS            read a word of memory
 *   damage WORD          damage each page that starts with this word
 *   pick KIND ORDER      address of the last page of a saved "folio" of this order, or of saved
 *                        "pages" that are as many at least
 *   bad PHYS             the page there is one that the hardware gave up on, and reserved
 *   sum PHYS BYTES       a sum over memory
 *   reserved PHYS        the page there is reserved, as boot left it
 *   refuses PHYS         the page there, whoever has it, cannot be preserved
 *   crowd NUMBER         add subtrees until there is no room, remove all but so many
 *
 * Every word of a saved page is a function of its address and of the seed.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kexec_handover.h>

#include <linux/atomic.h>
#include <linux/completion.h>
#include <linux/io.h>
#include <linux/ioport.h>
#include <linux/kthread.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/nodemask.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/spinlock.h>
#include <linux/vmalloc.h>

#define VMTEST_SUBTREE "kho-vmtest"
#define VMTEST_MAGIC 0x545345544d56484bULL
#define VMTEST_MAX_ORDER 10
/* Handover that is part of the kernel warns of everything that it refuses to restore. */
#define VMTEST_NATIVE IS_ENABLED(CONFIG_KEXEC_HANDOVER)

enum vmtest_kind {
	VMTEST_FOLIO,
	VMTEST_PAGES,
};

/* One row of the table that travels. */
struct vmtest_block_ser {
	u64 phys;
	u32 nr_pages;
	u8 order; /* of a folio */
	u8 kind;
	u16 reserved;
};

#define VMTEST_ROWS ((PAGE_SIZE - 16) / sizeof(struct vmtest_block_ser))

/* A page of the table. */
struct vmtest_table_ser {
	u64 next_phys;
	u32 nr_rows;
	u32 reserved;
	struct vmtest_block_ser row[VMTEST_ROWS];
};

static_assert(sizeof(struct vmtest_table_ser) <= PAGE_SIZE);

/* The blob of the subtree. */
struct vmtest_root_ser {
	u64 magic;
	u64 seed;
	u64 nr_blocks;
	u64 nr_pages;
	u64 first_table_phys;
};

/**
 * struct vmtest - everything this module holds
 * @root: published blob; NULL while nothing is saved
 * @block: what is saved or restored
 * @nr_blocks: how many of @block are in use
 * @room: how many fit
 * @preserved: @block is preserved for the next kernel, otherwise only owned
 * @aside: blocks that are allocated, but cannot be preserved: one each for @last and @note
 * @aside_order: their orders
 * @nr_aside: how many
 * @nr_missing: blocks that may still turn out not to be there
 * @nr_bad: pages of blocks that were not restored, because one of them went bad
 * @nr_bad_blocks: how many blocks that are
 * @seed: of the contents
 * @random: state of the generator
 * @result: of the last command
 */
struct vmtest {
	struct vmtest_root_ser *root;
	struct vmtest_block_ser *block;
	unsigned long nr_blocks;
	unsigned long room;
	bool preserved;
	struct page *aside[2];
	unsigned int aside_order[2];
	unsigned int nr_aside;
	unsigned long nr_missing;
	unsigned long nr_bad;
	unsigned long nr_bad_blocks;
	u64 seed;
	u64 random;
	char result[256];
};

static struct vmtest vmtest;

static unsigned long last;
module_param(last, ulong, 0600);
MODULE_PARM_DESC(last,
		 "address of the last byte of RAM, which cannot be preserved");

static unsigned long note;
module_param(note, ulong, 0400);
MODULE_PARM_DESC(note,
		 "address of a table that the next kernel may clear, or 0");

static int complain(int err, const char *what, u64 where)
{
	snprintf(vmtest.result, sizeof(vmtest.result), "%s at %#llx (%d)", what,
		 where, err);
	pr_info("failed: %s\n", vmtest.result);
	return err;
}

static u64 mix(u64 x)
{
	x ^= x >> 30;
	x *= 0xbf58476d1ce4e5b9ULL;
	x ^= x >> 27;
	x *= 0x94d049bb133111ebULL;
	return x ^ x >> 31;
}

static u64 random_below(u64 limit)
{
	vmtest.random += 0x9e3779b97f4a7c15ULL;
	return mix(vmtest.random) % limit;
}

static void fill_page(u64 phys)
{
	u64 *word = phys_to_virt(phys), state = mix(phys ^ vmtest.seed);
	unsigned int i;

	for (i = 0; i < PAGE_SIZE / sizeof(*word); i++)
		word[i] = state + i * 0x9e3779b97f4a7c15ULL;
}

static bool page_intact(u64 phys)
{
	const u64 *word = phys_to_virt(phys);
	u64 state = mix(phys ^ vmtest.seed);
	unsigned int i;

	for (i = 0; i < PAGE_SIZE / sizeof(*word); i++)
		if (word[i] != state + i * 0x9e3779b97f4a7c15ULL)
			return false;
	return true;
}

static void fill_block(const struct vmtest_block_ser *block)
{
	u32 i;

	for (i = 0; i < block->nr_pages; i++)
		fill_page(block->phys + i * PAGE_SIZE);
}

static struct page *block_page(const struct vmtest_block_ser *block)
{
	return pfn_to_page(PHYS_PFN(block->phys));
}

static int preserve_block(const struct vmtest_block_ser *block)
{
	struct page *page = block_page(block);

	if (block->kind == VMTEST_FOLIO)
		return kho_preserve_folio(page_folio(page));
	return kho_preserve_pages(page, block->nr_pages);
}

static void unpreserve_block(const struct vmtest_block_ser *block)
{
	struct page *page = block_page(block);

	if (block->kind == VMTEST_FOLIO)
		kho_unpreserve_folio(page_folio(page));
	else
		kho_unpreserve_pages(page, block->nr_pages);
}

static void free_block(const struct vmtest_block_ser *block)
{
	struct page *page = block_page(block);
	u32 i;

	if (block->kind == VMTEST_FOLIO)
		__free_pages(page, block->order);
	else
		for (i = 0; i < block->nr_pages; i++)
			__free_page(page + i);
}

/* --- the list of blocks in memory */

static int make_room(unsigned long wanted)
{
	struct vmtest_block_ser *grown;

	if (wanted <= vmtest.room)
		return 0;
	wanted += wanted / 2;
	grown = vmalloc(array_size(wanted, sizeof(*grown)));
	if (!grown)
		return -ENOMEM;
	if (vmtest.nr_blocks)
		memcpy(grown, vmtest.block, vmtest.nr_blocks * sizeof(*grown));
	vfree(vmtest.block);
	vmtest.block = grown;
	vmtest.room = wanted;
	return 0;
}

static int append_block(struct page *page, enum vmtest_kind kind,
			unsigned int order, u32 nr_pages)
{
	struct vmtest_block_ser *block;
	int err = make_room(vmtest.nr_blocks + 1);

	if (err)
		return complain(err, "no memory for the list", 0);
	block = &vmtest.block[vmtest.nr_blocks];
	*block = (struct vmtest_block_ser){
		.phys = page_to_phys(page),
		.nr_pages = nr_pages,
		.order = order,
		.kind = kind,
	};
	fill_block(block);
	err = preserve_block(block);
	if (err)
		return complain(err, "cannot preserve", block->phys);
	vmtest.nr_blocks++;
	return 0;
}

/* --- pages that cannot be preserved */

static bool has_byte(struct page *page, unsigned int order, unsigned long phys)
{
	return PHYS_PFN(phys) - page_to_pfn(page) < 1UL << order;
}

/* A block that cannot be preserved is kept until the module goes, and so is not had again. */
static bool put_aside(struct page *page, unsigned int order)
{
	if (!has_byte(page, order, last) && !has_byte(page, order, note))
		return false;
	vmtest.aside[vmtest.nr_aside] = page;
	vmtest.aside_order[vmtest.nr_aside++] = order;
	return true;
}

/* --- the table that travels */

static void *alloc_preserved_page(void)
{
	struct page *page;

	do
		page = alloc_page(GFP_KERNEL | __GFP_ZERO);
	while (page && put_aside(page, 0));
	if (!page)
		return NULL;
	if (kho_preserve_folio(page_folio(page))) {
		__free_page(page);
		return NULL;
	}
	return page_address(page);
}

static void free_preserved_page(void *addr)
{
	kho_unpreserve_folio(virt_to_folio(addr));
	free_page((unsigned long)addr);
}

static void unpublish(void)
{
	struct vmtest_root_ser *root = vmtest.root;
	struct vmtest_table_ser *table;
	u64 phys;

	if (!root)
		return;
	kho_remove_subtree(root);
	for (phys = root->first_table_phys; phys;) {
		table = phys_to_virt(phys);
		phys = table->next_phys;
		free_preserved_page(table);
	}
	free_preserved_page(root);
	vmtest.root = NULL;
}

static int write_tables(struct vmtest_root_ser *root)
{
	struct vmtest_table_ser *table = NULL;
	unsigned long i;

	for (i = 0; i < vmtest.nr_blocks; i++) {
		if (!table || table->nr_rows == VMTEST_ROWS) {
			table = alloc_preserved_page();
			if (!table)
				return -ENOMEM;
			table->next_phys = root->first_table_phys;
			root->first_table_phys = virt_to_phys(table);
		}
		table->row[table->nr_rows++] = vmtest.block[i];
		root->nr_pages += vmtest.block[i].nr_pages;
	}
	root->nr_blocks = vmtest.nr_blocks;
	return 0;
}

/* (Re)write the table of everything that is preserved now. */
static int publish(void)
{
	struct vmtest_root_ser *root;
	int err;

	unpublish();
	root = alloc_preserved_page();
	if (!root)
		return complain(-ENOMEM, "cannot preserve the root", 0);
	root->magic = VMTEST_MAGIC;
	root->seed = vmtest.seed;
	err = write_tables(root);
	if (err)
		return complain(err, "cannot preserve the table", 0);
	err = kho_add_subtree(VMTEST_SUBTREE, root, sizeof(*root));
	if (err)
		return complain(err, "cannot add the subtree",
				virt_to_phys(root));
	vmtest.root = root;
	vmtest.preserved = true;
	return 0;
}

/* --- save */

/* From all nodes in turn. */
static struct page *alloc_anywhere(gfp_t gfp, unsigned int order)
{
	static int nid = MAX_NUMNODES;
	struct page *page;

	nid = next_node_in(nid, node_states[N_MEMORY]);
	if (random_below(4) == 0)
		gfp |= GFP_DMA32;
	do
		page = alloc_pages_node(nid, gfp | __GFP_NOWARN, order);
	while (page && put_aside(page, order));
	return page;
}

static int save_folio(unsigned int order)
{
	struct page *page = alloc_anywhere(GFP_KERNEL | __GFP_COMP, order);
	int err;

	if (!page)
		return complain(-ENOMEM, "cannot allocate a folio", order);
	err = append_block(page, VMTEST_FOLIO, order, 1U << order);
	if (err)
		__free_pages(page, order);
	return err;
}

/* A range of pages that is not a power of two long, unless by chance. */
static int save_pages(unsigned int order)
{
	struct page *page = alloc_anywhere(GFP_KERNEL, order);
	u32 nr_pages, i;
	int err;

	if (!page)
		return complain(-ENOMEM, "cannot allocate pages", order);
	split_page(page, order);
	nr_pages = 1 + random_below(1U << order);
	for (i = nr_pages; i < 1U << order; i++)
		__free_page(page + i);
	err = append_block(page, VMTEST_PAGES, 0, nr_pages);
	for (i = 0; err && i < nr_pages; i++)
		__free_page(page + i);
	return err;
}

static int save_mixed(u64 bytes)
{
	u64 done = 0;
	int err;

	while (done < bytes) {
		unsigned int order = random_below(VMTEST_MAX_ORDER + 1);

		if (random_below(2))
			err = save_folio(order);
		else
			err = save_pages(order);
		if (err)
			return err;
		done += vmtest.block[vmtest.nr_blocks - 1].nr_pages * PAGE_SIZE;
	}
	return 0;
}

/*
 * Single pages that are far from each other: fill most of memory, keep each so
 * manieth page of it.
 */
static unsigned long take_memory(struct list_head *taken)
{
	unsigned long wanted = si_mem_available() / 10 * 7, nr = 0;
	struct page *page;

	while (nr < wanted) {
		page = alloc_anywhere(GFP_KERNEL | __GFP_NORETRY, 0);
		if (!page)
			break;
		list_add_tail(&page->lru, taken);
		nr++;
		cond_resched();
	}
	return nr;
}

static int save_isolated(unsigned long wanted)
{
	unsigned long taken_pages, kept = 0, seen = 0;
	struct page *page, *next;
	LIST_HEAD(taken);
	int err = 0;

	taken_pages = take_memory(&taken);
	list_for_each_entry_safe(page, next, &taken, lru) {
		bool keep = kept * taken_pages < seen++ * wanted;

		list_del(&page->lru);
		if (keep && !err)
			err = append_block(page, VMTEST_FOLIO, 0, 1);
		if (keep && !err)
			kept++;
		else
			__free_page(page);
		cond_resched();
	}
	if (!err && kept + 1 < wanted)
		err = complain(-ENOMEM, "too few pages, kept", kept);
	return err;
}

static int run_save(const char *args)
{
	unsigned long long mib, pages, seed;
	int err;

	if (sscanf(args, "%llu %llu %llu", &mib, &pages, &seed) != 3)
		return complain(-EINVAL, "usage: save MIB PAGES SEED", 0);
	if (vmtest.nr_blocks && !vmtest.preserved)
		return complain(-EBUSY, "restored blocks are held", 0);
	if (!vmtest.nr_blocks)
		vmtest.seed = seed;
	vmtest.random = seed;
	vmtest.preserved = true;
	err = save_mixed(mib * SZ_1M);
	if (!err)
		err = save_isolated(pages);
	return err ?: publish();
}

/* --- unpreserve, recycle */

static void drop_block(const struct vmtest_block_ser *block)
{
	memset(phys_to_virt(block->phys), 0x5a, block->nr_pages * PAGE_SIZE);
	free_block(block);
}

static int run_unpreserve(const char *args)
{
	unsigned long i, kept = 0, nr_pages = 0;
	unsigned int percent;

	if (kstrtouint(args, 0, &percent) || !vmtest.preserved)
		return complain(-EINVAL, "nothing saved, or no percentage", 0);
	for (i = 0; i < vmtest.nr_blocks; i++) {
		struct vmtest_block_ser block = vmtest.block[i];

		if (random_below(100) >= percent) {
			vmtest.block[kept++] = block;
			continue;
		}
		unpreserve_block(&block);
		drop_block(&block);
		nr_pages += block.nr_pages;
	}
	vmtest.nr_blocks = kept;
	snprintf(vmtest.result, sizeof(vmtest.result), "%lu",
		 nr_pages * PAGE_SIZE);
	return publish();
}

static int run_recycle(const char *args)
{
	unsigned long i, kept = 0;
	unsigned int percent;
	int err;

	if (kstrtouint(args, 0, &percent) || vmtest.preserved)
		return complain(-EINVAL, "nothing restored, or no percentage",
				0);
	for (i = 0; i < vmtest.nr_blocks; i++) {
		struct vmtest_block_ser block = vmtest.block[i];

		if (random_below(100) >= percent) {
			drop_block(&block);
			continue;
		}
		err = preserve_block(&block);
		if (err)
			return complain(err, "cannot preserve again",
					block.phys);
		vmtest.block[kept++] = block;
	}
	vmtest.nr_blocks = kept;
	return kept ? publish() : 0;
}

static int run_pick(const char *args)
{
	unsigned int order;
	unsigned long i;
	char kind[8];

	if (sscanf(args, "%7s %u", kind, &order) != 2)
		return complain(-EINVAL, "usage: pick KIND ORDER", 0);
	for (i = 0; i < vmtest.nr_blocks; i++) {
		const struct vmtest_block_ser *block = &vmtest.block[i];

		if (strcmp(kind, "folio") ?
			    block->kind == VMTEST_FOLIO ||
				    block->nr_pages < 1U << order :
			    block->kind != VMTEST_FOLIO ||
				    block->order != order)
			continue;
		snprintf(vmtest.result, sizeof(vmtest.result), "%#llx",
			 block->phys + (block->nr_pages - 1) * PAGE_SIZE);
		return 0;
	}
	return complain(-ENOENT, "no such block", order);
}

/* --- restore */

static int check_folio(const struct folio *folio, unsigned int order)
{
	struct page *head = (struct page *)&folio->page;
	u64 phys = page_to_phys(head);
	unsigned int i;

	if (folio_order((struct folio *)folio) != order)
		return complain(-EIO, "order differs", phys);
	if (page_ref_count(head) != 1)
		return complain(-EIO, "head is not referenced once", phys);
	if (order && !PageHead(head))
		return complain(-EIO, "not the head of a folio", phys);
	for (i = 0; i < 1U << order; i++) {
		if (PageReserved(head + i))
			return complain(-EIO, "still reserved", phys);
		if (i && page_ref_count(head + i))
			return complain(-EIO, "tail is referenced", phys);
		if (page_folio(head + i) != folio)
			return complain(-EIO, "tail of another folio", phys);
	}
	return 0;
}

static int check_pages(struct page *page, u32 nr_pages)
{
	u32 i;

	for (i = 0; i < nr_pages; i++) {
		u64 phys = page_to_phys(page + i);

		if (page_ref_count(page + i) != 1)
			return complain(-EIO, "page is not referenced once",
					phys);
		if (PageReserved(page + i) || PageCompound(page + i))
			return complain(-EIO, "page is not a plain one", phys);
	}
	return 0;
}

static int check_contents(const struct vmtest_block_ser *block)
{
	u32 i;

	for (i = 0; i < block->nr_pages; i++)
		if (!page_intact(block->phys + i * PAGE_SIZE))
			return complain(-EIO, "contents differ",
					block->phys + i * PAGE_SIZE);
	return 0;
}

static int restore_folio(const struct vmtest_block_ser *block)
{
	u64 tail = block->phys + PAGE_SIZE;
	struct folio *folio;

	if (!VMTEST_NATIVE && block->order && kho_restore_folio(tail))
		return complain(-EIO, "tail was restored as a folio", tail);
	folio = kho_restore_folio(block->phys);
	if (!folio)
		return complain(-ENOENT, "folio is not restored", block->phys);
	if (!VMTEST_NATIVE && kho_restore_folio(block->phys))
		return complain(-EIO, "folio is restored twice", block->phys);
	if (page_to_phys(&folio->page) != block->phys)
		return complain(-EIO, "another folio is restored", block->phys);
	return check_folio(folio, block->order);
}

static int restore_pages(const struct vmtest_block_ser *block)
{
	struct page *page = kho_restore_pages(block->phys, block->nr_pages);

	if (!page)
		return complain(-ENOENT, "pages are not restored", block->phys);
	if (!VMTEST_NATIVE && kho_restore_pages(block->phys, block->nr_pages))
		return complain(-EIO, "pages are restored twice", block->phys);
	if (page_to_phys(page) != block->phys)
		return complain(-EIO, "other pages are restored", block->phys);
	return check_pages(page, block->nr_pages);
}

static bool block_is_bad(const struct vmtest_block_ser *block)
{
	u32 i;

	for (i = 0; i < block->nr_pages; i++)
		if (PageHWPoison(block_page(block) + i))
			return true;
	return false;
}

static bool grab_block(const struct vmtest_block_ser *block)
{
	return block->kind == VMTEST_FOLIO ?
		       !!kho_restore_folio(block->phys) :
		       !!kho_restore_pages(block->phys, block->nr_pages);
}

/* Of a block that has a bad page nobody gets anything. */
static int refuses_bad_block(const struct vmtest_block_ser *block)
{
	if (grab_block(block))
		return complain(-EIO, "a bad page is restored", block->phys);
	return block_is_bad(block) ?
		       0 :
		       complain(-EIO, "a bad page became good", block->phys);
}

static int restore_block(const struct vmtest_block_ser *block)
{
	int err;

	if (block->kind == VMTEST_FOLIO)
		err = restore_folio(block);
	else
		err = restore_pages(block);
	return err ?: check_contents(block);
}

static void count_bad(const struct vmtest_block_ser *block)
{
	vmtest.nr_bad += block->nr_pages;
	vmtest.nr_bad_blocks++;
}

/* Take over one page of the table; the next one's address is left in @phys. */
static int restore_table(u64 *phys, bool note)
{
	struct vmtest_table_ser *table;
	unsigned int i;
	int err;

	if (!kho_restore_folio(*phys))
		return complain(-ENOENT, "table is not restored", *phys);
	table = phys_to_virt(*phys);
	err = make_room(vmtest.nr_blocks + table->nr_rows);
	for (i = 0; !err && i < table->nr_rows; i++) {
		const struct vmtest_block_ser *block = &table->row[i];

		cond_resched();
		if (!VMTEST_NATIVE && block_is_bad(block)) {
			err = refuses_bad_block(block);
			count_bad(block);
			continue;
		}
		err = note ? 0 : restore_block(block);
		if (err == -ENOENT && vmtest.nr_missing) {
			vmtest.nr_missing--;
			count_bad(block);
			err = 0;
			continue;
		}
		if (!err)
			vmtest.block[vmtest.nr_blocks++] = *block;
	}
	*phys = table->next_phys;
	free_page((unsigned long)table);
	return err;
}

/* An address that no one preserved must not be restored. */
static int check_stranger(void)
{
	struct page *page;
	int err = 0;

	if (VMTEST_NATIVE)
		return 0;
	page = alloc_page(GFP_KERNEL);
	if (!page)
		return complain(-ENOMEM, "no page", 0);
	if (kho_restore_folio(page_to_phys(page)) ||
	    kho_restore_pages(page_to_phys(page), 1))
		err = complain(-EIO, "a page of this kernel is restored",
			       page_to_phys(page));
	__free_page(page);
	return err;
}

/* All that came in: restored, or with @note only noted. */
static int restore_all(const struct vmtest_root_ser *root, bool note)
{
	u64 phys = root->first_table_phys, pages;
	unsigned long i;
	int err = 0;

	vmtest.nr_bad = 0;
	vmtest.nr_bad_blocks = 0;
	vmtest.seed = root->seed;
	vmtest.random = root->seed;
	while (!err && phys)
		err = restore_table(&phys, note);
	pages = vmtest.nr_bad;
	for (i = 0; i < vmtest.nr_blocks; i++)
		pages += vmtest.block[i].nr_pages;
	if (!err &&
	    (vmtest.nr_blocks + vmtest.nr_bad_blocks != root->nr_blocks ||
	     pages != root->nr_pages))
		err = complain(-EIO, "blocks are missing", vmtest.nr_blocks);
	if (!err)
		snprintf(vmtest.result, sizeof(vmtest.result),
			 "%lu blocks, %llu pages", vmtest.nr_blocks, pages);
	return err;
}

static int take_over(bool note)
{
	struct vmtest_root_ser *root;
	phys_addr_t phys;
	size_t size;
	int err;

	if (vmtest.nr_blocks)
		return complain(-EBUSY, "blocks are held", 0);
	err = kho_retrieve_subtree(VMTEST_SUBTREE, &phys, &size);
	if (err)
		return complain(err, "cannot retrieve the subtree", 0);
	if (size != sizeof(*root))
		return complain(-EIO, "size of the blob", size);
	if (!kho_restore_folio(phys))
		return complain(-ENOENT, "root is not restored", phys);
	root = phys_to_virt(phys);
	err = root->magic == VMTEST_MAGIC ?
		      check_stranger() :
		      complain(-EIO, "magic of the root", root->magic);
	if (!err)
		err = restore_all(root, note);
	free_page((unsigned long)root);
	return err;
}

static int run_restore(const char *args)
{
	int err;

	vmtest.nr_missing = 0;
	if (*args && *args != '\n' && kstrtoul(args, 0, &vmtest.nr_missing))
		return complain(-EINVAL, "usage: restore [MISSING]", 0);
	err = take_over(false);
	if (!err && vmtest.nr_missing)
		err = complain(-EIO, "blocks that must not be there, left",
			       vmtest.nr_missing);
	return err;
}

/* --- restoring in many threads */

/**
 * struct race - threads that all want to restore every block
 * @winners: for each block, how many got it
 * @running: threads that are not done
 * @done: none is running
 */
static struct race {
	atomic_t *winners;
	atomic_t running;
	struct completion done;
} race;

static int run_racer(void *unused)
{
	unsigned long i;
	spinlock_t lock; /* held around each restore, as some clients do */

	spin_lock_init(&lock);
	for (i = 0; i < vmtest.nr_blocks; i++) {
		spin_lock(&lock);
		if (grab_block(&vmtest.block[i]))
			atomic_inc(&race.winners[i]);
		spin_unlock(&lock);
		cond_resched();
	}
	if (atomic_dec_and_test(&race.running))
		complete(&race.done);
	return 0;
}

static int start_racers(unsigned int nr)
{
	unsigned int i;
	int err = 0;

	init_completion(&race.done);
	atomic_set(&race.running, nr + 1);
	for (i = 0; i < nr; i++) {
		struct task_struct *t =
			kthread_run(run_racer, NULL, "vmtest-race-%u", i);

		if (IS_ERR(t)) {
			atomic_dec(&race.running);
			err = complain(PTR_ERR(t), "cannot start thread", i);
		}
	}
	if (!atomic_dec_and_test(&race.running))
		wait_for_completion(&race.done);
	return err;
}

/* Two that want one range at the same time may both be refused: then it still waits. */
static int check_won(unsigned long i)
{
	const struct vmtest_block_ser *block = &vmtest.block[i];
	int winners = atomic_read(&race.winners[i]);
	int err;

	if (winners > 1)
		return complain(-EIO, "restored more than once", block->phys);
	if (!winners)
		return restore_block(block);
	if (block->kind == VMTEST_FOLIO)
		err = check_folio(page_folio(block_page(block)), block->order);
	else
		err = check_pages(block_page(block), block->nr_pages);
	return err ?: check_contents(block);
}

static int run_race(const char *args)
{
	unsigned long i;
	unsigned int nr;
	int err;

	if (kstrtouint(args, 0, &nr) || !nr || VMTEST_NATIVE)
		return complain(-EINVAL, "usage: race THREADS", 0);
	vmtest.nr_missing = 0;
	err = take_over(true);
	if (err)
		return err;
	race.winners =
		vzalloc(array_size(vmtest.nr_blocks, sizeof(*race.winners)));
	if (!race.winners)
		return complain(-ENOMEM, "no memory for the list", 0);
	err = start_racers(nr);
	for (i = 0; !err && i < vmtest.nr_blocks; i++)
		err = check_won(i);
	vfree(race.winners);
	return err;
}

/* --- what can be seen without restoring */

static int run_where(const char *args)
{
	if (!vmtest.root)
		return complain(-ENOENT, "nothing is saved", 0);
	snprintf(vmtest.result, sizeof(vmtest.result), "%#llx",
		 (u64)virt_to_phys(vmtest.root));
	return 0;
}

/* Nobody may have been given a page of it, nor written to it. */
static int inspect_page(u64 phys)
{
	if (!pfn_valid(PHYS_PFN(phys)) ||
	    !PageReserved(pfn_to_page(PHYS_PFN(phys))))
		return complain(-EIO, "page is not reserved", phys);
	return 0;
}

static int inspect_block(const struct vmtest_block_ser *block)
{
	int err = 0;
	u32 i;

	for (i = 0; !err && i < block->nr_pages; i++)
		err = inspect_page(block->phys + i * PAGE_SIZE);
	return err ?: check_contents(block);
}

static int run_inspect(const char *args)
{
	const struct vmtest_table_ser *table;
	const struct vmtest_root_ser *root;
	u64 phys, nr = 0;
	u32 i;
	int err;

	if (kstrtou64(args, 0, &phys))
		return complain(-EINVAL, "usage: inspect PHYS", 0);
	err = inspect_page(phys);
	if (err)
		return err;
	root = phys_to_virt(phys);
	if (root->magic != VMTEST_MAGIC)
		return complain(-EIO, "magic of the root", root->magic);
	vmtest.seed = root->seed;
	for (phys = root->first_table_phys; phys; phys = table->next_phys) {
		err = inspect_page(phys);
		table = phys_to_virt(phys);
		for (i = 0; !err && i < table->nr_rows; i++, nr++)
			err = inspect_block(&table->row[i]);
		if (err)
			return err;
		cond_resched();
	}
	return nr == root->nr_blocks ? 0 :
				       complain(-EIO, "blocks are missing", nr);
}

/* --- misuse, damage */

static int expect(const char *what, int err, int wanted)
{
	return err == wanted ? 0 : complain(-EIO, what, -err);
}

static int misuse_subtrees(void *blob)
{
	phys_addr_t phys;
	int err;

	err = expect("retrieve without a place for the answer",
		     kho_retrieve_subtree(VMTEST_SUBTREE, NULL, NULL), -EINVAL);
	if (!err)
		err = expect("retrieve an unknown subtree",
			     kho_retrieve_subtree("nobody", &phys, NULL),
			     -ENOENT);
	if (!err)
		err = expect("add a subtree",
			     kho_add_subtree("vmtest-misuse", blob, 8), 0);
	if (!err)
		err = expect("add a subtree of the same name",
			     kho_add_subtree("vmtest-misuse", blob, 8),
			     -EEXIST);
	kho_remove_subtree(blob);
	return err;
}

static int run_misuse(const char *args)
{
	void *blob = alloc_preserved_page();
	int err;

	if (!blob)
		return complain(-ENOMEM, "no page", 0);
	err = expect("preserve a page below 1 MiB",
		     kho_preserve_pages(pfn_to_page(PHYS_PFN(SZ_64K)), 1),
		     -EINVAL);
	if (!err)
		err = expect(
			"preserve a range that starts below 1 MiB",
			kho_preserve_pages(pfn_to_page(PHYS_PFN(SZ_1M) - 1), 2),
			-EINVAL);
	if (!err)
		err = expect("preserve the last page of RAM",
			     kho_preserve_pages(pfn_to_page(PHYS_PFN(last)), 1),
			     -EINVAL);
	if (!err)
		err = misuse_subtrees(blob);
	free_preserved_page(blob);
	return err;
}

static int word_of_memory(u64 phys, u64 **word)
{
	if (phys % sizeof(**word) || !pfn_valid(PHYS_PFN(phys)))
		return complain(-EINVAL, "no word of memory", phys);
	*word = phys_to_virt(phys);
	return 0;
}

static int run_xor(const char *args)
{
	u64 phys, bits, *word;
	int err;

	if (sscanf(args, "%lli %lli", &phys, &bits) != 2)
		return complain(-EINVAL, "usage: xor PHYS BITS", 0);
	err = word_of_memory(phys, &word);
	if (!err)
		*word ^= bits;
	return err;
}

static int run_peek(const char *args)
{
	u64 phys, *word;
	int err;

	if (kstrtou64(args, 0, &phys))
		return complain(-EINVAL, "usage: peek PHYS", 0);
	err = word_of_memory(phys, &word);
	if (!err)
		snprintf(vmtest.result, sizeof(vmtest.result), "%#llx", *word);
	return err;
}

static int run_sum(const char *args)
{
	u64 phys, bytes, sum = 0, i;
	const u8 *from;

	if (sscanf(args, "%lli %lli", &phys, &bytes) != 2)
		return complain(-EINVAL, "usage: sum PHYS BYTES", 0);
	from = memremap(phys, bytes, MEMREMAP_WB);
	if (!from)
		return complain(-ENOMEM, "cannot map", phys);
	for (i = 0; i < bytes; i++)
		sum = mix(sum + from[i] + 1);
	memunmap((void *)from);
	snprintf(vmtest.result, sizeof(vmtest.result), "%#llx", sum);
	return 0;
}

static int run_reserved(const char *args)
{
	u64 phys;

	if (kstrtou64(args, 0, &phys))
		return complain(-EINVAL, "usage: reserved PHYS", 0);
	return inspect_page(phys);
}

static int run_bad(const char *args)
{
	u64 phys;
	int err;

	if (kstrtou64(args, 0, &phys))
		return complain(-EINVAL, "usage: bad PHYS", 0);
	err = inspect_page(phys);
	if (!err && !PageHWPoison(pfn_to_page(PHYS_PFN(phys))))
		err = complain(-EIO, "page is not bad", phys);
	return err;
}

static int run_refuses(const char *args)
{
	struct page *page;
	u64 phys;
	int err;

	if (kstrtou64(args, 0, &phys))
		return complain(-EINVAL, "usage: refuses PHYS", 0);
	page = pfn_to_online_page(PHYS_PFN(phys));
	if (!page)
		return complain(-ENOENT, "no memory at %#llx", phys);
	err = kho_preserve_pages(page, 1);
	if (!err)
		kho_unpreserve_pages(page, 1);
	return err == -EINVAL ?
		       0 :
		       complain(-EILSEQ, "was not refused: %#llx", phys);
}

/* Looks at memory that is anybody's, or nobody's. */
static noinline __no_sanitize_address u64 damage_page(struct page *page,
						      u64 wanted)
{
	u64 *word = page_address(page);

	if (word[0] != wanted)
		return 0;
	word[PAGE_SIZE / sizeof(*word) - 1] ^= 1;
	return 1;
}

/* One page has the blobs of all of them. */
static unsigned long *crowd;
static unsigned int nr_crowd;

static int crowd_add(void)
{
	char name[16];

	snprintf(name, sizeof(name), "crowd-%u", nr_crowd);
	return kho_add_subtree(name, crowd + nr_crowd, sizeof(*crowd));
}

static int run_crowd(const char *args)
{
	unsigned int left;
	int err = 0;

	if (kstrtouint(args, 0, &left))
		return complain(-EINVAL, "usage: crowd NUMBER", 0);
	if (!crowd) {
		crowd = kho_alloc_preserve(PAGE_SIZE);
		if (IS_ERR(crowd))
			return complain(-ENOMEM, "no page", 0);
	}
	while (!err && nr_crowd < PAGE_SIZE / sizeof(*crowd)) {
		err = crowd_add();
		nr_crowd += !err;
	}
	if (err != -ENOSPC)
		return complain(-EIO, "the root FDT is not full", -err);
	while (nr_crowd > left)
		kho_remove_subtree(crowd + --nr_crowd);
	if (!nr_crowd) {
		kho_unpreserve_free(crowd);
		crowd = NULL;
	}
	return 0;
}

static int run_damage(const char *args)
{
	struct resource *res;
	u64 wanted, nr = 0;
	unsigned long pfn;

	if (kstrtou64(args, 0, &wanted))
		return complain(-EINVAL, "usage: damage WORD", 0);
	for (res = iomem_resource.child; res; res = res->sibling) {
		if ((res->flags & IORESOURCE_SYSTEM_RAM) !=
		    IORESOURCE_SYSTEM_RAM)
			continue;
		for (pfn = PFN_UP(max_t(u64, res->start, SZ_1M));
		     pfn < PHYS_PFN(res->end + 1); pfn++)
			nr += damage_page(pfn_to_page(pfn), wanted);
		cond_resched();
	}
	return nr ? 0 : complain(-ENOENT, "no page starts with", wanted);
}

/* --- commands */

static const struct {
	const char *name;
	int (*run)(const char *args);
} commands[] = {
	{ "save", run_save },	      { "unpreserve", run_unpreserve },
	{ "restore", run_restore },   { "recycle", run_recycle },
	{ "misuse", run_misuse },     { "xor", run_xor },
	{ "peek", run_peek },	      { "damage", run_damage },
	{ "where", run_where },	      { "inspect", run_inspect },
	{ "refuses", run_refuses },   { "sum", run_sum },
	{ "reserved", run_reserved }, { "pick", run_pick },
	{ "race", run_race },	      { "bad", run_bad },
	{ "crowd", run_crowd },
};

static int vmtest_run(const char *val, const struct kernel_param *kp)
{
	size_t i, len = strcspn(val, "\n ");
	const char *args = val + len + (val[len] == ' ');

	snprintf(vmtest.result, sizeof(vmtest.result), "done");
	for (i = 0; i < ARRAY_SIZE(commands); i++)
		if (strlen(commands[i].name) == len &&
		    !strncmp(val, commands[i].name, len))
			return commands[i].run(args);
	return complain(-EINVAL, "unknown command", 0);
}

static int vmtest_result(char *buffer, const struct kernel_param *kp)
{
	return scnprintf(buffer, PAGE_SIZE, "%s\n", vmtest.result);
}

static const struct kernel_param_ops run_ops = { .set = vmtest_run };
static const struct kernel_param_ops result_ops = { .get = vmtest_result };

module_param_cb(run, &run_ops, NULL, 0200);
MODULE_PARM_DESC(run, "a command; see the head of kho_vmtest.c");
module_param_cb(result, &result_ops, NULL, 0400);
MODULE_PARM_DESC(result, "what became of the last command");

static int __init vmtest_init(void)
{
	return 0;
}
module_init(vmtest_init);

static void __exit vmtest_exit(void)
{
	unsigned long i;

	unpublish();
	for (i = 0; i < vmtest.nr_blocks; i++) {
		if (vmtest.preserved)
			unpreserve_block(&vmtest.block[i]);
		drop_block(&vmtest.block[i]);
	}
	vfree(vmtest.block);
	while (vmtest.nr_aside--)
		__free_pages(vmtest.aside[vmtest.nr_aside],
			     vmtest.aside_order[vmtest.nr_aside]);
}
module_exit(vmtest_exit);

MODULE_DESCRIPTION("Client of kexec handover for the test bed");
MODULE_LICENSE("GPL");
