/* SPDX-License-Identifier: GPL-2.0 */
/* All sessions of /dev/liveupdate, whoever has them. */
#ifndef KHO_CLI_SESSION_LIST_H
#define KHO_CLI_SESSION_LIST_H

#include <stdbool.h>

#include "cli/base/util.h"
#include "lib/liveupdate.h"

/**
 * struct session_entry - one of them
 * @origin: "incoming" or "here"
 * @nr_files: files in it
 * @state: "open" or "waits"
 * @name: its name, any bytes
 */
struct session_entry {
	const char *origin;
	u64 nr_files;
	char state[8];
	char name[LU_NAME_SIZE];
};

/**
 * struct session_list - them
 * @list: in the order in which they were created
 * @nr: how many
 */
struct session_list {
	struct session_entry *list;
	size_t nr;
};

/**
 * session_list_read() - add those of one direction
 * @all: filled further; for session_list_free()
 * @incoming: those of the previous kernel, else those for the next one
 *
 * Return: EXIT_OK, or another exit code after saying why they cannot be listed.
 */
int session_list_read(struct session_list *all, bool incoming);
void session_list_free(struct session_list *all);

/**
 * session_list_waits() - does a session of the previous kernel wait for a program?
 * @name: its name
 * @waits: filled on success
 *
 * Return: as session_list_read().
 */
int session_list_waits(const char *name, bool *waits);

#endif /* KHO_CLI_SESSION_LIST_H */
