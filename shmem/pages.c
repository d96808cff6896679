// SPDX-License-Identifier: GPL-2.0
/* Taking references on the pages of a file in memory. */

#include <linux/err.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/shmem_fs.h>

#include "shmem/pages.h"

/*
 * Takes a reference on a folio of the page cache that is there for good: reclaim leaves alone
 * what is referenced when it has locked it.
 */
static bool get_settled(struct xa_state *xas, struct address_space *mapping,
			struct folio *folio)
{
	bool settled;

	if (!folio_try_get(folio))
		return false;
	settled = xas_reload(xas) == folio && folio_trylock(folio);
	if (settled) {
		settled = folio->mapping == mapping &&
			  folio_test_uptodate(folio);
		folio_unlock(folio);
	}
	if (!settled)
		folio_put(folio);
	return settled;
}

/**
 * kho_shmem_get_some() - take references on folios of a file in memory
 * @mapping: of the file
 * @index: of the first page
 * @end: one behind the last
 * @folio: filled, in the order of the file; the first may begin before @index
 * @max: at most so many
 *
 * Holes are passed over. Ends before a page that takes more to get: one that is swapped out, was
 * allocated and never written to, or is locked.
 *
 * Context: any that does not hold a lock of the page cache.
 *
 * Return: how many.
 */
unsigned int kho_shmem_get_some(struct address_space *mapping, pgoff_t index,
				pgoff_t end, struct folio **folio,
				unsigned int max)
{
	XA_STATE(xas, &mapping->i_pages, index);
	unsigned int nr = 0;
	void *entry;

	rcu_read_lock();
	xas_for_each(&xas, entry, end - 1)
	{
		if (xas_retry(&xas, entry))
			continue;
		if (nr == max || xa_is_value(entry) ||
		    !get_settled(&xas, mapping, entry))
			break;
		folio[nr++] = entry;
	}
	rcu_read_unlock();
	return nr;
}

/**
 * kho_shmem_read() - take a reference on a page of a file in memory, whatever it takes
 * @mapping: of the file
 * @index: of the page
 * @gfp: for memory, besides what the file itself wants
 *
 * Reads what is swapped out, and clears what was allocated but never written to.
 *
 * Context: may sleep, for the lock of the page and for swap.
 *
 * Return: the folio that it is in, or an error pointer: -EIO and -EHWPOISON: what was there is
 * lost; -EINVAL: it is behind the end of the file; -ENOMEM.
 */
struct folio *kho_shmem_read(struct address_space *mapping, pgoff_t index,
			     gfp_t gfp)
{
	struct page *page = shmem_read_mapping_page_gfp(
		mapping, index, mapping_gfp_mask(mapping) | gfp);

	return IS_ERR(page) ? ERR_CAST(page) : page_folio(page);
}
