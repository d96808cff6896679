// SPDX-License-Identifier: GPL-2.0
/* kho recipe: have a service keep its memory, by what the package kho-recipes has for it. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <glob.h>
#include <spawn.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <json-c/json.h>

#include "cli/base/output.h"
#include "cli/base/savefile.h"
#include "cli/base/table.h"
#include "cli/base/util.h"
#include "cli/verbs/verbs.h"

static const char help_text[] =
	"Usage: kho recipe [list] [OPTION...]\n"
	"       kho recipe enable NAME [--unit UNIT] [--directory DIR] [--now]\n"
	"       kho recipe disable NAME|UNIT [--now]\n\n"
	"Have a service find in the next kernel what it had in memory. NAME is that of a recipe of the\n"
	"package kho-recipes. Enabling writes /etc/kho/recipes.d/UNIT.conf, where more can be set, and\n"
	"links drop-ins into /etc/systemd/system; disabling removes them.\n\n"
	"Options:\n"
	"  -u, --unit UNIT       the service, for recipes that are not for one alone\n"
	"  -d, --directory DIR   where it has its state; without it, what the recipe or the unit says\n"
	"      --now             and restart the service, which takes effect then. Disabling a service\n"
	"                        that has its state in memory takes it: the state goes to the disk\n"
	"      --root DIR        in the system at DIR, of which nothing runs\n"
	"  -o, --output COL,...  columns: NAME, UNIT, PROGRAM, ENABLED, STATE, DIRECTORY, ABOUT\n"
	"  -n, --noheadings      no line with the names of the columns\n" TABLE_HELP
	"  -J, --json            JSON, with the reason for the state\n"
	"  -h, --help            this help\n\n"
	"STATE is how the service was begun with at this boot: `warm`, `cold`, `plain` (nothing is\n"
	"kept) or `refused` (it does not start); else `-`.\n\n"
	"Exit status: 0 success, 1 failure, 2 wrong usage, 3 none of that name, 6 not permitted.\n\n"
	"Examples:\n"
	"  kho recipe\n"
	"  kho recipe enable memcached --now\n"
	"  kho recipe enable postgresql --unit postgresql@15-main\n"
	"  kho recipe enable keep-dir --unit frob --directory /var/lib/frob\n";

#define RECIPES KHO_LIBEXECDIR "/recipes"
#define SETTINGS "/etc/kho/recipes.d"
#define DROP_INS "/etc/systemd/system"

enum column {
	COLUMN_NAME,
	COLUMN_UNIT,
	COLUMN_PROGRAM,
	COLUMN_ENABLED,
	COLUMN_STATE,
	COLUMN_DIRECTORY,
	COLUMN_ABOUT,
	NR_COLUMNS
};

static const char *const column_names[] = { "NAME",    "UNIT",	"PROGRAM",
					    "ENABLED", "STATE", "DIRECTORY",
					    "ABOUT" };

struct recipe_options {
	struct table table;
	const char *unit;
	const char *directory;
	const char *root;
	bool now;
	bool json;
};

/**
 * struct settings - what a file of lines KEY=VALUE says of what is needed here; NULL: nothing
 * @recipe: name of one; of a recipe itself the file's name says it
 * @unit: the service that it is for, without ".service"
 * @template: what the name of such a service begins with
 * @directory: where that has its state; %I is the instance of a template, its first dash a slash
 * @program: the service's program
 * @about: what it keeps
 */
struct settings {
	char *recipe;
	char *unit;
	char *template;
	char *directory;
	char *program;
	char *about;
};

static void settings_free(struct settings *s)
{
	free(s->recipe);
	free(s->unit);
	free(s->template);
	free(s->directory);
	free(s->program);
	free(s->about);
}

#define autosettings __attribute__((__cleanup__(settings_free)))

static void take_line(struct settings *s, const char *line)
{
	const struct {
		const char *key;
		char **value;
	} keys[] = {
		{ "RECIPE=", &s->recipe },     { "UNIT=", &s->unit },
		{ "TEMPLATE=", &s->template }, { "DIRECTORY=", &s->directory },
		{ "PROGRAM=", &s->program },   { "ABOUT=", &s->about },
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(keys); i++) {
		size_t length = strlen(keys[i].key);

		if (strncmp(line, keys[i].key, length))
			continue;
		free(*keys[i].value);
		*keys[i].value = format("%s", line + length);
	}
}

