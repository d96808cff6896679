// SPDX-License-Identifier: GPL-2.0
/*
 * The outgoing side: the wire area, and with it everything the next kernel will be given.
 *
 * The wire area stays where it is from module load to the jump, so that an image may be loaded at
 * any time. At every instant, between any two stores, it describes a handover that the receiver
 * accepts and that contains every preserved block: the cover grows before a block is entered in
 * the tree, and whatever takes more than one store is written to a page not in use and published
 * by one store (see <linux/kho/abi/kho_module.h>).
 *
 * Everything here is under out_lock, except where stated.
 */

#include <linux/kho.h>
#include <linux/kmsg_dump.h>
#include <linux/list.h>
#include <linux/memory.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/reboot.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>
#include <linux/timex.h>
#include <linux/utsname.h>
#include <linux/vmalloc.h>
#include <linux/kho/abi/metadata.h>

#include "core/chain.h"
#include "core/cover.h"
#include "core/crc32c.h"
#include "core/fdt.h"
#include "core/tracker.h"
#include "kmod/compat/compat.h"
#include "kmod/clients/clients.h"
#include "kmod/face/face.h"
#include "kmod/image/image.h"
#include "kmod/kho.h"
#include "kmod/machine/machine.h"
#include "kmod/out/out.h"

/* Names in one page of FDT: each takes at least 60 bytes. */
#define MAX_SUBTREES 64

/**
 * struct kho_out_subtree - one subtree of the root FDT
 * @list: in out_subtrees
 * @blob: in the direct map; NULL once it was removed
 * @bytes: size of the blob
 * @file: in debugfs, may be NULL; under subtree_lock
 * @caller: address in the code of the client that added it, as far as that can be told
 * @caller_name: where the client keeps the name; never followed
 * @name: node name
 */
struct kho_out_subtree {
	struct list_head list;
	void *blob;
	u64 bytes;
	struct dentry *file;
	unsigned long caller;
	unsigned long caller_name;
	char name[];
};

/* Adding and removing subtrees together with their files in debugfs; taken before out_lock. */
static DEFINE_MUTEX(subtree_lock);
static DEFINE_MUTEX(out_lock);
static struct kho_ram out_ram;
static struct kho_cover out_cover;
static struct kho_tracker out_tracker;
static LIST_HEAD(out_subtrees);
static u32 nr_subtrees;
/* The first of them are the module's own. */
static u32 nr_own_subtrees;

/* The wire area: first page, and views of the others. */
static void *wire;
static struct kho_head_ser *wire_head;
static struct kho_module_ser *wire_module;

/* What the module itself preserves; the rest belongs to clients. */
static struct kho_tally_ser own_tally;
/* A reference on the module is held while clients have state here. */
static bool holds_module;

static void *wire_page(enum kho_wire_page which)
{
	return wire + which * PAGE_SIZE;
}

/* --------------------------------------------------------------- publishing, one store each */

/* The page of a pair that is not in use, given the physical address that is. */
static enum kho_wire_page spare_of(u64 in_use, enum kho_wire_page a,
				   enum kho_wire_page b)
{
	return in_use == virt_to_phys(wire_page(a)) ? b : a;
}

static void publish_chain(void)
{
	enum kho_wire_page spare = spare_of(wire_head->hdr.next,
					    KHO_WIRE_CHAIN_A, KHO_WIRE_CHAIN_B);
	struct kho_chain_ser *chain = wire_page(spare);

	kho_chain_write(chain, virt_to_phys(chain), out_cover.lead,
			out_cover.nr_leads);
	smp_wmb(); /* the chain is complete before it is used */
	WRITE_ONCE(wire_head->hdr.next, virt_to_phys(chain));
}

static bool announced(const struct kho_scratch *area,
		      const struct kho_range *range)
{
	return area->addr == range->start &&
	       area->size == range->end - range->start;
}

/*
 * Announces all scratch to a kernel with native KHO, lowest first. At every instant the list is a
 * beginning of the old one or of the new one, so it never names memory that may hold anything:
 * areas are kept out of the cover before they are announced, and announced no more before they
 * are given back.
 */
