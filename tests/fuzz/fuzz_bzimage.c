// SPDX-License-Identifier: GPL-2.0
/*
 * Any bytes as a kernel file: either a reason, or numbers that stay inside the file.
 */
#include <stdlib.h>

#include "cli/image/bzimage.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static void require(bool holds)
{
	if (!holds)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct bzimage bz;
	const char *why = bzimage_parse(&bz, data, bytes);

	if (why) {
		require(strlen(why) > 0);
		return 0;
	}
	require(bz.header_end > BZ_HEADER &&
		bz.header_end <= BZ_HEADER_MAX_END);
	require(bz.header_end <= bz.code_offset && bz.code_offset < bytes);
	require(bz.code_bytes == bytes - bz.code_offset);
	require(bz.code_bytes > BZ_ENTRY_64);
	require(bz.init_bytes >= bz.code_bytes && bz.init_bytes % PAGE == 0);
	require(power_of_two(bz.align) && bz.align >= PAGE);
	require(bz.setup_type_max & BZ_TYPE_INDIRECT);
	require(strlen(bz.release) < sizeof(bz.release));
	return 0;
}
