// SPDX-License-Identifier: GPL-2.0
/*
 * Keys that are enrolled are found where kernels show them, below a root made up here: in shim's
 * table, or in the variables behind four bytes, and among what came with the next kernel; and
 * what is revoked is found there, too. The signature is one of the kernel's sign-file, the list
 * one of shim's that has its certificate.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <sys/stat.h>

#include "cli/image/decompress.c"
#include "cli/image/memmap.c"
#include "cli/image/pe.c"
#include "cli/image/preflight_signer.c"
#include "cli/image/revoked.c"
#include "cli/image/signature.c"
#include "cli/image/signer.c"
#include "cli/image/sysinfo.c"
#include "cli/base/savefile.c"
#include "cli/base/sha256.c"
#include "cli/base/util.c"

#define SAMPLES "tests/fuzz/corpus/modinfo/"
#define TABLE "/sys/firmware/efi/mok-variables/"
#define VARIABLES "/sys/firmware/efi/efivars/"
#define OF_SHIM "MokListRT-605dab50-e046-4300-abb6-3dd810dd8b23"
#define SHIM_REVOKED "MokListXRT-605dab50-e046-4300-abb6-3dd810dd8b23"
#define FIRMWARE_REVOKED "dbx-d719b2cb-3d3a-4596-a3bc-dad00e67656f"
#define OF_FIRMWARE "db-d719b2cb-3d3a-4596-a3bc-dad00e67656f"

static char root[64];
static struct blob keys;
static struct signer owner;

static void make(const char *path, size_t skip, const void *data, size_t bytes)
{
	autofree char *full = format("%s%s", root, path);
	autofree char *text = need(calloc(1, skip + bytes + 1));
	char *slash = full + strlen(root);

	while ((slash = strchr(slash + 1, '/'))) {
		*slash = '\0';
		mkdir(full, 0700);
		*slash = '/';
	}
	if (bytes)
		memcpy(text + skip, data, bytes);
	assert_int_equal(save_file(full, 0600, text, skip + bytes), 0);
}

static void forget(const char *path)
{
	autofree char *full = format("%s%s", root, path);

	assert_int_equal(unlink(full), 0);
}

static int trusted(void)
{
	return signer_is_trusted(&owner, NULL);
}

static void nobody_knows_without_the_lists(void **state)
{
	struct signer nobody = { 0 };

	assert_int_equal(trusted(), -ENOENT);
	assert_int_equal(signer_is_trusted(&nobody, NULL), -ENODATA);
	/* Shim's alone does not tell what the firmware's has. */
	make(TABLE "MokListRT", 0, NULL, 0);
	assert_int_equal(trusted(), -ENOENT);
	forget(TABLE "MokListRT");
}

static void finds_keys_in_the_table(void **state)
{
	make(TABLE "db", 0, NULL, 0);
	assert_int_equal(trusted(), 0);
	make(TABLE "MokListRT", 0, keys.data, keys.bytes);
	assert_int_equal(trusted(), 1);
	make(TABLE "MokListRT", 0, NULL, 0);
	assert_int_equal(trusted(), 0);
	make(TABLE "db", 0, keys.data, keys.bytes);
	assert_int_equal(trusted(), 1);
	forget(TABLE "db");
	forget(TABLE "MokListRT");
}

static void finds_keys_in_variables(void **state)
{
	make(VARIABLES OF_FIRMWARE, 4, NULL, 0);
	assert_int_equal(trusted(), 0);
	make(VARIABLES OF_SHIM, 4, keys.data, keys.bytes);
	assert_int_equal(trusted(), 1);
	/* One that has not even attributes says nothing. */
	make(VARIABLES OF_SHIM, 3, NULL, 0);
	assert_int_equal(trusted(), -EBADMSG);
	forget(VARIABLES OF_SHIM);
	forget(VARIABLES OF_FIRMWARE);
}

/* A module of nothing but a signature. */
static void make_module(const char *path)
{
	static const char magic[] = "~Module signature appended~\n";
	struct blob signature;
	u8 file[2048] = { 0 }, *trailer;

	assert_int_equal(read_file(SAMPLES "signature", sizeof(file) - 64,
				   &signature),
			 0);
	memcpy(file, signature.data, signature.bytes);
	trailer = file + signature.bytes;
	trailer[TRAILER_TYPE] = TRAILER_PKCS7;
	trailer[TRAILER_LENGTH + 2] = (u8)(signature.bytes >> 8);
	trailer[TRAILER_LENGTH + 3] = (u8)signature.bytes;
	memcpy(trailer + TRAILER_BYTES, magic, TRAILER_MAGIC);
	make(path, 0, file, signature.bytes + TRAILER_BYTES + TRAILER_MAGIC);
	blob_free(&signature);
}

