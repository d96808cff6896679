/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Names in an archive that somebody else made: is there anything that would lead out of the
 * directory it is unpacked into? Each entry lies in a directory that the archive itself made
 * before, so that no link is ever followed.
 */
#ifndef KHO_CLI_KEPT_TREENAMES_H
#define KHO_CLI_KEPT_TREENAMES_H

#include <sys/types.h>

#include "cli/base/util.h"

/* Entries that an archive may have: names are remembered. */
#define TREE_MAX_ENTRIES 1000000

/**
 * struct tree_names - names that were seen
 * @root: a tree of tsearch(3)
 * @nr: how many
 */
struct tree_names {
	void *root;
	u64 nr;
};

/**
 * tree_names_add() - look at the next entry
 * @names: those before; zeroed at first
 * @path: its name; "." is the directory itself
 * @type: S_IFMT part of its mode; 0 of a hard link
 * @link: of a hard link: the name that it is another one of, else NULL
 *
 * Return: NULL, or why it is not good: the end of a sentence. Static storage.
 */
const char *tree_names_add(struct tree_names *names, const char *path,
			   mode_t type, const char *link);

void tree_names_free(struct tree_names *names);

#endif /* KHO_CLI_KEPT_TREENAMES_H */
