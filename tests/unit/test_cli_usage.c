// SPDX-License-Identifier: GPL-2.0
/*
 * Exit codes: wrong usage is 2 and does nothing, help is 0. What would act on the machine is
 * replaced and only counted. Verbs that print JSON are tested in a virtual machine.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "cli/base/dev.h"
#include "cli/base/keptdev.h"
#include "cli/base/printable.c"
#include "cli/base/savefile.c"
#include "cli/image/image.h"
#include "cli/image/kexecload.h"
#include "cli/base/exitcode.c"
#include "cli/base/util.c"
#include "cli/image/findings.c"
#define options imageopts_table
#include "cli/verbs/imageopts.c"
#undef options
#include "cli/image/loaded.c"
#include "cli/verbs/verbs.c"

#define help_text load_help_text
#include "cli/verbs/load.c"
#undef help_text
#define help_text unload_help_text
#include "cli/verbs/unload.c"
#undef help_text
#define help_text exec_help_text
#include "cli/verbs/exec.c"
#undef help_text
#define help_text drop_help_text
#define take_option drop_take_option
#include "cli/verbs/drop.c"
#undef take_option
#undef help_text
#define help_text reserve_help_text
#include "cli/verbs/reserve.c"
#undef help_text
#define help_text put_help_text
#define copy put_copy
#define copy_pieces put_pieces
#include "cli/verbs/put.c"
#undef copy
#undef copy_pieces
#undef help_text
#define help_text get_help_text
#define copy get_copy
#define copy_pieces get_pieces
#include "cli/verbs/get.c"
#undef copy
#undef copy_pieces
#undef help_text
#define help_text keep_help_text
#define explain keep_explain
#include "cli/kept/keepable.c"
#include "cli/verbs/keep.c"
#undef explain
#undef help_text
#define help_text restore_help_text
#include "cli/verbs/restore.c"
#undef help_text
#define help_text save_help_text
#include "cli/verbs/save.c"

static int actions;
static struct image_options seen;

int dev_open(void)
{
	actions++;
	return -ENOENT;
}

static int open_error = -ENOENT;

int dev_open_or_say(void)
{
	actions++;
	return open_error;
}

bool dev_absent(int err)
{
	return err == -ENOENT;
}

static int never(void)
{
	fail_msg("called without a device");
	return -1;
}

int dev_status(int fd, struct kho_ioctl_status *st)
{
	return never();
}

int dev_image_release(int fd)
{
	return never();
}

void dev_settle(int fd)
{
	never();
}

int dev_in_drop(int fd, bool force)
{
	return never();
}

int dev_parcel_create(int fd, const char *name, bool replace, u64 bytes,
		      u32 mode, u64 *missing)
{
	return never();
}

int dev_parcel_commit(int parcel_fd)
{
	return never();
}

int dev_parcel_open(int fd, const char *name, u64 *bytes, u32 *mode, char *why)
{
	return never();
}

int dev_parcel_drop(int fd, const char *name)
{
	return never();
}

int dev_parcel_list(int fd, struct kho_parcel_info **out, u32 *nr)
{
	return never();
}

int dev_region_create(int fd, const char *name, u64 bytes, u64 align, u64 *phys)
{
	return never();
}

int dev_region_drop(int fd, const char *name, u64 *bytes)
{
	return never();
}

int dev_region_list(int fd, struct kho_region_info **out, u32 *nr)
{
	return never();
}

int keptdev_open_or_say(void)
{
	actions++;
	return open_error;
}

int keptdev_keep(int fd, int dir_fd, const char *name)
{
	return never();
}

int keptdev_forget(int fd, const char *name)
{
	return never();
}

int keptdev_let_go(int fd)
{
	return never();
}

int keptdev_drop(int fd, const char *name)
{
	return never();
}

int keptdev_list(int fd, struct kept_list *out)
{
	return never();
}

void kept_list_free(struct kept_list *trees)
{
}

const struct kept_info *kept_list_find(const struct kept_list *trees,
				       const char *name, bool incoming)
{
	never();
	return NULL;
}

int kept_tree_open(struct kept_tree *tree, int dev, const char *name)
{
	return never();
}

void kept_tree_free(struct kept_tree *tree)
{
}

int kept_restore(const struct kept_tree *tree, int dir, const char *shown,
		 int keeper, struct kept_result *result)
{
	return never();
}

int treetar_bytes(const char *path, u64 *bytes)
{
	return never();
}

int treetar_pack(const char *path, int fd, struct progress *progress)
{
	return never();
}

int treetar_unpack(int fd, const char *path)
{
	return never();
}

int kept_archive(const struct kept_tree *tree, int fd,
		 struct kept_archived *out)
{
	return never();
}

void kept_notes_say(struct kept_notes *notes)
{
}

struct json_object *kept_notes_json(const struct kept_notes *notes)
{
	return NULL;
}

void kept_notes_free(struct kept_notes *notes)
{
}

void output_json(struct json_object *root)
{
	json_object_put(root);
}

bool permission_locked_down(void)
{
	return false;
}

int sysinfo_kexec_loaded(void)
{
	actions++;
	return 0;
}

int kexecload_unload(enum kexec_call call)
{
	fail_msg("nothing is loaded");
	return -1;
}

int kexecload_exec(void)
{
	fail_msg("nothing is loaded");
	return -1;
}

const char *kexecload_explain(enum kexec_call call, int err)
{
	return strerror(-err);
}

void room_forget(void)
{
	actions++;
}

void ahead_note_forget(void)
{
	actions++;
}

u64 image_kernel_bytes(const struct image *im)
{
	return im->bz.code_bytes;
}

u64 image_initrd_bytes(const struct image *im)
{
	return im->initrd_file.bytes;
}

bool room_saved(struct room_needs *needs)
{
	fail_msg("nothing is loaded");
	return false;
}

u64 room_withheld(const struct kho_ioctl_status *st)
{
	return 0;
}

u64 room_missing(const struct room_needs *needs, u64 withheld)
{
	return 0;
}

char *room_explain(const struct room_needs *needs, u64 withheld)
{
	return NULL;
}

bool image_check(struct image *im, bool all)
{
	actions++;
	seen = im->opt;
	finding_problem(&im->findings, "test", NULL, "this is a test");
	return false;
}

int image_load(struct image *im)
{
	fail_msg("a problem was found");
	return -1;
}

void image_free(struct image *im)
{
	findings_free(&im->findings);
}

/* Runs a verb with the words of a line, which stay valid until the next run. */
static int run(int (*verb)(int argc, char **argv), const char *line)
{
	static char copy[256];
	char *argv[16] = { "kho" }, *save = NULL, *word;
	int argc = 1;

	snprintf(copy, sizeof(copy), "%s", line);
	for (word = strtok_r(copy, " ", &save); word;
	     word = strtok_r(NULL, " ", &save))
		argv[argc++] = word;
	optind = 0;
	actions = 0;
	return verb(argc, argv);
}

