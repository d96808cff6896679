/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The wire of Kexec HandOver, version "kho-v4": what one kernel leaves in memory for the next
 * one.
 *
 * This header is the specification. A change of anything in it changes KHO_FDT_COMPATIBLE, the
 * golden files of tests/golden and the documents, in one commit. Integers are native-endian
 * (little-endian on x86-64), the values of FDT properties included. Both kernels must use the
 * same page size.
 *
 * How the next kernel finds it (x86-64)
 * -------------------------------------
 *   boot_params.hdr.setup_data -> ... -> { type = SETUP_KEXEC_KHO, struct kho_data }
 *
 * Root FDT: one page, struct fdt_header at its start
 * --------------------------------------------------
 *   / {
 *           compatible = "kho-v4";
 *           preserved-memory-map = <u64 physical address of the root page of the radix tree>;
 *           NAME {                           one node per subtree, named by the client
 *                   preserved-data = <u64 physical address of the blob>;
 *                   blob-size = <u64 size of the blob in bytes>;
 *           };
 *   };
 *
 * Radix tree of preserved blocks
 * ------------------------------
 * A block is 2^order pages at a naturally aligned physical address, and is entered as one key:
 *
 *   key = (1 << (64 - PAGE_SHIFT - order)) | (physical address >> (PAGE_SHIFT + order))
 *
 * The highest bit set tells the order: order = 64 - PAGE_SHIFT - (number of that bit). With 4 KiB
 * pages a key has at most 53 bits and selects its way from the root (level 5) to a bit of a leaf:
 *
 *   63    60 59     51 50     42 41     33 32     24 23     15 14           0
 *   | unused | level 5 | level 4 | level 3 | level 2 | level 1 | bit of leaf |
 *
 * A node is one page. Inner nodes hold physical addresses of their children, 0 for none; a leaf
 * is a bitmap, bit 0 being the lowest bit of its first word. Node pages are not entered in the
 * tree: they are memory of the old kernel that the new one keeps only until it has read them.
 *
 * Larger orders have smaller keys, so that an ascending walk visits the largest blocks first.
 */
#ifndef _LINUX_KHO_ABI_KEXEC_HANDOVER_H
#define _LINUX_KHO_ABI_KEXEC_HANDOVER_H

#ifdef __KERNEL__
#include <linux/build_bug.h>
#include <linux/stddef.h>
#include <linux/types.h>
#else
#include "core/env.h"
#endif

/* Version of everything in this file; the reader looks for it in the root's list of strings. */
#define KHO_FDT_COMPATIBLE "kho-v4"
/* Root property, u64: physical address of the root page of the radix tree. Never 0. */
#define KHO_FDT_MEMORY_MAP_PROP_NAME "preserved-memory-map"
/* Subtree property, u64: physical address of the client's blob. */
#define KHO_SUB_TREE_PROP_NAME "preserved-data"
/* Subtree property, u64: size of the client's blob in bytes. */
#define KHO_SUB_TREE_SIZE_PROP_NAME "blob-size"

/* Type of the setup_data node that carries struct kho_data (x86 boot protocol). */
#define KHO_SETUP_DATA_TYPE 10
/*
 * Type of the setup_data node whose payload reserves memory of its own, struct
 * kho_setup_indirect.
 */
#define KHO_SETUP_INDIRECT (1U << 31)

/* Radix geometry for 4 KiB pages. */
enum kho_radix_consts {
	KHO_RADIX_KEY_WIDTH = 64 - 12 + 1,
	KHO_TABLE_SIZE_LOG2 = 9,
	KHO_BITMAP_SIZE_LOG2 = 15,
	KHO_TREE_MAX_DEPTH = 6,
	KHO_ORDER_0_LOG2 =
		64 - 12, /* bit of the order marker of an order-0 key */
};

static_assert(KHO_TREE_MAX_DEPTH ==
		      (KHO_RADIX_KEY_WIDTH - KHO_BITMAP_SIZE_LOG2 +
		       KHO_TABLE_SIZE_LOG2 - 1) /
				      KHO_TABLE_SIZE_LOG2 +
			      1,
	      "depth of the radix tree follows from its geometry");

/**
 * struct kho_radix_node - inner node of a radix tree
 * @table: physical addresses of the children, 0 for none
 */
struct kho_radix_node {
	u64 table[1 << KHO_TABLE_SIZE_LOG2];
};

