// SPDX-License-Identifier: GPL-2.0
/* The interface itself: numbers, sizes, the order of checks, exclusivity, names. */
#include "lutest.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/liveupdate.h>

#include "lib/liveupdate.h"

static int call(int fd, unsigned long cmd, void *arg)
{
	return ioctl(fd, cmd, arg) < 0 ? -errno : 0;
}

static void numbers(void)
{
	same(LIVEUPDATE_IOCTL_CREATE_SESSION, 0xBA00);
	same(LIVEUPDATE_IOCTL_RETRIEVE_SESSION, 0xBA01);
	same(LIVEUPDATE_SESSION_PRESERVE_FD, 0xBA40);
	same(LIVEUPDATE_SESSION_RETRIEVE_FD, 0xBA41);
	same(LIVEUPDATE_SESSION_FINISH, 0xBA42);
	same(LIVEUPDATE_SESSION_GET_NAME, 0xBA43);
	same(sizeof(struct liveupdate_ioctl_create_session), 72);
	same(sizeof(struct liveupdate_ioctl_retrieve_session), 72);
	same(sizeof(struct liveupdate_session_preserve_fd), 16);
	same(sizeof(struct liveupdate_session_retrieve_fd), 16);
	same(sizeof(struct liveupdate_session_finish), 8);
	same(sizeof(struct liveupdate_session_get_name), 72);
}

static void one_at_a_time(void)
{
	int dev = lu_open(), session;

	must(dev >= 0, "lu_open: %d", dev);
	same(lu_open(), -EBUSY);
	session = lu_session_create(dev, "outlives the device");
	must(session >= 0, "create: %d", session);
	close(dev);
	dev = lu_open();
	must(dev >= 0, "lu_open: %d", dev);
	same(lu_session_create(dev, "outlives the device"), -EEXIST);
	close(session);
	close(dev);
}

static void order_of_checks(int dev)
{
	struct {
		struct liveupdate_ioctl_create_session known;
		char more[8];
	} arg = { .known.size = sizeof(arg.known), .known.name = "a" };
	int session;

	/* A number that is not there, however bad the rest. */
	same(call(dev, _IO(0xBA, 0x02), NULL), -EINVAL);
	same(call(dev, LIVEUPDATE_SESSION_FINISH, NULL), -EINVAL);
	same(call(dev, LIVEUPDATE_IOCTL_CREATE_SESSION, NULL), -EFAULT);
	/* The same number with a type or a direction of another kind. */
	same(call(dev, _IO(0xBB, 0x00), &arg), -ENOTTY);
	same(call(dev, _IOW(0xBA, 0x00, int), &arg), -ENOTTY);
	arg.known.size = sizeof(arg.known) - 1;
	same(call(dev, LIVEUPDATE_IOCTL_CREATE_SESSION, &arg), -EINVAL);
	arg.known.size = 0;
	same(call(dev, LIVEUPDATE_IOCTL_CREATE_SESSION, &arg), -EINVAL);
	arg.known.size = sizeof(arg);
	arg.more[7] = 1;
	same(call(dev, LIVEUPDATE_IOCTL_CREATE_SESSION, &arg), -E2BIG);
	arg.more[7] = 0;
	same(call(dev, LIVEUPDATE_IOCTL_CREATE_SESSION, &arg), 0);
	session = arg.known.fd;
	must(fcntl(session, F_GETFD) & FD_CLOEXEC, "not close-on-exec");

	same(call(session, _IO(0xBA, 0x00), NULL), -EINVAL);
	same(call(session, _IO(0xBA, 0x3f), NULL), -EINVAL);
	same(call(session, _IO(0xBA, 0x44), NULL), -EINVAL);
	same(call(session, LIVEUPDATE_SESSION_RETRIEVE_FD, NULL), -EFAULT);
	/* Only a session of the other direction has these. */
	same(lu_session_get(session, 1), -EINVAL);
	same(lu_session_finish(session), -EINVAL);
	close(session);
}

static void reserved_fields(int dev)
{
	struct liveupdate_session_get_name arg = { .size = sizeof(arg),
						   .reserved = 1 };
	int session = lu_session_create(dev, "reserved");

	must(session >= 0, "create: %d", session);
	same(call(session, LIVEUPDATE_SESSION_GET_NAME, &arg), -EINVAL);
	arg.reserved = 0;
	same(call(session, LIVEUPDATE_SESSION_GET_NAME, &arg), 0);
	close(session);
}

