// SPDX-License-Identifier: GPL-2.0
/*
 * Linked into the tool in place of dev_image_commit() for build/vm/kho-dies: it dies as if it had
 * been killed at the worst moment, when the image is loaded and the module does not know.
 */
#include <signal.h>

#include "cli/base/dev.h"

int __wrap_dev_image_commit(int fd, u64 entry,
			    const struct kho_memmap_range *map, u32 nr);

int __wrap_dev_image_commit(int fd, u64 entry,
			    const struct kho_memmap_range *map, u32 nr)
{
	raise(SIGKILL);
	return -1;
}
