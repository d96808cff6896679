// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
#include "scratch_spec.h"

#define MOST (~(u64)0)
/* Longest percentage, with its sign: ten digits hold any 32-bit number. */
#define PERCENT_CHARS 11

/* Value of a digit in any base up to 16; 16 for what is none. */
static unsigned int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return 16;
}

/* Reads digits. @at moves behind them. */
static int parse_digits(u64 *value, const char **at, unsigned int base)
{
	const char *from = *at;

	*value = 0;
	for (; digit(**at) < base; ++*at) {
		unsigned int d = digit(**at);

		if (*value > (MOST - d) / base)
			return -ERANGE;
		*value = *value * base + d;
	}
	return *at == from ? -EINVAL : 0;
}

/* The base is told by the first characters; what they must not lack is a digit after them. */
static unsigned int parse_base(const char **at)
{
	const char *s = *at;

	if (s[0] != '0')
		return 10;
	if ((s[1] == 'x' || s[1] == 'X') && digit(s[2]) < 16) {
		*at += 2;
		return 16;
	}
	return 8;
}

/* log2 of what a suffix multiplies by; 0 if there is none. */
static unsigned int suffix_shift(char c)
{
	static const char letters[] = "KMGTPEkmgtpe";
	unsigned int i;

	for (i = 0; letters[i]; i++)
		if (letters[i] == c)
			return (i % 6 + 1) * 10;
	return 0;
}

static int parse_size(u64 *bytes, const char **at)
{
	unsigned int shift;
	int err;

	err = parse_digits(bytes, at, parse_base(at));
	if (err)
		return err;
	shift = suffix_shift(**at);
	if (!shift)
		return 0;
	++*at;
	if (*bytes > MOST >> shift)
		return -ERANGE;
	*bytes <<= shift;
	return 0;
}

static int parse_sizes(struct kho_scratch_spec *spec, const char *at)
{
	u64 *const size[] = { &spec->low_bytes, &spec->global_bytes,
			      &spec->node_bytes };
	u64 total = 0;
	unsigned int i;
	int err;

	for (i = 0; i < 3; i++) {
		if (i && *at++ != ',')
			return -EINVAL;
		err = parse_size(size[i], &at);
		if (err)
			return err;
		if (*size[i] > MOST - total)
			return -ERANGE;
		total += *size[i];
	}
	return *at || !total ? -EINVAL : 0;
}

static int parse_percent(struct kho_scratch_spec *spec, const char *at)
{
	u64 value;
	int err;

	if (*at == '+')
		at++;
	err = parse_digits(&value, &at, 10);
	if (err)
		return err;
	if (at[0] != '%' || at[1] || !value)
		return -EINVAL;
	if (value >> 32)
		return -ERANGE;
	spec->percent = (u32)value;
	return 0;
}

int kho_scratch_spec_parse(struct kho_scratch_spec *spec, const char *text)
{
	struct kho_scratch_spec parsed = { 0 };
	size_t len = 0;
	int err;

	while (text[len])
		len++;
	if (!len)
		return -EINVAL;
	if (text[len - 1] != '%')
		err = parse_sizes(&parsed, text);
	else if (len > PERCENT_CHARS)
		err = -EINVAL;
	else
		err = parse_percent(&parsed, text);
	if (!err)
		*spec = parsed;
	return err;
}

u64 kho_scratch_spec_part(u64 bytes, u32 percent)
{
	u64 whole = bytes / 100, rest = bytes % 100;

	if (percent && whole > (MOST - rest * percent / 100) / percent)
		return MOST;
	return whole * percent + rest * percent / 100;
}
