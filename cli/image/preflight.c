// SPDX-License-Identifier: GPL-2.0
/* Checks beyond those of a load, in their order. */
#include "cli/image/preflight.h"

#include <errno.h>
#include <string.h>

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

void preflight_check(struct image *im, struct target *t)
{
	*t = (struct target){ 0 };
	if (im->have_kernel) {
		target_read(t, &im->bz, im->kernel_file.data);
		target_find_config(t, im->opt.kernel);
		check_payload(im, t);
		check_options(im, t);
		if (target_is_native(t)) {
			preflight_native(im, t);
		} else {
			preflight_module(im, t);
			preflight_kept(im, t);
		}
	}
	preflight_sessions(im);
	preflight_kexec_tools(im);
	preflight_devices(im);
}
