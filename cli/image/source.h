/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A file that is looked at first and loaded later: opened once, so that both are of the same file
 * whatever its name stands for by then.
 */
#ifndef KHO_CLI_SOURCE_H
#define KHO_CLI_SOURCE_H

#include <stdbool.h>
#include <sys/types.h>
#include <time.h>

#include "cli/base/util.h"

/**
 * struct source - an open file; all zero: there is none
 * @open: there is one
 * @again: it can be read more than once
 * @fd: descriptor
 * @bytes: length when it was opened
 * @written: when its contents had changed last by then
 */
struct source {
	bool open;
	bool again;
	int fd;
	off_t bytes;
	struct timespec written;
};

/**
 * source_open() - open a file for everything that is going to be done with it
 * @s: filled on success
 * @path: its name, which is not looked at any more
 *
 * Return: 0 or negative errno.
 */
int source_open(struct source *s, const char *path);

void source_close(struct source *s);

/**
 * source_read() - read all of it
 * @s: open; one that is not @again is at its end afterwards
 * @limit: more bytes than this are refused with EFBIG
 * @out: filled on success
 *
 * Return: 0 or negative errno.
 */
int source_read(const struct source *s, size_t limit, struct blob *out);

/**
 * source_map() - map a regular file; read any other
 * @s: open
 * @limit: more bytes than this are refused with EFBIG
 * @out: filled on success
 *
 * For contents that only the kernel looks at: a file that gets shorter meanwhile is EFAULT to a
 * system call, but would end this program.
 *
 * Return: 0 or negative errno.
 */
int source_map(const struct source *s, size_t limit, struct blob *out);

/**
 * source_changed() - has the file other contents than when it was opened?
 * @s: open or not
 *
 * A name that stands for another file by now is no change of this one. Of what cannot be read
 * twice there is only what was read.
 */
bool source_changed(const struct source *s);

#endif /* KHO_CLI_SOURCE_H */
