// SPDX-License-Identifier: GPL-2.0
/*
 * Makes a kernel one on which the module cannot work: what a kernel probe stands in does nothing
 * and says that it did. Loaded before kho.ko, with
 *
 *   what=marks        marks cannot be taken out of pages
 *   what=give-back    pages do not get to the page allocator
 *   what=contiguous   contiguous memory is not taken
 *   what=untraceable  ftrace knows no function; this one says so
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kprobes.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/string.h>

static char *what = "";
module_param(what, charp, 0400);
MODULE_PARM_DESC(what, "see the head of kho_broken.c");

static unsigned long returned;

static unsigned long instead(void)
{
	return returned;
}

/* The last two arguments of a range of pages say how long it is. */
static int __kprobes before(struct kprobe *probe, struct pt_regs *regs)
{
	unsigned long start = regs_get_kernel_argument(regs, 0);
	unsigned long end = regs_get_kernel_argument(regs, 1);

	if (strcmp(current->comm, "insmod"))
		return 0;
	returned = 0;
	if (!strcmp(what, "give-back"))
		returned = PFN_PHYS(end - start);
	if (!strcmp(what, "untraceable"))
		returned = -EINVAL;
	instruction_pointer_set(regs, (unsigned long)instead);
	return 1;
}

/* Newer kernels have the second: what allocates is wrapped to be counted. */
static const struct {
	const char *what;
	const char *symbol;
} symbols[] = {
	{ "marks", "kho:kho_page_unmark" },
	{ "give-back", "kho:kho_give_back" },
	{ "contiguous", "alloc_contig_range" },
	{ "contiguous", "alloc_contig_range_noprof" },
	{ "untraceable", "ftrace_set_filter_ip" },
};

/* Without this a probe may become one that cannot have another function called. */
static void after(struct kprobe *probe, struct pt_regs *regs,
		  unsigned long flags)
{
}

static struct kprobe probe = { .pre_handler = before, .post_handler = after };
static bool is_set;

static void set_probe(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(symbols) && !is_set; i++) {
		if (strcmp(what, symbols[i].what))
			continue;
		probe.symbol_name = symbols[i].symbol;
		probe.addr = NULL;
		/* What was unregistered is marked as disabled. */
		probe.flags = 0;
		is_set = !register_kprobe(&probe);
	}
}

static void unset_probe(void)
{
	if (is_set)
		unregister_kprobe(&probe);
	is_set = false;
}

/* A function of a module can be probed once the module comes; insmod has it come twice. */
static int module_comes(struct notifier_block *notifier, unsigned long event,
			void *data)
{
	if (event == MODULE_STATE_COMING) {
		unset_probe();
		set_probe();
	}
	return NOTIFY_OK;
}

static struct notifier_block modules = { .notifier_call = module_comes };

static int __init broken_init(void)
{
	set_probe();
	return register_module_notifier(&modules);
}
module_init(broken_init);

static void __exit broken_exit(void)
{
	unregister_module_notifier(&modules);
	unset_probe();
}
module_exit(broken_exit);

MODULE_DESCRIPTION("Makes a kernel one that the module must refuse");
MODULE_LICENSE("GPL");
