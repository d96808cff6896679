// SPDX-License-Identifier: GPL-2.0
/*
 * What all files ask at the last moment: is it there, does somebody still get on, and file
 * systems that are to stay as they are.
 */

#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/fs.h>
#include <linux/jiffies.h>
#include <linux/kdev_t.h>
#include <linux/list.h>
#include <linux/minmax.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "kept/kept.h"
#include "kmod/compat/compat.h"

/*
 * How long those who are writing to a file system are waited for, and those of all together. Less
 * than the least is not enough where nobody is.
 */
#define LEAST_FREEZE_WAIT (HZ / 4)
#define FREEZE_WAIT (5 * HZ)
#define ALL_FREEZES_WAIT (15 * HZ)

static bool jumping;
static unsigned long nr_steps;

/**
 * kept_jump_begins() - from now on the machine is about to jump
 *
 * Context: any.
 */
void kept_jump_begins(void)
{
	WRITE_ONCE(jumping, true);
}

/**
 * kept_is_jumping() - is the machine about to jump?
 *
 * Context: any.
 */
bool kept_is_jumping(void)
{
	return READ_ONCE(jumping);
}

/**
 * kept_step() - a worker gets on
 *
 * To be called at least once a second: where nothing moves, nobody waits.
 *
 * Context: any.
 */
void kept_step(void)
{
	WRITE_ONCE(nr_steps, READ_ONCE(nr_steps) + 1);
}

/**
 * kept_steps() - how often kept_step() was called
 *
 * Context: any.
 */
unsigned long kept_steps(void)
{
	return READ_ONCE(nr_steps);
}

/**
 * kept_pause_op() - a step of something long, for the readers of core/
 * @ctx: whatever
 *
 * Context: may sleep.
 *
 * Return: 0.
 */
int kept_pause_op(void *ctx)
{
	kept_step();
	cond_resched();
	return 0;
}

/**
 * kept_lock_for_good() - take a lock at the last moment, and keep it until the machine jumps
 * @lock: it
 * @wait: how long it is tried, in jiffies
 *
 * Context: may sleep.
 *
 * Return: false: somebody else keeps it.
 */
bool kept_lock_for_good(struct mutex *lock, unsigned long wait)
{
	unsigned long end = jiffies + wait;

	while (!mutex_trylock(lock)) {
		if (time_after(jiffies, end))
			return false;
		msleep(KEPT_LOCK_PAUSE_MS);
		kept_step();
	}
	return true;
}

/* ----------------------------------------------------------------------------------- freezing */

static struct workqueue_struct *freeze_wq;
/* Of one caller at a time. */
static unsigned long may_wait = ALL_FREEZES_WAIT;

/**
 * struct freezing - a file system that is frozen, or about to be
 * @list: all of them
 * @sb: it; referenced by a mount of whoever has it frozen
 * @work: does that; may wait for ever
 * @done: it did
 * @ret: how it went
 * @waited: long enough was waited for it
 */
struct freezing {
	struct list_head list;
	struct super_block *sb;
	struct work_struct work;
	struct completion done;
	int ret;
	bool waited;
};

static LIST_HEAD(freezings);
static DEFINE_SPINLOCK(freezings_lock);

/* Exported, and declared in kernel/rcu/rcu.h only. */
void rcu_expedite_gp(void);
void rcu_unexpedite_gp(void);

static void freeze_work(struct work_struct *work)
{
	struct freezing *f = container_of(work, struct freezing, work);

	/* Each of several locks otherwise waits for RCU to go round. */
	rcu_expedite_gp();
	f->ret = kho_compat_freeze_super(f->sb);
	rcu_unexpedite_gp();
	complete_all(&f->done);
}

static struct freezing *freezing_of(struct super_block *sb)
{
	struct freezing *f, *found = NULL;

	spin_lock(&freezings_lock);
	list_for_each_entry(f, &freezings, list)
		if (f->sb == sb)
			found = f;
	spin_unlock(&freezings_lock);
	return found;
}

static struct freezing *freezing_begin(struct super_block *sb)
{
	struct freezing *f = kzalloc(sizeof(*f), KEPT_GFP);

	if (!f)
		return NULL;
	f->sb = sb;
	init_completion(&f->done);
	INIT_WORK(&f->work, freeze_work);
	spin_lock(&freezings_lock);
	list_add_tail(&f->list, &freezings);
	spin_unlock(&freezings_lock);
	queue_work(freeze_wq, &f->work);
	return f;
}

/**
 * kept_is_frozen() - is everybody kept from beginning to write to a file system?
 * @sb: file system
 *
 * Those who have begun may go on. On some kernels user space can thaw what kept_freeze() froze.
 *
 * Context: any.
 */
bool kept_is_frozen(const struct super_block *sb)
{
	return READ_ONCE(sb->s_writers.frozen) >= SB_FREEZE_WRITE;
}

/* Return: it came to its end. */
static bool wait_for(struct freezing *f)
{
	unsigned long wait, left;

	if (f->waited)
		return completion_done(&f->done);
	wait = clamp_t(unsigned long, may_wait, LEAST_FREEZE_WAIT, FREEZE_WAIT);
	left = wait_for_completion_timeout(&f->done, wait);
	may_wait -= min(may_wait, wait - left);
	f->waited = true;
	kept_step();
	return left;
}

/**
 * kept_freeze() - keep everybody from writing to a file system, until the machine jumps
 * @sb: file system, which stays
 *
 * Who is writing when this begins is waited for, but not long: anybody can write for ever, from
 * memory that nobody serves. Then the file system is as if that write had not come to its end.
 *
 * Context: may sleep; kept_is_jumping(); one caller at a time.
 *
 * Return: 0; -EBUSY (it cannot be frozen); -ENOMEM.
 */
int kept_freeze(struct super_block *sb)
{
	struct freezing *f = freezing_of(sb);

	if (!f)
		f = freezing_begin(sb);
	if (!f)
		return -ENOMEM;
	kept_step();
	if (wait_for(f) && !f->ret)
		return 0;
	/* Frozen by somebody else; or there is somebody who writes. */
	if (!kept_is_frozen(sb))
		return -EBUSY;
	if (READ_ONCE(sb->s_writers.frozen) != SB_FREEZE_COMPLETE)
		pr_warn_ratelimited(
			"somebody is writing to file system %u:%u, and that does not end: it goes along as it is now\n",
			MAJOR(sb->s_dev), MINOR(sb->s_dev));
	return 0;
}

/**
 * kept_gate_init() - be able to freeze file systems
 *
 * Return: 0 or -ENOMEM.
 */
int kept_gate_init(void)
{
	/* There is a worker even if there is no memory for one. */
	freeze_wq = alloc_workqueue("kho_kept_freeze",
				    WQ_UNBOUND | WQ_MEM_RECLAIM, 0);
	return freeze_wq ? 0 : -ENOMEM;
}

/**
 * kept_gate_exit() - undo kept_gate_init()
 */
void kept_gate_exit(void)
{
	destroy_workqueue(freeze_wq);
}
