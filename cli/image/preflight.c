// SPDX-License-Identifier: GPL-2.0
#include "cli/image/preflight.h"

#include <errno.h>
#include <string.h>
#include <linux/kho/abi/kexec_handover.h>

#include "cli/image/cmdline.h"

static void check_payload(struct image *im, const struct target *t)
{
	if (!t->err)
		finding_ok(
			&im->findings, "target",
			"the next kernel is %s (%s); its configuration is %s%s",
			*t->release ? t->release : "of unknown release",
			compression_name(t->how),
			t->config ? "known from " : "not known",
			t->config ? t->config_from : "");
	else if (t->err == -ENOTSUP || t->err == -ENOMEM)
		finding_note(&im->findings, "target", NULL,
			     "%s cannot be looked into: %s", im->opt.kernel,
			     decompress_explain(t->err));
	else
		finding_problem(&im->findings, "target", "get the file anew",
				"%s would not start: %s", im->opt.kernel,
				decompress_explain(t->err));
	if (!t->err && !t->config)
		finding_note(
			&im->findings, "configuration",
			"put its config-RELEASE beside the kernel or into /boot",
			"the next kernel does not contain its configuration, so some "
			"things could not be checked");
}

static void check_options(struct image *im, const struct target *t)
{
	if (target_option(t, "MODULES") == 'n')
		finding_problem(
			&im->findings, "modules",
			"give a kernel with CONFIG_MODULES",
			"the next kernel cannot load modules, so nothing there could use what is handed over");
	if (target_option(t, "AMD_MEM_ENCRYPT_ACTIVE_BY_DEFAULT") == 'y' &&
	    sysinfo_cpu_flag("sme") && im->cmdline &&
	    !cmdline_has(im->cmdline, "mem_encrypt", "off"))
		finding_problem(
			&im->findings, "memory-encryption",
			"add mem_encrypt=off to its command line",
			"the next kernel encrypts memory by default (AMD SME), so it would see preserved memory encrypted");
}

static bool has_native(const struct target *t)
{
	return target_option(t, "KEXEC_HANDOVER") == 'y' ||
	       (!t->config && *t->abi);
}

/* Such a kernel takes over by itself; the kho module steps aside there. */
static void check_native(struct image *im, const struct target *t)
{
	if (*t->abi && strcmp(t->abi, KHO_FDT_COMPATIBLE)) {
		finding_problem(
			&im->findings, "native-kho",
			"give a kernel without it, or one whose format is " KHO_FDT_COMPATIBLE,
			"the next kernel has handover of its own in another format (%s instead of %s), so it would ignore what is preserved",
			t->abi, KHO_FDT_COMPATIBLE);
		return;
	}
	if (im->status.nr_parcels) {
		finding_problem(
			&im->findings, "native-kho",
			"give a kernel without CONFIG_KEXEC_HANDOVER, or drop the parcels",
			"the next kernel has handover of its own, and the kho module steps aside for it, so nobody could read the %u parcel%s there",
			im->status.nr_parcels,
			im->status.nr_parcels == 1 ? "" : "s");
		return;
	}
	finding_warning(
		&im->findings, "native-kho",
		"see that whoever is to restore the memory works with that kernel",
		"the next kernel has handover of its own (%s), which takes over by itself; the kho module steps aside for it",
		*t->abi ? t->abi : "format unknown");
}

void preflight_check(struct image *im, struct target *t)
{
	*t = (struct target){ 0 };
	if (im->have_kernel) {
		target_read(t, &im->bz, im->kernel_file.data);
		target_find_config(t, im->opt.kernel);
		check_payload(im, t);
		check_options(im, t);
		if (has_native(t))
			check_native(im, t);
		else
			preflight_module(im, t);
	}
	preflight_devices(im);
}
