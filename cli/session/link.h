/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a process says to one that holds a session, over a socket of its name. One request and one
 * reply a connection; neither side waits for the other without an end.
 */
#ifndef KHO_CLI_SESSION_LINK_H
#define KHO_CLI_SESSION_LINK_H

#include "cli/session/config.h"

#define LINK_REASON_SIZE 256

/* What somebody may ask for. */
enum link_op {
	LINK_LIST, /* what is there */
	LINK_RUN, /* the same, with all files: a program is about to use them */
	LINK_GET, /* one file */
	LINK_PUT, /* take a file into the session */
	LINK_END, /* close the session */
};

/* How the session began in this kernel. */
enum link_start {
	LINK_COLD, /* it is new; the reason says why */
	LINK_WARM, /* it came from the previous kernel, whole */
	LINK_AGAIN, /* a program of this kernel had it before */
	LINK_PUT_IN, /* it has what was put in, and is for no program */
	LINK_ASIDE, /* it is kept aside, or is not one of ours; for no program either */
};

/**
 * struct link_request - a request; PUT has a descriptor with it
 * @op: enum link_op
 * @reserved: 0
 * @token: of GET and PUT
 */
struct link_request {
	u32 op;
	u32 reserved;
	u64 token;
};

/**
 * struct link_reply - the reply; that of RUN and GET has descriptors with it
 * @err: 0 or negative errno
 * @start: enum link_start
 * @nr: entries of @file
 * @stays: the session will not be handed on, or not with all of its files
 * @reason: why it began cold, or is aside; why it will not be handed on
 * @file: what is in the session
 */
struct link_reply {
	int32_t err;
	u32 start;
	u32 nr;
	u32 stays;
	char reason[LINK_REASON_SIZE];
	struct session_file file[SESSION_MAX_FILES];
};

/**
 * struct link_files - descriptors that come with a reply
 * @fd: them, close-on-exec
 * @nr: how many
 */
struct link_files {
	int fd[SESSION_MAX_FILES];
	size_t nr;
};

void link_files_close(struct link_files *files);
#define autofiles __attribute__((__cleanup__(link_files_close)))

/**
 * link_ask() - ask the process that holds a session
 * @name: of the session
 * @op: what
 * @token: of GET and PUT, else 0
 * @fd: to be sent with PUT, else -1
 * @reply: filled on success; what it has is checked
 * @files: filled on success
 *
 * Return: 0, the error of the reply, or negative errno: -ENOENT nobody holds it, -ETIMEDOUT who
 * does has not answered.
 */
int link_ask(const char *name, enum link_op op, u64 token, int fd,
	     struct link_reply *reply, struct link_files *files);

/* Why link_ask() failed: the end of a sentence. */
const char *link_explain(int err);

/**
 * link_listen() - be the one who holds a session
 * @name: of the session; nobody else has it
 * @uid: who may ask, besides root
 *
 * Return: socket, or negative errno.
 */
int link_listen(const char *name, uid_t uid);

/* Nobody shall ask any more. */
void link_forget(const char *name);

/**
 * link_accept() - take one request
 * @socket: of link_listen()
 * @peer: filled: user of who asks
 * @request: filled
 * @fd: filled: what came with it, or -1
 *
 * Return: connection, or negative errno.
 */
int link_accept(int socket, uid_t *peer, struct link_request *request, int *fd);

/* Answers it. @files may be NULL. */
int link_answer(int connection, const struct link_reply *reply,
		const struct link_files *files);

#endif /* KHO_CLI_SESSION_LINK_H */
