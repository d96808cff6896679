// SPDX-License-Identifier: GPL-2.0
/*
 * Names in an initramfs: archives one after the other, padded, compressed, cut into pieces, and
 * damaged.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "cli/image/cpio.c"
#include "cli/image/decompress.c"
#include "cli/image/initramfs.c"
#include "cli/base/util.c"

enum { ROOM = 1 << 20 };

struct archive {
	u8 data[ROOM];
	size_t bytes;
};

/* What was seen, one name a line. */
struct seen {
	char text[4096];
	size_t bytes;
};

static void pad(struct archive *a, size_t align)
{
	while (a->bytes % align)
		a->data[a->bytes++] = 0;
}

static void add(struct archive *a, const char *name, u32 mode, u32 bytes)
{
	a->bytes += (size_t)sprintf((char *)a->data + a->bytes,
				    "070701%08X%08X%08X%08X%08X%08X%08X%08X"
				    "%08X%08X%08X%08X%08X",
				    1, mode, 0, 0, 1, 0, bytes, 0, 0, 0, 0,
				    (u32)strlen(name) + 1, 0);
	memcpy(a->data + a->bytes, name, strlen(name) + 1);
	a->bytes += strlen(name) + 1;
	pad(a, 4);
	memset(a->data + a->bytes, '0', bytes);
	a->bytes += bytes;
	pad(a, 4);
}

static void finish(struct archive *a)
{
	add(a, "TRAILER!!!", 0, 0);
	pad(a, 512);
}

static void append_packed(struct archive *a, const struct archive *b)
{
	size_t n = ZSTD_compress(a->data + a->bytes, ROOM - a->bytes, b->data,
				 b->bytes, 1);

	assert_false(ZSTD_isError(n));
	a->bytes += n;
}

static void note(void *ctx, const char *name, u32 mode, u64 bytes)
{
	struct seen *s = ctx;

	s->bytes += (size_t)snprintf(s->text + s->bytes,
				     sizeof(s->text) - s->bytes, "%s\n", name);
}

/* A copy that ends where its allocation ends. */
static int walk(const struct archive *a, size_t bytes, struct seen *s)
{
	u8 *copy = need(malloc(bytes + !bytes));
	enum compression how;
	int err;

	s->bytes = 0;
	s->text[0] = '\0';
	memcpy(copy, a->data, bytes);
	err = initramfs_walk(copy, bytes, ROOM, note, s, &how);
	free(copy);
	return err;
}

static struct archive early, body, all;
static struct seen seen;

static void clear(void)
{
	early.bytes = 0;
	body.bytes = 0;
	all.bytes = 0;
}

/* As Debian makes them: microcode first, not compressed, then the rest. */
static void make_usual(void)
{
	clear();
	add(&early, "kernel", 0040755, 0);
	add(&early, "kernel/x86/microcode/GenuineIntel.bin", 0100644, 5001);
	finish(&early);
	add(&body, "init", 0100755, 77);
	add(&body, "usr/lib/modules/6.12.9/updates/dkms/kho.ko.xz", 0100644, 3);
	finish(&body);
	all = early;
	append_packed(&all, &body);
}

static void reads_archives_one_after_the_other(void **state)
{
	make_usual();
	assert_int_equal(walk(&all, all.bytes, &seen), 0);
	assert_string_equal(seen.text,
			    "kernel\nkernel/x86/microcode/GenuineIntel.bin\n"
			    "init\n"
			    "usr/lib/modules/6.12.9/updates/dkms/kho.ko.xz\n");
	append_packed(&all, &early);
	memset(all.data + all.bytes, 0, 100);
	all.bytes += 100;
	assert_int_equal(walk(&all, all.bytes, &seen), 0);
	assert_string_equal(strrchr(seen.text, 'G'), "GenuineIntel.bin\n");
}

