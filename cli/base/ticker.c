// SPDX-License-Identifier: GPL-2.0
/* A line that moves while something takes long and cannot tell how far it is. */
#include "cli/base/ticker.h"

#include <pthread.h>
#include <signal.h>

#include "cli/base/util.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t ended = PTHREAD_COND_INITIALIZER;
static pthread_t thread;
static bool running, over;
static const char *doing;

static void *tick(void *unused)
{
	struct timespec next;
	unsigned int seconds = 0;

	clock_gettime(CLOCK_REALTIME, &next);
	pthread_mutex_lock(&lock);
	while (!over) {
		next.tv_sec++;
		while (!over && !pthread_cond_timedwait(&ended, &lock, &next))
			;
		if (!over)
			fprintf(stderr, "\r%s, %u s\033[K", doing, ++seconds);
	}
	if (seconds)
		fputs("\r\033[K", stderr);
	pthread_mutex_unlock(&lock);
	return NULL;
}

void ticker_begin(const char *what)
{
	sigset_t all, before;

	if (!isatty(STDERR_FILENO))
		return;
	doing = what;
	over = false;
	/* Signals are for the thread that does the work. */
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	running = !pthread_create(&thread, NULL, tick, NULL);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

void ticker_end(void)
{
	if (!running)
		return;
	pthread_mutex_lock(&lock);
	over = true;
	pthread_cond_signal(&ended);
	pthread_mutex_unlock(&lock);
	pthread_join(thread, NULL);
	running = false;
}
