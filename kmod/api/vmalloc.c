// SPDX-License-Identifier: GPL-2.0
/*
 * Areas of vmalloc(): preserved as the list of their blocks, and mapped anew in the next kernel.
 *
 * The kernel does not let modules look up a vmalloc area, so all is taken from what is mapped:
 *  - where the area ends: at its guard page, the first address that is not mapped;
 *  - the order of its blocks: vmalloc_huge() maps all of an area by entries of one size or none;
 *  - its flags: an area mapped by larger entries is one that allowed them.
 * An area that was restored here is mapped page by page, since modules cannot do otherwise; what
 * it was is remembered in page->private of its first page, which vmalloc does not use and the
 * page allocator forgets.
 */

#include <linux/export.h>
#include <linux/kexec_handover.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "kmod/compat/compat.h"
#include "core/parcel.h"
#include "kmod/api/api.h"
#include "kmod/in/in.h"
#include "kmod/kho.h"
#include "kmod/out/out.h"

/* "KHOV" in the upper half of page->private; the flags of kho_vmalloc and its order below. */
#define AREA_MAGIC (0x4b484f56UL << 32)
#define AREA_MARK(list) (AREA_MAGIC | (u32)(list)->flags << 16 | (list)->order)

#define KNOWN_FLAGS (KHO_VMALLOC_ALLOC | KHO_VMALLOC_HUGE_VMAP)

/* --------------------------------------------------------------------------- what is mapped */

/* The page that backs @addr; NULL if nothing does. */
static struct page *page_behind(const void *addr)
{
	return is_vmalloc_addr(addr) ? vmalloc_to_page(addr) : NULL;
}

/* Could vmalloc() have taken this page from the page allocator? */
static bool is_plain(struct page *page)
{
	return pfn_to_online_page(page_to_pfn(page)) && !PageReserved(page) &&
	       !PageCompound(page) && !PageSlab(page) && !page->mapping &&
	       page_count(page);
}

/* Is all of the area made of naturally aligned blocks of this order? */
static bool has_blocks(const void *ptr, u32 nr_pages, unsigned int order)
{
	unsigned long pfn = 0, mask = (1UL << order) - 1;
	u32 i;

	if (nr_pages & mask)
		return false;
	for (i = 0; i < nr_pages; i++, pfn++) {
		unsigned long is =
			page_to_pfn(page_behind(ptr + i * PAGE_SIZE));

		if (!(i % 1024))
			cond_resched();
		if (i & mask ? is != pfn : is & mask)
			return false;
		pfn = is;
	}
	return true;
}

static bool is_mapped_by(const void *ptr, u32 nr_pages, unsigned int order)
{
	u32 i;

	for (i = 0; i < nr_pages; i += 1U << order)
		if (kho_compat_mapped_order((unsigned long)ptr +
					    i * PAGE_SIZE) != order)
			return false;
	return true;
}

/* Fills flags and order, given the number of pages. */
static void find_order(const void *ptr, struct kho_vmalloc *list)
{
	unsigned long mark = page_private(page_behind(ptr));
	unsigned int order = kho_compat_mapped_order((unsigned long)ptr);
	u16 flags = order ? KNOWN_FLAGS : KHO_VMALLOC_ALLOC;

	if ((mark & ~0xffffffffUL) == AREA_MAGIC) {
		flags = mark >> 16 & KNOWN_FLAGS;
		order = min_t(unsigned int, mark & 0xffff, 31);
	} else if (!is_mapped_by(ptr, list->total_pages, order)) {
		order = 0;
	}
	if (!has_blocks(ptr, list->total_pages, order))
		order = 0;
	list->flags = flags;
	list->order = order;
}

/* Fills all of the descriptor but the list. */
static int describe(const void *ptr, struct kho_vmalloc *list)
{
	struct page *page = page_behind(ptr);
	u64 nr = 0;

	if (!page || !PAGE_ALIGNED(ptr) || page_behind(ptr - PAGE_SIZE))
		return -EINVAL;
	for (; page; page = page_behind(ptr + nr * PAGE_SIZE)) {
		if (!is_plain(page))
			return -EOPNOTSUPP;
		if (++nr > U32_MAX)
			return -ERANGE;
		if (!(nr % 1024))
			cond_resched();
	}
	list->total_pages = nr;
	find_order(ptr, list);
	return 0;
}

/* ------------------------------------------------------------------------------- preserving */

