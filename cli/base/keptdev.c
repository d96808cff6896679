// SPDX-License-Identifier: GPL-2.0
/* /dev/kho-kept: one function for each ioctl, and lists of trees. */
#include "cli/base/keptdev.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include "cli/base/device.h"

/* A tree that comes or goes moves the others: then the list is read again, but not for ever. */
#define LIST_TRIES 16

/* Only FILL, ESTIMATE and HOLD end with EINTR, and only when the program is about to end. */
static int call(int fd, unsigned long request, void *arg)
{
	return ioctl(fd, request, arg) < 0 ? -errno : 0;
}

static const struct device kept_device = { KEPTDEV_PATH, "kho-kept",
					   "/sys/module/kho_kept" };

int keptdev_open(void)
{
	return device_open(&kept_device);
}

int keptdev_open_or_say(void)
{
	return device_open_or_say(&kept_device);
}

static int take_name(char to[KHO_KEPT_NAME_SIZE], const char *name)
{
	size_t bytes = strlen(name);

	if (!bytes)
		return -EINVAL;
	if (bytes >= KHO_KEPT_NAME_SIZE)
		return -ENAMETOOLONG;
	memcpy(to, name, bytes);
	return 0;
}

int keptdev_keep(int fd, int dir_fd, const char *name)
{
	struct kho_kept_ioctl_keep arg = { .size = sizeof(arg),
					   .dir_fd = dir_fd };
	int err = take_name(arg.name, name);

	return err ? err : call(fd, KHO_KEPT_IOCTL_KEEP, &arg);
}

int keptdev_forget(int fd, const char *name)
{
	struct kho_kept_ioctl_forget arg = { .size = sizeof(arg) };
	int err = take_name(arg.name, name);

	return err ? err : call(fd, KHO_KEPT_IOCTL_FORGET, &arg);
}

int keptdev_drop(int fd, const char *name)
{
	struct kho_kept_ioctl_drop arg = { .size = sizeof(arg) };
	int err = take_name(arg.name, name);

	return err ? err : call(fd, KHO_KEPT_IOCTL_DROP, &arg);
}

int keptdev_estimate(int fd, const char *name,
		     struct kho_kept_ioctl_estimate *out)
{
	int err;

	*out = (struct kho_kept_ioctl_estimate){ .size = sizeof(*out) };
	err = take_name(out->name, name);
	return err ? err : call(fd, KHO_KEPT_IOCTL_ESTIMATE, out);
}

int keptdev_hold(int fd, u64 least_bytes, struct kho_kept_ioctl_hold *out)
{
	*out = (struct kho_kept_ioctl_hold){ .size = sizeof(*out),
					     .least_bytes = least_bytes };
	return call(fd, KHO_KEPT_IOCTL_HOLD, out);
}

int keptdev_let_go(int fd)
{
	struct kho_kept_ioctl_hold arg = { .size = sizeof(arg),
					   .flags = KHO_KEPT_HOLD_LET_GO };

	return call(fd, KHO_KEPT_IOCTL_HOLD, &arg);
}

int keptdev_open_tree(int fd, const char *name, struct kho_kept_ioctl_open *out)
{
	int err;

	*out = (struct kho_kept_ioctl_open){ .size = sizeof(*out), .fd = -1 };
	err = take_name(out->name, name);
	if (!err)
		err = call(fd, KHO_KEPT_IOCTL_OPEN, out);
	return err ? err : out->fd;
}

int keptdev_begin(int tree, int dir_fd, u64 last_inode, bool *resumed)
{
	struct kho_kept_ioctl_begin arg = { .size = sizeof(arg),
					    .dir_fd = dir_fd,
					    .last_inode = last_inode };
	int err = call(tree, KHO_KEPT_IOCTL_BEGIN, &arg);

	*resumed = !err && arg.resumed;
	return err;
}

int keptdev_fill(int tree, u64 file, int fd)
{
	struct kho_kept_ioctl_fill arg = { .size = sizeof(arg),
					   .fd = fd,
					   .file = file };

	return call(tree, KHO_KEPT_IOCTL_FILL, &arg);
}

int keptdev_stamp(int tree, struct kho_kept_ioctl_stamp *arg)
{
	arg->size = sizeof(*arg);
	return call(tree, KHO_KEPT_IOCTL_STAMP, arg);
}

int keptdev_peek(int tree, struct kho_kept_ioctl_peek *arg)
{
	arg->size = sizeof(*arg);
	return call(tree, KHO_KEPT_IOCTL_PEEK, arg);
}

