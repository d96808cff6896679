/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The boot data of the next kernel (x86 boot protocol): boot_params, purgatory, command line and
 * setup_data nodes, in one contiguous piece of memory.
 */
#ifndef KHO_CLI_BOOTPARAMS_H
#define KHO_CLI_BOOTPARAMS_H

#include "cli/image/bzimage.h"
#include "cli/image/memmap.h"
#include "cli/image/sysinfo.h"

#define RNG_SEED_BYTES 32

/**
 * struct bootdata_layout - offsets in the boot data; boot_params is at 0
 * @purgatory: page of purgatory.h, entry point of the image
 * @cmdline: command line
 * @rng: setup_data node with the seed
 * @efi: setup_data node for EFI, with the runtime map behind it, 0 = none
 * @bytes: length of everything, page aligned
 */
struct bootdata_layout {
	u64 purgatory;
	u64 cmdline;
	u64 rng;
	u64 efi;
	u64 bytes;
};

/**
 * struct bootdata - what goes in
 * @kernel: kernel file, parsed into @bz
 * @bz: parsed header
 * @running: boot_params of the running kernel
 * @acpi_rsdp: physical address of ACPI's root pointer, 0 = unknown
 * @map: memory map, at most E820_MAX_ENTRIES_ZEROPAGE ranges
 * @efi: NULL: the next kernel runs without EFI
 * @cmdline: command line
 * @seed: random bytes for the next kernel
 * @initrd_phys: where the initrd will be
 * @initrd_bytes: its length, 0 = none
 * @kernel_phys: where the kernel will be
 * @kernel_entry: its entry point, from there
 * @kaslr: it has been put at a random address, and may go on with that
 * @phys: where the boot data will be
 * @setup_data: physical address of the list that ours ends with
 */
struct bootdata {
	const u8 *kernel;
	const struct bzimage *bz;
	const struct boot_params *running;
	u64 acpi_rsdp;
	const struct memmap *map;
	const struct efi_runtime *efi;
	const char *cmdline;
	u8 seed[RNG_SEED_BYTES];
	u64 initrd_phys;
	u64 initrd_bytes;
	u64 kernel_phys;
	u64 kernel_entry;
	bool kaslr;
	u64 phys;
	u64 setup_data;
};

/**
 * bootdata_plan() - find out how much memory the boot data needs
 * @layout: filled
 * @cmdline: command line
 * @efi: as in struct bootdata
 * @descriptor_bytes: size of an EFI memory descriptor in the running kernel
 */
void bootdata_plan(struct bootdata_layout *layout, const char *cmdline,
		   const struct efi_runtime *efi, u32 descriptor_bytes);

/**
 * bootdata_build() - write the boot data
 * @buf: @layout->bytes bytes
 * @layout: from bootdata_plan() with the same command line and EFI data
 * @in: everything known by now, addresses included
 */
void bootdata_build(u8 *buf, const struct bootdata_layout *layout,
		    const struct bootdata *in);

/**
 * bootdata_descriptor_bytes() - size of an EFI memory descriptor, as the firmware told
 * @running: boot_params of the running kernel
 */
u32 bootdata_descriptor_bytes(const struct boot_params *running);

/* Was the running kernel started by 64-bit EFI, or by a kexec that knew about it? */
bool bootdata_is_efi64(const struct boot_params *running);

#endif /* KHO_CLI_BOOTPARAMS_H */
