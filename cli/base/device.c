// SPDX-License-Identifier: GPL-2.0
/* Devices of the modules. */
#include "cli/base/device.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/statvfs.h>
#include <linux/capability.h>

#include "cli/base/capability.h"
#include "cli/base/util.h"

int device_open(const struct device *d)
{
	int fd = open(d->path, O_RDWR | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int device_open_or_say(const struct device *d)
{
	int fd = device_open(d);

	if (fd < 0)
		say("%s cannot be used: %s.", d->path,
		    device_explain_open(d, fd));
	return fd;
}

bool device_absent(int err)
{
	return err == -ENOENT || err == -ENXIO || err == -ENODEV;
}

static const char *explain_absent(const struct device *d)
{
	static char text[256];

	if (access(d->loaded, F_OK))
		snprintf(text, sizeof(text),
			 "the %s module is not loaded; run `modprobe %s`",
			 d->module, d->module);
	else
		snprintf(
			text, sizeof(text),
			"the %s module is loaded, but its device is not in this /dev; a unit with PrivateDevices= needs BindPaths=%s and DeviceAllow=%s rw",
			d->module, d->path, d->path);
	return text;
}

/* Root of a user namespace has all capabilities, there. */
static bool in_user_namespace(void)
{
	FILE *f = fopen("/proc/self/uid_map", "re");
	unsigned long long first, to, nr;
	bool whole;

	if (!f)
		return false;
	whole = fscanf(f, "%llu %llu %llu", &first, &to, &nr) == 3 && !first &&
		!to && nr == UINT32_MAX;
	fclose(f);
	return !whole;
}

/* Containers have file systems so, whose devices nobody can open. */
static bool without_devices(const char *path)
{
	struct statvfs fs;

	return !statvfs(path, &fs) && fs.f_flag & ST_NODEV;
}

static const char *explain_refused(const struct device *d)
{
	static char text[256];

	if (geteuid())
		return "only root may; run kho with sudo";
	if (in_user_namespace())
		return "this process is root of a container only; run kho outside of it";
	if (without_devices(d->path)) {
		snprintf(
			text, sizeof(text),
			"it lies in a file system that is mounted with nodev; have the container given the device itself (BindPaths=%s of a unit, --device=%s of docker and podman)",
			d->path, d->path);
		return text;
	}
	if (!capability_have(CAP_SYS_ADMIN))
		return "this process is root without CAP_SYS_ADMIN, which a unit has unless "
		       "CapabilityBoundingSet= takes it away";
	snprintf(
		text, sizeof(text),
		"the unit or container that this process is in does not permit it; a unit needs DeviceAllow=%s rw",
		d->path);
	return text;
}

const char *device_explain_open(const struct device *d, int err)
{
	if (device_absent(err))
		return explain_absent(d);
	switch (-err) {
	case EACCES:
	case EPERM:
		return explain_refused(d);
	case EBUSY:
		return "another program holds it; try again";
	default:
		return strerror(-err);
	}
}
