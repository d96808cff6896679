// SPDX-License-Identifier: GPL-2.0
/* With whose key a file is signed, and whether a list of EFI has that or the file. */
#include "cli/image/signer.h"

#include <string.h>

#include "cli/image/signature.h"

/* What stands before the magic at the end of a signed module, counted from its start. */
enum {
	TRAILER_BYTES = 12,
	TRAILER_TYPE = 2,
	TRAILER_LENGTH = 8, /* of the signature before it, big-endian */
	TRAILER_PKCS7 = 2,
	TRAILER_MAGIC = 28,
};

/* EFI_SIGNATURE_LIST, counted from its start. */
enum {
	LIST_BYTES = 28,
	LIST_LENGTH = 16,
	LIST_HEADER = 20, /* length of what follows it */
	LIST_ENTRY = 24, /* length of each certificate, with who put it there */
	ENTRY_OWNER = 16,
};

/* EFI_CERT_X509_GUID */
static const u8 list_of_certificates[16] = {
	0xa1, 0x59, 0xc0, 0xa5, 0xe4, 0x94, 0xa7, 0x4a,
	0x87, 0xb5, 0xab, 0x15, 0x5c, 0x2b, 0xf0, 0x72,
};

/* EFI_CERT_SHA256_GUID */
static const u8 list_of_files[16] = {
	0x26, 0x16, 0xc4, 0xc1, 0x4c, 0x50, 0x92, 0x40,
	0xac, 0xa9, 0x41, 0xf9, 0x36, 0x93, 0x43, 0x28,
};

/* Tags of DER. */
enum {
	DER_INTEGER = 0x02,
	DER_OID = 0x06,
	DER_SEQUENCE = 0x30,
	DER_SET = 0x31,
	DER_CONTEXT_0 = 0xa0,
	DER_CONTEXT_1 = 0xa1,
};

/* id-at-commonName */
static const u8 common_name[] = { DER_OID, 3, 0x55, 0x04, 0x03 };

/* Bytes that are left. */
struct der {
	const u8 *at;
	const u8 *end;
};

static size_t der_left(const struct der *d)
{
	return (size_t)(d->end - d->at);
}

/* The length behind a tag; false if it is not one, or no element of it could be here. */
static bool der_length(struct der *d, size_t *length)
{
	size_t nr;

	if (d->at == d->end)
		return false;
	*length = *d->at++;
	if (*length < 0x80)
		return *length <= der_left(d);
	nr = *length & 0x7f;
	if (!nr || nr > 3 || nr > der_left(d))
		return false;
	for (*length = 0; nr; nr--)
		*length = *length << 8 | *d->at++;
	return *length <= der_left(d);
}

/* Take any element off the front of @d; @inside is what it has. Return: its tag, 0 at the end. */
static u8 der_take(struct der *d, struct der *inside)
{
	struct der rest = *d;
	size_t length;
	u8 tag;

	if (rest.at == rest.end)
		return 0;
	tag = *rest.at++;
	if (!der_length(&rest, &length))
		return 0;
	inside->at = rest.at;
	inside->end = rest.at + length;
	d->at = inside->end;
	return tag;
}

static bool der_take_only(struct der *d, u8 tag, struct der *inside)
{
	return der_take(d, inside) == tag;
}

static bool der_skip(struct der *d, u8 tag)
{
	struct der inside;

	return der_take_only(d, tag, &inside);
}

/* Skip an element that may be missing. */
static void der_skip_optional(struct der *d, u8 tag)
{
	if (d->at < d->end && *d->at == tag)
		der_skip(d, tag);
}

/* Names are sets of pairs: an identifier, and a string of one type or another. */
static void name_of_issuer(struct signer *s, struct der name)
{
	struct der set, pair, text;
	size_t i;

	s->name[0] = '\0';
	while (der_take_only(&name, DER_SET, &set)) {
		if (!der_take_only(&set, DER_SEQUENCE, &pair) ||
		    der_left(&pair) < sizeof(common_name) ||
		    memcmp(pair.at, common_name, sizeof(common_name)))
			continue;
		pair.at += sizeof(common_name);
		if (!der_take(&pair, &text))
			return;
		for (i = 0; i < der_left(&text) && i < sizeof(s->name) - 1; i++)
			s->name[i] = text.at[i] >= ' ' && text.at[i] < 0x7f ?
					     (char)text.at[i] :
					     '?';
		s->name[i] = '\0';
		return;
	}
}

static bool id_append(struct signer *s, const u8 *from, const u8 *to)
{
	size_t bytes = (size_t)(to - from);

	if (bytes > sizeof(s->id) - s->id_bytes)
		return false;
	memcpy(s->id + s->id_bytes, from, bytes);
	s->id_bytes += bytes;
	return true;
}

/* In a signature the issuer comes first. */
static bool take_issuer_and_serial(struct signer *s, struct der *d)
{
	const u8 *start = d->at;
	struct der issuer;

	if (!der_take_only(d, DER_SEQUENCE, &issuer) ||
	    !der_skip(d, DER_INTEGER) || !id_append(s, start, d->at))
		return false;
	name_of_issuer(s, issuer);
	return true;
}

