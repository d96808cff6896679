// SPDX-License-Identifier: GPL-2.0
/*
 * Self-tests of the in-kernel interface, run when the module is loaded; loading fails with the
 * first check that fails, which the log names. What a previous run left for this kernel is
 * checked first. With leave=1 something of everything is left for the next kernel; it is taken
 * back on removal, unless forget=1 (a set of blocks is even then: what it is made of beside the
 * preserved memory would be lost).
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kexec_handover.h>
#include <linux/kho_block.h>
#include <linux/kho_radix_tree.h>

#include <linux/completion.h>
#include <linux/io.h>
#include <linux/kthread.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/page-flags.h>
#include <linux/pgtable.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#define MAX_BUDDY_ORDER ilog2(MAX_ORDER_NR_PAGES)
#define SUBTREE "kho-selftest"

static bool leave;
module_param(leave, bool, 0444);
MODULE_PARM_DESC(leave, "leave something of everything for the next kernel");

static bool forget;
module_param(forget, bool, 0644);
MODULE_PARM_DESC(
	forget,
	"do not take back on removal what was left, but for block sets");

static unsigned long border;
module_param(border, ulong, 0444);
MODULE_PARM_DESC(
	border,
	"leave the pages around this physical address, where a NUMA node starts");

#define CHECK(condition)                                              \
	do {                                                          \
		if (!(condition)) {                                   \
			pr_err("%s, line %d: failed: %s\n", __func__, \
			       __LINE__, #condition);                 \
			return -EIO;                                  \
		}                                                     \
	} while (0)

#define TRY(call)                    \
	do {                         \
		int err_ = call;     \
		if (err_)            \
			return err_; \
	} while (0)

static u64 mix(u64 x)
{
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ x >> 27) * 0x94d049bb133111ebULL;
	return x ^ x >> 31;
}

static void fill(void *at, size_t bytes, u64 seed)
{
	u64 *word = at;
	size_t i;

	for (i = 0; i < bytes / sizeof(*word); i++)
		word[i] = mix(seed + i);
}

static bool is_filled(const void *at, size_t bytes, u64 seed)
{
	const u64 *word = at;
	size_t i;

	for (i = 0; i < bytes / sizeof(*word); i++)
		if (word[i] != mix(seed + i))
			return false;
	return true;
}

/* ------------------------------------------------------------ preserving, restoring, errors */

static int test_alloc(void)
{
	static const size_t sizes[] = { 1, PAGE_SIZE, PAGE_SIZE + 1, SZ_1M,
					PAGE_SIZE << MAX_BUDDY_ORDER };
	unsigned int i;
	void *mem;

	CHECK(PTR_ERR(kho_alloc_preserve(0)) == -EINVAL);
	CHECK(PTR_ERR(kho_alloc_preserve(SIZE_MAX)) == -E2BIG);
	CHECK(PTR_ERR(kho_alloc_preserve((PAGE_SIZE << MAX_BUDDY_ORDER) + 1)) ==
	      -E2BIG);
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		mem = kho_alloc_preserve(sizes[i]);
		CHECK(!IS_ERR(mem));
		CHECK(!memchr_inv(mem, 0, PAGE_SIZE << get_order(sizes[i])));
		CHECK(folio_order(virt_to_folio(mem)) == get_order(sizes[i]));
		CHECK(!kho_restore_folio(virt_to_phys(mem)));
		kho_unpreserve_free(mem);
	}
	kho_unpreserve_free(NULL);
	kho_restore_free(NULL);
	return 0;
}

static int test_preserve_errors(void)
{
	struct page *page = alloc_pages(GFP_KERNEL | __GFP_COMP, 2);

	CHECK(page);
	CHECK(kho_preserve_folio(NULL) == -EINVAL);
	CHECK(kho_preserve_pages(NULL, 1) == -EINVAL);
	CHECK(kho_preserve_pages(page, 0) == -EINVAL);
	CHECK(kho_preserve_pages(page, ULONG_MAX) == -EINVAL);
	CHECK(kho_preserve_pages(page, 1UL << 51) == -EINVAL);
	CHECK(kho_preserve_pages(page, 1UL << 36) == -EINVAL);
	kho_unpreserve_pages(NULL, 1);
	kho_unpreserve_folio(NULL);
	/* Not preserved, or not like this: nothing changes. */
	kho_unpreserve_folio(page_folio(page));
	CHECK(!kho_preserve_folio(page_folio(page)));
	CHECK(!kho_preserve_folio(page_folio(page)));
	kho_unpreserve_pages(page, 1);
	kho_unpreserve_folio(page_folio(page));
	__free_pages(page, 2);
	return 0;
}

/* Blocks of different sizes that share a page, whichever came first. */
static int test_overlap(void)
{
	struct page *page = alloc_pages(GFP_KERNEL | __GFP_COMP, 4);

	CHECK(page);
	CHECK(!kho_preserve_folio(page_folio(page)));
	CHECK(kho_preserve_pages(page, 1) == -EEXIST);
	CHECK(kho_preserve_pages(page + 5, 3) == -EEXIST);
	CHECK(kho_preserve_pages(page + 15, 1) == -EEXIST);
	CHECK(!kho_preserve_pages(page, 16));
	kho_unpreserve_folio(page_folio(page));
	CHECK(!kho_preserve_pages(page + 5, 3));
	CHECK(kho_preserve_folio(page_folio(page)) == -EEXIST);
	/* The first of its blocks is free, the last is not. */
	CHECK(kho_preserve_pages(page, 7) == -EEXIST);
	CHECK(!kho_preserve_pages(page, 5));
	kho_unpreserve_pages(page, 5);
	kho_unpreserve_pages(page + 5, 3);
	CHECK(!kho_preserve_folio(page_folio(page)));
	kho_unpreserve_folio(page_folio(page));
	__free_pages(page, 4);
	return 0;
}

