// SPDX-License-Identifier: GPL-2.0
/*
 * Before a load: what of the trees that are kept will there be room for? They are looked at as
 * they are now; what they will be at the jump nobody knows.
 */
#include <errno.h>
#include <string.h>

#include "cli/base/keptdev.h"
#include "cli/base/printable.h"
#include "cli/image/image.h"

/**
 * struct kept_sum - what all trees would take
 * @nr: how many
 * @inodes: that they have
 * @bytes: that they hold
 * @extent_bytes: that the next kernel would do without at first
 */
struct kept_sum {
	u64 nr;
	u64 inodes;
	u64 bytes;
	u64 extent_bytes;
};

static void add_tree(struct image *im, int dev, const struct kept_info *t,
		     struct kept_sum *sum)
{
	autofree char *name = printable(t->name, strlen(t->name));
	struct kho_kept_ioctl_estimate e;
	int err = keptdev_estimate(dev, t->name, &e);

	/* It was forgotten meanwhile. */
	if (err == -ENOENT)
		return;
	if (err) {
		finding_note(
			&im->findings, "trees", "try again",
			"how much of memory tree %s takes could not be looked at (%s)",
			name, strerror(-err));
		return;
	}
	sum->nr++;
	sum->inodes += e.nr_inodes;
	sum->bytes += e.nr_pages * PAGE_BYTES;
	sum->extent_bytes += e.extent_bytes;
}

static void judge(struct image *im, const struct kept_sum *sum)
{
	u64 withheld = room_withheld(&im->status) + sum->extent_bytes;
	u64 missing = room_missing(&im->needs, withheld);
	char a[32], b[32], c[32];

	human_bytes(sum->bytes, a, sizeof(a));
	human_bytes(sum->extent_bytes, b, sizeof(b));
	if (missing)
		finding_warning(
			&im->findings, "trees",
			"make what is kept smaller, or stop keeping some of it with `kho keep --drop`",
			"the trees that are kept hold %s in %llu inodes, and %s would be withheld from the next kernel for them; with the rest %s are missing for it to boot, so trees would be left behind, the largest first",
			a, (unsigned long long)sum->inodes, b,
			human_bytes(missing, c, sizeof(c)));
	else
		finding_ok(
			&im->findings, "trees",
			"%llu tree%s kept, with %s in %llu inodes; %s would be withheld for %s until the kho module is there",
			(unsigned long long)sum->nr,
			sum->nr == 1 ? " is" : "s are", a,
			(unsigned long long)sum->inodes, b,
			sum->nr == 1 ? "it" : "them");
}

static void sum_up(struct image *im, int dev, struct kept_sum *sum)
{
	autokept struct kept_list trees = { 0 };
	size_t i;

	if (keptdev_list(dev, &trees))
		return;
	for (i = 0; i < trees.nr; i++)
		if (!trees.list[i].incoming)
			add_tree(im, dev, &trees.list[i], sum);
}

void image_check_trees(struct image *im)
{
	autoclose int dev = keptdev_open();
	struct kept_sum sum = { 0 };

	if (dev >= 0)
		sum_up(im, dev, &sum);
	if (sum.nr)
		judge(im, &sum);
}
