/* SPDX-License-Identifier: GPL-2.0 */
/* The PE format, as far as kernels use it: where headers stand. Files are trusted for nothing. */
#ifndef KHO_CLI_PE_H
#define KHO_CLI_PE_H

#include "cli/base/util.h"

/* Offsets from the start of what is named. */
enum {
	DOS_BYTES = 64,
	DOS_PE_OFFSET = 0x3c,
	PE_BYTES = 24, /* signature and file header */
	PE_NR_SECTIONS = 6,
	PE_OPTIONAL_BYTES = 20,
};

/**
 * pe_header() - find the header of a PE file
 * @file: contents
 * @bytes: length of @file
 * @left: filled: how much of the file there is from the header on
 *
 * Reads nothing outside [@file, @file + @bytes). The optional header follows it, and is in the
 * file as well.
 *
 * Return: the PE signature; NULL if it is no PE file, or ends too early.
 */
const u8 *pe_header(const u8 *file, size_t bytes, size_t *left);

#endif /* KHO_CLI_PE_H */
