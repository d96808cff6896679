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
#include "cli/image/modinfo.c"
#include "cli/image/pe.c"
#include "cli/image/signature.c"
#include "cli/image/signer.c"
#include "cli/base/sha256.c"
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

/* With the checksum of its bytes, if @sum says so. */
static void add_kind(struct archive *a, const char *name, u32 mode, u32 bytes,
		     bool sum)
{
	a->bytes += (size_t)sprintf((char *)a->data + a->bytes,
				    "07070%c%08X%08X%08X%08X%08X%08X%08X%08X"
				    "%08X%08X%08X%08X%08X",
				    sum ? '2' : '1', 1, mode, 0, 0, 1, 0, bytes,
				    0, 0, 0, 0, (u32)strlen(name) + 1,
				    sum ? bytes * '0' : 0);
	memcpy(a->data + a->bytes, name, strlen(name) + 1);
	a->bytes += strlen(name) + 1;
	pad(a, 4);
	memset(a->data + a->bytes, '0', bytes);
	a->bytes += bytes;
	pad(a, 4);
}

static void add(struct archive *a, const char *name, u32 mode, u32 bytes)
{
	add_kind(a, name, mode, bytes, false);
}

static void add_module(struct archive *a, const char *name, const char *release)
{
	char text[100] = "x";
	u32 bytes = (u32)sprintf(text + 2, "vermagic=%s SMP", release) + 3;

	add(a, name, 0100644, bytes);
	memcpy(a->data + a->bytes - round_up_to(bytes, 4), text, bytes);
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
	const struct cpio_visitor visitor = { note, NULL, s };
	enum compression how;
	int err;

	s->bytes = 0;
	s->text[0] = '\0';
	memcpy(copy, a->data, bytes);
	err = initramfs_walk(copy, bytes, ROOM, &visitor, &how);
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
	add_module(&body, "usr/lib/modules/6.12.9/updates/dkms/kho.ko",
		   "6.12.9");
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
			    "usr/lib/modules/6.12.9/updates/dkms/kho.ko\n");
	append_packed(&all, &early);
	memset(all.data + all.bytes, 0, 100);
	all.bytes += 100;
	assert_int_equal(walk(&all, all.bytes, &seen), 0);
	assert_string_equal(strrchr(seen.text, 'G'), "GenuineIntel.bin\n");
}

/* Only zeros may be missing at the end. */
static bool only_zeros_follow(const struct archive *a, size_t n)
{
	for (; n < a->bytes; n++) {
		if (a->data[n])
			return false;
	}
	return true;
}

static void each_cut_is_seen(void)
{
	size_t n;

	assert_int_equal(walk(&all, all.bytes, &seen), 0);
	for (n = early.bytes + 1; n < all.bytes; n++) {
		if (!only_zeros_follow(&all, n))
			assert_int_not_equal(walk(&all, n, &seen), 0);
	}
}

static void append_gzip(struct archive *a, const struct archive *b)
{
	z_stream z = { .next_in = (u8 *)b->data,
		       .avail_in = (unsigned int)b->bytes,
		       .next_out = a->data + a->bytes,
		       .avail_out = (unsigned int)(ROOM - a->bytes) };

	deflateInit2(&z, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	a->bytes += z.total_out;
	deflateEnd(&z);
}

static void append_xz(struct archive *a, const struct archive *b)
{
	assert_int_equal(lzma_easy_buffer_encode(6, LZMA_CHECK_CRC32, NULL,
						 b->data, b->bytes, a->data,
						 &a->bytes, ROOM),
			 LZMA_OK);
}

static void append_bzip2(struct archive *a, const struct archive *b)
{
	unsigned int n = (unsigned int)(ROOM - a->bytes);

	assert_int_equal(BZ2_bzBuffToBuffCompress((char *)a->data + a->bytes,
						  &n, (char *)b->data,
						  (unsigned int)b->bytes, 9, 0,
						  0),
			 BZ_OK);
	a->bytes += n;
}

static void append_lz4(struct archive *a, const struct archive *b)
{
	static const u8 magic[] = { 0x02, 0x21, 0x4c, 0x18 };
	int n = LZ4_compress_default((const char *)b->data,
				     (char *)a->data + a->bytes + 8,
				     (int)b->bytes, (int)(ROOM - a->bytes - 8));

	assert_true(n > 0);
	memcpy(a->data + a->bytes, magic, 4);
	memcpy(a->data + a->bytes + 4, &n, 4);
	a->bytes += 8 + (size_t)n;
}

static void append_plain(struct archive *a, const struct archive *b)
{
	memcpy(a->data + a->bytes, b->data, b->bytes);
	a->bytes += b->bytes;
}

static void (*const append_kind[])(struct archive *a,
				   const struct archive *b) = {
	append_plain, append_gzip, append_xz,
	append_bzip2, append_lz4,  append_packed,
};

static void says_so_if_it_is_cut_off(void **state)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(append_kind); i++) {
		make_usual();
		all = early;
		append_kind[i](&all, &body);
		each_cut_is_seen();
	}
}

