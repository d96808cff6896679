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

static int scratch_parse(void)
{
	return kho_scratch_parse(scratch);
}

static int restore_init(void)
{
	int ret = kho_restore_init();

	if (ret)
		pr_err("not loaded: folios made here differ from the kernel's own\n");
	return ret;
}

static int selftest(void)
{
	const char *why = kho_selftest();

	if (!why)
		return 0;
	pr_err("not loaded: on this kernel %s\n", why);
	return -EILSEQ;
}

static int in_init(void)
{
	return kho_in_init(in);
}

static int out_init(void)
{
	int ret;

	if (!enable)
		return 0;
	/* It counts no further: 0 is the count of a cold boot, and would be refused. */
	ret = kho_out_init(min(kho_in_kexec_count(), U32_MAX - 1) + 1);
	kho_enabled = !ret;
	return ret;
}

static void out_exit(void)
{
	if (kho_enabled)
		kho_out_exit();
}

/* Parcels that cannot be taken over wait, and the log has said why. */
static void parcel_init(void)
{
	kho_parcel_init();
}

static void scratch_init(void)
{
	if (kho_enabled)
		kho_scratch_init();
}

/**
 * struct stage - one step of loading the module
 * @init: 0, or the module is not loaded; NULL if @run is there
 * @run: in place of @init, where nothing can fail
 * @exit: undoes it; NULL if there is nothing to undo
 */
struct stage {
	int (*init)(void);
	void (*run)(void);
	void (*exit)(void);
};

/* In this order; unloading goes backwards. */
static const struct stage stages[] = {
	{ .init = kho_reserve_parse },
	/* Before anything is given back, and before anything can be preserved. */
	{ .init = kho_stays_init, .exit = kho_stays_exit },
	{ .init = kho_firmware_init },
	{ .init = scratch_parse },
	{ .init = restore_init },
	{ .init = selftest },
	/* What came in is looked at, and not touched. */
	{ .init = in_init, .exit = kho_in_exit },
	{ .init = out_init, .exit = out_exit },
	{ .init = kho_dev_init, .exit = kho_dev_exit },
	{ .run = kho_image_init, .exit = kho_image_exit },
	{ .run = kho_adopt_init, .exit = kho_adopt_exit },
	/* What came in is acted on once: nothing from here on can fail. */
	{ .run = kho_in_accept },
	/* Shows what came in before anyone takes it. */
	{ .run = kho_debugfs_init, .exit = kho_debugfs_exit },
	{ .run = parcel_init, .exit = kho_parcel_exit },
	{ .run = kho_reserve_init, .exit = kho_reserve_exit },
	{ .run = kho_holders_init, .exit = kho_holders_exit },
	/* Memory may have been short before what came in was accepted. */
	{ .run = scratch_init, .exit = kho_scratch_exit },
	{ .run = kho_sysfs_init, .exit = kho_sysfs_exit },
	{ .run = kho_dev_ready },
};

static int run(const struct stage *stage)
{
	if (stage->init)
		return stage->init();
	stage->run();
	return 0;
}

static void undo(unsigned int nr_done)
{
	while (nr_done--)
		if (stages[nr_done].exit)
			stages[nr_done].exit();
}

static int __init kho_init(void)
{
	const char *why = cannot_work_here();
	unsigned int i;
	int ret = 0;

	if (why) {
		pr_err("not loaded: %s\n", why);
		return -EOPNOTSUPP;
	}
	for (i = 0; i < ARRAY_SIZE(stages) && !ret; i++)
		ret = run(&stages[i]);
	if (!ret)
		return 0;
	undo(i - 1);
	/* What this kernel does wrong has been said. */
	if (ret != -EILSEQ)
		pr_err("not loaded: error %d\n", ret);
	return ret;
}

static void __exit kho_exit(void)
{
	undo(ARRAY_SIZE(stages));
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
