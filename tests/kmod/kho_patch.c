// SPDX-License-Identifier: GPL-2.0
/*
 * Somebody else who wants a function of the kernel to go on elsewhere. Loading fails, as it does
 * for everyone, if it goes on elsewhere already.
 *
 *   symbol=NAME   the function, which takes no more than a pointer and returns nothing
 *   how=patch     by a live patch: it does nothing any more
 *   how=probe     by a kernel probe that is called after the first instruction, too; the function
 *                 does what it did, but nobody else can redirect it
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kprobes.h>
#include <linux/livepatch.h>
#include <linux/module.h>
#include <linux/string.h>

static char *symbol;
module_param(symbol, charp, 0400);
MODULE_PARM_DESC(symbol, "a function of the kernel");

static char *how = "patch";
module_param(how, charp, 0400);
MODULE_PARM_DESC(how, "patch or probe");

static void instead(void *arg)
{
}

static struct klp_func functions[] = { { .new_func = instead }, {} };
static struct klp_object objects[] = { { .funcs = functions }, {} };
static struct klp_patch patch = { .mod = THIS_MODULE, .objs = objects };

static void after(struct kprobe *probe, struct pt_regs *regs,
		  unsigned long flags)
{
}

static struct kprobe probe = { .post_handler = after };

static bool probes(void)
{
	return !strcmp(how, "probe");
}

/* A kernel may say that it has a probe which it could not arm, and has forgotten: 7.3 does. */
static int probe_on(void)
{
	return register_kprobe(&probe) ?: enable_kprobe(&probe);
}

static int __init patch_init(void)
{
	if (!symbol)
		return -EINVAL;
	functions[0].old_name = symbol;
	probe.symbol_name = symbol;
	return probes() ? probe_on() : klp_enable_patch(&patch);
}
module_init(patch_init);

/* A live patch has been disabled before. */
static void __exit patch_exit(void)
{
	if (probes())
		unregister_kprobe(&probe);
}
module_exit(patch_exit);

MODULE_DESCRIPTION("Redirects a function of the kernel");
MODULE_LICENSE("GPL");
MODULE_INFO(livepatch, "Y");
