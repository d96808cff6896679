// SPDX-License-Identifier: GPL-2.0
/*
 * Command lines as a kernel reads them, with an end that need not be a NUL.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/cmdline.h"

static const char *objection(const char *line, size_t bytes)
{
	struct kho_word word;

	return kho_cmdline_objection(line, line + bytes, &word);
}

static void objects(const char *line)
{
	if (!objection(line, strlen(line) + 1))
		fail_msg("'%s' was taken", line);
	/* Without the NUL, too. */
	assert_non_null(objection(line, strlen(line)));
}

static void accepts(const char *line)
{
	if (objection(line, strlen(line) + 1))
		fail_msg("'%s' was objected to", line);
}

static void words_that_hide_memory(void **state)
{
	objects("mem=1G");
	objects("quiet mem=1G ro");
	objects("memmap=exactmap");
	objects("ro\tmemmap=64M$1G");
	objects("\"mem=1G\"");
	objects("root=\"LABEL=a b\" mem=1G");
	objects("efi-fake-mem=1G@2G:0x10000");
	objects("mem_encrypt=on");
	objects("mem-encrypt=active,on");
	accepts("");
	accepts("   ");
	accepts("mem");
	accepts("memmap");
	accepts("mem_encrypt=off");
	accepts("mem_encrypt=");
	accepts("mem_encrypt=once");
	accepts("movablecore=1G memtest=1 mem_sleep_default=deep");
	accepts("dyndbg=\"file x.c mem=1G\"");
	accepts("quiet -- mem=1G");
	/* What is behind a NUL, or behind the end, is not part of it. */
	assert_null(objection("ro\0 mem=1G", 10));
	assert_null(objection("ro mem=1G", 3));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_that_hide_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
