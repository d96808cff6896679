// SPDX-License-Identifier: GPL-2.0
/* Members of a cpio archive, from a stream. */
#include "cli/image/cpio.h"

#include <errno.h>
#include <string.h>

/* Numbers of the header by their position: eight hexadecimal digits each, after the magic. */
enum {
	MAGIC_BYTES = 6,
	FIELD_MODE = 1,
	FIELD_FILESIZE = 6,
	FIELD_NAMESIZE = 11,
	FIELD_CHECK = 12,
};

enum { MODE_TYPE = 0170000, MODE_REGULAR = 0100000 };

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool field(const struct cpio *c, unsigned int number, u32 *out)
{
	const char *text = c->header + MAGIC_BYTES + 8 * number;
	unsigned int i;

	*out = 0;
	for (i = 0; i < 8; i++) {
		int n = digit(text[i]);

		if (n < 0)
			return false;
		*out = *out << 4 | (u32)n;
	}
	return true;
}

static int take_header(struct cpio *c)
{
	u32 body;

	c->summed = !memcmp(c->header, "070702", MAGIC_BYTES);
	if (!c->summed && memcmp(c->header, "070701", MAGIC_BYTES))
		return -EBADMSG;
	if (!field(c, FIELD_MODE, &c->mode) ||
	    !field(c, FIELD_FILESIZE, &body) ||
	    !field(c, FIELD_NAMESIZE, &c->name_bytes) ||
	    !field(c, FIELD_CHECK, &c->sum_left))
		return -EBADMSG;
	if (!c->name_bytes || c->name_bytes > CPIO_NAME_MAX)
		return -EBADMSG;
	c->body = body;
	c->have = 0;
	c->state = CPIO_IN_NAME;
	return 0;
}

static int take_name(struct cpio *c)
{
	if (c->name[c->name_bytes - 1])
		return -EBADMSG;
	c->state = c->body ? CPIO_BEFORE_BODY : CPIO_BETWEEN;
	c->open = strcmp(c->name, "TRAILER!!!");
	/* As the kernel does: the body of a link counts for nothing. */
	c->summed &= (c->mode & MODE_TYPE) == MODE_REGULAR;
	if (!c->open)
		return 0;
	c->visitor->member(c->visitor->ctx, c->name, c->mode, c->body);
	return 0;
}

/* Copies what there is of the @wanted bytes. Return: are they complete? */
static bool collect(struct cpio *c, char *to, u32 wanted, const u8 *data,
		    size_t bytes, size_t *used)
{
	size_t n = bytes - *used;

	if (n > wanted - c->have)
		n = wanted - c->have;
	memcpy(to + c->have, data + *used, n);
	c->have += (u32)n;
	c->at += n;
	*used += n;
	return c->have == wanted;
}

/* Zeros end where a member starts. Return: does one start here? */
static bool skip_zeros(struct cpio *c, const u8 *data, size_t bytes,
		       size_t *used)
{
	while (*used < bytes && !data[*used]) {
		(*used)++;
		c->at++;
	}
	if (*used == bytes || data[*used] != '0' || c->at % 4)
		return false;
	c->have = 0;
	c->state = CPIO_IN_HEADER;
	return true;
}

static void skip_bytes(struct cpio *c, u64 wanted, size_t bytes, size_t *used)
{
	u64 n = bytes - *used < wanted ? bytes - *used : wanted;

	*used += n;
	c->at += n;
}

/* Name and body start at multiples of four. */
static void skip_padding(struct cpio *c, size_t bytes, size_t *used)
{
	skip_bytes(c, -c->at & 3, bytes, used);
	if (c->at % 4 == 0)
		c->state = CPIO_IN_BODY;
}

static int take_body(struct cpio *c, const u8 *data, size_t bytes, size_t *used)
{
	u64 before = c->at;
	size_t i = *used;

	skip_bytes(c, c->body, bytes, used);
	c->body -= c->at - before;
	if (c->visitor->body)
		c->visitor->body(c->visitor->ctx, data + i, *used - i);
	for (; c->summed && i < *used; i++)
		c->sum_left -= data[i];
	if (c->body)
		return 0;
	c->state = CPIO_BETWEEN;
	return c->summed && c->sum_left ? -EBADMSG : 0;
}

int cpio_feed(struct cpio *c, const u8 *data, size_t bytes, size_t *used)
{
	int err = 0;

	*used = 0;
	while (!err && *used < bytes) {
		switch (c->state) {
		case CPIO_BETWEEN:
			if (!skip_zeros(c, data, bytes, used))
				return 0;
			break;
		case CPIO_IN_HEADER:
			if (collect(c, c->header, CPIO_HEADER, data, bytes,
				    used))
				err = take_header(c);
			break;
		case CPIO_IN_NAME:
			if (collect(c, c->name, c->name_bytes, data, bytes,
				    used))
				err = take_name(c);
			break;
		case CPIO_BEFORE_BODY:
			skip_padding(c, bytes, used);
			break;
		case CPIO_IN_BODY:
			err = take_body(c, data, bytes, used);
			break;
		}
	}
	return err;
}
