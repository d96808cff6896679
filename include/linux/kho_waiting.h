/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Looking at what came in before taking it over. Upstream has no such functions: a client there
 * restores first and checks afterwards. Here it can check all of its data, and take over all of
 * it or leave all of it where it is.
 */
#ifndef LINUX_KHO_WAITING_H
#define LINUX_KHO_WAITING_H

#include <linux/types.h>

struct folio;
struct kho_mark;
struct kho_refusal;

void kho_waiting_begin(void);
bool kho_waiting_trybegin(void);
void kho_waiting_end(void);
const void *kho_waiting_page(phys_addr_t phys);
const void *kho_waiting_block(phys_addr_t phys, unsigned int order);
struct kho_mark kho_waiting_mark(phys_addr_t phys);
struct folio *kho_restore_cache_folio(phys_addr_t phys);
u64 kho_waiting_unclaimed(void);
u64 kho_waiting_total(void);
const void *kho_waiting_block_op(void *ctx, u64 phys, unsigned int order);
struct kho_mark kho_waiting_mark_op(void *ctx, u64 phys);
bool kho_waiting_bad_op(void *ctx, u64 phys, unsigned int order);
void kho_client_refused(const char *client, const struct kho_refusal *r);

#endif /* LINUX_KHO_WAITING_H */
