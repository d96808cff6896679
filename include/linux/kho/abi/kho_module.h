/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The wire of the kho module's own extras: what lets a stock kernel keep the memory, and what
 * lets the receiver prove that nothing was lost or altered. Upstream's part is in
 * kexec_handover.h.
 *
 * The wire area
 * -------------
 * One block of KHO_WIRE_PAGES pages, naturally aligned (so it never crosses a 2 MiB boundary, and
 * the decompressor of the next kernel maps all of it at once), at a fixed address from module
 * load to the jump:
 *
 *   page 0  head    setup_data node KHO_SETUP_DATA_TYPE at offset 0; the array of struct
 *                   kho_scratch that it points to at KHO_WIRE_SCRATCH_OFFSET
 *   page 1  chain A struct kho_chain_ser
 *   page 2  chain B struct kho_chain_ser
 *   page 3  FDT A   root FDT
 *   page 4  FDT B   root FDT
 *   page 5  module  struct kho_module_ser, the blob of subtree KHO_MODULE_SUBTREE
 *   page 6  memmap  struct kho_memmap_ser
 *   page 7  metadata  struct kho_kexec_metadata, the blob of subtree KHO_METADATA_NODE_NAME
 *
 * The list that the boot loader hangs into boot_params ends with:
 *
 *   head node (type 10) -> chain A or chain B: SETUP_INDIRECT -> SETUP_INDIRECT -> ... -> 0
 *
 * A machine may jump at any instant, between any two stores. Therefore nothing the receiver
 * relies on is ever edited in place if more than one store is needed: a new chain is written to
 * the page not in use and published by one store to the head node's next; a new root FDT likewise
 * by one store to kho_data.fdt_addr; key count and hash stand twice (struct kho_tally_ser),
 * before and after the one word being changed. The list of scratch areas is cut back to what
 * stays by one store to kho_data.scratch_size, then completed, then lengthened by one store to
 * the same.
 */
#ifndef _LINUX_KHO_ABI_KHO_MODULE_H
#define _LINUX_KHO_ABI_KHO_MODULE_H

#include <linux/kho/abi/kexec_handover.h>
#include <linux/kho/abi/version.h>

/* Name of the subtree in the root FDT. */
#define KHO_MODULE_SUBTREE "kho-module"
/* "KHOMODUL", little-endian. */
#define KHO_MODULE_MAGIC 0x4c55444f4d4f484bULL
/*
 * Version of everything in this file, the oldest version whose readers understand it, and the
 * oldest version that is read; see version.h.
 */
#define KHO_MODULE_VERSION 1
#define KHO_MODULE_READERS_FROM 1
#define KHO_MODULE_READS_FROM 1
#define KHO_MODULE_VERSION_WORD \
	KHO_VERSION_WORD(KHO_MODULE_VERSION, KHO_MODULE_READERS_FROM)
/* Size of struct kho_module_ser in the oldest version that is read. */
#define KHO_MODULE_BYTES_FROM 264

/* "KHOCHAIN", little-endian. */
#define KHO_CHAIN_MAGIC 0x4e494148434f484bULL
/* "KHOMMAP_", little-endian. */
#define KHO_MEMMAP_MAGIC 0x5f50414d4d4f484bULL

enum kho_wire_page {
	KHO_WIRE_HEAD = 0,
	KHO_WIRE_CHAIN_A = 1,
	KHO_WIRE_CHAIN_B = 2,
	KHO_WIRE_FDT_A = 3,
	KHO_WIRE_FDT_B = 4,
	KHO_WIRE_MODULE = 5,
	KHO_WIRE_MEMMAP = 6,
	KHO_WIRE_METADATA = 7,
	KHO_WIRE_PAGES = 8,
	KHO_WIRE_ORDER = 3,
};

/*
 * Most extents a chain may hold: memblock's static array has 128 entries, and others need some.
 */
#define KHO_MAX_EXTENTS 64
/* Most scratch areas announced to a kernel with native KHO. */
#define KHO_MAX_SCRATCH 64
/*
 * Most entries of the firmware memory map: as many as the zero page of the boot protocol holds.
 */
#define KHO_MAX_MEMMAP 128
/* Offset of the array of struct kho_scratch in the head page. */
#define KHO_WIRE_SCRATCH_OFFSET 1024

/**
 * struct kho_head_ser - start of the head page
 * @hdr: setup_data header; type KHO_SETUP_DATA_TYPE, len sizeof(struct kho_data); next is the
 *   physical address of the first node of the chain in use, never 0
 * @data: upstream's payload
 */
struct kho_head_ser {
	struct kho_setup_header hdr;
	struct kho_data data;
} __packed;

static_assert(sizeof(struct kho_head_ser) == 48, "wire layout");

/**
 * struct kho_extent_ser - one node of the chain: one extent the next kernel reserves at boot
 * @hdr: setup_data header; type KHO_SETUP_INDIRECT, len sizeof(struct kho_setup_indirect); next
 *   is the physical address of the following struct kho_extent_ser of the same page, 0 in the
 *   last
 * @ind: the extent; len and addr are multiples of the page size
 */
struct kho_extent_ser {
	struct kho_setup_header hdr;
	struct kho_setup_indirect ind;
} __packed;

static_assert(sizeof(struct kho_extent_ser) == 40, "wire layout");

