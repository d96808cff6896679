// SPDX-License-Identifier: GPL-2.0
/* Starting the process that holds a session. */
#include "cli/session/start.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "cli/base/exitcode.h"
#include "cli/session/holder.h"

extern char **environ;

/* It waits for others no longer than this, all in all. */
#define START_MS 90000
#define STEP_US 100000

/* Files and locks of who starts it are nothing that shall stay for long. */
static void close_others(int ready)
{
	unsigned int first = STDERR_FILENO + 1, at = (unsigned int)ready;

	if (at > first)
		syscall(SYS_close_range, first, at - 1, 0);
	syscall(SYS_close_range, at + 1, ~0U, 0);
}

/* By this program itself, under a name that is passed by when all others are killed. */
static int hold(const char *name, const struct session_config *want, int ready)
{
	char *argv[2 * SESSION_MAX_FILES + 16] = { "@kho", "session", "hold" };
	size_t i, nr = 3;

	for (i = 0; i < want->nr; i++) {
		argv[nr++] = "--fd";
		argv[nr++] = format("%llu=%llu",
				    (unsigned long long)want->file[i].token,
				    (unsigned long long)want->file[i].bytes);
	}
	argv[nr++] = "--user";
	argv[nr++] = format("#%u", (unsigned int)want->uid);
	argv[nr++] = "--label";
	argv[nr++] = format("%s", want->label);
	argv[nr++] = "--";
	argv[nr++] = format("%s", name);
	setenv(HOLDER_READY, format("%d", ready), 1);
	unsetenv("NOTIFY_SOCKET");
	close_others(ready);
	fcntl(ready, F_SETFD, 0);
	setsid();
	execv("/proc/self/exe", argv);
	say("/proc/self/exe cannot be run (%s).", strerror(errno));
	return EXIT_FAILED;
}

static int in_background(const char *name, const struct session_config *want)
{
	struct pollfd p = { .events = POLLIN };
	int ends[2], status;
	char byte;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC))
		return EXIT_FAILED;
	pid = fork();
	if (!pid)
		_exit(hold(name, want, ends[1]));
	close(ends[1]);
	p.fd = ends[0];
	if (pid > 0 && poll(&p, 1, START_MS) == 1 &&
	    read(ends[0], &byte, 1) == 1) {
		close(ends[0]);
		return EXIT_OK;
	}
	close(ends[0]);
	if (pid < 0) {
		say("no process can be started (%s).", strerror(errno));
		return EXIT_FAILED;
	}
	/* It has ended, and said why; or it never gets on. */
	kill(pid, SIGKILL);
	if (waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
	    WEXITSTATUS(status))
		return WEXITSTATUS(status);
	say("session '%s' is not held: the process that was to hold it did not get on.",
	    name);
	return EXIT_FAILED;
}

static int wait_for(pid_t pid, int *status)
{
	int waited;

	for (waited = 0; waited < START_MS; waited += STEP_US / 1000) {
		if (waitpid(pid, status, WNOHANG) == pid)
			return 0;
		usleep(STEP_US);
	}
	kill(pid, SIGKILL);
	waitpid(pid, status, 0);
	return -ETIMEDOUT;
}

static int by_systemd(const char *name, const struct session_config *want)
{
	autofree char *unit = format("kho-session@%s.service", name);
	char *const argv[] = { "systemctl", "--no-ask-password",
			       "start",	    "--",
			       unit,	    NULL };
	int status, err = session_config_write(want, name);
	pid_t pid;

	if (err)
		return exit_code_of_found(err);
	err = -posix_spawnp(&pid, argv[0], NULL, NULL, argv, environ);
	if (!err)
		err = wait_for(pid, &status);
	if (!err && WIFEXITED(status) && !WEXITSTATUS(status))
		return EXIT_OK;
	say("%s was not started (%s); `systemctl status %s` says why.", unit,
	    err ? strerror(-err) : "systemctl failed", unit);
	return EXIT_FAILED;
}

int session_start(const char *name, const struct session_config *want)
{
	if (access("/run/systemd/system", F_OK))
		return in_background(name, want);
	return by_systemd(name, want);
}
