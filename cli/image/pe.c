// SPDX-License-Identifier: GPL-2.0
/* The PE format, as far as kernels use it. */
#include "cli/image/pe.h"

#include <string.h>

const u8 *pe_header(const u8 *file, size_t bytes, size_t *left)
{
	const u8 *pe;
	u32 at;

	if (bytes < DOS_BYTES || memcmp(file, "MZ", 2))
		return NULL;
	at = le32(file + DOS_PE_OFFSET);
	if (at > bytes || bytes - at < PE_BYTES)
		return NULL;
	pe = file + at;
	*left = bytes - at;
	if (memcmp(pe, "PE\0\0", 4) ||
	    *left - PE_BYTES < le16(pe + PE_OPTIONAL_BYTES))
		return NULL;
	return pe;
}
