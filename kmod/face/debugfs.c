// SPDX-License-Identifier: GPL-2.0
/*
 * /sys/kernel/debug/kho: the raw data of both sides, for people who look for a mistake. Paths and
 * modes are upstream's; docs/abi/debugfs-kho describes them. Without debugfs nothing is missing
 * but this: no failure here matters to anyone.
 *
 * Files of the outgoing side are read under the lock of out/, page by page, so that a
 * subtree is never looked at after it was removed. Who removes one does not wait for readers,
 * which may wait for user space without an end: an open file holds a reference. What came in is
 * copied when it was accepted: its owner may give the memory to something else at any time.
 */

#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "core/fdt.h"
#include "kmod/face/face.h"
#include "kmod/in/in.h"
#include "kmod/kho.h"
#include "kmod/out/out.h"

/* Larger blobs that came in are not shown. */
#define MAX_COPY SZ_1M

/* A blob that came in. */
struct in_blob {
	struct list_head list;
	struct debugfs_blob_wrapper wrapper;
	u8 data[];
};

static struct dentry *debug_dir;
static struct dentry *out_subtrees_dir;
static LIST_HEAD(in_blobs);

/* ------------------------------------------------------------------------------ outgoing side */

static int fdt_show(struct seq_file *m, void *unused)
{
	void *page = (void *)__get_free_page(GFP_KERNEL);

	if (!page)
		return -ENOMEM;
	kho_out_fdt(page);
	seq_write(m, page, kho_fdt_bytes(page));
	free_page((unsigned long)page);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(fdt);

static int scratch_show(struct seq_file *m, bool sizes)
{
	struct kho_scratch *area;
	u32 i, nr;

	area = kcalloc(KHO_MAX_SCRATCH, sizeof(*area), GFP_KERNEL);
	if (!area)
		return -ENOMEM;
	nr = kho_out_scratch(area);
	for (i = 0; i < nr; i++)
		seq_printf(m, "0x%llx\n", sizes ? area[i].size : area[i].addr);
	kfree(area);
	return 0;
}

static int scratch_phys_show(struct seq_file *m, void *unused)
{
	return scratch_show(m, false);
}
DEFINE_SHOW_ATTRIBUTE(scratch_phys);

static int scratch_len_show(struct seq_file *m, void *unused)
{
	return scratch_show(m, true);
}
DEFINE_SHOW_ATTRIBUTE(scratch_len);

static ssize_t kho_subtree_file_read(struct file *file, char __user *to,
				     size_t bytes, loff_t *pos)
{
	void *page;
	ssize_t n;

	if (*pos < 0)
		return -EINVAL;
	page = (void *)__get_free_page(GFP_KERNEL);
	if (!page)
		return -ENOMEM;
	n = kho_out_subtree_read(file->private_data, page,
				 min_t(size_t, bytes, PAGE_SIZE), *pos);
	if (n > 0 && copy_to_user(to, page, n))
		n = -EFAULT;
	if (n > 0)
		*pos += n;
	free_page((unsigned long)page);
	return n;
}

/* Whoever removes the file waits until this has returned. */
static int kho_subtree_file_open(struct inode *inode, struct file *file)
{
	file->private_data = inode->i_private;
	kho_out_subtree_get(file->private_data);
	return 0;
}

static int kho_subtree_file_release(struct inode *inode, struct file *file)
{
	kho_out_subtree_put(file->private_data);
	return 0;
}

static const struct file_operations subtree_fops = {
	.owner = THIS_MODULE,
	.open = kho_subtree_file_open,
	.release = kho_subtree_file_release,
	.read = kho_subtree_file_read,
	.llseek = default_llseek,
};

static void *kho_subtree_file_add(const char *name, u64 bytes,
				  struct kho_out_subtree *subtree)
{
	struct dentry *file;

	if (IS_ERR_OR_NULL(out_subtrees_dir))
		return NULL;
	file = debugfs_create_file_unsafe(name, 0400, out_subtrees_dir, subtree,
					  &subtree_fops);
	if (IS_ERR(file))
		return NULL;
	i_size_write(d_inode(file), bytes);
	return file;
}

static void kho_subtree_file_remove(void *file)
{
	debugfs_remove(file);
}

static const struct kho_subtree_view subtree_files = {
	.add = kho_subtree_file_add,
	.remove = kho_subtree_file_remove,
};

static void show_outgoing(void)
{
	struct dentry *dir = debugfs_create_dir("out", debug_dir);

	debugfs_create_file("fdt", 0400, dir, NULL, &fdt_fops);
	debugfs_create_file("scratch_phys", 0400, dir, NULL,
			    &scratch_phys_fops);
	debugfs_create_file("scratch_len", 0400, dir, NULL, &scratch_len_fops);
	out_subtrees_dir = debugfs_create_dir("sub_fdts", dir);
	kho_out_subtrees_show(&subtree_files);
}

/* ------------------------------------------------------------------------------ incoming side */

static struct in_blob *copy_blob(const struct kho_fdt_subtree *subtree)
{
	struct kho_fdt_subtree good;
	const void *from;
	struct in_blob *blob;

	if (subtree->bytes > MAX_COPY || kho_in_subtree(subtree->name, &good))
		return NULL;
	from = kho_in_blob(subtree->phys, subtree->bytes);
	if (!from)
		return NULL;
	blob = kvzalloc(struct_size(blob, data, subtree->bytes),
			GFP_KERNEL | __GFP_NOWARN);
	if (!blob)
		return NULL;
	memcpy(blob->data, from, subtree->bytes);
	blob->wrapper.data = blob->data;
	blob->wrapper.size = subtree->bytes;
	return blob;
}

static void show_incoming(void)
{
	static struct debugfs_blob_wrapper fdt;
	struct dentry *dir = debugfs_create_dir("in", debug_dir), *subtrees;
	struct kho_fdt_subtree subtree;
	struct in_blob *blob;
	u32 i;

	fdt.data = (void *)kho_in_fdt();
	fdt.size = kho_fdt_bytes(fdt.data);
	debugfs_create_blob("fdt", 0400, dir, &fdt);
	subtrees = debugfs_create_dir("sub_fdts", dir);
	for (i = 0; !kho_in_subtree_at(i, &subtree); i++) {
		blob = copy_blob(&subtree);
		if (!blob) {
			pr_warn("debugfs does not show subtree \"%s\", %llu bytes\n",
				subtree.name, subtree.bytes);
			continue;
		}
		list_add_tail(&blob->list, &in_blobs);
		debugfs_create_blob(subtree.name, 0400, subtrees,
				    &blob->wrapper);
	}
}

/* ------------------------------------------------------------------------------ init and exit */

/**
 * kho_debugfs_init() - make the files
 *
 * After kho_in_accept(), and before any client of this module restores what came in.
 */
void kho_debugfs_init(void)
{
	debug_dir = debugfs_create_dir("kho", NULL);
	if (IS_ERR(debug_dir))
		return;
	if (kho_enabled)
		show_outgoing();
	if (kho_in_accepted())
		show_incoming();
}

/**
 * kho_debugfs_exit() - remove all files; before kho_out_exit() and kho_in_exit()
 */
void kho_debugfs_exit(void)
{
	struct in_blob *blob, *next;

	if (kho_enabled)
		kho_out_subtrees_hide();
	debugfs_remove(debug_dir);
	debug_dir = NULL;
	out_subtrees_dir = NULL;
	list_for_each_entry_safe(blob, next, &in_blobs, list)
		kvfree(blob);
	INIT_LIST_HEAD(&in_blobs);
}
