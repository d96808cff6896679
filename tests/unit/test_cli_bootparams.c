// SPDX-License-Identifier: GPL-2.0
/*
 * The boot data of the next kernel: what comes from the kernel file, what from the running
 * kernel, the list of setup_data nodes, and the purgatory page.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "cli/base/util.c"
#include "cli/image/purgatory.c"
#include "cli/image/bootparams.c"

#define PHYS 0x123456000ULL
#define KERNEL_PHYS 0x140000000ULL
#define INITRD_PHYS 0x280000000ULL
#define INITRD_BYTES 0x123456789ULL
#define TAIL 0xabc000ULL

struct fixture {
	u8 kernel[1024];
	struct bzimage bz;
	struct boot_params running;
	struct memmap_range range[2];
	struct memmap map;
	struct efi_descriptor descriptor[2];
	struct efi_runtime efi;
	struct bootdata in;
	struct bootdata_layout layout;
	u8 *buf;
};

static void init(struct fixture *f)
{
	memset(f, 0, sizeof(*f));
	memset(f->kernel, 0x5a, sizeof(f->kernel));
	f->bz.header_end = BZ_HEADER_MIN_END;
	f->running.efi_info.efi_loader_signature = EFI64_SIGNATURE;
	f->running.efi_info.efi_memdesc_size = 48;
	f->running.efi_info.efi_systab = 0x7000;
	f->running.screen_info.orig_video_lines = 25;
	f->running.eddbuf_entries = 1;
	f->running.eddbuf[0].device = 0x80;
	f->running.acpi_rsdp_addr = 0xdead;
	f->running.sentinel = 0xff;
	f->range[0] = (struct memmap_range){ 0, 0x9fc00, KHO_E820_RAM };
	f->range[1] =
		(struct memmap_range){ 0x100000, 0x80000000, KHO_E820_RAM };
	f->map = (struct memmap){ f->range, 2, 2 };
	f->descriptor[1].phys_addr = 0x7feec000;
	f->efi = (struct efi_runtime){
		0x11, 0x22, 0x33, 0x44, f->descriptor, 2
	};
	f->in = (struct bootdata){
		.kernel = f->kernel,
		.bz = &f->bz,
		.running = &f->running,
		.acpi_rsdp = 0xf59e0,
		.map = &f->map,
		.efi = &f->efi,
		.cmdline = "console=ttyS0 quiet",
		.seed = { 1, 2, 3 },
		.initrd_phys = INITRD_PHYS,
		.initrd_bytes = INITRD_BYTES,
		.kernel_phys = KERNEL_PHYS,
		.phys = PHYS,
		.setup_data = TAIL,
	};
}

static struct boot_params *build(struct fixture *f)
{
	bootdata_plan(&f->layout, f->in.cmdline, f->in.efi,
		      bootdata_descriptor_bytes(&f->running));
	f->buf = need(malloc(f->layout.bytes));
	bootdata_build(f->buf, &f->layout, &f->in);
	return (struct boot_params *)f->buf;
}

static const void *at_phys(const struct fixture *f, u64 phys)
{
	assert_in_range(phys, PHYS, PHYS + f->layout.bytes - 1);
	return f->buf + (phys - PHYS);
}

static void takes_the_header_from_the_file(void **state)
{
	struct fixture f;
	struct boot_params *bp;

	init(&f);
	bp = build(&f);
	assert_int_equal(bp->hdr.setup_sects, 0x5a);
	assert_int_equal(bp->hdr.kernel_info_offset, 0x5a5a5a5a);
	assert_int_equal(f.buf[BZ_HEADER_MIN_END], 0);
	assert_int_equal(f.buf[BZ_HEADER - 1], 0);
	assert_int_equal(bp->sentinel, 0);
	assert_int_equal(bp->hdr.type_of_loader, 0xd0);
	assert_true(bp->hdr.loadflags & LOADED_HIGH);
	assert_false(bp->hdr.loadflags & KEEP_SEGMENTS);
	free(f.buf);
}

/* What a boot code has left in the file counts for nothing. */
static void tells_whether_the_address_is_a_random_one(void **state)
{
	struct fixture f;
	int i;

	for (i = 0; i < 4; i++) {
		init(&f);
		f.kernel[offsetof(struct boot_params, hdr.loadflags)] =
			i & 1 ? 0xff : 0;
		f.in.kaslr = i & 2;
		assert_int_equal(!(build(&f)->hdr.loadflags & KASLR_FLAG),
				 !(i & 2));
		free(f.buf);
	}
}

