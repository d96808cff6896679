// SPDX-License-Identifier: GPL-2.0
/*
 * /sys/kernel/debug/kho: the raw data of both sides, for people who look for a mistake. Paths and
 * modes are upstream's; docs/abi/debugfs-kho describes them. Without debugfs nothing is missing
 * but this: no failure here matters to anyone.
 *
 * Files of the outgoing side are read under the lock of out/, page by page, so that a
 * subtree is never looked at after it was removed. Who adds or removes one does not wait for
 * readers, which may wait for user space without an end: an open file holds a reference, and a
 * worker makes and removes files. What came in is copied when it was accepted: its owner may give
 * the memory to something else at any time.
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
#include <linux/wait.h>
#include <linux/workqueue.h>

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

/**
 * struct subtree_file - the file of a subtree of the outgoing side
 * @create: makes it
 * @destroy: removes it, and frees this
 * @file: NULL while it is not there
 * @subtree: with a reference
 * @bytes: size of its blob
 * @name: of the file
 */
struct subtree_file {
	struct work_struct create;
	struct work_struct destroy;
	struct dentry *file;
	struct kho_out_subtree *subtree;
	u64 bytes;
	char name[];
};

/* How long clients wait for a file that comes or goes. */
#define JOB_TIMEOUT (2 * HZ)

/*
 * Files of subtrees are made and removed by a worker, one after the other: the directory is
 * locked for that, and who lists it into memory that nobody serves keeps it locked for ever.
 */
static struct workqueue_struct *files_wq;
static DECLARE_WAIT_QUEUE_HEAD(job_wait);
/* Under the lock of who calls the view. */
static unsigned long jobs_queued;
static unsigned long jobs_done;

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

static void job_done(void)
{
	WRITE_ONCE(jobs_done, jobs_done + 1);
	wake_up(&job_wait);
}

static void kho_subtree_file_create(struct work_struct *work)
{
	struct subtree_file *f =
		container_of(work, struct subtree_file, create);
	struct dentry *file;

	file = debugfs_create_file_unsafe(f->name, 0400, out_subtrees_dir,
					  f->subtree, &subtree_fops);
	if (!IS_ERR(file)) {
		i_size_write(d_inode(file), f->bytes);
		f->file = file;
	}
	job_done();
}

static void kho_subtree_file_destroy(struct work_struct *work)
{
	struct subtree_file *f =
		container_of(work, struct subtree_file, destroy);

	debugfs_remove(f->file);
	kho_out_subtree_put(f->subtree);
	kfree(f);
	job_done();
}

/* What is not done in time is done later, or never, and nobody depends on it. */
static void do_job(struct work_struct *work)
{
	unsigned long job = ++jobs_queued;

	queue_work(files_wq, work);
	wait_event_timeout(job_wait, READ_ONCE(jobs_done) >= job, JOB_TIMEOUT);
}

static void *kho_subtree_file_add(const char *name, u64 bytes,
				  struct kho_out_subtree *subtree)
{
	struct subtree_file *f;

	if (IS_ERR_OR_NULL(out_subtrees_dir) || !files_wq)
		return NULL;
	f = kzalloc(struct_size(f, name, strlen(name) + 1), GFP_KERNEL);
	if (!f)
		return NULL;
	strcpy(f->name, name);
	f->bytes = bytes;
	f->subtree = subtree;
	kho_out_subtree_get(subtree);
	INIT_WORK(&f->create, kho_subtree_file_create);
	INIT_WORK(&f->destroy, kho_subtree_file_destroy);
	do_job(&f->create);
	return f;
}

static void kho_subtree_file_remove(void *shown)
{
	struct subtree_file *f = shown;

	if (f)
		do_job(&f->destroy);
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
	files_wq = alloc_ordered_workqueue("kho_debugfs", 0);
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
	if (files_wq)
		destroy_workqueue(files_wq);
	files_wq = NULL;
	debugfs_remove(debug_dir);
	debug_dir = NULL;
	out_subtrees_dir = NULL;
	list_for_each_entry_safe(blob, next, &in_blobs, list)
		kvfree(blob);
	INIT_LIST_HEAD(&in_blobs);
}
