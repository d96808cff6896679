// SPDX-License-Identifier: GPL-2.0
/* Small directories as an archive. */
#include "cli/kept/treetar.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "cli/base/printable.h"
#include "cli/kept/archivelib.h"
#include "cli/kept/treenames.h"

/* What a file's holes are fed from: the library skips them without looking. */
#define HOLE_BYTES GIB
/* In archives. */
#define HEADER_BYTES 512
/* Longer names with holes are cut by the library, see archive.c. */
#define SPARSE_NAME_MAX 100

/* Functions of the library that are used, as it declares them. */
static struct {
	__typeof__(archive_error_string) *error_string;
	__typeof__(archive_write_new) *write_new;
	__typeof__(archive_write_set_format_pax) *write_set_format_pax;
	__typeof__(archive_write_set_options) *write_set_options;
	__typeof__(archive_write_set_bytes_per_block) *write_set_block;
	__typeof__(archive_write_set_bytes_in_last_block) *write_set_last;
	__typeof__(archive_write_open_fd) *write_open_fd;
	__typeof__(archive_write_header) *write_header;
	__typeof__(archive_write_data) *write_data;
	__typeof__(archive_write_data_block) *write_data_block;
	__typeof__(archive_write_finish_entry) *write_finish_entry;
	__typeof__(archive_write_close) *write_close;
	__typeof__(archive_write_free) *write_free;
	__typeof__(archive_write_disk_new) *write_disk_new;
	__typeof__(archive_write_disk_set_options) *write_disk_set_options;
	__typeof__(archive_read_new) *read_new;
	__typeof__(archive_read_support_format_tar) *read_support_format_tar;
	__typeof__(archive_read_set_options) *read_set_options;
	__typeof__(archive_read_open_fd) *read_open_fd;
	__typeof__(archive_read_next_header) *read_next_header;
	__typeof__(archive_read_next_header2) *read_next_header2;
	__typeof__(archive_read_data_block) *read_data_block;
	__typeof__(archive_read_free) *read_free;
	__typeof__(archive_read_disk_new) *read_disk_new;
	__typeof__(archive_read_disk_open) *read_disk_open;
	__typeof__(archive_read_disk_descend) *read_disk_descend;
	__typeof__(archive_read_disk_set_behavior) *read_disk_set_behavior;
	__typeof__(archive_read_disk_set_symlink_physical) *read_disk_physical;
	__typeof__(archive_entry_new) *entry_new;
	__typeof__(archive_entry_free) *entry_free;
	__typeof__(archive_entry_clear) *entry_clear;
	__typeof__(archive_entry_pathname) *entry_pathname;
	__typeof__(archive_entry_filetype) *entry_filetype;
	__typeof__(archive_entry_hardlink) *entry_hardlink;
	__typeof__(archive_entry_size) *entry_size;
	__typeof__(archive_entry_mtime) *entry_mtime;
	__typeof__(archive_entry_mtime_nsec) *entry_mtime_nsec;
	__typeof__(archive_entry_sparse_clear) *entry_sparse_clear;
	__typeof__(archive_entry_linkresolver_new) *links_new;
	__typeof__(archive_entry_linkresolver_set_strategy) *links_set_strategy;
	__typeof__(archive_entry_linkresolver_free) *links_free;
	__typeof__(archive_entry_linkify) *linkify;
} lib;

