// SPDX-License-Identifier: GPL-2.0
/* Parser of bzImage files (x86 boot protocol). */
#include "cli/image/bzimage.h"

#include <string.h>

/* Offsets of the members of setup_header that are read here, from the start of the file. */
enum {
	SETUP_SECTS = 0x1f1,
	SYSSIZE = 0x1f4,
	BOOT_FLAG = 0x1fe,
	PROTOCOL = 0x206,
	VERSION_POINTER = 0x20e,
	LOADFLAGS = 0x211,
	INITRD_ADDR_MAX = 0x22c,
	KERNEL_ALIGNMENT = 0x230,
	RELOCATABLE = 0x234,
	XLOADFLAGS = 0x236,
	CMDLINE_SIZE = 0x238,
	PAYLOAD_OFFSET = 0x248,
	PAYLOAD_LENGTH = 0x24c,
	PREF_ADDRESS = 0x258,
	INIT_SIZE = 0x260,
	KERNEL_INFO_OFFSET = 0x268,
};

enum {
	SECTOR = 512,
	LOADED_HIGH = 1,
	PROTOCOL_MIN = 0x20f,
	KERNEL_INFO_MIN = 16, /* magic, size, size_total, setup_type_max */
	/* Below this is what old firmware keeps for itself. */
	LOWEST_PREFERRED = 1 << 20,
};

#define MAGIC_HDRS 0x53726448U /* "HdrS" */
#define MAGIC_LTOP 0x506f544cU /* "LToP" */
#define PAGE 4096ULL
#define ALIGN_MAX (1ULL << 30)
/* More than any machine of this boot protocol has below its kernel. */
#define PREFERRED_MAX (1ULL << 40)

/* The caller has made sure that @at and what follows is inside the file. */
static uint16_t get16(const uint8_t *file, size_t at)
{
	return (uint16_t)(file[at] | file[at + 1] << 8);
}

static uint32_t get32(const uint8_t *file, size_t at)
{
	return get16(file, at) | (uint32_t)get16(file, at + 2) << 16;
}

static uint64_t get64(const uint8_t *file, size_t at)
{
	return get32(file, at) | (uint64_t)get32(file, at + 4) << 32;
}

static bool power_of_two(uint64_t n)
{
	return n && !(n & (n - 1));
}

static const char *check_header(struct bzimage *bz, const uint8_t *file,
				size_t bytes)
{
	if (bytes < BZ_HEADER_MIN_END)
		return "is too short for a Linux kernel; give a bzImage, such as "
		       "/boot/vmlinuz-VERSION";
	if (get16(file, BOOT_FLAG) != 0xaa55 ||
	    get32(file, BZ_HEADER_MAGIC) != MAGIC_HDRS)
		return "is not a bzImage; give the compressed kernel, such as "
		       "/boot/vmlinuz-VERSION";
	bz->protocol = get16(file, PROTOCOL);
	if (bz->protocol < PROTOCOL_MIN)
		return "is older than boot protocol 2.15 (Linux 5.5): it would silently "
		       "reserve nothing; "
		       "give a newer kernel";
	bz->header_end = (size_t)BZ_HEADER_MAGIC + file[BZ_HEADER_LEN];
	if (bz->header_end < BZ_HEADER_MIN_END ||
	    bz->header_end > BZ_HEADER_MAX_END)
		return "has a damaged setup header (its length is impossible); get the file anew";
	if (!(file[LOADFLAGS] & LOADED_HIGH))
		return "is a zImage, not a bzImage; give a kernel of this century";
	return NULL;
}

static const char *check_code(struct bzimage *bz, const uint8_t *file,
			      size_t bytes)
{
	size_t sectors = file[SETUP_SECTS] ? file[SETUP_SECTS] : 4;
	uint64_t code = (uint64_t)get32(file, SYSSIZE) * 16;
	uint64_t payload = get32(file, PAYLOAD_OFFSET);
	uint64_t payload_bytes = get32(file, PAYLOAD_LENGTH);

	bz->code_offset = (sectors + 1) * SECTOR;
	if (bz->code_offset >= bytes || bz->code_offset < bz->header_end)
		return "is truncated: it ends before the kernel's code; get the file anew";
	bz->code_bytes = bytes - bz->code_offset;
	if (code > bz->code_bytes || bz->code_bytes <= BZ_ENTRY_64)
		return "is truncated: it is shorter than its header says; get the file anew";
	if (payload > bz->code_bytes ||
	    payload_bytes > bz->code_bytes - payload)
		return "is truncated: the compressed kernel goes on after its end; get the "
		       "file anew";
	bz->payload_offset = bz->code_offset + payload;
	bz->payload_bytes = payload_bytes;
	/* gzip keeps the size itself; after the other formats it is a word of its own. */
	if (payload_bytes >= 6 && (file[bz->payload_offset] != 0x1f ||
				   file[bz->payload_offset + 1] != 0x8b))
		bz->payload_bytes -= 4;
	return NULL;
}

