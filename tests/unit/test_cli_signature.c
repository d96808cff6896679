// SPDX-License-Identifier: GPL-2.0
/*
 * Signatures of kernels and modules: seen where there is one, and not where something only looks
 * like it, or would lie outside of the file.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "cli/image/pe.c"
#include "cli/image/signature.c"
#include "cli/base/sha256.c"
#include "cli/base/util.c"

enum {
	PE_AT = 0x80,
	OPTIONAL_AT = PE_AT + PE_BYTES,
	OPTIONAL = 0xa0,
	DIRECTORY_AT = OPTIONAL_AT + DIRECTORIES_64 + 4 * DIRECTORY_BYTES,
	CERTIFICATE_AT = 1024,
	CERTIFICATE = 200,
	FILE_BYTES = CERTIFICATE_AT + CERTIFICATE,
};

static u8 file[FILE_BYTES];

static void put(size_t at, u32 n)
{
	memcpy(file + at, &n, sizeof(n));
}

static void start(void)
{
	memset(file, 0, sizeof(file));
	memcpy(file, "MZ", 2);
	put(DOS_PE_OFFSET, PE_AT);
	memcpy(file + PE_AT, "PE\0\0", 4);
	file[PE_AT + PE_OPTIONAL_BYTES] = OPTIONAL;
	file[OPTIONAL_AT] = OPTIONAL_64 & 0xff;
	file[OPTIONAL_AT + 1] = OPTIONAL_64 >> 8;
	put(OPTIONAL_AT + DIRECTORIES_64 - 4, 6);
	put(DIRECTORY_AT, CERTIFICATE_AT);
	put(DIRECTORY_AT + 4, CERTIFICATE);
	put(CERTIFICATE_AT, CERTIFICATE - 3);
	put(CERTIFICATE_AT + 4, 0x200 | TYPE_PKCS7 << 16);
}

/* A copy of its own length, so that the sanitizer sees what is read behind it. */
static bool is_signed(size_t bytes)
{
	u8 *copy = need(malloc(bytes ?: 1));
	bool found;

	memcpy(copy, file, bytes);
	found = signature_of_kernel(copy, bytes);
	free(copy);
	return found;
}

static void sees_a_signature(void **state)
{
	start();
	assert_true(is_signed(FILE_BYTES));
}

static void sees_none_in_a_file_that_ends_early(void **state)
{
	size_t bytes;

	start();
	for (bytes = 0; bytes < FILE_BYTES; bytes++)
		assert_false(is_signed(bytes));
}

static void without(size_t at, u32 n)
{
	start();
	put(at, n);
	assert_false(is_signed(FILE_BYTES));
}

static void is_not_taken_in(void **state)
{
	without(0, 0);
	without(DOS_PE_OFFSET, FILE_BYTES - 4);
	without(DOS_PE_OFFSET, 0xffffffff);
	without(PE_AT, 0);
	without(PE_AT + PE_OPTIONAL_BYTES, 0);
	without(PE_AT + PE_OPTIONAL_BYTES, 1);
	without(PE_AT + PE_OPTIONAL_BYTES, 0xffff);
	without(OPTIONAL_AT, 0);
	/* There are directories, but none of certificates. */
	without(OPTIONAL_AT + DIRECTORIES_64 - 4, 4);
	without(DIRECTORY_AT + 4, 0);
	without(DIRECTORY_AT + 4, CERTIFICATE + 1);
	without(DIRECTORY_AT, FILE_BYTES);
	without(DIRECTORY_AT, 0xfffffff0);
	without(CERTIFICATE_AT, 0);
	without(CERTIFICATE_AT, CERTIFICATE + 1);
	/* Of another type. */
	without(CERTIFICATE_AT + 4, 0x10200);
}

static void modules_have_it_at_their_end(void **state)
{
	static const char text[] = "module~Module signature appended~\n";
	const u8 *module = (const u8 *)text;

	assert_true(signature_of_module(module, sizeof(text) - 1));
	assert_false(signature_of_module(module, sizeof(text)));
	assert_false(signature_of_module(module, 6));
	assert_false(signature_of_module(module, 0));
}

/* Those of the standard, and one of two blocks and a half in pieces of each size. */
static void digests_are_right(void **state)
{
	static const struct {
		const char *text;
		u8 first[4];
	} known[] = {
		{ "", { 0xe3, 0xb0, 0xc4, 0x42 } },
		{ "abc", { 0xba, 0x78, 0x16, 0xbf } },
		{ "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
		  { 0x24, 0x8d, 0x6a, 0x61 } },
	};
	u8 whole[SHA256_BYTES], digest[SHA256_BYTES], text[160];
	struct sha256 s;
	size_t i, at, step;

	for (i = 0; i < ARRAY_LEN(known); i++) {
		sha256_start(&s);
		sha256_add(&s, (const u8 *)known[i].text,
			   strlen(known[i].text));
		sha256_end(&s, digest);
		assert_memory_equal(digest, known[i].first, 4);
	}
	memset(text, 'x', sizeof(text));
	sha256_start(&s);
	sha256_add(&s, text, sizeof(text));
	sha256_end(&s, whole);
	for (step = 1; step < sizeof(text); step++) {
		sha256_start(&s);
		for (at = 0; at < sizeof(text); at += step)
			sha256_add(&s, text + at,
				   sizeof(text) - at < step ?
					   sizeof(text) - at :
					   step);
		sha256_end(&s, digest);
		assert_memory_equal(digest, whole, SHA256_BYTES);
	}
}

static bool digest_of(size_t bytes, u8 *digest)
{
	u8 *copy = need(malloc(bytes ?: 1));
	bool found;

	memcpy(copy, file, bytes);
	found = signature_digest(copy, bytes, digest);
	free(copy);
	return found;
}

/* What a signature changes in a file is no part of what is signed; every other byte is. */
static void what_is_signed(void **state)
{
	u8 digest[SHA256_BYTES], other[SHA256_BYTES];
	size_t at;

	start();
	assert_true(digest_of(FILE_BYTES, digest));
	for (at = 0; at < FILE_BYTES; at++) {
		bool left_out = (at >= OPTIONAL_AT + OPTIONAL_CHECKSUM &&
				 at < OPTIONAL_AT + OPTIONAL_CHECKSUM +
						 CHECKSUM_BYTES) ||
				at >= CERTIFICATE_AT;

		/* Where and how long they are decides what is left out. */
		if (at >= DIRECTORY_AT && at < DIRECTORY_AT + DIRECTORY_BYTES)
			continue;
		file[at] ^= 0x20;
		if (digest_of(FILE_BYTES, other))
			assert_int_equal(!memcmp(digest, other, SHA256_BYTES),
					 left_out);
		else
			assert_false(left_out);
		file[at] ^= 0x20;
	}
	/* The same file, before anybody signed it. */
	put(DIRECTORY_AT, 0);
	put(DIRECTORY_AT + 4, 0);
	assert_true(digest_of(CERTIFICATE_AT, other));
	assert_memory_equal(digest, other, SHA256_BYTES);
	for (at = 0; at < OPTIONAL_AT; at++)
		assert_false(digest_of(at, other));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(digests_are_right),
		cmocka_unit_test(what_is_signed),
		cmocka_unit_test(sees_a_signature),
		cmocka_unit_test(sees_none_in_a_file_that_ends_early),
		cmocka_unit_test(is_not_taken_in),
		cmocka_unit_test(modules_have_it_at_their_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
