// SPDX-License-Identifier: GPL-2.0
/* The process that holds a session. */
#include "cli/session/holder.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "cli/base/exitcode.h"
#include "cli/session/held.h"
#include "cli/session/ludevice.h"
#include "lib/liveupdate.h"

/* What could not be preserved is tried again so often, and whenever somebody asks. */
#define AGAIN_MS 60000
/* How long a process that takes something aside is waited for. */
#define CHILD_MS 30000

/* Where somebody waits for this process to hold its session, or -1. */
static int announce = -1;
/* Nobody reads what it says after that. */
static bool in_background;

static int serve(struct held *h);

/* In a process of its own, which has what came in, and nothing else. */
static void hold_aside(struct held *h, bool whole)
{
	held_close_one(&h->out);
	h->start = LINK_ASIDE;
	if (whole && !held_finish(h) && !held_new_record(h))
		held_preserve(h);
	else
		snprintf(h->stays, sizeof(h->stays),
			 "it is not known what is in it");
	held_close_one(&h->device);
	_exit(serve(h));
}

static void wait_for(int pipe)
{
	struct pollfd p = { .fd = pipe, .events = POLLIN };

	poll(&p, 1, CHILD_MS);
}

/* Gives what came in to a process that keeps it under @name, and forgets it. */
static int give_aside(struct held *h, const char *name, bool whole)
{
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	pid = fork();
	if (!pid) {
		close(ends[0]);
		close_descriptor(&announce);
		announce = ends[1];
		h->name = name;
		hold_aside(h, whole);
	}
	close(ends[1]);
	if (pid > 0)
		wait_for(ends[0]);
	close(ends[0]);
	if (pid < 0)
		return -errno;
	held_close_files(h);
	held_close_one(&h->in);
	return 0;
}

static bool is_held(const char *name)
{
	autofiles struct link_files files = { 0 };
	struct link_reply reply;

	return link_ask(name, LINK_LIST, 0, -1, &reply, &files) != -ENOENT;
}

static int put_aside(struct held *h, bool whole)
{
	unsigned int i;

	for (i = 1; i <= SESSION_MAX_ASIDE; i++) {
		char *name = session_aside_name(h->name, i);

		if (!is_held(name)) {
			say("what came of session '%s' is kept aside as '%s', until `kho session drop %s`.",
			    h->name, name, name);
			return give_aside(h, name, whole);
		}
		free(name);
	}
	say("what came of session '%s' cannot be kept aside, as %d states of it are already: drop some of %s.aside, %s.aside.2 and so on.",
	    h->name, SESSION_MAX_ASIDE, h->name, h->name);
	return -EBUSY;
}

/* @name: to be freed, or that of the process that has it from then on */
static void adopt_aside(const struct held *h, char *name)
{
	struct session_record r;
	struct held aside;
	u64 blocks;
	char *why;

	held_init(&aside, name);
	aside.device = h->device;
	aside.in = lu_session_retrieve(h->device, name);
	if (aside.in >= 0) {
		snprintf(aside.reason, sizeof(aside.reason),
			 "it was kept aside by a kernel before");
		why = held_read_record(&aside, &r);
		if (!why)
			why = held_take_files(&aside, &r, &blocks);
		if (give_aside(&aside, name, !why))
			held_close_one(&aside.in);
		free(why);
	}
	free(name);
}

/* What was kept aside before, and came along. */
static void adopt_asides(const struct held *h)
{
	unsigned int i;

	for (i = 1; i <= SESSION_MAX_ASIDE; i++)
		adopt_aside(h, session_aside_name(h->name, i));
}

/* ------------------------------------------------------------------------------- beginning */

/* A session without state. Return: 0 or negative errno, which was said. */
static int begin_cold(struct held *h, const struct session_config *want)
{
	size_t i;
	int err;

	h->has = *want;
	h->has.nr = 0;
	h->start = want->nr ? LINK_COLD : LINK_PUT_IN;
	h->flags = want->nr ? 0 : SESSION_USED;
	for (i = 0; i < want->nr; i++) {
		int fd = held_new_file(h->name, want->file[i].bytes, true);

		if (fd < 0) {
			say("there can be no file of %llu bytes in memory (%s), so session '%s' was not begun.",
			    (unsigned long long)want->file[i].bytes,
			    strerror(-fd), h->name);
			return fd;
		}
		h->fd[i] = fd;
		h->has.file[h->has.nr++] = want->file[i];
	}
	err = held_new_record(h);
	if (err)
		say("session '%s' was not begun (%s).", h->name,
		    strerror(-err));
	return err;
}

static int begin_anew(struct held *h, const struct session_config *want,
		      const char *why)
{
	snprintf(h->reason, sizeof(h->reason), "%s", why);
	return begin_cold(h, want);
}

/* Something came in: it is taken over if it is what is wanted. */
static int begin_with(struct held *h, const struct session_config *want)
{
	autofree char *why = NULL;
	struct session_record r;
	bool good, whole;
	u64 blocks = 0;
	int err;

	why = held_read_record(h, &r);
	good = !why;
	if (good)
		why = held_take_files(h, &r, &blocks);
	whole = good && !why;
	if (whole && want->nr)
		why = session_record_judge(&r, want);
	if (whole && !why && want->nr && !blocks)
		why = format("nothing was ever written into its files");
	if (!why) {
		err = held_finish(h);
		h->start = want->nr ? LINK_WARM : LINK_PUT_IN;
		return err ? err : held_new_record(h);
	}
	snprintf(h->reason, sizeof(h->reason), "%s", why);
	/* Not for `kho session run`: files are got from it one by one. */
	if (!want->nr) {
		held_close_files(h);
		held_close_one(&h->out);
		h->start = LINK_ASIDE;
		snprintf(h->stays, sizeof(h->stays), "%s", why);
		return 0;
	}
	if (whole && !blocks) {
		held_close_files(h);
		err = held_finish(h);
	} else {
		err = put_aside(h, whole);
	}
	return err ? err : begin_cold(h, want);
}

