// SPDX-License-Identifier: GPL-2.0
/* The next kernel's command line: words, objections, what is reused. */
#include "cli/image/cmdline.h"

#include <string.h>

#include "cli/base/util.h"

static bool blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

bool cmdline_has(const char *line, const char *name, const char *value)
{
	struct kho_word word;

	while (cmdline_next(&line, &word)) {
		if (!kho_word_is(&word, name))
			continue;
		if (!value || (word.value && kho_word_has(&word, value)))
			return true;
	}
	return false;
}

/* y, yes, t, true, 1, on; n, no, f, false, 0, off: the first letters decide, in either case. */
static enum cmdline_switch switch_of(const struct kho_word *word)
{
	const char *p = word->value;

	if (!p)
		return CMDLINE_UNSET;
	switch (*p | 0x20) {
	case 'y':
	case 't':
	case '1':
		return CMDLINE_ON;
	case 'n':
	case 'f':
	case '0':
		return CMDLINE_OFF;
	case 'o':
		if ((p[1] | 0x20) == 'n')
			return CMDLINE_ON;
		return (p[1] | 0x20) == 'f' ? CMDLINE_OFF : CMDLINE_UNSET;
	default:
		return CMDLINE_UNSET;
	}
}

enum cmdline_switch cmdline_switch(const char *line, const char *name)
{
	enum cmdline_switch found = CMDLINE_UNSET, one;
	struct kho_word word;

	while (cmdline_next(&line, &word)) {
		if (!kho_word_is(&word, name))
			continue;
		one = switch_of(&word);
		found = one == CMDLINE_UNSET ? found : one;
	}
	return found;
}

static size_t nr_blanks(const char *p)
{
	size_t n = 0;

	while (blank(p[n]))
		n++;
	return n;
}

/* Length of the word there, with its quotes. */
static size_t word_len(const char *p)
{
	bool quoted = false;
	size_t n;

	for (n = 0; p[n] && (quoted || !blank(p[n])); n++)
		quoted ^= p[n] == '"';
	return n;
}

/* How much of a line are those words that it begins with? 0 if it does not. */
static size_t words_len(const char *line, const char *words)
{
	const char *p = line;
	size_t n;

	for (words += nr_blanks(words); *words; words += nr_blanks(words)) {
		p += nr_blanks(p);
		n = word_len(words);
		if (word_len(p) != n || memcmp(p, words, n))
			return 0;
		p += n;
		words += n;
	}
	return (size_t)(p - line);
}

/* Where does what follows the last "--" begin? 0 without. */
static size_t last_part(const char *line)
{
	const char *p = line;
	size_t part = 0;

	while (*(p += nr_blanks(p))) {
		if (words_len(p, "--"))
			part = (size_t)(p - line) + 2;
		p += word_len(p);
	}
	return part;
}

void cmdline_remove(char *line, const char *words)
{
	bool at_end_only = last_part(words) != 0;
	char *p = line + (at_end_only ? 0 : last_part(line));
	size_t n;

	while (*(p += nr_blanks(p))) {
		n = words_len(p, words);
		if (n && (!at_end_only || !p[n + nr_blanks(p + n)]))
			memmove(p, p + n, strlen(p + n) + 1);
		else
			p += word_len(p);
	}
}

static bool value_is(const struct kho_word *word, const char *value)
{
	size_t len = word->len - (size_t)(word->value - word->name);

	return strlen(value) == len && !memcmp(word->value, value, len);
}

/* The init of a distribution, wherever it keeps it, or something to repair the system with? */
static bool is_usual_init(const struct kho_word *word)
{
	static const char *const usual[] = { "init", "systemd", "openrc-init",
					     "runit-init", "s6-init" };
	const char *end = word->name + word->len, *base = end;
	size_t i;

	while (base > word->value && base[-1] != '/')
		base--;
	for (i = 0; i < ARRAY_LEN(usual); i++) {
		if (strlen(usual[i]) == (size_t)(end - base) &&
		    !memcmp(base, usual[i], strlen(usual[i])))
			return true;
	}
	return false;
}

static bool is_repair_unit(const struct kho_word *word)
{
	return value_is(word, "rescue.target") ||
	       value_is(word, "emergency.target") ||
	       value_is(word, "emergency.service") ||
	       value_is(word, "system-update.target");
}

/* Whatever their values. kho(8) has the list, too; nothing else has one. */
static const char *const for_one_boot[] = {
	"single",
	"s",
	"S",
	"-s",
	"1",
	"emergency",
	"rescue",
	"-b",
	"break",
	"rd.break",
	"rd.emergency",
	"rd.rescue",
	"rd.shell",
	"fsck.mode",
	"fsck.repair",
	"quotacheck.mode",
	"forcefsck",
	"forcequotacheck",
	"fastboot",
	"autorelabel",
	"systemd.debug_shell",
	"rd.systemd.debug_shell",
	"systemd.run",
	"systemd.run_success_action",
	"systemd.run_failure_action",
	"systemd.factory_reset",
	"systemd.firstboot",
	"systemd.condition_first_boot",
	"systemd.confirm_spawn",
	"systemd.crash_shell",
};

/* Was the parameter meant for one boot? */
static bool is_for_one_boot(const struct kho_word *word)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(for_one_boot); i++) {
		if (kho_word_is(word, for_one_boot[i]))
			return true;
	}
	if (!word->value)
		return false;
	if (kho_word_is(word, "init") || kho_word_is(word, "rdinit"))
		return !is_usual_init(word);
	return (kho_word_is(word, "systemd.unit") ||
		kho_word_is(word, "rd.systemd.unit")) &&
	       is_repair_unit(word);
}

static bool is_for_boot_loader(const struct kho_word *word)
{
	return word->value &&
	       (kho_word_is(word, "BOOT_IMAGE") || kho_word_is(word, "initrd"));
}

static char *append(char *end, const char *start, const char *word,
		    size_t bytes)
{
	if (end > start)
		*end++ = ' ';
	return stpncpy(end, word, bytes);
}

char *cmdline_reusable(const char *running, char **left_out)
{
	size_t room = strlen(running) + 2;
	char *out = need(calloc(1, room)), *end = out, *other;
	const char *p = running, *start = running;
	struct kho_word word;

	*left_out = other = need(calloc(1, room));
	while (cmdline_next(&p, &word)) {
		while (blank(*start))
			start++;
		if (is_for_one_boot(&word))
			other = append(other, *left_out, start,
				       (size_t)(p - start));
		else if (!is_for_boot_loader(&word))
			end = append(end, out, start, (size_t)(p - start));
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
