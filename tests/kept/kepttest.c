// SPDX-License-Identifier: GPL-2.0
/*
 * The ioctls of /dev/kho-kept that have to do with directories, one by one, and trees to try them
 * with, for the scenarios of tests/vm:
 *
 *   kepttest keep NAME DIR      KEEP
 *   kepttest forget NAME        FORGET
 *   kepttest list               LIST: a line a tree: state name path bytes inodes
 *   kepttest estimate NAME      ESTIMATE: inodes pages swapped folios meta-bytes extent-bytes
 *   kepttest poison FILE PAGE   the memory of this page of a file goes bad
 *   kepttest address FILE PAGE  where this page of a file lies
 *   kepttest bounds             arguments that are refused, each with its error
 *
 * An ioctl that fails ends with the name of its error on stderr, and with 1.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <linux/kho_kept.h>

/* Ends the program, with the name of errno, unless it holds. */
__attribute__((format(printf, 2, 3))) static void must(bool holds,
						       const char *format, ...)
{
	int err = errno;
	va_list ap;

	if (holds)
		return;
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fprintf(stderr, ": %s\n", strerrorname_np(err));
	exit(1);
}

static int device(void)
{
	int fd = open("/dev/kho-kept", O_RDWR | O_CLOEXEC);

	must(fd >= 0, "/dev/kho-kept");
	return fd;
}

static void set_name(char *to, const char *name)
{
	must(strlen(name) < KHO_KEPT_NAME_SIZE, "name");
	strcpy(to, name);
}

static void keep(const char *name, const char *path)
{
	struct kho_kept_ioctl_keep arg = {
		.size = sizeof(arg),
		.dir_fd = open(path, O_PATH | O_CLOEXEC),
	};

	must(arg.dir_fd >= 0, "%s", path);
	set_name(arg.name, name);
	must(!ioctl(device(), KHO_KEPT_IOCTL_KEEP, &arg), "%s", path);
}

static void forget(const char *name)
{
	struct kho_kept_ioctl_forget arg = { .size = sizeof(arg) };

	set_name(arg.name, name);
	must(!ioctl(device(), KHO_KEPT_IOCTL_FORGET, &arg), "%s", name);
}

static void list(void)
{
	static struct kho_kept_ioctl_list arg;
	__u32 index;
	int fd = device();

	for (index = 0;; index++) {
		arg = (struct kho_kept_ioctl_list){
			.size = sizeof(arg),
			.index = index,
		};
		if (ioctl(fd, KHO_KEPT_IOCTL_LIST, &arg))
			break;
		printf("%u %s %s %llu %llu\n", arg.state, arg.name, arg.path,
		       (unsigned long long)arg.bytes,
		       (unsigned long long)arg.nr_records);
	}
	must(errno == ENOENT, "list");
}

static void estimate(const char *name)
{
	struct kho_kept_ioctl_estimate arg = { .size = sizeof(arg) };

	set_name(arg.name, name);
	must(!ioctl(device(), KHO_KEPT_IOCTL_ESTIMATE, &arg), "%s", name);
	printf("%llu %llu %llu %llu %llu %llu\n",
	       (unsigned long long)arg.nr_inodes,
	       (unsigned long long)arg.nr_pages,
	       (unsigned long long)arg.nr_swapped,
	       (unsigned long long)arg.nr_folios,
	       (unsigned long long)arg.meta_bytes,
	       (unsigned long long)arg.extent_bytes);
}

static void poison(const char *path, long page)
{
	const long size = 4096;
	int fd = open(path, O_RDWR | O_CLOEXEC);
	char *at;

	must(fd >= 0, "%s", path);
	at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		  page * size);
	must(at != MAP_FAILED, "mmap");
	*(volatile char *)at = *(volatile char *)at;
	must(!madvise(at, size, MADV_HWPOISON), "madvise");
}

static void print_address(const char *path, long page)
{
	const long size = 4096;
	int fd = open(path, O_RDONLY | O_CLOEXEC), map;
	volatile char *at;
	uint64_t entry;

	must(fd >= 0, "%s", path);
	at = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, page * size);
	must(at != MAP_FAILED, "mmap");
	(void)*at;
	map = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	must(map >= 0, "pagemap");
	must(pread(map, &entry, sizeof(entry),
		   (uintptr_t)at / size * sizeof(entry)) == sizeof(entry),
	     "pagemap");
	must(entry >> 63, "the page is not there");
	printf("%#llx\n",
	       (unsigned long long)(entry & ((1ULL << 55) - 1)) * size);
}

