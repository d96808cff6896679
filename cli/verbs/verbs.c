// SPDX-License-Identifier: GPL-2.0
/* The verbs of the tool, and how a command line becomes one of them. */
#include "cli/verbs/verbs.h"

#include <string.h>

#include "cli/base/util.h"

const struct verb *verb_find(const struct verb *table, const char *name)
{
	for (; table->name; table++) {
		if (!strcmp(table->name, name))
			return table;
	}
	return NULL;
}

static char *kexec_spelling(const char *word)
{
	static const struct {
		const char *word;
		char *verb;
	} spelling[] = {
		{ "-l", "load" },   { "--load", "load" },
		{ "-e", "exec" },   { "--exec", "exec" },
		{ "-u", "unload" }, { "--unload", "unload" },
		{ "-S", "status" }, { "--status", "status" },
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(spelling); i++) {
		if (!strcmp(word, spelling[i].word))
			return spelling[i].verb;
	}
	return NULL;
}

void verbs_translate(int argc, char **argv)
{
	int i;

	if (argc < 2 || argv[1][0] != '-')
		return;
	for (i = 1; i < argc && strcmp(argv[i], "--"); i++) {
		char *verb = kexec_spelling(argv[i]);

		if (!verb)
			continue;
		memmove(&argv[2], &argv[1], (size_t)(i - 1) * sizeof(*argv));
		argv[1] = verb;
		return;
	}
}

int usage_error(const char *verb)
{
	fprintf(stderr, "Try 'kho %s --help'.\n", verb);
	return EXIT_USAGE;
}

int show_help(const char *text)
{
	fputs(text, stdout);
	return finish_output();
}
