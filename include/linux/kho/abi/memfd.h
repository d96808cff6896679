/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The wire of one anonymous file in memory, as a handler's data in a session (luo.h). The layout
 * is that of Linux 7.3.
 *
 * The data of the file's entry is the physical address of struct memfd_luo_ser (a preserved
 * page). It has a list of pages (kho_vmalloc) that hold an array of struct memfd_luo_folio_ser,
 * in ascending order of their index, whose contents do not overlap. Each of the folios is
 * preserved as one block. What no folio holds is a hole.
 */
#ifndef _LINUX_KHO_ABI_MEMFD_H
#define _LINUX_KHO_ABI_MEMFD_H

#include <linux/kho/abi/kexec_handover.h>

/* Name of the handler, and version of everything in this file. */
#define MEMFD_LUO_FH_COMPATIBLE "memfd-v2"

/* All of memfd_luo_ser.seals, with the values of fcntl(2). */
#define MEMFD_LUO_ALL_SEALS 0x3fU
/* F_SEAL_EXEC, which kernels before 6.3 do not know. */
#define MEMFD_LUO_SEAL_EXEC 0x20U

/**
 * struct memfd_luo_ser - one file
 * @pos: position of the file descriptor
 * @size: bytes
 * @seals: F_SEAL_*
 * @flags: 0
 * @nr_folios: length of the array, 0 for a file without contents
 * @folios: pages of the array; not looked at if there are no folios
 */
struct memfd_luo_ser {
	u64 pos;
	u64 size;
	u32 seals;
	u32 flags;
	u64 nr_folios;
	struct kho_vmalloc folios;
} __packed;

static_assert(sizeof(struct memfd_luo_ser) == 48, "wire layout");

/**
 * struct memfd_luo_folio_ser - one folio
 * @pfn_flags: page frame number of its first page in the lower bits, flags in the upper
 * @index: offset in the file, in pages
 */
struct memfd_luo_folio_ser {
	u64 pfn_flags;
	u64 index;
} __packed;

static_assert(sizeof(struct memfd_luo_folio_ser) == 16, "wire layout");

#define MEMFD_LUO_PFN_BITS 52
/* Flags: has to be written back, in the sense of not being a copy of something; has contents. */
#define MEMFD_LUO_FOLIO_DIRTY (1ULL << 52)
#define MEMFD_LUO_FOLIO_UPTODATE (1ULL << 53)
/*
 * Alone: the memory that held this page has gone bad, and what was in it is lost. The page stands
 * for that: whoever reads there shall get an error. Upstream has no such flag.
 */
#define MEMFD_LUO_FOLIO_BAD (1ULL << 54)

/* Elements of the array in one page. */
#define MEMFD_LUO_FOLIOS_PER_PAGE (4096 / sizeof(struct memfd_luo_folio_ser))

#endif /* _LINUX_KHO_ABI_MEMFD_H */
