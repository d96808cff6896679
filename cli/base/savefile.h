/* SPDX-License-Identifier: GPL-2.0 */
/* Files that are written as a whole or not at all. */
#ifndef KHO_CLI_SAVEFILE_H
#define KHO_CLI_SAVEFILE_H

#include <sys/types.h>

#include "cli/base/util.h"

/**
 * struct save - a file that is being written
 * @fd: where to write
 * @path: name that it will have
 * @temp: name that it has until then
 */
struct save {
	int fd;
	const char *path;
	char *temp;
};

/**
 * save_begin() - begin to write a file, or to replace one
 * @s: filled on success; for save_end()
 * @path: file; not copied
 *
 * It has mode 600. Return: 0 or negative errno; -EINVAL if there is something else than a regular
 * file.
 */
int save_begin(struct save *s, const char *path);

/**
 * save_end() - give a file its name, or leave everything as it was
 * @s: file
 * @err: 0, or why it is not wanted
 *
 * Return: @err, or another negative errno.
 */
int save_end(struct save *s, int err);

/**
 * save_file() - write a file, or replace one, as a whole or not at all
 * @path: file
 * @mode: of it
 * @data: contents
 * @bytes: length
 *
 * Return: 0 or negative errno; -EINVAL if there is something else than a regular file.
 */
int save_file(const char *path, mode_t mode, const void *data, size_t bytes);

#endif /* KHO_CLI_SAVEFILE_H */
