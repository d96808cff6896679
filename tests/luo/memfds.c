// SPDX-License-Identifier: GPL-2.0
/* Files in memory of all kinds: made, perhaps changed after they were preserved, and checked. */
#include "lutest.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "lib/liveupdate.h"

enum { PAGE = 4096, MIB = 1 << 20 };

/* Byte at an offset of a file with a pattern. */
static unsigned char pattern(uint64_t token, uint64_t at)
{
	uint64_t x = (at / 8 + 1) * 0x9e3779b97f4a7c15 + token;

	return (x ^ x >> 29) >> 8 * (at % 8);
}

static void write_pattern(int fd, uint64_t token, uint64_t from, uint64_t to)
{
	static unsigned char buf[65536];
	uint64_t at, n, i;

	for (at = from; at < to; at += n) {
		n = to - at < sizeof(buf) ? to - at : sizeof(buf);
		for (i = 0; i < n; i++)
			buf[i] = pattern(token, at + i);
		must(pwrite(fd, buf, n, at) == (ssize_t)n, "pwrite");
	}
}

static void check_pattern(int fd, uint64_t token, uint64_t from, uint64_t to)
{
	static unsigned char buf[65536];
	uint64_t at, n, i;

	for (at = from; at < to; at += n) {
		n = to - at < sizeof(buf) ? to - at : sizeof(buf);
		must(pread(fd, buf, n, at) == (ssize_t)n, "pread at %llu",
		     (unsigned long long)at);
		for (i = 0; i < n; i++)
			must(buf[i] == pattern(token, at + i),
			     "token %llu differs at %llu",
			     (unsigned long long)token,
			     (unsigned long long)(at + i));
	}
}

static void check_zeros(int fd, uint64_t from, uint64_t to)
{
	unsigned char byte[PAGE], zero[PAGE] = { 0 };

	for (; from < to; from += PAGE) {
		must(pread(fd, byte, PAGE, from) == PAGE, "pread");
		must(!memcmp(byte, zero, PAGE), "no zeros at %llu",
		     (unsigned long long)from);
	}
}

static off_t size_of(int fd)
{
	struct stat st;

	must(!fstat(fd, &st), "fstat");
	return st.st_size;
}

static int new_memfd(unsigned int flags)
{
	int fd = memfd_create("file", flags);

	must(fd >= 0, "memfd_create");
	return fd;
}

/*
 * @token: of the file
 * @make: makes it
 * @change: after all were preserved, may be NULL
 * @check: in the next kernel
 */
struct kind {
	uint64_t token;
	int (*make)(const struct kind *k);
	void (*change)(const struct kind *k, int fd);
	void (*check)(const struct kind *k, int fd);
};

/* ---- sizes that are no whole number of pages, and a position ---- */

static int odd_make(const struct kind *k)
{
	int fd = new_memfd(MFD_ALLOW_SEALING);

	write_pattern(fd, k->token, 0, 3 * MIB + 123);
	lseek(fd, 777, SEEK_SET);
	return fd;
}

static void odd_change(const struct kind *k, int fd)
{
	lseek(fd, 4321, SEEK_SET);
}

static void odd_check(const struct kind *k, int fd)
{
	same(lseek(fd, 0, SEEK_CUR), 4321);
	same(size_of(fd), 3 * MIB + 123);
	check_pattern(fd, k->token, 0, 3 * MIB + 123);
	same(fcntl(fd, F_GET_SEALS), 0);
	must(fcntl(fd, F_GETFD) & FD_CLOEXEC, "not close-on-exec");
	/* Nothing but the file itself uses its pages. */
	must(!fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), "F_ADD_SEALS");
}

/* ---- empty ---- */

static int empty_make(const struct kind *k)
{
	return new_memfd(0);
}

static void empty_check(const struct kind *k, int fd)
{
	same(size_of(fd), 0);
	same(fcntl(fd, F_GET_SEALS), F_SEAL_SEAL);
	write_pattern(fd, k->token, 0, MIB);
	check_pattern(fd, k->token, 0, MIB);
}

/* ---- seals ---- */

static int sealed_make(const struct kind *k)
{
	int fd = new_memfd(MFD_ALLOW_SEALING);

	write_pattern(fd, k->token, 0, PAGE);
	/* Not after it was preserved: its pages are in use then. */
	must(!fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), "F_ADD_SEALS");
	return fd;
}

enum { SEALS = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE };

static void sealed_change(const struct kind *k, int fd)
{
	must(!fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW),
	     "F_ADD_SEALS");
}

