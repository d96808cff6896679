/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The verbs of the tool, and how a command line becomes one of them.
 */
#ifndef KHO_CLI_VERBS_H
#define KHO_CLI_VERBS_H

#include <stddef.h>

/* Exit codes; they are part of the interface (kho.8). */
enum exit_code {
	EXIT_OK = 0,
	EXIT_FAILED =
		1, /* the verb failed; `kho check`: a handover would fail */
	EXIT_USAGE = 2, /* the command line makes no sense; nothing was done */
	EXIT_ABSENT = 3, /* there is none of that name */
	EXIT_DAMAGED = 4, /* it is there, but not what was stored */
	EXIT_NO_ROOM =
		5, /* there is not enough memory, or the next kernel's is not enough */
	EXIT_NOT_PERMITTED = 6, /* this process may not */
	EXIT_UNKNOWN = 7, /* `kho check`: nobody can tell */
};

/**
 * exit_code_of() - exit status of a verb that failed
 * @err: negative errno of what it asked the module for, or of opening its device
 */
int exit_code_of(int err);

/* The same if a device or file could not be opened at all: nobody knows what is in there. */
int exit_code_of_open(int err);

/**
 * struct verb - one of them
 * @name: first word of the command line
 * @brief: what it does, one line
 * @run: does it; argv[0] is the name for messages of getopt. Returns enum exit_code
 */
struct verb {
	const char *name;
	const char *brief;
	int (*run)(int argc, char **argv);
};

/**
 * verb_find() - get a verb by name
 * @table: ends with an entry without a name
 * @name: name
 *
 * Return: verb or NULL.
 */
const struct verb *verb_find(const struct verb *table, const char *name);

/**
 * verbs_translate() - turn the spellings of kexec(8) into verbs, in place
 * @argc: number of words
 * @argv: command line; -l, -e, -u and their long forms anywhere become a verb in argv[1]
 *
 * Only a command line that starts with an option is touched.
 */
void verbs_translate(int argc, char **argv);

int verb_check(int argc, char **argv);
int verb_drop(int argc, char **argv);
int verb_dump(int argc, char **argv);
int verb_exec(int argc, char **argv);
int verb_get(int argc, char **argv);
int verb_list(int argc, char **argv);
int verb_load(int argc, char **argv);
int verb_map(int argc, char **argv);
int verb_put(int argc, char **argv);
int verb_report(int argc, char **argv);
int verb_reserve(int argc, char **argv);
int verb_session(int argc, char **argv);
int verb_status(int argc, char **argv);
int verb_unload(int argc, char **argv);

/**
 * usage_error() - point to the help of a verb after getopt, or the caller, has said what is wrong
 * @verb: name of the verb
 *
 * Return: EXIT_USAGE.
 */
int usage_error(const char *verb);

/**
 * show_help() - print the help of a verb on stdout
 * @text: help
 *
 * Return: EXIT_OK, or EXIT_FAILED if it could not be written.
 */
int show_help(const char *text);

/**
 * finish_output() - make sure that what was printed has arrived
 *
 * Return: EXIT_OK, or EXIT_FAILED after saying that it has not.
 */
int finish_output(void);

#endif /* KHO_CLI_VERBS_H */
