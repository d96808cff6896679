/* SPDX-License-Identifier: GPL-2.0 */
/*
 * kho-kept.ko: what its files offer each other. Trees go
 *
 *   out  tree (which directories) -> jump (the last moment) -> records (names) -> pages
 *        (contents) -> stream (bytes on the wire); estimate looks without a jump, and ahead
 *        holds pages before it; all walk over names
 *   in   incoming (what came in) -> descriptor (of a tree) -> restore (contents) -> shmem/
 *
 * and dev, the device, asks tree and incoming. What nobody has restored goes from incoming to
 * jump.
 */
#ifndef KEPT_KEPT_H
#define KEPT_KEPT_H

#include <linux/fs.h>
#include <linux/gfp.h>
#include <linux/kho_kept.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/types.h>

struct mutex;
struct vfsmount;
struct xarray;

#include "core/kept.h"

#undef pr_fmt
#define pr_fmt(fmt) "kho-kept: " fmt

/* For memory on the way to the jump: nobody is killed for it. */
#define KEPT_GFP (GFP_KERNEL | __GFP_RETRY_MAYFAIL | __GFP_NOWARN)

/* What an inode that stays is called in an xarray. */
static inline unsigned long kept_inode_key(const struct inode *inode)
{
	return (unsigned long)inode / sizeof(long);
}

/* --------------------------------------------------- stream.c: bytes in pages that travel */

/**
 * struct kept_stream - a list of the wire that is being written
 * @list: for the next kernel
 * @bytes: that were written
 * @crc: of them
 * @chunk: last page of the list of pages
 * @used: addresses in it
 * @page: last page of bytes
 */
struct kept_stream {
	struct kho_vmalloc list;
	u64 bytes;
	u32 crc;
	struct kho_vmalloc_chunk *chunk;
	u32 used;
	char *page;
};

void *kept_page_alloc(void);
int kept_stream_append(struct kept_stream *s, const void *data, size_t bytes);
void kept_stream_each(const struct kept_stream *s,
		      void (*each)(void *ctx, void *page, u32 bytes),
		      void *ctx);
void kept_stream_free(struct kept_stream *s);

/* ------------------------------------------------------- pages.c: what is in regular files */

/**
 * struct kept_files - the regular files of a tree, on their way out
 * @files: list of struct kho_kept_file_ser
 * @entries: list of entries
 * @nr_files: files
 * @nr_pages: pages of their folios
 * @next: where the next entry of the last file begins, in pages
 * @between: what is there where a file has no pages: a kind of run for what begins at page @at,
 *           and where it ends, not behind @end; NULL: holes
 * @ctx: passed to it
 */
struct kept_files {
	struct kept_stream files;
	struct kept_stream entries;
	u64 nr_files;
	u64 nr_pages;
	u64 next;
	enum kho_kept_entry_kind (*between)(void *ctx, u64 at, u64 *end);
	void *ctx;
};

int kept_files_add(struct kept_files *f, struct inode *inode);
int kept_files_add_copy(struct kept_files *f, struct inode *inode);
int kept_files_add_part(struct kept_files *f, struct inode *inode, u64 bytes,
			u64 limit, bool copy);
int kept_files_begin(struct kept_files *f, u64 bytes);
int kept_files_entry(struct kept_files *f, u64 entry);
void kept_files_release(struct kept_files *f);

/* --------------------------------------------- ahead.c: pages that are held before the jump */

struct kept_ahead;

int kept_ahead_hold(struct dentry *root, struct kho_kept_ioctl_hold *arg);
void kept_ahead_let_go(const struct super_block *sb);
void kept_ahead_close(void);
struct kept_ahead *kept_ahead_of(const struct inode *inode);
unsigned int kept_ahead_take(struct kept_ahead *a, pgoff_t index, pgoff_t *end,
			     struct folio **folio, unsigned int max);
void kept_ahead_end(struct kept_ahead *a);
void kept_ahead_end_all(void);

/* ------------------------------------------------------------ walk.c: from name to name */

/**
 * struct kept_walk - a walk over all names in a directory
 * @root: the directory, referenced
 * @dir: directories from @root down to where the walk is, referenced
 * @depth: how many
 * @child: last name in the last of them, referenced; NULL: none yet
 * @ended: @child is a directory whose names were all seen
 */
struct kept_walk {
	struct dentry *root;
	struct dentry **dir;
	unsigned int depth;
	struct dentry *child;
	bool ended;
};

