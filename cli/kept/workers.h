/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Threads that fill and finish files while another one makes names.
 */
#ifndef KHO_CLI_KEPT_WORKERS_H
#define KHO_CLI_KEPT_WORKERS_H

#include "cli/kept/attributes.h"

/**
 * struct kept_job - a file to be filled and finished
 * @made: it; its descriptor and its attributes' list belong to the job
 * @fill: it is a regular file
 * @file: its number
 * @finish: its attributes are to be set, too
 */
struct kept_job {
	struct kept_made made;
	bool fill;
	u64 file;
	bool finish;
};

struct kept_workers;

/**
 * kept_workers_start() - start threads: as many as there are processors, or none
 * @run: does a job; 0 or negative errno. Called by several threads at once
 * @ctx: passed to it
 *
 * Where there is one processor jobs are done by who adds them.
 */
struct kept_workers *kept_workers_start(int (*run)(void *ctx,
						   const struct kept_job *job),
					void *ctx);

/**
 * kept_workers_add() - have a job done
 * @w: workers
 * @job: what belongs to it is given back when it was done, or was not
 *
 * Return: 0, or what the first job that failed has returned: no other is begun then.
 */
int kept_workers_add(struct kept_workers *w, const struct kept_job *job);

/* Waits until all jobs are done. Return: as kept_workers_add(). */
int kept_workers_wait(struct kept_workers *w);

/* Waits, and ends the threads. */
void kept_workers_stop(struct kept_workers *w);

#endif /* KHO_CLI_KEPT_WORKERS_H */
