// SPDX-License-Identifier: GPL-2.0
#include "refcover.h"

#include <stdlib.h>

#include "testmem.h"

enum {
	GRANULE_PAGES = KHO_COVER_GRANULE / KHO_PAGE_SIZE,
	FIRST_PAGE = KHO_COVER_LOWEST / KHO_PAGE_SIZE
};

/* A gap between two extents, in pages. */
struct gap {
	u32 start;
	u32 end;
	bool keepout;
	bool across;
};

void refcover_init(struct refcover *f, const struct kho_cover *c)
{
	u32 i;
	u64 pfn;

	memset(f, 0, sizeof(*f));
	for (i = 0; i < c->nr_ram; i++)
		for (pfn = c->ram[i].start >> KHO_PAGE_SHIFT;
		     pfn < c->ram[i].end >> KHO_PAGE_SHIFT; pfn++)
			f->ram[pfn] = i + 1;
	for (i = 0; i < c->nr_keepout; i++)
		for (pfn = c->keepout[i].start >> KHO_PAGE_SHIFT;
		     pfn < c->keepout[i].end >> KHO_PAGE_SHIFT; pfn++)
			f->keepout[pfn] = 1;
	f->last_ram = c->ram[c->nr_ram - 1].end / KHO_PAGE_SIZE - 1;
}

/* Whether a page may be preserved and belongs to the RAM range @ram, 0 = any. */
static bool usable(const struct refcover *f, u32 pfn, u8 ram)
{
	return pfn >= FIRST_PAGE && pfn < REF_COVER_PAGES && f->ram[pfn] &&
	       (!ram || f->ram[pfn] == ram) && !f->keepout[pfn] &&
	       pfn != f->last_ram;
}

int refcover_check(const struct refcover *f, u64 start, u64 end)
{
	u64 pfn;

	if (start >= end || start % KHO_PAGE_SIZE || end % KHO_PAGE_SIZE)
		return -EINVAL;
	if (end / KHO_PAGE_SIZE > REF_COVER_PAGES)
		return -EINVAL;
	for (pfn = start / KHO_PAGE_SIZE; pfn < end / KHO_PAGE_SIZE; pfn++)
		if (!usable(f, pfn, f->ram[start / KHO_PAGE_SIZE]))
			return -EINVAL;
	return 0;
}

/* All gaps between extents; the caller frees them. */
static struct gap *find_gaps(const struct refcover *f, u32 *nr)
{
	struct gap *gap = calloc(REF_COVER_MAX_GAPS, sizeof(*gap));
	u32 pfn = 0, edge, i;

	*nr = 0;
	while (pfn < REF_COVER_PAGES && !f->covered[pfn])
		pfn++;
	for (;;) {
		struct gap *g = &gap[*nr];

		while (pfn < REF_COVER_PAGES && f->covered[pfn])
			pfn++;
		edge = pfn;
		while (pfn < REF_COVER_PAGES && !f->covered[pfn])
			pfn++;
		if (pfn == REF_COVER_PAGES)
			return gap;
		g->start = edge;
		g->end = pfn;
		for (i = edge; i < pfn; i++) {
			g->keepout |= f->keepout[i];
			g->across |= !f->ram[i] || f->ram[i] != f->ram[edge];
		}
		++*nr;
	}
}

static u32 count_extents(const struct refcover *f)
{
	u32 nr = 0, pfn;

	for (pfn = 0; pfn < REF_COVER_PAGES; pfn++)
		nr += f->covered[pfn] && (!pfn || !f->covered[pfn - 1]);
	return nr;
}

static bool cheaper(const struct gap *a, const struct gap *b)
{
	if (a->across != b->across)
		return b->across;
	return a->end - a->start < b->end - b->start;
}

int refcover_limit(struct refcover *f)
{
	while (count_extents(f) > KHO_MAX_EXTENTS) {
		struct gap *best = NULL, *gap;
		u32 i, nr;

		gap = find_gaps(f, &nr);
		for (i = 0; i < nr; i++)
			if (!gap[i].keepout &&
			    (!best || cheaper(&gap[i], best)))
				best = &gap[i];
		if (best)
			memset(&f->covered[best->start], 1,
			       best->end - best->start);
		free(gap);
		if (!best)
			return -ENOSPC;
	}
	return 0;
}

int refcover_add(struct refcover *f, u64 start, u64 end)
{
	u32 first = start / KHO_PAGE_SIZE, last = end / KHO_PAGE_SIZE - 1;
	u8 *before;
	int err;

	if (refcover_check(f, start, end))
		return -EINVAL;
	if (!memchr(&f->covered[first], 0, last - first + 1))
		return 0;
	before = malloc(sizeof(f->covered));
	memcpy(before, f->covered, sizeof(f->covered));
	while (first % GRANULE_PAGES && usable(f, first - 1, f->ram[first]))
		first--;
	while ((last + 1) % GRANULE_PAGES && usable(f, last + 1, f->ram[first]))
		last++;
	memset(&f->covered[first], 1, last - first + 1);
	err = refcover_limit(f);
	if (err)
		memcpy(f->covered, before, sizeof(f->covered));
	free(before);
	return err ? err : 1;
}

void refcover_mark(struct refcover *f, u64 start, u64 end, unsigned int shift)
{
	u64 first = start >> shift << (shift - KHO_PAGE_SHIFT);
	u64 last = ((end - 1) >> shift) + 1;
	u32 top = f->last_ram;
	u64 pfn;

	last <<= shift - KHO_PAGE_SHIFT;
	for (pfn = first; pfn < last && pfn < top; pfn++)
		if (pfn >= FIRST_PAGE && f->ram[pfn] && !f->keepout[pfn])
			f->covered[pfn] = 1;
}

