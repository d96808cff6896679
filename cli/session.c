// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <json-c/json.h>
#include <libsmartcols/libsmartcols.h>

#include "lib/liveupdate.h"
#include "output.h"
#include "util.h"
#include "verbs.h"

static const char help_text[] =
	"Usage: kho session [list] [OPTION...]\n"
	"       kho session drop NAME...\n\n"
	"List the sessions of /dev/liveupdate, or free incoming ones that nobody comes for, with\n"
	"all files in them.\n\n"
	"Options:\n"
	"  -n, --noheadings  no line with the names of the columns\n"
	"  -J, --json        JSON\n"
	"  -h, --help        this help\n\n"
	"ORIGIN is `incoming` for what came from the previous kernel, else `here`. STATE is `open`\n"
	"if a program has the session, else `waits`.\n\n"
	"Exit status: 0 success, 1 failure, 2 wrong usage.\n\n"
	"Example:\n"
	"  kho session list --json | jq -r '.sessions[] | select(.state == \"waits\").name'\n";

#define DIRECTORY "/sys/kernel/debug/liveupdate"

struct session_options {
	bool noheadings;
	bool json;
};

/* One line of the kernel's: files, state, name with bytes that are no text in octal. */
struct session {
	const char *origin;
	u64 nr_files;
	char state[8];
	char name[LU_NAME_SIZE];
};

/* What takes the sessions, one after the other. */
struct sink {
	struct json_object *json;
	struct libscols_table *table;
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

static void add_json(struct json_object *list, const struct session *s)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "name", json_object_new_string(s->name));
	json_object_object_add(o, "files", json_object_new_uint64(s->nr_files));
	json_object_object_add(o, "origin", json_object_new_string(s->origin));
	json_object_object_add(o, "state", json_object_new_string(s->state));
	json_object_array_add(list, o);
}

static void add_line(struct libscols_table *table, const struct session *s)
{
	struct libscols_line *line = need(scols_table_new_line(table, NULL));

	scols_line_set_data(line, 0, s->name);
	scols_line_refer_data(line, 1,
			      format("%llu", (unsigned long long)s->nr_files));
	scols_line_set_data(line, 2, s->origin);
	scols_line_set_data(line, 3, s->state);
}

static int read_sessions(const char *file, const char *origin,
			 const struct sink *sink)
{
	FILE *f = fopen(file, "re");
	char line[512];
	struct session s = { .origin = origin };

	if (!f) {
		say("%s cannot be read (%s): is the liveupdate module loaded, debugfs mounted, and are you root?",
		    file, strerror(errno));
		return EXIT_FAILED;
	}
	while (fgets(line, sizeof(line), f)) {
		if (!parse(line, &s))
			continue;
		if (sink->json)
			add_json(sink->json, &s);
		else
			add_line(sink->table, &s);
	}
	fclose(f);
	return EXIT_OK;
}

static int read_all(const struct sink *sink)
{
	int ret = read_sessions(DIRECTORY "/incoming", "incoming", sink);

	return ret ? ret : read_sessions(DIRECTORY "/outgoing", "here", sink);
}

static int list_json(void)
{
	struct json_object *root = json_object_new_object();
	struct sink sink = { .json = json_object_new_array() };
	int ret = read_all(&sink);

	json_object_object_add(root, "sessions", sink.json);
	if (ret) {
		json_object_put(root);
		return ret;
	}
	output_json(root);
	return finish_output();
}

static int list_table(const struct session_options *opt)
{
	struct sink sink = { .table = need(scols_new_table()) };
	int ret;

	scols_table_enable_noheadings(sink.table, opt->noheadings);
	need(scols_table_new_column(sink.table, "NAME", 0, 0));
	need(scols_table_new_column(sink.table, "FILES", 0, SCOLS_FL_RIGHT));
	need(scols_table_new_column(sink.table, "ORIGIN", 0, 0));
	need(scols_table_new_column(sink.table, "STATE", 0, 0));
	ret = read_all(&sink);
	if (!ret && scols_table_get_nlines(sink.table) &&
	    scols_print_table(sink.table))
		ret = EXIT_FAILED;
	scols_unref_table(sink.table);
	return ret ? ret : finish_output();
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
	return EXIT_FAILED;
}

static int drop(int nr, char **names)
{
	autoclose int dev = lu_open();
	int ret = EXIT_OK, i;

	if (dev < 0) {
		say("/dev/liveupdate cannot be opened (%s): %s.",
		    strerror(-dev),
		    dev == -EBUSY ? "another program uses it; try again" :
				    "load the liveupdate module, as root");
		return EXIT_FAILED;
	}
	for (i = 0; i < nr; i++)
		if (drop_one(dev, names[i]))
			ret = EXIT_FAILED;
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
		return opt->json ? list_json() : list_table(opt);
	say("'%s' is not understood; there are list and drop.", arg[nr > 1]);
	return usage_error("session");
}

int verb_session(int argc, char **argv)
{
	static const struct option options[] = {
		{ "noheadings", no_argument, NULL, 'n' },
		{ "json", no_argument, NULL, 'J' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	struct session_options opt = { false, false };
	int c;

	while ((c = getopt_long(argc, argv, "nJh", options, NULL)) != -1) {
		if (c == 'h')
			return show_help(help_text);
		if (c == 'n')
			opt.noheadings = true;
		else if (c == 'J')
			opt.json = true;
		else
			return usage_error("session");
	}
	return run(argc - optind, argv + optind, &opt);
}
