// SPDX-License-Identifier: GPL-2.0
/*
 * Keys that are enrolled are found where kernels show them, below a root made up here: in shim's
 * table, or in the variables behind four bytes, and among what came with the next kernel. The
 * signature is one of the kernel's sign-file, the list one of shim's that has its certificate.
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
#include "cli/image/signature.c"
#include "cli/image/signer.c"
#include "cli/image/sysinfo.c"
#include "cli/base/savefile.c"
#include "cli/base/util.c"

#define SAMPLES "tests/fuzz/corpus/modinfo/"
#define TABLE "/sys/firmware/efi/mok-variables/"
#define VARIABLES "/sys/firmware/efi/efivars/"
#define OF_SHIM "MokListRT-605dab50-e046-4300-abb6-3dd810dd8b23"
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
	};

	return cmocka_run_group_tests(tests, make_root, remove_root);
}
