// SPDX-License-Identifier: GPL-2.0
/*
 * What the tool writes for programs has decimal points in every locale: proved in one with a
 * decimal comma, which the test makes itself.
 */
#define _GNU_SOURCE
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "cli/base/locale.c"
#include "cli/base/capability.c"
#include "cli/base/device.c"
#define add kept_add
#include "cli/base/keptdev.c"
#undef add
#include "cli/base/util.c"
#include "cli/image/memmap.c"
#include "cli/base/output.c"
#include "cli/report/blackout.c"
#include "cli/report/memview.c"
#define head prometheus_head
#include "cli/report/prometheus.c"
#undef head
#define layer svg_layer
#include "cli/report/memview_svg.c"

static char directory[32];

static char *half(void)
{
	return format("%.1f", 0.5);
}

/* The locale is one, and would do what is feared. */
static void the_locale_has_a_comma(void **state)
{
	autofree char *text = NULL;

	assert_non_null(setlocale(LC_ALL, ""));
	text = half();
	assert_string_equal(text, "0,5");
	setlocale(LC_ALL, "C");
}

static void the_tool_has_a_point_and_its_characters(void **state)
{
	autofree char *text = NULL;

	locale_begin();
	text = half();
	assert_string_equal(text, "0.5");
	assert_true(MB_CUR_MAX > 1);
}

static void metrics_are_numbers(void **state)
{
	struct kho_ioctl_status st = { .in_bytes = 1 };
	struct blackout b = { .total_ns = 1500000000,
			      .services_ns = 250000000 };
	autofree char *text = prometheus_text(&st, &b, NULL, NULL);

	assert_non_null(strstr(text, "kho_blackout_seconds 1.500000\n"));
	assert_non_null(strstr(text, "kho_services_seconds 0.250000\n"));
}

static void a_picture_has_points(void **state)
{
	struct memview v = { .title = format("title") };
	autofree char *svg = NULL;

	memview_add(&v, MEMVIEW_RAM, 0, GIB);
	memview_add(&v, MEMVIEW_SCRATCH, MIB, 3 * MIB);
	memview_finish(&v);
	svg = memview_svg(&v);
	assert_non_null(strstr(svg, "width=\""));
	assert_null(strstr(svg, ",0\""));
	assert_non_null(strstr(svg, ".0\""));
	memview_free(&v);
}

static int make_locale(void **state)
{
	autofree char *command = NULL;

	strcpy(directory, "/tmp/kho-locale-XXXXXX");
	if (!mkdtemp(directory))
		return -1;
	/* It warns of what does not matter here, and its status with it. */
	command = format(
		"localedef -i de_DE -f UTF-8 %s/de_DE.UTF-8 >/dev/null 2>&1",
		directory);
	if (system(command) < 0)
		return -1;
	setenv("LOCPATH", directory, 1);
	setenv("LC_ALL", "de_DE.UTF-8", 1);
	return 0;
}

static int remove_locale(void **state)
{
	autofree char *command = format("rm -r %s", directory);

	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_locale_has_a_comma),
		cmocka_unit_test(the_tool_has_a_point_and_its_characters),
		cmocka_unit_test(metrics_are_numbers),
		cmocka_unit_test(a_picture_has_points),
	};

	return cmocka_run_group_tests(tests, make_locale, remove_locale);
}
