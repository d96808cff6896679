/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What clients/ offers to the other rooms. Clients use <linux/kexec_handover.h> as any driver
 * would.
 */
#ifndef KHO_KMOD_CLIENTS_H
#define KHO_KMOD_CLIENTS_H

#include <linux/kho.h>
#include <linux/kho_holders.h>
#include <linux/types.h>

/* --- parcel.c: named strings of bytes; parcel_dev.c: their ioctls */

struct kho_parcel;

int kho_parcel_init(void);
void kho_parcel_exit(void);
u64 kho_parcel_missing(u64 bytes);
struct kho_parcel *kho_parcel_create(const char *name, u32 mode);
int kho_parcel_append(struct kho_parcel *p, const char __user *from,
		      size_t bytes);
int kho_parcel_commit(struct kho_parcel *p, bool replace);
struct kho_parcel *kho_parcel_find(const char *name);
int kho_parcel_absent(const char *name, char *why, size_t room);
void kho_parcel_put(struct kho_parcel *p);
int kho_parcel_verify(struct kho_parcel *p);
int kho_parcel_index(struct kho_parcel *p);
ssize_t kho_parcel_read(struct kho_parcel *p, char __user *to, size_t bytes,
			loff_t *pos);
u64 kho_parcel_bytes(const struct kho_parcel *p);
u32 kho_parcel_crc32c(const struct kho_parcel *p);
u32 kho_parcel_mode(const struct kho_parcel *p);
int kho_parcel_drop(const char *name);
u32 kho_parcel_count(void);
u32 kho_parcel_list(struct kho_parcel_info *info, u32 room);
long kho_parcel_ioctl(unsigned int cmd, void __user *arg, u32 bytes);

/* --- reserve.c: named reserved regions */

int kho_reserve_parse(void);
void kho_reserve_init(void);
void kho_reserve_exit(void);
long kho_reserve_ioctl(unsigned int cmd, void __user *arg, u32 bytes);

/* --- holders.c: how many sessions and kept trees there are */

void kho_holders_count(enum kho_holder kind, struct kho_held *held);
void kho_holders_init(void);
void kho_holders_exit(void);

/* --- metadata.c: subtree "kexec-metadata" */

struct kho_kexec_metadata;

int kho_metadata_check(struct kho_kexec_metadata *m, const void *blob,
		       u64 bytes);

#endif /* KHO_KMOD_CLIENTS_H */
