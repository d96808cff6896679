// SPDX-License-Identifier: GPL-2.0
/* States that are made before the jump and looked at after it. */
#include "lutest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "lib/liveupdate.h"

enum { MANY_FILES = 500, MANY_SESSIONS = 2000 };

/* The session has the only reference to the file. */
static void put_text(int session, uint64_t token, const char *text)
{
	int fd = memfd_text(text);

	same(lu_session_preserve(session, token, fd), 0);
	close(fd);
}

static void get_text(int session, uint64_t token, const char *text)
{
	int fd = lu_session_get(session, token);

	must(fd >= 0, "get token %#llx: %d", (unsigned long long)token, fd);
	holds_text(fd, text);
	close(fd);
}

static void finish(int session)
{
	same(lu_session_finish(session), 0);
	close(session);
}

/* ---- one session, one file ---- */

static void simple_make(void)
{
	int dev = device(), session = create(dev, "test-session");

	same(lu_session_retrieve(dev, "test-session"), -ENOENT);
	put_text(session, 0x1a, "hello kexec world");
	close(dev);
}

static void simple_check(void)
{
	int dev = device(), session, fd, again;

	same(lu_session_retrieve(dev, "another"), -ENOENT);
	session = retrieve(dev, "test-session");
	same(lu_session_retrieve(dev, "test-session"), -EINVAL);
	same(lu_session_get(session, 0x1b), -ENOENT);
	same(lu_session_preserve(session, 1, 0), -EINVAL);
	fd = lu_session_get(session, 0x1a);
	must(fd >= 0, "get: %d", fd);
	/* Another descriptor of the same file. */
	again = lu_session_get(session, 0x1a);
	must(again >= 0, "get again: %d", again);
	holds_text(fd, "hello kexec world");
	must(!ftruncate(fd, 0), "ftruncate");
	same(lseek(again, 0, SEEK_END), 0);
	close(again);
	/* A new name space: this name is free. */
	close(create(dev, "test-session"));
	same(lu_session_finish(session), 0);
	same(lu_session_finish(session), 0);
	same(lu_session_get(session, 0x1a), -ENOENT);
	same(lu_session_retrieve(dev, "test-session"), -EINVAL);
	close(session);
	same(lu_session_retrieve(dev, "test-session"), -ENOENT);
	close(fd);
	close(dev);
}

/* ---- several sessions, some empty ---- */

static void multi_make(void)
{
	int dev = device(), session;

	create(dev, "empty-1");
	create(dev, "empty-2");
	session = create(dev, "one-file");
	put_text(session, 0x1001, "the only one");
	session = create(dev, "two-files");
	put_text(session, 0x2002, "first of two");
	put_text(session, 0x3003, "second of two");
	close(create(dev, "given up"));
	close(dev);
}

static void multi_check(void)
{
	int dev = device(), session[4];

	same(lu_session_retrieve(dev, "given up"), -ENOENT);
	session[0] = retrieve(dev, "two-files");
	session[1] = retrieve(dev, "empty-2");
	session[2] = retrieve(dev, "one-file");
	session[3] = retrieve(dev, "empty-1");
	get_text(session[0], 0x3003, "second of two");
	get_text(session[2], 0x1001, "the only one");
	get_text(session[0], 0x2002, "first of two");
	finish(session[0]);
	finish(session[1]);
	/* Closing finishes. */
	close(session[2]);
	finish(session[3]);
	close(dev);
}

/* ---- many ---- */

static void files_many_make(void)
{
	int dev = device(), session = create(dev, "many files"), i;
	char text[32];

	for (i = 0; i < MANY_FILES; i++) {
		snprintf(text, sizeof(text), "file-data-%d", i);
		put_text(session, i, text);
	}
	close(dev);
}

static void files_many_check(void)
{
	int dev = device(), session = retrieve(dev, "many files"), i;
	char text[32];

	for (i = MANY_FILES; i--;) {
		snprintf(text, sizeof(text), "file-data-%d", i);
		get_text(session, i, text);
	}
	finish(session);
	close(dev);
}

static void sessions_many_make(void)
{
	struct rlimit limit = { MANY_SESSIONS + 32, MANY_SESSIONS + 32 };
	int dev = device(), i;
	char name[32];

	must(!setrlimit(RLIMIT_NOFILE, &limit), "setrlimit");
	for (i = 0; i < MANY_SESSIONS; i++) {
		snprintf(name, sizeof(name), "many-test-%d", i);
		create(dev, name);
	}
	close(dev);
}

