/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The options that `kho load` and `kho check` share.
 */
#ifndef KHO_CLI_IMAGEOPTS_H
#define KHO_CLI_IMAGEOPTS_H

#include <getopt.h>

#include "image.h"

enum {
	OPT_INITRD = 0x100,
	OPT_APPEND,
	OPT_COMMAND_LINE,
	OPT_REUSE,
};

/* Elements of an array of struct option. */
#define IMAGE_LONG_OPTIONS                                                     \
	{ "initrd", required_argument, NULL, OPT_INITRD },                     \
		{ "ramdisk", required_argument, NULL, OPT_INITRD },            \
		{ "append", required_argument, NULL, OPT_APPEND },             \
		{ "command-line", required_argument, NULL, OPT_COMMAND_LINE }, \
	{                                                                      \
		"reuse-cmdline", no_argument, NULL, OPT_REUSE                  \
	}

#define IMAGE_OPTIONS_HELP                                                               \
	"  --initrd FILE         initial RAM file system of the next kernel\n"           \
	"  --command-line STR    command line of the next kernel\n"                      \
	"  --reuse-cmdline       the running kernel's command line, without BOOT_IMAGE=" \
	" and initrd=\n"                                                                 \
	"  --append STR          add STR to the command line\n"

/**
 * imageopts_take() - note an option
 * @opt: where
 * @c: what getopt_long() returned
 *
 * Return: false if it is none of these.
 */
bool imageopts_take(struct image_options *opt, int c);

/**
 * imageopts_objection() - do the options fit together?
 * @opt: options
 *
 * Return: NULL, or what is wrong, a whole sentence.
 */
const char *imageopts_objection(const struct image_options *opt);

#endif /* KHO_CLI_IMAGEOPTS_H */
