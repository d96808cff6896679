// SPDX-License-Identifier: GPL-2.0
/*
 * A task named "holder" that preserves something never ends doing that, and keeps the lock of
 * what goes out. For the scenario luo-locked; loaded after kho.ko.
 *
 * A kernel probe in what is called under the lock sends the task into a function that does not
 * return.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/string.h>

static void hold(void)
{
	for (;;) {
		set_current_state(TASK_UNINTERRUPTIBLE);
		schedule();
	}
}

static int __kprobes before(struct kprobe *probe, struct pt_regs *regs)
{
	if (strcmp(current->comm, "holder"))
		return 0;
	instruction_pointer_set(regs, (unsigned long)hold);
	return 1;
}

static struct kprobe probe = {
	.symbol_name = "kho:kho_tracker_preserve",
	.pre_handler = before,
};

static int __init holder_init(void)
{
	return register_kprobe(&probe);
}
module_init(holder_init);

MODULE_DESCRIPTION("Lets a task keep the lock of what is preserved");
MODULE_LICENSE("GPL");
