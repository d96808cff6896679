// SPDX-License-Identifier: GPL-2.0
/* FIPS 180-4. */
#include "cli/base/sha256.h"

#include <string.h>

static const u32 round_constant[SHA256_BLOCK] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1,
	0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3,
	0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786,
	0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
	0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147,
	0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13,
	0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
	0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
	0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a,
	0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208,
	0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static u32 be32_at(const u8 *at)
{
	return (u32)at[0] << 24 | (u32)at[1] << 16 | (u32)at[2] << 8 | at[3];
}

static void put_be32(u8 *at, u32 n)
{
	at[0] = (u8)(n >> 24);
	at[1] = (u8)(n >> 16);
	at[2] = (u8)(n >> 8);
	at[3] = (u8)n;
}

static u32 right(u32 n, unsigned int by)
{
	return n >> by | n << (32 - by);
}

/* The words of a block, and what follows from them. */
static void expand(u32 *w, const u8 *block)
{
	u32 a, b;
	int i;

	for (i = 0; i < 16; i++)
		w[i] = be32_at(block + 4 * i);
	for (; i < SHA256_BLOCK; i++) {
		a = right(w[i - 15], 7) ^ right(w[i - 15], 18) ^ w[i - 15] >> 3;
		b = right(w[i - 2], 17) ^ right(w[i - 2], 19) ^ w[i - 2] >> 10;
		w[i] = w[i - 16] + a + w[i - 7] + b;
	}
}

static void add_block(struct sha256 *s, const u8 *block)
{
	u32 w[SHA256_BLOCK], v[8], a, b;
	int i;

	expand(w, block);
	memcpy(v, s->state, sizeof(v));
	for (i = 0; i < SHA256_BLOCK; i++) {
		a = v[7] + round_constant[i] + w[i];
		a += right(v[4], 6) ^ right(v[4], 11) ^ right(v[4], 25);
		a += (v[4] & v[5]) ^ (~v[4] & v[6]);
		b = right(v[0], 2) ^ right(v[0], 13) ^ right(v[0], 22);
		b += (v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]);
		memmove(v + 1, v, 7 * sizeof(*v));
		v[4] += a;
		v[0] = a + b;
	}
	for (i = 0; i < 8; i++)
		s->state[i] += v[i];
}

void sha256_start(struct sha256 *s)
{
	*s = (struct sha256){ .state = { 0x6a09e667, 0xbb67ae85, 0x3c6ef372,
					 0xa54ff53a, 0x510e527f, 0x9b05688c,
					 0x1f83d9ab, 0x5be0cd19 } };
}

void sha256_add(struct sha256 *s, const u8 *data, size_t bytes)
{
	size_t used = s->bytes % SHA256_BLOCK, part;

	s->bytes += bytes;
	if (used) {
		part = SHA256_BLOCK - used;
		part = part < bytes ? part : bytes;
		memcpy(s->block + used, data, part);
		if (used + part < SHA256_BLOCK)
			return;
		add_block(s, s->block);
		data += part;
		bytes -= part;
	}
	for (; bytes >= SHA256_BLOCK; bytes -= SHA256_BLOCK) {
		add_block(s, data);
		data += SHA256_BLOCK;
	}
	if (bytes)
		memcpy(s->block, data, bytes);
}

void sha256_end(struct sha256 *s, u8 *digest)
{
	static const u8 first = 0x80, zero;
	u64 bits = s->bytes * 8;
	u8 length[8];
	int i;

	sha256_add(s, &first, 1);
	while (s->bytes % SHA256_BLOCK != SHA256_BLOCK - sizeof(length))
		sha256_add(s, &zero, 1);
	put_be32(length, (u32)(bits >> 32));
	put_be32(length + 4, (u32)bits);
	sha256_add(s, length, sizeof(length));
	for (i = 0; i < 8; i++)
		put_be32(digest + 4 * i, s->state[i]);
}
