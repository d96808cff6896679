/* SPDX-License-Identifier: GPL-2.0 */
/* The bytes that a fuzzer is given, as a script of what to do. */
#ifndef TESTS_FUZZ_INPUT_H
#define TESTS_FUZZ_INPUT_H

#include "core/env.h"

/* Input that has yet to be used; when it is used up, everything is 0. */
struct input {
	const u8 *data;
	size_t left;
};

/* The next @bytes, 8 at most, as one number. */
static inline u64 take(struct input *in, unsigned int bytes)
{
	u64 value = 0;

	while (bytes-- && in->left) {
		value = value << 8 | *in->data++;
		in->left--;
	}
	return value;
}

#endif /* TESTS_FUZZ_INPUT_H */
