// SPDX-License-Identifier: GPL-2.0
/*
 * Memory that a table of the firmware has the next kernel write to.
 *
 * On an EFI machine the kernel's loader stub notes where the first initrd is, in memory that is
 * everybody's as soon as that kernel runs, and enters the note in the firmware's configuration
 * table. Newer kernels clear the note when they have read it, also when they are started much
 * later by kexec, and something else lies there by then. So nothing is preserved in that page,
 * and no image is put there.
 */

#include <linux/efi.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "kmod/in/in.h"
#include "kmod/kho.h"
#include "kmod/machine/machine.h"

/* Where the zero page (boot protocol) has boot_params.efi_info.efi_systab, and what follows. */
#define BOOT_PARAMS_EFI_SYSTAB 0x1c4
/* More than any firmware has. */
#define MAX_TABLES 1024

/* The pages of the note; empty if there is none. */
static struct kho_range note;

static int read_nr_tables(u32 *nr)
{
	efi_system_table_64_t systab;
	struct {
		u32 systab;
		u32 memdesc_size;
		u32 memdesc_version;
		u32 memmap;
		u32 memmap_size;
		u32 systab_hi;
	} info;
	int ret;

	ret = kho_boot_params_read(&info, sizeof(info), BOOT_PARAMS_EFI_SYSTAB);
	if (!ret)
		ret = kho_phys_read(&systab,
				    (u64)info.systab_hi << 32 | info.systab,
				    sizeof(systab));
	if (ret)
		return ret;
	*nr = systab.hdr.signature == EFI_SYSTEM_TABLE_SIGNATURE ?
		      systab.nr_tables :
		      0;
	return 0;
}

/* Physical address of the configuration table; the system table may have a virtual one by now. */
static int read_tables_address(u64 *phys)
{
	char text[32];
	ssize_t n = kho_sysfs_read("firmware/efi/config_table", text,
				   sizeof(text) - 1, 0);

	*phys = 0;
	/* Without it no loader can tell the next kernel of these tables. */
	if (n == -ENOENT)
		return 0;
	if (n < 0)
		return n;
	text[n] = '\0';
	return kstrtou64(strim(text), 0, phys);
}

static void note_range(u64 phys)
{
	if (!phys || phys > U64_MAX - PAGE_SIZE)
		return;
	note.start = kho_align_down(phys, PAGE_SIZE);
	note.end = PAGE_ALIGN(phys + sizeof(struct linux_efi_initrd));
}

static int find_note(void)
{
	efi_config_table_64_t *table;
	u32 nr = 0, i;
	u64 phys;
	int ret;

	ret = read_tables_address(&phys);
	if (!ret && phys)
		ret = read_nr_tables(&nr);
	if (ret || !nr)
		return ret;
	if (nr > MAX_TABLES)
		return -E2BIG;
	table = kmalloc_array(nr, sizeof(*table), GFP_KERNEL | __GFP_NOWARN);
	if (!table)
		return -ENOMEM;
	ret = kho_phys_read(table, phys, nr * sizeof(*table));
	for (i = 0; !ret && i < nr; i++)
		if (!efi_guidcmp(table[i].guid, LINUX_EFI_INITRD_MEDIA_GUID))
			note_range(table[i].table);
	kfree(table);
	return ret;
}

/**
 * kho_firmware_init() - find memory that the next kernel may write to
 *
 * Before anything else is allocated that could be preserved.
 *
 * Context: may sleep.
 *
 * Return: 0, also if there is no such memory; -ENOMEM, -E2BIG or an error of reading tables.
 */
int kho_firmware_init(void)
{
	int ret = efi_enabled(EFI_BOOT) ? find_note() : 0;

	if (ret)
		pr_err("cannot read the tables of the firmware\n");
	else if (note.end)
		pr_info("%#llx is not preserved: the next kernel may clear a table there\n",
			note.start);
	return ret;
}

/**
 * kho_firmware_writes() - where may the next kernel write into a range because of a table?
 * @start: physical address of its first byte
 * @end: first byte after it
 *
 * Context: any.
 *
 * Return: address of the first such page, or 0 if there is none.
 */
u64 kho_firmware_writes(u64 start, u64 end)
{
	return start < note.end && end > note.start ? note.start : 0;
}
