/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A tree that came in as an archive, for who cannot restore it.
 */
#ifndef KHO_CLI_KEPT_ARCHIVE_H
#define KHO_CLI_KEPT_ARCHIVE_H

#include "cli/kept/notes.h"

/**
 * struct kept_archived - what became of it
 * @nr_missing: regular files that are not in it
 * @nr_bad: pages that could not be read, and are zeros in it
 * @notes: what is worth knowing
 */
struct kept_archived {
	u64 nr_missing;
	u64 nr_bad;
	struct kept_notes notes;
};

/**
 * kept_archive() - write a tree as tar (pax)
 * @tree: it; its records were checked. It stays
 * @fd: where to write
 * @out: filled; its notes are initialized
 *
 * What fails is said. libarchive is looked for here, since nothing else needs it.
 *
 * Return: 0 or negative errno.
 */
int kept_archive(const struct kept_tree *tree, int fd,
		 struct kept_archived *out);

#endif /* KHO_CLI_KEPT_ARCHIVE_H */
