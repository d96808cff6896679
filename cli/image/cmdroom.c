// SPDX-License-Identifier: GPL-2.0
/* How much memory a command line sets aside. */
#include "cli/image/cmdroom.h"

#include <ctype.h>
#include <string.h>

#include "cli/image/cmdline.h"

/* What x86-64 has. */
enum huge { HUGE_2M, HUGE_1G, HUGE_SIZES };

/* A crash kernel above 4 GiB gets this much below, unless its size is given. */
#define CRASH_LOW (256 * MIB)
#define SWIOTLB_SLAB 2048ULL

/**
 * struct room - what was found so far
 * @total: memory of the machine
 * @huge: number of huge pages; the first number for a size counts, in the kernel too
 * @huge_set: there was one
 * @huge_default: size of those before any size is named
 * @huge_size: size that was named last
 * @huge_named: there was one
 * @crash: for a crash kernel; the last one counts
 * @crash_high: it may lie above 4 GiB
 * @crash_low: what it gets below
 * @crash_low_set: its size is given
 * @others: everything else
 */
struct room {
	u64 total;
	u64 huge[HUGE_SIZES];
	bool huge_set[HUGE_SIZES];
	enum huge huge_default;
	enum huge huge_size;
	bool huge_named;
	u64 crash;
	bool crash_high;
	u64 crash_low;
	bool crash_low_set;
	u64 others;
};

/* No number here is above this, so that sums do not overflow. */
#define SIZE_CAP (1ULL << 56)

static u64 add(u64 a, u64 b)
{
	return a + b < SIZE_CAP ? a + b : SIZE_CAP;
}

static u64 times(u64 a, u64 b)
{
	return a && b > SIZE_CAP / a ? SIZE_CAP : a * b;
}

static u64 number(const char **p)
{
	u64 n = 0;

	for (; isdigit((unsigned char)**p); (*p)++)
		n = add(times(n, 10), (u64)(**p - '0'));
	return n;
}

/* As the kernel's own: a number with a suffix, which may be hexadecimal. */
static u64 size(const char **p)
{
	static const char suffixes[] = "kmgtpe";
	u64 n = 0;
	const char *at;

	if (!strncmp(*p, "0x", 2) && isxdigit((unsigned char)(*p)[2])) {
		for (*p += 2; isxdigit((unsigned char)**p); (*p)++) {
			char digit = (char)(**p | 0x20);

			n = add(times(n, 16),
				(u64)(digit <= '9' ? digit - '0' :
						     digit - 'a' + 10));
		}
	} else {
		n = number(p);
	}
	at = **p ? strchr(suffixes, **p | 0x20) : NULL;
	if (!at)
		return n;
	(*p)++;
	return times(n, 1ULL << (10 * (at - suffixes + 1)));
}

/* "N", or "NODE:N,NODE:N,...": all of them together. */
static u64 sum_of_nodes(const char *p, u64 (*one)(const char **p))
{
	u64 sum = 0;

	for (;;) {
		const char *start = p;
		u64 n;

		number(&p);
		if (*p == ':')
			p++;
		else
			p = start;
		n = one(&p);
		sum = add(sum, n);
		if (*p != ',')
			return sum;
		p++;
	}
}

static bool huge_size_of(const char *value, enum huge *out)
{
	u64 bytes = size(&value);

	*out = bytes == GIB ? HUGE_1G : HUGE_2M;
	return bytes == GIB || bytes == 2 * MIB;
}

static bool take_hugepagesz(struct room *r, const char *value)
{
	r->huge_named = huge_size_of(value, &r->huge_size);
	return false;
}

/* It may come after the numbers that it is for: see take_defaults(). */
static bool take_hugepages(struct room *r, const char *value)
{
	enum huge i = r->huge_named ? r->huge_size : r->huge_default;

	if (r->huge_set[i])
		return false;
	r->huge_set[i] = true;
	r->huge[i] = sum_of_nodes(value, number);
	return r->huge[i];
}

static bool take_hugetlb_cma(struct room *r, const char *value)
{
	r->others = add(r->others, sum_of_nodes(value, size));
	return true;
}

/* "SIZE", and what follows does not matter: an address, an alignment, a name. */
static bool take_size(struct room *r, const char *value)
{
	u64 bytes = size(&value);

	r->others = add(r->others, bytes);
	return bytes;
}

static bool take_swiotlb(struct room *r, const char *value)
{
	u64 bytes = times(number(&value), SWIOTLB_SLAB);

	r->others = add(r->others, bytes);
	return bytes;
}

/* "FROM-[TO]:SIZE,...": the size for this machine. */
static u64 size_by_total(const char *p, u64 total)
{
	for (;;) {
		u64 from = size(&p), to = SIZE_CAP, bytes;

		if (*p++ != '-')
			return 0;
		if (*p != ':')
			to = size(&p);
		if (*p++ != ':')
			return 0;
		bytes = size(&p);
		if (total >= from && total < to)
			return bytes;
		if (*p++ != ',')
			return 0;
	}
}

static bool take_crashkernel(struct room *r, const char *value)
{
	const char *p = value;
	u64 bytes = size(&p);

	if (p > value && *p == '-') {
		r->crash = size_by_total(value, r->total);
		r->crash_high = false;
		return r->crash;
	}
	if (!strncmp(p, ",low", 4)) {
		r->crash_low = bytes;
		r->crash_low_set = true;
	} else if (!strncmp(p, ",cma", 4)) {
		r->others = add(r->others, bytes);
	} else {
		r->crash = bytes;
		r->crash_high = !strncmp(p, ",high", 5);
	}
	return bytes;
}

static const struct {
	const char *name;
	bool (*take)(struct room *r, const char *value);
} parameters[] = {
	{ "hugepagesz", take_hugepagesz },
	{ "hugepages", take_hugepages },
	{ "hugetlb_cma", take_hugetlb_cma },
	{ "crashkernel", take_crashkernel },
	{ "cma", take_size },
	{ "reserve_mem", take_size },
	{ "log_buf_len", take_size },
	{ "swiotlb", take_swiotlb },
};

static void note(char **words, const struct kho_word *word)
{
	char *more = format("%s%s%.*s", *words, **words ? " " : "",
			    (int)word->len, word->name);

	free(*words);
	*words = more;
}

static void take_defaults(struct room *r, const char *line)
{
	struct kho_word word;

	while (cmdline_next(&line, &word)) {
		enum huge i;

		if (word.value && kho_word_is(&word, "default_hugepagesz") &&
		    huge_size_of(word.value, &i))
			r->huge_default = i;
	}
}

/* The word ends at a blank or quote, where every number ends. */
static void take_word(struct room *r, const struct kho_word *word, char **words)
{
	size_t i;

	if (!word->value)
		return;
	for (i = 0; i < ARRAY_LEN(parameters); i++) {
		if (kho_word_is(word, parameters[i].name) &&
		    parameters[i].take(r, word->value))
			note(words, word);
	}
}

u64 cmdroom_bytes(const char *line, u64 total, char **words)
{
	struct room r = { .total = total };
	struct kho_word word;
	u64 sum;

	*words = format("%s", "");
	take_defaults(&r, line);
	while (cmdline_next(&line, &word))
		take_word(&r, &word, words);
	if (r.crash_high && !r.crash_low_set && total > 4 * GIB)
		r.crash_low = CRASH_LOW;
	sum = add(r.others, r.crash);
	if (r.crash_high)
		sum = add(sum, r.crash_low);
	sum = add(sum, times(r.huge[HUGE_2M], 2 * MIB));
	return add(sum, times(r.huge[HUGE_1G], GIB));
}
