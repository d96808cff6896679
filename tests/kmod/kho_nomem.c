// SPDX-License-Identifier: GPL-2.0
/*
 * A client of the in-kernel interface for which memory runs out, at each allocation in turn; see
 * kho_fault.c. It is told what to do through its parameter run:
 *
 *   out      operations of a kernel that preserves, each failing at every allocation
 *   leave    leaves something of everything for the next kernel
 *   in       operations that restore it, each failing at every allocation
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include "kho_fault.h"

#include <linux/kexec_handover.h>
#include <linux/kho_block.h>
#include <linux/kho_radix_tree.h>

#include <linux/io.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#define SUBTREE "kho-nomem"
/* No operation makes more allocations. */
#define MAX_NTH 20000
#define NR_LOOSE 7
#define AREA_BYTES (600 * PAGE_SIZE)
#define NR_ENTRIES 500
#define ENTRY_BYTES 24
#define NR_KEYS 5

struct operation {
	const char *name;
	int (*op)(void);
	void (*undo)(void);
};

/*
 * Runs an operation until none of its allocations fails any more, undoing it when it worked all
 * the same; with @once until it works. It may fail with -ENOMEM only.
 */
static int fail_each(const struct operation *o, bool once)
{
	unsigned int nth;
	bool hit;
	int ret;

	for (nth = 1; nth < MAX_NTH; nth++) {
		kho_fault_arm(nth);
		ret = o->op();
		hit = kho_fault_disarm();
		if (ret && (ret != -ENOMEM || !hit)) {
			pr_err("%s: %d at allocation %u\n", o->name, ret, nth);
			return -EIO;
		}
		if (!ret)
			o->undo();
		if (!hit || (once && !ret)) {
			pr_info("%s: failed at each of %u allocations\n",
				o->name, nth - 1);
			return 0;
		}
	}
	pr_err("%s: does not end\n", o->name);
	return -EIO;
}

static int fail_all(const struct operation *operations, size_t nr, bool once)
{
	size_t i;
	int ret = 0;

	for (i = 0; i < nr && !ret; i++)
		ret = fail_each(&operations[i], once);
	return ret;
}

/* -------------------------------------------------------------------- a kernel that preserves */

static struct {
	struct page *folio, *loose;
	void *area, *mem;
} mine;

struct left_ser {
	u64 folio_phys, loose_phys, mem_phys, radix_phys, blocks_phys;
	struct kho_vmalloc area;
};

static struct kho_vmalloc list;
static struct kho_radix_tree tree;
static struct kho_block_set blocks;

static int try_folio(void)
{
	return kho_preserve_folio(page_folio(mine.folio));
}

static void undo_folio(void)
{
	kho_unpreserve_folio(page_folio(mine.folio));
}

static int try_loose(void)
{
	return kho_preserve_pages(mine.loose + 1, NR_LOOSE);
}

static void undo_loose(void)
{
	kho_unpreserve_pages(mine.loose + 1, NR_LOOSE);
}

static int try_area(void)
{
	return kho_preserve_vmalloc(mine.area, &list);
}

static void undo_area(void)
{
	kho_unpreserve_vmalloc(&list);
}

static int try_alloc(void)
{
	mine.mem = kho_alloc_preserve(3 * PAGE_SIZE);
	return PTR_ERR_OR_ZERO(mine.mem);
}

static void undo_alloc(void)
{
	kho_unpreserve_free(mine.mem);
}

static int try_subtree(void)
{
	return kho_add_subtree(SUBTREE, page_address(mine.loose), PAGE_SIZE);
}

static void undo_subtree(void)
{
	kho_remove_subtree(page_address(mine.loose));
}

static void undo_radix(void)
{
	kho_radix_destroy_tree(&tree);
}

static int try_radix(void)
{
	unsigned long i;
	int ret;

	memset(&tree, 0, sizeof(tree));
	ret = kho_radix_init_tree(&tree, NULL);
	if (ret)
		return ret;
	for (i = 0; i < NR_KEYS && !ret; i++)
		ret = kho_radix_add_key(&tree, i << 30 | i);
	if (ret)
		undo_radix();
	return ret;
}

static void undo_blocks(void)
{
	kho_block_set_destroy(&blocks);
}

static int try_blocks(void)
{
	int ret;

	kho_block_set_init(&blocks, ENTRY_BYTES);
	ret = kho_block_set_grow(&blocks, NR_ENTRIES);
	if (ret && !kho_block_set_is_empty(&blocks)) {
		pr_err("a set that did not grow has blocks\n");
		return -EIO;
	}
	return ret;
}

static void give_mine_back(void)
{
	if (mine.folio)
		__free_pages(mine.folio, 3);
	if (mine.loose)
		__free_pages(mine.loose, 3);
	vfree(mine.area);
	memset(&mine, 0, sizeof(mine));
}

static int take_mine(void)
{
	mine.folio = alloc_pages(GFP_KERNEL | __GFP_COMP, 3);
	mine.loose = alloc_pages(GFP_KERNEL | __GFP_ZERO, 3);
	mine.area = vmalloc(AREA_BYTES);
	if (mine.folio && mine.loose && mine.area)
		return 0;
	give_mine_back();
	return -EBUSY;
}

