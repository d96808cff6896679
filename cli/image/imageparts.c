// SPDX-License-Identifier: GPL-2.0
/* What is loaded of the parts of an image, as they are or as they were made ready ahead. */
#include "cli/image/image.h"

u64 image_kernel_bytes(const struct image *im)
{
	return im->ahead.image ? im->ahead.image_bytes : im->bz.code_bytes;
}

u64 image_kernel_memory(const struct image *im)
{
	return im->ahead.image ? im->ahead.memory_bytes : im->bz.init_bytes;
}

bool image_in_place(const struct image *im)
{
	return im->call == KEXEC_LOAD && im->opt.ahead != AHEAD_NO &&
	       im->status.flags & KHO_STATUS_IN_PLACE;
}

u64 image_initrd_bytes(const struct image *im)
{
	return im->initrd_ahead ? im->initramfs.plain_bytes :
				  im->initrd_file.bytes;
}
