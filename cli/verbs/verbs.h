/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The verbs of the tool, and how a command line becomes one of them.
 */
#ifndef KHO_CLI_VERBS_H
#define KHO_CLI_VERBS_H

#include <stddef.h>

#include "cli/base/exitcode.h"

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
int verb_keep(int argc, char **argv);
int verb_list(int argc, char **argv);
int verb_load(int argc, char **argv);
int verb_map(int argc, char **argv);
int verb_put(int argc, char **argv);
int verb_recipe(int argc, char **argv);
int verb_report(int argc, char **argv);
int verb_reserve(int argc, char **argv);
int verb_restore(int argc, char **argv);
int verb_save(int argc, char **argv);
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

#endif /* KHO_CLI_VERBS_H */