static void enters_the_kernel_where_it_says(void **state)
{
	struct fixture f;
	u64 entry;

	init(&f);
	f.in.kernel_entry = 0x12345;
	build(&f);
	memcpy(&entry, f.buf + f.layout.purgatory + ENTRY, sizeof(entry));
	assert_int_equal(entry, KERNEL_PHYS + 0x12345);
	free(f.buf);
}

static void takes_the_machine_from_the_running_kernel(void **state)
{
	struct fixture f;
	struct boot_params *bp;

	init(&f);
	bp = build(&f);
	assert_int_equal(bp->screen_info.orig_video_lines, 25);
	assert_int_equal(bp->eddbuf_entries, 1);
	assert_int_equal(bp->eddbuf[0].device, 0x80);
	assert_int_equal(bp->acpi_rsdp_addr, 0xf59e0);
	assert_int_equal(bp->e820_entries, 2);
	assert_int_equal(bp->e820_table[1].addr, 0x100000);
	assert_int_equal(bp->e820_table[1].size, 0x7ff00000);
	assert_int_equal(bp->e820_table[1].type, KHO_E820_RAM);
	free(f.buf);
}

static void splits_addresses_above_4g(void **state)
{
	struct fixture f;
	struct boot_params *bp;
	u64 cmdline;

	init(&f);
	bp = build(&f);
	cmdline = bp->hdr.cmd_line_ptr | (u64)bp->ext_cmd_line_ptr << 32;
	assert_string_equal(at_phys(&f, cmdline), "console=ttyS0 quiet");
	assert_int_equal(bp->hdr.ramdisk_image | (u64)bp->ext_ramdisk_image
							 << 32,
			 INITRD_PHYS);
	assert_int_equal(bp->hdr.ramdisk_size | (u64)bp->ext_ramdisk_size << 32,
			 INITRD_BYTES);
	free(f.buf);
}

static void no_initrd_means_zero(void **state)
{
	struct fixture f;
	struct boot_params *bp;

	init(&f);
	f.in.initrd_bytes = 0;
	bp = build(&f);
	assert_int_equal(bp->hdr.ramdisk_image, 0);
	assert_int_equal(bp->hdr.ramdisk_size, 0);
	assert_int_equal(bp->ext_ramdisk_image, 0);
	assert_int_equal(bp->ext_ramdisk_size, 0);
	free(f.buf);
}

static void list_ends_with_the_modules(void **state)
{
	const struct setup_data *efi, *rng;
	struct fixture f;
	struct boot_params *bp;

	init(&f);
	bp = build(&f);
	efi = at_phys(&f, bp->hdr.setup_data);
	assert_int_equal(efi->type, SETUP_EFI);
	rng = at_phys(&f, efi->next);
	assert_int_equal(rng->type, SETUP_RNG_SEED);
	assert_int_equal(rng->len, RNG_SEED_BYTES);
	assert_memory_equal(rng->data, f.in.seed, RNG_SEED_BYTES);
	assert_int_equal(rng->next, TAIL);
	assert_in_range(bp->hdr.setup_data + sizeof(*efi) + efi->len, PHYS,
			PHYS + f.layout.bytes);
	free(f.buf);
}

static void hands_on_the_efi_map(void **state)
{
	const struct setup_data *node;
	const struct efi_payload *payload;
	const u8 *map;
	struct fixture f;
	struct boot_params *bp;
	struct efi_info info;

	init(&f);
	bp = build(&f);
	info = bp->efi_info;
	node = at_phys(&f, bp->hdr.setup_data);
	payload = (const void *)node->data;
	assert_int_equal(payload->fw_vendor, 0x11);
	assert_int_equal(payload->tables, 0x33);
	assert_int_equal(payload->smbios, 0x44);
	assert_int_equal(info.efi_systab, 0x7000);
	assert_int_equal(info.efi_memdesc_size, 48);
	assert_int_equal(info.efi_memmap_size, 96);
	map = at_phys(&f, info.efi_memmap | (u64)info.efi_memmap_hi << 32);
	assert_memory_equal(map + 48, &f.descriptor[1],
			    sizeof(f.descriptor[1]));
	assert_true(map + 96 <= node->data + node->len);
	free(f.buf);
}

