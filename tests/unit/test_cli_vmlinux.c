// SPDX-License-Identifier: GPL-2.0
/*
 * The reader of unpacked kernels: what it takes, that memory becomes what boot code would have
 * made of it, what it refuses, and that it never looks outside of the file.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include "cli/base/util.c"
#include "cli/image/vmlinux.c"

#include "elfkernel.h"
#include "refvmlinux.h"

/* A copy that ends where its allocation ends, so that the sanitizer sees one byte more. */
static const char *parse(struct vmlinux *v, const u8 *file, size_t bytes,
			 u8 **copy)
{
	*copy = malloc(bytes + !bytes);
	assert_non_null(*copy);
	memcpy(*copy, file, bytes);
	return vmlinux_parse(v, *copy, bytes, ELFKERNEL_PHYS, ELFKERNEL_NEED);
}

/* One that is taken becomes what the slow way makes of it. */
static void compare(const struct vmlinux *v, u64 distance)
{
	unsigned int lists = v->reloc[VMLINUX_RELOC_INVERSE_32].at ? 3 :
			     v->reloc[VMLINUX_RELOC_32].at	   ? 2 :
								     0;
	u8 *fast = calloc(1, v->memory_bytes);
	u8 *slow = calloc(1, v->memory_bytes);

	assert_non_null(fast);
	assert_non_null(slow);
	vmlinux_place(v, fast);
	vmlinux_relocate(v, fast, distance);
	assert_true(ref_vmlinux(v->file, v->bytes, ELFKERNEL_PHYS, distance,
				lists, slow, v->memory_bytes));
	assert_memory_equal(fast, slow, v->memory_bytes);
	free(fast);
	free(slow);
}

static void takes_a_good_kernel(void **state)
{
	static const unsigned int lists[] = { 0, 2, 3 };
	static const size_t nr[] = { 0, 10, 12 };
	u8 file[ELFKERNEL_ROOM], *copy;
	struct vmlinux v;
	size_t i;

	for (i = 0; i < ARRAY_LEN(lists); i++) {
		size_t bytes = elfkernel_make(file, lists[i]);

		assert_null(parse(&v, file, bytes, &copy));
		assert_int_equal(v.entry, ELFKERNEL_ENTRY);
		assert_int_equal(v.memory_bytes, ELFKERNEL_MEMORY);
		assert_int_equal(v.image_bytes,
				 ELFKERNEL_DATA_AT + round_up_to(ELFKERNEL_DATA,
								 PAGE_BYTES));
		assert_int_equal(v.nr_relocs, nr[i]);
		free(copy);
	}
}

static void makes_of_it_what_boot_code_does(void **state)
{
	static const u64 distance[] = { 0,	    2 * MIB,   6 * MIB,
					256 * MIB,  512 * MIB, 976 * MIB,
					1006 * MIB, GIB };
	u8 file[ELFKERNEL_ROOM], *copy;
	unsigned int lists;
	struct vmlinux v;
	size_t i;

	for (lists = 0; lists <= 3; lists++) {
		size_t bytes = elfkernel_make(file, lists == 1 ? 0 : lists);

		assert_null(parse(&v, file, bytes, &copy));
		for (i = 0; i < ARRAY_LEN(distance); i++)
			compare(&v, distance[i]);
		free(copy);
	}
}

/* What is changed in a good kernel; @part: of the explanation. */
struct refusal {
	size_t at;
	size_t bytes;
	u64 value;
	const char *part;
};

#define HEADER(member) \
	offsetof(Elf64_Ehdr, member), sizeof(((Elf64_Ehdr *)0)->member)
#define PART(i, member)                                 \
	sizeof(Elf64_Ehdr) + (i) * sizeof(Elf64_Phdr) + \
		offsetof(Elf64_Phdr, member),           \
		sizeof(((Elf64_Phdr *)0)->member)

static void refuses(const struct refusal *r)
{
	u8 file[ELFKERNEL_ROOM], *copy;
	size_t bytes = elfkernel_make(file, 2);
	struct vmlinux v;
	const char *why;

	memcpy(file + r->at, &r->value, r->bytes);
	why = parse(&v, file, bytes, &copy);
	free(copy);
	assert_non_null(why);
	if (!strstr(why, r->part))
		fail_msg("at %zu: said '%s', wanted '%s'", r->at, why, r->part);
}

