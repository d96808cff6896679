// SPDX-License-Identifier: GPL-2.0
/*
 * Scratch: memory that an image is copied to when the machine jumps. It is taken from the page
 * allocator when an image is loaded, so that nobody can have anything there, and given back when
 * the image goes.
 *
 * With the parameter scratch= areas are held from module load on, the pool; images then get parts
 * of them, and more is taken only for what does not fit.
 *
 * Callers serialise all functions.
 */

#include <linux/bitmap.h>
#include <linux/kho.h>
#include <linux/mm.h>
#include <linux/nodemask.h>
#include <linux/sched.h>
#include <linux/sizes.h>

#include "core/cover.h"
#include "core/scratch_spec.h"
#include "kmod/image/image.h"
#include "kmod/in/in.h"
#include "kmod/kho.h"
#include "kmod/machine/machine.h"
#include "kmod/out/out.h"

/*
 * Areas start and end on this border, so that an extent beside one can be whole granules. A
 * kernel with handover of its own makes its page blocks while it knows nothing but them: it wants
 * them to be made of whole blocks of the page allocator's largest order.
 */
#define SCRATCH_ALIGN ((u64)PAGE_SIZE * MAX_ORDER_NR_PAGES)
static_assert(!(PAGE_SIZE * MAX_ORDER_NR_PAGES % KHO_COVER_GRANULE));
/*
 * Low, global, and one for each of thirty nodes; what is left of the cover's keep-out ranges is
 * for the image that is loaded, and for the next.
 */
#define MAX_POOL (KHO_COVER_MAX_KEEPOUT - 2 * KHO_IMAGE_MAX_AREAS)
/* End of the low area, and of the zones below ZONE_NORMAL. */
#define LOW_END SZ_4G

/**
 * struct pool_area - memory held from module load on
 * @range: borders are multiples of SCRATCH_ALIGN
 * @used: bit for each SCRATCH_ALIGN bytes that an image has
 */
struct pool_area {
	struct kho_range range;
	unsigned long *used;
};

static struct pool_area pool[MAX_POOL];
static u32 nr_pool;
static struct kho_scratch_spec spec;

/* Takes an area as high as possible. Return: its address, or 0. */
static u64 take_area(const struct kho_ram *ram, const struct kho_image_area *a)
{
	return kho_contig_take(ram, ALIGN(a->bytes, SCRATCH_ALIGN),
			       max3(a->align, SCRATCH_ALIGN, (u64)PAGE_SIZE),
			       a->min_phys, a->max_phys ?: U64_MAX);
}

static int area_check(const struct kho_image_area *a)
{
	if (!a->bytes || a->bytes > 1ULL << 46 || a->align > 1ULL << 46)
		return -EINVAL;
	if (a->align && (a->align & (a->align - 1)))
		return -EINVAL;
	return 0;
}

static void free_range(const struct kho_range *range)
{
	kho_contig_free(range->start, range->end - range->start);
}

/* ----------------------------------------------------------------------------------- the pool */

/* Finds room in one area of the pool. Return: address, or 0. */
static u64 carve_from(struct pool_area *p, const struct kho_image_area *a)
{
	u64 low, high = p->range.end;
	unsigned long first, end, nr, align_mask, at;

	/* What is this large would wrap. */
	if (a->min_phys >= high)
		return 0;
	low = max(p->range.start, ALIGN(a->min_phys, SCRATCH_ALIGN));
	if (a->max_phys)
		high = min(high, kho_align_down(a->max_phys, SCRATCH_ALIGN));
	if (low >= high)
		return 0;
	first = (low - p->range.start) / SCRATCH_ALIGN;
	end = (high - p->range.start) / SCRATCH_ALIGN;
	nr = DIV_ROUND_UP(a->bytes, SCRATCH_ALIGN);
	align_mask = max(a->align, SCRATCH_ALIGN) / SCRATCH_ALIGN - 1;
	at = bitmap_find_next_zero_area_off(p->used, end, first, nr, align_mask,
					    p->range.start / SCRATCH_ALIGN);
	if (at >= end)
		return 0;
	bitmap_set(p->used, at, nr);
	return p->range.start + at * SCRATCH_ALIGN;
}

