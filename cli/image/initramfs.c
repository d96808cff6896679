// SPDX-License-Identifier: GPL-2.0
/* Members of an initramfs as the kernel unpacks it, and the kho module among them. */
#include "cli/image/initramfs.h"

#include <errno.h>
#include <string.h>

/* A module is far smaller. */
#define MODULE_MAX (64 * MIB)

/* What the whole is without compression. @sink: NULL if nobody wants it; @at: bytes so far. */
struct plain {
	const struct sink *sink;
	u64 at;
};

static int write_plain(struct plain *p, const u8 *data, size_t bytes)
{
	if (!p->sink || !bytes)
		return 0;
	p->at += bytes;
	return p->sink->take(p->sink->ctx, data, bytes) ? 0 : -ECANCELED;
}

/*
 * Archives begin at multiples of four, and one that is not compressed is padded to multiples from
 * the start of the whole: @at, in the whole, stays the same multiple.
 */
static int align_plain(struct plain *p, u64 at)
{
	static const u8 zeros[3];

	return write_plain(p, zeros, (at - p->at) & 3);
}

/* One compressed part. */
struct part {
	struct cpio *cpio;
	struct plain *plain;
	int err;
};

static bool take(void *ctx, const u8 *data, size_t bytes)
{
	struct part *p = ctx;
	size_t used;

	p->err = cpio_feed(p->cpio, data, bytes, &used);
	if (!p->err && used < bytes)
		p->err = -EBADMSG;
	if (!p->err)
		p->err = write_plain(p->plain, data, bytes);
	return !p->err;
}

static int walk_compressed(struct cpio *c, const u8 *data, size_t bytes,
			   u64 limit, struct plain *plain, size_t *used)
{
	struct part p = { c, plain, 0 };
	struct sink sink = { take, &p };
	int err;

	c->at = 0;
	err = align_plain(plain, 0);
	if (err)
		return err;
	err = decompress(data, bytes, limit, &sink, used);
	if (err == -ECANCELED)
		return p.err;
	if (!err && c->state != CPIO_BETWEEN)
		return -ENODATA;
	return err;
}

/*
 * Length without a boot configuration, which the kernel takes off the end: text and zeros, their
 * length, their sum, the magic.
 */
static size_t without_bootconfig(const u8 *data, size_t bytes)
{
	static const char magic[] = "#BOOTCONFIG\n";
	enum { MAGIC = sizeof(magic) - 1, TAIL = MAGIC + 8 };
	const u8 *tail = data + bytes - TAIL;
	u32 size, sum, i;

	if (bytes < TAIL || memcmp(tail + 8, magic, MAGIC))
		return bytes;
	size = le32(tail);
	sum = le32(tail + 4);
	if (size > bytes - TAIL)
		return bytes;
	for (i = 0; i < size; i++)
		sum -= tail[-1 - (ptrdiff_t)i];
	return sum ? bytes : bytes - TAIL - size;
}

/* An archive that is not compressed, or zeros; maybe nothing. */
static int walk_plain(struct cpio *c, const u8 *data, size_t bytes, u64 at,
		      struct plain *plain, size_t *used)
{
	int err = cpio_feed(c, data, bytes, used);

	if (!err && *used)
		err = align_plain(plain, at);
	return err ? err : write_plain(plain, data, *used);
}

int initramfs_unpack(const u8 *data, size_t bytes, u64 limit,
		     const struct cpio_visitor *visitor,
		     const struct sink *sink, enum compression *how)
{
	const size_t all = bytes;
	struct cpio c = { .visitor = visitor };
	struct plain plain = { sink, 0 };
	size_t at = 0, used;
	int err = 0;

	bytes = without_bootconfig(data, bytes);
	*how = COMPRESSION_NONE;
	while (!err && at < bytes) {
		err = walk_plain(&c, data + at, bytes - at, at, &plain, &used);
		at += used;
		if (err || at == bytes)
			break;
		*how = compression_of(data + at, bytes - at);
		if (*how == COMPRESSION_NONE)
			return -EBADMSG;
		err = walk_compressed(&c, data + at, bytes - at, limit, &plain,
				      &used);
		at += used;
		/* Padding of what follows counts from the start of the whole. */
		c.at = at;
	}
	if (!err && (c.state != CPIO_BETWEEN || c.open))
		err = -ENODATA;
	return err ? err : write_plain(&plain, data + bytes, all - bytes);
}

int initramfs_walk(const u8 *data, size_t bytes, u64 limit,
		   const struct cpio_visitor *visitor, enum compression *how)
{
	return initramfs_unpack(data, bytes, limit, visitor, NULL, how);
}

