// SPDX-License-Identifier: GPL-2.0
/*
 * The next kernel's file before a load: a bzImage, or a unified kernel image, whose parts are
 * taken.
 */
#include <errno.h>
#include <string.h>

#include "cli/image/permission.h"
#include "cli/image/image.h"
#include "cli/image/revoked.h"
#include "cli/image/signature.h"
#include "cli/image/uki.h"

/* Largest file that makes sense; anything above is not what the user meant. */
#define KERNEL_FILE_MAX (1ULL << 30)

/* boot_params.secure_boot, as the boot protocol has it. */
#define SECURE_BOOT_ON 3

/* What the user gave himself takes the place of a part. */
static void take_parts(struct image *im, const struct uki *u)
{
	struct blob all = im->kernel_file;

	signer_of_kernel(&im->whole_signer, all.data, all.bytes);
	if (!im->opt.initrd && !im->opt.no_initrd) {
		uki_initrd(u, all.data, &im->initrd_file);
		im->initrd_name = im->opt.kernel;
	}
	im->unified_cmdline = uki_cmdline(u, all.data);
	im->kernel_file =
		(struct blob){ .data = need(malloc(u->part[UKI_LINUX].bytes)),
			       .bytes = u->part[UKI_LINUX].bytes };
	im->kernel_is_part = true;
	memcpy(im->kernel_file.data, all.data + u->part[UKI_LINUX].at,
	       im->kernel_file.bytes);
	blob_free(&all);
	finding_ok(&im->findings, "unified-image",
		   "%s is a unified kernel image: its kernel%s%s%s taken",
		   im->opt.kernel, im->initrd_file.bytes ? ", initramfs" : "",
		   im->unified_cmdline && !im->opt.command_line &&
				   !im->opt.reuse_cmdline ?
			   ", command line" :
			   "",
		   im->initrd_file.bytes ? " are" : " is");
}

/* Return: NULL, or why the file cannot be used. */
static const char *parse(struct image *im)
{
	const char *why = NULL;
	struct uki u;

	switch (uki_parse(&u, im->kernel_file.data, im->kernel_file.bytes,
			  &why)) {
	case UKI_DAMAGED:
		return why;
	case UKI_GOOD:
		take_parts(im, &u);
		break;
	case UKI_NONE:
		break;
	}
	return bzimage_parse(&im->bz, im->kernel_file.data,
			     im->kernel_file.bytes);
}

void image_check_kernel(struct image *im)
{
	const char *why;
	int err;

	if (!im->opt.kernel)
		return;
	err = source_open(&im->kernel_source, im->opt.kernel);
	if (!err)
		err = source_read(&im->kernel_source, KERNEL_FILE_MAX,
				  &im->kernel_file);
	if (err == -EACCES || err == -EPERM) {
		finding_unknown(&im->findings, "kernel", "run kho with sudo",
				"%s may not be read by this process",
				im->opt.kernel);
		return;
	}
	if (err) {
		finding_problem(&im->findings, "kernel",
				"give a file that can be read",
				"%s cannot be read (%s)", im->opt.kernel,
				strerror(-err));
		return;
	}
	why = parse(im);
	if (why) {
		finding_problem(&im->findings, "kernel", NULL, "%s %s",
				im->opt.kernel, why);
		return;
	}
	im->have_kernel = true;
	snprintf(im->release, sizeof(im->release), "%.*s",
		 (int)strcspn(im->bz.release, " "), im->bz.release);
	finding_ok(&im->findings, "kernel",
		   "%s is a 64-bit bzImage that keeps preserved memory%s%s%s",
		   im->opt.kernel, im->bz.release[0] ? " (" : "",
		   im->bz.release, im->bz.release[0] ? ")" : "");
}

static const char *unsigned_advice(bool is_part)
{
	if (is_part)
		return "make it anew of the signed kernel of the distribution, or sign that "
		       "(sbsign) with a key that is enrolled before it is packed: the signature "
		       "of the whole does not count here";
	return "give the signed kernel of the distribution, or sign it (sbsign) with a key that is "
	       "enrolled";
}

/* kexec_file_load(2) alone looks at it, and may do without. */
void image_check_signature(struct image *im)
{
	const char *part = im->kernel_is_part ? "the kernel inside of " : "";

	if (!im->have_kernel || im->call != KEXEC_FILE)
		return;
	if (signature_of_kernel(im->kernel_file.data, im->kernel_file.bytes))
		finding_ok(
			&im->findings, "signature",
			"%s%s is signed; whether this kernel trusts the key shows when it is loaded",
			part, im->opt.kernel);
	else if (permission_locked_down())
		finding_problem(
			&im->findings, "signature",
			unsigned_advice(im->kernel_is_part),
			"%s%s is not signed, and this kernel is locked down, so it loads only what is",
			part, im->opt.kernel);
	else
		finding_note(
			&im->findings, "signature", NULL,
			"%s%s is not signed, which this kernel may want of what kexec_file_load(2) loads",
			part, im->opt.kernel);
}

bool image_is_secured(const struct image *im)
{
	return permission_locked_down() && im->have_running &&
	       im->running.secure_boot == SECURE_BOOT_ON;
}

/* Return: is it revoked? */
static bool say_revoked(struct image *im, const char *part,
			const struct signer *s)
{
	bool is_key;
	const char *list = revoked_in(s, &is_key);

	if (!list)
		return false;
	finding_problem(
		&im->findings, "revoked",
		"give a newer kernel of the distribution (`apt upgrade`); one that is revoked has a fault with which Secure Boot can be got round",
		"%s%s is revoked: %s in %s, so Secure Boot does not let it start, and it would not come up after a cold boot",
		part, im->opt.kernel,
		is_key ? "the key that it is signed with is" : "its hash is",
		list);
	return true;
}

/*
 * Where Secure Boot is on, what the firmware and shim would not start is not started by kexec
 * either. Kernels do not look at hashes of kernels, and at keys only with
 * CONFIG_SYSTEM_REVOCATION_LIST.
 */
void image_check_revoked(struct image *im)
{
	struct signer s;

	if (!im->have_kernel || !image_is_secured(im))
		return;
	signer_of_kernel(&s, im->kernel_file.data, im->kernel_file.bytes);
	if (im->kernel_is_part &&
	    (say_revoked(im, "the kernel inside of ", &s) ||
	     say_revoked(im, "", &im->whole_signer)))
		return;
	if (!im->kernel_is_part && say_revoked(im, "", &s))
		return;
	if (revoked_is_known())
		finding_ok(
			&im->findings, "revoked",
			"neither %s nor the key that it is signed with is in the lists of what is revoked (dbx, MokListX)",
			im->opt.kernel);
	else
		finding_note(
			&im->findings, "revoked",
			"mount efivarfs at /sys/firmware/efi/efivars",
			"whether %s is revoked is not known, as the lists of EFI (dbx, MokListX) cannot be read",
			im->opt.kernel);
}
