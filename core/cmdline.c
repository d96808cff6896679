// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
#include "cmdline.h"

static bool blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

bool kho_cmdline_next(const char **line, const char *end, struct kho_word *word)
{
	const char *p = *line;
	bool quoted;

	while (p < end && blank(*p))
		p++;
	quoted = p < end && *p == '"';
	p += quoted;
	*word = (struct kho_word){ .name = p };
	for (; p < end && *p && (quoted || !blank(*p)); p++) {
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

bool kho_word_is(const struct kho_word *word, const char *name)
{
	size_t i;

	for (i = 0; i < word->name_len; i++)
		if (!name[i] || undashed(word->name[i]) != undashed(name[i]))
			return false;
	return !name[i];
}

static bool separates(char c)
{
	return c == ',' || c == ' ' || c == '\t' || c == '"';
}

bool kho_word_has(const struct kho_word *word, const char *element)
{
	const char *p = word->value, *end = word->name + word->len;
	size_t i;

	while (p < end) {
		for (i = 0; p + i < end && element[i] && p[i] == element[i];)
			i++;
		if (!element[i] && (p + i == end || separates(p[i])))
			return true;
		while (p < end && !separates(*p))
			p++;
		p++;
	}
	return false;
}

const char *kho_cmdline_objection(const char *line, const char *end,
				  struct kho_word *word)
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

	while (kho_cmdline_next(&line, end, word)) {
		for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
			if (!kho_word_is(word, bad[i].name) || !word->value)
				continue;
			if (!bad[i].value || kho_word_has(word, bad[i].value))
				return bad[i].why;
		}
	}
	return NULL;
}
