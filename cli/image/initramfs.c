// SPDX-License-Identifier: GPL-2.0
#include "cli/image/initramfs.h"

#include <errno.h>
#include <string.h>

#include "cli/image/cpio.h"

/* One compressed part. */
struct part {
	struct cpio *cpio;
	int err;
};

static bool take(void *ctx, const u8 *data, size_t bytes)
{
	struct part *p = ctx;
	size_t used;

	p->err = cpio_feed(p->cpio, data, bytes, &used);
	if (!p->err && used < bytes)
		p->err = -EBADMSG;
	return !p->err;
}

static int walk_compressed(struct cpio *c, const u8 *data, size_t bytes,
			   u64 limit, size_t *used)
{
	struct part p = { c, 0 };
	struct sink sink = { take, &p };
	int err;

	c->at = 0;
	err = decompress(data, bytes, limit, &sink, used);
	if (err == -ECANCELED)
		return p.err;
	if (!err && c->state != CPIO_BETWEEN)
		return -ENODATA;
	return err;
}

int initramfs_walk(const u8 *data, size_t bytes, u64 limit,
		   void (*member)(void *ctx, const char *name, u32 mode,
				  u64 bytes),
		   void *ctx, enum compression *how)
{
	struct cpio c = { .member = member, .ctx = ctx };
	size_t at = 0, used;
	int err = 0;

	*how = COMPRESSION_NONE;
	while (!err && at < bytes) {
		err = cpio_feed(&c, data + at, bytes - at, &used);
		at += used;
		if (err || at == bytes)
			break;
		*how = compression_of(data + at, bytes - at);
		if (*how == COMPRESSION_NONE)
			return -EBADMSG;
		err = walk_compressed(&c, data + at, bytes - at, limit, &used);
		at += used;
		/* Padding of what follows counts from the start of the whole. */
		c.at = at;
	}
	if (!err && c.state != CPIO_BETWEEN)
		err = -ENODATA;
	return err;
}

bool is_kho_module(const char *path)
{
	static const char *const ending[] = { "", ".xz", ".zst", ".gz" };
	const char *name = strrchr(path, '/');
	size_t i;

	name = name ? name + 1 : path;
	if (strncmp(name, "kho.ko", 6))
		return false;
	for (i = 0; i < ARRAY_LEN(ending); i++) {
		if (!strcmp(name + 6, ending[i]))
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

static void look(void *ctx, const char *name, u32 mode, u64 bytes)
{
	struct initramfs_modules *m = ctx;

	m->members++;
	if ((mode & 0170000) != 0100000 || !is_kho_module(name))
		return;
	if (is_of_other(name, m->release))
		snprintf(m->other, sizeof(m->other), "%s", name);
	else
		snprintf(m->found, sizeof(m->found), "%s", name);
}

int initramfs_find_kho(const u8 *data, size_t bytes, u64 limit,
		       struct initramfs_modules *m, enum compression *how)
{
	m->found[0] = '\0';
	m->other[0] = '\0';
	m->members = 0;
	return initramfs_walk(data, bytes, limit, look, m, how);
}
