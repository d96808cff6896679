/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a module of sessions tells kho.ko of them, for `kho status`, and so that `kho drop` does
 * not take from under a service what it has not asked for yet. Upstream has no such functions.
 */
#ifndef LINUX_KHO_SESSIONS_H
#define LINUX_KHO_SESSIONS_H

#include <linux/types.h>

/**
 * struct kho_sessions - sessions of both directions
 * @nr_out: that will be handed over
 * @out_bytes: of what they hold now, whether it is preserved already or will be at the jump
 * @nr_in: of the previous kernel, that nobody has finished
 */
struct kho_sessions {
	u32 nr_out;
	u32 nr_in;
	u64 out_bytes;
};

int kho_sessions_register(void (*count)(struct kho_sessions *s));
void kho_sessions_unregister(void);

#endif /* LINUX_KHO_SESSIONS_H */
