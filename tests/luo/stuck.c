// SPDX-License-Identifier: GPL-2.0
/*
 * Files that are in use when the machine jumps: written to from memory that nobody serves, by
 * many at a time; a lock that is kept; files of which pages have gone bad; and how many files a
 * session takes.
 */
#include "lutest.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/liveupdate.h"
#include "tests/vm/unserved_page.h"

#ifndef MADV_HWPOISON
#define MADV_HWPOISON 100
#endif

enum { PAGE = 4096, WRITERS = 8 };

/* A page that nobody ever serves: whoever touches it waits for ever. */
static void *unserved_page(void)
{
	int fd;
	void *page = unserved_page_make(&fd, PAGE);

	must(page, "unserved page");
	return page;
}

/* Until a child waits in a function of the kernel. */
static void wait_until_in(pid_t pid, const char *function)
{
	char path[64], at[64] = "";
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/wchan", pid);
	while (!strstr(at, function)) {
		must(!waitpid(pid, NULL, WNOHANG), "the child has ended");
		f = fopen(path, "r");
		must(f, "%s", path);
		if (!fgets(at, sizeof(at), f))
			at[0] = 0;
		fclose(f);
		usleep(1000);
	}
}

static pid_t child(void)
{
	pid_t pid;

	fflush(NULL);
	pid = fork();
	must(pid >= 0, "fork");
	return pid;
}

/* Until a child sleeps, and no signal but the last wakes it. */
static void wait_until_blocked(pid_t pid)
{
	char path[64], state = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	while (state != 'D') {
		must(!waitpid(pid, NULL, WNOHANG), "the child has ended");
		f = fopen(path, "r");
		must(f && fscanf(f, "%*d (%*[^)]) %c", &state) == 1, "%s",
		     path);
		fclose(f);
		usleep(1000);
	}
}

/* A child that holds the file's lock, in the middle of writing to it. */
static void write_for_ever(int fd)
{
	pid_t pid = child();

	if (!pid)
		_exit(pwrite(fd, unserved_page(), 100, 0) < 0);
	wait_until_in(pid, "handle_userfault");
}

/* A child that waits for the file's lock. */
static void preserve_for_ever(int session, uint64_t token, int fd)
{
	pid_t pid = child();

	if (!pid)
		_exit(lu_session_preserve(session, token, fd) < 0);
	wait_until_blocked(pid);
}

/* Children that write to the file as fast as they can. */
static void write_often(int fd)
{
	static char bytes[1 << 20];
	int i, more;

	for (i = 0; i < WRITERS; i++)
		if (!child())
			for (more = 0;; more++)
				if (pwrite(fd, bytes, sizeof(bytes),
					   (more % 4) * sizeof(bytes)) < 0)
					_exit(1);
}

static void put(int session, uint64_t token, int fd)
{
	same(lu_session_preserve(session, token, fd), 0);
}

void stuck_make(void)
{
	int dev = device(), session, fd;

	session = create(dev, "is written to");
	fd = memfd_text("acknowledged");
	put(session, 1, fd);
	put(session, 2, memfd_text("beside it"));
	write_for_ever(fd);

	session = create(dev, "still asks");
	put(session, 1, memfd_text("was told that it is preserved"));
	fd = memfd_text("was not told");
	write_for_ever(fd);
	preserve_for_ever(session, 2, fd);

	session = create(dev, "is busy");
	fd = memfd_text("busy");
	put(session, 1, fd);
	write_often(fd);

	session = create(dev, "fine");
	put(session, 1, memfd_text("fine"));
	close(dev);
}

/* ------------------------------------------------------------- who keeps the lock of kho.ko */

enum { FULL = 63 };

/* A child by the name that kho_holder.ko knows. Waits until it does not get on. */
static void hold(void (*preserve)(int fd, int file), int fd, int file)
{
	pid_t pid = child();

	if (!pid) {
		prctl(PR_SET_NAME, "holder");
		preserve(fd, file);
		_exit(1);
	}
	wait_until_blocked(pid);
}

static void preserve_another(int session, int file)
{
	lu_session_preserve(session, 2, file);
}

