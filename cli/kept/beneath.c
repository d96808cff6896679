// SPDX-License-Identifier: GPL-2.0
/* Opening what is in a directory. */
#include "cli/kept/beneath.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <linux/openat2.h>

#include "cli/base/util.h"

int beneath_open(int dir, const char *path, int flags, mode_t mode)
{
	const struct open_how how = {
		.flags = (unsigned int)(flags | O_NOFOLLOW | O_CLOEXEC),
		.mode = mode,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS |
			   RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV,
	};
	long fd;

	/* RESOLVE_BENEATH gives up when something is renamed meanwhile. */
	do {
		fd = syscall(SYS_openat2, dir, path, &how, sizeof(how));
	} while (fd < 0 && errno == EAGAIN);
	return fd < 0 ? -errno : (int)fd;
}

int beneath_open_long(int dir, char *path, int flags)
{
	autoclose int at = -1;
	int fd;

	while (strlen(path) >= PATH_MAX) {
		char *cut = memrchr(path, '/', PATH_MAX - 1);

		if (!cut)
			return -ENAMETOOLONG;
		*cut = '\0';
		fd = beneath_open(at < 0 ? dir : at, path, O_PATH | O_DIRECTORY,
				  0);
		*cut = '/';
		if (fd < 0)
			return fd;
		close_descriptor(&at);
		at = fd;
		path = cut + 1;
	}
	return beneath_open(at < 0 ? dir : at, path, flags, 0);
}

void beneath_need_descriptors(unsigned int nr)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur >= nr)
		return;
	limit.rlim_cur = nr;
	if (limit.rlim_max < nr)
		limit.rlim_max = nr;
	setrlimit(RLIMIT_NOFILE, &limit);
}
