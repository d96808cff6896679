// SPDX-License-Identifier: GPL-2.0
/*
 * treetool: makes a tree of files that has everything that a tmpfs can have, describes one, and
 * finds out whether its files can be used.
 *
 *   treetool make DIR SEED NR [user]   NR files and what belongs to them; with user.* attributes
 *   treetool many DIR NR BYTES         NR small files, 1000 in a directory
 *   treetool describe DIR              all that can be seen of it, a line a name, sorted
 *   treetool attribute FILE NAME VALUE gives it an extended attribute
 *   treetool check-usable DIR          every file can be written, mapped, made shorter and longer
 *
 * A description is of the file system as it is if that is mounted noatime.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>
#include <linux/fs.h>

#define PAGE 4096
#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

static void must(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "treetool: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* Whatever the C library: the same trees of the same seeds. */
static uint64_t state;

static uint64_t rnd(uint64_t below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return below ? (state >> 11) % below : state;
}

/* ------------------------------------------------------------------------------- making */

static void put_random(int fd, off_t at, size_t bytes)
{
	static uint64_t words[8192];

	while (bytes) {
		size_t n = bytes < sizeof(words) ? bytes : sizeof(words), i;

		for (i = 0; i < (n + 7) / 8; i++)
			words[i] = rnd(0);
		must(pwrite(fd, words, n, at) == (ssize_t)n, "pwrite");
		at += (off_t)n;
		bytes -= n;
	}
}

static void odd_name(char name[256], unsigned int i)
{
	switch (i % 12) {
	case 0:
		sprintf(name, "new\nline-%u", i);
		break;
	case 1:
		sprintf(name, "Gr\xc3\xbc\xc3\x9f\x65-\xe2\x98\x83-%u", i);
		break;
	case 2:
		memset(name, 'x', 255);
		sprintf(name + 245, "%010u", i);
		break;
	case 3:
		sprintf(name, " space and\ttab %u ", i);
		break;
	case 4:
		sprintf(name, "\xff\xfe\x01\\-%u", i);
		break;
	case 5:
		sprintf(name, "-rf %u", i);
		break;
	case 6:
		sprintf(name, "...hidden%u", i);
		break;
	case 7:
		memset(name, 0xe4, 255);
		sprintf(name + 245, "%010u", i);
		break;
	default:
		sprintf(name, "file-%u", i);
	}
}

/* Before 1970, now, after 2038, after 2106. */
static struct timespec odd_time(void)
{
	static const int64_t base[] = { -4000000000, -5, 1700000000, 2200000000,
					5000000000 };

	return (struct timespec){ .tv_sec = base[rnd(ARRAY_LEN(base))] +
					    (int64_t)rnd(1000),
				  .tv_nsec = (long)rnd(1000000000) };
}

static void set_times(int dir, const char *name)
{
	const struct timespec t[] = { odd_time(), odd_time() };

	must(!utimensat(dir, name, t, AT_SYMLINK_NOFOLLOW), "utimensat");
}

static void set_flags(int fd, int flags)
{
	must(!ioctl(fd, FS_IOC_SETFLAGS, &flags), "FS_IOC_SETFLAGS");
}

/* user::rwx, user:1234:r-x, group::r--, mask::rwx, other::--- in the kernel's form. */
static void set_acl(int fd, const char *which)
{
	static const struct {
		uint32_t version;
		struct {
			uint16_t tag, permissions;
			uint32_t id;
		} entry[5];
	} acl = { 2,
		  { { 1, 7, -1U },
		    { 2, 5, 1234 },
		    { 4, 4, -1U },
		    { 16, 7, -1U },
		    { 32, 0, -1U } } };

	must(!fsetxattr(fd, which, &acl, sizeof(acl), 0), which);
}

