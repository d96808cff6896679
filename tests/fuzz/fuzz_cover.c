// SPDX-License-Identifier: GPL-2.0
/*
 * Builds a machine from the input, adds ranges to its cover and re-plans it, and demands after
 * each step that the cover keeps its promises.
 */
#include "refcover.h"
#include "testmem.h"
#include "input.h"

#include <stdlib.h>

#define MAX_RAM 100
#define MAX_BLOCKS 200

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

static struct kho_range ram[MAX_RAM];
static struct kho_range block[MAX_BLOCKS];
static struct kho_cover cover;
static size_t nr_blocks;

/* A length of 0 .. 255 units of 4 KiB, 64 KiB, 1 MiB, ... 256 GiB. */
static u64 take_length(struct input *in)
{
	u64 how = take(in, 1) % 8;

	return take(in, 1) << (KHO_PAGE_SHIFT + 4 * how);
}

static void take_machine(struct input *in)
{
	u32 nr_ram = 1 + take(in, 1) % MAX_RAM, i;
	u64 at = 0;

	for (i = 0; i < nr_ram; i++) {
		ram[i].start = at + take_length(in);
		ram[i].end = ram[i].start + KHO_PAGE_SIZE + take_length(in);
		at = ram[i].end;
	}
	kho_cover_init(&cover, ram, nr_ram);
	nr_blocks = 0;
}

/* Somewhere in RAM, or not quite. */
static struct kho_range take_range(struct input *in)
{
	struct kho_range r;

	r.start = ram[take(in, 1) % cover.nr_ram].start + take_length(in);
	r.end = r.start + KHO_PAGE_SIZE +
		(take(in, 1) % 4 ? 0 : take_length(in));
	return r;
}

static int want_check(const struct kho_range *b)
{
	u64 last = ram[cover.nr_ram - 1].end - KHO_PAGE_SIZE;
	u32 i;

	if (b->start < KHO_COVER_LOWEST || (b->start <= last && last < b->end))
		return -EINVAL;
	for (i = 0; i < cover.nr_keepout; i++)
		if (b->start < cover.keepout[i].end &&
		    cover.keepout[i].start < b->end)
			return -EINVAL;
	for (i = 0; i < cover.nr_ram; i++)
		if (ram[i].start <= b->start && b->end <= ram[i].end)
			return 0;
	return -EINVAL;
}

/* What is published must be told; what is told must be worth it. */
static void check_told(const struct kho_cover *before,
		       const struct kho_range *b, int ret)
{
	bool same = before->nr_leads == cover.nr_leads &&
		    !memcmp(before->lead, cover.lead,
			    cover.nr_leads * sizeof(cover.lead[0]));

	if (ret == 1 ? same : !same)
		test_die("add gave %d", ret);
	if (ret == 1 && kho_cover_contains(before, b->start, b->end))
		test_die("published for what an extent contained");
}

static void fuzz_add(struct input *in)
{
	struct kho_range b = take_range(in);
	struct kho_cover before = cover;
	int ret, want = want_check(&b);

	if (kho_cover_check(&cover, b.start, b.end, NULL) != want)
		test_die("check is not %d", want);
	if (nr_blocks == MAX_BLOCKS)
		return;
	ret = kho_cover_add(&cover, b.start, b.end);
	if (want ? ret != want : ret < 0)
		test_die("add gave %d", ret);
	check_told(&before, &b, ret);
	if (ret >= 0)
		block[nr_blocks++] = b;
}

static void fuzz_replan(struct input *in)
{
	size_t bytes = kho_replan_bytes(&cover) >> take(in, 1) % 8, i;
	struct kho_replan p;
	void *buf;
	int ret;

	if (bytes > 1 << 16)
		bytes = 1 << 16;
	bytes &= ~7ULL;
	if (bytes < KHO_REPLAN_MIN_BYTES)
		bytes = KHO_REPLAN_MIN_BYTES;
	buf = malloc(bytes);
	ret = kho_replan_begin(&p, &cover, buf, bytes);
	for (i = 0; !ret && i < nr_blocks; i++)
		kho_replan_mark(&p, block[i].start, block[i].end);
	if (!ret)
		ret = kho_replan_end(&p, &cover);
	if (ret < 0)
		test_die("re-plan gave %d", ret);
	free(buf);
}

/* Blocks that a new keep-out range hits are given up, as scratch is taken from free memory. */
static void fuzz_keepout(struct input *in)
{
	struct kho_range k = take_range(in);
	size_t i, kept = 0;

	if (take(in, 1) % 4 == 0 && cover.nr_keepout) {
		k = cover.keepout[k.start / KHO_PAGE_SIZE % cover.nr_keepout];
		if (kho_cover_keepout_del(&cover, k.start, k.end))
			test_die("keep-out range is not there");
		return;
	}
	if (kho_cover_keepout_add(&cover, k.start, k.end))
		return;
	for (i = 0; i < nr_blocks; i++)
		if (block[i].end <= k.start || block[i].start >= k.end)
			block[kept++] = block[i];
	nr_blocks = kept;
	fuzz_replan(in);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct input in = { data, size < 2000 ? size : 2000 };

	take_machine(&in);
	while (in.left) {
		u64 op = take(&in, 1);

		if (op % 32 == 0)
			fuzz_replan(&in);
		else if (op == 2)
			kho_cover_tighten(&cover);
		else if (op % 32 == 1)
			fuzz_keepout(&in);
		else
			fuzz_add(&in);
		ref_cover_sound(&cover, block, nr_blocks);
	}
	fuzz_replan(&in);
	ref_cover_sound(&cover, block, nr_blocks);
	return 0;
}
