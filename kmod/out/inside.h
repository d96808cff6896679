/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files of out/ offer one another, lowest first; other rooms include out.h alone.
 * Everything is called under kho_out_lock, except where stated.
 */
#ifndef KHO_KMOD_OUT_INSIDE_H
#define KHO_KMOD_OUT_INSIDE_H

#include <linux/kho/abi/kho_module.h>

#include "core/bits.h"
#include "core/fdt.h"
#include "core/tracker.h"
#include "core/mark.h"
#include "kmod/kho.h"

struct kho_ram;
struct kho_replan;
struct module;

/* Everything that the next kernel will be given; see each file. */
extern struct mutex kho_out_lock;

/* --- fit.c: memory that can be preserved where it lies */

struct page *kho_fit_alloc_covered(gfp_t gfp, unsigned int order,
				   int (*cover)(u64 start, u64 end));

/* --- wire.c: the pages that the next kernel reads */

int kho_wire_alloc(int (*cover)(u64 start, u64 end));
void kho_wire_free(void);
void kho_wire_fill(u64 tree_phys, u32 kexec_count);
void *kho_wire_page(enum kho_wire_page which);
bool kho_wire_contains(u64 phys);
struct kho_module_ser *kho_wire_module(void);
void kho_wire_publish_chain(const struct kho_range *extent, u32 nr);
void kho_wire_publish_scratch(const struct kho_range *range, u32 nr);
int kho_wire_publish_fdt(u64 tree_phys, const struct kho_fdt_subtree *table,
			 u32 nr);

/* --- arena.c: pages for the metadata of the wire */

int kho_arena_init(int (*cover)(u64 start, u64 end));
void kho_arena_exit(void);
void *kho_arena_alloc(void *ctx);
void kho_arena_free(void *ctx, void *node);
unsigned long *kho_arena_population(void *ctx, void *node);
void kho_arena_mark(struct kho_replan *plan);
u64 kho_arena_bytes(void);

/* --- preserve.c: tracker and cover */

int kho_preserve_init(void (*mark)(struct kho_replan *plan));
void kho_preserve_exit(void);
int kho_tree_init(void);
void kho_tree_exit(void);
u64 kho_tree_phys(void);
int kho_preserve_wire(void);
int kho_out_cover(u64 start, u64 end);
int kho_out_cover_nodes(u64 start, u64 end);
int kho_out_refuses(u64 start, u64 end);
int kho_preserve_page(u64 phys);
int kho_unpreserve_page(u64 phys);
int kho_out_leave(u64 phys);
bool kho_out_reserved(u64 start, u64 end);
struct kho_mark kho_out_block_from(u64 phys);
int kho_out_replan(void);
int kho_preserve_walk(kho_tracker_visit visit, void *ctx);
int kho_out_take_ram(struct kho_ram *machine);
unsigned int kho_out_ram_changes(void);
void kho_out_room(u64 *ram, u64 *left, u64 *least);

/* --- subtree.c: blobs that clients name */

int kho_subtrees_init(void);
void kho_subtrees_exit(void);
void kho_subtrees_mark(struct kho_replan *plan);
void *kho_out_subtree_of(const struct module *mod);

int kho_subtree_leave(u64 phys);
int kho_subtree_late(const char *name, u64 phys, u64 bytes);

/* --- check.c: what the next kernel would say */

int kho_out_check(void);
int kho_out_check_changes(void);

/* --- bad.c: preserved pages that went bad */

int kho_bad_init(void);
void kho_bad_exit(void);
void kho_bad_publish(void);

/* --- notify.c: what the kernel tells; without the lock */

int kho_notify_init(void);
void kho_notify_exit(void);

#endif /* KHO_KMOD_OUT_INSIDE_H */
