// SPDX-License-Identifier: GPL-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/chain.h"
#include "core/crc32c.h"
#include "testmem.h"
#include "handover.h"

#define PAGE_PHYS 0x123456000ULL
#define MIB (1ULL << 20)

static struct kho_chain_ser page;

/* @nr extents of growing length with gaps between them. */
static void write_chain(u32 nr)
{
	struct kho_range extent[KHO_MAX_EXTENTS];
	u64 start = MIB;
	u32 i;

	for (i = 0; i < nr; i++) {
		extent[i].start = start;
		extent[i].end = start + (i + 1) * KHO_PAGE_SIZE;
		start = extent[i].end + 3 * KHO_PAGE_SIZE;
	}
	memset(&page, 0xa5, sizeof(page));
	kho_chain_write(&page, PAGE_PHYS, extent, nr);
}

static void seal(void)
{
	page.crc = handover_chain_crc(&page);
}

static void assert_refused(int want, const char *check, u64 where)
{
	struct kho_refusal r = { 0 };

	assert_int_equal(kho_chain_check(&page, PAGE_PHYS, &r), want);
	assert_int_equal(r.err, want);
	assert_string_equal(r.check, check);
	assert_int_equal(r.where, where);
	assert_int_equal(kho_chain_check(&page, PAGE_PHYS, NULL), want);
}

static u64 node_phys(u32 i)
{
	return PAGE_PHYS + i * 40;
}

/* Follows the list as a booting kernel does, by addresses. */
static void assert_list(u32 nr)
{
	u64 next = PAGE_PHYS, start = MIB;
	u32 i;

	for (i = 0; i < nr; i++) {
		const struct kho_extent_ser *node;

		assert_in_range(next, PAGE_PHYS, PAGE_PHYS + sizeof(page) - 1);
		node = (const void *)((u8 *)&page + (next - PAGE_PHYS));
		assert_int_equal(node->hdr.type, 1U << 31);
		assert_int_equal(node->hdr.len, 24);
		assert_int_equal(node->ind.type, 1U << 31 | 10);
		assert_int_equal(node->ind.addr, start);
		assert_int_equal(node->ind.len, (i + 1) * KHO_PAGE_SIZE);
		start += node->ind.len + 3 * KHO_PAGE_SIZE;
		next = node->hdr.next;
	}
	assert_int_equal(next, 0);
}

static void what_is_written_is_accepted(void **state)
{
	u32 nr;

	for (nr = 1; nr <= KHO_MAX_EXTENTS; nr++) {
		write_chain(nr);
		assert_list(nr);
		assert_int_equal(page.nr_extents, nr);
		assert_int_equal(kho_chain_check(&page, PAGE_PHYS, NULL), 0);
	}
}

static void adjacent_extents_are_accepted(void **state)
{
	write_chain(2);
	page.node[1].ind.addr = page.node[0].ind.addr + page.node[0].ind.len;
	seal();
	assert_int_equal(kho_chain_check(&page, PAGE_PHYS, NULL), 0);
}

static void the_last_page_of_all_is_accepted_but_one(void **state)
{
	write_chain(1);
	page.node[0].ind.addr = -2 * KHO_PAGE_SIZE;
	page.node[0].ind.len = KHO_PAGE_SIZE;
	seal();
	assert_int_equal(kho_chain_check(&page, PAGE_PHYS, NULL), 0);
	page.node[0].ind.len = 2 * KHO_PAGE_SIZE;
	seal();
	assert_refused(-ERANGE, "extent wraps around", node_phys(0));
}

static void description(void **state)
{
	write_chain(5);
	page.magic++;
	assert_refused(-EBADMSG, "extent list magic number", PAGE_PHYS);
	write_chain(5);
	page.version = 2;
	assert_refused(-EPROTONOSUPPORT, "extent list version", PAGE_PHYS);
	page.version = 0;
	assert_refused(-EPROTONOSUPPORT, "extent list version", PAGE_PHYS);
	write_chain(5);
	page.nr_extents = 0;
	assert_refused(-ERANGE, "number of extents", PAGE_PHYS);
	page.nr_extents = KHO_MAX_EXTENTS + 1;
	assert_refused(-ERANGE, "number of extents", PAGE_PHYS);
	page.nr_extents = UINT32_MAX;
	assert_refused(-ERANGE, "number of extents", PAGE_PHYS);
	write_chain(5);
	page.self_phys += KHO_PAGE_SIZE;
	assert_refused(-EBADMSG, "extent list's own address", PAGE_PHYS);
	write_chain(5);
	page.crc ^= 1;
	assert_refused(-EBADMSG, "extent list checksum", PAGE_PHYS);
}