/* The page that list ends with; @used is moved on. A new one if there is none or it is full. */
static struct kho_vmalloc_chunk *chunk_with_room(struct kho_vmalloc *list,
						 struct kho_vmalloc_chunk *last,
						 u32 *used)
{
	struct kho_vmalloc_chunk *chunk;

	if (last && *used < KHO_VMALLOC_SIZE)
		return last;
	chunk = kho_alloc_preserve(sizeof(*chunk));
	if (IS_ERR(chunk))
		return chunk;
	if (last)
		last->hdr.next = virt_to_phys(chunk);
	else
		list->first = virt_to_phys(chunk);
	*used = 0;
	return chunk;
}

static int preserve_blocks(const void *ptr, struct kho_vmalloc *list)
{
	struct kho_vmalloc_chunk *chunk = NULL;
	u32 i, used = 0;
	int ret;

	for (i = 0; i < list->total_pages; i += 1U << list->order) {
		struct page *page = page_behind(ptr + (size_t)i * PAGE_SIZE);

		chunk = chunk_with_room(list, chunk, &used);
		if (IS_ERR(chunk))
			return PTR_ERR(chunk);
		ret = kho_keep(page, 1UL << list->order, KHO_KEEP_NEW_FOLIO);
		if (ret)
			return ret;
		chunk->phys[used++] = page_to_phys(page);
	}
	return 0;
}

/**
 * kho_preserve_vmalloc() - keep an area of vmalloc() for the next kernel
 * @ptr: start of the area, as vmalloc() returned it
 * @preservation: filled; may be copied byte for byte to where the next kernel finds it
 *
 * The area can be written to until the machine jumps, and must not be freed while it is
 * preserved.
 *
 * The kind of an area shows in how it is mapped only: areas of vmap() and vmalloc_user() that
 * consist of ordinary pages are preserved as if they were of vmalloc().
 *
 * Context: may sleep.
 *
 * Return: 0; -EINVAL (no area starts at @ptr); -EOPNOTSUPP (it maps more than ordinary pages,
 * such as device memory or compound pages; or handover is off); -ERANGE (16 TiB or more);
 * -EEXIST (it, or a part of it, is preserved already); -ENOMEM; other errors of
 * kho_preserve_pages(). On failure nothing of it is preserved that was not before, and
 * @preservation is not changed.
 */
int kho_preserve_vmalloc(void *ptr, struct kho_vmalloc *preservation)
{
	struct kho_vmalloc list = {};
	int ret;

	if (!kho_is_enabled())
		return -EOPNOTSUPP;
	ret = preservation ? describe(ptr, &list) : -EINVAL;
	if (ret)
		return ret;
	ret = preserve_blocks(ptr, &list);
	if (ret)
		kho_unpreserve_vmalloc(&list);
	else
		*preservation = list;
	return ret;
}
EXPORT_SYMBOL_GPL(kho_preserve_vmalloc);

/**
 * kho_unpreserve_vmalloc() - do not keep an area after all
 * @preservation: as kho_preserve_vmalloc() filled it; empty afterwards
 *
 * The area itself is left alone.
 *
 * Context: may sleep.
 */
void kho_unpreserve_vmalloc(struct kho_vmalloc *preservation)
{
	u64 phys = preservation->first;

	while (phys) {
		struct kho_vmalloc_chunk *chunk = phys_to_virt(phys);
		u32 i;

		for (i = 0; i < KHO_VMALLOC_SIZE && chunk->phys[i]; i++)
			kho_unpreserve_pages(
				pfn_to_page(PHYS_PFN(chunk->phys[i])),
				1UL << preservation->order);
		phys = chunk->hdr.next;
		kho_unpreserve_free(chunk);
		cond_resched();
	}
	memset(preservation, 0, sizeof(*preservation));
}
EXPORT_SYMBOL_GPL(kho_unpreserve_vmalloc);

/* -------------------------------------------------------------------------------- restoring */

/**
 * struct area - an area that is being restored
 * @list: what came in; nothing in it is trusted before check_list()
 * @pages: every page, in order
 * @nr_pages: filled so far
 */
struct area {
	struct kho_vmalloc list;
	struct page **pages;
	u32 nr_pages;
};

static const void *waiting_block(void *ctx, u64 phys, unsigned int order)
{
	/* Called for each block of an area. */
	cond_resched();
	return kho_range_waits(phys, 1UL << order) ? phys_to_virt(phys) : NULL;
}

static int note_block(void *ctx, u64 phys)
{
	struct area *a = ctx;
	struct page *page = pfn_to_page(PHYS_PFN(phys));
	u32 i;

	for (i = 0; i < 1U << a->list.order; i++)
		a->pages[a->nr_pages++] = page + i;
	return 0;
}

static int check_list(struct area *a, int (*each)(void *ctx, u64 phys))
{
	const struct kho_page_ops ops = {
		.page = waiting_block,
		.nr_pages = kho_in_unclaimed_pages(),
	};
	struct kho_refusal r = {};
	int ret;

	ret = kho_page_list_check(&a->list, &ops, each, NULL, a, &r);
	if (ret)
		pr_err("cannot restore a vmalloc area: %s at %#llx\n", r.check,
		       r.where);
	return ret;
}