static void put_contents(int fd, unsigned int i)
{
	uint64_t n, bytes;

	switch (i % 12) {
	case 0: /* nothing */
		break;
	case 1:
	case 2:
	case 3:
		put_random(fd, 0, rnd(3 * PAGE));
		break;
	case 4: /* whole pages */
		put_random(fd, 0, (1 + rnd(4)) * PAGE);
		break;
	case 5:
	case 6:
		put_random(fd, 0, rnd(200000));
		break;
	case 7: /* pieces, and a hole at the end */
		for (n = 1 + rnd(20); n; n--)
			put_random(fd, (off_t)rnd(4 << 20), rnd(9000));
		must(!ftruncate(fd, (off_t)((4 << 20) + rnd(40000000))),
		     "ftruncate");
		break;
	case 8: /* allocated, written in part, punched in part */
		bytes = 64 * PAGE + rnd(5000);
		must(!fallocate(fd, 0, 0, (off_t)bytes), "fallocate");
		put_random(fd, (off_t)rnd(30) * PAGE, rnd(20000));
		must(!fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
				(off_t)rnd(40) * PAGE, 8 * PAGE),
		     "punch");
		break;
	case 9: /* allocated behind the end */
		put_random(fd, 0, 100);
		must(!fallocate(fd, FALLOC_FL_KEEP_SIZE, 8 * PAGE, 4 * PAGE),
		     "fallocate behind the end");
		break;
	case 10: /* a hole, of which the last bytes may be written */
		bytes = rnd(2) ? rnd(1 << 30) : 1ULL << 45;
		must(!ftruncate(fd, (off_t)bytes), "ftruncate");
		if (rnd(2))
			put_random(fd, (off_t)bytes, 5000);
		break;
	case 11: /* large folios, where the mount has them */
		if (i % 60 == 11)
			put_random(fd, 0, (2 << 20) + rnd(2 << 20));
		else
			put_random(fd, (off_t)rnd(100000), 100);
		break;
	}
}

static void make_regular(int dir, const char *name, unsigned int i, bool user)
{
	int fd = openat(dir, name, O_RDWR | O_CREAT | O_EXCL, 0600);

	must(fd >= 0, "open");
	put_contents(fd, i);
	must(!fchown(fd, (uid_t)rnd(70000), (gid_t)rnd(70000)), "fchown");
	must(!fchmod(fd, (mode_t)rnd(010000)), "fchmod");
	if (i % 7 == 0) {
		must(!fsetxattr(fd, "trusted.some", &i, sizeof(i), 0),
		     "trusted");
		must(!fsetxattr(fd, "security.other", "value", rnd(6), 0),
		     "security");
	}
	if (user && i % 5 == 0)
		must(!fsetxattr(fd, "user.mine", "0123456789", rnd(11), 0),
		     "user");
	if (i % 11 == 0)
		set_acl(fd, "system.posix_acl_access");
	close(fd);
}

static void make_link(int dir, const char *name, unsigned int i)
{
	char target[4096], path[320];

	memset(target, 'a' + (int)(i % 26), sizeof(target));
	target[rnd(2) ? 1 + rnd(100) : 1 + rnd(4094)] = '\0';
	must(!symlinkat(target, dir, name), "symlink");
	must(!fchownat(dir, name, (uid_t)rnd(1000), (gid_t)rnd(1000),
		       AT_SYMLINK_NOFOLLOW),
	     "owner of a link");
	snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", dir, name);
	must(!lsetxattr(path, "trusted.link", "l", 1, 0), "trusted of a link");
}

static void make_special(int dir, const char *name, unsigned int i)
{
	static const struct {
		mode_t mode;
		unsigned int major, minor;
	} kind[] = { { S_IFIFO | 0622, 0, 0 },
		     { S_IFCHR | 04640, 1, 3 },
		     { S_IFBLK | 0640, 259, 70000 },
		     { S_IFSOCK | 0755, 0, 0 } };
	unsigned int k = i % ARRAY_LEN(kind);

	must(!mknodat(dir, name, kind[k].mode,
		      makedev(kind[k].major, kind[k].minor)),
	     "mknod");
	must(!fchownat(dir, name, (uid_t)rnd(3), (gid_t)rnd(3), 0), "chown");
	must(!fchmodat(dir, name, kind[k].mode & 07777, 0), "chmod");
}

