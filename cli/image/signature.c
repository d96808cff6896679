// SPDX-License-Identifier: GPL-2.0
/* Signatures of kernels and modules. */
#include "cli/image/signature.h"

#include <string.h>

#include "cli/image/pe.h"

/* Offsets from the start of what is named. */
enum {
	OPTIONAL_32 = 0x10b,
	OPTIONAL_64 = 0x20b,
	DIRECTORIES_32 =
		96, /* in the optional header; their number stands before them */
	DIRECTORIES_64 = 112,
	DIRECTORY_BYTES = 8, /* offset in the file, length */
	DIRECTORY_CERTIFICATES = 4,
	CERTIFICATE_BYTES = 8, /* length, revision, type */
	CERTIFICATE_TYPE = 6,
	TYPE_PKCS7 = 2,
};

/* The directory of certificates. Return: NULL if there is none. */
static const u8 *find_directory(const u8 *pe)
{
	const u8 *optional = pe + PE_BYTES;
	size_t room = le16(pe + PE_OPTIONAL_BYTES), first;

	if (room < 2)
		return NULL;
	switch (le16(optional)) {
	case OPTIONAL_32:
		first = DIRECTORIES_32;
		break;
	case OPTIONAL_64:
		first = DIRECTORIES_64;
		break;
	default:
		return NULL;
	}
	if (room < first + (DIRECTORY_CERTIFICATES + 1) * DIRECTORY_BYTES ||
	    le32(optional + first - 4) <= DIRECTORY_CERTIFICATES)
		return NULL;
	return optional + first + DIRECTORY_CERTIFICATES * DIRECTORY_BYTES;
}

bool signature_of_kernel(const u8 *file, size_t bytes)
{
	size_t left = 0;
	const u8 *pe = pe_header(file, bytes, &left);
	const u8 *directory = pe ? find_directory(pe) : NULL;
	u32 at, length;

	if (!directory)
		return false;
	at = le32(directory);
	length = le32(directory + 4);
	if (at > bytes || length > bytes - at || length <= CERTIFICATE_BYTES)
		return false;
	return le32(file + at) > CERTIFICATE_BYTES &&
	       le32(file + at) <= length &&
	       le16(file + at + CERTIFICATE_TYPE) == TYPE_PKCS7;
}

bool signature_of_module(const u8 *file, size_t bytes)
{
	static const char magic[] = "~Module signature appended~\n";
	const size_t length = sizeof(magic) - 1;

	return bytes > length && !memcmp(file + bytes - length, magic, length);
}
