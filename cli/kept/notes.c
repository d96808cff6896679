// SPDX-License-Identifier: GPL-2.0
/* What is worth knowing. */
#include "cli/kept/notes.h"

#include <string.h>

#include "cli/base/printable.h"

/* Takes @text over. */
static void add(struct kept_notes *notes, char *text)
{
	if (notes->nr < KEPT_NOTES_MAX)
		notes->list[notes->nr] = text;
	else
		free(text);
	notes->nr++;
}

void kept_note(struct kept_notes *notes, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	pthread_mutex_lock(&notes->lock);
	add(notes, vformat(fmt, args));
	pthread_mutex_unlock(&notes->lock);
	va_end(args);
}

void kept_note_at(struct kept_notes *notes, const struct kept_tree *tree,
		  u64 offset, const char *fmt, ...)
{
	autofree char *path = NULL, *shown = NULL, *text = NULL;
	va_list args;

	pthread_mutex_lock(&notes->lock);
	/* Looking for the path reads all records. */
	if (notes->nr < KEPT_NOTES_MAX) {
		va_start(args, fmt);
		text = vformat(fmt, args);
		va_end(args);
		path = kept_tree_path(tree, offset);
		shown = printable(path, strlen(path));
		add(notes, format("%s: %s", shown, text));
	} else {
		notes->nr++;
	}
	pthread_mutex_unlock(&notes->lock);
}

void kept_notes_say(struct kept_notes *notes)
{
	u64 i;

	for (i = 0; i < notes->nr && i < KEPT_NOTES_MAX; i++)
		say("%s.", notes->list[i]);
	if (notes->nr > KEPT_NOTES_MAX)
		say("and so on: %llu more.",
		    (unsigned long long)(notes->nr - KEPT_NOTES_MAX));
}

struct json_object *kept_notes_json(const struct kept_notes *notes)
{
	struct json_object *list = json_object_new_array();
	u64 i;

	for (i = 0; i < notes->nr && i < KEPT_NOTES_MAX; i++)
		json_object_array_add(list,
				      json_object_new_string(notes->list[i]));
	return list;
}

void kept_notes_free(struct kept_notes *notes)
{
	u64 i;

	for (i = 0; i < notes->nr && i < KEPT_NOTES_MAX; i++)
		free(notes->list[i]);
	notes->nr = 0;
}
