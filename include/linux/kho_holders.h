/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What modules that keep things for user space tell kho.ko of them, for `kho status`, and so that
 * `kho drop` does not take from under a service what it has not asked for yet. Upstream has no
 * such functions.
 */
#ifndef LINUX_KHO_HOLDERS_H
#define LINUX_KHO_HOLDERS_H

#include <linux/types.h>

/**
 * enum kho_holder - what there may be
 * @KHO_HOLDER_SESSION: sessions of /dev/liveupdate
 * @KHO_HOLDER_TREE: kept trees
 * @KHO_NR_HOLDERS: how many kinds
 */
enum kho_holder {
	KHO_HOLDER_SESSION,
	KHO_HOLDER_TREE,
	KHO_NR_HOLDERS,
};

/**
 * struct kho_held - holders of one kind, in both directions
 * @nr_out: that will be handed over
 * @nr_in: of the previous kernel, that nobody has finished, or restored
 * @out_bytes: of what the former hold now, whether it is preserved already or will be at the jump
 */
struct kho_held {
	u32 nr_out;
	u32 nr_in;
	u64 out_bytes;
};

int kho_holders_register(enum kho_holder kind,
			 void (*count)(struct kho_held *held));
void kho_holders_unregister(enum kho_holder kind);

#endif /* LINUX_KHO_HOLDERS_H */