static void says_so_if_it_is_cut_off(void **state)
{
	size_t n;

	make_usual();
	for (n = early.bytes + 1; n < all.bytes; n++)
		assert_int_not_equal(walk(&all, n, &seen), 0);
	all = body;
	/* Within the first member; nobody misses those that are not there. */
	for (n = 1; n < 110 + 6 + 77; n++)
		assert_int_not_equal(walk(&all, n, &seen), 0);
}

static void refuses_what_is_no_archive(void **state)
{
	clear();
	all.bytes = 512;
	memset(all.data, 0, 512);
	assert_int_equal(walk(&all, 512, &seen), 0);
	all.data[100] = 'x';
	assert_int_equal(walk(&all, 512, &seen), -EBADMSG);
	make_usual();
	all.data[3] = 'x';
	assert_int_equal(walk(&all, all.bytes, &seen), -EBADMSG);
	make_usual();
	/* The length of a name. */
	memset(all.data + 94, 'F', 8);
	assert_int_equal(walk(&all, all.bytes, &seen), -EBADMSG);
	/* Something after a packed archive, inside of it. */
	make_usual();
	memcpy(body.data + body.bytes, "junk", 4);
	body.bytes += 4;
	all = early;
	append_packed(&all, &body);
	assert_int_equal(walk(&all, all.bytes, &seen), -EBADMSG);
}

static void pieces_make_no_difference(void **state)
{
	struct seen pieces;
	size_t size, at, used;

	make_usual();
	assert_int_equal(walk(&early, early.bytes, &seen), 0);
	for (size = 1; size < 600; size += 7) {
		struct cpio c = { .member = note, .ctx = &pieces };

		pieces.bytes = 0;
		for (at = 0; at < early.bytes; at += used) {
			size_t n = early.bytes - at;

			assert_int_equal(cpio_feed(&c, early.data + at,
						   n < size ? n : size, &used),
					 0);
			assert_true(used > 0);
		}
		assert_int_equal(c.state, CPIO_BETWEEN);
		assert_string_equal(pieces.text, seen.text);
	}
}

static void keeps_the_limit(void **state)
{
	enum compression how;

	make_usual();
	assert_int_equal(initramfs_walk(all.data, all.bytes, 500, note, &seen,
					&how),
			 -EFBIG);
	assert_int_equal(how, COMPRESSION_ZSTD);
}

static void finds_the_module(void **state)
{
	struct initramfs_modules m = { .release = "6.12.9" };
	enum compression how;

	make_usual();
	assert_int_equal(
		initramfs_find_kho(all.data, all.bytes, ROOM, &m, &how), 0);
	assert_string_equal(m.found,
			    "usr/lib/modules/6.12.9/updates/dkms/kho.ko.xz");
	assert_string_equal(m.other, "");
	m.release = "6.12";
	initramfs_find_kho(all.data, all.bytes, ROOM, &m, &how);
	assert_string_equal(m.found, "");
	assert_string_equal(m.other,
			    "usr/lib/modules/6.12.9/updates/dkms/kho.ko.xz");
	m.release = "";
	initramfs_find_kho(all.data, all.bytes, ROOM, &m, &how);
	assert_string_not_equal(m.found, "");
}

static void knows_the_module_by_name(void **state)
{
	assert_true(is_kho_module("kho.ko"));
	assert_true(is_kho_module("a/b/kho.ko.zst"));
	assert_true(is_kho_module("a/kho.ko.gz"));
	assert_false(is_kho_module("a/kho.ko/x"));
	assert_false(is_kho_module("a/xkho.ko"));
	assert_false(is_kho_module("a/kho.kon"));
	assert_false(is_kho_module("kho.ko.bak"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_archives_one_after_the_other),
		cmocka_unit_test(says_so_if_it_is_cut_off),
		cmocka_unit_test(refuses_what_is_no_archive),
		cmocka_unit_test(pieces_make_no_difference),
		cmocka_unit_test(keeps_the_limit),
		cmocka_unit_test(finds_the_module),
		cmocka_unit_test(knows_the_module_by_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