/* Return: 0 or negative errno, with @s as it was. */
static int settings_read(struct settings *s, const char *path)
{
	struct blob file = { 0 };
	char *text, *line, *rest;
	int err = read_file(path, MIB, &file);

	if (err)
		return err;
	text = format("%.*s", (int)file.bytes, (const char *)file.data);
	blob_free(&file);
	for (line = strtok_r(text, "\n", &rest); line;
	     line = strtok_r(NULL, "\n", &rest))
		take_line(s, line);
	free(text);
	return 0;
}

static char *recipe_path(const struct recipe_options *opt, const char *name)
{
	return format("%s" RECIPES "/%s.recipe", opt->root, name);
}

static char *settings_path(const struct recipe_options *opt, const char *unit)
{
	return format("%s" SETTINGS "/%s.conf", opt->root, unit);
}

/* May it be a part of a path? */
static bool is_name(const char *name)
{
	return *name && *name != '.' && !strpbrk(name, "/\n");
}

/* "a/b/name.ending" to "name", to be freed. */
static char *bare_name(const char *path)
{
	const char *slash = strrchr(path, '/'),
		   *name = slash ? slash + 1 : path;
	const char *dot = strrchr(name, '.');

	return format("%.*s", dot ? (int)(dot - name) : (int)strlen(name),
		      name);
}

/* --- systemd */

/* Return: exit status of systemctl, 127 if it cannot be run. */
static int run_systemctl(char *const argv[],
			 posix_spawn_file_actions_t *actions)
{
	extern char **environ;
	int status;
	pid_t pid;

	if (posix_spawnp(&pid, "systemctl", actions, NULL, argv, environ))
		return 127;
	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return 127;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 127;
}

static bool system_runs(const struct recipe_options *opt)
{
	return !*opt->root && !access("/run/systemd/system", F_OK);
}

/* systemctl() - have systemd do something with a unit; false after systemctl has said why not */
static bool systemctl(const struct recipe_options *opt, char *verb, char *unit)
{
	char *const argv[] = { "systemctl", verb, unit, NULL };

	return !system_runs(opt) || !run_systemctl(argv, NULL);
}

static bool is_active(const struct recipe_options *opt, const char *unit)
{
	autofree char *name = format("%s.service", unit);
	char *const argv[] = { "systemctl", "--quiet", "is-active", name,
			       NULL };

	return system_runs(opt) && !run_systemctl(argv, NULL);
}

/* First word of what a unit says as StateDirectory=, as a path; NULL: none */
static char *state_directory(const struct recipe_options *opt, const char *unit)
{
	autofree char *name = format("%s.service", unit);
	char *const argv[] = { "systemctl",  "show",
			       "--property", "StateDirectory",
			       "--value",    name,
			       NULL };
	posix_spawn_file_actions_t actions;
	char text[4096] = "";
	ssize_t n = 0;
	int fd[2];

	if (!system_runs(opt) || pipe2(fd, O_CLOEXEC))
		return NULL;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, fd[1], STDOUT_FILENO);
	/* It fits into the pipe. */
	if (!run_systemctl(argv, &actions)) {
		close(fd[1]);
		fd[1] = -1;
		n = read_full(fd[0], text, sizeof(text) - 1);
	}
	posix_spawn_file_actions_destroy(&actions);
	close_descriptor(&fd[1]);
	close(fd[0]);
	text[n > 0 ? n : 0] = '\0';
	text[strcspn(text, "\n ")] = '\0';
	return *text ? format("/var/lib/%s", text) : NULL;
}

/* --- list */

/**
 * struct entry - a line of the list
 * @name: of the recipe
 * @unit: of the service; NULL: nobody has said yet
 * @enabled: for it
 * @of: what recipe and settings say
 * @state: first line of the outcome
 * @why: second line
 */
struct entry {
	char *name;
	char *unit;
	bool enabled;
	struct settings of;
	char *state;
	char *why;
};

struct entries {
	struct entry *list;
	size_t nr;
};

static void entries_free(struct entries *all)
{
	size_t i;

	for (i = 0; i < all->nr; i++) {
		free(all->list[i].name);
		free(all->list[i].unit);
		free(all->list[i].state);
		free(all->list[i].why);
		settings_free(&all->list[i].of);
	}
	free(all->list);
}

#define autoentries __attribute__((__cleanup__(entries_free)))

