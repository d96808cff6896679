/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A kernel of a few pages, as it is inside a bzImage: an ELF file, and the lists of its places.
 */
#ifndef TESTS_UNIT_ELFKERNEL_H
#define TESTS_UNIT_ELFKERNEL_H

#include <stddef.h>
#include <stdint.h>

enum {
	ELFKERNEL_PHYS = 16 << 20,
	ELFKERNEL_PARTS =
		4, /* text, variables of a processor, data, and a note */
	ELFKERNEL_TEXT = 0x3000,
	ELFKERNEL_DATA = 0x1800,
	ELFKERNEL_DATA_AT = 0x10000, /* from the first byte */
	ELFKERNEL_MEMORY = 2 << 20,
	ELFKERNEL_NEED = 1 << 20, /* what its bzImage says it needs */
	ELFKERNEL_ENTRY = 0x40,
	ELFKERNEL_ROOM = 64 << 10, /* more than it has */
};

/**
 * elfkernel_make() - write one
 * @file: ELFKERNEL_ROOM bytes
 * @lists: of places that it has: 0, 2 or 3
 *
 * Return: its length.
 */
size_t elfkernel_make(uint8_t *file, unsigned int lists);

#endif /* TESTS_UNIT_ELFKERNEL_H */
