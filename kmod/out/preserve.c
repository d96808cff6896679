// SPDX-License-Identifier: GPL-2.0
/*
 * What is preserved, and what covers it: the tracker knows every block, and the cover every
 * extent that the next kernel will reserve. At every instant, between any two stores, the wire
 * describes a handover that the receiver accepts and that contains every preserved block: the
 * cover grows before a block is entered in the tree.
 *
 * Everything here is under kho_out_lock, except where stated.
 */

#include <linux/kho.h>
#include <linux/module.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "core/cover.h"
#include "core/ram.h"
#include "core/tracker.h"
#include "kmod/kho.h"
#include "kmod/machine/machine.h"
#include "kmod/out/inside.h"
#include "kmod/out/out.h"

/*
 * Which memory is RAM: of this machine, by the memory maps of images that are prepared or loaded
 * (empty: there are none), and what both have in common, which is what may be preserved.
 */
static struct kho_ram machine_ram;
static struct kho_ram map_ram;
static struct kho_ram out_ram;
static unsigned int ram_changes;
static struct kho_cover out_cover;
static struct kho_tracker out_tracker;
/* Tells a re-plan what is to be covered besides blocks and nodes. */
static void (*mark_besides)(struct kho_replan *plan);

/* What the module itself preserves; the rest belongs to clients. */
static struct kho_tally_ser own_tally;
/* A reference on the module is held while clients have something preserved. */
static bool holds_module;

/* Nothing, while there is no tracker. */
static const struct kho_tally_ser *tally(void)
{
	static const struct kho_tally_ser nothing;

	return out_tracker.tally ?: &nothing;
}

static u64 client_keys(void)
{
	return tally()->nr_keys - own_tally.nr_keys;
}

/* The module cannot go while clients rely on it. */
static void update_hold(void)
{
	kho_hold_module(&holds_module, client_keys());
}

/* ------------------------------------------------------------------------------- the cover */

static void publish_leads(void)
{
	kho_wire_publish_chain(out_cover.lead, out_cover.nr_leads);
}

static void publish_keepouts(void)
{
	static_assert(KHO_COVER_MAX_KEEPOUT <= KHO_MAX_SCRATCH);
	kho_wire_publish_scratch(out_cover.keepout, out_cover.nr_keepout);
}

/**
 * kho_out_cover() - make sure that a range of metadata is covered
 * @start: physical address of the first byte, page aligned
 * @end: first byte after it, page aligned
 *
 * Context: under kho_out_lock: called by the arena, which is called by the tracker.
 *
 * Return: 0, -EINVAL (also where the next kernel may write) or -ENOSPC as kho_cover_add().
 */
int kho_out_cover(u64 start, u64 end)
{
	int ret = kho_firmware_writes(start, end) ?
			  -EINVAL :
			  kho_cover_add(&out_cover, start, end);

	if (ret != KHO_LEADS_CHANGED)
		return ret;
	publish_leads();
	return 0;
}

static int replan_mark(void *ctx, u64 phys, unsigned int order, u64 nr)
{
	kho_replan_mark(ctx, phys, phys + (nr << (PAGE_SHIFT + order)));
	return 0;
}

/* Return: as kho_replan_end(), or -ENOMEM. */
static int find_extents(void)
{
	struct kho_replan plan;
	const gfp_t gfp = GFP_KERNEL | __GFP_NOWARN | __GFP_RETRY_MAYFAIL;
	size_t bytes = kho_replan_bytes(&out_cover);
	void *buf;
	int ret;

	/* Nobody is killed for it, and at the jump there may be nobody to wait for. */
	buf = kvmalloc(bytes, gfp);
	while (!buf && bytes > PAGE_SIZE) {
		bytes = round_up(bytes / 2, 8);
		buf = kvmalloc(bytes, gfp);
	}
	if (!buf)
		return -ENOMEM;
	ret = kho_replan_begin(&plan, &out_cover, buf, bytes);
	if (ret)
		goto out;
	kho_tracker_walk(&out_tracker, replan_mark, &plan);
	kho_arena_mark(&plan);
	mark_besides(&plan);
	ret = kho_replan_end(&plan, &out_cover);
	if (ret < 0)
		pr_err("%#llx .. %#llx is preserved, but cannot be handed over: it is scratch, or not RAM of both kernels\n",
		       plan.strayed.start, plan.strayed.end);
out:
	kvfree(buf);
	return ret;
}

