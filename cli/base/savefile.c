// SPDX-License-Identifier: GPL-2.0
/* Files that are written as a whole or not at all. */
#include "cli/base/savefile.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

int save_begin(struct save *s, const char *path)
{
	struct stat st;
	int err;

	/* Renaming over a device or a directory is never what is meant. */
	if (!stat(path, &st) && !S_ISREG(st.st_mode))
		return -EINVAL;
	*s = (struct save){ .path = path,
			    .temp = format("%s.kho-XXXXXX", path) };
	s->fd = mkostemp(s->temp, O_CLOEXEC);
	if (s->fd >= 0)
		return 0;
	err = -errno;
	free(s->temp);
	return err;
}

int save_end(struct save *s, int err)
{
	if (!err && fsync(s->fd))
		err = -errno;
	if (close(s->fd) && !err)
		err = -errno;
	if (!err && rename(s->temp, s->path))
		err = -errno;
	if (err)
		unlink(s->temp);
	free(s->temp);
	return err;
}

int save_file(const char *path, mode_t mode, const void *data, size_t bytes)
{
	struct save s;
	int err = save_begin(&s, path);

	if (err)
		return err;
	err = write_all(s.fd, data, bytes);
	if (!err && fchmod(s.fd, mode))
		err = -errno;
	return save_end(&s, err);
}
