/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The wire of named reserved regions: contiguous memory that stays at its address from kernel to
 * kernel until it is dropped. Linux 7.3 hands on its `reserve_mem=` regions like this.
 *
 * Subtree MEMBLOCK_KHO_FDT points to a preserved page with an FDT of its own:
 *
 *   / {
 *           compatible = "memblock-v1";
 *           NAME {                           one node per region, 1 .. 15 bytes
 *                   compatible = "reserve-mem-v1";
 *                   start = <u64 physical address, page aligned>;
 *                   size = <u64 bytes, not 0>;
 *           };
 *   };
 *
 * The values of start and size are native-endian. All pages that hold a byte of a region are
 * preserved as pages, not as folios; regions do not share pages.
 *
 * The page is never edited: a new one is written and preserved, the root FDT that names it is
 * switched to by one store, and only then the old one goes. So a region is entered after its
 * pages are preserved, and its pages are given up after it is gone from here.
 */
#ifndef _LINUX_KHO_ABI_MEMBLOCK_H
#define _LINUX_KHO_ABI_MEMBLOCK_H

#include <linux/kho/abi/kexec_handover.h>

/* Name of the subtree in the root FDT. */
#define MEMBLOCK_KHO_FDT "memblock"
/* Version of the frame. */
#define MEMBLOCK_KHO_NODE_COMPATIBLE "memblock-v1"
/* Version of a region's node. */
#define RESERVE_MEM_KHO_NODE_COMPATIBLE "reserve-mem-v1"
/* Properties of that node. */
#define RESERVE_MEM_KHO_START_PROP_NAME "start"
#define RESERVE_MEM_KHO_SIZE_PROP_NAME "size"
/* Size of a name with its NUL. */
#define RESERVE_MEM_KHO_NAME_SIZE 16

#endif /* _LINUX_KHO_ABI_MEMBLOCK_H */
