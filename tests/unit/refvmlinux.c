// SPDX-License-Identifier: GPL-2.0
/* What the boot code of a bzImage makes of its unpacked kernel, done slowly. */
#include "refvmlinux.h"

#include <elf.h>

/* Little-endian, byte by byte. */
static uint64_t get(const uint8_t *at, unsigned int bytes)
{
	uint64_t n = 0;

	while (bytes--)
		n = n << 8 | at[bytes];
	return n;
}

static void put(uint8_t *at, uint64_t n, unsigned int bytes)
{
	for (; bytes--; n >>= 8)
		*at++ = (uint8_t)n;
}

struct ref {
	const uint8_t *file;
	size_t bytes;
	uint64_t phys;
	uint64_t distance;
	uint8_t *image;
	size_t room;
};

static bool place(const struct ref *r)
{
	uint64_t at = get(r->file + offsetof(Elf64_Ehdr, e_phoff), 8);
	uint64_t nr = get(r->file + offsetof(Elf64_Ehdr, e_phnum), 2), i;

	for (; nr--; at += sizeof(Elf64_Phdr)) {
		const uint8_t *p = r->file + at;
		uint64_t offset = get(p + offsetof(Elf64_Phdr, p_offset), 8);
		uint64_t bytes = get(p + offsetof(Elf64_Phdr, p_filesz), 8);
		uint64_t phys = get(p + offsetof(Elf64_Phdr, p_paddr), 8);

		if (get(p, 4) != PT_LOAD)
			continue;
		for (i = 0; i < bytes; i++) {
			if (offset + i >= r->bytes ||
			    phys - r->phys + i >= r->room)
				return false;
			r->image[phys - r->phys + i] = r->file[offset + i];
		}
	}
	return true;
}

/* One list, from @*end on downwards. */
static bool adjust(const struct ref *r, size_t *end, unsigned int bytes,
		   uint64_t distance)
{
	for (;;) {
		uint64_t virt, at;

		if (*end < 4)
			return false;
		*end -= 4;
		virt = get(r->file + *end, 4);
		if (!virt)
			return true;
		if (virt & 0x80000000)
			virt |= 0xffffffff00000000;
		at = virt - 0xffffffff80000000 - r->phys;
		if (at > r->room || r->room - at < bytes)
			return false;
		put(r->image + at, get(r->image + at, bytes) + distance, bytes);
	}
}

bool ref_vmlinux(const uint8_t *file, size_t bytes, uint64_t phys,
		 uint64_t distance, unsigned int lists, uint8_t *image,
		 size_t room)
{
	const struct ref r = { file, bytes, phys, distance, image, room };
	size_t end = bytes;

	if (!place(&r))
		return false;
	if (!lists || !distance)
		return true;
	return adjust(&r, &end, 4, distance) &&
	       (lists == 2 || adjust(&r, &end, 4, -distance)) &&
	       adjust(&r, &end, 8, distance);
}
