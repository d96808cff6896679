// SPDX-License-Identifier: GPL-2.0
/*
 * Words of the next kernel's command line.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "cli/base/util.c"
#include "cli/image/cmdline.c"

static void objects(const char *line, const char *to)
{
	struct kho_word word;

	if (!cmdline_objection(line, &word))
		fail_msg("'%s' was taken", line);
	assert_int_equal(word.len, strlen(to));
	assert_memory_equal(word.name, to, word.len);
}

static void accepts(const char *line)
{
	struct kho_word word;

	if (cmdline_objection(line, &word))
		fail_msg("'%s': objected to '%.*s'", line, (int)word.len,
			 word.name);
}

static void objects_to_words_that_hide_memory(void **state)
{
	objects("mem=1G", "mem=1G");
	objects("quiet mem=1G ro", "mem=1G");
	objects("memmap=exactmap", "memmap=exactmap");
	objects("ro memmap=64M$1G", "memmap=64M$1G");
	objects("\"mem=1G\"", "mem=1G\"");
	objects("root=\"LABEL=a b\" mem=1G", "mem=1G");
	objects("efi-fake-mem=1G@2G:0x10000", "efi-fake-mem=1G@2G:0x10000");
	objects("mem_encrypt=on", "mem_encrypt=on");
	objects("\tmem=1G\n", "mem=1G");
}

static void takes_everything_else(void **state)
{
	accepts("");
	accepts("   ");
	accepts("nokaslr");
	accepts("root=/dev/vda1 ro quiet console=ttyS0,115200");
	accepts("mem");
	accepts("memmap");
	accepts("mem_encrypt=off");
	accepts("movablecore=1G kernelcore=mirror memtest=1 mem_sleep_default=deep");
	accepts("dyndbg=\"file x.c mem=1G\"");
	accepts("quiet -- mem=1G");
}

static void splits_like_the_kernel(void **state)
{
	const char *line = "  a=1 b \"c d=e f\" g=\"h i\" -- j";
	static const char *const names[] = { "a", "b", "c d", "g" };
	struct kho_word word;
	size_t i;

	for (i = 0; i < 4; i++) {
		assert_true(cmdline_next(&line, &word));
		assert_int_equal(word.name_len, strlen(names[i]));
		assert_memory_equal(word.name, names[i], word.name_len);
	}
	assert_false(cmdline_next(&line, &word));
}

static void finds_elements_of_lists(void **state)
{
	assert_true(cmdline_has("efi=debug,noruntime", "efi", "noruntime"));
	assert_true(cmdline_has("x efi=old_map", "efi", "old_map"));
	assert_false(cmdline_has("efi=noruntimes", "efi", "noruntime"));
	assert_false(cmdline_has("efi", "efi", "noruntime"));
	assert_false(cmdline_has("noefi=1x", "efi", NULL));
	assert_true(cmdline_has("noefi", "noefi", NULL));
}

static void reuses(const char *running, const char *expected)
{
	autofree char *left_out = NULL;
	autofree char *line = cmdline_reusable(running, &left_out);

	assert_string_equal(line, expected);
}

static void reuse_leaves_out_the_boot_loaders_words(void **state)
{
	reuses("", "");
	reuses("BOOT_IMAGE=/vmlinuz", "");
	reuses("BOOT_IMAGE=/vmlinuz-6.1 root=/dev/sda1 ro",
	       "root=/dev/sda1 ro");
	reuses("ro initrd=\\initrd.img  quiet\n", "ro quiet");
	reuses("a=\"b c\" BOOT_IMAGE=x \"d e\"", "a=\"b c\" \"d e\"");
	reuses("ro -- BOOT_IMAGE=x 3", "ro -- BOOT_IMAGE=x 3");
}

static void leaves_out(const char *running, const char *kept,
		       const char *expected)
{
	autofree char *left_out = NULL;
	autofree char *line = cmdline_reusable(running, &left_out);

	assert_string_equal(line, kept);
	assert_string_equal(left_out, expected);
}

static void reuse_leaves_out_what_was_for_one_boot(void **state)
{
	leaves_out("root=x single quiet", "root=x quiet", "single");
	leaves_out("S 1 emergency ro rescue -b", "ro",
		   "S 1 emergency rescue -b");
	leaves_out("ro systemd.unit=rescue.target", "ro",
		   "systemd.unit=rescue.target");
	leaves_out("ro systemd.unit=system-update.target fsck.mode=force "
		   "rd.break=pre-mount break",
		   "ro",
		   "systemd.unit=system-update.target fsck.mode=force "
		   "rd.break=pre-mount break");
	leaves_out("init=/bin/bash ro rdinit=/bin/sh", "ro",
		   "init=/bin/bash rdinit=/bin/sh");
	leaves_out("systemd.debug-shell=1 autorelabel=1", "",
		   "systemd.debug-shell=1 autorelabel=1");
	leaves_out("ro systemd.run=\"/bin/true a\" forcefsck fsck.repair=yes",
		   "ro",
		   "systemd.run=\"/bin/true a\" forcefsck fsck.repair=yes");
}

static void reuse_keeps_what_is_for_every_boot(void **state)
{
	leaves_out("3 ro", "3 ro", "");
	leaves_out("systemd.unit=multi-user.target",
		   "systemd.unit=multi-user.target", "");
	leaves_out("init=/sbin/init rdinit=/init",
		   "init=/sbin/init rdinit=/init", "");
	leaves_out("init=/nix/store/x-nixos/init",
		   "init=/nix/store/x-nixos/init", "");
	leaves_out("init=/lib/systemd/systemd", "init=/lib/systemd/systemd",
		   "");
	leaves_out("systemd.mask=a.service singles=1 hugepages=1",
		   "systemd.mask=a.service singles=1 hugepages=1", "");
	leaves_out("ro -- single", "ro -- single", "");
}

/* The manual lists, in this order, what is left out. */
static void the_manual_lists_what_is_for_one_boot(void **state)
{
	struct blob manual;
	const char *at;
	size_t i;

	assert_int_equal(read_file("docs/kho.8", MIB, &manual), 0);
	manual.data = need(realloc(manual.data, manual.bytes + 1));
	manual.data[manual.bytes] = '\0';
	at = strstr((char *)manual.data, "without what is meant for one boot");
	assert_non_null(at);
	at = strchr(at, '\n');
	for (i = 0; i < ARRAY_LEN(for_one_boot); i++) {
		const char *name = for_one_boot[i];

		assert_memory_equal(at, "\n.BR ", 5);
		at += 5;
		for (; *name; name++, at++) {
			if (*at == '\\')
				at++;
			assert_int_equal(*at, *name);
		}
		assert_memory_equal(
			at, i + 1 < ARRAY_LEN(for_one_boot) ? " ,\n" : " ;\n",
			3);
		at += 2;
	}
	blob_free(&manual);
}

