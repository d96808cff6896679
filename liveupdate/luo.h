/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the parts of liveupdate.ko know of each other. Each calls only those below it:
 *
 *   main.c                                       start and stop
 *   dev.c   incoming.c   jump.c                  user space, the previous kernel, the next one
 *   session.c                                    sessions
 *   file.c            memfd.c  memfd_retrieve.c  files, and those in memory, which are kept as
 *   flb.c                      shmem/            any other module would do it
 *   handler.c
 *   gate.c   lost.c
 *
 * Locks, in the order in which they are taken:
 *   luo_jump           read by whatever changes outgoing sessions, in an operation, for lists
 *                      and allocations; written by the reboot notifier, which keeps it until the
 *                      machine jumps. No handler is asked under it, see gate.c
 *   list of sessions
 *   session.lock       everything in one session; of an incoming one handlers are asked under it
 *   one lock for each list: of handlers, of preserved objects, of FLBs
 *   flb.out.lock, flb.in.lock
 */
#ifndef LIVEUPDATE_LUO_H
#define LIVEUPDATE_LUO_H

#include <linux/kho_block.h>
#include <linux/kho_waiting.h>
#include <linux/list.h>
#include <linux/liveupdate.h>
#include <linux/mutex.h>
#include <linux/rwsem.h>
#include <linux/sched.h>
#include <linux/types.h>
#include <linux/xarray.h>

#undef pr_fmt
#define pr_fmt(fmt) "liveupdate: " fmt

struct kho_held;
struct seq_file;

/**
 * struct luo_session - a session
 * @list: in the list of its direction, in the order of creation
 * @node: in the table of names of its direction
 * @lock: of everything below
 * @files: struct luo_file, in the order of preserving
 * @tokens: the same by token
 * @nr_files: how many
 * @nr_coming: that a handler is being asked to preserve; not among them
 * @blocks: room for the entries of all files; outgoing only
 * @incoming: from the previous kernel
 * @retrieved: user space has it; under the lock of the list
 * @goes: it is frozen, and handed over; see jump.c
 * @token: of the file that is frozen now, or could not be
 * @name: NUL-terminated
 */
struct luo_session {
	struct list_head list;
	struct hlist_node node;
	struct mutex lock; /* of all that follows */
	struct list_head files;
	struct xarray tokens;
	u64 nr_files;
	u64 nr_coming;
	struct kho_block_set blocks;
	bool incoming;
	bool retrieved;
	bool goes;
	u64 token;
	char name[LIVEUPDATE_SESSION_NAME_LENGTH];
};

/* ------------------------------------ gate.c: whether, and how, sessions may still be changed */

extern struct rw_semaphore luo_jump;
void luo_op_begin(void);
void luo_op_end(void);
int luo_ops_close(unsigned long wait, unsigned int *running);
void luo_jump_step(void);
unsigned long luo_jump_steps(void);

/* -------------------------------------------------------------------- jump.c: the last moment */

int luo_jump_init(u64 flbs_phys);
void luo_jump_ready(u64 number);
void luo_jump_stop(void);
void luo_jump_exit(void);

/* ---------------------------------------------------------------- dev.c: ioctls, device, fds */

int luo_dev_init(void);
void luo_dev_exit(void);

/* --------------------------------------------------------------------------------- session.c */

void luo_sessions_init(void);
struct luo_session *luo_session_create(const char *name);
struct luo_session *luo_session_retrieve(const char *name);
void luo_session_unretrieve(struct luo_session *s);
void luo_session_close(struct luo_session *s);
int luo_session_finish(struct luo_session *s);
struct luo_session *luo_session_add_incoming(const char *name);
void luo_sessions_forget_incoming(void);
void luo_sessions_set_damaged(void);
struct luo_session *luo_session_after(struct luo_session *s);
void luo_sessions_say_closed(void);
u64 luo_sessions_serialize(void);
bool luo_sessions_have_spare(void);
void luo_sessions_free_spare(void);
void luo_sessions_count(struct kho_held *count);
void luo_sessions_show(struct seq_file *m, bool incoming);
void luo_sessions_show_closed(struct seq_file *m);

/* ------------------------------------------------------------------------------------ file.c */

int luo_file_preserve(struct luo_session *s, int fd, u64 token);
void luo_files_unpreserve(struct luo_session *s);
int luo_files_freeze(struct luo_session *s);
void luo_files_give_up(struct luo_session *s);
void luo_files_serialize(struct luo_session *s, struct luo_file_set_ser *set,
			 struct kho_block_set *spare);
struct file *luo_file_retrieve(struct luo_session *s, u64 token);
int luo_files_finish(struct luo_session *s);
u64 luo_files_bytes(struct luo_session *s);
int luo_file_add_incoming(struct luo_session *s,
			  const struct luo_file_ser *ser);
void luo_files_forget_incoming(struct luo_session *s);

/* --------------------------------------------------------------------------------- handler.c */

/* Names are not empty, and end within what holds them. */
static inline bool luo_name_ok(const char *name, size_t size)
{
	return name[0] && strnlen(name, size) < size;
}

bool luo_handler_exists(struct liveupdate_file_handler *fh);
void luo_handler_remove(struct liveupdate_file_handler *fh);
struct liveupdate_file_handler *luo_handler_for(struct file *file);
struct liveupdate_file_handler *luo_handler_hold(const char *compatible);

/* ------------------------------------------------------------------------------------- flb.c */

int luo_flbs_init(u64 *phys);
void luo_flbs_exit(void);
int luo_flbs_preserve(struct liveupdate_file_handler *fh);
void luo_flbs_unpreserve(struct liveupdate_file_handler *fh);
void luo_flbs_finish(struct liveupdate_file_handler *fh);
void luo_flbs_unlink_all(struct liveupdate_file_handler *fh);
int luo_flb_add_incoming(const struct luo_flb_ser *ser);
void luo_flbs_forget_incoming(void);
void luo_flbs_travel(struct liveupdate_file_handler *fh);
void luo_flbs_serialize(void);

/* ----------------------------------------------------------------- incoming.c: reads the wire */

u64 luo_incoming_read(void);

/* -------------------------------------------- lost.c: what could not be handed over, and why */

int luo_lost_init(void);
void luo_lost_exit(void);
void luo_lost_add(const char *session, int err, u64 token);
void luo_lost_add_closed(const char *session, u64 nr_files, u64 seconds);
void luo_lost_show(struct seq_file *m);

/* --------------------------------------------------------------------------- memfd*.c: memfds */

int luo_memfd_init(void);
void luo_memfd_exit(void);
int luo_memfd_retrieve(struct liveupdate_file_op_args *args);
void luo_memfd_finish(struct liveupdate_file_op_args *args);

#endif /* LIVEUPDATE_LUO_H */
