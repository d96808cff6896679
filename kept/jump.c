// SPDX-License-Identifier: GPL-2.0
/*
 * The last moment: file systems are frozen, trees written to pages that nothing leads to, and all
 * of them published by one store.
 *
 * Workers do that, not the task that reboots: these see all attributes, have no signals that are
 * pending, belong to no memory cgroup, and are not waited for without an end. If a worker does
 * not get on, the tree that it is about is not handed over, and another worker goes on with those
 * after it; the last one gives up all that are left, and publishes what is there. Nobody is
 * killed for memory: there may be nobody left but the one who reboots. A file system is never
 * thawed again.
 *
 * What nobody has restored of what came in goes along after the trees of this kernel.
 */

#include <linux/completion.h>
#include <linux/err.h>
#include <linux/io.h>
#include <linux/kexec_handover.h>
#include <linux/kho_block.h>
#include <linux/kho_room.h>
#include <linux/mount.h>
#include <linux/quotaops.h>
#include <linux/reboot.h>
#include <linux/sched/mm.h>
#include <linux/shmem_fs.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/timekeeping.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include "kept/kept.h"
#include "kmod/compat/compat.h"

/* A worker that lets this long pass without a step is not waited for any more. */
#define STALL_WAIT (10 * HZ)
/* Workers that are left behind before nothing more is tried. */
#define NR_WORKERS 4
/* Consoles can be slow, and the machine is waited for. */
#define MAX_NAMED 16

/**
 * struct kept_worker - does all that is left to do
 * @work: its work
 * @done: it came to the end
 */
struct kept_worker {
	struct work_struct work;
	struct completion done;
};

static struct workqueue_struct *jump_wq;
static struct kept_worker workers[NR_WORKERS + 1];

/* Of all down to nr_going. */
static DEFINE_SPINLOCK(jump_lock);
/* The worker that is waited for, and what it is about. */
static struct kept_worker *active;
static struct kept_going *current_going;
static struct kept_tree *last_tree;
static bool trees_are_done;
static bool finishing;
static LIST_HEAD(going_list);
static u64 nr_going;
/* Of the worker that is waited for. */
static struct kept_in *last_in;

static DEFINE_XARRAY(gone);
static struct kho_kept_head_ser *head;
static struct kho_block_set blocks;

/* ------------------------------------------------------------------------------------ a tree */

static const char *why(int err)
{
	switch (err) {
	case -ENOMEM:
		return "there was no memory left to say what is in it";
	case -ETIMEDOUT:
		return "a page or a lock of it did not become free";
	case -EBUSY:
		return "its file system could not be frozen";
	case -ECANCELED:
		return "there was no time left to wait for it";
	case -EAGAIN:
		return "somebody thawed its file system meanwhile";
	case -ENOENT:
		return "its directory was removed";
	case -ENOTUNIQ:
		return "its directory was moved into another one that is kept";
	case -ESTALE:
		return "somebody moved names in it meanwhile";
	case -ELOOP:
		return "directories lie in one another too deep in it";
	case -EUCLEAN:
		return "somebody changed a file while it was restored";
	case -EMLINK:
		return "two files of it have the same inode number";
	case -ENOSPC:
		return "the next kernel would have had too little memory to boot with";
	default:
		return NULL;
	}
}

/* The tree is not handed over; its name is there. */
static void mark_lost(struct kho_kept_tree_ser *ser, int err)
{
	struct kho_kept_tree_ser lost = { .state = KHO_KEPT_LOST };
	const char *text = why(err);

	memcpy(lost.name, ser->name, sizeof(lost.name));
	if (text)
		strscpy(lost.why, text, sizeof(lost.why));
	else
		snprintf(lost.why, sizeof(lost.why), "error %d came up", -err);
	*ser = lost;
}

static void say(const struct kho_kept_tree_ser *ser)
{
	int bytes = strlen(ser->name);

	if (ser->state == KHO_KEPT_LOST)
		pr_crit("tree \"%*pE\" is not handed over, since %s\n", bytes,
			ser->name, ser->why);
	else
		pr_notice(
			"tree \"%*pE\" goes along: %llu records, %llu files, %llu MiB\n",
			bytes, ser->name, ser->nr_records, ser->nr_files,
			ser->nr_pages >> (20 - PAGE_SHIFT));
}

