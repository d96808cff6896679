// SPDX-License-Identifier: GPL-2.0
/*
 * Any bytes as the payload of a kernel, and as what a payload unpacks to.
 */
#define _GNU_SOURCE

#include "cli/image/decompress.c"
#include "cli/image/memmap.c"
#include "cli/image/sysinfo.c"
#include "cli/image/target.c"
#include "cli/base/util.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static void look_into(const u8 *image, size_t bytes)
{
	struct target t = { 0 };

	target_look_into(&t, image, bytes);
	if (strlen(t.release) >= sizeof(t.release) ||
	    strlen(t.abi) >= sizeof(t.abi))
		abort();
	if (!t.config != !target_option(&t, "MODULES"))
		abort();
	target_free(&t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct blob image;

	look_into(data, bytes);
	if (decompress_all(data, bytes, 1 << 20, &image))
		return 0;
	if (image.bytes > 1 << 20)
		abort();
	look_into(image.data, image.bytes);
	blob_free(&image);
	return 0;
}