static int make_directory(int dir, const char *name, unsigned int i)
{
	int fd;

	must(!mkdirat(dir, name, 0700), "mkdir");
	fd = openat(dir, name, O_RDONLY | O_DIRECTORY);
	must(fd >= 0, "open of a directory");
	if (i % 3 == 0)
		must(!fsetxattr(fd, "trusted.directory", "d", 1, 0), "trusted");
	if (i % 2 == 0)
		set_acl(fd, "system.posix_acl_default");
	return fd;
}

#define DIRS 48

/* Deeper than a path can say. */
static void make_deep(int dir)
{
	char name[256];
	int i, at = dup(dir), next;

	for (i = 0; i < 40; i++) {
		memset(name, 'd', 200);
		sprintf(name + 200, "%d", i);
		must(!mkdirat(at, name, 0755), "mkdir");
		next = openat(at, name, O_RDONLY | O_DIRECTORY);
		must(next >= 0, "open of a deep directory");
		close(at);
		at = next;
	}
	make_regular(at, "deep", 5, false);
	must(!linkat(at, "deep", dir, "from the deep", 0), "link");
	close(at);
}

/* Flags come last: they forbid what else is done. */
static void make_flagged(int dir)
{
	static const struct {
		const char *name;
		int flags;
	} file[] = { { "append", FS_APPEND_FL },
		     { "immutable", FS_IMMUTABLE_FL },
		     { "nodump", FS_NODUMP_FL },
		     { "all", FS_APPEND_FL | FS_IMMUTABLE_FL | FS_NODUMP_FL |
				      FS_NOATIME_FL } };
	static const int of_dir[] = { FS_IMMUTABLE_FL, FS_APPEND_FL,
				      FS_NODUMP_FL };
	char name[64];
	size_t i, k;
	int fd, in;

	for (i = 0; i < ARRAY_LEN(of_dir); i++) {
		sprintf(name, "flags %zu", i);
		in = make_directory(dir, name, 1);
		/* What is made in it has some of its flags from then on. */
		if (of_dir[i] == FS_NODUMP_FL)
			set_flags(in, FS_NODUMP_FL);
		must(!mknodat(in, "fifo", S_IFIFO | 0600, 0), "fifo");
		must(!symlinkat("target", in, "link"), "symlink");
		for (k = 0; k < ARRAY_LEN(file); k++) {
			make_regular(in, file[k].name, 1, false);
			sprintf(name, "%s %zu", file[k].name, i);
			must(!linkat(in, file[k].name, dir, name, 0), "link");
			set_times(in, file[k].name);
			fd = openat(in, file[k].name, O_RDONLY);
			must(fd >= 0, "open");
			set_flags(fd, file[k].flags);
			close(fd);
		}
		set_times(in, ".");
		set_flags(in, of_dir[i]);
		close(in);
	}
}

static void make_one(int dirs[DIRS], int *nr_dirs, unsigned int i, bool user)
{
	int dir = dirs[rnd((uint64_t)*nr_dirs)];
	char name[256], other[64];
	uint64_t n;

	odd_name(name, i);
	if (i % 40 == 3 && *nr_dirs < DIRS) {
		dirs[(*nr_dirs)++] = make_directory(dir, name, i / 40);
		return;
	}
	if (i % 25 == 10)
		make_link(dir, name, i);
	else if (i % 25 == 20)
		make_special(dir, name, i / 25);
	else
		make_regular(dir, name, i, user);
	for (n = i % 13 == 5 ? 1 + rnd(3) : 0; n; n--) {
		sprintf(other, "link-%u-%u", i, (unsigned int)n);
		must(!linkat(dir, name, dirs[rnd((uint64_t)*nr_dirs)], other,
			     0),
		     "link");
	}
	set_times(dir, name);
}

