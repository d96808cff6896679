// SPDX-License-Identifier: GPL-2.0
/*
 * liveupdate.ko: upstream's Live Update Orchestrator on top of kho.ko. Start and stop.
 *
 * The blob for the next kernel is there from the start and says that there is nothing. All room
 * for entries is made while sessions are created and filled. The last reboot notifier before
 * kho's freezes the files, writes the entries to pages that nothing leads to, and publishes them;
 * a machine that jumps without it, or before it is done, hands over no session.
 */

#include <linux/kexec_handover.h>
#include <linux/kho_holders.h>
#include <linux/module.h>
#include <linux/kho/abi/luo.h>
#include <linux/kho/abi/memfd.h>

#include "luo.h"

MODULE_DESCRIPTION("Live update: files that survive the update of the kernel");
MODULE_LICENSE("GPL");
/* For `kho check`, as in kho.ko. */
MODULE_INFO(kho_compatible, LUO_COMPATIBLE);
MODULE_INFO(kho_compatible, MEMFD_LUO_FH_COMPATIBLE);

static int luo_setup(u64 *number)
{
	u64 flbs_phys;
	int ret;

	ret = luo_flbs_init(&flbs_phys);
	if (ret)
		return ret;
	ret = luo_jump_init(flbs_phys);
	if (ret)
		goto err_flbs;
	ret = luo_lost_init();
	if (ret)
		goto err_jump;
	ret = luo_memfd_init();
	if (ret)
		goto err_lost;
	ret = kho_holders_register(KHO_HOLDER_SESSION, luo_sessions_count);
	if (ret)
		goto err_memfd;
	ret = luo_dev_init();
	if (ret)
		goto err_sessions;
	/* What came in can be read once, so this comes after all that may fail. */
	*number = luo_incoming_read();
	return 0;

err_sessions:
	kho_holders_unregister(KHO_HOLDER_SESSION);
err_memfd:
	luo_memfd_exit();
err_lost:
	luo_lost_exit();
err_jump:
	luo_jump_exit();
err_flbs:
	luo_flbs_exit();
	return ret;
}

static int __init luo_init(void)
{
	u64 number;
	int ret;

	if (!kho_is_enabled()) {
		pr_err("the kho module is off (parameter enable=)\n");
		return -EOPNOTSUPP;
	}
	luo_sessions_init();
	/* Who opens the device early waits. */
	scoped_guard(rwsem_write, &luo_jump)
		ret = luo_setup(&number);
	if (!ret)
		luo_jump_ready(number);
	return ret;
}

static void __exit luo_exit(void)
{
	luo_jump_stop();
	luo_dev_exit();
	kho_holders_unregister(KHO_HOLDER_SESSION);
	luo_memfd_exit();
	luo_lost_exit();
	luo_jump_exit();
	luo_flbs_exit();
}

module_init(luo_init);
module_exit(luo_exit);
