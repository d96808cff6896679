// SPDX-License-Identifier: GPL-2.0
/*
 * Makes a file of a tmpfs whose pages are scattered over memory: every second page of what was
 * written in one go, the others are given back.
 *
 * usage: scatter FILE MIB    so much is left
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PAGE = 4096, PAGES_OF_MIB = 256 };

static void need(int ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	exit(1);
}

int main(int argc, char **argv)
{
	char page[PAGE];
	uint64_t i, pages;
	int fd;

	if (argc != 3)
		return 2;
	pages = strtoull(argv[2], NULL, 10) * PAGES_OF_MIB;
	fd = open(argv[1], O_RDWR | O_CREAT | O_EXCL, 0600);
	need(fd >= 0, argv[1]);
	for (i = 0; i < 2 * pages; i++) {
		memset(page, (int)i, sizeof(page));
		need(write(fd, page, sizeof(page)) == sizeof(page), "write");
	}
	for (i = 0; i < pages; i++)
		need(!fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
				(off_t)(2 * i * PAGE), PAGE),
		     "fallocate");
	return 0;
}