static void publish_scratch(void)
{
	struct kho_scratch *list = (void *)wire_head + KHO_WIRE_SCRATCH_OFFSET;
	u32 was = wire_head->data.scratch_size / sizeof(*list);
	u32 nr = out_cover.nr_keepout, same = 0, i;

	static_assert(KHO_COVER_MAX_KEEPOUT <= KHO_MAX_SCRATCH);
	while (same < min(was, nr) &&
	       announced(&list[same], &out_cover.keepout[same]))
		same++;
	WRITE_ONCE(wire_head->data.scratch_size, same * sizeof(*list));
	smp_wmb(); /* what changes is not announced while it does */
	for (i = same; i < nr; i++) {
		list[i].addr = out_cover.keepout[i].start;
		list[i].size =
			out_cover.keepout[i].end - out_cover.keepout[i].start;
	}
	smp_wmb(); /* areas are complete before they are announced */
	WRITE_ONCE(wire_head->data.scratch_size, nr * sizeof(*list));
}

static int publish_fdt(void)
{
	enum kho_wire_page spare = spare_of(wire_head->data.fdt_addr,
					    KHO_WIRE_FDT_A, KHO_WIRE_FDT_B);
	/*
	 * Under out_lock, like everything; removing a subtree must not fail for want of
	 * memory.
	 */
	static struct kho_fdt_subtree table[MAX_SUBTREES];
	struct kho_out_subtree *s;
	void *fdt = wire_page(spare);
	u32 nr = 0;
	int ret;

	if (nr_subtrees > MAX_SUBTREES)
		return -ENOSPC;
	list_for_each_entry(s, &out_subtrees, list) {
		table[nr].name = s->name;
		table[nr].phys = virt_to_phys(s->blob);
		table[nr++].bytes = s->bytes;
	}
	ret = kho_fdt_write(fdt, kho_tracker_root_phys(&out_tracker), table,
			    nr);
	if (ret)
		return ret;
	wire_module->fdt_crc[spare - KHO_WIRE_FDT_A] =
		kho_crc32c(0, fdt, PAGE_SIZE);
	smp_wmb(); /* FDT and checksum are complete before they are used */
	WRITE_ONCE(wire_head->data.fdt_addr, virt_to_phys(fdt));
	return 0;
}

/* ------------------------------------------------------------------------------- the cover */

/**
 * kho_out_cover() - make sure that a range of metadata is covered
 * @start: physical address of the first byte, page aligned
 * @end: first byte after it, page aligned
 *
 * Context: under out_lock: called by the arena, which is called by the tracker.
 *
 * Return: 0, -EINVAL (also where the next kernel may write) or -ENOSPC as kho_cover_add().
 */
int kho_out_cover(u64 start, u64 end)
{
	int ret = kho_firmware_writes(start, end) ?
			  -EINVAL :
			  kho_cover_add(&out_cover, start, end);

	if (ret <= 0)
		return ret;
	if (wire)
		publish_chain();
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
	struct kho_out_subtree *s;
	struct kho_replan plan;
	size_t bytes = kho_replan_bytes(&out_cover);
	void *buf;
	int ret;

	buf = kvmalloc(bytes, GFP_KERNEL | __GFP_NOWARN);
	while (!buf && bytes > PAGE_SIZE) {
		bytes = round_up(bytes / 2, 8);
		buf = kvmalloc(bytes, GFP_KERNEL | __GFP_NOWARN);
	}
	if (!buf)
		return -ENOMEM;
	ret = kho_replan_begin(&plan, &out_cover, buf, bytes);
	if (ret)
		goto out;
	kho_tracker_walk(&out_tracker, replan_mark, &plan);
	kho_arena_mark(&plan);
	list_for_each_entry(s, &out_subtrees, list)
		kho_replan_mark(&plan, PAGE_ALIGN_DOWN(virt_to_phys(s->blob)),
				PAGE_ALIGN(virt_to_phys(s->blob) + s->bytes));
	ret = kho_replan_end(&plan, &out_cover);
out:
	kvfree(buf);
	return ret;
}