static void make(const char *path, uint64_t seed, unsigned int nr, bool user)
{
	int dirs[DIRS], nr_dirs = 1;
	unsigned int i;

	state = seed * 2654435761u + 88172645463325252ULL;
	umask(0);
	dirs[0] = open(path, O_RDONLY | O_DIRECTORY);
	must(dirs[0] >= 0, path);
	for (i = 0; i < nr; i++)
		make_one(dirs, &nr_dirs, i, user);
	make_deep(dirs[nr_dirs - 1]);
	make_flagged(dirs[nr_dirs / 2]);
	while (nr_dirs--) {
		must(!fchown(dirs[nr_dirs], (uid_t)rnd(1000), (gid_t)rnd(1000)),
		     "owner of a directory");
		must(!fchmod(dirs[nr_dirs], (mode_t)rnd(010000)),
		     "mode of a directory");
		set_times(dirs[nr_dirs], ".");
	}
}

static void many(const char *path, unsigned int nr, size_t bytes)
{
	char name[64];
	unsigned int i;
	int dir = -1, fd, root = open(path, O_RDONLY | O_DIRECTORY);

	state = 4711;
	must(root >= 0, path);
	for (i = 0; i < nr; i++) {
		if (i % 1000 == 0) {
			sprintf(name, "d%u", i / 1000);
			must(!mkdirat(root, name, 0755), "mkdir");
			close(dir);
			dir = openat(root, name, O_RDONLY | O_DIRECTORY);
		}
		sprintf(name, "file-%u", i);
		fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL, 0644);
		must(fd >= 0, "open");
		put_random(fd, 0, bytes);
		close(fd);
	}
}

/* --------------------------------------------------------------------------- describing */

static char **lines;
static size_t nr_lines;

static void put_escaped(FILE *out, const char *text)
{
	for (; *text; text++) {
		if (*text > ' ' && *text < 0x7f && *text != '\\')
			putc(*text, out);
		else
			fprintf(out, "\\%03o", (unsigned char)*text);
	}
}

static uint64_t digest(uint64_t sum, const unsigned char *data, size_t bytes)
{
	size_t i;

	for (i = 0; i < bytes; i++)
		sum = (sum ^ data[i]) * 1099511628211ULL;
	return sum;
}

