// SPDX-License-Identifier: GPL-2.0
/*
 * Sessions. Outgoing ones live as long as somebody has them open; incoming ones until they are
 * finished.
 */

#include <linux/err.h>
#include <linux/hashtable.h>
#include <linux/kho_holders.h>
#include <linux/lockdep.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/stringhash.h>
#include <linux/timekeeping.h>

#include "luo.h"

enum { NAMES_BITS = 10 };

/**
 * struct direction - sessions that go out, or that came in
 * @list: in the order of creation
 * @names: by name
 * @nr: how many
 */
struct direction {
	struct list_head list;
	DECLARE_HASHTABLE(names, NAMES_BITS);
	u64 nr;
};

/* Of both directions, and of out_blocks. */
static DEFINE_MUTEX(sessions_lock);
static struct direction out, in;
/* Room for the entries of all outgoing sessions. */
static struct kho_block_set out_blocks;
/* Blocks that were made for entries, and are not needed when the machine is about to jump. */
static struct kho_block_set spare_blocks;
/* Something came in that is not good. */
static bool in_damaged;

enum { NR_CLOSED = 8 };

/**
 * struct closed - an outgoing session that was closed with files in it
 * @name: its name
 * @nr_files: how many
 * @at: when, in seconds since the start
 */
struct closed {
	char name[LIVEUPDATE_SESSION_NAME_LENGTH];
	u64 nr_files;
	u64 at;
};

/* The last of them, and how many there were. Under sessions_lock. */
static struct closed closed[NR_CLOSED];
static u64 nr_closed;

static u32 hash_of(const char *name)
{
	return full_name_hash(NULL, name, strlen(name));
}

static struct luo_session *find(struct direction *d, const char *name)
{
	u32 bucket = hash_min(hash_of(name), NAMES_BITS);
	struct luo_session *s;

	hlist_for_each_entry(s, &d->names[bucket], node)
		if (!strcmp(s->name, name))
			return s;
	return NULL;
}

/* For lockdep: that of an outgoing session is another kind of lock. */
static struct lock_class_key incoming_lock;

static struct luo_session *session_alloc(const char *name, bool incoming)
{
	struct luo_session *s = kzalloc(sizeof(*s), GFP_KERNEL_ACCOUNT);

	if (!s)
		return NULL;
	mutex_init(&s->lock);
	/* Handlers look at what came in under it, and who does that may lock outgoing ones. */
	if (incoming)
		lockdep_set_class(&s->lock, &incoming_lock);
	INIT_LIST_HEAD(&s->files);
	xa_init(&s->tokens);
	kho_block_set_init(&s->blocks, sizeof(struct luo_file_ser));
	s->incoming = incoming;
	strscpy(s->name, name, sizeof(s->name));
	return s;
}

static void session_free(struct luo_session *s)
{
	xa_destroy(&s->tokens);
	kfree(s);
}

static void session_link(struct direction *d, struct luo_session *s)
{
	list_add_tail(&s->list, &d->list);
	hash_add(d->names, &s->node, hash_of(s->name));
	d->nr++;
	/* What came in can be read once, so this module stays until it is finished. */
	if (s->incoming)
		__module_get(THIS_MODULE);
}

static void session_unlink(struct direction *d, struct luo_session *s)
{
	list_del(&s->list);
	hash_del(&s->node);
	d->nr--;
	if (s->incoming)
		module_put(THIS_MODULE);
}

void luo_sessions_init(void)
{
	INIT_LIST_HEAD(&out.list);
	INIT_LIST_HEAD(&in.list);
	hash_init(out.names);
	hash_init(in.names);
	kho_block_set_init(&out_blocks, sizeof(struct luo_session_ser));
	kho_block_set_init(&spare_blocks, sizeof(struct luo_session_ser));
}

/* ---------------------------------------------------------------------------------- outgoing */

/**
 * luo_session_create() - begin an outgoing session
 * @name: NUL-terminated, not empty, shorter than LIVEUPDATE_SESSION_NAME_LENGTH
 *
 * Context: luo_jump is held.
 *
 * Return: session, ERR_PTR: -EEXIST, -ENOMEM, -ENOSPC.
 */
struct luo_session *luo_session_create(const char *name)
{
	struct luo_session *s;
	int ret;

	guard(mutex)(&sessions_lock);
	if (find(&out, name))
		return ERR_PTR(-EEXIST);
	s = session_alloc(name, false);
	if (!s)
		return ERR_PTR(-ENOMEM);
	ret = kho_block_set_grow(&out_blocks, out.nr + 1);
	if (ret) {
		session_free(s);
		return ERR_PTR(ret);
	}
	session_link(&out, s);
	return s;
}

