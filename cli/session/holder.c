// SPDX-License-Identifier: GPL-2.0
/* The process that holds a session. */
#include "cli/session/holder.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "cli/base/exitcode.h"
#include "cli/session/link.h"
#include "cli/session/ludevice.h"
#include "cli/session/record.h"
#include "lib/liveupdate.h"

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8U
#endif

/* What could not be preserved is tried again so often, and whenever somebody asks. */
#define AGAIN_MS 60000
/* How long a process that takes something aside is waited for. */
#define CHILD_MS 30000
/* Memory may be short for a moment. */
#define GET_TRIES 10
#define GET_WAIT_US 200000

/* Where somebody waits for this process to hold its session, or -1. */
static int announce = -1;
/* Nobody reads what it says after that. */
static bool in_background;

/**
 * struct holder - a session that is held
 * @name: of the session
 * @has: what is in it
 * @fd: descriptors of its files, in the order of @has
 * @preserved: which of them are in @out
 * @record: the file with the record, or -1
 * @record_preserved: is it in @out?
 * @flags: of the record
 * @device: /dev/liveupdate, while the process starts; else -1
 * @in: session of the previous kernel that is not finished, or -1
 * @out: session for the next kernel, or -1
 * @start: how it began
 * @reason: see struct link_reply
 * @stays: why not all of it would be handed on; empty if it would
 */
struct holder {
	const char *name;
	struct session_config has;
	int fd[SESSION_MAX_FILES];
	bool preserved[SESSION_MAX_FILES];
	int record;
	bool record_preserved;
	u32 flags;
	int device;
	int in;
	int out;
	enum link_start start;
	char reason[LINK_REASON_SIZE];
	char stays[LINK_REASON_SIZE];
};

static void holder_init(struct holder *h, const char *name)
{
	*h = (struct holder){
		.name = name, .record = -1, .device = -1, .in = -1, .out = -1
	};
}

static void close_one(int *fd)
{
	close_descriptor(fd);
	*fd = -1;
}

static void close_files(struct holder *h)
{
	while (h->has.nr)
		close_one(&h->fd[--h->has.nr]);
	close_one(&h->record);
}

static void close_all(struct holder *h)
{
	close_files(h);
	close_one(&h->in);
	close_one(&h->out);
	close_one(&h->device);
}

static u64 bytes_of(const struct holder *h)
{
	u64 sum = 0;
	size_t i;

	for (i = 0; i < h->has.nr; i++)
		sum += h->has.file[i].bytes;
	return sum;
}

/* ------------------------------------------------------------------------- the next kernel */

/* @why: filled on failure: the end of a sentence */
static int open_out(struct holder *h, const char **why)
{
	autoclose int own = -1;

	if (h->out >= 0)
		return 0;
	if (h->device < 0) {
		own = ludevice_open();
		if (own < 0) {
			*why = ludevice_explain_open(own);
			return own;
		}
	}
	h->out = lu_session_create(h->device < 0 ? own : h->device, h->name);
	if (h->out < 0)
		*why = ludevice_explain(h->out);
	return h->out < 0 ? h->out : 0;
}

/* All that is not in the session yet. Sets @h->stays. */
static void preserve(struct holder *h)
{
	const char *why = NULL;
	int err = open_out(h, &why);
	size_t i;

	for (i = 0; !err && i < h->has.nr; i++) {
		if (!h->preserved[i])
			err = lu_session_preserve(h->out, h->has.file[i].token,
						  h->fd[i]);
		if (!err)
			h->preserved[i] = true;
	}
	if (!err && !h->record_preserved) {
		err = lu_session_preserve(h->out, SESSION_RECORD_TOKEN,
					  h->record);
		h->record_preserved = !err;
	}
	if (!err) {
		h->stays[0] = '\0';
		return;
	}
	if (!why)
		why = ludevice_explain(err);
	if (strcmp(h->stays, why))
		say("session '%s' WOULD NOT BE HANDED ON: %s; it is tried again.",
		    h->name, why);
	snprintf(h->stays, sizeof(h->stays), "%s", why);
}

/* Of what is in the session now. The page is there, so this takes no memory. */
static void write_record(struct holder *h)
{
	struct session_record r;

	session_record_init(&r, &h->has, h->flags);
	if (pwrite(h->record, &r, sizeof(r), 0) != sizeof(r))
		say("the record of session '%s' cannot be written (%s).",
		    h->name, strerror(errno));
}

