// SPDX-License-Identifier: GPL-2.0
/*
 * What a command line sets aside, in every spelling that the kernel knows, and whether the next
 * kernel gets along with the rest.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "cli/image/cmdline.c"
#include "cli/image/cmdroom.c"
#include "cli/image/room.c"
#include "cli/image/memmap.c"
#include "cli/image/sysinfo.c"
#include "cli/base/savefile.c"
#include "cli/base/util.c"

/* A machine of 8 GiB. */
static void takes(const char *line, u64 bytes, const char *expected)
{
	autofree char *words = NULL;

	assert_int_equal(cmdroom_bytes(line, 8 * GIB, &words), bytes);
	assert_string_equal(words, expected);
}

static void most_words_take_nothing(void **state)
{
	takes("", 0, "");
	takes("root=/dev/vda1 ro quiet hugepages crashkernel= cma=x", 0, "");
	takes("hugepagesz=1G default_hugepagesz=1G transparent_hugepage=always",
	      0, "");
	takes("a -- hugepages=5", 0, "");
}

static void counts_huge_pages(void **state)
{
	takes("hugepages=1200", 1200 * 2 * MIB, "hugepages=1200");
	takes("quiet hugepagesz=1G hugepages=4 ro", 4 * GIB, "hugepages=4");
	takes("default_hugepagesz=1G hugepages=2", 2 * GIB, "hugepages=2");
	takes("hugepages=2 default_hugepagesz=1G", 2 * GIB, "hugepages=2");
	takes("hugepages=10 hugepagesz=1G hugepages=1 hugepagesz=2M hugepages=5",
	      GIB + 20 * MIB, "hugepages=10 hugepages=1");
	takes("hugepages=0:3,1:4", 14 * MIB, "hugepages=0:3,1:4");
	takes("hugepagesz=3M hugepages=7", 14 * MIB, "hugepages=7");
}

static void counts_contiguous_areas(void **state)
{
	takes("cma=64M", 64 * MIB, "cma=64M");
	takes("cma=64M@0-4G", 64 * MIB, "cma=64M@0-4G");
	takes("hugetlb_cma=1G", GIB, "hugetlb_cma=1G");
	takes("hugetlb_cma=0:1G,1:2G", 3 * GIB, "hugetlb_cma=0:1G,1:2G");
	takes("reserve-mem=12M:4096:trace", 12 * MIB,
	      "reserve-mem=12M:4096:trace");
	takes("swiotlb=65536,force", 128 * MIB, "swiotlb=65536,force");
	takes("log_buf_len=16M", 16 * MIB, "log_buf_len=16M");
	takes("cma=0x100000", MIB, "cma=0x100000");
}

static void counts_a_crash_kernel(void **state)
{
	takes("crashkernel=256M", 256 * MIB, "crashkernel=256M");
	takes("crashkernel=256M@16M", 256 * MIB, "crashkernel=256M@16M");
	takes("crashkernel=128M crashkernel=256M", 256 * MIB,
	      "crashkernel=128M crashkernel=256M");
	takes("crashkernel=1G,high", GIB + 256 * MIB, "crashkernel=1G,high");
	takes("crashkernel=1G,high crashkernel=72M,low", GIB + 72 * MIB,
	      "crashkernel=1G,high crashkernel=72M,low");
	takes("crashkernel=256M crashkernel=1G,cma", GIB + 256 * MIB,
	      "crashkernel=256M crashkernel=1G,cma");
	takes("crashkernel=0-4G:128M,4G-16G:512M,16G-:1G", 512 * MIB,
	      "crashkernel=0-4G:128M,4G-16G:512M,16G-:1G");
	takes("crashkernel=16G-:1G", 0, "");
	takes("crashkernel=2G-:192M", 192 * MIB, "crashkernel=2G-:192M");
	takes("crashkernel=2G-", 0, "");
	takes("crashkernel=2G-3G", 0, "");
}

static void large_numbers_stay_large(void **state)
{
	autofree char *words = NULL;

	assert_true(cmdroom_bytes("hugepages=99999999999999999999", GIB,
				  &words) > 1ULL << 50);
	free(words);
	assert_true(cmdroom_bytes("cma=99999999999E cma=99999999999E", GIB,
				  &words) > 1ULL << 50);
}

static void what_is_missing_is_told(void **state)
{
	struct room_needs needs = { 4 * GIB, 500 * MIB, 2400 * MIB };
	autofree char *why = NULL;

	assert_int_equal(room_missing(&needs, 1196 * MIB), 0);
	assert_int_equal(room_missing(&needs, 1197 * MIB), MIB);
	why = room_explain(&needs, 2 * GIB);
	assert_non_null(strstr(why, "2.0 GiB are withheld"));
	assert_non_null(strstr(why, "command line sets 2.3 GiB aside"));
	assert_non_null(strstr(why, "852.0 MiB are missing"));
}

static void what_sessions_hold_counts_once(void **state)
{
	struct kho_ioctl_status st = { .out_extent_bytes = 100,
				       .out_bytes = 60,
				       .out_session_bytes = 50 };

	assert_int_equal(room_withheld(&st), 100);
	st.out_session_bytes = 70;
	assert_int_equal(room_withheld(&st), 110);
}

static void the_jump_knows_what_the_load_knew(void **state)
{
	char root[] = "/tmp/kho-room-XXXXXX";
	struct room_needs needs = { 4 * GIB, 1, 2 }, found = { 0 };
	autofree char *command = NULL;

	assert_non_null(mkdtemp(root));
	sysinfo_set_root(root);
	assert_false(room_saved(&found));
	command = format("mkdir %s/run", root);
	assert_int_equal(system(command), 0);
	room_save(&needs);
	assert_true(room_saved(&found));
	assert_memory_equal(&needs, &found, sizeof(needs));
	room_forget();
	assert_false(room_saved(&found));
	free(command);
	command = format("rm -r %s", root);
	assert_int_equal(system(command), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(most_words_take_nothing),
		cmocka_unit_test(counts_huge_pages),
		cmocka_unit_test(counts_contiguous_areas),
		cmocka_unit_test(counts_a_crash_kernel),
		cmocka_unit_test(large_numbers_stay_large),
		cmocka_unit_test(what_is_missing_is_told),
		cmocka_unit_test(what_sessions_hold_counts_once),
		cmocka_unit_test(the_jump_knows_what_the_load_knew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
