/* SPDX-License-Identifier: GPL-2.0 */
/* Files that are written as a whole or not at all. */
#ifndef KHO_CLI_SAVEFILE_H
#define KHO_CLI_SAVEFILE_H

#include <sys/types.h>

#include "cli/base/util.h"

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