/* Each field of each node, in a page whose checksum was made right. */
static void each_field_of_each_node(void **state)
{
	u32 i;

	for (i = 0; i < KHO_MAX_EXTENTS; i++) {
		struct kho_extent_ser *node = &page.node[i];

		write_chain(KHO_MAX_EXTENTS);
		node->hdr.type = KHO_SETUP_DATA_TYPE;
		seal();
		assert_refused(-EBADMSG, "extent node type", node_phys(i));
		write_chain(KHO_MAX_EXTENTS);
		node->hdr.len--;
		seal();
		assert_refused(-EBADMSG, "extent node length", node_phys(i));
		write_chain(KHO_MAX_EXTENTS);
		node->hdr.next = PAGE_PHYS;
		seal();
		assert_refused(-EBADMSG, "extent node link", node_phys(i));
		write_chain(KHO_MAX_EXTENTS);
		node->ind.type = KHO_SETUP_INDIRECT;
		seal();
		assert_refused(-EBADMSG, "extent reservation type",
			       node_phys(i));
		write_chain(KHO_MAX_EXTENTS);
		node->ind.reserved = 1;
		seal();
		assert_refused(-EBADMSG, "extent reserved field", node_phys(i));
	}
}

static void each_extent(void **state)
{
	u32 i;

	for (i = 0; i < KHO_MAX_EXTENTS; i++) {
		struct kho_setup_indirect *ind = &page.node[i].ind;

		write_chain(KHO_MAX_EXTENTS);
		ind->addr++;
		seal();
		assert_refused(-ERANGE, "extent address alignment",
			       node_phys(i));
		write_chain(KHO_MAX_EXTENTS);
		ind->len = 0;
		seal();
		assert_refused(-ERANGE, "extent length", node_phys(i));
		ind->len = KHO_PAGE_SIZE + 1;
		seal();
		assert_refused(-ERANGE, "extent length", node_phys(i));
		write_chain(KHO_MAX_EXTENTS);
		ind->addr = MIB - KHO_PAGE_SIZE;
		seal();
		assert_refused(-ERANGE, "extent below 1 MiB", node_phys(i));
		write_chain(KHO_MAX_EXTENTS);
		ind->len = -KHO_PAGE_SIZE;
		seal();
		assert_refused(-ERANGE, "extent wraps around", node_phys(i));
	}
}

static void extents_that_overlap_or_go_back(void **state)
{
	u32 i;

	for (i = 1; i < KHO_MAX_EXTENTS; i++) {
		const struct kho_setup_indirect *before = &page.node[i - 1].ind;

		write_chain(KHO_MAX_EXTENTS);
		page.node[i].ind.addr = before->addr;
		seal();
		assert_refused(-ERANGE, "extent order or overlap",
			       node_phys(i));
		page.node[i].ind.addr =
			before->addr + before->len - KHO_PAGE_SIZE;
		seal();
		assert_refused(-ERANGE, "extent order or overlap",
			       node_phys(i));
	}
}

/* Whatever is not described must be zero, wherever it is. */
static void unused_bytes(void **state)
{
	u8 *bytes = (u8 *)&page;
	u32 nr, i;

	for (nr = 1; nr <= KHO_MAX_EXTENTS; nr += 21)
		for (i = nr * 40; i < 4092; i++) {
			if (i == offsetof(struct kho_chain_ser, magic))
				i = offsetof(struct kho_chain_ser, pad);
			write_chain(nr);
			bytes[i] = 0x10;
			seal();
			assert_refused(-EBADMSG, "extent list unused bytes",
				       PAGE_PHYS + i);
		}
}

/* A page is written again and again: nothing of a longer list may stay. */
static void written_again(void **state)
{
	struct kho_range extent = { MIB, 2 * MIB };
	struct kho_chain_ser fresh = {};

	write_chain(KHO_MAX_EXTENTS);
	kho_chain_write(&page, PAGE_PHYS, &extent, 1);
	kho_chain_write(&fresh, PAGE_PHYS, &extent, 1);
	assert_memory_equal(&page, &fresh, sizeof(page));
	assert_int_equal(kho_chain_check(&page, PAGE_PHYS, NULL), 0);
}

static void every_bit(void **state)
{
	u8 *bytes = (u8 *)&page;
	u32 i;

	write_chain(40);
	for (i = 0; i < 8 * sizeof(page); i++) {
		bytes[i / 8] ^= 1 << i % 8;
		assert_true(kho_chain_check(&page, PAGE_PHYS, NULL) < 0);
		bytes[i / 8] ^= 1 << i % 8;
	}
	assert_int_equal(kho_chain_check(&page, PAGE_PHYS, NULL), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_accepted),
		cmocka_unit_test(adjacent_extents_are_accepted),
		cmocka_unit_test(the_last_page_of_all_is_accepted_but_one),
		cmocka_unit_test(description),
		cmocka_unit_test(each_field_of_each_node),
		cmocka_unit_test(each_extent),
		cmocka_unit_test(extents_that_overlap_or_go_back),
		cmocka_unit_test(unused_bytes),
		cmocka_unit_test(written_again),
		cmocka_unit_test(every_bit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
