// SPDX-License-Identifier: GPL-2.0
/*
 * Drives the tracker with operations read from the input, allocation failures included, and
 * compares it with a sorted list.
 */
#include "reftree.h"
#include "input.h"

#define PAGES(n) ((u64)(n) << KHO_PAGE_SHIFT)

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

static struct testmem memory;
static struct kho_tally_ser tally[2];
static struct kho_tracker tracker;
static struct refset set;

/* A page number: small, or with any of its 52 bits. */
static u64 take_pfn(struct input *in)
{
	u64 how = take(in, 1);

	return (take(in, 2) << (how % 37)) + how / 37;
}

static void expect(int have, int want, const char *what)
{
	if (have != want)
		test_die("%s gave %d, not %d", what, have, want);
}

static void fuzz_block(struct input *in, bool enter)
{
	unsigned int order = take(in, 1) % 55;
	u64 phys = PAGES(take_pfn(in));
	bool fits = order <= KHO_ORDER_0_LOG2;
	int ret, want = fits ? 0 : -ERANGE;

	if (fits &&
	    phys % (1ULL << (order < 51 ? order + KHO_PAGE_SHIFT : 63)) &&
	    order % 2)
		phys &= ~((KHO_PAGE_SIZE << order) -
			  1); /* half of them would be refused */
	if (fits && phys & ((KHO_PAGE_SIZE << order) - 1))
		want = -EINVAL;
	if (!enter) {
		ret = kho_tracker_unpreserve(&tracker, phys, order);
		if (!want)
			want = refset_del(&set, phys, order) ? 0 : -ENOENT;
	} else {
		ret = kho_tracker_preserve(&tracker, phys, order);
		if (!want && ret != -ENOMEM)
			want = refset_add(&set, phys, order);
		else if (!want)
			want = memory.fail_at &&
					       !refset_has(&set, phys, order) ?
				       -ENOMEM :
				       0;
	}
	expect(ret, want, enter ? "preserve" : "unpreserve");
}

static int want_range(u64 pfn, u64 nr_pages)
{
	if (!nr_pages)
		return -EINVAL;
	return pfn + nr_pages > 1ULL << 52 ? -ERANGE : 0;
}

static void fuzz_enter_range(struct input *in)
{
	u64 pfn = take_pfn(in) % (1ULL << 52), nr_pages = take_pfn(in);
	int ret = kho_tracker_preserve_range(&tracker, PAGES(pfn), nr_pages);
	u64 key[REF_MAX_CUTS];
	unsigned int nr;

	if (ret == -ENOMEM && memory.fail_at)
		return;
	expect(ret, want_range(pfn, nr_pages), "preserve_range");
	if (ret)
		return;
	nr = ref_cut(PAGES(pfn), nr_pages, key, REF_MAX_CUTS);
	while (nr--)
		refset_add(&set, kho_key_phys(key[nr]), kho_key_order(key[nr]));
}

static int want_pages(u64 pfn, u64 nr_pages)
{
	int ret = want_range(pfn, nr_pages);
	u64 i;

	for (i = 0; i < nr_pages && !ret; i++)
		if (refset_has(&set, PAGES(pfn + i), 0))
			ret = -EEXIST;
	return ret;
}

/* Not many, as the oracle takes them one by one. */
static void fuzz_enter_pages(struct input *in)
{
	u64 pfn = take_pfn(in) % (1ULL << 52), nr_pages = take(in, 1), done, i;
	int ret = kho_tracker_preserve_pages(&tracker, PAGES(pfn), nr_pages,
					     &done);

	if (ret == -ENOMEM && memory.fail_at)
		expect(done < nr_pages, 1, "pages entered without memory");
	else
		expect(ret, want_pages(pfn, nr_pages), "preserve_pages");
	expect(done <= nr_pages, 1, "no more pages entered than asked for");
	if (!ret)
		expect(done == nr_pages, 1, "pages entered");
	if (ret == -EEXIST)
		expect(refset_has(&set, PAGES(pfn + done), 0), 1,
		       "the page that was there");
	for (i = 0; i < done; i++)
		refset_add(&set, PAGES(pfn + i), 0);
}

static void fuzz_leave_range(struct input *in)
{
	u64 pfn = take_pfn(in) % (1ULL << 52), nr_pages = take_pfn(in);
	int ret = kho_tracker_unpreserve_range(&tracker, PAGES(pfn), nr_pages);
	int want = want_range(pfn, nr_pages);
	u64 key[REF_MAX_CUTS];
	unsigned int i,
		nr = want ? 0 :
			    ref_cut(PAGES(pfn), nr_pages, key, REF_MAX_CUTS);

	for (i = 0; i < nr; i++)
		if (!refset_has(&set, kho_key_phys(key[i]),
				kho_key_order(key[i])))
			want = -ENOENT;
	expect(ret, want, "unpreserve_range");
	for (i = 0; !ret && i < nr; i++)
		refset_del(&set, kho_key_phys(key[i]), kho_key_order(key[i]));
}

/* What a walk has seen. */
struct sighting {
	u64 last;
	size_t nr;
};

static int see(void *ctx, u64 phys, unsigned int order, u64 nr)
{
	struct sighting *seen = ctx;
	u64 key = ref_key(phys, order);

	for (; nr; nr--, key++) {
		if (key <= seen->last || seen->nr >= set.nr ||
		    set.key[seen->nr] != key)
			test_die("walk saw key %#llx", (unsigned long long)key);
		seen->last = key;
		seen->nr++;
	}
	return 0;
}

static void fuzz_step(struct input *in)
{
	u64 op = take(in, 1);

	/* Some operations have their N-th allocation fail. */
	testmem_fail_at(&memory, op & 0x80 ? 1 + (op >> 3 & 15) : 0, op & 1);
	switch (op & 7) {
	case 0:
	case 1:
		fuzz_block(in, true);
		break;
	case 2:
	case 3:
		fuzz_block(in, false);
		break;
	case 4:
		fuzz_enter_range(in);
		break;
	case 5:
		fuzz_enter_pages(in);
		break;
	default:
		fuzz_leave_range(in);
	}
	testmem_fail_at(&memory, 0, false);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct input in = { data, size < 256 ? size : 256 };
	struct sighting seen = { 0 };
	struct kho_tracker_ops ops;
	unsigned int steps = 0;

	if (!memory.va)
		testmem_init(&memory, 1ULL << 32, 1 << 13);
	ops = testmem_tracker_ops(&memory);
	expect(kho_tracker_init(&tracker, &ops, tally), 0, "init");
	while (in.left) {
		fuzz_step(&in);
		if (++steps % 32 == 0)
			ref_check_tracker(&memory, &tracker, &set);
	}
	ref_check_tracker(&memory, &tracker, &set);
	expect(kho_tracker_walk(&tracker, see, &seen), 0, "walk");
	expect(seen.nr == set.nr, 1, "walk to the end");
	kho_tracker_destroy(&tracker);
	refset_free(&set);
	testmem_reset(&memory);
	return 0;
}