/* A session with room for more entries than it has, and then somebody keeps the lock. */
void held_make(void)
{
	int dev = device(), session, fd, i;

	session = create(dev, "full");
	for (i = 0; i < FULL; i++)
		put(session, i, memfd_text("full"));
	fd = memfd_text("too much");
	write_for_ever(fd);
	preserve_for_ever(session, FULL, fd);

	session = create(dev, "holds");
	put(session, 1, memfd_text("held"));
	hold(preserve_another, session, memfd_text("does not end"));
	close(dev);
}

static void create_another(int dev, int file)
{
	lu_session_create(dev, "never is");
}

/* Somebody keeps the lock who is making room for a session. */
void kept_make(void)
{
	int dev = device();

	hold(create_another, dev, -1);
}

static int get(int session, uint64_t token)
{
	int fd = lu_session_get(session, token);

	must(fd >= 0, "lu_session_get %llu: %d", (unsigned long long)token, fd);
	return fd;
}

static void finish(int session)
{
	same(lu_session_finish(session), 0);
	close(session);
}

static void has_text(int session, uint64_t token, const char *text)
{
	int fd = get(session, token);

	holds_text(fd, text);
	close(fd);
}

void stuck_check(void)
{
	int dev = device(), session;

	session = retrieve(dev, "is written to");
	has_text(session, 1, "acknowledged");
	has_text(session, 2, "beside it");
	finish(session);
	session = retrieve(dev, "still asks");
	has_text(session, 1, "was told that it is preserved");
	same(lu_session_get(session, 2), -ENOENT);
	finish(session);
	session = retrieve(dev, "is busy");
	close(get(session, 1));
	finish(session);
	session = retrieve(dev, "fine");
	has_text(session, 1, "fine");
	finish(session);
	close(dev);
}

void held_check(void)
{
	int dev = device(), session, i;

	session = retrieve(dev, "full");
	for (i = 0; i < FULL; i++)
		has_text(session, i, "full");
	same(lu_session_get(session, FULL), -ENOENT);
	finish(session);
	session = retrieve(dev, "holds");
	has_text(session, 1, "held");
	same(lu_session_get(session, 2), -ENOENT);
	finish(session);
	close(dev);
}

void kept_check(void)
{
	int dev = device();

	same(lu_session_retrieve(dev, "never is"), -ENOENT);
	close(dev);
}

/* ------------------------------------------------------------------------ pages that go bad */

enum { PAGES = 1000, GOOD_PAGES = 16, LARGE_PAGES = 512 };
enum { EARLY = 3, LATE = 500, LARGE_LATE = 77, NONE = -1 };

static uint64_t mark(uint64_t page)
{
	return (page + 1) * 0x9e3779b97f4a7c15ULL;
}

static uint64_t *map(int fd, uint64_t pages)
{
	void *p = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED,
		       fd, 0);

	must(p != MAP_FAILED, "mmap");
	return p;
}

static int marked(const char *name, uint64_t pages)
{
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	uint64_t *words, i;

	must(fd >= 0 && !ftruncate(fd, pages * PAGE), "memfd");
	words = map(fd, pages);
	for (i = 0; i < pages; i++)
		words[i * (PAGE / 8) + 5] = mark(i);
	munmap(words, pages * PAGE);
	return fd;
}

/* Whoever has the page mapped may be killed for it. */
static void goes_bad(int fd, uint64_t pages, uint64_t page)
{
	int status;
	pid_t pid = child();

	if (!pid) {
		uint64_t *words = map(fd, pages);

		words[page * (PAGE / 8)] = 1;
		madvise(&words[page * (PAGE / 8)], PAGE, MADV_HWPOISON);
		_exit(0);
	}
	must(waitpid(pid, &status, 0) == pid, "waitpid");
}

static bool is_bad(int fd, uint64_t page)
{
	char bytes[PAGE];

	return pread(fd, bytes, PAGE, page * PAGE) < 0 && errno == EIO;
}

static void rest_is_good(int fd, int pages, int bad, int bad_too)
{
	uint64_t word;
	int i;

	for (i = 0; i < pages; i++) {
		if (i == bad || i == bad_too) {
			must(is_bad(fd, i), "page %d can be read", i);
			continue;
		}
		must(pread(fd, &word, 8, i * PAGE + 40) == 8,
		     "pread of page %d", i);
		must(word == mark(i), "page %d differs", i);
	}
}

