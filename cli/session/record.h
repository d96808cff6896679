/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The record of a session of `kho session`: a file of one page, in the session itself, that says
 * what else is in it and whether a program ever had it. Without it memory that nobody ever wrote
 * to could be taken for the state of a program, and a file that is missing would not be missed.
 */
#ifndef KHO_CLI_SESSION_RECORD_H
#define KHO_CLI_SESSION_RECORD_H

#include "cli/session/config.h"

/* "kho-rec1" */
#define SESSION_RECORD_TOKEN 0x6b686f2d72656331ULL
#define SESSION_RECORD_BYTES 4096

/* A program was given the files, or they were put in with contents. */
#define SESSION_USED (1U << 0)

/**
 * struct session_record - what it says, little-endian
 * @magic: "khosess"
 * @version: SESSION_RECORD_VERSION
 * @crc: CRC-32C of the whole, with this member 0
 * @nr: entries of @file
 * @flags: SESSION_*
 * @uid: who may be given the files
 * @reserved: 0
 * @label: see struct session_config
 * @file: what is in the session, besides the record
 */
struct session_record {
	char magic[8];
	u32 version;
	u32 crc;
	u32 nr;
	u32 flags;
	u32 uid;
	u32 reserved;
	char label[SESSION_LABEL_SIZE];
	struct session_file file[SESSION_MAX_FILES];
};

#define SESSION_RECORD_VERSION 1

/**
 * session_record_init() - make one
 * @r: filled
 * @c: what the session has
 * @flags: SESSION_*
 */
void session_record_init(struct session_record *r,
			 const struct session_config *c, u32 flags);

/**
 * session_record_check() - judge one that came in
 * @r: as it was read; trusted for nothing
 * @bytes: how much was read
 *
 * Return: NULL, or which check failed: the end of a sentence. Static storage.
 */
const char *session_record_check(const struct session_record *r, size_t bytes);

/**
 * session_record_judge() - is what the record describes the state that is wanted?
 * @r: checked
 * @want: what the session is to have
 *
 * Return: NULL, or why not: the end of a sentence, to be freed.
 */
char *session_record_judge(const struct session_record *r,
			   const struct session_config *want);

#endif /* KHO_CLI_SESSION_RECORD_H */
