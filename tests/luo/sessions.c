// SPDX-License-Identifier: GPL-2.0
/* Sessions and files, as far as they go without a kexec. */
#include "lutest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/liveupdate.h"

/* Closing a session unpreserves: its files are as they were. */
static void one_file(int dev)
{
	int session = create(dev, "one file"), fd = memfd_text("content");

	same(lu_session_preserve(session, 0x1234, fd), 0);
	close(session);
	holds_text(fd, "content");
	close(fd);
}

static void several_files(int dev)
{
	int session = create(dev, "several"), a = memfd_text("first"),
	    b = memfd_text("second");

	same(lu_session_preserve(session, 0xaaaa, a), 0);
	same(lu_session_preserve(session, 0xbbbb, b), 0);
	holds_text(a, "first");
	holds_text(b, "second");
	close(session);
	close(a);
	close(b);
}

static void several_sessions(int dev)
{
	int one = create(dev, "one"), two = create(dev, "two"), fd[4], i;
	char byte;

	fd[0] = memfd_text("data of one");
	fd[1] = memfd_with("", 0);
	fd[2] = memfd_text("data of two");
	fd[3] = memfd_with("", 0);
	for (i = 0; i < 4; i++)
		same(lu_session_preserve(i < 2 ? one : two, 0x1111 * (i + 1),
					 fd[i]),
		     0);
	holds_text(fd[0], "data of one");
	holds_text(fd[2], "data of two");
	same(read(fd[1], &byte, 1), 0);
	same(read(fd[3], &byte, 1), 0);
	close(one);
	close(two);
	for (i = 0; i < 4; i++)
		close(fd[i]);
}

/* What no handler takes: devices, sockets, linked files, sessions. */
static void unsupported(int dev)
{
	int session = create(dev, "unsupported"), other = create(dev, "other"),
	    pair[2], fd;

	fd = open("/dev/null", O_RDWR);
	must(fd >= 0, "open");
	same(lu_session_preserve(session, 0xdead, fd), -ENOENT);
	close(fd);
	must(!socketpair(AF_UNIX, SOCK_STREAM, 0, pair), "socketpair");
	same(lu_session_preserve(session, 1, pair[0]), -ENOENT);
	close(pair[0]);
	close(pair[1]);
	fd = open("/tmp/linked", O_RDWR | O_CREAT, 0600);
	must(fd >= 0, "open");
	same(lu_session_preserve(session, 1, fd), -ENOENT);
	unlink("/tmp/linked");
	close(fd);
	fd = memfd_create("huge", MFD_HUGETLB);
	must(fd >= 0, "memfd_create with MFD_HUGETLB");
	same(lu_session_preserve(session, 1, fd), -ENOENT);
	close(fd);
	same(lu_session_preserve(session, 1, other), -ENOENT);
	same(lu_session_preserve(session, 1, -1), -EBADF);
	same(lu_session_preserve(session, 1, 9999), -EBADF);
	close(other);
	close(session);
}

static void not_twice(int dev)
{
	int one = create(dev, "one"), two = create(dev, "two"),
	    fd = memfd_text("once"), again = memfd_text("other"), copy;
	char path[64];

	same(lu_session_preserve(one, 1, fd), 0);
	same(lu_session_preserve(two, 1, fd), -EBUSY);
	same(lu_session_preserve(one, 2, fd), -EBUSY);
	same(lu_session_preserve(one, 1, again), -EEXIST);
	/* Another open file of the same thing. */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	copy = open(path, O_RDWR);
	must(copy >= 0, "open again");
	same(lu_session_preserve(two, 3, copy), -EBUSY);
	close(one);
	/* It can be preserved again after it was given up. */
	same(lu_session_preserve(two, 3, copy), 0);
	close(two);
	close(copy);
	close(fd);
	close(again);
}

static void many_sessions(int dev)
{
	enum { NR = 2000 };
	static int session[NR];
	struct rlimit limit = { NR + 32, NR + 32 };
	char name[32];
	int i;

	must(!setrlimit(RLIMIT_NOFILE, &limit), "setrlimit");
	for (i = 0; i < NR; i++) {
		snprintf(name, sizeof(name), "many-%d", i);
		session[i] = create(dev, name);
	}
	same(lu_session_create(dev, "many-1234"), -EEXIST);
	for (i = 0; i < NR; i++)
		close(session[i]);
}

static void many_files(int dev)
{
	enum { NR = 500 };
	int session = create(dev, "many files"), i;
	static int fd[NR];

	for (i = 0; i < NR; i++) {
		fd[i] = memfd_with("", 0);
		same(lu_session_preserve(session, i, fd[i]), 0);
	}
	close(session);
	for (i = 0; i < NR; i++)
		close(fd[i]);
}

/* A preserved file can be used, and changed in every way, as if it were not. */
static void goes_on(int dev)
{
	int session = create(dev, "goes on"), fd = memfd_text("before"), i;
	char *map, page[4096];

	memset(page, 'x', sizeof(page));
	same(lu_session_preserve(session, 1, fd), 0);
	for (i = 0; i < 64; i++)
		must(pwrite(fd, page, sizeof(page), i * 8192) == sizeof(page),
		     "pwrite");
	must(!ftruncate(fd, 64 * 8192), "ftruncate");
	map = mmap(NULL, 64 * 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	must(map != MAP_FAILED, "mmap");
	for (i = 0; i < 64; i++)
		map[i * 8192 + 4097] = 'y';
	must(!ftruncate(fd, 8192), "ftruncate");
	must(!fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
			4096),
	     "punch");
	same(map[0], 0);
	same(map[4097], 'y');
	must(!fallocate(fd, 0, 0, 65536), "fallocate");
	munmap(map, 64 * 8192);
	close(session);
	close(fd);
}

void test_sessions(void)
{
	int dev = lu_open();

	must(dev >= 0, "lu_open: %d", dev);
	one_file(dev);
	several_files(dev);
	several_sessions(dev);
	unsupported(dev);
	not_twice(dev);
	goes_on(dev);
	many_files(dev);
	many_sessions(dev);
	close(dev);
}
