// SPDX-License-Identifier: GPL-2.0
/*
 * While trees are kept: will the next kernel have the module that they are restored with? It may
 * be loaded late, but then they wait for it.
 */
#include <string.h>

#include "cli/base/keptdev.h"
#include "cli/image/preflight.h"

static bool will_travel(const struct kept_info *t)
{
	return t->state == KHO_KEPT_STATE_KEPT ||
	       t->state == KHO_KEPT_STATE_WAITING ||
	       t->state == KHO_KEPT_STATE_BEGUN;
}

static void say_missing(struct image *im, const struct target *t)
{
	const char *release = *t->release ? t->release : "the next kernel";

	if (im->initrd_file.bytes && !im->have_initramfs)
		finding_unknown(
			&im->findings, "trees-module",
			"install kho-dkms and the headers of that kernel, or give an initramfs that can be looked into",
			"trees are kept, and the kho-kept module is not installed for %s here; whether it is in the initramfs is not known",
			release);
	else
		finding_problem(
			&im->findings, "trees-module",
			"install kho-dkms and the headers of that kernel, or stop keeping trees with `kho keep --drop`",
			"trees are kept, and there is no kho-kept module for %s, so none of them could be restored there",
			release);
}

static void check_module(struct image *im, const struct target *t)
{
	struct modinfo installed;

	if (*im->initramfs.kept) {
		finding_ok(&im->findings, "trees-module",
			   "the initramfs has the kho-kept module: %s",
			   im->initramfs.kept);
		preflight_wire_kept(im, &im->initramfs.kept_info);
		return;
	}
	if (!modinfo_installed(&installed, "kho-kept", t->release)) {
		say_missing(im, t);
		return;
	}
	if (im->have_initramfs)
		finding_note(
			&im->findings, "trees-module",
			"add kho-kept to /etc/initramfs-tools/modules and run `update-initramfs -u -k RELEASE`",
			"the kho-kept module is in the root file system only, not in the initramfs: trees wait until it is loaded from there");
	else
		finding_ok(&im->findings, "trees-module",
			   "the kho-kept module is installed for %s",
			   t->release);
	preflight_wire_kept(im, &installed);
}

void preflight_kept(struct image *im, const struct target *t)
{
	autokept struct kept_list trees = { 0 };
	size_t i, nr = 0;
	int err;

	if (im->dev < 0)
		return;
	err = kept_list_read(&trees);
	if (err)
		finding_unknown(
			&im->findings, "trees-module", "try again",
			"which trees are kept could not be looked at (%s), so neither was the module that they need",
			strerror(-err));
	for (i = 0; i < trees.nr; i++)
		nr += will_travel(&trees.list[i]);
	if (nr)
		check_module(im, t);
}
