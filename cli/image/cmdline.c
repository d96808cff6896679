// SPDX-License-Identifier: GPL-2.0
#include "cli/image/cmdline.h"

#include <string.h>

#include "cli/base/util.h"

static bool blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

bool cmdline_next(const char **line, struct cmdline_word *word)
{
	const char *p = *line;
	bool quoted;

	while (blank(*p))
		p++;
	quoted = *p == '"';
	p += quoted;
	*word = (struct cmdline_word){ .name = p };
	for (; *p && (quoted || !blank(*p)); p++) {
		if (*p == '"')
			quoted = !quoted;
		if (*p == '=' && !word->value) {
			word->name_len = (size_t)(p - word->name);
			word->value = p + 1;
		}
	}
	*line = p;
	word->len = (size_t)(p - word->name);
	if (!word->value)
		word->name_len = word->len;
	if (word->len == 2 && !memcmp(word->name, "--", 2))
		return false;
	return word->len != 0;
}

static char undashed(char c)
{
	return c == '-' ? '_' : c;
}

bool cmdline_word_is(const struct cmdline_word *word, const char *name)
{
	size_t i;

	if (strlen(name) != word->name_len)
		return false;
	for (i = 0; i < word->name_len; i++) {
		if (undashed(word->name[i]) != undashed(name[i]))
			return false;
	}
	return true;
}

static bool list_has(const struct cmdline_word *word, const char *element)
{
	const char *p = word->value, *end = word->name + word->len;
	size_t len = strlen(element);

	while (p < end) {
		size_t n = strcspn(p, ", \t\"");

		if (n == len && !memcmp(p, element, len))
			return true;
		p += n + 1;
	}
	return false;
}

bool cmdline_has(const char *line, const char *name, const char *value)
{
	struct cmdline_word word;

	while (cmdline_next(&line, &word)) {
		if (!cmdline_word_is(&word, name))
			continue;
		if (!value || (word.value && list_has(&word, value)))
			return true;
	}
	return false;
}

const char *cmdline_objection(const char *line, struct cmdline_word *word)
{
	static const struct {
		const char *name;
		const char *value;
		const char *why;
	} bad[] = {
		{ "mem", NULL,
		  "hides memory from the next kernel, maybe what is preserved" },
		{ "memmap", NULL,
		  "changes the next kernel's memory map, which may hide preserved memory" },
		{ "efi_fake_mem", NULL,
		  "changes the next kernel's memory map, which may hide preserved memory" },
		{ "mem_encrypt", "on",
		  "makes the next kernel see preserved memory encrypted" },
	};
	size_t i;

	while (cmdline_next(&line, word)) {
		for (i = 0; i < ARRAY_LEN(bad); i++) {
			if (!cmdline_word_is(word, bad[i].name) || !word->value)
				continue;
			if (!bad[i].value || list_has(word, bad[i].value))
				return bad[i].why;
		}
	}
	return NULL;
}

char *cmdline_reusable(const char *running)
{
	char *out = need(calloc(1, strlen(running) + 2)), *end = out;
	const char *p = running, *start = running;
	struct cmdline_word word;

	while (cmdline_next(&p, &word)) {
		bool loader = word.value &&
			      (cmdline_word_is(&word, "BOOT_IMAGE") ||
			       cmdline_word_is(&word, "initrd"));

		while (blank(*start))
			start++;
		if (!loader) {
			if (end > out)
				*end++ = ' ';
			end = stpncpy(end, start, (size_t)(p - start));
		}
		start = p;
	}
	/* What follows "--" is for init and stays as it is. */
	end = stpcpy(end, start);
	while (end > out && blank(end[-1]))
		*--end = '\0';
	return out;
}

char *cmdline_join(const char *first, const char *second)
{
	if (!first || !*first)
		return need(strdup(second ? second : ""));
	if (!second || !*second)
		return need(strdup(first));
	return format("%s %s", first, second);
}
