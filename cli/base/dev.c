// SPDX-License-Identifier: GPL-2.0
/* /dev/kho: one function for each ioctl. */
#include "cli/base/dev.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>

#include "cli/base/device.h"

/* A list that changes while it is read is asked for again, but not for ever. */
#define LIST_TRIES 16

static int call(int fd, unsigned long request, void *arg)
{
	int n;

	do {
		n = ioctl(fd, request, arg);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

static const struct device kho = { DEV_PATH, "kho", "/sys/module/kho" };

int dev_open(void)
{
	return device_open(&kho);
}

bool dev_absent(int err)
{
	return device_absent(err);
}

const char *dev_explain_open(int err)
{
	return device_explain_open(&kho, err);
}

int dev_open_or_say(void)
{
	return device_open_or_say(&kho);
}

int dev_status(int fd, struct kho_ioctl_status *st)
{
	int err;

	*st = (struct kho_ioctl_status){ .size = sizeof(*st) };
	err = call(fd, KHO_IOCTL_STATUS, st);
	/* Strings of the kernel end here whatever it did. */
	st->in_release[sizeof(st->in_release) - 1] = '\0';
	st->in_module_version[sizeof(st->in_module_version) - 1] = '\0';
	st->in_reason[sizeof(st->in_reason) - 1] = '\0';
	st->out_reason[sizeof(st->out_reason) - 1] = '\0';
	st->image_program[sizeof(st->image_program) - 1] = '\0';
	st->image_why_not[sizeof(st->image_why_not) - 1] = '\0';
	st->refused_why[sizeof(st->refused_why) - 1] = '\0';
	return err;
}

/* All lists are asked for alike: their structs differ in names only. */
_Static_assert(sizeof(struct kho_ioctl_parcel_list) ==
		       sizeof(struct kho_ioctl_ranges),
	       "same layout");
_Static_assert(sizeof(struct kho_ioctl_region_list) ==
		       sizeof(struct kho_ioctl_ranges),
	       "same layout");

static int take_list(int fd, unsigned long request, size_t element_bytes,
		     void **out, u32 *nr)
{
	u32 room = 256;
	int i, err = -EBUSY;

	for (i = 0; i < LIST_TRIES; i++) {
		void *list = need(calloc(room, element_bytes));
		struct kho_ioctl_ranges arg = { .size = sizeof(arg),
						.nr = room,
						.ranges = (uintptr_t)list };

		err = call(fd, request, &arg);
		if (!err && arg.nr <= room) {
			*out = list;
			*nr = arg.nr;
			return 0;
		}
		free(list);
		if (err != -ENOSPC)
			return err ? err : -EPROTO;
		room = arg.nr > room ? arg.nr + 16 : 2 * room;
	}
	return err;
}

int dev_ranges(int fd, struct kho_range_info **out, u32 *nr)
{
	void *list = NULL;
	int err = take_list(fd, KHO_IOCTL_RANGES, sizeof(**out), &list, nr);

	*out = list;
	return err;
}

int dev_image_prepare(int fd, struct kho_image_area *areas, u32 nr,
		      const struct kho_memmap_range *map, u32 nr_map,
		      u64 *setup_data)
{
	struct kho_ioctl_image_prepare arg = { .size = sizeof(arg),
					       .nr_areas = nr,
					       .areas = (uintptr_t)areas,
					       .nr_memmap = nr_map,
					       .memmap = (uintptr_t)map };
	int err = call(fd, KHO_IOCTL_IMAGE_PREPARE, &arg);

	/* A module that is older than this program learns of the map at the commit. */
	if (err == -E2BIG) {
		arg.size = KHO_PREPARE_SIZE_1;
		err = call(fd, KHO_IOCTL_IMAGE_PREPARE, &arg);
	}

	*setup_data = arg.setup_data;
	return err;
}

int dev_image_discard(int fd)
{
	struct kho_ioctl_image_prepare arg = { .size = sizeof(arg) };

	return call(fd, KHO_IOCTL_IMAGE_PREPARE, &arg);
}

void dev_settle(int fd)
{
	struct kho_image_area page = { .bytes = PAGE_BYTES };
	u64 setup_data;

	if (!dev_image_prepare(fd, &page, 1, NULL, 0, &setup_data))
		dev_image_discard(fd);
}

int dev_image_fill(int fd, u32 area, u64 offset, const void *data, u64 bytes)
{
	struct kho_ioctl_image_fill arg = {
		.size = sizeof(arg),
		.area = area,
		.offset = offset,
		.bytes = bytes,
		.data = (uintptr_t)data,
	};

	return call(fd, KHO_IOCTL_IMAGE_FILL, &arg);
}

int dev_image_commit(int fd, u64 entry, const struct kho_memmap_range *map,
		     u32 nr)
{
	struct kho_ioctl_image_commit arg = {
		.size = sizeof(arg),
		.nr_memmap = nr,
		.entry = entry,
		.memmap = (uintptr_t)map,
	};

	return call(fd, KHO_IOCTL_IMAGE_COMMIT, &arg);
}

static int call_simple(int fd, unsigned long request)
{
	struct kho_ioctl_simple arg = { .size = sizeof(arg) };

	return call(fd, request, &arg);
}

int dev_image_release(int fd)
{
	return call_simple(fd, KHO_IOCTL_IMAGE_RELEASE);
}

int dev_in_drop(int fd, bool force)
{
	struct kho_ioctl_simple arg = { .size = sizeof(arg),
					.flags = force ? KHO_DROP_FORCE : 0 };

	return call(fd, KHO_IOCTL_IN_DROP, &arg);
}

/* A module that is older than modes knows none, and refuses one. */
#define PARCEL_SIZE_WITHOUT_MODE offsetof(struct kho_ioctl_parcel, mode)

static int call_parcel(int fd, unsigned long request, const char *name,
		       struct kho_ioctl_parcel *arg)
{
	size_t len = strlen(name);
	int err;

	if (!len || len >= sizeof(arg->name))
		return -EINVAL;
	arg->size = sizeof(*arg);
	arg->fd = -1;
	memcpy(arg->name, name, len + 1);
	err = call(fd, request, arg);
	if (err == -E2BIG) {
		arg->size = PARCEL_SIZE_WITHOUT_MODE;
		err = call(fd, request, arg);
	}
	return err;
}

int dev_parcel_create(int fd, const char *name, bool replace, u64 bytes,
		      u32 mode, u64 *missing)
{
	struct kho_ioctl_parcel arg = {
		.flags = replace ? KHO_PARCEL_REPLACE : 0,
		.bytes = bytes,
		.mode = mode,
	};
	int err = call_parcel(fd, KHO_IOCTL_PARCEL_CREATE, name, &arg);

	*missing = arg.missing;
	return err ? err : arg.fd;
}

int dev_parcel_commit(int parcel_fd)
{
	return call_simple(parcel_fd, KHO_PARCEL_COMMIT);
}

int dev_parcel_open(int fd, const char *name, u64 *bytes, u32 *mode, char *why)
{
	struct kho_ioctl_parcel arg = { 0 };
	int err = call_parcel(fd, KHO_IOCTL_PARCEL_OPEN, name, &arg);

	*bytes = arg.bytes;
	*mode = arg.mode;
	memcpy(why, arg.why, sizeof(arg.why));
	why[sizeof(arg.why) - 1] = '\0';
	return err ? err : arg.fd;
}

int dev_parcel_drop(int fd, const char *name)
{
	struct kho_ioctl_parcel arg = { 0 };

	return call_parcel(fd, KHO_IOCTL_PARCEL_DROP, name, &arg);
}

int dev_parcel_list(int fd, struct kho_parcel_info **out, u32 *nr)
{
	void *list = NULL;
	int err =
		take_list(fd, KHO_IOCTL_PARCEL_LIST, sizeof(**out), &list, nr);

	*out = list;
	return err;
}

static int call_region(int fd, unsigned long request, const char *name,
		       struct kho_ioctl_region *arg)
{
	size_t len = strlen(name);

	if (!len || len >= sizeof(arg->name))
		return -EINVAL;
	arg->size = sizeof(*arg);
	memcpy(arg->name, name, len + 1);
	return call(fd, request, arg);
}

int dev_region_create(int fd, const char *name, u64 bytes, u64 align, u64 *phys)
{
	struct kho_ioctl_region arg = { .bytes = bytes, .align = align };
	int err = call_region(fd, KHO_IOCTL_REGION_CREATE, name, &arg);

	*phys = arg.phys;
	return err;
}

int dev_region_drop(int fd, const char *name, u64 *bytes)
{
	struct kho_ioctl_region arg = { 0 };
	int err = call_region(fd, KHO_IOCTL_REGION_DROP, name, &arg);

	*bytes = arg.bytes;
	return err;
}

int dev_region_list(int fd, struct kho_region_info **out, u32 *nr)
{
	void *list = NULL;
	int err =
		take_list(fd, KHO_IOCTL_REGION_LIST, sizeof(**out), &list, nr);
	u32 i;

	*out = list;
	/* An older module has no regions. */
	if (err == -ENOTTY) {
		*nr = 0;
		return 0;
	}
	for (i = 0; !err && i < *nr; i++)
		(*out)[i].name[sizeof((*out)[i].name) - 1] = '\0';
	return err;
}
