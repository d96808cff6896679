// SPDX-License-Identifier: GPL-2.0
/* A tree as an archive, by libarchive. */
#include "cli/kept/archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>

#include "cli/base/printable.h"
#include "cli/kept/archivelib.h"

/* Directory of the archive with files of long names. */
#define HOLES_DIR ".kho-holes"
/* What a file's contents are read by. */
#define BUFFER_BYTES MIB
/* The library skips holes in what it is given without looking; this is address space only. */
#define HOLE_BYTES (64 * GIB)

/* Its functions that are used, as it declares them. */
static struct {
	__typeof__(archive_error_string) *error_string;
	__typeof__(archive_write_new) *write_new;
	__typeof__(archive_write_set_format_pax) *write_set_format_pax;
	__typeof__(archive_write_set_options) *write_set_options;
	__typeof__(archive_write_open_fd) *write_open_fd;
	__typeof__(archive_write_header) *write_header;
	__typeof__(archive_write_data) *write_data;
	__typeof__(archive_write_close) *write_close;
	__typeof__(archive_write_free) *write_free;
	__typeof__(archive_entry_new) *entry_new;
	__typeof__(archive_entry_clear) *entry_clear;
	__typeof__(archive_entry_free) *entry_free;
	__typeof__(archive_entry_copy_pathname) *entry_copy_pathname;
	__typeof__(archive_entry_copy_symlink) *entry_copy_symlink;
	__typeof__(archive_entry_copy_hardlink) *entry_copy_hardlink;
	__typeof__(archive_entry_set_mode) *entry_set_mode;
	__typeof__(archive_entry_set_uid) *entry_set_uid;
	__typeof__(archive_entry_set_gid) *entry_set_gid;
	__typeof__(archive_entry_set_size) *entry_set_size;
	__typeof__(archive_entry_set_mtime) *entry_set_mtime;
	__typeof__(archive_entry_set_atime) *entry_set_atime;
	__typeof__(archive_entry_set_ctime) *entry_set_ctime;
	__typeof__(archive_entry_set_birthtime) *entry_set_birthtime;
	__typeof__(archive_entry_set_rdevmajor) *entry_set_rdevmajor;
	__typeof__(archive_entry_set_rdevminor) *entry_set_rdevminor;
	__typeof__(archive_entry_set_fflags) *entry_set_fflags;
	__typeof__(archive_entry_acl_add_entry) *entry_acl_add_entry;
	__typeof__(archive_entry_xattr_add_entry) *entry_xattr_add_entry;
	__typeof__(archive_entry_sparse_add_entry) *entry_sparse_add_entry;
} lib;

static const struct archive_function wanted[] = {
	{ "archive_error_string", &lib.error_string },
	{ "archive_write_new", &lib.write_new },
	{ "archive_write_set_format_pax", &lib.write_set_format_pax },
	{ "archive_write_set_options", &lib.write_set_options },
	{ "archive_write_open_fd", &lib.write_open_fd },
	{ "archive_write_header", &lib.write_header },
	{ "archive_write_data", &lib.write_data },
	{ "archive_write_close", &lib.write_close },
	{ "archive_write_free", &lib.write_free },
	{ "archive_entry_new", &lib.entry_new },
	{ "archive_entry_clear", &lib.entry_clear },
	{ "archive_entry_free", &lib.entry_free },
	{ "archive_entry_copy_pathname", &lib.entry_copy_pathname },
	{ "archive_entry_copy_symlink", &lib.entry_copy_symlink },
	{ "archive_entry_copy_hardlink", &lib.entry_copy_hardlink },
	{ "archive_entry_set_mode", &lib.entry_set_mode },
	{ "archive_entry_set_uid", &lib.entry_set_uid },
	{ "archive_entry_set_gid", &lib.entry_set_gid },
	{ "archive_entry_set_size", &lib.entry_set_size },
	{ "archive_entry_set_mtime", &lib.entry_set_mtime },
	{ "archive_entry_set_atime", &lib.entry_set_atime },
	{ "archive_entry_set_ctime", &lib.entry_set_ctime },
	{ "archive_entry_set_birthtime", &lib.entry_set_birthtime },
	{ "archive_entry_set_rdevmajor", &lib.entry_set_rdevmajor },
	{ "archive_entry_set_rdevminor", &lib.entry_set_rdevminor },
	{ "archive_entry_set_fflags", &lib.entry_set_fflags },
	{ "archive_entry_acl_add_entry", &lib.entry_acl_add_entry },
	{ "archive_entry_xattr_add_entry", &lib.entry_xattr_add_entry },
	{ "archive_entry_sparse_add_entry", &lib.entry_sparse_add_entry },
};

