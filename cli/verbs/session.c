// SPDX-License-Identifier: GPL-2.0
/* kho session: list and drop sessions of /dev/liveupdate. */
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
#include "cli/verbs/verbs.h"

static const char help_text[] =
	"Usage: kho session [list] [OPTION...]\n"
	"       kho session drop NAME...\n\n"
	"List the sessions of /dev/liveupdate, or free incoming ones that nobody comes for, with\n"
	"all files in them.\n\n"
	"Options:\n"
	"  -o, --output COL,...  columns: NAME, FILES, ORIGIN, STATE\n"
	"  -n, --noheadings      no line with the names of the columns\n" TABLE_HELP
	"  -J, --json            JSON\n"
	"  -h, --help            this help\n\n"
	"ORIGIN is `incoming` for what came from the previous kernel, else `here`. STATE is `open`\n"
	"if a program has the session, else `waits`.\n\n"
	"Exit status: 0 success, 1 failure, 2 wrong usage, 3 none of that name, 6 not permitted.\n\n"
	"Examples:\n"
	"  kho session\n"
	"  kho session -n -o STATE,NAME\n"
	"  kho session list --json | jq -r '.sessions[] | select(.state == \"waits\").name'\n";

#define DIRECTORY "/sys/kernel/debug/liveupdate"

enum column { COLUMN_NAME, COLUMN_FILES, COLUMN_ORIGIN, COLUMN_STATE };

static const char *const column_names[] = { "NAME", "FILES", "ORIGIN",
					    "STATE" };

struct session_options {
	struct table table;
	bool json;
};

/* One line of the kernel's: files, state, name with bytes that are no text in octal. */
struct session {
	const char *origin;
	u64 nr_files;
	char state[8];
	char name[LU_NAME_SIZE];
};

struct sessions {
	struct session *list;
	size_t nr;
};

static void unescape(const char *from, char *to, size_t room)
{
	size_t n = 0;

	for (; *from && n + 1 < room; n++) {
		if (*from == '\\' && strspn(from + 1, "01234567") >= 3) {
			const char octal[] = { from[1], from[2], from[3], 0 };

			to[n] = (char)strtoul(octal, NULL, 8);
			from += 4;
		} else {
			to[n] = *from++;
		}
	}
	to[n] = '\0';
}

static bool parse(char *line, struct session *s)
{
	unsigned long long nr;
	int at = 0;

	line[strcspn(line, "\n")] = '\0';
	if (sscanf(line, "%llu %7s %n", &nr, s->state, &at) != 2 || !at)
		return false;
	s->nr_files = nr;
	unescape(line + at, s->name, sizeof(s->name));
	return true;
}

static void add(struct sessions *all, const struct session *s)
{
	all->list =
		need(realloc(all->list, (all->nr + 1) * sizeof(*all->list)));
	all->list[all->nr++] = *s;
}

static int read_sessions(struct sessions *all, const char *file,
			 const char *origin)
{
	FILE *f = fopen(file, "re");
	char line[512];
	struct session s = { .origin = origin };
	int err = errno;

	if (!f) {
		say("%s cannot be read (%s): is the liveupdate module loaded, debugfs mounted, and are you root?",
		    file, strerror(err));
		return exit_code_of_open(-err);
	}
	while (fgets(line, sizeof(line), f)) {
		if (parse(line, &s))
			add(all, &s);
	}
	fclose(f);
	return EXIT_OK;
}

static struct json_object *json_session(const struct session *s)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "name", json_object_new_string(s->name));
	json_object_object_add(o, "files", json_object_new_uint64(s->nr_files));
	json_object_object_add(o, "origin", json_object_new_string(s->origin));
	json_object_object_add(o, "state", json_object_new_string(s->state));
	return o;
}

static int print_json(const struct sessions *all)
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
	const struct session *s = &((const struct sessions *)data)->list[row];

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
	struct sessions all = { 0 };
	int code = read_sessions(&all, DIRECTORY "/incoming", "incoming");

	if (!code)
		code = read_sessions(&all, DIRECTORY "/outgoing", "here");
	if (!code)
		code = opt->json ? print_json(&all) :
				   table_print(&opt->table, &all, all.nr);
	free(all.list);
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

static int drop(int nr, char **names)
{
	autoclose int dev = lu_open();
	int ret = EXIT_OK, one, i;

	if (dev < 0) {
		say("/dev/liveupdate cannot be opened (%s): %s.",
		    strerror(-dev),
		    dev == -EBUSY ? "another program uses it; try again" :
				    "load the liveupdate module, as root");
		return exit_code_of_open(dev);
	}
	for (i = 0; i < nr; i++) {
		one = drop_one(dev, names[i]);
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
	say("'%s' is not understood; there are list and drop.", arg[nr > 1]);
	return usage_error("session");
}

int verb_session(int argc, char **argv)
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
