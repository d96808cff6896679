/* SPDX-License-Identifier: GPL-2.0 */
/* Nodes for trackers, as cheap as they can be: zeroed pages from a stack. */
#ifndef KHO_BENCH_POOL_H
#define KHO_BENCH_POOL_H

#include "core/tracker.h"

/* Makes room for so many nodes; with @populate memory is there before it is first used. */
void bench_pool_init(u32 nr_nodes, bool populate);

/* An empty tracker with nodes of the pool. */
void bench_tracker_open(struct kho_tracker *t, struct kho_tally_ser *tally);

/* Where a page of the pool is mapped minus its physical address. */
u64 bench_pool_offset(void);

#endif /* KHO_BENCH_POOL_H */