/**
 * kho_out_replan() - make the extents as tight as they can be, and publish nothing but them
 *
 * On failure they stay as they are, and nothing but them is published all the same.
 *
 * Return: 0, -EINVAL (something that is preserved is not RAM any more) or -ENOMEM.
 */
int kho_out_replan(void)
{
	int ret = find_extents(), leads = ret;

	if (ret < 0)
		leads = kho_cover_tighten(&out_cover);
	if (leads == KHO_LEADS_CHANGED)
		publish_leads();
	return min(ret, 0);
}

/* Finds the block that contains the page at @phys. */
static bool block_at(u64 phys, u64 *start, unsigned int *order)
{
	u64 orders = out_tracker.orders;

	for (; orders; orders &= orders - 1) {
		*order = __ffs64(orders);
		*start = kho_align_down(phys, PAGE_SIZE << *order);
		if (kho_tracker_lookup(&out_tracker, *start, *order))
			return true;
	}
	return false;
}

/*
 * The page allocator has just given @range to us, so nobody owns what is preserved there: some
 * client has freed it and forgotten to say so. It must not cost the others theirs.
 */
static void forget_freed(const struct kho_range *range)
{
	unsigned int order;
	u64 phys, start, nr = 0;

	for (phys = range->start; phys < range->end; phys += PAGE_SIZE) {
		while (block_at(phys, &start, &order) &&
		       !kho_tracker_unpreserve(&out_tracker, start, order))
			if (!nr++)
				pr_err("%#llx, a block of %llu pages, was preserved and then freed: whoever did that loses it, as its memory is somebody else's now\n",
				       start, 1ULL << order);
		if (!(phys % KHO_COVER_GRANULE))
			cond_resched();
	}
	if (nr > 1)
		pr_err("so it is with %llu more blocks in %#llx .. %#llx\n",
		       nr - 1, range->start, range->end);
	update_hold();
}

/**
 * kho_out_cover_nodes() - make sure that pages for nodes are covered
 * @start: as kho_out_cover()
 * @end: as kho_out_cover()
 *
 * Context: under kho_out_lock, also within changes of the tracker: called by the arena.
 *
 * Return: as kho_out_cover(); -EEXIST: a client has freed something there that is preserved.
 */
int kho_out_cover_nodes(u64 start, u64 end)
{
	unsigned int order;
	u64 phys, block;

	for (phys = start; phys < end; phys += PAGE_SIZE)
		if (block_at(phys, &block, &order))
			return -EEXIST;
	return kho_out_cover(start, end);
}

/**
 * kho_out_leave() - do not hand over a block that is in everybody's way
 * @phys: of any page of it
 *
 * Context: under kho_out_lock.
 *
 * Return: 0; -ENOENT if there is none, or it is the module's own.
 */
int kho_out_leave(u64 phys)
{
	unsigned int order;
	u64 start;

	if (!phys || kho_wire_contains(phys) ||
	    !block_at(phys, &start, &order) ||
	    kho_tracker_unpreserve(&out_tracker, start, order))
		return -ENOENT;
	pr_crit("%#llx, a block of %llu pages, is not handed over\n", start,
		1ULL << order);
	update_hold();
	return 0;
}

/**
 * kho_out_reserved() - will the next kernel have reserved all of this, and is it RAM there?
 * @start: physical address of its first byte
 * @end: first byte after it
 *
 * Context: under kho_out_lock.
 */
bool kho_out_reserved(u64 start, u64 end)
{
	return kho_ranges_contain(out_ram.range, out_ram.nr, start, end) &&
	       kho_ranges_contain(out_cover.lead, out_cover.nr_leads, start,
				  end);
}

/**
 * kho_out_block_from() - which block begins at a page?
 * @phys: physical address of it
 *
 * Context: under kho_out_lock.
 */
struct kho_mark kho_out_block_from(u64 phys)
{
	u64 orders = out_tracker.orders;

