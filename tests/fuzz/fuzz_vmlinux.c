// SPDX-License-Identifier: GPL-2.0
/*
 * Any bytes as an unpacked kernel: refused, or memory becomes what the slow way makes of it. The
 * first byte says which distance, and whether what follows is changes to a good one.
 */
#define _GNU_SOURCE

#include "cli/base/util.c"
#include "cli/image/vmlinux.c"

#include "elfkernel.h"
#include "input.h"
#include "refvmlinux.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void compare(const struct vmlinux *v, u64 distance)
{
	unsigned int lists = v->reloc[VMLINUX_RELOC_INVERSE_32].at ? 3 :
			     v->reloc[VMLINUX_RELOC_32].at	   ? 2 :
								     0;
	u8 *fast = calloc(1, v->memory_bytes);
	u8 *slow = calloc(1, v->memory_bytes);

	require(fast && slow);
	vmlinux_place(v, fast);
	vmlinux_relocate(v, fast, distance);
	require(ref_vmlinux(v->file, v->bytes, v->linked_phys, distance, lists,
			    slow, v->memory_bytes));
	require(!memcmp(fast, slow, v->memory_bytes));
	free(fast);
	free(slow);
}

static void look(const u8 *file, size_t bytes, u64 distance)
{
	struct vmlinux v;
	const char *why =
		vmlinux_parse(&v, file, bytes, ELFKERNEL_PHYS, ELFKERNEL_NEED);

	if (why) {
		require(*why);
		return;
	}
	require(v.entry < v.image_bytes && v.image_bytes <= v.memory_bytes);
	require(v.memory_bytes <= ELFKERNEL_MEMORY);
	require(!(v.image_bytes % PAGE_BYTES) &&
		!(v.memory_bytes % VMLINUX_ALIGN));
	compare(&v, distance);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct input in = { data, bytes };
	u8 how = (u8)take(&in, 1);
	u64 distance = (how / 4) * 14 * MIB;
	static u8 file[ELFKERNEL_ROOM];
	size_t made;

	if (!(how & 1)) {
		look(in.data, in.left, distance);
		return 0;
	}
	made = elfkernel_make(file, how & 2 ? 2 : 3);
	while (in.left) {
		size_t at = (size_t)take(&in, 2);

		/* Headers and lists, rather than contents. */
		at = at & 0x8000 ? made - 1 - at % 256 : at % 512;
		file[at] = (u8)take(&in, 1);
	}
	look(file, made, distance);
	return 0;
}
