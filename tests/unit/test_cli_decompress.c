// SPDX-License-Identifier: GPL-2.0
/*
 * Every format that is unpacked: the whole of it, what is cut off anywhere, what is too long, and
 * what is damaged.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "cli/image/decompress.c"
#include "cli/base/util.c"

enum { TEXT = 600000, ROOM = 700000 };

static u8 text[TEXT];

struct packed {
	const char *name;
	u8 data[ROOM];
	size_t bytes;
};

static void pack_gzip(struct packed *p)
{
	z_stream z = { .next_in = text,
		       .avail_in = TEXT,
		       .next_out = p->data,
		       .avail_out = ROOM };

	assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 16 + MAX_WBITS, 8,
				      Z_DEFAULT_STRATEGY),
			 Z_OK);
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	p->bytes = z.total_out;
	deflateEnd(&z);
}

static void pack_bzip2(struct packed *p)
{
	unsigned int n = ROOM;

	assert_int_equal(BZ2_bzBuffToBuffCompress((char *)p->data, &n,
						  (char *)text, TEXT, 1, 0, 0),
			 BZ_OK);
	p->bytes = n;
}

static void pack_xz(struct packed *p)
{
	p->bytes = 0;
	assert_int_equal(lzma_easy_buffer_encode(1, LZMA_CHECK_CRC32, NULL,
						 text, TEXT, p->data, &p->bytes,
						 ROOM),
			 LZMA_OK);
}

static void pack_lzma(struct packed *p)
{
	lzma_stream z = LZMA_STREAM_INIT;
	lzma_options_lzma options;

	lzma_lzma_preset(&options, 1);
	assert_int_equal(lzma_alone_encoder(&z, &options), LZMA_OK);
	z.next_in = text;
	z.avail_in = TEXT;
	z.next_out = p->data;
	z.avail_out = ROOM;
	assert_int_equal(lzma_code(&z, LZMA_FINISH), LZMA_STREAM_END);
	p->bytes = z.total_out;
	lzma_end(&z);
}

static void put32(u8 *at, u32 n)
{
	memcpy(at, &n, sizeof(n));
}

static void pack_lz4(struct packed *p)
{
	int n = LZ4_compress_default((char *)text, (char *)p->data + 8, TEXT,
				     ROOM - 8);

	assert_true(n > 0);
	put32(p->data, LZ4_MAGIC);
	put32(p->data + 4, (u32)n);
	p->bytes = 8 + (size_t)n;
}

static void pack_zstd(struct packed *p)
{
	p->bytes = ZSTD_compress(p->data, ROOM, text, TEXT, 3);
	assert_false(ZSTD_isError(p->bytes));
}

static const struct {
	const char *name;
	void (*pack)(struct packed *p);
} formats[] = {
	{ "gzip", pack_gzip }, { "bzip2", pack_bzip2 }, { "lzma", pack_lzma },
	{ "xz", pack_xz },     { "lz4", pack_lz4 },	{ "zstd", pack_zstd },
};

/* A copy that ends where its allocation ends. */
static int unpack(const u8 *data, size_t bytes, size_t limit, struct blob *out)
{
	u8 *copy = need(malloc(bytes + !bytes));
	int err;

	memcpy(copy, data, bytes);
	err = decompress_all(copy, bytes, limit, out);
	free(copy);
	return err;
}

static void gives_back_what_was_packed(void **state)
{
	static struct packed p;
	struct blob out;
	size_t i;

	for (i = 0; i < ARRAY_LEN(formats); i++) {
		formats[i].pack(&p);
		assert_string_equal(
			compression_name(compression_of(p.data, p.bytes)),
			formats[i].name);
		assert_int_equal(unpack(p.data, p.bytes, TEXT, &out), 0);
		assert_int_equal(out.bytes, TEXT);
		assert_memory_equal(out.data, text, TEXT);
		blob_free(&out);
	}
}

static void tells_where_the_stream_ends(void **state)
{
	static struct packed p;
	static u8 unpacked[TEXT];
	struct blob got = { .data = unpacked };
	size_t i, used;

	for (i = 0; i < ARRAY_LEN(formats); i++) {
		struct growing g = { .out = &got, .room = TEXT };
		struct sink sink = { append, &g };

		formats[i].pack(&p);
		memset(p.data + p.bytes, 0, 64);
		got.bytes = 0;
		assert_int_equal(decompress(p.data, p.bytes + 64, TEXT, &sink,
					    &used),
				 0);
		assert_int_equal(used, p.bytes);
	}
}

static void refuses_what_is_cut_off(void **state)
{
	static struct packed p;
	struct blob out;
	size_t i, n;

	for (i = 0; i < ARRAY_LEN(formats); i++) {
		formats[i].pack(&p);
		for (n = 0; n < p.bytes; n += n < 32 ? 1 : p.bytes / 40) {
			/* Such a file has no end of its own. */
			if (!strcmp(formats[i].name, "lz4") && n <= 8)
				continue;
			if (!unpack(p.data, n, TEXT, &out))
				fail_msg("%s takes %zu of %zu bytes",
					 formats[i].name, n, p.bytes);
		}
	}
}

static void keeps_the_limit(void **state)
{
	static struct packed p;
	struct blob out;
	size_t i;

	for (i = 0; i < ARRAY_LEN(formats); i++) {
		formats[i].pack(&p);
		assert_int_equal(unpack(p.data, p.bytes, TEXT - 1, &out),
				 -EFBIG);
		assert_null(out.data);
	}
}

static void survives_damage(void **state)
{
	static struct packed p;
	struct blob out;
	size_t i, n;

	for (i = 0; i < ARRAY_LEN(formats); i++) {
		formats[i].pack(&p);
		for (n = 0; n < p.bytes; n += p.bytes / 50 + 1) {
			p.data[n] ^= 0x55;
			if (!unpack(p.data, p.bytes, 2 * TEXT, &out))
				blob_free(&out);
			p.data[n] ^= 0x55;
		}
	}
}

static bool stop(void *ctx, const u8 *data, size_t bytes)
{
	return false;
}

static void stops_when_told(void **state)
{
	static struct packed p;
	struct sink sink = { stop, NULL };
	size_t i, used;

	for (i = 0; i < ARRAY_LEN(formats); i++) {
		formats[i].pack(&p);
		assert_int_equal(decompress(p.data, p.bytes, TEXT, &sink,
					    &used),
				 -ECANCELED);
	}
}

static void knows_what_it_does_not_know(void **state)
{
	struct blob out;

	assert_int_equal(unpack((const u8 *)"\x89LZO....", 8, TEXT, &out),
			 -ENOTSUP);
	assert_int_equal(unpack((const u8 *)"plain text", 10, TEXT, &out),
			 -ENOTSUP);
	assert_int_equal(unpack((const u8 *)"", 0, TEXT, &out), -ENOTSUP);
}

static int fill_text(void **state)
{
	u32 n = 1;
	size_t i;

	for (i = 0; i < TEXT; i++) {
		n = n * 1103515245 + 12345;
		text[i] = (u8)('a' + (n >> 16) % 7);
	}
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_back_what_was_packed),
		cmocka_unit_test(tells_where_the_stream_ends),
		cmocka_unit_test(refuses_what_is_cut_off),
		cmocka_unit_test(keeps_the_limit),
		cmocka_unit_test(survives_damage),
		cmocka_unit_test(stops_when_told),
		cmocka_unit_test(knows_what_it_does_not_know),
	};

	return cmocka_run_group_tests(tests, fill_text, NULL);
}
