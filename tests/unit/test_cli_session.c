// SPDX-License-Identifier: GPL-2.0
/* What `kho session` takes for names, tokens, sizes and configurations, and a record for good. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "cli/base/savefile.c"
#include "cli/base/util.c"
#include "cli/session/config.c"
#include "cli/session/record.c"

static void names(void **state)
{
	static const char *const good[] = { "a", "web-1", "0.a:b_c",
					    "x.aside.2" };
	static const char *const bad[] = { "",	  ".a", "-a",  "a/b", "a b",
					   "a\n", "..", "a@b", "\344" };
	char longest[SESSION_NAME_MAX + 2];
	size_t i;

	for (i = 0; i < ARRAY_LEN(good); i++)
		assert_true(session_name_ok(good[i]));
	for (i = 0; i < ARRAY_LEN(bad); i++)
		assert_false(session_name_ok(bad[i]));
	memset(longest, 'a', sizeof(longest));
	longest[SESSION_NAME_MAX + 1] = '\0';
	assert_false(session_name_ok(longest));
	longest[SESSION_NAME_MAX] = '\0';
	assert_true(session_name_ok(longest));
}

static void names_kept_aside(void **state)
{
	autofree char *last = NULL;
	char longest[SESSION_NAME_MAX + 1];
	unsigned int i;

	memset(longest, 'a', SESSION_NAME_MAX);
	longest[SESSION_NAME_MAX] = '\0';
	last = session_aside_name(longest, SESSION_MAX_ASIDE);
	/* With its NUL it has room in the kernel. */
	assert_in_range(strlen(last), 1, 63);
	for (i = 1; i <= SESSION_MAX_ASIDE; i++) {
		autofree char *name = session_aside_name("web", i);

		assert_true(session_is_aside(name));
	}
	assert_false(session_is_aside("web"));
	assert_false(session_is_aside(".aside"));
	assert_false(session_is_aside("web.aside.10"));
	assert_false(session_is_aside("web.asides"));
}

static void tokens(void **state)
{
	static const char *const bad[] = { "",
					   "x",
					   "-1",
					   "+1",
					   " 1",
					   "0x",
					   "1 ",
					   "1a",
					   "18446744073709551616",
					   "0x6b686f2d72656331",
					   "0x-1" };
	size_t i;
	u64 token;

	assert_true(session_token("0", &token) && !token);
	assert_true(session_token("0x1A", &token) && token == 26);
	assert_true(session_token("18446744073709551615", &token));
	assert_true(token == UINT64_MAX);
	/* Not octal. */
	assert_true(session_token("010", &token) && token == 10);
	for (i = 0; i < ARRAY_LEN(bad); i++)
		assert_false(session_token(bad[i], &token));
}

static void sizes(void **state)
{
	static const char *const bad[] = { "1",	   "=1",  "1=",
					   "1=0",  "1=x", "1=-1",
					   "1=8E", "a=1", "1=8388608T" };
	struct session_config c = { 0 };
	char text[64];
	size_t i;

	for (i = 0; i < ARRAY_LEN(bad); i++)
		assert_non_null(session_config_add(&c, bad[i]));
	assert_int_equal(c.nr, 0);
	assert_null(session_config_add(&c, "0x1=64K"));
	assert_non_null(session_config_add(&c, "1=4K"));
	assert_true(c.file[0].token == 1 && c.file[0].bytes == 65536);
	for (i = 2; i <= SESSION_MAX_FILES; i++) {
		snprintf(text, sizeof(text), "%zu=1", i);
		assert_null(session_config_add(&c, text));
	}
	assert_non_null(session_config_add(&c, "100=1"));
	assert_int_equal(c.nr, SESSION_MAX_FILES);
}

static void a_file(void **state)
{
	char good[] = "# comment\n\n\tfd 1=4K\t\nuser #7\nlabel version 1.0\n"
		      "fd 2=1M";
	char *const bad[] = {
		strdup("fd"),
		strdup("\nfd 1"),
		strdup("size 1=2"),
		strdup("fd 1=4K\nfd 1=4K"),
		strdup("user no-such-user"),
		strdup("user #"),
		strdup("label \001"),
		strdup("user #1x"),
		strdup("label 0123456789012345678901234567890123456789012345678901234567890123")
	};
	struct session_config c = { 0 };
	unsigned int line;
	size_t i;

	assert_null(session_config_parse(&c, good, &line));
	assert_int_equal(c.nr, 2);
	assert_true(c.file[1].token == 2 && c.file[1].bytes == MIB);
	assert_int_equal(c.uid, 7);
	assert_string_equal(c.label, "version 1.0");
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		c = (struct session_config){ 0 };
		assert_non_null(session_config_parse(&c, bad[i], &line));
		assert_int_equal(line, 1 + (i == 1 || i == 3));
		free(bad[i]);
	}
}

/* What is written for systemd is read again as it was. */
static void written_and_read(void **state)
{
	struct session_config c = { .uid = 33, .label = "a b" }, again = { 0 };
	autofree char *text = NULL;
	unsigned int line;

	assert_null(session_config_add(&c, "0xffffffffffffffff=3T"));
	assert_null(session_config_add(&c, "1=1"));
	text = config_text(&c);
	assert_null(session_config_parse(&again, text, &line));
	assert_memory_equal(&c, &again, sizeof(c));
}

