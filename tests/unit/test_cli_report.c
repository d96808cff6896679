// SPDX-License-Identifier: GPL-2.0
/*
 * Phases of a handover add up to the blackout, whatever is known of it, and survive a file.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "cli/base/output.c"
#include "cli/report/blackout.c"
#include "cli/report/history.c"
#include "cli/report/prometheus.c"
#include "cli/base/savefile.c"
#include "cli/base/capability.c"
#include "cli/base/device.c"
#define add kept_add
#include "cli/base/keptdev.c"
#undef add
#include "cli/base/util.c"

#define MS 1000000ULL

static struct kho_ioctl_status accepted(void)
{
	struct kho_ioctl_status st = {
		.flags = KHO_STATUS_IN_ACCEPTED | KHO_STATUS_IN_PRESENT,
		.kexec_count = 3,
		.in_bytes = 12345,
		.in_validate_ns = 7 * MS,
		.in_stamp_ns = { 1, 2, 1000000 * MS },
		.in_jump_ns = 1000400 * MS,
		.in_ready_ns = 1003000 * MS,
		.in_jump_to_ready_ns = 2100 * MS,
		.in_ready_boottime_ns = 1900 * MS,
		.in_release = "6.1",
	};

	return st;
}

static const struct boot_instants instants = {
	.init_ns = 1500 * MS,
	.userspace_ns = 1800 * MS,
	.boot_id = "boot",
	.release = "6.12",
};

static u64 sum(const struct blackout *b)
{
	u64 total = 0;
	size_t i;

	for (i = 0; i < PHASES; i++)
		total += b->phase_ns[i];
	return total;
}

static void every_phase_is_known(void **state)
{
	struct kho_ioctl_status st = accepted();
	struct blackout b;

	assert_true(blackout_compute(&b, &st, &instants));
	assert_int_equal(b.phase_ns[PHASE_SHUTDOWN], 400 * MS);
	assert_int_equal(b.phase_ns[PHASE_JUMP], 200 * MS);
	assert_int_equal(b.phase_ns[PHASE_KERNEL], 1500 * MS);
	assert_int_equal(b.phase_ns[PHASE_INITRAMFS], 300 * MS);
	assert_int_equal(b.phase_ns[PHASE_USERSPACE], 93 * MS);
	assert_int_equal(b.phase_ns[PHASE_RESTORE], 7 * MS);
	assert_int_equal(b.total_ns, 2500 * MS);
	assert_int_equal(sum(&b), b.total_ns);
	assert_false(b.by_clock);
	assert_string_equal(b.from, "6.1");
	assert_string_equal(b.to, "6.12");
}

/* The module came up in the initramfs, so that systemd of the root started later. */
static void the_initramfs_ends_with_the_restore(void **state)
{
	struct kho_ioctl_status st = accepted();
	struct boot_instants boot = instants;
	struct blackout b;

	boot.userspace_ns = 5000 * MS;
	assert_true(blackout_compute(&b, &st, &boot));
	assert_int_equal(b.phase_ns[PHASE_INITRAMFS], 393 * MS);
	assert_int_equal(b.phase_ns[PHASE_USERSPACE], 0);
	assert_int_equal(sum(&b), b.total_ns);
}

static void sums_agree_whatever_is_missing(void **state)
{
	unsigned int missing;

	for (missing = 0; missing < 64; missing++) {
		struct kho_ioctl_status st = accepted();
		struct boot_instants boot = instants;
		struct blackout b;

		if (missing & 1)
			st.in_jump_ns = 0;
		if (missing & 2)
			st.in_jump_to_ready_ns = 0;
		if (missing & 4)
			boot.init_ns = 0;
		if (missing & 8)
			boot.userspace_ns = 0;
		/* Clocks that contradict each other. */
		if (missing & 16)
			st.in_ready_ns = 5;
		if (missing & 32)
			st.in_validate_ns = 9999 * MS;
		assert_true(blackout_compute(&b, &st, &boot));
		assert_int_equal(sum(&b), b.total_ns);
		assert_int_equal(b.by_clock, !!(missing & 2));
	}
}

/* What services took is known if somebody said so, and is no part of the blackout. */
static void services_stop_before_the_blackout(void **state)
{
	struct kho_ioctl_status st = accepted();
	struct blackout b, again;
	struct json_object *o;
	char *text;

	assert_true(blackout_compute(&b, &st, &instants));
	assert_int_equal(b.services_ns, 0);
	text = prometheus_text(&st, &b, NULL, NULL);
	assert_null(strstr(text, "kho_services_seconds"));
	free(text);
	st.in_stopping_ns = st.in_stamp_ns[2] - 1200 * MS;
	assert_true(blackout_compute(&b, &st, &instants));
	assert_int_equal(b.services_ns, 1200 * MS);
	assert_int_equal(b.total_ns, 2500 * MS);
	assert_int_equal(sum(&b), b.total_ns);
	text = prometheus_text(&st, &b, NULL, NULL);
	assert_non_null(strstr(text, "\nkho_services_seconds 1.200000\n"));
	free(text);
	o = blackout_json(&b);
	assert_true(blackout_from_json(&again, o));
	assert_int_equal(again.services_ns, 1200 * MS);
	json_object_put(o);
	/* A clock that was set back meanwhile. */
	st.in_stopping_ns = st.in_stamp_ns[2] + 1;
	assert_true(blackout_compute(&b, &st, &instants));
	assert_int_equal(b.services_ns, 0);
}