static void describe_fs(struct kho_kept_tree_ser *ser,
			const struct vfsmount *mnt)
{
	struct super_block *sb = mnt->mnt_sb;
	const struct shmem_sb_info *info = sb->s_fs_info;

	ser->fs_blocks = info->max_blocks;
	ser->fs_inodes = info->max_inodes;
	ser->fs_huge = info->huge <= KHO_KEPT_HUGE_ADVISE ? info->huge :
							    KHO_KEPT_HUGE_NEVER;
	if (mnt->mnt_root == sb->s_root)
		ser->fs_flags |= KHO_KEPT_FS_ROOT;
	if (info->full_inums)
		ser->fs_flags |= KHO_KEPT_FS_INODE64;
	if (kho_compat_shmem_noswap(info))
		ser->fs_flags |= KHO_KEPT_FS_NOSWAP;
	if (sb_has_quota_active(sb, USRQUOTA))
		ser->fs_flags |= KHO_KEPT_FS_USRQUOTA;
	if (sb_has_quota_active(sb, GRPQUOTA))
		ser->fs_flags |= KHO_KEPT_FS_GRPQUOTA;
}

static void describe(struct kho_kept_tree_ser *ser, const struct kept_out *out)
{
	const struct kept_files *f = &out->files;

	ser->state = KHO_KEPT_WHOLE;
	ser->nr_records = out->nr_records;
	ser->record_bytes = out->records.bytes;
	ser->nr_files = f->nr_files;
	ser->nr_entries = f->entries.bytes / sizeof(u64);
	ser->nr_pages = f->nr_pages;
	ser->records = out->records.list;
	ser->files = f->files.list;
	ser->entries = f->entries.list;
	ser->records_crc = out->records.crc;
	ser->files_crc = f->files.crc;
	ser->entries_crc = f->entries.crc;
}

/* Directories may have been moved since they were kept. */
static int check_place(const struct kept_tree *t)
{
	struct dentry *root = t->mnt->mnt_root;
	struct kept_tree *other = NULL;

	if (d_unlinked(root))
		return -ENOENT;
	while ((other = kept_tree_after(other)))
		if (other != t && other->mnt->mnt_sb == root->d_sb &&
		    is_subdir(root, other->mnt->mnt_root))
			return -ENOTUNIQ;
	return 0;
}

/* Fills @ser and @out, whatever comes. */
static void take_tree(struct kept_tree *t, struct kept_out *out,
		      struct kho_kept_tree_ser *ser)
{
	struct super_block *sb = t->mnt->mnt_sb;
	int ret;

	*ser = (struct kho_kept_tree_ser){};
	memcpy(ser->name, t->name, sizeof(ser->name));
	ret = kept_freeze(sb);
	if (!ret)
		ret = check_place(t);
	ser->kept_ns = ktime_get_real_ns();
	if (!ret)
		ret = kept_records_write(out, t->mnt, &gone);
	/* On some kernels user space can thaw what we froze. */
	if (!ret && !kept_is_frozen(sb))
		ret = -EAGAIN;
	if (!ret) {
		describe(ser, out);
		describe_fs(ser, t->mnt);
		return;
	}
	kept_out_release(out);
	mark_lost(ser, ret);
}

/* -------------------------------------------------------------------------------- the workers */

/* The next tree of this kernel; a worker is about it from now on. */
static struct kept_tree *begin_tree(struct kept_worker *w)
{
	struct kept_tree *t = NULL;

	spin_lock(&jump_lock);
	if (active == w && !trees_are_done) {
		t = kept_tree_after(last_tree);
		trees_are_done = !t;
	}
	if (t) {
		last_tree = t;
		memcpy(t->going.ser.name, t->name, sizeof(t->name));
		current_going = &t->going;
	}
	spin_unlock(&jump_lock);
	return t;
}

static void add_going(struct kept_going *g)
{
	list_add_tail(&g->list, &going_list);
	nr_going++;
}

/* Return: false: nobody waits for this worker any more. */
static bool begin_other(struct kept_worker *w, struct kept_going *g)
{
	bool waited;

	spin_lock(&jump_lock);
	waited = active == w;
	if (waited)
		current_going = g;
	spin_unlock(&jump_lock);
	return waited;
}

/* Likewise. */
static bool commit(struct kept_worker *w, struct kept_going *g,
		   const struct kho_kept_tree_ser *ser,
		   const struct kept_out *out)
{
	bool waited;

	spin_lock(&jump_lock);
	waited = active == w;
	if (waited) {
		current_going = NULL;
		g->ser = *ser;
		g->out = *out;
		add_going(g);
	}
	spin_unlock(&jump_lock);
	return waited;
}

/* Likewise. */
static bool begin_to_finish(struct kept_worker *w)
{
	bool waited;

	spin_lock(&jump_lock);
	waited = active == w;
	if (waited)
		finishing = true;
	spin_unlock(&jump_lock);
	return waited;
}

