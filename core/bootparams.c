// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
#include "bootparams.h"

/* Offsets of members; those of the setup header are the same in a bzImage and in boot_params. */
enum {
	E820_ENTRIES = 0x1e8,
	SETUP_SECTS = 0x1f1,
	BOOT_FLAG = 0x1fe,
	HEADER_MAGIC = 0x202,
	PROTOCOL = 0x206,
	CMDLINE = 0x228,
	SETUP_DATA = 0x250,
	KERNEL_INFO = 0x268,
	HEADER_END = 0x26c,
	EXT_CMDLINE = 0x0c8,
	E820_TABLE = 0x2d0,
};

enum {
	SECTOR = 512,
	PROTOCOL_MIN = 0x20f,
	BOOT_FLAG_VALUE = 0xaa55,
	KERNEL_INFO_BYTES = 16, /* magic, size, size_total, setup_type_max */
	SETUP_DATA_HEADER = 16, /* next, type, len */
	E820_ENTRY_BYTES = 20,
	/* A list that kexec_file_load(2) makes has a handful. */
	MAX_NODES = 64,
};

#define MAGIC_HDRS 0x53726448U /* "HdrS" */
#define MAGIC_LTOP 0x506f544cU /* "LToP" */

/* Nothing in these buffers need be aligned. */
static u32 get16(const u8 *at)
{
	return at[0] | (u32)at[1] << 8;
}

static u32 get32(const u8 *at)
{
	return get16(at) | get16(at + 2) << 16;
}

static u64 get64(const u8 *at)
{
	return get32(at) | (u64)get32(at + 4) << 32;
}

static void put32(u8 *at, u32 value)
{
	unsigned int i;

	for (i = 0; i < 4; i++)
		at[i] = (u8)(value >> (8 * i));
}

static void put64(u8 *at, u64 value)
{
	put32(at, (u32)value);
	put32(at + 4, (u32)(value >> 32));
}

const char *kho_bzimage_objection(const void *file, u64 bytes)
{
	const u8 *f = file;
	u64 code, info;

	if (!f || bytes < HEADER_END || get32(f + HEADER_MAGIC) != MAGIC_HDRS)
		return "it is not a bzImage";
	if (get16(f + PROTOCOL) < PROTOCOL_MIN)
		return "it is older than boot protocol 2.15 (Linux 5.5) and would keep nothing";
	code = ((f[SETUP_SECTS] ? f[SETUP_SECTS] : 4) + 1ULL) * SECTOR;
	info = get32(f + KERNEL_INFO);
	if (!info || code + info > bytes ||
	    bytes - code - info < KERNEL_INFO_BYTES ||
	    get32(f + code + info) != MAGIC_LTOP)
		return "it has no kernel_info, so nobody can tell whether it would keep memory";
	if (!(get32(f + code + info + 12) & KHO_SETUP_INDIRECT))
		return "it does not know SETUP_INDIRECT and would keep nothing";
	return NULL;
}

/* -------------------------------------------------------------------------------- boot_params */

bool kho_boot_params_here(const void *segment, u64 bytes, u64 phys)
{
	const u8 *bp = segment;
	u64 cmdline;

	if (!bp || bytes <= KHO_BOOT_PARAMS_BYTES ||
	    get32(bp + HEADER_MAGIC) != MAGIC_HDRS ||
	    get16(bp + BOOT_FLAG) != BOOT_FLAG_VALUE)
		return false;
	cmdline = get32(bp + CMDLINE) | (u64)get32(bp + EXT_CMDLINE) << 32;
	return cmdline >= phys && cmdline - phys >= KHO_BOOT_PARAMS_BYTES &&
	       cmdline - phys < bytes;
}

const char *kho_boot_params_link(void *segment, u64 bytes, u64 phys,
				 u64 head_phys)
{
	u8 *bp = segment, *link = bp + SETUP_DATA;
	u64 next, at;
	u32 nr = 0;

	while ((next = get64(link))) {
		at = next - phys;
		if (next < phys || at < KHO_BOOT_PARAMS_BYTES || at >= bytes ||
		    bytes - at < SETUP_DATA_HEADER)
			return "its list of setup_data leads out of its segment";
		if (++nr > MAX_NODES)
			return "its list of setup_data has no end";
		link = bp + at;
	}
	put64(link, head_phys);
	return NULL;
}

const char *kho_boot_params_set_memmap(void *segment,
				       const struct kho_memmap_entry_ser *entry,
				       u32 nr)
{
	u8 *bp = segment, *table = bp + E820_TABLE;
	u32 i;

	if (!nr)
		return "the memory map of this machine is not known";
	if (nr > KHO_BOOT_PARAMS_MAX_MEMMAP)
		return "the memory map of this machine has more than 128 ranges";
	memset(table, 0, KHO_BOOT_PARAMS_MAX_MEMMAP * E820_ENTRY_BYTES);
	for (i = 0; i < nr; i++, table += E820_ENTRY_BYTES) {
		put64(table, entry[i].addr);
		put64(table + 8, entry[i].bytes);
		put32(table + 16, entry[i].type);
	}
	bp[E820_ENTRIES] = (u8)nr;
	return NULL;
}
