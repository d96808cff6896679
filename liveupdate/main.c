// SPDX-License-Identifier: GPL-2.0
/*
 * liveupdate.ko: upstream's Live Update Orchestrator on top of kho.ko.
 *
 * The blob for the next kernel is there from the start and says that there is nothing. All room
 * for entries is made while sessions are created and filled. The last reboot notifier before
 * kho's freezes the files, writes the entries to pages that nothing leads to, and publishes them;
 * a machine that jumps without it, or before it is done, hands over no session.
 */

#include <linux/err.h>
#include <linux/io.h>
#include <linux/kexec_handover.h>
#include <linux/kho_sessions.h>
#include <linux/module.h>
#include <linux/reboot.h>
#include <linux/string.h>
#include <linux/kho/abi/luo.h>
#include <linux/kho/abi/memfd.h>

#include "luo.h"

MODULE_DESCRIPTION("Live update: files that survive the update of the kernel");
MODULE_LICENSE("GPL");
/* For `kho check`, as in kho.ko. */
MODULE_INFO(kho_compatible, LUO_COMPATIBLE);
MODULE_INFO(kho_compatible, MEMFD_LUO_FH_COMPATIBLE);

/* Read by whatever changes sessions; see luo.h. */
DECLARE_RWSEM(luo_jump);

static struct luo_ser *out_luo;

/**
 * liveupdate_enabled() - can files be preserved?
 *
 * Context: any.
 *
 * Return: true if the kho module is on; without it this module does not load.
 */
bool liveupdate_enabled(void)
{
	return kho_is_enabled();
}
EXPORT_SYMBOL_GPL(liveupdate_enabled);

static int luo_reboot_notify(struct notifier_block *nb, unsigned long action,
			     void *cmd)
{
	u64 sessions, nr_lost;

	if (action != SYS_RESTART || !cmd || strcmp(cmd, "kexec reboot"))
		return NOTIFY_DONE;
	/* Never released: whatever changes sessions from now on waits until the jump. */
	down_write(&luo_jump);
	sessions = luo_sessions_serialize(&nr_lost);
	luo_flbs_serialize();
	if (nr_lost)
		pr_crit("%llu sessions are not handed over\n", nr_lost);
	smp_wmb(); /* entries, and the FLBs, are complete before they are published */
	WRITE_ONCE(out_luo->sessions_pa, sessions);
	return NOTIFY_DONE;
}

/* After everyone else who may still change sessions, and before kho. */
static struct notifier_block reboot_nb = {
	.notifier_call = luo_reboot_notify,
	.priority = INT_MIN + 1,
};

static int publish_empty(u64 flbs_phys)
{
	int ret;

	out_luo = kho_alloc_preserve(sizeof(*out_luo));
	if (IS_ERR(out_luo))
		return PTR_ERR(out_luo);
	strscpy(out_luo->compatible, LUO_COMPATIBLE,
		sizeof(out_luo->compatible));
	out_luo->liveupdate_num = 1;
	out_luo->flbs_pa = flbs_phys;
	ret = kho_add_subtree(LUO_KHO_SUBTREE, out_luo, sizeof(*out_luo));
	if (ret)
		kho_unpreserve_free(out_luo);
	return ret;
}

static void unpublish(void)
{
	kho_remove_subtree(out_luo);
	kho_unpreserve_free(out_luo);
}

static int luo_setup(void)
{
	u64 flbs_phys;
	int ret;

	ret = luo_flbs_init(&flbs_phys);
	if (ret)
		return ret;
	ret = publish_empty(flbs_phys);
	if (ret)
		goto err_flbs;
	ret = luo_lost_init();
	if (ret)
		goto err_publish;
	ret = luo_memfd_init();
	if (ret)
		goto err_lost;
	ret = kho_sessions_register(luo_sessions_count);
	if (ret)
		goto err_memfd;
	ret = luo_dev_init();
	if (ret)
		goto err_sessions;
	/* What came in can be read once, so this comes after all that may fail. */
	WRITE_ONCE(out_luo->liveupdate_num, luo_incoming_read() + 1);
	return 0;

err_sessions:
	kho_sessions_unregister();
err_memfd:
	luo_memfd_exit();
err_lost:
	luo_lost_exit();
err_publish:
	unpublish();
err_flbs:
	luo_flbs_exit();
	return ret;
}

static int __init luo_init(void)
{
	int ret;

	if (!kho_is_enabled()) {
		pr_err("the kho module is off (parameter enable=)\n");
		return -EOPNOTSUPP;
	}
	luo_sessions_init();
	/* Who opens the device early waits. */
	scoped_guard(rwsem_write, &luo_jump)
		ret = luo_setup();
	if (!ret)
		register_reboot_notifier(&reboot_nb);
	return ret;
}

static void __exit luo_exit(void)
{
	unregister_reboot_notifier(&reboot_nb);
	luo_dev_exit();
	kho_sessions_unregister();
	luo_memfd_exit();
	luo_lost_exit();
	unpublish();
	luo_flbs_exit();
}

module_init(luo_init);
module_exit(luo_exit);
