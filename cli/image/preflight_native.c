// SPDX-License-Identifier: GPL-2.0
/*
 * A next kernel that has handover of its own: it takes over by itself, if it is switched on and
 * knows the format, and the kho module steps aside there.
 */
#include <string.h>
#include <linux/kho/abi/kexec_handover.h>

#include "cli/image/cmdline.h"
#include "cli/image/preflight.h"

bool target_is_native(const struct target *t)
{
	return target_option(t, "KEXEC_HANDOVER") == 'y' ||
	       (!t->config && *t->abi);
}

static bool check_format(struct image *im, const struct target *t)
{
	if (!*t->abi || !strcmp(t->abi, KHO_FDT_COMPATIBLE))
		return true;
	finding_problem(
		&im->findings, "native-kho",
		"give a kernel without it, or one whose format is " KHO_FDT_COMPATIBLE,
		"the next kernel has handover of its own in another format (%s instead of %s), so it would ignore what is preserved",
		t->abi, KHO_FDT_COMPATIBLE);
	return false;
}

/* Off by default as upstream has it. */
static bool check_enabled(struct image *im, const struct target *t)
{
	enum cmdline_switch kho =
		cmdline_switch(im->cmdline ? im->cmdline : "", "kho");

	if (kho == CMDLINE_UNSET && t->config &&
	    target_option(t, "KEXEC_HANDOVER_ENABLE_DEFAULT") == 'y')
		kho = CMDLINE_ON;
	if (kho == CMDLINE_ON)
		return true;
	if (kho == CMDLINE_UNSET && !t->config)
		finding_unknown(
			&im->findings, "native-kho",
			"add kho=on to its command line",
			"the next kernel has handover of its own, and whether that is on there is not known; if it is not, everything that is preserved is lost");
	else
		finding_problem(
			&im->findings, "native-kho",
			"add kho=on to its command line (--append kho=on)",
			"the next kernel has handover of its own, which is off there, so everything that is preserved would be lost");
	return false;
}

static u32 nr_regions(const struct image *im)
{
	autofree struct kho_region_info *list = NULL;
	u32 nr = 0;

	return im->dev < 0 || dev_region_list(im->dev, &list, &nr) ? 0 : nr;
}

/* Subtrees of the module are of no use to anybody else. */
static bool check_readers(struct image *im)
{
	u32 parcels = im->status.nr_parcels, regions = nr_regions(im);

	if (!parcels && !regions)
		return true;
	finding_problem(
		&im->findings, "native-kho",
		"give a kernel without CONFIG_KEXEC_HANDOVER, or drop them",
		"the next kernel has handover of its own, and the kho module steps aside for it, so nobody could read the %u parcel%s and %u region%s there",
		parcels, parcels == 1 ? "" : "s", regions,
		regions == 1 ? "" : "s");
	return false;
}

void preflight_native(struct image *im, const struct target *t)
{
	bool good = check_format(im, t);

	good &= check_enabled(im, t);
	good &= check_readers(im);
	if (good)
		finding_warning(
			&im->findings, "native-kho",
			"see that whoever is to restore the memory works with that kernel",
			"the next kernel has handover of its own (%s), which takes over by itself; the kho module steps aside for it",
			*t->abi ? t->abi : "format unknown");
}
