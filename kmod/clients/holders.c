// SPDX-License-Identifier: GPL-2.0
/*
 * How many sessions and kept trees there are. liveupdate.ko and kho-kept.ko have them, and say so
 * through <linux/kho_holders.h>. As long as such a module is not there, what came in for it is
 * counted where it lies: it waits for the module.
 *
 * There is a circle: kmod/in asks for these numbers before it drops what waits, and here it is
 * looked at what waits in kmod/in.
 */

#include <linux/export.h>
#include <linux/kho_holders.h>
#include <linux/kho_waiting.h>
#include <linux/mutex.h>
#include <linux/reboot.h>
#include <linux/string.h>

#include "core/kept.h"
#include "core/luo.h"
#include "kmod/clients/clients.h"
#include "kmod/compat/compat.h"
#include "kmod/in/in.h"
#include "kmod/kho.h"

static DEFINE_MUTEX(source_lock);
static void (*source[KHO_NR_HOLDERS])(struct kho_held *held);

/**
 * kho_holders_register() - say who knows of holders of one kind
 * @kind: which
 * @count: fills its argument, which is zero. It may sleep, but waits for nobody: it is called
 *         whenever somebody looks at the status
 *
 * Context: may sleep.
 *
 * Return: 0, -EBUSY (there is one).
 */
int kho_holders_register(enum kho_holder kind,
			 void (*count)(struct kho_held *held))
{
	guard(mutex)(&source_lock);
	if (source[kind])
		return -EBUSY;
	source[kind] = count;
	return 0;
}
EXPORT_SYMBOL_GPL(kho_holders_register);

/**
 * kho_holders_unregister() - undo kho_holders_register(); nobody calls it any more
 * @kind: as there
 *
 * Context: may sleep.
 */
void kho_holders_unregister(enum kho_holder kind)
{
	guard(mutex)(&source_lock);
	source[kind] = NULL;
}
EXPORT_SYMBOL_GPL(kho_holders_unregister);

static int count_session(void *ctx, const struct luo_session_ser *ser)
{
	u32 *nr = ctx;

	(*nr)++;
	return 0;
}

static int unread_sessions(const struct kho_fdt_subtree *luo, u32 *nr)
{
	const struct kho_page_ops ops = {
		.page = kho_waiting_block_op,
		.nr_pages = kho_waiting_unclaimed(),
	};
	const struct kho_luo_visit visit = {
		.session = count_session,
		.ctx = nr,
	};
	struct kho_refusal r;

	return kho_luo_walk(luo->phys, luo->bytes, &ops, &visit, &r);
}

static int count_tree(void *ctx, const struct kho_kept_tree_ser *ser)
{
	u32 *nr = ctx;

	*nr += ser->state == KHO_KEPT_WHOLE;
	return 0;
}

static int unread_trees(const struct kho_fdt_subtree *kept, u32 *nr)
{
	const struct kho_kept_ops ops = {
		.pages = {
			.page = kho_waiting_block_op,
			.nr_pages = kho_waiting_total(),
			.bad = kho_waiting_bad_op,
		},
		.block = kho_waiting_mark_op,
		.max_order = KHO_MAX_BUDDY_ORDER,
	};
	struct kho_refusal r;

	return kho_kept_check(kept->phys, kept->bytes, &ops, count_tree, NULL,
			      nr, &r);
}

/* Whose list still waits. What is not good keeps nobody from dropping it. */
static u32 unread(enum kho_holder kind)
{
	static const struct {
		const char *name;
		int (*count)(const struct kho_fdt_subtree *subtree, u32 *nr);
	} list[KHO_NR_HOLDERS] = {
		[KHO_HOLDER_SESSION] = { LUO_KHO_SUBTREE, unread_sessions },
		[KHO_HOLDER_TREE] = { KHO_KEPT_SUBTREE, unread_trees },
	};
	struct kho_fdt_subtree subtree;
	u32 nr = 0;

	if (!kho_in_accepted() || kho_in_subtree(list[kind].name, &subtree) ||
	    list[kind].count(&subtree, &nr))
		return 0;
	return nr;
}

/**
 * kho_holders_count() - count holders of one kind
 * @kind: which
 * @held: filled
 *
 * Context: may sleep; what came in is kept from being dropped by the caller.
 */
void kho_holders_count(enum kho_holder kind, struct kho_held *held)
{
	*held = (struct kho_held){};
	guard(mutex)(&source_lock);
	if (source[kind])
		source[kind](held);
	else
		held->nr_in = unread(kind);
}

/*
 * Trees that nobody has restored are handed on by their module. Where it is not loaded they end
 * here. Takes no lock that others may hold.
 */
static int holders_reboot(struct notifier_block *nb, unsigned long action,
			  void *cmd)
{
	u32 nr;

	if (action != SYS_RESTART || !cmd || strcmp(cmd, "kexec reboot") ||
	    READ_ONCE(source[KHO_HOLDER_TREE]))
		return NOTIFY_DONE;
	nr = unread(KHO_HOLDER_TREE);
	if (nr)
		pr_crit("%u trees of the previous kernel are lost: kho-kept.ko, which would hand them on, is not loaded\n",
			nr);
	return NOTIFY_DONE;
}

static struct notifier_block holders_nb = {
	.notifier_call = holders_reboot,
};

/**
 * kho_holders_init() - say so at the last moment where nobody hands on what waits
 */
void kho_holders_init(void)
{
	register_reboot_notifier(&holders_nb);
}

/**
 * kho_holders_exit() - undo kho_holders_init()
 */
void kho_holders_exit(void)
{
	unregister_reboot_notifier(&holders_nb);
}
