// SPDX-License-Identifier: GPL-2.0
/*
 * What is read out of a kernel: release, configuration, format of its own handover.
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
#include "cli/image/sysinfo.c"
#include "cli/image/target.c"
#include "cli/base/util.c"

enum { ROOM = 1 << 20 };

static u8 image[ROOM];
static size_t bytes;

static void add(const void *data, size_t n)
{
	memcpy(image + bytes, data, n);
	bytes += n;
}

#define ADD(text) add(text, sizeof(text) - 1)

static void add_packed(const char *text)
{
	z_stream z = { .next_in = (u8 *)text,
		       .avail_in = (unsigned int)strlen(text),
		       .next_out = image + bytes,
		       .avail_out = (unsigned int)(ROOM - bytes) };

	deflateInit2(&z, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	bytes += z.total_out;
	deflateEnd(&z);
}

static void finds_everything(void **state)
{
	struct target t = { 0 };

	bytes = 0;
	ADD("\0Linux version %s (%s)\0kho-v\0Linux version 6.19.3-x (me) #1\0");
	ADD("kho-vault\0not-kho-v4\0kho-v3\0kho-v9\0IKCFG_ST");
	add_packed("# A kernel\nCONFIG_MODULES=y\nCONFIG_KEXEC_HANDOVER=y\n"
		   "# CONFIG_SMP is not set\nCONFIG_X_Y=m\n");
	ADD("IKCFG_ED\0");
	target_look_into(&t, image, bytes);
	assert_string_equal(t.release, "6.19.3-x");
	assert_string_equal(t.abi, "kho-v3");
	assert_string_equal(t.config_from, "the kernel itself");
	assert_int_equal(target_option(&t, "MODULES"), 'y');
	assert_int_equal(target_option(&t, "KEXEC_HANDOVER"), 'y');
	assert_int_equal(target_option(&t, "KEXEC"), 'n');
	assert_int_equal(target_option(&t, "X"), 'n');
	assert_int_equal(target_option(&t, "X_Y"), 'm');
	assert_int_equal(target_option(&t, "SMP"), 'n');
	target_free(&t);
}

static void finds_nothing_where_there_is_nothing(void **state)
{
	struct target t = { 0 };

	bytes = 0;
	ADD("Linux version IKCFG_ST kho-v4");
	target_look_into(&t, image, bytes);
	assert_string_equal(t.release, "");
	assert_string_equal(t.abi, "");
	assert_null(t.config);
	assert_int_equal(target_option(&t, "MODULES"), 0);
	target_look_into(&t, image, 0);
	bytes = 0;
	ADD("IKCFG_ST damaged IKCFG_ED");
	target_look_into(&t, image, bytes);
	assert_null(t.config);
	target_free(&t);
}

static void never_looks_past_the_end(void **state)
{
	static const char text[] =
		"Linux version 6.1\0kho-v4\0IKCFG_ST\x1f\x8bIKCFG_ED";
	size_t n;

	for (n = 0; n <= sizeof(text); n++) {
		struct target t = { 0 };
		u8 *copy = need(malloc(n + !n));

		memcpy(copy, text, n);
		target_look_into(&t, copy, n);
		target_free(&t);
		free(copy);
	}
}

static void unpacks_a_payload(void **state)
{
	struct bzimage bz = { .release = "6.1.0-9 (someone) #1" };
	struct target t;

	bytes = 0;
	ADD("in front");
	bz.payload_offset = bytes;
	add_packed("vmlinux");
	bz.payload_bytes = bytes - bz.payload_offset;
	target_read(&t, &bz, image);
	assert_int_equal(t.err, 0);
	assert_string_equal(t.release, "6.1.0-9");
	assert_int_equal(t.how, COMPRESSION_GZIP);
	bz.payload_bytes -= 9;
	target_read(&t, &bz, image);
	assert_int_equal(t.err, -ENODATA);
}

static void takes_the_configuration_of_a_file(void **state)
{
	char root[] = "/tmp/kho-target-XXXXXX";
	struct target t = { .release = "6.1.0-9" };
	char path[128];
	FILE *f;

	assert_non_null(mkdtemp(root));
	snprintf(path, sizeof(path), "%s/boot", root);
	mkdir(path, 0700);
	snprintf(path, sizeof(path), "%s/boot/config-6.1.0-9", root);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs("CONFIG_MODULES=y\n", f);
	fclose(f);
	sysinfo_set_root(root);
	target_find_config(&t, "/elsewhere/vmlinuz");
	assert_string_equal(t.config_from, "/boot/config-6.1.0-9");
	assert_int_equal(target_option(&t, "MODULES"), 'y');
	target_free(&t);
	strcpy(t.release, "../config-6.1.0-9");
	target_find_config(&t, "/boot/vmlinuz");
	assert_null(t.config);
	unlink(path);
	snprintf(path, sizeof(path), "%s/boot", root);
	rmdir(path);
	rmdir(root);
	sysinfo_set_root("");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_everything),
		cmocka_unit_test(finds_nothing_where_there_is_nothing),
		cmocka_unit_test(never_looks_past_the_end),
		cmocka_unit_test(unpacks_a_payload),
		cmocka_unit_test(takes_the_configuration_of_a_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
