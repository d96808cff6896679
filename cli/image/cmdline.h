/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The next kernel's command line: putting it together and finding words that would spoil the
 * handover.
 */
#ifndef KHO_CLI_CMDLINE_H
#define KHO_CLI_CMDLINE_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "core/cmdline.h"

/* As kho_cmdline_next(), of a line that ends with a NUL. */
static inline bool cmdline_next(const char **line, struct kho_word *word)
{
	return kho_cmdline_next(line, *line + strlen(*line), word);
}

/**
 * cmdline_has() - does the line have NAME=VALUE?
 * @line: command line
 * @name: name of the parameter
 * @value: one element of its comma-separated value; NULL: any value, or none
 */
bool cmdline_has(const char *line, const char *name, const char *value);

enum cmdline_switch {
	CMDLINE_UNSET, /* it is not there, or has a value that the kernel does not know */
	CMDLINE_OFF,
	CMDLINE_ON,
};

/**
 * cmdline_switch() - value of a parameter that is on or off, as the kernel reads it
 * @line: command line
 * @name: name of the parameter; the last one counts
 */
enum cmdline_switch cmdline_switch(const char *line, const char *name);

/* As kho_cmdline_objection(), of a line that ends with a NUL. */
static inline const char *cmdline_objection(const char *line,
					    struct kho_word *word)
{
	return kho_cmdline_objection(line, line + strlen(line), word);
}

/**
 * cmdline_remove() - take words out of a line to which they will be appended
 * @line: changed in place
 * @words: one or more, found where they stand side by side in this order. If the line has a
 *	"--", only behind the last one, where they would come. If they have one themselves, only
 *	at the end of the line.
 */
void cmdline_remove(char *line, const char *words);

/**
 * cmdline_reusable() - copy a running kernel's command line without what is not for the next one
 * @running: contents of /proc/cmdline
 * @left_out: set to what was meant for one boot and left out, separated by blanks; to be freed
 *
 * Leaves out BOOT_IMAGE= and initrd=, which name files for the boot loader, and what an
 * administrator gives for one boot and a boot loader forgets: single user mode, another init, a
 * check of the file systems. The list is in kho(8) too.
 *
 * Return: string to be freed.
 */
char *cmdline_reusable(const char *running, char **left_out);

/**
 * cmdline_join() - put two parts together with a blank between them
 * @first: may be NULL
 * @second: may be NULL
 *
 * Return: string to be freed.
 */
char *cmdline_join(const char *first, const char *second);

#endif /* KHO_CLI_CMDLINE_H */
