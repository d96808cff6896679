// SPDX-License-Identifier: GPL-2.0
/*
 * The options that `kho load` and `kho check` share.
 */
#include "cli/base/table.h"
#include "cli/verbs/imageopts.h"

enum {
	OPT_INITRD = 0x100,
	OPT_APPEND,
	OPT_COMMAND_LINE,
	OPT_REUSE,
	OPT_NO_INITRD,
	OPT_FORCE,
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
	{ "help", no_argument, NULL, 'h' },
	{ 0 },
};

const struct option *const imageopts_of_load = options + NR_OF_CHECK;
const struct option *const imageopts_of_check = options;

bool imageopts_take(struct image_options *opt, int c)
{
	switch (c) {
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
	if (opt->initrd && opt->no_initrd)
		return "--initrd and --no-initrd exclude each other.";
	return NULL;
}
