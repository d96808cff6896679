// SPDX-License-Identifier: GPL-2.0
/* kexec_load(2), kexec_file_load(2), reboot(2), and what their errors mean. */
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

/* No kernel knows these flags. */
#define NO_FLAG_LOAD 0x8000UL
#define NO_FLAG_FILE 0x80000000UL

const char *kexec_call_name(enum kexec_call call)
{
	return call == KEXEC_FILE ? "kexec_file_load(2)" : "kexec_load(2)";
}

int kexecload_load(u64 entry, const struct kexecload_segment *segments,
		   size_t nr)
{
	if (syscall(SYS_kexec_load, entry, nr, segments,
		    (unsigned long)KEXEC_ARCH_X86_64))
		return -errno;
	return 0;
}

static int file_load(int kernel, int initrd, const char *cmdline,
		     unsigned long flags)
{
	if (syscall(SYS_kexec_file_load, kernel, initrd, strlen(cmdline) + 1,
		    cmdline, flags))
		return -errno;
	return 0;
}

int kexecload_file(int kernel, int initrd, const char *cmdline)
{
	return file_load(kernel, initrd, cmdline,
			 initrd < 0 ? KEXEC_FILE_NO_INITRAMFS : 0UL);
}

int kexecload_permitted(enum kexec_call call)
{
	int err;

	if (call == KEXEC_FILE)
		err = file_load(-1, -1, "", NO_FLAG_FILE);
	else
		err = syscall(SYS_kexec_load, 0UL, 0UL, NULL,
			      KEXEC_ARCH_X86_64 | NO_FLAG_LOAD) ?
			      -errno :
			      0;
	return err == -EINVAL ? 0 : err;
}

static int unload_with(enum kexec_call call)
{
	return call == KEXEC_FILE ? file_load(-1, -1, "", KEXEC_FILE_UNLOAD) :
				    kexecload_load(0, NULL, 0);
}

int kexecload_unload(enum kexec_call call)
{
	int err = unload_with(call), other;

	if (err != -EPERM && err != -EACCES && err != -ENOSYS)
		return err;
	other = unload_with(call == KEXEC_FILE ? KEXEC_LOAD : KEXEC_FILE);
	return other == -ENOSYS ? err : other;
}

int kexecload_exec(void)
{
	syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2,
		LINUX_REBOOT_CMD_KEXEC, NULL);
	return -errno;
}

/* What only kexec_file_load(2) says, which looks into the files itself. NULL: something else. */
static const char *explain_file(int err)
{
	switch (-err) {
	case ENOEXEC:
	case ELIBBAD:
		return "the kernel does not take the file for a kernel that it can start; get "
		       "the file anew";
	case ENODATA:
		return "the kernel's file is not signed, and this kernel wants it to be; give "
		       "one that is";
	case ENOKEY:
		return "the kernel's file is signed with a key that this kernel does not trust; "
		       "have its certificate enrolled (mokutil --import), or give another kernel";
	case EKEYREJECTED:
	case EBADMSG:
		return "the signature of the kernel's file does not match: the file was changed, "
		       "or its key was revoked; get the file anew";
	case EPERM:
		return "the kernel does not permit it: it is locked down and does not trust "
		       "the key that the file is signed with (mokutil --import enrols one), "
		       "kernel.kexec_load_disabled is set, or CAP_SYS_BOOT is missing; see "
		       "`kho check`";
	case EACCES:
		return "a security module (IMA, LoadPin, SELinux) does not permit to load this "
		       "file; see the kernel log";
	default:
		return NULL;
	}
}

const char *kexecload_explain(enum kexec_call call, int err)
{
	const char *why = call == KEXEC_FILE ? explain_file(err) : NULL;

	if (why)
		return why;
	switch (-err) {
	case EPERM:
	case EACCES:
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
