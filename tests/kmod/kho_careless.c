// SPDX-License-Identifier: GPL-2.0
/*
 * A client with a mistake, for the scenarios of tests/vm: it preserves the highest free blocks of
 * memory, gives them back to the page allocator, and never says so.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/io.h>
#include <linux/kexec_handover.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sizes.h>

/* The largest that every kernel has. */
#define ORDER 9

static unsigned int mib = 128;
module_param(mib, uint, 0444);
MODULE_PARM_DESC(mib, "how much at most, from the highest block on");

static unsigned int blocks;
module_param(blocks, uint, 0444);
MODULE_PARM_DESC(blocks, "how many blocks were preserved and freed");

static int __init careless_init(void)
{
	struct page *page, *next;
	phys_addr_t top = 0;
	LIST_HEAD(taken);

	while ((page = alloc_pages(GFP_KERNEL | __GFP_NOWARN | __GFP_NORETRY,
				   ORDER))) {
		list_add(&page->lru, &taken);
		top = max(top, page_to_phys(page));
	}
	list_for_each_entry_safe(page, next, &taken, lru) {
		list_del(&page->lru);
		if (top - page_to_phys(page) < (u64)mib * SZ_1M &&
		    !kho_preserve_pages(page, 1 << ORDER))
			blocks++;
		__free_pages(page, ORDER);
	}
	pr_info("%u blocks were preserved and freed\n", blocks);
	return 0;
}
module_init(careless_init);

static void __exit careless_exit(void)
{
}
module_exit(careless_exit);

MODULE_DESCRIPTION("Preserves memory and frees it");
MODULE_LICENSE("GPL");