static int new_file(const char *name, u64 bytes, bool sealed)
{
	autofree char *text = format("kho:%s", name);
	const unsigned int flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
	int err, fd = memfd_create(text, flags | MFD_NOEXEC_SEAL);

	/* Before 6.3. */
	if (fd < 0 && errno == EINVAL)
		fd = memfd_create(text, flags);
	if (fd < 0)
		return -errno;
	/* The program may run as anyone who is given it. */
	if (!fchmod(fd, 0666) && !ftruncate(fd, (off_t)bytes) &&
	    (!sealed || !fcntl(fd, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK)))
		return fd;
	err = -errno;
	close(fd);
	return err;
}

static int new_record(struct holder *h)
{
	h->record = new_file(h->name, SESSION_RECORD_BYTES, true);
	if (h->record < 0)
		return h->record;
	write_record(h);
	return 0;
}

/* ----------------------------------------------------------------------- the previous kernel */

static int get_file(int session, u64 token)
{
	int fd, i = 0;

	do {
		fd = lu_session_get(session, token);
	} while (fd == -ENOMEM && i++ < GET_TRIES && !usleep(GET_WAIT_US));
	return fd;
}

/* Return: why there is no good one, to be freed. */
static char *read_record(struct holder *h, struct session_record *r)
{
	autoclose int fd = get_file(h->in, SESSION_RECORD_TOKEN);
	const char *why;
	ssize_t n;

	if (fd == -ENOENT)
		return format("it was not made by `kho session`");
	if (fd < 0)
		return format("its record cannot be had (%s)", strerror(-fd));
	n = pread(fd, r, sizeof(*r), 0);
	why = session_record_check(r, n < 0 ? 0 : (size_t)n);
	return why ? format("%s", why) : NULL;
}

/*
 * All files that the record names, as far as they can be had. @blocks: of all of them.
 * Return: why one of them is not good, to be freed.
 */
static char *take_files(struct holder *h, const struct session_record *r,
			u64 *blocks)
{
	char *why = NULL;
	struct stat st;
	u32 i;

	*blocks = 0;
	for (i = 0; i < r->nr; i++) {
		const struct session_file *f = &r->file[i];
		int fd = get_file(h->in, f->token);

		if (fd < 0) {
			if (!why)
				why = format("token %llu cannot be had (%s)",
					     (unsigned long long)f->token,
					     strerror(-fd));
			continue;
		}
		h->fd[h->has.nr] = fd;
		h->has.file[h->has.nr++] = *f;
		if (fstat(fd, &st) || (u64)st.st_size != f->bytes) {
			if (!why)
				why = format(
					"token %llu has another size than its record says",
					(unsigned long long)f->token);
			continue;
		}
		*blocks += (u64)st.st_blocks;
		fchmod(fd, 0666);
	}
	h->has.uid = r->uid;
	memcpy(h->has.label, r->label, sizeof(h->has.label));
	h->flags = r->flags;
	return why;
}

/* Files can be in one session at a time. */
static int finish(struct holder *h)
{
	int err, i = 0;

	do {
		err = lu_session_finish(h->in);
	} while (err == -EBUSY && i++ < GET_TRIES && !usleep(GET_WAIT_US));
	if (!err)
		close_one(&h->in);
	return err;
}

static int serve(struct holder *h);

/* In a process of its own, which has what came in, and nothing else. */
static void hold_aside(struct holder *h, bool whole)
{
	close_one(&h->out);
	h->start = LINK_ASIDE;
	if (whole && !finish(h) && !new_record(h))
		preserve(h);
	else
		snprintf(h->stays, sizeof(h->stays),
			 "it is not known what is in it");
	close_one(&h->device);
	_exit(serve(h));
}

static void wait_for(int pipe)
{
	struct pollfd p = { .fd = pipe, .events = POLLIN };

	poll(&p, 1, CHILD_MS);
}

/* Gives what came in to a process that keeps it under @name, and forgets it. */
static int give_aside(struct holder *h, const char *name, bool whole)
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
	close_files(h);
	close_one(&h->in);
	return 0;
}

static bool is_held(const char *name)
{
	autofiles struct link_files files = { 0 };
	struct link_reply reply;

	return link_ask(name, LINK_LIST, 0, -1, &reply, &files) != -ENOENT;
}

static int put_aside(struct holder *h, bool whole)
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

/* What was kept aside before, and came along. */
static void adopt_asides(const struct holder *h)
{
	struct session_record r;
	unsigned int i;

	for (i = 1; i <= SESSION_MAX_ASIDE; i++) {
		char *name = session_aside_name(h->name, i);
		autofree char *why = NULL;
		struct holder aside;
		u64 blocks;

		holder_init(&aside, name);
		aside.device = h->device;
		aside.in = lu_session_retrieve(h->device, name);
		if (aside.in < 0) {
			free(name);
			continue;
		}
		snprintf(aside.reason, sizeof(aside.reason),
			 "it was kept aside by a kernel before");
		why = read_record(&aside, &r);
		if (!why)
			why = take_files(&aside, &r, &blocks);
		if (give_aside(&aside, name, !why))
			close_one(&aside.in);
	}
}