static void sessions_many_check(void)
{
	int dev = device(), i;
	char name[32];

	for (i = MANY_SESSIONS; i--;) {
		snprintf(name, sizeof(name), "many-test-%d", i);
		finish(retrieve(dev, name));
	}
	close(dev);
}

/* ---- nobody comes for it ---- */

static void left_make(void)
{
	int dev = device(), session = create(dev, "left alone");
	static char bytes[1 << 20];

	memset(bytes, 'l', sizeof(bytes));
	same(lu_session_preserve(session, 1, memfd_with(bytes, sizeof(bytes))),
	     0);
	close(dev);
}

/* Retrieving the session, but not the file, frees the file. */
static void left_check(void)
{
	int dev = device();

	close(retrieve(dev, "left alone"));
	close(dev);
}

/* ---- preserved first, written to afterwards ---- */

enum { GROWN = 8 << 20 };

static void grows_make(void)
{
	int dev = device(), session = create(dev, "grows"), fd;
	static char bytes[GROWN];

	fd = memfd_create("grows", MFD_CLOEXEC);
	must(fd >= 0, "memfd_create");
	same(lu_session_preserve(session, 1, fd), 0);
	memset(bytes, 'g', sizeof(bytes));
	must(write(fd, bytes, sizeof(bytes)) == sizeof(bytes), "write");
	close(dev);
}

static void grows_check(void)
{
	int dev = device(), session = retrieve(dev, "grows"), fd, i;
	static char bytes[GROWN];

	fd = lu_session_get(session, 1);
	must(fd >= 0, "get: %d", fd);
	must(pread(fd, bytes, sizeof(bytes), 0) == sizeof(bytes), "pread");
	for (i = 0; i < GROWN; i++)
		same(bytes[i], 'g');
	finish(session);
	close(dev);
}

/* ---- a file of another module ---- */

static void put_device(int session, uint64_t token)
{
	int fd = open("/dev/lutest", O_RDWR);

	must(fd >= 0, "open /dev/lutest");
	same(lu_session_preserve(session, token, fd), 0);
	close(fd);
}

static void handler_make(void)
{
	int dev = device(), session = create(dev, "another module");

	put_device(session, 1);
	put_device(session, 2);
	close(dev);
}

/* Its module comes late, and does not let go at first. */
static void handler_check(void)
{
	int dev = device(), session = retrieve(dev, "another module"), fd;

	same(lu_session_get(session, 1), -EOPNOTSUPP);
	must(!system("insmod /ko/$(uname -r)/luo_handler.ko not_yet=1"),
	     "insmod");
	fd = lu_session_get(session, 1);
	must(fd >= 0, "get: %d", fd);
	holds_text(fd, "lutest");
	close(fd);
	same(lu_session_finish(session), -EBUSY);
	close(session);
	session = retrieve(dev, "another module");
	must(!system("echo 0 >/sys/module/luo_handler/parameters/not_yet"),
	     "not_yet=0");
	finish(session);
	close(dev);
}

/* ---- one that cannot be frozen beside one that can ---- */

static void busy_make(void)
{
	int dev = device(), session = create(dev, "fine");

	put_text(session, 1, "fine");
	session = create(dev, "refuses\tto freeze");
	put_text(session, 1, "goes down with it");
	put_device(session, 0x77);
	close(dev);
}

static void busy_check(void)
{
	int dev = device(), session = retrieve(dev, "fine");

	get_text(session, 1, "fine");
	finish(session);
	same(lu_session_retrieve(dev, "refuses\tto freeze"), -ENOENT);
	close(dev);
}

/* ---- what comes in was damaged on the way ---- */

static void damaged_check(void)
{
	int dev = device(), session, fd = memfd_text("new");

	same(lu_session_retrieve(dev, "test-session"), -EIO);
	same(lu_session_retrieve(dev, "never was"), -EIO);
	session = create(dev, "new");
	same(lu_session_preserve(session, 1, fd), 0);
	close(session);
	close(fd);
	close(dev);
}

/* ---- sessions of tests/kmod/luo_forge.c ---- */

static void forged_make(void)
{
	must(false, "a module makes it");
}

/* Also when they are asked for again, and when nobody wants them any more. */
static void forged_check(void)
{
	int dev = device(), session = retrieve(dev, "forged"), i;

	for (i = 1; i <= 3; i++) {
		same(lu_session_get(session, i), -EINVAL);
		same(lu_session_get(session, i), -EINVAL);
	}
	get_text(session, 4, "forged");
	finish(session);
	close(dev);
}

/* ---- a file that gets a name after it was preserved, in a directory that is kept ---- */

