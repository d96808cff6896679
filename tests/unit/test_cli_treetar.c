// SPDX-License-Identifier: GPL-2.0
/*
 * Directories as parcels: what is packed is unpacked as it was; an archive that somebody forged
 * makes nothing, and least of all outside of its directory. With the real libarchive.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "cli/base/printable.c"
#include "cli/base/util.c"
#include "cli/kept/archivelib.c"
#include "cli/kept/treenames.c"
#define bare treetar_bare
#include "cli/kept/treetar.c"
#undef bare

#include <sys/sysmacros.h>
#include <sys/xattr.h>

static struct {
	__typeof__(archive_entry_set_pathname) *set_pathname;
	__typeof__(archive_entry_set_mode) *set_mode;
	__typeof__(archive_entry_set_symlink) *set_symlink;
	__typeof__(archive_entry_set_hardlink) *set_hardlink;
	__typeof__(archive_entry_set_size) *set_size;
} forge;

static const struct archive_function more[] = {
	{ "archive_entry_set_pathname", &forge.set_pathname },
	{ "archive_entry_set_mode", &forge.set_mode },
	{ "archive_entry_set_symlink", &forge.set_symlink },
	{ "archive_entry_set_hardlink", &forge.set_hardlink },
	{ "archive_entry_set_size", &forge.set_size },
};

/* Where everything happens, and the current directory of each test. */
static char place[32];

static int begin(void **state)
{
	archivelib_load(functions, ARRAY_LEN(functions));
	archivelib_load(more, ARRAY_LEN(more));
	strcpy(place, "/tmp/treetar.XXXXXX");
	return mkdtemp(place) && !chdir(place) ? 0 : -1;
}

static int end(void **state)
{
	int err = chdir("/");

	remove_all(place);
	return err;
}

static void file(const char *path, const char *text, mode_t mode)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write_all(fd, text, strlen(text)), 0);
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

/* What is seen of a directory, one line a name. */
static char *seen_text;
static size_t seen_from;

static int see(const char *path, const struct stat *st, int what,
	       struct FTW *where)
{
	char link[256] = "", value[16] = "", *text = NULL;
	struct blob b = { 0 };

	if (S_ISLNK(st->st_mode))
		assert_true(readlink(path, link, sizeof(link) - 1) > 0);
	if (S_ISREG(st->st_mode) && st->st_size < 100000)
		assert_int_equal(read_file(path, 100000, &b), 0);
	lgetxattr(path, "user.kho", value, sizeof(value) - 1);
	text = format("%s%s %o %u %u %zu %lld %lld.%ld %s %s %.*s\n", seen_text,
		      path + seen_from, st->st_mode, st->st_uid, st->st_gid,
		      S_ISDIR(st->st_mode) ? 0 : st->st_nlink,
		      S_ISDIR(st->st_mode) ? 0 : (long long)st->st_size,
		      (long long)st->st_mtim.tv_sec, st->st_mtim.tv_nsec, link,
		      value, (int)b.bytes, b.bytes ? (char *)b.data : "");
	/* Where the directory was read meanwhile is not its order. */
	blob_free(&b);
	free(seen_text);
	seen_text = text;
	return 0;
}

