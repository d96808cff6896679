// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
#include "reserve_fdt.h"

#include "fdt_tokens.h"

static bool same_name(const struct kho_region *a, const struct kho_region *b)
{
	return kho_fdt_same_string(a->name, b->name);
}

static bool share_a_page(const struct kho_region *a, const struct kho_region *b)
{
	return a->phys < b->phys + kho_region_pages(b) * KHO_PAGE_SIZE &&
	       b->phys < a->phys + kho_region_pages(a) * KHO_PAGE_SIZE;
}

static bool place_ok(const struct kho_region *region)
{
	return region->phys && !(region->phys % KHO_PAGE_SIZE) &&
	       region->bytes && region->phys < KHO_REGION_LIMIT &&
	       region->bytes <= KHO_REGION_LIMIT - region->phys;
}

bool kho_region_name_ok(const char *name)
{
	u32 i, len = kho_fdt_string_length(name, RESERVE_MEM_KHO_NAME_SIZE);

	if (!kho_fdt_node_name_ok(name, len, RESERVE_MEM_KHO_NAME_SIZE - 1))
		return false;
	for (i = 0; i < len; i++)
		if ((u8)name[i] < 0x20 || name[i] == 0x7f)
			return false;
	return !kho_fdt_same_string(name, ".") &&
	       !kho_fdt_same_string(name, "..");
}

/* ---- writer ---- */

/* The strings block, and where each name lies in it. */
static const char strings[] = "compatible\0" RESERVE_MEM_KHO_START_PROP_NAME
			      "\0" RESERVE_MEM_KHO_SIZE_PROP_NAME;

enum region_string {
	STRING_COMPATIBLE = 0,
	STRING_START = STRING_COMPATIBLE + sizeof("compatible"),
	STRING_SIZE = STRING_START + sizeof(RESERVE_MEM_KHO_START_PROP_NAME),
};

static int check_regions_to_write(const struct kho_region *region, u32 nr)
{
	u32 i, k;

	for (i = 0; i < nr; i++) {
		if (!kho_region_name_ok(region[i].name) ||
		    !place_ok(&region[i]))
			return -EINVAL;
		for (k = 0; k < i; k++)
			if (same_name(&region[i], &region[k]) ||
			    share_a_page(&region[i], &region[k]))
				return -EEXIST;
	}
	return 0;
}

static void put_region(struct kho_fdt_out *out, const struct kho_region *region)
{
	kho_fdt_out_node(out, region->name);
	kho_fdt_out_property(out, STRING_COMPATIBLE,
			     RESERVE_MEM_KHO_NODE_COMPATIBLE,
			     sizeof(RESERVE_MEM_KHO_NODE_COMPATIBLE));
	kho_fdt_out_property(out, STRING_START, &region->phys,
			     sizeof(region->phys));
	kho_fdt_out_property(out, STRING_SIZE, &region->bytes,
			     sizeof(region->bytes));
	kho_fdt_out_node_end(out);
}

int kho_regions_write(void *page, const struct kho_region *region, u32 nr)
{
	struct kho_fdt_out out;
	int err;
	u32 i;

	err = check_regions_to_write(region, nr);
	if (err)
		return err;
	kho_fdt_out_begin(&out, page, strings, sizeof(strings));
	kho_fdt_out_node(&out, "");
	kho_fdt_out_property(&out, STRING_COMPATIBLE,
			     MEMBLOCK_KHO_NODE_COMPATIBLE,
			     sizeof(MEMBLOCK_KHO_NODE_COMPATIBLE));
	for (i = 0; i < nr; i++)
		put_region(&out, &region[i]);
	kho_fdt_out_node_end(&out);
	return kho_fdt_out_end(&out);
}

/* ---- reader ---- */

/* What is known of one node. */
struct node_facts {
	bool compatible_seen;
	bool compatible_ok;
	bool start_seen;
	bool size_seen;
};

/* A walk over all tokens that keeps what is known of the root and of the region it is in. */
struct region_walk {
	struct kho_fdt_tokens tokens;
	struct node_facts root;
	struct node_facts node;
	struct kho_region region;
};

static int take_compatible(struct node_facts *facts, const char *wanted,
			   const struct kho_fdt_item *item,
			   struct kho_fdt_fault *f)
{
	if (facts->compatible_seen)
		return kho_fdt_fault(f, "FDT compatible twice", item->pos, 0,
				     0);
	facts->compatible_seen = true;
	facts->compatible_ok = kho_fdt_lists_string(item, wanted);
	return 0;
}

static int take_property(struct region_walk *w, const struct kho_fdt_item *item,
			 struct kho_fdt_fault *f)
{
	bool root = w->tokens.depth == 1;