/* One page before, and one after the file was preserved; and one in a large folio. */
void bad_make(void)
{
	int dev = device(), session = create(dev, "goes bad"), fd, large;

	fd = marked("goes bad", PAGES);
	goes_bad(fd, PAGES, EARLY);
	must(is_bad(fd, EARLY), "nothing has gone bad");
	large = marked("large", LARGE_PAGES);
	put(session, 1, fd);
	put(session, 2, marked("stays good", GOOD_PAGES));
	put(session, 3, large);
	goes_bad(fd, PAGES, LATE);
	must(is_bad(fd, LATE), "nothing has gone bad");
	goes_bad(large, LARGE_PAGES, LARGE_LATE);
	session = create(dev, "stays good");
	put(session, 1, marked("stays good", GOOD_PAGES));
	close(dev);
}

/* Takes them from the previous kernel. */
static void bad_found(int dev, int fd[3])
{
	int session = retrieve(dev, "stays good"), i;

	i = get(session, 1);
	rest_is_good(i, GOOD_PAGES, NONE, NONE);
	close(i);
	finish(session);
	session = retrieve(dev, "goes bad");
	for (i = 0; i < 3; i++)
		fd[i] = get(session, 1 + i);
	finish(session);
	rest_is_good(fd[0], PAGES, EARLY, LATE);
	rest_is_good(fd[1], GOOD_PAGES, NONE, NONE);
	rest_is_good(fd[2], LARGE_PAGES, LARGE_LATE, NONE);
}

void bad_check(void)
{
	int dev = device(), fd[3];

	bad_found(dev, fd);
	close(dev);
}

/* A kernel that knows of no such pages refuses the files that have one. */
void bad_refused(void)
{
	int dev = device(), session = retrieve(dev, "goes bad"), fd;

	same(lu_session_get(session, 1), -EHWPOISON);
	fd = get(session, 2);
	rest_is_good(fd, GOOD_PAGES, NONE, NONE);
	close(fd);
	same(lu_session_get(session, 3), -EHWPOISON);
	finish(session);
	session = retrieve(dev, "stays good");
	fd = get(session, 1);
	rest_is_good(fd, GOOD_PAGES, NONE, NONE);
	close(fd);
	finish(session);
	close(dev);
}

/* What came in goes on to the next kernel. */
void bad_pass_on(void)
{
	int dev = device(), session, fd[3], i;

	bad_found(dev, fd);
	session = create(dev, "goes bad");
	for (i = 0; i < 3; i++)
		put(session, 1 + i, fd[i]);
	session = create(dev, "stays good");
	put(session, 1, marked("stays good", GOOD_PAGES));
	close(dev);
}

/* ---- more files than a program may have open, charged to it ---- */

enum { MANY = 4000, ALLOWED = 64 };

static int empty_file(void)
{
	int fd = memfd_create("empty", MFD_CLOEXEC);

	must(fd >= 0, "memfd_create");
	return fd;
}

/* Closed at once: the session holds them. Return: how many it took. */
static int preserve_empty(int session, int nr)
{
	int i, fd, ret = 0;

	for (i = 0; i < nr && !ret; i++) {
		fd = empty_file();
		ret = lu_session_preserve(session, i, fd);
		close(fd);
	}
	must(!ret || ret == -EMFILE, "preserve: %d", ret);
	return ret ? i - 1 : i;
}

void charged_make(void)
{
	int dev = device();

	same(preserve_empty(create(dev, "charged"), MANY), MANY);
	close(dev);
}

void charged_check(void)
{
	int dev = device();

	close(retrieve(dev, "charged"));
	close(dev);
}

/* Without privileges there is a limit. */
void test_bounds(void)
{
	struct rlimit limit = { ALLOWED, ALLOWED };
	int dev = device(), session = create(dev, "bounded"), again;

	close(dev);
	must(!setrlimit(RLIMIT_NOFILE, &limit), "setrlimit");
	same(preserve_empty(session, ALLOWED + 1), ALLOWED + 1);
	close(session);
	dev = device();
	session = create(dev, "bounded");
	again = create(dev, "bounded too");
	close(dev);
	must(!setgid(65534) && !setuid(65534), "setuid");
	same(preserve_empty(session, ALLOWED + 1), ALLOWED);
	same(preserve_empty(again, 1), 1);
	close(session);
	close(again);
}
