// SPDX-License-Identifier: GPL-2.0
/*
 * Preserves the nearest pages below and above an address, and single ones at even, wide distances
 * from there: more than there are extents. The gap at the address is the first to be closed, so
 * what lies there is inside an extent. For scenarios of tests/vm.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kexec_handover.h>

#include <linux/io.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sizes.h>

#include "kmod/compat/compat.h"

/* As far as it is looked for pages that can be had. */
#define REACH 65536

static unsigned long phys;
module_param(phys, ulong, 0400);
MODULE_PARM_DESC(phys, "the address");

/* Distance of the others, in bytes. They are more than extents, and leave room for an image. */
#define WIDE SZ_16M
#define MOST_OTHERS 96

static struct page *taken[2];
static struct page *others[MOST_OTHERS];
static unsigned int nr_others;

static int take(struct page **page, unsigned long pfn)
{
	*page = pfn_to_online_page(pfn);
	if (!*page || !is_free_buddy_page(*page) ||
	    kho_compat_alloc_contig(pfn, pfn + 1))
		return -EBUSY;
	if (!kho_preserve_pages(*page, 1))
		return 0;
	__free_page(*page);
	*page = NULL;
	return -EBUSY;
}

static int take_nearest(struct page **page, int step)
{
	unsigned long pfn = PHYS_PFN(phys);
	unsigned int i;

	for (i = 0; i < REACH; i++) {
		pfn += step;
		if (!take(page, pfn))
			return 0;
	}
	*page = NULL;
	pr_err("no page can be had up to %#lx\n", pfn);
	return -ENOENT;
}

/* One page in each stretch of so many bytes, from the one that was taken to the end of RAM. */
static void take_others(const struct page *from, int step)
{
	unsigned long pfn = page_to_pfn(from);
	unsigned long reach;
	unsigned int i;

	for (;;) {
		if (step < 0 && pfn <= 2 * PHYS_PFN(WIDE))
			return;
		pfn += step * (long)PHYS_PFN(WIDE);
		if (!pfn_to_online_page(pfn) || nr_others == MOST_OTHERS)
			return;
		reach = PHYS_PFN(WIDE) / 4;
		for (i = 0; i < reach; i++) {
			if (!take(&others[nr_others], pfn + step * (long)i)) {
				nr_others++;
				break;
			}
		}
	}
}

static void put(struct page *page)
{
	if (!page)
		return;
	kho_unpreserve_pages(page, 1);
	__free_page(page);
}

static int __init around_init(void)
{
	int ret = take_nearest(&taken[0], -1);

	if (!ret)
		ret = take_nearest(&taken[1], 1);
	if (ret) {
		put(taken[0]);
		return ret;
	}
	take_others(taken[0], -1);
	take_others(taken[1], 1);
	pr_info("%#lx is between %#llx and %#llx, %u pages around them\n", phys,
		(u64)page_to_phys(taken[0]), (u64)page_to_phys(taken[1]),
		nr_others);
	return 0;
}
module_init(around_init);

static void __exit around_exit(void)
{
	put(taken[0]);
	put(taken[1]);
	while (nr_others)
		put(others[--nr_others]);
}
module_exit(around_exit);

MODULE_DESCRIPTION("Preserves pages around an address");
MODULE_LICENSE("GPL");
