// SPDX-License-Identifier: GPL-2.0
/*
 * A file that is looked at first and loaded later: it is the same file, and what was written to
 * it meanwhile is seen.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "cli/image/source.c"
#include "cli/base/util.c"

enum { LIMIT = 4096 };

static char directory[32];
static char path[64], other[64];
static struct source source;

static void put(const char *file, const char *text)
{
	FILE *f = fopen(file, "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

/* Contents and time as they were long before. */
static void put_old(const char *file, const char *text)
{
	const struct timespec old[2] = { { .tv_sec = 1 }, { .tv_sec = 1 } };

	put(file, text);
	assert_int_equal(utimensat(AT_FDCWD, file, old, 0), 0);
}

static int make_directory(void **state)
{
	strcpy(directory, "/tmp/kho-source-XXXXXX");
	if (!mkdtemp(directory))
		return -1;
	snprintf(path, sizeof(path), "%s/a", directory);
	snprintf(other, sizeof(other), "%s/b", directory);
	return 0;
}

static int remove_directory(void **state)
{
	unlink(path);
	unlink(other);
	return rmdir(directory);
}

static int start(void **state)
{
	put_old(path, "what was checked");
	return source_open(&source, path);
}

static int end(void **state)
{
	source_close(&source);
	return 0;
}

static void has(const char *text)
{
	struct blob blob;

	assert_int_equal(source_read(&source, LIMIT, &blob), 0);
	assert_int_equal(blob.bytes, strlen(text));
	assert_memory_equal(blob.data, text, blob.bytes);
	blob_free(&blob);
	assert_int_equal(source_map(&source, LIMIT, &blob), 0);
	assert_int_equal(blob.bytes, strlen(text));
	assert_memory_equal(blob.data, text, blob.bytes);
	blob_free(&blob);
}

static void is_read_as_often_as_one_likes(void **state)
{
	has("what was checked");
	has("what was checked");
	assert_false(source_changed(&source));
}

static void stays_the_file_when_its_name_is_that_of_another(void **state)
{
	has("what was checked");
	put(other, "something else");
	assert_int_equal(rename(other, path), 0);
	has("what was checked");
	assert_false(source_changed(&source));
}

static void stays_the_file_when_it_has_no_name_any_more(void **state)
{
	assert_int_equal(unlink(path), 0);
	has("what was checked");
	assert_false(source_changed(&source));
}

/* As long as the old one, too. */
static void sees_what_is_written(void **state)
{
	put(path, "what was written");
	assert_true(source_changed(&source));
}

static void sees_another_length(void **state)
{
	put_old(path, "more than what was checked");
	assert_true(source_changed(&source));
}

static void bounds_what_is_read(void **state)
{
	struct blob blob;

	assert_int_equal(source_read(&source, 15, &blob), -EFBIG);
	assert_null(blob.data);
	assert_int_equal(source_map(&source, 15, &blob), -EFBIG);
	assert_null(blob.data);
}

static void reads_a_pipe_once(void **state)
{
	struct source from_pipe;
	struct blob blob;
	int end_of[2];
	char name[32];

	assert_int_equal(pipe(end_of), 0);
	assert_int_equal(write_all(end_of[1], "piped", 5), 0);
	close(end_of[1]);
	snprintf(name, sizeof(name), "/dev/fd/%d", end_of[0]);
	assert_int_equal(source_open(&from_pipe, name), 0);
	close(end_of[0]);
	assert_false(from_pipe.again);
	assert_int_equal(source_map(&from_pipe, LIMIT, &blob), 0);
	assert_int_equal(blob.bytes, 5);
	assert_memory_equal(blob.data, "piped", 5);
	assert_false(source_changed(&from_pipe));
	blob_free(&blob);
	source_close(&from_pipe);
}

static void refuses_what_is_no_file(void **state)
{
	struct source none = { 0 };

	assert_int_equal(source_open(&none, directory), -EISDIR);
	assert_int_equal(source_open(&none, "/nonexistent"), -ENOENT);
	assert_false(none.open);
	assert_false(source_changed(&none));
	source_close(&none);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(is_read_as_often_as_one_likes,
						start, end),
		cmocka_unit_test_setup_teardown(
			stays_the_file_when_its_name_is_that_of_another, start,
			end),
		cmocka_unit_test_setup_teardown(
			stays_the_file_when_it_has_no_name_any_more, start,
			end),
		cmocka_unit_test_setup_teardown(sees_what_is_written, start,
						end),
		cmocka_unit_test_setup_teardown(sees_another_length, start,
						end),
		cmocka_unit_test_setup_teardown(bounds_what_is_read, start,
						end),
		cmocka_unit_test(reads_a_pipe_once),
		cmocka_unit_test(refuses_what_is_no_file),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