/* Remembers the last ones. */
static void note_closed(const struct luo_session *s)
{
	struct closed *c = &closed[nr_closed++ % NR_CLOSED];

	memcpy(c->name, s->name, sizeof(c->name));
	c->nr_files = s->nr_files;
	c->at = ktime_get_boottime_seconds();
}

/* First it is no part of the handover any more; letting go of its files may take long. */
static void outgoing_close(struct luo_session *s)
{
	luo_op_begin();
	scoped_guard(rwsem_read, &luo_jump) {
		guard(mutex)(&sessions_lock);
		if (s->nr_files)
			note_closed(s);
		session_unlink(&out, s);
		kho_block_set_shrink(&out_blocks, out.nr);
	}
	luo_files_unpreserve(s);
	luo_op_end();
	session_free(s);
}

/**
 * luo_session_after() - go through the outgoing sessions, in the order of their creation
 * @s: a session; NULL to begin
 *
 * Context: luo_jump is held for writing.
 *
 * Return: the session after it, NULL if it is the last.
 */
struct luo_session *luo_session_after(struct luo_session *s)
{
	if (!s)
		return list_first_entry_or_null(&out.list, struct luo_session,
						list);
	return list_is_last(&s->list, &out.list) ? NULL :
						   list_next_entry(s, list);
}

/* The first of the closed ones that is still known. */
static u64 first_closed(void)
{
	return nr_closed > NR_CLOSED ? nr_closed - NR_CLOSED : 0;
}

/**
 * luo_sessions_say_closed() - say which sessions were closed since the start, as far as is known
 *
 * The next kernel says it, too, of those whose names do not go along.
 *
 * Context: luo_jump is held for writing.
 */
void luo_sessions_say_closed(void)
{
	u64 now = ktime_get_boottime_seconds(), i;
	const struct luo_session *s;

	if (!nr_closed)
		return;
	pr_notice(
		"%llu sessions with files were closed, and do not go along; the last:\n",
		nr_closed);
	for (i = first_closed(); i < nr_closed; i++) {
		const struct closed *c = &closed[i % NR_CLOSED];

		pr_notice(
			"session \"%*pE\", %llu files, was closed %llu s ago\n",
			(int)strlen(c->name), c->name, c->nr_files,
			now - c->at);
		s = find(&out, c->name);
		if (!s || !s->goes)
			luo_lost_add_closed(c->name, c->nr_files, now - c->at);
	}
}

/**
 * luo_sessions_serialize() - write the entries of all sessions that go
 *
 * Waits for nobody.
 *
 * Context: luo_jump is held for writing.
 *
 * Return: physical address of the first block, 0 if there is none.
 */
u64 luo_sessions_serialize(void)
{
	struct kho_block_set_it it;
	struct luo_session *s;
	u64 nr = 0;

	kho_block_set_it_init(&it, &out_blocks);
	list_for_each_entry(s, &out.list, list) {
		struct luo_file_set_ser set = {};
		struct luo_session_ser *ser;

		if (!s->goes)
			continue;
		/* There is room: it was made when the session was created. */
		ser = kho_block_set_it_reserve_entry(&it);
		memset(ser->name, 0, sizeof(ser->name));
		strscpy(ser->name, s->name, sizeof(ser->name));
		luo_files_serialize(s, &set, &spare_blocks);
		ser->file_set = set;
		nr++;
	}
	luo_flbs_serialize();
	/* The reader refuses blocks without entries. */
	kho_block_set_cut(&out_blocks, nr, &spare_blocks);
	return kho_block_set_head_pa(&out_blocks);
}

/**
 * luo_sessions_have_spare() - has luo_sessions_serialize() left blocks that nobody needs?
 *
 * Context: luo_jump is held for writing.
 */
bool luo_sessions_have_spare(void)
{
	return !kho_block_set_is_empty(&spare_blocks);
}

/**
 * luo_sessions_free_spare() - free them
 *
 * Context: may sleep, and wait for whoever preserves something; luo_jump is held for writing by
 * who waits for this.
 */
void luo_sessions_free_spare(void)
{
	kho_block_set_destroy(&spare_blocks);
}

/* ---------------------------------------------------------------------------------- incoming */

/**
 * luo_session_add_incoming() - enter a session of the previous kernel
 * @name: validated
 *
 * Return: session, ERR_PTR: -EEXIST, -ENOMEM.
 */
struct luo_session *luo_session_add_incoming(const char *name)
{
	struct luo_session *s;

