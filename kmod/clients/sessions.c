// SPDX-License-Identifier: GPL-2.0
/*
 * How many sessions there are. liveupdate.ko has them, and says so through
 * <linux/kho_sessions.h>. As long as it is not there, those that came in are counted where they
 * lie: they wait for it.
 */

#include <linux/export.h>
#include <linux/kho_sessions.h>
#include <linux/kho_waiting.h>
#include <linux/mutex.h>
#include <linux/sched.h>

#include "core/luo.h"
#include "kmod/clients/clients.h"
#include "kmod/in/in.h"
#include "kmod/kho.h"

static DEFINE_MUTEX(source_lock);
static void (*source)(struct kho_sessions *s);

/**
 * kho_sessions_register() - say who knows of sessions
 * @count: fills its argument, which is zero. It may sleep, but waits for nobody: it is called
 *         whenever somebody looks at the status
 *
 * Context: may sleep.
 *
 * Return: 0, -EBUSY (there is one).
 */
int kho_sessions_register(void (*count)(struct kho_sessions *s))
{
	guard(mutex)(&source_lock);
	if (source)
		return -EBUSY;
	source = count;
	return 0;
}
EXPORT_SYMBOL_GPL(kho_sessions_register);

/**
 * kho_sessions_unregister() - undo kho_sessions_register(); nobody calls it any more
 *
 * Context: may sleep.
 */
void kho_sessions_unregister(void)
{
	guard(mutex)(&source_lock);
	source = NULL;
}
EXPORT_SYMBOL_GPL(kho_sessions_unregister);

static const void *page_op(void *ctx, u64 phys, unsigned int order)
{
	cond_resched();
	return kho_waiting_block(phys, order);
}

static int count_session(void *ctx, const struct luo_session_ser *ser)
{
	u32 *nr = ctx;

	(*nr)++;
	return 0;
}

/* Sessions whose list still waits. What is not good keeps nobody from dropping it. */
static u32 unread(void)
{
	const struct kho_page_ops ops = {
		.page = page_op,
		.nr_pages = kho_waiting_unclaimed(),
	};
	struct kho_fdt_subtree luo;
	u32 nr = 0;
	const struct kho_luo_visit visit = {
		.session = count_session,
		.ctx = &nr,
	};
	struct kho_refusal r;

	if (!kho_in_accepted() || kho_in_subtree(LUO_KHO_SUBTREE, &luo) ||
	    kho_luo_walk(luo.phys, luo.bytes, &ops, &visit, &r))
		return 0;
	return nr;
}

/**
 * kho_sessions_count() - count sessions
 * @s: filled
 *
 * Context: may sleep; what came in is kept from being dropped by the caller.
 */
void kho_sessions_count(struct kho_sessions *s)
{
	*s = (struct kho_sessions){};
	guard(mutex)(&source_lock);
	if (source)
		source(s);
	else
		s->nr_in = unread();
}