static void places(void **state)
{
	static const struct session_file file[] = { { 1, 1 }, { 16, 1 } };
	static const int fd[] = { 5, 17 };
	static const struct {
		const char *arg, *is;
	} is[] = {
		{ "", "" },
		{ "{fd:1}", "5" },
		{ "{path:0x10}", "/proc/self/fd/17" },
		{ "-e{path:1},{fd:16}", "-e/proc/self/fd/5,17" },
		{ "{fd:}", "{fd:}" },
		{ "{fd:x}{fd:1", "{fd:x}{fd:1" },
		{ "{{fd:1}}", "{5}" },
		{ "{fd:2}", NULL },
		{ "{path:3}", NULL },
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(is); i++) {
		autofree char *got = session_expand(is[i].arg, file, fd, 2);

		if (is[i].is)
			assert_string_equal(got, is[i].is);
		else
			assert_null(got);
	}
}

static void differences(void **state)
{
	static const struct session_file a[] = { { 1, 1 }, { 2, 4096 } },
					 b[] = { { 2, 4096 }, { 1, 1 } },
					 c[] = { { 1, 1 }, { 2, 8192 } };
	autofree char *size = session_config_differs(a, 2, c, 2);
	autofree char *less = session_config_differs(a, 2, a, 1);
	autofree char *more = session_config_differs(a, 1, a, 2);

	assert_null(session_config_differs(a, 2, b, 2));
	assert_string_equal(size, "token 2 has 8.0 KiB in it, and not 4.0 KiB");
	assert_string_equal(less, "token 2 is missing in it");
	assert_string_equal(more, "token 2 is in it, and not wanted");
}

static struct session_config an_app(void)
{
	struct session_config c = { .uid = 5, .label = "1.0" };

	assert_null(session_config_add(&c, "1=4K"));
	assert_null(session_config_add(&c, "2=8K"));
	return c;
}

static void records(void **state)
{
	struct session_config c = an_app(), other;
	struct session_record r;
	char *why;

	session_record_init(&r, &c, 0);
	assert_null(session_record_check(&r, sizeof(r)));
	why = session_record_judge(&r, &c);
	assert_string_equal(why, "no program was ever given its files");
	free(why);
	session_record_init(&r, &c, SESSION_USED);
	assert_null(session_record_check(&r, sizeof(r)));
	assert_null(session_record_judge(&r, &c));
	other = c;
	other.uid = 6;
	why = session_record_judge(&r, &other);
	assert_non_null(why);
	free(why);
	other = c;
	strcpy(other.label, "1.1");
	why = session_record_judge(&r, &other);
	assert_non_null(why);
	free(why);
	other = c;
	other.file[1].bytes++;
	why = session_record_judge(&r, &other);
	assert_non_null(why);
	free(why);
}

/* No byte of it may be another one, and it may not be cut. */
static void damaged_records(void **state)
{
	struct session_config c = an_app();
	struct session_record good, r;
	size_t i;

	session_record_init(&good, &c, SESSION_USED);
	for (i = 0; i < sizeof(r); i++) {
		r = good;
		((u8 *)&r)[i] ^= 0x40;
		assert_non_null(session_record_check(&r, sizeof(r)));
		assert_non_null(session_record_check(&good, i));
	}
}

/* With a checksum that is right. */
static void forged_records(void **state)
{
	struct session_config c = an_app();
	struct session_record r;

	session_record_init(&r, &c, SESSION_USED);
	r.nr = SESSION_MAX_FILES + 1;
	r.crc = crc_of(&r);
	assert_non_null(session_record_check(&r, sizeof(r)));
	session_record_init(&r, &c, SESSION_USED);
	r.file[1].token = 1;
	r.crc = crc_of(&r);
	assert_non_null(session_record_check(&r, sizeof(r)));
	session_record_init(&r, &c, SESSION_USED);
	r.file[0].token = SESSION_RECORD_TOKEN;
	r.crc = crc_of(&r);
	assert_non_null(session_record_check(&r, sizeof(r)));
	session_record_init(&r, &c, SESSION_USED);
	memset(r.label, 'a', sizeof(r.label));
	r.crc = crc_of(&r);
	assert_non_null(session_record_check(&r, sizeof(r)));
	session_record_init(&r, &c, SESSION_USED);
	r.version++;
	r.crc = crc_of(&r);
	assert_non_null(session_record_check(&r, sizeof(r)));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(names_kept_aside),
		cmocka_unit_test(tokens),
		cmocka_unit_test(sizes),
		cmocka_unit_test(a_file),
		cmocka_unit_test(written_and_read),
		cmocka_unit_test(places),
		cmocka_unit_test(differences),
		cmocka_unit_test(records),
		cmocka_unit_test(damaged_records),
		cmocka_unit_test(forged_records),
	};

	return cmocka_run_group_tests_name("cli_session", tests, NULL, NULL);
}