void refcover_compare(const struct refcover *f, const struct kho_cover *c)
{
	u32 i, nr = count_extents(f);

	if (nr != c->nr_extents)
		test_die("%u extents, not %u", c->nr_extents, nr);
	for (i = 0; i < nr; i++) {
		u32 first = c->extent[i].start / KHO_PAGE_SIZE;
		u32 end = c->extent[i].end / KHO_PAGE_SIZE;

		if (memchr(&f->covered[first], 0, end - first) ||
		    f->covered[end] || (first && f->covered[first - 1]))
			test_die("extent %u is not %#x .. %#x", i, first, end);
	}
}

static int compare_gaps(const void *a, const void *b)
{
	return cheaper(b, a) - cheaper(a, b);
}

void refcover_compare_gaps(const struct refcover *f, const struct kho_cover *c)
{
	static struct refcover other;
	struct gap *want, *have;
	u32 i, nr_want, nr_have;

	memcpy(&other, f, sizeof(other));
	memset(other.covered, 0, sizeof(other.covered));
	for (i = 0; i < c->nr_extents; i++)
		memset(&other.covered[c->extent[i].start / KHO_PAGE_SIZE], 1,
		       (c->extent[i].end - c->extent[i].start) / KHO_PAGE_SIZE);
	if (count_extents(&other) != c->nr_extents)
		test_die("extents touch");
	want = find_gaps(f, &nr_want);
	have = find_gaps(&other, &nr_have);
	if (nr_want != nr_have)
		test_die("%u gaps, not %u", nr_have, nr_want);
	qsort(want, nr_want, sizeof(*want), compare_gaps);
	qsort(have, nr_have, sizeof(*have), compare_gaps);
	for (i = 0; i < nr_want; i++)
		if (want[i].across != have[i].across ||
		    want[i].end - want[i].start != have[i].end - have[i].start)
			test_die("gap number %u by size is %u pages, not %u", i,
				 have[i].end - have[i].start,
				 want[i].end - want[i].start);
	free(want);
	free(have);
}

static bool is_ram(const struct kho_cover *c, u64 page)
{
	u32 i;

	for (i = 0; i < c->nr_ram; i++)
		if (page >= c->ram[i].start && page < c->ram[i].end)
			return true;
	return false;
}

static void check_extent(const struct kho_cover *c, const struct kho_range *e)
{
	u64 last = c->ram[c->nr_ram - 1].end - KHO_PAGE_SIZE;
	u32 i;

	if (e->start >= e->end || e->start % KHO_PAGE_SIZE ||
	    e->end % KHO_PAGE_SIZE)
		test_die("extent is no range of pages");
	if (e->start < KHO_COVER_LOWEST)
		test_die("extent below 1 MiB");
	if (e->start <= last && last < e->end)
		test_die("extent contains the last page of RAM");
	if (!is_ram(c, e->start) || !is_ram(c, e->end - 1))
		test_die("extent ends outside RAM");
	for (i = 0; i < c->nr_keepout; i++)
		if (c->keepout[i].start < e->end &&
		    e->start < c->keepout[i].end)
			test_die("extent in a keep-out range");
}

static void check_ranges(const struct kho_cover *c,
			 const struct kho_range *range, u32 nr)
{
	u32 i;

	if (nr > KHO_MAX_EXTENTS)
		test_die("%u extents", nr);
	for (i = 0; i < nr; i++) {
		check_extent(c, &range[i]);
		if (i && range[i].start <= range[i - 1].end)
			test_die("extents touch or are out of order");
	}
}

/* What of a lead is in no extent, from @start to @end, must be of one piece of RAM. */
static void check_ahead(const struct kho_cover *c, u64 start, u64 end)
{
	u32 i;

	if (start == end)
		return;
	for (i = 0; i < c->nr_ram; i++)
		if (start >= c->ram[i].start && end <= c->ram[i].end)
			return;
	test_die("lead runs out of RAM");
}

static void check_leads(const struct kho_cover *c)
{
	u64 ram = 0, extents = 0, ahead = 0;
	u32 i, at = 0;

	check_ranges(c, c->lead, c->nr_leads);
	for (i = 0; i < c->nr_ram; i++)
		ram += c->ram[i].end - c->ram[i].start;
	for (i = 0; i < c->nr_leads; i++) {
		u64 from = c->lead[i].start;

		for (;
		     at < c->nr_extents && c->extent[at].end <= c->lead[i].end;
		     at++) {
			if (c->extent[at].start < from)
				test_die("extent sticks out of a lead");
			check_ahead(c, from, c->extent[at].start);
			ahead += c->extent[at].start - from;
			extents += c->extent[at].end - c->extent[at].start;
			from = c->extent[at].end;
		}
		check_ahead(c, from, c->lead[i].end);
		ahead += c->lead[i].end - from;
	}
	if (at != c->nr_extents)
		test_die("extent in no lead");
	if (ahead && (extents > ram || ahead > (ram - extents) / 16))
		test_die("leads take %llu bytes too many",
			 (unsigned long long)ahead);
}

void ref_cover_sound(const struct kho_cover *c, const struct kho_range *block,
		     size_t nr)
{
	u32 i;

	check_ranges(c, c->extent, c->nr_extents);
	check_leads(c);
	while (nr--) {
		for (i = 0; i < c->nr_extents; i++)
			if (c->extent[i].start <= block[nr].start &&
			    block[nr].end <= c->extent[i].end)
				break;
		if (i == c->nr_extents)
			test_die("block at %#llx is not covered",
				 (unsigned long long)block[nr].start);
	}
}
