/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * What kexec_file_load(2) makes of a bzImage (x86 boot protocol), looked at and changed while it
 * is still in buffers of the kernel: the file, and the segment that boot_params are at the start
 * of, with the command line and the list of setup_data behind them.
 *
 * Trust: the buffers are as long as they are said to be; nothing in them is believed.
 *
 * Every function that may object gives back NULL, or why an image like this cannot carry a
 * handover: the rest of a sentence, static storage.
 */
#ifndef KHO_CORE_BOOTPARAMS_H
#define KHO_CORE_BOOTPARAMS_H

#include <linux/kho/abi/kho_module.h>

#include "env.h"

/* Entries that the table in boot_params itself has room for. */
#define KHO_BOOT_PARAMS_MAX_MEMMAP 128
/* The struct without what may come after it in its segment. */
#define KHO_BOOT_PARAMS_BYTES 4096

/**
 * kho_bzimage_objection() - will this kernel keep the memory that SETUP_INDIRECT nodes name?
 * @file: a kernel as it is loaded; may be NULL
 * @bytes: its length
 *
 * Context: any.
 */
const char *kho_bzimage_objection(const void *file, u64 bytes);

/**
 * kho_boot_params_here() - does a segment start with boot_params?
 * @segment: its contents
 * @bytes: how many there are
 * @phys: where it will lie
 *
 * Context: any.
 *
 * Return: there is a setup header, and the command line that it names is in this segment.
 */
bool kho_boot_params_here(const void *segment, u64 bytes, u64 phys);

/**
 * kho_boot_params_link() - lead the list of setup_data on to the handover
 * @segment: kho_boot_params_here() said yes
 * @bytes: as there
 * @phys: as there
 * @head_phys: physical address of the head node, which ends the list
 *
 * Changes one pointer, or nothing if it objects: when a node lies outside of the segment, or the
 * list has no end.
 *
 * Context: any.
 */
const char *kho_boot_params_link(void *segment, u64 bytes, u64 phys,
				 u64 head_phys);

/**
 * kho_boot_params_set_memmap() - give the next kernel a memory map
 * @segment: kho_boot_params_here() said yes
 * @entry: ranges in the firmware's order
 * @nr: how many; objects to none, and to more than KHO_BOOT_PARAMS_MAX_MEMMAP
 *
 * Context: any.
 */
const char *kho_boot_params_set_memmap(void *segment,
				       const struct kho_memmap_entry_ser *entry,
				       u32 nr);

#endif /* KHO_CORE_BOOTPARAMS_H */
