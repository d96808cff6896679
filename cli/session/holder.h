/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The process that holds a session. As long as it lives the session does, and with it its files;
 * so it must be there when the machine jumps, after all services were stopped.
 */
#ifndef KHO_CLI_SESSION_HOLDER_H
#define KHO_CLI_SESSION_HOLDER_H

#include "cli/session/config.h"

/* Variable with the number of the descriptor for @ready, for a process of its own. */
#define HOLDER_READY "KHO_SESSION_READY"

/**
 * holder_run() - hold a session until somebody asks for its end, or sends SIGTERM
 * @name: of the session, good
 * @want: what a program is to be given. Without files: what is put in
 * @ready: descriptor that a byte is written to, and that is closed, when others may ask; -1 if
 *	nobody waits for that
 *
 * What came from the previous kernel of this name is taken over. If it is not what is wanted, or
 * not whole, it is kept aside by another process, and the session is a new one.
 *
 * What fails is said. Return: enum exit_code.
 */
int holder_run(const char *name, const struct session_config *want, int ready);

#endif /* KHO_CLI_SESSION_HOLDER_H */
