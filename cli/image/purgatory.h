/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The few instructions between the old kernel and the entry point of the new one.
 */
#ifndef KHO_CLI_PURGATORY_H
#define KHO_CLI_PURGATORY_H

#include <stdint.h>

/* Instructions, entry address, GDT and its pointer; the stack grows down from the end. */
#define PURGATORY_BYTES 4096

/**
 * purgatory_emit() - write the page that the old kernel jumps to
 * @page: PURGATORY_BYTES bytes
 * @phys: where the page will be
 * @boot_params_phys: goes into %rsi
 * @entry_phys: 64-bit entry point of the kernel
 *
 * The state at the jump is the boot protocol's: interrupts off, 64-bit mode, paging as the old
 * kernel's kexec left it (identity), GDT with flat __BOOT_CS (0x10) and __BOOT_DS (0x18),
 * segments loaded from it, all other registers 0. Entry point of the page is its first byte.
 */
void purgatory_emit(uint8_t *page, uint64_t phys, uint64_t boot_params_phys,
		    uint64_t entry_phys);

#endif /* KHO_CLI_PURGATORY_H */
