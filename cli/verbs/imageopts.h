/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The options that `kho load` and `kho check` share.
 */
#ifndef KHO_CLI_IMAGEOPTS_H
#define KHO_CLI_IMAGEOPTS_H

#include <getopt.h>

#include "cli/image/image.h"

/*
 * For getopt_long(); 'h' is --help, 'J' is --json, 'q' is --quiet, the others go to
 * imageopts_take().
 */
extern const struct option *const imageopts_of_load;
extern const struct option *const imageopts_of_check;

/* -a, -c and -s of kexec(8) */
#define IMAGE_LETTERS "acs"

#define IMAGE_OPTIONS_HELP                                                                \
	"  --initrd FILE         initial RAM file system of the next kernel\n"            \
	"  --no-initrd           the next kernel needs none\n"                            \
	"  --command-line STR    command line of the next kernel\n"                       \
	"  --reuse-cmdline       the running kernel's command line, without "             \
	"what was meant for\n"                                                            \
	"                        one boot only (kho(8) lists it)\n"                       \
	"  --append STR          add STR to the command line\n"                           \
	"  --force               only warn if the next kernel may not boot: "             \
	"its initramfs is\n"                                                              \
	"                        damaged, or it has too little memory\n"                  \
	"  --syscall CALL        load it with kexec_load(2) (load, or -c),\n"             \
	"                        kexec_file_load(2) (file, or -s), or the first of "      \
	"them that\n"                                                                     \
	"                        is permitted (auto, or -a; the default)\n"               \
	"  --ahead[=WHEN]        unpack kernel and initramfs now, not in the blackout:\n" \
	"                        where that works (auto, the default), or nothing is\n"   \
	"                        loaded (yes), or never (no)\n"                           \
	"  -d, --debug           a load tells what goes where\n"

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
