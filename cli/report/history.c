// SPDX-License-Identifier: GPL-2.0
/* The last handovers, in a file. */
#include "cli/report/history.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/base/savefile.h"

enum { FILE_MAX = 4 << 20 };

static int parse(struct history *h, struct json_object *root)
{
	struct json_object *list;
	struct blackout b;
	size_t i;

	if (!json_object_is_type(root, json_type_object) ||
	    !json_object_object_get_ex(root, "handovers", &list) ||
	    !json_object_is_type(list, json_type_array))
		return -EBADMSG;
	for (i = 0; i < json_object_array_length(list); i++) {
		if (!blackout_from_json(&b, json_object_array_get_idx(list, i)))
			return -EBADMSG;
		history_add(h, &b);
	}
	return 0;
}

int history_read(struct history *h, const char *path)
{
	struct json_tokener *tokener;
	struct json_object *root;
	struct blob file;
	int err;

	h->nr = 0;
	err = read_file(path, FILE_MAX, &file);
	if (err)
		return err == -ENOENT ? 0 : err;
	tokener = need(json_tokener_new());
	root = json_tokener_parse_ex(tokener, (char *)file.data,
				     (int)file.bytes);
	err = parse(h, root);
	if (err)
		h->nr = 0;
	json_object_put(root);
	json_tokener_free(tokener);
	blob_free(&file);
	return err;
}

/* What was lost is, also when nothing tells of it any more. */
static void replace(struct blackout *old, const struct blackout *b)
{
	u64 lost = old->trees_lost;

	*old = *b;
	if (old->trees_lost < lost)
		old->trees_lost = lost;
}

void history_add(struct history *h, const struct blackout *b)
{
	size_t i;

	for (i = 0; i < h->nr; i++) {
		if (!strcmp(h->entry[i].boot_id, b->boot_id)) {
			replace(&h->entry[i], b);
			return;
		}
	}
	if (h->nr == HISTORY_MAX)
		memmove(&h->entry[0], &h->entry[1],
			--h->nr * sizeof(h->entry[0]));
	h->entry[h->nr++] = *b;
}

static void make_directory(const char *path)
{
	autofree char *dir = format("%s", path);
	char *slash = strrchr(dir, '/');

	if (!slash || slash == dir)
		return;
	*slash = '\0';
	mkdir(dir, 0755);
}

int history_write(const struct history *h, const char *path)
{
	struct json_object *root = json_object_new_object(),
			   *list = json_object_new_array();
	const char *text;
	size_t i;
	int err;

	for (i = 0; i < h->nr; i++)
		json_object_array_add(list, blackout_json(&h->entry[i]));
	json_object_object_add(root, "version", json_object_new_int(1));
	json_object_object_add(root, "handovers", list);
	text = json_object_to_json_string_ext(root, JSON_C_TO_STRING_PRETTY);
	make_directory(path);
	err = save_file(path, 0644, text, strlen(text));
	json_object_put(root);
	return err;
}
