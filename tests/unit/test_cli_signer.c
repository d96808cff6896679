// SPDX-License-Identifier: GPL-2.0
/*
 * Whose signature a module has, and whether a list of EFI has that key: found where the kernel's
 * sign-file puts it, and nothing outside of the bytes is read.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "cli/image/signature.c"
#include "cli/image/pe.c"
#include "cli/image/signer.c"
#include "cli/base/sha256.c"
#include "cli/base/util.c"

struct bytes {
	u8 at[4096];
	size_t nr;
};

static void put(struct bytes *b, const void *what, size_t nr)
{
	assert_true(nr <= sizeof(b->at) - b->nr);
	memcpy(b->at + b->nr, what, nr);
	b->nr += nr;
}

/* An element of DER, in the shortest form for its length. */
static void put_element(struct bytes *b, u8 tag, const void *what, size_t nr)
{
	const u8 shorter[] = { tag, (u8)nr };
	const u8 longer[] = { tag, 0x82, (u8)(nr >> 8), (u8)nr };

	if (nr < 0x80)
		put(b, shorter, sizeof(shorter));
	else
		put(b, longer, sizeof(longer));
	put(b, what, nr);
}

static void wrap(struct bytes *b, u8 tag)
{
	struct bytes inside = *b;

	b->nr = 0;
	put_element(b, tag, inside.at, inside.nr);
}

/* An issuer whose name has an organization before the common name. */
static struct bytes name_of(const char *common)
{
	static const u8 organization[] = { 0x31, 0x0a, 0x30, 0x08, 0x06, 0x03,
					   0x55, 0x04, 0x0a, 0x0c, 0x01, 'o' };
	static const u8 cn[] = { 0x06, 0x03, 0x55, 0x04, 0x03 };
	struct bytes pair = { .nr = 0 }, name = { .nr = 0 };

	put(&pair, cn, sizeof(cn));
	put_element(&pair, 0x0c, common, strlen(common));
	wrap(&pair, DER_SEQUENCE);
	wrap(&pair, DER_SET);
	put(&name, organization, sizeof(organization));
	put(&name, pair.at, pair.nr);
	wrap(&name, DER_SEQUENCE);
	return name;
}

static struct bytes module_of(const char *common, u32 serial)
{
	static const u8 oid[] = { 0x06, 0x01, 0x2a };
	static const u8 version[] = { 2, 1, 1 };
	static const u8 set[] = { 0x31, 0 };
	static const u8 sequence[] = { 0x30, 0 };
	struct bytes id = name_of(common);
	struct bytes info = { .nr = 0 };
	struct bytes data = { .nr = 0 };
	struct bytes message = { .nr = 0 };
	struct bytes module = { .nr = 0 };
	u8 trailer[TRAILER_BYTES] = { [TRAILER_TYPE] = TRAILER_PKCS7 };

	put_element(&id, DER_INTEGER, &serial, sizeof(serial));
	wrap(&id, DER_SEQUENCE);
	put(&info, version, sizeof(version));
	put(&info, id.at, id.nr);
	put(&info, sequence, sizeof(sequence));
	wrap(&info, DER_SEQUENCE);
	wrap(&info, DER_SET);
	put(&data, version, sizeof(version));
	put(&data, set, sizeof(set));
	put(&data, sequence, sizeof(sequence));
	/* Certificates may come along, and are passed over. */
	put_element(&data, DER_CONTEXT_0, "\x30", 1);
	put(&data, info.at, info.nr);
	wrap(&data, DER_SEQUENCE);
	wrap(&data, DER_CONTEXT_0);
	put(&message, oid, sizeof(oid));
	put(&message, data.at, data.nr);
	wrap(&message, DER_SEQUENCE);
	put(&module, "module", 6);
	put(&module, message.at, message.nr);
	trailer[TRAILER_LENGTH + 2] = (u8)(message.nr >> 8);
	trailer[TRAILER_LENGTH + 3] = (u8)message.nr;
	put(&module, trailer, sizeof(trailer));
	put(&module, "~Module signature appended~\n", TRAILER_MAGIC);
	return module;
}

static struct bytes certificate_of(const char *common, u32 serial)
{
	static const u8 version[] = { 0xa0, 3, 2, 1, 2 };
	static const u8 sequence[] = { 0x30, 0 };
	struct bytes c = { .nr = 0 }, name = name_of(common);
	u8 key[300] = { 0 };

	put(&c, version, sizeof(version));
	put_element(&c, DER_INTEGER, &serial, sizeof(serial));
	put(&c, sequence, sizeof(sequence));
	put(&c, name.at, name.nr);
	put_element(&c, DER_SEQUENCE, key, sizeof(key));
	wrap(&c, DER_SEQUENCE);
	wrap(&c, DER_SEQUENCE);
	return c;
}

static void put_list(struct bytes *lists, const u8 *guid,
		     const struct bytes *certificate, int nr)
{
	u8 owner[ENTRY_OWNER] = { 0 };
	u32 entry = ENTRY_OWNER + (u32)certificate->nr;
	u32 length[] = { LIST_BYTES + (u32)nr * entry, 0, entry };

	put(lists, guid, 16);
	put(lists, length, sizeof(length));
	while (nr--) {
		put(lists, owner, sizeof(owner));
		put(lists, certificate->at, certificate->nr);
		certificate++;
	}
}

/* Copies of their own lengths, so that the sanitizer sees what is read behind them. */
static bool signer_in(struct signer *s, const u8 *at, size_t nr)
{
	u8 *copy = need(malloc(nr ?: 1));
	bool found;

	memcpy(copy, at, nr);
	found = signer_of_module(s, copy, nr);
	free(copy);
	return found;
}

