/* SPDX-License-Identifier: GPL-2.0 */
/* SHA-256, as the lists of EFI name files by it. */
#ifndef KHO_CLI_SHA256_H
#define KHO_CLI_SHA256_H

#include "cli/base/util.h"

enum { SHA256_BYTES = 32, SHA256_BLOCK = 64 };

/**
 * struct sha256 - one that is being made
 * @state: of what was added, but for @block
 * @bytes: how many were added
 * @block: the last of them, @bytes modulo its size
 */
struct sha256 {
	u32 state[8];
	u64 bytes;
	u8 block[SHA256_BLOCK];
};

void sha256_start(struct sha256 *s);
void sha256_add(struct sha256 *s, const u8 *data, size_t bytes);
/* @digest has SHA256_BYTES; @s is used up. */
void sha256_end(struct sha256 *s, u8 *digest);

#endif /* KHO_CLI_SHA256_H */