	for (; orders; orders &= orders - 1) {
		unsigned int order = __ffs64(orders);

		if (IS_ALIGNED(phys, PAGE_SIZE << order) &&
		    kho_tracker_lookup(&out_tracker, phys, order))
			return kho_mark_of(order);
	}
	return kho_mark_none();
}

/**
 * kho_out_keepout_add() - ban preserved memory from ranges, and extents too
 * @range: page aligned, owned by the caller, who has them from the page allocator: what is
 *   preserved there by a client that has freed it is forgotten, and the log says so
 * @nr: number of ranges
 *
 * Context: may sleep; the time is linear in the pages of the ranges.
 *
 * Return: 0; -ENOSPC, -EINVAL or -ENOMEM with nothing changed but for how tight the extents are,
 * and what was forgotten.
 */
int kho_out_keepout_add(const struct kho_range *range, u32 nr)
{
	int ret = 0;
	u32 i;

	guard(mutex)(&kho_out_lock);
	for (i = 0; i < nr; i++) {
		ret = kho_cover_keepout_add(&out_cover, range[i].start,
					    range[i].end);
		if (ret)
			goto err_del;
		if (client_keys())
			forget_freed(&range[i]);
	}
	ret = kho_out_replan();
	if (!ret) {
		publish_keepouts();
		return 0;
	}
err_del:
	while (i--)
		kho_cover_keepout_del(&out_cover, range[i].start, range[i].end);
	return ret;
}

/**
 * kho_out_keepout_del() - take back what kho_out_keepout_add() did
 * @range: the same ranges
 * @nr: number of ranges
 */
void kho_out_keepout_del(const struct kho_range *range, u32 nr)
{
	u32 i;

	guard(mutex)(&kho_out_lock);
	for (i = 0; i < nr; i++)
		kho_cover_keepout_del(&out_cover, range[i].start, range[i].end);
	publish_keepouts();
}

/* ---------------------------------------------------------------- preserving and unpreserving */

/*
 * May this range be preserved for where it lies? The one place that says so, but for what
 * kho_out_cover() knows at once.
 */
static int check_place(u64 start, u64 end, struct kho_refusal *r)
{
	if (kho_firmware_writes(start, end))
		return kho_refuse(
			r, -EINVAL,
			"the next kernel may clear a table of the firmware there",
			start, end, end);
	if (map_ram.range &&
	    kho_ranges_contain(machine_ram.range, machine_ram.nr, start, end) &&
	    !kho_ranges_contain(map_ram.range, map_ram.nr, start, end))
		return kho_refuse(
			r, -EINVAL,
			"the memory map of the loaded image does not have it; load the image again",
			start, end, end);
	return kho_cover_check(&out_cover, start, end, r);
}

static int refuse_range(u64 phys, u64 nr_pages, int ret)
{
	struct kho_refusal r = { .check = "no extent can cover it" };
	u64 end = phys + (nr_pages << PAGE_SHIFT);

	check_place(phys, end, &r);
	pr_err_ratelimited("cannot preserve %#llx, %llu pages: %s\n", phys,
			   nr_pages, r.check);
	return ret;
}

/* The next kernel would refuse all of a handover whose blocks overlap. */
static int check_overlap(u64 phys, u64 nr_pages)
{
	unsigned int order;
	u64 with;

	if (kho_tracker_overlap(&out_tracker, phys, nr_pages, &with, &order)) {
		pr_err_ratelimited(
			"cannot preserve %#llx, %llu pages: %#llx is preserved as a block of %llu\n",
			phys, nr_pages, with, 1ULL << order);
		return -EEXIST;
	}
	return 0;
}

/* @quiet: where it must not lie is no surprise to the caller, who has other pages for it. */
static int out_preserve(u64 phys, u64 nr_pages, enum kho_keep how, bool quiet)
{
	int ret = check_overlap(phys, nr_pages);

	if (ret)
		return ret;
	ret = kho_out_cover(phys, phys + (nr_pages << PAGE_SHIFT));
	if (ret == -EINVAL && quiet)
		return ret;
	if (ret)
		return refuse_range(phys, nr_pages, ret);
	if (how == KHO_KEEP_RANGE)
		return kho_tracker_preserve_range(&out_tracker, phys, nr_pages);
	ret = kho_tracker_preserve(&out_tracker, phys, ilog2(nr_pages));
	if (ret == KHO_ENTERED_BEFORE && how == KHO_KEEP_NEW_FOLIO)
		return -EEXIST;
	return min(ret, 0);
}

