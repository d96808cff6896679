// SPDX-License-Identifier: GPL-2.0
/*
 * Memory that changes between the writing of a tree and the jump: one bit of a list of the tree
 * with a name is turned before the module looks at what it is about to hand over.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/io.h>
#include <linux/kho/abi/kept.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/string.h>

static char *name = "";
module_param(name, charp, 0400);
MODULE_PARM_DESC(name, "of the tree");

static char *list = "entries";
module_param(list, charp, 0400);
MODULE_PARM_DESC(list, "of it: records, files or entries");

static u64 first_of(const struct kho_kept_tree_ser *t)
{
	if (!strcmp(list, "records"))
		return t->records.first;
	return !strcmp(list, "files") ? t->files.first : t->entries.first;
}

static int __kprobes before(struct kprobe *probe, struct pt_regs *regs)
{
	const struct kho_kept_tree_ser *t =
		(void *)regs_get_kernel_argument(regs, 0);
	const struct kho_vmalloc_chunk *chunk;
	u8 *page;

	if (strcmp(t->name, name))
		return 0;
	chunk = phys_to_virt(first_of(t));
	page = phys_to_virt(chunk->phys[0]);
	page[5] ^= 0x10;
	return 0;
}

static struct kprobe probe = {
	.pre_handler = before,
	.symbol_name = "kho_kept:kept_check_tree",
};

static int __init spoil_init(void)
{
	return register_kprobe(&probe);
}

static void __exit spoil_exit(void)
{
	unregister_kprobe(&probe);
}

module_init(spoil_init);
module_exit(spoil_exit);

MODULE_DESCRIPTION(
	"Spoils a kept tree that is about to be handed over, for a test");
MODULE_LICENSE("GPL");
