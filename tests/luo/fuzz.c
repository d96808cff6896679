// SPDX-License-Identifier: GPL-2.0
/*
 * Random ioctls on the device, on sessions and on what is neither, with arguments that are nearly
 * right. There is no oracle but the kernel's log, and that a fresh session works afterwards.
 */
#include "lutest.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/liveupdate.h>

#include "lib/liveupdate.h"

enum { SLOTS = 24, ARG_BYTES = 4096 };

static uint64_t state;
static int slot[SLOTS];
static unsigned char *arg;

static uint64_t next(void)
{
	uint64_t x = state += 0x9e3779b97f4a7c15;

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
	x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
	return x ^ (x >> 31);
}

static uint64_t below(uint64_t bound)
{
	return next() % bound;
}

static void put_slot(int fd)
{
	int i = 2 + below(SLOTS - 2);

	if (fd < 0)
		return;
	close(slot[i]);
	slot[i] = fd;
}

static int new_file(void)
{
	static const unsigned int flags[] = { 0, MFD_CLOEXEC,
					      MFD_ALLOW_SEALING };
	int fd;

	if (!below(16))
		return open("/dev/zero", O_RDWR);
	fd = memfd_create("fuzz", flags[below(ARRAY_LEN(flags))]);
	if (fd >= 0 && ftruncate(fd, below(1 << 20)))
		return fd;
	if (fd >= 0 && below(2))
		(void)!pwrite(fd, arg, below(ARG_BYTES), below(1 << 20));
	return fd;
}

static void change_file(int fd)
{
	switch (below(4)) {
	case 0:
		(void)!ftruncate(fd, below(1 << 20));
		break;
	case 1:
		(void)!pwrite(fd, arg, below(ARG_BYTES), below(1 << 20));
		break;
	case 2:
		(void)!fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
				 below(1 << 20), 1 + below(1 << 18));
		break;
	case 3:
		fcntl(fd, F_ADD_SEALS, (int)below(64) & ~F_SEAL_SEAL);
		break;
	}
}

static unsigned long command(void)
{
	static const unsigned long known[] = {
		LIVEUPDATE_IOCTL_CREATE_SESSION,
		LIVEUPDATE_IOCTL_RETRIEVE_SESSION,
		LIVEUPDATE_SESSION_PRESERVE_FD,
		LIVEUPDATE_SESSION_PRESERVE_FD,
		LIVEUPDATE_SESSION_RETRIEVE_FD,
		LIVEUPDATE_SESSION_FINISH,
		LIVEUPDATE_SESSION_GET_NAME,
	};

	if (!below(20))
		return _IOC(below(4), 0xBA, below(256), below(128));
	return known[below(ARRAY_LEN(known))];
}

static void fill_argument(void)
{
	static const uint32_t sizes[] = { 8, 16, 72, 72, 72, 80, 4096 };
	uint32_t size = below(10) ? sizes[below(ARRAY_LEN(sizes))] : next();
	uint64_t token = below(4) ? below(8) : next();
	int fd = slot[below(SLOTS)];

	memset(arg, 0, ARG_BYTES);
	memcpy(arg, &size, sizeof(size));
	if (below(2)) {
		/* A name */
		arg[8] = 'a' + below(6);
		if (!below(16))
			memset(arg + 8, 'a', 64);
		return;
	}
	memcpy(arg + 4, &fd, sizeof(fd));
	memcpy(arg + 8, &token, sizeof(token));
	if (!below(16))
		arg[below(ARG_BYTES)] = next();
}

static void *argument(void)
{
	switch (below(40)) {
	case 0:
		return NULL;
	case 1: /* its end is not there */
		return arg + ARG_BYTES - below(80);
	case 2:
		return (void *)(uintptr_t)next();
	default:
		return arg;
	}
}

static void step(void)
{
	unsigned long cmd;
	int ret;

	switch (below(8)) {
	case 0:
		put_slot(new_file());
		return;
	case 1:
		change_file(slot[below(SLOTS)]);
		return;
	default:
		break;
	}
	fill_argument();
	cmd = command();
	ret = ioctl(slot[below(SLOTS)], cmd, argument());
	if (!ret && cmd < LIVEUPDATE_SESSION_PRESERVE_FD) {
		memcpy(&ret, arg + 4, sizeof(ret));
		put_slot(ret);
	}
}

void test_fuzz(uint64_t seed, uint64_t steps)
{
	char *map = mmap(NULL, 2 * ARG_BYTES, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int i, session;

	must(map != MAP_FAILED, "mmap");
	must(!munmap(map + ARG_BYTES, ARG_BYTES), "munmap");
	arg = (unsigned char *)map;
	state = seed;
	for (i = 0; i < SLOTS; i++)
		slot[i] = -1;
	slot[0] = lu_open();
	must(slot[0] >= 0, "lu_open: %d", slot[0]);
	slot[1] = dup(slot[0]);
	while (steps--)
		step();
	session = lu_session_create(slot[0], "after all that");
	must(session >= 0, "create: %d", session);
	same(lu_session_preserve(session, 1, memfd_text("works")), 0);
}
