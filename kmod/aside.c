// SPDX-License-Identifier: GPL-2.0
/*
 * All of kho.ko for a kernel that it is not for. Mostly that is one built with KHO of its own
 * (CONFIG_KEXEC_HANDOVER): its functions have the names of ours, so there is nothing to add, and
 * two would be one too many.
 */

#include <linux/module.h>

static int __init kho_aside_init(void)
{
	pr_err("KHO: not loaded: %s\n", KHO_ASIDE_REASON);
	return -EOPNOTSUPP;
}
module_init(kho_aside_init);

static void __exit kho_aside_exit(void)
{
}
module_exit(kho_aside_exit);

MODULE_DESCRIPTION("Kexec HandOver: steps aside");
MODULE_VERSION(KHO_MODULE_VERSION_STRING);
MODULE_LICENSE("GPL");
/* `kho check` and the hook of the initramfs read it. */
MODULE_INFO(kho_aside, KHO_ASIDE_REASON);
