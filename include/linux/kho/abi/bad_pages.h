/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The wire of pages that went bad: memory that the hardware gave up on after it was preserved.
 *
 * Written at the jump, and only if there are such pages. Subtree KHO_BAD_SUBTREE of the root FDT
 * points to one page, struct kho_bad_ser. The tree still names the blocks that these pages are
 * in. The receiver hands none of these blocks to anyone, never gives the pages themselves to its
 * page allocator, and says so. A list that is damaged is refused, and costs nobody else anything.
 */
#ifndef _LINUX_KHO_ABI_BAD_PAGES_H
#define _LINUX_KHO_ABI_BAD_PAGES_H

#include <linux/kho/abi/kexec_handover.h>

/* Name of the subtree in the root FDT. */
#define KHO_BAD_SUBTREE "kho-bad-pages"
/* "KHOBADPG", little-endian. */
#define KHO_BAD_MAGIC 0x47504441424f484bULL
/* Version of everything in this file. */
#define KHO_BAD_VERSION 1
/* Pages that one list can name; a machine with more of them has worse problems. */
#define KHO_MAX_BAD 508

/**
 * struct kho_bad_ser - the blob, one page
 * @magic: KHO_BAD_MAGIC
 * @version: KHO_BAD_VERSION
 * @nr_pages: elements of @phys that are in use: 1 .. KHO_MAX_BAD
 * @nr_more: pages that went bad and that there was no room for
 * @crc: CRC-32C of @phys, as far as it is in use, followed by the members from @magic to @nr_more
 * @reserved: 0
 * @phys: physical addresses of pages, ascending
 */
struct kho_bad_ser {
	u64 magic;
	u32 version;
	u32 nr_pages;
	u32 nr_more;
	u32 crc;
	u64 reserved;
	u64 phys[KHO_MAX_BAD];
};

static_assert(offsetof(struct kho_bad_ser, crc) == 20, "wire layout");
static_assert(offsetof(struct kho_bad_ser, phys) == 32, "wire layout");
static_assert(sizeof(struct kho_bad_ser) == 4096, "wire layout");

#endif /* _LINUX_KHO_ABI_BAD_PAGES_H */
