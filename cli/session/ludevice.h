/* SPDX-License-Identifier: GPL-2.0 */
/* /dev/liveupdate, as the tool opens it, and what its errors mean. */
#ifndef KHO_CLI_SESSION_LUDEVICE_H
#define KHO_CLI_SESSION_LUDEVICE_H

#include <stdbool.h>

/*
 * Opens the device. Another program that has it, as one at a time can, is waited for, ten seconds
 * at most. Negative errno.
 */
int ludevice_open(void);

/* Does this result of ludevice_open() mean that there is no live update? */
bool ludevice_absent(int err);

/* The rest of a sentence that starts with "/dev/liveupdate cannot be used: ". Static storage. */
const char *ludevice_explain_open(int err);

/* ludevice_open(), or say in one sentence why that is impossible. */
int ludevice_open_or_say(void);

/* Why a session cannot be created, retrieved, or given a file: the end of a sentence. */
const char *ludevice_explain(int err);

#endif /* KHO_CLI_SESSION_LUDEVICE_H */