static const struct archive_function functions[] = {
	{ "archive_error_string", &lib.error_string },
	{ "archive_write_new", &lib.write_new },
	{ "archive_write_set_format_pax", &lib.write_set_format_pax },
	{ "archive_write_set_options", &lib.write_set_options },
	{ "archive_write_set_bytes_per_block", &lib.write_set_block },
	{ "archive_write_set_bytes_in_last_block", &lib.write_set_last },
	{ "archive_write_open_fd", &lib.write_open_fd },
	{ "archive_write_header", &lib.write_header },
	{ "archive_write_data", &lib.write_data },
	{ "archive_write_data_block", &lib.write_data_block },
	{ "archive_write_finish_entry", &lib.write_finish_entry },
	{ "archive_write_close", &lib.write_close },
	{ "archive_write_free", &lib.write_free },
	{ "archive_write_disk_new", &lib.write_disk_new },
	{ "archive_write_disk_set_options", &lib.write_disk_set_options },
	{ "archive_read_new", &lib.read_new },
	{ "archive_read_support_format_tar", &lib.read_support_format_tar },
	{ "archive_read_set_options", &lib.read_set_options },
	{ "archive_read_open_fd", &lib.read_open_fd },
	{ "archive_read_next_header", &lib.read_next_header },
	{ "archive_read_next_header2", &lib.read_next_header2 },
	{ "archive_read_data_block", &lib.read_data_block },
	{ "archive_read_free", &lib.read_free },
	{ "archive_read_disk_new", &lib.read_disk_new },
	{ "archive_read_disk_open", &lib.read_disk_open },
	{ "archive_read_disk_descend", &lib.read_disk_descend },
	{ "archive_read_disk_set_behavior", &lib.read_disk_set_behavior },
	{ "archive_read_disk_set_symlink_physical", &lib.read_disk_physical },
	{ "archive_entry_new", &lib.entry_new },
	{ "archive_entry_free", &lib.entry_free },
	{ "archive_entry_clear", &lib.entry_clear },
	{ "archive_entry_pathname", &lib.entry_pathname },
	{ "archive_entry_filetype", &lib.entry_filetype },
	{ "archive_entry_hardlink", &lib.entry_hardlink },
	{ "archive_entry_size", &lib.entry_size },
	{ "archive_entry_mtime", &lib.entry_mtime },
	{ "archive_entry_mtime_nsec", &lib.entry_mtime_nsec },
	{ "archive_entry_sparse_clear", &lib.entry_sparse_clear },
	{ "archive_entry_linkresolver_new", &lib.links_new },
	{ "archive_entry_linkresolver_set_strategy", &lib.links_set_strategy },
	{ "archive_entry_linkresolver_free", &lib.links_free },
	{ "archive_entry_linkify", &lib.linkify },
};

static bool is_bad(int result)
{
	return result != ARCHIVE_OK && result != ARCHIVE_WARN;
}

/* --------------------------------------------------------------------------------- packing */

/* For nftw(3), which hands nothing on. */
static u64 walked_bytes;
static char *walked_device;

static int walk_one(const char *path, const struct stat *st, int what,
		    struct FTW *where)
{
	u64 held;

	if (what == FTW_DNR || what == FTW_NS) {
		errno = EACCES;
		return -1;
	}
	if (S_ISBLK(st->st_mode) || S_ISCHR(st->st_mode)) {
		if (!walked_device)
			walked_device = format("%s", path);
		return 0;
	}
	walked_bytes += HEADER_BYTES;
	held = (u64)st->st_blocks * 512;
	if (held > (u64)st->st_size)
		held = (u64)st->st_size;
	/* Each name of an inode counts a part of it: the sum is the least. */
	if (S_ISREG(st->st_mode))
		walked_bytes += held / st->st_nlink;
	return 0;
}

int treetar_bytes(const char *path, u64 *bytes)
{
	int err;

	walked_bytes = 0;
	walked_device = NULL;
	if (nftw(path, walk_one, 64, FTW_PHYS | FTW_MOUNT)) {
		err = errno;
		say("%s cannot be looked into (%s), so nothing was stored.",
		    path, strerror(err));
		return -err;
	}
	*bytes = walked_bytes;
	if (!walked_device)
		return 0;
	say("%s is a device, which no parcel holds, so nothing was stored.",
	    walked_device);
	free(walked_device);
	return -EINVAL;
}

/**
 * struct packer - an archive that is being written
 * @disk: what is read
 * @out: what is written
 * @hole: zeros
 * @progress: is moved on
 */
struct packer {
	struct archive *disk;
	struct archive *out;
	void *hole;
	struct progress *progress;
};

