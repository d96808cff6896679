/* SPDX-License-Identifier: GPL-2.0 */
/*
 * For tests that compile parts of core/ once more, with a look after each store to what the
 * receiver reads: included before those parts, which are linked as they are, too. The including
 * file has the look, after_store().
 */
#ifndef KHO_TESTS_STORES_H
#define KHO_TESTS_STORES_H

static void after_store(void);

#define READ_ONCE(x) (x)
#define WRITE_ONCE(x, val)     \
	do {                   \
		after_store(); \
		(x) = (val);   \
		after_store(); \
	} while (0)
/* What was stored without WRITE_ONCE() is looked at here at the latest. */
#define smp_wmb() after_store()

/* The plain ones are linked too. */
#define kho_tracker_init stores_init
#define kho_tracker_destroy stores_destroy
#define kho_tracker_root_phys stores_root_phys
#define kho_tracker_preserve stores_preserve
#define kho_tracker_unpreserve stores_unpreserve
#define kho_tracker_preserve_range stores_preserve_range
#define kho_tracker_preserve_pages stores_preserve_pages
#define kho_tracker_unpreserve_range stores_unpreserve_range
#define kho_tracker_lookup stores_lookup
#define kho_tracker_overlap stores_overlap
#define kho_tracker_overlap_pages stores_overlap_pages
#define kho_tracker_walk stores_walk

#endif /* KHO_TESTS_STORES_H */