/**
 * kho_out_preserve() - preserve a range
 * @phys: physical address of the first page
 * @nr_pages: not 0, the range does not wrap
 * @how: see there
 *
 * Context: may sleep.
 *
 * Return: 0, -EINVAL, -EEXIST (overlap, or see @how), -ENOSPC, -ERANGE, -ENOMEM; on failure
 * nothing is preserved that was not before.
 */
int kho_out_preserve(u64 phys, u64 nr_pages, enum kho_keep how)
{
	int ret;

	guard(mutex)(&kho_out_lock);
	ret = out_preserve(phys, nr_pages, how, false);
	update_hold();
	return ret;
}

/*
 * Single pages side by side, together. Where something is wrong with one of them they are taken
 * one by one, so that those before it are preserved, and the log names it.
 */
static int out_preserve_pages(u64 phys, u64 nr_pages, u64 *nr_done)
{
	unsigned int order;
	int ret = 0;
	u64 with;

	if (!kho_tracker_overlap_pages(&out_tracker, phys, nr_pages, &with,
				       &order) &&
	    !kho_out_cover(phys, phys + (nr_pages << PAGE_SHIFT)))
		return kho_tracker_preserve_pages(&out_tracker, phys, nr_pages,
						  nr_done);
	for (*nr_done = 0; *nr_done < nr_pages && !ret; *nr_done += !ret)
		ret = out_preserve(phys + (*nr_done << PAGE_SHIFT), 1,
				   KHO_KEEP_NEW_FOLIO, true);
	return ret;
}

/* How many folios from the first on are single pages, one after the other; at least 1. */
static unsigned int run_of_pages(struct folio *const *folio, unsigned int nr)
{
	unsigned long first = folio_pfn(folio[0]);
	unsigned int run = 1;

	if (folio_test_large(folio[0]))
		return 1;
	while (run < nr && folio_pfn(folio[run]) == first + run &&
	       !folio_test_large(folio[run]))
		run++;
	return run;
}

static int out_preserve_run(struct folio *const *folio, unsigned int run,
			    u64 *nr_done)
{
	u64 phys = PFN_PHYS(folio_pfn(folio[0]));
	int ret;

	if (run > 1)
		return out_preserve_pages(phys, run, nr_done);
	ret = out_preserve(phys, folio_nr_pages(folio[0]), KHO_KEEP_NEW_FOLIO,
			   true);
	*nr_done = !ret;
	return ret;
}

/**
 * kho_out_preserve_folios() - preserve folios
 * @folio: as kho_out_preserve() with KHO_KEEP_NEW_FOLIO for each, up to the first that is refused
 * @nr: how many
 * @nr_done: filled with how many are preserved
 *
 * The log does not tell of a folio that is refused for where it lies.
 *
 * Context: may sleep.
 *
 * Return: as kho_out_preserve(), of folio *@nr_done.
 */
int kho_out_preserve_folios(struct folio *const *folio, unsigned int nr,
			    unsigned int *nr_done)
{
	unsigned int i = 0;
	int ret = 0;

	guard(mutex)(&kho_out_lock);
	while (i < nr && !ret) {
		u64 done;

		ret = out_preserve_run(folio + i,
				       run_of_pages(folio + i, nr - i), &done);
		i += done;
	}
	*nr_done = i;
	update_hold();
	return ret;
}

/**
 * kho_out_unpreserve() - undo kho_out_preserve()
 * @phys: as there
 * @nr_pages: as there
 * @folio: it was kept as one block, not as a range
 *
 * Context: may sleep.
 *
 * Return: 0, or -ENOENT, -EINVAL, -ERANGE with nothing changed.
 */
int kho_out_unpreserve(u64 phys, u64 nr_pages, bool folio)
{
	int ret;

	if (!kho_enabled || !nr_pages)
		return -EINVAL;
	guard(mutex)(&kho_out_lock);
	ret = folio ? kho_tracker_unpreserve(&out_tracker, phys,
					     ilog2(nr_pages)) :
		      kho_tracker_unpreserve_range(&out_tracker, phys,
						   nr_pages);
	if (ret)
		pr_err_ratelimited(
			"cannot unpreserve %#llx, %llu pages: not preserved like this\n",
			phys, nr_pages);
	update_hold();
	return ret;
}

