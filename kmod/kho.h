/* SPDX-License-Identifier: GPL-2.0 */
/* What all files of kho.ko have in common; what a room offers is in the header of its name. */
#ifndef KHO_KMOD_H
#define KHO_KMOD_H

#include <linux/io.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/types.h>

#undef pr_fmt
#define pr_fmt(fmt) "KHO: " fmt

/* Handover is on: memory can be preserved. Set once, while the module starts. */
extern bool kho_enabled;

/* --- selftest.c */

const char *kho_selftest(void);

/* --- ioctl.c: arguments that may grow */

int kho_ioctl_get(void *to, size_t known, size_t least, const void __user *from,
		  u32 bytes);
int kho_ioctl_put(void __user *to, u32 bytes, const void *from, size_t known);

#endif /* KHO_KMOD_H */