static void read_outcome(const struct recipe_options *opt, struct entry *e)
{
	autofree char *path =
		format("%s/run/kho/recipe/%s/outcome", opt->root, e->unit);
	struct blob file = { 0 };
	char *text, *end;

	if (read_file(path, MIB, &file))
		return;
	text = format("%.*s", (int)file.bytes, (const char *)file.data);
	blob_free(&file);
	end = text + strcspn(text, "\n");
	e->state = format("%.*s", (int)(end - text), text);
	if (*end)
		end++;
	e->why = format("%.*s", (int)strcspn(end, "\n"), end);
	free(text);
}

static struct entry *entry_add(struct entries *all, const char *name)
{
	struct entry *e;

	all->list =
		need(realloc(all->list, (all->nr + 1) * sizeof(*all->list)));
	e = &all->list[all->nr++];
	*e = (struct entry){ .name = format("%s", name) };
	return e;
}

/* Those that are enabled, and then the recipes that are not. Return: 0 or negative errno. */
static int read_entries(const struct recipe_options *opt, struct entries *all)
{
	autofree char *enabled = format("%s" SETTINGS "/*.conf", opt->root);
	autofree char *known = format("%s" RECIPES "/*.recipe", opt->root);
	glob_t found = { 0 };
	size_t i, j, nr;

	glob(enabled, 0, NULL, &found);
	for (i = 0; i < found.gl_pathc; i++) {
		autosettings struct settings own = { 0 };
		autofree char *path = NULL;
		struct entry *e;

		if (settings_read(&own, found.gl_pathv[i]) || !own.recipe ||
		    !is_name(own.recipe))
			continue;
		e = entry_add(all, own.recipe);
		e->unit = bare_name(found.gl_pathv[i]);
		e->enabled = true;
		path = recipe_path(opt, own.recipe);
		settings_read(&e->of, path);
		settings_read(&e->of, found.gl_pathv[i]);
		read_outcome(opt, e);
	}
	globfree(&found);
	nr = all->nr;
	glob(known, 0, NULL, &found);
	for (i = 0; i < found.gl_pathc; i++) {
		autofree char *name = bare_name(found.gl_pathv[i]);
		struct entry *e;

		for (j = 0; j < nr && strcmp(all->list[j].name, name); j++)
			;
		if (j < nr)
			continue;
		e = entry_add(all, name);
		settings_read(&e->of, found.gl_pathv[i]);
		if (e->of.unit)
			e->unit = format("%s", e->of.unit);
	}
	i = found.gl_pathc;
	globfree(&found);
	return i ? 0 : -ENOENT;
}

static const char *program_state(const struct recipe_options *opt,
				 const struct settings *of)
{
	autofree char *path = NULL;

	if (!of->program)
		return "-";
	path = format("%s%s", opt->root, of->program);
	return access(path, X_OK) ? "missing" : "installed";
}

/* What a table is printed of. */
struct shown {
	const struct recipe_options *opt;
	const struct entries *all;
};

static char *cell(const void *data, size_t row, size_t column)
{
	const struct shown *shown = data;
	const struct entry *e = &shown->all->list[row];
	const char *text = NULL;

	switch (column) {
	case COLUMN_NAME:
		text = e->name;
		break;
	case COLUMN_UNIT:
		text = e->unit;
		break;
	case COLUMN_PROGRAM:
		text = program_state(shown->opt, &e->of);
		break;
	case COLUMN_ENABLED:
		text = e->enabled ? "yes" : "no";
		break;
	case COLUMN_STATE:
		text = e->state;
		break;
	case COLUMN_DIRECTORY:
		text = e->of.directory;
		break;
	default:
		text = e->of.about;
	}
	return format("%s", text ? text : "-");
}

static int print_json(const struct recipe_options *opt,
		      const struct entries *all)
{
	struct json_object *root = json_object_new_object(),
			   *list = json_object_new_array();
	size_t i;

	for (i = 0; i < all->nr; i++) {
		const struct entry *e = &all->list[i];
		struct json_object *o = json_object_new_object();

		json_add_string(o, "name", e->name);
		json_add_string(o, "unit", e->unit);
		json_add_string(o, "program", e->of.program);
		json_object_object_add(
			o, "installed",
			e->of.program ? json_object_new_boolean(!strcmp(
						program_state(opt, &e->of),
						"installed")) :
					NULL);
		json_object_object_add(o, "enabled",
				       json_object_new_boolean(e->enabled));
		json_add_string(o, "directory", e->of.directory);
		json_add_string(o, "state", e->state);
		json_add_string(o, "reason", e->why && *e->why ? e->why : NULL);
		json_add_string(o, "about", e->of.about);
		json_object_array_add(list, o);
	}
	json_object_object_add(root, "recipes", list);
	output_json(root);
	return finish_output();
}

