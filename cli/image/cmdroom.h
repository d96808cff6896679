/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How much memory a kernel sets aside because its command line says so, before its first user
 * space: huge pages, a crash kernel, contiguous areas. It competes with what is preserved.
 */
#ifndef KHO_CLI_CMDROOM_H
#define KHO_CLI_CMDROOM_H

#include "cli/base/util.h"

/**
 * cmdroom_bytes() - sum it up
 * @line: command line
 * @total: memory of the machine, which the size of a crash kernel may depend on
 * @words: set to the parameters that take some, separated by blanks; to be freed
 *
 * What cannot be read takes nothing, as the kernel ignores it.
 */
u64 cmdroom_bytes(const char *line, u64 total, char **words);

#endif /* KHO_CLI_CMDROOM_H */
