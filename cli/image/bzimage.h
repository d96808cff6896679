/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Parser of bzImage files (x86 boot protocol), over a buffer that is trusted for nothing.
 */
#ifndef KHO_CLI_BZIMAGE_H
#define KHO_CLI_BZIMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where things stand in the file and, for the header, in boot_params as well. */
enum bzimage_offset {
	BZ_HEADER = 0x1f1, /* setup_header starts */
	BZ_HEADER_LEN =
		0x201, /* byte: the header ends this far after BZ_HEADER_MAGIC */
	BZ_HEADER_MAGIC = 0x202, /* "HdrS" */
	BZ_HEADER_MIN_END = 0x26c, /* end of the header of protocol 2.15 */
	BZ_HEADER_MAX_END = 0x290, /* boot_params has no more room */
	BZ_ENTRY_64 =
		0x200, /* 64-bit entry point, from the start of the protected-mode part */
};

/* Bits of bzimage.xloadflags that the loader looks at (boot protocol). */
#define BZ_XLF_KERNEL_64 (1U << 0)
#define BZ_XLF_ABOVE_4G (1U << 1)
#define BZ_XLF_EFI_KEXEC (1U << 4)
#define BZ_XLF_5LEVEL (1U << 5)
#define BZ_XLF_5LEVEL_ENABLED (1U << 6)

/* Bit of bzimage.setup_type_max: the kernel knows SETUP_INDIRECT, so it will keep the memory. */
#define BZ_TYPE_INDIRECT (1U << 31)

/**
 * struct bzimage - what the loader needs to know; offsets and lengths are inside the file
 * @protocol: version of the boot protocol, such as 0x20f
 * @xloadflags: BZ_XLF_*
 * @header_end: end of the setup header, from the start of the file
 * @code_offset: start of the protected-mode part in the file
 * @code_bytes: its length
 * @payload_offset: compressed kernel, in the file
 * @payload_bytes: its length, without the size that the build appends
 * @init_bytes: memory the kernel needs from its load address on, page aligned
 * @align: alignment of the load address, a power of two, at least a page
 * @preferred_phys: where the kernel would like to be; never load it lower
 * @initrd_addr_max: highest address an initrd's last byte may have (unless BZ_XLF_ABOVE_4G)
 * @cmdline_max: most bytes of the command line without its NUL
 * @setup_type_max: value of that name in kernel_info
 * @release: version of the kernel as its header tells, printable, "" if it does not
 */
struct bzimage {
	uint16_t protocol;
	uint16_t xloadflags;
	size_t header_end;
	size_t code_offset;
	size_t code_bytes;
	size_t payload_offset;
	size_t payload_bytes;
	uint64_t init_bytes;
	uint64_t align;
	uint64_t preferred_phys;
	uint64_t initrd_addr_max;
	size_t cmdline_max;
	uint32_t setup_type_max;
	char release[128];
};

/**
 * bzimage_parse() - check a kernel file and find out what the loader needs to know
 * @bz: filled on success, undefined otherwise
 * @file: contents
 * @bytes: length of @file
 *
 * Reads nothing outside [@file, @file + @bytes).
 *
 * Return: NULL, or why the file cannot be used: the rest of a sentence that starts with the
 * file's name. Static storage.
 */
const char *bzimage_parse(struct bzimage *bz, const uint8_t *file,
			  size_t bytes);

#endif /* KHO_CLI_BZIMAGE_H */