/*
 * Makes the extents as tight as they can be, and what is published as tight as they are. On
 * failure they stay as they are, and nothing but them is published all the same.
 */
static int replan(void)
{
	int ret = find_extents();

	if (ret > 0 || (ret < 0 && kho_cover_tighten(&out_cover)))
		publish_chain();
	return min(ret, 0);
}

/**
 * kho_out_keepout_add() - ban preserved memory from ranges, and extents too
 * @range: page aligned; nothing in them is preserved
 * @nr: number of ranges
 *
 * Return: 0; -ENOSPC, -EINVAL or -ENOMEM with nothing changed but for how tight the extents are.
 */
int kho_out_keepout_add(const struct kho_range *range, u32 nr)
{
	int ret = 0;
	u32 i;

	guard(mutex)(&out_lock);
	for (i = 0; i < nr; i++) {
		ret = kho_cover_keepout_add(&out_cover, range[i].start,
					    range[i].end);
		if (ret)
			goto err_del;
	}
	ret = replan();
	if (!ret) {
		publish_scratch();
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

	guard(mutex)(&out_lock);
	for (i = 0; i < nr; i++)
		kho_cover_keepout_del(&out_cover, range[i].start, range[i].end);
	publish_scratch();
}

/* ---------------------------------------------------------------- preserving and unpreserving */

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
	bool hold = client_keys() || nr_subtrees > nr_own_subtrees;

	if (hold == holds_module)
		return;
	if (hold)
		__module_get(THIS_MODULE);
	else
		module_put(THIS_MODULE);
	holds_module = hold;
}

static int refuse_range(u64 phys, u64 nr_pages, int ret)
{
	struct kho_refusal r = { .check = "no extent can cover it" };

	if (kho_firmware_writes(phys, phys + (nr_pages << PAGE_SHIFT)))
		r.check =
			"the next kernel may clear a table of the firmware there";
	else
		kho_cover_check(&out_cover, phys,
				phys + (nr_pages << PAGE_SHIFT), &r);
	pr_err_ratelimited("cannot preserve %#llx, %llu pages: %s\n", phys,
			   nr_pages, r.check);
	return ret;
}

/* The next kernel would refuse all of a handover whose blocks overlap. */
static int check_overlap(u64 phys, u64 nr_pages, enum kho_keep how)
{
	unsigned int order;
	u64 with;

	if (kho_tracker_overlap(&out_tracker, phys, nr_pages, &with, &order)) {
		pr_err_ratelimited(
			"cannot preserve %#llx, %llu pages: %#llx is preserved as a block of %llu\n",
			phys, nr_pages, with, 1ULL << order);
		return -EEXIST;
	}
	if (how == KHO_KEEP_NEW_FOLIO &&
	    kho_tracker_lookup(&out_tracker, phys, ilog2(nr_pages)))
		return -EEXIST;
	return 0;
}

static int out_preserve(u64 phys, u64 nr_pages, enum kho_keep how)
{
	int ret = check_overlap(phys, nr_pages, how);

	if (ret)
		return ret;
	ret = kho_out_cover(phys, phys + (nr_pages << PAGE_SHIFT));
	if (ret)
		return refuse_range(phys, nr_pages, ret);
	if (how == KHO_KEEP_RANGE)
		return kho_tracker_preserve_range(&out_tracker, phys, nr_pages);
	ret = kho_tracker_preserve(&out_tracker, phys, ilog2(nr_pages));
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

	guard(mutex)(&out_lock);
	ret = out_preserve(phys, nr_pages, how);
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
				   KHO_KEEP_FOLIO);
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
	ret = out_preserve(phys, folio_nr_pages(folio[0]), KHO_KEEP_FOLIO);
	*nr_done = !ret;
	return ret;
}

/**
 * kho_out_preserve_folios() - preserve folios
 * @folio: as kho_out_preserve() with KHO_KEEP_FOLIO for each, up to the first that is refused
 * @nr: how many
 * @nr_done: filled with how many are preserved
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

	guard(mutex)(&out_lock);
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
	guard(mutex)(&out_lock);
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
 * kho_out_may_preserve() - would kho_out_preserve() refuse this range for where it lies?
 * @phys: as there
 * @nr_pages: as there
 *
 * Context: may sleep. The answer may be out of date at once: scratch comes and goes.
 */
