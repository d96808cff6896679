/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reader of the kernel inside a bzImage once it is unpacked: an ELF file, and behind it the list
 * of places to adjust when it runs at another virtual address. The file is trusted for nothing.
 */
#ifndef KHO_CLI_VMLINUX_H
#define KHO_CLI_VMLINUX_H

#include "cli/base/util.h"

/* Alignment that every kernel of this architecture is entered at. */
#define VMLINUX_ALIGN (2 * MIB)

/* Kinds of places, in the order of the list. */
enum vmlinux_reloc {
	VMLINUX_RELOC_64,
	VMLINUX_RELOC_INVERSE_32, /* 32 bits, of which the distance is taken away */
	VMLINUX_RELOC_32,
	VMLINUX_RELOCS,
};

/**
 * struct vmlinux - a kernel that was found good
 * @file: the unpacked kernel
 * @bytes: its length
 * @linked_phys: physical address that it was linked for
 * @linked_virt: virtual address that it was linked for
 * @entry: of startup_64, from its first byte
 * @memory_bytes: from its first byte to the end of what it uses, a multiple of VMLINUX_ALIGN
 * @image_bytes: of these, whole pages that have contents; the rest is for it to clear
 * @reloc: by kind, where in @file the list is and how many places it has
 * @nr_relocs: of all kinds; 0: it runs at @linked_virt only
 */
struct vmlinux {
	const u8 *file;
	size_t bytes;
	u64 linked_phys;
	u64 linked_virt;
	u64 entry;
	u64 memory_bytes;
	u64 image_bytes;
	struct {
		size_t at;
		size_t nr;
	} reloc[VMLINUX_RELOCS];
	size_t nr_relocs;
};

/**
 * vmlinux_parse() - check an unpacked kernel and find out what there is to do
 * @v: filled on success, undefined otherwise
 * @file: contents, which must stay
 * @bytes: length of @file
 * @linked_phys: where its bzImage would like to be
 * @most: memory that its bzImage says it needs at most
 *
 * Everything is looked at here, every place of the list, too: what follows cannot fail. Reads
 * nothing outside [@file, @file + @bytes).
 *
 * Return: NULL, or why it cannot be used, where "it" is the bzImage: the end of a sentence.
 * Static storage.
 */
const char *vmlinux_parse(struct vmlinux *v, const u8 *file, size_t bytes,
			  u64 linked_phys, u64 most);

/**
 * vmlinux_place() - put its parts where they belong
 * @v: good
 * @image: @v->memory_bytes zeros, the contents of memory from its first byte on
 */
void vmlinux_place(const struct vmlinux *v, u8 *image);

/**
 * vmlinux_relocate() - adjust it to another virtual address
 * @v: good
 * @image: placed, and not adjusted before
 * @distance: from @v->linked_virt to where it will run; 0: nothing is to be done
 */
void vmlinux_relocate(const struct vmlinux *v, u8 *image, u64 distance);

#endif /* KHO_CLI_VMLINUX_H */
