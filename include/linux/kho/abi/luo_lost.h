/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The wire of sessions (luo.h) that could not be handed over, for people to read.
 *
 * Subtree LUO_LOST_SUBTREE points to struct luo_lost_ser, a preserved page. Text is appended
 * before @bytes is set, by one store. Upstream has no such subtree.
 */
#ifndef _LINUX_KHO_ABI_LUO_LOST_H
#define _LINUX_KHO_ABI_LUO_LOST_H

#include <linux/kho/abi/kexec_handover.h>

/* Name of the subtree in the root FDT. */
#define LUO_LOST_SUBTREE "liveupdate-lost"
/* "LUOLOST1", little-endian; also the version. */
#define LUO_LOST_MAGIC 0x3154534f4c4f554cULL
#define LUO_LOST_TEXT_SIZE (4096 - 16)

/**
 * struct luo_lost_ser - the blob
 * @magic: LUO_LOST_MAGIC
 * @bytes: of @text that are used, 0 if nothing was lost
 * @text: one line for each session: "NAME: token 0x1: error 5", or, of one that was closed in
 *	that kernel, "NAME: closed 5 s before, with 2 files"; not to be taken apart by programs
 */
struct luo_lost_ser {
	u64 magic;
	u64 bytes;
	char text[LUO_LOST_TEXT_SIZE];
} __packed;

static_assert(sizeof(struct luo_lost_ser) == 4096, "wire layout");

#endif /* _LINUX_KHO_ABI_LUO_LOST_H */
