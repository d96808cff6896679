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

/* The same of a module, not compressed. */
bool signature_of_module(const u8 *file, size_t bytes);

#endif /* KHO_CLI_SIGNATURE_H */
