// SPDX-License-Identifier: GPL-2.0
/*
 * Reader of an unpacked kernel. Behind the ELF file stand lists of 32-bit words, each after a
 * word of zero: places of 64 bits; with kernels before 6.15, whose variables of a processor start
 * at address 0, places of 32 bits that are adjusted inversely; places of 32 bits. A word is the
 * lower half of the address that the place was linked for.
 */
#include "cli/image/vmlinux.h"

#include <elf.h>
#include <string.h>

/* Where all kernels of this architecture are linked, with their physical address added. */
#define MAPPING_START 0xffffffff80000000ULL
#define WORD sizeof(u32)
/* Far more parts than any kernel has. */
#define PARTS_MAX 64

#define DAMAGED "the kernel in it is damaged"

static u64 max_of(u64 a, u64 b)
{
	return a > b ? a : b;
}

static bool inside(const struct vmlinux *v, u64 at, u64 bytes)
{
	return at <= v->bytes && bytes <= v->bytes - at;
}

static void get_part(const struct vmlinux *v, const Elf64_Ehdr *e, u32 i,
		     Elf64_Phdr *p)
{
	memcpy(p, v->file + e->e_phoff + i * sizeof(*p), sizeof(*p));
}

static const char *check_header(const struct vmlinux *v, Elf64_Ehdr *e)
{
	if (v->bytes < sizeof(*e))
		return DAMAGED;
	memcpy(e, v->file, sizeof(*e));
	if (memcmp(e->e_ident, ELFMAG, SELFMAG) ||
	    e->e_ident[EI_CLASS] != ELFCLASS64 ||
	    e->e_ident[EI_DATA] != ELFDATA2LSB || e->e_machine != EM_X86_64 ||
	    e->e_type != ET_EXEC)
		return "there is no ELF kernel in it";
	if (!e->e_phnum || e->e_phnum > PARTS_MAX ||
	    e->e_phentsize != sizeof(Elf64_Phdr) ||
	    (e->e_shnum && e->e_shentsize != sizeof(Elf64_Shdr)))
		return DAMAGED;
	if (!inside(v, e->e_phoff, e->e_phnum * sizeof(Elf64_Phdr)) ||
	    !inside(v, e->e_shoff, e->e_shnum * sizeof(Elf64_Shdr)))
		return DAMAGED;
	return NULL;
}

/* A part that is loaded. @contents: sum of what parts have in the file, which do not overlap. */
static const char *check_part(struct vmlinux *v, const Elf64_Phdr *p, u64 most,
			      u64 *contents, u64 *high)
{
	const u64 low = v->linked_phys;

	if (!inside(v, p->p_offset, p->p_filesz) || p->p_memsz < p->p_filesz)
		return DAMAGED;
	*contents += p->p_filesz;
	if (*contents > v->bytes)
		return DAMAGED;
	if (p->p_align % VMLINUX_ALIGN || p->p_paddr < low ||
	    p->p_paddr - low > most || p->p_memsz > most - (p->p_paddr - low))
		return "the parts of its kernel are where they cannot be";
	if (p->p_paddr == low)
		v->linked_virt = p->p_vaddr;
	*high = max_of(*high, p->p_paddr - low + p->p_memsz);
	v->image_bytes = max_of(v->image_bytes, p->p_paddr - low + p->p_filesz);
	return NULL;
}

static const char *check_parts(struct vmlinux *v, const Elf64_Ehdr *e, u64 most)
{
	u64 contents = 0, high = 0;
	const char *why = NULL;
	Elf64_Phdr p;
	u32 i;

	for (i = 0; i < e->e_phnum && !why; i++) {
		get_part(v, e, i, &p);
		if (p.p_type == PT_LOAD)
			why = check_part(v, &p, most, &contents, &high);
	}
	if (why)
		return why;
	if (!v->image_bytes || v->linked_virt != MAPPING_START + v->linked_phys)
		return "its kernel does not start where its header says";
	if (e->e_entry < v->linked_phys ||
	    e->e_entry - v->linked_phys >= v->image_bytes)
		return "its kernel is entered outside of itself";
	v->entry = e->e_entry - v->linked_phys;
	v->memory_bytes = round_up_to(high, VMLINUX_ALIGN);
	v->image_bytes = round_up_to(v->image_bytes, PAGE_BYTES);
	return NULL;
}