bool kho_out_may_preserve(u64 phys, u64 nr_pages)
{
	struct kho_refusal r;

	guard(mutex)(&out_lock);
	return !kho_cover_check(&out_cover, phys,
				phys + (nr_pages << PAGE_SHIFT), &r);
}

/* ---------------------------------------------------------------------------------- subtrees */

static struct kho_out_subtree *subtree_by_name(const char *name)
{
	struct kho_out_subtree *s;

	list_for_each_entry(s, &out_subtrees, list)
		if (!strcmp(s->name, name))
			return s;
	return NULL;
}

static int subtree_add(const char *name, void *blob, u64 bytes)
{
	struct kho_out_subtree *s;
	int ret;

	if (subtree_by_name(name))
		return -EEXIST;
	if (bytes > U64_MAX - PAGE_SIZE - virt_to_phys(blob))
		return -EINVAL;
	/* The receiver refuses a handover whose blobs lie outside the extents. */
	ret = kho_out_cover(PAGE_ALIGN_DOWN(virt_to_phys(blob)),
			    PAGE_ALIGN(virt_to_phys(blob) + bytes));
	if (ret)
		return ret;
	s = kzalloc(struct_size(s, name, strlen(name) + 1), GFP_KERNEL);
	if (!s)
		return -ENOMEM;
	strcpy(s->name, name);
	s->blob = blob;
	s->bytes = bytes;
	list_add_tail(&s->list, &out_subtrees);
	nr_subtrees++;
	ret = publish_fdt();
	if (ret) {
		if (ret == -ENOSPC)
			pr_err("no room for subtree \"%s\": the root FDT is one page, and %u subtrees fill it\n",
			       name, nr_subtrees - 1);
		list_del(&s->list);
		nr_subtrees--;
		kfree(s);
	}
	return ret;
}

/**
 * kho_out_subtree_add_for() - enter a subtree of a client in the root FDT
 * @name: node name
 * @blob: in the direct map
 * @bytes: size
 * @caller: address in the code of the client, 0 = not known
 *
 * Return: 0, -EEXIST, -EINVAL (name), -ENOSPC (the page is full), -ENOMEM; on failure nothing
 * changed.
 */
int kho_out_subtree_add_for(const char *name, void *blob, u64 bytes,
			    unsigned long caller)
{
	struct kho_out_subtree *s;
	int ret;

	guard(mutex)(&subtree_lock);
	scoped_guard(mutex, &out_lock) {
		ret = subtree_add(name, blob, bytes);
		update_hold();
	}
	if (ret)
		return ret;
	s = list_last_entry(&out_subtrees, struct kho_out_subtree, list);
	s->caller = caller;
	s->caller_name = (unsigned long)name;
	s->file = kho_debugfs_subtree_add(name, bytes, s);
	return 0;
}

/**
 * kho_out_subtree_add() - enter a subtree of our own in the root FDT
 * @name: node name
 * @blob: in the direct map
 * @bytes: size
 *
 * Return: as kho_out_subtree_add_for().
 */
int kho_out_subtree_add(const char *name, void *blob, u64 bytes)
{
	return kho_out_subtree_add_for(name, blob, bytes, 0);
}

static struct kho_out_subtree *client_subtree_by_blob(void *blob)
{
	struct kho_out_subtree *s;
	u32 nr = 0;

	list_for_each_entry(s, &out_subtrees, list)
		if (nr++ >= nr_own_subtrees && s->blob == blob)
			return s;
	return NULL;
}

/* Takes @s out of the root FDT. On failure all is as it was, but for the order of subtrees. */
static int subtree_unlist(struct kho_out_subtree *s)
{
	int ret;

	list_del(&s->list);
	nr_subtrees--;
	ret = publish_fdt();
	if (ret) {
		list_add_tail(&s->list, &out_subtrees);
		nr_subtrees++;
	} else {
		s->blob = NULL;
	}
	return ret;
}