static void refuses_what_cannot_be(void **state)
{
	static const struct refusal list[] = {
		{ 0, 1, 0, "no ELF kernel" },
		{ EI_CLASS, 1, ELFCLASS32, "no ELF kernel" },
		{ EI_DATA, 1, ELFDATA2MSB, "no ELF kernel" },
		{ HEADER(e_machine), EM_386, "no ELF kernel" },
		{ HEADER(e_type), ET_DYN, "no ELF kernel" },
		{ HEADER(e_phentsize), 32, "damaged" },
		{ HEADER(e_phnum), 0, "damaged" },
		{ HEADER(e_phnum), PARTS_MAX + 1, "damaged" },
		{ HEADER(e_phoff), UINT64_MAX, "damaged" },
		{ HEADER(e_phoff), 1 << 30, "damaged" },
		{ HEADER(e_shoff), UINT64_MAX - 8, "damaged" },
		{ HEADER(e_shnum), UINT16_MAX, "damaged" },
		{ HEADER(e_shentsize), 40, "damaged" },
		{ HEADER(e_entry), ELFKERNEL_PHYS - 1, "entered outside" },
		{ HEADER(e_entry), ELFKERNEL_PHYS + ELFKERNEL_MEMORY,
		  "entered outside" },
		{ PART(0, p_offset), UINT64_MAX, "damaged" },
		{ PART(0, p_filesz), UINT64_MAX, "damaged" },
		{ PART(0, p_filesz), ELFKERNEL_TEXT + 1, "damaged" },
		/* All three would have the whole file. */
		{ PART(1, p_filesz), 0x7000, "damaged" },
		{ PART(0, p_memsz), 0, "damaged" },
		{ PART(0, p_align), 4096, "where they cannot be" },
		{ PART(0, p_paddr), 1 << 20, "where they cannot be" },
		{ PART(0, p_paddr), ELFKERNEL_PHYS + 4096,
		  "does not start where" },
		{ PART(0, p_vaddr), 0xffffffff80000000,
		  "does not start where" },
		{ PART(1, p_paddr), ELFKERNEL_PHYS - 1,
		  "where they cannot be" },
		{ PART(2, p_memsz), UINT64_MAX, "where they cannot be" },
		{ PART(2, p_memsz), ELFKERNEL_NEED, "where they cannot be" },
		{ PART(2, p_paddr), ELFKERNEL_PHYS + ELFKERNEL_NEED,
		  "where they cannot be" },
		{ PART(3, p_offset), UINT64_MAX, "damaged" },
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(list); i++)
		refuses(&list[i]);
}

/* Of the last words of a good kernel. */
static void refuses_lists_that_cannot_be(void **state)
{
	static const struct {
		size_t from_end; /* word, 1 is the last */
		u32 value;
		const char *part;
	} list[] = {
		{ 1, 0x80000000 + ELFKERNEL_PHYS + ELFKERNEL_MEMORY - 3,
		  "outside" },
		{ 1, 0x80000000 + ELFKERNEL_PHYS - 1, "outside" },
		{ 1, 4, "outside" },
		{ 6, 0x80000000 + ELFKERNEL_PHYS + ELFKERNEL_MEMORY - 7,
		  "outside" },
		/* The first word is none of a list. */
		{ 12, 1, "unknown kind" },
		/* What begins the second list is gone. */
		{ 5, 0x80000000 + ELFKERNEL_PHYS, "unknown kind" },
	};
	u8 file[ELFKERNEL_ROOM], *copy;
	struct vmlinux v;
	const char *why;
	size_t i, bytes;

	for (i = 0; i < ARRAY_LEN(list); i++) {
		bytes = elfkernel_make(file, 2);
		memcpy(file + bytes - list[i].from_end * 4, &list[i].value, 4);
		why = parse(&v, file, bytes, &copy);
		free(copy);
		assert_non_null(why);
		if (!strstr(why, list[i].part))
			fail_msg("%zu: said '%s'", i, why);
	}
	/* Four lists, and half a word. */
	bytes = elfkernel_make(file, 3);
	memset(file + bytes - 8, 0, 4);
	assert_non_null(strstr(parse(&v, file, bytes, &copy), "unknown kind"));
	free(copy);
	bytes = elfkernel_make(file, 2);
	assert_non_null(
		strstr(parse(&v, file, bytes - 1, &copy), "unknown kind"));
	free(copy);
}

static void never_looks_past_the_end(void **state)
{
	u8 file[ELFKERNEL_ROOM], *copy;
	size_t bytes = elfkernel_make(file, 3), n;
	struct vmlinux v;

	for (n = 0; n < bytes; n++) {
		if (!parse(&v, file, n, &copy))
			compare(&v, 4 * MIB);
		free(copy);
	}
}

/* Whatever is changed: it is refused, or becomes what the slow way makes of it. */
static void agrees_with_boot_code_whatever_is_changed(void **state)
{
	u8 file[ELFKERNEL_ROOM], *copy;
	size_t taken = 0, refused = 0, i, n;
	struct vmlinux v;

	srand(1);
	for (i = 0; i < 3000; i++) {
		size_t bytes = elfkernel_make(file, i % 2 ? 2 : 3);
		/* Where headers and lists are. */
		size_t room[] = { sizeof(Elf64_Ehdr) +
					  ELFKERNEL_PARTS * sizeof(Elf64_Phdr),
				  250 };

		for (n = (size_t)rand() % 3 + 1; n--;) {
			size_t at = (size_t)rand();

			at = at % 2 ? at % room[0] : bytes - 1 - at % room[1];
			file[at] = (u8)rand();
		}
		if (parse(&v, file, bytes, &copy)) {
			refused++;
		} else {
			taken++;
			compare(&v, (u64)(rand() % 512) * 2 * MIB);
		}
		free(copy);
	}
	assert_true(taken > 100);
	assert_true(refused > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_a_good_kernel),
		cmocka_unit_test(makes_of_it_what_boot_code_does),
		cmocka_unit_test(refuses_what_cannot_be),
		cmocka_unit_test(refuses_lists_that_cannot_be),
		cmocka_unit_test(never_looks_past_the_end),
		cmocka_unit_test(agrees_with_boot_code_whatever_is_changed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
