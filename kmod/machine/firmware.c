// SPDX-License-Identifier: GPL-2.0
/*
 * Tables of an EFI machine's firmware, and of the kernel's own loader stub, which enters its
 * tables among them: where they are, and where the next kernel will write because of them.
 *
 * Some lie in ordinary RAM and are reserved by the kernel that finds them; they stay where they
 * are, see stays.c. Others lie in memory that is everybody's as soon as the first kernel runs,
 * such as the stub's note of where the initrd is. Newer kernels clear that when they have read
 * it, also when they are started much later by kexec, and something else lies there by then. So
 * nothing is preserved there, and no image is put there.
 */

#include <linux/efi.h>
#include <linux/ioport.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/string.h>

#include <asm/processor.h>

#include "kmod/in/in.h"
#include "kmod/kho.h"
#include "kmod/machine/machine.h"

/* Where the zero page (boot protocol) has boot_params.efi_info.efi_systab, and what follows. */
#define BOOT_PARAMS_EFI_SYSTAB 0x1c4
/* More than any firmware has. */
#define MAX_TABLES 1024
/* A table that says it is longer is damaged; it is taken to be that long. */
#define MAX_TABLE_BYTES SZ_16M
/* The log of what was measured after the kernel left the firmware has its length nowhere. */
#define FINAL_LOG_BYTES SZ_64K

/* Of that log, in the specification of the TCG; kernels have several names for it. */
#define FINAL_LOG_GUID                                                     \
	EFI_GUID(0x1e2ed096, 0x30e2, 0x4254, 0xbd, 0x89, 0x86, 0x3b, 0xbe, \
		 0xf8, 0x23, 0x25)

/* Pages that the next kernel may write to. */
static struct kho_range written[8];
static u32 nr_written;

static bool can_be_there(u64 phys, size_t bytes)
{
	u64 end = phys + bytes;

	return end >= phys && end <= 1ULL << boot_cpu_data.x86_phys_bits;
}

/**
 * kho_firmware_read() - copy what the firmware left in memory
 * @to: for the copy
 * @phys: physical address
 * @bytes: length
 *
 * Page by page: what it says of lengths may be damaged, and the kernel complains of ranges that
 * are partly RAM. Where no memory can be, because the address is too wide for this processor,
 * zeros are read, and the log says so: a damaged pointer keeps nobody from handing over.
 *
 * Context: may sleep.
 *
 * Return: 0 or -ENOMEM.
 */
int kho_firmware_read(void *to, u64 phys, size_t bytes)
{
	if (!can_be_there(phys, bytes)) {
		pr_warn("the firmware says that a table is at %#llx, which this processor cannot address: it is not looked at\n",
			phys);
		memset(to, 0, bytes);
		return 0;
	}
	while (bytes) {
		size_t n =
			min_t(size_t, bytes, PAGE_SIZE - offset_in_page(phys));
		int ret = kho_phys_read(to, phys, n);

		if (ret)
			return ret;
		to += n;
		phys += n;
		bytes -= n;
	}
	return 0;
}

/* ---------------------------------------------------------------------- what has which length */

static int memory_attributes_bytes(u64 phys, u64 *bytes)
{
	efi_memory_attributes_table_t table;
	int ret = kho_firmware_read(&table, phys, sizeof(table));

	*bytes = sizeof(table) + (u64)table.num_entries * table.desc_size;
	return ret;
}

static int tpm_log_bytes(u64 phys, u64 *bytes)
{
	struct linux_efi_tpm_eventlog log;
	int ret = kho_firmware_read(&log, phys, sizeof(log));

	*bytes = sizeof(log) + (u64)log.size;
	return ret;
}

static int final_log_bytes(u64 phys, u64 *bytes)
{
	*bytes = FINAL_LOG_BYTES;
	return 0;
}

static int random_seed_bytes(u64 phys, u64 *bytes)
{
	struct linux_efi_random_seed seed;
	int ret = kho_firmware_read(&seed, phys, sizeof(seed));

	/* The kernel takes no more of it. */
	*bytes = sizeof(seed) + min_t(u64, seed.size, SZ_1K);
	return ret;
}

/* Of resources that the firmware can update: a table of 16 bytes, and 40 for each. */
static int resources_bytes(u64 phys, u64 *bytes)
{
	u32 count;
	int ret = kho_firmware_read(&count, phys, sizeof(count));

	*bytes = 16 + 40ULL * count;
	return ret;
}

static int note_bytes(u64 phys, u64 *bytes)
{
	*bytes = sizeof(struct linux_efi_initrd);
	return 0;
}

/*
 * @what: for the log
 * @bytes: finds out the length; where there is none, nobody but a kernel that knows more reads
 *         the table, and all of it is taken to lie in one page
 * @writes: the next kernel may write there
 */