/**
 * struct kho_chain_ser - one page: all extents
 * @node: the extents in ascending order, disjoint and not adjacent; @nr_extents of them are in
 *   use, the first of them starts the list
 * @magic: KHO_CHAIN_MAGIC
 * @version: KHO_MODULE_VERSION_WORD
 * @nr_extents: 1 .. KHO_MAX_EXTENTS
 * @self_phys: physical address of this page
 * @pad: 0, as are the nodes not in use; free for newer versions, like @reserved
 * @crc: CRC-32C of the nodes in use followed by the members from @magic to @self_phys
 */
struct kho_chain_ser {
	struct kho_extent_ser node[KHO_MAX_EXTENTS];
	u64 magic;
	u32 version;
	u32 nr_extents;
	u64 self_phys;
	u8 pad[4096 - KHO_MAX_EXTENTS * 40 - 32];
	u32 reserved;
	u32 crc;
} __packed;

static_assert(sizeof(struct kho_chain_ser) == 4096, "wire layout");
static_assert(offsetof(struct kho_chain_ser, magic) == 2560, "wire layout");
static_assert(offsetof(struct kho_chain_ser, crc) == 4092, "wire layout");

/**
 * struct kho_tally_ser - proof of the radix tree's contents
 * @nr_keys: keys in the tree
 * @nr_pages: pages of all blocks together
 * @hash: sum, modulo 2^64, of kho_mix64(key) over all keys
 */
struct kho_tally_ser {
	u64 nr_keys;
	u64 nr_pages;
	u64 hash;
};

static_assert(sizeof(struct kho_tally_ser) == 24, "wire layout");

/*
 * Instants kept in kho_module_ser.stamp_ns, nanoseconds of CLOCK_REALTIME where nothing else is
 * said; 0 = did not happen, or is not known.
 */
enum kho_stamp {
	KHO_STAMP_MODULE_LOAD = 0, /* kho.ko of the old kernel was loaded */
	KHO_STAMP_IMAGE_LOAD = 1, /* the image was loaded */
	KHO_STAMP_REBOOT = 2, /* the reboot notifier ran */
	KHO_STAMP_JUMP =
		3, /* everything was shut down; nothing but the jump follows */
	KHO_STAMP_JUMP_TSC =
		4, /* the same instant, as the processor's time stamp counter */
	KHO_STAMP_STOPPING = 5, /* services began to stop, as user space told */
	KHO_STAMP_MAX = 8,
};

/**
 * struct kho_module_ser - the blob of subtree KHO_MODULE_SUBTREE, one page
 * @magic: KHO_MODULE_MAGIC
 * @version: KHO_MODULE_VERSION_WORD
 * @size: sizeof(struct kho_module_ser); the rest of the page is 0
 * @module_version: NUL-terminated version of the writing module
 * @release: NUL-terminated uname release of the writing kernel
 * @wire_phys: physical address of the wire area (page 0)
 * @tree_phys: physical address of the root page of the radix tree, as in the root FDT
 * @kexec_count: handovers since the last cold boot, this one included; 1 for the first
 * @fixed_crc: CRC-32C of this struct up to this member; written once, at module load
 * @fdt_crc: CRC-32C of the whole pages FDT A and FDT B; an entry is valid while its page is
 *   published
 * @tally: the tree matches tally[0] or tally[1]. Writer: tally[1] = new, barrier, change one
 *   word of the tree, barrier, tally[0] = new.
 * @stamp_ns: indexed by enum kho_stamp; informative, not covered by a check
 */
struct kho_module_ser {
	u64 magic;
	u32 version;
	u32 size;
	char module_version[32];
	char release[72];
	u64 wire_phys;
	u64 tree_phys;
	u32 kexec_count;
	u32 fixed_crc;
	u32 fdt_crc[2];
	struct kho_tally_ser tally[2];
	u64 stamp_ns[KHO_STAMP_MAX];
} __packed;

static_assert(offsetof(struct kho_module_ser, wire_phys) == 120, "wire layout");
static_assert(offsetof(struct kho_module_ser, fixed_crc) == 140, "wire layout");
static_assert(offsetof(struct kho_module_ser, tally) == 152, "wire layout");
static_assert(offsetof(struct kho_module_ser, tally) % 8 == 0,
	      "single stores need alignment");
static_assert(sizeof(struct kho_module_ser) == 264, "wire layout");
static_assert(sizeof(struct kho_module_ser) >= KHO_MODULE_BYTES_FROM,
	      "versions add members");

/**
 * struct kho_memmap_entry_ser - one range of the firmware memory map
 * @addr: physical address of the first byte
 * @bytes: length
 * @type: E820 type of the boot protocol (1 RAM, 2 reserved, 3 ACPI, 4 NVS, ...)
 * @reserved: 0
 */
struct kho_memmap_entry_ser {
	u64 addr;
	u64 bytes;
	u32 type;
	u32 reserved;
};

static_assert(sizeof(struct kho_memmap_entry_ser) == 24, "wire layout");

/**
 * struct kho_memmap_ser - the memory map that was handed to the next kernel, one page;
 * informative
 * @magic: KHO_MEMMAP_MAGIC; 0 while no image is loaded
 * @nr_entries: 0 .. KHO_MAX_MEMMAP
 * @crc: CRC-32C of @nr_entries entries
 * @entry: the map, in the order of the firmware
 */
struct kho_memmap_ser {
	u64 magic;
	u32 nr_entries;
	u32 crc;
	struct kho_memmap_entry_ser entry[KHO_MAX_MEMMAP];
};

static_assert(sizeof(struct kho_memmap_ser) <= 4096, "fits its page");

#endif /* _LINUX_KHO_ABI_KHO_MODULE_H */
