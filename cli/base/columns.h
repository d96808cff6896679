/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which columns a table shows.
 */
#ifndef KHO_CLI_COLUMNS_H
#define KHO_CLI_COLUMNS_H

#include <stddef.h>

#define COLUMNS_MAX 16

/**
 * columns_parse() - turn "NAME,SIZE" into indices
 * @list: what the user wrote; case does not matter. With a '+' in front: besides all of them
 * @known: names of all columns
 * @nr_known: how many
 * @out: filled with indices into @known, in the order of the user
 * @bad: on failure the first name that is not known; points into @list
 *
 * Return: number of columns, 0 on failure.
 */
size_t columns_parse(const char *list, const char *const *known,
		     size_t nr_known, size_t out[COLUMNS_MAX],
		     const char **bad);

#endif /* KHO_CLI_COLUMNS_H */
