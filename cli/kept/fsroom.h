/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The file system that a tree is restored into: its size, and its options.
 */
#ifndef KHO_CLI_KEPT_FSROOM_H
#define KHO_CLI_KEPT_FSROOM_H

#include "cli/kept/notes.h"

/**
 * struct kept_fs - a tmpfs, and what a tree wants of it
 * @dir: descriptor of the directory that is restored into
 * @shown: its path, as text
 * @whole: the directory is all of it, and so was the kept one: its options may be changed
 * @options: of the file system, with a comma before and behind each
 * @nr_inodes: that the tree has
 * @nr_pages: that it takes, about
 * @last_inode: highest number of an inode of it
 * @tree: it
 * @notes: get what is done
 * @grow_lock: of @grown
 * @grown: it was full, and was made as large as it was
 */
struct kept_fs {
	int dir;
	const char *shown;
	bool whole;
	char *options;
	u64 nr_inodes;
	u64 nr_pages;
	u64 last_inode;
	const struct kept_tree *tree;
	struct kept_notes *notes;
	pthread_mutex_t grow_lock;
	bool grown;
};

/**
 * kept_fs_init() - look at a file system
 * @fs: filled; to be freed with kept_fs_free()
 * @tree: what is to be restored
 * @dir: directory, not of O_PATH
 * @shown: its path
 * @notes: see above
 */
void kept_fs_init(struct kept_fs *fs, const struct kept_tree *tree, int dir,
		  const char *shown, struct kept_notes *notes);
void kept_fs_free(struct kept_fs *fs);

/**
 * kept_fs_make_room() - see to it that the tree fits
 * @fs: it
 *
 * What is too small is made larger if it is the tree's, and else said.
 *
 * Return: 0, -ENOSPC.
 */
int kept_fs_make_room(const struct kept_fs *fs);

/**
 * kept_fs_grow() - it was full nevertheless: make it as large as it was
 * @fs: it
 *
 * Context: any thread.
 *
 * Return: was that done, so that it is worth another try?
 */
bool kept_fs_grow(struct kept_fs *fs);

/* Gives it the options that it had, as far as they can be set now. */
void kept_fs_adopt(const struct kept_fs *fs);

/* Sets a quota; 0 or negative errno. */
int kept_fs_quota(const struct kept_fs *fs,
		  const struct kho_kept_record *quota);

#endif /* KHO_CLI_KEPT_FSROOM_H */
