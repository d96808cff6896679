// SPDX-License-Identifier: GPL-2.0
/*
 * Files in sessions.
 *
 * A handler and its module are held from preserving a file to unpreserving it; in the next kernel
 * from the first attempt to retrieve it until it is finished. Before that an incoming file knows
 * its handler by name only, so that the handler may be a module that comes later.
 */

#include <linux/capability.h>
#include <linux/fs.h>
#include <linux/file.h>
#include <linux/hashtable.h>
#include <linux/module.h>
#include <linux/sched/signal.h>
#include <linux/shmem_fs.h>
#include <linux/slab.h>

#include "luo.h"

/**
 * struct luo_file - a file in a session
 * @list: in the session
 * @id_node: in luo_ids, if @file is held
 * @id: what tells it from other files
 * @fh: NULL in an incoming file that nobody has asked for yet
 * @token: user space's name for it
 * @args: what the handler's operations are given
 * @frozen: freeze was called and succeeded
 * @compatible: name of the handler
 */
struct luo_file {
	struct list_head list;
	struct hlist_node id_node;
	unsigned long id;
	struct liveupdate_file_handler *fh;
	u64 token;
	struct liveupdate_file_op_args args;
	bool frozen;
	char compatible[LIVEUPDATE_HNDL_COMPAT_LENGTH];
};

enum { IDS_BITS = 10 };

/* Objects that are preserved, or came in and are not finished. */
static DEFINE_HASHTABLE(luo_ids, IDS_BITS);
static DEFINE_MUTEX(ids_lock);

/* ---------------------------------------------------------------------------------- handlers */

/**
 * liveupdate_unregister_file_handler() - do not preserve this kind of file any more
 * @fh: handler; no file of its is preserved, which is so in the exit function of its module
 *
 * Its FLBs are unlinked from it.
 *
 * Context: may sleep.
 */
void liveupdate_unregister_file_handler(struct liveupdate_file_handler *fh)
{
	if (!liveupdate_enabled())
		return;
	luo_flbs_unlink_all(fh);
	luo_handler_remove(fh);
}
EXPORT_SYMBOL_GPL(liveupdate_unregister_file_handler);

/* Finds the handler of an incoming file, and holds its module. */
static int bind_handler(struct luo_file *f)
{
	struct liveupdate_file_handler *fh;

	if (f->fh)
		return 0;
	fh = luo_handler_hold(f->compatible);
	if (!fh)
		return -EOPNOTSUPP;
	f->fh = fh;
	f->args.handler = fh;
	return 0;
}

/* -------------------------------------------------------------------------------- identities */

/* Makes sure that the object of @f->args.file is preserved once. */
static int take_id(struct luo_file *f)
{
	const struct liveupdate_file_ops *ops = f->fh->ops;
	struct luo_file *other;

	f->id = ops->get_id ? ops->get_id(f->args.file) :
			      (unsigned long)f->args.file;
	guard(mutex)(&ids_lock);
	hlist_for_each_entry(other, &luo_ids[hash_min(f->id, IDS_BITS)],
			     id_node)
		if (other->id == f->id)
			return -EBUSY;
	hash_add(luo_ids, &f->id_node, f->id);
	return 0;
}

static void drop_id(struct luo_file *f)
{
	guard(mutex)(&ids_lock);
	if (hash_hashed(&f->id_node))
		hash_del(&f->id_node);
}

/* --------------------------------------------------------------------------------- preserving */

static void add_file(struct luo_session *s, struct luo_file *f)
{
	list_add_tail(&f->list, &s->files);
	s->nr_files++;
}

static void del_file(struct luo_session *s, struct luo_file *f)
{
	list_del(&f->list);
	xa_erase(&s->tokens, f->token);
	s->nr_files--;
}

static struct luo_file *file_alloc(u64 token)
{
	struct luo_file *f = kzalloc(sizeof(*f), GFP_KERNEL_ACCOUNT);

