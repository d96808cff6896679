// SPDX-License-Identifier: GPL-2.0
/*
 * Locks pages of files and never unlocks them, as a device does that never answers. For the
 * scenario kept-stalled.
 *
 * "PATH INDEX" is written to /sys/module/kho_locked_page/parameters/lock, once for each page.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/pagemap.h>

/* The file stays open: the page is to be locked for as long as the machine runs. */
static int lock_page_of(const char *path, unsigned long index)
{
	struct file *file = filp_open(path, O_RDONLY | O_LARGEFILE, 0);
	struct folio *folio;

	if (IS_ERR(file))
		return PTR_ERR(file);
	folio = filemap_get_folio(file->f_mapping, index);
	if (IS_ERR_OR_NULL(folio)) {
		fput(file);
		return -ENODATA;
	}
	folio_lock(folio);
	return 0;
}

static int lock_set(const char *val, const struct kernel_param *kp)
{
	unsigned long index;
	char path[128];

	if (sscanf(val, "%127s %lu", path, &index) != 2)
		return -EINVAL;
	return lock_page_of(path, index);
}

static const struct kernel_param_ops lock_ops = { .set = lock_set };
module_param_cb(lock, &lock_ops, NULL, 0200);
MODULE_PARM_DESC(lock, "a page of a file to lock: PATH INDEX");

static int __init locked_page_init(void)
{
	return 0;
}
module_init(locked_page_init);

MODULE_DESCRIPTION("Locks pages of files for ever");
MODULE_LICENSE("GPL");