static void linked_make(void)
{
	int session = create(device(), "linked");
	int fd = open("/t/linked", O_TMPFILE | O_RDWR, 0600);
	char path[64];

	must(fd >= 0, "no file without a name");
	must(write(fd, "linked", 7) == 7, "write");
	must(!lseek(fd, 0, SEEK_SET), "lseek");
	same(lu_session_preserve(session, 7, fd), 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	must(!linkat(AT_FDCWD, path, AT_FDCWD, "/t/linked/name",
		     AT_SYMLINK_FOLLOW),
	     "linkat");
	close(fd);
}

static void linked_check(void)
{
	int dev = device(), session = retrieve(dev, "linked");

	get_text(session, 7, "linked");
	finish(session);
	close(dev);
}

/* ---- its holder is killed at some instant ---- */

static void killed_make(void)
{
	static char bytes[1 << 20];
	int dev, session, fd, i;

	memset(bytes, 'k', sizeof(bytes));
	for (i = 0; i < 100000; i++) {
		dev = device();
		session = create(dev, "killed");
		fd = memfd_with(bytes, sizeof(bytes));
		same(lu_session_preserve(session, 1, fd), 0);
		close(fd);
		close(session);
		close(dev);
	}
}

static void nothing_check(void)
{
	int dev = device(), session = create(dev, "killed");

	close(session);
	close(dev);
}

/* ---- what tests/golden/luo.txt says ---- */

static void golden_check(void)
{
	int dev = device(), session = retrieve(dev, "golden"), fd, i;
	char name[32];

	fd = lu_session_get(session, 0x1111);
	must(fd >= 0, "get: %d", fd);
	same(lseek(fd, 0, SEEK_CUR), 7);
	same(lseek(fd, 0, SEEK_END), 5000);
	same(fcntl(fd, F_GET_SEALS), F_SEAL_GROW | F_SEAL_SHRINK);
	close(fd);
	fd = lu_session_get(session, 0x2222222222222222);
	must(fd >= 0, "get: %d", fd);
	same(fcntl(fd, F_GET_SEALS), F_SEAL_SEAL);
	close(fd);
	fd = lu_session_get(session, 0);
	must(fd >= 0, "get: %d", fd);
	holds_text(fd, "lutest");
	close(fd);
	finish(session);
	for (i = 51; i; i--) {
		snprintf(name, sizeof(name), "empty-%d", i);
		finish(retrieve(dev, name));
	}
	close(dev);
}

void state_once(void)
{
	static const char data[3 * 4096] = "preserved once";
	int fd = memfd_with(data, sizeof(data));

	same(lu_session_preserve(create(device(), "once"), 1, fd), 0);
}

static const struct {
	const char *name;
	void (*make)(void);
	void (*check)(void);
} states[] = {
	{ "simple", simple_make, simple_check },
	{ "multi", multi_make, multi_check },
	{ "many-files", files_many_make, files_many_check },
	{ "many-sessions", sessions_many_make, sessions_many_check },
	{ "grows", grows_make, grows_check },
	{ "left", left_make, left_check },
	{ "handler", handler_make, handler_check },
	{ "damaged", simple_make, damaged_check },
	{ "killed", killed_make, nothing_check },
	{ "busy", busy_make, busy_check },
	{ "forged", forged_make, forged_check },
	{ "linked", linked_make, linked_check },
	{ "stuck", stuck_make, stuck_check },
	{ "held", held_make, held_check },
	{ "kept", kept_make, kept_check },
	{ "bad", bad_make, bad_check },
	{ "bad-refused", bad_make, bad_refused },
	{ "bad-passed-on", bad_pass_on, bad_check },
	{ "charged", charged_make, charged_check },
	{ "memfds", files_make, files_check },
	{ "accounts", accounts_make, accounts_check },
	{ "accounts-single", accounts_make_single, accounts_check_single },
	{ "orders", orders_make, orders_check },
	{ "orders-single", orders_make, orders_check_single },
	{ "swapped", swapped_make, swapped_check },
	{ "pages-4g", pages_make, gigabytes_check },
	{ "folios-4g", folios_make, gigabytes_check },
	{ "golden", golden_make, golden_check },
};

void state_make(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(states); i++)
		if (!strcmp(states[i].name, name)) {
			states[i].make();
			hold_on();
		}
	must(false, "no state \"%s\"", name);
}

void state_check(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(states); i++)
		if (!strcmp(states[i].name, name)) {
			states[i].check();
			return;
		}
	must(false, "no state \"%s\"", name);
}