static void put_contents_of(FILE *out, int fd, uint64_t size)
{
	static unsigned char buf[65536];
	uint64_t sum = 14695981039346656037ULL, at = 0, hole;
	off_t data;
	ssize_t n;

	fputs(" data", out);
	while (at < size && (data = lseek(fd, (off_t)at, SEEK_DATA)) >= 0) {
		hole = (uint64_t)lseek(fd, data, SEEK_HOLE);
		fprintf(out, " %llx-%llx", (unsigned long long)data,
			(unsigned long long)hole);
		for (at = (uint64_t)data; at < hole; at += (uint64_t)n) {
			uint64_t want = hole - at;

			n = pread(fd, buf,
				  want < sizeof(buf) ? want : sizeof(buf),
				  (off_t)at);
			must(n > 0, "pread");
			sum = digest(sum, buf, (size_t)n);
		}
	}
	fprintf(out, " digest %016llx", (unsigned long long)sum);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void put_attributes(FILE *out, const char *self)
{
	static char names[65536];
	static unsigned char value[65536];
	ssize_t bytes = listxattr(self, names, sizeof(names)), at, i, n;
	char *list[256];
	size_t nr = 0, k;

	for (at = 0; at < bytes; at += (ssize_t)strlen(names + at) + 1)
		list[nr++] = names + at;
	qsort(list, nr, sizeof(*list), by_text);
	for (k = 0; k < nr; k++) {
		n = getxattr(self, list[k], value, sizeof(value));
		putc(' ', out);
		put_escaped(out, list[k]);
		putc('=', out);
		for (i = 0; i < n; i++)
			fprintf(out, "%02x", value[i]);
	}
}

static void put_times(FILE *out, const struct statx *st)
{
	const struct statx_timestamp *t[] = { &st->stx_mtime, &st->stx_atime,
					      &st->stx_ctime, &st->stx_btime };
	static const char *const name[] = { "mtime", "atime", "ctime",
					    "btime" };
	size_t i;

	for (i = 0; i < ARRAY_LEN(t); i++)
		fprintf(out, " %s %lld.%09u", name[i], (long long)t[i]->tv_sec,
			t[i]->tv_nsec);
}

static void put_flags(FILE *out, int fd)
{
	int flags = 0;

	if (!ioctl(fd, FS_IOC_GETFLAGS, &flags))
		fprintf(out, " flags %x", flags);
}

static void describe_in(int dir, const char *path);

static void describe_one(int dir, const char *name, const char *path)
{
	int o_path = openat(dir, name, O_PATH | O_NOFOLLOW), fd = -1;
	char self[64], target[4096], *line = NULL;
	struct statx st;
	size_t bytes;
	FILE *out = open_memstream(&line, &bytes);
	ssize_t n;

	must(o_path >= 0, path);
	must(!statx(o_path, "", AT_EMPTY_PATH, STATX_BASIC_STATS | STATX_BTIME,
		    &st),
	     "statx");
	put_escaped(out, path);
	fprintf(out,
		" %o %u:%u nlink %u dev %u:%u size %llu blocks %llu inode %llu attributes %llx",
		st.stx_mode, st.stx_uid, st.stx_gid, st.stx_nlink,
		st.stx_rdev_major, st.stx_rdev_minor,
		(unsigned long long)st.stx_size,
		(unsigned long long)st.stx_blocks,
		(unsigned long long)st.stx_ino,
		(unsigned long long)(st.stx_attributes &
				     ~(uint64_t)STATX_ATTR_MOUNT_ROOT));
	put_times(out, &st);
	snprintf(self, sizeof(self), "/proc/self/fd/%d", o_path);
	put_attributes(out, self);
	if (S_ISREG(st.stx_mode) || S_ISDIR(st.stx_mode)) {
		fd = openat(dir, name, O_RDONLY | O_NOATIME | O_NOFOLLOW);
		must(fd >= 0, "open");
		put_flags(out, fd);
	}
	if (S_ISREG(st.stx_mode))
		put_contents_of(out, fd, st.stx_size);
	if (S_ISLNK(st.stx_mode)) {
		n = readlinkat(dir, name, target, sizeof(target) - 1);
		must(n >= 0, "readlink");
		target[n] = '\0';
		fputs(" -> ", out);
		put_escaped(out, target);
	}
	fclose(out);
	lines = realloc(lines, (nr_lines + 1) * sizeof(*lines));
	must(lines, "memory");
	lines[nr_lines++] = line;
	if (S_ISDIR(st.stx_mode))
		describe_in(fd, path);
	close(fd);
	close(o_path);
}

/* Names of a directory, without "." and ".."; to be freed with free_names(). */
static char **names_of(int dir, size_t *nr)
{
	DIR *d = fdopendir(dup(dir));
	char **names = NULL;
	struct dirent *e;

	must(d, "fdopendir");
	*nr = 0;
	while ((e = readdir(d))) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		names = realloc(names, (*nr + 1) * sizeof(*names));
		must(names, "memory");
		names[(*nr)++] = strdup(e->d_name);
	}
	closedir(d);
	return names;
}

static void free_names(char **names, size_t nr)
{
	while (nr--)
		free(names[nr]);
	free(names);
}

static void describe_in(int dir, const char *path)
{
	size_t nr, i;
	char **names = names_of(dir, &nr);

	for (i = 0; i < nr; i++) {
		char *full = NULL;

		must(asprintf(&full, "%s/%s", path, names[i]) >= 0, "memory");
		describe_one(dir, names[i], full);
		free(full);
	}
	free_names(names, nr);
}

