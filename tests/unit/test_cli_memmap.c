// SPDX-License-Identifier: GPL-2.0
/*
 * The memory map: order, merging, types; and how it is read from sysfs.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <cmocka.h>

#include "cli/base/util.c"
#include "cli/image/memmap.c"
#include "cli/image/sysinfo.c"

static void assert_range(const struct memmap *map, size_t i, uint64_t start,
			 uint64_t end, uint32_t type)
{
	assert_true(i < map->nr);
	assert_int_equal(map->range[i].start, start);
	assert_int_equal(map->range[i].end, end);
	assert_int_equal(map->range[i].type, type);
}

static void merges_neighbours_of_a_type(void **state)
{
	struct memmap map = { 0 };

	memmap_add(&map, 0x3000, 0x4000, KHO_E820_RAM);
	memmap_add(&map, 0x1000, 0x2000, KHO_E820_RAM);
	memmap_add(&map, 0x2000, 0x3000, KHO_E820_RAM);
	memmap_add(&map, 0x4000, 0x5000, KHO_E820_ACPI);
	memmap_add(&map, 0x6000, 0x7000, KHO_E820_ACPI);
	memmap_add(&map, 0x9000, 0x9000, KHO_E820_ACPI);
	memmap_sort(&map);
	assert_int_equal(memmap_bytes(&map, KHO_E820_RAM), 0x3000);
	assert_int_equal(memmap_merge(&map), 2);
	assert_int_equal(map.nr, 3);
	assert_range(&map, 0, 0x1000, 0x4000, KHO_E820_RAM);
	assert_range(&map, 1, 0x4000, 0x5000, KHO_E820_ACPI);
	assert_range(&map, 2, 0x6000, 0x7000, KHO_E820_ACPI);
	assert_int_equal(memmap_bytes(&map, KHO_E820_RAM), 0x3000);
	memmap_free(&map);
}

static void merges_nothing_in_an_empty_map(void **state)
{
	struct memmap map = { 0 };

	memmap_sort(&map);
	assert_int_equal(memmap_merge(&map), 0);
	assert_int_equal(map.nr, 0);
	memmap_free(&map);
}

static void does_not_merge_overlaps(void **state)
{
	struct memmap map = { 0 };

	memmap_add(&map, 0x1000, 0x3000, KHO_E820_RAM);
	memmap_add(&map, 0x2000, 0x4000, KHO_E820_RAM);
	assert_int_equal(memmap_merge(&map), 0);
	assert_int_equal(map.nr, 2);
	memmap_free(&map);
}

static void merges_many(void **state)
{
	struct memmap map = { 0 };
	uint64_t i;

	for (i = 0; i < 1000; i++)
		memmap_add(&map, (999 - i) << 12, (1000 - i) << 12,
			   KHO_E820_RAM);
	memmap_sort(&map);
	assert_int_equal(memmap_merge(&map), 999);
	assert_range(&map, 0, 0, 1000 << 12, KHO_E820_RAM);
	memmap_free(&map);
}

static void knows_the_kernels_names(void **state)
{
	assert_int_equal(kho_e820_type("System RAM"), KHO_E820_RAM);
	assert_int_equal(kho_e820_type("ACPI Tables"), KHO_E820_ACPI);
	assert_int_equal(kho_e820_type("ACPI Non-volatile Storage"),
			 KHO_E820_NVS);
	assert_int_equal(kho_e820_type("Soft Reserved"),
			 KHO_E820_SOFT_RESERVED);
	assert_int_equal(kho_e820_type("Something new"), KHO_E820_RESERVED);
	assert_int_equal(kho_e820_type(""), KHO_E820_RESERVED);
}

/* A tree in the file system that looks like the parts of /sys and /proc that are read. */
static char root[64];

