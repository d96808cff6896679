// SPDX-License-Identifier: GPL-2.0
/* A file that is looked at first and loaded later. */
#include "cli/image/source.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

int source_open(struct source *s, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), err = 0;
	struct stat st;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st))
		err = -errno;
	else if (S_ISDIR(st.st_mode))
		err = -EISDIR;
	if (err) {
		close(fd);
		return err;
	}
	*s = (struct source){
		.open = true,
		.again = S_ISREG(st.st_mode),
		.fd = fd,
		.bytes = st.st_size,
		.written = st.st_mtim,
	};
	return 0;
}

void source_close(struct source *s)
{
	if (s->open)
		close(s->fd);
	*s = (struct source){ 0 };
}

int source_read(const struct source *s, size_t limit, struct blob *out)
{
	*out = (struct blob){ 0 };
	if (s->again && lseek(s->fd, 0, SEEK_SET) < 0)
		return -errno;
	return read_descriptor(s->fd, limit, out);
}

int source_map(const struct source *s, size_t limit, struct blob *out)
{
	void *data;

	if (!s->again || !s->bytes)
		return source_read(s, limit, out);
	*out = (struct blob){ 0 };
	if ((u64)s->bytes > limit)
		return -EFBIG;
	data = mmap(NULL, (size_t)s->bytes, PROT_READ, MAP_PRIVATE, s->fd, 0);
	if (data == MAP_FAILED)
		return -errno;
	*out = (struct blob){ .data = data,
			      .bytes = (size_t)s->bytes,
			      .mapped = true };
	return 0;
}

bool source_changed(const struct source *s)
{
	struct stat st;

	if (!s->open || !s->again)
		return false;
	return fstat(s->fd, &st) || st.st_size != s->bytes ||
	       st.st_mtim.tv_sec != s->written.tv_sec ||
	       st.st_mtim.tv_nsec != s->written.tv_nsec;
}
