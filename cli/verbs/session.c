// SPDX-License-Identifier: GPL-2.0
/* kho session: sessions of /dev/liveupdate; here those that list and drop them. */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <json-c/json.h>

#include "lib/liveupdate.h"
#include "cli/base/output.h"
#include "cli/base/table.h"
#include "cli/base/util.h"
#include "cli/session/link.h"
#include "cli/session/list.h"
#include "cli/session/ludevice.h"
#include "cli/verbs/session.h"
#include "cli/verbs/verbs.h"

static const char help_text[] =
	"Usage: kho session [list] [OPTION...]\n"
	"       kho session run NAME [--fd TOKEN=SIZE]... [OPTION...] -- COMMAND [ARGUMENT...]\n"
	"       kho session create NAME [--fd TOKEN=SIZE]... [OPTION...]\n"
	"       kho session put NAME TOKEN=FILE...\n"
	"       kho session get NAME TOKEN[=FILE]...\n"
	"       kho session drop NAME...\n"
	"       kho session hold NAME [--fd TOKEN=SIZE]... [OPTION...]\n\n"
	"Sessions of /dev/liveupdate: files in memory that the next kernel has, too.\n\n"
	"list    list them\n"
	"run     run COMMAND with files of these sizes. The first time they are new and all zero;\n"
	"        after a kexec they are what they were. What came and is not exactly that, is kept\n"
	"        aside, and COMMAND is told to begin anew\n"
	"create  have a session held, for `put` or for `run`\n"
	"put     put copies of files into it; a file in memory without a name is put in itself\n"
	"get     get the contents of files of a session, here or after a kexec; it stays\n"
	"drop    end a session, or free one that came and nobody comes for, with all files in it\n"
	"hold    hold a session until it is dropped: what kho-session@.service runs\n\n"
	"Options:\n"
	"      --fd TOKEN=SIZE   run, create, hold: have a file of this size; TOKEN is a number\n"
	"      --user USER       create, hold: who may run with it, besides root\n"
	"      --label TEXT      run, create, hold: state with another label is no state of this\n"
	"  -o, --output COL,...  list: columns: NAME, FILES, ORIGIN, STATE\n"
	"  -n, --noheadings      list: no line with the names of the columns\n" TABLE_HELP
	"  -J, --json            list: JSON\n"
	"  -h, --help            this help\n\n"
	"COMMAND has, for each file, its descriptor in KHO_FD_TOKEN; {fd:TOKEN} and {path:TOKEN} in\n"
	"its arguments become the descriptor and its path in /proc. KHO_SESSION_START is `cold` (all\n"
	"is new; KHO_SESSION_REASON says why), `warm` (it came from the previous kernel) or `again`\n"
	"(a program of this kernel had it before).\n\n"
	"Without --fd, sizes are those of /etc/kho/session.d/NAME.conf.\n\n"
	"ORIGIN is `incoming` for what came from the previous kernel, else `here`. STATE is `open`\n"
	"if a program has the session, else `waits`.\n\n"
	"Exit status: 0 success, 1 failure, 2 wrong usage, 3 none of that name or token, 4 damaged,\n"
	"5 no room, 6 not permitted; `run` that of COMMAND, or 126 or 127 if it cannot be started.\n\n"
	"Examples:\n"
	"  kho session\n"
	"  kho session run cache --fd 1=256M -- memcached -e {path:1} -m 250\n"
	"  kho session create notes && kho session put notes 1=notes.txt\n"
	"  kho session get notes 1=notes.txt && kho session drop notes\n"
	"  kho session list --json | jq -r '.sessions[] | select(.state == \"waits\").name'\n";

enum column { COLUMN_NAME, COLUMN_FILES, COLUMN_ORIGIN, COLUMN_STATE };

static const char *const column_names[] = { "NAME", "FILES", "ORIGIN",
					    "STATE" };

struct session_options {
	struct table table;
	bool json;
};

static struct json_object *json_session(const struct session_entry *s)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "name", json_object_new_string(s->name));
	json_object_object_add(o, "files", json_object_new_uint64(s->nr_files));
	json_object_object_add(o, "origin", json_object_new_string(s->origin));
	json_object_object_add(o, "state", json_object_new_string(s->state));
	return o;
}

static int print_json(const struct session_list *all)
{
	struct json_object *root = json_object_new_object(),
			   *list = json_object_new_array();
	size_t i;

	for (i = 0; i < all->nr; i++)
		json_object_array_add(list, json_session(&all->list[i]));
	json_object_object_add(root, "sessions", list);
	output_json(root);
	return finish_output();
}

