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

/**
 * struct session_closed - a session that was closed with files in it, and will not be handed on
 * @nr_files: how many
 * @seconds: how long ago
 * @name: its name, as text
 */
struct session_closed {
	u64 nr_files;
	u64 seconds;
	char *name;
};

/**
 * struct session_losses - what sessions have lost
 * @closed: in this kernel, the last of them
 * @nr_closed: how many
 * @lost: of the previous kernel, lines of text: "NAME: why"
 * @nr_lost: how many
 */
struct session_losses {
	struct session_closed *closed;
	size_t nr_closed;
	char **lost;
	size_t nr_lost;
};

/* Nothing, where the liveupdate module is not loaded, is too old to tell, or this is not root. */
void session_losses_read(struct session_losses *out);
void session_losses_free(struct session_losses *losses);

/* "cache (2 files, 5 s ago), web (1 file, 70 s ago)"; to be freed. */
char *session_closed_text(const struct session_losses *losses);

#endif /* KHO_CLI_SESSION_LIST_H */