/*
 * Calls @each for the blocks of the area and then for the pages of its list, until it returns
 * false or was called @limit times. @done: how many times it returned true.
 *
 * The list is followed only behind pages for which @each returned true: others may be somebody
 * else's by now. Likewise a page is read before @each may let go of it.
 *
 * Return: true if it was called for all of them.
 */
static bool for_each_range(const struct area *a, u64 limit, u64 *done,
			   bool (*each)(phys_addr_t phys, unsigned long nr))
{
	unsigned long nr = 1UL << a->list.order;
	u64 phys, next, i;

	*done = 0;
	for (i = 0; i < a->list.total_pages; i += nr, ++*done) {
		if (*done == limit || !each(page_to_phys(a->pages[i]), nr))
			return false;
		cond_resched();
	}
	for (phys = a->list.first; phys; phys = next, ++*done) {
		if (*done == limit)
			return false;
		next = ((struct kho_vmalloc_chunk *)phys_to_virt(phys))
			       ->hdr.next;
		if (!each(phys, 1))
			return false;
	}
	return true;
}

static bool put_back(phys_addr_t phys, unsigned long nr)
{
	kho_range_put_back(phys, nr);
	return true;
}

static bool finish(phys_addr_t phys, unsigned long nr)
{
	kho_range_restore(phys, nr);
	return true;
}

/*
 * All or nothing: what is named twice, or was restored by somebody else meanwhile, cannot be
 * taken.
 */
static bool take(const struct area *a)
{
	u64 taken, done;

	if (for_each_range(a, U64_MAX, &taken, kho_range_take))
		return true;
	for_each_range(a, taken, &done, put_back);
	return false;
}

static void free_chunks(u64 phys)
{
	while (phys) {
		struct kho_vmalloc_chunk *chunk = phys_to_virt(phys);

		phys = chunk->hdr.next;
		free_page((unsigned long)chunk);
	}
}

/*
 * Maps the pages, and only then makes them ours: until then nothing needs to be undone but maps.
 */
static void *map(struct area *a)
{
	u64 done;
	void *addr = vmap(a->pages, a->nr_pages, VM_MAP | VM_MAP_PUT_PAGES,
			  PAGE_KERNEL);

	if (!addr)
		return NULL;
	if (!take(a)) {
		pr_err("cannot restore a vmalloc area: some of it is named twice\n");
		vunmap(addr);
		return NULL;
	}
	for_each_range(a, U64_MAX, &done, finish);
	if (a->list.order || a->list.flags & KHO_VMALLOC_HUGE_VMAP)
		set_page_private(a->pages[0], AREA_MARK(&a->list));
	free_chunks(a->list.first);
	return addr;
}

/*
 * Room for a pointer to each page. It belongs to the area that is made of them, which is freed
 * with kvfree(); but kvmalloc() gives no more than 2 GiB, of which 1 TiB of pages would fit.
 */
static struct page **alloc_pages_array(u32 nr_pages)
{
	size_t bytes = array_size(nr_pages, sizeof(struct page *));

	return bytes > INT_MAX ? __vmalloc(bytes, GFP_KERNEL | __GFP_NOWARN) :
				 kvmalloc(bytes, GFP_KERNEL | __GFP_NOWARN);
}

/**
 * kho_restore_vmalloc() - take over an area of vmalloc() from the previous kernel
 * @preservation: as kho_preserve_vmalloc() filled it there; from another kernel, so not trusted
 *
 * Works once. Contents are as they were, in the same physical pages, at an address that may be
 * another; order and flags are kept for when the area is preserved again. It is mapped with
 * PAGE_KERNEL, page by page, and belongs to the caller: vfree() frees all of it.
 *
 * Context: may sleep.
 *
 * Return: start of the area; NULL if the list is not good, memory of it went bad, or there is
 * none to map it. Then nothing of it is taken, and all of it still waits.
 */
void *kho_restore_vmalloc(const struct kho_vmalloc *preservation)
{
	struct area a = {};
	void *addr = NULL;

	if (!preservation)
		return NULL;
	a.list = *preservation;
	if (!a.list.total_pages || !kho_in_unclaimed_pages() ||
	    check_list(&a, NULL))
		return NULL;
	a.pages = alloc_pages_array(a.list.total_pages);
	if (!a.pages)
		return NULL;
	if (!check_list(&a, note_block))
		addr = map(&a);
	if (!addr)
		kvfree(a.pages);
	return addr;
}
EXPORT_SYMBOL_GPL(kho_restore_vmalloc);
