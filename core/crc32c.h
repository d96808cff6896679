/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#ifndef KHO_CORE_CRC32C_H
#define KHO_CORE_CRC32C_H

#include "env.h"

/**
 * kho_crc32c() - CRC-32C (Castagnoli, reflected, initial value and final xor ~0: iSCSI, RFC 3720)
 * @crc: 0 to start, or the result for the bytes that came before
 * @data: bytes
 * @len: number of bytes
 *
 * kho_crc32c(kho_crc32c(0, a, n), b, m) is the checksum of a followed by b. Context: any.
 *
 * Return: checksum of everything so far.
 */
u32 kho_crc32c(u32 crc, const void *data, size_t len);

#endif /* KHO_CORE_CRC32C_H */
