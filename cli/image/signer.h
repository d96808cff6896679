/* SPDX-License-Identifier: GPL-2.0 */
/*
 * With whose key a module or a kernel is signed, and whether a list of EFI has that or the file.
 * Certificates are told apart by who issued them and their serial number, as the kernel does it.
 * All of it is trusted for nothing.
 */
#ifndef KHO_CLI_SIGNER_H
#define KHO_CLI_SIGNER_H

#include "cli/base/sha256.h"

/**
 * struct signer - the certificate of a key, and the file that it signed
 * @id: issuer and serial number in DER, one after the other
 * @id_bytes: length of that; 0: not known
 * @name: common name of the issuer, printable ASCII; "" if it has none. Owners issue their own
 * @digest: SHA-256 of the file, as lists have it
 * @has_digest: see @digest
 */
struct signer {
	u8 id[512];
	size_t id_bytes;
	char name[80];
	u8 digest[SHA256_BYTES];
	bool has_digest;
};

/**
 * signer_of_module() - find who signed a module
 * @s: filled
 * @file: contents of the module, not compressed
 * @bytes: length
 *
 * Reads nothing outside [@file, @file + @bytes).
 *
 * Return: false if nobody did, or the signature names its key in another way.
 */
bool signer_of_module(struct signer *s, const u8 *file, size_t bytes);

/**
 * signer_of_kernel() - the same of a PE file
 * @s: filled; also with the digest of one that nobody signed
 * @file: contents
 * @bytes: length
 */
bool signer_of_kernel(struct signer *s, const u8 *file, size_t bytes);

bool signer_same(const struct signer *a, const struct signer *b);

/**
 * signer_listed() - is it among the certificates of an EFI variable?
 * @s: a signer
 * @lists: contents: EFI_SIGNATURE_LISTs
 * @bytes: length
 *
 * Reads nothing outside [@lists, @lists + @bytes).
 */
bool signer_listed(const struct signer *s, const u8 *lists, size_t bytes);

/* The same for the file that it signed. */
bool signer_file_listed(const struct signer *s, const u8 *lists, size_t bytes);

#endif /* KHO_CLI_SIGNER_H */
