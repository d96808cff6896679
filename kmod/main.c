// SPDX-License-Identifier: GPL-2.0
/* kho.ko: Kexec HandOver for the kernel that is running. Start, stop, and refusals to start. */

#include <linux/cc_platform.h>
#include <linux/crash_dump.h>
#include <linux/module.h>
#include <linux/kho/abi/kho_module.h>
#include <linux/kho/abi/memblock.h>
#include <linux/kho/abi/parcel.h>

#include "kmod/compat/compat.h"
#include "kmod/clients/clients.h"
#include "kmod/face/face.h"
#include "kmod/image/image.h"
#include "kmod/in/in.h"
#include "kmod/kho.h"
#include "kmod/machine/machine.h"
#include "kmod/out/out.h"

#ifndef KHO_ENABLE_DEFAULT
#define KHO_ENABLE_DEFAULT 1
#endif

bool kho_enabled;

static bool enable = KHO_ENABLE_DEFAULT;
module_param(enable, bool, 0444);
MODULE_PARM_DESC(
	enable,
	"preserve memory for the next kernel (what came in is kept either way)");

static char *scratch;
module_param(scratch, charp, 0444);
MODULE_PARM_DESC(
	scratch,
	"hold memory for images from now on: LOW,GLOBAL,PERNODE sizes, or N% of what the kernel reserved at boot");

static unsigned long in;
module_param(in, ulong, 0400);
MODULE_PARM_DESC(
	in,
	"physical address of the handover, if the kernel's sysfs cannot tell");

/* Why this machine cannot do it, or NULL. */
static const char *cannot_work_here(void)
{
	if (is_kdump_kernel())
		return "this is a crash kernel: it must not touch memory beyond its own";
	if (cc_platform_has(CC_ATTR_MEM_ENCRYPT))
		return "encrypted memory (SME, SEV, TDX): early boot would misread the handover";
	return NULL;
}

static int start(void)
{
	int ret;

	ret = kho_scratch_parse(scratch);
	if (ret)
		return ret;
	ret = kho_restore_init();
	if (ret) {
		pr_err("not loaded: folios made here differ from the kernel's own\n");
		return ret;
	}
	ret = kho_give_back_init();
	if (ret)
		return ret;
	ret = kho_in_init(in);
	if (ret)
		return ret;
	if (!enable)
		return 0;
	ret = kho_out_init(kho_in_kexec_count() + 1);
	if (ret)
		kho_in_exit();
	kho_enabled = !ret;
	return ret;
}

static int __init kho_init(void)
{
	const char *why = cannot_work_here();
	int ret;

	if (why) {
		pr_err("not loaded: %s\n", why);
		return -EOPNOTSUPP;
	}
	ret = kho_reserve_parse();
	if (ret)
		goto err;
	ret = kho_firmware_init();
	if (ret)
		goto err;
	ret = start();
	if (ret)
		goto err;
	ret = kho_dev_init();
	if (ret)
		goto err_stop;
	kho_watch_init();
	/* Nothing below can fail: what came in is acted on once. */
	kho_in_accept();
	kho_debugfs_init();
	kho_sysfs_init();
	kho_parcel_init();
	kho_reserve_init();
	if (kho_enabled)
		kho_scratch_init();
	kho_dev_ready();
	return 0;

err_stop:
	if (kho_enabled)
		kho_out_exit();
	kho_in_exit();
err:
	pr_err("not loaded: error %d\n", ret);
	return ret;
}

static void __exit kho_exit(void)
{
	kho_watch_exit();
	kho_dev_exit();
	kho_sysfs_exit();
	kho_debugfs_exit();
	kho_reserve_exit();
	kho_parcel_exit();
	kho_scratch_exit();
	if (kho_enabled)
		kho_out_exit();
	kho_in_exit();
}

module_init(kho_init);
module_exit(kho_exit);
MODULE_DESCRIPTION("Kexec HandOver for unmodified kernels");
MODULE_VERSION(KHO_MODULE_VERSION_STRING);
MODULE_LICENSE("GPL");

/* What will be understood of us, and of what others wrote: for `kho check`, before the jump. */
MODULE_INFO(kho_wire,
	    KHO_WIRE_INFO(KHO_MODULE_SUBTREE, KHO_MODULE_VERSION,
			  KHO_MODULE_READERS_FROM, KHO_MODULE_READS_FROM));
MODULE_INFO(kho_wire,
	    KHO_WIRE_INFO(KHO_PARCEL_SUBTREE, KHO_PARCEL_VERSION,
			  KHO_PARCEL_READERS_FROM, KHO_PARCEL_READS_FROM));
MODULE_INFO(kho_compatible, KHO_FDT_COMPATIBLE);
MODULE_INFO(kho_compatible, MEMBLOCK_KHO_NODE_COMPATIBLE);
MODULE_INFO(kho_compatible, RESERVE_MEM_KHO_NODE_COMPATIBLE);