/* There are kernels that look at nothing but this when a file is mapped. */
static void counts_no_writable_mapping(int fd)
{
	int dev = open("/dev/lutest", O_WRONLY);
	char number[16];

	must(dev >= 0, "open /dev/lutest");
	snprintf(number, sizeof(number), "%d", fd);
	must(write(dev, number, strlen(number)) > 0, "mappings are not denied");
	close(dev);
}

static void sealed_check(const struct kind *k, int fd)
{
	counts_no_writable_mapping(fd);
	same(fcntl(fd, F_GET_SEALS), SEALS);
	check_pattern(fd, k->token, 0, PAGE);
	must(write(fd, "", 1) < 0, "written to");
	must(ftruncate(fd, 0) < 0, "truncated");
	must(!fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL), "F_ADD_SEALS");
	must(mmap(NULL, PAGE, PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED,
	     "mapped");
}

/* ---- sealed against execution, as systemd does; there are kernels that do not know that ---- */

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif
enum { SEAL_EXEC = 0x20, DATA_SEALS = SEALS | F_SEAL_SEAL };

static int new_noexec(void)
{
	return memfd_create("lutest", MFD_CLOEXEC | MFD_NOEXEC_SEAL);
}

/* Its size tells the next kernel whether it is sealed so. */
static int noexec_make(const struct kind *k)
{
	int fd = new_noexec();

	if (fd < 0) {
		fd = new_memfd(MFD_ALLOW_SEALING);
		write_pattern(fd, k->token, 0, PAGE);
		return fd;
	}
	write_pattern(fd, k->token, 0, 2 * PAGE);
	must(!fcntl(fd, F_ADD_SEALS, DATA_SEALS), "F_ADD_SEALS");
	return fd;
}

static void noexec_check(const struct kind *k, int fd)
{
	int fresh = new_noexec(), known = fresh >= 0;
	struct stat st;

	if (known)
		close(fresh);
	must(!fstat(fd, &st), "fstat");
	check_pattern(fd, k->token, 0, st.st_size);
	if (st.st_size == PAGE) {
		same(fcntl(fd, F_GET_SEALS), 0);
		same(st.st_mode & 0111, 0111);
		return;
	}
	same(st.st_size, 2 * PAGE);
	same(fcntl(fd, F_GET_SEALS), DATA_SEALS | (known ? SEAL_EXEC : 0));
	same(st.st_mode & 0111, 0);
	must(!fchmod(fd, 0700) == !known, "fchmod");
}

/* ---- holes, also one that is punched and one that is filled after it was preserved ---- */

static int sparse_make(const struct kind *k)
{
	int fd = new_memfd(MFD_ALLOW_SEALING);

	must(!ftruncate(fd, 1024L * MIB), "ftruncate");
	write_pattern(fd, k->token, 0, 4 * PAGE);
	write_pattern(fd, k->token, 500L * MIB, 500L * MIB + 4 * PAGE);
	/* Allocated, but never written to. */
	must(!fallocate(fd, 0, 600L * MIB, 16 * PAGE), "fallocate");
	return fd;
}

static void sparse_change(const struct kind *k, int fd)
{
	must(!fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, PAGE,
			2 * PAGE),
	     "punch");
	write_pattern(fd, k->token, 700L * MIB, 700L * MIB + PAGE);
}

static void sparse_check(const struct kind *k, int fd)
{
	same(size_of(fd), 1024L * MIB);
	same(allocated(fd), (2 + 4 + 16 + 1) * PAGE);
	check_pattern(fd, k->token, 0, PAGE);
	check_zeros(fd, PAGE, 3 * PAGE);
	check_pattern(fd, k->token, 3 * PAGE, 4 * PAGE);
	check_pattern(fd, k->token, 500L * MIB, 500L * MIB + 4 * PAGE);
	check_zeros(fd, 600L * MIB, 600L * MIB + 16 * PAGE);
	check_pattern(fd, k->token, 700L * MIB, 700L * MIB + PAGE);
	same(lseek(fd, PAGE, SEEK_DATA), 3 * PAGE);
}

/* ---- shorter, and longer, than it was when it was preserved ---- */

static int shorter_make(const struct kind *k)
{
	int fd = new_memfd(0);

	write_pattern(fd, k->token, 0, 4 * MIB);
	return fd;
}

static void shorter_change(const struct kind *k, int fd)
{
	must(!ftruncate(fd, MIB + 5), "ftruncate");
}

