// SPDX-License-Identifier: GPL-2.0
/* Files that are written as a whole or not at all. */
#include "cli/base/savefile.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

static int fill(int fd, mode_t mode, const void *data, size_t bytes)
{
	int err = write_all(fd, data, bytes);

	if (!err && (fchmod(fd, mode) || fsync(fd)))
		err = -errno;
	return err;
}

int save_file(const char *path, mode_t mode, const void *data, size_t bytes)
{
	autofree char *temp = format("%s.kho-XXXXXX", path);
	struct stat st;
	int fd, err;

	/* Renaming over a device or a directory is never what is meant. */
	if (!stat(path, &st) && !S_ISREG(st.st_mode))
		return -EINVAL;
	fd = mkostemp(temp, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	err = fill(fd, mode, data, bytes);
	if (close(fd) && !err)
		err = -errno;
	if (!err && rename(temp, path))
		err = -errno;
	if (err)
		unlink(temp);
	return err;
}
