// SPDX-License-Identifier: GPL-2.0
/*
 * Times a file in memory that goes through /dev/liveupdate, the module's or the kernel's own. The
 * machine's clock counts instructions.
 *
 * usage: lubench make MIB    makes and preserves the file, and keeps it until the machine jumps
 *        lubench take MIB    gets it back in the next kernel, checks it and lets it go
 * Prints names and nanoseconds: preserve_ns, or retrieve_ns and free_ns, for all of the file.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "lib/liveupdate.h"

#define SESSION "lubench"
enum { PAGE = 4096, TOKEN = 1 };

static void need(int ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	exit(1);
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

static uint64_t mark(uint64_t page)
{
	return (page + 1) * 0x9e3779b97f4a7c15ULL;
}

static uint64_t *map(int fd, size_t bytes)
{
	uint64_t *p =
		mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	need(p != MAP_FAILED, "mmap");
	return p;
}

static void result(const char *name, uint64_t ns)
{
	printf("%s %llu\n", name, (unsigned long long)ns);
}

static void make(int device, size_t bytes)
{
	int fd = memfd_create("lubench", MFD_CLOEXEC);
	int session = lu_session_create(device, SESSION);
	uint64_t *words, start;
	size_t i;

	need(fd >= 0 && !ftruncate(fd, bytes), "memfd");
	need(session >= 0, "session");
	words = map(fd, bytes);
	for (i = 0; i < bytes / PAGE; i++)
		words[i * PAGE / sizeof(*words)] = mark(i);
	munmap(words, bytes);
	start = now_ns();
	need(!lu_session_preserve(session, TOKEN, fd), "preserve");
	result("preserve_ns", now_ns() - start);
	fflush(stdout);
	/* Closing the session would give it up. */
	if (fork() == 0) {
		close(STDOUT_FILENO);
		for (;;)
			pause();
	}
}

static void take(int device, size_t bytes)
{
	int session = lu_session_retrieve(device, SESSION), fd;
	uint64_t *words, start, taken;
	size_t i;

	need(session >= 0, "session");
	start = now_ns();
	fd = lu_session_get(session, TOKEN);
	taken = now_ns() - start;
	need(fd >= 0, "file");
	words = map(fd, bytes);
	for (i = 0; i < bytes / PAGE; i++)
		if (words[i * PAGE / sizeof(*words)] != mark(i)) {
			fprintf(stderr, "lubench: page %zu differs\n", i);
			exit(1);
		}
	munmap(words, bytes);
	need(!lu_session_finish(session), "finish");
	start = now_ns();
	close(fd);
	result("retrieve_ns", taken);
	result("free_ns", now_ns() - start);
}

int main(int argc, char **argv)
{
	size_t bytes;
	int device;

	if (argc != 3) {
		fprintf(stderr, "usage: lubench make|take MIB\n");
		return 2;
	}
	bytes = strtoull(argv[2], NULL, 0) << 20;
	device = lu_open();
	need(device >= 0, "/dev/liveupdate");
	if (!strcmp(argv[1], "make"))
		make(device, bytes);
	else
		take(device, bytes);
	return 0;
}
