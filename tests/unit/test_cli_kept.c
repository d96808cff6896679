// SPDX-License-Identifier: GPL-2.0
/*
 * Restoring trees, with the system calls of the tool on a real file system, and what
 * /dev/kho-kept does replaced: killed at every step and run again it gives the same tree, a
 * file's last change is its stamp, nothing is overwritten, and no link is followed.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <cmocka.h>

#include "cli/base/keptdev.h"
#include "cli/base/printable.c"
#include "cli/base/util.c"

/* Each call that changes something is a step, and the process may be killed at any. */
static void step(void);

#define linkat(...) (step(), linkat(__VA_ARGS__))
#define mkdirat(...) (step(), mkdirat(__VA_ARGS__))
#define mknodat(...) (step(), mknodat(__VA_ARGS__))
#define symlinkat(...) (step(), symlinkat(__VA_ARGS__))
#define fchownat(...) (step(), fchownat(__VA_ARGS__))
#define fchmod(...) (step(), fchmod(__VA_ARGS__))
#define chmod(...) (step(), chmod(__VA_ARGS__))
#define futimens(...) (step(), futimens(__VA_ARGS__))
#define utimensat(...) (step(), utimensat(__VA_ARGS__))
#define fsetxattr(...) (step(), fsetxattr(__VA_ARGS__))

#include "cli/kept/keepable.c"
#include "cli/kept/records.c"
#include "cli/kept/tree.c"
#include "cli/kept/beneath.c"
#include "cli/kept/notes.c"
#undef add
#define add workers_add
#include "cli/kept/attributes.c"
#include "cli/kept/workers.c"
#undef add
#include "cli/kept/fsroom.c"
#define push conflict_push
#define pop conflict_pop
#define look conflict_look
#include "cli/kept/conflict.c"
#undef push
#undef pop
#undef look
#include "cli/kept/restore.c"
#define flush archive_flush
#define release archive_release
#define take_record archive_take_record
#define take_records archive_take_records
#define check archive_check
#define take_link archive_take_link
#include "cli/kept/archivelib.c"
#include "cli/kept/archive.c"
#undef flush
#undef release
#undef check

/* ------------------------------------------------------------------ what the module does */

#define FILES_MAX 64
#define INODES_MAX 64

/* The module's memory: processes come and go. */
struct module {
	bool begun;
	bool done;
	bool kept; /* from the moment on in which it was done */
	int keeps; /* error of keeping; -EINVAL: it knows no such flag */
	int steps; /* until who makes it is killed; 0: nobody is */
	u64 filled_by[FILES_MAX]; /* inode, 0: nothing yet */
	u64 begun_by[FILES_MAX]; /* the same of one that is being filled */
	struct timespec stamped
		[INODES_MAX]; /* by inode of the tree: time of the last change */
	u64 stamps;
	u64 large; /* a file that is, and one more; 0: none is */
	u64 bad; /* page of each file that has one there, and one more */
	u64 peeks; /* until no file can be read any more, 0: all can */
};

static struct module *module;

static void step(void)
{
	if (module->steps &&
	    !__atomic_sub_fetch(&module->steps, 1, __ATOMIC_SEQ_CST))
		_exit(9);
}

/* Where a file has its data, in pages; the rest of it is holes. */
static u64 size_of(u64 file)
{
	if (file + 1 == module->large)
		return 3 * MIB + 17;
	return file % 3 == 2 ? 5 * PAGE_BYTES + 17 : 100 * file;
}

static bool has_data(u64 file, u64 page)
{
	return file % 3 != 2 || page % 2;
}

static void data_of(u64 file, u64 page, char data[PAGE_BYTES])
{
	memset(data, (int)('a' + (file + page) % 26), PAGE_BYTES);
}

static u64 min_of(u64 a, u64 b)
{
	return a < b ? a : b;
}

int keptdev_open_tree(int fd, const char *name, struct kho_kept_ioctl_open *out)
{
	return -ENOENT;
}

int keptdev_list(int fd, struct kept_list *out)
{
	return -ENOENT;
}

const struct kept_info *kept_list_find(const struct kept_list *trees,
				       const char *name, bool incoming)
{
	return NULL;
}

void kept_list_free(struct kept_list *trees)
{
}

int keptdev_begin(int tree, int dir_fd, u64 last_inode, bool *resumed)
{
	step();
	*resumed = module->begun;
	module->begun = true;
	return 0;
}

