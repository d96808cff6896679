// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
#include "ram.h"

#include "ranges.h"

u32 kho_ranges_intersect(struct kho_range *out, const struct kho_range *a,
			 u32 nr_a, const struct kho_range *b, u32 nr_b)
{
	u32 i = 0, k = 0, nr = 0;

	while (i < nr_a && k < nr_b) {
		u64 start = a[i].start > b[k].start ? a[i].start : b[k].start;
		u64 end = a[i].end < b[k].end ? a[i].end : b[k].end;

		if (start < end) {
			out[nr].start = start;
			out[nr++].end = end;
		}
		if (a[i].end < b[k].end)
			i++;
		else
			k++;
	}
	return nr;
}

bool kho_ranges_contain(const struct kho_range *list, u32 nr, u64 start,
			u64 end)
{
	u32 at = kho_ranges_find(list, nr, start);

	return at < nr && kho_range_within(&list[at], start, end);
}

/* End of what a list has from @at on, or @at. */
static u64 reach(const struct kho_range *list, u32 nr, u64 at)
{
	u32 i = kho_ranges_find(list, nr, at);

	return i < nr && list[i].start <= at ? list[i].end : at;
}

u64 kho_ranges_missing(u64 start, u64 end, const struct kho_range *a, u32 nr_a,
		       const struct kho_range *b, u32 nr_b)
{
	u64 at = start, before;

	do {
		before = at;
		at = reach(a, nr_a, at);
		if (at < end)
			at = reach(b, nr_b, at);
	} while (at < end && at != before);
	return at < end ? at : end;
}

/* Puts a range into a sorted list of @nr, joined with all that it touches. Return: new number. */
static u32 join(struct kho_range *list, u32 nr, u64 start, u64 end)
{
	u32 first = 0, last;

	while (first < nr && list[first].end < start)
		first++;
	for (last = first; last < nr && list[last].start <= end; last++) {
		if (list[last].start < start)
			start = list[last].start;
		if (list[last].end > end)
			end = list[last].end;
	}
	memmove(&list[first + 1], &list[last], (nr - last) * sizeof(*list));
	list[first].start = start;
	list[first].end = end;
	return nr - (last - first) + 1;
}

/* Takes a range out of a sorted list of @nr. Return: new number. */
static u32 cut(struct kho_range *list, u32 nr, u64 start, u64 end)
{
	u32 i = 0;

	while (i < nr && list[i].end <= start)
		i++;
	if (i < nr && list[i].start < start && list[i].end > end) {
		memmove(&list[i + 1], &list[i], (nr - i) * sizeof(*list));
		list[i].end = start;
		list[i + 1].start = end;
		return nr + 1;
	}
	if (i < nr && list[i].start < start)
		list[i++].end = start;
	while (i < nr && list[i].end <= end) {
		memmove(&list[i], &list[i + 1], (nr - i - 1) * sizeof(*list));
		nr--;
	}
	if (i < nr && list[i].start < end)
		list[i].start = end;
	return nr;
}

u32 kho_memmap_ram(struct kho_range *out,
		   const struct kho_memmap_entry_ser *entry, u32 nr)
{
	u32 i, found = 0;
	u64 end;

	for (i = 0; i < nr; i++) {
		end = entry[i].addr + entry[i].bytes;
		if (entry[i].type != KHO_E820_RAM || end <= entry[i].addr)
			continue;
		found = join(out, found, entry[i].addr, end);
	}
	for (i = 0; i < nr; i++) {
		end = entry[i].addr + entry[i].bytes;
		if (entry[i].type != KHO_E820_RAM && end > entry[i].addr)
			found = cut(out, found, entry[i].addr, end);
	}
	/* Part of a page is none. */
	for (i = 0; i < found;) {
		struct kho_range r = {
			.start = kho_align_up(out[i].start, KHO_PAGE_SIZE),
			.end = kho_align_down(out[i].end, KHO_PAGE_SIZE),
		};

		if (r.start >= out[i].start && r.start < r.end)
			out[i++] = r;
		else
			memmove(&out[i], &out[i + 1],
				(--found - i) * sizeof(*out));
	}
	return found;
}

static bool same_text(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}

u32 kho_e820_type(const char *name)
{
	static const struct {
		const char *name;
		u32 type;
	} known[] = {
		{ "System RAM", KHO_E820_RAM },
		{ "ACPI Tables", KHO_E820_ACPI },
		{ "ACPI Non-volatile Storage", KHO_E820_NVS },
		{ "Unusable memory", KHO_E820_UNUSABLE },
		{ "Persistent Memory", KHO_E820_PMEM },
		{ "Persistent Memory (legacy)", KHO_E820_PRAM },
		{ "Soft Reserved", KHO_E820_SOFT_RESERVED },
	};
	u32 i;

	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (same_text(name, known[i].name))
			return known[i].type;
	return KHO_E820_RESERVED;
}
