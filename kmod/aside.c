// SPDX-License-Identifier: GPL-2.0
/*
 * All of kho.ko on a kernel that was built with KHO of its own (CONFIG_KEXEC_HANDOVER): its
 * functions have the names of ours, so there is nothing to add, and two would be one too many.
 */

#include <linux/module.h>

static int __init kho_aside_init(void)
{
	pr_err("KHO: not loaded: this kernel has handover of its own; boot it with kho=on to use that\n");
	return -EOPNOTSUPP;
}
module_init(kho_aside_init);

static void __exit kho_aside_exit(void)
{
}
module_exit(kho_aside_exit);

MODULE_DESCRIPTION("Kexec HandOver: steps aside for the kernel's own");
MODULE_VERSION(KHO_MODULE_VERSION_STRING);
MODULE_LICENSE("GPL");
