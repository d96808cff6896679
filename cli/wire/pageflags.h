/* SPDX-License-Identifier: GPL-2.0 */
/* Which pages are reserved, of /proc/kpageflags. */
#ifndef KHO_CLI_PAGEFLAGS_H
#define KHO_CLI_PAGEFLAGS_H

#include "cli/base/util.h"

/**
 * pageflags_reserved() - which pages of a range the kernel keeps reserved (/proc/kpageflags)
 * @start: first byte
 * @end: first byte after it
 * @each: called for each run of them, in order
 * @ctx: passed to it
 *
 * Return: 0 or negative errno.
 */
int pageflags_reserved(u64 start, u64 end,
		       void (*each)(void *ctx, u64 start, u64 end), void *ctx);

#endif /* KHO_CLI_PAGEFLAGS_H */
