// SPDX-License-Identifier: GPL-2.0
/*
 * Verbs for trees: what they end with means what kho(8) says of it, whatever fails, and only what
 * has a '/' is a path. What /dev/kho-kept does is replaced, and who makes files and archives.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <cmocka.h>

#include "cli/base/dev.h"
#include "cli/base/keptdev.h"
#undef KEPTDEV_PATH
#define KEPTDEV_PATH "/dev/null"
static int ask(unsigned long request, void *arg);
#define ioctl(fd, request, arg) ask(request, arg)
#include "cli/base/capability.c"
#include "cli/base/device.c"
#include "cli/base/keptdev.c"
#include "cli/base/exitcode.c"
#include "cli/base/printable.c"
#include "cli/base/savefile.c"
#include "cli/base/util.c"
#include "cli/kept/keepable.c"
#include "cli/verbs/verbs.c"

#define absent drop_absent
#define report drop_report
#define drop drop_any
#define help_text drop_help_text
#define take_option drop_take_option
#include "cli/verbs/drop.c"
#undef drop
#undef report
#undef absent
#undef help_text
#define ask keep_ask
#define keep keep_path
#define help_text keep_help_text
#include "cli/verbs/keep.c"
#undef keep
#undef ask
#undef help_text
#define help_text restore_help_text
#include "cli/verbs/restore.c"
#undef help_text
#define help_text save_help_text
#include "cli/verbs/save.c"

/* ------------------------------------------------------------------------ what is replaced */

#define PLACE "/dev/shm/kho-verbs"

/* Errors of what is asked for, and what was asked for. */
static struct {
	int keep, forget, drop, open, restore, archive, hold;
	int loaded, held;
	u64 nr_bad, nr_missing;
	bool keeps;
	u32 state;
	const char *tree; /* the one that there is */
	char forgot[64];
} kept;

static int ask(unsigned long request, void *arg)
{
	struct kho_kept_ioctl_forget *forget = arg;
	struct kho_kept_ioctl_list *list = arg;
	struct kho_kept_ioctl_hold *hold = arg;

	errno = 0;
	switch (request) {
	case KHO_KEPT_IOCTL_KEEP:
		errno = kept.keep;
		break;
	case KHO_KEPT_IOCTL_FORGET:
		strcpy(kept.forgot, forget->name);
		errno = strcmp(forget->name, kept.tree) ? ENOENT : kept.forget;
		break;
	case KHO_KEPT_IOCTL_DROP:
		errno = kept.drop;
		break;
	case KHO_KEPT_IOCTL_LIST:
		if (list->index || !list->flags)
			errno = ENOENT;
		list->state = kept.state;
		strcpy(list->name, kept.tree);
		break;
	case KHO_KEPT_IOCTL_HOLD:
		kept.held = hold->flags ? -1 : 1;
		errno = kept.hold;
		hold->nr_files = 2;
		hold->nr_pages = 512;
		break;
	default:
		fail_msg("ioctl %lx", request);
	}
	return errno ? -1 : 0;
}

int sysinfo_kexec_loaded(void)
{
	return kept.loaded;
}

int kept_tree_open(struct kept_tree *tree, int dev, const char *name)
{
	*tree = (struct kept_tree){ .name = name,
				    .shown = format("%s", name),
				    .fd = -1 };
	return strcmp(name, kept.tree) ? -ENOENT : -kept.open;
}

void kept_tree_free(struct kept_tree *tree)
{
	free(tree->shown);
}

int kept_restore(const struct kept_tree *tree, int dir, const char *shown,
		 int keeper, struct kept_result *result)
{
	kept.keeps = keeper >= 0;
	return -kept.restore;
}

