// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * CRC-32C, eight bytes a step.
 *
 * The table is made by the compiler. A CRC is linear over GF(2), so the entry for any byte is the
 * exclusive or of the entries of its single bits, and the entry of a single bit is the register
 * that is left when this bit has been shifted through: a power of x, one power further for each
 * position. STEP_n below is that power; nothing but the polynomial is given by hand.
 */
#include "crc32c.h"

#define POLY 0x82f63b78U
#define SHIFT(x) (((x) >> 1) ^ (((x)&1) ? POLY : 0))

/* Each line continues where the former one ended. */
#define STEPS(row, before)                      \
	STEP_##row##_0 = SHIFT(before),         \
	STEP_##row##_1 = SHIFT(STEP_##row##_0), \
	STEP_##row##_2 = SHIFT(STEP_##row##_1), \
	STEP_##row##_3 = SHIFT(STEP_##row##_2), \
	STEP_##row##_4 = SHIFT(STEP_##row##_3), \
	STEP_##row##_5 = SHIFT(STEP_##row##_4), \
	STEP_##row##_6 = SHIFT(STEP_##row##_5), \
	STEP_##row##_7 = SHIFT(STEP_##row##_6)

enum crc_step {
	STEPS(0, 1U),
	STEPS(1, STEP_0_7),
	STEPS(2, STEP_1_7),
	STEPS(3, STEP_2_7),
	STEPS(4, STEP_3_7),
	STEPS(5, STEP_4_7),
	STEPS(6, STEP_5_7),
	STEPS(7, STEP_6_7),
};

#define BIT_OF(byte, bit, step) (((byte) >> (bit)&1) ? (u32)(step) : 0U)

#define ENTRY(row, byte)                                                     \
	(BIT_OF(byte, 7, STEP_##row##_0) ^ BIT_OF(byte, 6, STEP_##row##_1) ^ \
	 BIT_OF(byte, 5, STEP_##row##_2) ^ BIT_OF(byte, 4, STEP_##row##_3) ^ \
	 BIT_OF(byte, 3, STEP_##row##_4) ^ BIT_OF(byte, 2, STEP_##row##_5) ^ \
	 BIT_OF(byte, 1, STEP_##row##_6) ^ BIT_OF(byte, 0, STEP_##row##_7))

#define ENTRIES_4(row, b)                                        \
	ENTRY(row, b), ENTRY(row, (b) + 1), ENTRY(row, (b) + 2), \
		ENTRY(row, (b) + 3)
#define ENTRIES_16(row, b)                                                   \
	ENTRIES_4(row, b), ENTRIES_4(row, (b) + 4), ENTRIES_4(row, (b) + 8), \
		ENTRIES_4(row, (b) + 12)
#define ENTRIES_64(row, b)                             \
	ENTRIES_16(row, b), ENTRIES_16(row, (b) + 16), \
		ENTRIES_16(row, (b) + 32), ENTRIES_16(row, (b) + 48)
#define ENTRIES_256(row)                                                       \
	{                                                                      \
		ENTRIES_64(row, 0), ENTRIES_64(row, 64), ENTRIES_64(row, 128), \
			ENTRIES_64(row, 192)                                   \
	}

/* table[n][b]: register after byte b and n zero bytes, from an empty register. */
static const u32 table[8][256] = {
	ENTRIES_256(0), ENTRIES_256(1), ENTRIES_256(2), ENTRIES_256(3),
	ENTRIES_256(4), ENTRIES_256(5), ENTRIES_256(6), ENTRIES_256(7),
};

static inline u32 add_byte(u32 reg, u8 byte)
{
	return (reg >> 8) ^ table[0][(reg ^ byte) & 0xff];
}

/* @word holds eight bytes, the first of them lowest. */
static inline u32 add_word(u32 reg, u64 word)
{
	word ^= reg;
	return table[7][word & 0xff] ^ table[6][word >> 8 & 0xff] ^
	       table[5][word >> 16 & 0xff] ^ table[4][word >> 24 & 0xff] ^
	       table[3][word >> 32 & 0xff] ^ table[2][word >> 40 & 0xff] ^
	       table[1][word >> 48 & 0xff] ^ table[0][word >> 56];
}

u32 kho_crc32c(u32 crc, const void *data, size_t len)
{
	const u8 *p = data;
	u32 reg = ~crc;

	static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
		      "add_word() takes the first byte lowest");
	for (; len >= sizeof(u64); len -= sizeof(u64), p += sizeof(u64)) {
		u64 word;

		memcpy(&word, p, sizeof(word));
		reg = add_word(reg, word);
	}
	while (len--)
		reg = add_byte(reg, *p++);
	return ~reg;
}