/* ------------------------------------------------------------------------------------- bounds */

/* Room for any argument, and for what the kernel does not know. */
static char room[3 * 4096];

static void want_error(const char *what, unsigned long cmd, int want)
{
	int ret = ioctl(device(), cmd, room), err = ret ? errno : 0;

	if (err == want)
		return;
	fprintf(stderr, "%s: %s, and not %s\n", what, strerrorname_np(err),
		strerrorname_np(want));
	exit(1);
}

static struct kho_kept_ioctl_keep *keep_arg(void)
{
	struct kho_kept_ioctl_keep *arg = (void *)room;

	memset(room, 0, sizeof(room));
	arg->size = sizeof(*arg);
	arg->dir_fd = open("/", O_PATH);
	strcpy(arg->name, "bounds");
	return arg;
}

static struct kho_kept_ioctl_hold *hold_arg(void)
{
	struct kho_kept_ioctl_hold *arg = (void *)room;

	memset(room, 0, sizeof(room));
	arg->size = sizeof(*arg);
	return arg;
}

static void bounds(void)
{
	const unsigned long keep_cmd = KHO_KEPT_IOCTL_KEEP;
	struct kho_kept_ioctl_hold *hold;

	keep_arg()->size--;
	want_error("too small", keep_cmd, EINVAL);
	keep_arg()->size = sizeof(room);
	want_error("too large", keep_cmd, E2BIG);
	keep_arg()->size += 8;
	room[sizeof(struct kho_kept_ioctl_keep)] = 1;
	want_error("not known", keep_cmd, E2BIG);
	keep_arg()->flags = 1;
	want_error("flag", keep_cmd, EINVAL);
	keep_arg()->reserved = 1;
	want_error("reserved", keep_cmd, EINVAL);
	keep_arg()->name[0] = 0;
	want_error("no name", keep_cmd, EINVAL);
	memset(keep_arg()->name, 'n', KHO_KEPT_NAME_SIZE);
	want_error("name without an end", keep_cmd, EINVAL);
	keep_arg()->dir_fd = -1;
	want_error("no file", keep_cmd, EBADF);
	keep_arg()->dir_fd = open("/proc/version", O_RDONLY);
	want_error("no directory", keep_cmd, ENOTDIR);
	keep_arg();
	want_error("root", keep_cmd, EXDEV);
	keep_arg()->dir_fd = open("/proc", O_RDONLY);
	want_error("proc", keep_cmd, EXDEV);
	keep_arg()->dir_fd = open("/dev", O_RDONLY);
	want_error("devtmpfs", keep_cmd, EXDEV);
	hold_arg()->flags = 2;
	want_error("unknown flag of hold", KHO_KEPT_IOCTL_HOLD, EINVAL);
	hold = hold_arg();
	hold->flags = KHO_KEPT_HOLD_LET_GO;
	hold->least_bytes = 1;
	want_error("size to let go of", KHO_KEPT_IOCTL_HOLD, EINVAL);
	keep_arg();
	want_error("unknown command", _IO(KHO_KEPT_IOCTL_TYPE, 0x7f), ENOTTY);
	must(ioctl(device(), keep_cmd, (void *)8) && errno == EFAULT,
	     "bad pointer");
}

int main(int argc, char **argv)
{
	const char *command = argc > 1 ? argv[1] : "";

	if (argc == 4 && !strcmp(command, "keep"))
		keep(argv[2], argv[3]);
	else if (argc == 3 && !strcmp(command, "forget"))
		forget(argv[2]);
	else if (argc == 2 && !strcmp(command, "list"))
		list();
	else if (argc == 3 && !strcmp(command, "estimate"))
		estimate(argv[2]);
	else if (argc == 4 && !strcmp(command, "poison"))
		poison(argv[2], atol(argv[3]));
	else if (argc == 4 && !strcmp(command, "address"))
		print_address(argv[2], atol(argv[3]));
	else if (argc == 2 && !strcmp(command, "bounds"))
		bounds();
	else
		must(false, "usage");
	return 0;
}