/**
 * kho_out_subtree_remove() - remove a subtree from the root FDT
 * @blob: as it was added
 *
 * Nobody looks at the blob afterwards.
 *
 * Return: 0; -ENOENT; -ENOMEM: it is still there.
 */
int kho_out_subtree_remove(void *blob)
{
	struct kho_out_subtree *s;
	int ret = -ENOENT;

	guard(mutex)(&subtree_lock);
	scoped_guard(mutex, &out_lock) {
		s = client_subtree_by_blob(blob);
		if (s)
			ret = subtree_unlist(s);
		update_hold();
	}
	if (ret)
		return ret;
	/* Waits for readers, which take out_lock. */
	kho_debugfs_subtree_remove(s->file);
	kfree(s);
	return 0;
}

/**
 * kho_out_subtree_read() - read from a subtree's blob
 * @s: not freed yet
 * @to: filled
 * @bytes: room there
 * @pos: offset in the blob, not negative
 *
 * Context: may sleep.
 *
 * Return: bytes read, 0 from the end of the blob on, -ENOENT if it was removed.
 */
ssize_t kho_out_subtree_read(struct kho_out_subtree *s, void *to, size_t bytes,
			     loff_t pos)
{
	guard(mutex)(&out_lock);
	if (!s->blob)
		return -ENOENT;
	if (pos >= s->bytes)
		return 0;
	bytes = min_t(u64, bytes, s->bytes - pos);
	memcpy(to, s->blob + pos, bytes);
	return bytes;
}

/**
 * kho_out_subtrees_show() - make the files of the subtrees that are there already
 */
void kho_out_subtrees_show(void)
{
	struct kho_out_subtree *s;

	guard(mutex)(&subtree_lock);
	list_for_each_entry(s, &out_subtrees, list)
		s->file = kho_debugfs_subtree_add(s->name, s->bytes, s);
}

/**
 * kho_out_fdt() - copy the root FDT that is in use
 * @page: PAGE_SIZE bytes, filled
 */
void kho_out_fdt(void *page)
{
	guard(mutex)(&out_lock);
	memcpy(page, phys_to_virt(wire_head->data.fdt_addr), PAGE_SIZE);
}

/**
 * kho_out_scratch() - copy the list of scratch areas that is announced
 * @area: room for KHO_MAX_SCRATCH elements
 *
 * Return: how many there are.
 */
u32 kho_out_scratch(struct kho_scratch *area)
{
	guard(mutex)(&out_lock);
	memcpy(area, (void *)wire_head + KHO_WIRE_SCRATCH_OFFSET,
	       wire_head->data.scratch_size);
	return wire_head->data.scratch_size / sizeof(*area);
}

/**
 * kho_out_subtree_replace() - let a subtree have another blob
 * @name: of a subtree that was added
 * @blob: in the direct map, preserved by the caller, who keeps the old one until this returns
 * @bytes: size
 *
 * At every instant the next kernel finds the old blob or the new one.
 *
 * Context: may sleep.
 *
 * Return: 0; -ENOENT; -ENOMEM: the old blob is still there.
 */
int kho_out_subtree_replace(const char *name, void *blob, u64 bytes)
{
	struct kho_out_subtree *s;
	void *old_blob;
	u64 old_bytes;
	int ret;

	guard(mutex)(&out_lock);
	s = subtree_by_name(name);
	if (!s)
		return -ENOENT;
	old_blob = s->blob;
	old_bytes = s->bytes;
	s->blob = blob;
	s->bytes = bytes;
	ret = publish_fdt();
	if (ret) {
		s->blob = old_blob;
		s->bytes = old_bytes;
	}
	return ret;
}

/* --------------------------------------------------------- what travels with every handover */

/**
 * kho_out_setup_data() - where an image's list of setup_data nodes must lead
 *
 * Context: any, while the module is loaded.
 *
 * Return: physical address of the head node.
 */
u64 kho_out_setup_data(void)
{
	return virt_to_phys(wire_head);
}

/**
 * kho_out_stamp() - remember an instant for the next kernel's report
 * @which: of the instants
 */
void kho_out_stamp(enum kho_stamp which)
{
	WRITE_ONCE(wire_module->stamp_ns[which], ktime_get_real_ns());
}