/**
 * kho_out_refuses() - must this range not be preserved, for where it lies?
 * @start: physical address of the first byte, page aligned
 * @end: first byte after it, page aligned
 *
 * Context: under kho_out_lock.
 *
 * Return: 0, or an error.
 */
int kho_out_refuses(u64 start, u64 end)
{
	struct kho_refusal r;

	return check_place(start, end, &r);
}

/**
 * kho_preserve_page() - preserve a page of this room
 * @phys: of it
 *
 * Context: under kho_out_lock.
 *
 * Return: as kho_out_preserve().
 */
int kho_preserve_page(u64 phys)
{
	int ret = out_preserve(phys, 1, KHO_KEEP_NEW_FOLIO, true);

	update_hold();
	return ret;
}

/**
 * kho_unpreserve_page() - undo kho_preserve_page()
 * @phys: of it
 *
 * Context: under kho_out_lock.
 *
 * Return: as kho_out_unpreserve().
 */
int kho_unpreserve_page(u64 phys)
{
	int ret = kho_tracker_unpreserve(&out_tracker, phys, 0);

	update_hold();
	return ret;
}

/**
 * kho_preserve_walk() - visit all preserved blocks
 * @visit: see kho_tracker_walk()
 * @ctx: passed to it
 *
 * Context: under kho_out_lock.
 *
 * Return: as kho_tracker_walk().
 */
int kho_preserve_walk(kho_tracker_visit visit, void *ctx)
{
	return kho_tracker_walk(&out_tracker, visit, ctx);
}

/**
 * kho_out_may_preserve() - would kho_out_preserve() refuse this range for where it lies?
 * @phys: as there
 * @nr_pages: as there
 *
 * Context: may sleep. The answer may be out of date at once: scratch comes and goes.
 */
bool kho_out_may_preserve(u64 phys, u64 nr_pages)
{
	guard(mutex)(&kho_out_lock);
	return !kho_out_refuses(phys, phys + (nr_pages << PAGE_SHIFT));
}

static int meets_range(void *ctx, u64 phys, unsigned int order, u64 nr)
{
	const struct kho_range *range = ctx;

	return phys < range->end &&
	       phys + (nr << (PAGE_SHIFT + order)) > range->start;
}

/**
 * kho_out_holds() - is anything in this range preserved?
 * @range: of physical memory
 *
 * Context: may sleep. Looks at everything that is preserved.
 */
bool kho_out_holds(const struct kho_range *range)
{
	guard(mutex)(&kho_out_lock);
	return kho_tracker_walk(&out_tracker, meets_range, (void *)range);
}

/* ------------------------------------------------------------------------ which memory is RAM */

/* What @machine and @map have in common; without a map all of @machine. */
static int common_ram(struct kho_ram *ram, const struct kho_ram *machine,
		      const struct kho_ram *map)
{
	const struct kho_ram *other = map->range ? map : machine;

	ram->range = kcalloc(machine->nr + other->nr, sizeof(*ram->range),
			     GFP_KERNEL | __GFP_NOWARN);
	if (!ram->range)
		return -ENOMEM;
	ram->nr = kho_ranges_intersect(ram->range, machine->range, machine->nr,
				       other->range, other->nr);
	return 0;
}

static void use_ram(struct kho_ram *ram)
{
	swap(out_ram, *ram);
	ram_changes++;
	kho_cover_set_ram(&out_cover, out_ram.range, out_ram.nr);
}

/**
 * kho_out_ram_changes() - how often what may be preserved has changed
 *
 * Context: under kho_out_lock.
 */
unsigned int kho_out_ram_changes(void)
{
	return ram_changes;
}

/**
 * kho_out_take_ram() - this is RAM of this machine now
 * @machine: taken over, and left as what it was before
 *
 * Context: under kho_out_lock.
 *
 * Return: 0, or -ENOMEM: what is known stays.
 */
