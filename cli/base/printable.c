// SPDX-License-Identifier: GPL-2.0
/* Names of files as text. */
#include "cli/base/printable.h"

#include <stdbool.h>
#include <string.h>

#include "cli/base/util.h"

/* Bytes of the character of UTF-8 that starts here; 0: it is none, or a control character. */
static size_t character(const u8 *at, size_t room)
{
	static const u32 least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t bytes, i;
	u32 code;

	if (*at < 0x80)
		return *at >= ' ' && *at != 0x7f && *at != '\\';
	bytes = *at >= 0xf0 ? 4 : *at >= 0xe0 ? 3 : 2;
	if (*at < 0xc0 || *at > 0xf4 || bytes > room)
		return 0;
	code = *at & (0x7fU >> bytes);
	for (i = 1; i < bytes; i++) {
		if ((at[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (at[i] & 0x3f);
	}
	/* C1 controls, surrogates, longer than need be, and what is beyond Unicode. */
	if (code < 0xa0 || code < least[bytes] || code > 0x10ffff ||
	    (code >= 0xd800 && code < 0xe000))
		return 0;
	return bytes;
}

char *printable(const char *name, size_t bytes)
{
	char *text = need(malloc(4 * bytes + 1)), *to = text;
	size_t i, n;

	for (i = 0; i < bytes; i += n ? n : 1) {
		n = character((const u8 *)name + i, bytes - i);
		memcpy(to, name + i, n);
		to += n;
		if (!n)
			to += sprintf(to, "\\%03o", (u8)name[i]);
	}
	*to = '\0';
	return text;
}
