/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The wire of block chains, an array that spans pages:
 *
 *   block: | struct kho_block_header_ser | entry | entry | ... |  KHO_BLOCK_SIZE bytes
 *                 next = physical address of the next block, 0 = last
 *                 count = entries in this block
 *
 * The size of an entry is known to both sides and is not on the wire. Each block is preserved as
 * an order-0 folio. The reader refuses a count of 0, a count that does not fit, a circle, and
 * more than KHO_BLOCK_CHAIN_MAX blocks.
 */
#ifndef _LINUX_KHO_ABI_BLOCK_H
#define _LINUX_KHO_ABI_BLOCK_H

#include <linux/kho/abi/kexec_handover.h>

/* Bytes of one block, its header included. */
#define KHO_BLOCK_SIZE 4096

#endif /* _LINUX_KHO_ABI_BLOCK_H */
