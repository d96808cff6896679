/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files of the incoming side know of each other: incoming.c reads trees, and hands them
 * on; descriptor.c is what user space sees of one; restore.c fills files; peek.c reads them.
 */
#ifndef KEPT_IN_H
#define KEPT_IN_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/types.h>
#include <linux/xarray.h>

#include "kept.h"
#include "shmem/fill.h"

#undef pr_fmt
#define pr_fmt(fmt) "kho-kept: " fmt

/**
 * struct kept_pages - pages of one list of a tree, which are the module's
 * @page: contents of the pages, in order
 * @nr: how many
 * @chunk: pages that list them
 * @nr_chunks: how many
 */
struct kept_pages {
	const void **page;
	u64 nr;
	void **chunk;
	u64 nr_chunks;
};

/**
 * struct kept_partial - a file whose contents are on their way
 * @inode: it; held
 * @entry: next one that is to be taken over, in the list of all entries
 * @run: pages of that entry, a run, that were made already
 * @index: in the file, where @page comes, or what is left of @entry
 * @page: taken over, and not in the file yet
 * @nr: pages of it; 0 if there is none
 * @done: of them that are in the file, or not needed
 * @whole: it is one folio
 * @is_bad: it stands for a page that is lost
 * @allocated: entry before which everything is allocated that was never written to
 * @is_sized: the file has its size
 * @is_full: it has all pages, but for those that were never written to
 * @busy: somebody fills it
 */
struct kept_partial {
	struct inode *inode;
	u64 entry;
	u64 run;
	u64 index;
	struct page *page;
	unsigned long nr;
	unsigned long done;
	bool whole;
	bool is_bad;
	u64 allocated;
	bool is_sized;
	bool is_full;
	bool busy;
};

/**
 * struct kept_in - a tree that came in
 * @list: of all, in the order in which they came; under kept_in_lock
 * @name: of it
 * @state: KHO_KEPT_STATE_WAITING, _REFUSED or _LOST; under kept_in_lock
 * @why: of the latter two
 * @open: a descriptor of it is open; under kept_in_lock
 * @unread: WAITING: there was no memory to look at its lists
 * @ser: as the previous kernel wrote it
 * @records: pages of its lists
 * @files: likewise
 * @entries: likewise
 * @lock: of everything below
 * @mnt: private mount of the directory that it is restored into; NULL: nobody has begun
 * @shares_mnt: a tree that is kept has that mount, too
 * @others: numbers of inodes that the file system had before that, but for the directory's;
 *          sorted
 * @nr_others: how many
 * @inode: of each file that was filled, held; NULL: it was not. NULL if nobody has begun
 * @nr_filled: files that were
 * @partials: struct kept_partial of files that were begun with
 * @nr_busy: files that are being given pages, or stamped
 * @promises: free promises of memory, one for each file that was filled at the same time
 * @nr_promises: how many
 * @taken: at the last moment: inodes whose pages go along, by address
 * @copy: files that were filled go along by copies, as their file system is kept
 * @done: it was restored, or dropped
 * @peek: where the last reader of a file was, so that who reads on need not look for it
 */
struct kept_in {
	struct list_head list;
	char name[KHO_KEPT_TREE_NAME_SIZE];
	u32 state;
	char why[KHO_KEPT_WHY_SIZE];
	bool open;
	bool unread;

	struct kho_kept_tree_ser ser;
	struct kept_pages records;
	struct kept_pages files;
	struct kept_pages entries;

	struct mutex lock; /* of all below */
	struct vfsmount *mnt;
	bool shares_mnt;
	u64 *others;
	u64 nr_others;
	struct inode **inode;
	u64 nr_filled;
	struct xarray partials;
	u32 nr_busy;
	struct shmem_promise promises[4];
	u32 nr_promises;
	struct xarray taken;
	bool copy;
	bool done;
	struct {
		u64 file;
		u64 entry;
		u64 index;
	} peek;
};

extern struct mutex kept_in_lock; /* of the list of trees */

/* incoming.c */
int kept_in_try_read(struct kept_in *t);
struct kept_in *kept_in_find(const char *name);
void kept_in_remove(struct kept_in *t);
void kept_in_free(struct kept_in *t);

static inline struct kho_kept_list kept_in_files(const struct kept_in *t)
{
	return (struct kho_kept_list){
		.page = t->files.page,
		.bytes = t->ser.nr_files * sizeof(struct kho_kept_file_ser),
	};
}

static inline struct kho_kept_list kept_in_entries(const struct kept_in *t)
{
	return (struct kho_kept_list){
		.page = t->entries.page,
		.bytes = t->ser.nr_entries * sizeof(u64),
	};
}

/* Its size in bytes. */
static inline u64 kept_in_file_size(const struct kept_in *t, u64 file)
{
	const struct kho_kept_list files = kept_in_files(t);

	return kho_kept_file_at(&files, file)->size;
}

/* Its first entry. */
static inline u64 kept_in_file_first(const struct kept_in *t, u64 file)
{
	const struct kho_kept_list files = kept_in_files(t);

	return kho_kept_file_at(&files, file)->first;
}

/* One behind its last entry. */
static inline u64 kept_in_file_end(const struct kept_in *t, u64 file)
{
	const struct kho_kept_list files = kept_in_files(t);

	return kho_kept_file_end(&t->ser, &files, file);
}

static inline u64 kept_in_entry(const struct kept_in *t, u64 nr)
{
	const struct kho_kept_list entries = kept_in_entries(t);

	return kho_kept_entry_at(&entries, nr);
}

/* First page behind the end of a file of so many bytes. */
static inline u64 kept_end_index(u64 size)
{
	return (size >> PAGE_SHIFT) + !!(size & ~PAGE_MASK);
}

/* Is the tree being restored? Return: 0, -ESHUTDOWN, -ENODATA, -ENOTCONN. Its lock is held. */
static inline int kept_in_is_begun(const struct kept_in *t)
{
	if (kept_is_jumping())
		return -ESHUTDOWN;
	if (t->done)
		return -ENODATA;
	return t->mnt ? 0 : -ENOTCONN;
}

/* restore.c */
int kept_in_begin(struct kept_in *t, struct kho_kept_ioctl_begin *arg);
int kept_in_fill(struct kept_in *t, const struct kho_kept_ioctl_fill *arg);
int kept_in_stamp(struct kept_in *t, const struct kho_kept_ioctl_stamp *arg);
void kept_in_forget_files(struct kept_in *t);
void kept_in_drop_files(struct kept_in *t);

/* peek.c */
ssize_t kept_in_read(struct kept_in *t, char __user *to, size_t bytes,
		     loff_t *pos);
int kept_in_peek(struct kept_in *t, struct kho_kept_ioctl_peek *arg);

#endif /* KEPT_IN_H */