static void wrong(int (*verb)(int argc, char **argv), const char *line)
{
	assert_int_equal(run(verb, line), EXIT_USAGE);
	assert_int_equal(actions, 0);
}

static void acts(int (*verb)(int argc, char **argv), const char *line, int code)
{
	assert_int_equal(run(verb, line), code);
	assert_int_not_equal(actions, 0);
}

static void wrong_usage_of_load(void **state)
{
	wrong(verb_load, "");
	wrong(verb_load, "a b");
	wrong(verb_load, "a --nonsense");
	wrong(verb_load, "a --initrd");
	wrong(verb_load, "a --reuse-cmdline=x");
	wrong(verb_load, "a --reuse-cmdline --command-line=b");
	wrong(verb_load, "a --initrd b --no-initrd");
	wrong(verb_load, "a --syscall");
	wrong(verb_load, "a --syscall kexec");
	wrong(verb_load, "a --syscall=");
	wrong(verb_load, "a --ahead=");
	wrong(verb_load, "a --ahead=often");
	wrong(verb_load, "a --ahead yes");
}

static void load_takes_all_options(void **state)
{
	acts(verb_load, "--initrd=i k --append a --command-line c",
	     EXIT_FAILED);
	assert_string_equal(seen.kernel, "k");
	assert_false(seen.reuse_cmdline);
	acts(verb_load, "k --reuse-cmdline", EXIT_FAILED);
	assert_false(seen.force || seen.debug || seen.no_initrd);
	acts(verb_load, "k --force --debug --no-initrd", EXIT_FAILED);
	assert_true(seen.force && seen.debug && seen.no_initrd);
	acts(verb_load, "k --reuse-cmdline", EXIT_FAILED);
	assert_true(seen.reuse_cmdline);
	assert_null(seen.initrd);
	assert_int_equal(seen.call, KEXEC_AUTO);
}

