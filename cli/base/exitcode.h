/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the tool ends with.
 */
#ifndef KHO_CLI_EXITCODE_H
#define KHO_CLI_EXITCODE_H

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
 * @err: negative errno of what it asked the module for by a name, or of opening its device
 */
int exit_code_of(int err);

/* The same if a device or file could not be opened at all: nobody knows what is in there. */
int exit_code_of_open(int err);

/* The same of what came after it was found by its name: what is missing then is not that. */
int exit_code_of_found(int err);

/**
 * finish_output() - make sure that what was printed has arrived
 *
 * Return: EXIT_OK, or EXIT_FAILED after saying that it has not.
 */
int finish_output(void);

#endif /* KHO_CLI_EXITCODE_H */
