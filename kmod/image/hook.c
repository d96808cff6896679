// SPDX-License-Identifier: GPL-2.0
/*
 * Redirection of functions of the kernel, as live patching does it: ftrace makes a call of the
 * function go on in one of ours, in the context of the caller. Ours may sleep, may refuse with an
 * error of its own, and calls the original, by a static call on the function's address: an
 * indirect one must not be made, since on machines with IBT the functions' marks for it are gone.
 *
 * Nothing is spent while nobody calls these functions, and nothing of this is on the way to the
 * jump.
 */

#include <linux/kallsyms.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>

#include "kmod/image/hook.h"
#include "kmod/kho.h"

#ifdef CONFIG_DYNAMIC_FTRACE_WITH_REGS
/**
 * kho_hook_redirect() - what ftrace calls at the start of a redirected function
 * @ip: of the function
 * @parent_ip: who called it
 * @ops: of the struct kho_hook
 * @fregs: of the call
 *
 * A call that comes from this module is meant for the original. While the module goes, calls are
 * not redirected any more.
 *
 * Context: any; does not sleep.
 */
void notrace kho_hook_redirect(unsigned long ip, unsigned long parent_ip,
			       struct ftrace_ops *ops,
			       struct ftrace_regs *fregs)
{
	struct kho_hook *h = container_of(ops, struct kho_hook, ops);

	if (within_module(parent_ip, THIS_MODULE))
		return;
	if (try_module_get(THIS_MODULE))
		ftrace_get_regs(fregs)->ip = (unsigned long)h->to;
}

/* The start of the function; a probe is put behind a mark that some functions begin with. */
static unsigned long start_of(unsigned long addr)
{
	char text[KSYM_SYMBOL_LEN];
	unsigned long offset;
	const char *plus;

	sprint_symbol(text, addr);
	plus = strchr(text, '+');
	if (!plus || sscanf(plus, "+0x%lx/", &offset) != 1)
		return addr;
	return addr - offset;
}

static int cannot(struct kho_hook *h, const char *problem, int err)
{
	h->problem = problem;
	return err;
}

/**
 * kho_hook_find() - find the function that is to be redirected
 * @h: its address is filled in, or its problem
 *
 * Context: may sleep.
 *
 * Return: 0, or an error of the kernel's probes: -ENOENT if this kernel has no such function.
 */
int kho_hook_find(struct kho_hook *h)
{
	struct kprobe p = {
		.symbol_name = h->symbol,
		.flags = KPROBE_FLAG_DISABLED,
	};
	int ret = register_kprobe(&p);

	if (ret == -ENOENT)
		return cannot(h, "is not there in this kernel", ret);
	if (ret)
		return cannot(h, "cannot be probed", ret);
	h->addr = start_of((unsigned long)p.addr);
	unregister_kprobe(&p);
	return 0;
}

/*
 * When ftrace finds that patching went wrong, it never patches anything again: calls come here
 * for as long as this kernel runs, and this text must stay. Whoever is unloading the module has
 * got past its references, and waits.
 */
static void stay_for_ever(void)
{
	pr_crit_once(
		"ftrace of this kernel has failed, and functions of it lead into this module for as long as it runs: the module cannot be unloaded any more, nor replaced before the next boot\n");
	__module_get(THIS_MODULE);
	while (THIS_MODULE->state == MODULE_STATE_GOING)
		schedule_timeout_idle(MAX_SCHEDULE_TIMEOUT);
}

/**
 * kho_hook_on() - redirect a function
 * @h: kho_hook_find() found it; its problem is filled in
 *
 * Context: may sleep.
 *
 * Return: 0; -EINVAL (ftrace does not know the function), -EBUSY (a live patch or somebody else
 * has redirected it, or kernel.ftrace_enabled=0), or another error of ftrace.
 */
int kho_hook_on(struct kho_hook *h)
{
	int ret = ftrace_set_filter_ip(&h->ops, h->addr, 0, 0);

	if (ret)
		return cannot(h, "cannot be traced", ret);
	ret = register_ftrace_function(&h->ops);
	h->on = !ret;
	/* That is what it says when it has failed, maybe while it patched this one. */
	if (ret == -ENODEV)
		stay_for_ever();
	else if (ret)
		ftrace_set_filter_ip(&h->ops, h->addr, 1, 0);
	if (ret == -EBUSY)
		return cannot(
			h,
			"is redirected already, by a live patch maybe, or kernel.ftrace_enabled is 0",
			ret);
	return ret ? cannot(h, "cannot be redirected", ret) : 0;
}

/**
 * kho_hook_off() - undo kho_hook_on()
 * @h: does nothing if it is not on
 *
 * If ftrace cannot take it back, the module stays in memory, and the log says so: while it is
 * being unloaded this does not return.
 *
 * Context: may sleep; waits until nobody is on the way into or out of our function any more.
 */
void kho_hook_off(struct kho_hook *h)
{
	if (!h->on)
		return;
	if (unregister_ftrace_function(&h->ops)) {
		stay_for_ever();
		return;
	}
	ftrace_set_filter_ip(&h->ops, h->addr, 1, 0);
	h->on = false;
	synchronize_rcu_tasks();
}

#else

int kho_hook_find(struct kho_hook *h)
{
	h->problem =
		"cannot be redirected by a kernel without ftrace of registers";
	return -EOPNOTSUPP;
}

int kho_hook_on(struct kho_hook *h)
{
	return -EOPNOTSUPP;
}

void kho_hook_off(struct kho_hook *h)
{
}
#endif

/**
 * kho_hook_done() - a redirected call is about to return
 *
 * The few instructions that follow are waited for by kho_hook_off().
 */
void kho_hook_done(void)
{
	module_put(THIS_MODULE);
}
