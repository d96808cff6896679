/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The wire of kept trees: directories of a tmpfs that the next kernel gets with everything in
 * them.
 *
 * Subtree KHO_KEPT_SUBTREE points to struct kho_kept_head_ser (one preserved page), which starts
 * a block chain (kexec_handover.h) of struct kho_kept_tree_ser. Until the last moment there is no
 * chain. Then the file systems are frozen, everything is written to pages that nothing leads to,
 * and one store to first_block_phys publishes all trees.
 *
 * A tree has three lists of order-0 pages (kho_vmalloc), each a string of bytes with a checksum:
 *
 *   records   names, owners, modes, times, links, extended attributes: see below. No kernel ever
 *             reads them: user space makes names of them with ordinary system calls
 *   files     struct kho_kept_file_ser, in the order in which records name them
 *   entries   u64, what the files hold: see KHO_KEPT_ENTRY_*
 *
 * What the last page of a list has behind its bytes is 0. A list of no bytes has no page.
 *
 * Records
 * -------
 * A record is a byte of enum kho_kept_record_type, and what it says there. Numbers are LEB128: 7
 * bits a byte, lowest first, bit 7 set in all but the last, in as few bytes as there can be and
 * not more than 10; signed ones are (n << 1) ^ (n >> 63) before. A string is its length, a
 * number, and its bytes, without NUL.
 *
 * The first record is the NODE of the kept directory itself, with an empty name. A NODE that is a
 * directory is followed by its XATTRs, then by all that is in it, in any order, then by UP. The
 * UP of the first record is followed by the QUOTAs, and END, which is the last byte.
 *
 * A NODE has flags (enum kho_kept_node_flag), which say what follows that is not like in the NODE
 * before it (before the first: everything 0):
 *
 *   flags       number
 *   mode        number: S_IFMT and 07777; always there
 *   uid, gid    numbers, if KHO_KEPT_NODE_OWNER
 *   attributes  number, FS_*_FL of <linux/fs.h>, if KHO_KEPT_NODE_ATTRIBUTES; else 0
 *   project     number, if KHO_KEPT_NODE_PROJECT; else 0
 *   inode       signed number: less that of the NODE before. No inode is 0
 *   mtime       signed number: seconds less those of the NODE before; and nanoseconds: number,
 *               below 10^9 in all times
 *   ctime       if KHO_KEPT_NODE_CTIME: seconds less those of mtime, nanoseconds; else like mtime
 *   atime       if KHO_KEPT_NODE_ATIME: likewise; else it is mtime
 *   btime       if KHO_KEPT_NODE_BTIME: likewise; else it is mtime
 *   device      numbers: major, < 2^12, and minor, < 2^20, of a device node
 *   target      string, not empty and without NUL, of a symbolic link
 *   name        string: see KHO_KEPT_NAME_MAX, and kho_kept_entry_name_ok() of core/
 *
 * A NODE that is a regular file is the next one of the list of files. One that is none of
 * regular file, directory, symbolic link, fifo, socket, device node is refused.
 *
 *   LINK   inode: signed number, less that of the NODE before; name. One more name of a NODE that
 *          came before and is no directory
 *   XATTR  name, value: strings. Of the NODE, or LINK's NODE, before it. The name is not empty,
 *          at most 255 bytes, and has no NUL
 *   QUOTA  type: number, 0 = user, 1 = group; id; most bytes; most inodes: numbers; 0 = no limit
 */
#ifndef _LINUX_KHO_ABI_KEPT_H
#define _LINUX_KHO_ABI_KEPT_H

#include <linux/kho/abi/kexec_handover.h>
#include <linux/kho/abi/version.h>

/* Name of the subtree in the root FDT. */
#define KHO_KEPT_SUBTREE "kho-kept"
/* "KHOKEPT_", little-endian. */
#define KHO_KEPT_MAGIC 0x5f5450454b4f484bULL
/*
 * Version of everything in this file, the oldest version whose readers understand it, and the
 * oldest version that is read; see version.h.
 */
#define KHO_KEPT_VERSION 1
#define KHO_KEPT_READERS_FROM 1
#define KHO_KEPT_READS_FROM 1
#define KHO_KEPT_VERSION_WORD \
	KHO_VERSION_WORD(KHO_KEPT_VERSION, KHO_KEPT_READERS_FROM)
/* Size of struct kho_kept_tree_ser in the oldest version that is read. */
#define KHO_KEPT_BYTES_FROM 496

