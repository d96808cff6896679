// SPDX-License-Identifier: GPL-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdbool.h>

/* Both ways are tested, wherever the processor has the instruction. */
static bool by_instruction;
#define kho_cpu_has_crc32c() by_instruction
#define kho_crc32c tested_crc32c
#include "core/crc32c.c"
#include "testmem.h"

/* The definition: one bit after the other. */
static u32 naive_crc32c(const u8 *data, size_t len)
{
	u32 reg = ~0U;
	unsigned int bit;

	while (len--) {
		reg ^= *data++;
		for (bit = 0; bit < 8; bit++)
			reg = reg & 1 ? reg >> 1 ^ 0x82f63b78 : reg >> 1;
	}
	return ~reg;
}

/* RFC 3720, appendix B.4, read as little-endian numbers; and the usual check value. */
static void vectors_of_rfc_3720(void **state)
{
	static const u8 read_command[48] = {
		0x01, 0xc0, 0, 0,    0,	   0, 0, 0,    0,    0, 0,    0,
		0,    0,    0, 0,    0x14, 0, 0, 0,    0,    0, 0x04, 0,
		0,    0,    0, 0x14, 0,	   0, 0, 0x18, 0x28, 0, 0,    0,
		0,    0,    0, 0,    0x02, 0, 0, 0,    0,    0, 0,    0,
	};
	u8 bytes[32];
	unsigned int i;

	memset(bytes, 0, sizeof(bytes));
	assert_int_equal(kho_crc32c(0, bytes, sizeof(bytes)), 0x8a9136aa);
	memset(bytes, 0xff, sizeof(bytes));
	assert_int_equal(kho_crc32c(0, bytes, sizeof(bytes)), 0x62a8ab43);
	for (i = 0; i < sizeof(bytes); i++)
		bytes[i] = (u8)i;
	assert_int_equal(kho_crc32c(0, bytes, sizeof(bytes)), 0x46dd794e);
	for (i = 0; i < sizeof(bytes); i++)
		bytes[i] = (u8)(sizeof(bytes) - 1 - i);
	assert_int_equal(kho_crc32c(0, bytes, sizeof(bytes)), 0x113fdb5c);
	assert_int_equal(kho_crc32c(0, read_command, sizeof(read_command)),
			 0xd9963a56);
	assert_int_equal(kho_crc32c(0, "123456789", 9), 0xe3069283);
	assert_int_equal(kho_crc32c(0, NULL, 0), 0);
}

static void fill(u8 *data, size_t len, u64 seed)
{
	struct testrand r = { seed };

	while (len--)
		*data++ = (u8)testrand_next(&r);
}

/* Every entry of every table is used, at every alignment and length. */
static void agrees_with_the_definition(void **state)
{
	u8 data[4096 + 8];
	size_t start, len;

	fill(data, sizeof(data), 1);
	for (start = 0; start < 8; start++)
		for (len = 0; len < 80; len++)
			assert_int_equal(kho_crc32c(0, data + start, len),
					 naive_crc32c(data + start, len));
	for (start = 0; start < 8; start++)
		assert_int_equal(kho_crc32c(0, data + start, 4096),
				 naive_crc32c(data + start, 4096));
}

static void agrees_for_every_byte_at_every_place(void **state)
{
	u8 data[8] = { 0 };
	unsigned int place, byte;

	for (place = 0; place < sizeof(data); place++) {
		for (byte = 0; byte < 256; byte++) {
			data[place] = (u8)byte;
			assert_int_equal(kho_crc32c(0, data, sizeof(data)),
					 naive_crc32c(data, sizeof(data)));
		}
		data[place] = 0;
	}
}

static void may_be_taken_in_parts(void **state)
{
	u8 data[200];
	size_t cut;

	fill(data, sizeof(data), 2);
	for (cut = 0; cut <= sizeof(data); cut++)
		assert_int_equal(kho_crc32c(kho_crc32c(0, data, cut),
					    data + cut, sizeof(data) - cut),
				 naive_crc32c(data, sizeof(data)));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(vectors_of_rfc_3720),
		cmocka_unit_test(agrees_with_the_definition),
		cmocka_unit_test(agrees_for_every_byte_at_every_place),
		cmocka_unit_test(may_be_taken_in_parts),
	};

	int failed = cmocka_run_group_tests_name("by table", tests, NULL, NULL);

#ifdef __x86_64__
	by_instruction = __builtin_cpu_supports("sse4.2");
	failed += cmocka_run_group_tests_name("by instruction", tests, NULL,
					      NULL);
#endif
	return failed;
}
