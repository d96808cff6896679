/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the boot code of a bzImage makes of its unpacked kernel, done slowly: the lists are walked
 * from the end of the file, as it does.
 */
#ifndef TESTS_UNIT_REFVMLINUX_H
#define TESTS_UNIT_REFVMLINUX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * ref_vmlinux() - memory as the kernel finds it
 * @file: unpacked kernel
 * @bytes: its length
 * @phys: physical address that it was linked for
 * @distance: from the virtual address that it was linked for
 * @lists: how many there are: 0, 2 or 3
 * @image: @room zeros; filled
 * @room: memory that there is
 *
 * Return: false if anything is outside of the file or of memory.
 */
bool ref_vmlinux(const uint8_t *file, size_t bytes, uint64_t phys,
		 uint64_t distance, unsigned int lists, uint8_t *image,
		 size_t room);

#endif /* TESTS_UNIT_REFVMLINUX_H */