static u64 carve(const struct kho_image_area *a)
{
	u64 phys = 0;
	u32 i;

	for (i = 0; !phys && i < nr_pool; i++)
		phys = carve_from(&pool[i], a);
	return phys;
}

static void uncarve(const struct kho_range *range)
{
	struct pool_area *p;

	for (p = pool; p < pool + nr_pool; p++) {
		if (range->start < p->range.start || range->end > p->range.end)
			continue;
		bitmap_clear(p->used,
			     (range->start - p->range.start) / SCRATCH_ALIGN,
			     (range->end - range->start) / SCRATCH_ALIGN);
	}
}

/* ------------------------------------------------------------------------------- for images */

/* Ranges of @set that are not part of the pool. Return: how many. */
static u32 taken(const struct kho_scratch_set *set, struct kho_range *range)
{
	u32 i, nr = 0;

	for (i = 0; i < set->nr; i++)
		if (!(set->pooled & BIT(i)))
			range[nr++] = set->range[i];
	return nr;
}

static void free_areas(struct kho_scratch_set *set)
{
	u32 i;

	for (i = 0; i < set->nr; i++)
		if (set->pooled & BIT(i))
			uncarve(&set->range[i]);
		else
			free_range(&set->range[i]);
	set->nr = 0;
	set->pooled = 0;
}

/* Adds one area to @set, from the pool if it has room. */
static int set_add(struct kho_scratch_set *set, const struct kho_ram *ram,
		   struct kho_image_area *a)
{
	u64 bytes = ALIGN(a->bytes, SCRATCH_ALIGN);

	a->phys = carve(a);
	if (a->phys)
		set->pooled |= BIT(set->nr);
	else
		a->phys = take_area(ram, a);
	if (!a->phys)
		return -ENOMEM;
	if (nr_pool && !(set->pooled & BIT(set->nr)))
		pr_info("%llu MiB of the image do not fit what scratch= holds: taken besides\n",
			bytes >> 20);
	set->range[set->nr].start = a->phys;
	set->range[set->nr++].end = a->phys + bytes;
	return 0;
}

/**
 * kho_scratch_take() - take memory for the parts of an image
 * @set: filled; nothing is held in it
 * @area: what is wanted; phys of each is filled
 * @nr: 1 .. KHO_IMAGE_MAX_AREAS
 *
 * Nothing can be preserved there until kho_scratch_give_back().
 *
 * Context: may sleep, may migrate pages.
 *
 * Return: 0; -EINVAL (an area makes no sense); -ENOMEM (nothing is held).
 */
int kho_scratch_take(struct kho_scratch_set *set, struct kho_image_area *area,
		     u32 nr)
{
	struct kho_range range[KHO_IMAGE_MAX_AREAS];
	struct kho_ram ram;
	u32 i;
	int ret;

	set->nr = 0;
	set->pooled = 0;
	for (i = 0; i < nr; i++)
		if (area_check(&area[i]))
			return -EINVAL;
	ret = kho_ram_get(&ram);
	for (i = 0; !ret && i < nr; i++)
		ret = set_add(set, &ram, &area[i]);
	kho_ram_put(&ram);
	if (!ret)
		ret = kho_out_keepout_add(range, taken(set, range));
	if (ret)
		free_areas(set);
	return ret;
}

/**
 * kho_scratch_add() - take memory for one more part of an image
 * @set: has one area more afterwards
 * @area: as kho_scratch_take()
 *
 * Context: as kho_scratch_take().
 *
 * Return: as kho_scratch_take(), and -ENOSPC: there are KHO_IMAGE_MAX_AREAS already.
 */
