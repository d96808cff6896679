/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Signatures of kernels and modules: whether there is one. Whether the running kernel trusts the
 * key that it was made with shows when it loads the file. Files are trusted for nothing.
 */
#ifndef KHO_CLI_SIGNATURE_H
#define KHO_CLI_SIGNATURE_H

#include "cli/base/util.h"

/**
 * signature_of_kernel() - is a signature attached to a kernel, as kexec_file_load(2) wants it?
 * @file: contents: a PE file, which a bzImage with an EFI stub is, too
 * @bytes: length of @file
 *
 * Reads nothing outside [@file, @file + @bytes).
 */
bool signature_of_kernel(const u8 *file, size_t bytes);

/**
 * signature_find() - the first signature that is attached to a kernel
 * @file: as above
 * @bytes: length of @file
 * @length: filled
 *
 * Return: PKCS #7, maybe with a few bytes behind it; NULL if there is none.
 */
const u8 *signature_find(const u8 *file, size_t bytes, size_t *length);

/**
 * signature_digest() - SHA-256 of what a PE file's signatures are about
 * @file: as above
 * @bytes: length of @file
 * @digest: filled, SHA256_BYTES
 *
 * It leaves out the signatures, where they are said to be, and the file's own checksum. Lists of
 * EFI name programs by it. Files whose sections leave gaps have another one, but no kernel is so.
 *
 * Return: false if it is no PE file.
 */
bool signature_digest(const u8 *file, size_t bytes, u8 *digest);

/* Is one attached to a module, not compressed? */
bool signature_of_module(const u8 *file, size_t bytes);

#endif /* KHO_CLI_SIGNATURE_H */