static int by_line(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* To be freed. */
static char *look_at(const char *path)
{
	char *line[64], *at, *sorted = format("%s", ""), *longer;
	size_t nr = 0, i;

	seen_text = format("%s", "");
	seen_from = strlen(path);
	assert_int_equal(nftw(path, see, 16, FTW_PHYS), 0);
	for (at = strtok(seen_text, "\n"); at; at = strtok(NULL, "\n"))
		line[nr++] = at;
	qsort(line, nr, sizeof(*line), by_line);
	for (i = 0; i < nr; i++) {
		longer = format("%s%s\n", sorted, line[i]);
		free(sorted);
		sorted = longer;
	}
	free(seen_text);
	return sorted;
}

static int packed(const char *path)
{
	autoclose int before = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int fd = memfd_create("parcel", MFD_CLOEXEC);
	struct progress progress;
	u64 bytes;

	assert_int_equal(treetar_bytes(path, &bytes), 0);
	progress_begin(&progress, "", bytes);
	assert_int_equal(treetar_pack(path, fd, &progress), 0);
	progress_end(&progress);
	assert_int_equal(fchdir(before), 0);
	/* What was asked for at first is no more than it takes. */
	assert_true((u64)lseek(fd, 0, SEEK_END) >= bytes);
	return fd;
}

static void make_tree(void)
{
	char longer[200];
	int fd;

	memset(longer, 'n', sizeof(longer));
	memcpy(longer, "tree/", 5);
	longer[sizeof(longer) - 1] = '\0';
	assert_int_equal(mkdir("tree", 0700), 0);
	file("tree/plain", "contents", 0640);
	file("tree/set", "", 04755);
	file("tree/\344 bytes\n", "a name", 0600);
	file(longer, "long", 0600);
	assert_int_equal(mkdir("tree/sub", 0700), 0);
	file("tree/sub/file", "below", 0600);
	assert_int_equal(link("tree/plain", "tree/sub/linked"), 0);
	assert_int_equal(symlink("../plain", "tree/sub/symbolic"), 0);
	assert_int_equal(symlink("/etc", "tree/elsewhere"), 0);
	assert_int_equal(mkfifo("tree/fifo", 0620), 0);
	file("tree/holes", "begin", 0600);
	fd = open("tree/holes", O_RDWR | O_CLOEXEC);
	assert_int_equal(ftruncate(fd, (off_t)GIB), 0);
	assert_int_equal(pwrite(fd, "end", 3, GIB - 3), 3);
	close(fd);
	if (!geteuid())
		assert_int_equal(chown("tree/plain", 1234, 5678), 0);
	setxattr("tree/plain", "user.kho", "value", 5, 0);
	assert_int_equal(chmod("tree/sub", 02770), 0);
	assert_int_equal(chmod("tree", 0751), 0);
}

static void a_tree_is_as_it_was(void **state)
{
	autofree char *before = NULL;
	autofree char *after = NULL;
	struct stat st;
	int fd;

	make_tree();
	before = look_at("tree");
	fd = packed("tree");
	/* The hole takes no room. */
	assert_true(lseek(fd, 0, SEEK_END) < (off_t)MIB);
	assert_int_equal(treetar_unpack(fd, "again/"), 0);
	after = look_at("again");
	assert_string_equal(before, after);
	assert_int_equal(stat("again/holes", &st), 0);
	assert_in_range(st.st_blocks, 1, 2048);
	/* Into an empty one, too. */
	assert_int_equal(mkdir("empty", 0700), 0);
	assert_int_equal(treetar_unpack(fd, "empty"), 0);
	close(fd);
}

static void nothing_is_overwritten(void **state)
{
	int fd;

	assert_int_equal(mkdir("tree", 0700), 0);
	file("tree/file", "new", 0600);
	fd = packed("tree");
	file("tree/file", "old", 0600);
	assert_true(treetar_unpack(fd, "tree") < 0);
	assert_true(treetar_unpack(fd, "tree/file") < 0);
	assert_true(treetar_unpack(fd, "none/there") < 0);
	close(fd);
}

static void devices_are_refused_and_sockets_left_out(void **state)
{
	u64 bytes;

	assert_int_equal(mkdir("tree", 0700), 0);
	assert_int_equal(mknod("tree/socket", S_IFSOCK | 0600, 0), 0);
	close(packed("tree"));
	if (geteuid() || mknod("tree/null", S_IFCHR | 0600, makedev(1, 3)))
		return;
	assert_true(treetar_bytes("tree", &bytes) < 0);
}

/* One entry that somebody forged. */
struct forged {
	const char *path;
	mode_t mode;
	const char *symlink;
	const char *hardlink;
};

static int archive_of(const struct forged *entry, size_t nr)
{
	int fd = memfd_create("parcel", MFD_CLOEXEC);
	struct archive *a = lib.write_new();
	struct archive_entry *e = lib.entry_new();
	size_t i;

	lib.write_set_format_pax(a);
	lib.write_open_fd(a, fd);
	for (i = 0; i < nr; i++) {
		lib.entry_clear(e);
		forge.set_pathname(e, entry[i].path);
		forge.set_mode(e, entry[i].mode);
		if (entry[i].symlink)
			forge.set_symlink(e, entry[i].symlink);
		if (entry[i].hardlink)
			forge.set_hardlink(e, entry[i].hardlink);
		if (S_ISREG(entry[i].mode) && !entry[i].hardlink)
			forge.set_size(e, 2);
		lib.write_header(a, e);
		if (S_ISREG(entry[i].mode) && !entry[i].hardlink)
			lib.write_data(a, "ha", 2);
	}
	lib.write_close(a);
	lib.write_free(a);
	lib.entry_free(e);
	return fd;
}

#define NODE(type) (type) | 0644, NULL, NULL
#define F NODE(S_IFREG)
#define D NODE(S_IFDIR)
#define LINK(to) S_IFLNK | 0777, to, NULL
#define HARD(to) S_IFREG | 0644, NULL, to

static void what_leads_elsewhere_makes_nothing(void **state)
{
	static const struct forged bad[][3] = {
		{ { "/tmp/treetar-absolute", F } },
		{ { "../up", F } },
		{ { "a", D }, { "a/../../up", F } },
		{ { "a/..", D } },
		{ { "a", D }, { "a//b", F } },
		{ { "a", D }, { "a/./b", F } },
		{ { "missing/b", F } },
		{ { "l", LINK("/tmp") }, { "l/treetar-link", F } },
		{ { "l", LINK(".") }, { "l/b", F } },
		{ { "a", F }, { "a/b", F } },
		{ { "a", F }, { "a", F } },
		{ { "a", D }, { "a/", LINK("/tmp") } },
		{ { "h", HARD("/etc/passwd") } },
		{ { "h", HARD("../up") } },
		{ { "l", LINK("/etc") }, { "h", HARD("l/passwd") } },
		{ { "l", LINK("/etc/passwd") }, { "h", HARD("l") } },
		{ { "a", D }, { "h", HARD("a") } },
		{ { "h", HARD("h") } },
		{ { "null", NODE(S_IFCHR) } },
		{ { "sda", NODE(S_IFBLK) } },
		{ { ".", F } },
	};
	static const struct forged good[] = { { ".", D },
					      { "./a/", D },
					      { "a/b", F } };
	size_t i, nr;
	int fd;

	assert_int_equal(mkdir("in", 0700), 0);
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		for (nr = 0; nr < 3 && bad[i][nr].path;)
			nr++;
		fd = archive_of(bad[i], nr);
		assert_int_equal(treetar_unpack(fd, "in/tree"), -EBADMSG);
		close(fd);
	}
	/* Nothing was left beside it. */
	assert_int_equal(rmdir("in"), 0);
	assert_int_equal(access("up", F_OK), -1);
	fd = archive_of(good, ARRAY_LEN(good));
	assert_int_equal(treetar_unpack(fd, "out"), 0);
	assert_int_equal(access("out/a/b", F_OK), 0);
	close(fd);
}

