// SPDX-License-Identifier: GPL-2.0
/* The exported functions of <linux/kexec_handover.h>: arguments checked, then handed on. */

#include <linux/export.h>
#include <linux/instruction_pointer.h>
#include <linux/kexec_handover.h>
#include <linux/kho_folios.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>

#include "core/fdt.h"
#include "kmod/compat/compat.h"
#include "kmod/api/api.h"
#include "kmod/in/in.h"
#include "kmod/kho.h"
#include "kmod/out/out.h"

/**
 * kho_is_enabled() - is handover switched on?
 *
 * Context: any.
 *
 * Return: true if memory can be preserved (parameter enable= of the module).
 */
bool kho_is_enabled(void)
{
	return kho_enabled;
}
EXPORT_SYMBOL_GPL(kho_is_enabled);

/**
 * is_kho_boot() - did a previous kernel hand memory to this one?
 *
 * Context: any.
 *
 * Return: true if there was a handover and it was found good.
 */
bool is_kho_boot(void)
{
	return kho_in_accepted();
}
EXPORT_SYMBOL_GPL(is_kho_boot);

/* Pages of a balloon and the like are single ones. */
static bool any_ballooned(struct page *page, unsigned long nr_pages)
{
	unsigned long i;

	for (i = 0; i < nr_pages; i++)
		if (PageOffline(page + i))
			return true;
	return false;
}

/*
 * Can pages be relied on to be there, and to be ours, in the next kernel? Memory comes and goes
 * in whole sections.
 */
static bool preservable(struct page *page, unsigned long nr_pages,
			enum kho_keep how)
{
	bool compound = how != KHO_KEEP_RANGE && PageHead(page);
	unsigned long pfn = page_to_pfn(page), end = pfn + nr_pages, next;

	for (; pfn < end; page += next - pfn, pfn = next) {
		next = min(end, ALIGN(pfn + 1, PAGES_PER_SECTION));
		if (!pfn_to_online_page(pfn) ||
		    kho_pages_bad(page, next - pfn) ||
		    any_ballooned(page, compound ? 1 : next - pfn))
			return false;
		if (next < end)
			cond_resched();
	}
	return true;
}

static int refuse_pages(struct page *page, unsigned long nr_pages)
{
	pr_err_ratelimited(
		"cannot preserve pfn %#lx, %lu pages: offline, ballooned or broken memory\n",
		page_to_pfn(page), nr_pages);
	return -EINVAL;
}

/**
 * kho_keep() - preserve pages, after checking that they can be
 * @page: first page
 * @nr_pages: number of pages
 * @how: see there
 *
 * Context: may sleep.
 *
 * Return: as kho_preserve_pages(), and see @how.
 */
int kho_keep(struct page *page, unsigned long nr_pages, enum kho_keep how)
{
	if (!kho_enabled)
		return -EOPNOTSUPP;
	if (!page || !nr_pages ||
	    nr_pages > (1ULL << KHO_ORDER_0_LOG2) - page_to_pfn(page))
		return -EINVAL;
	if (!preservable(page, nr_pages, how))
		return refuse_pages(page, nr_pages);
	return kho_out_preserve(page_to_phys(page), nr_pages, how);
}

/**
 * kho_preserve_folio() - keep a folio for the next kernel
 * @folio: any folio of RAM; it must stay allocated, and neither be split nor migrated
 *
 * The folio can be written to until the machine jumps. Preserving twice is harmless.
 *
 * Context: may sleep.
 *
 * Return: 0; -EOPNOTSUPP (handover is off, or the folio is larger than any the page allocator
 * makes, and could not be made anew); -EINVAL (below 1 MiB, in scratch, the last page of RAM,
 * not online RAM, poisoned or ballooned); -EEXIST (a part of it is preserved as, or in, a block
 * of another size); -ENOSPC (no extent left); -ENOMEM.
 */
int kho_preserve_folio(struct folio *folio)
{
	if (!folio)
		return -EINVAL;
	if (folio_order(folio) > KHO_MAX_BUDDY_ORDER)
		return -EOPNOTSUPP;
	return kho_keep(&folio->page, folio_nr_pages(folio), KHO_KEEP_FOLIO);
}
EXPORT_SYMBOL_GPL(kho_preserve_folio);

/*
 * As preservable(), for single pages. @section: of the page before, which was online; such pages
 * mostly come in runs.
 */
static bool preservable_page(struct page *page, unsigned long *section)
{
	unsigned long pfn = page_to_pfn(page);

	if (pfn_to_section_nr(pfn) != *section) {
		if (!pfn_to_online_page(pfn))
			return false;
		*section = pfn_to_section_nr(pfn);
	}
	return !PageHWPoison(page) && !PageOffline(page);
}

static int check_folio(struct folio *folio, unsigned long *section)
{
	unsigned long nr = folio_nr_pages(folio);

	if (folio_order(folio) > KHO_MAX_BUDDY_ORDER)
		return -EOPNOTSUPP;
	if (nr == 1 ? preservable_page(&folio->page, section) :
		      preservable(&folio->page, nr, KHO_KEEP_FOLIO))
		return 0;
	return refuse_pages(&folio->page, nr);
}

/**
 * kho_preserve_folios() - keep folios for the next kernel
 * @folio: as for kho_preserve_folio()
 * @nr: how many
 * @nr_done: filled with how many from the first on are preserved
 *
 * As kho_preserve_folio() for each, which stops at the first that it refuses, or that is
 * preserved already: two who name one page could not both have it in the next kernel.
 *
 * Context: may sleep.
 *
 * Return: 0, and *@nr_done is @nr; else what kho_preserve_folio() says of folio *@nr_done, or
 * -EEXIST.
 */
