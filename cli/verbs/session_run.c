// SPDX-License-Identifier: GPL-2.0
/* kho session run, create and hold. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <string.h>

#include "cli/session/config.h"
#include "cli/session/holder.h"
#include "cli/session/link.h"
#include "cli/session/ludevice.h"
#include "cli/session/start.h"
#include "cli/verbs/session.h"
#include "cli/verbs/verbs.h"

/* What a shell ends with. */
enum { EXIT_CANNOT_RUN = 126, EXIT_NO_COMMAND = 127 };

static int complain(const char *option, const char *value, const char *why)
{
	say("%s '%s': %s.", option, value, why);
	return usage_error("session");
}

/* Return: EXIT_OK, with the name in argv[optind]. */
static int take_options(int argc, char **argv, struct session_config *c)
{
	static const struct option options[] = {
		{ "fd", required_argument, NULL, 'f' },
		{ "user", required_argument, NULL, 'u' },
		{ "label", required_argument, NULL, 'l' },
		{ 0 },
	};
	const char *why;
	int o;

	while ((o = getopt_long(argc, argv, "f:u:l:", options, NULL)) != -1) {
		if (o == '?')
			return usage_error("session");
		if (o == 'f')
			why = session_config_add(c, optarg);
		else if (o == 'u')
			why = session_config_user(c, optarg);
		else
			why = session_config_label(c, optarg);
		if (why)
			return complain(o == 'f' ? "--fd" :
					o == 'u' ? "--user" :
						   "--label",
					optarg, why);
	}
	if (optind == argc) {
		say("which session? Give its name.");
		return usage_error("session");
	}
	if (session_name_ok(argv[optind]))
		return EXIT_OK;
	say("'%s' cannot be the name of a session here: it takes 1 to %d letters, digits and -_.:, and begins with a letter or digit.",
	    argv[optind], SESSION_NAME_MAX);
	return usage_error("session");
}

static int only_the_name(int argc, char **argv)
{
	if (argc - optind == 1)
		return EXIT_OK;
	say("'%s' is too much; there is one name.", argv[optind + 1]);
	return usage_error("session");
}

/* What it is to have: by the command line, else by the file. -ENOENT: neither says. */
static int find_config(struct session_config *c, const char *name)
{
	return c->nr ? 0 : session_config_read(c, name);
}

/* Nothing is known of a session that could never be there. */
static int check_room(const struct session_config *c, const char *name)
{
	u64 have = (u64)sysconf(_SC_PHYS_PAGES) * PAGE_BYTES, sum = 0;
	char a[32], b[32], m[32];
	size_t i;

	for (i = 0; i < c->nr; i++)
		sum = sum + c->file[i].bytes < sum ? UINT64_MAX :
						     sum + c->file[i].bytes;
	if (sum <= have)
		return EXIT_OK;
	say("session '%s' is to have %s, and the machine has %s: %s are missing.",
	    name, human_bytes(sum, a, sizeof(a)),
	    human_bytes(have, b, sizeof(b)),
	    human_bytes(sum - have, m, sizeof(m)));
	return EXIT_NO_ROOM;
}

/* Where somebody waits, or -1. */
static int take_ready(void)
{
	const char *text = getenv(HOLDER_READY);
	int fd = text ? atoi(text) : -1;

	unsetenv(HOLDER_READY);
	if (fd <= STDERR_FILENO || fcntl(fd, F_SETFD, FD_CLOEXEC))
		return -1;
	return fd;
}

int session_hold(int argc, char **argv)
{
	int ready = take_ready();
	struct session_config c = { 0 };
	int err = take_options(argc, argv, &c);

	if (!err)
		err = only_the_name(argc, argv);
	if (err)
		return err;
	err = find_config(&c, argv[optind]);
	if (err && err != -ENOENT)
		return EXIT_FAILED;
	err = check_room(&c, argv[optind]);
	return err ? err : holder_run(argv[optind], &c, ready);
}

static int look(const char *name, struct link_reply *reply)
{
	autofiles struct link_files files = { 0 };

	return link_ask(name, LINK_LIST, 0, -1, reply, &files);
}

int session_create(int argc, char **argv)
{
	struct session_config c = { 0 };
	struct link_reply reply;
	int err = take_options(argc, argv, &c);
	const char *name = argv[optind];

	if (!err)
		err = only_the_name(argc, argv);
	if (err)
		return err;
	if (look(name, &reply) != -ENOENT) {
		say("there is a session '%s' already; nothing was changed.",
		    name);
		return EXIT_FAILED;
	}
	err = find_config(&c, name);
	if (err && err != -ENOENT)
		return EXIT_FAILED;
	err = check_room(&c, name);
	return err ? err : session_start(name, &c);
}

/* ------------------------------------------------------------------------------------- run */

