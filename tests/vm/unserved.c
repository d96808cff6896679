// SPDX-License-Identifier: GPL-2.0
/*
 * Calls of the kernel that get to memory which nobody serves, and stand still there, for the
 * scenarios of tests/vm:
 *
 *   unserved read FILE   reads a file into it, and never returns
 *   unserved write FILE  writes from it into a file, and never returns
 *   unserved list DIR    the same with the entries of a directory, which is locked meanwhile
 *   unserved load        kexec_load(2) of an image whose only page is there; never returns
 *   unserved commit      IMAGE_COMMIT with a memory map there; meanwhile the image is given back
 *                        through the same open file. Fails unless that is refused as it should be
 *
 * Somebody is there when /proc/PID/wchan says handle_userfault.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <linux/kexec.h>
#include <linux/kho.h>

#include "unserved_page.h"

enum { PAGE = 4096 };

/* Free in every machine of the scenarios; nothing is ever written there. */
#define IMAGE_PHYS 0x10000000UL

static int uffd;

static void must(int holds, const char *what)
{
	if (holds)
		return;
	perror(what);
	exit(1);
}

static void *unserved_page(void)
{
	void *page = unserved_page_make(&uffd, PAGE);

	must(!!page, "unserved page");
	return page;
}

/* Serves it after all, with zeros. */
static void serve(void *page)
{
	struct uffdio_zeropage zero = {
		.range = { .start = (uintptr_t)page, .len = PAGE },
	};

	must(!ioctl(uffd, UFFDIO_ZEROPAGE, &zero), "UFFDIO_ZEROPAGE");
}

static int read_file(const char *path)
{
	int fd = open(path, O_RDONLY);

	must(fd >= 0, path);
	return read(fd, unserved_page(), PAGE) < 0;
}

static int write_file(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT, 0644);

	must(fd >= 0, path);
	return write(fd, unserved_page(), PAGE) < 0;
}

static int list_directory(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY);

	must(fd >= 0, path);
	return syscall(SYS_getdents64, fd, unserved_page(), PAGE) < 0;
}

static int load(void)
{
	struct kexec_segment segment = {
		.buf = unserved_page(),
		.bufsz = PAGE,
		.mem = (void *)IMAGE_PHYS,
		.memsz = PAGE,
	};

	must(!syscall(SYS_kexec_load, IMAGE_PHYS, 1UL, &segment,
		      KEXEC_ARCH_DEFAULT),
	     "kexec_load");
	return 0;
}

static int dev;
static struct kho_image_area area = { .bytes = PAGE };
static pid_t committer;

/* Return: 0, or the error. */
static int prepare(unsigned int nr_areas)
{
	struct kho_ioctl_image_prepare p = {
		.size = sizeof(p),
		.nr_areas = nr_areas,
		.areas = (uintptr_t)&area,
	};

	return ioctl(dev, KHO_IOCTL_IMAGE_PREPARE, &p) ? errno : 0;
}

/* Return: the error, as a pointer. */
static void *commit(void *map)
{
	struct kho_ioctl_image_commit c = {
		.size = sizeof(c),
		.nr_memmap = 1,
		.entry = area.phys,
		.memmap = (uintptr_t)map,
	};

	__atomic_store_n(&committer, syscall(SYS_gettid), __ATOMIC_SEQ_CST);
	return (void *)(intptr_t)(ioctl(dev, KHO_IOCTL_IMAGE_COMMIT, &c) ?
					  errno :
					  0);
}

static void wait_until_unserved(void)
{
	char path[64], at[64] = "";
	FILE *f;

	while (!__atomic_load_n(&committer, __ATOMIC_SEQ_CST))
		usleep(1000);
	snprintf(path, sizeof(path), "/proc/self/task/%d/wchan", committer);
	while (!strstr(at, "handle_userfault")) {
		usleep(1000);
		f = fopen(path, "r");
		must(!!f, path);
		if (!fgets(at, sizeof(at), f))
			at[0] = 0;
		fclose(f);
	}
}

static int commit_late(void)
{
	void *map = unserved_page(), *err;
	pthread_t thread;

	dev = open("/dev/kho", O_RDWR);
	must(dev >= 0, "/dev/kho");
	must(!prepare(1), "IMAGE_PREPARE");
	must(!pthread_create(&thread, NULL, commit, map), "pthread_create");
	wait_until_unserved();
	must(!prepare(0), "IMAGE_PREPARE of nothing");
	serve(map);
	must(!pthread_join(thread, &err), "pthread_join");
	if ((intptr_t)err == EINVAL)
		return 0;
	fprintf(stderr, "IMAGE_COMMIT of nothing: %s\n",
		strerror((intptr_t)err));
	return 1;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (argc == 3 && !strcmp(what, "read"))
		return read_file(argv[2]);
	if (argc == 3 && !strcmp(what, "write"))
		return write_file(argv[2]);
	if (argc == 3 && !strcmp(what, "list"))
		return list_directory(argv[2]);
	if (argc == 2 && !strcmp(what, "load"))
		return load();
	if (argc == 2 && !strcmp(what, "commit"))
		return commit_late();
	fprintf(stderr,
		"usage: unserved read FILE | write FILE | list DIR | load | commit\n");
	return 2;
}