/**
 * kho_out_unstamp() - an instant did not come after all
 * @which: of the instants
 */
void kho_out_unstamp(enum kho_stamp which)
{
	WRITE_ONCE(wire_module->stamp_ns[which], 0);
}

/*
 * The last that a kernel does before it starts another is to let dumpers of its log run: devices
 * are shut down then, and the other processors stand still.
 */
static void kho_jump_dump(struct kmsg_dumper *dumper, KHO_KMSG_DUMP_ARG)
{
	if (kho_kmsg_dump_reason() != KMSG_DUMP_SHUTDOWN)
		return;
	kho_out_stamp(KHO_STAMP_JUMP);
	/* Clocks start anew in the next kernel; this counter does not. */
	WRITE_ONCE(wire_module->stamp_ns[KHO_STAMP_JUMP_TSC], get_cycles());
}

static struct kmsg_dumper jump_dumper = {
	.dump = kho_jump_dump,
	.max_reason = KMSG_DUMP_SHUTDOWN,
};

/**
 * kho_out_memmap() - hand on the memory map that the image was loaded with
 * @entry: ranges in the firmware's order
 * @nr: at most KHO_MAX_MEMMAP
 *
 * The receiver ignores a map whose checksum is wrong, which is so while this writes it.
 */
void kho_out_memmap(const struct kho_memmap_entry_ser *entry, u32 nr)
{
	struct kho_memmap_ser *map = wire_page(KHO_WIRE_MEMMAP);

	guard(mutex)(&out_lock);
	WRITE_ONCE(map->magic, 0);
	smp_wmb(); /* not valid while it is written */
	memcpy(map->entry, entry, nr * sizeof(*entry));
	map->nr_entries = nr;
	map->crc = kho_crc32c(0, map->entry, nr * sizeof(*entry));
	smp_wmb(); /* complete before it is valid */
	WRITE_ONCE(map->magic, KHO_MEMMAP_MAGIC);
}

static void module_ser_fill(struct kho_module_ser *m, u32 kexec_count)
{
	m->magic = KHO_MODULE_MAGIC;
	m->version = KHO_MODULE_VERSION;
	m->size = sizeof(*m);
	strscpy(m->module_version, KHO_MODULE_VERSION_STRING,
		sizeof(m->module_version));
	strscpy(m->release, init_utsname()->release, sizeof(m->release));
	m->wire_phys = virt_to_phys(wire);
	m->tree_phys = kho_tracker_root_phys(&out_tracker);
	m->kexec_count = kexec_count;
	m->fixed_crc =
		kho_crc32c(0, m, offsetof(struct kho_module_ser, fixed_crc));
}

static void head_ser_fill(struct kho_head_ser *head)
{
	head->hdr.type = KHO_SETUP_DATA_TYPE;
	head->hdr.len = sizeof(head->data);
	head->data.fdt_size = PAGE_SIZE;
	head->data.scratch_addr = virt_to_phys(head) + KHO_WIRE_SCRATCH_OFFSET;
}

/* --------------------------------------------------------------------------------- notifiers */

static bool same_ram(const struct kho_ram *a, const struct kho_ram *b)
{
	return a->nr == b->nr &&
	       !memcmp(a->range, b->range, a->nr * sizeof(*a->range));
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
		guard(mutex)(&out_lock);
		if (!same_ram(&out_ram, &ram)) {
			swap(out_ram, ram);
			kho_cover_set_ram(&out_cover, out_ram.range,
					  out_ram.nr);
			replan();
		}
	}
	kho_ram_put(&ram);
	return ret;
}

static int kho_reboot_notify(struct notifier_block *nb, unsigned long action,
			     void *cmd)
{
	bool kexec = action == SYS_RESTART && cmd &&
		     !strcmp(cmd, "kexec reboot");
	u64 entry;

	if (!kexec)
		return NOTIFY_DONE;
	kho_out_stamp(KHO_STAMP_REBOOT);
	kho_out_ram_refresh();
	guard(mutex)(&out_lock);
	if (client_keys() &&
	    (!kho_image_loaded(&entry) || kho_watch_is_foreign(entry)))
		pr_crit("the image about to start was not loaded by `kho load`: %llu preserved pages will be lost\n",
			tally()->nr_pages - own_tally.nr_pages);
	replan();
	return NOTIFY_DONE;
}