static char *cell(const void *data, size_t row, size_t column)
{
	const struct session_entry *s =
		&((const struct session_list *)data)->list[row];

	switch (column) {
	case COLUMN_NAME:
		return format("%s", s->name);
	case COLUMN_FILES:
		return format("%llu", (unsigned long long)s->nr_files);
	case COLUMN_ORIGIN:
		return format("%s", s->origin);
	default:
		return format("%s", s->state);
	}
}

static int list(const struct session_options *opt)
{
	struct session_list all = { 0 };
	int code = session_list_read(&all, true);

	if (!code)
		code = session_list_read(&all, false);
	if (!code)
		code = opt->json ? print_json(&all) :
				   table_print(&opt->table, &all, all.nr);
	session_list_free(&all);
	return code;
}

static const char *explain(int err)
{
	switch (-err) {
	case ENOENT:
		return "no such session came in; `kho session list` shows what did";
	case EINVAL:
		return "a program has it open; end that program first";
	case EBUSY:
		return "one of its files cannot be let go of yet; try again later";
	case EIO:
		return "what came in is damaged; `kho drop --incoming` frees all of it";
	default:
		return strerror(-err);
	}
}

static int drop_one(int dev, const char *name)
{
	autoclose int session = lu_session_retrieve(dev, name);
	int err = session < 0 ? session : lu_session_finish(session);

	if (!err)
		return EXIT_OK;
	say("session '%s' was not dropped: %s.", name, explain(err));
	return exit_code_of(err);
}

/* Whoever holds it by `kho session` ends. */
static int end_held(const char *name)
{
	autofiles struct link_files files = { 0 };
	struct link_reply reply;
	int err = link_ask(name, LINK_END, 0, -1, &reply, &files);

	if (err && err != -ENOENT)
		say("session '%s' was not dropped: %s.", name,
		    link_explain(err));
	return err;
}

static int drop(int nr, char **names)
{
	autoclose int dev = -1;
	int ret = EXIT_OK, one, i;

	for (i = 0; i < nr; i++) {
		one = end_held(names[i]);
		if (one == -ENOENT && dev < 0) {
			dev = ludevice_open_or_say();
			if (dev < 0)
				return exit_code_of_open(dev);
		}
		one = one == -ENOENT ? drop_one(dev, names[i]) :
				       exit_code_of(one);
		ret = ret ? ret : one;
	}
	return ret;
}

static int run(int nr, char **arg, const struct session_options *opt)
{
	if (nr && !strcmp(arg[0], "drop")) {
		if (nr > 1)
			return drop(nr - 1, arg + 1);
		say("drop which session? `kho session list` shows them.");
		return usage_error("session");
	}
	if (!nr || (nr == 1 && !strcmp(arg[0], "list")))
		return list(opt);
	say("there is no '%s'; `kho session --help` tells what is understood.",
	    arg[nr > 1 && !strcmp(arg[0], "list")]);
	return usage_error("session");
}

static int show_list(int argc, char **argv)
{
	static const struct option options[] = {
		TABLE_OPTIONS,
		{ "json", no_argument, NULL, 'J' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	struct session_options opt = {
		.table = { .verb = "session",
			   .names = column_names,
			   .nr_names = ARRAY_LEN(column_names),
			   .numbers = 1U << COLUMN_FILES,
			   .cell = cell },
	};
	int c;

	while ((c = getopt_long(argc, argv, TABLE_LETTERS "Jh", options,
				NULL)) != -1) {
		if (c == 'h')
			return show_help(help_text);
		if (c == 'J')
			opt.json = true;
		else if (!table_take(&opt.table, c, optarg))
			return usage_error("session");
	}
	if (!table_or_json(&opt.table, opt.json))
		return usage_error("session");
	return run(argc - optind, argv + optind, &opt);
}

int verb_session(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(int argc, char **argv);
	} what[] = {
		{ "run", session_run },	  { "create", session_create },
		{ "put", session_put },	  { "get", session_get },
		{ "hold", session_hold },
	};
	size_t i;

	for (i = 0; argc > 1 && i < ARRAY_LEN(what); i++) {
		if (strcmp(argv[1], what[i].name))
			continue;
		if (argc > 2 &&
		    (!strcmp(argv[2], "--help") || !strcmp(argv[2], "-h")))
			return show_help(help_text);
		/* What getopt puts in front of its messages. */
		argv[1] = argv[0];
		return what[i].run(argc - 1, argv + 1);
	}
	return show_list(argc, argv);
}