enum kept_walk_step { KEPT_WALK_END, KEPT_WALK_NODE, KEPT_WALK_UP };

int kept_walk_begin(struct kept_walk *w, struct dentry *root);
int kept_walk_next(struct kept_walk *w);
void kept_walk_end(struct kept_walk *w);

/* -------------------------------------------------------- records.c: what names stand for */

/**
 * struct kept_out - all of a tree, on its way out
 * @records: list of records
 * @nr_records: of them
 * @files: what is in its regular files
 */
struct kept_out {
	struct kept_stream records;
	u64 nr_records;
	struct kept_files files;
};

int kept_records_write(struct kept_out *out, const struct vfsmount *mnt,
		       struct xarray *gone);
void kept_out_release(struct kept_out *out);

/* --------------------------------------------- check.c: what the next kernel would say */

int kept_check_tree(const struct kho_kept_tree_ser *ser, struct kho_refusal *r);
int kept_check_head(const struct kho_kept_head_ser *head, u64 first_block_phys,
		    struct kho_refusal *r);

/* -------------------------------------------------------- tree.c: directories that are kept */

struct kept_in;

/**
 * struct kept_going - what is told the next kernel of a tree
 * @list: in the order of the wire
 * @out: what goes along; only of a directory that is kept here, and if @ser says that it is whole
 * @ser: for the next kernel
 */
struct kept_going {
	struct list_head list;
	struct kept_out out;
	struct kho_kept_tree_ser ser;
};

/**
 * struct kept_tree - a directory that is kept
 * @list: in the order in which they were kept
 * @refs: references; the last lets go of @mnt
 * @mnt: private mount of the directory: the file system stays
 * @kept_ns: CLOCK_REALTIME when it was kept
 * @name: of the tree, all 0 behind
 * @going: the jump's
 */
struct kept_tree {
	struct list_head list;
	struct kref refs;
	struct vfsmount *mnt;
	u64 kept_ns;
	char name[KHO_KEPT_NAME_SIZE];
	struct kept_going going;
};

int kept_tree_keep_restored(struct kept_in *in);
int kept_tree_keep(const struct kho_kept_ioctl_keep *arg);
int kept_tree_forget(const char *name);
int kept_tree_list(struct kho_kept_ioctl_list *arg);
struct kept_tree *kept_tree_get(const char *name);
struct kept_tree *kept_tree_get_nth(u32 index);
void kept_tree_put(struct kept_tree *t);
void kept_trees_count(u32 *nr, u64 *bytes);
bool kept_trees_close(void);
struct kept_tree *kept_tree_after(struct kept_tree *t);

/* ---------------------------------------------------- estimate.c: what a tree would take */

int kept_estimate(struct kho_kept_ioctl_estimate *arg);

/* ----------------------------------------------------------- jump.c: the last moment */

int kept_jump_init(void);
void kept_jump_exit(void);

/* ------------------------------------------------ gate.c: what all files ask at that moment */

int kept_gate_init(void);
void kept_gate_exit(void);
void kept_jump_begins(void);
bool kept_is_jumping(void);
/* Between two tries of a lock at the last moment. */
#define KEPT_LOCK_PAUSE_MS 10

int kept_pause_op(void *ctx);
bool kept_lock_for_good(struct mutex *lock, unsigned long wait);
int kept_freeze(struct super_block *sb);
bool kept_is_frozen(const struct super_block *sb);
void kept_step(void);
unsigned long kept_steps(void);

/* --------------------------------------------------------- incoming.c: trees that came in */

void kept_in_init(void);
void kept_in_exit(void);
int kept_in_list(struct kho_kept_ioctl_list *arg);
int kept_in_drop(const char *name);
bool kept_in_has(const char *name);
u32 kept_in_count(void);
struct vfsmount *kept_in_mnt(struct kept_in *t);
int kept_in_done(struct kept_in *t, bool shares);
struct kept_in *kept_in_after(struct kept_in *in);
const char *kept_in_name(const struct kept_in *in);
int kept_in_hand_on(struct kept_in *in,
		    bool (*is_kept)(const struct super_block *sb),
		    struct kho_kept_tree_ser *ser);

/* -------------------------------------------------- descriptor.c: a tree that is restored */

int kept_in_open(struct kho_kept_ioctl_open *arg, void __user *user);

/* -------------------------------------------------------------------- dev.c: /dev/kho-kept */

int kept_dev_init(void);
void kept_dev_exit(void);

#endif /* KEPT_KEPT_H */