/* Size of a tree's name with its NUL. */
#define KHO_KEPT_TREE_NAME_SIZE 256
/* Size of a reason with its NUL. */
#define KHO_KEPT_WHY_SIZE 96
/* Longest name of an entry, in bytes. */
#define KHO_KEPT_NAME_MAX 255
/* Longest target of a symbolic link, and longest value of an extended attribute, in bytes. */
#define KHO_KEPT_TARGET_MAX 4095
#define KHO_KEPT_VALUE_MAX 65536
/* Directories that lie in one another, at most, the kept one included. */
#define KHO_KEPT_DEPTH_MAX 4096
/* Most trees there may be. */
#define KHO_KEPT_TREES_MAX 4096

/**
 * struct kho_kept_head_ser - the blob of subtree KHO_KEPT_SUBTREE
 * @magic: KHO_KEPT_MAGIC
 * @version: KHO_KEPT_VERSION_WORD
 * @entry_size: sizeof(struct kho_kept_tree_ser), a multiple of 8: from one tree to the next
 * @first_block_phys: physical address of the first block of the chain, 0 = no trees
 */
struct kho_kept_head_ser {
	u64 magic;
	u32 version;
	u32 entry_size;
	u64 first_block_phys;
} __packed;

static_assert(sizeof(struct kho_kept_head_ser) == 24, "wire layout");

/**
 * enum kho_kept_state - what became of a tree
 * @KHO_KEPT_WHOLE: all of it is here
 * @KHO_KEPT_LOST: nothing of it is; why says the reason. From nr_records on everything else is 0
 */
enum kho_kept_state {
	KHO_KEPT_WHOLE = 0x4c4f4857, /* "WHOL" */
	KHO_KEPT_LOST = 0x54534f4c, /* "LOST" */
};

/**
 * enum kho_kept_fs_flag - what the file system was like
 * @KHO_KEPT_FS_ROOT: the kept directory was all of it
 * @KHO_KEPT_FS_INODE64: inode numbers above 2^32 (mount option inode64)
 * @KHO_KEPT_FS_NOSWAP: mount option noswap
 * @KHO_KEPT_FS_USRQUOTA: mount option usrquota
 * @KHO_KEPT_FS_GRPQUOTA: mount option grpquota
 */
enum kho_kept_fs_flag {
	KHO_KEPT_FS_ROOT = 1 << 0,
	KHO_KEPT_FS_INODE64 = 1 << 1,
	KHO_KEPT_FS_NOSWAP = 1 << 2,
	KHO_KEPT_FS_USRQUOTA = 1 << 3,
	KHO_KEPT_FS_GRPQUOTA = 1 << 4,
};

/* enum kho_kept_huge - mount option huge= */
enum kho_kept_huge {
	KHO_KEPT_HUGE_NEVER = 0,
	KHO_KEPT_HUGE_ALWAYS = 1,
	KHO_KEPT_HUGE_WITHIN_SIZE = 2,
	KHO_KEPT_HUGE_ADVISE = 3,
};

/**
 * struct kho_kept_tree_ser - one tree
 * @state: enum kho_kept_state; every other value is refused
 * @crc: CRC-32C of all that follows, up to entry_size
 * @name: NUL-terminated, 1 .. 255 bytes, 0 behind it; once in the chain
 * @kept_ns: nanoseconds of CLOCK_REALTIME when the file system was frozen
 * @fs_blocks: size of the file system, in pages; 0 = no limit
 * @fs_inodes: inodes that it may have; 0 = no limit
 * @fs_flags: enum kho_kept_fs_flag; every other bit is refused
 * @fs_huge: enum kho_kept_huge
 * @nr_records: records
 * @record_bytes: length of the list of records
 * @nr_files: elements of the list of files
 * @nr_entries: elements of the list of entries
 * @nr_pages: pages of all folios of the entries together
 * @records: list of records
 * @files: list of files
 * @entries: list of entries
 * @records_crc: CRC-32C of the bytes of that list
 * @files_crc: likewise
 * @entries_crc: likewise
 * @reserved: 0
 * @why: NUL-terminated, printable ASCII, 0 behind it: the end of a sentence that starts with
 *       "since"; empty unless @state is KHO_KEPT_LOST
 */
struct kho_kept_tree_ser {
	u32 state;
	u32 crc;
	char name[KHO_KEPT_TREE_NAME_SIZE];
	u64 kept_ns;
	u64 fs_blocks;
	u64 fs_inodes;
	u32 fs_flags;
	u32 fs_huge;
	u64 nr_records;
	u64 record_bytes;
	u64 nr_files;
	u64 nr_entries;
	u64 nr_pages;
	struct kho_vmalloc records;
	struct kho_vmalloc files;
	struct kho_vmalloc entries;
	u32 records_crc;
	u32 files_crc;
	u32 entries_crc;
	u32 reserved;
	char why[KHO_KEPT_WHY_SIZE];
} __packed;