static void say_ask_failed(const char *name, int err)
{
	if (err == -ENOENT)
		say("there is no session '%s': nobody holds it, no --fd says what it is to have, and there is no /etc/kho/session.d/%s.conf.",
		    name, name);
	else if (err == -EINVAL)
		say("session '%s' is for no program: it has what was put into it, or is kept aside; `kho session get` gets that.",
		    name);
	else
		say("session '%s' cannot be used: %s.", name,
		    link_explain(err));
}

/* See who holds it; if nobody does, somebody is started. */
static int find_holder(const char *name, struct session_config *c,
		       struct link_reply *reply)
{
	int code, err = look(name, reply);

	if (err != -ENOENT)
		return err;
	err = find_config(c, name);
	if (err)
		return err == -ENOENT ? err : -ECANCELED;
	code = check_room(c, name);
	if (code)
		return code;
	code = session_start(name, c);
	return code ? code : look(name, reply);
}

/* It is held since before, perhaps for another command line. */
static int compare(const char *name, const struct session_config *c,
		   const struct link_reply *reply)
{
	autofree char *why = NULL;

	if (!c->nr)
		return EXIT_OK;
	why = session_config_differs(c->file, c->nr, reply->file, reply->nr);
	if (!why)
		return EXIT_OK;
	say("session '%s' is held with other files: %s; drop it, or run with what it has.",
	    name, why);
	return EXIT_FAILED;
}

/* With their descriptors; without @keep it only looks whether that is possible. */
static int expand(char **command, const struct link_reply *reply, const int *fd,
		  bool keep)
{
	size_t i;

	for (i = 0; command[i]; i++) {
		char *argument =
			session_expand(command[i], reply->file, fd, reply->nr);

		if (!argument) {
			say("'%s' names a token that the session has no file of; nothing was run.",
			    command[i]);
			return EXIT_USAGE;
		}
		if (keep)
			command[i] = argument;
		else
			free(argument);
	}
	return EXIT_OK;
}

/* Nobody is told that a program had the files before it is sure that one will. */
static int get_files(const char *name, struct session_config *c, char **command,
		     struct link_reply *reply, struct link_files *files)
{
	const int none[SESSION_MAX_FILES] = { 0 };
	int code, err = find_holder(name, c, reply);

	/* An exit code: it was said why. */
	if (err > 0)
		return err;
	if (err == -ECANCELED)
		return EXIT_FAILED;
	if (!err) {
		code = compare(name, c, reply);
		if (!code)
			code = expand(command, reply, none, false);
		if (code)
			return code;
		err = link_ask(name, LINK_RUN, 0, -1, reply, files);
	}
	if (!err)
		return expand(command, reply, files->fd, true);
	say_ask_failed(name, err);
	return exit_code_of(err);
}

static void set_variable(const char *name, const char *value)
{
	if (setenv(name, value, 1))
		need(NULL);
}

static const char *start_name(u32 start)
{
	return start == LINK_WARM ? "warm" :
	       start == LINK_COLD ? "cold" :
				    "again";
}

static void set_environment(const char *name, const struct link_reply *reply,
			    const struct link_files *files)
{
	size_t i;

	set_variable("KHO_SESSION", name);
	set_variable("KHO_SESSION_START", start_name(reply->start));
	if (reply->start == LINK_COLD)
		set_variable("KHO_SESSION_REASON", reply->reason);
	else
		unsetenv("KHO_SESSION_REASON");
	for (i = 0; i < files->nr; i++) {
		autofree char *variable =
			format("KHO_FD_%llu",
			       (unsigned long long)reply->file[i].token);
		autofree char *number = format("%d", files->fd[i]);

		set_variable(variable, number);
		fcntl(files->fd[i], F_SETFD, 0);
	}
}

static void say_start(const char *name, const struct link_reply *reply)
{
	autofree char *why = reply->start == LINK_COLD ?
				     format(": %s", reply->reason) :
				     format("%s", "");

	say("session '%s' begins %s%s.", name, start_name(reply->start), why);
	if (reply->stays)
		say("session '%s' WOULD NOT BE HANDED ON; `systemctl status kho-session@%s` or the log says why.",
		    name, name);
}

static int run_command(char **command)
{
	int err;

	execvp(command[0], command);
	err = errno;
	say("%s cannot be run (%s).", command[0], strerror(err));
	return err == ENOENT ? EXIT_NO_COMMAND : EXIT_CANNOT_RUN;
}

int session_run(int argc, char **argv)
{
	autofiles struct link_files files = { 0 };
	struct session_config c = { 0 };
	struct link_reply reply;
	int code = take_options(argc, argv, &c);
	const char *name = argv[optind];

	if (code)
		return code;
	if (argc - optind < 2) {
		say("which command? Give it behind a --.");
		return usage_error("session");
	}
	code = get_files(name, &c, argv + optind + 1, &reply, &files);
	if (code)
		return code;
	set_environment(name, &reply, &files);
	say_start(name, &reply);
	return run_command(argv + optind + 1);
}