static int say_unreadable(struct packer *p)
{
	progress_end(p->progress);
	say("the directory cannot be read (%s), so nothing was stored.",
	    lib.error_string(p->disk));
	return -ECANCELED;
}

/* Why writing failed: that of the descriptor, for the caller to say. */
static int write_error(void)
{
	return errno ? -errno : -EIO;
}

static int write_bytes(struct packer *p, const void *from, u64 bytes)
{
	while (bytes) {
		la_ssize_t n;

		errno = 0;
		n = lib.write_data(p->out, from, bytes);
		if (n < 0)
			return write_error();
		/* The file has grown: its header says where it ends. */
		if (!n)
			return 0;
		bytes -= (u64)n;
		from = (const u8 *)from + n;
		progress_add(p->progress, (u64)n);
	}
	return 0;
}

static int write_hole(struct packer *p, u64 bytes)
{
	int err = 0;

	while (!err && bytes) {
		u64 n = bytes < HOLE_BYTES ? bytes : HOLE_BYTES;

		err = write_bytes(p, p->hole, n);
		bytes -= n;
	}
	return err;
}

static int write_contents(struct packer *p, u64 size)
{
	const void *data;
	size_t bytes;
	la_int64_t at;
	u64 done = 0;
	int result, err = 0;

	while (!err && (result = lib.read_data_block(p->disk, &data, &bytes,
						     &at)) != ARCHIVE_EOF) {
		if (is_bad(result))
			return say_unreadable(p);
		if ((u64)at > done)
			err = write_hole(p, (u64)at - done);
		if (!err)
			err = write_bytes(p, data, bytes);
		done = (u64)at + bytes;
	}
	return err || done >= size ? err : write_hole(p, size - done);
}

static int write_entry(struct packer *p, struct archive_entry *entry)
{
	const char *path = lib.entry_pathname(entry);
	u64 size = (u64)lib.entry_size(entry);

	if (strlen(path) > SPARSE_NAME_MAX)
		lib.entry_sparse_clear(entry);
	errno = 0;
	if (is_bad(lib.write_header(p->out, entry)))
		return write_error();
	return lib.entry_filetype(entry) == AE_IFREG && size &&
			       !lib.entry_hardlink(entry) ?
		       write_contents(p, size) :
		       0;
}

/* For people. */
static char *name_of(struct archive_entry *entry)
{
	const char *path = lib.entry_pathname(entry);

	return printable(path, strlen(path));
}

static void say_socket(struct packer *p, struct archive_entry *entry)
{
	autofree char *name = name_of(entry);

	progress_end(p->progress);
	say("%s is a socket, and was left out.", name);
}

static int pack_entries(struct packer *p, struct archive_entry *entry,
			struct archive_entry_linkresolver *links)
{
	struct archive_entry *one, *later;
	int result, err = 0;

	while (!err && (result = lib.read_next_header2(p->disk, entry)) !=
			       ARCHIVE_EOF) {
		if (is_bad(result))
			return say_unreadable(p);
		lib.read_disk_descend(p->disk);
		if (lib.entry_filetype(entry) == AE_IFSOCK) {
			say_socket(p, entry);
			continue;
		}
		one = entry;
		lib.linkify(links, &one, &later);
		err = write_entry(p, one);
	}
	return err;
}

static int pack_all(struct packer *p, int fd)
{
	struct archive_entry_linkresolver *links = need(lib.links_new());
	struct archive_entry *entry = need(lib.entry_new());
	int err = 0;

	lib.links_set_strategy(links, ARCHIVE_FORMAT_TAR_PAX_RESTRICTED);
	lib.read_disk_physical(p->disk);
	lib.read_disk_set_behavior(p->disk,
				   ARCHIVE_READDISK_NO_TRAVERSE_MOUNTS);
	lib.write_set_format_pax(p->out);
	/* Names are bytes, not text of some locale. */
	lib.write_set_options(p->out, "hdrcharset=BINARY");
	lib.write_set_block(p->out, (int)MIB);
	lib.write_set_last(p->out, 1);
	if (lib.write_open_fd(p->out, fd))
		err = -EIO;
	else if (lib.read_disk_open(p->disk, "."))
		err = say_unreadable(p);
	if (!err)
		err = pack_entries(p, entry, links);
	errno = 0;
	if (!err && is_bad(lib.write_close(p->out)))
		err = write_error();
	lib.entry_free(entry);
	lib.links_free(links);
	return err;
}