	if (f) {
		INIT_HLIST_NODE(&f->id_node);
		f->token = token;
	}
	return f;
}

/* Everything but the place in the session; @f has a file. */
static int preserve(struct luo_file *f)
{
	int ret;

	f->fh = luo_handler_for(f->args.file);
	if (!f->fh)
		return -ENOENT;
	f->args.handler = f->fh;
	ret = take_id(f);
	if (ret)
		goto err_handler;
	ret = luo_flbs_preserve(f->fh);
	if (ret)
		goto err_id;
	ret = f->fh->ops->preserve(&f->args);
	if (ret)
		goto err_flbs;
	return 0;

err_flbs:
	luo_flbs_unpreserve(f->fh);
err_id:
	drop_id(f);
err_handler:
	module_put(f->fh->ops->owner);
	return ret;
}

static void unpreserve(struct luo_file *f)
{
	f->fh->ops->unpreserve(&f->args);
	luo_flbs_unpreserve(f->fh);
	drop_id(f);
	module_put(f->fh->ops->owner);
}

/* Whoever holds a session may have as many files in it as he may have open. */
static bool too_many(const struct luo_session *s)
{
	return s->nr_files + s->nr_coming >= rlimit(RLIMIT_NOFILE) &&
	       !capable(CAP_SYS_RESOURCE);
}

static int reserve_place(struct luo_session *s, struct luo_file *f)
{
	int ret;

	guard(rwsem_read)(&luo_jump);
	guard(mutex)(&s->lock);
	if (xa_load(&s->tokens, f->token))
		return -EEXIST;
	if (!f->args.file)
		return -EBADF;
	if (too_many(s))
		return -EMFILE;
	ret = xa_err(xa_store(&s->tokens, f->token, f, GFP_KERNEL_ACCOUNT));
	if (ret)
		return ret;
	ret = kho_block_set_grow(&s->blocks, s->nr_files + s->nr_coming + 1);
	if (ret)
		xa_erase(&s->tokens, f->token);
	else
		s->nr_coming++;
	return ret;
}

static void give_up_place(struct luo_session *s, struct luo_file *f)
{
	guard(rwsem_read)(&luo_jump);
	guard(mutex)(&s->lock);
	xa_erase(&s->tokens, f->token);
	s->nr_coming--;
	kho_block_set_shrink(&s->blocks, s->nr_files + s->nr_coming);
}

/* From now on the file is part of the handover. */
static void take_place(struct luo_session *s, struct luo_file *f)
{
	guard(rwsem_read)(&luo_jump);
	guard(mutex)(&s->lock);
	add_file(s, f);
	s->nr_coming--;
}

/**
 * luo_file_preserve() - put a file into a session
 * @s: outgoing session
 * @fd: of the caller
 * @token: what it is to be called
 *
 * The handler is asked while no lock is held: it may wait for what the caller's threads do.
 *
 * Context: may sleep; no lock is held.
 *
 * Return: 0; -EEXIST (token); -EBADF; -EMFILE (more than RLIMIT_NOFILE in this session); -ENOENT
 * (no handler); -EBUSY (preserved already); -ENOMEM; -ENOSPC; an error of the handler or of an
 * FLB.
 */
int luo_file_preserve(struct luo_session *s, int fd, u64 token)
{
	struct luo_file *f = file_alloc(token);
	int ret;

	if (!f)
		return -ENOMEM;
	f->args.file = fget(fd);
	luo_op_begin();
	ret = reserve_place(s, f);
	if (!ret) {
		ret = preserve(f);
		if (ret)
			give_up_place(s, f);
		else
			take_place(s, f);
	}
	luo_op_end();
	if (ret) {
		if (f->args.file)
			fput(f->args.file);
		kfree(f);
	}
	return ret;
}

/**
 * luo_files_unpreserve() - take all files out of a session again
 * @s: outgoing session that nobody else can get at
 *
 * Context: may sleep.
 */
