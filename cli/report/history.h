/* SPDX-License-Identifier: GPL-2.0 */
/* The last handovers of this machine, in a file. */
#ifndef KHO_CLI_HISTORY_H
#define KHO_CLI_HISTORY_H

#include "cli/report/blackout.h"

#define HISTORY_PATH "/var/lib/kho/history.json"

enum { HISTORY_MAX = 50 };

/**
 * struct history - handovers, the oldest first
 * @entry: handovers
 * @nr: how many
 */
struct history {
	struct blackout entry[HISTORY_MAX];
	size_t nr;
};

/**
 * history_read() - read the file
 * @h: filled; empty if there is no such file
 * @path: file
 *
 * Return: 0, -EBADMSG if it is damaged, or another negative errno.
 */
int history_read(struct history *h, const char *path);

/* Add a handover, or replace that of the same boot; the oldest goes if there are too many. */
void history_add(struct history *h, const struct blackout *b);

/* Write the file as a whole or not at all, making its directory. Return: 0 or negative errno. */
int history_write(const struct history *h, const char *path);

#endif /* KHO_CLI_HISTORY_H */