enum piece_kind { PIECE_DATA, PIECE_HOLE, PIECE_BAD };

/**
 * struct piece - what comes in a file
 * @kind: what it is; BAD: memory that went bad, which becomes zeros
 * @at: where it begins
 * @bytes: its length
 */
struct piece {
	enum piece_kind kind;
	u64 at;
	u64 bytes;
};

struct archiver {
	const struct kept_tree *tree;
	struct kept_archived *out;
	struct archive *archive;
	struct archive_entry *entry; /* of the NODE before, if @waits */
	struct kho_kept_record record; /* that */
	bool waits;
	struct kept_links links;
	char **first; /* names of inodes that have several */
	size_t nr_first;
	struct kept_trail trail; /* of the next record */
	bool only_aside; /* files with holes and long names, and nothing else */
	bool *is_aside; /* of each regular file: it was one */
	struct piece *piece; /* those of the file that is written */
	size_t nr_pieces, piece_room;
	u8 *buffer; /* data of it */
	void *hole;
	struct progress progress;
};

static int check(struct archiver *a, int result)
{
	if (result == ARCHIVE_OK || result == ARCHIVE_WARN)
		return 0;
	progress_end(&a->progress);
	say("the archive cannot be written (%s).",
	    lib.error_string(a->archive));
	return -EIO;
}

static char *path_of(const struct archiver *a,
		     const struct kho_kept_record *record)
{
	return kept_trail_path(&a->trail, ".", record->name,
			       record->name_bytes);
}

/* -------------------------------------------------------------------------- attributes */

static int acl_tag(unsigned int tag)
{
	switch (tag) {
	case ACL_USER_OBJ:
		return ARCHIVE_ENTRY_ACL_USER_OBJ;
	case ACL_USER:
		return ARCHIVE_ENTRY_ACL_USER;
	case ACL_GROUP_OBJ:
		return ARCHIVE_ENTRY_ACL_GROUP_OBJ;
	case ACL_GROUP:
		return ARCHIVE_ENTRY_ACL_GROUP;
	case ACL_MASK:
		return ARCHIVE_ENTRY_ACL_MASK;
	case ACL_OTHER:
		return ARCHIVE_ENTRY_ACL_OTHER;
	default:
		return 0;
	}
}

/* Return: was it an ACL of the form that the kernel has? */
static bool add_acl(struct archive_entry *entry, int type, const char *value,
		    u32 bytes)
{
	const size_t head = sizeof(struct posix_acl_xattr_header),
		     each = sizeof(struct posix_acl_xattr_entry);
	const u8 *at = (const u8 *)value;
	size_t i;

	if (bytes < head || (bytes - head) % each ||
	    le32(at) != POSIX_ACL_XATTR_VERSION)
		return false;
	for (i = head; i < bytes; i += each) {
		int tag = acl_tag(le16(at + i));
		bool named = tag == ARCHIVE_ENTRY_ACL_USER ||
			     tag == ARCHIVE_ENTRY_ACL_GROUP;

		if (!tag)
			return false;
		lib.entry_acl_add_entry(entry, type, le16(at + i + 2), tag,
					named ? (int)le32(at + i + 4) : -1,
					NULL);
	}
	return true;
}

