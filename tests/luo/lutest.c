// SPDX-License-Identifier: GPL-2.0
/*
 * lutest: a client of /dev/liveupdate for the scenarios in virtual machines.
 *
 *   lutest ioctls        errors and exclusivity of the interface
 *   lutest sessions      sessions and files, without a kexec
 *   lutest bounds        how many files a session takes
 *   lutest fuzz SEED N   N random ioctls
 *   lutest make NAME     before the jump; leaves a process that holds the sessions
 *   lutest check NAME    after it
 *   lutest golden FILE A  memory from address A on, before the module takes it, is what FILE says
 *   lutest once          preserves a file in a session, both of which end with it
 */
#include "lutest.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/liveupdate.h"

void die(const char *file, int line, const char *what, const char *fmt, ...)
{
	int err = errno;
	va_list ap;

	fprintf(stderr, "%s:%d: %s: ", file, line, what);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, " (errno: %s)\n", strerror(err));
	exit(1);
}

int device(void)
{
	int dev = lu_open();

	must(dev >= 0, "lu_open: %d", dev);
	return dev;
}

int create(int dev, const char *name)
{
	int session = lu_session_create(dev, name);

	must(session >= 0, "no new session \"%s\": %d", name, session);
	return session;
}

int retrieve(int dev, const char *name)
{
	int session = lu_session_retrieve(dev, name);

	must(session >= 0, "no session \"%s\": %d", name, session);
	return session;
}

uint64_t allocated(int fd)
{
	struct stat st;

	must(!fstat(fd, &st), "fstat");
	return st.st_blocks * 512ULL;
}

int memfd_with(const void *data, size_t bytes)
{
	int fd = memfd_create("lutest", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	must(fd >= 0, "memfd_create");
	must(pwrite(fd, data, bytes, 0) == (ssize_t)bytes, "pwrite");
	return fd;
}

int memfd_text(const char *text)
{
	return memfd_with(text, strlen(text) + 1);
}

void holds_text(int fd, const char *text)
{
	char buf[256] = "";
	ssize_t n = read(fd, buf, sizeof(buf) - 1);

	must(n == (ssize_t)strlen(text) + 1, "read %zd bytes of \"%s\"", n,
	     text);
	must(!strcmp(buf, text), "\"%s\" is not \"%s\"", buf, text);
}

void hold_on(void)
{
	pid_t pid;

	fflush(NULL);
	pid = fork();
	must(pid >= 0, "fork");
	if (pid)
		_exit(0);
	setsid();
	close(0);
	close(1);
	close(2);
	for (;;)
		pause();
}

static int usage(void)
{
	fputs("lutest ioctls|sessions|bounds|once|fuzz SEED N|make NAME|check NAME|golden FILE A\n",
	      stderr);
	return 2;
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "ioctls"))
		test_ioctls();
	else if (argc == 2 && !strcmp(argv[1], "sessions"))
		test_sessions();
	else if (argc == 2 && !strcmp(argv[1], "bounds"))
		test_bounds();
	else if (argc == 2 && !strcmp(argv[1], "once"))
		state_once();
	else if (argc == 4 && !strcmp(argv[1], "fuzz"))
		test_fuzz(strtoull(argv[2], NULL, 0),
			  strtoull(argv[3], NULL, 0));
	else if (argc == 4 && !strcmp(argv[1], "golden"))
		golden_in_memory(argv[2], strtoull(argv[3], NULL, 0));
	else if (argc == 3 && !strcmp(argv[1], "make"))
		state_make(argv[2]);
	else if (argc == 3 && !strcmp(argv[1], "check"))
		state_check(argv[2]);
	else
		return usage();
	return 0;
}