static_assert(sizeof(struct kho_kept_tree_ser) == 496, "wire layout");
static_assert(sizeof(struct kho_kept_tree_ser) >= KHO_KEPT_BYTES_FROM,
	      "versions add members");

/* Trees in one block. */
#define KHO_KEPT_TREES_PER_BLOCK                        \
	((4096 - sizeof(struct kho_block_header_ser)) / \
	 sizeof(struct kho_kept_tree_ser))

/**
 * struct kho_kept_file_ser - one regular file
 * @size: bytes
 * @first: its first entry; its last one is before the first of the next file. That of the first
 *         file is 0
 */
struct kho_kept_file_ser {
	u64 size;
	u64 first;
} __packed;

static_assert(sizeof(struct kho_kept_file_ser) == 16, "wire layout");

/*
 * An entry: what comes in a file where the entry before it ends. Behind the last one the file has
 * a hole, up to its size.
 *
 *    63   60 59   52 51                         0
 *   +-------+-------+----------------------------+
 *   | kind  | order |  page frame, or pages      |
 *   +-------+-------+----------------------------+
 *
 * FOLIO: a block of that order, preserved as one, that begins at this page frame; its place in
 *   the file is a multiple of its size. It may reach over the end of the file, and no other
 *   begins behind that. A frame is named once in all trees
 * HOLE, UNWRITTEN, BAD: so many pages, 1 at least; the order is 0. A hole; pages that were
 *   allocated and never written to, which may lie behind the end of the file; pages whose memory
 *   went bad: who reads there is to get an error
 */
#define KHO_KEPT_ENTRY_KIND_SHIFT 60
#define KHO_KEPT_ENTRY_ORDER_SHIFT 52
#define KHO_KEPT_ENTRY_ORDER_MASK 0xffULL
#define KHO_KEPT_ENTRY_VALUE_MASK ((1ULL << KHO_KEPT_ENTRY_ORDER_SHIFT) - 1)

enum kho_kept_entry_kind {
	KHO_KEPT_ENTRY_FOLIO = 0,
	KHO_KEPT_ENTRY_HOLE = 1,
	KHO_KEPT_ENTRY_UNWRITTEN = 2,
	KHO_KEPT_ENTRY_BAD = 3,
};

/* The entry of a folio. */
static inline u64 kho_kept_entry_folio(u64 pfn, unsigned int order)
{
	return (u64)order << KHO_KEPT_ENTRY_ORDER_SHIFT | pfn;
}

/* The entry of a run of @pages. */
static inline u64 kho_kept_entry_run(enum kho_kept_entry_kind kind, u64 pages)
{
	return (u64)kind << KHO_KEPT_ENTRY_KIND_SHIFT | pages;
}

static inline enum kho_kept_entry_kind kho_kept_entry_kind(u64 entry)
{
	return (enum kho_kept_entry_kind)(entry >> KHO_KEPT_ENTRY_KIND_SHIFT);
}

static inline unsigned int kho_kept_entry_order(u64 entry)
{
	return entry >> KHO_KEPT_ENTRY_ORDER_SHIFT & KHO_KEPT_ENTRY_ORDER_MASK;
}

/* Page frame of a folio, or pages of a run. */
static inline u64 kho_kept_entry_value(u64 entry)
{
	return entry & KHO_KEPT_ENTRY_VALUE_MASK;
}

/* Pages that a checked entry stands for. */
static inline u64 kho_kept_entry_pages(u64 entry)
{
	return kho_kept_entry_kind(entry) == KHO_KEPT_ENTRY_FOLIO ?
		       1ULL << kho_kept_entry_order(entry) :
		       kho_kept_entry_value(entry);
}

enum kho_kept_record_type {
	KHO_KEPT_RECORD_NODE = 1,
	KHO_KEPT_RECORD_UP = 2,
	KHO_KEPT_RECORD_LINK = 3,
	KHO_KEPT_RECORD_XATTR = 4,
	KHO_KEPT_RECORD_QUOTA = 5,
	KHO_KEPT_RECORD_END = 6,
};

enum kho_kept_node_flag {
	KHO_KEPT_NODE_OWNER = 1 << 0,
	KHO_KEPT_NODE_ATTRIBUTES = 1 << 1,
	KHO_KEPT_NODE_PROJECT = 1 << 2,
	KHO_KEPT_NODE_CTIME = 1 << 3,
	KHO_KEPT_NODE_ATIME = 1 << 4,
	KHO_KEPT_NODE_BTIME = 1 << 5,
};

#endif /* _LINUX_KHO_ABI_KEPT_H */