static void shorter_check(const struct kind *k, int fd)
{
	same(size_of(fd), MIB + 5);
	same(allocated(fd), MIB + PAGE);
	check_pattern(fd, k->token, 0, MIB + 5);
	must(!ftruncate(fd, MIB + 2 * PAGE), "ftruncate");
	check_zeros(fd, MIB + PAGE, MIB + 2 * PAGE);
}

static int longer_make(const struct kind *k)
{
	int fd = new_memfd(0);

	write_pattern(fd, k->token, 0, PAGE);
	return fd;
}

static void longer_change(const struct kind *k, int fd)
{
	write_pattern(fd, k->token, PAGE, 9 * MIB);
}

static void longer_check(const struct kind *k, int fd)
{
	same(size_of(fd), 9 * MIB);
	check_pattern(fd, k->token, 0, 9 * MIB);
}

/* ---- written to through a mapping, to the end ---- */

static unsigned char *mapped;

static int mapped_make(const struct kind *k)
{
	int fd = new_memfd(0);

	must(!ftruncate(fd, MIB), "ftruncate");
	mapped = mmap(NULL, MIB, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	must(mapped != MAP_FAILED, "mmap");
	memset(mapped, 1, MIB / 2);
	return fd;
}

static void mapped_change(const struct kind *k, int fd)
{
	int i;

	for (i = 0; i < MIB; i++)
		mapped[i] = pattern(k->token, i);
}

static void mapped_check(const struct kind *k, int fd)
{
	unsigned char *map;
	pid_t pid;
	int i;

	map = mmap(NULL, MIB, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	must(map != MAP_FAILED, "mmap");
	for (i = 0; i < MIB; i++)
		same(map[i], pattern(k->token, i));
	/* Shared with a child, and locked. */
	must(!mlock(map, MIB), "mlock");
	pid = fork();
	must(pid >= 0, "fork");
	if (!pid) {
		memset(map, 7, MIB);
		_exit(0);
	}
	while (map[MIB - 1] != 7)
		usleep(1000);
	munmap(map, MIB);
	check_pattern(fd, k->token, 0, 0);
	must(!fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, MIB),
	     "punch");
	same(allocated(fd), 0);
	check_zeros(fd, 0, MIB);
}

/* ---- a file of tmpfs that has no name any more ---- */

static int unlinked_make(const struct kind *k)
{
	int fd = open("/shm/file", O_RDWR | O_CREAT | O_EXCL, 0600);

	must(fd >= 0, "open in /shm");
	must(!unlink("/shm/file"), "unlink");
	write_pattern(fd, k->token, 0, 100000);
	return fd;
}

static void unlinked_check(const struct kind *k, int fd)
{
	same(size_of(fd), 100000);
	check_pattern(fd, k->token, 0, 100000);
}

static const struct kind kinds[] = {
	{ 1, odd_make, odd_change, odd_check },
	{ 2, empty_make, NULL, empty_check },
	{ 3, sealed_make, sealed_change, sealed_check },
	{ 4, sparse_make, sparse_change, sparse_check },
	{ 5, shorter_make, shorter_change, shorter_check },
	{ 6, longer_make, longer_change, longer_check },
	{ 7, mapped_make, mapped_change, mapped_check },
	{ 8, unlinked_make, NULL, unlinked_check },
	{ 9, noexec_make, NULL, noexec_check },
};

void files_make(void)
{
	int dev = device(), session = create(dev, "memfds"),
	    fd[ARRAY_LEN(kinds)];
	size_t i;

	close(dev);
	for (i = 0; i < ARRAY_LEN(kinds); i++) {
		fd[i] = kinds[i].make(&kinds[i]);
		same(lu_session_preserve(session, kinds[i].token, fd[i]), 0);
	}
	for (i = 0; i < ARRAY_LEN(kinds); i++) {
		if (kinds[i].change)
			kinds[i].change(&kinds[i], fd[i]);
		close(fd[i]);
	}
}

void files_check(void)
{
	int dev = device(), session = retrieve(dev, "memfds"), fd;
	size_t i;

	for (i = ARRAY_LEN(kinds); i--;) {
		fd = lu_session_get(session, kinds[i].token);
		must(fd >= 0, "token %llu: %d",
		     (unsigned long long)kinds[i].token, fd);
		kinds[i].check(&kinds[i], fd);
		close(fd);
	}
	same(lu_session_finish(session), 0);
	close(session);
	close(dev);
}
