// SPDX-License-Identifier: GPL-2.0
/*
 * The next kernel's initramfs before a load: is it there, and can it be unpacked to its end? A
 * next kernel without it, or with a part of it, does not boot.
 */
#include <errno.h>
#include <string.h>

#include "cli/image/cmdline.h"
#include "cli/image/image.h"

/* Largest file that makes sense; anything above is not what the user meant. */
#define INITRD_FILE_MAX (1ULL << 40)
/* Far more than an initramfs can be: its unpacked form has to fit into memory. */
#define UNPACKED_MAX (64 * GIB)

/* What is written at once. */
#define FILL_PIECE MIB

#define MAKE_ANEW "make it anew (`update-initramfs -u -k RELEASE`)"

enum finding_level image_doubt(const struct image *im)
{
	return im->opt.force ? FINDING_WARNING : FINDING_PROBLEM;
}

static void cannot_open(struct image *im, int err)
{
	if (err == -EACCES || err == -EPERM)
		finding_unknown(&im->findings, "initrd", "run kho with sudo",
				"%s may not be read by this process",
				im->opt.initrd);
	else
		finding_problem(&im->findings, "initrd",
				"give a file that can be read",
				"%s cannot be read (%s)", im->opt.initrd,
				strerror(-err));
}

/* Return: is there one? */
static bool open_initrd(struct image *im)
{
	char size[32];
	int err;

	if (im->opt.initrd) {
		err = source_open(&im->initrd_source, im->opt.initrd);
		if (!err)
			err = source_map(&im->initrd_source, INITRD_FILE_MAX,
					 &im->initrd_file);
		if (err) {
			cannot_open(im, err);
			return false;
		}
		if (!im->initrd_file.bytes) {
			finding_problem(
				&im->findings, "initrd",
				"give the initrd of the next kernel, or none",
				"%s is empty", im->opt.initrd);
			return false;
		}
		im->initrd_name = im->opt.initrd;
	}
	if (!im->initrd_file.bytes)
		return false;
	finding_ok(&im->findings, "initrd", "%s has %s", im->initrd_name,
		   human_bytes(im->initrd_file.bytes, size, sizeof(size)));
	return true;
}

/*
 * Read, not mapped: a file that gets shorter meanwhile must not end this program. What there is
 * no memory for is not looked into, and there may be none for a load either.
 */
static int read_initrd(struct image *im, struct blob *copy,
		       const struct blob **data)
{
	u64 available = sysinfo_mem_available();

	*data = &im->initrd_file;
	if (!im->initrd_file.mapped)
		return 0;
	if (available && im->initrd_file.bytes > available / 2)
		return -ENOMEM;
	*data = copy;
	return source_read(&im->initrd_source, INITRD_FILE_MAX, copy);
}

static void say_unpacked(struct image *im, int err)
{
	const struct initramfs_seen *seen = &im->initramfs;

	if (err == -ENOMEM || err == -ENOTSUP)
		finding_note(
			&im->findings, "initramfs",
			"look into it with lsinitramfs(8)",
			"%s was not looked into (%s), so it is not known whether it is whole",
			im->initrd_name, decompress_explain(err));
	else if (err)
		finding_at(
			&im->findings, image_doubt(im), "initramfs", MAKE_ANEW,
			"%s cannot be unpacked to its end (%s, after %llu files), so the next kernel may not boot",
			im->initrd_name, initramfs_explain(err),
			(unsigned long long)seen->members);
	else if (!seen->members)
		finding_at(
			&im->findings, image_doubt(im), "initramfs", MAKE_ANEW,
			"%s has no files, so it is not the initramfs of a kernel",
			im->initrd_name);
	else if (!seen->init)
		finding_warning(
			&im->findings, "initramfs",
			"see that it is the one of the next kernel",
			"%s has no init, so the next kernel mounts its root file system itself",
			im->initrd_name);
}

void image_check_initrd(struct image *im)
{
	const struct blob *data;
	struct blob copy = { 0 };

	if (!open_initrd(im))
		return;
	im->initramfs.release = im->release;
	im->initramfs_err = read_initrd(im, &copy, &data);
	if (!im->initramfs_err)
		im->initramfs_err = initramfs_look(data->data, data->bytes,
						   UNPACKED_MAX, &im->initramfs,
						   &im->initramfs_how);
	blob_free(&copy);
	im->have_initramfs = !im->initramfs_err;
	say_unpacked(im, im->initramfs_err);
}

/**
 * struct filling - an initrd that is being put where it will lie
 * @im: image
 * @piece: what was not written yet, @bytes of it
 * @at: where it goes
 * @err: why it could not be written
 */
struct filling {
	struct image *im;
	u8 *piece;
	size_t bytes;
	u64 at;
	int err;
};

static void skip_member(void *ctx, const char *name, u32 mode, u64 bytes)
{
}

static int write_piece(struct filling *f)
{
	int err = dev_image_fill(f->im->dev, IMAGE_INITRD, f->at, f->piece,
				 f->bytes);

	f->at += f->bytes;
	f->bytes = 0;
	return err;
}

static bool fill(void *ctx, const u8 *data, size_t bytes)
{
	struct filling *f = ctx;

	while (bytes && !f->err) {
		size_t n = FILL_PIECE - f->bytes;

		n = n < bytes ? n : bytes;
		memcpy(f->piece + f->bytes, data, n);
		f->bytes += n;
		data += n;
		bytes -= n;
		if (f->bytes == FILL_PIECE)
			f->err = write_piece(f);
	}
	/* It was that long when it was looked at. */
	return !f->err && f->at + f->bytes <= f->im->initramfs.plain_bytes;
}

static int unpack(struct filling *f, const struct blob *packed)
{
	static const struct cpio_visitor nobody = { skip_member, NULL, NULL };
	const struct sink sink = { fill, f };
	enum compression how;
	int err = initramfs_unpack(packed->data, packed->bytes, UNPACKED_MAX,
				   &nobody, &sink, &how);

	if (f->err)
		return f->err;
	if (!err)
		err = write_piece(f);
	if (!err && f->at != f->im->initramfs.plain_bytes)
		err = -EBADMSG;
	return err;
}

int image_fill_initrd(struct image *im)
{
	autofree u8 *piece = need(malloc(FILL_PIECE));
	struct filling f = { .im = im, .piece = piece };
	const struct blob *data;
	struct blob copy = { 0 };
	int err = read_initrd(im, &copy, &data);

	if (!err)
		err = unpack(&f, data);
	blob_free(&copy);
	if (err != -EBADMSG && err != -ENODATA && err != -ECANCELED)
		return err;
	say("%s was changed while it was loaded, so nothing was loaded; load it again.",
	    im->initrd_name);
	return -ECANCELED;
}

/* Did the boot loader, or another kernel, give this kernel one? */
static bool running_had_one(const struct image *im)
{
	autofree char *line = sysinfo_text("/proc/cmdline");

	if (im->have_running &&
	    (im->running.hdr.ramdisk_size || im->running.ext_ramdisk_size))
		return true;
	return line && cmdline_has(line, "initrd", NULL);
}

void image_check_missing_initrd(struct image *im)
{
	if (!im->have_kernel || im->opt.initrd || im->initrd_file.bytes ||
	    im->opt.no_initrd || !running_had_one(im))
		return;
	finding_problem(
		&im->findings, "initrd",
		"give it with --initrd, or say --no-initrd if the next kernel needs none",
		"the running kernel was started with an initramfs, but none is given for the next one, which may not find its root file system");
}