static void says_so_if_something_follows(void **state)
{
	static const u8 zeros[64];
	size_t i;

	for (i = 0; i < ARRAY_LEN(append_kind); i++) {
		make_usual();
		all = early;
		append_kind[i](&all, &body);
		memcpy(all.data + all.bytes, zeros, sizeof(zeros));
		all.bytes += sizeof(zeros);
		assert_int_equal(walk(&all, all.bytes, &seen), 0);
		memcpy(all.data + all.bytes, "junk", 4);
		all.bytes += 4;
		assert_int_equal(walk(&all, all.bytes, &seen), -EBADMSG);
	}
}

static void an_archive_must_have_an_end(void **state)
{
	clear();
	add(&all, "init", 0100755, 77);
	assert_int_equal(walk(&all, all.bytes, &seen), -ENODATA);
	append_packed(&early, &all);
	assert_int_equal(walk(&early, early.bytes, &seen), -ENODATA);
	finish(&all);
	assert_int_equal(walk(&all, all.bytes, &seen), 0);
}

static void sums_up_what_has_a_checksum(void **state)
{
	clear();
	add_kind(&all, "init", 0100755, 7777, true);
	add_kind(&all, "empty", 0100755, 0, true);
	add_kind(&all, "link", 0120777, 8, false);
	finish(&all);
	assert_int_equal(walk(&all, all.bytes, &seen), 0);
	all.data[1000]++;
	assert_int_equal(walk(&all, all.bytes, &seen), -EBADMSG);
}

static void knows_a_boot_configuration(void **state)
{
	static const char text[] = "kernel.panic = 10\n\0\0";
	u32 size = sizeof(text) - 1, sum = 0, i;

	make_usual();
	for (i = 0; i < size; i++)
		sum += (u8)text[i];
	memcpy(all.data + all.bytes, text, size);
	memcpy(all.data + all.bytes + size, &size, 4);
	memcpy(all.data + all.bytes + size + 4, &sum, 4);
	memcpy(all.data + all.bytes + size + 8, "#BOOTCONFIG\n", 12);
	all.bytes += size + 20;
	assert_int_equal(walk(&all, all.bytes, &seen), 0);
	all.data[all.bytes - size - 19]++;
	assert_int_equal(walk(&all, all.bytes, &seen), -EBADMSG);
	memset(all.data + all.bytes - 20, 0xff, 4);
	assert_int_equal(walk(&all, all.bytes, &seen), -EBADMSG);
}

static void sums_up_what_it_takes(void **state)
{
	struct initramfs_seen m = { .release = "" };
	enum compression how;

	make_usual();
	assert_int_equal(initramfs_look(all.data, all.bytes, ROOM, &m, &how),
			 0);
	assert_true(m.init);
	assert_int_equal(m.members, 4);
	/* The directory takes nothing. */
	assert_int_equal(m.unpacked, 4 * PAGE_BYTES);
	assert_int_equal(
		initramfs_look(early.data, early.bytes, ROOM, &m, &how), 0);
	assert_false(m.init);
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
		const struct cpio_visitor visitor = { note, NULL, &pieces };
		struct cpio c = { .visitor = &visitor };

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
	const struct cpio_visitor visitor = { note, NULL, &seen };
	enum compression how;

	make_usual();
	assert_int_equal(initramfs_walk(all.data, all.bytes, 500, &visitor,
					&how),
			 -EFBIG);
	assert_int_equal(how, COMPRESSION_ZSTD);
}

