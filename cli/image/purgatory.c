// SPDX-License-Identifier: GPL-2.0
/* The few instructions between two kernels. */
#include "cli/image/purgatory.h"

#include <string.h>

/* Offsets in the page. */
enum {
	ENTRY = 0x100, /* u64: where the last jump goes */
	GDT = 0x110,
	GDT_ENTRIES = 4,
	GDT_POINTER = 0x140, /* u16 limit, u64 base */
};

/* Flat 64-bit segments: present, ring 0, accessed; code executable, data writable. */
#define SEGMENT_CODE 0x00af9b000000ffffULL
#define SEGMENT_DATA 0x00cf93000000ffffULL

struct emitter {
	uint8_t *page;
	uint32_t at;
};

static void emit(struct emitter *e, const void *bytes, uint32_t n)
{
	memcpy(e->page + e->at, bytes, n);
	e->at += n;
}

#define EMIT(e, ...)                                            \
	do {                                                    \
		static const uint8_t code_[] = { __VA_ARGS__ }; \
		emit(e, code_, sizeof(code_));                  \
	} while (0)

/* Displacement to @target for an instruction that ends with these four bytes. */
static void emit_rel32(struct emitter *e, uint32_t target)
{
	int32_t rel = (int32_t)target - (int32_t)(e->at + 4);

	emit(e, &rel, sizeof(rel));
}

static void emit_segments(struct emitter *e)
{
	EMIT(e, 0x0f, 0x01, 0x15); /* lgdt GDT_POINTER(%rip) */
	emit_rel32(e, GDT_POINTER);
	EMIT(e, 0x6a, 0x10); /* push $__BOOT_CS */
	EMIT(e, 0x48, 0x8d, 0x05); /* lea 1f(%rip), %rax */
	emit_rel32(e, e->at + 4 + 3);
	EMIT(e, 0x50, 0x48, 0xcb); /* push %rax; lretq; 1: */
	EMIT(e, 0xb8, 0x18, 0x00, 0x00, 0x00); /* mov $__BOOT_DS, %eax */
	EMIT(e, 0x8e, 0xd8, 0x8e, 0xc0, 0x8e,
	     0xd0); /* mov %eax, %ds, %es, %ss */
	EMIT(e, 0x8e, 0xe0, 0x8e, 0xe8); /* mov %eax, %fs, %gs */
}

static void emit_clear_registers(struct emitter *e)
{
	EMIT(e, 0x31, 0xc0, 0x31, 0xdb, 0x31, 0xc9, 0x31,
	     0xd2); /* eax, ebx, ecx, edx */
	EMIT(e, 0x31, 0xff, 0x31, 0xed); /* edi, ebp */
	EMIT(e, 0x45, 0x31, 0xc0, 0x45, 0x31, 0xc9, 0x45, 0x31, 0xd2, 0x45,
	     0x31, 0xdb); /* r8 .. r11 */
	EMIT(e, 0x45, 0x31, 0xe4, 0x45, 0x31, 0xed, 0x45, 0x31, 0xf6, 0x45,
	     0x31, 0xff); /* r12 .. r15 */
}

static void put_gdt(uint8_t *page, uint64_t phys)
{
	const uint64_t gdt[GDT_ENTRIES] = { 0, 0, SEGMENT_CODE, SEGMENT_DATA };
	const uint16_t limit = sizeof(gdt) - 1;
	const uint64_t base = phys + GDT;

	memcpy(page + GDT, gdt, sizeof(gdt));
	memcpy(page + GDT_POINTER, &limit, sizeof(limit));
	memcpy(page + GDT_POINTER + sizeof(limit), &base, sizeof(base));
}

void purgatory_emit(uint8_t *page, uint64_t phys, uint64_t boot_params_phys,
		    uint64_t entry_phys)
{
	struct emitter e = { page, 0 };
	uint64_t stack = phys + PURGATORY_BYTES;

	memset(page, 0, PURGATORY_BYTES);
	EMIT(&e, 0xfa, 0xfc); /* cli; cld */
	EMIT(&e, 0x48, 0xbc); /* mov $stack, %rsp */
	emit(&e, &stack, sizeof(stack));
	emit_segments(&e);
	EMIT(&e, 0x48, 0xbe); /* mov $boot_params, %rsi */
	emit(&e, &boot_params_phys, sizeof(boot_params_phys));
	emit_clear_registers(&e);
	EMIT(&e, 0xff, 0x25); /* jmp *ENTRY(%rip) */
	emit_rel32(&e, ENTRY);
	memcpy(page + ENTRY, &entry_phys, sizeof(entry_phys));
	put_gdt(page, phys);
}
