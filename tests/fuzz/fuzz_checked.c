// SPDX-License-Identifier: GPL-2.0
/*
 * Builds a handover from a script, damages it from the same script, with checksums made right
 * again or not, and asks the naive reader whether the core's answer is right.
 */
#include <stdlib.h>

#include "handover.h"
#include "input.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

enum step {
	STEP_PRESERVE,
	STEP_RAW_KEY,
	STEP_LINK,
	STEP_WORD,
	STEP_BYTES,
	STEP_FIX,
	STEP_FIX_TALLY,
	STEP_SEAL,
	NR_STEPS,
};

static struct handover h;
/* Whether something in the wire area is not what handover_seal() wrote. */
static bool wire_touched;

static u64 nr_nodes(void)
{
	return (h.next_node_phys - (HANDOVER_BASE + MAP_NODES)) / KHO_PAGE_SIZE;
}

static bool room_for_nodes(void)
{
	return nr_nodes() + 6 < (MAP_NODES_END - MAP_NODES) / KHO_PAGE_SIZE;
}

/* Mostly somewhere in the memory, or near it; sometimes anywhere. */
static u64 take_phys(struct input *in)
{
	u64 how = take(in, 1);

	if (how < 0xf0)
		return HANDOVER_BASE + (take(in, 2) << KHO_PAGE_SHIFT);
	if (how < 0xf8)
		return HANDOVER_BASE + MAP_NODES + take(in, 1) * KHO_PAGE_SIZE;
	return take(in, 8);
}

static void preserve(struct input *in)
{
	unsigned int order = take(in, 1) % 16;
	u64 phys = kho_align_down(take_phys(in), KHO_PAGE_SIZE << order);

	if (room_for_nodes())
		handover_preserve(&h, phys, order);
}

static void raw_key(struct input *in)
{
	u64 key = take(in, 8);

	if (room_for_nodes())
		handover_enter_key(&h, key % (1ULL << 60));
}

/* Links a slot of the way to some key to some page. */
static void link_node(struct input *in)
{
	unsigned int level = 1 + take(in, 1) % 5;
	u64 key = kho_key(take_phys(in), take(in, 1) % 4);
	u64 *slot;

	if (!room_for_nodes())
		return;
	slot = handover_slot(&h, key, level);
	if (slot)
		*slot = take_phys(in);
}

static void set_word(struct input *in)
{
	u64 phys = HANDOVER_BASE + MAP_NODES +
		   take(in, 1) % nr_nodes() * KHO_PAGE_SIZE;
	u64 *word = handover_at(&h, phys);

	word[take(in, 2) % 512] = take(in, 8);
}

static void set_bytes(struct input *in)
{
	u8 *page = handover_wire(&h, take(in, 1) % KHO_WIRE_PAGES);
	u32 offset = take(in, 2) % KHO_PAGE_SIZE;
	u32 len = 1 + take(in, 1) % 8;

	while (len-- && offset < KHO_PAGE_SIZE)
		page[offset++] = (u8)take(in, 1);
	wire_touched = true;
}

static void fix(struct input *in)
{
	u64 which = take(in, 1);

	if (which & 1)
		handover_fix_chain(&h);
	if (which & 2)
		handover_fix_module(&h);
	if (which & 4)
		handover_fix_fdt(&h);
}

/* Counts what a reader finds. */
static void fix_tally(struct input *in)
{
	struct handover_keys keys;

	handover_tree_is_good(&h, &keys);
	handover_tally(&h)[take(in, 1) % 2] = keys.tally;
	free(keys.key);
}

static void run_step(struct input *in)
{
	switch ((enum step)(take(in, 1) % NR_STEPS)) {
	case STEP_PRESERVE:
		preserve(in);
		break;
	case STEP_RAW_KEY:
		raw_key(in);
		break;
	case STEP_LINK:
		link_node(in);
		break;
	case STEP_WORD:
		set_word(in);
		break;
	case STEP_BYTES:
		set_bytes(in);
		break;
	case STEP_FIX:
		fix(in);
		break;
	case STEP_FIX_TALLY:
		fix_tally(in);
		break;
	case STEP_SEAL:
		memset(handover_wire(&h, KHO_WIRE_HEAD), 0,
		       KHO_WIRE_PAGES * KHO_PAGE_SIZE);
		handover_seal(&h);
		wire_touched = false;
		break;
	case NR_STEPS:
		break;
	}
}

static void compare_accepted(const struct kho_checked *in,
			     const struct handover_keys *keys)
{
	if (keys->nr != h.nr_seen ||
	    (keys->nr && memcmp(keys->key, h.seen, keys->nr * sizeof(u64))))
		test_die("the blocks are not those of the tree");
	if (memcmp(&in->tally, &keys->tally, sizeof(in->tally)))
		test_die("the tally is not that of the tree");
}

static void judge(void)
{
	struct handover_keys keys;
	struct kho_refusal r = { 0 };
	struct kho_checked in;
	int err = handover_check(&h, &in, &r);
	bool good;

	if (err && (!r.check || r.err != err || err >= 0))
		test_die("refused without a reason");
	good = handover_tree_is_good(&h, &keys);
	/* The extents may have been changed and be consistent, so that less is known. */
	if (!err && !wire_touched && !good)
		test_die("accepted, but the tree is bad");
	if (err && !wire_touched && good)
		test_die("refused, but all is good: %s", r.check);
	if (!err && good && in.module->tree_phys == h.tree_phys)
		compare_accepted(&in, &keys);
	free(keys.key);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct input in = { data, size };

	if (!h.va)
		handover_init(&h);
	handover_clear(&h);
	handover_seal(&h);
	wire_touched = false;
	while (in.left)
		run_step(&in);
	judge();
	return 0;
}
