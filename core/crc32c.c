// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * CRC-32C, eight bytes a step: by the processor's own instruction, or with eight tables, one for
 * each distance from the end of the step.
 */
#include "crc32c.h"

#include "crc32c_table.h"

static inline u32 add_byte(u32 reg, u8 byte)
{
	return (reg >> 8) ^ kho_crc32c_table[0][(reg ^ byte) & 0xff];
}

/* @word holds eight bytes, the first of them lowest. */
static inline u32 add_word(u32 reg, u64 word)
{
	const u32(*t)[256] = kho_crc32c_table;

	word ^= reg;
	return t[7][word & 0xff] ^ t[6][word >> 8 & 0xff] ^
	       t[5][word >> 16 & 0xff] ^ t[4][word >> 24 & 0xff] ^
	       t[3][word >> 32 & 0xff] ^ t[2][word >> 40 & 0xff] ^
	       t[1][word >> 48 & 0xff] ^ t[0][word >> 56];
}

static u32 add_by_table(u32 reg, const u8 *p, size_t len)
{
	static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
		      "add_word() takes the first byte lowest");
	for (; len >= sizeof(u64); len -= sizeof(u64), p += sizeof(u64)) {
		u64 word;

		memcpy(&word, p, sizeof(word));
		reg = add_word(reg, word);
	}
	while (len--)
		reg = add_byte(reg, *p++);
	return reg;
}

#ifdef __x86_64__
/* SSE 4.2, of which this takes general registers only. A test has its own opinion. */
#ifndef kho_cpu_has_crc32c
static bool kho_cpu_has_crc32c(void)
{
	static int known;

	if (!known) {
		u32 eax = 1, ebx, ecx = 0, edx;

		__asm__("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
		known = ecx & 1U << 20 ? 1 : -1;
	}
	return known > 0;
}
#endif

static u32 add_by_instruction(u32 reg, const u8 *p, size_t len)
{
	u64 wide = reg;

	for (; len >= sizeof(u64); len -= sizeof(u64), p += sizeof(u64)) {
		u64 word;

		memcpy(&word, p, sizeof(word));
		__asm__("crc32q %1, %0" : "+r"(wide) : "rm"(word));
	}
	reg = (u32)wide;
	for (; len; len--, p++)
		__asm__("crc32b %1, %0" : "+r"(reg) : "qm"(*p));
	return reg;
}
#else
#define kho_cpu_has_crc32c() false
#define add_by_instruction add_by_table
#endif

u32 kho_crc32c(u32 crc, const void *data, size_t len)
{
	return ~(kho_cpu_has_crc32c() ? add_by_instruction(~crc, data, len) :
					add_by_table(~crc, data, len));
}