static void finds_the_module(void **state)
{
	struct initramfs_seen m = { .release = "6.12.9" };
	enum compression how;

	make_usual();
	assert_int_equal(initramfs_look(all.data, all.bytes, ROOM, &m, &how),
			 0);
	assert_string_equal(m.found,
			    "usr/lib/modules/6.12.9/updates/dkms/kho.ko");
	assert_string_equal(m.other, "");
	assert_string_equal(m.info.release, "6.12.9");
	m.release = "6.12";
	initramfs_look(all.data, all.bytes, ROOM, &m, &how);
	assert_string_equal(m.found, "");
	assert_string_equal(m.other,
			    "usr/lib/modules/6.12.9/updates/dkms/kho.ko");
	m.release = "";
	initramfs_look(all.data, all.bytes, ROOM, &m, &how);
	assert_string_not_equal(m.found, "");
}

/* Of several the one that says that it is for that kernel, wherever they lie. */
static void finds_the_module_among_others(void **state)
{
	struct initramfs_seen m = { .release = "6.12.9" };
	static struct archive packed, inner;
	enum compression how;

	clear();
	add_module(&all, "ko/a/kho.ko", "6.12.9");
	add_module(&all, "ko/b/kho.ko", "6.1.9");
	add(&all, "ko/c/kho.ko", 0100644, 1000);
	add(&all, "ko/d/kho.ko", 0100644, 0);
	finish(&all);
	assert_int_equal(initramfs_look(all.data, all.bytes, ROOM, &m, &how),
			 0);
	assert_string_equal(m.found, "ko/a/kho.ko");
	assert_string_equal(m.other, "ko/b/kho.ko");
	assert_string_equal(m.damaged, "ko/d/kho.ko");
	/* Packed by itself. */
	memcpy(inner.data, "vermagic=6.12.9 x", 18);
	inner.bytes = 18;
	append_xz(&packed, &inner);
	clear();
	add(&all, "ko/kho.ko.xz", 0100644, (u32)packed.bytes);
	memcpy(all.data + all.bytes - round_up_to(packed.bytes, 4), packed.data,
	       packed.bytes);
	finish(&all);
	assert_int_equal(initramfs_look(all.data, all.bytes, ROOM, &m, &how),
			 0);
	assert_string_equal(m.found, "ko/kho.ko.xz");
}

/* The other module, of the same kernel, and no other one. */
static void finds_the_module_of_trees(void **state)
{
	struct initramfs_seen m = { .release = "6.12.9" };
	enum compression how;

	clear();
	add_module(&all, "ko/a/kho-kept.ko", "6.1.9");
	add_module(&all, "lib/modules/6.1.9/kho-kept.ko", "6.12.9");
	add(&all, "ko/d/kho-kept.ko", 0100644, 0);
	finish(&all);
	assert_int_equal(initramfs_look(all.data, all.bytes, ROOM, &m, &how),
			 0);
	assert_string_equal(m.kept, "");
	clear();
	add_module(&all, "ko/b/kho-kept.ko", "6.12.9");
	add_module(&all, "ko/b/kho-keptx.ko", "6.12.9");
	finish(&all);
	assert_int_equal(initramfs_look(all.data, all.bytes, ROOM, &m, &how),
			 0);
	assert_string_equal(m.kept, "ko/b/kho-kept.ko");
	assert_string_equal(m.kept_info.release, "6.12.9");
	assert_string_equal(m.found, "");
	assert_string_equal(m.other, "");
	assert_string_equal(m.damaged, "");
}

static void knows_the_module_by_name(void **state)
{
	assert_true(is_module_file("kho.ko", "kho"));
	assert_true(is_module_file("a/b/kho.ko.zst", "kho"));
	assert_true(is_module_file("a/kho.ko.gz", "kho"));
	assert_false(is_module_file("a/kho.ko/x", "kho"));
	assert_false(is_module_file("a/xkho.ko", "kho"));
	assert_false(is_module_file("a/kho.kon", "kho"));
	assert_false(is_module_file("kho.ko.bak", "kho"));
}

static struct archive plain, twice;

static bool keep(void *ctx, const u8 *data, size_t bytes)
{
	struct archive *to = ctx;

	if (bytes > ROOM - to->bytes)
		return false;
	memcpy(to->data + to->bytes, data, bytes);
	to->bytes += bytes;
	return true;
}

static int unpack(const struct archive *from, struct archive *to,
		  struct seen *s, enum compression *how)
{
	const struct cpio_visitor visitor = { note, NULL, s };
	const struct sink sink = { keep, to };

	to->bytes = 0;
	s->bytes = 0;
	s->text[0] = '\0';
	return initramfs_unpack(from->data, from->bytes, ROOM, &visitor, &sink,
				how);
}

