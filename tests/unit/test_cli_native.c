// SPDX-License-Identifier: GPL-2.0
/*
 * A next kernel with handover of its own: when everything would be lost there.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "cli/image/cmdline.c"
#include "cli/image/findings.c"
#include "cli/image/preflight_native.c"
#include "cli/base/util.c"

static u32 regions;

int dev_region_list(int fd, struct kho_region_info **out, u32 *nr)
{
	*nr = regions;
	*out = need(calloc(1, sizeof(**out)));
	return 0;
}

/* Stands in for the one over a whole configuration. */
char target_option(const struct target *t, const char *name)
{
	if (!t->config)
		return 0;
	return strstr(t->config, name) ? 'y' : 'n';
}

#define NATIVE "KEXEC_HANDOVER "
#define DEFAULT "KEXEC_HANDOVER_ENABLE_DEFAULT "

static enum finding_level worst(char *config, char *cmdline, const char *abi,
				u32 parcels)
{
	struct image im = { .cmdline = cmdline,
			    .status = { .nr_parcels = parcels } };
	struct target t = { .config = config };
	enum finding_level level = FINDING_OK;
	size_t i;

	strcpy(t.abi, abi);
	assert_true(target_is_native(&t));
	preflight_native(&im, &t);
	for (i = 0; i < im.findings.nr; i++) {
		if (im.findings.list[i].level > level)
			level = im.findings.list[i].level;
	}
	findings_free(&im.findings);
	return level;
}

static void it_must_be_on(void **state)
{
	assert_int_equal(worst(NATIVE, "ro", "kho-v4", 0), FINDING_PROBLEM);
	assert_int_equal(worst(NATIVE, "kho=off", "kho-v4", 0),
			 FINDING_PROBLEM);
	assert_int_equal(worst(NATIVE, "ro kho=on", "kho-v4", 0),
			 FINDING_WARNING);
	assert_int_equal(worst(NATIVE DEFAULT, "ro", "kho-v4", 0),
			 FINDING_WARNING);
	assert_int_equal(worst(NATIVE DEFAULT, "kho=off", "kho-v4", 0),
			 FINDING_PROBLEM);
}

static void without_its_configuration_nobody_can_tell(void **state)
{
	assert_int_equal(worst(NULL, "ro", "kho-v4", 0), FINDING_UNKNOWN);
	assert_int_equal(worst(NULL, "kho=on", "kho-v4", 0), FINDING_WARNING);
	assert_int_equal(worst(NULL, "kho=0", "kho-v4", 0), FINDING_PROBLEM);
}

static void it_must_know_the_format(void **state)
{
	assert_int_equal(worst(NATIVE, "kho=on", "kho-v3", 0), FINDING_PROBLEM);
}

static void parcels_and_regions_have_no_reader_there(void **state)
{
	assert_int_equal(worst(NATIVE, "kho=on", "kho-v4", 1), FINDING_PROBLEM);
	regions = 1;
	assert_int_equal(worst(NATIVE, "kho=on", "kho-v4", 0), FINDING_PROBLEM);
	regions = 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_must_be_on),
		cmocka_unit_test(without_its_configuration_nobody_can_tell),
		cmocka_unit_test(it_must_know_the_format),
		cmocka_unit_test(parcels_and_regions_have_no_reader_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
