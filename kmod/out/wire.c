// SPDX-License-Identifier: GPL-2.0
/*
 * The wire area: the pages that the next kernel reads. How they change, so that a machine may
 * jump at any instant, is in core/publish.c.
 *
 * The area stays where it is from module load to the jump, so that an image may be loaded at any
 * time. Everything here is under kho_out_lock, except where stated.
 */

#include <linux/kho.h>
#include <linux/ktime.h>
#include <linux/utsname.h>
#include <linux/kho/abi/metadata.h>

#include "core/crc32c.h"
#include "core/publish.h"
#include "kmod/kho.h"
#include "kmod/out/inside.h"
#include "kmod/out/out.h"

/* Everything that the next kernel will be given. */
DEFINE_MUTEX(kho_out_lock);

/* All of it, and views of single pages. */
static struct kho_area wire;
static struct kho_head_ser *wire_head;
static struct kho_module_ser *wire_module;

/**
 * kho_wire_page() - one page of the wire area
 * @which: of them
 */
void *kho_wire_page(enum kho_wire_page which)
{
	return kho_area_page(&wire, which);
}

/**
 * kho_wire_contains() - is this address in the wire area?
 * @phys: physical
 */
bool kho_wire_contains(u64 phys)
{
	return phys - wire.phys < KHO_WIRE_PAGES * PAGE_SIZE;
}

/**
 * kho_wire_module() - the extras of this module, for the tracker's tally and for instants
 *
 * Return: NULL while there is no wire area.
 */
struct kho_module_ser *kho_wire_module(void)
{
	return wire_module;
}

/* --------------------------------------------------------------- publishing: core/publish.c */

/**
 * kho_wire_publish_chain() - have the next kernel reserve these extents, and no others
 * @extent: ascending, disjoint, not adjacent
 * @nr: at most KHO_MAX_EXTENTS; nothing happens while there is no wire area
 */
void kho_wire_publish_chain(const struct kho_range *extent, u32 nr)
{
	if (wire.pages)
		kho_publish_chain(&wire, extent, nr);
}

/**
 * kho_wire_publish_scratch() - announce all scratch to a kernel with native KHO
 * @range: the areas, lowest first
 * @nr: at most KHO_MAX_SCRATCH
 */
void kho_wire_publish_scratch(const struct kho_range *range, u32 nr)
{
	kho_publish_scratch(&wire, range, nr);
}

/**
 * kho_wire_publish_fdt() - let the root FDT be another one
 * @tree_phys: root page of the radix tree
 * @table: the subtrees
 * @nr: how many
 *
 * Return: as kho_publish_fdt().
 */
int kho_wire_publish_fdt(u64 tree_phys, const struct kho_fdt_subtree *table,
			 u32 nr)
{
	return kho_publish_fdt(&wire, tree_phys, table, nr);
}

/* --------------------------------------------------------- what travels with every handover */

/**
 * kho_out_fdt() - copy the root FDT that is in use
 * @page: PAGE_SIZE bytes, filled
 */
void kho_out_fdt(void *page)
{
	guard(mutex)(&kho_out_lock);
	memcpy(page, phys_to_virt(wire_head->data.fdt_addr), PAGE_SIZE);
}

/**
 * kho_out_scratch() - copy the list of scratch areas that is announced
 * @area: room for KHO_MAX_SCRATCH elements
 *
 * Return: how many there are.
 */
u32 kho_out_scratch(struct kho_scratch *area)
{
	guard(mutex)(&kho_out_lock);
	memcpy(area, (void *)wire_head + KHO_WIRE_SCRATCH_OFFSET,
	       wire_head->data.scratch_size);
	return wire_head->data.scratch_size / sizeof(*area);
}

/**
 * kho_out_setup_data() - where an image's list of setup_data nodes must lead
 *
 * Context: any, while the module is loaded.
 *
 * Return: physical address of the head node.
 */
u64 kho_out_setup_data(void)
{
	return virt_to_phys(wire_head);
}

/**
 * kho_out_stamp() - remember an instant for the next kernel's report
 * @which: of the instants
 */
void kho_out_stamp(enum kho_stamp which)
{
	WRITE_ONCE(wire_module->stamp_ns[which], ktime_get_real_ns());
}

/**
 * kho_out_unstamp() - an instant did not come after all
 * @which: of the instants
 */
void kho_out_unstamp(enum kho_stamp which)
{
	WRITE_ONCE(wire_module->stamp_ns[which], 0);
}

/**
 * kho_out_memmap() - hand on the memory map that the image was loaded with
 * @entry: ranges in the firmware's order
 * @nr: at most KHO_MAX_MEMMAP; 0: none is handed on
 *
 * The receiver ignores a map whose checksum is wrong, which is so while this writes it.
 */
void kho_out_memmap(const struct kho_memmap_entry_ser *entry, u32 nr)
{
	guard(mutex)(&kho_out_lock);
	kho_publish_memmap(&wire, entry, nr);
}

/* ---------------------------------------------------------------------------- init and exit */

static void module_ser_fill(struct kho_module_ser *m, u64 tree_phys,
			    u32 kexec_count)
{
	m->magic = KHO_MODULE_MAGIC;
	m->version = KHO_MODULE_VERSION_WORD;
	m->size = sizeof(*m);
	strscpy(m->module_version, KHO_MODULE_VERSION_STRING,
		sizeof(m->module_version));
	strscpy(m->release, init_utsname()->release, sizeof(m->release));
	m->wire_phys = wire.phys;
	m->tree_phys = tree_phys;
	m->kexec_count = kexec_count;
	m->fixed_crc =
		kho_crc32c(0, m, offsetof(struct kho_module_ser, fixed_crc));
}

static void metadata_fill(struct kho_kexec_metadata *m, u32 kexec_count)
{
	m->version = KHO_KEXEC_METADATA_VERSION;
	strscpy(m->previous_release, init_utsname()->release,
		sizeof(m->previous_release));
	m->kexec_count = kexec_count;
}

/**
 * kho_wire_fill() - write what does not change until the jump
 * @tree_phys: root page of the radix tree
 * @kexec_count: number of the handover to come since the last cold boot, from 1
 */
void kho_wire_fill(u64 tree_phys, u32 kexec_count)
{
	kho_publish_head(&wire);
	module_ser_fill(wire_module, tree_phys, kexec_count);
	metadata_fill(kho_wire_page(KHO_WIRE_METADATA), kexec_count);
}

/**
 * kho_wire_alloc() - take the wire area: naturally aligned, and where it may be preserved
 * @cover: makes sure that a range is covered, or not 0: it must not be
 *
 * Return: 0 or -ENOMEM.
 */
int kho_wire_alloc(int (*cover)(u64 start, u64 end))
{
	struct page *page = kho_fit_alloc_covered(
		GFP_KERNEL | __GFP_ZERO | __GFP_COMP, KHO_WIRE_ORDER, cover);

	if (!page)
		return -ENOMEM;
	wire.pages = page_address(page);
	wire.phys = page_to_phys(page);
	wire_head = kho_wire_page(KHO_WIRE_HEAD);
	wire_module = kho_wire_page(KHO_WIRE_MODULE);
	return 0;
}

/**
 * kho_wire_free() - undo kho_wire_alloc()
 */
void kho_wire_free(void)
{
	__free_pages(virt_to_page(wire.pages), KHO_WIRE_ORDER);
	wire.pages = NULL;
	wire_head = NULL;
	wire_module = NULL;
}