int keptdev_fill(int tree, u64 file, int fd)
{
	char data[PAGE_BYTES];
	struct stat st;
	u64 at;

	step();
	assert_int_equal(fstat(fd, &st), 0);
	if (module->filled_by[file])
		return module->filled_by[file] == st.st_ino ? -EALREADY :
							      -ESTALE;
	if (st.st_size && module->begun_by[file] != st.st_ino)
		return -ENOTEMPTY;
	module->begun_by[file] = st.st_ino;
	for (at = 0; at < size_of(file); at += PAGE_BYTES) {
		if (!has_data(file, at / PAGE_BYTES))
			continue;
		data_of(file, at / PAGE_BYTES, data);
		if (pwrite(fd, data, min_of(PAGE_BYTES, size_of(file) - at),
			   (off_t)at) < 0)
			return -errno;
	}
	if (ftruncate(fd, (off_t)size_of(file)))
		return -errno;
	module->filled_by[file] = st.st_ino;
	return 0;
}

int keptdev_stamp(int tree, struct kho_kept_ioctl_stamp *arg)
{
	struct stat st;

	step();
	assert_int_equal(fstat(arg->fd, &st), 0);
	module->stamped[arg->inode] = st.st_ctim;
	module->stamps++;
	step();
	return 0;
}

int keptdev_peek(int tree, struct kho_kept_ioctl_peek *arg)
{
	u64 page = arg->offset / PAGE_BYTES, size = size_of(arg->file), n;
	char data[PAGE_BYTES];

	if (module->filled_by[arg->file] || (module->peeks && !--module->peeks))
		return -ESTALE;
	/* Of what fails nothing is told. */
	if (page + 1 == module->bad && arg->offset < size)
		return -EIO;
	arg->file_bytes = size;
	n = arg->offset < size ?
		    min_of(size, (page + 1) * PAGE_BYTES) - arg->offset :
		    0;
	arg->hole_bytes = has_data(arg->file, page) ? 0 : n;
	arg->bytes = has_data(arg->file, page) ? min_of(n, arg->bytes) : 0;
	data_of(arg->file, page, data);
	memcpy((void *)(uintptr_t)arg->buffer, data, arg->bytes);
	return 0;
}

int keptdev_done(int tree, u32 flags)
{
	step();
	if (flags && module->keeps)
		return module->keeps;
	module->done = true;
	module->kept = flags & KHO_KEPT_DONE_KEEP;
	return 0;
}

int keptdev_keep(int fd, int dir_fd, const char *name)
{
	assert_true(module->done);
	module->kept = true;
	return 0;
}

/* ---------------------------------------------------------------------------- the tree */

struct records {
	struct kho_kept_writer w;
	u8 bytes[1 << 17];
	size_t nr;
	u64 files;
};

static int put(void *ctx, const void *data, size_t bytes)
{
	struct records *r = ctx;

	assert_true(r->nr + bytes <= sizeof(r->bytes));
	memcpy(r->bytes + r->nr, data, bytes);
	r->nr += bytes;
	return 0;
}

static void node(struct records *r, u64 inode, u32 mode, const char *name,
		 const char *target)
{
	const struct kho_kept_node n = {
		.inode = inode,
		.mode = mode,
		.uid = geteuid(),
		.gid = getegid(),
		.mtime = { 1000 + (s64)inode * 1000, 123456789 },
		.ctime = { 1, 2 },
		.atime = { -5 * (s64)inode, 999999999 },
		.btime = { 3, 4 },
	};

	if (S_ISREG(mode))
		r->files++;
	assert_int_equal(kho_kept_put_node(&r->w, &n, name, (u32)strlen(name),
					   target,
					   target ? (u32)strlen(target) : 0),
			 0);
}

static void name_again(struct records *r, u64 inode, const char *name)
{
	assert_int_equal(
		kho_kept_put_link(&r->w, inode, name, (u32)strlen(name)), 0);
}

static void attribute(struct records *r, const char *name, const char *value)
{
	assert_int_equal(kho_kept_put_xattr(&r->w, name, (u32)strlen(name),
					    value, (u32)strlen(value)),
			 0);
}

static void up(struct records *r)
{
	assert_int_equal(kho_kept_put_up(&r->w), 0);
}

#define ODD_NAME "new\nline \xff \xc3\xa4"

