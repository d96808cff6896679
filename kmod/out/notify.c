// SPDX-License-Identifier: GPL-2.0
/*
 * What the outgoing side is told by the kernel: that it reboots, that a module goes, that memory
 * was plugged, and that the jump is next.
 */

#include <linux/delay.h>
#include <linux/kmsg_dump.h>
#include <linux/ktime.h>
#include <linux/memory.h>
#include <linux/module.h>
#include <linux/reboot.h>
#include <linux/sched/mm.h>
#include <linux/timekeeping.h>
#include <linux/timex.h>

#include "kmod/compat/compat.h"
#include "kmod/kho.h"
#include "kmod/out/inside.h"
#include "kmod/out/out.h"

/* One second at most: the wire is valid as it is, only less tight. */
#define LOCK_TRIES 100
#define LOCK_PAUSE_MS 10

/*
 * The last that a kernel does before it starts another is to let dumpers of its log run: devices
 * are shut down then, and the other processors stand still. One of them may have been stopped
 * while it set the clock, and would never let a reader of it go on: the accessor for NMIs waits
 * for nobody.
 */
static void kho_jump_dump(struct kmsg_dumper *dumper, KHO_KMSG_DUMP_ARG)
{
	if (kho_kmsg_dump_reason() != KMSG_DUMP_SHUTDOWN)
		return;
	WRITE_ONCE(kho_wire_module()->stamp_ns[KHO_STAMP_JUMP],
		   ktime_get_real_fast_ns());
	/* Clocks start anew in the next kernel; this counter does not. */
	WRITE_ONCE(kho_wire_module()->stamp_ns[KHO_STAMP_JUMP_TSC],
		   get_cycles());
}

static struct kmsg_dumper jump_dumper = {
	.dump = kho_jump_dump,
	.max_reason = KMSG_DUMP_SHUTDOWN,
};

/* A client may hold the lock while it waits for memory; the jump does not wait for that. */
static bool lock_soon(void)
{
	unsigned int tries;

	for (tries = 0; tries < LOCK_TRIES; tries++) {
		if (mutex_trylock(&kho_out_lock))
			return true;
		msleep(LOCK_PAUSE_MS);
	}
	return false;
}

/*
 * What the next kernel can boot with is what no extent holds: it gets what else is free when the
 * module is loaded there.
 */
static void look_at_room(void)
{
	u64 ram, left, least;

	kho_out_room(&ram, &left, &least);
	if (left < least)
		pr_crit("only %llu MiB of %llu are left for the next kernel to boot with: it may not get to where it can be given the rest; drop something, or preserve it in fewer places\n",
			left >> 20, ram >> 20);
}

static int look_at_ram(void)
{
	struct kho_ram ram;
	int ret = kho_ram_get(&ram);

	if (!ret)
		ret = kho_out_take_ram(&ram);
	kho_ram_put(&ram);
	return ret;
}

/* Under kho_out_lock. */
static void last_changes(void)
{
	kho_bad_publish();
	if (look_at_ram())
		pr_warn("there is no memory to look which memory this machine has: if some was taken out, the next kernel may refuse what is handed over\n");
	if (kho_out_replan() == -ENOMEM)
		pr_warn("there is no memory to make extents tight: the next kernel has less to boot with\n");
	kho_out_check_changes();
	look_at_room();
}

static int kho_reboot_notify(struct notifier_block *nb, unsigned long action,
			     void *cmd)
{
	bool kexec = action == SYS_RESTART && cmd &&
		     !strcmp(cmd, "kexec reboot");
	unsigned int reclaim;

	if (!kexec)
		return NOTIFY_DONE;
	kho_out_stamp(KHO_STAMP_REBOOT);
	/* Reclaim may wait for disks, and for file systems of user space, without an end. */
	reclaim = memalloc_noreclaim_save();
	if (lock_soon()) {
		last_changes();
		mutex_unlock(&kho_out_lock);
	} else {
		pr_warn("somebody is still preserving memory: what is handed over is what is there already, and nobody has looked for pages of it that went bad\n");
	}
	memalloc_noreclaim_restore(reclaim);
	return NOTIFY_DONE;
}

/* After everyone else has had a chance to preserve something. */
static struct notifier_block reboot_nb = {
	.notifier_call = kho_reboot_notify,
	.priority = INT_MIN,
};

/*
 * A module that goes (after its own exit function ran) takes its subtrees with it: nobody is left
 * who answers for the blobs. Pages that it preserved and did not free are nobody's, and stay as
 * they are.
 */
static int kho_module_notify(struct notifier_block *nb, unsigned long action,
			     void *arg)
{
	void *blob;

	if (action != MODULE_STATE_GOING || arg == THIS_MODULE)
		return NOTIFY_DONE;
	while ((blob = kho_out_subtree_of(arg)))
		if (kho_out_subtree_remove(blob))
			break;
	return NOTIFY_DONE;
}

static struct notifier_block module_nb = {
	.notifier_call = kho_module_notify,
};

/*
 * What is preserved can be moved nowhere: without a word from us the kernel would try to until
 * somebody ends it.
 */
static int refuse_offline(const struct memory_notify *memory)
{
	const struct kho_range range = {
		.start = PFN_PHYS(memory->start_pfn),
		.end = PFN_PHYS(memory->start_pfn + memory->nr_pages),
	};

	if (!kho_out_holds(&range))
		return NOTIFY_DONE;
	pr_info("memory from %#llx to %#llx stays online: something there is preserved\n",
		range.start, range.end);
	return notifier_from_errno(-EBUSY);
}

static int kho_memory_notify(struct notifier_block *nb, unsigned long action,
			     void *arg)
{
	if (action == MEM_GOING_OFFLINE)
		return refuse_offline(arg);
	if ((action == MEM_ONLINE || action == MEM_OFFLINE) &&
	    kho_out_ram_refresh())
		pr_warn("memory was plugged, but there is none left to note it: what was added cannot be preserved\n");
	return NOTIFY_DONE;
}

static struct notifier_block memory_nb = {
	.notifier_call = kho_memory_notify,
};

/**
 * kho_notify_init() - begin to listen
 *
 * Return: 0 or an error of the memory notifier; then nobody listens.
 */
int kho_notify_init(void)
{
	int ret;

	register_reboot_notifier(&reboot_nb);
	kmsg_dump_register(&jump_dumper);
	register_module_notifier(&module_nb);
	ret = register_memory_notifier(&memory_nb);
	/* What was plugged before anyone listened. */
	if (!ret)
		ret = kho_out_ram_refresh();
	if (ret)
		kho_notify_exit();
	return ret;
}

/**
 * kho_notify_exit() - undo kho_notify_init()
 */
void kho_notify_exit(void)
{
	unregister_module_notifier(&module_nb);
	unregister_memory_notifier(&memory_nb);
	kmsg_dump_unregister(&jump_dumper);
	unregister_reboot_notifier(&reboot_nb);
}