int keptdev_done(int tree, u32 flags)
{
	struct kho_kept_ioctl_done arg = { .size = sizeof(arg),
					   .flags = flags };

	return call(tree, KHO_KEPT_IOCTL_DONE, &arg);
}

/* --------------------------------------------------------------------------------- lists */

/* A string of the kernel ends where its room does, whatever it did. */
static char *string_of(char *from, size_t room)
{
	from[room - 1] = '\0';
	return format("%s", from);
}

static void add(struct kept_list *trees, struct kho_kept_ioctl_list *arg)
{
	struct kept_info *info;

	trees->list = need(
		realloc(trees->list, (trees->nr + 1) * sizeof(*trees->list)));
	info = &trees->list[trees->nr++];
	*info = (struct kept_info){
		.incoming = arg->flags & KHO_KEPT_LIST_INCOMING,
		.state = arg->state,
		.dev_major = arg->dev_major,
		.dev_minor = arg->dev_minor,
		.nr_records = arg->nr_records,
		.nr_files = arg->nr_files,
		.nr_filled = arg->nr_filled,
		.bytes = arg->bytes,
		.kept_ns = arg->kept_ns,
		.name = string_of(arg->name, sizeof(arg->name)),
		.why = string_of(arg->why, sizeof(arg->why)),
		.path = string_of(arg->path, sizeof(arg->path)),
	};
}

static int read_direction(int fd, u32 flags, struct kept_list *trees)
{
	autofree struct kho_kept_ioctl_list *arg = need(malloc(sizeof(*arg)));
	u32 index;
	int err;

	for (index = 0;; index++) {
		memset(arg, 0, sizeof(*arg));
		arg->size = sizeof(*arg);
		arg->flags = flags;
		arg->index = index;
		err = call(fd, KHO_KEPT_IOCTL_LIST, arg);
		if (err)
			return err == -ENOENT ? 0 : err;
		arg->flags = flags;
		add(trees, arg);
	}
}

static int by_name(const void *a, const void *b)
{
	const struct kept_info *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	return order ? order : (int)y->incoming - (int)x->incoming;
}

/* One that came while the list was read, and moved others, is twice in it. */
static bool twice(const struct kept_list *trees)
{
	size_t i;

	for (i = 1; i < trees->nr; i++)
		if (!by_name(&trees->list[i - 1], &trees->list[i]))
			return true;
	return false;
}

int keptdev_list(int fd, struct kept_list *out)
{
	int i, err;

	for (i = 0; i < LIST_TRIES; i++) {
		*out = (struct kept_list){ 0 };
		err = read_direction(fd, KHO_KEPT_LIST_INCOMING, out);
		if (!err)
			err = read_direction(fd, 0, out);
		if (!err && out->nr)
			qsort(out->list, out->nr, sizeof(*out->list), by_name);
		if (!err && !twice(out))
			return 0;
		kept_list_free(out);
		if (err)
			return err;
	}
	return -EBUSY;
}

int kept_list_read(struct kept_list *out)
{
	autoclose int fd = keptdev_open();

	*out = (struct kept_list){ 0 };
	if (fd >= 0)
		return keptdev_list(fd, out);
	return device_absent(fd) ? 0 : fd;
}

void kept_list_free(struct kept_list *trees)
{
	size_t i;

	for (i = 0; i < trees->nr; i++) {
		free(trees->list[i].name);
		free(trees->list[i].why);
		free(trees->list[i].path);
	}
	free(trees->list);
	*trees = (struct kept_list){ 0 };
}

const struct kept_info *kept_list_find(const struct kept_list *trees,
				       const char *name, bool incoming)
{
	size_t i;

	for (i = 0; i < trees->nr; i++)
		if (trees->list[i].incoming == incoming &&
		    !strcmp(trees->list[i].name, name))
			return &trees->list[i];
	return NULL;
}

char *kept_path_of(const char *name)
{
	return strchr(name, '/') ? realpath(name, NULL) : NULL;
}

u64 kept_nr_files(const struct kept_info *t)
{
	return t->incoming ? t->nr_files : t->nr_records;
}

const char *kept_state_name(u32 state)
{
	static const char *const name[] = {
		[KHO_KEPT_STATE_KEPT] = "kept",
		[KHO_KEPT_STATE_WAITING] = "waiting",
		[KHO_KEPT_STATE_BEGUN] = "begun",
		[KHO_KEPT_STATE_REFUSED] = "refused",
		[KHO_KEPT_STATE_LOST] = "lost",
	};

	return state < ARRAY_LEN(name) && name[state] ? name[state] : "unknown";
}
