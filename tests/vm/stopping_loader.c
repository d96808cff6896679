// SPDX-License-Identifier: GPL-2.0
/*
 * Linked into the tool around dev_image_commit() for build/vm/kho-stops: it stops when the image
 * is loaded and the module was not told yet, and goes on when it is continued.
 */
#include <signal.h>

#include "cli/base/dev.h"

int __real_dev_image_commit(int fd, u64 entry,
			    const struct kho_memmap_range *map, u32 nr);
int __wrap_dev_image_commit(int fd, u64 entry,
			    const struct kho_memmap_range *map, u32 nr);

int __wrap_dev_image_commit(int fd, u64 entry,
			    const struct kho_memmap_range *map, u32 nr)
{
	raise(SIGSTOP);
	return __real_dev_image_commit(fd, entry, map, nr);
}
