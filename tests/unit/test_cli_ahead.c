// SPDX-License-Identifier: GPL-2.0
/*
 * A kernel is taken out of a bzImage and made ready to run: whole, at an address by lot that is
 * in the range of boot code, and with nothing that a file can say believed.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "cli/base/util.c"
#include "cli/image/ahead.c"
#include "cli/image/decompress.c"
#include "cli/image/kaslr.c"
#include "cli/image/memmap.c"
#include "cli/image/vmlinux.c"

#include "elfkernel.h"
#include "refvmlinux.h"

enum { CODE = 1024, ROOM = 2 * ELFKERNEL_ROOM };

/* As bzimage_parse() would have found it. */
struct fixture {
	u8 kernel[ELFKERNEL_ROOM];
	size_t kernel_bytes;
	u8 file[ROOM];
	struct bzimage bz;
};

static size_t pack_gzip(u8 *to, const u8 *from, size_t bytes)
{
	z_stream z = { .next_in = (u8 *)from,
		       .avail_in = (unsigned int)bytes,
		       .next_out = to,
		       .avail_out = ROOM - CODE };

	assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 16 + MAX_WBITS, 8,
				      Z_DEFAULT_STRATEGY),
			 Z_OK);
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	deflateEnd(&z);
	return z.total_out;
}

static size_t pack_xz(u8 *to, const u8 *from, size_t bytes)
{
	size_t packed = 0;

	assert_int_equal(lzma_easy_buffer_encode(1, LZMA_CHECK_CRC32, NULL,
						 from, bytes, to, &packed,
						 ROOM - CODE),
			 LZMA_OK);
	return packed;
}

/* After all but gzip a build appends the length. */
static void make(struct fixture *f, unsigned int lists, bool gzip)
{
	u32 bytes;

	memset(f, 0, sizeof(*f));
	f->kernel_bytes = elfkernel_make(f->kernel, lists);
	bytes = (u32)f->kernel_bytes;
	f->bz = (struct bzimage){
		.code_offset = CODE,
		.code_bytes = ROOM - CODE,
		.payload_offset = CODE,
		.init_bytes = ELFKERNEL_NEED,
		.align = 2 * MIB,
		.preferred_phys = ELFKERNEL_PHYS,
	};
	f->bz.payload_bytes = (gzip ? pack_gzip : pack_xz)(
		f->file + CODE, f->kernel, f->kernel_bytes);
	if (!gzip)
		memcpy(f->file + CODE + f->bz.payload_bytes, &bytes,
		       sizeof(bytes));
}

/* Distance that it was adjusted for: its first word is a place. */
static u64 distance_of(const struct fixture *f, const struct ahead *a)
{
	u64 now, linked;

	memcpy(&now, a->image, sizeof(now));
	memcpy(&linked, f->kernel + 0x1000, sizeof(linked));
	return now - linked;
}

static void compare(const struct fixture *f, const struct ahead *a,
		    unsigned int lists)
{
	u8 *slow = calloc(1, a->memory_bytes);

	assert_non_null(slow);
	assert_true(ref_vmlinux(f->kernel, f->kernel_bytes, ELFKERNEL_PHYS,
				lists ? distance_of(f, a) : 0, lists, slow,
				a->memory_bytes));
	assert_memory_equal(a->image, slow, a->memory_bytes);
	free(slow);
}

static void takes_it_out(void **state)
{
	struct fixture f;
	struct ahead a;
	unsigned int i;

	for (i = 0; i < 4; i++) {
		make(&f, i & 2 ? 2 : 3, i & 1);
		assert_int_equal(ahead_bytes(&f.bz, f.file),
				 f.kernel_bytes + ELFKERNEL_MEMORY);
		assert_null(ahead_unpack(&a, &f.bz, f.file, true));
		assert_true(a.kaslr);
		assert_int_equal(a.memory_bytes, ELFKERNEL_MEMORY);
		assert_int_equal(a.entry, ELFKERNEL_ENTRY);
		compare(&f, &a, i & 2 ? 2 : 3);
		ahead_free(&a);
	}
}