/* Where the ELF file ends and the lists begin. 0: it is damaged. */
static u64 elf_end(const struct vmlinux *v, const Elf64_Ehdr *e)
{
	u64 end = max_of(e->e_phoff + e->e_phnum * sizeof(Elf64_Phdr),
			 e->e_shoff + e->e_shnum * sizeof(Elf64_Shdr));
	Elf64_Phdr p;
	Elf64_Shdr s;
	u32 i;

	for (i = 0; i < e->e_phnum; i++) {
		get_part(v, e, i, &p);
		if (!inside(v, p.p_offset, p.p_filesz))
			return 0;
		end = max_of(end, p.p_offset + p.p_filesz);
	}
	for (i = 0; i < e->e_shnum; i++) {
		memcpy(&s, v->file + e->e_shoff + i * sizeof(s), sizeof(s));
		if (s.sh_type == SHT_NOBITS || s.sh_type == SHT_NULL)
			continue;
		if (!inside(v, s.sh_offset, s.sh_size))
			return 0;
		end = max_of(end, s.sh_offset + s.sh_size);
	}
	return end;
}

/* A place, from the first byte of the kernel: the word is the sign-extended address. */
static u64 place_of(const struct vmlinux *v, u64 at)
{
	return (u64)(int64_t)(int32_t)le32(v->file + at) - v->linked_virt;
}

static const char *check_places(const struct vmlinux *v)
{
	u32 kind;
	size_t n;

	for (kind = 0; kind < VMLINUX_RELOCS; kind++) {
		u64 bytes = kind == VMLINUX_RELOC_64 ? 8 : 4;

		for (n = 0; n < v->reloc[kind].nr; n++)
			if (place_of(v, v->reloc[kind].at + n * WORD) >
			    v->memory_bytes - bytes)
				return "it has relocations outside of its kernel";
	}
	return NULL;
}

/* How many lists there are tells which. */
static const char *find_relocs(struct vmlinux *v, u64 end)
{
	static const char unknown[] = "its relocations are of an unknown kind";
	size_t zero[VMLINUX_RELOCS + 1], at;
	u32 nr = 0, i;

	if (end == v->bytes)
		return NULL;
	if ((v->bytes - end) % WORD || le32(v->file + end))
		return unknown;
	for (at = end; at < v->bytes; at += WORD) {
		if (le32(v->file + at))
			continue;
		if (nr == VMLINUX_RELOCS)
			return unknown;
		zero[nr++] = at;
	}
	if (nr < 2)
		return unknown;
	zero[nr] = v->bytes;
	for (i = 0; i < nr; i++) {
		u32 kind = i && nr == 2 ? VMLINUX_RELOC_32 : i;

		v->reloc[kind].at = zero[i] + WORD;
		v->reloc[kind].nr = (zero[i + 1] - zero[i]) / WORD - 1;
		v->nr_relocs += v->reloc[kind].nr;
	}
	return check_places(v);
}

const char *vmlinux_parse(struct vmlinux *v, const u8 *file, size_t bytes,
			  u64 linked_phys, u64 most)
{
	const char *why;
	Elf64_Ehdr e;
	u64 end;

	*v = (struct vmlinux){ .file = file,
			       .bytes = bytes,
			       .linked_phys = linked_phys };
	why = check_header(v, &e);
	if (why)
		return why;
	end = elf_end(v, &e);
	if (!end)
		return DAMAGED;
	why = check_parts(v, &e, most);
	return why ? why : find_relocs(v, end);
}

void vmlinux_place(const struct vmlinux *v, u8 *image)
{
	Elf64_Ehdr e;
	Elf64_Phdr p;
	u32 i;

	memcpy(&e, v->file, sizeof(e));
	for (i = 0; i < e.e_phnum; i++) {
		get_part(v, &e, i, &p);
		if (p.p_type == PT_LOAD)
			memcpy(image + (p.p_paddr - v->linked_phys),
			       v->file + p.p_offset, p.p_filesz);
	}
}

/* An unaligned number that wraps. */
static void add_32(u8 *at, u32 distance)
{
	u32 n = le32(at) + distance;

	memcpy(at, &n, sizeof(n));
}

static void add_64(u8 *at, u64 distance)
{
	u64 n;

	memcpy(&n, at, sizeof(n));
	n += distance;
	memcpy(at, &n, sizeof(n));
}

/* From the end, as boot code does: where places overlap the order counts. */
void vmlinux_relocate(const struct vmlinux *v, u8 *image, u64 distance)
{
	u32 kind;
	size_t n;

	for (kind = VMLINUX_RELOCS; distance && kind--;) {
		for (n = v->reloc[kind].nr; n--;) {
			u8 *at = image +
				 place_of(v, v->reloc[kind].at + n * WORD);

			if (kind == VMLINUX_RELOC_64)
				add_64(at, distance);
			else if (kind == VMLINUX_RELOC_32)
				add_32(at, (u32)distance);
			else
				add_32(at, (u32)-distance);
		}
	}
}
