// SPDX-License-Identifier: GPL-2.0
/* May this process load a kernel on this machine? */
#include "cli/image/permission.h"

#include <errno.h>
#include <string.h>
#include <linux/capability.h>

#include "cli/base/capability.h"
#include "cli/image/cmdline.h"
#include "cli/image/sysinfo.h"

/*
 * kernel.kexec_load_limit_reboot: how many more loads are permitted; -1 for no limit, which older
 * kernels do not know.
 */
static long load_limit(void)
{
	autofree char *limit =
		sysinfo_text("/proc/sys/kernel/kexec_load_limit_reboot");

	return limit ? strtol(limit, NULL, 10) : -1;
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
	if (!load_limit()) {
		finding_problem(
			f, "kexec-load", "reboot (it cannot be raised)",
			"kernel.kexec_load_limit_reboot is 0, so this kernel loads no other "
			"kernel any more");
		return false;
	}
	return true;
}

/* The kind of lockdown, to be freed; NULL if there is none. */
static char *locked_down(void)
{
	char *lockdown = sysinfo_lockdown();

	if (lockdown && strcmp(lockdown, "none"))
		return lockdown;
	free(lockdown);
	return NULL;
}

bool permission_locked_down(void)
{
	autofree char *lockdown = locked_down();

	return lockdown;
}

/* Loads that are counted are not spent on asking; then lockdown alone is known. */
static int permitted(enum kexec_call call, const char *lockdown)
{
	if (call == KEXEC_LOAD && lockdown)
		return -EPERM;
	return load_limit() < 0 ? kexecload_permitted(call) : 0;
}

/* Why the kernel does not take a call: the rest of a sentence, to be freed. */
static char *refusal(enum kexec_call call, int err, const char *lockdown)
{
	if (err == -ENOSYS)
		return format("this kernel has no %s", kexec_call_name(call));
	if (lockdown)
		return format(
			"the kernel is locked down (%s), and does not permit %s",
			lockdown, kexec_call_name(call));
	return format("the kernel does not permit %s (%s)",
		      kexec_call_name(call), strerror(-err));
}

static void say_refused(struct findings *f, enum kexec_call wanted,
			enum kexec_call call, int err, const char *lockdown)
{
	autofree char *why = refusal(call, err, lockdown);

	if (wanted != KEXEC_AUTO)
		finding_problem(f, lockdown ? "lockdown" : "kexec-load",
				"leave out --syscall, and kho finds one", "%s",
				why);
	else if (lockdown)
		finding_problem(
			f, "lockdown",
			"boot a kernel with CONFIG_KEXEC_FILE, or turn off Secure Boot, if that is acceptable here",
			"%s, nor kexec_file_load(2)", why);
	else
		finding_problem(
			f, "kexec-load",
			"look for what confines this process: a container, a filter of system calls, a security module",
			"%s, nor kexec_file_load(2)", why);
}

/* kexec_load(2), which is faster, where it is permitted. */
static enum kexec_call check_call(struct findings *f, enum kexec_call wanted)
{
	autofree char *lockdown = locked_down(), *why = NULL;
	enum kexec_call call = wanted == KEXEC_AUTO ? KEXEC_LOAD : wanted;
	int err = permitted(call, lockdown);

	if (err && wanted == KEXEC_AUTO) {
		why = refusal(call, err, lockdown);
		if (!permitted(KEXEC_FILE, lockdown)) {
			call = KEXEC_FILE;
			err = 0;
		}
	}
	if (err)
		say_refused(f, wanted, call, err, lockdown);
	else
		finding_ok(f, "kexec-load",
			   "this process may load a kernel, with %s%s%s",
			   kexec_call_name(call), why ? ", since " : "",
			   why ? why : "");
	return call;
}

enum kexec_call permission_check(struct findings *f, enum kexec_call wanted)
{
	bool good = true;

	if (!capability_have(CAP_SYS_BOOT)) {
		finding_unknown(
			f, "rights", "run kho with sudo",
			"only root (CAP_SYS_BOOT) may load a kernel and look at all of this, and this process is not");
		good = false;
	}
	good &= check_sysctl(f);
	if (good)
		return check_call(f, wanted);
	return wanted == KEXEC_FILE || permission_locked_down() ? KEXEC_FILE :
								  KEXEC_LOAD;
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
