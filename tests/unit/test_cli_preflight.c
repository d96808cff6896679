// SPDX-License-Identifier: GPL-2.0
/*
 * Devices that survive a kexec badly are found by their drivers, below a root made up here.
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
#include "cli/image/sysinfo.c"
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
	};

	return cmocka_run_group_tests(tests, make_root, remove_root);
}
