/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the kernel has logged.
 */
#ifndef KHO_CLI_KLOG_H
#define KHO_CLI_KLOG_H

#include <stdbool.h>

/* Does the log have this text? False also if this process may not read it. */
bool klog_has(const char *text);

#endif /* KHO_CLI_KLOG_H */
