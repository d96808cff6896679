// SPDX-License-Identifier: GPL-2.0
/* Boot data for the next kernel: boot_params, command line, EFI, purgatory. */
#include "cli/image/bootparams.h"

#include <string.h>

#include "cli/image/purgatory.h"

/* Type of loader "kexec", assigned by the boot protocol, in the upper four bits. */
#define LOADER_KEXEC (0x0dU << 4)
/* "EL64", little-endian. */
#define EFI64_SIGNATURE 0x34364c45U
/* More than any firmware has; a larger number is damage. */
#define DESCRIPTOR_MAX 256U

/* Payload of the setup_data node SETUP_EFI. */
struct efi_payload {
	u64 fw_vendor;
	u64 runtime;
	u64 tables;
	u64 smbios;
	u64 reserved[8];
};

_Static_assert(sizeof(struct efi_payload) == 96, "layout is the kernel's");
_Static_assert(sizeof(struct efi_descriptor) == 40, "layout is the firmware's");
_Static_assert(sizeof(struct boot_params) == PAGE_BYTES,
	       "layout is the boot protocol's");

u32 bootdata_descriptor_bytes(const struct boot_params *running)
{
	u32 n = running->efi_info.efi_memdesc_size;

	return n < sizeof(struct efi_descriptor) || n > DESCRIPTOR_MAX ?
		       sizeof(struct efi_descriptor) :
		       n;
}

bool bootdata_is_efi64(const struct boot_params *running)
{
	return running->efi_info.efi_loader_signature == EFI64_SIGNATURE;
}

static u64 efi_node_bytes(const struct efi_runtime *efi, u32 descriptor_bytes)
{
	return sizeof(struct efi_payload) + efi->nr * (u64)descriptor_bytes;
}

void bootdata_plan(struct bootdata_layout *layout, const char *cmdline,
		   const struct efi_runtime *efi, u32 descriptor_bytes)
{
	u64 at = PAGE_BYTES;

	*layout = (struct bootdata_layout){ .purgatory = at };
	at += PURGATORY_BYTES;
	layout->cmdline = at;
	at = round_up_to(at + strlen(cmdline) + 1, 16);
	layout->rng = at;
	at += sizeof(struct setup_data) + RNG_SEED_BYTES;
	if (efi) {
		at = round_up_to(at, 16);
		layout->efi = at;
		at += sizeof(struct setup_data) +
		      efi_node_bytes(efi, descriptor_bytes);
	}
	layout->bytes = round_up_to(at, PAGE_BYTES);
}

/* What firmware and boot loader once found out, and the running kernel still has. */
static void take_from_running(struct boot_params *bp,
			      const struct boot_params *running)
{
	bp->screen_info = running->screen_info;
	bp->apm_bios_info = running->apm_bios_info;
	bp->ist_info = running->ist_info;
	memcpy(bp->hd0_info, running->hd0_info, sizeof(bp->hd0_info));
	memcpy(bp->hd1_info, running->hd1_info, sizeof(bp->hd1_info));
	bp->sys_desc_table = running->sys_desc_table;
	bp->olpc_ofw_header = running->olpc_ofw_header;
	bp->edid_info = running->edid_info;
	bp->alt_mem_k = running->alt_mem_k;
	bp->kbd_status = running->kbd_status;
	bp->secure_boot = running->secure_boot;
	bp->hdr.hardware_subarch = running->hdr.hardware_subarch;
	bp->hdr.hardware_subarch_data = running->hdr.hardware_subarch_data;
	bp->eddbuf_entries = running->eddbuf_entries;
	bp->edd_mbr_sig_buf_entries = running->edd_mbr_sig_buf_entries;
	memcpy(bp->edd_mbr_sig_buffer, running->edd_mbr_sig_buffer,
	       sizeof(bp->edd_mbr_sig_buffer));
	memcpy(bp->eddbuf, running->eddbuf, sizeof(bp->eddbuf));
}

static void put_memmap(struct boot_params *bp, const struct memmap *map)
{
	size_t i;

	for (i = 0; i < map->nr && i < E820_MAX_ENTRIES_ZEROPAGE; i++) {
		bp->e820_table[i] = (struct boot_e820_entry){
			.addr = map->range[i].start,
			.size = map->range[i].end - map->range[i].start,
			.type = map->range[i].type,
		};
	}
	bp->e820_entries = (__u8)i;
}

