// SPDX-License-Identifier: GPL-2.0
/*
 * The wire, looked at with the eyes of the next kernel: its own code reads what is published
 * here, and is answered as it will be there. What would be refused then, and with it everybody's
 * data, is said now; if it is one block or one subtree that is in the way, that one is left
 * behind.
 *
 * No memory is taken: which block begins at a page is asked of the tracker, which is the tree
 * that is being read.
 */

#include <linux/mm.h>

#include "core/checked.h"
#include "kmod/kho.h"
#include "kmod/out/inside.h"
#include "kmod/out/out.h"

/* So many offenders are left behind; more of them are no mistake of one client. */
#define MAX_OFFENDERS 64

/* What was found good, of which RAM; it is good for as long as both stay the same. */
static struct kho_tally_ser good;
static unsigned int good_ram;

static const void *check_page(void *ctx, u64 phys)
{
	return kho_out_reserved(phys, phys + PAGE_SIZE) ? phys_to_virt(phys) :
							  NULL;
}

static int check_mark(void *ctx, u64 phys, unsigned int order)
{
	return kho_out_reserved(phys, phys + (PAGE_SIZE << order)) ? 0 :
								     -ERANGE;
}

static struct kho_mark check_marked(void *ctx, u64 phys)
{
	return kho_out_block_from(phys);
}

static const struct kho_checked_ops as_next_kernel = {
	.page = check_page,
	.mark = check_mark,
	.marked = check_marked,
};

static int check_once(struct kho_refusal *r)
{
	/* Under kho_out_lock, and too large for the stack. */
	static struct kho_checked checked;
	struct kho_fdt_subtree s;
	u32 i;
	int ret = kho_handover_check(&checked, &as_next_kernel,
				     kho_out_setup_data(), r);

	/* That costs its client alone; but it is said here, while something can be done. */
	for (i = 0; !ret && !kho_fdt_subtree_at(&checked.fdt, i, &s); i++)
		if (!kho_checked_has_blob(&checked, &s))
			ret = kho_refuse(
				r, -ERANGE,
				"blob of a subtree outside the extents",
				checked.head->data.fdt_addr, s.phys, s.phys);
	return ret;
}

/**
 * kho_out_check() - would the next kernel accept what is published?
 *
 * A block or a subtree that it would refuse everything for is left behind, and the log names it.
 *
 * Context: under kho_out_lock; linear in what is preserved, takes no memory.
 *
 * Return: 0, or the errno of its refusal, which the log explains.
 */
int kho_out_check(void)
{
	struct kho_refusal r;
	unsigned int left;
	int ret = 0;

	for (left = MAX_OFFENDERS; left; left--) {
		memset(&r, 0, sizeof(r));
		ret = check_once(&r);
		if (!ret) {
			good = *kho_wire_module()->tally;
			good_ram = kho_out_ram_changes();
			return 0;
		}
		pr_crit("the next kernel would refuse what is preserved: %s (at %#llx, found %#llx, expected %#llx)\n",
			r.check, r.where, r.found, r.wanted);
		/* Else it is not one thing alone that is in the way. */
		if (r.found != r.wanted ||
		    (kho_out_leave(r.found) && kho_subtree_leave(r.found)))
			break;
	}
	return ret;
}

/**
 * kho_out_check_changes() - the same, unless nothing was preserved or unpreserved since, and
 * memory and memory maps are what they were
 *
 * Context: as kho_out_check().
 *
 * Return: as kho_out_check().
 */
int kho_out_check_changes(void)
{
	const struct kho_tally_ser *now = kho_wire_module()->tally;

	if (!memcmp(now, &good, sizeof(good)) &&
	    good_ram == kho_out_ram_changes())
		return 0;
	return kho_out_check();
}

/**
 * kho_out_check_now() - the same, for other rooms
 *
 * Context: may sleep.
 *
 * Return: as kho_out_check().
 */
int kho_out_check_now(void)
{
	guard(mutex)(&kho_out_lock);
	return kho_out_check();
}
