// SPDX-License-Identifier: GPL-2.0
/*
 * Whether sessions may still be changed, and the lock under which they are.
 *
 * The way to the jump must not wait for what user space can hold: whoever has a session's file
 * descriptor, and no privilege, can make a handler wait for ever, for instance for the lock of a
 * file that another thread is writing to from memory that nobody serves. So an operation that may
 * last, which is whatever asks a handler, runs between luo_op_begin() and luo_op_end() without
 * luo_jump. What it did becomes part of a session at its end, under luo_jump, which is held for
 * lists and allocations only. The reboot notifier lets no new operation begin, gives those that
 * run some time, and then takes luo_jump for good. An operation that ends later waits there until
 * the machine jumps, and is not part of the handover; user space was not told that it succeeded.
 *
 * Allocations may last, too: who makes room for an entry waits for others who preserve something,
 * and those for memory. So luo_jump is tried, and that ends: then nothing is handed over.
 */

#include <linux/delay.h>
#include <linux/export.h>
#include <linux/jiffies.h>
#include <linux/kexec_handover.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/wait.h>

#include "luo.h"

/* How long luo_jump is tried at the last moment. */
#define LOCK_WAIT (30 * HZ)
#define LOCK_PAUSE_MS 10

/* See above, and luo.h. */
DECLARE_RWSEM(luo_jump);

static DEFINE_SPINLOCK(ops_lock);
static DECLARE_WAIT_QUEUE_HEAD(ops_wait);
/* Both under ops_lock. */
static unsigned int nr_running;
static bool closed;

/**
 * liveupdate_enabled() - can files be preserved?
 *
 * Context: any.
 *
 * Return: true if the kho module is on; without it this module does not load.
 */
bool liveupdate_enabled(void)
{
	return kho_is_enabled();
}
EXPORT_SYMBOL_GPL(liveupdate_enabled);

static bool may_begin(void)
{
	bool may;

	spin_lock(&ops_lock);
	may = !closed;
	nr_running += may;
	spin_unlock(&ops_lock);
	return may;
}

/**
 * luo_op_begin() - begin an operation that may last, or takes luo_jump
 *
 * Once the machine is about to jump this waits until it does.
 *
 * Context: may sleep; no lock is held.
 */
void luo_op_begin(void)
{
	wait_event(ops_wait, may_begin());
}

/**
 * luo_op_end() - end what luo_op_begin() began
 */
void luo_op_end(void)
{
	spin_lock(&ops_lock);
	nr_running--;
	spin_unlock(&ops_lock);
	wake_up_all(&ops_wait);
}

/* All that run have begun before, so they are not many, and each gets luo_jump. */
static bool lock_jump(void)
{
	unsigned long end = jiffies + LOCK_WAIT;

	while (!down_write_trylock(&luo_jump)) {
		if (time_after(jiffies, end))
			return false;
		msleep(LOCK_PAUSE_MS);
	}
	return true;
}

/**
 * luo_ops_close() - let nothing change sessions any more, until the machine jumps
 * @wait: how long operations that run are waited for, in jiffies
 * @running: filled with how many run on
 *
 * Context: may sleep; luo_jump is held for writing afterwards, for good.
 *
 * Return: 0; -ETIMEDOUT: luo_jump is not held, as somebody else keeps it.
 */
int luo_ops_close(unsigned long wait, unsigned int *running)
{
	bool locked;

	spin_lock(&ops_lock);
	closed = true;
	spin_unlock(&ops_lock);
	wait_event_timeout(ops_wait, !READ_ONCE(nr_running), wait);
	locked = lock_jump();
	spin_lock(&ops_lock);
	*running = nr_running;
	spin_unlock(&ops_lock);
	return locked ? 0 : -ETIMEDOUT;
}

static unsigned long nr_steps;

/**
 * luo_jump_step() - a handler gets on
 *
 * To be called while files are frozen, at least once a second: where nothing moves, nobody waits.
 *
 * Context: any.
 */
void luo_jump_step(void)
{
	WRITE_ONCE(nr_steps, READ_ONCE(nr_steps) + 1);
}

/**
 * luo_jump_steps() - how often luo_jump_step() was called
 *
 * Context: any.
 */
unsigned long luo_jump_steps(void)
{
	return READ_ONCE(nr_steps);
}