static bool listed_in(const struct signer *s, const u8 *at, size_t nr)
{
	u8 *copy = need(malloc(nr ?: 1));
	bool found;

	memcpy(copy, at, nr);
	found = signer_listed(s, copy, nr);
	free(copy);
	return found;
}

static void finds_who_signed(void **state)
{
	struct bytes a = module_of("owner", 7), b = module_of("owner", 8);
	struct signer s, other;

	assert_true(signer_in(&s, a.at, a.nr));
	assert_string_equal(s.name, "owner");
	assert_true(signer_same(&s, &s));
	assert_true(signer_in(&other, b.at, b.nr));
	assert_false(signer_same(&s, &other));
	b = module_of("somebody else", 7);
	assert_true(signer_in(&other, b.at, b.nr));
	assert_false(signer_same(&s, &other));
	/* Nobody is nobody else. */
	other = (struct signer){ 0 };
	assert_false(signer_same(&other, &other));
}

static void names_are_cut_and_plain(void **state)
{
	char longer[200];
	struct bytes module;
	struct signer s;

	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	module = module_of(longer, 7);
	assert_true(signer_in(&s, module.at, module.nr));
	assert_int_equal(strlen(s.name), sizeof(s.name) - 1);
	module = module_of("a\033[2Jb\n", 7);
	assert_true(signer_in(&s, module.at, module.nr));
	assert_string_equal(s.name, "a?[2Jb?");
}

static void is_not_taken_in(void **state)
{
	struct bytes module = module_of("owner", 7);
	size_t cut, at;
	struct signer s;

	/* From the front: the length that it tells is that of the signature. */
	for (cut = 7; cut < module.nr; cut++)
		assert_false(signer_in(&s, module.at + cut, module.nr - cut));
	for (cut = 1; cut < module.nr; cut++)
		assert_false(signer_in(&s, module.at, module.nr - cut));
	/* Whatever a byte is: nothing outside is read. */
	for (at = 0; at < module.nr; at++) {
		u8 was = module.at[at];

		module.at[at] = 0xff;
		signer_in(&s, module.at, module.nr);
		module.at[at] = 0;
		signer_in(&s, module.at, module.nr);
		module.at[at] = was;
	}
	assert_true(signer_in(&s, module.at, module.nr));
}

static void finds_it_in_lists(void **state)
{
	static const u8 hashes[16] = { 0x26 };
	struct bytes module = module_of("owner", 7), lists = { .nr = 0 };
	struct bytes certificates[] = { certificate_of("owner", 9),
					certificate_of("owner", 7) };
	struct bytes other = certificate_of("somebody else", 7);
	struct signer s;
	size_t nr;

	assert_true(signer_in(&s, module.at, module.nr));
	assert_false(listed_in(&s, lists.at, 0));
	put_list(&lists, list_of_certificates, &other, 1);
	/* Of another type, and so no certificate. */
	put_list(&lists, hashes, certificates, 2);
	put_list(&lists, list_of_certificates, certificates, 1);
	assert_false(listed_in(&s, lists.at, lists.nr));
	nr = lists.nr;
	put_list(&lists, list_of_certificates, certificates, 2);
	assert_true(listed_in(&s, lists.at, lists.nr));
	/* Not if its list ends early. */
	for (; nr < lists.nr; nr++)
		assert_false(listed_in(&s, lists.at, nr));
	memset(lists.at + LIST_LENGTH, 0, 4);
	assert_false(listed_in(&s, lists.at, lists.nr));
}

/* The same signature in two files, of which one is listed. */
static void finds_files_in_lists(void **state)
{
	struct bytes module = module_of("owner", 7), lists = { .nr = 0 };
	struct bytes digests[2] = { { .nr = SHA256_BYTES },
				    { .nr = SHA256_BYTES } };
	struct signer s, other;

	assert_true(signer_in(&s, module.at, module.nr));
	assert_true(s.has_digest);
	module.at[0]++;
	assert_true(signer_in(&other, module.at, module.nr));
	assert_true(signer_same(&s, &other));
	memcpy(digests[1].at, s.digest, SHA256_BYTES);
	put_list(&lists, list_of_certificates, digests, 2);
	assert_false(signer_file_listed(&s, lists.at, lists.nr));
	put_list(&lists, list_of_files, digests, 2);
	assert_true(signer_file_listed(&s, lists.at, lists.nr));
	assert_false(signer_file_listed(&other, lists.at, lists.nr));
	assert_false(signer_file_listed(&s, lists.at, lists.nr - 1));
	/* What has none is not one of zeros. */
	other = (struct signer){ 0 };
	assert_false(signer_file_listed(&other, lists.at, lists.nr));
}

static void lists_are_not_trusted(void **state)
{
	struct bytes module = module_of("owner", 7), lists = { .nr = 0 };
	struct bytes certificate = certificate_of("owner", 7);
	struct signer s;
	size_t at;

	assert_true(signer_in(&s, module.at, module.nr));
	put_list(&lists, list_of_certificates, &certificate, 1);
	for (at = 0; at < lists.nr; at++) {
		u8 was = lists.at[at];

		lists.at[at] = 0xff;
		listed_in(&s, lists.at, lists.nr);
		lists.at[at] = 0;
		listed_in(&s, lists.at, lists.nr);
		lists.at[at] = was;
	}
	assert_true(listed_in(&s, lists.at, lists.nr));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_who_signed),
		cmocka_unit_test(names_are_cut_and_plain),
		cmocka_unit_test(is_not_taken_in),
		cmocka_unit_test(finds_it_in_lists),
		cmocka_unit_test(finds_files_in_lists),
		cmocka_unit_test(lists_are_not_trusted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
