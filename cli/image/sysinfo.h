/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Readers of /sys and /proc: what the running kernel says of itself and of the machine.
 */
#ifndef KHO_CLI_SYSINFO_H
#define KHO_CLI_SYSINFO_H

#include <stdbool.h>
#include <asm/bootparam.h>

#include "cli/image/memmap.h"
#include "cli/base/util.h"

/**
 * sysinfo_set_root() - read below another directory; for tests
 * @root: directory that has sys/ and proc/, "" for the real ones; not copied
 */
void sysinfo_set_root(const char *root);

/* @directory, below that root, and @rest joined; to be freed. */
char *sysinfo_path(const char *directory, const char *rest);

/**
 * sysinfo_text() - read a small file as a string without its last newline
 * @path: absolute path
 *
 * Return: string to be freed, or NULL with errno set.
 */
char *sysinfo_text(const char *path);

/**
 * sysinfo_number() - read a file that holds one number
 * @path: absolute path
 * @out: filled on success; base by prefix
 *
 * Return: 0 or negative errno; -EINVAL if it is not a number.
 */
int sysinfo_number(const char *path, u64 *out);

/* Is there a kexec image, whoever loaded it? Negative errno if the kernel does not say. */
int sysinfo_kexec_loaded(void);

/* The word in brackets of /sys/kernel/security/lockdown, to be freed; NULL without that file. */
char *sysinfo_lockdown(void);

/* Does /proc/cpuinfo have this flag? */
bool sysinfo_cpu_flag(const char *flag);

/* MemTotal of /proc/meminfo in bytes, 0 if unknown. */
u64 sysinfo_mem_total(void);
/* MemAvailable, likewise. */
u64 sysinfo_mem_available(void);

/**
 * sysinfo_boot_params() - read the boot data of the running kernel
 * @bp: filled on success
 *
 * Return: 0 or negative errno; -EBADMSG if it is shorter than the protocol says.
 */
int sysinfo_boot_params(struct boot_params *bp);

/**
 * sysinfo_memmap() - read the firmware's memory map
 * @map: ranges are added, then sorted
 *
 * Return: 0 or negative errno; -EBADMSG if an entry cannot be read or makes no sense.
 */
int sysinfo_memmap(struct memmap *map);

/**
 * sysinfo_ram() - read which memory this kernel uses as RAM
 * @map: ranges are added, then sorted. None without the right to see addresses. What a driver
 *   added is not among them
 *
 * Return: 0 or negative errno.
 */
int sysinfo_ram(struct memmap *map);

/**
 * sysinfo_systab() - get an entry of the EFI system table
 * @name: such as "ACPI20"
 *
 * Return: physical address, 0 if there is none.
 */
u64 sysinfo_systab(const char *name);

/**
 * struct efi_descriptor - one range of the firmware's memory; layout is the firmware's
 * @type: EFI memory type
 * @pad: 0
 * @phys_addr: first byte
 * @virt_addr: where the firmware was told that it is mapped
 * @num_pages: length in pages of 4 KiB
 * @attribute: EFI attributes
 */
struct efi_descriptor {
	u32 type;
	u32 pad;
	u64 phys_addr;
	u64 virt_addr;
	u64 num_pages;
	u64 attribute;
};

/**
 * struct efi_runtime - what the next kernel needs to use EFI, whose firmware can be told only
 * once where its memory is
 * @fw_vendor: physical address of the vendor's name
 * @runtime: physical address of the runtime services
 * @tables: physical address of the configuration table
 * @smbios: physical address of SMBIOS's entry point, 0 = none
 * @map: descriptors of the runtime regions with the virtual addresses they have
 * @nr: how many
 */
struct efi_runtime {
	u64 fw_vendor;
	u64 runtime;
	u64 tables;
	u64 smbios;
	struct efi_descriptor *map;
	size_t nr;
};

/**
 * sysinfo_efi_runtime() - read the above
 * @efi: filled on success; @map is to be freed
 *
 * Return: 0, -ENOENT if this kernel has no EFI runtime, or another negative errno.
 */
int sysinfo_efi_runtime(struct efi_runtime *efi);

#endif /* KHO_CLI_SYSINFO_H */
