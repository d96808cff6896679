// SPDX-License-Identifier: GPL-2.0
/*
 * Will the kho module be there in the next kernel? In its initramfs, or else in the root file
 * system, where libkmod finds it as modprobe would.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <libkmod.h>

#include "cli/image/cmdline.h"
#include "cli/image/preflight.h"
#include "cli/image/revoked.h"

/**
 * struct installed - the module for a kernel, in this root file system
 * @dir: directory of the kernel's modules
 * @path: the module's file, NULL if there is none
 * @info: what it says of itself
 * @wrong: it was built for another kernel
 */
struct installed {
	char *dir;
	char *path;
	struct modinfo info;
	bool wrong;
};

static void look_at_info(struct installed *in, struct kmod_module *mod,
			 const char *release)
{
	struct kmod_list *list = NULL, *item;

	if (kmod_module_get_info(mod, &list) < 0)
		return;
	kmod_list_foreach(item, list)
	{
		const char *key = kmod_module_info_get_key(item);

		if (!strcmp(key, "sig_id"))
			in->info.is_signed = true;
		modinfo_take(&in->info, key, kmod_module_info_get_value(item));
	}
	in->wrong = *in->info.release && strcmp(in->info.release, release);
	kmod_module_info_free_list(list);
}

static void look_up(struct installed *in, struct kmod_ctx *ctx,
		    const char *module, const char *release)
{
	struct kmod_list *list = NULL;
	struct kmod_module *mod;
	const char *path;

	if (kmod_module_new_from_lookup(ctx, module, &list) < 0 || !list)
		return;
	mod = kmod_module_get_module(list);
	path = kmod_module_get_path(mod);
	if (path && !access(path, R_OK)) {
		in->path = format("%s", path);
		look_at_info(in, mod, release);
	}
	kmod_module_unref(mod);
	kmod_module_unref_list(list);
}

static void silent(void *data, int priority, const char *file, int line,
		   const char *fn, const char *fmt, va_list args)
{
}

static void find_installed(struct installed *in, const char *module,
			   const char *release)
{
	const char *const no_config[] = { NULL };
	struct kmod_ctx *ctx;

	*in = (struct installed){ 0 };
	/* It becomes a part of a path. */
	if (!*release || strchr(release, '/'))
		return;
	in->dir = sysinfo_path("/lib/modules/", release);
	ctx = need(kmod_new(in->dir, no_config));
	kmod_set_log_fn(ctx, silent, NULL);
	look_up(in, ctx, module, release);
	kmod_unref(ctx);
}

static void free_installed(struct installed *in)
{
	free(in->dir);
	free(in->path);
}

bool modinfo_installed(struct modinfo *m, const char *module,
		       const char *release)
{
	struct installed in;
	bool found;

	find_installed(&in, module, release);
	*m = in.info;
	found = in.path;
	free_installed(&in);
	return found;
}

/* Why the next kernel will load signed modules only: the end of a sentence. NULL: it need not. */
static const char *wants_signature(const struct image *im,
				   const struct target *t)
{
	if (target_option(t, "MODULE_SIG_FORCE") == 'y')
		return "it has CONFIG_MODULE_SIG_FORCE";
	if (im->cmdline &&
	    (cmdline_has(im->cmdline, "lockdown", "integrity") ||
	     cmdline_has(im->cmdline, "lockdown", "confidentiality")))
		return "its command line locks it down";
	if (image_is_secured(im))
		return "Secure Boot locks it down as it does this one";
	return NULL;
}

static void say_signed(struct findings *f, int trusted, const char *why,
		       const char *path, const struct signer *signer)
{
	finding_ok(
		f, "target-signature",
		"%s is signed, as the next kernel wants it, since %s; %s%s%s",
		path, why,
		trusted == 1 ? "it will have the key" :
			       "whether its key is enrolled is not known here",
		*signer->name ? ": " : "", signer->name);
}

/*
 * Kernels differ in whether a key that is revoked keeps them from taking a module. Return: will
 * it do?
 */
static bool check_revoked(struct image *im, const char *path,
			  const struct signer *signer)
{
	bool is_key;
	const char *list = revoked_in(signer, &is_key);

	if (list && !is_key)
		finding_problem(
			&im->findings, "target-module",
			"install a newer kho-dkms, and make the initramfs anew",
			"%s is revoked: its hash is in %s, so the next kernel may not load it",
			path, list);
	else if (list)
		finding_warning(
			&im->findings, "target-revoked",
			"sign the module with a key that is not (remove /var/lib/dkms/mok.key and mok.pub, run `dkms autoinstall --force`, and enroll the new one)",
			"the key that %s is signed with (%s) is revoked, as it is in %s, so the next kernel may not load it",
			path, *signer->name ? signer->name : "no name", list);
	return !list || is_key;
}

