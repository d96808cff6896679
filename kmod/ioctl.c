// SPDX-License-Identifier: GPL-2.0
/* Arguments of ioctls: structs that may grow, as <linux/kho.h> says. */

#include <linux/uaccess.h>

#include "kmod/kho.h"

/**
 * kho_ioctl_get() - copy the argument of an ioctl
 * @to: filled; what the caller does not know of yet is zero
 * @known: size of the struct here
 * @least: size of its first version
 * @from: user's struct
 * @bytes: size member of it
 *
 * Return: 0, -EINVAL (too small), -E2BIG (has something that is not known here), -EFAULT.
 */
int kho_ioctl_get(void *to, size_t known, size_t least, const void __user *from,
		  u32 bytes)
{
	if (bytes < least)
		return -EINVAL;
	if (bytes > PAGE_SIZE)
		return -E2BIG;
	return copy_struct_from_user(to, known, from, bytes);
}

/**
 * kho_ioctl_put() - copy the result of an ioctl
 * @to: user's struct
 * @bytes: its size: no more is written
 * @from: struct here
 * @known: size of it
 *
 * Return: 0 or -EFAULT.
 */
int kho_ioctl_put(void __user *to, u32 bytes, const void *from, size_t known)
{
	return copy_to_user(to, from, min_t(size_t, bytes, known)) ? -EFAULT :
								     0;
}
