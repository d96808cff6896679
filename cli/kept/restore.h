/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Making files of a tree that came in.
 */
#ifndef KHO_CLI_KEPT_RESTORE_H
#define KHO_CLI_KEPT_RESTORE_H

#include "cli/kept/fsroom.h"

/**
 * struct kept_result - what was done
 * @nr_inodes: that the tree has
 * @nr_files: regular files among them
 * @bytes: that they hold
 * @resumed: an earlier run had begun
 * @notes: what is worth knowing
 */
struct kept_result {
	u64 nr_inodes;
	u64 nr_files;
	u64 bytes;
	bool resumed;
	struct kept_notes notes;
};

/**
 * kept_restore() - restore a tree into a directory
 * @tree: it; its records were checked
 * @dir: directory, open for reading
 * @shown: path of it, as text
 * @keeper: device by which the directory is kept from the moment on in which the tree is
 *          restored, by its name; negative: it is not
 * @result: filled; its notes are initialized
 *
 * Nothing that exists is overwritten: what of the tree exists but for directories is looked for
 * before anything is made, unless an earlier run had begun, which may have made it. What fails is
 * said. It can be called again after a failure, and after its process was killed.
 *
 * Return: 0 or negative errno.
 */
int kept_restore(const struct kept_tree *tree, int dir, const char *shown,
		 int keeper, struct kept_result *result);

/**
 * kept_conflict() - look for what is in the way of a tree
 * @tree: it; its records were checked
 * @dir: directory
 * @path: filled with its path, to be freed; or NULL
 * @why: filled with what it is: "exists", say; static storage
 *
 * Return: 0, -EEXIST, or another negative errno.
 */
int kept_conflict(const struct kept_tree *tree, int dir, char **path,
		  const char **why);

#endif /* KHO_CLI_KEPT_RESTORE_H */