static void without_efi_there_is_no_trace_of_it(void **state)
{
	static const struct efi_info nothing;
	const struct setup_data *rng;
	struct fixture f;
	struct boot_params *bp;

	init(&f);
	f.in.efi = NULL;
	bp = build(&f);
	assert_memory_equal(&bp->efi_info, &nothing, sizeof(nothing));
	rng = at_phys(&f, bp->hdr.setup_data);
	assert_int_equal(rng->type, SETUP_RNG_SEED);
	assert_int_equal(rng->next, TAIL);
	free(f.buf);
}

static void impossible_descriptor_sizes_are_not_believed(void **state)
{
	struct boot_params running = { 0 };

	assert_int_equal(bootdata_descriptor_bytes(&running), 40);
	running.efi_info.efi_memdesc_size = 0xffffffff;
	assert_int_equal(bootdata_descriptor_bytes(&running), 40);
	running.efi_info.efi_memdesc_size = 48;
	assert_int_equal(bootdata_descriptor_bytes(&running), 48);
}

static u64 get_u64(const u8 *p)
{
	u64 n;

	memcpy(&n, p, sizeof(n));
	return n;
}

/* Target of the 32-bit displacement at @at of an instruction that ends with it. */
static u32 target(const u8 *page, u32 at)
{
	int32_t rel;

	memcpy(&rel, page + at, sizeof(rel));
	return at + 4 + (u32)rel;
}

static void purgatory_is_what_the_boot_protocol_wants(void **state)
{
	static const u8 lgdt[] = { 0x0f, 0x01, 0x15 }, jump[] = { 0xff, 0x25 };
	u8 page[PURGATORY_BYTES];
	const u8 *p;
	u32 gdtr, entry;
	u64 gdt;

	purgatory_emit(page, PHYS, 0x777000, 0x888200);
	p = memmem(page, 0x100, lgdt, sizeof(lgdt));
	assert_non_null(p);
	gdtr = target(page, (u32)(p - page) + sizeof(lgdt));
	gdt = get_u64(page + gdtr + 2) - PHYS;
	assert_int_equal(page[gdtr] | page[gdtr + 1] << 8, 31);
	assert_in_range(gdt, 0x100, PURGATORY_BYTES - 32);
	assert_int_equal(get_u64(page + gdt + 0x10), SEGMENT_CODE);
	assert_int_equal(get_u64(page + gdt + 0x18), SEGMENT_DATA);
	p = memmem(page, 0x100, jump, sizeof(jump));
	assert_non_null(p);
	entry = target(page, (u32)(p - page) + sizeof(jump));
	assert_int_equal(get_u64(page + entry), 0x888200);
	assert_int_equal(page[0], 0xfa);
}

static void purgatory_passes_the_boot_params(void **state)
{
	static const u8 mov_rsi[] = { 0x48, 0xbe }, mov_rsp[] = { 0x48, 0xbc };
	u8 page[PURGATORY_BYTES];
	const u8 *p;

	purgatory_emit(page, PHYS, 0x777000, 0x888200);
	p = memmem(page, 0x100, mov_rsi, sizeof(mov_rsi));
	assert_non_null(p);
	assert_int_equal(get_u64(p + 2), 0x777000);
	p = memmem(page, 0x100, mov_rsp, sizeof(mov_rsp));
	assert_non_null(p);
	assert_int_equal(get_u64(p + 2), PHYS + PURGATORY_BYTES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_the_header_from_the_file),
		cmocka_unit_test(tells_whether_the_address_is_a_random_one),
		cmocka_unit_test(enters_the_kernel_where_it_says),
		cmocka_unit_test(takes_the_machine_from_the_running_kernel),
		cmocka_unit_test(splits_addresses_above_4g),
		cmocka_unit_test(no_initrd_means_zero),
		cmocka_unit_test(list_ends_with_the_modules),
		cmocka_unit_test(hands_on_the_efi_map),
		cmocka_unit_test(without_efi_there_is_no_trace_of_it),
		cmocka_unit_test(impossible_descriptor_sizes_are_not_believed),
		cmocka_unit_test(purgatory_is_what_the_boot_protocol_wants),
		cmocka_unit_test(purgatory_passes_the_boot_params),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