int kho_out_take_ram(struct kho_ram *machine)
{
	struct kho_ram ram;
	int ret;

	if (kho_ram_same(&machine_ram, machine))
		return 0;
	ret = common_ram(&ram, machine, &map_ram);
	if (ret)
		return ret;
	swap(machine_ram, *machine);
	/* A cover without any RAM is none: then nothing changes but what is said of it. */
	if (ram.nr) {
		use_ram(&ram);
		kho_out_replan();
	}
	kho_ram_put(&ram);
	return 0;
}

/**
 * kho_out_ram_refresh() - look again which memory is RAM
 *
 * Memory that is plugged is announced while it is not in use yet; that it was taken out is not
 * announced at all. Hence this is also called before an image is loaded, and before the jump.
 *
 * Context: may sleep.
 *
 * Return: 0, or -ENOMEM: what is known stays.
 */
int kho_out_ram_refresh(void)
{
	struct kho_ram ram;
	int ret = kho_ram_get(&ram);

	if (!ret) {
		guard(mutex)(&kho_out_lock);
		ret = kho_out_take_ram(&ram);
	}
	kho_ram_put(&ram);
	return ret;
}

/**
 * kho_out_limit() - from now on preserve only what is RAM by a memory map, too
 * @map: RAM by all maps that a next kernel may be given; empty: there are none. Taken over, and
 *   left as what it was before, unless this fails
 *
 * Context: may sleep.
 *
 * Return: 0; -ERANGE: something that is preserved is not RAM by the map, the log names it;
 * -ENOMEM.
 */
int kho_out_limit(struct kho_ram *map)
{
	struct kho_ram ram;
	int ret;

	guard(mutex)(&kho_out_lock);
	ret = common_ram(&ram, &machine_ram, map);
	if (ret)
		return ret;
	if (!kho_ram_same(&ram, &out_ram)) {
		if (!ram.nr) {
			ret = -ERANGE;
			goto out;
		}
		use_ram(&ram);
		ret = kho_out_replan();
		if (ret) {
			use_ram(&ram);
			goto out;
		}
	}
	swap(map_ram, *map);
out:
	kho_ram_put(&ram);
	return ret == -EINVAL ? -ERANGE : ret;
}

/* ------------------------------------------------------------------------------------- status */

/**
 * kho_out_client_pages() - how much is preserved by clients
 *
 * Context: any; without kho_out_lock it may be out of date at once.
 *
 * Return: pages.
 */
u64 kho_out_client_pages(void)
{
	return READ_ONCE(tally()->nr_pages) - own_tally.nr_pages;
}

/**
 * kho_out_status() - fill the outgoing part of a status
 * @status: out
 */
void kho_out_status(struct kho_ioctl_status *status)
{
	u32 i;

	guard(mutex)(&kho_out_lock);
	status->out_head_phys = kho_out_setup_data();
	status->out_blocks = client_keys();
	status->out_bytes = kho_out_client_pages() << PAGE_SHIFT;
	status->out_overhead_bytes = kho_arena_bytes() +
				     KHO_WIRE_PAGES * PAGE_SIZE +
				     out_ram.nr * sizeof(*out_ram.range);
	status->out_extent_bytes = kho_cover_bytes(&out_cover);
	status->nr_extents = out_cover.nr_extents;
	status->nr_scratch = out_cover.nr_keepout;
	status->out_stopping_ns =
		kho_wire_module()->stamp_ns[KHO_STAMP_STOPPING];
	status->out_scratch_bytes = 0;
	for (i = 0; i < out_cover.nr_keepout; i++)
		status->out_scratch_bytes +=
			out_cover.keepout[i].end - out_cover.keepout[i].start;
}

/**
 * kho_out_room() - what will the next kernel boot with?
 * @ram: RAM of both kernels, bytes
 * @left: what no extent holds of it
 * @least: with less than this it may not come up: two times what lies in scratch, twice what
 *   describes the pages of memory, and 64 MiB
 *
 * Context: under kho_out_lock.
 */
