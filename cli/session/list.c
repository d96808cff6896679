// SPDX-License-Identifier: GPL-2.0
/* All sessions: debugfs has them. */
#include "cli/session/list.h"

#include <errno.h>
#include <string.h>

#include "cli/base/exitcode.h"
#include "cli/base/printable.h"

#define DIRECTORY "/sys/kernel/debug/liveupdate"

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

/* Files, state, and the name, in which bytes that are no text are in octal. */
static bool parse(char *line, struct session_entry *s)
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

static void add(struct session_list *all, const struct session_entry *s)
{
	all->list =
		need(realloc(all->list, (all->nr + 1) * sizeof(*all->list)));
	all->list[all->nr++] = *s;
}

static int read_file_of(struct session_list *all, const char *file,
			const char *origin)
{
	FILE *f = fopen(file, "re");
	char line[512];
	struct session_entry s = { .origin = origin };
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

int session_list_read(struct session_list *all, bool incoming)
{
	return incoming ? read_file_of(all, DIRECTORY "/incoming", "incoming") :
			  read_file_of(all, DIRECTORY "/outgoing", "here");
}

void session_list_free(struct session_list *all)
{
	free(all->list);
}

int session_list_waits(const char *name, bool *waits)
{
	struct session_list all = { 0 };
	int code = session_list_read(&all, true);
	size_t i;

	*waits = false;
	for (i = 0; i < all.nr; i++) {
		if (!strcmp(all.list[i].name, name))
			*waits = !strcmp(all.list[i].state, "waits");
	}
	session_list_free(&all);
	return code;
}
