// SPDX-License-Identifier: GPL-2.0
#include "imageopts.h"

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
	default:
		return false;
	}
}

const char *imageopts_objection(const struct image_options *opt)
{
	if (opt->command_line && opt->reuse_cmdline)
		return "--command-line and --reuse-cmdline exclude each other; use --append to add to either.";
	return NULL;
}