static void add_xattr(struct archiver *a, const struct kho_kept_record *x)
{
	char name[KHO_KEPT_NAME_MAX + 1];
	int acl = 0;

	kept_name(x, name);
	if (!strcmp(name, "system.posix_acl_access"))
		acl = ARCHIVE_ENTRY_ACL_TYPE_ACCESS;
	else if (!strcmp(name, "system.posix_acl_default"))
		acl = ARCHIVE_ENTRY_ACL_TYPE_DEFAULT;
	if (acl && add_acl(a->entry, acl, x->value, x->value_bytes))
		return;
	lib.entry_xattr_add_entry(a->entry, name, x->value, x->value_bytes);
}

/* What a fraction adds to before 1970 the library takes otherwise than others: whole seconds. */
static long fraction(const struct kho_kept_time *t)
{
	return t->sec < 0 ? 0 : (long)t->nsec;
}

static void describe(struct archive_entry *e,
		     const struct kho_kept_record *record)
{
	const struct kho_kept_node *n = &record->node;

	lib.entry_set_mode(e, n->mode);
	lib.entry_set_uid(e, n->uid);
	lib.entry_set_gid(e, n->gid);
	lib.entry_set_mtime(e, n->mtime.sec, fraction(&n->mtime));
	lib.entry_set_atime(e, n->atime.sec, fraction(&n->atime));
	lib.entry_set_ctime(e, n->ctime.sec, fraction(&n->ctime));
	lib.entry_set_birthtime(e, n->btime.sec, fraction(&n->btime));
	if (S_ISCHR(n->mode) || S_ISBLK(n->mode)) {
		lib.entry_set_rdevmajor(e, n->major);
		lib.entry_set_rdevminor(e, n->minor);
	}
	if (n->attributes)
		lib.entry_set_fflags(e, n->attributes, 0);
	if (S_ISLNK(n->mode)) {
		autofree char *target =
			format("%.*s", (int)record->value_bytes, record->value);

		lib.entry_copy_symlink(e, target);
	}
}

/* ---------------------------------------------------------------------------- contents */

/* What comes at @at: data, which are at @to then, bad memory, a hole, or the end: no bytes. */
static int peek(struct archiver *a, u64 at, u8 *to, u64 bytes,
		struct piece *out)
{
	struct kho_kept_ioctl_peek arg = { .file = a->record.file,
					   .offset = at,
					   .buffer = (uintptr_t)to,
					   .bytes = bytes };
	int err = keptdev_peek(a->tree->fd, &arg);

	if (err == -EIO) {
		*out = (struct piece){ PIECE_BAD, at,
				       PAGE_BYTES - at % PAGE_BYTES };
		return 0;
	}
	*out = arg.bytes ? (struct piece){ PIECE_DATA, at, arg.bytes } :
			   (struct piece){ PIECE_HOLE, at, arg.hole_bytes };
	return err;
}

/* Asked for behind every end: what is wrong with a page is not wrong with the size. */
static int peek_size(struct archiver *a, u64 *size)
{
	struct kho_kept_ioctl_peek arg = { .file = a->record.file,
					   .offset = INT64_MAX,
					   .buffer = (uintptr_t)a->buffer };
	int err = keptdev_peek(a->tree->fd, &arg);

	*size = arg.file_bytes;
	return err;
}

static void add_piece(struct archiver *a, const struct piece *p)
{
	struct piece *last = a->nr_pieces ? &a->piece[a->nr_pieces - 1] : NULL;

	if (last && last->kind == p->kind) {
		last->bytes += p->bytes;
		return;
	}
	if (a->nr_pieces == a->piece_room) {
		a->piece_room = a->piece_room ? 2 * a->piece_room : 64;
		a->piece = need(
			realloc(a->piece, a->piece_room * sizeof(*a->piece)));
	}
	a->piece[a->nr_pieces++] = *p;
}

/* All of a file that is not larger is in the buffer, once its pieces are known. */
static bool is_held(u64 size)
{
	return size <= BUFFER_BYTES;
}

static int find_pieces(struct archiver *a, u64 size)
{
	struct piece p;
	u64 at, in_buffer;
	int err;

	a->nr_pieces = 0;
	for (at = 0; at < size; at += p.bytes) {
		in_buffer = is_held(size) ? at : 0;
		err = peek(a, at, a->buffer + in_buffer,
			   BUFFER_BYTES - in_buffer, &p);
		if (err)
			return err;
		if (!p.bytes || p.bytes > size - at)
			p.bytes = size - at;
		add_piece(a, &p);
	}
	return 0;
}

