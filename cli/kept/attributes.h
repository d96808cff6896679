/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a file of a tree has besides its names and contents.
 */
#ifndef KHO_CLI_KEPT_ATTRIBUTES_H
#define KHO_CLI_KEPT_ATTRIBUTES_H

#include "cli/kept/notes.h"

/**
 * struct kept_made - a file that was made
 * @fd: descriptor of it
 * @only_path: @fd is one of O_PATH: it is neither a regular file nor a directory
 * @owned: it was made with its owner
 * @moded: ... and with its mode
 * @node: what it shall be like
 * @xattrs: likewise
 * @offset: of its record
 */
struct kept_made {
	int fd;
	bool only_path;
	bool owned;
	bool moded;
	struct kho_kept_node node;
	struct kept_xattrs xattrs;
	u64 offset;
};

/**
 * kept_attributes_set() - set all of them; the time of the last change is the last
 * @made: it
 * @tree: its records and its descriptor, which was begun with
 * @notes: gets what the file system cannot hold
 *
 * What fails is said. It may be set again. Context: any thread.
 *
 * Return: 0 or negative errno.
 */
int kept_attributes_set(const struct kept_made *made,
			const struct kept_tree *tree, struct kept_notes *notes);

/**
 * kept_attributes_clear() - let a file be changed that was finished before
 * @fd: regular file or directory, not of O_PATH
 *
 * Takes flags away, such as the immutable one.
 *
 * Return: 0 or negative errno.
 */
int kept_attributes_clear(int fd);

/**
 * kept_inherited() - flags that a new file gets from its directory
 * @attributes: FS_*_FL
 */
u32 kept_inherited(u32 attributes);

/* Sets flags of a directory; 0 or negative errno. */
int kept_flags_set(int fd, u32 attributes);

/**
 * kept_say_failed() - say that restoring fails, and at what
 * @tree: its records
 * @offset: of the record
 * @what: the end of a sentence that starts with its path, such as "its owner cannot be set"
 * @err: negative errno
 *
 * Return: @err.
 */
int kept_say_failed(const struct kept_tree *tree, u64 offset, const char *what,
		    int err);

#endif /* KHO_CLI_KEPT_ATTRIBUTES_H */
