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
	if (bytes > max_t(size_t, PAGE_SIZE, 2 * known))
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

/**
 * kho_ioctl_put_list() - copy a list, and the struct that asked for it
 * @to: user's struct, which says how many there are
 * @bytes: as kho_ioctl_put()
 * @from: as kho_ioctl_put()
 * @known: as kho_ioctl_put()
 * @user_list: where the user wants the list
 * @list: elements
 * @list_bytes: size of all of them
 * @fits: the user, and whoever filled it, had room for all
 *
 * Return: 0; -ENOSPC: only the struct was copied; -EFAULT.
 */
int kho_ioctl_put_list(void __user *to, u32 bytes, const void *from,
		       size_t known, u64 user_list, const void *list,
		       size_t list_bytes, bool fits)
{
	int ret;

	if (fits && copy_to_user(u64_to_user_ptr(user_list), list, list_bytes))
		return -EFAULT;
	ret = kho_ioctl_put(to, bytes, from, known);
	return ret || fits ? ret : -ENOSPC;
}
