// SPDX-License-Identifier: GPL-2.0
/* Names in an archive. */
#include "cli/kept/treenames.h"

#include <limits.h>
#include <search.h>
#include <string.h>
#include <sys/stat.h>

/**
 * struct seen - an entry
 * @type: S_IFMT part of its mode
 * @path: its name, without "./" and slashes at the end
 */
struct seen {
	mode_t type;
	char path[];
};

static int in_order(const void *a, const void *b)
{
	return strcmp(((const struct seen *)a)->path,
		      ((const struct seen *)b)->path);
}

static struct seen *seen_new(const char *path, size_t length, mode_t type)
{
	struct seen *s = need(malloc(sizeof(*s) + length + 1));

	s->type = type;
	memcpy(s->path, path, length);
	s->path[length] = '\0';
	return s;
}

/* The type of an entry that was seen, 0 if there is none. */
static mode_t type_of(struct tree_names *names, const char *path, size_t length)
{
	autofree struct seen *key = seen_new(path, length, 0);
	struct seen **found = tfind(key, &names->root, in_order);

	return found ? (*found)->type : 0;
}

/* Is each part of it the name of something? */
static bool parts_ok(const char *path)
{
	size_t length;

	for (;;) {
		length = strcspn(path, "/");
		if (!length || length > NAME_MAX ||
		    (length == 1 && path[0] == '.') ||
		    (length == 2 && path[0] == '.' && path[1] == '.'))
			return false;
		if (!path[length])
			return true;
		path += length + 1;
	}
}

/* What is left without "./" at the beginning and slashes at the end; "" is the directory. */
static const char *bare(const char *path, size_t *length)
{
	while (path[0] == '.' && path[1] == '/')
		path += 2;
	*length = strlen(path);
	while (*length && path[*length - 1] == '/')
		--*length;
	if (*length == 1 && path[0] == '.')
		*length = 0;
	return path;
}

static const char *check_link(struct tree_names *names, const char *link)
{
	size_t length;

	link = bare(link, &length);
	return S_ISREG(type_of(names, link, length)) ?
		       NULL :
		       "it is a hard link to what is no file of it";
}

static bool type_ok(mode_t type)
{
	return S_ISREG(type) || S_ISDIR(type) || S_ISLNK(type) ||
	       S_ISFIFO(type);
}

const char *tree_names_add(struct tree_names *names, const char *path,
			   mode_t type, const char *link)
{
	autofree struct seen *s = NULL;
	const char *slash, *why;
	size_t length;

	if (!path || path[0] == '/')
		return "its name is none below the directory";
	path = bare(path, &length);
	if (!length)
		return S_ISDIR(type) ? NULL : "its name is empty";
	s = seen_new(path, length, link ? S_IFREG : type);
	if (!parts_ok(s->path))
		return "its name leads elsewhere";
	if (!link && !type_ok(type))
		return "it is a device, or nothing that is known";
	slash = strrchr(s->path, '/');
	if (slash &&
	    !S_ISDIR(type_of(names, s->path, (size_t)(slash - s->path))))
		return "it lies in no directory of the archive";
	why = link ? check_link(names, link) : NULL;
	if (why)
		return why;
	if (type_of(names, s->path, length))
		return "its name is there twice";
	if (names->nr == TREE_MAX_ENTRIES)
		return "there are too many";
	need(tsearch(s, &names->root, in_order));
	names->nr++;
	s = NULL;
	return NULL;
}

void tree_names_free(struct tree_names *names)
{
	tdestroy(names->root, free);
	*names = (struct tree_names){ 0 };
}