void kho_out_room(u64 *ram, u64 *left, u64 *least)
{
	u64 held = kho_cover_bytes(&out_cover);
	u32 i;

	*ram = 0;
	for (i = 0; i < out_ram.nr; i++)
		*ram += out_ram.range[i].end - out_ram.range[i].start;
	*left = *ram - min(held, *ram);
	*least = SZ_64M + *ram / PAGE_SIZE * sizeof(struct page) * 2;
	for (i = 0; i < out_cover.nr_keepout; i++)
		*least += 2 * (out_cover.keepout[i].end -
			       out_cover.keepout[i].start);
}

/**
 * kho_out_missing() - how much does the next kernel lack to boot with?
 *
 * Context: may sleep.
 *
 * Return: bytes; 0: it has enough.
 */
u64 kho_out_missing(void)
{
	u64 ram, left, least;

	guard(mutex)(&kho_out_lock);
	/* Extents as they were may hold more than is to be had. */
	kho_out_replan();
	kho_out_room(&ram, &left, &least);
	return least > left ? least - left : 0;
}

/**
 * kho_out_ranges() - list extents and scratch
 * @info: filled as far as there is room
 * @room: elements
 *
 * Return: how many there are.
 */
u32 kho_out_ranges(struct kho_range_info *info, u32 room)
{
	u32 i, nr = 0;

	guard(mutex)(&kho_out_lock);
	for (i = 0; i < out_cover.nr_extents; i++, nr++)
		if (nr < room)
			info[nr] = (struct kho_range_info){
				.start = out_cover.extent[i].start,
				.end = out_cover.extent[i].end,
				.type = KHO_RANGE_EXTENT,
			};
	for (i = 0; i < out_cover.nr_keepout; i++, nr++)
		if (nr < room)
			info[nr] = (struct kho_range_info){
				.start = out_cover.keepout[i].start,
				.end = out_cover.keepout[i].end,
				.type = KHO_RANGE_SCRATCH,
			};
	return nr;
}

/* ---------------------------------------------------------------------------- init and exit */

/**
 * kho_preserve_init() - begin with a cover of nothing
 * @mark: tells a re-plan what is to be covered besides what is preserved
 *
 * Return: 0, -ENOMEM, -ENODEV (no RAM is named).
 */
int kho_preserve_init(void (*mark)(struct kho_replan *plan))
{
	int ret = kho_ram_get(&machine_ram);

	if (!ret)
		ret = common_ram(&out_ram, &machine_ram, &map_ram);
	if (ret) {
		kho_ram_put(&machine_ram);
		return ret;
	}
	mark_besides = mark;
	kho_cover_init(&out_cover, out_ram.range, out_ram.nr);
	return 0;
}

/**
 * kho_preserve_exit() - undo kho_preserve_init()
 */
void kho_preserve_exit(void)
{
	kho_ram_put(&out_ram);
	kho_ram_put(&map_ram);
	kho_ram_put(&machine_ram);
}

/**
 * kho_tree_init() - make an empty tree; wire area and arena are there
 *
 * Return: 0 or -ENOMEM.
 */
int kho_tree_init(void)
{
	struct kho_tracker_ops ops = {
		.node_alloc = kho_arena_alloc,
		.node_free = kho_arena_free,
		.node_population = kho_arena_population,
		.va_offset = PAGE_OFFSET,
	};

	return kho_tracker_init(&out_tracker, &ops, kho_wire_module()->tally);
}

/**
 * kho_tree_exit() - undo kho_tree_init(); no client has anything in it
 */
void kho_tree_exit(void)
{
	kho_tracker_destroy(&out_tracker);
}

/**
 * kho_tree_phys() - physical address of the root page of the tree
 */
u64 kho_tree_phys(void)
{
	return kho_tracker_root_phys(&out_tracker);
}

/**
 * kho_preserve_wire() - preserve the wire area, and let all that it is become the next kernel's
 *
 * Return: 0 or as kho_out_preserve().
 */
int kho_preserve_wire(void)
{
	unsigned int i;
	int ret;

	publish_leads();
	/* Page by page: a larger block would make the receiver look for overlaps with it. */
	for (i = 0; i < KHO_WIRE_PAGES; i++) {
		ret = out_preserve(virt_to_phys(kho_wire_page(i)), 1,
				   KHO_KEEP_RANGE, false);
		if (ret)
			return ret;
	}
	own_tally = *tally();
	return 0;
}
