// SPDX-License-Identifier: GPL-2.0
/*
 * A handover image that kexec_file_load(2) makes: the kernel is given files, and the module gives
 * their parts places while it makes the image.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>

#include "cli/image/image.h"

/* What is no file of its own becomes one. Return: descriptor or negative errno. */
static int file_of(const char *name, const struct blob *contents)
{
	int fd = memfd_create(name, MFD_CLOEXEC), err;

	if (fd < 0)
		return -errno;
	err = write_all(fd, contents->data, contents->bytes);
	if (!err)
		return fd;
	close(fd);
	return err;
}

/* The file that was looked at, unless @contents are only a part of it, or all that it had. */
static int part_of(const struct source *file, bool is_all, const char *name,
		   const struct blob *contents)
{
	int fd;

	if (!file->again || !is_all)
		return file_of(name, contents);
	fd = fcntl(file->fd, F_DUPFD_CLOEXEC, 0);
	return fd < 0 ? -errno : fd;
}

int image_load_files(struct image *im)
{
	autoclose int kernel = part_of(&im->kernel_source, !im->kernel_is_part,
				       "kernel", &im->kernel_file);
	autoclose int initrd = -1;

	if (kernel < 0)
		return kernel;
	if (im->initrd_file.bytes) {
		initrd = part_of(&im->initrd_source, true, "initrd",
				 &im->initrd_file);
		if (initrd < 0)
			return initrd;
	}
	return kexecload_file(kernel, initrd, im->cmdline);
}
