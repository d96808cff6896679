// SPDX-License-Identifier: GPL-2.0
/*
 * Watches which kexec image was prepared last. An image that another program loads carries no
 * list of extents: the next kernel would see all preserved memory as free. That cannot be
 * forbidden from a module, but it can be seen, and said.
 */

#include <linux/kexec.h>
#include <linux/kprobes.h>

#include "kho.h"

static bool watching;
/* Entry point of the last image; written from the probe. */
static unsigned long last_entry;

static int kho_watch_prepare(struct kprobe *p, struct pt_regs *regs)
{
	/* machine_kexec_prepare(struct kimage *image) */
	struct kimage *image = (struct kimage *)regs->di;

	if (image->type == KEXEC_TYPE_DEFAULT)
		WRITE_ONCE(last_entry, image->start);
	return 0;
}

static struct kprobe prepare_probe = {
	.symbol_name = "machine_kexec_prepare",
	.pre_handler = kho_watch_prepare,
};

/**
 * kho_watch_init() - start watching; without probes in this kernel, do without
 */
void kho_watch_init(void)
{
	int ret = register_kprobe(&prepare_probe);

	watching = !ret;
	if (ret)
		pr_info("cannot watch for images loaded by other programs (error %d)\n",
			ret);
}

/**
 * kho_watch_exit() - stop watching
 */
void kho_watch_exit(void)
{
	if (watching)
		unregister_kprobe(&prepare_probe);
	watching = false;
}

/**
 * kho_watch_is_foreign() - was an image prepared after the one with this entry point?
 * @entry: physical address of the entry point of our image
 *
 * Context: any.
 */
bool kho_watch_is_foreign(u64 entry)
{
	return watching && READ_ONCE(last_entry) != entry;
}