/* A kernel finds the same in it; and there is nothing left to unpack. */
static void unpacks_alike(void)
{
	struct initramfs_seen m = { .release = "" };
	enum compression how;
	struct seen before;

	assert_int_equal(unpack(&all, &plain, &before, &how), 0);
	assert_int_equal(walk(&plain, plain.bytes, &seen), 0);
	assert_string_equal(seen.text, before.text);
	assert_int_equal(initramfs_look(all.data, all.bytes, ROOM, &m, &how),
			 0);
	assert_int_equal(m.plain_bytes, plain.bytes);
	assert_int_equal(unpack(&plain, &twice, &before, &how), 0);
	assert_int_equal(how, COMPRESSION_NONE);
	assert_int_equal(twice.bytes, plain.bytes);
	assert_memory_equal(twice.data, plain.data, plain.bytes);
}

static void unpacks_what_is_packed(void **state)
{
	size_t i;

	make_usual();
	unpacks_alike();
	/* Microcode is where it was; what was packed follows as it was. */
	assert_memory_equal(plain.data, early.data, early.bytes);
	assert_memory_equal(plain.data + early.bytes, body.data, body.bytes);
	assert_int_equal(plain.bytes, early.bytes + body.bytes);
	/* Archives that end, and parts that begin, anywhere. */
	for (i = 1; i < 9; i++) {
		make_usual();
		memset(all.data + all.bytes, 0, i);
		all.bytes += i;
		append_packed(&all, &early);
		pad(&all, 4);
		memcpy(all.data + all.bytes, early.data, early.bytes);
		all.bytes += early.bytes;
		unpacks_alike();
	}
	/* An archive of an odd length is packed. */
	clear();
	add(&body, "init", 0100755, 77);
	add(&body, "TRAILER!!!", 0, 0);
	body.data[body.bytes++] = 0;
	append_packed(&all, &body);
	append_packed(&all, &body);
	unpacks_alike();
	assert_int_equal(plain.bytes, round_up_to(body.bytes, 4) + body.bytes);
}

static void leaves_a_boot_configuration_at_the_end(void **state)
{
	static const char text[] = "kernel.x = 1\n";
	u32 bytes = sizeof(text), sum = 0, i;
	size_t tail;

	for (i = 0; i < bytes; i++)
		sum += (u8)text[i];
	make_usual();
	tail = all.bytes;
	memcpy(all.data + all.bytes, text, bytes);
	memcpy(all.data + all.bytes + bytes, &bytes, 4);
	memcpy(all.data + all.bytes + bytes + 4, &sum, 4);
	memcpy(all.data + all.bytes + bytes + 8, "#BOOTCONFIG\n", 12);
	all.bytes += bytes + 20;
	tail = all.bytes - tail;
	unpacks_alike();
	assert_memory_equal(plain.data + plain.bytes - tail,
			    all.data + all.bytes - tail, tail);
}

static void ends_when_nobody_wants_more(void **state)
{
	enum compression how;
	struct seen s;

	make_usual();
	/* One that takes nothing, and one in the middle of what is unpacked. */
	memset(body.data + body.bytes, 0, ROOM - body.bytes);
	body.bytes = ROOM;
	append_packed(&all, &body);
	assert_int_equal(unpack(&all, &plain, &s, &how), -ECANCELED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_archives_one_after_the_other),
		cmocka_unit_test(says_so_if_it_is_cut_off),
		cmocka_unit_test(says_so_if_something_follows),
		cmocka_unit_test(an_archive_must_have_an_end),
		cmocka_unit_test(sums_up_what_has_a_checksum),
		cmocka_unit_test(knows_a_boot_configuration),
		cmocka_unit_test(sums_up_what_it_takes),
		cmocka_unit_test(refuses_what_is_no_archive),
		cmocka_unit_test(pieces_make_no_difference),
		cmocka_unit_test(keeps_the_limit),
		cmocka_unit_test(finds_the_module),
		cmocka_unit_test(finds_the_module_among_others),
		cmocka_unit_test(finds_the_module_of_trees),
		cmocka_unit_test(knows_the_module_by_name),
		cmocka_unit_test(unpacks_what_is_packed),
		cmocka_unit_test(leaves_a_boot_configuration_at_the_end),
		cmocka_unit_test(ends_when_nobody_wants_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