int kept_archive(const struct kept_tree *tree, int fd,
		 struct kept_archived *out)
{
	out->nr_bad = kept.nr_bad;
	out->nr_missing = kept.nr_missing;
	return -kept.archive;
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

static int never(void)
{
	fail_msg("that is no verb for trees");
	return -1;
}

int dev_open_or_say(void)
{
	return never();
}

int dev_status(int fd, struct kho_ioctl_status *st)
{
	return never();
}

int dev_in_drop(int fd, bool force)
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

int dev_region_drop(int fd, const char *name, u64 *bytes)
{
	return never();
}

int dev_region_list(int fd, struct kho_region_info **out, u32 *nr)
{
	return never();
}

/* ------------------------------------------------------------------------------- running */

static char said[4096];

/* Runs a verb with the words of a line; what it prints and says is in said. */
static int run(int (*verb)(int argc, char **argv), const char *line)
{
	autofree char *copy = format("%s", line);
	char *argv[16] = { "kho" }, *save = NULL, *word;
	FILE *out = tmpfile();
	int argc = 1, err = dup(STDERR_FILENO), out_too = dup(STDOUT_FILENO),
	    code;
	ssize_t n;

	for (word = strtok_r(copy, " ", &save); word;
	     word = strtok_r(NULL, " ", &save))
		argv[argc++] = word;
	optind = 0;
	fflush(stdout);
	dup2(fileno(out), STDERR_FILENO);
	dup2(fileno(out), STDOUT_FILENO);
	code = verb(argc, argv);
	fflush(stdout);
	dup2(err, STDERR_FILENO);
	dup2(out_too, STDOUT_FILENO);
	close(err);
	close(out_too);
	n = pread(fileno(out), said, sizeof(said) - 1, 0);
	said[n > 0 ? n : 0] = '\0';
	fclose(out);
	return code;
}

static int one_tree(void **state)
{
	memset(&kept, 0, sizeof(kept));
	kept.tree = PLACE;
	kept.state = KHO_KEPT_STATE_WAITING;
	mkdir(PLACE, 0700);
	return 0;
}

static int no_place(void **state)
{
	return system("rm -rf " PLACE);
}

static void ends_with(int code, int (*verb)(int argc, char **argv),
		      const char *line, const char *says)
{
	int was = run(verb, line);

	if (was != code)
		fail_msg("'%s' ends with %d, not %d: %s", line, was, code,
			 said);
	if (says && !strstr(said, says))
		fail_msg("'%s' says: %s", line, said);
}

/* --------------------------------------------------------------------------------- tests */

static void pages_are_held_once_an_image_is_loaded(void **state)
{
	ends_with(EXIT_FAILED, verb_keep, "--ahead", "no image is loaded");
	assert_int_equal(kept.held, 0);
	kept.loaded = 1;
	ends_with(EXIT_OK, verb_keep, "--ahead",
		  "held ahead: 2.0 MiB of 2 files\n");
	assert_int_equal(kept.held, 1);
	kept.hold = ENOMEM;
	ends_with(EXIT_NO_ROOM, verb_keep, "--ahead", "not all pages");
	kept.hold = ENOTTY;
	ends_with(EXIT_FAILED, verb_keep, "--ahead", "is older than");
	kept.hold = 0;
	ends_with(EXIT_OK, verb_keep, "--not-ahead", NULL);
	assert_int_equal(kept.held, -1);
	ends_with(EXIT_USAGE, verb_keep, "--ahead --not-ahead", "exclude");
	ends_with(EXIT_USAGE, verb_keep, "--ahead " PLACE, "take nothing");
	ends_with(EXIT_USAGE, verb_keep, "--not-ahead --name x",
		  "take nothing");
}

static void what_is_not_here_is_absent(void **state)
{
	ends_with(EXIT_ABSENT, verb_restore, "other", "no tree 'other'");
	ends_with(EXIT_ABSENT, verb_save, "other /dev/null", "no tree 'other'");
	ends_with(EXIT_ABSENT, verb_keep, "--drop other", "nothing is kept");
	kept.drop = ENOENT;
	ends_with(EXIT_ABSENT, verb_drop, "--tree other", "no tree 'other'");
	ends_with(EXIT_OK, verb_restore, "other --if-any", "");
	/* The kernel before did not hand it over. */
	kept.open = ENODATA;
	ends_with(EXIT_ABSENT, verb_restore, PLACE, NULL);
	ends_with(EXIT_ABSENT, verb_save, PLACE " /dev/null", NULL);
	kept.open = EBADMSG;
	ends_with(EXIT_DAMAGED, verb_restore, PLACE, NULL);
	ends_with(EXIT_DAMAGED, verb_restore, PLACE " --if-any", NULL);
	ends_with(EXIT_DAMAGED, verb_save, PLACE " /dev/null", NULL);
}

/* A file that is missing, or no library, is not a tree that is missing. */
static void what_fails_later_is_a_failure(void **state)
{
	static const struct {
		int err, restore;
	} known[] = {
		{ ENOENT, EXIT_FAILED },       { EEXIST, EXIT_FAILED },
		{ ESTALE, EXIT_FAILED },       { ENOSPC, EXIT_NO_ROOM },
		{ EDQUOT, EXIT_NO_ROOM },      { ENOMEM, EXIT_NO_ROOM },
		{ EPERM, EXIT_NOT_PERMITTED }, { EIO, EXIT_DAMAGED },
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(known); i++) {
		kept.restore = known[i].err;
		ends_with(known[i].restore, verb_restore, PLACE, NULL);
		kept.archive = known[i].err;
		ends_with(EXIT_FAILED, verb_save, PLACE " /dev/null", NULL);
		ends_with(EXIT_FAILED, verb_save, PLACE " " PLACE "/tar", NULL);
		assert_int_equal(access(PLACE "/tar", F_OK), -1);
	}
}

static void directories_that_are_not_there(void **state)
{
	kept.tree = "/nonexistent/tree";
	ends_with(EXIT_FAILED, verb_restore, "/nonexistent/tree",
		  "cannot be opened (No such file");
	ends_with(EXIT_FAILED, verb_keep, "/nonexistent/tree",
		  "there is no such directory");
	ends_with(EXIT_FAILED, verb_keep, "/dev/null", "it is not a directory");
	ends_with(EXIT_FAILED, verb_save, "/nonexistent/tree /nonexistent/tar",
		  "cannot be written (No such file");
}

static void what_is_missing_of_an_archive_is_told(void **state)
{
	ends_with(EXIT_OK, verb_save, PLACE " " PLACE "/tar", NULL);
	assert_int_equal(access(PLACE "/tar", F_OK), 0);
	kept.nr_missing = 1;
	ends_with(EXIT_FAILED, verb_save, PLACE " /dev/null", NULL);
	kept.nr_bad = 1;
	ends_with(EXIT_DAMAGED, verb_save, PLACE " /dev/null", NULL);
	/* All of it was written, and does not get its name. */
	assert_int_equal(unlink(PLACE "/tar"), 0);
	assert_int_equal(mkdir(PLACE "/tar", 0700), 0);
	ends_with(EXIT_FAILED, verb_save, PLACE " " PLACE "/tar/",
		  "cannot be written");
}

/* What may never be kept is not restored to be kept. */
static void what_is_restored_can_be_kept(void **state)
{
	ends_with(EXIT_OK, verb_restore, PLACE, NULL);
	assert_false(kept.keeps);
	ends_with(EXIT_OK, verb_restore, PLACE " --keep", NULL);
	assert_true(kept.keeps);
	kept.keeps = false;
	ends_with(EXIT_FAILED, verb_restore, PLACE " --keep --to /",
		  "so nothing was restored: it is in the root file system");
	assert_false(kept.keeps);
}

static void a_tmpfs_of_others_is_no_matter_of_permission(void **state)
{
	if (geteuid())
		skip();
	kept.keep = EPERM;
	ends_with(EXIT_FAILED, verb_keep, PLACE, "a container's");
	kept.keep = ENOMEM;
	ends_with(EXIT_NO_ROOM, verb_keep, PLACE, NULL);
	kept.keep = EALREADY;
	ends_with(EXIT_OK, verb_keep, PLACE, NULL);
}

/* A file of that name in the working directory changes nothing. */
static void a_name_is_no_path(void **state)
{
	autofree char *before = getcwd(NULL, 0);

	assert_int_equal(chdir("/dev/shm"), 0);
	ends_with(EXIT_ABSENT, verb_restore, "kho-verbs",
		  "no tree 'kho-verbs'");
	ends_with(EXIT_ABSENT, verb_keep, "--drop kho-verbs",
		  "by the name 'kho-verbs'");
	assert_string_equal(kept.forgot, "kho-verbs");
	ends_with(EXIT_OK, verb_restore, "./kho-verbs/.", "");
	ends_with(EXIT_OK, verb_keep, "--drop ../shm/kho-verbs/", "");
	assert_string_equal(kept.forgot, PLACE);
	assert_int_equal(chdir(before), 0);
}

static void what_is_refused_stays_reserved(void **state)
{
	ends_with(EXIT_OK, verb_drop, "--tree " PLACE, "");
	assert_string_equal(said, "");
	kept.state = KHO_KEPT_STATE_REFUSED;
	ends_with(EXIT_OK, verb_drop, "--tree " PLACE,
		  "stays reserved; `kho drop --incoming` gives it back");
	kept.drop = EBUSY;
	ends_with(EXIT_FAILED, verb_drop, "--tree " PLACE, "has tree");
	assert_null(strstr(said, "stays reserved"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			pages_are_held_once_an_image_is_loaded, one_tree,
			no_place),
		cmocka_unit_test_setup_teardown(what_is_not_here_is_absent,
						one_tree, no_place),
		cmocka_unit_test_setup_teardown(what_fails_later_is_a_failure,
						one_tree, no_place),
		cmocka_unit_test_setup_teardown(directories_that_are_not_there,
						one_tree, no_place),
		cmocka_unit_test_setup_teardown(
			what_is_missing_of_an_archive_is_told, one_tree,
			no_place),
		cmocka_unit_test_setup_teardown(what_is_restored_can_be_kept,
						one_tree, no_place),
		cmocka_unit_test_setup_teardown(
			a_tmpfs_of_others_is_no_matter_of_permission, one_tree,
			no_place),
		cmocka_unit_test_setup_teardown(a_name_is_no_path, one_tree,
						no_place),
		cmocka_unit_test_setup_teardown(what_is_refused_stays_reserved,
						one_tree, no_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
