/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a session of `kho session` is to have: names, tokens, sizes, and the file that says so.
 */
#ifndef KHO_CLI_SESSION_CONFIG_H
#define KHO_CLI_SESSION_CONFIG_H

#include <sys/types.h>

#include "cli/base/util.h"

/* Files of one session; so many descriptors fit into one message, too. */
#define SESSION_MAX_FILES 64
/* Size of a label with its NUL. */
#define SESSION_LABEL_SIZE 64
/* Longest name: there must be room for what session_aside_name() adds. */
#define SESSION_NAME_MAX 55
/* States of one session that are kept aside at a time. */
#define SESSION_MAX_ASIDE 9

/**
 * struct session_file - one file in memory
 * @token: what it is called in the session
 * @bytes: its size
 */
struct session_file {
	u64 token;
	u64 bytes;
};

/**
 * struct session_config - what a session is to have
 * @file: its files, in the order in which they were named
 * @nr: how many
 * @uid: who may be given them, besides root
 * @label: what the state is of, such as a version of the program; another one is no state of it
 */
struct session_config {
	struct session_file file[SESSION_MAX_FILES];
	size_t nr;
	uid_t uid;
	char label[SESSION_LABEL_SIZE];
};

/**
 * session_name_ok() - can `kho session` hold a session of this name?
 * @name: it becomes the name of a file and of an instance of a unit
 *
 * Return: has it 1 to SESSION_NAME_MAX letters, digits and -_.:, the first of them none of these?
 */
bool session_name_ok(const char *name);

/* The name under which state is kept aside for the @nr-th time, from 1 on; to be freed. */
char *session_aside_name(const char *name, unsigned int nr);

/* Is it such a name? */
bool session_is_aside(const char *name);

/**
 * session_token() - read a token
 * @text: decimal, or 0x and hexadecimal
 * @token: filled on success
 *
 * Return: is it one that programs may use?
 */
bool session_token(const char *text, u64 *token);

/**
 * session_config_add() - take TOKEN=SIZE
 * @c: filled further
 * @text: what somebody typed
 *
 * Return: NULL, or why not: the end of a sentence. Static storage.
 */
const char *session_config_add(struct session_config *c, const char *text);

/* The same for the user, a name or # and a number, and for the label. */
const char *session_config_user(struct session_config *c, const char *name);
const char *session_config_label(struct session_config *c, const char *label);

/**
 * session_config_parse() - take a whole file
 * @c: filled further
 * @text: lines "fd TOKEN=SIZE", "user NAME", "label TEXT"; blank ones and those that start with #
 *	are nothing. Is changed
 * @line: filled with the number of the line that is wrong
 *
 * Return: NULL, or why not: the end of a sentence. Static storage.
 */
const char *session_config_parse(struct session_config *c, char *text,
				 unsigned int *line);

/**
 * session_config_read() - find the configuration of a session, and take it
 * @c: filled further
 * @name: of the session
 *
 * It is /etc/kho/session.d/NAME.conf or, if there is none, the same in /run.
 *
 * Return: 0; -ENOENT if there is neither; another negative errno after saying why.
 */
int session_config_read(struct session_config *c, const char *name);

/* Writes the one in /run. Negative errno, which was said. */
int session_config_write(const struct session_config *c, const char *name);

/**
 * session_config_differs() - what tells two lists of files apart
 * @want: those that are wanted
 * @nr_want: how many
 * @have: those that are there
 * @nr_have: how many
 *
 * Return: the end of a sentence, to be freed; NULL if there is nothing but perhaps the order.
 */
char *session_config_differs(const struct session_file *want, size_t nr_want,
			     const struct session_file *have, size_t nr_have);

/**
 * session_expand() - put descriptors into an argument
 * @arg: "{fd:TOKEN}" becomes the number, "{path:TOKEN}" its path in /proc; all else stays
 * @file: the files
 * @fd: their descriptors
 * @nr: how many
 *
 * Return: to be freed; NULL, if there is such a place for a token that no file has.
 */
char *session_expand(const char *arg, const struct session_file *file,
		     const int *fd, size_t nr);

#endif /* KHO_CLI_SESSION_CONFIG_H */
