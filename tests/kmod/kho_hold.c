// SPDX-License-Identifier: GPL-2.0
/*
 * Holds one call of a function of the kernel at its start until it is let go, so that something
 * else happens first. For the scenario worst-moments; loaded with
 *
 *   symbol=NAME   the function
 *   comm=NAME     of the task; calls of others go on
 *
 * The parameter held tells that a call is here, and writing to it lets it go on. Done by a kernel
 * probe, so the processor that is here does nothing else, and there must be others.
 *
 * Or, with symbol=ftrace_kill and without comm=, has ftrace stop for good, as it does when it
 * finds that patching went wrong.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/atomic.h>
#include <linux/delay.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/string.h>

/* Nobody is held for longer: a processor that does nothing else is missed at some time. */
#define MAX_MS 15000

static char *symbol = "";
module_param(symbol, charp, 0400);
MODULE_PARM_DESC(symbol, "function of the kernel");

static char *comm = "";
module_param(comm, charp, 0400);
MODULE_PARM_DESC(comm, "task");

static bool held;
module_param(held, bool, 0600);
MODULE_PARM_DESC(held, "a call is held; N lets it go");

static atomic_t calls;

static int __kprobes before(struct kprobe *probe, struct pt_regs *regs)
{
	unsigned int ms;

	if (strcmp(current->comm, comm) || atomic_inc_return(&calls) > 1)
		return 0;
	WRITE_ONCE(held, true);
	for (ms = 0; READ_ONCE(held) && ms < MAX_MS; ms++)
		mdelay(1);
	WRITE_ONCE(held, false);
	return 0;
}

static struct kprobe probe = { .pre_handler = before };

/* Not exported; a probe of it tells where it is. */
static int kill_ftrace(void)
{
	struct kprobe where = {
		.symbol_name = symbol,
		.flags = KPROBE_FLAG_DISABLED,
	};
	void (*kill)(void);
	int ret = register_kprobe(&where);

	if (ret)
		return ret;
	kill = (void *)where.addr;
	unregister_kprobe(&where);
	kill();
	return 0;
}

static int __init hold_init(void)
{
	if (!*comm)
		return strcmp(symbol, "ftrace_kill") ? -EINVAL : kill_ftrace();
	probe.symbol_name = symbol;
	return register_kprobe(&probe);
}
module_init(hold_init);

static void __exit hold_exit(void)
{
	if (*comm)
		unregister_kprobe(&probe);
}
module_exit(hold_exit);

MODULE_DESCRIPTION("Holds a call of a function of the kernel");
MODULE_LICENSE("GPL");