/* Of everything that who is not root can make. */
static void write_tree(struct records *r)
{
	memset(r, 0, sizeof(*r));
	r->w.put = put;
	r->w.ctx = r;
	node(r, 1, S_IFDIR | 01777, "", NULL);
	attribute(r, "trusted.root", "r");
	node(r, 2, S_IFREG | 0644, "plain", NULL);
	node(r, 3, S_IFREG | 04711, "setuid", NULL);
	attribute(r, "trusted.some", "value");
	node(r, 4, S_IFDIR | 0555, "dir", NULL);
	node(r, 5, S_IFREG | 0, ODD_NAME, NULL);
	node(r, 6, S_IFLNK | 0777, "link", "/etc/passwd");
	node(r, 7, S_IFDIR | 02750, "-deep", NULL);
	node(r, 8, S_IFREG | 0600, "two names", NULL);
	attribute(r, "trusted.two", "names");
	name_again(r, 8, "again");
	node(r, 9, S_IFIFO | 0622, "fifo", NULL);
	up(r);
	name_again(r, 8, "third");
	name_again(r, 6, "link2");
	up(r);
	node(r, 10, S_IFSOCK | 0755, "socket", NULL);
	node(r, 11, S_IFDIR | 0700, "empty", NULL);
	up(r);
	node(r, 12, S_IFREG | 0640, "last", NULL);
	up(r);
	assert_int_equal(kho_kept_put_end(&r->w), 0);
}

static void tree_of(struct records *r, struct kept_tree *tree, bool fresh)
{
	struct kho_refusal why = { 0 };

	*tree = (struct kept_tree){
		.name = "tree",
		.shown = "tree",
		.fd = -1,
		.info = { .state = fresh ? KHO_KEPT_STATE_WAITING :
					   KHO_KEPT_STATE_BEGUN,
			  .nr_records = r->w.nr_records,
			  .record_bytes = r->nr,
			  .nr_files = r->files },
		.records = r->bytes,
	};
	if (kept_tree_check(tree, &why))
		fail_msg("%s at %llu", why.check,
			 (unsigned long long)why.where);
}

/* ------------------------------------------------------------------------- describing it */

static void describe_file(FILE *out, int dir, const char *name,
			  const struct stat *st)
{
	autoclose int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NOATIME);
	char data[PAGE_BYTES];
	u32 sum = 0;
	ssize_t n, i;

	if (fd < 0)
		return;
	while ((n = read(fd, data, sizeof(data))) > 0)
		for (i = 0; i < n; i++)
			sum = sum * 31 + (u8)data[i];
	fprintf(out, " size %lld sum %08x blocks %lld", (long long)st->st_size,
		sum, (long long)st->st_blocks);
}

/* tar(1) does not set them. */
static bool with_atimes = true;

static void describe_in(FILE *out, int dir, const char *path);

static void describe_one(FILE *out, int dir, const char *name, const char *path)
{
	autofree char *full = format("%s/%s", path, name);
	autofree char *shown = printable(full, strlen(full));
	char target[256] = "";
	struct stat st;

	assert_int_equal(fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW), 0);
	fprintf(out, "%s %o %u:%u nlink %lu mtime %lld.%09ld", shown,
		st.st_mode, st.st_uid, st.st_gid, (unsigned long)st.st_nlink,
		(long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
	/* Reading a link by one name is seen by the other. */
	if (!S_ISLNK(st.st_mode) && with_atimes)
		fprintf(out, " atime %lld", (long long)st.st_atim.tv_sec);
	if (S_ISREG(st.st_mode))
		describe_file(out, dir, name, &st);
	if (S_ISLNK(st.st_mode) && readlinkat(dir, name, target, 255) > 0)
		fprintf(out, " -> %s", target);
	putc('\n', out);
	if (S_ISDIR(st.st_mode)) {
		autoclose int fd = openat(dir, name, O_RDONLY | O_DIRECTORY);

		describe_in(out, fd, full);
	}
}

static void describe_in(FILE *out, int dir, const char *path)
{
	struct dirent **list;
	char self[64];
	int i, n;

	snprintf(self, sizeof(self), "/proc/self/fd/%d", dir);
	n = scandir(self, &list, NULL, alphasort);
	for (i = 0; i < n; i++) {
		if (strcmp(list[i]->d_name, ".") &&
		    strcmp(list[i]->d_name, ".."))
			describe_one(out, dir, list[i]->d_name, path);
		free(list[i]);
	}
	if (n >= 0)
		free(list);
}

/* To be freed. Times of reading are looked at before anything is read. */
static char *describe_dir(int dir)
{
	char *text = NULL;
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);

	describe_in(out, dir, "");
	fclose(out);
	return text;
}