	guard(mutex)(&sessions_lock);
	if (find(&in, name))
		return ERR_PTR(-EEXIST);
	s = session_alloc(name, true);
	if (!s)
		return ERR_PTR(-ENOMEM);
	session_link(&in, s);
	return s;
}

/**
 * luo_sessions_forget_incoming() - forget all sessions of the previous kernel; nobody has one yet
 */
void luo_sessions_forget_incoming(void)
{
	struct luo_session *s, *next;

	guard(mutex)(&sessions_lock);
	list_for_each_entry_safe(s, next, &in.list, list) {
		luo_files_forget_incoming(s);
		session_unlink(&in, s);
		session_free(s);
	}
}

/**
 * luo_sessions_set_damaged() - what came in is not good: nobody shall take it for nothing
 */
void luo_sessions_set_damaged(void)
{
	WRITE_ONCE(in_damaged, true);
}

/**
 * luo_session_retrieve() - get a session of the previous kernel
 * @name: NUL-terminated
 *
 * Context: luo_jump is held.
 *
 * Return: session, which nobody else has; ERR_PTR: -ENOENT; -EINVAL (somebody has it); -EIO (what
 * came in was refused).
 */
struct luo_session *luo_session_retrieve(const char *name)
{
	struct luo_session *s;

	guard(mutex)(&sessions_lock);
	if (READ_ONCE(in_damaged))
		return ERR_PTR(-EIO);
	s = find(&in, name);
	if (!s)
		return ERR_PTR(-ENOENT);
	if (s->retrieved)
		return ERR_PTR(-EINVAL);
	s->retrieved = true;
	return s;
}

/**
 * luo_session_unretrieve() - the session did not reach user space, and can be retrieved again
 * @s: of luo_session_retrieve()
 */
void luo_session_unretrieve(struct luo_session *s)
{
	guard(mutex)(&sessions_lock);
	s->retrieved = false;
}

/**
 * luo_session_finish() - user space has what it wants of an incoming session
 * @s: session
 *
 * Context: may sleep.
 *
 * Return: 0 or -EBUSY.
 */
int luo_session_finish(struct luo_session *s)
{
	return luo_files_finish(s);
}

static void incoming_close(struct luo_session *s)
{
	int ret = luo_files_finish(s);

	if (ret) {
		pr_warn("session \"%s\" was closed, but cannot be finished yet (error %d): it can be retrieved again\n",
			s->name, ret);
		luo_session_unretrieve(s);
		return;
	}
	scoped_guard(mutex, &sessions_lock)
		session_unlink(&in, s);
	session_free(s);
}

/**
 * luo_session_close() - nobody has the session open any more
 * @s: session, of either direction
 *
 * Context: may sleep; luo_jump is not held.
 */
void luo_session_close(struct luo_session *s)
{
	if (s->incoming)
		incoming_close(s);
	else
		outgoing_close(s);
}

/**
 * luo_sessions_count() - count sessions, see <linux/kho_holders.h>
 * @count: filled
 *
 * Context: may sleep.
 */
void luo_sessions_count(struct kho_held *count)
{
	struct luo_session *s;

	guard(mutex)(&sessions_lock);
	count->nr_in = in.nr;
	count->nr_out = out.nr;
	list_for_each_entry(s, &out.list, list)
		count->out_bytes += luo_files_bytes(s);
}

/**
 * luo_sessions_show() - list sessions: number of files, whether somebody has it, and name
 * @m: where to
 * @incoming: which
 */
void luo_sessions_show(struct seq_file *m, bool incoming)
{
	struct direction *d = incoming ? &in : &out;
	struct luo_session *s;

	guard(mutex)(&sessions_lock);
	list_for_each_entry(s, &d->list, list) {
		seq_printf(m, "%llu %s ", READ_ONCE(s->nr_files),
			   !incoming || s->retrieved ? "open" : "waits");
		seq_escape(m, s->name, "\n\t\\");
		seq_putc(m, '\n');
	}
}

/**
 * luo_sessions_show_closed() - list the last sessions that were closed with files in them, and of
 * which there is none of the name now: number of files, seconds since then, and name
 * @m: where to
 */
void luo_sessions_show_closed(struct seq_file *m)
{
	u64 now = ktime_get_boottime_seconds(), i;

	guard(mutex)(&sessions_lock);
	for (i = first_closed(); i < nr_closed; i++) {
		const struct closed *c = &closed[i % NR_CLOSED];

		if (find(&out, c->name))
			continue;
		seq_printf(m, "%llu %llu ", c->nr_files, now - c->at);
		seq_escape(m, c->name, "\n\t\\");
		seq_putc(m, '\n');
	}
}
