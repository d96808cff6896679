// SPDX-License-Identifier: GPL-2.0
/*
 * Makes a given free page one of the next that the page allocator hands out, for the scenarios of
 * tests/vm. It is told to through its parameter arm; parameter taken then says whether somebody
 * who wants zeroed pages has got it since.
 *
 * What lies in higher zones than the page is held from the first time on, until the module is
 * unloaded, so that it is a lower one that is asked.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/io.h>
#include <linux/list.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/module.h>

/* So many pages of lower zones in a row mean that the higher ones have none left. */
#define ENOUGH 3000
/* Pages that are freed after the one that is wanted, and so are handed out before it. */
#define AFTER 200
#define CANARY 0x6b686f5f67726162UL

static unsigned long pfn;
module_param(pfn, ulong, 0444);
MODULE_PARM_DESC(pfn, "number of the page");

static LIST_HEAD(held);

static void free_list_of(struct list_head *list)
{
	struct page *page, *next;

	list_for_each_entry_safe(page, next, list, lru) {
		list_del(&page->lru);
		__free_page(page);
	}
}

static void hold_higher(int zone)
{
	unsigned int nr = 0;
	LIST_HEAD(others);
	struct page *page;

	while (nr < ENOUGH) {
		page = alloc_page(GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN);
		if (!page)
			break;
		if (page_zonenum(page) > zone) {
			list_add(&page->lru, &held);
		} else {
			list_add(&page->lru, &others);
			nr++;
		}
	}
	free_list_of(&others);
}

static unsigned long *canary(void)
{
	return page_address(pfn_to_page(pfn));
}

static int grab_arm(const char *val, const struct kernel_param *kp)
{
	struct page *page, *found = NULL;
	LIST_HEAD(before);
	LIST_HEAD(after);
	unsigned int i;

	if (!pfn_to_online_page(pfn))
		return -EINVAL;
	if (list_empty(&held))
		hold_higher(page_zonenum(pfn_to_page(pfn)));
	while (!found) {
		page = alloc_page(GFP_DMA32 | __GFP_MEMALLOC | __GFP_NOWARN);
		if (!page)
			break;
		if (page_to_pfn(page) == pfn)
			found = page;
		else
			list_add(&page->lru, &before);
	}
	for (i = 0; i < AFTER && !list_empty(&before); i++)
		list_move(before.next, &after);
	free_list_of(&before);
	if (found) {
		*canary() = CANARY;
		__free_page(found);
	}
	free_list_of(&after);
	return found ? 0 : -ENOENT;
}

static int grab_taken(char *buf, const struct kernel_param *kp)
{
	return sysfs_emit(buf, "%d\n", *canary() != CANARY);
}

static const struct kernel_param_ops arm_ops = { .set = grab_arm };
module_param_cb(arm, &arm_ops, NULL, 0200);
MODULE_PARM_DESC(arm, "make it one of the next");

static const struct kernel_param_ops taken_ops = { .get = grab_taken };
module_param_cb(taken, &taken_ops, NULL, 0400);
MODULE_PARM_DESC(taken, "has it been handed out and zeroed since?");

static int __init grab_init(void)
{
	return 0;
}
module_init(grab_init);

static void __exit grab_exit(void)
{
	free_list_of(&held);
}
module_exit(grab_exit);

MODULE_DESCRIPTION("Makes a page one of the next that are allocated");
MODULE_LICENSE("GPL");
