// SPDX-License-Identifier: GPL-2.0
/*
 * The last moment: files are frozen, and the entries of their sessions written and published.
 *
 * Handlers are asked by workers, not by the task that reboots: these have no signals that are
 * pending, belong to no memory cgroup, and are not waited for without an end. If a worker does
 * not get on, the session that it is about is not handed over, and another worker goes on with
 * those after it. A worker never returns: what handlers locked stays locked until the machine
 * jumps.
 */

#include <linux/completion.h>
#include <linux/err.h>
#include <linux/kexec_handover.h>
#include <linux/reboot.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/workqueue.h>

#include "luo.h"

/* How long operations that have begun are waited for. */
#define OPS_WAIT (2 * HZ)
/* A handler that lets this long pass without a step is not waited for any more. */
#define STALL_WAIT (10 * HZ)
/* How long it is waited for that spare memory is freed. */
#define SPARE_WAIT HZ
/* Handlers that are left behind before nothing more is tried. */
#define NR_FREEZERS 4
/* Sessions that are named in the log. */
#define MAX_NAMED 16

/**
 * struct freezer - a worker that has files frozen
 * @work: its work
 * @done: it came to the end of the list
 */
struct freezer {
	struct work_struct work;
	struct completion done;
};

static struct workqueue_struct *freeze_wq;
static struct freezer freezers[NR_FREEZERS];
/* Of the two below, and of luo_session.goes meanwhile. */
static DEFINE_SPINLOCK(freeze_lock);
static struct luo_session *next_session;
static struct luo_session *freezing;

static DECLARE_COMPLETION(spare_freed);

static struct luo_ser *out_luo;

/* ----------------------------------------------------------------------------------- freezing */

static struct luo_session *take_session(void)
{
	struct luo_session *s;

	spin_lock(&freeze_lock);
	s = next_session;
	freezing = s;
	if (s)
		next_session = luo_session_after(s);
	spin_unlock(&freeze_lock);
	return s;
}

static bool is_waited_for(const struct luo_session *s)
{
	bool waited;

	spin_lock(&freeze_lock);
	waited = freezing == s;
	spin_unlock(&freeze_lock);
	return waited;
}

/* Return: false if nobody waits for it any more. */
static bool session_is_done(struct luo_session *s, int err)
{
	bool waited;

	spin_lock(&freeze_lock);
	waited = freezing == s;
	if (waited) {
		freezing = NULL;
		s->goes = !err;
	}
	spin_unlock(&freeze_lock);
	return waited;
}

static void freeze_work(struct work_struct *work)
{
	struct freezer *freezer = container_of(work, struct freezer, work);
	struct luo_session *s;
	int err;

	while ((s = take_session())) {
		err = luo_files_freeze(s);
		/* All of it or nothing: a part would look complete. */
		if (err && is_waited_for(s))
			luo_files_give_up(s);
		if (!session_is_done(s, err))
			break;
		if (err)
			luo_lost_add(s->name, err, s->token);
		luo_jump_step();
	}
	complete(&freezer->done);
	for (;;) {
		set_current_state(TASK_IDLE);
		schedule();
	}
}

static bool ends(struct freezer *freezer)
{
	unsigned long seen;

	do {
		seen = luo_jump_steps();
		if (wait_for_completion_timeout(&freezer->done, STALL_WAIT))
			return true;
	} while (seen != luo_jump_steps());
	return false;
}

/* The session that a worker is stuck with, if it is not done by now. */
static struct luo_session *take_stuck(void)
{
	struct luo_session *s;

	spin_lock(&freeze_lock);
	s = freezing;
	freezing = NULL;
	spin_unlock(&freeze_lock);
	return s;
}

static void freeze_sessions(void)
{
	struct luo_session *s;
	unsigned int i;

	next_session = luo_session_after(NULL);
	for (i = 0; i < NR_FREEZERS; i++) {
		init_completion(&freezers[i].done);
		INIT_WORK(&freezers[i].work, freeze_work);
		queue_work(freeze_wq, &freezers[i].work);
		if (ends(&freezers[i]))
			return;
		s = take_stuck();
		if (s)
			luo_lost_add(s->name, -ETIMEDOUT, READ_ONCE(s->token));
	}
	while ((s = take_session()) && session_is_done(s, -ETIMEDOUT))
		luo_lost_add(s->name, -ETIMEDOUT, 0);
}

