// SPDX-License-Identifier: GPL-2.0
/* May this process load a kernel on this machine? */
#include "cli/image/permission.h"

#include <errno.h>
#include <string.h>
#include <linux/capability.h>

#include "cli/base/capability.h"
#include "cli/image/cmdline.h"
#include "cli/image/sysinfo.h"

/* kernel.kexec_load_limit_reboot: -1 no limit, otherwise how many more loads are permitted. */
static bool limit_used_up(void)
{
	autofree char *limit =
		sysinfo_text("/proc/sys/kernel/kexec_load_limit_reboot");

	return limit && !strcmp(limit, "0");
}

static bool check_sysctl(struct findings *f)
{
	u64 disabled;
	int err = sysinfo_number("/proc/sys/kernel/kexec_load_disabled",
				 &disabled);

	if (err) {
		finding_problem(
			f, "kexec-load",
			"boot a kernel that has it, with /proc mounted",
			"this kernel shows no sign of kexec (CONFIG_KEXEC)");
		return false;
	}
	if (disabled) {
		finding_problem(
			f, "kexec-load",
			"reboot without that setting (it cannot be taken back)",
			"kernel.kexec_load_disabled is 1, so this kernel loads no other kernel");
		return false;
	}
	if (limit_used_up()) {
		finding_problem(
			f, "kexec-load", "reboot (it cannot be raised)",
			"kernel.kexec_load_limit_reboot is 0, so this kernel loads no other "
			"kernel any more");
		return false;
	}
	return true;
}

static bool check_lockdown(struct findings *f)
{
	autofree char *lockdown = sysinfo_lockdown();

	if (!lockdown || !strcmp(lockdown, "none"))
		return true;
	finding_problem(
		f, "lockdown",
		"turn off Secure Boot or boot with lockdown=none, if that is acceptable here",
		"the kernel is locked down (%s), so it does not permit kexec_load(2)",
		lockdown);
	return false;
}

void permission_check(struct findings *f)
{
	bool good = true;

	if (!capability_have(CAP_SYS_BOOT)) {
		finding_unknown(
			f, "rights", "run kho with sudo",
			"only root (CAP_SYS_BOOT) may load a kernel and look at all of this, and this process is not");
		good = false;
	}
	good &= check_sysctl(f);
	good &= check_lockdown(f);
	if (good)
		finding_ok(f, "kexec-load", "this process may load a kernel");
}

void permission_check_encryption(struct findings *f)
{
	autofree char *running = sysinfo_text("/proc/cmdline");

	if (running && sysinfo_cpu_flag("sme") &&
	    cmdline_has(running, "mem_encrypt", "on"))
		finding_problem(
			f, "memory-encryption",
			"boot this kernel without mem_encrypt=on",
			"memory is encrypted (AMD SME), so the next kernel could not read what "
			"is handed to it");
}