static const char *check_memory(struct bzimage *bz, const uint8_t *file)
{
	bz->xloadflags = get16(file, XLOADFLAGS);
	if (!(bz->xloadflags & BZ_XLF_KERNEL_64))
		return "has no 64-bit entry point; give an x86-64 kernel";
	if (!file[RELOCATABLE])
		return "is not relocatable (CONFIG_RELOCATABLE=n), so it cannot be loaded "
		       "beside preserved "
		       "memory; give a kernel that is";
	bz->align = get32(file, KERNEL_ALIGNMENT);
	if (!power_of_two(bz->align) || bz->align > ALIGN_MAX)
		return "has a damaged setup header (its alignment is impossible); get the file "
		       "anew";
	if (bz->align < PAGE)
		bz->align = PAGE;
	bz->init_bytes = ((uint64_t)get32(file, INIT_SIZE) + PAGE - 1) &
			 ~(PAGE - 1);
	if (bz->init_bytes < bz->code_bytes)
		return "has a damaged setup header (it asks for less memory than its code "
		       "has); get the "
		       "file anew";
	bz->preferred_phys = get64(file, PREF_ADDRESS);
	if (bz->preferred_phys < LOWEST_PREFERRED ||
	    bz->preferred_phys > PREFERRED_MAX)
		return "has a damaged setup header (its preferred address is impossible); get "
		       "the file anew";
	bz->initrd_addr_max = get32(file, INITRD_ADDR_MAX);
	bz->cmdline_max = get32(file, CMDLINE_SIZE);
	return NULL;
}

static const char *check_kernel_info(struct bzimage *bz, const uint8_t *file)
{
	const uint8_t *code = file + bz->code_offset;
	uint64_t at = get32(file, KERNEL_INFO_OFFSET);
	uint64_t bytes, total;

	if (!at || at > bz->code_bytes || bz->code_bytes - at < KERNEL_INFO_MIN)
		return "has no kernel_info, so nobody can tell whether it would keep memory; "
		       "give another "
		       "kernel";
	if (get32(code, at) != MAGIC_LTOP)
		return "has a damaged kernel_info (its magic is missing); get the file anew";
	bytes = get32(code, at + 4);
	total = get32(code, at + 8);
	if (bytes < KERNEL_INFO_MIN || total < bytes ||
	    total > bz->code_bytes - at)
		return "has a damaged kernel_info (its size is impossible); get the file anew";
	bz->setup_type_max = get32(code, at + 12);
	if (!(bz->setup_type_max & BZ_TYPE_INDIRECT))
		return "does not know SETUP_INDIRECT: it would silently reserve nothing; give "
		       "Linux 5.5 or "
		       "newer";
	return NULL;
}

/* The string is for people only: a bad pointer means no name, never a refusal. */
static void find_release(struct bzimage *bz, const uint8_t *file)
{
	size_t at = (size_t)get16(file, VERSION_POINTER) + 0x200;
	size_t i = 0;

	if (at > 0x200) {
		for (; at < bz->code_offset && i + 1 < sizeof(bz->release);
		     at++, i++) {
			if (file[at] <= ' ' || file[at] > '~')
				break;
			bz->release[i] = (char)file[at];
		}
	}
	bz->release[i] = '\0';
}

const char *bzimage_parse(struct bzimage *bz, const uint8_t *file, size_t bytes)
{
	const char *why;

	memset(bz, 0, sizeof(*bz));
	why = check_header(bz, file, bytes);
	if (!why)
		why = check_code(bz, file, bytes);
	if (!why)
		why = check_memory(bz, file);
	if (!why)
		why = check_kernel_info(bz, file);
	if (!why)
		find_release(bz, file);
	return why;
}
