// SPDX-License-Identifier: GPL-2.0
/* A kernel of a few pages, as it is inside a bzImage. */
#include "elfkernel.h"

#include <elf.h>
#include <string.h>

#define VIRT (0xffffffff80000000ULL + ELFKERNEL_PHYS)
#define LARGE_PAGE (2 << 20)

enum { PARTS_AT = sizeof(Elf64_Ehdr), CONTENTS_AT = 0x1000, SECTIONS = 3 };

struct writer {
	uint8_t *file;
	size_t at;
};

/* Contents that are the same nowhere. */
static size_t write_contents(struct writer *w, size_t bytes, uint8_t seed)
{
	size_t at = w->at, i;

	for (i = 0; i < bytes; i++)
		w->file[w->at++] = (uint8_t)(i * 7 + i / 251 + seed);
	return at;
}

static void write_part(struct writer *w, uint32_t i, const Elf64_Phdr *part)
{
	memcpy(w->file + PARTS_AT + i * sizeof(*part), part, sizeof(*part));
}

static void write_list(struct writer *w, const uint32_t *places, size_t nr)
{
	uint32_t word = 0;

	memcpy(w->file + w->at, &word, sizeof(word));
	w->at += sizeof(word);
	while (nr--) {
		word = (uint32_t)(VIRT + *places++);
		memcpy(w->file + w->at, &word, sizeof(word));
		w->at += sizeof(word);
	}
}

/* The first and last bytes that there are, some without alignment, some of what is cleared. */
static void write_lists(struct writer *w, unsigned int lists)
{
	static const uint32_t whole[] = { 0,
					  8,
					  0x1003,
					  ELFKERNEL_TEXT - 8,
					  ELFKERNEL_DATA_AT + 16,
					  ELFKERNEL_MEMORY - 8 };
	static const uint32_t inverse[] = { 0x101, 0x200 };
	static const uint32_t half[] = { 0x20, 0x2ffb, ELFKERNEL_DATA_AT + 1,
					 ELFKERNEL_MEMORY - 4 };

	if (!lists)
		return;
	write_list(w, whole, sizeof(whole) / sizeof(*whole));
	if (lists == 3)
		write_list(w, inverse, sizeof(inverse) / sizeof(*inverse));
	write_list(w, half, sizeof(half) / sizeof(*half));
}

static void write_header(struct writer *w)
{
	const Elf64_Ehdr e = {
		.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64,
			     ELFDATA2LSB, EV_CURRENT },
		.e_type = ET_EXEC,
		.e_machine = EM_X86_64,
		.e_version = EV_CURRENT,
		.e_entry = ELFKERNEL_PHYS + ELFKERNEL_ENTRY,
		.e_phoff = PARTS_AT,
		.e_shoff = w->at,
		.e_ehsize = sizeof(e),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = ELFKERNEL_PARTS,
		.e_shentsize = sizeof(Elf64_Shdr),
		.e_shnum = SECTIONS,
	};

	memcpy(w->file, &e, sizeof(e));
}

/* The second is longer than the file, and has no contents there. */
static void write_sections(struct writer *w, size_t text)
{
	const Elf64_Shdr sections[SECTIONS] = {
		[1] = { .sh_type = SHT_NOBITS, .sh_size = 1 << 30 },
		[2] = { .sh_type = SHT_PROGBITS,
			.sh_offset = text,
			.sh_size = ELFKERNEL_TEXT },
	};

	memcpy(w->file + w->at, sections, sizeof(sections));
	w->at += sizeof(sections);
}

size_t elfkernel_make(uint8_t *file, unsigned int lists)
{
	struct writer w = { file, CONTENTS_AT };
	Elf64_Phdr part = { .p_type = PT_LOAD, .p_align = LARGE_PAGE };
	size_t text;

	memset(file, 0, ELFKERNEL_ROOM);
	text = write_contents(&w, ELFKERNEL_TEXT, 1);
	part.p_offset = text;
	part.p_vaddr = VIRT;
	part.p_paddr = ELFKERNEL_PHYS;
	part.p_filesz = ELFKERNEL_TEXT;
	part.p_memsz = ELFKERNEL_TEXT;
	write_part(&w, 0, &part);
	part.p_offset = write_contents(&w, 0x123, 2);
	part.p_vaddr = 0;
	part.p_paddr = ELFKERNEL_PHYS + 0x4000;
	part.p_filesz = 0x123;
	part.p_memsz = 0x2000;
	write_part(&w, 1, &part);
	part.p_offset = write_contents(&w, ELFKERNEL_DATA, 3);
	part.p_vaddr = VIRT + ELFKERNEL_DATA_AT;
	part.p_paddr = ELFKERNEL_PHYS + ELFKERNEL_DATA_AT;
	part.p_filesz = ELFKERNEL_DATA;
	part.p_memsz = 0x9000;
	write_part(&w, 2, &part);
	part = (Elf64_Phdr){ .p_type = PT_NOTE,
			     .p_offset = text,
			     .p_filesz = 0x20,
			     .p_align = 4 };
	write_part(&w, 3, &part);
	write_header(&w);
	write_sections(&w, text);
	write_lists(&w, lists);
	return w.at;
}