static int test_restore_errors(void)
{
	struct page *page = alloc_page(GFP_KERNEL);
	phys_addr_t phys;

	CHECK(page);
	phys = page_to_phys(page);
	CHECK(!kho_restore_folio(phys));
	CHECK(!kho_restore_folio(phys + 1));
	CHECK(!kho_restore_folio(phys + 512));
	CHECK(!kho_restore_folio(0));
	CHECK(!kho_restore_folio(~0ULL & PAGE_MASK));
	CHECK(!kho_restore_folio(1ULL << 45));
	CHECK(!kho_restore_pages(phys, 0));
	CHECK(!kho_restore_pages(phys, 1));
	CHECK(!kho_restore_pages(phys + 8, 1));
	CHECK(!kho_restore_pages(phys, ULONG_MAX));
	CHECK(!kho_restore_pages(1ULL << 45, 1));
	kho_restore_free(page_address(page));
	CHECK(page_count(page) == 1);
	__free_page(page);
	return 0;
}

/* --------------------------------------------------------------------------------- subtrees */

#define MAX_NAMES 128

static int fill_root_fdt(void *blob, unsigned int *nr)
{
	char name[16];
	int err = 0;

	for (*nr = 0; !err && *nr < MAX_NAMES; (*nr)++) {
		snprintf(name, sizeof(name), "fill-%u", *nr);
		err = kho_add_subtree(name, blob + *nr, 1);
	}
	--*nr;
	return err;
}

static int test_subtrees(void)
{
	char long_name[65] = { [0 ... 63] = 'x' };
	void *blob = kho_alloc_preserve(PAGE_SIZE);
	unsigned int nr, i;
	phys_addr_t phys;

	CHECK(!IS_ERR(blob));
	CHECK(kho_add_subtree(NULL, blob, 1) == -EINVAL);
	CHECK(kho_add_subtree("", blob, 1) == -EINVAL);
	CHECK(kho_add_subtree("a/b", blob, 1) == -EINVAL);
	CHECK(kho_add_subtree(long_name, blob, 1) == -EINVAL);
	CHECK(kho_add_subtree("selftest", NULL, 1) == -EINVAL);
	CHECK(kho_add_subtree("selftest", blob, 0) == -EINVAL);
	CHECK(!kho_add_subtree("selftest", blob, 1));
	CHECK(kho_add_subtree("selftest", blob, 1) == -EEXIST);
	/* What is added here is not what came in. */
	CHECK(kho_retrieve_subtree("selftest", &phys, NULL) == -ENOENT);
	CHECK(kho_retrieve_subtree(NULL, &phys, NULL) == -EINVAL);
	CHECK(kho_retrieve_subtree("selftest", NULL, NULL) == -EINVAL);
	kho_remove_subtree(blob + 1);
	kho_remove_subtree(NULL);
	CHECK(kho_add_subtree("selftest", blob + 2, 1) == -EEXIST);
	kho_remove_subtree(blob);
	kho_remove_subtree(blob);
	CHECK(!kho_add_subtree("selftest", blob + 2, 1));
	kho_remove_subtree(blob + 2);

	CHECK(fill_root_fdt(blob, &nr) == -ENOSPC);
	CHECK(nr > 10);
	/* Room for one is room for another, in its place. */
	kho_remove_subtree(blob + nr / 2);
	CHECK(!kho_add_subtree("fill-99", blob + nr / 2, 1));
	for (i = 0; i < nr; i++)
		kho_remove_subtree(blob + i);
	CHECK(!kho_add_subtree("selftest", blob, 1));
	kho_remove_subtree(blob);
	kho_unpreserve_free(blob);
	return 0;
}

/* ---------------------------------------------------------------------------------- vmalloc */

static int test_vmalloc_of(u32 nr_pages)
{
	struct kho_vmalloc list, again;
	void *area = vmalloc((size_t)nr_pages * PAGE_SIZE);

	CHECK(area);
	CHECK(!kho_preserve_vmalloc(area, &list));
	CHECK(list.total_pages == nr_pages);
	CHECK(list.first && list.order == 0);
	CHECK(list.flags == KHO_VMALLOC_ALLOC);
	again = list;
	kho_unpreserve_vmalloc(&list);
	CHECK(!list.first && !list.total_pages);
	kho_unpreserve_vmalloc(&list);
	CHECK(!kho_restore_vmalloc(&again));
	vfree(area);
	CHECK(kho_preserve_vmalloc(area, &list) == -EINVAL);
	return 0;
}

static void *huge_area(size_t bytes)
{
	/* kvmalloc() allows huge mappings, and this is too much for kmalloc(). */
	void *area = kvmalloc(bytes, GFP_KERNEL | __GFP_NORETRY);

	if (area && !is_vmalloc_addr(area)) {
		kvfree(area);
		area = NULL;
	}
	return area;
}

