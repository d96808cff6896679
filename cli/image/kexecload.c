// SPDX-License-Identifier: GPL-2.0
/* kexec_load(2), reboot(2), and what their errors mean. */
#include "cli/image/kexecload.h"

#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <linux/kexec.h>
#include <linux/reboot.h>

_Static_assert(sizeof(struct kexecload_segment) == sizeof(struct kexec_segment),
	       "same layout");
_Static_assert(offsetof(struct kexecload_segment, phys) ==
		       offsetof(struct kexec_segment, mem),
	       "same layout");

int kexecload_load(u64 entry, const struct kexecload_segment *segments,
		   size_t nr)
{
	if (syscall(SYS_kexec_load, entry, nr, segments,
		    (unsigned long)KEXEC_ARCH_X86_64))
		return -errno;
	return 0;
}

int kexecload_unload(void)
{
	return kexecload_load(0, NULL, 0);
}

int kexecload_exec(void)
{
	syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2,
		LINUX_REBOOT_CMD_KEXEC, NULL);
	return -errno;
}

const char *kexecload_explain(int err)
{
	switch (-err) {
	case EPERM:
		return "the kernel does not permit it: it is locked down, "
		       "kernel.kexec_load_disabled is set, or "
		       "CAP_SYS_BOOT is missing; run as root and see `kho check`";
	case EBUSY:
		return "another program is loading or starting an image right now; try again";
	case ENOMEM:
		return "the kernel has not enough free memory for a copy of the image; free "
		       "some and try again";
	case EADDRNOTAVAIL:
		return "the kernel does not accept the addresses the kho module chose; please "
		       "report it with the "
		       "output of `kho status --json`";
	case EINVAL:
		return "the kernel finds the image too large for this machine or its parts "
		       "overlapping; try a "
		       "smaller initrd";
	default:
		return strerror(-err);
	}
}
