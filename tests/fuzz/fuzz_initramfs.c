// SPDX-License-Identifier: GPL-2.0
/*
 * Any bytes as an initramfs, whole and in pieces.
 */
#define _GNU_SOURCE

#include "cli/image/cpio.c"
#include "cli/image/decompress.c"
#include "cli/image/initramfs.c"
#include "cli/image/modinfo.c"
#include "cli/image/pe.c"
#include "cli/image/signature.c"
#include "cli/image/signer.c"
#include "cli/base/sha256.c"
#include "cli/base/util.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

struct count {
	u64 members;
	u64 hash;
};

static void member(void *ctx, const char *name, u32 mode, u64 bytes)
{
	struct count *c = ctx;

	c->members++;
	for (; *name; name++)
		c->hash = c->hash * 31 + (u8)*name;
	c->hash = c->hash * 31 + bytes + mode;
}

static void body(void *ctx, const u8 *data, size_t bytes)
{
	struct count *c = ctx;

	while (bytes--)
		c->hash = c->hash * 31 + *data++;
}

/* Feeds pieces of a size that the input chooses, up to what is no archive. */
static int feed(const u8 *data, size_t bytes, size_t size, struct count *count)
{
	const struct cpio_visitor visitor = { member, body, count };
	struct cpio c = { .visitor = &visitor };
	size_t at = 0, used;

	while (at < bytes) {
		size_t n = bytes - at < size ? bytes - at : size;
		int err = cpio_feed(&c, data + at, n, &used);

		if (err)
			return err;
		at += used;
		if (used < n)
			break;
	}
	return 0;
}

static bool keep(void *ctx, const u8 *data, size_t bytes)
{
	struct blob *to = ctx;

	to->data = need(realloc(to->data, to->bytes + bytes));
	memcpy(to->data + to->bytes, data, bytes);
	to->bytes += bytes;
	return to->bytes < 4 << 20;
}

/* Without compression it has the same in it, and stays as it is. */
static void unpack(const u8 *data, size_t bytes)
{
	struct count packed = { 0 }, plain = { 0 };
	const struct cpio_visitor first = { member, body, &packed };
	const struct cpio_visitor second = { member, body, &plain };
	struct blob once = { 0 }, twice = { 0 };
	const struct sink to_once = { keep, &once },
			  to_twice = { keep, &twice };
	enum compression how;

	if (!initramfs_unpack(data, bytes, 1 << 20, &first, &to_once, &how)) {
		if (initramfs_unpack(once.data, once.bytes, 1 << 20, &second,
				     &to_twice, &how))
			abort();
		if (packed.members != plain.members ||
		    packed.hash != plain.hash || how != COMPRESSION_NONE)
			abort();
		if (once.bytes != twice.bytes ||
		    (once.bytes && memcmp(once.data, twice.data, once.bytes)))
			abort();
	}
	blob_free(&once);
	blob_free(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct initramfs_seen m = { .release = "6.1" };
	struct count whole = { 0 }, pieces = { 0 };
	enum compression how;
	int err;

	initramfs_look(data, bytes, 1 << 20, &m, &how);
	if (m.found[0] && !is_module_file(m.found, "kho"))
		abort();
	if (!bytes)
		return 0;
	unpack(data, bytes);
	err = feed(data, bytes, bytes, &whole);
	if (feed(data, bytes, data[bytes - 1] % 61 + 1, &pieces) != err)
		abort();
	if (whole.members != pieces.members || whole.hash != pieces.hash)
		abort();
	return 0;
}