/* Return: false: nothing is left that another worker could do. */
static bool wait_for_another(struct kept_worker *w)
{
	struct kept_going *g;

	spin_lock(&jump_lock);
	active = w;
	g = current_going;
	current_going = NULL;
	if (g) {
		mark_lost(&g->ser, -ETIMEDOUT);
		add_going(g);
	}
	spin_unlock(&jump_lock);
	return !finishing;
}

/* Others had to be waited for too long: nothing is begun any more. */
static bool only_finishes(const struct kept_worker *w)
{
	return w == &workers[NR_WORKERS];
}

static void give_up(struct kho_kept_tree_ser *ser, const char *name)
{
	*ser = (struct kho_kept_tree_ser){};
	memcpy(ser->name, name, sizeof(ser->name));
	mark_lost(ser, -ECANCELED);
}

static void take_trees(struct kept_worker *w)
{
	struct kho_kept_tree_ser ser;
	struct kept_tree *t;

	while ((t = begin_tree(w))) {
		struct kept_out out = {};

		if (only_finishes(w))
			give_up(&ser, t->name);
		else
			take_tree(t, &out, &ser);
		if (!commit(w, &t->going, &ser, &out))
			kept_out_release(&out);
		kept_step();
	}
}

static bool is_kept(const struct super_block *sb)
{
	struct kept_tree *t = NULL;

	while ((t = kept_tree_after(t)))
		if (t->mnt->mnt_sb == sb)
			return true;
	return false;
}

static void hand_on_one(struct kept_worker *w, struct kept_in *in)
{
	struct kept_going *g = kzalloc(sizeof(*g), KEPT_GFP);
	struct kho_kept_tree_ser ser = {};
	struct kept_out none = {};
	int ret = 0;

	if (!g || nr_going == KHO_KEPT_TREES_MAX) {
		pr_crit_ratelimited(
			"a tree that came in is not handed on: there is no room for it\n");
		kfree(g);
		return;
	}
	memcpy(g->ser.name, kept_in_name(in), sizeof(g->ser.name));
	if (!begin_other(w, g)) {
		kfree(g);
		return;
	}
	if (only_finishes(w))
		give_up(&ser, g->ser.name);
	else
		ret = kept_in_hand_on(in, is_kept, &ser);
	if (ret)
		mark_lost(&ser, ret);
	commit(w, g, &ser, &none);
	kept_step();
}

/* What came in and was not restored. */
static void hand_on(struct kept_worker *w)
{
	struct kept_in *in;

	while (READ_ONCE(active) == w && (in = kept_in_after(last_in))) {
		last_in = in;
		hand_on_one(w, in);
	}
}

static struct kept_going *largest(void)
{
	struct kept_going *g, *most = NULL;

	list_for_each_entry(g, &going_list, list)
		if (g->out.records.bytes &&
		    (!most || g->ser.nr_pages > most->ser.nr_pages))
			most = g;
	return most;
}

/* Rather one tree less than a machine that does not come up. */
static void make_room(void)
{
	struct kept_going *g;

	while (kho_room_missing() && (g = largest())) {
		kept_out_release(&g->out);
		mark_lost(&g->ser, -ENOSPC);
		kept_step();
	}
}

static void mark_refused(struct kho_kept_tree_ser *ser,
			 const struct kho_refusal *r)
{
	mark_lost(ser, -EBADMSG);
	snprintf(ser->why, sizeof(ser->why),
		 "the next kernel would refuse it: %s at %#llx",
		 r->check ?: "unknown", r->where);
}

/* What would be refused does not go along. What there is no memory to look at does. */
static void check_trees(void)
{
	struct kept_going *g;

	list_for_each_entry(g, &going_list, list) {
		struct kho_refusal r = {};
		int ret;

		if (g->ser.state != KHO_KEPT_WHOLE)
			continue;
		ret = kept_check_tree(&g->ser, &r);
		if (!ret || ret == -ENOMEM)
			continue;
		kept_out_release(&g->out);
		mark_refused(&g->ser, &r);
	}
}

static int write_chain(void)
{
	struct kho_kept_tree_ser *ser;
	struct kho_block_set_it it;
	struct kept_going *g;
	int ret;

	ret = kho_block_set_grow(&blocks, nr_going);
	if (ret)
		return ret;
	kho_block_set_it_init(&it, &blocks);
	list_for_each_entry(g, &going_list, list) {
		ser = kho_block_set_it_reserve_entry(&it);
		*ser = g->ser;
		ser->crc = kho_kept_crc(ser, sizeof(*ser));
	}
	return 0;
}

