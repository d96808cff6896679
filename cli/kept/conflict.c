// SPDX-License-Identifier: GPL-2.0
/*
 * What is in the way of a tree, before anything of it is made. In a directory that is empty
 * nothing is, and nothing is looked for.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/kept/beneath.h"
#include "cli/kept/restore.h"

/* Descriptors of the directories that a record lies in; -1: there is none yet. */
struct open_dirs {
	int *fd;
	size_t nr, room;
};

static void push(struct open_dirs *dirs, int fd)
{
	if (dirs->nr == dirs->room) {
		dirs->room = dirs->room ? 2 * dirs->room : 64;
		dirs->fd =
			need(realloc(dirs->fd, dirs->room * sizeof(*dirs->fd)));
	}
	dirs->fd[dirs->nr++] = fd;
}

static void pop(struct open_dirs *dirs)
{
	close_descriptor(&dirs->fd[--dirs->nr]);
}

static bool is_empty(int dir)
{
	int fd = beneath_open(dir, ".", O_RDONLY | O_DIRECTORY, 0);
	DIR *list = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *d;
	bool empty = list;

	if (!list) {
		close_descriptor(&fd);
		return false;
	}
	errno = 0;
	while (empty && (d = readdir(list)))
		empty = !strcmp(d->d_name, ".") || !strcmp(d->d_name, "..");
	empty = empty && !errno;
	closedir(list);
	return empty;
}

/* Takes over the descriptor of a directory that is there. */
static void push_present(struct open_dirs *dirs, int fd)
{
	bool empty = is_empty(fd);

	if (empty)
		close_descriptor(&fd);
	push(dirs, empty ? -1 : fd);
}

static int stop(const struct kept_tree *tree,
		const struct kho_kept_record *record, char **path,
		const char **why, const char *what)
{
	*path = kept_tree_path(tree, record->offset);
	*why = what;
	return -EEXIST;
}

/* The directory of the record is there. */
static int look(struct open_dirs *dirs, const struct kept_tree *tree,
		const struct kho_kept_record *record, char **path,
		const char **why)
{
	bool is_dir = record->type == KHO_KEPT_RECORD_NODE &&
		      S_ISDIR(record->node.mode);
	char name[KHO_KEPT_NAME_MAX + 1];
	int in = dirs->fd[dirs->nr - 1], fd;
	struct stat st;

	kept_name(record, name);
	if (fstatat(in, name, &st, AT_SYMLINK_NOFOLLOW)) {
		if (errno != ENOENT)
			return -errno;
		if (is_dir)
			push(dirs, -1);
		return 0;
	}
	if (!is_dir)
		return stop(tree, record, path, why, "exists");
	if (!S_ISDIR(st.st_mode))
		return stop(tree, record, path, why,
			    "exists, and is no directory");
	fd = beneath_open(in, name, O_PATH | O_DIRECTORY, 0);
	if (fd == -EXDEV)
		return stop(tree, record, path, why,
			    "has another file system mounted on it");
	if (fd < 0)
		return fd;
	push_present(dirs, fd);
	return 0;
}

static int look_at(struct open_dirs *dirs, const struct kept_tree *tree,
		   const struct kho_kept_record *record, char **path,
		   const char **why)
{
	if (record->type == KHO_KEPT_RECORD_UP) {
		pop(dirs);
		return 0;
	}
	if (record->type != KHO_KEPT_RECORD_NODE &&
	    record->type != KHO_KEPT_RECORD_LINK)
		return 0;
	/* The kept directory itself. */
	if (!dirs->nr || !record->name_bytes)
		return 0;
	if (dirs->fd[dirs->nr - 1] >= 0)
		return look(dirs, tree, record, path, why);
	if (record->type == KHO_KEPT_RECORD_NODE && S_ISDIR(record->node.mode))
		push(dirs, -1);
	return 0;
}

int kept_conflict(const struct kept_tree *tree, int dir, char **path,
		  const char **why)
{
	struct open_dirs dirs = { 0 };
	struct kho_kept_reader reader;
	struct kho_kept_record record;
	int err = 0, root = dup(dir);
	bool any;

	*path = NULL;
	*why = NULL;
	if (root < 0)
		return -errno;
	push_present(&dirs, root);
	any = dirs.fd[0] >= 0;
	kho_kept_reader_init(&reader, tree->records, tree->info.record_bytes);
	while (any && !err && dirs.nr &&
	       kho_kept_next(&reader, &record, NULL) == KHO_STEP_NEXT)
		err = look_at(&dirs, tree, &record, path, why);
	while (dirs.nr)
		pop(&dirs);
	free(dirs.fd);
	return err;
}