static int test_vmalloc_huge(void)
{
	void *area = huge_area(3 * SZ_4M);
	struct kho_vmalloc list;

	CHECK(area);
	CHECK(!kho_preserve_vmalloc(area, &list));
	CHECK(list.total_pages == 3 * SZ_4M / PAGE_SIZE);
	pr_info("huge area: order %u, flags %#x\n", list.order, list.flags);
	CHECK(list.order == 0 || list.order == PMD_SHIFT - PAGE_SHIFT);
	if (list.order)
		CHECK(list.flags ==
		      (KHO_VMALLOC_ALLOC | KHO_VMALLOC_HUGE_VMAP));
	kho_unpreserve_vmalloc(&list);
	vfree(area);
	return 0;
}

static int test_vmalloc_errors(void)
{
	struct kho_vmalloc list = { .first = 1 };
	void *area = vmalloc(8 * PAGE_SIZE);
	void *mem = (void *)__get_free_pages(GFP_KERNEL | __GFP_COMP, 1);
	struct page *pages[2];
	void __iomem *apic;
	void *mapped;

	CHECK(area && mem);
	CHECK(kho_preserve_vmalloc(NULL, &list) == -EINVAL);
	CHECK(kho_preserve_vmalloc(area, NULL) == -EINVAL);
	CHECK(kho_preserve_vmalloc(mem, &list) == -EINVAL);
	CHECK(kho_preserve_vmalloc(area + PAGE_SIZE, &list) == -EINVAL);
	CHECK(kho_preserve_vmalloc(area + 1, &list) == -EINVAL);
	CHECK(kho_preserve_vmalloc(area + 8 * PAGE_SIZE, &list) == -EINVAL);
	apic = ioremap(0xfee00000, PAGE_SIZE);
	CHECK(apic);
	CHECK(kho_preserve_vmalloc((void __force *)apic, &list) == -EOPNOTSUPP);
	iounmap(apic);
	pages[0] = virt_to_page(mem);
	pages[1] = pages[0] + 1;
	mapped = vmap(pages, 2, VM_MAP, PAGE_KERNEL);
	CHECK(mapped);
	CHECK(kho_preserve_vmalloc(mapped, &list) == -EOPNOTSUPP);
	vunmap(mapped);
	CHECK(list.first == 1);
	list = (struct kho_vmalloc){};
	CHECK(!kho_restore_vmalloc(NULL));
	CHECK(!kho_restore_vmalloc(&list));
	list.first = page_to_phys(pages[0]);
	list.total_pages = 1;
	CHECK(!kho_restore_vmalloc(&list));
	list.first = 1ULL << 45;
	CHECK(!kho_restore_vmalloc(&list));
	free_pages((unsigned long)mem, 1);
	vfree(area);
	return 0;
}

/* A second list of the same pages would take them away from the first. */
static int test_vmalloc_twice(void)
{
	struct kho_vmalloc list, second = { .first = 1 };
	void *area = vmalloc(600 * PAGE_SIZE);
	struct page *last;

	CHECK(area);
	last = vmalloc_to_page(area + 599 * PAGE_SIZE);
	CHECK(!kho_preserve_vmalloc(area, &list));
	CHECK(kho_preserve_vmalloc(area, &second) == -EEXIST);
	CHECK(second.first == 1);
	kho_unpreserve_vmalloc(&list);
	/* Somebody else's page stays his. */
	CHECK(!kho_preserve_pages(last, 1));
	CHECK(kho_preserve_vmalloc(area, &second) == -EEXIST);
	CHECK(!kho_preserve_pages(last, 1));
	kho_unpreserve_pages(last, 1);
	CHECK(!kho_preserve_vmalloc(area, &list));
	kho_unpreserve_vmalloc(&list);
	vfree(area);
	return 0;
}

/* A page in the middle cannot be preserved: what came before it must not stay preserved. */
static int test_vmalloc_rollback(void)
{
	struct kho_vmalloc list = { .first = 1 };
	void *area = vmalloc(1200 * PAGE_SIZE);
	struct page *bad;
	int err;

	CHECK(area);
	bad = vmalloc_to_page(area + 1000 * PAGE_SIZE);
	__SetPageOffline(bad);
	err = kho_preserve_vmalloc(area, &list);
	__ClearPageOffline(bad);
	CHECK(err == -EINVAL);
	CHECK(list.first == 1);
	vfree(area);
	return 0;
}

