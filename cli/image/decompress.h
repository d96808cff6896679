/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What kernels and initramfs archives are compressed with, over a buffer that is trusted for
 * nothing.
 */
#ifndef KHO_CLI_DECOMPRESS_H
#define KHO_CLI_DECOMPRESS_H

#include "cli/base/util.h"

enum compression {
	COMPRESSION_NONE, /* none that is known */
	COMPRESSION_GZIP,
	COMPRESSION_BZIP2,
	COMPRESSION_LZMA,
	COMPRESSION_XZ,
	COMPRESSION_LZO, /* known by name only */
	COMPRESSION_LZ4, /* the old frame format, as kernels use it */
	COMPRESSION_ZSTD,
};

/* By the first bytes. */
enum compression compression_of(const u8 *in, size_t bytes);
/* "gzip", ...; "unknown" for COMPRESSION_NONE. */
const char *compression_name(enum compression how);

/**
 * struct sink - where unpacked bytes go
 * @take: called for each piece in order; false stops the work
 * @ctx: passed to it
 */
struct sink {
	bool (*take)(void *ctx, const u8 *data, size_t bytes);
	void *ctx;
};

/**
 * decompress() - unpack one stream
 * @in: starts with the stream; more may follow
 * @bytes: length of @in
 * @limit: most bytes to unpack
 * @sink: gets them
 * @used: set to the length of the stream on success
 *
 * Memory is bounded too: at most some 130 MiB for the window of the format.
 *
 * Return: 0; -EBADMSG (damaged), -ENODATA (it ends too early), -EFBIG (more than @limit),
 * -ENOTSUP (format), -ENOMEM, -ECANCELED (@sink stopped it).
 */
int decompress(const u8 *in, size_t bytes, u64 limit, const struct sink *sink,
	       size_t *used);

/* What an error of decompress() means, as the end of a sentence. Static storage. */
const char *decompress_explain(int err);

/**
 * decompress_all() - unpack one stream into memory
 * @in: starts with the stream
 * @bytes: length of @in
 * @limit: most bytes to unpack
 * @out: filled on success, to be freed with blob_free()
 *
 * Return: as decompress().
 */
int decompress_all(const u8 *in, size_t bytes, size_t limit, struct blob *out);

#endif /* KHO_CLI_DECOMPRESS_H */
