/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Files and objects that survive the update of the kernel: what a module implements so that
 * /dev/liveupdate can preserve its files. Names, arguments and results are those of Linux 7.3;
 * here the functions are exported.
 *
 * A file handler preserves one kind of file. An FLB (file-lifecycle-bound object) is state that
 * handlers share: it is preserved with the first file of any handler that it is linked to, and
 * finished with the last.
 */
#ifndef _LINUX_LIVEUPDATE_H
#define _LINUX_LIVEUPDATE_H

#include <linux/errno.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/types.h>
#include <linux/kho/abi/luo.h>
#include <uapi/linux/liveupdate.h>

struct file;
struct liveupdate_file_handler;
struct liveupdate_flb;
struct module;

/**
 * struct liveupdate_file_op_args - what an operation on a file is given
 * @handler: whose operation it is
 * @retrieve_status: in can_finish and finish: 0 retrieve was never called, > 0 it succeeded,
 *                   < 0 its last error
 * @file: the file; retrieve sets it, with a reference that is then the orchestrator's; in
 *        finish it is NULL if there is none
 * @serialized_data: travels to the next kernel; preserve and freeze set it
 * @private_data: the handler's own, for the life of the file in this kernel
 */
struct liveupdate_file_op_args {
	struct liveupdate_file_handler *handler;
	int retrieve_status;
	struct file *file;
	u64 serialized_data;
	void *private_data;
};

/**
 * struct liveupdate_file_ops - how to preserve one kind of file
 * @can_preserve: is this such a file? Fast, changes nothing
 * @preserve: preserve the file and everything its data leads to, with kho_preserve_*()
 * @unpreserve: undo it
 * @freeze: before the jump: last changes, after which the file must not change; may be NULL
 * @unfreeze: undo it, if another file could not be frozen; may be NULL
 * @retrieve: in the next kernel: make the file again. Works on data that another kernel wrote.
 *            May be called again after -EINTR, -ENOMEM and -ENOSPC
 * @can_finish: may the file be finished now? May be NULL
 * @finish: let go of the data, and if retrieve did not succeed of everything preserved
 * @get_id: what tells two files apart; NULL: the address of the file
 * @owner: module that the operations are in
 *
 * All may sleep, and are called one at a time for one file. preserve and unpreserve are called
 * without a lock, so that they may wait for what user space does. The machine waits for freeze
 * and unfreeze, which must not: a session with a file that takes more than ten seconds is left
 * behind.
 */
struct liveupdate_file_ops {
	bool (*can_preserve)(struct liveupdate_file_handler *handler,
			     struct file *file);
	int (*preserve)(struct liveupdate_file_op_args *args);
	void (*unpreserve)(struct liveupdate_file_op_args *args);
	int (*freeze)(struct liveupdate_file_op_args *args);
	void (*unfreeze)(struct liveupdate_file_op_args *args);
	int (*retrieve)(struct liveupdate_file_op_args *args);
	bool (*can_finish)(struct liveupdate_file_op_args *args);
	void (*finish)(struct liveupdate_file_op_args *args);
	unsigned long (*get_id)(struct file *file);
	struct module *owner;
};

/**
 * struct liveupdate_file_handler - one kind of file
 * @ops: operations
 * @compatible: name, and version of the data; NUL-terminated
 *
 * The rest is private.
 */
struct liveupdate_file_handler {
	const struct liveupdate_file_ops *ops;
	const char compatible[LIVEUPDATE_HNDL_COMPAT_LENGTH];

	/* private: */
	struct list_head list;
	struct list_head flb_links;
};

/**
 * struct liveupdate_flb_op_args - what an operation on an FLB is given
 * @flb: whose operation it is
 * @data: travels to the next kernel; preserve sets it
 * @obj: preserve and retrieve set it; what liveupdate_flb_get_*() give
 */
struct liveupdate_flb_op_args {
	struct liveupdate_flb *flb;
	u64 data;
	void *obj;
};

/**
 * struct liveupdate_flb_ops - how to preserve an FLB; all are needed
 * @preserve: with the first file
 * @unpreserve: after the last file was unpreserved
 * @retrieve: in the next kernel, when it is first asked for
 * @finish: after the last file was finished
 * @owner: module that the operations are in
 *
 * They are called with a lock held under which no function on the same FLB may be called.
 */
struct liveupdate_flb_ops {
	int (*preserve)(struct liveupdate_flb_op_args *args);
	void (*unpreserve)(struct liveupdate_flb_op_args *args);
	int (*retrieve)(struct liveupdate_flb_op_args *args);
	void (*finish)(struct liveupdate_flb_op_args *args);
	struct module *owner;
};

/* Private: one direction of an FLB. */
struct luo_flb_state {
	struct mutex lock; /* of all of it */
	u64 count;
	u64 data;
	void *obj;
	int error;
	bool ready;
};

/**
 * struct liveupdate_flb - one FLB
 * @ops: operations
 * @compatible: name, and version of the data; NUL-terminated
 *
 * The rest is private.
 */
struct liveupdate_flb {
	const struct liveupdate_flb_ops *ops;
	const char compatible[LIVEUPDATE_FLB_COMPAT_LENGTH];

	/* private: */
	struct list_head list;
	u32 nr_links;
	u64 travels;
	struct luo_flb_state out;
	struct luo_flb_state in;
};

bool liveupdate_enabled(void);

int liveupdate_register_file_handler(struct liveupdate_file_handler *fh);
void liveupdate_unregister_file_handler(struct liveupdate_file_handler *fh);

int liveupdate_register_flb(struct liveupdate_file_handler *fh,
			    struct liveupdate_flb *flb);
void liveupdate_unregister_flb(struct liveupdate_file_handler *fh,
			       struct liveupdate_flb *flb);
int liveupdate_flb_get_incoming(struct liveupdate_flb *flb, void **objp);
void liveupdate_flb_put_incoming(struct liveupdate_flb *flb);
int liveupdate_flb_get_outgoing(struct liveupdate_flb *flb, void **objp);
void liveupdate_flb_put_outgoing(struct liveupdate_flb *flb);

#endif /* _LINUX_LIVEUPDATE_H */
