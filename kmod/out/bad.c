// SPDX-License-Identifier: GPL-2.0
/*
 * Preserved pages that the hardware gave up on: looked for when the machine is about to jump, and
 * named to the next kernel, which hands the blocks they are in to nobody. They are not taken out
 * of the tree, or the next kernel would give them to its page allocator.
 *
 * Memory for the list is there from the start: at the jump there may be none, and nobody is
 * waited for who has some. Everything here is under kho_out_lock.
 */

#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/sched.h>

#include "core/bad.h"
#include "kmod/in/in.h"
#include "kmod/kho.h"
#include "kmod/out/inside.h"
#include "kmod/out/out.h"

/* One page; NULL on a kernel that does not care about bad memory. */
static struct kho_bad_ser *bad;
/* It is preserved. That was an attempt to jump which came to nothing. */
static bool preserved;

/**
 * struct search - one look at all preserved pages
 * @bad: list to be filled; NULL if there is none
 * @first: first that was found
 * @nr: how many were found
 */
struct search {
	struct kho_bad_ser *bad;
	u64 first;
	u32 nr;
};

static void note(struct search *s, u64 phys)
{
	if (!s->nr++)
		s->first = phys;
	if (s->bad)
		kho_bad_add(s->bad, phys);
}

/* As many pages as are looked at between two offers to let others run. */
static void look_at(struct search *s, u64 phys, unsigned long nr_pages)
{
	struct page *page = pfn_to_page(PHYS_PFN(phys));
	unsigned long i;

	if (likely(!kho_pages_bad(page, nr_pages)))
		return;
	for (i = 0; i < nr_pages; i++)
		if (kho_pages_bad(page + i, 1))
			note(s, phys + (i << PAGE_SHIFT));
}

static void look_at_range(struct search *s, u64 phys, u64 end)
{
	u64 next;

	for (; phys < end; phys = next) {
		next = min(end, ALIGN(phys + 1, PAGES_PER_SECTION * PAGE_SIZE));
		look_at(s, phys, PHYS_PFN(next - phys));
		cond_resched();
	}
}

/* A tree that somebody has overwritten names memory that there is not. */
static int look_at_blocks(void *ctx, u64 phys, unsigned int order, u64 nr)
{
	u64 bytes;

	if (order >= 64 - PAGE_SHIFT)
		return 0;
	bytes = PAGE_SIZE << order;
	if (kho_out_reserved(phys, phys + nr * bytes)) {
		look_at_range(ctx, phys, phys + nr * bytes);
		return 0;
	}
	for (; nr; nr--, phys += bytes)
		if (kho_out_reserved(phys, phys + bytes))
			look_at_range(ctx, phys, phys + bytes);
	return 0;
}

static void withdraw(void)
{
	if (!preserved)
		return;
	kho_subtree_late(KHO_BAD_SUBTREE, 0, 0);
	preserved = kho_unpreserve_page(virt_to_phys(bad));
}

static int publish(void)
{
	int ret = kho_preserve_page(virt_to_phys(bad));

	if (ret)
		return ret;
	preserved = true;
	kho_bad_seal(bad);
	ret = kho_subtree_late(KHO_BAD_SUBTREE, virt_to_phys(bad),
			       sizeof(*bad));
	if (ret)
		withdraw();
	return ret;
}

/* Return: NULL if there is none that can be written to. */
static struct kho_bad_ser *empty_list(void)
{
	if (preserved || kho_pages_bad(virt_to_page(bad), 1))
		return NULL;
	memset(bad, 0, sizeof(*bad));
	return bad;
}

/**
 * kho_bad_publish() - name preserved pages that went bad to the next kernel
 *
 * After all clients have preserved what they have. Linear in what is preserved.
 *
 * Context: under kho_out_lock; may sleep.
 */
void kho_bad_publish(void)
{
	struct search s = {};
	int ret;

	if (!bad)
		return;
	withdraw();
	s.bad = empty_list();
	kho_preserve_walk(look_at_blocks, &s);
	if (!s.nr)
		return;
	ret = s.bad ? publish() : -EIO;
	if (ret)
		pr_crit("%u preserved pages went bad, the first is %#llx, and the next kernel cannot be told (error %d)\n",
			s.nr, s.first, ret);
	else
		pr_err("%u preserved pages went bad, the first is %#llx: in the next kernel nobody gets what they belong to\n",
		       s.nr, s.first);
}

/**
 * kho_bad_init() - have memory for the list
 *
 * Context: under kho_out_lock; may sleep.
 *
 * Return: 0 or -ENOMEM.
 */
int kho_bad_init(void)
{
	struct page *page;

	if (!__PG_HWPOISON)
		return 0;
	page = kho_fit_alloc_covered(GFP_KERNEL, 0, kho_out_refuses);
	if (!page)
		return -ENOMEM;
	bad = page_address(page);
	return 0;
}

/**
 * kho_bad_exit() - undo kho_bad_init()
 *
 * Context: under kho_out_lock.
 */
void kho_bad_exit(void)
{
	if (!bad)
		return;
	withdraw();
	free_page((unsigned long)bad);
	bad = NULL;
}
