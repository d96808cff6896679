/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What was done otherwise than asked for, and is worth knowing: for people, and for JSON.
 */
#ifndef KHO_CLI_KEPT_NOTES_H
#define KHO_CLI_KEPT_NOTES_H

#include <pthread.h>
#include <json-c/json.h>

#include "cli/kept/tree.h"

/* Sentences that are kept; of more there is the number. */
#define KEPT_NOTES_MAX 100

/**
 * struct kept_notes - sentences
 * @lock: of the others
 * @list: them, without a period
 * @nr: how many there are, also beyond KEPT_NOTES_MAX
 */
struct kept_notes {
	pthread_mutex_t lock;
	char *list[KEPT_NOTES_MAX];
	u64 nr;
};

#define KEPT_NOTES_INIT                           \
	{                                         \
		.lock = PTHREAD_MUTEX_INITIALIZER \
	}

void kept_note(struct kept_notes *notes, const char *fmt, ...)
	printf_like(2, 3);

/* The sentence starts with the path of the record, and a colon. */
void kept_note_at(struct kept_notes *notes, const struct kept_tree *tree,
		  u64 offset, const char *fmt, ...) printf_like(4, 5);

/* Says them, in the order in which they came. */
void kept_notes_say(struct kept_notes *notes);
struct json_object *kept_notes_json(const struct kept_notes *notes);
void kept_notes_free(struct kept_notes *notes);

#endif /* KHO_CLI_KEPT_NOTES_H */