static void put_text(const char *path, const char *text)
{
	autofree char *full = format("%s%s", root, path);
	char *slash = full;
	FILE *f;

	while ((slash = strchr(slash + 1, '/'))) {
		*slash = '\0';
		mkdir(full, 0700);
		*slash = '/';
	}
	f = fopen(full, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static void put_range(int i, const char *start, const char *end,
		      const char *type)
{
	autofree char *a = format("/sys/firmware/memmap/%d/start", i);
	autofree char *b = format("/sys/firmware/memmap/%d/end", i);
	autofree char *c = format("/sys/firmware/memmap/%d/type", i);

	put_text(a, start);
	put_text(b, end);
	put_text(c, type);
}

static int setup_root(void **state)
{
	strcpy(root, "/tmp/kho-test-XXXXXX");
	if (!mkdtemp(root))
		return -1;
	sysinfo_set_root(root);
	return 0;
}

static int remove_root(void **state)
{
	autofree char *command = format("rm -rf %s", root);

	return system(command);
}

static void reads_the_map_from_sysfs(void **state)
{
	struct memmap map = { 0 };

	put_range(0, "0x100000\n", "0x7ffdffff\n", "System RAM\n");
	put_range(1, "0x0\n", "0x9fbff\n", "System RAM\n");
	put_range(2, "0xfffc0000\n", "0xffffffff\n", "Reserved\n");
	assert_int_equal(sysinfo_memmap(&map), 0);
	assert_int_equal(map.nr, 3);
	assert_range(&map, 0, 0, 0x9fc00, KHO_E820_RAM);
	assert_range(&map, 1, 0x100000, 0x7ffe0000, KHO_E820_RAM);
	assert_range(&map, 2, 0xfffc0000, 0x100000000, KHO_E820_RESERVED);
	memmap_free(&map);
}

/* An entry goes when its memory is unplugged; the others keep their numbers. */
static void reads_on_behind_a_hole(void **state)
{
	struct memmap map = { 0 };

	put_range(0, "0x0\n", "0x9fbff\n", "System RAM\n");
	put_range(2, "0x100000\n", "0x7ffdffff\n", "System RAM\n");
	put_range(4711, "0x100000000\n", "0x13fffffff\n", "System RAM\n");
	assert_int_equal(sysinfo_memmap(&map), 0);
	assert_int_equal(map.nr, 3);
	assert_range(&map, 1, 0x100000, 0x7ffe0000, KHO_E820_RAM);
	assert_range(&map, 2, 0x100000000, 0x140000000, KHO_E820_RAM);
	memmap_free(&map);
}

static void reads_what_the_kernel_uses_as_ram(void **state)
{
	struct memmap map = { 0 };

	assert_int_equal(sysinfo_ram(&map), -ENOENT);
	put_text("/proc/iomem", "00000000-00000fff : Reserved\n"
				"00001000-0009fbff : System RAM\n"
				"00100000-3fffffff : System RAM\n"
				"  01000000-01ffffff : Kernel code\n"
				"40000000-7ffdffff : System RAM\n"
				"100000000-13fffffff : System RAM (kmem)\n"
				"  100000000-13fffffff : System RAM (kmem)\n"
				"140000000-17fffffff : System RAM");
	assert_int_equal(sysinfo_ram(&map), 0);
	assert_int_equal(map.nr, 4);
	assert_range(&map, 0, 0x1000, 0x9fc00, KHO_E820_RAM);
	assert_range(&map, 1, 0x100000, 0x40000000, KHO_E820_RAM);
	assert_range(&map, 2, 0x40000000, 0x7ffe0000, KHO_E820_RAM);
	assert_range(&map, 3, 0x140000000, 0x180000000, KHO_E820_RAM);
	memmap_free(&map);
	/* As it looks without the right to see addresses. */
	put_text("/proc/iomem", "00000000-00000000 : System RAM\n");
	assert_int_equal(sysinfo_ram(&map), 0);
	assert_int_equal(map.nr, 0);
}

static void finds_ram_that_another_map_has_not(void **state)
{
	struct memmap map = { 0 }, other = { 0 };
	uint64_t at;

	assert_true(memmap_ram_within(&map, &other, &at));
	memmap_add(&map, 0x1000, 0x9000, KHO_E820_RAM);
	memmap_add(&map, 0x9000, 0xf000, KHO_E820_RESERVED);
	memmap_add(&other, 0x0, 0x3000, KHO_E820_RAM);
	memmap_add(&other, 0x2000, 0x5000, KHO_E820_RAM);
	memmap_add(&other, 0x2000, 0x9000, KHO_E820_RESERVED);
	memmap_add(&other, 0x5000, 0x8fff, KHO_E820_RAM);
	assert_false(memmap_ram_within(&map, &other, &at));
	assert_int_equal(at, 0x8fff);
	memmap_add(&other, 0x8fff, 0x9000, KHO_E820_RAM);
	assert_true(memmap_ram_within(&map, &other, &at));
	memmap_free(&map);
	memmap_free(&other);
}

static void refuses_an_impossible_range(void **state)
{
	struct memmap map = { 0 };

	assert_int_not_equal(sysinfo_memmap(&map), 0);
	put_range(0, "0x100000\n", "0xff\n", "System RAM\n");
	assert_int_equal(sysinfo_memmap(&map), -EBADMSG);
	put_range(0, "0x100000\n", "lots\n", "System RAM\n");
	assert_int_equal(sysinfo_memmap(&map), -EBADMSG);
	put_range(0, "\n", "0xff\n", "System RAM\n");
	assert_int_equal(sysinfo_memmap(&map), -EINVAL);
	memmap_free(&map);
}

static void reads_small_files(void **state)
{
	autofree char *lockdown = NULL;

	put_text("/sys/kernel/security/lockdown",
		 "none [integrity] confidentiality\n");
	lockdown = sysinfo_lockdown();
	assert_string_equal(lockdown, "integrity");
	put_text("/sys/kernel/kexec_loaded", "1\n");
	assert_int_equal(sysinfo_kexec_loaded(), 1);
	put_text("/proc/meminfo", "MemTotal:     2048 kB\nMemFree: 1 kB\n");
	assert_int_equal(sysinfo_mem_total(), 2048 * 1024);
	assert_int_equal(sysinfo_mem_available(), 0);
	put_text("/proc/meminfo", "MemTotal: 2048 kB\nMemAvailable: 7 kB\n");
	assert_int_equal(sysinfo_mem_available(), 7 * 1024);
	put_text("/proc/cpuinfo", "flags_x : sme\nflags\t\t: fpu sme_x la57\n");
	assert_true(sysinfo_cpu_flag("la57"));
	assert_true(sysinfo_cpu_flag("fpu"));
	assert_false(sysinfo_cpu_flag("sme"));
	put_text("/sys/firmware/efi/systab",
		 "ACPI20=0x7f77d014\nACPI=0x7f77d000\n");
	assert_int_equal(sysinfo_systab("ACPI"), 0x7f77d000);
	assert_int_equal(sysinfo_systab("ACPI20"), 0x7f77d014);
	assert_int_equal(sysinfo_systab("SMBIOS"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(merges_neighbours_of_a_type),
		cmocka_unit_test(merges_nothing_in_an_empty_map),
		cmocka_unit_test(does_not_merge_overlaps),
		cmocka_unit_test(merges_many),
		cmocka_unit_test(knows_the_kernels_names),
		cmocka_unit_test_setup_teardown(reads_the_map_from_sysfs,
						setup_root, remove_root),
		cmocka_unit_test_setup_teardown(reads_on_behind_a_hole,
						setup_root, remove_root),
		cmocka_unit_test_setup_teardown(
			reads_what_the_kernel_uses_as_ram, setup_root,
			remove_root),
		cmocka_unit_test(finds_ram_that_another_map_has_not),
		cmocka_unit_test_setup_teardown(refuses_an_impossible_range,
						setup_root, remove_root),
		cmocka_unit_test_setup_teardown(reads_small_files, setup_root,
						remove_root),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
