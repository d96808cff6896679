// SPDX-License-Identifier: GPL-2.0
/*
 * Where the tables of ACPI are. Firmware mostly puts them where no RAM is, but need not: the
 * kernel reserves each of them where it lies.
 */

#include <linux/acpi.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "kmod/in/in.h"
#include "kmod/kho.h"
#include "kmod/machine/machine.h"

/* A table that says it is longer is damaged; it is taken to be that long. */
#define MAX_TABLE_BYTES SZ_16M
/* As many tables as a root table of 64 KiB names: none has that many. */
#define MAX_ROOT_BYTES SZ_64K

/* Where a BIOS may leave the pointer to the root table, every 16 bytes. */
#define BIOS_START 0xe0000
#define BIOS_END 0x100000

/* Where the zero page (boot protocol) has boot_params.acpi_rsdp_addr. */
#define BOOT_PARAMS_ACPI_RSDP 0x70

#define WHAT "a table of ACPI"

static int add_table(u64 phys, struct acpi_table_header *header)
{
	int ret = kho_firmware_read(header, phys, sizeof(*header));
	u64 bytes;

	if (ret)
		return ret;
	bytes = clamp_t(u64, header->length, sizeof(*header), MAX_TABLE_BYTES);
	return kho_stays_add(phys, phys + bytes, WHAT);
}

/* What this table names lies where none of its kind but it says. */
static int add_named_by_fadt(u64 phys, u32 bytes)
{
	struct acpi_table_header header;
	struct acpi_table_fadt fadt = {};
	u64 dsdt, facs;
	int ret =
		kho_firmware_read(&fadt, phys, min_t(u32, bytes, sizeof(fadt)));

	if (ret)
		return ret;
	dsdt = fadt.Xdsdt ?: fadt.dsdt;
	facs = fadt.Xfacs ?: fadt.facs;
	if (dsdt)
		ret = add_table(dsdt, &header);
	if (!ret && facs)
		ret = kho_stays_add(facs, facs + sizeof(struct acpi_table_facs),
				    WHAT);
	return ret;
}

static int add_any(u64 phys)
{
	struct acpi_table_header header;
	int ret;

	if (!phys)
		return 0;
	ret = add_table(phys, &header);
	if (!ret && ACPI_COMPARE_NAMESEG(header.signature, ACPI_SIG_FADT))
		ret = add_named_by_fadt(phys, header.length);
	return ret;
}

/* @entry_bytes: of an address in the root table: there is an old form and a new one. */
static int add_all(u64 root_phys, unsigned int entry_bytes)
{
	struct acpi_table_header header;
	u32 at, bytes;
	void *root;
	int ret = add_table(root_phys, &header);

	if (ret)
		return ret;
	bytes = min_t(u32, header.length, MAX_ROOT_BYTES);
	root = kmalloc(MAX_ROOT_BYTES, GFP_KERNEL);
	if (!root)
		return -ENOMEM;
	ret = kho_firmware_read(root, root_phys, bytes);
	for (at = sizeof(header); !ret && at + entry_bytes <= bytes;
	     at += entry_bytes) {
		u64 phys = 0;

		memcpy(&phys, root + at, entry_bytes);
		ret = add_any(phys);
	}
	kfree(root);
	return ret;
}

static bool is_rsdp(const struct acpi_table_rsdp *rsdp)
{
	return !memcmp(rsdp->signature, ACPI_SIG_RSDP, sizeof(rsdp->signature));
}

/* Return: physical address of the pointer in the BIOS, or 0. */
static u64 scan_bios(void)
{
	void *bios = memremap(BIOS_START, BIOS_END - BIOS_START, MEMREMAP_WB);
	u64 found = 0;
	u32 at;

	if (!bios)
		return 0;
	for (at = 0; !found && at < BIOS_END - BIOS_START; at += 16)
		if (is_rsdp(bios + at))
			found = BIOS_START + at;
	memunmap(bios);
	return found;
}

/* What a loader told the kernel comes first, as in the kernel. @phys: filled; 0: nowhere. */
static int find_rsdp(u64 efi_rsdp, u64 *phys)
{
	int ret = kho_boot_params_read(phys, sizeof(*phys),
				       BOOT_PARAMS_ACPI_RSDP);

	if (ret && ret != -ENOENT)
		return ret;
	if (ret || !*phys)
		*phys = efi_rsdp ?: scan_bios();
	return 0;
}

/**
 * kho_acpi_stays() - note where the tables of ACPI are
 * @efi_rsdp: physical address of the pointer to the root table that EFI knows, or 0
 *
 * Context: may sleep.
 *
 * Return: 0, also if there are none; -ENOMEM, -E2BIG, or an error of reading boot_params.
 */
int kho_acpi_stays(u64 efi_rsdp)
{
	struct acpi_table_rsdp rsdp;
	u64 phys = 0;
	int ret = 0;

	if (IS_ENABLED(CONFIG_ACPI))
		ret = find_rsdp(efi_rsdp, &phys);
	if (ret || !phys)
		return ret;
	ret = kho_firmware_read(&rsdp, phys, sizeof(rsdp));
	if (ret || !is_rsdp(&rsdp))
		return ret;
	ret = kho_stays_add(phys, phys + sizeof(rsdp), WHAT);
	if (ret)
		return ret;
	if (rsdp.revision >= 2 && rsdp.xsdt_physical_address)
		return add_all(rsdp.xsdt_physical_address, sizeof(u64));
	return rsdp.rsdt_physical_address ?
		       add_all(rsdp.rsdt_physical_address, sizeof(u32)) :
		       0;
}