static void describe(const char *path)
{
	size_t i;

	describe_one(AT_FDCWD, path, ".");
	qsort(lines, nr_lines, sizeof(*lines), by_text);
	for (i = 0; i < nr_lines; i++)
		puts(lines[i]);
	must(!fflush(stdout), "standard output");
}

/* -------------------------------------------------------------------------------- using */

static void use_mapping(int fd, off_t size)
{
	volatile char *p = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE,
				MAP_SHARED, fd, 0);
	/* A page of a hole may cost as much as a large folio. */
	off_t i, step = size / 8 > 3 * PAGE ? size / 8 : 3 * PAGE;

	must(p != MAP_FAILED, "mmap");
	for (i = 0; i < size; i += step)
		p[i]++;
	munmap((void *)p, (size_t)size);
}

static void use_file(int dir, const char *name)
{
	int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW);
	struct stat st;

	must(fd >= 0, "open to take flags away");
	set_flags(fd, 0);
	close(fd);
	fd = openat(dir, name, O_RDWR | O_NOFOLLOW);
	must(fd >= 0 && !fstat(fd, &st), "open for writing");
	if (st.st_size && st.st_size < 1 << 30)
		use_mapping(fd, st.st_size);
	must(pwrite(fd, "appended", 8,
		    st.st_size > 1LL << 40 ? 100 : st.st_size) == 8,
	     "pwrite");
	must(!fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
			PAGE),
	     "punch");
	must(!ftruncate(fd, st.st_size / 2), "truncate");
	must(!ftruncate(fd, st.st_size), "truncate");
	close(fd);
}

static void use_in(int dir)
{
	size_t nr, i;
	char **names = names_of(dir, &nr);
	struct stat st;

	set_flags(dir, 0);
	for (i = 0; i < nr; i++) {
		must(!fstatat(dir, names[i], &st, AT_SYMLINK_NOFOLLOW), "stat");
		if (S_ISREG(st.st_mode)) {
			use_file(dir, names[i]);
		} else if (S_ISDIR(st.st_mode)) {
			int fd = openat(dir, names[i],
					O_RDONLY | O_DIRECTORY | O_NOFOLLOW);

			must(fd >= 0, "open of a directory");
			use_in(fd);
			close(fd);
		}
	}
	free_names(names, nr);
	i = (size_t)openat(dir, "new file", O_WRONLY | O_CREAT | O_EXCL, 0600);
	must((int)i >= 0 && !unlinkat(dir, "new file", 0), "a new file");
	close((int)i);
}

int main(int argc, char **argv)
{
	const char *verb = argc > 1 ? argv[1] : "";
	int dir;

	if (!strcmp(verb, "make") && (argc == 5 || argc == 6)) {
		make(argv[2], strtoull(argv[3], NULL, 0),
		     (unsigned int)atoi(argv[4]), argc == 6);
	} else if (!strcmp(verb, "many") && argc == 5) {
		many(argv[2], (unsigned int)atoi(argv[3]),
		     (size_t)atoi(argv[4]));
	} else if (!strcmp(verb, "describe") && argc == 3) {
		describe(argv[2]);
	} else if (!strcmp(verb, "attribute") && argc == 5) {
		must(!lsetxattr(argv[2], argv[3], argv[4], strlen(argv[4]), 0),
		     argv[2]);
	} else if (!strcmp(verb, "check-usable") && argc == 3) {
		dir = open(argv[2], O_RDONLY | O_DIRECTORY);
		must(dir >= 0, argv[2]);
		use_in(dir);
	} else {
		fputs("usage: treetool make DIR SEED NR [user] | many DIR NR BYTES | describe DIR | attribute FILE NAME VALUE | check-usable DIR\n",
		      stderr);
		return 2;
	}
	return 0;
}
