/* SPDX-License-Identifier: GPL-2.0 */
/* What `kho session` can do besides listing and dropping. argv[0] is for messages of getopt. */
#ifndef KHO_CLI_VERBS_SESSION_H
#define KHO_CLI_VERBS_SESSION_H

/* Each returns enum exit_code, but for run: that comes back only if it has failed. */
int session_run(int argc, char **argv);
int session_create(int argc, char **argv);
int session_hold(int argc, char **argv);
int session_put(int argc, char **argv);
int session_get(int argc, char **argv);

#endif /* KHO_CLI_VERBS_SESSION_H */