int kho_scratch_add(struct kho_scratch_set *set, struct kho_image_area *area)
{
	struct kho_scratch_set one;
	int ret;

	if (set->nr == KHO_IMAGE_MAX_AREAS)
		return -ENOSPC;
	ret = kho_scratch_take(&one, area, 1);
	if (ret)
		return ret;
	set->range[set->nr] = one.range[0];
	if (one.pooled)
		set->pooled |= BIT(set->nr);
	set->nr++;
	return 0;
}

/**
 * kho_scratch_give_back() - undo kho_scratch_take(); no image may be loaded there
 * @set: empty afterwards; may be empty
 *
 * Context: may sleep.
 */
void kho_scratch_give_back(struct kho_scratch_set *set)
{
	struct kho_range range[KHO_IMAGE_MAX_AREAS];

	if (!set->nr)
		return;
	kho_out_keepout_del(range, taken(set, range));
	free_areas(set);
}

/* -------------------------------------------------------------------- the parameter scratch= */

/*
 * What the kernel reserved for itself while it booted: RAM that its page allocator never got. Not
 * counted is what came in with a handover and is reserved for that reason alone. Upstream asks
 * memblock, which is gone when a module is loaded. @low: only zones below LOW_END.
 */
static u64 reserved_bytes(int nid, bool low)
{
	u64 held = kho_in_held_pages(nid, low ? LOW_END : U64_MAX);
	u64 present = 0, managed = 0;
	int node, zone;

	for_each_online_node(node) {
		if (nid != NUMA_NO_NODE && nid != node)
			continue;
		for (zone = 0; zone < (low ? ZONE_NORMAL : MAX_NR_ZONES);
		     zone++) {
			struct zone *z = &NODE_DATA(node)->node_zones[zone];

			present += z->present_pages;
			managed += zone_managed_pages(z);
		}
	}
	managed += held;
	return present > managed ? (present - managed) << PAGE_SHIFT : 0;
}

static u64 low_bytes(void)
{
	return spec.percent ?
		       kho_scratch_spec_part(reserved_bytes(NUMA_NO_NODE, true),
					     spec.percent) :
		       spec.low_bytes;
}

static u64 global_bytes(void)
{
	u64 all;

	if (!spec.percent)
		return spec.global_bytes;
	all = kho_scratch_spec_part(reserved_bytes(NUMA_NO_NODE, false),
				    spec.percent);
	return all - min(all, low_bytes());
}

static u64 node_bytes(int nid)
{
	return spec.percent ? kho_scratch_spec_part(reserved_bytes(nid, false),
						    spec.percent) :
			      spec.node_bytes;
}

/* Keeps @a to memory that belongs to node @nid, as far as nodes do not interleave. */
static void keep_to_node(struct kho_image_area *a, int nid)
{
	if (nid == NUMA_NO_NODE)
		return;
	a->min_phys = PFN_PHYS(node_start_pfn(nid));
	a->max_phys = PFN_PHYS(node_end_pfn(nid));
}

/* Takes @a->bytes and makes them an area of the pool. */
static int pool_take(const struct kho_ram *ram, const struct kho_image_area *a,
		     int nid)
{
	struct pool_area *p = &pool[nr_pool];

	if (nr_pool == MAX_POOL) {
		pr_err("scratch=: %u areas are the most\n", nr_pool);
		return -ENOSPC;
	}
	if (area_check(a))
		return -EINVAL;
	p->used = bitmap_zalloc(a->bytes / SCRATCH_ALIGN,
				GFP_KERNEL | __GFP_NOWARN);
	if (!p->used)
		return -ENOMEM;
	p->range.start = take_area(ram, a);
	p->range.end = p->range.start + a->bytes;
	if (!p->range.start)
		goto err_bitmap;
	if (nid != NUMA_NO_NODE &&
	    page_to_nid(pfn_to_page(PHYS_PFN(p->range.start))) != nid)
		goto err_range;
	nr_pool++;
	return 0;

err_range:
	free_range(&p->range);
err_bitmap:
	bitmap_free(p->used);
	return -ENOMEM;
}

