// SPDX-License-Identifier: GPL-2.0
#include "liveupdate.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>

#include <linux/liveupdate.h>

_Static_assert(LU_NAME_SIZE == LIVEUPDATE_SESSION_NAME_LENGTH,
	       "the same names");

static int run(int fd, unsigned long cmd, void *arg)
{
	int ret;

	do {
		ret = ioctl(fd, cmd, arg);
	} while (ret < 0 && errno == EINTR);
	return ret < 0 ? -errno : 0;
}

int lu_open_at(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int lu_open(void)
{
	return lu_open_at("/dev/liveupdate");
}

int lu_session_create(int device, const char *name)
{
	struct liveupdate_ioctl_create_session arg = { .size = sizeof(arg) };
	size_t len = strlen(name);
	int ret;

	if (len >= sizeof(arg.name))
		return -EINVAL;
	memcpy(arg.name, name, len);
	ret = run(device, LIVEUPDATE_IOCTL_CREATE_SESSION, &arg);
	return ret ? ret : arg.fd;
}

int lu_session_retrieve(int device, const char *name)
{
	struct liveupdate_ioctl_retrieve_session arg = { .size = sizeof(arg) };
	size_t len = strlen(name);
	int ret;

	if (len >= sizeof(arg.name))
		return -ENOENT;
	memcpy(arg.name, name, len);
	ret = run(device, LIVEUPDATE_IOCTL_RETRIEVE_SESSION, &arg);
	return ret ? ret : arg.fd;
}

int lu_session_preserve(int session, uint64_t token, int fd)
{
	struct liveupdate_session_preserve_fd arg = { .size = sizeof(arg),
						      .fd = fd,
						      .token = token };

	return run(session, LIVEUPDATE_SESSION_PRESERVE_FD, &arg);
}

int lu_session_get(int session, uint64_t token)
{
	struct liveupdate_session_retrieve_fd arg = { .size = sizeof(arg),
						      .token = token };
	int ret = run(session, LIVEUPDATE_SESSION_RETRIEVE_FD, &arg);

	return ret ? ret : arg.fd;
}

int lu_session_finish(int session)
{
	struct liveupdate_session_finish arg = { .size = sizeof(arg) };

	return run(session, LIVEUPDATE_SESSION_FINISH, &arg);
}

int lu_session_name(int session, char name[LU_NAME_SIZE])
{
	struct liveupdate_session_get_name arg = { .size = sizeof(arg) };
	int ret = run(session, LIVEUPDATE_SESSION_GET_NAME, &arg);

	if (!ret)
		memcpy(name, arg.name, LU_NAME_SIZE);
	return ret;
}
