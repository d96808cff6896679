/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the checks before a load found. `kho check` shows all of it, `kho load` the first problem.
 */
#ifndef KHO_CLI_FINDINGS_H
#define KHO_CLI_FINDINGS_H

#include "cli/base/util.h"

enum finding_level {
	FINDING_OK,
	FINDING_NOTE, /* worth knowing */
	FINDING_WARNING, /* it works, but something is lost or at risk */
	FINDING_UNKNOWN, /* it could not be looked at, so nobody can tell */
	FINDING_PROBLEM, /* it does not work */
};

/**
 * struct finding - one of them
 * @level: how bad
 * @id: stable name of the check, for scripts
 * @text: what was found and what it means; no full stop
 * @todo: what to do about it; NULL if there is nothing to do
 */
struct finding {
	enum finding_level level;
	const char *id;
	char *text;
	const char *todo;
};

/**
 * struct findings - all of them, in the order of the checks
 * @list: to be freed with findings_free()
 * @nr: how many
 * @nr_problems: how many of them are problems
 * @nr_unknown: how many could not be looked at
 */
struct findings {
	struct finding *list;
	size_t nr;
	size_t nr_problems;
	size_t nr_unknown;
};

/* Strings of @id and @todo are kept, not copied. */
void finding_ok(struct findings *f, const char *id, const char *fmt, ...)
	printf_like(3, 4);
void finding_note(struct findings *f, const char *id, const char *todo,
		  const char *fmt, ...) printf_like(4, 5);
void finding_warning(struct findings *f, const char *id, const char *todo,
		     const char *fmt, ...) printf_like(4, 5);
void finding_problem(struct findings *f, const char *id, const char *todo,
		     const char *fmt, ...) printf_like(4, 5);
void finding_unknown(struct findings *f, const char *id, const char *todo,
		     const char *fmt, ...) printf_like(4, 5);
/* A level that is known at run time only. */
void finding_at(struct findings *f, enum finding_level level, const char *id,
		const char *todo, const char *fmt, ...) printf_like(5, 6);

/* Is anything in the way, or may be? */
bool findings_obstacle(const struct findings *f);

/* The word for a level: "ok", "note", "warning", "unknown", "problem". */
const char *finding_level_name(enum finding_level level);

/* The first problem, or else the first that is not known; NULL if there is neither. */
const struct finding *findings_first_obstacle(const struct findings *f);
/* Say a finding as one sentence, with what to do. */
void finding_say(const struct finding *f);
/* Say the notes and warnings. */
void findings_say_notes(const struct findings *f);
void findings_free(struct findings *f);

#endif /* KHO_CLI_FINDINGS_H */
