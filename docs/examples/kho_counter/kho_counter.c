// SPDX-License-Identifier: GPL-2.0
/*
 * A small client of kexec handover: it counts the kernels it has lived in, and keeps a page of
 * text.
 *
 *   /sys/module/kho_counter/parameters/count   1 in the first kernel, 2 in the next, ...
 *   /sys/module/kho_counter/parameters/text    read it, or write another
 *
 * What it hands over is a folio with struct counter_ser, which a subtree names, and one with the
 * text, which the struct names. Both are taken over where they lie, and preserved again.
 *
 * docs/driver-guide.md walks through it.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/io.h>
#include <linux/kexec_handover.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#define COUNTER_SUBTREE "kho-counter"
/* "KCOUNTER", little-endian. */
#define COUNTER_MAGIC 0x5245544e554f434bULL
/* Changes with struct counter_ser: what another version wrote is not read. */
#define COUNTER_VERSION 1

/**
 * struct counter_ser - blob of the subtree; wire format
 * @magic: COUNTER_MAGIC
 * @version: COUNTER_VERSION
 * @size: sizeof(struct counter_ser)
 * @count: kernels so far, the one that writes included
 * @text_phys: physical address of a folio of one page, with a string that ends in it
 */
struct counter_ser {
	u64 magic;
	u32 version;
	u32 size;
	u64 count;
	u64 text_phys;
};

static_assert(sizeof(struct counter_ser) == 32, "wire layout");

/* Parameters can be read before the module has started, and while it stops. */
static DEFINE_MUTEX(counter_lock);
static struct counter_ser *counter;
static char *counter_text;

/* ---------------------------------------------------------------- what the last kernel left */

/* A folio that came in and has at least @bytes. Freed again if it is smaller. */
static void *take_folio(phys_addr_t phys, size_t bytes)
{
	struct folio *folio = kho_restore_folio(phys);

	if (!folio)
		return NULL;
	if (folio_size(folio) >= bytes)
		return folio_address(folio);
	folio_put(folio);
	return NULL;
}

/* What comes from another kernel is believed only as far as it was checked. */
static const char *objection(const struct counter_ser *ser, size_t bytes)
{
	if (bytes != sizeof(*ser))
		return "size of the blob";
	if (ser->magic != COUNTER_MAGIC)
		return "magic number";
	if (ser->version != COUNTER_VERSION)
		return "version";
	if (ser->size != sizeof(*ser))
		return "size";
	if (!ser->count)
		return "count";
	return NULL;
}

static char *take_text(const struct counter_ser *ser)
{
	char *text = take_folio(ser->text_phys, PAGE_SIZE);

	if (!text || strnlen(text, PAGE_SIZE) < PAGE_SIZE)
		return text;
	folio_put(virt_to_folio(text));
	return NULL;
}

/*
 * Takes over what came in. First the memory is made ours, then it is read: a blob may have been
 * taken over, and freed, when this module was loaded before, and then nothing waits there any
 * more.
 *
 * Return: true if there was something, and it was good.
 */
static bool take_over(void)
{
	struct counter_ser *ser;
	const char *why;
	phys_addr_t phys;
	size_t bytes;

	if (kho_retrieve_subtree(COUNTER_SUBTREE, &phys, &bytes))
		return false;
	ser = take_folio(phys, sizeof(*ser));
	if (!ser)
		return false;
	why = objection(ser, bytes);
	if (!why) {
		counter_text = take_text(ser);
		if (!counter_text)
			why = "text";
	}
	if (!why) {
		counter = ser;
		return true;
	}
	pr_err("what came in is not used: bad %s\n", why);
	folio_put(virt_to_folio(ser));
	return false;
}

/* --------------------------------------------------------------- what the next one will get */

/* Preserves what was taken over: nothing is handed on by itself. */
static int preserve_again(void)
{
	int err = kho_preserve_folio(virt_to_folio(counter_text));

	if (err)
		return err;
	err = kho_preserve_folio(virt_to_folio(counter));
	if (err)
		kho_unpreserve_folio(virt_to_folio(counter_text));
	return err;
}

static int make_new(void)
{
	void *ser, *text = kho_alloc_preserve(PAGE_SIZE);

	if (IS_ERR(text))
		return PTR_ERR(text);
	ser = kho_alloc_preserve(sizeof(*counter));
	if (IS_ERR(ser)) {
		kho_unpreserve_free(text);
		return PTR_ERR(ser);
	}
	counter = ser;
	counter_text = text;
	counter->magic = COUNTER_MAGIC;
	counter->version = COUNTER_VERSION;
	counter->size = sizeof(*counter);
	counter->text_phys = virt_to_phys(text);
	return 0;
}

/* Makes the folios of this kernel, preserved, whether they came in or are new. */
static int hold(void)
{
	int err;

	if (!take_over())
		return make_new();
	err = preserve_again();
	if (!err)
		return 0;
	folio_put(virt_to_folio(counter));
	folio_put(virt_to_folio(counter_text));
	return err;
}

static int start(void)
{
	int err = hold();

	if (err)
		goto err_forget;
	counter->count++;
	/* Last: from this on the next kernel finds it, whenever the machine jumps. */
	err = kho_add_subtree(COUNTER_SUBTREE, counter, sizeof(*counter));
	if (!err)
		return 0;
	kho_unpreserve_free(counter);
	kho_unpreserve_free(counter_text);
err_forget:
	counter = NULL;
	counter_text = NULL;
	return err;
}

/* ------------------------------------------------------------------------------- parameters */

static int count_get(char *buf, const struct kernel_param *kp)
{
	guard(mutex)(&counter_lock);
	return counter ? sysfs_emit(buf, "%llu\n", counter->count) : -ENODEV;
}

static int text_get(char *buf, const struct kernel_param *kp)
{
	guard(mutex)(&counter_lock);
	return counter_text ? sysfs_emit(buf, "%s\n", counter_text) : -ENODEV;
}

/* The last byte of the page is never written, so that at every instant there is a string. */
static int text_set(const char *val, const struct kernel_param *kp)
{
	size_t len = strcspn(val, "\n");

	guard(mutex)(&counter_lock);
	if (!counter_text)
		return -ENODEV;
	if (len >= PAGE_SIZE - 1)
		return -EINVAL;
	memcpy(counter_text, val, len);
	memset(counter_text + len, 0, PAGE_SIZE - len);
	return 0;
}

static const struct kernel_param_ops count_ops = { .get = count_get };
module_param_cb(count, &count_ops, NULL, 0444);
MODULE_PARM_DESC(count, "kernels so far, this one included");

static const struct kernel_param_ops text_ops = {
	.set = text_set,
	.get = text_get,
};
module_param_cb(text, &text_ops, NULL, 0644);
MODULE_PARM_DESC(text, "a line that the next kernel will have too");

/* ---------------------------------------------------------------------------- init and exit */

static int __init kho_counter_init(void)
{
	int err;

	if (!kho_is_enabled())
		return -EOPNOTSUPP;
	guard(mutex)(&counter_lock);
	err = start();
	if (!err)
		pr_info("kernel number %llu\n", counter->count);
	return err;
}
module_init(kho_counter_init);

/* What is not handed over goes: first its name, then the memory. */
static void __exit kho_counter_exit(void)
{
	guard(mutex)(&counter_lock);
	kho_remove_subtree(counter);
	kho_unpreserve_free(counter);
	kho_unpreserve_free(counter_text);
	counter = NULL;
	counter_text = NULL;
}
module_exit(kho_counter_exit);

MODULE_DESCRIPTION("Count kernels across kexecs: an example of kexec handover");
MODULE_LICENSE("GPL");
