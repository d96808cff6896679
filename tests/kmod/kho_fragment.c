// SPDX-License-Identifier: GPL-2.0
/*
 * Breaks memory into pieces, for the scenarios of tests/vm: every free block of 2 MiB is taken,
 * one page of it is kept, and the others are given back. Pages of a module cannot be moved, so
 * that nobody can have a whole block any more, although nearly all memory is free. Unloading it
 * gives the pages back.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/gfp.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sizes.h>

#define BLOCK_ORDER get_order(SZ_2M)
/* Which page of a block is kept: neither its first nor its last. */
#define KEPT 300

static LIST_HEAD(kept);

static unsigned int blocks;
module_param(blocks, uint, 0444);
MODULE_PARM_DESC(blocks, "how many blocks were broken");

/* Return: false if no free block is left. */
static bool break_block(void)
{
	/* Nobody is to be killed for a block. */
	gfp_t gfp = GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN;
	struct page *page = alloc_pages(gfp, BLOCK_ORDER);
	unsigned int i;

	if (!page)
		return false;
	split_page(page, BLOCK_ORDER);
	for (i = 0; i < 1U << BLOCK_ORDER; i++)
		if (i != KEPT)
			__free_page(page + i);
	list_add(&page[KEPT].lru, &kept);
	blocks++;
	return true;
}

static int __init fragment_init(void)
{
	while (break_block())
		cond_resched();
	pr_info("%u blocks were broken\n", blocks);
	return 0;
}
module_init(fragment_init);

static void __exit fragment_exit(void)
{
	struct page *page, *next;

	list_for_each_entry_safe(page, next, &kept, lru)
		__free_page(page);
}
module_exit(fragment_exit);

MODULE_DESCRIPTION("Breaks memory into pieces that cannot be moved");
MODULE_LICENSE("GPL");
