/* SPDX-License-Identifier: GPL-2.0 */
/*
 * /dev/kho-kept: one function for each ioctl of include/uapi/linux/kho_kept.h. All return 0, or a
 * descriptor, or negative errno.
 */
#ifndef KHO_CLI_KEPTDEV_H
#define KHO_CLI_KEPTDEV_H

#include <linux/kho_kept.h>

#include "cli/base/util.h"

#define KEPTDEV_PATH "/dev/kho-kept"

int keptdev_open(void);

/* Open the device, or say in one sentence why that is impossible. */
int keptdev_open_or_say(void);

/* -ENAMETOOLONG and -EINVAL for what cannot be the name of a tree: so do all that take one. */
int keptdev_keep(int fd, int dir_fd, const char *name);
int keptdev_forget(int fd, const char *name);
int keptdev_drop(int fd, const char *name);
int keptdev_estimate(int fd, const char *name,
		     struct kho_kept_ioctl_estimate *out);

/* Hold the pages of files from @least_bytes on, for all trees; and let go of them. */
int keptdev_hold(int fd, u64 least_bytes, struct kho_kept_ioctl_hold *out);
int keptdev_let_go(int fd);

/* The descriptor is in @out, and returned. */
int keptdev_begin(int tree, int dir_fd, u64 last_inode, bool *resumed);
int keptdev_open_tree(int fd, const char *name,
		      struct kho_kept_ioctl_open *out);
int keptdev_fill(int tree, u64 file, int fd);
int keptdev_stamp(int tree, struct kho_kept_ioctl_stamp *arg);
int keptdev_peek(int tree, struct kho_kept_ioctl_peek *arg);
int keptdev_done(int tree, u32 flags);

/**
 * struct kept_info - one tree, as a list has it
 * @incoming: it came in; else it is to be handed over
 * @state: KHO_KEPT_STATE_*
 * @dev_major: KEPT: of its file system
 * @dev_minor: likewise
 * @nr_records: see struct kho_kept_ioctl_list
 * @nr_files: likewise
 * @nr_filled: likewise
 * @bytes: likewise
 * @kept_ns: likewise
 * @name: its name, any bytes
 * @why: REFUSED and LOST: the end of a sentence that starts with "since"; else ""
 * @path: KEPT: path inside its file system
 */
struct kept_info {
	bool incoming;
	u32 state;
	u32 dev_major;
	u32 dev_minor;
	u64 nr_records;
	u64 nr_files;
	u64 nr_filled;
	u64 bytes;
	u64 kept_ns;
	char *name;
	char *why;
	char *path;
};

/**
 * struct kept_list - all trees
 * @list: them, in ascending order of names, and what came in first
 * @nr: how many
 */
struct kept_list {
	struct kept_info *list;
	size_t nr;
};

/**
 * keptdev_list() - list the trees of both directions
 * @fd: device
 * @out: filled on success; for kept_list_free()
 */
int keptdev_list(int fd, struct kept_list *out);

/**
 * kept_list_read() - the same, where nothing is kept if there is no device
 * @out: filled, also on failure: with no tree then
 *
 * Return: 0, also if the module is not loaded, or negative errno.
 */
int kept_list_read(struct kept_list *out);
void kept_list_free(struct kept_list *trees);
/* NULL: there is none. */
const struct kept_info *kept_list_find(const struct kept_list *trees,
				       const char *name, bool incoming);

/**
 * kept_path_of() - the path that a tree may have as its name
 * @name: what somebody typed
 *
 * Only what has a '/' is a path: else a name would mean something else in every directory.
 *
 * Return: without links, "." and "..", to be freed; NULL: @name is none, or nothing is there.
 */
char *kept_path_of(const char *name);

/* Of what is kept it is not known how many of its inodes are regular files: all of them. */
u64 kept_nr_files(const struct kept_info *t);

/* "kept", "waiting", "begun", "refused", "lost"; "unknown" */
const char *kept_state_name(u32 state);

#define autokept __attribute__((__cleanup__(kept_list_free)))

#endif /* KHO_CLI_KEPTDEV_H */
