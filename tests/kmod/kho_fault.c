// SPDX-License-Identifier: GPL-2.0
/*
 * Memory runs out for one task: kernel probes make its n-th allocation fail, of slab memory or
 * of pages, and all that follow. It needs a kernel in which should_failslab() is called, such as
 * 6.1. For kho_nomem, and for scenarios, through the parameter run:
 *
 *   arm SYMBOL NTH    from the NTH on allocations will fail that the next task to call SYMBOL
 *                     makes in all its calls of it; MODULE:SYMBOL may be of a module to come
 *   disarm            undoes that; parameter outcome then says "hit", or "missed"
 */

#include "kho_fault.h"

#include <linux/kprobes.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched.h>

/* Of the task that is to run out of memory. */
static struct {
	struct task_struct *task;
	unsigned int nth, seen;
	bool hit;
} fault;

static bool takes_fault(gfp_t gfp)
{
	if (READ_ONCE(fault.task) != current || !in_task() ||
	    (gfp & __GFP_NOFAIL))
		return false;
	if (++fault.seen < fault.nth)
		return false;
	fault.hit = true;
	return true;
}

static int no_slab_memory(void)
{
	return -ENOMEM;
}

static void *no_page(void)
{
	return NULL;
}

/* The probed function is not run: another one returns to its caller. */
static int __kprobes before_slab(struct kprobe *probe, struct pt_regs *regs)
{
	if (!takes_fault((__force gfp_t)regs_get_kernel_argument(regs, 1)))
		return 0;
	instruction_pointer_set(regs, (unsigned long)no_slab_memory);
	return 1;
}

static int __kprobes before_pages(struct kprobe *probe, struct pt_regs *regs)
{
	if (!takes_fault((__force gfp_t)regs_get_kernel_argument(regs, 0)))
		return 0;
	instruction_pointer_set(regs, (unsigned long)no_page);
	return 1;
}

static struct kprobe slab_probe = {
	.symbol_name = "should_failslab",
	.pre_handler = before_slab,
};

static struct kprobe pages_probe = {
	.symbol_name = "__alloc_pages",
	.pre_handler = before_pages,
};

/* Allocations of the calling task will fail, from the @nth on. */
void kho_fault_arm(unsigned int nth)
{
	fault.nth = nth;
	fault.seen = 0;
	fault.hit = false;
	WRITE_ONCE(fault.task, current);
}
EXPORT_SYMBOL_GPL(kho_fault_arm);

/* Has it failed? */
bool kho_fault_disarm(void)
{
	WRITE_ONCE(fault.task, NULL);
	return fault.hit;
}
EXPORT_SYMBOL_GPL(kho_fault_disarm);

/* ------------------------------------------------------------- whoever calls a given function */

static char symbol[64];
static struct task_struct *claimed_by;
static unsigned int wanted_nth;
static bool is_scope_set;

/* The first task that comes is it, with all its calls. */
static int enter_scope(struct kretprobe_instance *instance,
		       struct pt_regs *regs)
{
	unsigned int nth = xchg(&wanted_nth, 0);

	if (nth) {
		claimed_by = current;
		kho_fault_arm(nth);
	} else if (claimed_by == current) {
		WRITE_ONCE(fault.task, current);
	} else {
		return 1;
	}
	return 0;
}

static int leave_scope(struct kretprobe_instance *instance,
		       struct pt_regs *regs)
{
	kho_fault_disarm();
	return 0;
}

static struct kretprobe scope;

static int set_scope(void)
{
	int ret;

	scope = (struct kretprobe){
		.kp.symbol_name = symbol,
		.entry_handler = enter_scope,
		.handler = leave_scope,
	};
	ret = register_kretprobe(&scope);
	is_scope_set = !ret;
	return ret;
}

/* A function of a module that is not there yet can be probed once it comes. */
static int module_comes(struct notifier_block *notifier, unsigned long event,
			void *data)
{
	if (event == MODULE_STATE_COMING && wanted_nth && !is_scope_set)
		set_scope();
	return NOTIFY_OK;
}

static struct notifier_block modules = { .notifier_call = module_comes };

static int run_disarm(void)
{
	if (is_scope_set)
		unregister_kretprobe(&scope);
	is_scope_set = false;
	wanted_nth = 0;
	return 0;
}

static int run_arm(unsigned int nth)
{
	int ret;

	run_disarm();
	claimed_by = NULL;
	fault.hit = false;
	wanted_nth = nth;
	ret = set_scope();
	return ret == -ENOENT && strchr(symbol, ':') ? 0 : ret;
}

static int outcome_get(char *buffer, const struct kernel_param *kp)
{
	return sysfs_emit(buffer, "%s\n", fault.hit ? "hit" : "missed");
}

static const struct kernel_param_ops outcome_ops = { .get = outcome_get };

module_param_cb(outcome, &outcome_ops, NULL, 0444);
MODULE_PARM_DESC(outcome, "did the allocation come that was to fail?");

static int kho_fault_run(const char *val, const struct kernel_param *kp)
{
	char command[16] = "";
	unsigned int nth = 0;

	if (sscanf(val, "%15s %63s %u", command, symbol, &nth) < 1)
		return -EINVAL;
	if (!strcmp(command, "arm") && nth)
		return run_arm(nth);
	if (!strcmp(command, "disarm"))
		return run_disarm();
	return -EINVAL;
}

static const struct kernel_param_ops run_ops = { .set = kho_fault_run };

module_param_cb(run, &run_ops, NULL, 0200);
MODULE_PARM_DESC(run, "a command; see the head of kho_fault.c");

static int __init kho_fault_init(void)
{
	int ret = register_kprobe(&slab_probe);

	if (ret)
		return ret;
	ret = register_kprobe(&pages_probe);
	if (ret)
		goto err_slab;
	ret = register_module_notifier(&modules);
	if (ret)
		goto err_pages;
	return 0;

err_pages:
	unregister_kprobe(&pages_probe);
err_slab:
	unregister_kprobe(&slab_probe);
	return ret;
}
module_init(kho_fault_init);

static void __exit kho_fault_exit(void)
{
	unregister_module_notifier(&modules);
	run_disarm();
	unregister_kprobe(&pages_probe);
	unregister_kprobe(&slab_probe);
}
module_exit(kho_fault_exit);

MODULE_DESCRIPTION("Lets an allocation of one task fail");
MODULE_LICENSE("GPL");