static bool has_holes(const struct archiver *a)
{
	size_t i;

	for (i = 0; i < a->nr_pieces; i++)
		if (a->piece[i].kind == PIECE_HOLE)
			return true;
	return false;
}

/* Tells the library where data are, if there is a hole. */
static void map_pieces(struct archiver *a)
{
	bool holes = has_holes(a), data = false;
	size_t i;

	for (i = 0; holes && i < a->nr_pieces; i++) {
		if (a->piece[i].kind == PIECE_HOLE)
			continue;
		data = true;
		lib.entry_sparse_add_entry(a->entry, (la_int64_t)a->piece[i].at,
					   (la_int64_t)a->piece[i].bytes);
	}
	if (holes && !data)
		lib.entry_sparse_add_entry(a->entry, 0, 0);
}

static int write_data(struct archiver *a, const void *data, u64 bytes)
{
	while (bytes) {
		la_ssize_t n = lib.write_data(a->archive, data, bytes);

		if (n <= 0)
			return check(a, ARCHIVE_FATAL);
		bytes -= (u64)n;
		data = (const u8 *)data + n;
	}
	return 0;
}

static int write_zeros(struct archiver *a, u64 bytes)
{
	int err = 0;

	while (!err && bytes) {
		u64 n = bytes < HOLE_BYTES ? bytes : HOLE_BYTES;

		err = write_data(a, a->hole, n);
		bytes -= n;
	}
	return err;
}

/* Its place in the archive is reckoned with: what cannot be read any more ends it. */
static int say_not_read(struct archiver *a, int err)
{
	autofree char *path = kept_tree_path(a->tree, a->record.offset);
	autofree char *shown = printable(path, strlen(path));

	progress_end(&a->progress);
	say("%s cannot be read to its end (%s), so the archive of tree '%s' is not whole; see the kernel log.",
	    shown, strerror(-err), a->tree->shown);
	return err;
}

static int write_bad(struct archiver *a, u64 bytes)
{
	a->out->nr_bad += (bytes + PAGE_BYTES - 1) / PAGE_BYTES;
	return write_zeros(a, bytes);
}

/* Data that are not held are read again, and may have gone bad since. */
static int write_again(struct archiver *a, const struct piece *piece)
{
	u64 end = piece->at + piece->bytes, at;
	struct piece p;
	int err = 0;

	for (at = piece->at; !err && at < end; at += p.bytes) {
		err = peek(a, at, a->buffer, BUFFER_BYTES, &p);
		if (err)
			return say_not_read(a, err);
		if (!p.bytes || p.bytes > end - at)
			p.bytes = end - at;
		if (p.kind == PIECE_DATA)
			err = write_data(a, a->buffer, p.bytes);
		else
			err = p.kind == PIECE_BAD ? write_bad(a, p.bytes) :
						    write_zeros(a, p.bytes);
		progress_add(&a->progress, p.bytes);
	}
	return err;
}

static int write_piece(struct archiver *a, const struct piece *p, bool held)
{
	switch (p->kind) {
	case PIECE_HOLE:
		return write_zeros(a, p->bytes);
	case PIECE_BAD:
		progress_add(&a->progress, p->bytes);
		return write_bad(a, p->bytes);
	case PIECE_DATA:
		break;
	}
	if (!held)
		return write_again(a, p);
	progress_add(&a->progress, p->bytes);
	return write_data(a, a->buffer + p->at, p->bytes);
}

static int write_pieces(struct archiver *a, u64 size)
{
	size_t i;
	int err = 0;

	for (i = 0; !err && i < a->nr_pieces; i++)
		err = write_piece(a, &a->piece[i], is_held(size));
	return err;
}

