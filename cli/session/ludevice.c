// SPDX-License-Identifier: GPL-2.0
/* /dev/liveupdate. */
#include "cli/session/ludevice.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "cli/base/device.h"
#include "cli/base/util.h"

#define TRIES 100
#define WAIT_US 100000

static const struct device liveupdate = { "/dev/liveupdate", "liveupdate",
					  "/sys/module/liveupdate" };

int ludevice_open(void)
{
	int fd, i = 0;

	do {
		fd = device_open(&liveupdate);
	} while (fd == -EBUSY && i++ < TRIES && !usleep(WAIT_US));
	return fd;
}

bool ludevice_absent(int err)
{
	return device_absent(err);
}

const char *ludevice_explain_open(int err)
{
	return device_explain_open(&liveupdate, err);
}

int ludevice_open_or_say(void)
{
	int fd = ludevice_open();

	if (fd < 0)
		say("/dev/liveupdate cannot be used: %s.",
		    ludevice_explain_open(fd));
	return fd;
}

const char *ludevice_explain(int err)
{
	switch (-err) {
	case ENOENT:
		return "only files of memfd_create(2), and of a tmpfs without a name, can be kept";
	case EEXIST:
		return "another program has a session of this name";
	case EINVAL:
		return "another program has it open; end that program first";
	case EBUSY:
		return "a file of it is in another session, or another program has /dev/liveupdate";
	case ENOMEM:
	case ENOSPC:
		return "there is not enough memory";
	case EMFILE:
		return "it has as many files as a process may have open; raise LimitNOFILE=";
	default:
		return strerror(-err);
	}
}