/* PKCS #7: SignedData, of which the last part is a set of SignerInfo; the first of these. */
static bool take_signed_data(struct signer *s, struct der d)
{
	struct der message, content, data, signers, info, id;

	if (!der_take_only(&d, DER_SEQUENCE, &message) ||
	    !der_skip(&message, DER_OID) ||
	    !der_take_only(&message, DER_CONTEXT_0, &content) ||
	    !der_take_only(&content, DER_SEQUENCE, &data))
		return false;
	if (!der_skip(&data, DER_INTEGER) || !der_skip(&data, DER_SET) ||
	    !der_skip(&data, DER_SEQUENCE))
		return false;
	der_skip_optional(&data, DER_CONTEXT_0);
	der_skip_optional(&data, DER_CONTEXT_1);
	return der_take_only(&data, DER_SET, &signers) &&
	       der_take_only(&signers, DER_SEQUENCE, &info) &&
	       der_skip(&info, DER_INTEGER) &&
	       der_take_only(&info, DER_SEQUENCE, &id) &&
	       take_issuer_and_serial(s, &id);
}

static size_t be32(const u8 *at)
{
	return (size_t)at[0] << 24 | (size_t)at[1] << 16 | (size_t)at[2] << 8 |
	       at[3];
}

bool signer_of_module(struct signer *s, const u8 *file, size_t bytes)
{
	const u8 *trailer;
	struct sha256 sum;
	size_t length;

	*s = (struct signer){ 0 };
	if (!signature_of_module(file, bytes) ||
	    bytes < TRAILER_BYTES + TRAILER_MAGIC)
		return false;
	/* Kernels look for all of the file, with its signature. */
	sha256_start(&sum);
	sha256_add(&sum, file, bytes);
	sha256_end(&sum, s->digest);
	s->has_digest = true;
	trailer = file + bytes - TRAILER_MAGIC - TRAILER_BYTES;
	length = be32(trailer + TRAILER_LENGTH);
	if (trailer[TRAILER_TYPE] != TRAILER_PKCS7 ||
	    length > (size_t)(trailer - file) ||
	    !take_signed_data(s, (struct der){ trailer - length, trailer })) {
		s->id_bytes = 0;
		return false;
	}
	return true;
}

bool signer_of_kernel(struct signer *s, const u8 *file, size_t bytes)
{
	const u8 *pkcs7;
	size_t length = 0;

	*s = (struct signer){ 0 };
	s->has_digest = signature_digest(file, bytes, s->digest);
	pkcs7 = signature_find(file, bytes, &length);
	if (pkcs7 && take_signed_data(s, (struct der){ pkcs7, pkcs7 + length }))
		return true;
	s->id_bytes = 0;
	return false;
}

bool signer_same(const struct signer *a, const struct signer *b)
{
	return a->id_bytes && a->id_bytes == b->id_bytes &&
	       !memcmp(a->id, b->id, a->id_bytes);
}

/* In a certificate the serial number comes first, and the algorithm stands between. */
static bool is_certificate_of(const struct signer *s, struct der d)
{
	struct signer found = { 0 };
	struct der certificate, body;
	const u8 *serial, *serial_end, *issuer;

	if (!der_take_only(&d, DER_SEQUENCE, &certificate) ||
	    !der_take_only(&certificate, DER_SEQUENCE, &body))
		return false;
	der_skip_optional(&body, DER_CONTEXT_0);
	serial = body.at;
	if (!der_skip(&body, DER_INTEGER))
		return false;
	serial_end = body.at;
	if (!der_skip(&body, DER_SEQUENCE))
		return false;
	issuer = body.at;
	if (!der_skip(&body, DER_SEQUENCE) ||
	    !id_append(&found, issuer, body.at) ||
	    !id_append(&found, serial, serial_end))
		return false;
	return signer_same(s, &found);
}

/* Return: length of the list, or 0 if it is none. */
static size_t list_length(const u8 *list, size_t bytes)
{
	size_t length;

	if (bytes < LIST_BYTES)
		return 0;
	length = le32(list + LIST_LENGTH);
	return length >= LIST_BYTES && length <= bytes &&
			       le32(list + LIST_HEADER) <= length - LIST_BYTES ?
		       length :
		       0;
}

/* What a list may have entries of. */
struct kind {
	const u8 *type;
	bool (*is)(const struct signer *s, struct der entry);
};

static bool is_file_of(const struct signer *s, struct der entry)
{
	return s->has_digest && der_left(&entry) == SHA256_BYTES &&
	       !memcmp(s->digest, entry.at, SHA256_BYTES);
}

static const struct kind of_certificates = { list_of_certificates,
					     is_certificate_of };
static const struct kind of_files = { list_of_files, is_file_of };

static bool in_list(const struct signer *s, const struct kind *kind,
		    const u8 *list, size_t length)
{
	size_t entry = le32(list + LIST_ENTRY);
	size_t at = LIST_BYTES + le32(list + LIST_HEADER);

	if (entry <= ENTRY_OWNER ||
	    memcmp(list, kind->type, sizeof(list_of_certificates)))
		return false;
	for (; entry <= length - at; at += entry)
		if (kind->is(s, (struct der){ list + at + ENTRY_OWNER,
					      list + at + entry }))
			return true;
	return false;
}

static bool in_lists(const struct signer *s, const struct kind *kind,
		     const u8 *lists, size_t bytes)
{
	size_t length;

	while ((length = list_length(lists, bytes))) {
		if (in_list(s, kind, lists, length))
			return true;
		lists += length;
		bytes -= length;
	}
	return false;
}

bool signer_listed(const struct signer *s, const u8 *lists, size_t bytes)
{
	return in_lists(s, &of_certificates, lists, bytes);
}

bool signer_file_listed(const struct signer *s, const u8 *lists, size_t bytes)
{
	return in_lists(s, &of_files, lists, bytes);
}