/* It is not in the archive, so nothing can be a link to it. */
static void forget_name(struct archiver *a)
{
	struct kept_link *link =
		kept_links_get(&a->links, a->record.node.inode);

	if (!link)
		return;
	free(a->first[link->index]);
	a->first[link->index] = NULL;
}

static int not_there(struct archiver *a, int err)
{
	a->out->nr_missing++;
	forget_name(a);
	kept_note_at(
		&a->out->notes, a->tree, a->record.offset, "%s",
		err == -ESTALE ?
			"it is not in the archive, since it was restored, or was begun with" :
			strerror(-err));
	return 0;
}

static int write_link(struct archiver *a, const char *path, const char *to)
{
	lib.entry_clear(a->entry);
	lib.entry_copy_pathname(a->entry, path);
	lib.entry_set_mode(a->entry, S_IFREG | 0600);
	lib.entry_set_size(a->entry, 0);
	lib.entry_copy_hardlink(a->entry, to);
	return check(a, lib.write_header(a->archive, a->entry));
}

static int write_contents(struct archiver *a, u64 size)
{
	int err;

	/* The library takes no place of data beyond the size. */
	lib.entry_set_size(a->entry, (la_int64_t)size);
	map_pieces(a);
	err = check(a, lib.write_header(a->archive, a->entry));
	return err ? err : write_pieces(a, size);
}

/* Does it fit into the oldest header, whose prefix and name have so much room? */
static bool is_short(const char *path)
{
	const char *name = strrchr(path, '/') + 1;

	return name - path <= 155 && strlen(name) < 99;
}

/* The one that is known now. */
static int write_file(struct archiver *a, u64 size)
{
	u64 bad = a->out->nr_bad;
	int err = write_contents(a, size);

	if (err)
		return err;
	a->progress.files++;
	if (a->out->nr_bad > bad)
		kept_note_at(
			&a->out->notes, a->tree, a->record.offset,
			"memory of %llu of its pages went bad; they are zeros in the archive",
			(unsigned long long)(a->out->nr_bad - bad));
	return 0;
}

static int find_file(struct archiver *a, u64 *size)
{
	int err = peek_size(a, size);

	return err ? err : find_pieces(a, *size);
}

static char *aside_path(const struct archiver *a)
{
	return format("./" HOLES_DIR "/%llu",
		      (unsigned long long)a->record.node.inode);
}

/*
 * Of a file with holes the library (3.6, say) tells a name that it has cut to what the oldest
 * header has room for. So such files get short ones, and their own as links to these. They come
 * before all else: a tar that leaves a directory between two names of it may set its times then.
 */
static int write_aside(struct archiver *a)
{
	autofree char *path = aside_path(a);
	u64 size;

	/* What cannot be read is said when its turn comes. */
	if (find_file(a, &size) || !has_holes(a))
		return 0;
	a->is_aside[a->record.file] = true;
	kept_note_at(
		&a->out->notes, a->tree, a->record.offset,
		"it has holes and a long name, so the archive has %s as well, which can be removed when it is unpacked",
		path);
	lib.entry_copy_pathname(a->entry, path);
	return write_file(a, size);
}

static int write_in_its_place(struct archiver *a)
{
	autofree char *aside = aside_path(a), *path = NULL;
	u64 size;
	int err;

	if (a->is_aside[a->record.file]) {
		path = path_of(a, &a->record);
		return write_link(a, path, aside);
	}
	err = find_file(a, &size);
	return err ? not_there(a, err) : write_file(a, size);
}

/* ----------------------------------------------------------------------------- records */

/* All attributes of the NODE before came. */
static int flush(struct archiver *a)
{
	mode_t mode = a->record.node.mode;

	if (!a->waits)
		return 0;
	a->waits = false;
	if (a->only_aside)
		return write_aside(a);
	if (S_ISREG(mode))
		return write_in_its_place(a);
	if (S_ISSOCK(mode)) {
		forget_name(a);
		kept_note_at(&a->out->notes, a->tree, a->record.offset,
			     "it is a socket, which an archive cannot hold");
		return 0;
	}
	lib.entry_set_size(a->entry, 0);
	return check(a, lib.write_header(a->archive, a->entry));
}