static int no_recipes(const struct recipe_options *opt)
{
	say("there is nothing in %s" RECIPES
	    ": install the package kho-recipes.",
	    opt->root);
	return EXIT_ABSENT;
}

static int list(const struct recipe_options *opt)
{
	autoentries struct entries all = { 0 };
	const struct shown shown = { opt, &all };

	if (read_entries(opt, &all))
		return no_recipes(opt);
	return opt->json ? print_json(opt, &all) :
			   table_print(&opt->table, &shown, all.nr);
}

/* --- enable */

static int failed_to(const char *what, const char *path, int err)
{
	say("%s cannot be %s: %s.", path, what, strerror(-err));
	return exit_code_of_open(err);
}

static char *drop_in_dir(const struct recipe_options *opt, const char *unit)
{
	return format("%s" DROP_INS "/%s.service.d", opt->root, unit);
}

/* What it leads to may not be there: that is for the system it is in. */
static int link_to(const char *path, const char *target)
{
	char now[4096];
	ssize_t n = readlink(path, now, sizeof(now) - 1);

	if (n >= 0) {
		now[n] = '\0';
		if (!strcmp(now, target))
			return 0;
	}
	if (unlink(path) && errno != ENOENT)
		return -errno;
	return symlink(target, path) ? -errno : 0;
}

static int make_directory(const char *path)
{
	return mkdir(path, 0755) && errno != EEXIST ? -errno : 0;
}

/* The drop-in for all of them, and after it that of the recipe, if it has one. */
static int link_drop_ins(const struct recipe_options *opt, const char *name,
			 const char *unit)
{
	autofree char *dir = drop_in_dir(opt, unit);
	autofree char *first = format("%s/kho-1-recipe.conf", dir);
	autofree char *second = format("%s/kho-2-%s.conf", dir, name);
	autofree char *own = format(RECIPES "/%s.conf", name);
	autofree char *there = format("%s%s", opt->root, own);
	int err = make_directory(dir);

	if (!err)
		err = link_to(first, RECIPES "/keep-dir.conf");
	if (!err && strcmp(name, "keep-dir") && !access(there, F_OK))
		err = link_to(second, own);
	return err ? failed_to("written", dir, err) : EXIT_OK;
}

/* Settings that somebody has changed stay. */
static int write_settings(const struct recipe_options *opt, const char *name,
			  const char *unit, const char *directory)
{
	autosettings struct settings now = { 0 };
	autofree char *path = settings_path(opt, unit);
	autofree char *dir = format("%s" SETTINGS, opt->root);
	autofree char *text = format(
		"# What may be said here: kho(8), \"kho recipe\".\nRECIPE=%s\n%s%s%s",
		name, directory ? "DIRECTORY=" : "", directory ? directory : "",
		directory ? "\n" : "");
	int err = settings_read(&now, path);

	if (!err && now.recipe && strcmp(now.recipe, name)) {
		say("%s has the recipe '%s' already; `kho recipe disable %s` first.",
		    unit, now.recipe, unit);
		return EXIT_FAILED;
	}
	if (!err && opt->directory &&
	    (!now.directory || strcmp(now.directory, opt->directory))) {
		say("%s has another directory already, by %s; change it there.",
		    unit, path);
		return EXIT_FAILED;
	}
	if (!err)
		return EXIT_OK;
	if (err == -ENOENT) {
		err = make_directory(dir);
		if (!err)
			err = save_file(path, 0644, text, strlen(text));
	}
	return err ? failed_to("written", path, err) : EXIT_OK;
}

/* %I of a directory: the instance of a unit, with its first '-' as a '/'. */
static char *expand(const char *directory, const char *unit)
{
	const char *at = strstr(directory, "%I"), *name = strchr(unit, '@');
	char *path, *dash;

	if (!at || !name)
		return format("%s", directory);
	path = format("%.*s%s%s", (int)(at - directory), directory, name + 1,
		      at + 2);
	dash = strchr(path + (at - directory), '-');
	if (dash)
		*dash = '/';
	return path;
}

