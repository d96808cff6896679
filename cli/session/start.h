/* SPDX-License-Identifier: GPL-2.0 */
/* Starting the process that holds a session. */
#ifndef KHO_CLI_SESSION_START_H
#define KHO_CLI_SESSION_START_H

#include "cli/session/config.h"

/**
 * session_start() - have a session held, by a process that outlives this one
 * @name: of the session, good
 * @want: what it is to have
 *
 * Where systemd runs it is kho-session@NAME.service, which no shutdown stops; elsewhere a process
 * in the background. Returns when it can be asked, or after a bounded time.
 *
 * What fails is said. Return: enum exit_code.
 */
int session_start(const char *name, const struct session_config *want);

#endif /* KHO_CLI_SESSION_START_H */
