/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* A block chain (kexec_handover.h) of slots that have names: parcels, kept trees. */
#ifndef KHO_CORE_SLOTS_H
#define KHO_CORE_SLOTS_H

#include <linux/kho/abi/kexec_handover.h>

#include "pages.h"

/**
 * struct kho_slot_format - what slots are like, and what a refusal calls them
 * @name_offset: where in a slot its name is, NUL-terminated
 * @name_bytes: size of a name with its NUL
 * @has_free: a slot whose first 32 bits are 0 is free, and not looked at
 * @missing: a block is not preserved
 * @went_bad: likewise, because memory went bad
 * @too_long: the chain is too long or a circle
 * @count: a block has no slots, or too many
 * @name_twice: a name is there twice
 */
struct kho_slot_format {
	u32 name_offset;
	u32 name_bytes;
	bool has_free;
	const char *missing;
	const char *went_bad;
	const char *too_long;
	const char *count;
	const char *name_twice;
};

/**
 * struct kho_slots - one chain
 * @like: what its slots are like
 * @ops: environment
 * @first_block_phys: first block, 0 = none
 * @slot_bytes: from one slot to the next; one fits into a block
 */
struct kho_slots {
	const struct kho_slot_format *like;
	const struct kho_page_ops *ops;
	u64 first_block_phys;
	u32 slot_bytes;
};

/**
 * struct kho_slot_walk - a walk over all slots of a chain
 * @slots: the chain
 * @block: contents of the block that is looked at
 * @block_phys: its address; 0 = before the first
 * @next_phys: block that follows
 * @nr_blocks: blocks entered so far
 * @nr_slots: slots of @block, as they were checked
 * @at: number of the slot to be looked at next
 */
struct kho_slot_walk {
	const struct kho_slots *slots;
	const struct kho_block_header_ser *block;
	u64 block_phys;
	u64 next_phys;
	u32 nr_blocks;
	u32 nr_slots;
	u32 at;
};

/* Starts before the first slot; nothing is looked at. */
void kho_slot_walk_begin(struct kho_slot_walk *w,
			 const struct kho_slots *slots);

/**
 * kho_slot_next() - go on to the next slot that is not free
 * @w: walk
 * @r: filled on refusal, may be NULL
 *
 * When it is called, contents of the block that the last slot was the last one of are not looked
 * at any more.
 *
 * Return: KHO_STEP_NEXT, KHO_STEP_END, -EBADMSG, -ERANGE, -EINTR (it was stopped), KHO_WENT_BAD.
 */
int kho_slot_next(struct kho_slot_walk *w, struct kho_refusal *r);

/* Address of the slot that kho_slot_next() came to. */
u64 kho_slot_phys(const struct kho_slot_walk *w);

/* Copies that slot: of a shorter one the rest is 0, of a longer one it is the first @bytes. */
void kho_slot_copy(const struct kho_slot_walk *w, void *to, u32 bytes);

/* That slot, as it lies there. */
const void *kho_slot_contents(const struct kho_slot_walk *w);

/**
 * kho_slots_check_names() - check that no name is there twice
 * @slots: all of them were found good
 * @nr: how many are not free
 * @r: filled on refusal, may be NULL
 *
 * The chain is gone over once for every 64 slots. Names with one hash, which nobody but an enemy
 * has many of, are compared with all others; that can be stopped.
 *
 * Return: 0 or -EEXIST; what kho_slot_next() returns.
 */
int kho_slots_check_names(const struct kho_slots *slots, u32 nr,
			  struct kho_refusal *r);

#endif /* KHO_CORE_SLOTS_H */