static void a_kernel_has_the_key_it_came_with(void **state)
{
	autofree char *dir = format("%s/lib/modules/1", root);

	make(TABLE "db", 0, NULL, 0);
	make("/lib/modules/1/updates/kho.ko", 0, NULL, 0);
	assert_int_equal(signer_is_trusted(&owner, dir), 0);
	make("/lib/modules/1/kernel/drivers/notes.txt", 0, NULL, 0);
	assert_int_equal(signer_is_trusted(&owner, dir), 0);
	make_module("/lib/modules/1/kernel/drivers/one.ko");
	assert_int_equal(signer_is_trusted(&owner, dir), 1);
	forget(TABLE "db");
}

/* A list of one file. */
static void make_file_list(u8 *list)
{
	const u32 length[] = { 28 + 16 + SHA256_BYTES, 0, 16 + SHA256_BYTES };

	memset(list, 0, 28 + 16 + SHA256_BYTES);
	memcpy(list, list_of_files, sizeof(list_of_files));
	memcpy(list + LIST_LENGTH, length, sizeof(length));
	memcpy(list + 28 + 16, owner.digest, SHA256_BYTES);
}

static void finds_what_is_revoked(void **state)
{
	static const char *const place[] = { TABLE "dbx", TABLE "MokListXRT",
					     VARIABLES FIRMWARE_REVOKED,
					     VARIABLES SHIM_REVOKED };
	u8 list[28 + 16 + SHA256_BYTES];
	bool is_key;
	size_t i;

	make_file_list(list);
	assert_false(revoked_is_known());
	for (i = 0; i < ARRAY_LEN(place); i++) {
		size_t skip = i < 2 ? 0 : 4;
		/* The table does not stand in for the variable here. */
		const char *other = i < 2 ? NULL : place[i - 2];

		if (other)
			make(other, 0, NULL, 0);
		make(place[i], skip, NULL, 0);
		assert_true(revoked_is_known());
		assert_null(revoked_in(&owner, &is_key));
		make(place[i], skip, keys.data, keys.bytes);
		assert_non_null(revoked_in(&owner, &is_key));
		assert_true(is_key);
		make(place[i], skip, list, sizeof(list));
		assert_non_null(revoked_in(&owner, &is_key));
		assert_false(is_key);
		forget(place[i]);
		if (other)
			forget(other);
	}
	assert_false(revoked_is_known());
}

/* Without any variable: what the kernel has read, or was built with. */
static void finds_what_the_kernel_refuses(void **state)
{
	autofree char *path = format("%s/proc/keys", root);
	char line[200] = "2f0c I------ 1 perm 080b0000 0 0 blacklist bin:";
	size_t i, at = strlen(line);
	bool is_key;

	for (i = 0; i < SHA256_BYTES; i++)
		at += (size_t)sprintf(line + at, "%02x", owner.digest[i]);
	make("/proc/keys", 0, line, at);
	assert_non_null(revoked_in(&owner, &is_key));
	assert_false(is_key);
	line[at - 1] ^= 1;
	make("/proc/keys", 0, line, at);
	assert_null(revoked_in(&owner, &is_key));
	assert_int_equal(unlink(path), 0);
}

static int make_root(void **state)
{
	autofree char *path = NULL;

	strcpy(root, "/tmp/kho-trusted-XXXXXX");
	if (!mkdtemp(root) || read_file(SAMPLES "keys", MIB, &keys))
		return -1;
	sysinfo_set_root(root);
	make_module("/module.ko");
	path = format("%s/module.ko", root);
	return signer_of_file(&owner, path) ? 0 : -1;
}

static int remove_root(void **state)
{
	autofree char *command = format("rm -r %s", root);

	blob_free(&keys);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_knows_without_the_lists),
		cmocka_unit_test(finds_keys_in_the_table),
		cmocka_unit_test(finds_keys_in_variables),
		cmocka_unit_test(a_kernel_has_the_key_it_came_with),
		cmocka_unit_test(finds_what_is_revoked),
		cmocka_unit_test(finds_what_the_kernel_refuses),
	};

	return cmocka_run_group_tests(tests, make_root, remove_root);
}
