/* SPDX-License-Identifier: GPL-2.0 */
/*
 * libarchive, which is looked for when it is needed: few verbs do.
 */
#ifndef KHO_CLI_KEPT_ARCHIVELIB_H
#define KHO_CLI_KEPT_ARCHIVELIB_H

#include <stddef.h>

/**
 * struct archive_function - one of its functions that is used
 * @name: as it has it
 * @to: a pointer of its type, which is set
 */
struct archive_function {
	const char *name;
	void *to;
};

/**
 * archivelib_load() - find functions
 * @wanted: them
 * @nr: how many
 *
 * Return: 0, or -ENOENT after saying what is missing.
 */
int archivelib_load(const struct archive_function *wanted, size_t nr);

#endif /* KHO_CLI_KEPT_ARCHIVELIB_H */
