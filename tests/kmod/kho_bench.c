// SPDX-License-Identifier: GPL-2.0
/*
 * A client that times the in-kernel API; bench/run.sh drives it in virtual machines whose clock
 * counts instructions. It proves nothing about contents: kho_vmtest does.
 *
 * Parameters, read when the module is loaded:
 *   count   folios to preserve; 0 = restore what the previous kernel preserved
 *   order   their order
 *   mixed   not 0: all orders below this one in turn instead
 *   stride  for order 0: one of so many neighbouring pages is preserved
 * Results are read from /sys/module/kho_bench/parameters/: preserve_ns, restore_ns and free_ns
 * are the cost of one call, the median of batches; the _total ones are for all calls, and contain
 * whatever else the machine did meanwhile.
 */
#include <linux/kexec_handover.h>

#include <linux/io.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sort.h>
#include <linux/vmalloc.h>

#define BENCH_SUBTREE "kho-bench"
#define BLOCK_ORDER 10
/* Calls that are timed together. */
#define BATCH 64

static unsigned long count;
module_param(count, ulong, 0444);
MODULE_PARM_DESC(count, "folios to preserve; 0 = restore");
static unsigned int order;
module_param(order, uint, 0444);
MODULE_PARM_DESC(order, "order of the folios");
static unsigned int mixed;
module_param(mixed, uint, 0444);
MODULE_PARM_DESC(mixed, "not 0: all orders below this one in turn");
static unsigned int stride = 1;
module_param(stride, uint, 0444);
MODULE_PARM_DESC(stride, "preserve one of so many neighbouring pages");

/* What one kind of call costs. */
struct cost {
	unsigned long median;
	unsigned long total;
};

static struct cost preserve, restore, release;
module_param_named(preserve_ns, preserve.median, ulong, 0444);
MODULE_PARM_DESC(preserve_ns, "result: median time to preserve one");
module_param_named(preserve_total_ns, preserve.total, ulong, 0444);
MODULE_PARM_DESC(preserve_total_ns, "result: time to preserve all");
module_param_named(restore_ns, restore.median, ulong, 0444);
MODULE_PARM_DESC(restore_ns, "result: median time to restore one");
module_param_named(restore_total_ns, restore.total, ulong, 0444);
MODULE_PARM_DESC(restore_total_ns, "result: time to restore all");
module_param_named(free_ns, release.median, ulong, 0444);
MODULE_PARM_DESC(free_ns, "result: median time to free one");
module_param_named(free_total_ns, release.total, ulong, 0444);
MODULE_PARM_DESC(free_total_ns, "result: time to free all");

/* One page of the list of addresses. */
struct bench_page {
	u64 next;
	u64 nr;
	u64 phys[448];
};

static_assert(sizeof(struct bench_page) <= PAGE_SIZE);

static struct bench_page *first;

/* Memory for the folios, one after the other; unused neighbours stay allocated. */
static struct page *next_folio(unsigned long nr)
{
	static struct page *block;
	static unsigned int at;
	struct page *page;

	if (order || mixed)
		return alloc_pages(GFP_KERNEL | __GFP_COMP | __GFP_NOWARN,
				   mixed ? nr % mixed : order);
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
		struct page *folio = next_folio(i);

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

static struct folio *folio_at(u64 phys)
{
	return page_folio(pfn_to_page(PHYS_PFN(phys)));
}

static int preserve_one(u64 phys)
{
	return kho_preserve_folio(folio_at(phys));
}

static int restore_one(u64 phys)
{
	return kho_restore_folio(phys) ? 0 : -EIO;
}

static int free_one(u64 phys)
{
	folio_put(folio_at(phys));
	return 0;
}

static int by_size(const void *a, const void *b)
{
	const u64 *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* The median of batches: a clock may be too coarse for one call, and much happens during all. */
static u64 median_of(u64 *ns, size_t nr)
{
	sort(ns, nr, sizeof(*ns), by_size, NULL);
	return ns[nr / 2];
}

static int time_batch(const u64 *phys, u64 nr, int (*call)(u64 phys), u64 *ns)
{
	u64 start = ktime_get_ns();
	int ret = 0;
	u64 i;

	for (i = 0; i < nr && !ret; i++)
		ret = call(phys[i]);
	*ns = (ktime_get_ns() - start) / nr;
	return ret;
}

static int measure(int (*call)(u64 phys), struct cost *cost)
{
	struct bench_page *page;
	u64 all = ktime_get_ns(), nr = 0, i;
	int ret = 0;
	u64 *ns;

	for (page = first; page; page = next_page(page))
		nr += DIV_ROUND_UP_ULL(page->nr, BATCH);
	ns = vmalloc_array(nr, sizeof(*ns));
	nr = 0;
	if (!ns)
		return -ENOMEM;
	for (page = first; page && !ret; page = next_page(page)) {
		for (i = 0; i + BATCH <= page->nr && !ret; i += BATCH)
			ret = time_batch(&page->phys[i], BATCH, call,
					 &ns[nr++]);
		if (i < page->nr && !ret)
			ret = time_batch(&page->phys[i], page->nr - i, call,
					 &ns[nr++]);
	}
	cost->total = ktime_get_ns() - all;
	cost->median = median_of(ns, nr);
	vfree(ns);
	return ret;
}

static int save(void)
{
	int ret = list_fill();

	if (!ret)
		ret = measure(preserve_one, &preserve);
	return ret ?: kho_add_subtree(BENCH_SUBTREE, first, sizeof(*first));
}

static int take_back(phys_addr_t phys)
{
	int ret;

	first = phys_to_virt(phys);
	ret = measure(restore_one, &restore);
	return ret ?: measure(free_one, &release);
}

static int __init kho_bench_init(void)
{
	phys_addr_t phys;

	if (count)
		return save();
	if (kho_retrieve_subtree(BENCH_SUBTREE, &phys, NULL))
		return -ENOENT;
	return take_back(phys);
}

/* What was preserved stays preserved and allocated: the machine is about to jump. */
module_init(kho_bench_init);
MODULE_DESCRIPTION("Times kexec handover");
MODULE_LICENSE("GPL");