/* As kho(8) and as kexec(8) spell it; the last one counts. */
static void load_takes_a_system_call(void **state)
{
	static const struct {
		const char *line;
		enum kexec_call call;
	} known[] = {
		{ "k --syscall load", KEXEC_LOAD },
		{ "k --syscall=file", KEXEC_FILE },
		{ "k --syscall auto", KEXEC_AUTO },
		{ "-c k", KEXEC_LOAD },
		{ "k -s", KEXEC_FILE },
		{ "-s k -a", KEXEC_AUTO },
		{ "--kexec-syscall k", KEXEC_LOAD },
		{ "--kexec-file-syscall k", KEXEC_FILE },
		{ "k -c --kexec-syscall-auto", KEXEC_AUTO },
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(known); i++) {
		acts(verb_load, known[i].line, EXIT_FAILED);
		assert_string_equal(seen.kernel, "k");
		assert_int_equal(seen.call, known[i].call);
	}
}

static void load_takes_what_is_done_ahead(void **state)
{
	static const struct {
		const char *args;
		enum ahead_mode ahead;
	} known[] = {
		{ "k", AHEAD_AUTO },
		{ "k --ahead", AHEAD_YES },
		{ "k --ahead=yes", AHEAD_YES },
		{ "--ahead=no k", AHEAD_NO },
		{ "--ahead k", AHEAD_YES },
		{ "k --ahead=auto", AHEAD_AUTO },
		{ "--ahead=no k --ahead=auto", AHEAD_AUTO },
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(known); i++) {
		acts(verb_load, known[i].args, EXIT_FAILED);
		assert_int_equal(seen.ahead, known[i].ahead);
	}
}

static void wrong_usage_of_the_others(void **state)
{
	wrong(verb_unload, "x");
	wrong(verb_unload, "--all");
	wrong(verb_exec, "x");
	wrong(verb_exec, "--now");
	wrong(verb_put, "");
	wrong(verb_put, "a b c");
	wrong(verb_put, "a b --file c");
	wrong(verb_put, "a --nonsense");
	wrong(verb_get, "");
	wrong(verb_get, "a b");
	wrong(verb_get, "a --output");
	wrong(verb_drop, "");
	wrong(verb_drop, "a --all");
	wrong(verb_drop, "--incoming a");
	wrong(verb_drop, "--everything");
	wrong(verb_drop, "--all --region");
	wrong(verb_drop, "--parcel");
	wrong(verb_drop, "a --force");
	wrong(verb_drop, "--tree");
	wrong(verb_drop, "--tree --all");
	wrong(verb_drop, "--tree a --parcel");
	wrong(verb_keep, "");
	wrong(verb_keep, "/a /b");
	wrong(verb_keep, "/a --name");
	wrong(verb_keep, "--drop");
	wrong(verb_keep, "--drop /a --name b");
	wrong(verb_restore, "a b");
	wrong(verb_restore, "--to /a");
	wrong(verb_restore, "a --to");
	wrong(verb_restore, "a --drop");
	wrong(verb_save, "");
	wrong(verb_save, "a b c");
	wrong(verb_save, "a --json");
	wrong(verb_reserve, "");
	wrong(verb_reserve, "a");
	wrong(verb_reserve, "a 4K 4K 4K");
	wrong(verb_reserve, "a 0");
	wrong(verb_reserve, "a 4X");
	wrong(verb_reserve, "a 4K 3K");
	wrong(verb_reserve, "a 4K 0");
	wrong(verb_reserve, "a/b 4K");
	wrong(verb_reserve, "sixteen-letters- 4K");
	wrong(verb_reserve, "a 4K --json");
}

static void help_is_never_wrong(void **state)
{
	int (*const verbs[])(int argc, char **argv) = {
		verb_load, verb_unload,	 verb_exec, verb_put,  verb_get,
		verb_drop, verb_reserve, verb_keep, verb_save, verb_restore,
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(verbs); i++) {
		assert_int_equal(run(verbs[i], "--help"), EXIT_OK);
		assert_int_equal(run(verbs[i], "x -h y z"), EXIT_OK);
		assert_int_equal(actions, 0);
	}
}

static void without_a_module_everything_fails_but_unload(void **state)
{
	acts(verb_put, "a /dev/null", EXIT_FAILED);
	acts(verb_get, "a", EXIT_FAILED);
	acts(verb_drop, "a", EXIT_FAILED);
	acts(verb_drop, "--region a", EXIT_FAILED);
	acts(verb_drop, "--all", EXIT_FAILED);
	acts(verb_drop, "--tree a", EXIT_FAILED);
	acts(verb_keep, "--drop a", EXIT_FAILED);
	acts(verb_restore, "a", EXIT_FAILED);
	acts(verb_restore, "", EXIT_FAILED);
	acts(verb_restore, "a --if-any --keep", EXIT_FAILED);
	acts(verb_restore, "a --to /dev/shm --json", EXIT_FAILED);
	acts(verb_save, "a /dev/null", EXIT_FAILED);
	acts(verb_reserve, "a 4K", EXIT_FAILED);
	acts(verb_reserve, "fifteen-letters 4G 2M", EXIT_FAILED);
	acts(verb_exec, "", EXIT_FAILED);
	acts(verb_exec, "--force", EXIT_FAILED);
	acts(verb_unload, "", EXIT_OK);
}

