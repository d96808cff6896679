/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Members of a cpio archive ("newc", with checksums or without, as initramfs archives are), read
 * from a stream of bytes that are trusted for nothing.
 */
#ifndef KHO_CLI_CPIO_H
#define KHO_CLI_CPIO_H

#include "cli/base/util.h"

enum cpio_consts {
	CPIO_HEADER = 110,
	CPIO_NAME_MAX = 4096,
};

enum cpio_state {
	CPIO_BETWEEN, /* before a member, or its padding */
	CPIO_IN_HEADER,
	CPIO_IN_NAME,
	CPIO_BEFORE_BODY, /* in the padding */
	CPIO_IN_BODY,
};

/**
 * struct cpio_visitor - who gets what is found
 * @member: called for each member with its name, its mode and the size of its body
 * @body: called for each piece of the body of the last one; NULL if nobody wants it
 * @ctx: passed to them
 */
struct cpio_visitor {
	void (*member)(void *ctx, const char *name, u32 mode, u64 bytes);
	void (*body)(void *ctx, const u8 *data, size_t bytes);
	void *ctx;
};

/**
 * struct cpio - state between two pieces
 * @visitor: who gets what is found
 * @state: what comes next
 * @at: bytes since the start of the archives, which padding counts from
 * @have: bytes of header or name that are there already
 * @name_bytes: length of the name with its NUL
 * @mode: of the member
 * @body: bytes of it that are to come
 * @summed: its checksum is told
 * @sum_left: what of the checksum its bytes have not come up for yet
 * @open: there was a member since the last trailer, which ends an archive
 * @header: header
 * @name: name
 */
struct cpio {
	const struct cpio_visitor *visitor;
	enum cpio_state state;
	u64 at;
	u32 have;
	u32 name_bytes;
	u32 mode;
	u64 body;
	bool summed;
	u32 sum_left;
	bool open;
	char header[CPIO_HEADER];
	char name[CPIO_NAME_MAX];
};

/**
 * cpio_feed() - read a piece
 * @c: zero but for @visitor to start with
 * @data: the piece
 * @bytes: its length
 * @used: set to the bytes that were of an archive, or zeros between two: all of them, unless what
 *        follows is something else
 *
 * Several archives may follow each other.
 *
 * Return: 0, or -EBADMSG, also if the checksum of a member is wrong.
 */
int cpio_feed(struct cpio *c, const u8 *data, size_t bytes, size_t *used);

#endif /* KHO_CLI_CPIO_H */