/* ------------------------------------------------------------------------------- beginning */

/* A session without state. Return: 0 or negative errno, which was said. */
static int begin_cold(struct holder *h, const struct session_config *want)
{
	size_t i;
	int err;

	h->has = *want;
	h->has.nr = 0;
	h->start = want->nr ? LINK_COLD : LINK_PUT_IN;
	h->flags = want->nr ? 0 : SESSION_USED;
	for (i = 0; i < want->nr; i++) {
		int fd = new_file(h->name, want->file[i].bytes, true);

		if (fd < 0) {
			say("there can be no file of %llu bytes in memory (%s), so session '%s' was not begun.",
			    (unsigned long long)want->file[i].bytes,
			    strerror(-fd), h->name);
			return fd;
		}
		h->fd[i] = fd;
		h->has.file[h->has.nr++] = want->file[i];
	}
	err = new_record(h);
	if (err)
		say("session '%s' was not begun (%s).", h->name,
		    strerror(-err));
	return err;
}

static int begin_anew(struct holder *h, const struct session_config *want,
		      const char *why)
{
	snprintf(h->reason, sizeof(h->reason), "%s", why);
	return begin_cold(h, want);
}

/* Something came in: it is taken over if it is what is wanted. */
static int begin_with(struct holder *h, const struct session_config *want)
{
	struct session_record r;
	autofree char *why = read_record(h, &r);
	bool good = !why, whole;
	u64 blocks = 0;
	int err;

	if (good)
		why = take_files(h, &r, &blocks);
	whole = good && !why;
	if (whole && want->nr)
		why = session_record_judge(&r, want);
	if (whole && !why && want->nr && !blocks)
		why = format("nothing was ever written into its files");
	if (!why) {
		err = finish(h);
		h->start = want->nr ? LINK_WARM : LINK_PUT_IN;
		return err ? err : new_record(h);
	}
	snprintf(h->reason, sizeof(h->reason), "%s", why);
	/* Not for `kho session run`: files are got from it one by one. */
	if (!want->nr) {
		close_files(h);
		close_one(&h->out);
		h->start = LINK_ASIDE;
		snprintf(h->stays, sizeof(h->stays), "%s", why);
		return 0;
	}
	if (whole && !blocks) {
		close_files(h);
		err = finish(h);
	} else {
		err = put_aside(h, whole);
	}
	return err ? err : begin_cold(h, want);
}

static int begin(struct holder *h, const struct session_config *want)
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
	err = open_out(h, &why);
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

/* ------------------------------------------------------------------------------- answering */

static ssize_t find_file(const struct holder *h, u64 token)
{
	size_t i;

	for (i = 0; i < h->has.nr; i++) {
		if (h->has.file[i].token == token)
			return (ssize_t)i;
	}
	return -ENOENT;
}

/* With a position of its own. */
static int open_again(int fd)
{
	autofree char *path = format("/proc/self/fd/%d", fd);
	int again = open(path, O_RDWR | O_CLOEXEC);

	if (again < 0)
		again = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	return again < 0 ? -errno : again;
}

static int add_again(struct link_files *files, int fd)
{
	int again = open_again(fd);

	if (again < 0)
		return again;
	files->fd[files->nr++] = again;
	return 0;
}

static int do_run(struct holder *h, struct link_files *files)
{
	size_t i;
	int err = 0;

	if (h->start == LINK_PUT_IN || h->start == LINK_ASIDE)
		return -EINVAL;
	/* From here on there may be state in it. */
	h->flags |= SESSION_USED;
	write_record(h);
	for (i = 0; !err && i < h->has.nr; i++)
		err = add_again(files, h->fd[i]);
	return err;
}

static int do_get(struct holder *h, u64 token, struct link_files *files)
{
	ssize_t i = find_file(h, token);
	struct stat st;
	int fd;

	if (i >= 0)
		return add_again(files, h->fd[i]);
	if (h->in < 0 || h->has.nr == SESSION_MAX_FILES)
		return -ENOENT;
	fd = get_file(h->in, token);
	if (fd < 0)
		return fd;
	fstat(fd, &st);
	h->fd[h->has.nr] = fd;
	h->has.file[h->has.nr++] =
		(struct session_file){ .token = token,
				       .bytes = (u64)st.st_size };
	return add_again(files, fd);
}