static void take_node(struct archiver *a, const struct kho_kept_record *record)
{
	struct kept_link *link = kept_links_get(&a->links, record->node.inode);
	autofree char *path = path_of(a, record);

	lib.entry_clear(a->entry);
	lib.entry_copy_pathname(a->entry, path);
	describe(a->entry, record);
	a->record = *record;
	a->waits = !a->only_aside ||
		   (S_ISREG(record->node.mode) && !is_short(path));
	if (S_ISDIR(record->node.mode)) {
		kept_trail_push(&a->trail, record->name, record->name_bytes);
	} else if (link && !a->only_aside) {
		link->index = a->nr_first;
		a->first[a->nr_first++] = path;
		path = NULL;
	}
}

static int take_link(struct archiver *a, const struct kho_kept_record *record)
{
	const struct kept_link *link =
		kept_links_get(&a->links, record->node.inode);
	autofree char *path = path_of(a, record);

	if (a->only_aside)
		return 0;
	return a->first[link->index] ?
		       write_link(a, path, a->first[link->index]) :
		       0;
}

static int take_record(struct archiver *a, const struct kho_kept_record *record)
{
	int err;

	if (record->type == KHO_KEPT_RECORD_XATTR) {
		if (a->waits)
			add_xattr(a, record);
		return 0;
	}
	err = flush(a);
	if (err)
		return err;
	if (record->type == KHO_KEPT_RECORD_NODE)
		take_node(a, record);
	else if (record->type == KHO_KEPT_RECORD_LINK)
		return take_link(a, record);
	else if (record->type == KHO_KEPT_RECORD_UP)
		kept_trail_pop(&a->trail);
	return 0;
}

static int take_records(struct archiver *a)
{
	struct kho_kept_reader reader;
	struct kho_kept_record record;
	int err = 0;

	kho_kept_reader_init(&reader, a->tree->records,
			     a->tree->info.record_bytes);
	while (!err && kho_kept_next(&reader, &record, NULL) == KHO_STEP_NEXT)
		err = take_record(a, &record);
	return err ? err : flush(a);
}

static int write_archive(struct archiver *a, int fd)
{
	int err;

	lib.write_set_format_pax(a->archive);
	/* Names are bytes, not text of some locale. */
	lib.write_set_options(a->archive, "hdrcharset=BINARY");
	err = check(a, lib.write_open_fd(a->archive, fd));
	a->only_aside = true;
	if (!err)
		err = take_records(a);
	a->only_aside = false;
	if (!err)
		err = take_records(a);
	if (!err)
		err = check(a, lib.write_close(a->archive));
	return err;
}

static void release(struct archiver *a)
{
	size_t i;

	lib.entry_free(a->entry);
	lib.write_free(a->archive);
	for (i = 0; i < a->nr_first; i++)
		free(a->first[i]);
	free(a->first);
	kept_trail_free(&a->trail);
	free(a->piece);
	free(a->is_aside);
	free(a->buffer);
	munmap(a->hole, HOLE_BYTES);
	kept_links_free(&a->links);
}

int kept_archive(const struct kept_tree *tree, int fd,
		 struct kept_archived *out)
{
	struct archiver a = { .tree = tree, .out = out };
	int err = archivelib_load(wanted, ARRAY_LEN(wanted));

	if (err)
		return err;
	kept_links_find(&a.links, tree);
	a.first = need(calloc(a.links.nr + 1, sizeof(*a.first)));
	a.is_aside = need(calloc(tree->info.nr_files + 1, sizeof(bool)));
	a.buffer = need(malloc(BUFFER_BYTES));
	a.hole = mmap(NULL, HOLE_BYTES, PROT_READ,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	need(a.hole == MAP_FAILED ? NULL : a.hole);
	a.archive = need(lib.write_new());
	a.entry = need(lib.entry_new());
	progress_begin(&a.progress, "saving", tree->info.nr_pages * PAGE_BYTES);
	a.progress.total_files = tree->info.nr_files;
	err = write_archive(&a, fd);
	progress_end(&a.progress);
	release(&a);
	return err;
}
