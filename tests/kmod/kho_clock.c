// SPDX-License-Identifier: GPL-2.0
/*
 * The jump finds the clock as a processor leaves it that was stopped while it set it: who reads
 * it with the usual accessors waits for ever. For the scenario stopped-clock.
 *
 * Done by a kernel probe in what lets dumpers of the kernel's log run, which the jump does when
 * the other processors stand still; the clock's sequence count is made odd there.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/reboot.h>

/* The count is the first member of both: the name changed in v6.17. */
static const char *const clocks[] = { "tk_core", "timekeeper_data" };
/* A wrapper of the second since v6.11. */
static const char *const dumps[] = { "kmsg_dump", "kmsg_dump_desc" };

static unsigned int *sequence;

static int __kprobes before_dump(struct kprobe *probe, struct pt_regs *regs)
{
	if (system_state == SYSTEM_RESTART)
		(*sequence)++;
	return 0;
}

static struct kprobe dump_probe = { .pre_handler = before_dump };

/* The kernel's function that finds symbols is not exported; a probe of it tells where it is. */
static void *find_symbol(const char *name)
{
	struct kprobe probe = { .symbol_name = "kallsyms_lookup_name" };
	unsigned long (*lookup)(const char *name);

	if (register_kprobe(&probe))
		return NULL;
	lookup = (void *)probe.addr;
	unregister_kprobe(&probe);
	return (void *)lookup(name);
}

static int __init clock_init(void)
{
	int ret = -ENOENT;
	unsigned int i;

	for (i = 0; !sequence && i < ARRAY_SIZE(clocks); i++)
		sequence = find_symbol(clocks[i]);
	if (!sequence)
		return -ENOENT;
	for (i = 0; ret && i < ARRAY_SIZE(dumps); i++) {
		dump_probe.symbol_name = dumps[i];
		dump_probe.addr = NULL;
		ret = register_kprobe(&dump_probe);
	}
	return ret;
}
module_init(clock_init);

MODULE_DESCRIPTION("Stops the clock at the jump");
MODULE_LICENSE("GPL");