int kho_preserve_folios(struct folio *const *folio, unsigned int nr,
			unsigned int *nr_done)
{
	unsigned long section = ULONG_MAX;
	unsigned int good = 0;
	int ret = 0, refused;

	*nr_done = 0;
	if (!kho_enabled)
		return -EOPNOTSUPP;
	while (good < nr && !ret) {
		ret = check_folio(folio[good], &section);
		if (!ret)
			good++;
	}
	refused = kho_out_preserve_folios(folio, good, nr_done);
	return refused ?: ret;
}
EXPORT_SYMBOL_GPL(kho_preserve_folios);

/**
 * kho_unpreserve_folio() - do not keep a folio after all
 * @folio: as it was preserved: same address, same order
 *
 * Unpreserving what was not preserved is logged and changes nothing.
 *
 * Context: may sleep.
 */
void kho_unpreserve_folio(struct folio *folio)
{
	if (folio)
		kho_out_unpreserve(page_to_phys(&folio->page),
				   folio_nr_pages(folio), true);
}
EXPORT_SYMBOL_GPL(kho_unpreserve_folio);

/**
 * kho_preserve_pages() - keep a physically contiguous range of pages for the next kernel
 * @page: first page
 * @nr_pages: number of pages, not 0; the range may cross NUMA nodes
 *
 * Context: may sleep.
 *
 * Return: as for kho_preserve_folio(); on failure nothing that this call added stays preserved.
 */
int kho_preserve_pages(struct page *page, unsigned long nr_pages)
{
	return kho_keep(page, nr_pages, KHO_KEEP_RANGE);
}
EXPORT_SYMBOL_GPL(kho_preserve_pages);

/**
 * kho_unpreserve_pages() - do not keep a range after all
 * @page: as it was preserved
 * @nr_pages: as it was preserved; a part of a range cannot be unpreserved
 *
 * Context: may sleep.
 */
void kho_unpreserve_pages(struct page *page, unsigned long nr_pages)
{
	if (page)
		kho_out_unpreserve(page_to_phys(page), nr_pages, false);
}
EXPORT_SYMBOL_GPL(kho_unpreserve_pages);

/**
 * kho_add_subtree() - hand a named blob to the next kernel
 * @name: 1 .. 63 characters, no '/'; unique
 * @blob: virtual address in the direct map; its pages must be preserved by the caller
 * @size: bytes
 *
 * Allowed at any time, also after an image was loaded. A module that is unloaded loses its
 * subtrees, if it did not remove them itself.
 *
 * Context: may sleep.
 *
 * Return: 0; -EEXIST (name taken); -ENOSPC (the root FDT, one page, is full); -EINVAL (name or
 * blob is not usable); -EOPNOTSUPP (handover is off); -ENOMEM.
 */
int kho_add_subtree(const char *name, void *blob, size_t size)
{
	if (!kho_enabled)
		return -EOPNOTSUPP;
	if (!name || !size || !virt_addr_valid(blob))
		return -EINVAL;
	return kho_out_subtree_add_for(name, blob, size, _RET_IP_);
}
EXPORT_SYMBOL_GPL(kho_add_subtree);

/**
 * kho_remove_subtree() - take back a blob given to kho_add_subtree()
 * @blob: its address
 *
 * Silent if there is no such subtree.
 *
 * Context: may sleep.
 */
void kho_remove_subtree(void *blob)
{
	if (kho_enabled)
		kho_out_subtree_remove(blob);
}
EXPORT_SYMBOL_GPL(kho_remove_subtree);

/**
 * kho_own_subtree_add() - hand a named blob of a client in this module to the next kernel
 * @name: as for kho_add_subtree()
 * @blob: as for kho_add_subtree()
 * @bytes: its size
 *
 * Context: may sleep.
 *
 * Return: as kho_out_subtree_add().
 */
int kho_own_subtree_add(const char *name, void *blob, u64 bytes)
{
	return kho_out_subtree_add(name, blob, bytes);
}

/**
 * kho_own_subtree_replace() - let a subtree of a client in this module have another blob
 * @name: of the subtree
 * @blob: the new one; its pages are preserved
 * @bytes: its size
 *
 * Context: may sleep.
 *
 * Return: as kho_out_subtree_replace().
 */
int kho_own_subtree_replace(const char *name, void *blob, u64 bytes)
{
	return kho_out_subtree_replace(name, blob, bytes);
}

/**
 * kho_own_subtree_remove() - take back a blob of a client in this module
 * @blob: its address
 *
 * Context: may sleep.
 *
 * Return: as kho_out_subtree_remove().
 */
int kho_own_subtree_remove(void *blob)
{
	return kho_out_subtree_remove(blob);
}

/**
 * kho_retrieve_subtree() - find a blob that the previous kernel left
 * @name: of the subtree
 * @phys: filled with the physical address
 * @size: filled with the size in bytes; may be NULL
 *
 * The contents come from another kernel: the client validates them.
 *
 * Context: any after the module was loaded.
 *
 * Return: 0; -ENOENT (no handover, or no such subtree); -EINVAL (@name or @phys is NULL).
 */
int kho_retrieve_subtree(const char *name, phys_addr_t *phys, size_t *size)
{
	struct kho_fdt_subtree subtree;

	if (!name || !phys)
		return -EINVAL;
	if (kho_in_subtree(name, &subtree))
		return -ENOENT;
	*phys = subtree.phys;
	if (size)
		*size = subtree.bytes;
	return 0;
}
EXPORT_SYMBOL_GPL(kho_retrieve_subtree);
