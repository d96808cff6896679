// SPDX-License-Identifier: GPL-2.0
/*
 * Watches which kexec image was prepared last. An image that another program loads carries no
 * list of extents: the next kernel would see all preserved memory as free. That cannot be
 * forbidden from a module, but it can be seen, and said.
 */

#include <linux/kexec.h>
#include <linux/kprobes.h>

#include "kmod/image/image.h"
#include "kmod/kho.h"

static bool watching;
/* Entry point of the last image, and how many there were; written from the probe. */
static unsigned long last_entry;
static unsigned long nr_prepared;

static int kho_watch_prepare(struct kprobe *p, struct pt_regs *regs)
{
	/* machine_kexec_prepare(struct kimage *image) */
	struct kimage *image = (struct kimage *)regs->di;

	if (image->type == KEXEC_TYPE_DEFAULT) {
		WRITE_ONCE(last_entry, image->start);
		/* Pairs with kho_watch_prepared_since(). */
		smp_store_release(&nr_prepared, nr_prepared + 1);
	}
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

/**
 * kho_watch_count() - how many images were prepared so far
 *
 * Context: any.
 */
unsigned long kho_watch_count(void)
{
	return READ_ONCE(nr_prepared);
}

/**
 * kho_watch_prepared_since() - may an image have been loaded since then?
 * @count: kho_watch_count() of then
 * @entry: set to the entry point of the last one; 0 if that is not known
 *
 * Context: any.
 *
 * Return: true also if this kernel does not let us watch.
 */
bool kho_watch_prepared_since(unsigned long count, u64 *entry)
{
	*entry = 0;
	if (!watching)
		return true;
	/* Pairs with kho_watch_prepare(): the entry point is at least as new. */
	if (smp_load_acquire(&nr_prepared) == count)
		return false;
	*entry = READ_ONCE(last_entry);
	return true;
}

/**
 * kho_watch_failed() - the last image was prepared, but not loaded after all
 * @range: its memory
 * @nr: number of ranges
 * @entry: entry point of the image that is still loaded, 0 if none is
 *
 * Does nothing if the last image lies elsewhere.
 */
void kho_watch_failed(const struct kho_range *range, u32 nr, u64 entry)
{
	unsigned long last = READ_ONCE(last_entry);
	u32 i;

	for (i = 0; i < nr; i++)
		if (last >= range[i].start && last < range[i].end)
			cmpxchg(&last_entry, last, entry);
}
