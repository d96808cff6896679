// SPDX-License-Identifier: GPL-2.0
/* What kernels and initramfs archives are compressed with. */
#include "cli/image/decompress.h"

#include <bzlib.h>
#include <errno.h>
#include <limits.h>
#include <lz4.h>
#include <lzma.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

enum {
	PIECE = 64 << 10,
	/* Kernels are packed with dictionaries of up to 128 MiB. */
	WINDOW_LOG_MAX = 27,
	LZ4_MAGIC = 0x184c2102,
	LZ4_BLOCK = 8 << 20,
};

#define XZ_MEMORY_MAX (160 * MIB)

/*
 * One decompress().
 * @left: bytes that may still be unpacked
 * @piece: room for PIECE bytes
 */
struct work {
	const u8 *in;
	size_t bytes;
	u64 left;
	const struct sink *sink;
	u8 *piece;
};

static int deliver(struct work *w, const u8 *data, size_t bytes)
{
	if (bytes > w->left)
		return -EFBIG;
	w->left -= bytes;
	return !bytes || w->sink->take(w->sink->ctx, data, bytes) ? 0 :
								    -ECANCELED;
}

/* The libraries of zlib and bzip2 count the input in int. */
static unsigned int int_bytes(size_t bytes)
{
	return bytes < INT_MAX ? (unsigned int)bytes : INT_MAX;
}

static int run_gzip(struct work *w, z_stream *z, size_t *used)
{
	int err = 0, ret = Z_OK;

	while (!err && ret == Z_OK) {
		z->next_in = (u8 *)w->in + *used;
		z->avail_in = int_bytes(w->bytes - *used);
		z->next_out = w->piece;
		z->avail_out = PIECE;
		ret = inflate(z, Z_NO_FLUSH);
		*used = (size_t)(z->next_in - w->in);
		err = deliver(w, w->piece, PIECE - z->avail_out);
	}
	if (err || ret == Z_STREAM_END)
		return err;
	if (ret == Z_MEM_ERROR)
		return -ENOMEM;
	return ret == Z_BUF_ERROR && *used == w->bytes ? -ENODATA : -EBADMSG;
}

static int gunzip(struct work *w, size_t *used)
{
	z_stream z = { 0 };
	int err;

	/* 16: with the header of gzip. */
	if (inflateInit2(&z, 16 + MAX_WBITS) != Z_OK)
		return -ENOMEM;
	err = run_gzip(w, &z, used);
	inflateEnd(&z);
	return err;
}

static int run_bzip2(struct work *w, bz_stream *z, size_t *used)
{
	int err = 0, ret = BZ_OK;

	while (!err && ret == BZ_OK) {
		unsigned int given = int_bytes(w->bytes - *used);

		z->next_in = (char *)w->in + *used;
		z->avail_in = given;
		z->next_out = (char *)w->piece;
		z->avail_out = PIECE;
		ret = BZ2_bzDecompress(z);
		*used += given - z->avail_in;
		err = deliver(w, w->piece, PIECE - z->avail_out);
		if (!err && ret == BZ_OK && *used == w->bytes && z->avail_out)
			return -ENODATA;
	}
	if (err || ret == BZ_STREAM_END)
		return err;
	return ret == BZ_MEM_ERROR ? -ENOMEM : -EBADMSG;
}

static int bunzip2(struct work *w, size_t *used)
{
	bz_stream z = { 0 };
	int err;

	if (BZ2_bzDecompressInit(&z, 0, 0) != BZ_OK)
		return -ENOMEM;
	err = run_bzip2(w, &z, used);
	BZ2_bzDecompressEnd(&z);
	return err;
}

static int xz_error(lzma_ret ret)
{
	switch (ret) {
	case LZMA_STREAM_END:
		return 0;
	case LZMA_BUF_ERROR:
		return -ENODATA;
	case LZMA_MEM_ERROR:
	case LZMA_MEMLIMIT_ERROR:
		return -ENOMEM;
	case LZMA_OPTIONS_ERROR:
		return -ENOTSUP;
	default:
		return -EBADMSG;
	}
}

static int unxz(struct work *w, size_t *used, bool alone)
{
	lzma_stream z = LZMA_STREAM_INIT;
	lzma_ret ret = alone ? lzma_alone_decoder(&z, XZ_MEMORY_MAX) :
			       lzma_stream_decoder(&z, XZ_MEMORY_MAX, 0);
	int err = 0;

	z.next_in = w->in;
	z.avail_in = w->bytes;
	while (!err && ret == LZMA_OK) {
		z.next_out = w->piece;
		z.avail_out = PIECE;
		ret = lzma_code(&z, LZMA_FINISH);
		err = deliver(w, w->piece, PIECE - z.avail_out);
	}
	*used = (size_t)(z.next_in - w->in);
	lzma_end(&z);
	return err ? err : xz_error(ret);
}