void luo_files_unpreserve(struct luo_session *s)
{
	struct luo_file *f, *before;

	list_for_each_entry_safe_reverse(f, before, &s->files, list) {
		del_file(s, f);
		unpreserve(f);
		fput(f->args.file);
		kfree(f);
	}
	kho_block_set_shrink(&s->blocks, 0);
}

/* Of a file in memory: in memory and swapped out, which is what travels. */
static u64 bytes_of(struct file *file)
{
	struct inode *inode = file_inode(file);

	if (!shmem_file(file))
		return 0;
	return (READ_ONCE(inode->i_mapping->nrpages) +
		READ_ONCE(SHMEM_I(inode)->swapped))
	       << PAGE_SHIFT;
}

/**
 * luo_files_bytes() - how much do the files of a session hold now?
 * @s: outgoing session
 *
 * Context: may sleep.
 *
 * Return: bytes, of files in memory; what other handlers preserve is preserved already.
 */
u64 luo_files_bytes(struct luo_session *s)
{
	struct luo_file *f;
	u64 bytes = 0;

	guard(mutex)(&s->lock);
	list_for_each_entry(f, &s->files, list)
		bytes += bytes_of(f->args.file);
	return bytes;
}

/* ---------------------------------------------------------------------------- the last moment */

/**
 * luo_files_freeze() - freeze all files of a session
 * @s: outgoing session
 *
 * Context: luo_jump is held for writing by who waits for this.
 *
 * Return: 0; the error of a handler, and the session's token is that of its file.
 */
int luo_files_freeze(struct luo_session *s)
{
	struct luo_file *f;
	int ret;

	list_for_each_entry(f, &s->files, list) {
		WRITE_ONCE(s->token, f->token);
		ret = f->fh->ops->freeze ? f->fh->ops->freeze(&f->args) : 0;
		if (ret)
			return ret;
		f->frozen = true;
		luo_jump_step();
	}
	return 0;
}

/**
 * luo_files_give_up() - the session does not go along: unfreeze and unpreserve all files
 * @s: outgoing session
 *
 * Context: as luo_files_freeze().
 */
void luo_files_give_up(struct luo_session *s)
{
	struct luo_file *f;

	/* Somebody may be counting them. */
	guard(mutex)(&s->lock);
	list_for_each_entry(f, &s->files, list) {
		if (f->frozen && f->fh->ops->unfreeze)
			f->fh->ops->unfreeze(&f->args);
		f->frozen = false;
	}
	luo_files_unpreserve(s);
}

/**
 * luo_files_serialize() - write the entries of all files of a session
 * @s: outgoing session, all of whose files are frozen
 * @set: filled
 * @spare: gets blocks that are not needed
 *
 * Waits for nobody.
 *
 * Context: luo_jump is held for writing.
 */
void luo_files_serialize(struct luo_session *s, struct luo_file_set_ser *set,
			 struct kho_block_set *spare)
{
	struct kho_block_set_it it;
	struct luo_file *f;

	kho_block_set_it_init(&it, &s->blocks);
	list_for_each_entry(f, &s->files, list) {
		struct luo_file_ser *ser = kho_block_set_it_reserve_entry(&it);

		/* There is room: it was made when the file was preserved. */
		memcpy(ser->compatible, f->fh->compatible,
		       sizeof(ser->compatible));
		ser->data = f->args.serialized_data;
		ser->token = f->token;
		luo_flbs_travel(f->fh);
	}
	/* The reader refuses blocks without entries: made for files that are not there yet. */
	kho_block_set_cut(&s->blocks, s->nr_files, spare);
	set->files = kho_block_set_head_pa(&s->blocks);
	set->count = s->nr_files;
}

/* -------------------------------------------------------------------------------- retrieving */

/**
 * luo_file_add_incoming() - enter a file of the previous kernel
 * @s: incoming session that nobody has yet
 * @ser: validated entry
 *
 * Return: 0; -EEXIST (a file of the session has this token); -ENOMEM.
 */
