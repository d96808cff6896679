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

static int open_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static int open_kernel(const struct image *im)
{
	return im->kernel_is_part ? file_of("kernel", &im->kernel_file) :
				    open_file(im->opt.kernel);
}

static int open_initrd(const struct image *im)
{
	return im->opt.initrd ? open_file(im->opt.initrd) :
				file_of("initrd", &im->initrd_file);
}

int image_load_files(struct image *im)
{
	autoclose int kernel = open_kernel(im);
	autoclose int initrd = -1;

	if (kernel < 0)
		return kernel;
	if (im->initrd_file.bytes) {
		initrd = open_initrd(im);
		if (initrd < 0)
			return initrd;
	}
	return kexecload_file(kernel, initrd, im->cmdline);
}
