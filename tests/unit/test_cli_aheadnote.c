// SPDX-License-Identifier: GPL-2.0
/*
 * What is noted of a load is what is read, and of no other process.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "cli/base/savefile.c"
#include "cli/base/util.c"
#include "cli/image/aheadnote.c"
#include "cli/image/memmap.c"
#include "cli/image/sysinfo.c"

static char root[32];

static int make_root(void **state)
{
	autofree char *run = NULL;

	strcpy(root, "/tmp/kho-ahead-XXXXXX");
	if (!mkdtemp(root))
		return -1;
	run = format("%s/run", root);
	sysinfo_set_root(root);
	return mkdir(run, 0700);
}

static int remove_root(void **state)
{
	autofree char *run = format("%s/run", root);
	autofree char *kho = format("%s/run/kho", root);

	rmdir(kho);
	rmdir(run);
	return rmdir(root);
}

static void same(const char *read, const char *noted)
{
	if (noted)
		assert_string_equal(read, noted);
	else
		assert_null(read);
}

static void reads_what_is_noted(void **state)
{
	static const char *const why[] = { NULL, "it is so", "a, b; c (d)" };
	struct ahead_note note;
	size_t i, j;

	for (i = 0; i < ARRAY_LEN(why); i++) {
		for (j = 0; j < ARRAY_LEN(why); j++) {
			ahead_note_save(why[i], why[j]);
			assert_true(ahead_note_read((u32)getpid(), &note));
			same(note.kernel, why[i]);
			same(note.initrd, why[j]);
			ahead_note_free(&note);
			assert_false(ahead_note_read((u32)getpid() + 1, &note));
			assert_false(ahead_note_read(0, &note));
			assert_null(note.kernel);
		}
	}
	ahead_note_forget();
	assert_false(ahead_note_read((u32)getpid(), &note));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_is_noted),
	};

	return cmocka_run_group_tests(tests, make_root, remove_root);
}