int luo_file_add_incoming(struct luo_session *s, const struct luo_file_ser *ser)
{
	struct luo_file *f;
	int ret;

	if (xa_load(&s->tokens, ser->token))
		return -EEXIST;
	f = file_alloc(ser->token);
	if (!f)
		return -ENOMEM;
	ret = xa_err(xa_store(&s->tokens, f->token, f, GFP_KERNEL));
	if (ret) {
		kfree(f);
		return ret;
	}
	memcpy(f->compatible, ser->compatible, sizeof(f->compatible));
	f->args.serialized_data = ser->data;
	add_file(s, f);
	return 0;
}

/**
 * luo_files_forget_incoming() - forget what luo_file_add_incoming() entered
 * @s: incoming session that nobody has yet
 */
void luo_files_forget_incoming(struct luo_session *s)
{
	struct luo_file *f, *next;

	list_for_each_entry_safe(f, next, &s->files, list) {
		del_file(s, f);
		kfree(f);
	}
}

/* After these a handler may be asked again. */
static bool may_retry(int err)
{
	return err == -EINTR || err == -ENOMEM || err == -ENOSPC;
}

static int retrieve(struct luo_file *f)
{
	int ret;

	ret = bind_handler(f);
	if (ret) {
		pr_err_ratelimited("no handler is registered for \"%s\"\n",
				   f->compatible);
		return ret;
	}
	if (f->args.retrieve_status < 0 && !may_retry(f->args.retrieve_status))
		return f->args.retrieve_status;
	ret = f->fh->ops->retrieve(&f->args);
	if (!ret && !f->args.file)
		ret = -EIO;
	f->args.retrieve_status = ret ?: 1;
	if (ret)
		return ret;
	/* So that it is not preserved for the next kernel before it is finished here. */
	if (take_id(f))
		pr_warn("an object came in twice: token %#llx\n", f->token);
	return 0;
}

/**
 * luo_file_retrieve() - get a file of the previous kernel
 * @s: incoming session
 * @token: of the file
 *
 * Context: may sleep.
 *
 * Return: the file, with a reference for the caller; ERR_PTR: -ENOENT (token), -EOPNOTSUPP (no
 * handler), an error of the handler, which stays unless it is one that may pass.
 */
struct file *luo_file_retrieve(struct luo_session *s, u64 token)
{
	struct luo_file *f;
	int ret = 0;

	guard(mutex)(&s->lock);
	f = xa_load(&s->tokens, token);
	if (!f)
		return ERR_PTR(-ENOENT);
	if (f->args.retrieve_status <= 0)
		ret = retrieve(f);
	return ret ? ERR_PTR(ret) : get_file(f->args.file);
}

static void finish(struct luo_file *f)
{
	if (bind_handler(f)) {
		pr_warn("no handler is registered for \"%s\": the memory of token %#llx stays reserved until `kho drop --incoming`\n",
			f->compatible, f->token);
		return;
	}
	f->fh->ops->finish(&f->args);
	luo_flbs_finish(f->fh);
	drop_id(f);
	if (f->args.file)
		fput(f->args.file);
	module_put(f->fh->ops->owner);
}

/**
 * luo_files_finish() - let go of all files of an incoming session
 * @s: incoming session
 *
 * Context: may sleep.
 *
 * Return: 0; -EBUSY (a handler does not want to yet), with nothing changed.
 */
int luo_files_finish(struct luo_session *s)
{
	struct luo_file *f, *before;

	guard(mutex)(&s->lock);
	list_for_each_entry(f, &s->files, list)
		if (!bind_handler(f) && f->fh->ops->can_finish &&
		    !f->fh->ops->can_finish(&f->args))
			return -EBUSY;
	list_for_each_entry_safe_reverse(f, before, &s->files, list) {
		del_file(s, f);
		finish(f);
		kfree(f);
	}
	return 0;
}
