// SPDX-License-Identifier: GPL-2.0
/* What the checks before a load found. */
#include "cli/image/findings.h"

static void add(struct findings *f, enum finding_level level, const char *id,
		const char *todo, const char *fmt, va_list args)
{
	f->list = need(realloc(f->list, (f->nr + 1) * sizeof(*f->list)));
	f->list[f->nr++] =
		(struct finding){ level, id, vformat(fmt, args), todo };
	f->nr_problems += level == FINDING_PROBLEM;
	f->nr_unknown += level == FINDING_UNKNOWN;
}

void finding_ok(struct findings *f, const char *id, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	add(f, FINDING_OK, id, NULL, fmt, args);
	va_end(args);
}

void finding_note(struct findings *f, const char *id, const char *todo,
		  const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	add(f, FINDING_NOTE, id, todo, fmt, args);
	va_end(args);
}

void finding_warning(struct findings *f, const char *id, const char *todo,
		     const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	add(f, FINDING_WARNING, id, todo, fmt, args);
	va_end(args);
}

void finding_problem(struct findings *f, const char *id, const char *todo,
		     const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	add(f, FINDING_PROBLEM, id, todo, fmt, args);
	va_end(args);
}

void finding_unknown(struct findings *f, const char *id, const char *todo,
		     const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	add(f, FINDING_UNKNOWN, id, todo, fmt, args);
	va_end(args);
}

void finding_at(struct findings *f, enum finding_level level, const char *id,
		const char *todo, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	add(f, level, id, todo, fmt, args);
	va_end(args);
}

bool findings_obstacle(const struct findings *f)
{
	return f->nr_problems || f->nr_unknown;
}

const char *finding_level_name(enum finding_level level)
{
	static const char *const name[] = { "ok", "note", "warning", "unknown",
					    "problem" };

	return name[level];
}

static void say_with(const struct finding *f, const char *prefix)
{
	if (f->todo)
		say("%s%s; %s.", prefix, f->text, f->todo);
	else
		say("%s%s.", prefix, f->text);
}

void finding_say(const struct finding *f)
{
	say_with(f, "");
}

const struct finding *findings_first_obstacle(const struct findings *f)
{
	enum finding_level worst = f->nr_problems ? FINDING_PROBLEM :
						    FINDING_UNKNOWN;
	size_t i;

	for (i = 0; i < f->nr; i++) {
		if (f->list[i].level == worst)
			return &f->list[i];
	}
	return NULL;
}

void findings_say_notes(const struct findings *f)
{
	size_t i;

	for (i = 0; i < f->nr; i++) {
		if (f->list[i].level == FINDING_NOTE)
			say_with(&f->list[i], "note: ");
		else if (f->list[i].level == FINDING_WARNING)
			say_with(&f->list[i], "warning: ");
	}
}

void findings_free(struct findings *f)
{
	size_t i;

	for (i = 0; i < f->nr; i++)
		free(f->list[i].text);
	free(f->list);
	*f = (struct findings){ 0 };
}
