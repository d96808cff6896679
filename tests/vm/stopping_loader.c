// SPDX-License-Identifier: GPL-2.0
/*
 * Linked into the tool around two of its functions for build/vm/kho-stops: it stops when the
 * image is loaded and the module was not told yet, or, with KHO_STOPS=checked in the environment,
 * when the files were looked at and nothing was loaded yet. It goes on when it is continued.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "cli/base/dev.h"

int __real_dev_image_commit(int fd, u64 entry,
			    const struct kho_memmap_range *map, u32 nr);
int __wrap_dev_image_commit(int fd, u64 entry,
			    const struct kho_memmap_range *map, u32 nr);
int __real_dev_image_prepare(int fd, struct kho_image_area *areas, u32 nr,
			     const struct kho_memmap_range *map, u32 nr_map,
			     u64 *setup_data);
int __wrap_dev_image_prepare(int fd, struct kho_image_area *areas, u32 nr,
			     const struct kho_memmap_range *map, u32 nr_map,
			     u64 *setup_data);

static bool stops_when_checked(void)
{
	const char *when = getenv("KHO_STOPS");

	return when && !strcmp(when, "checked");
}

/* Memory may be asked for more than once. */
static bool stopped;

int __wrap_dev_image_commit(int fd, u64 entry,
			    const struct kho_memmap_range *map, u32 nr)
{
	if (!stops_when_checked())
		raise(SIGSTOP);
	return __real_dev_image_commit(fd, entry, map, nr);
}

int __wrap_dev_image_prepare(int fd, struct kho_image_area *areas, u32 nr,
			     const struct kho_memmap_range *map, u32 nr_map,
			     u64 *setup_data)
{
	if (stops_when_checked() && !stopped) {
		stopped = true;
		raise(SIGSTOP);
	}
	return __real_dev_image_prepare(fd, areas, nr, map, nr_map, setup_data);
}