/**
 * struct kho_radix_leaf - leaf of a radix tree
 * @bitmap: bit for each key
 */
struct kho_radix_leaf {
	u64 bitmap[1 << KHO_TABLE_SIZE_LOG2];
};

static_assert(sizeof(struct kho_radix_node) == 4096, "wire layout");
static_assert(sizeof(struct kho_radix_leaf) == 4096, "wire layout");

/* struct setup_data of the boot protocol, without its payload. */
struct kho_setup_header {
	u64 next; /* physical address of the next node, 0 = last */
	u32 type;
	u32 len; /* bytes of payload that follow */
} __packed;

static_assert(sizeof(struct kho_setup_header) == 16, "wire layout");

/**
 * struct kho_data - payload of the setup_data node KHO_SETUP_DATA_TYPE
 * @fdt_addr: physical address of the root FDT, page aligned
 * @fdt_size: PAGE_SIZE, in bytes
 * @scratch_addr: physical address of an array of struct kho_scratch
 * @scratch_size: exact length of that array in bytes
 */
struct kho_data {
	u64 fdt_addr;
	u64 fdt_size;
	u64 scratch_addr;
	u64 scratch_size;
} __packed;

static_assert(sizeof(struct kho_data) == 32, "wire layout");

/**
 * struct kho_setup_indirect - payload of a setup_data node KHO_SETUP_INDIRECT
 * @type: KHO_SETUP_INDIRECT | KHO_SETUP_DATA_TYPE for an extent of ours
 * @reserved: 0
 * @len: bytes to reserve
 * @addr: physical address where they start
 */
struct kho_setup_indirect {
	u32 type;
	u32 reserved;
	u64 len;
	u64 addr;
} __packed;

static_assert(sizeof(struct kho_setup_indirect) == 24, "wire layout");

/**
 * struct kho_scratch - memory that no preserved block may lie in
 * @addr: physical address
 * @size: bytes
 */
struct kho_scratch {
	u64 addr;
	u64 size;
};

static_assert(sizeof(struct kho_scratch) == 16, "wire layout");

/* Flags of struct kho_vmalloc: values of the wire, not of the kernel's vm_flags. */
#define KHO_VMALLOC_ALLOC 0x0001
#define KHO_VMALLOC_HUGE_VMAP 0x0002

struct kho_vmalloc_chunk;

/**
 * struct kho_vmalloc_hdr - head of a chunk
 * @next: physical address of the next chunk, 0 = last
 */
struct kho_vmalloc_hdr {
	u64 next;
};

#define KHO_VMALLOC_SIZE ((4096 - sizeof(struct kho_vmalloc_hdr)) / sizeof(u64))

/**
 * struct kho_vmalloc_chunk - one page of a list of preserved blocks
 * @hdr: link to the next page of the list
 * @phys: physical addresses of the blocks, in order of use; the first 0 ends the list. A full
 *   chunk may be followed by an empty one.
 */
struct kho_vmalloc_chunk {
	struct kho_vmalloc_hdr hdr;
	u64 phys[KHO_VMALLOC_SIZE];
};

static_assert(sizeof(struct kho_vmalloc_chunk) == 4096, "wire layout");

/**
 * struct kho_vmalloc - descriptor of a virtually contiguous area; may be copied byte for byte
 * @first: physical address of the first struct kho_vmalloc_chunk, 0 = none
 * @total_pages: pages in all blocks together
 * @flags: KHO_VMALLOC_*
 * @order: every block of the list is 2^order pages
 */
struct kho_vmalloc {
	u64 first;
	u32 total_pages;
	u16 flags;
	u16 order;
};

static_assert(sizeof(struct kho_vmalloc) == 16, "wire layout");

/**
 * struct kho_block_header_ser - head of each page of a block chain (an array that spans pages)
 * @next: physical address of the next page of the chain, 0 = last
 * @count: valid entries in this page, 1 .. (PAGE_SIZE - 16) / entry size
 */
struct kho_block_header_ser {
	u64 next;
	u64 count;
} __packed;

static_assert(sizeof(struct kho_block_header_ser) == 16, "wire layout");

/* Most pages a block chain may have. */
#define KHO_BLOCK_CHAIN_MAX 10000

#endif /* _LINUX_KHO_ABI_KEXEC_HANDOVER_H */
