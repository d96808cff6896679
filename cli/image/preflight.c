// SPDX-License-Identifier: GPL-2.0
#include "cli/image/preflight.h"

#include <errno.h>
#include <string.h>
#include <linux/kho/abi/kexec_handover.h>

#include "cli/image/cmdline.h"

/* A kernel of today with its first user space, before its kho module is loaded. */
#define BOOT_NEEDS (128 * MIB)
/* Most extents that a chain can hold (struct kho_chain_ser). */
#define EXTENTS_MAX 64

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

/*
 * Extents are withheld from the next kernel until its module is there. There is always room in
 * the list, because gaps are closed when it is full.
 */
static void check_room(struct image *im)
{
	const struct kho_ioctl_status *st = &im->status;
	u64 total = memmap_bytes(&im->map, MEMMAP_RAM), wanted;
	char a[32], b[32];

	if (im->dev < 0 || !total)
		return;
	/* Its image, the initramfs packed and unpacked, and a page struct for each page. */
	wanted = BOOT_NEEDS + total / 64;
	if (im->have_kernel)
		wanted += im->bz.init_bytes + 4 * im->initrd_file.bytes;
	if (st->out_extent_bytes + wanted > total) {
		finding_warning(
			&im->findings, "room",
			"release some of it, or load the kho module early in the initramfs",
			"%s are withheld from the next kernel until its kho module is there, of %s, so it may run out of memory before",
			human_bytes(st->out_extent_bytes, a, sizeof(a)),
			human_bytes(total, b, sizeof(b)));
		return;
	}
	if (st->nr_extents >= EXTENTS_MAX)
		finding_note(
			&im->findings, "room", NULL,
			"what is preserved lies so scattered that %s between it are withheld from the next kernel too, until its kho module is there",
			human_bytes(st->out_extent_bytes > st->out_bytes ?
					    st->out_extent_bytes -
						    st->out_bytes :
					    0,
				    a, sizeof(a)));
	else
		finding_ok(&im->findings, "room",
			   "%u of %d extents are in use, %s of %s",
			   st->nr_extents, EXTENTS_MAX,
			   human_bytes(st->out_extent_bytes, a, sizeof(a)),
			   human_bytes(total, b, sizeof(b)));
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
	check_room(im);
	preflight_devices(im);
}
