// SPDX-License-Identifier: GPL-2.0
/* Threads with a queue before them. */
#include "cli/kept/workers.h"

#include <signal.h>

#define WORKERS_MAX 64
/* Each holds a descriptor. */
#define QUEUE 256

struct kept_workers {
	int (*run)(void *ctx, const struct kept_job *job);
	void *ctx;
	pthread_mutex_t lock;
	pthread_cond_t more; /* a job came, or no other will */
	pthread_cond_t fewer; /* one is done */
	struct kept_job job[QUEUE];
	u64 added, taken, done;
	bool over;
	int err;
	unsigned int nr;
	pthread_t thread[WORKERS_MAX];
};

static void job_free(const struct kept_job *job)
{
	close(job->made.fd);
	free(job->made.xattrs.list);
}

/* With the lock. */
static void note_error(struct kept_workers *w, int err)
{
	if (err && !w->err)
		w->err = err;
}

static void work_once(struct kept_workers *w)
{
	struct kept_job job = w->job[w->taken++ % QUEUE];
	int err = w->err;

	pthread_mutex_unlock(&w->lock);
	if (!err)
		err = w->run(w->ctx, &job);
	job_free(&job);
	pthread_mutex_lock(&w->lock);
	note_error(w, err);
	w->done++;
	pthread_cond_signal(&w->fewer);
}

static void *work(void *arg)
{
	struct kept_workers *w = arg;

	pthread_mutex_lock(&w->lock);
	for (;;) {
		while (w->taken == w->added && !w->over)
			pthread_cond_wait(&w->more, &w->lock);
		if (w->taken == w->added)
			break;
		work_once(w);
	}
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

struct kept_workers *
kept_workers_start(int (*run)(void *ctx, const struct kept_job *job), void *ctx)
{
	struct kept_workers *w = need(calloc(1, sizeof(*w)));
	long wanted = sysconf(_SC_NPROCESSORS_ONLN);
	sigset_t all, before;

	w->run = run;
	w->ctx = ctx;
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->more, NULL);
	pthread_cond_init(&w->fewer, NULL);
	if (wanted <= 1)
		return w;
	/* Signals are for the thread that makes names. */
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	while (w->nr < WORKERS_MAX && w->nr < (unsigned long)wanted &&
	       !pthread_create(&w->thread[w->nr], NULL, work, w))
		w->nr++;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return w;
}

int kept_workers_add(struct kept_workers *w, const struct kept_job *job)
{
	int err;

	if (!w->nr) {
		if (!w->err)
			w->err = w->run(w->ctx, job);
		job_free(job);
		return w->err;
	}
	pthread_mutex_lock(&w->lock);
	while (w->added - w->done == QUEUE)
		pthread_cond_wait(&w->fewer, &w->lock);
	w->job[w->added++ % QUEUE] = *job;
	err = w->err;
	pthread_cond_signal(&w->more);
	pthread_mutex_unlock(&w->lock);
	return err;
}

int kept_workers_wait(struct kept_workers *w)
{
	int err;

	pthread_mutex_lock(&w->lock);
	while (w->done != w->added)
		pthread_cond_wait(&w->fewer, &w->lock);
	err = w->err;
	pthread_mutex_unlock(&w->lock);
	return err;
}

void kept_workers_stop(struct kept_workers *w)
{
	unsigned int i;

	pthread_mutex_lock(&w->lock);
	w->over = true;
	pthread_cond_broadcast(&w->more);
	pthread_mutex_unlock(&w->lock);
	for (i = 0; i < w->nr; i++)
		pthread_join(w->thread[i], NULL);
	pthread_cond_destroy(&w->fewer);
	pthread_cond_destroy(&w->more);
	pthread_mutex_destroy(&w->lock);
	free(w);
}