/* So that somebody who misses a session in the next kernel finds out why. */
static void say_sessions(u64 *nr_lost)
{
	struct luo_session *s = NULL;
	u64 nr = 0;

	*nr_lost = 0;
	while ((s = luo_session_after(s))) {
		if (!s->goes)
			++*nr_lost;
		else if (nr++ < MAX_NAMED)
			pr_notice(
				"session \"%*pE\" goes along, with %llu files\n",
				(int)strlen(s->name), s->name, s->nr_files);
	}
	if (nr > MAX_NAMED)
		pr_notice("... and %llu more sessions\n", nr - MAX_NAMED);
	if (!nr)
		pr_notice("no session goes along\n");
	luo_sessions_say_closed();
}

/* --------------------------------------------------------------------------------- publishing */

static void publish(u64 sessions)
{
	smp_wmb(); /* entries, and the FLBs, are complete before they are published */
	WRITE_ONCE(out_luo->sessions_pa, sessions);
}

/* What nobody needs is not handed over, unless that takes long: it would be in the way only. */
static void spare_work(struct work_struct *work)
{
	luo_sessions_free_spare();
	complete(&spare_freed);
}

static void free_spare(void)
{
	static DECLARE_WORK(work, spare_work);

	if (!luo_sessions_have_spare())
		return;
	queue_work(freeze_wq, &work);
	wait_for_completion_timeout(&spare_freed, SPARE_WAIT);
}

static int luo_reboot_notify(struct notifier_block *nb, unsigned long action,
			     void *cmd)
{
	unsigned int running;
	u64 nr_lost;
	int ret;

	if (action != SYS_RESTART || !cmd || strcmp(cmd, "kexec reboot"))
		return NOTIFY_DONE;
	ret = luo_ops_close(OPS_WAIT, &running);
	if (ret) {
		pr_crit("no session is handed over: somebody is making room for sessions or files, %u in all, and that does not end\n",
			running);
		return NOTIFY_DONE;
	}
	if (running)
		pr_warn("%u files are being added to sessions, or sessions closed, and that does not end: they are not waited for\n",
			running);
	freeze_sessions();
	say_sessions(&nr_lost);
	if (nr_lost)
		pr_crit("%llu sessions are not handed over\n", nr_lost);
	publish(luo_sessions_serialize());
	free_spare();
	return NOTIFY_DONE;
}

/* After everyone else who may still change sessions, and before kho. */
static struct notifier_block reboot_nb = {
	.notifier_call = luo_reboot_notify,
	.priority = INT_MIN + 1,
};

static int publish_empty(u64 flbs_phys)
{
	int ret;

	out_luo = kho_alloc_preserve(sizeof(*out_luo));
	if (IS_ERR(out_luo))
		return PTR_ERR(out_luo);
	strscpy(out_luo->compatible, LUO_COMPATIBLE,
		sizeof(out_luo->compatible));
	out_luo->liveupdate_num = 1;
	out_luo->flbs_pa = flbs_phys;
	ret = kho_add_subtree(LUO_KHO_SUBTREE, out_luo, sizeof(*out_luo));
	if (ret)
		kho_unpreserve_free(out_luo);
	return ret;
}

/**
 * luo_jump_init() - tell the next kernel that there is nothing
 * @flbs_phys: page of the FLBs
 *
 * Return: 0, -ENOMEM, or an error of kho_add_subtree().
 */
int luo_jump_init(u64 flbs_phys)
{
	int ret;

	/* There is a worker even if there is no memory for one. */
	freeze_wq =
		alloc_workqueue("liveupdate", WQ_UNBOUND | WQ_MEM_RECLAIM, 0);
	if (!freeze_wq)
		return -ENOMEM;
	ret = publish_empty(flbs_phys);
	if (ret)
		destroy_workqueue(freeze_wq);
	return ret;
}

/**
 * luo_jump_ready() - be there when the machine is about to jump
 * @number: of the live update that made what came in, 0 if nothing did
 */
void luo_jump_ready(u64 number)
{
	/* Counted from 1; it comes from outside. */
	WRITE_ONCE(out_luo->liveupdate_num, min(number, U64_MAX - 1) + 1);
	register_reboot_notifier(&reboot_nb);
}

/**
 * luo_jump_stop() - undo luo_jump_ready()
 */
void luo_jump_stop(void)
{
	unregister_reboot_notifier(&reboot_nb);
}

/**
 * luo_jump_exit() - undo luo_jump_init()
 */
void luo_jump_exit(void)
{
	kho_remove_subtree(out_luo);
	kho_unpreserve_free(out_luo);
	destroy_workqueue(freeze_wq);
}
