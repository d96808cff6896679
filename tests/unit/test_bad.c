// SPDX-License-Identifier: GPL-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/bad.h"
#include "testmem.h"

#define WHERE 0x5000

static u64 page_at(unsigned int i)
{
	return (u64)(i + 1) * 3 * KHO_PAGE_SIZE;
}

static struct kho_bad_ser make(unsigned int nr)
{
	struct kho_bad_ser bad = { 0 };
	unsigned int i;

	for (i = 0; i < nr; i++)
		kho_bad_add(&bad, page_at(i));
	kho_bad_seal(&bad);
	return bad;
}

static void assert_refused(const struct kho_bad_ser *bad, u64 bytes, int err,
			   const char *check)
{
	struct kho_refusal r = { 0 };

	assert_int_equal(kho_bad_check(bad, WHERE, bytes, &r), err);
	assert_string_equal(r.check, check);
	assert_int_equal(r.where, WHERE);
	assert_int_equal(kho_bad_check(bad, WHERE, bytes, NULL), err);
}

static void what_is_written_is_read(void **state)
{
	unsigned int nr, i;

	for (nr = 1; nr <= KHO_MAX_BAD; nr += 13) {
		struct kho_bad_ser bad = make(nr);

		assert_int_equal(kho_bad_check(&bad, WHERE, sizeof(bad), NULL),
				 0);
		assert_int_equal(bad.nr_pages, nr);
		for (i = 0; i < nr; i++)
			assert_int_equal(bad.phys[i], page_at(i));
	}
}

/* A walk of the tree finds large blocks first. */
static void pages_come_in_any_order_and_twice(void **state)
{
	struct kho_bad_ser bad = { 0 }, wanted = make(100);
	unsigned int i;

	for (i = 0; i < 300; i++)
		kho_bad_add(&bad, page_at(i * 37 % 100));
	kho_bad_seal(&bad);
	assert_memory_equal(&bad, &wanted, sizeof(bad));
}

static void too_many_pages_are_counted(void **state)
{
	struct kho_bad_ser bad = { 0 };
	unsigned int i;

	for (i = KHO_MAX_BAD + 5; i--;)
		kho_bad_add(&bad, page_at(i));
	kho_bad_add(&bad, page_at(KHO_MAX_BAD + 9));
	kho_bad_seal(&bad);
	assert_int_equal(kho_bad_check(&bad, WHERE, sizeof(bad), NULL), 0);
	assert_int_equal(bad.nr_pages, KHO_MAX_BAD);
	assert_int_equal(bad.nr_more, 6);
	for (i = 0; i < KHO_MAX_BAD; i++)
		assert_int_equal(bad.phys[i], page_at(i));
}

static void every_bit_counts(void **state)
{
	struct kho_bad_ser good = make(20), bad;
	size_t used = offsetof(struct kho_bad_ser, phys) + 20 * sizeof(u64);
	size_t bit;

	for (bit = 0; bit < used * 8; bit++) {
		/* One that means nothing yet. */
		if (bit / 64 == offsetof(struct kho_bad_ser, reserved) / 8)
			continue;
		bad = good;
		((u8 *)&bad)[bit / 8] ^= 1U << bit % 8;
		assert_int_not_equal(
			kho_bad_check(&bad, WHERE, sizeof(bad), NULL), 0);
	}
}

static void a_refusal_names_the_check(void **state)
{
	struct kho_bad_ser bad = make(3);

	assert_refused(NULL, sizeof(bad), -EBADMSG, "list is not preserved");
	assert_refused(&bad, sizeof(bad) - 1, -EBADMSG, "size");
	bad.magic ^= 1;
	assert_refused(&bad, sizeof(bad), -EBADMSG, "magic number");
	bad = make(3);
	bad.version++;
	assert_refused(&bad, sizeof(bad), -EPROTONOSUPPORT, "version");
	bad = make(3);
	bad.nr_pages = 0;
	assert_refused(&bad, sizeof(bad), -EBADMSG, "number of pages");
	bad.nr_pages = KHO_MAX_BAD + 1;
	assert_refused(&bad, sizeof(bad), -EBADMSG, "number of pages");
	bad = make(3);
	bad.crc ^= 1;
	assert_refused(&bad, sizeof(bad), -EBADMSG, "checksum");
	bad = make(3);
	bad.phys[1]++;
	kho_bad_seal(&bad);
	assert_refused(&bad, sizeof(bad), -EBADMSG, "address of a page");
	bad = make(3);
	bad.phys[1] = bad.phys[0];
	kho_bad_seal(&bad);
	assert_refused(&bad, sizeof(bad), -EBADMSG, "address of a page");
	/* Its end would be 0. */
	bad = make(3);
	bad.phys[2] = -KHO_PAGE_SIZE;
	kho_bad_seal(&bad);
	assert_refused(&bad, sizeof(bad), -EBADMSG, "address of a page");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(pages_come_in_any_order_and_twice),
		cmocka_unit_test(too_many_pages_are_counted),
		cmocka_unit_test(every_bit_counts),
		cmocka_unit_test(a_refusal_names_the_check),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
