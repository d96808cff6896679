/* SPDX-License-Identifier: GPL-2.0 */
/* A handover that is in memory now: what is preserved for the next kernel, or what came in. */
#ifndef KHO_CLI_LIVEWIRE_H
#define KHO_CLI_LIVEWIRE_H

#include "cli/wire/kcore.h"
#include "cli/wire/wire.h"

/**
 * struct livewire - a handover in memory
 * @kcore: physical memory
 * @pages: pages of it
 * @wire: what was read
 */
struct livewire {
	struct kcore kcore;
	struct wire_pages pages;
	struct wire wire;
};

/**
 * livewire_read() - read it
 * @l: filled on success, to be freed with livewire_free()
 * @dev: device, for what is outgoing; -1 for what came in
 *
 * What is outgoing may change while it is read; it is read again then, a few times.
 *
 * Return: NULL, or why it is impossible, a whole sentence. To be freed.
 */
char *livewire_read(struct livewire *l, int dev);
void livewire_free(struct livewire *l);

/**
 * livewire_incoming_head() - where the previous kernel left its head page
 *
 * Return: physical address, as the boot data tell; 0 if nothing was left.
 */
u64 livewire_incoming_head(void);

#endif /* KHO_CLI_LIVEWIRE_H */
