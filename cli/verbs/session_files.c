// SPDX-License-Identifier: GPL-2.0
/* kho session put and get. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <linux/magic.h>

#include "cli/base/savefile.h"
#include "cli/image/sysinfo.h"
#include "cli/session/config.h"
#include "cli/session/link.h"
#include "cli/session/list.h"
#include "cli/session/ludevice.h"
#include "cli/session/start.h"
#include "cli/verbs/session.h"
#include "cli/verbs/verbs.h"
#include "lib/liveupdate.h"

/**
 * struct wish - one argument
 * @token: of the file
 * @path: what is behind the =; NULL if there is none
 */
struct wish {
	u64 token;
	const char *path;
};

static int take_wish(char *text, bool needs_path, struct wish *w)
{
	char *path = strchr(text, '=');

	if (path)
		*path++ = '\0';
	w->path = path;
	if (session_token(text, &w->token) &&
	    (path ? *path != '\0' : !needs_path))
		return EXIT_OK;
	say("'%s' is not understood; it takes TOKEN%s, where TOKEN is a number of at most 64 bits.",
	    text, needs_path ? "=FILE" : " or TOKEN=FILE");
	return usage_error("session");
}

/* Return: EXIT_OK, with the name in argv[1], and @wish filled with @nr of the rest. */
static int take_arguments(int argc, char **argv, bool needs_path,
			  struct wish *wish, int *nr)
{
	static const struct option none[] = { { 0 } };
	int i, code;

	if (getopt_long(argc, argv, "", none, NULL) != -1)
		return usage_error("session");
	memmove(&argv[1], &argv[optind],
		sizeof(*argv) * (size_t)(argc - optind));
	argc -= optind - 1;
	if (argc < 3) {
		say(argc < 2 ? "which session? Give its name." :
			       "which token? Give at least one.");
		return usage_error("session");
	}
	for (i = 2; i < argc; i++) {
		code = take_wish(argv[i], needs_path, &wish[i - 2]);
		if (code)
			return code;
	}
	*nr = argc - 2;
	return EXIT_OK;
}

/* ------------------------------------------------------------------------------------- put */

/* Files in memory without a name are put in as they are. */
static bool goes_as_it_is(int fd, const struct stat *st)
{
	struct statfs fs;

	return S_ISREG(st->st_mode) && !st->st_nlink && !fstatfs(fd, &fs) &&
	       fs.f_type == TMPFS_MAGIC;
}

static int check_room(const char *path, const struct stat *st)
{
	u64 have = sysinfo_mem_available(), bytes = (u64)st->st_size;
	char a[32], b[32];

	if (!S_ISREG(st->st_mode) || !have || bytes <= have)
		return 0;
	say("there is not enough memory for %s, of %s, so it was not put in; free %s and try again.",
	    path, human_bytes(bytes, a, sizeof(a)),
	    human_bytes(bytes - have, b, sizeof(b)));
	return -ENOMEM;
}

static int copy_to(int from, int to, struct progress *p)
{
	autofree u8 *buffer = need(malloc(MIB));
	ssize_t n;
	int err;

	while ((n = read_full(from, buffer, MIB)) > 0) {
		err = write_all(to, buffer, (size_t)n);
		if (err)
			return err;
		progress_add(p, (u64)n);
	}
	return n < 0 ? (int)n : 0;
}

/* Return: file in memory with the same contents, or negative errno. */
static int copy_of(int from, const struct stat *st)
{
	struct progress p;
	int err, to = memfd_create("kho:put", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (to < 0)
		return -errno;
	progress_begin(&p, "putting", (u64)st->st_size);
	err = copy_to(from, to, &p);
	progress_end(&p);
	if (!err)
		return to;
	close(to);
	return err;
}

/* Return: file to put in, or negative errno, which was said. */
static int open_input(const char *path)
{
	autoclose int from = -1;
	struct stat st;
	int fd;

	if (!strcmp(path, "-"))
		from = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);
	else
		from = open(path, O_RDWR | O_CLOEXEC | O_NOCTTY);
	/* What may not be written to is copied. */
	if (from < 0)
		from = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (from < 0 || fstat(from, &st)) {
		fd = -errno;
		say("%s cannot be read (%s), so it was not put in.", path,
		    strerror(-fd));
		return fd == -ENOENT ? -ECANCELED : fd;
	}
	if (goes_as_it_is(from, &st)) {
		fd = from;
		from = -1;
		return fd;
	}
	fd = check_room(path, &st);
	if (fd)
		return fd;
	fd = copy_of(from, &st);
	if (fd < 0)
		say("%s cannot be copied into memory (%s), so it was not put in.",
		    path, strerror(-fd));
	return fd;
}

static void say_put_failed(const char *name, u64 token, int err)
{
	unsigned long long t = token;

	if (err == -ENOENT)
		say("there is no session '%s' that is held; `kho session create %s` makes one.",
		    name, name);
	else if (err == -EEXIST)
		say("session '%s' has a file with token %llu already.", name,
		    t);
	else if (err == -EINVAL)
		say("session '%s' takes no files: it is for a program, or kept aside.",
		    name);
	else if (err == -ETIMEDOUT || err == -EPERM || err == -EPROTO)
		say("nothing can be put into session '%s': %s.", name,
		    link_explain(err));
	else
		say("the file for token %llu was not put into session '%s': %s.",
		    t, name, ludevice_explain(err));
}