static void nothing_came_in(void **state)
{
	struct kho_ioctl_status st = accepted();
	struct blackout b;

	st.flags = KHO_STATUS_IN_REFUSED;
	assert_false(blackout_compute(&b, &st, &instants));
	st = accepted();
	st.in_stamp_ns[2] = 0;
	assert_false(blackout_compute(&b, &st, &instants));
}

static void history_keeps_the_last(void **state)
{
	static struct history h, again;
	char dir[] = "/tmp/kho-report-XXXXXX";
	char path[64], junk[] = "{\"handovers\": [5]}";
	struct kho_ioctl_status st = accepted();
	struct blackout b;
	unsigned int i;

	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/x/history.json", dir);
	assert_int_equal(history_read(&h, path), 0);
	assert_int_equal(h.nr, 0);
	assert_true(blackout_compute(&b, &st, &instants));
	for (i = 0; i < HISTORY_MAX + 7; i++) {
		snprintf(b.boot_id, sizeof(b.boot_id), "boot-%u", i);
		history_add(&h, &b);
		history_add(&h, &b);
	}
	assert_int_equal(h.nr, HISTORY_MAX);
	assert_string_equal(h.entry[0].boot_id, "boot-7");
	assert_int_equal(history_write(&h, path), 0);
	assert_int_equal(history_read(&again, path), 0);
	assert_int_equal(again.nr, h.nr);
	for (i = 0; i < h.nr; i++)
		assert_memory_equal(again.entry[i].phase_ns,
				    h.entry[i].phase_ns,
				    sizeof(h.entry[i].phase_ns));
	assert_int_equal(save_file(path, 0644, junk, strlen(junk)), 0);
	assert_int_equal(history_read(&again, path), -EBADMSG);
	assert_int_equal(again.nr, 0);
	unlink(path);
	*strrchr(path, '/') = '\0';
	rmdir(path);
	rmdir(dir);
}

static struct kept_info one[] = {
	{ .state = KHO_KEPT_STATE_KEPT, .bytes = 7 },
	{ .state = KHO_KEPT_STATE_LOST, .incoming = true },
	{ .state = KHO_KEPT_STATE_REFUSED, .incoming = true },
	{ .state = KHO_KEPT_STATE_WAITING, .incoming = true, .bytes = 100 },
	{ .state = KHO_KEPT_STATE_BEGUN, .incoming = true },
	{ .state = KHO_KEPT_STATE_WAITING, .incoming = true },
};

static const struct kept_list some_trees = { one, ARRAY_LEN(one) };

static void trees_of_a_handover_are_counted(void **state)
{
	struct kho_ioctl_status st = accepted();
	static struct history h;
	struct json_object *o;
	struct blackout b, again;
	char *text;
	static const struct session_losses some_losses = { .nr_closed = 3,
							   .nr_lost = 2 };

	assert_true(blackout_compute(&b, &st, &instants));
	assert_int_equal(b.trees_lost, 0);
	blackout_count_trees(&b, &some_trees);
	assert_int_equal(b.trees_lost, 2);
	assert_int_equal(b.trees_waiting, 3);
	o = blackout_json(&b);
	assert_true(blackout_from_json(&again, o));
	json_object_put(o);
	assert_int_equal(again.trees_lost, 2);
	assert_int_equal(again.trees_waiting, 3);
	/* They were restored, and dropped, since. */
	history_add(&h, &b);
	blackout_count_trees(&b, &(struct kept_list){ 0 });
	history_add(&h, &b);
	assert_int_equal(h.nr, 1);
	assert_int_equal(h.entry[0].trees_lost, 2);
	assert_int_equal(h.entry[0].trees_waiting, 0);
	text = prometheus_text(&st, &b, &some_trees, &some_losses);
	assert_non_null(strstr(text, "\nkho_trees 1\n"));
	assert_non_null(strstr(text, "\nkho_sessions_closed 3\n"));
	assert_non_null(strstr(text, "\nkho_incoming_sessions_lost 2\n"));
	assert_non_null(strstr(text, "\nkho_tree_bytes 7\n"));
	assert_non_null(
		strstr(text, "\nkho_incoming_trees{state=\"waiting\"} 2\n"));
	assert_non_null(
		strstr(text, "\nkho_incoming_trees{state=\"lost\"} 1\n"));
	free(text);
}

static void metrics_are_of_the_format(void **state)
{
	struct kho_ioctl_status st = accepted();
	struct blackout b;
	char *text, *line, *rest;

	assert_true(blackout_compute(&b, &st, &instants));
	text = prometheus_text(&st, &b, NULL, NULL);
	assert_non_null(strstr(text, "kho_blackout_seconds 2.500000\n"));
	assert_non_null(
		strstr(text, "kho_phase_seconds{phase=\"jump\"} 0.200000\n"));
	assert_int_equal(text[strlen(text) - 1], '\n');
	rest = text;
	while ((line = strsep(&rest, "\n")) && *line)
		assert_true(!strncmp(line, "# HELP kho_", 11) ||
			    !strncmp(line, "# TYPE kho_", 11) ||
			    !strncmp(line, "kho_", 4));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_phase_is_known),
		cmocka_unit_test(the_initramfs_ends_with_the_restore),
		cmocka_unit_test(sums_agree_whatever_is_missing),
		cmocka_unit_test(services_stop_before_the_blackout),
		cmocka_unit_test(nothing_came_in),
		cmocka_unit_test(history_keeps_the_last),
		cmocka_unit_test(trees_of_a_handover_are_counted),
		cmocka_unit_test(metrics_are_of_the_format),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