int treetar_pack(const char *path, int fd, struct progress *progress)
{
	autoclose int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct packer p = { .progress = progress };
	int err = archivelib_load(functions, ARRAY_LEN(functions));

	if (err)
		return -ECANCELED;
	if (dir < 0 || fchdir(dir)) {
		say("%s cannot be opened as a directory (%s), so nothing was stored.",
		    path, strerror(errno));
		return -ECANCELED;
	}
	p.hole = mmap(NULL, HOLE_BYTES, PROT_READ,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	need(p.hole == MAP_FAILED ? NULL : p.hole);
	p.disk = need(lib.read_disk_new());
	p.out = need(lib.write_new());
	err = pack_all(&p, fd);
	lib.read_free(p.disk);
	lib.write_free(p.out);
	munmap(p.hole, HOLE_BYTES);
	return err;
}

/* ------------------------------------------------------------------------------- unpacking */

static struct archive *open_archive(int fd)
{
	struct archive *in = need(lib.read_new());

	/* Nothing that is packed: what comes out is no larger than what is here, holes aside. */
	lib.read_support_format_tar(in);
	lib.read_set_options(in, "hdrcharset=BINARY");
	if (!lseek(fd, 0, SEEK_SET) && !lib.read_open_fd(in, fd, 65536))
		return in;
	lib.read_free(in);
	return NULL;
}

static int say_bad(const char *path, const char *why)
{
	autofree char *name = path ? printable(path, strlen(path)) : NULL;

	if (name)
		say("'%s' in the archive is not good: %s; nothing was made.",
		    name, why);
	else
		say("the archive is not good (%s); nothing was made.", why);
	return -EBADMSG;
}

/* All names, before the first of them is made. */
static int check_names(struct archive *in, struct tree_names *names)
{
	struct archive_entry *entry;
	const char *why, *path;
	int result;

	while ((result = lib.read_next_header(in, &entry)) != ARCHIVE_EOF) {
		if (is_bad(result))
			return say_bad(NULL, lib.error_string(in));
		path = lib.entry_pathname(entry);
		why = tree_names_add(names, path, lib.entry_filetype(entry),
				     lib.entry_hardlink(entry));
		if (why)
			return say_bad(path, why);
	}
	return 0;
}

static int check_archive(int fd)
{
	struct archive *in = open_archive(fd);
	struct tree_names names = { 0 };
	int err;

	if (!in)
		return say_bad(NULL, "it cannot be read");
	err = check_names(in, &names);
	tree_names_free(&names);
	lib.read_free(in);
	return err;
}

static int unpack_contents(struct archive *in, struct archive *disk)
{
	const void *data;
	size_t bytes;
	la_int64_t at;
	int result;

	while ((result = lib.read_data_block(in, &data, &bytes, &at)) !=
	       ARCHIVE_EOF) {
		if (is_bad(result))
			return say_bad(NULL, lib.error_string(in));
		errno = 0;
		if (lib.write_data_block(disk, data, bytes, at) < 0)
			return write_error();
	}
	return 0;
}

static int unpack_entry(struct archive *in, struct archive *disk,
			struct archive_entry *entry)
{
	autofree char *name = name_of(entry);
	int err;

	errno = 0;
	err = is_bad(lib.write_header(disk, entry)) ? write_error() : 0;
	if (!err)
		err = unpack_contents(in, disk);
	errno = 0;
	if (!err && lib.write_finish_entry(disk) != ARCHIVE_OK)
		err = write_error();
	if (err && err != -EBADMSG)
		say("'%s' cannot be made as it was (%s); nothing was made.",
		    name, lib.error_string(disk));
	return err;
}

/* The directory itself exists already, and its time changes with each name in it. */
static bool is_root(struct archive_entry *entry)
{
	const char *path = lib.entry_pathname(entry);

	return path[0] == '.' && path[1 + strspn(path + 1, "/.")] == '\0';
}

/* @root: time of the directory itself, if the archive has it */
static int unpack_entries(struct archive *in, struct archive *disk,
			  struct timespec *root)
{
	struct archive_entry *entry;
	int result, err = 0;

	while (!err &&
	       (result = lib.read_next_header(in, &entry)) != ARCHIVE_EOF) {
		if (is_bad(result))
			return say_bad(NULL, lib.error_string(in));
		if (is_root(entry))
			*root = (struct timespec){
				.tv_sec = lib.entry_mtime(entry),
				.tv_nsec = lib.entry_mtime_nsec(entry)
			};
		err = unpack_entry(in, disk, entry);
	}
	return err;
}

/* Into the current directory, which nobody else can enter. */
static int unpack_here(int fd)
{
	const int flags = ARCHIVE_EXTRACT_OWNER | ARCHIVE_EXTRACT_PERM |
			  ARCHIVE_EXTRACT_TIME | ARCHIVE_EXTRACT_ACL |
			  ARCHIVE_EXTRACT_XATTR | ARCHIVE_EXTRACT_FFLAGS |
			  ARCHIVE_EXTRACT_SPARSE |
			  ARCHIVE_EXTRACT_SECURE_SYMLINKS |
			  ARCHIVE_EXTRACT_SECURE_NODOTDOT |
			  ARCHIVE_EXTRACT_SECURE_NOABSOLUTEPATHS;
	struct archive *in = open_archive(fd);
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT },
				     { .tv_nsec = UTIME_OMIT } };
	struct archive *disk;
	int err;

	if (!in)
		return say_bad(NULL, "it cannot be read");
	disk = need(lib.write_disk_new());
	lib.write_disk_set_options(
		disk, geteuid() ? flags & ~ARCHIVE_EXTRACT_OWNER : flags);
	err = unpack_entries(in, disk, &times[1]);
	/* Modes and times of directories come last. */
	errno = 0;
	if (!err && lib.write_close(disk) != ARCHIVE_OK) {
		err = write_error();
		say("directories cannot be made as they were (%s); nothing was made.",
		    lib.error_string(disk));
	}
	if (!err && utimensat(AT_FDCWD, ".", times, 0))
		err = write_error();
	lib.write_free(disk);
	lib.read_free(in);
	return err;
}