/* ------------------------------------------------------------------------------- a place */

struct place {
	char path[64];
	int fd;
};

static void enter_place(struct place *p)
{
	strcpy(p->path, "/dev/shm/kho-kept-XXXXXX");
	assert_non_null(mkdtemp(p->path));
	p->fd = open(p->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(p->fd >= 0);
}

static void leave_place(struct place *p)
{
	autofree char *command =
		format("chmod -R u+rwx %s && rm -r %s", p->path, p->path);

	close(p->fd);
	assert_int_equal(system(command), 0);
}

/* Descriptor of the device, if the tree is kept when it is restored. */
static int keeper = -1;

static int restore_once(struct records *r, const struct place *p, bool fresh)
{
	struct kept_result result = { .notes = KEPT_NOTES_INIT };
	struct kept_tree tree;
	int err;

	tree_of(r, &tree, fresh);
	err = kept_restore(&tree, p->fd, p->path, keeper, &result);
	kept_notes_free(&result.notes);
	return err;
}

/* In a process of its own, which is killed at that step; 0: at none. Is it done? */
static bool restore_killed(struct records *r, const struct place *p, int at)
{
	int status;
	pid_t child;

	module->steps = at;
	child = fork();
	assert_true(child >= 0);
	if (!child)
		_exit(restore_once(r, p, !module->begun) ? 1 : 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	module->steps = 0;
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 9)
		return false;
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_true(module->done);
	return true;
}

static struct records records;

static int new_module(void **state)
{
	if (module)
		munmap(module, sizeof(*module));
	module = mmap(NULL, sizeof(*module), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	write_tree(&records);
	return module == MAP_FAILED;
}

/* --------------------------------------------------------------------------------- tests */

/* Time of the last change is what it was when the file was stamped. */
static void not_changed_since(int dir, const char *name, u64 inode)
{
	struct stat st;

	assert_int_equal(fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_int_equal(st.st_ctim.tv_sec, module->stamped[inode].tv_sec);
	assert_int_equal(st.st_ctim.tv_nsec, module->stamped[inode].tv_nsec);
}

static void stamps_are_last(int dir)
{
	not_changed_since(dir, ".", 1);
	not_changed_since(dir, "plain", 2);
	not_changed_since(dir, "setuid", 3);
	not_changed_since(dir, "dir", 4);
	not_changed_since(dir, "dir/" ODD_NAME, 5);
	not_changed_since(dir, "dir/link", 6);
	not_changed_since(dir, "dir/-deep", 7);
	not_changed_since(dir, "dir/third", 8);
	not_changed_since(dir, "dir/-deep/fifo", 9);
	not_changed_since(dir, "socket", 10);
	not_changed_since(dir, "empty", 11);
	not_changed_since(dir, "last", 12);
}

static void has_mode(int dir, const char *name, u32 mode)
{
	struct stat st;

	assert_int_equal(fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_int_equal(st.st_mode, mode);
}

static void makes_all_of_a_tree(void **state)
{
	struct place p;
	struct stat a, b;

	enter_place(&p);
	assert_int_equal(restore_once(&records, &p, true), 0);
	assert_true(module->done);
	stamps_are_last(p.fd);
	assert_int_equal(module->stamps, 12);
	has_mode(p.fd, ".", S_IFDIR | 01777);
	has_mode(p.fd, "setuid", S_IFREG | 04711);
	has_mode(p.fd, "dir/-deep", S_IFDIR | 02750);
	has_mode(p.fd, "dir/-deep/fifo", S_IFIFO | 0622);
	has_mode(p.fd, "socket", S_IFSOCK | 0755);
	assert_int_equal(fstatat(p.fd, "dir/-deep/again", &a, 0), 0);
	assert_int_equal(fstatat(p.fd, "dir/third", &b, 0), 0);
	assert_int_equal(a.st_ino, b.st_ino);
	assert_int_equal(a.st_nlink, 3);
	assert_int_equal(a.st_mtim.tv_sec, 9000);
	assert_int_equal(a.st_mtim.tv_nsec, 123456789);
	assert_int_equal(a.st_atim.tv_sec, -40);
	assert_int_equal(fstatat(p.fd, "last", &a, 0), 0);
	assert_int_equal(a.st_size, size_of(4));
	leave_place(&p);
}

static void keeps_in_the_moment_in_which_it_is_done(void **state)
{
	struct place p;

	keeper = 0;
	enter_place(&p);
	assert_int_equal(restore_once(&records, &p, true), 0);
	assert_true(module->done && module->kept);
	leave_place(&p);

	/* It is not done if it cannot be kept. */
	new_module(state);
	module->keeps = -EBUSY;
	enter_place(&p);
	assert_int_equal(restore_once(&records, &p, true), -EBUSY);
	assert_false(module->done || module->kept);
	module->keeps = 0;
	assert_int_equal(restore_once(&records, &p, false), 0);
	assert_true(module->done && module->kept);
	leave_place(&p);

	/* A module that knows no such flag is asked for one after the other. */
	new_module(state);
	module->keeps = -EINVAL;
	enter_place(&p);
	assert_int_equal(restore_once(&records, &p, true), 0);
	assert_true(module->done && module->kept);
	leave_place(&p);
	keeper = -1;
}

/* As often as it takes; the steps that kill come ever later. */
static void killed_at_any_step_it_goes_on(void **state)
{
	autofree char *whole = NULL;
	struct place p;
	bool done = false;
	int at;

	enter_place(&p);
	assert_true(restore_killed(&records, &p, 0));
	whole = describe_dir(p.fd);
	leave_place(&p);
	for (at = 1; !done; at++) {
		autofree char *text = NULL;

		new_module(state);
		enter_place(&p);
		done = restore_killed(&records, &p, at);
		/* Again at the same distance, then to the end. */
		if (!done && !restore_killed(&records, &p, at / 2 + 1))
			assert_true(restore_killed(&records, &p, 0));
		stamps_are_last(p.fd);
		text = describe_dir(p.fd);
		assert_string_equal(text, whole);
		leave_place(&p);
	}
	assert_true(at > 40);
}

static void refuses_as_a_whole_what_is_in_the_way(void **state)
{
	static const char *const names[] = { "last",   "dir/third",
					     "socket", "dir/-deep/again",
					     "empty",  "dir/link2" };
	size_t i;

	for (i = 0; i < ARRAY_LEN(names); i++) {
		autofree char *before = NULL, *after = NULL;
		struct place p;

		enter_place(&p);
		mkdirat(p.fd, "dir", 0755);
		mkdirat(p.fd, "dir/-deep", 0755);
		close(openat(p.fd, names[i], O_WRONLY | O_CREAT, 0600));
		before = describe_dir(p.fd);
		assert_int_equal(restore_once(&records, &p, true), -EEXIST);
		after = describe_dir(p.fd);
		assert_string_equal(after, before);
		assert_false(module->begun);
		leave_place(&p);
	}
}

static void takes_directories_that_exist(void **state)
{
	struct place p;

	enter_place(&p);
	assert_int_equal(mkdirat(p.fd, "dir", 0711), 0);
	assert_int_equal(mkdirat(p.fd, "empty", 0777), 0);
	close(openat(p.fd, "dir/other", O_WRONLY | O_CREAT, 0600));
	assert_int_equal(restore_once(&records, &p, true), 0);
	has_mode(p.fd, "dir", S_IFDIR | 0555);
	has_mode(p.fd, "empty", S_IFDIR | 0700);
	has_mode(p.fd, "dir/other", S_IFREG | 0600);
	stamps_are_last(p.fd);
	leave_place(&p);
}

/* Somebody puts a link where an earlier run has made a directory. */
static void follows_no_link_out_of_the_tree(void **state)
{
	static const char *const where[] = { "dir", "dir/-deep", "empty" };
	size_t i;

	for (i = 0; i < ARRAY_LEN(where); i++) {
		struct place p, outside;
		autofree char *text = NULL;

		new_module(state);
		enter_place(&outside);
		enter_place(&p);
		module->begun = true;
		if (i == 1)
			mkdirat(p.fd, "dir", 0755);
		assert_int_equal(symlinkat(outside.path, p.fd, where[i]), 0);
		assert_int_equal(restore_once(&records, &p, false), -EEXIST);
		text = describe_dir(outside.fd);
		assert_string_equal(text, "");
		assert_false(module->done);
		unlinkat(p.fd, where[i], 0);
		leave_place(&p);
		leave_place(&outside);
	}
}

static void overwrites_nothing_when_it_goes_on(void **state)
{
	static const struct {
		const char *name;
		u32 mode;
		int err;
	} other[] = {
		{ "plain", S_IFIFO | 0600, -EEXIST },
		{ "socket", S_IFIFO | 0600, -EEXIST },
		{ "empty", S_IFREG | 0600, -EEXIST },
	};
	struct place p;
	size_t i;

	for (i = 0; i < ARRAY_LEN(other); i++) {
		new_module(state);
		module->begun = true;
		enter_place(&p);
		assert_int_equal(mknodat(p.fd, other[i].name, other[i].mode, 0),
				 0);
		assert_int_equal(restore_once(&records, &p, false),
				 other[i].err);
		has_mode(p.fd, other[i].name, other[i].mode);
		leave_place(&p);
	}
	/* A file that has something in it is not the one that was made. */
	new_module(state);
	module->begun = true;
	enter_place(&p);
	i = (size_t)openat(p.fd, "last", O_WRONLY | O_CREAT, 0600);
	assert_int_equal(write((int)i, "mine", 4), 4);
	close((int)i);
	assert_int_equal(restore_once(&records, &p, false), -ENOTEMPTY);
	leave_place(&p);
}

static void tells_paths_of_records(void **state)
{
	struct kho_kept_reader reader;
	struct kho_kept_record record;
	struct kept_tree tree;
	u64 third = 0, fifo = 0, last = 0;
	autofree char *a = NULL, *b = NULL, *c = NULL, *d = NULL;

	tree_of(&records, &tree, true);
	kho_kept_reader_init(&reader, records.bytes, records.nr);
	while (kho_kept_next(&reader, &record, NULL) == KHO_STEP_NEXT) {
		if (record.name_bytes == 5 && !memcmp(record.name, "third", 5))
			third = record.offset;
		if (record.name_bytes == 4 && !memcmp(record.name, "fifo", 4))
			fifo = record.offset;
		if (record.name_bytes == 4 && !memcmp(record.name, "last", 4))
			last = record.offset;
	}
	a = kept_tree_path(&tree, 0);
	b = kept_tree_path(&tree, third);
	c = kept_tree_path(&tree, fifo);
	d = kept_tree_path(&tree, last);
	assert_string_equal(a, ".");
	assert_string_equal(b, "dir/third");
	assert_string_equal(c, "dir/-deep/fifo");
	assert_string_equal(d, "last");
}

/* tar(1) makes the same of the archive as restoring does, but for sockets. */
static void an_archive_has_the_same(void **state)
{
	struct kept_archived done = { .notes = KEPT_NOTES_INIT };
	autofree char *restored = NULL, *unpacked = NULL, *command = NULL;
	struct place in, out;
	struct kept_tree tree;
	char file[80];
	int fd;

	enter_place(&in);
	enter_place(&out);
	snprintf(file, sizeof(file), "%s.tar", out.path);
	tree_of(&records, &tree, true);
	fd = open(file, O_RDWR | O_CREAT | O_EXCL, 0600);
	assert_int_equal(kept_archive(&tree, fd, &done), 0);
	close(fd);
	assert_int_equal(done.nr_missing, 0);
	/* It says which one it is. */
	assert_int_equal(done.notes.nr, 1);
	assert_non_null(strstr(done.notes.list[0], "socket: "));
	kept_notes_free(&done.notes);

	command = format(
		"tar --warning=no-unknown-keyword --warning=no-timestamp -xpf %s -C %s && "
		"rm %s",
		file, out.path, file);
	assert_int_equal(system(command), 0);
	assert_int_equal(restore_once(&records, &in, true), 0);
	assert_int_equal(unlinkat(in.fd, "socket", 0), 0);
	with_atimes = false;
	restored = describe_dir(in.fd);
	unpacked = describe_dir(out.fd);
	with_atimes = true;
	assert_string_equal(unpacked, restored);
	leave_place(&in);
	leave_place(&out);
}

static void what_was_restored_is_not_archived(void **state)
{
	struct kept_archived done = { .notes = KEPT_NOTES_INIT };
	struct kept_tree tree;
	int fd = open("/dev/null", O_WRONLY);

	/* "plain", and the one of three names. */
	module->filled_by[0] = 1;
	module->filled_by[3] = 2;
	tree_of(&records, &tree, false);
	assert_int_equal(kept_archive(&tree, fd, &done), 0);
	close(fd);
	assert_int_equal(done.nr_missing, 2);
	assert_non_null(strstr(done.notes.list[0], "plain: "));
	assert_non_null(strstr(done.notes.list[1], "dir/-deep/two names: "));
	kept_notes_free(&done.notes);
}

static int archive(const char *path, struct kept_archived *done)
{
	struct kept_tree tree;
	int fd = open(path, O_RDWR | O_CREAT, 0600), err;

	*done = (struct kept_archived){ .notes = KEPT_NOTES_INIT };
	tree_of(&records, &tree, true);
	err = kept_archive(&tree, fd, done);
	close(fd);
	return err;
}

/* Of "last", the first page of two: also its size is told by nobody who reads there. */
static void what_went_bad_is_zeros_in_an_archive(void **state)
{
	struct kept_archived done;
	autofree char *tar = NULL, *unpack = NULL;
	struct place out;
	char data[4] = "";
	int fd, i;

	enter_place(&out);
	tar = format("%s.tar", out.path);
	unpack = format(
		"tar --warning=no-unknown-keyword --warning=no-timestamp -xf %s -C %s ./last && rm %s",
		tar, out.path, tar);
	/* In one piece, and in more than what is read by. */
	for (i = 0; i < 2; i++) {
		module->large = i ? 5 : 0;
		module->bad = 1;
		assert_int_equal(archive(tar, &done), 0);
		assert_int_equal(done.nr_missing, 0);
		/* "plain" has no page, and the third file a hole there. */
		assert_int_equal(done.nr_bad, records.files - 1);
		assert_non_null(strstr(done.notes.list[0],
				       "they are zeros in the archive"));
		kept_notes_free(&done.notes);
		assert_int_equal(system(unpack), 0);
		fd = openat(out.fd, "last", O_RDONLY);
		assert_int_equal(lseek(fd, 0, SEEK_END), size_of(4));
		assert_int_equal(pread(fd, data, 1, 0), 1);
		assert_int_equal(data[0], 0);
		if (module->large) {
			assert_int_equal(pread(fd, data, 1, MIB), 1);
			assert_int_not_equal(data[0], 0);
		}
		close(fd);
	}
	leave_place(&out);
}

/* In directories of such names: the library cuts what it tells of a file that has holes. */
static void holes_do_not_cost_a_long_name(void **state)
{
	struct records *r = &records;
	struct kept_archived done;
	autofree char *tar = NULL, *unpack = NULL, *path = NULL;
	char name[251] = "";
	struct place out;
	struct stat st;
	char data = 0;
	int fd;

	memset(name, 'n', 250);
	memset(r, 0, sizeof(*r));
	r->w.put = put;
	r->w.ctx = r;
	node(r, 1, S_IFDIR | 0755, "", NULL);
	node(r, -5ULL, S_IFDIR | 0755, name, NULL);
	node(r, 3, S_IFDIR | 0755, name, NULL);
	node(r, 4, S_IFREG | 0644, "a", NULL);
	node(r, 5, S_IFREG | 0644, "b", NULL);
	node(r, 6, S_IFREG | 0640, "has holes", NULL);
	name_again(r, 6, "and another name");
	up(r);
	up(r);
	up(r);
	assert_int_equal(kho_kept_put_end(&r->w), 0);

	enter_place(&out);
	tar = format("%s.tar", out.path);
	unpack = format(
		"tar --warning=no-unknown-keyword --warning=no-timestamp -xpf %s -C %s && rm %s && rm -r %s/%s",
		tar, out.path, tar, out.path, HOLES_DIR);
	assert_int_equal(archive(tar, &done), 0);
	assert_int_equal(done.notes.nr, 1);
	assert_non_null(strstr(done.notes.list[0], HOLES_DIR "/6"));
	kept_notes_free(&done.notes);
	assert_int_equal(system(unpack), 0);
	path = format("%s/%s/has holes", name, name);
	fd = openat(out.fd, path, O_RDONLY);
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_size, size_of(2));
	assert_int_equal(st.st_nlink, 2);
	assert_int_equal(st.st_mode, S_IFREG | 0640);
	assert_true(st.st_blocks * 512 < st.st_size);
	assert_int_equal(pread(fd, &data, 1, PAGE_BYTES), 1);
	assert_int_equal(data, 'a' + 3);
	close(fd);
	/* GNU tar takes a fraction away from such a time, the library adds it. */
	assert_int_equal(fstatat(out.fd, name, &st, 0), 0);
	assert_int_equal(st.st_mtim.tv_sec, -4000);
	assert_int_equal(st.st_mtim.tv_nsec, 0);
	assert_int_equal(unlinkat(out.fd, "has holes", 0), -1);
	leave_place(&out);
}

/* Somewhere in it; what the archive has of it by then cannot be taken back. */
static void what_cannot_be_read_to_its_end_is_an_error(void **state)
{
	struct kept_archived done;
	u64 first;

	module->large = 5;
	for (first = 1;; first++) {
		module->peeks = first;
		if (archive("/dev/null", &done))
			break;
		assert_int_equal(module->peeks, 0);
		assert_int_equal(done.nr_missing, 1);
		kept_notes_free(&done.notes);
	}
	kept_notes_free(&done.notes);
	assert_int_equal(module->peeks, 0);
	/* One look at its size, pages that are found out, and some that are written. */
	assert_true(first > 3 * MIB / PAGE_BYTES);
}

static void names_become_text(void **state)
{
	static const struct {
		const char *name, *text;
	} known[] = {
		{ "", "" },
		{ "plain", "plain" },
		{ "new\nline", "new\\012line" },
		{ "back\\slash", "back\\134slash" },
		{ "\x7f\x1b[31m", "\\177\\033[31m" },
		{ "Gr\xc3\xbc\xc3\x9f\x65 \xe2\x98\x83 \xf0\x9f\x98\x80",
		  "Gr\xc3\xbc\xc3\x9f\x65 \xe2\x98\x83 \xf0\x9f\x98\x80" },
		/* Alone, cut short, longer than need be, a surrogate, a control of C1. */
		{ "\xff\x80", "\\377\\200" },
		{ "\xe2\x98", "\\342\\230" },
		{ "\xc0\xaf", "\\300\\257" },
		{ "\xe0\x80\xaf", "\\340\\200\\257" },
		{ "\xed\xa0\x80", "\\355\\240\\200" },
		{ "\xc2\x9b", "\\302\\233" },
		{ "\xf4\x90\x80\x80", "\\364\\220\\200\\200" },
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(known); i++) {
		autofree char *text =
			printable(known[i].name, strlen(known[i].name));

		assert_string_equal(text, known[i].text);
	}
}

/* Longer than one system call takes. */
static void opens_paths_of_any_length(void **state)
{
	autofree char *path = need(malloc(40 * 201 + 8));
	struct place p;
	char name[201];
	int i, dir, next, fd;

	memset(name, 'n', 200);
	name[200] = '\0';
	path[0] = '\0';
	enter_place(&p);
	dir = dup(p.fd);
	for (i = 0; i < 40; i++) {
		assert_int_equal(mkdirat(dir, name, 0700), 0);
		next = openat(dir, name, O_PATH | O_DIRECTORY);
		close(dir);
		dir = next;
		strcat(path, name);
		strcat(path, "/");
	}
	fd = openat(dir, "end", O_WRONLY | O_CREAT, 0600);
	assert_true(fd >= 0);
	close(fd);
	strcat(path, "end");
	fd = beneath_open_long(p.fd, path, O_RDONLY);
	assert_true(fd >= 0);
	assert_true(same_inode(fd, dir, "end"));
	close(fd);
	close(dir);
	leave_place(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(makes_all_of_a_tree, new_module),
		cmocka_unit_test_setup(keeps_in_the_moment_in_which_it_is_done,
				       new_module),
		cmocka_unit_test_setup(killed_at_any_step_it_goes_on,
				       new_module),
		cmocka_unit_test_setup(refuses_as_a_whole_what_is_in_the_way,
				       new_module),
		cmocka_unit_test_setup(takes_directories_that_exist,
				       new_module),
		cmocka_unit_test_setup(follows_no_link_out_of_the_tree,
				       new_module),
		cmocka_unit_test_setup(overwrites_nothing_when_it_goes_on,
				       new_module),
		cmocka_unit_test_setup(tells_paths_of_records, new_module),
		cmocka_unit_test_setup(an_archive_has_the_same, new_module),
		cmocka_unit_test_setup(what_was_restored_is_not_archived,
				       new_module),
		cmocka_unit_test_setup(what_went_bad_is_zeros_in_an_archive,
				       new_module),
		cmocka_unit_test_setup(holes_do_not_cost_a_long_name,
				       new_module),
		cmocka_unit_test_setup(
			what_cannot_be_read_to_its_end_is_an_error, new_module),
		cmocka_unit_test(names_become_text),
		cmocka_unit_test(opens_paths_of_any_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