/* After everyone else has had a chance to preserve something. */
static struct notifier_block reboot_nb = {
	.notifier_call = kho_reboot_notify,
	.priority = INT_MIN,
};

/* A blob that was added from this module's code, or under a name that lies in the module. */
static void *blob_of_module(const struct module *mod)
{
	struct kho_out_subtree *s;

	guard(mutex)(&subtree_lock);
	list_for_each_entry(s, &out_subtrees, list)
		if (within_module(s->caller, mod) ||
		    within_module(s->caller_name, mod)) {
			pr_warn("module %s is gone, but its subtree \"%s\" was still there: it is removed; what the module preserved stays preserved\n",
				mod->name, s->name);
			return s->blob;
		}
	return NULL;
}

/*
 * A module that goes (after its own exit function ran) takes its subtrees with it: nobody is left
 * who answers for the blobs. Pages that it preserved and did not free are nobody's, and stay as
 * they are.
 */
static int kho_module_notify(struct notifier_block *nb, unsigned long action,
			     void *arg)
{
	void *blob;

	if (action != MODULE_STATE_GOING || arg == THIS_MODULE)
		return NOTIFY_DONE;
	while ((blob = blob_of_module(arg)))
		if (kho_out_subtree_remove(blob))
			break;
	return NOTIFY_DONE;
}

static struct notifier_block module_nb = {
	.notifier_call = kho_module_notify,
};

static int kho_memory_notify(struct notifier_block *nb, unsigned long action,
			     void *arg)
{
	if ((action == MEM_ONLINE || action == MEM_OFFLINE) &&
	    kho_out_ram_refresh())
		pr_warn("memory was plugged, but there is none left to note it: what was added cannot be preserved\n");
	return NOTIFY_DONE;
}

static struct notifier_block memory_nb = {
	.notifier_call = kho_memory_notify,
};

/* ------------------------------------------------------------------------------------- status */

/**
 * kho_out_status() - fill the outgoing part of a status
 * @status: out
 */