static int test_vmalloc(void)
{
	static const u32 sizes[] = { 1, 2, 510, 511, 512, 513, 1022, 1300 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		TRY(test_vmalloc_of(sizes[i]));
	TRY(test_vmalloc_huge());
	TRY(test_vmalloc_errors());
	TRY(test_vmalloc_twice());
	return test_vmalloc_rollback();
}

/* ------------------------------------------------------------------------------ radix trees */

#define NR_KEYS 400

/* A key of any width; few share a leaf. */
static unsigned long nth_key(unsigned int n)
{
	if (n < 3)
		return n;
	if (n == 3)
		return (1UL << KHO_RADIX_KEY_WIDTH) - 1;
	return mix(n) >> (64 - KHO_RADIX_KEY_WIDTH) >> n % KHO_RADIX_KEY_WIDTH;
}

static unsigned int nr_distinct_keys(void)
{
	unsigned int i, j, nr = 0;

	for (i = 0; i < NR_KEYS; i++) {
		for (j = 0; j < i && nth_key(j) != nth_key(i); j++)
			;
		nr += j == i;
	}
	return nr;
}

/**
 * struct seen - what a walk saw
 * @last: key before
 * @nr_keys: keys
 * @nr_nodes: nodes
 * @stop_at: number of the key to stop at
 * @bad: something was not as it must be
 */
struct seen {
	unsigned long last;
	unsigned int nr_keys;
	unsigned int nr_nodes;
	unsigned int stop_at;
	bool bad;
};

static int see_key(unsigned long key, void *data)
{
	struct seen *seen = data;
	unsigned int i;

	if (seen->nr_keys && key <= seen->last)
		seen->bad = true;
	/* No key comes before the nodes on the way to it. */
	if (seen->nr_nodes < KHO_TREE_MAX_DEPTH)
		seen->bad = true;
	for (i = 0; i < NR_KEYS && nth_key(i) != key; i++)
		;
	if (i == NR_KEYS)
		seen->bad = true;
	seen->last = key;
	return ++seen->nr_keys == seen->stop_at ? 77 : 0;
}

static int see_node(phys_addr_t phys, void *data)
{
	struct seen *seen = data;

	if (!phys || phys % PAGE_SIZE)
		seen->bad = true;
	seen->nr_nodes++;
	return 0;
}

static const struct kho_radix_walk_cb see = { .leaf = see_key,
					      .node = see_node };

static int test_radix_errors(void)
{
	const struct kho_radix_walk_cb nothing = {};
	struct kho_radix_tree tree = {};

	CHECK(kho_radix_add_key(&tree, 1) == -EINVAL);
	CHECK(kho_radix_walk_tree(&tree, &see, NULL) == -EINVAL);
	kho_radix_del_key(&tree, 1);
	kho_radix_destroy_tree(&tree);
	CHECK(!kho_radix_init_tree(&tree, NULL));
	CHECK(kho_radix_add_key(&tree, 1UL << KHO_RADIX_KEY_WIDTH) == -ERANGE);
	kho_radix_del_key(&tree, 1UL << KHO_RADIX_KEY_WIDTH);
	kho_radix_del_key(&tree, 5);
	CHECK(!kho_radix_walk_tree(&tree, &nothing, NULL));
	kho_radix_destroy_tree(&tree);
	CHECK(!tree.root);
	return 0;
}

static int fill_tree(struct kho_radix_tree *tree)
{
	unsigned int i;

	CHECK(!kho_radix_init_tree(tree, NULL));
	CHECK(!kho_radix_init_tree(tree, NULL));
	for (i = 0; i < NR_KEYS; i++)
		CHECK(!kho_radix_add_key(tree, nth_key(i)));
	CHECK(!kho_radix_add_key(tree, nth_key(NR_KEYS / 2)));
	return 0;
}

static int check_tree(struct kho_radix_tree *tree)
{
	struct seen seen = {};

	CHECK(!kho_radix_walk_tree(tree, &see, &seen));
	CHECK(!seen.bad && seen.nr_keys == nr_distinct_keys());
	return 0;
}

static int test_radix(void)
{
	struct seen seen = { .stop_at = 7 }, after = {};
	struct kho_radix_tree tree = {};

	TRY(test_radix_errors());
	TRY(fill_tree(&tree));
	TRY(check_tree(&tree));
	CHECK(kho_radix_walk_tree(&tree, &see, &seen) == 77);
	CHECK(seen.nr_keys == 7 && !seen.bad);
	kho_radix_del_key(&tree, nth_key(3));
	CHECK(!kho_radix_walk_tree(&tree, &see, &after));
	CHECK(!after.bad && after.nr_keys == nr_distinct_keys() - 1);
	CHECK(after.last < nth_key(3));
	kho_radix_destroy_tree(&tree);
	return 0;
}

/* ----------------------------------------------------------------------------- block chains */

struct entry_ser {
	u64 nr;
	u64 mixed;
	u8 padding[24];
};

#define PER_BLOCK ((PAGE_SIZE - 16) / sizeof(struct entry_ser))
#define NR_ENTRIES (3 * PER_BLOCK + 5)

static int fill_blocks(struct kho_block_set *bs, u64 nr)
{
	struct kho_block_set_it it;
	struct entry_ser *entry;
	u64 i;

	kho_block_set_it_init(&it, bs);
	for (i = 0; i < nr; i++) {
		entry = kho_block_set_it_reserve_entry(&it);
		CHECK(entry);
		entry->nr = i;
		entry->mixed = mix(i);
	}
	return 0;
}

static int check_blocks(struct kho_block_set *bs, u64 nr)
{
	struct kho_block_set_it it;
	struct entry_ser *entry;
	u64 i = 0;

	kho_block_set_it_init(&it, bs);
	while ((entry = kho_block_set_it_read_entry(&it))) {
		CHECK(entry->nr == i && entry->mixed == mix(i));
		i++;
	}
	CHECK(i == nr);
	while ((entry = kho_block_set_it_prev(&it)))
		CHECK(entry->nr == --i);
	CHECK(!i);
	return 0;
}

static int test_block_errors(void)
{
	struct kho_block_set large, bs = KHO_BLOCK_SET_INIT(bs, 40);
	struct kho_block_set_it it;

	kho_block_set_init(&large, PAGE_SIZE);
	CHECK(kho_block_set_grow(&large, 1) == -EINVAL);
	kho_block_set_init(&large, 0);
	CHECK(kho_block_set_grow(&large, 1) == -EINVAL);
	CHECK(kho_block_set_grow(&bs, PER_BLOCK * KHO_BLOCK_CHAIN_MAX + 1) ==
	      -ENOSPC);
	CHECK(kho_block_set_grow(&bs, U64_MAX) == -ENOSPC);
	CHECK(kho_block_set_is_empty(&bs) && !kho_block_set_head_pa(&bs));
	kho_block_set_it_init(&it, &bs);
	CHECK(!kho_block_set_it_reserve_entry(&it));
	CHECK(!kho_block_set_it_read_entry(&it));
	CHECK(!kho_block_set_it_prev(&it));
	CHECK(kho_block_set_restore(&bs, 1) == -EINVAL);
	CHECK(kho_block_set_restore(&bs, 1ULL << 45) == -EINVAL);
	CHECK(!kho_block_set_restore(&bs, 0));
	CHECK(kho_block_set_grow(&bs, 1) == -EINVAL);
	kho_block_set_destroy(&bs);
	return 0;
}

/* @bs: a full block; is so again afterwards */
static int test_block_cut(struct kho_block_set *bs)
{
	struct kho_block_set rest = KHO_BLOCK_SET_INIT(rest, 1);

	CHECK(!kho_block_set_grow(bs, 3 * PER_BLOCK));
	kho_block_set_cut(bs, 2 * PER_BLOCK + 1, &rest);
	CHECK(bs->nblocks == 3 && kho_block_set_is_empty(&rest));
	kho_block_set_cut(bs, PER_BLOCK, &rest);
	CHECK(bs->nblocks == 1 && rest.nblocks == 2);
	TRY(check_blocks(bs, PER_BLOCK));
	CHECK(!list_first_entry(&bs->blocks, struct kho_block, list)->ser->next);
	kho_block_set_destroy(&rest);
	CHECK(kho_block_set_is_empty(&rest));
	return 0;
}

static int test_blocks(void)
{
	struct kho_block_set bs;
	struct kho_block_set_it it;

	TRY(test_block_errors());
	kho_block_set_init(&bs, sizeof(struct entry_ser));
	CHECK(!kho_block_set_grow(&bs, NR_ENTRIES));
	CHECK(bs.nblocks == 4 && kho_block_set_head_pa(&bs));
	CHECK(!kho_block_set_grow(&bs, 1));
	CHECK(bs.nblocks == 4);
	TRY(fill_blocks(&bs, NR_ENTRIES));
	TRY(check_blocks(&bs, NR_ENTRIES));
	kho_block_set_shrink(&bs, PER_BLOCK);
	CHECK(bs.nblocks == 1);
	TRY(check_blocks(&bs, PER_BLOCK));
	TRY(test_block_cut(&bs));
	kho_block_set_clear(&bs);
	kho_block_set_it_init(&it, &bs);
	CHECK(!kho_block_set_it_read_entry(&it));
	kho_block_set_shrink(&bs, 0);
	CHECK(kho_block_set_is_empty(&bs) && !kho_block_set_head_pa(&bs));
	kho_block_set_destroy(&bs);
	return 0;
}

/* ------------------------------------------------------------------------------ concurrency */

#define NR_THREADS 8
#define NR_ROUNDS 150
#define NR_HELD 24

struct worker {
	struct completion done;
	unsigned int nr;
	int err;
};

static int preserve_some(struct page **held, u64 random)
{
	struct page **at = &held[random % NR_HELD];
	unsigned int order = random / NR_HELD % 4;

	if (*at) {
		kho_unpreserve_folio(page_folio(*at));
		__free_pages(*at, compound_order(*at));
		*at = NULL;
		return 0;
	}
	*at = alloc_pages(GFP_KERNEL | __GFP_COMP, order);
	if (!*at)
		return -ENOMEM;
	return kho_preserve_folio(page_folio(*at));
}

static int work(struct worker *w)
{
	struct page *held[NR_HELD] = {};
	char name[16];
	unsigned int i;
	int err = 0;
	void *blob;

	snprintf(name, sizeof(name), "worker-%u", w->nr);
	for (i = 0; i < NR_ROUNDS && !err; i++) {
		err = preserve_some(held, mix(w->nr * NR_ROUNDS + i));
		if (err || i % 16)
			continue;
		blob = kho_alloc_preserve(PAGE_SIZE);
		if (IS_ERR(blob))
			return PTR_ERR(blob);
		err = kho_add_subtree(name, blob, PAGE_SIZE);
		kho_remove_subtree(blob);
		kho_unpreserve_free(blob);
	}
	for (i = 0; i < NR_HELD; i++)
		if (held[i])
			preserve_some(held, i);
	return err;
}

static int kho_selftest_worker(void *data)
{
	struct worker *w = data;

	w->err = work(w);
	complete(&w->done);
	return 0;
}

static int test_threads(void)
{
	struct worker *workers =
		kcalloc(NR_THREADS, sizeof(*workers), GFP_KERNEL);
	unsigned int i;
	int err = 0;

	CHECK(workers);
	for (i = 0; i < NR_THREADS; i++) {
		init_completion(&workers[i].done);
		workers[i].nr = i;
		if (IS_ERR(kthread_run(kho_selftest_worker, &workers[i],
				       "kho_selftest/%u", i))) {
			workers[i].err = -ENOMEM;
			complete(&workers[i].done);
		}
	}
	for (i = 0; i < NR_THREADS; i++) {
		wait_for_completion(&workers[i].done);
		err = err ?: workers[i].err;
	}
	kfree(workers);
	CHECK(!err);
	return 0;
}

/* --------------------------------------------------------- what is left for the next kernel */

enum {
	FOLIO_ORDER = 3,
	NR_LOOSE = 5, /* pages: blocks of 4 and 1 */
	NR_SMALL = 1300, /* pages of a vmalloc area with three chunks */
	HUGE_BYTES = SZ_8M, /* more than kmalloc() has */
	BORDER_ORDER = 3, /* on either side */
	BORDER_PAGES = 1 << BORDER_ORDER,
	SEED_FOLIO = 1000,
	SEED_LOOSE = 2000,
	SEED_SMALL = 3000,
	SEED_HUGE = 4000,
};

/* Blob of the subtree. */
struct left_ser {
	u64 folio_phys;
	u64 loose_phys;
	u64 alloc_phys;
	u64 border_phys; /* first of 2 * BORDER_PAGES pages, 0 = none */
	u64 radix_phys;
	u64 blocks_phys;
	struct kho_vmalloc small;
	struct kho_vmalloc huge;
};

static struct {
	struct left_ser *ser;
	void *folio, *loose, *alloc, *small, *huge;
	bool owns_border[2];
	struct kho_radix_tree radix;
	struct kho_block_set blocks;
} left;

static int preserve_node(phys_addr_t phys, void *data)
{
	return kho_preserve_pages(pfn_to_page(PHYS_PFN(phys)), 1);
}

static int unpreserve_node(phys_addr_t phys, void *data)
{
	kho_unpreserve_pages(pfn_to_page(PHYS_PFN(phys)), 1);
	return 0;
}

static int restore_node(phys_addr_t phys, void *data)
{
	return kho_restore_pages(phys, 1) ? 0 : -ENOENT;
}

static int leave_pages(struct left_ser *ser)
{
	struct page *page = alloc_pages(GFP_KERNEL | __GFP_COMP, FOLIO_ORDER);

	CHECK(page);
	left.folio = page_address(page);
	fill(left.folio, PAGE_SIZE << FOLIO_ORDER, SEED_FOLIO);
	CHECK(!kho_preserve_folio(page_folio(page)));
	ser->folio_phys = page_to_phys(page);

	page = alloc_pages(GFP_KERNEL, FOLIO_ORDER);
	CHECK(page);
	split_page(page, FOLIO_ORDER);
	left.loose = page_address(page);
	fill(left.loose, NR_LOOSE * PAGE_SIZE, SEED_LOOSE);
	CHECK(!kho_preserve_pages(page, NR_LOOSE));
	ser->loose_phys = page_to_phys(page);

	left.alloc = kho_alloc_preserve(3 * PAGE_SIZE);
	CHECK(!IS_ERR(left.alloc));
	ser->alloc_phys = virt_to_phys(left.alloc);
	return 0;
}

static int leave_areas(struct left_ser *ser)
{
	left.small = vmalloc(NR_SMALL * PAGE_SIZE);
	left.huge = huge_area(HUGE_BYTES);
	CHECK(left.small && left.huge);
	CHECK(!kho_preserve_vmalloc(left.small, &ser->small));
	CHECK(!kho_preserve_vmalloc(left.huge, &ser->huge));
	fill(left.small, NR_SMALL * PAGE_SIZE, SEED_SMALL);
	fill(left.huge, HUGE_BYTES, SEED_HUGE);
	return 0;
}

static int leave_structures(struct left_ser *ser)
{
	const struct kho_radix_walk_cb preserve = { .node = preserve_node };

	TRY(fill_tree(&left.radix));
	CHECK(!kho_radix_walk_tree(&left.radix, &preserve, NULL));
	ser->radix_phys = virt_to_phys(left.radix.root);
	kho_block_set_init(&left.blocks, sizeof(struct entry_ser));
	CHECK(!kho_block_set_grow(&left.blocks, NR_ENTRIES));
	TRY(fill_blocks(&left.blocks, NR_ENTRIES));
	ser->blocks_phys = kho_block_set_head_pa(&left.blocks);
	return 0;
}

/*
 * Takes the block of BORDER_PAGES that starts at @wanted from the page allocator. If it cannot be
 * had it is in use, which is as good: what matters is that nobody else gets it and preserves it.
 */
static bool grab(struct page *wanted)
{
	const gfp_t gfp = GFP_KERNEL | __GFP_THISNODE | __GFP_NORETRY |
			  __GFP_NOWARN;
	unsigned int tries = 20000;
	struct page *page, *next;
	bool found = false;
	LIST_HEAD(others);

	while (!found && tries--) {
		page = alloc_pages_node(page_to_nid(wanted), gfp, BORDER_ORDER);
		if (!page)
			break;
		found = page == wanted;
		if (!found)
			list_add(&page->lru, &others);
	}
	list_for_each_entry_safe(page, next, &others, lru)
		__free_pages(page, BORDER_ORDER);
	return found;
}

static int leave_border(struct left_ser *ser)
{
	struct page *page;

	if (!border)
		return 0;
	page = pfn_to_page(PHYS_PFN(border) - BORDER_PAGES);
	CHECK(page_to_nid(page) != page_to_nid(page + BORDER_PAGES));
	left.owns_border[0] = grab(page);
	left.owns_border[1] = grab(page + BORDER_PAGES);
	CHECK(!kho_preserve_pages(page, 2 * BORDER_PAGES));
	ser->border_phys = page_to_phys(page);
	return 0;
}

static int leave_all(void)
{
	struct left_ser *ser = kho_alloc_preserve(sizeof(*ser));

	CHECK(!IS_ERR(ser));
	left.ser = ser;
	TRY(leave_pages(ser));
	TRY(leave_areas(ser));
	TRY(leave_structures(ser));
	TRY(leave_border(ser));
	CHECK(!kho_add_subtree(SUBTREE, ser, sizeof(*ser)));
	return 0;
}

static void take_back_border(struct page *page)
{
	unsigned int i;

	kho_unpreserve_pages(page, 2 * BORDER_PAGES);
	for (i = 0; i < 2; i++)
		if (left.owns_border[i])
			__free_pages(page + i * BORDER_PAGES, BORDER_ORDER);
}

static void take_back(void)
{
	const struct kho_radix_walk_cb unpreserve = { .node = unpreserve_node };
	unsigned int i;

	kho_remove_subtree(left.ser);
	kho_unpreserve_folio(virt_to_folio(left.folio));
	folio_put(virt_to_folio(left.folio));
	kho_unpreserve_pages(virt_to_page(left.loose), NR_LOOSE);
	for (i = 0; i < 1 << FOLIO_ORDER; i++)
		free_page((unsigned long)left.loose + i * PAGE_SIZE);
	kho_unpreserve_free(left.alloc);
	kho_unpreserve_vmalloc(&left.ser->small);
	vfree(left.small);
	kho_unpreserve_vmalloc(&left.ser->huge);
	vfree(left.huge);
	kho_radix_walk_tree(&left.radix, &unpreserve, NULL);
	kho_radix_destroy_tree(&left.radix);
	kho_block_set_destroy(&left.blocks);
	if (left.ser->border_phys)
		take_back_border(pfn_to_page(PHYS_PFN(left.ser->border_phys)));
	kho_unpreserve_free(left.ser);
	left.ser = NULL;
}

/* ------------------------------------------------------------------------------ what came in */

static int check_folio_and_pages(const struct left_ser *ser)
{
	struct folio *folio;
	struct page *page;
	unsigned int i;

	CHECK(!kho_restore_folio(ser->folio_phys + 1));
	CHECK(!kho_restore_folio(ser->folio_phys + PAGE_SIZE));
	CHECK(!kho_restore_pages(ser->folio_phys, 1));
	folio = kho_restore_folio(ser->folio_phys);
	CHECK(folio && folio_order(folio) == FOLIO_ORDER);
	CHECK(is_filled(folio_address(folio), folio_size(folio), SEED_FOLIO));
	CHECK(!kho_restore_folio(ser->folio_phys));
	CHECK(!kho_restore_pages(ser->folio_phys, 1 << FOLIO_ORDER));
	folio_put(folio);

	CHECK(!kho_restore_pages(ser->loose_phys, NR_LOOSE + 1));
	CHECK(!kho_restore_pages(ser->loose_phys, 3));
	CHECK(!kho_restore_pages(ser->loose_phys + PAGE_SIZE, 1));
	page = kho_restore_pages(ser->loose_phys, NR_LOOSE);
	CHECK(page);
	CHECK(is_filled(page_address(page), NR_LOOSE * PAGE_SIZE, SEED_LOOSE));
	CHECK(!kho_restore_pages(ser->loose_phys, NR_LOOSE));
	for (i = 0; i < NR_LOOSE; i++) {
		CHECK(page_count(page + i) == 1);
		__free_page(page + i);
	}
	kho_restore_free(phys_to_virt(ser->alloc_phys));
	CHECK(!kho_restore_folio(ser->alloc_phys));
	return 0;
}

/* Damaged lists are refused as a whole, and can still be restored once they are good again. */
static int check_bad_lists(const struct kho_vmalloc *good)
{
	struct kho_vmalloc_chunk *chunk = phys_to_virt(good->first);
	u64 next = chunk->hdr.next, phys = chunk->phys[3];
	struct kho_vmalloc bad = *good;

	bad.total_pages--;
	CHECK(!kho_restore_vmalloc(&bad));
	bad.total_pages = U32_MAX;
	CHECK(!kho_restore_vmalloc(&bad));
	bad = *good;
	bad.order = 1;
	CHECK(!kho_restore_vmalloc(&bad));
	bad = *good;
	bad.flags |= 0x8000;
	CHECK(!kho_restore_vmalloc(&bad));
	bad = *good;
	bad.first += 8;
	CHECK(!kho_restore_vmalloc(&bad));
	chunk->phys[3] = chunk->phys[2];
	CHECK(!kho_restore_vmalloc(good));
	chunk->phys[3] = next;
	CHECK(!kho_restore_vmalloc(good));
	chunk->phys[3] = page_to_phys(ZERO_PAGE(0));
	CHECK(!kho_restore_vmalloc(good));
	chunk->phys[3] = phys;
	chunk->hdr.next = good->first;
	CHECK(!kho_restore_vmalloc(good));
	chunk->hdr.next = 0;
	CHECK(!kho_restore_vmalloc(good));
	chunk->hdr.next = next;
	return 0;
}

static int check_area(const struct kho_vmalloc *came, u64 seed)
{
	size_t bytes = (size_t)came->total_pages * PAGE_SIZE;
	void *area = kho_restore_vmalloc(came);
	struct kho_vmalloc again;

	CHECK(area && is_vmalloc_addr(area));
	CHECK(is_filled(area, bytes, seed));
	CHECK(!kho_restore_vmalloc(came));
	/* It can be handed on, and is what it was. */
	CHECK(!kho_preserve_vmalloc(area, &again));
	CHECK(again.total_pages == came->total_pages);
	CHECK(again.flags == came->flags && again.order == came->order);
	kho_unpreserve_vmalloc(&again);
	fill(area, bytes, 0);
	vfree(area);
	return 0;
}

static int check_structures(const struct left_ser *ser)
{
	const struct kho_radix_walk_cb restore = { .node = restore_node };
	struct kho_block_header_ser *head = phys_to_virt(ser->blocks_phys);
	struct kho_block_set bs =
		KHO_BLOCK_SET_INIT(bs, sizeof(struct entry_ser));
	u64 count = head->count, next = head->next;
	struct kho_radix_tree tree = {};

	CHECK(!kho_radix_init_tree(&tree, phys_to_virt(ser->radix_phys)));
	CHECK(!kho_radix_walk_tree(&tree, &restore, NULL));
	TRY(check_tree(&tree));
	kho_radix_destroy_tree(&tree);

	head->count = 0;
	CHECK(kho_block_set_restore(&bs, ser->blocks_phys) == -EINVAL);
	head->count = PER_BLOCK + 1;
	CHECK(kho_block_set_restore(&bs, ser->blocks_phys) == -EINVAL);
	head->count = count;
	head->next = ser->blocks_phys;
	CHECK(kho_block_set_restore(&bs, ser->blocks_phys) == -EINVAL);
	head->next = page_to_phys(ZERO_PAGE(0));
	CHECK(kho_block_set_restore(&bs, ser->blocks_phys) == -EINVAL);
	head->next = next;
	CHECK(kho_block_set_is_empty(&bs));
	CHECK(!kho_block_set_restore(&bs, ser->blocks_phys));
	CHECK(kho_block_set_restore(&bs, ser->blocks_phys) == -EINVAL);
	TRY(check_blocks(&bs, NR_ENTRIES));
	kho_block_set_destroy(&bs);
	CHECK(kho_block_set_restore(&bs, ser->blocks_phys) == -EINVAL);
	kho_block_set_destroy(&bs);
	return 0;
}

static int check_border(const struct left_ser *ser)
{
	struct page *page;
	unsigned int i;

	if (!ser->border_phys)
		return 0;
	page = kho_restore_pages(ser->border_phys, 2 * BORDER_PAGES);
	CHECK(page);
	CHECK(page_to_nid(page) != page_to_nid(page + BORDER_PAGES));
	for (i = 0; i < 2 * BORDER_PAGES; i++) {
		CHECK(page_count(page + i) == 1 && !PageReserved(page + i));
		__free_page(page + i);
	}
	pr_info("pages of two nodes came in\n");
	return 0;
}

static int check_left(void)
{
	const struct left_ser *ser;
	phys_addr_t phys;
	size_t size;

	if (kho_retrieve_subtree(SUBTREE, &phys, &size))
		return 0;
	CHECK(is_kho_boot() && size == sizeof(*ser));
	CHECK(kho_restore_folio(phys));
	ser = phys_to_virt(phys);
	TRY(check_folio_and_pages(ser));
	TRY(check_bad_lists(&ser->small));
	TRY(check_area(&ser->small, SEED_SMALL));
	pr_info("huge area came in: order %u\n", ser->huge.order);
	TRY(check_area(&ser->huge, SEED_HUGE));
	TRY(check_structures(ser));
	TRY(check_border(ser));
	folio_put(virt_to_folio((void *)ser));
	pr_info("all that came in is as it was left\n");
	return 0;
}

/* ------------------------------------------------------------------------------- init, exit */

static int __init kho_selftest_init(void)
{
	static int (*const tests[])(void) = {
		check_left,   test_alloc,	   test_preserve_errors,
		test_overlap, test_restore_errors, test_subtrees,
		test_vmalloc, test_radix,	   test_blocks,
		test_threads,
	};
	unsigned int i;

	CHECK(kho_is_enabled());
	for (i = 0; i < ARRAY_SIZE(tests); i++)
		TRY(tests[i]());
	pr_info("%zu tests passed\n", ARRAY_SIZE(tests));
	return leave ? leave_all() : 0;
}
module_init(kho_selftest_init);

static void __exit kho_selftest_exit(void)
{
	if (left.ser && forget)
		kho_block_set_destroy(&left.blocks);
	else if (left.ser)
		take_back();
}
module_exit(kho_selftest_exit);

MODULE_DESCRIPTION("Self-tests of the in-kernel interface of kexec handover");
MODULE_LICENSE("GPL");