static int do_put(struct holder *h, u64 token, int *fd)
{
	const char *why;
	struct stat st;
	int err;

	if (h->start != LINK_PUT_IN)
		return -EINVAL;
	if (*fd < 0 || fstat(*fd, &st) || !S_ISREG(st.st_mode))
		return -EBADF;
	if (find_file(h, token) >= 0 || token == SESSION_RECORD_TOKEN)
		return -EEXIST;
	if (h->has.nr == SESSION_MAX_FILES)
		return -EMFILE;
	err = open_out(h, &why);
	if (!err)
		err = lu_session_preserve(h->out, token, *fd);
	if (err)
		return err;
	h->preserved[h->has.nr] = true;
	h->fd[h->has.nr] = *fd;
	h->has.file[h->has.nr++] =
		(struct session_file){ .token = token,
				       .bytes = (u64)st.st_size };
	*fd = -1;
	write_record(h);
	return 0;
}

static int run_request(struct holder *h, uid_t peer,
		       const struct link_request *q, int *fd,
		       struct link_files *files, bool *end)
{
	bool root = !peer;

	if (!root && (peer != h->has.uid || q->op > LINK_GET))
		return -EPERM;
	switch (q->op) {
	case LINK_LIST:
		return 0;
	case LINK_RUN:
		return do_run(h, files);
	case LINK_GET:
		return do_get(h, q->token, files);
	case LINK_PUT:
		return do_put(h, q->token, fd);
	case LINK_END:
		*end = true;
		return 0;
	default:
		return -ENOSYS;
	}
}

static void answer(struct holder *h, int socket, bool *end)
{
	autofiles struct link_files files = { 0 };
	autoclose int fd = -1;
	struct link_request q;
	struct link_reply reply = { 0 };
	uid_t peer;
	autoclose int connection = link_accept(socket, &peer, &q, &fd);

	if (connection < 0)
		return;
	if (*h->stays && h->start != LINK_ASIDE)
		preserve(h);
	reply.err = run_request(h, peer, &q, &fd, &files, end);
	if (reply.err)
		link_files_close(&files);
	reply.start = h->start;
	reply.nr = (u32)h->has.nr;
	reply.stays = *h->stays != '\0';
	snprintf(reply.reason, sizeof(reply.reason), "%s",
		 *h->stays ? h->stays : h->reason);
	/* Who runs wants to know why it began cold. */
	if (h->start == LINK_COLD)
		snprintf(reply.reason, sizeof(reply.reason), "%s", h->reason);
	memcpy(reply.file, h->has.file, h->has.nr * sizeof(*reply.file));
	if (!link_answer(connection, &reply, &files) && q.op == LINK_RUN &&
	    !reply.err)
		h->start = LINK_AGAIN;
}

/* --------------------------------------------------------------------------------- serving */

/* What sd_notify(3) does. */
static void notify_manager(const char *text)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	autoclose int fd = -1;
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

static void say_start(const struct holder *h)
{
	autofree char *text = NULL;
	autofree char *message = NULL;
	char size[32];

	human_bytes(bytes_of(h), size, sizeof(size));
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
	close_one(&announce);
	if (!in_background)
		return;
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	dup2(null, STDERR_FILENO);
	close_descriptor(&null);
}

static void loop(struct holder *h, int socket, int signals)
{
	struct pollfd p[] = { { .fd = socket, .events = POLLIN },
			      { .fd = signals, .events = POLLIN } };
	bool end = false;

	while (!end) {
		bool retry = *h->stays && h->start != LINK_ASIDE;
		int n = poll(p, ARRAY_LEN(p), retry ? AGAIN_MS : -1);

		if (!n)
			preserve(h);
		if (n > 0 && p[0].revents)
			answer(h, socket, &end);
		if (n > 0 && p[1].revents)
			end = true;
	}
}

static int serve(struct holder *h)
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
	close_all(h);
	return EXIT_OK;
}

int holder_run(const char *name, const struct session_config *want, int ready)
{
	struct holder h;
	int err;

	announce = ready;
	in_background = ready >= 0;
	/* Who has this is passed by when all that is left is killed before the jump. */
	program_invocation_name[0] = '@';
	if (chdir("/"))
		say("the directory cannot be changed (%s).", strerror(errno));
	umask(022);
	holder_init(&h, name);
	if (is_held(name)) {
		say("session '%s' is held already.", name);
		return EXIT_FAILED;
	}
	err = begin(&h, want);
	if (!err && h.start != LINK_ASIDE)
		preserve(&h);
	close_one(&h.device);
	return err ? exit_code_of_found(err) : serve(&h);
}
