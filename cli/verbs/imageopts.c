// SPDX-License-Identifier: GPL-2.0
/*
 * The options that `kho load` and `kho check` share.
 */
#include <string.h>

#include "cli/base/table.h"
#include "cli/verbs/imageopts.h"

enum {
	OPT_INITRD = 0x100,
	OPT_APPEND,
	OPT_COMMAND_LINE,
	OPT_REUSE,
	OPT_NO_INITRD,
	OPT_FORCE,
	OPT_SYSCALL,
	OPT_AHEAD,
};

/* Those of a table, --json and --quiet. */
enum { NR_OF_CHECK = 6 };

static const struct option options[] = {
	/* First, because only check has them. */
	TABLE_OPTIONS,
	{ "json", no_argument, NULL, 'J' },
	{ "quiet", no_argument, NULL, 'q' },
	{ "debug", no_argument, NULL, 'd' },
	{ "force", no_argument, NULL, OPT_FORCE },
	{ "initrd", required_argument, NULL, OPT_INITRD },
	{ "ramdisk", required_argument, NULL, OPT_INITRD },
	{ "append", required_argument, NULL, OPT_APPEND },
	{ "command-line", required_argument, NULL, OPT_COMMAND_LINE },
	{ "reuse-cmdline", no_argument, NULL, OPT_REUSE },
	{ "no-initrd", no_argument, NULL, OPT_NO_INITRD },
	{ "syscall", required_argument, NULL, OPT_SYSCALL },
	{ "ahead", optional_argument, NULL, OPT_AHEAD },
	/* Spellings of kexec(8). */
	{ "kexec-syscall", no_argument, NULL, 'c' },
	{ "kexec-file-syscall", no_argument, NULL, 's' },
	{ "kexec-syscall-auto", no_argument, NULL, 'a' },
	{ "help", no_argument, NULL, 'h' },
	{ 0 },
};

const struct option *const imageopts_of_load = options + NR_OF_CHECK;
const struct option *const imageopts_of_check = options;

/* Return: index of the name, @nr if it is none of them. */
static size_t which(const char *const *names, size_t nr, const char *name)
{
	size_t i;

	for (i = 0; i < nr && strcmp(name, names[i]); i++)
		;
	return i;
}

static void take_call(struct image_options *opt, const char *name)
{
	static const char *const names[] = {
		[KEXEC_AUTO] = "auto",
		[KEXEC_LOAD] = "load",
		[KEXEC_FILE] = "file",
	};

	opt->call = (enum kexec_call)which(names, ARRAY_LEN(names), name);
}

static void take_ahead(struct image_options *opt, const char *mode)
{
	static const char *const names[] = {
		[AHEAD_AUTO] = "auto",
		[AHEAD_YES] = "yes",
		[AHEAD_NO] = "no",
	};

	opt->ahead =
		mode ? (enum ahead_mode)which(names, ARRAY_LEN(names), mode) :
		       AHEAD_YES;
}

bool imageopts_take(struct image_options *opt, int c)
{
	switch (c) {
	case OPT_SYSCALL:
		take_call(opt, optarg);
		return true;
	case OPT_AHEAD:
		take_ahead(opt, optarg);
		return true;
	case 'a':
		opt->call = KEXEC_AUTO;
		return true;
	case 'c':
		opt->call = KEXEC_LOAD;
		return true;
	case 's':
		opt->call = KEXEC_FILE;
		return true;
	case OPT_INITRD:
		opt->initrd = optarg;
		return true;
	case OPT_APPEND:
		opt->append = optarg;
		return true;
	case OPT_COMMAND_LINE:
		opt->command_line = optarg;
		return true;
	case OPT_REUSE:
		opt->reuse_cmdline = true;
		return true;
	case OPT_NO_INITRD:
		opt->no_initrd = true;
		return true;
	case 'd':
		opt->debug = true;
		return true;
	case OPT_FORCE:
		opt->force = true;
		return true;
	default:
		return false;
	}
}

const char *imageopts_objection(const struct image_options *opt)
{
	if (opt->command_line && opt->reuse_cmdline)
		return "--command-line and --reuse-cmdline exclude each other; use --append to "
		       "add to either.";
	if (opt->call > KEXEC_FILE)
		return "--syscall takes load, file or auto.";
	if (opt->ahead > AHEAD_NO)
		return "--ahead takes auto, yes or no.";
	if (opt->initrd && opt->no_initrd)
		return "--initrd and --no-initrd exclude each other.";
	return NULL;
}
