// SPDX-License-Identifier: GPL-2.0
/*
 * Linked into the tool in place of dev_image_prepare() for build/bench/kho-plain: it loads the
 * same image at the same place and withholds only the boot data that tells the next kernel of a
 * handover. What a handover of nothing adds to a plain kexec is the difference between the two.
 */
#include "cli/base/dev.h"

int __real_dev_image_prepare(int fd, struct kho_image_area *areas, u32 nr,
			     const struct kho_memmap_range *map, u32 nr_map,
			     u64 *setup_data);
int __wrap_dev_image_prepare(int fd, struct kho_image_area *areas, u32 nr,
			     const struct kho_memmap_range *map, u32 nr_map,
			     u64 *setup_data);

int __wrap_dev_image_prepare(int fd, struct kho_image_area *areas, u32 nr,
			     const struct kho_memmap_range *map, u32 nr_map,
			     u64 *setup_data)
{
	int err = __real_dev_image_prepare(fd, areas, nr, map, nr_map,
					   setup_data);

	*setup_data = 0;
	return err;
}
