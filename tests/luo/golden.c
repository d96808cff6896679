// SPDX-License-Identifier: GPL-2.0
/* The sessions of tests/golden/luo.txt: made, and compared with what lies in memory after it. */
#include "lutest.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cli/wire/kcore.h"
#include "lib/liveupdate.h"
#include "tests/unit/goldentext.h"

enum { EMPTY_SESSIONS = 51 };

static void put_at(int fd, const char *text, size_t bytes, off_t at)
{
	must(pwrite(fd, text, bytes, at) == (ssize_t)bytes, "pwrite");
}

static int new_memfd(unsigned int flags)
{
	int fd = memfd_create("golden", flags);

	must(fd >= 0, "memfd_create");
	return fd;
}

static void preserve(int session, uint64_t token, int fd)
{
	must(fd >= 0, "token %#" PRIx64, token);
	same(lu_session_preserve(session, token, fd), 0);
}

void golden_make(void)
{
	int dev = device(), session, fd, i;
	char name[32];

	session = create(dev, "golden");
	fd = new_memfd(MFD_ALLOW_SEALING);
	put_at(fd, "first", 5, 0);
	put_at(fd, "xy", 2, 4094);
	put_at(fd, "z", 1, 4096);
	put_at(fd, "!", 1, 4999);
	must(lseek(fd, 7, SEEK_SET) == 7, "lseek");
	must(!fcntl(fd, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK), "seal");
	preserve(session, 0x1111, fd);
	preserve(session, 0x2222222222222222, new_memfd(0));
	preserve(session, 0, open("/dev/lutest", O_RDWR));
	for (i = 1; i <= EMPTY_SESSIONS; i++) {
		snprintf(name, sizeof(name), "empty-%d", i);
		create(dev, name);
	}
	close(dev);
}

void golden_in_memory(const char *path, uint64_t phys)
{
	static struct golden g;
	struct kcore k;

	must(golden_read(&g, path), "%s", g.why);
	same(kcore_open(&k, "/proc/kcore"), 0);
	must(golden_compare(&g, "luo", phys, kcore_page, &k), "%s", g.why);
	kcore_close(&k);
}