static int put_one(const char *name, const struct wish *w)
{
	autofiles struct link_files files = { 0 };
	autoclose int fd = open_input(w->path);
	struct link_reply reply;
	int err;

	if (fd < 0)
		return exit_code_of(fd);
	err = link_ask(name, LINK_PUT, w->token, fd, &reply, &files);
	if (!err)
		return EXIT_OK;
	say_put_failed(name, w->token, err);
	return exit_code_of(err);
}

int session_put(int argc, char **argv)
{
	autofree struct wish *wish = need(calloc((size_t)argc, sizeof(*wish)));
	autofiles struct link_files files = { 0 };
	struct link_reply reply;
	int i, nr, code = take_arguments(argc, argv, true, wish, &nr);
	int err;

	if (code)
		return code;
	/* Before anything is copied. */
	err = link_ask(argv[1], LINK_LIST, 0, -1, &reply, &files);
	if (err) {
		say_put_failed(argv[1], 0, err);
		return exit_code_of(err);
	}
	for (i = 0; !code && i < nr; i++)
		code = put_one(argv[1], &wish[i]);
	return code;
}

/* ------------------------------------------------------------------------------------- get */

static int copy_out(int from, int to, u64 bytes)
{
	struct progress p;
	int err;

	progress_begin(&p, "getting", bytes);
	err = copy_to(from, to, &p);
	progress_end(&p);
	return err;
}

static int write_out(int from, const char *path)
{
	struct save s;
	struct stat st;
	int err;

	/* Other kinds of files may have no end. */
	if (fstat(from, &st) || lseek(from, 0, SEEK_SET))
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	if (!path || !strcmp(path, "-"))
		return copy_out(from, STDOUT_FILENO, (u64)st.st_size);
	err = save_begin(&s, path);
	return err ? err : save_end(&s, copy_out(from, s.fd, (u64)st.st_size));
}

static void say_get_failed(const char *name, u64 token, int err)
{
	unsigned long long t = token;

	if (err == -ENOENT)
		say("session '%s' has no file with token %llu.", name, t);
	else if (err == -EINVAL || err == -EIO || err == -EBADMSG)
		say("the file with token %llu of session '%s' is damaged; see the kernel log.",
		    t, name);
	else
		say("the file with token %llu of session '%s' cannot be had: %s.",
		    t, name, link_explain(err));
}

static int get_one(const char *name, const struct wish *w)
{
	autofiles struct link_files files = { 0 };
	struct link_reply reply;
	int err = link_ask(name, LINK_GET, w->token, -1, &reply, &files);

	if (err) {
		say_get_failed(name, w->token, err);
		return err == -EINVAL ? EXIT_DAMAGED : exit_code_of(err);
	}
	err = write_out(files.fd[0], w->path);
	if (!err)
		return EXIT_OK;
	say("%s cannot be written (%s).",
	    w->path ? w->path : "the standard output", strerror(-err));
	return exit_code_of_found(err);
}

/* It is not listed: is there none, or was all that came refused? */
static int say_absent(const char *name)
{
	autoclose int dev = ludevice_open_or_say();
	autoclose int session = -1;

	if (dev < 0)
		return exit_code_of_open(dev);
	session = lu_session_retrieve(dev, name);
	if (session == -EIO)
		say("what the previous kernel handed on was refused, and with it session '%s', if there was one; `kho status` says why.",
		    name);
	else if (session == -EINVAL)
		say("session '%s' of the previous kernel is another program's by now.",
		    name);
	else
		say("there is no session '%s'; `kho session` lists them.",
		    name);
	return session == -EINVAL ? EXIT_FAILED : exit_code_of(session);
}

/* What came in is taken over, so that what is not got now can be later, and goes on. */
static int see_to_holder(const char *name)
{
	const struct session_config nothing = { 0 };
	autofiles struct link_files files = { 0 };
	struct link_reply reply;
	bool waits;
	int code, err = link_ask(name, LINK_LIST, 0, -1, &reply, &files);

	if (err != -ENOENT) {
		if (err)
			say("session '%s' cannot be used: %s.", name,
			    link_explain(err));
		return exit_code_of(err);
	}
	code = session_list_waits(name, &waits);
	if (code)
		return code;
	if (!waits)
		return say_absent(name);
	if (session_name_ok(name))
		return session_start(name, &nothing);
	say("session '%s' was not made by kho, which cannot hold one of this name; its own program can get it.",
	    name);
	return EXIT_FAILED;
}

int session_get(int argc, char **argv)
{
	autofree struct wish *wish = need(calloc((size_t)argc, sizeof(*wish)));
	int i, nr, code = take_arguments(argc, argv, false, wish, &nr);

	if (!code)
		code = see_to_holder(argv[1]);
	for (i = 0; !code && i < nr; i++)
		code = get_one(argv[1], &wish[i]);
	return code;
}