static void put_header(struct boot_params *bp,
		       const struct bootdata_layout *layout,
		       const struct bootdata *in)
{
	u64 cmdline = in->phys + layout->cmdline;

	bp->hdr.type_of_loader = LOADER_KEXEC;
	bp->hdr.ext_loader_type = 0;
	bp->hdr.ext_loader_ver = 0;
	bp->hdr.loadflags |= LOADED_HIGH;
	bp->hdr.loadflags &= ~(KEEP_SEGMENTS | CAN_USE_HEAP | KASLR_FLAG);
	if (in->kaslr)
		bp->hdr.loadflags |= KASLR_FLAG;
	bp->hdr.cmd_line_ptr = (u32)cmdline;
	bp->ext_cmd_line_ptr = (u32)(cmdline >> 32);
	bp->hdr.ramdisk_image = 0;
	bp->hdr.ramdisk_size = 0;
	if (!in->initrd_bytes)
		return;
	bp->hdr.ramdisk_image = (u32)in->initrd_phys;
	bp->ext_ramdisk_image = (u32)(in->initrd_phys >> 32);
	bp->hdr.ramdisk_size = (u32)in->initrd_bytes;
	bp->ext_ramdisk_size = (u32)(in->initrd_bytes >> 32);
}

static void put_setup_node(u8 *buf, u64 at, u64 next, u32 type, u64 bytes)
{
	struct setup_data node = { .next = next,
				   .type = type,
				   .len = (u32)bytes };

	memcpy(buf + at, &node, sizeof(node));
}

static void put_efi_map(u8 *to, const struct efi_runtime *efi,
			u32 descriptor_bytes)
{
	size_t i;

	for (i = 0; i < efi->nr; i++)
		memcpy(to + i * descriptor_bytes, &efi->map[i],
		       sizeof(efi->map[i]));
}

/*
 * The map stands in the node, behind the payload proper: whatever keeps away from setup_data (the
 * decompressor does, looking for a random address) then keeps away from the map as well.
 */
static void put_efi(u8 *buf, const struct bootdata_layout *layout,
		    const struct bootdata *in)
{
	struct boot_params *bp = (struct boot_params *)buf;
	u32 descriptor_bytes = bootdata_descriptor_bytes(in->running);
	u64 payload = layout->efi + sizeof(struct setup_data);
	u64 map = payload + sizeof(struct efi_payload);
	const struct efi_payload e = {
		.fw_vendor = in->efi->fw_vendor,
		.runtime = in->efi->runtime,
		.tables = in->efi->tables,
		.smbios = in->efi->smbios,
	};

	bp->efi_info = in->running->efi_info;
	bp->efi_info.efi_memdesc_size = descriptor_bytes;
	bp->efi_info.efi_memmap = (u32)(in->phys + map);
	bp->efi_info.efi_memmap_hi = (u32)((in->phys + map) >> 32);
	bp->efi_info.efi_memmap_size = (u32)(in->efi->nr * descriptor_bytes);
	put_setup_node(buf, layout->efi, in->phys + layout->rng, SETUP_EFI,
		       efi_node_bytes(in->efi, descriptor_bytes));
	memcpy(buf + payload, &e, sizeof(e));
	put_efi_map(buf + map, in->efi, descriptor_bytes);
}

void bootdata_build(u8 *buf, const struct bootdata_layout *layout,
		    const struct bootdata *in)
{
	struct boot_params *bp = (struct boot_params *)buf;

	memset(buf, 0, layout->bytes);
	memcpy(buf + BZ_HEADER, in->kernel + BZ_HEADER,
	       in->bz->header_end - BZ_HEADER);
	take_from_running(bp, in->running);
	bp->acpi_rsdp_addr = in->acpi_rsdp;
	put_memmap(bp, in->map);
	put_header(bp, layout, in);
	strcpy((char *)buf + layout->cmdline, in->cmdline);

	put_setup_node(buf, layout->rng, in->setup_data, SETUP_RNG_SEED,
		       RNG_SEED_BYTES);
	memcpy(buf + layout->rng + sizeof(struct setup_data), in->seed,
	       RNG_SEED_BYTES);
	bp->hdr.setup_data = in->phys + layout->rng;
	if (in->efi) {
		put_efi(buf, layout, in);
		bp->hdr.setup_data = in->phys + layout->efi;
	}
	purgatory_emit(buf + layout->purgatory, in->phys + layout->purgatory,
		       in->phys, in->kernel_phys + in->kernel_entry);
}