static int run_out(void)
{
	static const struct operation operations[] = {
		{ "preserve a folio", try_folio, undo_folio },
		{ "preserve pages", try_loose, undo_loose },
		{ "preserve vmalloc", try_area, undo_area },
		{ "alloc and preserve", try_alloc, undo_alloc },
		{ "add a subtree", try_subtree, undo_subtree },
		{ "a radix tree", try_radix, undo_radix },
		{ "a set of blocks", try_blocks, undo_blocks },
	};
	int ret = take_mine();

	if (ret)
		return ret;
	ret = fail_all(operations, ARRAY_SIZE(operations), false);
	give_mine_back();
	return ret;
}

static int preserve_node(phys_addr_t phys, void *data)
{
	return kho_preserve_pages(pfn_to_page(PHYS_PFN(phys)), 1);
}

static int run_leave(void)
{
	const struct kho_radix_walk_cb preserve = { .node = preserve_node };
	struct kho_block_set_it it;
	unsigned int i;
	struct left_ser *ser = kho_alloc_preserve(sizeof(*ser));

	if (IS_ERR(ser))
		return PTR_ERR(ser);
	if (take_mine() || try_folio() || try_loose() || try_area() ||
	    try_alloc() || try_radix() || try_blocks() ||
	    kho_radix_walk_tree(&tree, &preserve, NULL))
		return -EBUSY;
	kho_block_set_it_init(&it, &blocks);
	for (i = 0; i < NR_ENTRIES; i++)
		kho_block_set_it_reserve_entry(&it);
	memset(page_address(mine.folio), 0x5a, PAGE_SIZE << 3);
	memset(mine.area, 0x5a, AREA_BYTES);
	ser->folio_phys = page_to_phys(mine.folio);
	ser->loose_phys = page_to_phys(mine.loose + 1);
	ser->mem_phys = virt_to_phys(mine.mem);
	ser->radix_phys = virt_to_phys(tree.root);
	ser->blocks_phys = kho_block_set_head_pa(&blocks);
	ser->area = list;
	/* What was left stays until the jump. */
	__module_get(THIS_MODULE);
	return kho_add_subtree(SUBTREE, ser, sizeof(*ser));
}

/* -------------------------------------------------------------------- a kernel that restores */

static const struct left_ser *came;
static struct folio *folio;
static struct page *loose;
static void *area;

static int retry_folio(void)
{
	folio = kho_restore_folio(came->folio_phys);
	return folio ? 0 : -ENOMEM;
}

static void drop_folio(void)
{
	if (memchr_inv(folio_address(folio), 0x5a, folio_size(folio)))
		pr_err("the folio is not what it was\n");
	folio_put(folio);
}

static int retry_loose(void)
{
	loose = kho_restore_pages(came->loose_phys, NR_LOOSE);
	return loose ? 0 : -ENOMEM;
}

static void drop_loose(void)
{
	unsigned int i;

	for (i = 0; i < NR_LOOSE; i++)
		__free_page(loose + i);
}

static int retry_area(void)
{
	area = kho_restore_vmalloc(&came->area);
	return area ? 0 : -ENOMEM;
}

static void drop_area(void)
{
	if (memchr_inv(area, 0x5a, AREA_BYTES))
		pr_err("the area is not what it was\n");
	vfree(area);
}

static int restore_node(phys_addr_t phys, void *data)
{
	return kho_restore_pages(phys, 1) ? 0 : -ENOMEM;
}

static int retry_radix(void)
{
	return kho_radix_init_tree(&tree, phys_to_virt(came->radix_phys));
}

static void drop_radix(void)
{
	const struct kho_radix_walk_cb restore = { .node = restore_node };

	if (kho_radix_walk_tree(&tree, &restore, NULL))
		pr_err("the radix tree is not what it was\n");
	kho_radix_destroy_tree(&tree);
}

static int retry_blocks(void)
{
	kho_block_set_init(&blocks, ENTRY_BYTES);
	return kho_block_set_restore(&blocks, came->blocks_phys);
}

static int run_in(void)
{
	static const struct operation operations[] = {
		{ "restore a folio", retry_folio, drop_folio },
		{ "restore pages", retry_loose, drop_loose },
		{ "restore vmalloc", retry_area, drop_area },
		{ "come back to a radix tree", retry_radix, drop_radix },
		{ "restore a set of blocks", retry_blocks, undo_blocks },
	};
	phys_addr_t phys;
	size_t size;
	int ret = kho_retrieve_subtree(SUBTREE, &phys, &size);

	if (ret)
		return ret;
	if (size != sizeof(*came) || !kho_restore_folio(phys))
		return -EIO;
	came = phys_to_virt(phys);
	/* What was restored cannot be once more. */
	ret = fail_all(operations, ARRAY_SIZE(operations), true);
	kho_restore_free(phys_to_virt(came->mem_phys));
	folio_put(virt_to_folio((void *)came));
	return ret;
}

static int kho_nomem_run(const char *val, const struct kernel_param *kp)
{
	if (sysfs_streq(val, "out"))
		return run_out();
	if (sysfs_streq(val, "leave"))
		return run_leave();
	if (sysfs_streq(val, "in"))
		return run_in();
	return -EINVAL;
}

static const struct kernel_param_ops run_ops = { .set = kho_nomem_run };

module_param_cb(run, &run_ops, NULL, 0200);
MODULE_PARM_DESC(run, "a command; see the head of kho_nomem.c");

MODULE_DESCRIPTION("Lets memory run out at each allocation in turn");
MODULE_LICENSE("GPL");
