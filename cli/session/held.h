/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A session that a process holds: its files, its record, and the sessions of /dev/liveupdate that
 * it came from and goes to.
 */
#ifndef KHO_CLI_SESSION_HELD_H
#define KHO_CLI_SESSION_HELD_H

#include "cli/session/link.h"
#include "cli/session/record.h"

/**
 * struct held - a session that is held
 * @name: of the session
 * @has: what is in it
 * @fd: descriptors of its files, in the order of @has
 * @preserved: which of them are in @out
 * @record: the file with the record, or -1
 * @record_preserved: is it in @out?
 * @flags: of the record
 * @device: /dev/liveupdate, while the process starts; else -1
 * @in: session of the previous kernel that is not finished, or -1
 * @out: session for the next kernel, or -1
 * @start: how it began
 * @reason: see struct link_reply
 * @stays: why not all of it would be handed on; empty if it would
 */
struct held {
	const char *name;
	struct session_config has;
	int fd[SESSION_MAX_FILES];
	bool preserved[SESSION_MAX_FILES];
	int record;
	bool record_preserved;
	u32 flags;
	int device;
	int in;
	int out;
	enum link_start start;
	char reason[LINK_REASON_SIZE];
	char stays[LINK_REASON_SIZE];
};

void held_init(struct held *h, const char *name);
void held_close(struct held *h);
void held_close_files(struct held *h);
void held_close_one(int *fd);
u64 held_bytes(const struct held *h);

/**
 * held_open() - have a session for the next kernel
 * @h: session
 * @why: filled on failure: the end of a sentence
 *
 * Return: 0, also if there is one, or negative errno.
 */
int held_open(struct held *h, const char **why);

/* Puts all into that session which is not in it yet. Sets @h->stays, and says so. */
void held_preserve(struct held *h);

/**
 * held_new_file() - make a file in memory, all zero
 * @name: of the session
 * @bytes: its size
 * @sealed: the size cannot be changed
 *
 * Return: descriptor or negative errno.
 */
int held_new_file(const char *name, u64 bytes, bool sealed);

/* The record, of what is in the session now. */
int held_new_record(struct held *h);
void held_write_record(struct held *h);

/* A file of a session of the previous kernel; if memory is short it is tried again. */
int held_get_file(int session, u64 token);

/**
 * held_read_record() - read the record of what came in
 * @h: session; has one of the previous kernel
 * @r: filled on success; it was checked
 *
 * Return: NULL, or why there is no good one, to be freed.
 */
char *held_read_record(struct held *h, struct session_record *r);

/**
 * held_take_files() - take all files that a record names, as far as they can be had
 * @h: filled further
 * @r: the record
 * @blocks: filled: blocks of all of them
 *
 * Return: NULL, or why one of them is not good, to be freed.
 */
char *held_take_files(struct held *h, const struct session_record *r,
		      u64 *blocks);

/* Done with the session of the previous kernel: files can be in one session at a time. */
int held_finish(struct held *h);

/**
 * held_answer() - take one request, and answer it
 * @h: session
 * @socket: of link_listen()
 * @end: set if the session is to be closed
 */
void held_answer(struct held *h, int socket, bool *end);

#endif /* KHO_CLI_SESSION_HELD_H */
