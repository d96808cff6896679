// SPDX-License-Identifier: GPL-2.0
/*
 * Breaks memory into pieces, for the scenarios of tests/vm: every block of 2 MiB that can be had,
 * be it free or full of what can be moved away, is taken, one page of it is kept, and the others
 * are given back. Pages of a module cannot be moved, so that nobody can have a whole block any
 * more, although as much memory is free as was. Unloading it gives the pages back.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/list.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/nodemask.h>
#include <linux/sched.h>
#include <linux/sizes.h>

#include "kmod/compat/compat.h"

#define BLOCK_PAGES (SZ_2M / PAGE_SIZE)
/* Which page of a block is kept: neither its first nor its last. */
#define KEPT 300

static LIST_HEAD(kept);

static unsigned int blocks;
module_param(blocks, uint, 0444);
MODULE_PARM_DESC(blocks, "how many blocks were broken");

static void break_block(unsigned long pfn)
{
	struct page *page = pfn_to_online_page(pfn);
	unsigned long i;

	if (!page || !pfn_to_online_page(pfn + BLOCK_PAGES - 1))
		return;
	if (kho_compat_alloc_contig(pfn, pfn + BLOCK_PAGES))
		return;
	for (i = 0; i < BLOCK_PAGES; i++)
		if (i != KEPT)
			__free_page(page + i);
	list_add(&page[KEPT].lru, &kept);
	blocks++;
}

static int __init fragment_init(void)
{
	unsigned long pfn, end = 0;
	int nid;

	for_each_online_node(nid)
		end = max(end, node_end_pfn(nid));
	for (pfn = 0; pfn + BLOCK_PAGES <= end; pfn += BLOCK_PAGES) {
		break_block(pfn);
		cond_resched();
	}
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
