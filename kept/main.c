// SPDX-License-Identifier: GPL-2.0
/*
 * kho-kept.ko: kept trees, directories of a tmpfs that survive the update of the kernel. Start
 * and stop.
 *
 * A directory that is kept, and a tree that came in and waits, hold a reference on the module: it
 * goes when nobody would miss it.
 */

#include <linux/kexec_handover.h>
#include <linux/kho_holders.h>
#include <linux/module.h>

#include "kept/kept.h"

MODULE_DESCRIPTION(
	"Kexec handover: directories of a tmpfs that survive the update of the kernel");
MODULE_VERSION(KHO_MODULE_VERSION_STRING);
MODULE_LICENSE("GPL");
/* For `kho check`, as in kho.ko. */
MODULE_INFO(kho_wire,
	    KHO_WIRE_INFO(KHO_KEPT_SUBTREE, KHO_KEPT_VERSION,
			  KHO_KEPT_READERS_FROM, KHO_KEPT_READS_FROM));

static void count(struct kho_held *held)
{
	held->nr_in = kept_in_count();
	kept_trees_count(&held->nr_out, &held->out_bytes);
}

static int __init kept_init(void)
{
	int ret;

	if (!kho_is_enabled()) {
		pr_err("the kho module is off (parameter enable=)\n");
		return -EOPNOTSUPP;
	}
	ret = kept_gate_init();
	if (ret)
		return ret;
	ret = kept_jump_init();
	if (ret)
		goto err_gate;
	/* What came in can be read once, so what may fail comes before; but for the device. */
	kept_in_init();
	ret = kho_holders_register(KHO_HOLDER_TREE, count);
	if (!ret)
		ret = kept_dev_init();
	if (!ret)
		return 0;
	if (kept_in_count()) {
		pr_crit("no device, error %d: the trees that came in cannot be restored here, and are handed on\n",
			ret);
		return 0;
	}
	kho_holders_unregister(KHO_HOLDER_TREE);
	kept_in_exit();
	kept_jump_exit();
err_gate:
	kept_gate_exit();
	return ret;
}

static void __exit kept_exit(void)
{
	kept_dev_exit();
	kho_holders_unregister(KHO_HOLDER_TREE);
	kept_in_exit();
	kept_jump_exit();
	kept_gate_exit();
}

module_init(kept_init);
module_exit(kept_exit);