static void publish(void)
{
	smp_wmb(); /* all of the trees is there before anything leads to it */
	WRITE_ONCE(head->first_block_phys, kho_block_set_head_pa(&blocks));
}

static void say_those(enum kho_kept_state state)
{
	struct kept_going *g;
	u64 nr = 0;

	list_for_each_entry(g, &going_list, list)
		if (g->ser.state == state && nr++ < MAX_NAMED)
			say(&g->ser);
	if (nr > MAX_NAMED)
		pr_notice("... and %llu more trees\n", nr - MAX_NAMED);
}

static void say_all(void)
{
	say_those(KHO_KEPT_LOST);
	say_those(KHO_KEPT_WHOLE);
}

static void finish(void)
{
	struct kho_refusal r = {};
	int ret;

	kept_ahead_end_all();
	check_trees();
	make_room();
	ret = write_chain();
	if (ret) {
		pr_crit("no tree is handed over: there is no room to list them, error %d\n",
			ret);
		return;
	}
	ret = kept_check_head(head, kho_block_set_head_pa(&blocks), &r);
	if (ret) {
		pr_crit("no tree is handed over: the next kernel would refuse all of them: %s at %#llx\n",
			r.check ?: "unknown", r.where);
		return;
	}
	publish();
	say_all();
}

static void worker_run(struct work_struct *work)
{
	struct kept_worker *w = container_of(work, struct kept_worker, work);
	unsigned int nofs = memalloc_nofs_save();

	/* Once this one is given up, all of them do nothing. */
	take_trees(w);
	hand_on(w);
	if (begin_to_finish(w)) {
		finish();
		complete(&w->done);
	}
	memalloc_nofs_restore(nofs);
}

static bool ends(struct kept_worker *w)
{
	unsigned long seen;

	do {
		seen = kept_steps();
		if (wait_for_completion_timeout(&w->done, STALL_WAIT))
			return true;
	} while (seen != kept_steps());
	return false;
}

static int kept_reboot_notify(struct notifier_block *nb, unsigned long action,
			      void *cmd)
{
	unsigned int i;

	if (action != SYS_RESTART || !cmd || strcmp(cmd, "kexec reboot"))
		return NOTIFY_DONE;
	kept_jump_begins();
	if (!kept_trees_close()) {
		pr_crit("no tree is handed over: somebody is adding one, and that does not end\n");
		return NOTIFY_DONE;
	}
	kept_ahead_close();
	for (i = 0; i < ARRAY_SIZE(workers); i++) {
		struct kept_worker *w = &workers[i];

		if (!wait_for_another(w))
			break;
		init_completion(&w->done);
		INIT_WORK(&w->work, worker_run);
		queue_work(jump_wq, &w->work);
		if (ends(w))
			return NOTIFY_DONE;
	}
	pr_crit("no tree is handed over: something was waited for %u times, and did not come to an end\n",
		i);
	return NOTIFY_DONE;
}

/* Files of sessions are frozen after that: liveupdate.ko is the next, and kho.ko the last. */
static struct notifier_block reboot_nb = {
	.notifier_call = kept_reboot_notify,
	.priority = INT_MIN + 2,
};

/**
 * kept_jump_init() - tell the next kernel that there is nothing, and be there at the last moment
 *
 * Return: 0, -ENOMEM, or an error of kho_add_subtree().
 */
int kept_jump_init(void)
{
	int ret;

	/* There is a worker even if there is no memory for one. */
	jump_wq = alloc_workqueue("kho_kept", WQ_UNBOUND | WQ_MEM_RECLAIM, 0);
	if (!jump_wq)
		return -ENOMEM;
	kho_block_set_init(&blocks, sizeof(struct kho_kept_tree_ser));
	head = kho_alloc_preserve(sizeof(*head));
	ret = PTR_ERR_OR_ZERO(head);
	if (ret)
		goto err_wq;
	head->magic = KHO_KEPT_MAGIC;
	head->version = KHO_KEPT_VERSION_WORD;
	head->entry_size = sizeof(struct kho_kept_tree_ser);
	ret = kho_add_subtree(KHO_KEPT_SUBTREE, head, sizeof(*head));
	if (ret)
		goto err_head;
	register_reboot_notifier(&reboot_nb);
	return 0;

err_head:
	kho_unpreserve_free(head);
err_wq:
	destroy_workqueue(jump_wq);
	return ret;
}

/**
 * kept_jump_exit() - undo kept_jump_init()
 */
void kept_jump_exit(void)
{
	unregister_reboot_notifier(&reboot_nb);
	kho_remove_subtree(head);
	kho_unpreserve_free(head);
	destroy_workqueue(jump_wq);
}
