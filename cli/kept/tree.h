/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A tree that came in: its records, all of them checked.
 */
#ifndef KHO_CLI_KEPT_TREE_H
#define KHO_CLI_KEPT_TREE_H

#include "core/kept_record.h"
#include "cli/base/keptdev.h"

/**
 * struct kept_tree - a tree that is open
 * @name: of it; not copied
 * @shown: the same as text
 * @fd: descriptor of KHO_KEPT_IOCTL_OPEN, or -1
 * @info: what that said
 * @records: them
 */
struct kept_tree {
	const char *name;
	char *shown;
	int fd;
	struct kho_kept_ioctl_open info;
	u8 *records;
};

#define autotree __attribute__((__cleanup__(kept_tree_free)))

/**
 * kept_tree_open() - open a tree that came in, read its records, and check all of them
 * @tree: filled; to be freed with kept_tree_free() whatever comes back
 * @dev: /dev/kho-kept
 * @name: of the tree
 *
 * What is wrong is said, but for -ENOENT: there is none of this name.
 *
 * Return: 0 or negative errno: -EBADMSG it is damaged, -ENODATA the previous kernel did not hand
 * it over.
 */
int kept_tree_open(struct kept_tree *tree, int dev, const char *name);

/* The same of records that are here already, such as those of a test; @name and @info are set. */
int kept_tree_check(const struct kept_tree *tree, struct kho_refusal *r);

void kept_tree_free(struct kept_tree *tree);

/**
 * kept_tree_path() - path of a record inside the tree
 * @tree: its records
 * @offset: of a NODE, LINK, or XATTR of one
 *
 * All records before it are read: this is for messages.
 *
 * Return: without '/' in front; "." for the directory itself; to be freed.
 */
char *kept_tree_path(const struct kept_tree *tree, u64 offset);

/* One name of a path; in the records. */
struct kept_part {
	const char *name;
	u32 bytes;
};

/**
 * struct kept_trail - names of the directories that something lies in, the kept one first
 * @list: them; that of the kept one is empty
 * @nr: how many
 * @room: that there is room for
 */
struct kept_trail {
	struct kept_part *list;
	size_t nr, room;
};

void kept_trail_push(struct kept_trail *t, const char *name, u32 bytes);
void kept_trail_pop(struct kept_trail *t);
void kept_trail_free(struct kept_trail *t);

/**
 * kept_trail_path() - join names with '/'
 * @t: directories
 * @first: what the path begins with: "." or ""
 * @name: what lies in them; may be NULL if it has no bytes
 * @bytes: length of that
 *
 * Return: to be freed.
 */
char *kept_trail_path(const struct kept_trail *t, const char *first,
		      const char *name, u32 bytes);

/**
 * struct kept_link - an inode of several names
 * @inode: its number
 * @index: for who walks through the tree
 */
struct kept_link {
	u64 inode;
	u64 index;
};

/**
 * struct kept_links - inodes of several names, in ascending order
 * @list: them
 * @nr: how many
 */
struct kept_links {
	struct kept_link *list;
	size_t nr;
};

/* Gathers them; to be freed with kept_links_free(). */
void kept_links_find(struct kept_links *links, const struct kept_tree *tree);
void kept_links_free(struct kept_links *links);
/* NULL: it has one name. */
struct kept_link *kept_links_get(const struct kept_links *links, u64 inode);

/**
 * struct kept_xattr - an extended attribute
 * @name: ends with NUL
 * @value: in the records
 * @value_bytes: its length
 */
struct kept_xattr {
	char name[KHO_KEPT_NAME_MAX + 1];
	const char *value;
	u32 value_bytes;
};

/**
 * struct kept_xattrs - those of one inode
 * @list: them; to be freed
 * @nr: how many
 */
struct kept_xattrs {
	struct kept_xattr *list;
	size_t nr;
};

void kept_xattrs_add(struct kept_xattrs *x,
		     const struct kho_kept_record *record);

/**
 * kept_name() - a name of a record as a string
 * @record: NODE, LINK or XATTR
 * @buf: filled
 *
 * Return: @buf.
 */
const char *kept_name(const struct kho_kept_record *record,
		      char buf[KHO_KEPT_NAME_MAX + 1]);

#endif /* KHO_CLI_KEPT_TREE_H */