/* Adds an area to the pool; of 0 bytes there is none. */
static int pool_add(const struct kho_ram *ram, const char *what, u64 bytes,
		    u64 max_phys, int nid)
{
	struct kho_image_area a = { .max_phys = max_phys };
	int ret;

	if (!bytes)
		return 0;
	a.bytes = bytes > U64_MAX - SCRATCH_ALIGN ? bytes :
						    ALIGN(bytes, SCRATCH_ALIGN);
	keep_to_node(&a, nid);
	ret = pool_take(ram, &a, nid);
	if (ret)
		pr_err("%llu MiB of scratch (%s) cannot be had\n", bytes >> 20,
		       what);
	else
		pr_info("holds %llu MiB of scratch (%s)\n", a.bytes >> 20,
			what);
	return ret;
}

static int pool_fill(void)
{
	struct kho_ram ram;
	char what[16];
	int ret, nid;

	ret = kho_ram_get(&ram);
	if (!ret)
		ret = pool_add(&ram, "low", low_bytes(), LOW_END, NUMA_NO_NODE);
	if (!ret)
		ret = pool_add(&ram, "global", global_bytes(), 0, NUMA_NO_NODE);
	for_each_node_state(nid, N_MEMORY) {
		snprintf(what, sizeof(what), "node %d", nid);
		if (!ret)
			ret = pool_add(&ram, what, node_bytes(nid), 0, nid);
	}
	kho_ram_put(&ram);
	return ret;
}

static void pool_free(void)
{
	while (nr_pool) {
		struct pool_area *p = &pool[--nr_pool];

		free_range(&p->range);
		bitmap_free(p->used);
		*p = (struct pool_area){};
	}
}

static u32 pool_ranges(struct kho_range *range)
{
	u32 i;

	for (i = 0; i < nr_pool; i++)
		range[i] = pool[i].range;
	return nr_pool;
}

/**
 * kho_scratch_is_held() - does scratch= hold this range?
 * @start: first byte
 * @end: first byte after it
 *
 * Context: any, once the module is loaded.
 */
bool kho_scratch_is_held(u64 start, u64 end)
{
	u32 i;

	for (i = 0; i < nr_pool; i++)
		if (start >= pool[i].range.start && end <= pool[i].range.end)
			return true;
	return false;
}

/**
 * kho_scratch_parse() - read the parameter scratch=
 * @text: NULL if it was not given
 *
 * Return: 0, -EINVAL, -ERANGE.
 */
int kho_scratch_parse(const char *text)
{
	int ret = text ? kho_scratch_spec_parse(&spec, text) : 0;

	if (ret)
		pr_err("scratch=%s is neither LOW,GLOBAL,PERNODE nor N%%\n",
		       text);
	return ret;
}

/**
 * kho_scratch_init() - hold what scratch= asks for
 *
 * All of it or nothing. Nothing is an error in the log, but not one of the module: what came in
 * has been accepted by now.
 *
 * Context: may sleep, may migrate pages. After kho_in_accept(): memory may have been short
 * before.
 */
void kho_scratch_init(void)
{
	struct kho_range range[MAX_POOL];
	int ret;

	ret = pool_fill();
	if (!ret && nr_pool)
		ret = kho_out_keepout_add(range, pool_ranges(range));
	if (!ret)
		return;
	pool_free();
	pr_err("scratch=: no scratch is held (error %d); it is taken when an image is loaded\n",
	       ret);
}

/**
 * kho_scratch_exit() - undo kho_scratch_init(); no set holds anything
 */
void kho_scratch_exit(void)
{
	struct kho_range range[MAX_POOL];

	if (!nr_pool)
		return;
	kho_out_keepout_del(range, pool_ranges(range));
	pool_free();
}
