// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
#include "slots.h"

#include "crc32c.h"

/* ---- the walk ---- */

void kho_slot_walk_begin(struct kho_slot_walk *w, const struct kho_slots *slots)
{
	memset(w, 0, sizeof(*w));
	w->slots = slots;
	w->next_phys = slots->first_block_phys;
}

/* Of the slot looked at last, in its block. */
static u32 slot_offset(const struct kho_slot_walk *w)
{
	return sizeof(*w->block) + (w->at - 1) * w->slots->slot_bytes;
}

u64 kho_slot_phys(const struct kho_slot_walk *w)
{
	return w->block_phys + slot_offset(w);
}

const void *kho_slot_contents(const struct kho_slot_walk *w)
{
	return (const u8 *)w->block + slot_offset(w);
}

void kho_slot_copy(const struct kho_slot_walk *w, void *to, u32 bytes)
{
	u32 there = w->slots->slot_bytes < bytes ? w->slots->slot_bytes : bytes;

	memset(to, 0, bytes);
	memcpy(to, kho_slot_contents(w), there);
}

/* Return: enum kho_step, or errno. */
static int next_block(struct kho_slot_walk *w, struct kho_refusal *r)
{
	const struct kho_slot_format *f = w->slots->like;
	u32 most = (KHO_PAGE_SIZE - sizeof(*w->block)) / w->slots->slot_bytes;
	u64 from = w->block_phys, count;
	int err;

	/* Also at the end: a comparison that was stopped has found nothing. */
	err = kho_page_go_on(w->slots->ops, from, r);
	if (err)
		return err;
	if (!w->next_phys)
		return KHO_STEP_END;
	if (w->nr_blocks == KHO_BLOCK_CHAIN_MAX)
		return kho_refuse(r, -ERANGE, f->too_long, from, w->next_phys,
				  0);
	w->block = kho_page_at(w->slots->ops, w->next_phys);
	if (!w->block)
		return kho_page_refuse(w->slots->ops, r, f->missing,
				       f->went_bad, from, w->next_phys, 0);
	w->block_phys = w->next_phys;
	count = READ_ONCE(w->block->count);
	if (!count || count > most)
		return kho_refuse(r, -ERANGE, f->count, w->block_phys, count,
				  most);
	w->nr_slots = (u32)count;
	w->next_phys = w->block->next;
	w->nr_blocks++;
	w->at = 0;
	return KHO_STEP_NEXT;
}

static bool is_free(const struct kho_slot_walk *w)
{
	u32 state;

	memcpy(&state, kho_slot_contents(w), sizeof(state));
	return w->slots->like->has_free && !state;
}

int kho_slot_next(struct kho_slot_walk *w, struct kho_refusal *r)
{
	for (;;) {
		int step;

		while (w->block && w->at < w->nr_slots) {
			w->at++;
			if (!is_free(w))
				return KHO_STEP_NEXT;
		}
		step = next_block(w, r);
		if (step != KHO_STEP_NEXT)
			return step;
	}
}

/* ---- names ---- */

static const char *name_of(const struct kho_slot_walk *w)
{
	return (const char *)kho_slot_contents(w) + w->slots->like->name_offset;
}

static bool same_name(const char *a, const char *b, u32 bytes)
{
	u32 i;

	for (i = 0; i < bytes && a[i] == b[i]; i++)
		if (!a[i])
			return true;
	return false;
}

/* Whether a slot before that of @w has its name. */
static bool name_came_before(const struct kho_slot_walk *w)
{
	struct kho_slot_walk again;

	kho_slot_walk_begin(&again, w->slots);
	while (kho_slot_next(&again, NULL) == KHO_STEP_NEXT &&
	       (again.block_phys != w->block_phys || again.at != w->at))
		if (same_name(name_of(&again), name_of(w),
			      w->slots->like->name_bytes))
			return true;
	return false;
}

/* Names that are looked at in one pass over the chain, in a table of twice as many places. */
enum { PASS_NAMES = 128, PASS_PLACES = 2 * PASS_NAMES };

static u32 name_hash(const char *name, u32 most)
{
	u32 bytes = 0, hash;

	while (bytes < most && name[bytes])
		bytes++;
	hash = kho_crc32c(0, name, bytes);
	return hash ? hash : 1;
}

/* Puts a hash, not 0, into a table; false if it is there already, or there is no room. */
static bool hash_is_new(u32 *place, u32 *room, u32 hash)
{
	u32 i = hash % PASS_PLACES;

	for (; place[i]; i = (i + 1) % PASS_PLACES)
		if (place[i] == hash)
			return false;
	if (!*room)
		return false;
	place[i] = hash;
	--*room;
	return true;
}

/*
 * Names whose hash is @part of @parts. A name is compared with all others only where its hash
 * was there before, or where so many hashes fall into this part as nobody but an enemy can bring
 * about; at least half of the places stay empty, so that a search ends.
 */
static int check_part_of_names(const struct kho_slots *slots, u32 part,
			       u32 parts, struct kho_refusal *r)
{
	u32 place[PASS_PLACES] = { 0 }, room = PASS_NAMES;
	struct kho_slot_walk w;
	int step;

	kho_slot_walk_begin(&w, slots);
	while ((step = kho_slot_next(&w, r)) == KHO_STEP_NEXT) {
		u32 hash = name_hash(name_of(&w), slots->like->name_bytes);

		if (hash / PASS_PLACES % parts == part &&
		    !hash_is_new(place, &room, hash) && name_came_before(&w))
			return kho_refuse(r, -EEXIST, slots->like->name_twice,
					  kho_slot_phys(&w), 0, 0);
	}
	return step;
}

int kho_slots_check_names(const struct kho_slots *slots, u32 nr,
			  struct kho_refusal *r)
{
	u32 parts = 1 + nr / (PASS_NAMES / 2), part;
	int err = 0;

	for (part = 0; part < parts && !err; part++)
		err = check_part_of_names(slots, part, parts, r);
	return err;
}