static int begin(struct held *h, const struct session_config *want)
{
	const char *why;
	int err;

	h->device = ludevice_open();
	if (ludevice_absent(h->device) && want->nr) {
		snprintf(h->stays, sizeof(h->stays), "%s",
			 ludevice_explain_open(h->device));
		return begin_anew(h, want, h->stays);
	}
	if (h->device < 0) {
		say("/dev/liveupdate cannot be used: %s.",
		    ludevice_explain_open(h->device));
		return h->device;
	}
	err = held_open(h, &why);
	if (err) {
		say("there can be no session '%s': %s.", h->name, why);
		return err;
	}
	adopt_asides(h);
	h->in = lu_session_retrieve(h->device, h->name);
	if (h->in >= 0)
		return begin_with(h, want);
	switch (-h->in) {
	case ENOENT:
		return begin_anew(
			h, want,
			"no session of this name came from the previous kernel");
	case EIO:
		return begin_anew(
			h, want,
			"what the previous kernel handed on was refused; `kho status` says why, and its memory stays until `kho drop --incoming`");
	default:
		say("session '%s' of the previous kernel cannot be had: %s.",
		    h->name, ludevice_explain(h->in));
		return h->in;
	}
}

/* --------------------------------------------------------------------------------- serving */

/* What sd_notify(3) does. */
static void notify_manager(const char *text)
{
	autoclose int fd = -1;
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	size_t length;

	if (!path || (*path != '/' && *path != '@') ||
	    strlen(path) >= sizeof(a.sun_path))
		return;
	length = strlen(path);
	memcpy(a.sun_path, path, length);
	if (*path == '@')
		a.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 &&
	    sendto(fd, text, strlen(text), MSG_DONTWAIT | MSG_NOSIGNAL,
		   (struct sockaddr *)&a,
		   (socklen_t)(offsetof(struct sockaddr_un, sun_path) +
			       length)) < 0)
		say("systemd was not told that the session is held (%s).",
		    strerror(errno));
}

static void say_start(const struct held *h)
{
	autofree char *text = NULL;
	autofree char *message = NULL;
	char size[32];

	human_bytes(held_bytes(h), size, sizeof(size));
	if (h->start == LINK_WARM)
		text = format(
			"warm: %zu file%s with %s came from the previous kernel",
			h->has.nr, h->has.nr == 1 ? "" : "s", size);
	else if (h->start == LINK_COLD)
		text = format("cold: %s", h->reason);
	else if (h->start == LINK_ASIDE)
		text = format("kept aside: %s", h->reason);
	else
		text = format("%zu file%s with %s", h->has.nr,
			      h->has.nr == 1 ? "" : "s", size);
	say("session '%s' is held, %s.", h->name, text);
	message = format("READY=1\nSTATUS=%s", text);
	if (h->start != LINK_ASIDE)
		notify_manager(message);
}

static int watch_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	/* Nobody waits for those who hold what is kept aside. */
	signal(SIGCHLD, SIG_IGN);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void let_go(void)
{
	int null;

	if (announce < 0)
		return;
	if (write(announce, "", 1) != 1)
		say("who started this does not wait for it any more.");
	held_close_one(&announce);
	if (!in_background)
		return;
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	dup2(null, STDERR_FILENO);
	close_descriptor(&null);
}

static void loop(struct held *h, int socket, int signals)
{
	struct pollfd p[] = { { .fd = socket, .events = POLLIN },
			      { .fd = signals, .events = POLLIN } };
	bool end = false;

	while (!end) {
		bool retry = *h->stays && h->start != LINK_ASIDE;
		int n = poll(p, ARRAY_LEN(p), retry ? AGAIN_MS : -1);

		if (!n)
			held_preserve(h);
		if (n > 0 && p[0].revents)
			held_answer(h, socket, &end);
		if (n > 0 && p[1].revents)
			end = true;
	}
}

static int serve(struct held *h)
{
	autoclose int signals = watch_signals();
	autoclose int socket = link_listen(h->name, h->has.uid);

	if (socket < 0 || signals < 0) {
		say("session '%s' cannot be held (%s).", h->name,
		    strerror(socket < 0 ? -socket : errno));
		return EXIT_FAILED;
	}
	say_start(h);
	let_go();
	loop(h, socket, signals);
	link_forget(h->name);
	say("session '%s' is held no more, and will not be handed on.",
	    h->name);
	held_close(h);
	return EXIT_OK;
}

int holder_run(const char *name, const struct session_config *want, int ready)
{
	struct held h;
	int err;

	announce = ready;
	in_background = ready >= 0;
	/* Who has this is passed by when all that is left is killed before the jump. */
	program_invocation_name[0] = '@';
	if (chdir("/"))
		say("the directory cannot be changed (%s).", strerror(errno));
	umask(022);
	held_init(&h, name);
	if (is_held(name)) {
		say("session '%s' is held already.", name);
		return EXIT_FAILED;
	}
	err = begin(&h, want);
	if (!err && h.start != LINK_ASIDE)
		held_preserve(&h);
	held_close_one(&h.device);
	return err ? exit_code_of_found(err) : serve(&h);
}
