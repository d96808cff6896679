// SPDX-License-Identifier: GPL-2.0
/*
 * Preserved pages that the hardware gave up on: looked for when the machine is about to jump, and
 * named to the next kernel, which hands the blocks they are in to nobody. They are not taken out
 * of the tree, or the next kernel would give them to its page allocator.
 */

#include <linux/kexec_handover.h>
#include <linux/mm.h>
#include <linux/sched.h>

#include "core/bad.h"
#include "kmod/in/in.h"
#include "kmod/kho.h"
#include "kmod/out/inside.h"
#include "kmod/out/out.h"

/* Named by an earlier attempt to jump that came to nothing. */
static struct kho_bad_ser *published;

/**
 * struct search - one look at all preserved pages
 * @bad: list to be filled; NULL while it is only asked whether there are any
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

/* Under kho_out_lock. A tree that somebody has overwritten names memory that there is not. */
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
	if (!published || kho_out_subtree_remove(published))
		return;
	kho_unpreserve_free(published);
	published = NULL;
}

/**
 * kho_bad_look() - is there anything for kho_bad_publish() to do?
 *
 * Linear in what is preserved.
 *
 * Context: under kho_out_lock; may sleep.
 */
bool kho_bad_look(void)
{
	struct search s = {};

	/* A kernel that does not care about bad memory knows of none. */
	if (!__PG_HWPOISON)
		return false;
	kho_preserve_walk(look_at_blocks, &s);
	return s.nr || published;
}

static int add(struct kho_bad_ser *bad)
{
	int ret;

	kho_bad_seal(bad);
	ret = kho_out_subtree_add(KHO_BAD_SUBTREE, bad, sizeof(*bad));
	if (!ret)
		published = bad;
	return ret;
}

/**
 * kho_bad_publish() - name preserved pages that went bad to the next kernel
 *
 * After all clients have preserved what they have. Linear in what is preserved.
 *
 * Context: may sleep; takes kho_out_lock.
 */
void kho_bad_publish(void)
{
	struct kho_bad_ser *bad;
	struct search s = {};
	int ret;

	withdraw();
	bad = kho_alloc_preserve(PAGE_SIZE);
	s.bad = IS_ERR(bad) ? NULL : bad;
	scoped_guard(mutex, &kho_out_lock)
		kho_preserve_walk(look_at_blocks, &s);
	ret = !s.nr ? 0 : s.bad ? add(s.bad) : PTR_ERR(bad);
	if (s.bad && (ret || !s.nr))
		kho_unpreserve_free(s.bad);
	if (ret)
		pr_crit("%u preserved pages went bad, the first is %#llx, and the next kernel cannot be told (error %d)\n",
			s.nr, s.first, ret);
	else if (s.nr)
		pr_err("%u preserved pages went bad, the first is %#llx: in the next kernel nobody gets what they belong to\n",
		       s.nr, s.first);
}
