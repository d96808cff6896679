// SPDX-License-Identifier: GPL-2.0
/*
 * All of kho-kept.ko for a kernel that kho.ko is not for; see kmod/aside.c.
 */

#include <linux/module.h>

static int __init kept_aside_init(void)
{
	pr_err("kho-kept: not loaded: %s\n", KHO_ASIDE_REASON);
	return -EOPNOTSUPP;
}
module_init(kept_aside_init);

static void __exit kept_aside_exit(void)
{
}
module_exit(kept_aside_exit);

MODULE_DESCRIPTION("Kexec handover of trees: steps aside");
MODULE_VERSION(KHO_MODULE_VERSION_STRING);
MODULE_LICENSE("GPL");
MODULE_INFO(kho_aside, KHO_ASIDE_REASON);
