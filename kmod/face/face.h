/* SPDX-License-Identifier: GPL-2.0 */
/* What face/ offers to the other rooms: what user space sees: /dev/kho, sysfs, debugfs. */
#ifndef KHO_KMOD_FACE_H
#define KHO_KMOD_FACE_H

#include <linux/kho.h>
#include <linux/types.h>

/* --- dev.c */

int kho_dev_init(void);
void kho_dev_ready(void);
void kho_dev_exit(void);
void kho_status_get(struct kho_ioctl_status *status);

/* --- debugfs.c, sysfs.c: what can be looked at */

void kho_debugfs_init(void);
void kho_debugfs_exit(void);
void kho_sysfs_init(void);
void kho_sysfs_exit(void);

#endif /* KHO_KMOD_FACE_H */