	if (kho_fdt_same_string(item->name, "compatible"))
		return root ? take_compatible(&w->root,
					      MEMBLOCK_KHO_NODE_COMPATIBLE,
					      item, f) :
			      take_compatible(&w->node,
					      RESERVE_MEM_KHO_NODE_COMPATIBLE,
					      item, f);
	if (root)
		return 0;
	if (kho_fdt_same_string(item->name, RESERVE_MEM_KHO_START_PROP_NAME))
		return kho_fdt_take_u64(item, "size of a region's start",
					"a region's start twice",
					&w->node.start_seen, &w->region.phys,
					f);
	if (kho_fdt_same_string(item->name, RESERVE_MEM_KHO_SIZE_PROP_NAME))
		return kho_fdt_take_u64(item, "size of a region's size",
					"a region's size twice",
					&w->node.size_seen, &w->region.bytes,
					f);
	return 0;
}

static int fault_as(int err, const char *check, u32 offset,
		    struct kho_fdt_fault *f)
{
	kho_fdt_fault(f, check, offset, 0, 0);
	f->err = err;
	return err;
}

static int check_region(const struct region_walk *w, u32 pos,
			struct kho_fdt_fault *f)
{
	if (!w->node.compatible_ok)
		return fault_as(
			-EPROTONOSUPPORT,
			"region is not " RESERVE_MEM_KHO_NODE_COMPATIBLE, pos,
			f);
	if (!w->node.start_seen || !w->node.size_seen)
		return fault_as(-ENOENT, "region without start or size", pos,
				f);
	if (!kho_region_name_ok(w->region.name))
		return kho_fdt_fault(f, "region name", pos, 0, 0);
	if (place_ok(&w->region))
		return 0;
	kho_fdt_fault(f, "region address or size", pos, w->region.phys,
		      w->region.phys);
	f->err = -ERANGE;
	return f->err;
}

static int walk_begin(struct region_walk *w, const void *page,
		      struct kho_fdt_fault *f)
{
	memset(w, 0, sizeof(*w));
	return kho_fdt_tokens_begin(&w->tokens, page, f);
}

/*
 * Goes on to the end of the next child of the root, and checks it by itself; it then is
 * @w->region.
 *
 * Return: enum kho_step, or errno.
 */
static int next_region(struct region_walk *w, struct kho_fdt_fault *f)
{
	struct kho_fdt_item item;

	for (;;) {
		int err = 0, token = kho_fdt_tokens_next(&w->tokens, &item, f);
		u32 depth = w->tokens.depth;

		if (token < 0)
			return token;
		if (token == KHO_FDT_END)
			return KHO_STEP_END;
		if (token == KHO_FDT_BEGIN_NODE && depth == 2) {
			memset(&w->node, 0, sizeof(w->node));
			w->region.name = item.name;
		}
		if (token == KHO_FDT_PROP && depth <= 2)
			err = take_property(w, &item, f);
		if (err)
			return err;
		if (token == KHO_FDT_END_NODE && depth == 1) {
			err = check_region(w, item.pos, f);
			return err ? err : KHO_STEP_NEXT;
		}
	}
}

/* No region that follows @w's may have its name or a page of it. Works on a copy: @w stays. */
static int check_unique(const struct region_walk *w, struct kho_fdt_fault *f)
{
	struct region_walk rest = *w;
	int step;

	while ((step = next_region(&rest, f)) == KHO_STEP_NEXT) {
		if (same_name(&rest.region, &w->region))
			return fault_as(-EEXIST, "region name twice",
					rest.tokens.pos, f);
		if (share_a_page(&rest.region, &w->region))
			return fault_as(-EEXIST, "regions overlap",
					rest.tokens.pos, f);
	}
	return step;
}

static int check_all(struct region_walk *w, u32 *nr, struct kho_fdt_fault *f)
{
	int step;

	*nr = 0;
	while ((step = next_region(w, f)) == KHO_STEP_NEXT) {
		step = check_unique(w, f);
		if (step)
			return step;
		++*nr;
	}
	if (!step && !w->root.compatible_ok)
		return fault_as(
			-EPROTONOSUPPORT,
			"FDT of regions is not " MEMBLOCK_KHO_NODE_COMPATIBLE,
			w->tokens.struct_pos, f);
	return step;
}

int kho_regions_check(struct kho_regions *regions, const void *page,
		      u64 page_phys, struct kho_refusal *r)
{
	struct region_walk walk;
	struct kho_fdt_fault f;
	int err;

	err = walk_begin(&walk, page, &f);
	if (!err)
		err = check_all(&walk, &regions->nr, &f);
	if (err)
		return kho_refuse(r, f.err, f.check, page_phys + f.offset,
				  f.found, f.wanted);
	regions->page = page;
	return 0;
}

int kho_region_at(const struct kho_regions *regions, u32 index,
		  struct kho_region *out)
{
	struct region_walk walk;
	struct kho_fdt_fault f;

	if (walk_begin(&walk, regions->page, &f))
		return -ENOENT;
	while (next_region(&walk, &f) == KHO_STEP_NEXT)
		if (!index--) {
			*out = walk.region;
			return 0;
		}
	return -ENOENT;
}