static void who_is_not_permitted_is_told_by_the_status(void **state)
{
	open_error = -EACCES;
	acts(verb_put, "a /dev/null", EXIT_NOT_PERMITTED);
	acts(verb_get, "a", EXIT_NOT_PERMITTED);
	acts(verb_drop, "a", EXIT_NOT_PERMITTED);
	acts(verb_reserve, "a 4K", EXIT_NOT_PERMITTED);
	acts(verb_keep, "--drop a", EXIT_NOT_PERMITTED);
	acts(verb_restore, "a", EXIT_NOT_PERMITTED);
	acts(verb_save, "a /dev/null", EXIT_NOT_PERMITTED);
	acts(verb_drop, "--tree a", EXIT_NOT_PERMITTED);
	open_error = -ENOENT;
}

static void errors_have_their_status(void **state)
{
	assert_int_equal(exit_code_of(0), EXIT_OK);
	assert_int_equal(exit_code_of(-ENOENT), EXIT_ABSENT);
	assert_int_equal(exit_code_of(-EBADMSG), EXIT_DAMAGED);
	assert_int_equal(exit_code_of(-ENOSPC), EXIT_NO_ROOM);
	assert_int_equal(exit_code_of(-ENOMEM), EXIT_NO_ROOM);
	assert_int_equal(exit_code_of(-EPERM), EXIT_NOT_PERMITTED);
	assert_int_equal(exit_code_of(-EBUSY), EXIT_FAILED);
	/* Whether there is one of that name nobody knows then. */
	assert_int_equal(exit_code_of_open(-ENOENT), EXIT_FAILED);
	assert_int_equal(exit_code_of_open(-EACCES), EXIT_NOT_PERMITTED);
}

static void a_missing_file_is_a_failure(void **state)
{
	assert_int_equal(run(verb_put, "a /nonexistent/file"), EXIT_FAILED);
	assert_int_equal(actions, 0);
}

/* Before the device is asked for anything. */
static void what_is_never_kept_is_refused(void **state)
{
	static const char *const never_kept[] = { "/", "/run", "/nonexistent",
						  "/proc/self/exe" };
	size_t i;

	for (i = 0; i < ARRAY_LEN(never_kept); i++) {
		assert_int_equal(run(verb_keep, never_kept[i]), EXIT_FAILED);
		assert_int_equal(actions, 0);
	}
}

static void lengths_as_people_write_them(void **state)
{
	static const struct {
		const char *text;
		u64 bytes;
	} good[] = {
		{ "0", 0 },
		{ "4096", 4096 },
		{ "0x1000", 4096 },
		{ "64K", 65536 },
		{ "64k", 65536 },
		{ "64KiB", 65536 },
		{ "4M", 4 * MIB },
		{ "3g", 3 * GIB },
		{ "1T", 1024 * GIB },
		{ "18446744073709551615", UINT64_MAX },
		{ "0x3fffffM", 0x3fffffULL << 20 },
	};
	static const char *const bad[] = {
		"",    "K",	    "-1",   " 1",  "+1",
		"4KB", "4 K",	    "4X",   "4K4", "4MiBs",
		"1P",  "16777216T", "1.5G", "0x",  "18446744073709551616",
	};
	u64 bytes;
	size_t i;

	for (i = 0; i < ARRAY_LEN(good); i++) {
		assert_true(parse_bytes(good[i].text, &bytes));
		assert_int_equal(bytes, good[i].bytes);
	}
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		if (parse_bytes(bad[i], &bytes))
			fail_msg("'%s' is taken", bad[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lengths_as_people_write_them),
		cmocka_unit_test(wrong_usage_of_load),
		cmocka_unit_test(load_takes_all_options),
		cmocka_unit_test(load_takes_a_system_call),
		cmocka_unit_test(load_takes_what_is_done_ahead),
		cmocka_unit_test(wrong_usage_of_the_others),
		cmocka_unit_test(help_is_never_wrong),
		cmocka_unit_test(without_a_module_everything_fails_but_unload),
		cmocka_unit_test(who_is_not_permitted_is_told_by_the_status),
		cmocka_unit_test(errors_have_their_status),
		cmocka_unit_test(a_missing_file_is_a_failure),
		cmocka_unit_test(what_is_never_kept_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
