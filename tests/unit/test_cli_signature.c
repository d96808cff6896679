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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sees_a_signature),
		cmocka_unit_test(sees_none_in_a_file_that_ends_early),
		cmocka_unit_test(is_not_taken_in),
		cmocka_unit_test(modules_have_it_at_their_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
