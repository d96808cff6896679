// SPDX-License-Identifier: GPL-2.0
/* Memory that is allocated to be preserved: one call for both, and one for the way back. */

#include <linux/export.h>
#include <linux/gfp.h>
#include <linux/kexec_handover.h>
#include <linux/kho_fit.h>
#include <linux/kho_folios.h>
#include <linux/mm.h>

#include "kmod/compat/compat.h"
#include "kmod/kho.h"
#include "kmod/out/out.h"

static void *alloc_preserve(size_t size, gfp_t gfp)
{
	struct folio *folio;
	struct page *page;
	int ret;

	if (!size)
		return ERR_PTR(-EINVAL);
	if (get_order(size) > KHO_MAX_BUDDY_ORDER)
		return ERR_PTR(-E2BIG);
	if (!kho_is_enabled())
		return ERR_PTR(-EOPNOTSUPP);
	page = kho_fit_alloc(gfp | __GFP_ZERO | __GFP_COMP | __GFP_NOWARN,
			     get_order(size));
	if (!page)
		return ERR_PTR(-ENOMEM);
	folio = page_folio(page);
	ret = kho_preserve_folio(folio);
	if (ret) {
		folio_put(folio);
		return ERR_PTR(ret);
	}
	return folio_address(folio);
}

/**
 * kho_alloc_preserve() - allocate memory that the next kernel will find
 * @size: bytes, rounded up to a power of two of pages
 *
 * The memory is zeroed and physically contiguous: one folio, which kho_restore_folio() or
 * kho_restore_free() takes in the next kernel, given its physical address.
 *
 * Context: may sleep.
 *
 * Return: its address, to be given to kho_unpreserve_free(). ERR_PTR: -EINVAL (@size is 0),
 * -E2BIG (larger than any the page allocator has), -ENOMEM, or an error of kho_preserve_folio().
 */
void *kho_alloc_preserve(size_t size)
{
	return alloc_preserve(size, GFP_KERNEL);
}
EXPORT_SYMBOL_GPL(kho_alloc_preserve);

/**
 * kho_alloc_preserve_charged() - the same, charged to the memory cgroup of the caller
 * @size: as there
 *
 * For what user space can have a driver allocate.
 *
 * Context: may sleep.
 *
 * Return: as there.
 */
void *kho_alloc_preserve_charged(size_t size)
{
	return alloc_preserve(size, GFP_KERNEL_ACCOUNT);
}
EXPORT_SYMBOL_GPL(kho_alloc_preserve_charged);

/**
 * kho_unpreserve_free() - unpreserve and free memory of kho_alloc_preserve()
 * @mem: its address, in the kernel that allocated it; may be NULL
 *
 * What is not preserved is not freed either, since it may be somebody else's by now; that is
 * logged.
 *
 * Context: may sleep.
 */
void kho_unpreserve_free(void *mem)
{
	struct folio *folio;

	if (!mem || !virt_addr_valid(mem))
		return;
	folio = virt_to_folio(mem);
	if (!kho_out_unpreserve(page_to_phys(&folio->page),
				folio_nr_pages(folio), true))
		folio_put(folio);
}
EXPORT_SYMBOL_GPL(kho_unpreserve_free);

/**
 * kho_restore_free() - free memory that the previous kernel allocated with kho_alloc_preserve()
 * @mem: its address in this kernel: phys_to_virt() of its physical address; may be NULL
 *
 * Nothing happens but a line in the log if nothing waits there.
 *
 * Context: may sleep.
 */
void kho_restore_free(void *mem)
{
	struct folio *folio = NULL;

	if (!mem)
		return;
	if (virt_addr_valid(mem))
		folio = kho_restore_folio(virt_to_phys(mem));
	if (folio)
		folio_put(folio);
	else
		pr_err_ratelimited(
			"cannot free what did not come in, or was restored already\n");
}
EXPORT_SYMBOL_GPL(kho_restore_free);
