// SPDX-License-Identifier: GPL-2.0
/* Memory that this kernel reserved at boot goes to the page allocator. */

#include <linux/efi.h>
#include <linux/sched.h>

#include "kmod/compat/compat.h"
#include "kmod/in/in.h"
#include "kmod/kho.h"

/*
 * The log of the TPM. The firmware's other tables lie in memory that the kernel takes out of RAM;
 * this one it merely reserves, so that inside an extent it looks like a page of ours.
 */
static unsigned long log_start_pfn, log_end_pfn;

/* Pages of one zone that were given back and are not yet counted as managed. */
struct pending {
	struct page *first;
	unsigned long nr;
};

static void flush(struct pending *p)
{
	if (p->nr)
		adjust_managed_page_count(p->first, p->nr);
	p->nr = 0;
}

/*
 * Turns 2^order boot-reserved pages into one free block: no reserved flag, and no reference but
 * one on the first, which __free_pages() drops.
 */
static void free_block(struct pending *p, struct page *page, unsigned int order)
{
	const unsigned long reserved = 1UL << PG_reserved;
	unsigned long i, nr = 1UL << order;

	if (p->nr && page_zone(page) != page_zone(p->first))
		flush(p);
	if (!p->nr)
		p->first = page;
	p->nr += nr;
	*kho_compat_page_flags(page) &= ~reserved;
	for (i = 1; i < nr; i++) {
		*kho_compat_page_flags(page + i) &= ~reserved;
		set_page_count(page + i, 0);
	}
	__free_pages(page, order);
}

/**
 * kho_give_back_init() - find out what must never be given back
 *
 * Return: 0, or -ENOMEM.
 */
int kho_give_back_init(void)
{
	struct linux_efi_tpm_eventlog log;
	int ret;

	if (!IS_ENABLED(CONFIG_EFI) || efi.tpm_log == EFI_INVALID_TABLE_ADDR)
		return 0;
	ret = kho_phys_read(&log, efi.tpm_log, sizeof(log));
	if (ret)
		return ret;
	log_start_pfn = PHYS_PFN(efi.tpm_log);
	log_end_pfn = PHYS_PFN(efi.tpm_log + sizeof(log) + log.size - 1) + 1;
	return 0;
}

static u64 give_back(unsigned long start_pfn, unsigned long end_pfn)
{
	struct pending pending = {};
	unsigned long pfn = start_pfn;

	while (pfn < end_pfn) {
		unsigned int order = min_t(unsigned int, ilog2(end_pfn - pfn),
					   KHO_MAX_BUDDY_ORDER);

		if (pfn)
			order = min_t(unsigned int, order, __ffs(pfn));
		/* A block belongs to one zone; zones need not be aligned. */
		while (page_zone(pfn_to_page(pfn)) !=
		       page_zone(pfn_to_page(pfn + (1UL << order) - 1)))
			order--;
		free_block(&pending, pfn_to_page(pfn), order);
		pfn += 1UL << order;
		if (order == KHO_MAX_BUDDY_ORDER)
			cond_resched();
	}
	flush(&pending);
	return (u64)(end_pfn - start_pfn) << PAGE_SHIFT;
}

/**
 * kho_give_back() - give boot-reserved pages to the page allocator
 * @start_pfn: first page
 * @end_pfn: first page after the last
 *
 * Every page of the range must be online RAM that was reserved at boot and that nobody uses, but
 * for what kho_give_back_init() found: that stays. The range is freed in the largest aligned
 * blocks.
 *
 * Context: may sleep.
 *
 * Return: bytes given back.
 */
u64 kho_give_back(unsigned long start_pfn, unsigned long end_pfn)
{
	u64 bytes = 0;

	if (likely(end_pfn <= log_start_pfn || start_pfn >= log_end_pfn))
		return give_back(start_pfn, end_pfn);
	if (start_pfn < log_start_pfn)
		bytes = give_back(start_pfn, log_start_pfn);
	if (end_pfn > log_end_pfn)
		bytes += give_back(log_end_pfn, end_pfn);
	return bytes;
}
