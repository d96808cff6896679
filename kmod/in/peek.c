// SPDX-License-Identifier: GPL-2.0
/* What came in, looked at while it still waits: the functions of <linux/kho_waiting.h>. */

#include <linux/export.h>
#include <linux/kho_waiting.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/rwsem.h>
#include <linux/sched.h>

#include "kmod/in/in.h"
#include "kmod/kho.h"

/* Held for reading by who looks, for writing by who drops. */
DECLARE_RWSEM(kho_in_looking);

/**
 * kho_waiting_begin() - look at what waits, and keep `kho drop` from taking it away meanwhile
 *
 * What was found good between this and kho_waiting_end() is still there; other clients may have
 * taken over what is theirs.
 *
 * Context: may sleep. Not twice by the same task.
 */
void kho_waiting_begin(void)
{
	down_read(&kho_in_looking);
}
EXPORT_SYMBOL_GPL(kho_waiting_begin);

/**
 * kho_waiting_trybegin() - kho_waiting_begin(), unless somebody drops what waits
 *
 * Context: any.
 *
 * Return: false if somebody does.
 */
bool kho_waiting_trybegin(void)
{
	return down_read_trylock(&kho_in_looking);
}
EXPORT_SYMBOL_GPL(kho_waiting_trybegin);

/**
 * kho_waiting_end() - undo kho_waiting_begin()
 */
void kho_waiting_end(void)
{
	up_read(&kho_in_looking);
}
EXPORT_SYMBOL_GPL(kho_waiting_end);

/**
 * kho_waiting_mark() - is there a block that nobody has restored yet?
 * @phys: physical address of its first byte
 *
 * Context: any. Somebody else may restore the block at once, unless the caller knows better.
 *
 * Return: what begins at exactly this address.
 */
struct kho_mark kho_waiting_mark(phys_addr_t phys)
{
	struct page *page;

	if (!PAGE_ALIGNED(phys))
		return kho_mark_none();
	page = pfn_to_online_page(PHYS_PFN(phys));
	return page ? kho_page_mark(page) : kho_mark_none();
}
EXPORT_SYMBOL_GPL(kho_waiting_mark);

/**
 * kho_waiting_page() - look at a page that nobody has restored yet
 * @phys: its physical address
 *
 * Context: any, as kho_waiting_mark().
 *
 * Return: its contents, which are another kernel's and not to be trusted or written to; NULL if
 * it is not the first page of a block that waits, or if it went bad.
 */
const void *kho_waiting_page(phys_addr_t phys)
{
	if (!kho_marked(kho_waiting_mark(phys)) ||
	    kho_pages_bad(pfn_to_page(PHYS_PFN(phys)), 1))
		return NULL;
	return phys_to_virt(phys);
}
EXPORT_SYMBOL_GPL(kho_waiting_page);

/**
 * kho_waiting_block() - look at a block of a certain order that nobody has restored yet
 * @phys: physical address of its first byte
 * @order: its order
 *
 * Context: any, as kho_waiting_mark().
 *
 * Return: its contents, as kho_waiting_page(); NULL if no block of this order waits there,
 * or a page of it went bad.
 */
const void *kho_waiting_block(phys_addr_t phys, unsigned int order)
{
	if (!kho_mark_is(kho_waiting_mark(phys), order) ||
	    kho_pages_bad(pfn_to_page(PHYS_PFN(phys)), 1UL << order))
		return NULL;
	return phys_to_virt(phys);
}
EXPORT_SYMBOL_GPL(kho_waiting_block);

/**
 * kho_waiting_block_op() - kho_waiting_block(), for the readers of core/
 * @ctx: whatever
 * @phys: as there
 * @order: as there
 *
 * Context: may sleep: it is called for each page of what is read.
 *
 * Return: as there.
 */
const void *kho_waiting_block_op(void *ctx, u64 phys, unsigned int order)
{
	cond_resched();
	return kho_waiting_block(phys, order);
}
EXPORT_SYMBOL_GPL(kho_waiting_block_op);

/**
 * kho_waiting_mark_op() - kho_waiting_mark(), for the readers of core/
 * @ctx: whatever
 * @phys: as there
 *
 * Context: any.
 *
 * Return: as there.
 */
struct kho_mark kho_waiting_mark_op(void *ctx, u64 phys)
{
	return kho_waiting_mark(phys);
}
EXPORT_SYMBOL_GPL(kho_waiting_mark_op);

/**
 * kho_waiting_bad_op() - is nothing waiting there because memory went bad? For readers of core/
 * @ctx: whatever
 * @phys: physical address of the first byte of a block
 * @order: its order
 *
 * Context: may sleep.
 *
 * Return: true if a page of it went bad, under the previous kernel or this one.
 */
bool kho_waiting_bad_op(void *ctx, u64 phys, unsigned int order)
{
	return kho_in_bad(phys, PAGE_SIZE << order);
}
EXPORT_SYMBOL_GPL(kho_waiting_bad_op);

/**
 * kho_waiting_unclaimed() - how much waits?
 *
 * Context: any.
 *
 * Return: preserved pages that nobody has restored yet; 0 if nothing came in.
 */
u64 kho_waiting_unclaimed(void)
{
	return kho_in_unclaimed_pages();
}
EXPORT_SYMBOL_GPL(kho_waiting_unclaimed);

/**
 * kho_waiting_total() - how much came in?
 *
 * Context: any.
 *
 * Return: preserved pages that came in, also those that somebody has restored since, or that went
 * bad; 0 if nothing came in.
 */
u64 kho_waiting_total(void)
{
	return kho_in_pages();
}
EXPORT_SYMBOL_GPL(kho_waiting_total);

/**
 * kho_client_refused() - say that what came in for a client is not good
 * @client: name of the client
 * @r: why
 *
 * The reason is logged, and shows in `kho status`. The client leaves its memory where it is.
 *
 * Context: may sleep.
 */
void kho_client_refused(const char *client, const struct kho_refusal *r)
{
	kho_in_client_refused(client, r);
}
EXPORT_SYMBOL_GPL(kho_client_refused);