const char *initramfs_explain(int err)
{
	switch (err) {
	case -EBADMSG:
		return "it is damaged, or something else follows its archives";
	case -ENODATA:
		return "it ends too early";
	default:
		return decompress_explain(err);
	}
}

bool is_module_file(const char *path, const char *module)
{
	static const char *const ending[] = { ".ko", ".ko.xz", ".ko.zst",
					      ".ko.gz" };
	const char *name = strrchr(path, '/');
	size_t i, bytes = strlen(module);

	name = name ? name + 1 : path;
	if (strncmp(name, module, bytes))
		return false;
	for (i = 0; i < ARRAY_LEN(ending); i++) {
		if (!strcmp(name + bytes, ending[i]))
			return true;
	}
	return false;
}

/* Does the path name the release of another kernel? */
static bool is_of_other(const char *path, const char *release)
{
	static const char dir[] = "lib/modules/";
	const char *at = strstr(path, dir);
	size_t len = strlen(release);

	if (!at || !len)
		return false;
	at += strlen(dir);
	return strncmp(at, release, len) || at[len] != '/';
}

static bool is_init(const char *path)
{
	while (*path == '.' || *path == '/')
		path++;
	return !strcmp(path, "init");
}

/**
 * struct looker - state of initramfs_look()
 * @seen: what was seen so far
 * @path: of the module that is being read; "" if there is none
 * @is_kept: it is kho-kept, not kho
 * @bytes: its length
 * @module: what has been read of it
 */
struct looker {
	struct initramfs_seen *seen;
	char path[256];
	bool is_kept;
	u64 bytes;
	struct blob module;
};

/* Modules may be packed one by one. Of one that is none, nothing is known. */
static bool parse_module(struct modinfo *info, const struct blob *module)
{
	struct blob unpacked;
	bool good;

	*info = (struct modinfo){ 0 };
	if (compression_of(module->data, module->bytes) == COMPRESSION_NONE)
		return modinfo_parse(info, module->data, module->bytes);
	if (decompress_all(module->data, module->bytes, MODULE_MAX, &unpacked))
		return false;
	good = modinfo_parse(info, unpacked.data, unpacked.bytes);
	blob_free(&unpacked);
	return good;
}

static void judge_module(struct looker *l)
{
	struct initramfs_seen *seen = l->seen;
	bool good, is_other;
	struct modinfo info;
	char *which;

	good = parse_module(&info, &l->module);
	is_other = is_of_other(l->path, seen->release) ||
		   (*seen->release && strcmp(info.release, seen->release));
	if (l->is_kept) {
		if (!good || is_other)
			return;
		which = seen->kept;
		seen->kept_info = info;
	} else if (!good) {
		which = seen->damaged;
	} else if (is_other) {
		which = seen->other;
	} else {
		which = seen->found;
		seen->info = info;
	}
	memcpy(which, l->path, sizeof(l->path));
}

static void look(void *ctx, const char *name, u32 mode, u64 bytes)
{
	struct looker *l = ctx;
	struct initramfs_seen *seen = l->seen;

	seen->members++;
	seen->init |= is_init(name);
	blob_free(&l->module);
	l->path[0] = '\0';
	if ((mode & 0170000) != 0100000)
		return;
	seen->unpacked += round_up_to(bytes, PAGE_BYTES);
	l->is_kept = is_module_file(name, "kho-kept");
	if (!l->is_kept && !is_module_file(name, "kho"))
		return;
	if (!bytes || bytes > MODULE_MAX) {
		if (!l->is_kept)
			snprintf(seen->damaged, sizeof(seen->damaged), "%s",
				 name);
		return;
	}
	snprintf(l->path, sizeof(l->path), "%s", name);
	l->bytes = bytes;
}

static void keep_module(void *ctx, const u8 *data, size_t bytes)
{
	struct looker *l = ctx;
	struct blob *module = &l->module;

	if (!*l->path || !bytes)
		return;
	module->data = need(realloc(module->data, module->bytes + bytes));
	memcpy(module->data + module->bytes, data, bytes);
	module->bytes += bytes;
	if (module->bytes == l->bytes)
		judge_module(l);
}

static bool count_plain(void *ctx, const u8 *data, size_t bytes)
{
	struct looker *l = ctx;

	l->seen->plain_bytes += bytes;
	return true;
}

int initramfs_look(const u8 *data, size_t bytes, u64 limit,
		   struct initramfs_seen *seen, enum compression *how)
{
	struct looker l = { .seen = seen };
	const struct cpio_visitor visitor = { look, keep_module, &l };
	const struct sink sink = { count_plain, &l };
	int err;

	*seen = (struct initramfs_seen){ .release = seen->release };
	err = initramfs_unpack(data, bytes, limit, &visitor, &sink, how);
	blob_free(&l.module);
	return err;
}
