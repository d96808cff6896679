/* SPDX-License-Identifier: GPL-2.0 */
/* What machine/ offers to the other rooms: facts about this machine. */
#ifndef KHO_KMOD_MACHINE_H
#define KHO_KMOD_MACHINE_H

#include <linux/types.h>

#include "core/bits.h"

/* --- physread.c: what the firmware and the boot loader left */

struct dir_context;
struct vfsmount;

struct vfsmount *kho_sysfs_mount(void);
ssize_t kho_sysfs_read_at(struct vfsmount *mnt, const char *name, void *to,
			  size_t bytes, loff_t pos);
ssize_t kho_sysfs_read(const char *name, void *to, size_t bytes, loff_t pos);
int kho_sysfs_list(struct vfsmount *mnt, const char *name,
		   struct dir_context *dir);
int kho_boot_params_read(void *to, size_t bytes, loff_t pos);
int kho_phys_read(void *to, u64 phys, size_t bytes);

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

/* --- stays.c: memory that somebody else needs where it is */

/**
 * struct kho_stay - memory that is never given to the page allocator
 * @range: whole pages
 * @what: what lies there
 */
struct kho_stay {
	struct kho_range range;
	const char *what;
};

int kho_stays_init(void);
void kho_stays_exit(void);
int kho_stays_reserve(u32 nr);
int kho_stays_add(u64 start, u64 end, const char *what);
const struct kho_stay *kho_stays_first(u64 start, u64 end);

/* --- firmware.c: tables of the firmware, and memory that they have the next kernel write to */

int kho_firmware_init(void);
int kho_firmware_read(void *to, u64 phys, size_t bytes);
u64 kho_firmware_writes(u64 start, u64 end);

/* --- acpi.c: tables of ACPI */

int kho_acpi_stays(u64 efi_rsdp);

/* --- memmap.c: the memory map of the firmware */

struct kho_memmap_entry_ser;

int kho_firmware_memmap(struct kho_memmap_entry_ser *entry, u32 room);
int kho_memmap_check(const struct kho_memmap_entry_ser *entry, u32 nr);

#endif /* KHO_KMOD_MACHINE_H */