static void removes(const char *from, const char *words, const char *expected)
{
	autofree char *line = need(strdup(from));

	cmdline_remove(line, words);
	assert_string_equal(line, expected);
}

static void what_is_appended_is_removed_where_it_is(void **state)
{
	removes("a b c", "c", "a b ");
	removes("a b c\n", " b  ", "a  c\n");
	removes("a b  c\t\n", " b c ", "a \t\n");
	removes("a b c d", "b c", "a  d");
	removes("b c a b c", "b c", " a ");
	removes("b b c", "b c", "b ");
	removes("a c c", "c", "a  ");
	removes("c", "c", "");
}

static void only_whole_words_in_their_order_are_removed(void **state)
{
	removes("a bc", "c", "a bc");
	removes("a bc", "b", "a bc");
	removes("c", "a c", "c");
	removes("c b a", "b c", "c b a");
	removes("a b", "b c", "a b");
	removes("a=1 a=10", "a=1", " a=10");
	removes("a=\"b c\" c", "c", "a=\"b c\" ");
	removes("a=\"b  c\" d", "a=\"b  c\"", " d");
	removes("a=\"b  c\" d", "a=\"b c\"", "a=\"b  c\" d");
	removes("a", "", "a");
	removes("a", " ", "a");
	removes("", "a", "");
}

/* "b" behind the dashes is for init, the other one for the kernel. */
static void what_is_removed_is_where_it_would_be_appended(void **state)
{
	removes("b -- a", "b", "b -- a");
	removes("b -- a b", "b", "b -- a ");
	removes("b -- a -- b", "b", "b -- a -- ");
	removes("b -- c", "b --", "b -- c");
	removes("a b --", "b --", "a ");
	removes("a b -- c -- d", "b -- c", "a b -- c -- d");
	removes("a --b b", "b", "a --b ");
}

static void reads_switches_as_the_kernel_does(void **state)
{
	assert_int_equal(cmdline_switch("kho=on", "kho"), CMDLINE_ON);
	assert_int_equal(cmdline_switch("a kho=1 b", "kho"), CMDLINE_ON);
	assert_int_equal(cmdline_switch("kho=Yes", "kho"), CMDLINE_ON);
	assert_int_equal(cmdline_switch("kho=off", "kho"), CMDLINE_OFF);
	assert_int_equal(cmdline_switch("kho=on kho=0", "kho"), CMDLINE_OFF);
	assert_int_equal(cmdline_switch("kho=on kho=x", "kho"), CMDLINE_ON);
	assert_int_equal(cmdline_switch("kho", "kho"), CMDLINE_UNSET);
	assert_int_equal(cmdline_switch("khoo=on", "kho"), CMDLINE_UNSET);
	assert_int_equal(cmdline_switch("-- kho=on", "kho"), CMDLINE_UNSET);
}

static void joins(const char *a, const char *b, const char *expected)
{
	autofree char *line = cmdline_join(a, b);

	assert_string_equal(line, expected);
}

static void join_puts_one_blank_between(void **state)
{
	joins(NULL, NULL, "");
	joins("a", NULL, "a");
	joins(NULL, "b", "b");
	joins("", "b", "b");
	joins("a", "b", "a b");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(objects_to_words_that_hide_memory),
		cmocka_unit_test(takes_everything_else),
		cmocka_unit_test(splits_like_the_kernel),
		cmocka_unit_test(finds_elements_of_lists),
		cmocka_unit_test(reuse_leaves_out_the_boot_loaders_words),
		cmocka_unit_test(reuse_leaves_out_what_was_for_one_boot),
		cmocka_unit_test(the_manual_lists_what_is_for_one_boot),
		cmocka_unit_test(reuse_keeps_what_is_for_every_boot),
		cmocka_unit_test(what_is_appended_is_removed_where_it_is),
		cmocka_unit_test(only_whole_words_in_their_order_are_removed),
		cmocka_unit_test(what_is_removed_is_where_it_would_be_appended),
		cmocka_unit_test(reads_switches_as_the_kernel_does),
		cmocka_unit_test(join_puts_one_blank_between),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