static void names(int dev)
{
	struct liveupdate_ioctl_create_session arg = { .size = sizeof(arg) };
	char name[LU_NAME_SIZE], got[LU_NAME_SIZE];
	int session;

	memset(arg.name, 'n', sizeof(arg.name));
	same(call(dev, LIVEUPDATE_IOCTL_CREATE_SESSION, &arg), -EINVAL);
	same(lu_session_create(dev, ""), -EINVAL);
	same(lu_session_retrieve(dev, "nothing came in"), -ENOENT);

	memset(name, 'm', sizeof(name));
	name[LU_NAME_SIZE - 1] = 0;
	session = lu_session_create(dev, name);
	must(session >= 0, "create: %d", session);
	same(lu_session_create(dev, name), -EEXIST);
	same(lu_session_name(session, got), 0);
	must(!strcmp(name, got), "name \"%s\"", got);
	close(session);
}

/* What a link in /proc says of a session: its name, or as much as the kernel has room for. */
static void links(int dev)
{
	char name[LU_NAME_SIZE] = "", path[64], want[128], target[128];
	int session, len, least;

	for (len = 1; len < LU_NAME_SIZE; len++) {
		name[len - 1] = 'a' + len % 26;
		session = create(dev, name);
		snprintf(path, sizeof(path), "/proc/self/fd/%d", session);
		memset(target, 0, sizeof(target));
		must(readlink(path, target, sizeof(target) - 1) > 0,
		     "readlink with a name of %d", len);
		snprintf(want, sizeof(want), "anon_inode:[luo_session] %s",
			 name);
		least = strlen(want) < 63 ? strlen(want) : 63;
		must(!strncmp(target, want, strlen(target)), "\"%s\"", target);
		must((int)strlen(target) >= least, "\"%s\"", target);
		close(session);
	}
}

/* As upstream: the file is in the session, whether or not that can be told. */
static void told_in_vain(int dev)
{
	size_t page = sysconf(_SC_PAGESIZE);
	struct liveupdate_session_preserve_fd *arg =
		mmap(NULL, page, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int session = create(dev, "told in vain"), fd = memfd_text("told");

	must(arg != MAP_FAILED, "mmap");
	arg->size = sizeof(*arg);
	arg->fd = fd;
	arg->token = 1;
	must(!mprotect(arg, page, PROT_READ), "mprotect");
	same(call(session, LIVEUPDATE_SESSION_PRESERVE_FD, arg), -EFAULT);
	same(lu_session_preserve(session, 2, fd), -EBUSY);
	same(lu_session_preserve(session, 1, fd), -EEXIST);
	munmap(arg, page);
	close(session);
	close(fd);
}

/* What is not known may be as long as it likes, if it is zero. */
static void long_structs(int dev)
{
	static struct {
		struct liveupdate_ioctl_create_session known;
		char more[3 * 4096];
	} arg = { .known.size = sizeof(arg), .known.name = "long" };

	same(call(dev, LIVEUPDATE_IOCTL_CREATE_SESSION, &arg), 0);
	close(arg.known.fd);
	arg.more[sizeof(arg.more) - 1] = 1;
	same(call(dev, LIVEUPDATE_IOCTL_CREATE_SESSION, &arg), -E2BIG);
}

/* Where the result cannot be written, nothing has happened. */
static void bad_addresses(int dev)
{
	size_t page = sysconf(_SC_PAGESIZE);
	char *map = mmap(NULL, page, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct liveupdate_ioctl_create_session *arg = (void *)map;
	int session;

	must(map != MAP_FAILED, "mmap");
	arg->size = sizeof(*arg);
	strcpy((char *)arg->name, "read only");
	must(!mprotect(map, page, PROT_READ), "mprotect");
	same(call(dev, LIVEUPDATE_IOCTL_CREATE_SESSION, arg), -EFAULT);
	session = lu_session_create(dev, "read only");
	must(session >= 0, "the name was not given up: %d", session);
	close(session);
	munmap(map, page);
}

void test_ioctls(void)
{
	int dev;

	numbers();
	one_at_a_time();
	dev = lu_open();
	must(dev >= 0, "lu_open: %d", dev);
	order_of_checks(dev);
	reserved_fields(dev);
	long_structs(dev);
	names(dev);
	links(dev);
	bad_addresses(dev);
	told_in_vain(dev);
	close(dev);
}
