/* SPDX-License-Identifier: GPL-2.0 */
/* What machine/ offers to the other rooms: facts about this machine. */
#ifndef KHO_KMOD_MACHINE_H
#define KHO_KMOD_MACHINE_H

#include <linux/types.h>

#include "core/bits.h"

/* --- ram.c: which memory is RAM */

/**
 * struct kho_ram - list of the RAM of this machine
 * @range: page aligned, ascending, neither overlapping nor adjacent
 * @nr: number of ranges, at least 1
 */
struct kho_ram {
	struct kho_range *range;
	u32 nr;
};

int kho_ram_get(struct kho_ram *ram);
void kho_ram_put(struct kho_ram *ram);
bool kho_ram_same(const struct kho_ram *a, const struct kho_ram *b);

/* --- firmware.c: memory that tables have the next kernel write to */

int kho_firmware_init(void);
u64 kho_firmware_writes(u64 start, u64 end);

#endif /* KHO_KMOD_MACHINE_H */