static const struct table {
	efi_guid_t guid;
	const char *what;
	int (*bytes)(u64 phys, u64 *bytes);
	bool writes;
} tables[] = {
	{ EFI_MEMORY_ATTRIBUTES_TABLE_GUID, "the table of memory attributes",
	  memory_attributes_bytes },
	{ LINUX_EFI_TPM_EVENT_LOG_GUID, "the log of the TPM", tpm_log_bytes },
	{ FINAL_LOG_GUID, "the final log of the TPM", final_log_bytes },
	{ EFI_SYSTEM_RESOURCE_TABLE_GUID, "the table of firmware resources",
	  resources_bytes },
	{ LINUX_EFI_RANDOM_SEED_TABLE_GUID, "the loader's random seed",
	  random_seed_bytes, true },
	{ LINUX_EFI_INITRD_MEDIA_GUID, "the loader's note of an initrd",
	  note_bytes, true },
};

static const struct table *known(efi_guid_t guid)
{
	static const struct table other = { .what = "a table of the firmware" };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(tables); i++)
		if (!efi_guidcmp(guid, tables[i].guid))
			return &tables[i];
	return &other;
}

/* ------------------------------------------------------------------------------- finding them */

static int note_written(u64 start, u64 end)
{
	if (!page_is_ram(PHYS_PFN(start)))
		return 0;
	if (nr_written == ARRAY_SIZE(written))
		return -E2BIG;
	written[nr_written].start = kho_align_down(start, PAGE_SIZE);
	written[nr_written++].end = kho_align_up(end, PAGE_SIZE);
	pr_info("%#llx is not preserved: the next kernel may clear a table there\n",
		written[nr_written - 1].start);
	return 0;
}

static int add_table(const efi_config_table_64_t *entry)
{
	const struct table *t = known(entry->guid);
	u64 phys = entry->table, bytes = 1;
	int ret = 0;

	if (!phys || phys > U64_MAX - MAX_TABLE_BYTES - PAGE_SIZE)
		return 0;
	if (t->bytes)
		ret = t->bytes(phys, &bytes);
	bytes = min_t(u64, bytes, MAX_TABLE_BYTES);
	if (!ret)
		ret = kho_stays_add(phys, phys + bytes, t->what);
	if (!ret && t->writes)
		ret = note_written(phys, phys + bytes);
	return ret;
}

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
	u64 phys;
	int ret;

	ret = kho_boot_params_read(&info, sizeof(info), BOOT_PARAMS_EFI_SYSTAB);
	if (ret)
		return ret;
	phys = (u64)info.systab_hi << 32 | info.systab;
	ret = kho_firmware_read(&systab, phys, sizeof(systab));
	if (ret || systab.hdr.signature != EFI_SYSTEM_TABLE_SIGNATURE)
		return ret;
	*nr = systab.nr_tables;
	return kho_stays_add(phys, phys + sizeof(systab),
			     "the system table of the firmware");
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

/* @rsdp: filled with where EFI says that the tables of ACPI begin. */
static int add_tables(u64 phys, u32 nr, u64 *rsdp)
{
	efi_config_table_64_t *entry;
	size_t bytes = nr * sizeof(*entry);
	int ret;
	u32 i;

	entry = kmalloc(bytes, GFP_KERNEL | __GFP_NOWARN);
	if (!entry)
		return -ENOMEM;
	ret = kho_firmware_read(entry, phys, bytes);
	if (!ret)
		ret = kho_stays_add(phys, phys + bytes,
				    "the list of the firmware's tables");
	for (i = 0; !ret && i < nr; i++) {
		ret = add_table(&entry[i]);
		if (!efi_guidcmp(entry[i].guid, ACPI_20_TABLE_GUID) ||
		    (!*rsdp && !efi_guidcmp(entry[i].guid, ACPI_TABLE_GUID)))
			*rsdp = entry[i].table;
	}
	kfree(entry);
	return ret;
}

static int find_tables(u64 *rsdp)
{
	u32 nr = 0;
	u64 phys;
	int ret;

	ret = read_tables_address(&phys);
	if (!ret && phys)
		ret = read_nr_tables(&nr);
	if (ret || !nr)
		return ret;
	return nr > MAX_TABLES ? -E2BIG : add_tables(phys, nr, rsdp);
}

/**
 * kho_firmware_init() - find tables of the firmware that stay, and memory that the next kernel
 * may write to
 *
 * Before anything else is allocated that could be preserved, and before anything is given back.
 *
 * Context: may sleep.
 *
 * Return: 0, also if there is no such memory; -ENOMEM, -E2BIG or an error of reading tables.
 */
int kho_firmware_init(void)
{
	u64 rsdp = 0;
	int ret = 0;

	/* Tables of a 32-bit firmware are others, and kexec does not work with them. */
	if (efi_enabled(EFI_BOOT) && efi_enabled(EFI_64BIT))
		ret = find_tables(&rsdp);
	if (!ret)
		ret = kho_acpi_stays(rsdp);
	if (ret)
		pr_err("cannot read the tables of the firmware\n");
	return ret;
}

/**
 * kho_firmware_writes() - where may the next kernel write into a range because of a table?
 * @start: physical address of its first byte
 * @end: first byte after it
 *
 * Context: any.
 *
 * Return: address of such a page, or 0 if there is none.
 */
u64 kho_firmware_writes(u64 start, u64 end)
{
	u32 i;

	for (i = 0; i < nr_written; i++)
		if (start < written[i].end && end > written[i].start)
			return written[i].start;
	return 0;
}
