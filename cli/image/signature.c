// SPDX-License-Identifier: GPL-2.0
/* Signatures of kernels and modules. */
#include "cli/image/signature.h"

#include <string.h>

#include "cli/base/sha256.h"
#include "cli/image/pe.h"

/* Offsets from the start of what is named. */
enum {
	OPTIONAL_CHECKSUM = 64,
	CHECKSUM_BYTES = 4,
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

/* The certificates; what is said of them is true. Return: NULL if there are none. */
static const u8 *find_certificates(const u8 *file, size_t bytes,
				   const u8 *directory, u32 *length)
{
	u32 at = le32(directory);

	*length = le32(directory + 4);
	if (at > bytes || *length > bytes - at || *length <= CERTIFICATE_BYTES)
		return NULL;
	return file + at;
}

const u8 *signature_find(const u8 *file, size_t bytes, size_t *length)
{
	size_t left = 0;
	const u8 *pe = pe_header(file, bytes, &left);
	const u8 *directory = pe ? find_directory(pe) : NULL;
	const u8 *first;
	u32 all;

	first = directory ? find_certificates(file, bytes, directory, &all) :
			    NULL;
	if (!first || le32(first) <= CERTIFICATE_BYTES || le32(first) > all ||
	    le16(first + CERTIFICATE_TYPE) != TYPE_PKCS7)
		return NULL;
	*length = le32(first) - CERTIFICATE_BYTES;
	return first + CERTIFICATE_BYTES;
}

bool signature_of_kernel(const u8 *file, size_t bytes)
{
	size_t length;

	return signature_find(file, bytes, &length);
}

bool signature_digest(const u8 *file, size_t bytes, u8 *digest)
{
	size_t left = 0;
	const u8 *pe = pe_header(file, bytes, &left);
	const u8 *directory = pe ? find_directory(pe) : NULL;
	const u8 *end = file + bytes, *checksum, *from, *certificates;
	struct sha256 s;
	u32 all;

	/* Both kinds of header have it before their directories. */
	if (!directory)
		return false;
	checksum = pe + PE_BYTES + OPTIONAL_CHECKSUM;
	from = directory + DIRECTORY_BYTES;
	certificates = find_certificates(file, bytes, directory, &all);
	sha256_start(&s);
	sha256_add(&s, file, (size_t)(checksum - file));
	checksum += CHECKSUM_BYTES;
	sha256_add(&s, checksum, (size_t)(directory - checksum));
	if (certificates && certificates >= from) {
		sha256_add(&s, from, (size_t)(certificates - from));
		from = certificates + all;
	}
	sha256_add(&s, from, (size_t)(end - from));
	sha256_end(&s, digest);
	return true;
}

bool signature_of_module(const u8 *file, size_t bytes)
{
	static const char magic[] = "~Module signature appended~\n";
	const size_t length = sizeof(magic) - 1;

	return bytes > length && !memcmp(file + bytes - length, magic, length);
}
