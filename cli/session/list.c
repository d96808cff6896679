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

/* ---------------------------------------------------------------------------------- losses */

/* Calls @take for each line of a file of debugfs, if there is one. */
static void each_line(const char *file, struct session_losses *out,
		      void (*take)(struct session_losses *out, char *line))
{
	FILE *f = fopen(file, "re");
	char line[1024];

	if (!f)
		return;
	while (fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		take(out, line);
	}
	fclose(f);
}

/* What the kernel wrote, as text for people. */
static char *text_of(const char *line)
{
	char plain[1024];

	unescape(line, plain, sizeof(plain));
	return printable(plain, strlen(plain));
}

static void take_closed(struct session_losses *out, char *line)
{
	unsigned long long files, seconds;
	int at = 0;

	if (sscanf(line, "%llu %llu %n", &files, &seconds, &at) != 2 || !at)
		return;
	out->closed = need(realloc(out->closed, (out->nr_closed + 1) *
							sizeof(*out->closed)));
	out->closed[out->nr_closed++] = (struct session_closed){
		.nr_files = files,
		.seconds = seconds,
		.name = text_of(line + at),
	};
}

static void take_lost(struct session_losses *out, char *line)
{
	out->lost = need(
		realloc(out->lost, (out->nr_lost + 1) * sizeof(*out->lost)));
	out->lost[out->nr_lost++] = text_of(line);
}

void session_losses_read(struct session_losses *out)
{
	*out = (struct session_losses){ 0 };
	each_line(DIRECTORY "/closed", out, take_closed);
	each_line(DIRECTORY "/lost", out, take_lost);
}

void session_losses_free(struct session_losses *losses)
{
	while (losses->nr_closed)
		free(losses->closed[--losses->nr_closed].name);
	while (losses->nr_lost)
		free(losses->lost[--losses->nr_lost]);
	free(losses->closed);
	free(losses->lost);
}

char *session_closed_text(const struct session_losses *losses)
{
	char *text = format("%s", ""), *more;
	size_t i;

	for (i = 0; i < losses->nr_closed; i++) {
		const struct session_closed *c = &losses->closed[i];

		more = format("%s%s%s (%llu file%s, %llu s ago)", text,
			      i ? ", " : "", c->name,
			      (unsigned long long)c->nr_files,
			      c->nr_files == 1 ? "" : "s",
			      (unsigned long long)c->seconds);
		free(text);
		text = more;
	}
	return text;
}
