/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The wire of parcels: named byte strings that user space hands to the next kernel.
 *
 * Subtree KHO_PARCEL_SUBTREE points to struct kho_parcel_head_ser (one preserved page), which
 * starts a block chain (kexec_handover.h) of struct kho_parcel_ser. The bytes of a parcel lie in
 * order-0 pages, listed by a kho_vmalloc descriptor with order 0; the last page is filled up with
 * zeros.
 *
 * A slot is published by one store to its state, after everything else in it is written, and
 * withdrawn by one store before anything it names is given back. The count in a block's header
 * counts slots, free ones included.
 */
#ifndef _LINUX_KHO_ABI_PARCEL_H
#define _LINUX_KHO_ABI_PARCEL_H

#include <linux/kho/abi/kexec_handover.h>
#include <linux/kho/abi/version.h>

/* Name of the subtree in the root FDT. */
#define KHO_PARCEL_SUBTREE "kho-parcels"
/* "KHOPARCL", little-endian. */
#define KHO_PARCEL_MAGIC 0x4c435241504f484bULL
/*
 * Version of everything in this file, the oldest version whose readers understand it, and the
 * oldest version that is read; see version.h.
 */
#define KHO_PARCEL_VERSION 2
#define KHO_PARCEL_READERS_FROM 1
#define KHO_PARCEL_READS_FROM 1
#define KHO_PARCEL_VERSION_WORD \
	KHO_VERSION_WORD(KHO_PARCEL_VERSION, KHO_PARCEL_READERS_FROM)
/* Size of struct kho_parcel_ser in the oldest version that is read. */
#define KHO_PARCEL_BYTES_FROM 112
/* With the permissions in @mode: it is known. */
#define KHO_PARCEL_MODE_KNOWN 0x8000
#define KHO_PARCEL_MODE_BITS 0777
/* Size of a name with its NUL. */
#define KHO_PARCEL_NAME_SIZE 64

enum kho_parcel_state {
	KHO_PARCEL_FREE = 0,
	KHO_PARCEL_VALID = 0x4c435250, /* "PRCL" */
};

/**
 * struct kho_parcel_head_ser - the blob of subtree KHO_PARCEL_SUBTREE
 * @magic: KHO_PARCEL_MAGIC
 * @version: KHO_PARCEL_VERSION_WORD
 * @entry_size: sizeof(struct kho_parcel_ser), a multiple of 8: from one slot to the next
 * @first_block_phys: physical address of the first block of the chain, 0 = no parcels
 */
struct kho_parcel_head_ser {
	u64 magic;
	u32 version;
	u32 entry_size;
	u64 first_block_phys;
} __packed;

static_assert(sizeof(struct kho_parcel_head_ser) == 24, "wire layout");

/**
 * struct kho_parcel_ser - one slot
 * @state: enum kho_parcel_state; every other value is refused
 * @data_crc: CRC-32C of the @bytes bytes of the parcel
 * @name: NUL-terminated, 1 .. 63 bytes
 * @bytes: length
 * @created_ns: nanoseconds of CLOCK_REALTIME when it was put
 * @data: the pages; first is 0 if @bytes is 0
 * @reserved: 0
 * @crc: CRC-32C of @data_crc .. @reserved
 * @mode: KHO_PARCEL_MODE_KNOWN and permissions of the file that it was put from, 0 = not known.
 *	From version 2 on
 * @mode_crc: CRC-32C of @mode, 0 if that is 0. From version 2 on
 */
struct kho_parcel_ser {
	u32 state;
	u32 data_crc;
	char name[KHO_PARCEL_NAME_SIZE];
	u64 bytes;
	u64 created_ns;
	struct kho_vmalloc data;
	u32 reserved;
	u32 crc;
	u32 mode;
	u32 mode_crc;
} __packed;

static_assert(sizeof(struct kho_parcel_ser) == 120, "wire layout");
static_assert(sizeof(struct kho_parcel_ser) >= KHO_PARCEL_BYTES_FROM,
	      "versions add members");

/* Slots in one block. */
#define KHO_PARCELS_PER_BLOCK                           \
	((4096 - sizeof(struct kho_block_header_ser)) / \
	 sizeof(struct kho_parcel_ser))

/* Most valid slots there may be, so that looking for a name twice has a bound. */
#define KHO_PARCELS_MAX 16384

#endif /* _LINUX_KHO_ABI_PARCEL_H */