/* Of 1 GiB boot code leaves out what is below the kernel, and has room for it at the end. */
static void gives_it_any_address_of_the_range(void **state)
{
	enum { NR = (1024 - 16 - 2) / 2 + 1, DRAWS = 8 * NR };
	static u32 count[NR];
	struct fixture f;
	struct ahead a;
	size_t i, met = 0;
	u64 distance;

	make(&f, 2, true);
	for (i = 0; i < DRAWS; i++) {
		assert_null(ahead_unpack(&a, &f.bz, f.file, true));
		distance = distance_of(&f, &a);
		assert_int_equal(distance % (2 * MIB), 0);
		assert_in_range(distance / (2 * MIB), 0, NR - 1);
		met += !count[distance / (2 * MIB)]++;
		ahead_free(&a);
	}
	/* Each is left out with a probability of 1 in 3,000: of 504, not ten. */
	assert_in_range(met, NR - 10, NR);
}

static void leaves_it_where_it_was_linked(void **state)
{
	struct fixture f;
	struct ahead a;
	size_t i;

	for (i = 0; i < 20; i++) {
		make(&f, 2, true);
		assert_null(ahead_unpack(&a, &f.bz, f.file, false));
		assert_false(a.kaslr);
		assert_int_equal(distance_of(&f, &a), 0);
		ahead_free(&a);
		/* It has nothing with which it could be adjusted. */
		make(&f, 0, true);
		assert_null(ahead_unpack(&a, &f.bz, f.file, true));
		assert_false(a.kaslr);
		assert_int_equal(distance_of(&f, &a), 0);
		compare(&f, &a, 0);
		ahead_free(&a);
	}
}

static void refuses(const struct fixture *f, const char *part, bool damaged)
{
	struct ahead a;
	const char *why = ahead_unpack(&a, &f->bz, f->file, true);

	assert_non_null(why);
	assert_null(a.image);
	if (!strstr(why, part))
		fail_msg("said '%s', wanted '%s'", why, part);
	assert_int_equal(a.damaged, damaged);
}

static void set_length(struct fixture *f, u32 bytes)
{
	memcpy(f->file + CODE + f->bz.payload_bytes, &bytes, sizeof(bytes));
}

static void believes_no_length(void **state)
{
	struct fixture f;

	make(&f, 2, false);
	set_length(&f, UINT32_MAX);
	assert_int_equal(ahead_bytes(&f.bz, f.file), 0);
	refuses(&f, "impossible length", false);
	set_length(&f, ELFKERNEL_NEED + 1);
	refuses(&f, "impossible length", false);
	set_length(&f, 0);
	refuses(&f, "impossible length", false);
	/* It would unpack to more than it says: no more than that is ever unpacked. */
	set_length(&f, (u32)f.kernel_bytes - 1);
	refuses(&f, "another length", true);
	set_length(&f, (u32)f.kernel_bytes + 1);
	refuses(&f, "another length", true);
	/* The file ends before the word. */
	make(&f, 2, false);
	f.bz.code_bytes = f.bz.payload_bytes + 3;
	refuses(&f, "impossible length", false);
}

static void tells_a_damaged_payload_from_an_odd_one(void **state)
{
	struct fixture f;
	size_t i;

	for (i = 0; i < 2; i++) {
		make(&f, 2, i);
		f.file[CODE + f.bz.payload_bytes / 2] ^= 1;
		refuses(&f, "damaged", true);
	}
	make(&f, 2, false);
	f.file[CODE] = 'x';
	refuses(&f, "does not know how it is compressed", false);
	make(&f, 2, false);
	f.bz.align = PAGE_BYTES;
	refuses(&f, "alignment", false);
	make(&f, 2, false);
	f.bz.preferred_phys += MIB;
	refuses(&f, "alignment", false);
	make(&f, 2, false);
	f.bz.init_bytes = 0x8000;
	refuses(&f, "where they cannot be", false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_it_out),
		cmocka_unit_test(gives_it_any_address_of_the_range),
		cmocka_unit_test(leaves_it_where_it_was_linked),
		cmocka_unit_test(believes_no_length),
		cmocka_unit_test(tells_a_damaged_payload_from_an_odd_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
