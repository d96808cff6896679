// SPDX-License-Identifier: GPL-2.0
/*
 * A client that times the in-kernel API; bench/run.sh drives it in virtual machines whose clock
 * counts instructions. It proves nothing about contents: kho_vmtest does.
 *
 * Parameters, read when the module is loaded:
 *   count   folios to preserve; 0 = restore what the previous kernel preserved
 *   order   their order
 *   stride  for order 0: one of so many neighbouring pages is preserved
 * Results are read from /sys/module/kho_bench/parameters/: preserve_ns, restore_ns, free_ns.
 */
#include <linux/kexec_handover.h>

#include <linux/io.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/vmalloc.h>

#define BENCH_SUBTREE "kho-bench"
#define BLOCK_ORDER 10

static unsigned long count;
module_param(count, ulong, 0444);
MODULE_PARM_DESC(count, "folios to preserve; 0 = restore");
static unsigned int order;
module_param(order, uint, 0444);
MODULE_PARM_DESC(order, "order of the folios");
static unsigned int stride = 1;
module_param(stride, uint, 0444);
MODULE_PARM_DESC(stride, "preserve one of so many neighbouring pages");
static unsigned long preserve_ns;
module_param(preserve_ns, ulong, 0444);
MODULE_PARM_DESC(preserve_ns, "result: time to preserve all");
static unsigned long restore_ns;
module_param(restore_ns, ulong, 0444);
MODULE_PARM_DESC(restore_ns, "result: time to restore all");
static unsigned long free_ns;
module_param(free_ns, ulong, 0444);
MODULE_PARM_DESC(free_ns, "result: time to free all");

/* One page of the list of addresses. */
struct bench_page {
	u64 next;
	u64 nr;
	u64 phys[510];
};

static struct bench_page *first;

/* Memory for the folios, one after the other; unused neighbours stay allocated. */
static struct page *next_folio(void)
{
	static struct page *block;
	static unsigned int at;
	struct page *page;

	if (order)
		return alloc_pages(GFP_KERNEL | __GFP_COMP | __GFP_NOWARN,
				   order);
	if (!block || at + stride > 1U << BLOCK_ORDER) {
		block = alloc_pages(GFP_KERNEL | __GFP_NOWARN, BLOCK_ORDER);
		if (!block)
			return NULL;
		split_page(block, BLOCK_ORDER);
		at = 0;
	}
	page = block + at;
	at += stride;
	return page;
}

static int list_fill(void)
{
	struct bench_page *page = NULL, *last;
	unsigned long i;

	for (i = 0; i < count; i++) {
		struct page *folio = next_folio();

		if (!folio)
			return -ENOMEM;
		if (i % ARRAY_SIZE(page->phys) == 0) {
			last = page;
			page = (void *)get_zeroed_page(GFP_KERNEL);
			if (!page)
				return -ENOMEM;
			if (kho_preserve_pages(virt_to_page(page), 1))
				return -ENOMEM;
			if (last)
				last->next = virt_to_phys(page);
			else
				first = page;
		}
		page->phys[page->nr++] = page_to_phys(folio);
	}
	return 0;
}

static struct bench_page *next_page(struct bench_page *page)
{
	return page->next ? phys_to_virt(page->next) : NULL;
}

static int save(void)
{
	struct bench_page *page;
	u64 start;
	int ret;

	ret = list_fill();
	if (ret)
		return ret;
	start = ktime_get_ns();
	for (page = first; page; page = next_page(page)) {
		u64 i;

		for (i = 0; i < page->nr; i++) {
			ret = kho_preserve_folio(page_folio(
				pfn_to_page(PHYS_PFN(page->phys[i]))));
			if (ret)
				return ret;
		}
	}
	preserve_ns = ktime_get_ns() - start;
	return kho_add_subtree(BENCH_SUBTREE, first, sizeof(*first));
}

static int restore(phys_addr_t phys)
{
	struct bench_page *page;
	u64 start, i;

	first = phys_to_virt(phys);
	start = ktime_get_ns();
	for (page = first; page; page = next_page(page))
		for (i = 0; i < page->nr; i++)
			if (!kho_restore_folio(page->phys[i]))
				return -EIO;
	restore_ns = ktime_get_ns() - start;
	start = ktime_get_ns();
	for (page = first; page; page = next_page(page))
		for (i = 0; i < page->nr; i++)
			folio_put(page_folio(
				pfn_to_page(PHYS_PFN(page->phys[i]))));
	free_ns = ktime_get_ns() - start;
	return 0;
}

static int __init kho_bench_init(void)
{
	phys_addr_t phys;

	if (count)
		return save();
	if (kho_retrieve_subtree(BENCH_SUBTREE, &phys, NULL))
		return -ENOENT;
	return restore(phys);
}

/* What was preserved stays preserved and allocated: the machine is about to jump. */
module_init(kho_bench_init);
MODULE_DESCRIPTION("Times kexec handover");
MODULE_LICENSE("GPL");
