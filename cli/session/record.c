// SPDX-License-Identifier: GPL-2.0
/* The record of a session. */
#include "cli/session/record.h"

#include <string.h>

#include "core/crc32c.h"

#define MAGIC "khosess"

_Static_assert(sizeof(struct session_record) ==
		       8 + 6 * 4 + SESSION_LABEL_SIZE + SESSION_MAX_FILES * 16,
	       "what one kernel's tool writes another one's reads");
_Static_assert(sizeof(struct session_record) <= SESSION_RECORD_BYTES,
	       "it has one page");

static u32 crc_of(const struct session_record *r)
{
	struct session_record copy = *r;

	copy.crc = 0;
	return kho_crc32c(0, &copy, sizeof(copy));
}

void session_record_init(struct session_record *r,
			 const struct session_config *c, u32 flags)
{
	memset(r, 0, sizeof(*r));
	memcpy(r->magic, MAGIC, sizeof(MAGIC));
	r->version = SESSION_RECORD_VERSION;
	r->nr = (u32)c->nr;
	r->flags = flags;
	r->uid = c->uid;
	memcpy(r->label, c->label, sizeof(r->label));
	memcpy(r->file, c->file, c->nr * sizeof(*c->file));
	r->crc = crc_of(r);
}

static bool tokens_ok(const struct session_record *r)
{
	u32 i, k;

	for (i = 0; i < r->nr; i++) {
		if (r->file[i].token == SESSION_RECORD_TOKEN)
			return false;
		for (k = 0; k < i; k++) {
			if (r->file[k].token == r->file[i].token)
				return false;
		}
	}
	return true;
}

const char *session_record_check(const struct session_record *r, size_t bytes)
{
	if (bytes < sizeof(*r))
		return "its record is too short";
	if (memcmp(r->magic, MAGIC, sizeof(MAGIC)))
		return "its record is none of kho";
	if (r->version != SESSION_RECORD_VERSION)
		return "its record is of another version";
	if (r->crc != crc_of(r))
		return "its record does not match its checksum";
	if (r->nr > SESSION_MAX_FILES)
		return "its record names too many files";
	if (!memchr(r->label, '\0', sizeof(r->label)))
		return "the label in its record does not end";
	if (!tokens_ok(r))
		return "a token is in its record twice, or is the record's own";
	return NULL;
}

char *session_record_judge(const struct session_record *r,
			   const struct session_config *want)
{
	if (!(r->flags & SESSION_USED))
		return format("no program was ever given its files");
	if (strcmp(r->label, want->label))
		return format(
			"its state has another label than is wanted ('%s')",
			want->label);
	if (r->uid != want->uid)
		return format("it belongs to user %u, and not to %u", r->uid,
			      (unsigned int)want->uid);
	return session_config_differs(want->file, want->nr, r->file, r->nr);
}