/* Return: will it do? */
static bool check_signature(struct image *im, const struct target *t,
			    const char *dir, const char *path, bool is_signed,
			    const struct signer *signer)
{
	const char *why = wants_signature(im, t);
	int trusted;

	if (!why)
		return true;
	if (!is_signed) {
		finding_problem(
			&im->findings, "target-module",
			"sign it with a key that is enrolled (dkms does, see the administrator's guide), or give another kernel",
			"the next kernel loads signed modules only, since %s, and %s is not signed",
			why, path);
		return false;
	}
	trusted = signer_is_trusted(signer, dir);
	if (!trusted) {
		finding_problem(
			&im->findings, "target-module",
			"enroll it (`mokutil --import /var/lib/dkms/mok.pub`, then confirm that at the console after a cold reboot), or sign the module with a key that is",
			"the next kernel loads modules only if it has the key that they are signed with, since %s, and that of %s (%s) is not enrolled",
			why, path, *signer->name ? signer->name : "no name");
		return false;
	}
	if (!check_revoked(im, path, signer))
		return false;
	say_signed(&im->findings, trusted, why, path, signer);
	return true;
}

/* Return: is the module that is installed of use? */
static bool check_installed(struct image *im, const struct target *t,
			    const struct installed *in)
{
	struct signer signer = { 0 };

	if (!in->path)
		return false;
	if (in->wrong) {
		finding_problem(
			&im->findings, "target-module",
			"build it anew for the next kernel (`dkms autoinstall -k RELEASE`)",
			"%s was built for %s, so %s would not load it",
			in->path, in->info.release, t->release);
		return false;
	}
	if (*in->info.aside) {
		finding_problem(
			&im->findings, "target-module",
			"give another kernel, or a kho-dkms that knows this one",
			"%s only steps aside there: %s", in->path,
			in->info.aside);
		return false;
	}
	if (in->info.is_signed && wants_signature(im, t))
		signer_of_file(&signer, in->path);
	if (!check_signature(im, t, in->dir, in->path, in->info.is_signed,
			     &signer))
		return false;
	finding_ok(&im->findings, "target-module",
		   "the kho module is installed for %s: %s", t->release,
		   in->path);
	return true;
}

/* Return: is the module that is in the initramfs of use? */
static bool check_packed(struct image *im, const struct target *t,
			 const char *dir)
{
	const struct initramfs_seen *seen = &im->initramfs;

	if (*seen->info.aside) {
		finding_problem(
			&im->findings, "initramfs",
			"give another kernel, or a kho-dkms that knows this one",
			"%s in the initramfs only steps aside there: %s",
			seen->found, seen->info.aside);
		return false;
	}
	if (!check_signature(im, t, dir, seen->found, seen->info.is_signed,
			     &seen->info.signer))
		return false;
	finding_ok(&im->findings, "initramfs",
		   "the initramfs has the kho module: %s", seen->found);
	return true;
}

/* Return: is there a module for the kernel in its initramfs? */
static bool check_initramfs(struct image *im, const struct target *t,
			    const char *dir, bool installed)
{
	const struct initramfs_seen *seen = &im->initramfs;

	if (*seen->found)
		return check_packed(im, t, dir);
	if (!im->have_initramfs)
		return false;
	if (*seen->damaged)
		finding_problem(
			&im->findings, "initramfs",
			"make it anew (`update-initramfs -u -k RELEASE`)",
			"%s in the initramfs is damaged: it is no module of a kernel",
			seen->damaged);
	else if (*seen->other)
		finding_warning(
			&im->findings, "initramfs",
			"give the initramfs of the same kernel",
			"the initramfs has the kho module of another kernel (%s), not of %s",
			seen->other, t->release);
	else if (installed)
		finding_note(
			&im->findings, "initramfs",
			"add kho to /etc/initramfs-tools/modules and run `update-initramfs -u -k RELEASE`",
			"the kho module is in the root file system only, not in the initramfs: what is preserved, and the gaps between it, wait until it is loaded from there");
	return false;
}

static void say_missing(struct image *im, const struct target *t,
			const struct installed *in)
{
	struct stat st;

	if (im->initrd_file.bytes && !im->have_initramfs)
		finding_unknown(
			&im->findings, "target-module",
			"install kho-dkms and the headers of that kernel, or give an initramfs that can be looked into",
			"the kho module is not installed for %s here, and whether it is in the initramfs is not known",
			*t->release ? t->release : "the next kernel");
	else if (!in->dir || stat(in->dir, &st))
		finding_problem(
			&im->findings, "target-module",
			"install kho-dkms and the headers of that kernel, or give an initramfs that has the module (--initrd)",
			"there are no modules for %s in this root file system, and no initramfs with the kho module was given, so nothing in the next kernel could use what is handed over",
			*t->release ? t->release : "the next kernel");
	else
		finding_problem(
			&im->findings, "target-module",
			"install kho-dkms and the headers of that kernel, or run `depmod RELEASE` if it is installed",
			"the kho module is not installed for %s, so nothing in the next kernel could use what is handed over",
			t->release);
}

void preflight_module(struct image *im, const struct target *t)
{
	struct installed in;
	size_t before = im->findings.nr_problems;
	bool installed, packed;

	find_installed(&in, "kho", t->release);
	installed = check_installed(im, t, &in);
	packed = check_initramfs(im, t, in.dir, installed);
	if (!installed && !packed && im->findings.nr_problems == before)
		say_missing(im, t, &in);
	/* The first one that is loaded is the one that counts. */
	if (packed || installed)
		preflight_wire(im, packed ? &im->initramfs.info : &in.info);
	if (installed && !im->initrd_file.bytes)
		finding_note(
			&im->findings, "initramfs", NULL,
			"no initramfs was given, so the kho module is loaded late, from the root file system; what is preserved, and the gaps between it, wait until then");
	free_installed(&in);
}