void kho_out_status(struct kho_ioctl_status *status)
{
	u32 i;

	guard(mutex)(&out_lock);
	status->out_head_phys = virt_to_phys(wire_head);
	status->out_blocks = client_keys();
	status->out_bytes = (tally()->nr_pages - own_tally.nr_pages)
			    << PAGE_SHIFT;
	status->out_overhead_bytes = kho_arena_bytes() +
				     KHO_WIRE_PAGES * PAGE_SIZE +
				     out_ram.nr * sizeof(*out_ram.range);
	status->out_extent_bytes = kho_cover_bytes(&out_cover);
	status->nr_extents = out_cover.nr_extents;
	status->nr_scratch = out_cover.nr_keepout;
	status->out_stopping_ns = wire_module->stamp_ns[KHO_STAMP_STOPPING];
	status->out_scratch_bytes = 0;
	for (i = 0; i < out_cover.nr_keepout; i++)
		status->out_scratch_bytes +=
			out_cover.keepout[i].end - out_cover.keepout[i].start;
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

	guard(mutex)(&out_lock);
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

/* Takes the wire area: naturally aligned, and where it may be preserved. */
static int wire_alloc(void)
{
	struct page *unfit[4], *page = NULL;
	unsigned int nr_unfit = 0;
	u64 phys;

	while (nr_unfit < ARRAY_SIZE(unfit)) {
		page = alloc_pages(GFP_KERNEL | __GFP_ZERO | __GFP_COMP,
				   KHO_WIRE_ORDER);
		if (!page)
			break;
		phys = page_to_phys(page);
		if (!kho_out_cover(phys, phys + KHO_WIRE_PAGES * PAGE_SIZE))
			break;
		unfit[nr_unfit++] = page;
		page = NULL;
	}
	while (nr_unfit--)
		__free_pages(unfit[nr_unfit], KHO_WIRE_ORDER);
	if (!page)
		return -ENOMEM;
	wire = page_address(page);
	wire_head = wire_page(KHO_WIRE_HEAD);
	wire_module = wire_page(KHO_WIRE_MODULE);
	return 0;
}

static void wire_free(void)
{
	__free_pages(virt_to_page(wire), KHO_WIRE_ORDER);
	wire = NULL;
}

static int out_fill(u32 kexec_count)
{
	unsigned int i;
	int ret;

	head_ser_fill(wire_head);
	module_ser_fill(wire_module, kexec_count);
	publish_chain();
	/* Page by page: a larger block would make the receiver look for overlaps with it. */
	for (i = 0; i < KHO_WIRE_PAGES; i++) {
		ret = out_preserve(virt_to_phys(wire_page(i)), 1,
				   KHO_KEEP_RANGE);
		if (ret)
			return ret;
	}
	own_tally = *tally();
	ret = subtree_add(KHO_MODULE_SUBTREE, wire_module,
			  sizeof(*wire_module));
	if (ret)
		return ret;
	kho_metadata_write(wire_page(KHO_WIRE_METADATA), kexec_count);
	ret = subtree_add(KHO_METADATA_NODE_NAME, wire_page(KHO_WIRE_METADATA),
			  sizeof(struct kho_kexec_metadata));
	nr_own_subtrees = nr_subtrees;
	return ret;
}

static void subtrees_free(void)
{
	struct kho_out_subtree *s, *next;

	list_for_each_entry_safe(s, next, &out_subtrees, list)
		kfree(s);
	INIT_LIST_HEAD(&out_subtrees);
	nr_subtrees = 0;
	nr_own_subtrees = 0;
}

static int tracker_init(void)
{
	struct kho_tracker_ops ops = {
		.node_alloc = kho_arena_alloc,
		.node_free = kho_arena_free,
		.node_population = kho_arena_population,
		.va_offset = PAGE_OFFSET,
	};

	return kho_tracker_init(&out_tracker, &ops, wire_module->tally);
}

static int out_setup(u32 kexec_count)
{
	int ret;

	ret = kho_ram_get(&out_ram);
	if (ret)
		goto err_ram;
	kho_cover_init(&out_cover, out_ram.range, out_ram.nr);
	ret = wire_alloc();
	if (ret)
		goto err_ram;
	ret = kho_arena_init();
	if (ret)
		goto err_wire;
	ret = tracker_init();
	if (ret)
		goto err_arena;
	ret = out_fill(kexec_count);
	if (ret)
		goto err_tracker;
	return 0;

err_tracker:
	subtrees_free();
	kho_tracker_destroy(&out_tracker);
err_arena:
	kho_arena_exit();
err_wire:
	wire_free();
err_ram:
	kho_ram_put(&out_ram);
	return ret;
}

/**
 * kho_out_init() - make an empty handover
 * @kexec_count: its number since the last cold boot, from 1
 *
 * Return: 0, -ENOMEM, -ENODEV (no RAM is named).
 */
int kho_out_init(u32 kexec_count)
{
	int ret;

	scoped_guard(mutex, &out_lock)
		ret = out_setup(kexec_count);
	if (ret)
		return ret;
	kho_out_stamp(KHO_STAMP_MODULE_LOAD);
	register_reboot_notifier(&reboot_nb);
	kmsg_dump_register(&jump_dumper);
	register_module_notifier(&module_nb);
	ret = register_memory_notifier(&memory_nb);
	/* What was plugged before anyone listened. */
	if (!ret)
		ret = kho_out_ram_refresh();
	if (ret)
		kho_out_exit();
	return ret;
}

/**
 * kho_out_exit() - undo kho_out_init(); no client has state here
 */
void kho_out_exit(void)
{
	unregister_module_notifier(&module_nb);
	unregister_memory_notifier(&memory_nb);
	kmsg_dump_unregister(&jump_dumper);
	unregister_reboot_notifier(&reboot_nb);
	guard(mutex)(&out_lock);
	subtrees_free();
	kho_tracker_destroy(&out_tracker);
	kho_arena_exit();
	wire_free();
	kho_ram_put(&out_ram);
}
