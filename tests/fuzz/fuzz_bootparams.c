// SPDX-License-Identifier: GPL-2.0
/*
 * Any bytes as a kernel, as a command line and as the segment of boot_params: nothing outside is
 * read (the sanitizers see to that), and a list that is led on ends at the handover, with nothing
 * else changed.
 */
#include <stdlib.h>

#include "core/bootparams.h"
#include "core/cmdline.h"
#include "testmem.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

#define PHYS 0x7f001000ULL
#define HEAD 0x1234567000ULL

static u64 get(const u8 *at)
{
	u64 value;

	memcpy(&value, at, sizeof(value));
	return value;
}

static void link_on(u8 *segment, size_t size)
{
	u8 *copy = malloc(size), *link = segment + 0x250;
	u32 nr = 0;

	memcpy(copy, segment, size);
	if (kho_boot_params_link(segment, size, PHYS, HEAD)) {
		if (memcmp(copy, segment, size))
			test_die("objected to, but changed");
		free(copy);
		return;
	}
	while (get(link) != HEAD) {
		if (get(link) < PHYS || get(link) - PHYS > size - 16 ||
		    ++nr > 64)
			test_die("the list does not end at the handover");
		link = segment + (get(link) - PHYS);
	}
	memset(link, 0, 8);
	if (memcmp(copy, segment, size))
		test_die("more than one pointer changed");
	free(copy);
}

/* What a random input hardly has: a header, and a command line in the segment. */
static void make_right(u8 *segment, const u8 *data, size_t size)
{
	u64 cmdline = PHYS + 4096;
	u16 flag = 0xaa55;
	u64 first = PHYS + 4096 + (data[0] | data[1] << 8) % (size - 4096);

	memcpy(segment + 0x202, "HdrS", 4);
	memcpy(segment + 0x1fe, &flag, 2);
	memcpy(segment + 0x228, &cmdline, 4);
	memcpy(segment + 0xc8, (u8 *)&cmdline + 4, 4);
	memcpy(segment + 0x250, &first, 8);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct kho_word word;
	u8 *segment;
	size_t bytes = 4096 + size;

	kho_bzimage_objection(data, size);
	kho_cmdline_objection((const char *)data, (const char *)data + size,
			      &word);
	if (kho_boot_params_here(data, size, PHYS) && size <= 4096)
		test_die("boot_params without room for them");
	if (size < 2)
		return 0;
	segment = calloc(1, bytes);
	memcpy(segment + 4096, data, size);
	make_right(segment, data, bytes);
	if (!kho_boot_params_here(segment, bytes, PHYS))
		test_die("boot_params were not found");
	link_on(segment, bytes);
	free(segment);
	return 0;
}
