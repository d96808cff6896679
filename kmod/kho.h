/* SPDX-License-Identifier: GPL-2.0 */
/* What all files of kho.ko have in common; what a room offers is in the header of its name. */
#ifndef KHO_KMOD_H
#define KHO_KMOD_H

#include <linux/io.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/types.h>

#undef pr_fmt
#define pr_fmt(fmt) "KHO: " fmt

/*
 * The module cannot go while somebody relies on it: has a reference on it held, or not.
 * @holds: whether one is held for this reason; the caller's lock is on it
 */
static inline void kho_hold_module(bool *holds, bool hold)
{
	if (hold == *holds)
		return;
	if (hold)
		__module_get(THIS_MODULE);
	else
		module_put(THIS_MODULE);
	*holds = hold;
}

/* Handover is on: memory can be preserved. Set once, while the module starts. */
extern bool kho_enabled;

/* --- selftest.c */

const char *kho_selftest(void);

/* --- ioctl.c: arguments that may grow */

int kho_ioctl_get(void *to, size_t known, size_t least, const void __user *from,
		  u32 bytes);
int kho_ioctl_put(void __user *to, u32 bytes, const void *from, size_t known);
int kho_ioctl_put_list(void __user *to, u32 bytes, const void *from,
		       size_t known, u64 user_list, const void *list,
		       size_t list_bytes, bool fits);

#endif /* KHO_KMOD_H */