/* Any byte is another one, or the end is missing: all of it or nothing, and nothing elsewhere. */
static void damaged_archives_make_nothing_elsewhere(void **state)
{
	struct blob b;
	int i, fd, bad, nr_refused = 0;

	assert_int_equal(mkdir("tree", 0700), 0);
	assert_int_equal(mkdir("tree/sub", 0700), 0);
	file("tree/sub/file", "below", 0600);
	assert_int_equal(symlink("/etc", "tree/link"), 0);
	assert_int_equal(link("tree/sub/file", "tree/other"), 0);
	fd = packed("tree");
	lseek(fd, 0, SEEK_SET);
	assert_int_equal(read_descriptor(fd, MIB, &b), 0);
	close(fd);
	assert_int_equal(mkdir("in", 0700), 0);
	srandom(1);
	for (i = 0; i < 400; i++) {
		size_t at = (size_t)random() % b.bytes;
		u8 was = b.data[at];

		bad = memfd_create("parcel", MFD_CLOEXEC);
		b.data[at] = (u8)random();
		assert_int_equal(write_all(bad, b.data, i % 4 ? b.bytes : at),
				 0);
		b.data[at] = was;
		if (treetar_unpack(bad, "in/tree"))
			nr_refused++;
		else
			remove_all("in/tree");
		close(bad);
	}
	assert_int_equal(rmdir("in"), 0);
	assert_true(nr_refused > 50);
	blob_free(&b);
}

#define with_place(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		with_place(a_tree_is_as_it_was),
		with_place(nothing_is_overwritten),
		with_place(devices_are_refused_and_sockets_left_out),
		with_place(what_leads_elsewhere_makes_nothing),
		with_place(damaged_archives_make_nothing_elsewhere),
	};

	return cmocka_run_group_tests_name("cli_treetar", tests, NULL, NULL);
}