/* Blocks follow each other until the input, or what is not zero of it, ends. */
static int run_lz4(struct work *w, size_t *used, char *block)
{
	size_t blocks = 0;
	int err = 0;

	while (!err && w->bytes - *used >= 4) {
		u32 packed = le32(w->in + *used);
		int n;

		if (!packed)
			break;
		*used += 4;
		if (packed == LZ4_MAGIC)
			continue;
		if (packed > w->bytes - *used)
			return packed <= (u32)LZ4_compressBound(LZ4_BLOCK) ?
				       -ENODATA :
				       -EBADMSG;
		n = LZ4_decompress_safe((const char *)w->in + *used, block,
					(int)int_bytes(packed), LZ4_BLOCK);
		if (n < 0)
			return -EBADMSG;
		*used += packed;
		err = deliver(w, (const u8 *)block, (size_t)n);
		blocks++;
	}
	return err || blocks ? err : -ENODATA;
}

static int unlz4(struct work *w, size_t *used)
{
	autofree char *block = malloc(LZ4_BLOCK);

	return block ? run_lz4(w, used, block) : -ENOMEM;
}

static int run_zstd(struct work *w, ZSTD_DStream *z, size_t *used)
{
	ZSTD_inBuffer in = { w->in, w->bytes, 0 };
	size_t ret = 1;

	while (ret) {
		ZSTD_outBuffer out = { w->piece, PIECE, 0 };
		size_t before = in.pos;
		int err;

		ret = ZSTD_decompressStream(z, &out, &in);
		if (ZSTD_isError(ret))
			return -EBADMSG;
		err = deliver(w, w->piece, out.pos);
		if (err)
			return err;
		if (ret && in.pos == before && !out.pos)
			return in.pos == in.size ? -ENODATA : -EBADMSG;
	}
	*used = in.pos;
	return 0;
}

static int unzstd(struct work *w, size_t *used)
{
	ZSTD_DStream *z = ZSTD_createDStream();
	int err = -ENOMEM;

	if (z && !ZSTD_isError(ZSTD_DCtx_setParameter(z, ZSTD_d_windowLogMax,
						      WINDOW_LOG_MAX)))
		err = run_zstd(w, z, used);
	ZSTD_freeDStream(z);
	return err;
}

enum compression compression_of(const u8 *in, size_t bytes)
{
	static const struct {
		enum compression how;
		u8 len;
		u8 magic[6];
	} known[] = {
		{ COMPRESSION_GZIP, 2, { 0x1f, 0x8b } },
		{ COMPRESSION_BZIP2, 3, { 'B', 'Z', 'h' } },
		{ COMPRESSION_LZMA, 3, { 0x5d, 0x00, 0x00 } },
		{ COMPRESSION_XZ, 6, { 0xfd, '7', 'z', 'X', 'Z', 0x00 } },
		{ COMPRESSION_LZO, 4, { 0x89, 'L', 'Z', 'O' } },
		{ COMPRESSION_LZ4, 4, { 0x02, 0x21, 0x4c, 0x18 } },
		{ COMPRESSION_ZSTD, 4, { 0x28, 0xb5, 0x2f, 0xfd } },
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(known); i++) {
		if (bytes >= known[i].len &&
		    !memcmp(in, known[i].magic, known[i].len))
			return known[i].how;
	}
	return COMPRESSION_NONE;
}

const char *compression_name(enum compression how)
{
	static const char *const name[] = {
		"unknown", "gzip", "bzip2", "lzma", "xz", "lzo", "lz4", "zstd"
	};

	return name[how];
}

static int run(struct work *w, size_t *used)
{
	switch (compression_of(w->in, w->bytes)) {
	case COMPRESSION_GZIP:
		return gunzip(w, used);
	case COMPRESSION_BZIP2:
		return bunzip2(w, used);
	case COMPRESSION_LZMA:
		return unxz(w, used, true);
	case COMPRESSION_XZ:
		return unxz(w, used, false);
	case COMPRESSION_LZ4:
		return unlz4(w, used);
	case COMPRESSION_ZSTD:
		return unzstd(w, used);
	default:
		return -ENOTSUP;
	}
}

int decompress(const u8 *in, size_t bytes, u64 limit, const struct sink *sink,
	       size_t *used)
{
	autofree u8 *piece = malloc(PIECE);
	struct work w = { in, bytes, limit, sink, piece };

	*used = 0;
	return piece ? run(&w, used) : -ENOMEM;
}

const char *decompress_explain(int err)
{
	switch (err) {
	case -EBADMSG:
		return "its compressed data are damaged";
	case -ENODATA:
		return "its compressed data end too early";
	case -EFBIG:
		return "it unpacks to more than makes sense";
	case -ENOTSUP:
		return "kho does not know how it is compressed";
	default:
		return strerror(-err);
	}
}

struct growing {
	struct blob *out;
	size_t room;
};

static bool append(void *ctx, const u8 *data, size_t bytes)
{
	struct growing *g = ctx;
	struct blob *out = g->out;

	if (out->bytes + bytes > g->room) {
		g->room = 2 * (out->bytes + bytes);
		out->data = need(realloc(out->data, g->room));
	}
	memcpy(out->data + out->bytes, data, bytes);
	out->bytes += bytes;
	return true;
}

int decompress_all(const u8 *in, size_t bytes, size_t limit, struct blob *out)
{
	struct growing g = { .out = out };
	struct sink sink = { append, &g };
	size_t used;
	int err;

	*out = (struct blob){ 0 };
	err = decompress(in, bytes, limit, &sink, &used);
	if (err)
		blob_free(out);
	return err;
}