/* Without ".service"; NULL after saying that it is needed. */
static char *unit_of(const struct recipe_options *opt, const char *name,
		     const struct settings *of)
{
	const char *unit = opt->unit ? opt->unit : of->unit;
	size_t length;

	if (!unit) {
		say("recipe '%s' is not for one service alone: say which with --unit%s%s%s.",
		    name, of->template ? ", such as " : "",
		    of->template ? of->template : "",
		    of->template ? "15-main" : "");
		return NULL;
	}
	length = strlen(unit);
	if (length > 8 && !strcmp(unit + length - 8, ".service"))
		length -= 8;
	if (!is_name(unit) || (of->template && strncmp(unit, of->template,
						       strlen(of->template)))) {
		say("'%s' is not the name of a service%s%s.", unit,
		    of->template ? " that begins with " : "",
		    of->template ? of->template : "");
		return NULL;
	}
	return format("%.*s", (int)length, unit);
}

/* NULL: none is needed, or @code says that it is not known. */
static char *directory_of(const struct recipe_options *opt, const char *name,
			  const struct settings *of, const char *unit,
			  int *code)
{
	char *path = NULL;

	*code = EXIT_OK;
	if (opt->directory)
		path = format("%s", opt->directory);
	else if (of->directory)
		path = expand(of->directory, unit);
	else if (!strcmp(name, "keep-dir"))
		path = state_directory(opt, unit);
	else
		return NULL;
	if (!path) {
		say("%s.service does not say where it has its state (StateDirectory=): say it with --directory.",
		    unit);
		*code = EXIT_USAGE;
	} else if (*path != '/' || path[1] == '\0' || strchr(path, '\n')) {
		say("'%s' is not the path of a directory.", path);
		*code = EXIT_USAGE;
	}
	return path;
}

static void say_what_is_missing(const struct recipe_options *opt,
				const struct settings *of,
				const char *directory)
{
	autofree char *path =
		format("%s%s", opt->root, directory ? directory : "");

	if (!strcmp(program_state(opt, of), "missing"))
		say("%s is not installed: nothing happens until it is.",
		    of->program);
	else if (directory && access(path, F_OK))
		say("there is no directory %s: nothing is kept until it is there.",
		    directory);
}

static int enable_unit(const struct recipe_options *opt, const char *name,
		       const struct settings *of, char *unit)
{
	int code;
	autofree char *directory = directory_of(opt, name, of, unit, &code);

	if (!code)
		code = write_settings(opt, name, unit, directory);
	if (!code)
		code = link_drop_ins(opt, name, unit);
	if (code)
		return code;
	say_what_is_missing(opt, of, directory);
	if (!systemctl(opt, "daemon-reload", NULL) ||
	    (opt->now && !systemctl(opt, "restart", unit)))
		return EXIT_FAILED;
	printf("%s keeps what it has in %s from its next start on%s.\n", unit,
	       directory ? directory : "memory",
	       opt->now ? ", which was now" : "");
	if (!opt->now && is_active(opt, unit))
		printf("It runs: `systemctl restart %s` starts it.\n", unit);
	return finish_output();
}

/* The one that it is enabled with already. */
static void take_known_directory(const struct recipe_options *opt,
				 const char *name, const char *unit,
				 struct settings *of)
{
	autofree char *path = settings_path(opt, unit);
	autosettings struct settings own = { 0 };

	if (settings_read(&own, path) || !own.directory || !own.recipe ||
	    strcmp(own.recipe, name))
		return;
	free(of->directory);
	of->directory = own.directory;
	own.directory = NULL;
}

static int enable(const struct recipe_options *opt, const char *name)
{
	autosettings struct settings of = { 0 };
	autofree char *path = recipe_path(opt, name), *unit = NULL;
	int err = is_name(name) ? settings_read(&of, path) : -ENOENT;

	if (err == -ENOENT) {
		say("there is no recipe '%s'; `kho recipe list` shows all of the package kho-recipes.",
		    name);
		return EXIT_ABSENT;
	}
	if (err)
		return failed_to("read", path, err);
	unit = unit_of(opt, name, &of);
	if (unit)
		take_known_directory(opt, name, unit, &of);
	return unit ? enable_unit(opt, name, &of, unit) : usage_error("recipe");
}

/* --- disable */

static int remove_file(const char *path)
{
	return unlink(path) && errno != ENOENT ?
		       failed_to("removed", path, -errno) :
		       EXIT_OK;
}

