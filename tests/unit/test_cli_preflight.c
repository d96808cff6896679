// SPDX-License-Identifier: GPL-2.0
/*
 * Devices that survive a kexec badly are found by their drivers, and an image that kexec-tools
 * would load by its configuration, below a root made up here.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <sys/stat.h>

#include "cli/image/findings.c"
#include "cli/image/memmap.c"
#include "cli/image/preflight_devices.c"
#include "cli/image/preflight_kexec.c"
#include "cli/image/sysinfo.c"
#include "cli/base/savefile.c"
#include "cli/base/util.c"

static char root[64];

/* Makes the directories of a path below the root, the last part being a link or a directory. */
static void make(const char *path, bool link)
{
	autofree char *full = format("%s%s", root, path);
	char *slash = full + strlen(root);

	while ((slash = strchr(slash + 1, '/'))) {
		*slash = '\0';
		mkdir(full, 0700);
		*slash = '/';
	}
	if (link)
		assert_int_equal(symlink("elsewhere", full), 0);
	else
		mkdir(full, 0700);
}

static void finds_bound_devices_only(void **state)
{
	struct image im = { 0 };

	preflight_devices(&im);
	assert_int_equal(im.findings.nr, 1);
	assert_int_equal(im.findings.list[0].level, FINDING_OK);
	findings_free(&im.findings);
	/* A driver without a device. */
	make("/sys/bus/pci/drivers/nouveau/module", true);
	make("/sys/bus/pci/drivers/nouveau/bind", false);
	make("/sys/bus/pci/drivers/qla2xxx/module", true);
	make("/sys/bus/pci/drivers/qla2xxx/0000:01:00.0", true);
	make("/sys/bus/pci/drivers/qla2xxx/0000:01:00.1", true);
	make("/sys/bus/pci/drivers/e1000e/0000:02:00.0", true);
	preflight_devices(&im);
	assert_int_equal(im.findings.nr, 1);
	assert_int_equal(im.findings.list[0].level, FINDING_NOTE);
	assert_non_null(strstr(im.findings.list[0].text,
			       "qla2xxx drives 2 devices here"));
	assert_int_equal(im.findings.nr_problems, 0);
	findings_free(&im.findings);
}

static size_t warnings_of(const char *text)
{
	autofree char *path = format("%s/etc/default/kexec", root);
	struct image im = { 0 };
	size_t nr;

	make("/etc/default", false);
	assert_int_equal(save_file(path, 0600, text, strlen(text)), 0);
	preflight_kexec_tools(&im);
	nr = im.findings.nr;
	assert_int_equal(im.findings.nr_problems, 0);
	findings_free(&im.findings);
	return nr;
}

static void sees_that_kexec_tools_would_load(void **state)
{
	struct image im = { 0 };

	preflight_kexec_tools(&im);
	assert_int_equal(im.findings.nr, 0);
	assert_int_equal(warnings_of(""), 0);
	assert_int_equal(
		warnings_of("# LOAD_KEXEC=true\nUSE_GRUB_CONFIG=true\n"), 0);
	assert_int_equal(warnings_of("LOAD_KEXEC=false\n"), 0);
	assert_int_equal(warnings_of("LOAD_KEXEC=true\n"), 1);
	assert_int_equal(warnings_of("A=b\n LOAD_KEXEC=\"true\"\n"), 1);
	/* The last one counts. */
	assert_int_equal(warnings_of("LOAD_KEXEC=true\nLOAD_KEXEC=false\n"), 0);
}

static int make_root(void **state)
{
	strcpy(root, "/tmp/kho-preflight-XXXXXX");
	sysinfo_set_root(root);
	return mkdtemp(root) ? 0 : -1;
}

static int remove_root(void **state)
{
	autofree char *command = format("rm -r %s", root);

	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_bound_devices_only),
		cmocka_unit_test(sees_that_kexec_tools_would_load),
	};

	return cmocka_run_group_tests(tests, make_root, remove_root);
}