static int remove_one(const char *path, const struct stat *st, int what,
		      struct FTW *where)
{
	return remove(path);
}

static void remove_all(const char *path)
{
	nftw(path, remove_one, 64, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

/* In another one, so that nobody gets at it whatever mode the archive gives the directory. */
static int unpack_into(int fd, const char *inner, const char *path)
{
	autoclose int before = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int err;

	if (before < 0 || mkdir(inner, 0755) || chdir(inner))
		return -errno;
	err = unpack_here(fd);
	if (fchdir(before) && !err)
		err = -errno;
	if (!err && rename(inner, path)) {
		err = -errno;
		say("%s cannot be put into its place (%s); nothing was made.",
		    path, strerror(-err));
	}
	return err;
}

int treetar_unpack(int fd, const char *path)
{
	autofree char *bare = format("%s", path);
	autofree char *outer = NULL;
	autofree char *inner = NULL;
	size_t length = strlen(bare);
	int err = archivelib_load(functions, ARRAY_LEN(functions));

	if (!err)
		err = check_archive(fd);
	if (err)
		return err;
	while (length > 1 && bare[length - 1] == '/')
		bare[--length] = '\0';
	outer = format("%s.kho-XXXXXX", bare);
	if (!mkdtemp(outer)) {
		err = -errno;
		say("no directory can be made beside %s (%s).", path,
		    strerror(-err));
		return err;
	}
	inner = format("%s/tree", outer);
	err = unpack_into(fd, inner, bare);
	remove_all(outer);
	return err;
}