static int remove_all(const struct recipe_options *opt, const struct entry *e)
{
	autofree char *dir = drop_in_dir(opt, e->unit);
	autofree char *first = format("%s/kho-1-recipe.conf", dir);
	autofree char *second = format("%s/kho-2-%s.conf", dir, e->name);
	autofree char *settings = settings_path(opt, e->unit);
	autofree char *note =
		format("%s/var/lib/kho/recipes/%s", opt->root, e->unit);
	int code = remove_file(first);

	if (!code)
		code = remove_file(second);
	if (!code)
		code = remove_file(settings);
	if (!code)
		code = remove_file(note);
	/* Somebody else may have one there. */
	rmdir(dir);
	return code;
}

static int disable_entry(const struct recipe_options *opt,
			 const struct entry *e)
{
	autofree char *keeper = format("kho-recipe@%s", e->unit);
	bool was_active = is_active(opt, e->unit);
	int code;

	if (is_active(opt, keeper)) {
		if (!opt->now) {
			say("%s has its state in memory, which is kept: disable it with --now, which stops it and puts the state back.",
			    e->unit);
			return EXIT_FAILED;
		}
		if (!systemctl(opt, "stop", keeper)) {
			say("%s is not disabled, since %s.service does not stop; `systemctl status` tells why.",
			    e->unit, keeper);
			return EXIT_FAILED;
		}
	}
	code = remove_all(opt, e);
	if (code)
		return code;
	if (!systemctl(opt, "daemon-reload", NULL) ||
	    (was_active && !systemctl(opt, "start", e->unit)))
		return EXIT_FAILED;
	printf("%s keeps nothing any more.\n", e->unit);
	return finish_output();
}

/* By the name of a unit, or of a recipe that one unit has. */
static int disable(const struct recipe_options *opt, const char *name)
{
	autoentries struct entries all = { 0 };
	const struct entry *found = NULL;
	size_t i, nr = 0;

	if (opt->unit)
		name = opt->unit;
	if (read_entries(opt, &all) && !all.nr)
		return no_recipes(opt);
	for (i = 0; i < all.nr; i++) {
		const struct entry *e = &all.list[i];

		if (!strcmp(e->unit ? e->unit : "", name) && e->enabled)
			return disable_entry(opt, e);
		if (!strcmp(e->name, name)) {
			found = e;
			nr++;
		}
	}
	if (nr > 1) {
		say("recipe '%s' is enabled for %zu services: say which with --unit; `kho recipe list` shows them.",
		    name, nr);
		return EXIT_USAGE;
	}
	if (!found) {
		say("there is no recipe '%s', and no service of that name has one; `kho recipe list` shows all.",
		    name);
		return EXIT_ABSENT;
	}
	if (found->enabled)
		return disable_entry(opt, found);
	printf("%s is not enabled.\n", name);
	return finish_output();
}

static int run(const struct recipe_options *opt, int nr, char **words)
{
	const char *what = nr ? words[0] : "list";

	if (!strcmp(what, "list") && nr <= 1)
		return list(opt);
	if (nr == 2 && !strcmp(what, "enable"))
		return enable(opt, words[1]);
	if (nr == 2 && !strcmp(what, "disable"))
		return disable(opt, words[1]);
	say("give `list`, `enable NAME` or `disable NAME`.");
	return usage_error("recipe");
}

int verb_recipe(int argc, char **argv)
{
	static const struct option options[] = {
		TABLE_OPTIONS,
		{ "unit", required_argument, NULL, 'u' },
		{ "directory", required_argument, NULL, 'd' },
		{ "now", no_argument, NULL, 'w' },
		{ "root", required_argument, NULL, 'R' },
		{ "json", no_argument, NULL, 'J' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	struct recipe_options opt = {
		.root = "",
		.table = { .verb = "recipe",
			   .names = column_names,
			   .nr_names = NR_COLUMNS,
			   .cell = cell },
	};
	int c;

	while ((c = getopt_long(argc, argv, TABLE_LETTERS "u:d:Jh", options,
				NULL)) != -1) {
		if (c == 'h')
			return show_help(help_text);
		if (c == 'u')
			opt.unit = optarg;
		else if (c == 'd')
			opt.directory = optarg;
		else if (c == 'w')
			opt.now = true;
		else if (c == 'R')
			opt.root = optarg;
		else if (c == 'J')
			opt.json = true;
		else if (!table_take(&opt.table, c, optarg))
			return usage_error("recipe");
	}
	if (!table_or_json(&opt.table, opt.json))
		return usage_error("recipe");
	return run(&opt, argc - optind, argv + optind);
}
