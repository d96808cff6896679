// SPDX-License-Identifier: GPL-2.0
/* A handover, decoded and checked. */
#include "cli/wire/wire.h"

#include <errno.h>
#include <string.h>

#include "core/tracker.h"
#include "cli/wire/wiremarks.h"

enum {
	SLOTS = 1 << KHO_TABLE_SIZE_LOG2,
	ROOT_LEVEL = KHO_TREE_MAX_DEPTH - 1,
	/* Blocks of more pages have more bytes than 64 bits can tell. */
	ORDER_MAX = 63 - KHO_PAGE_SHIFT,
	/* More than that is not looked at: a damaged tree must not use up all memory. */
	NODES_MAX = 1 << 18,
	BLOCKS_MAX = 1 << 25,
};

const void *wire_page_of(const struct wire *w, enum kho_wire_page which)
{
	return wire_pages_get(w->pages, w->head_phys + which * KHO_PAGE_SIZE);
}

bool wire_has_block(const struct wire *w, u64 phys, u32 order)
{
	return kho_mark_is(wire_marks_at(w->mark, phys), order);
}

/* -------------------------------------------------------------------------------- the tree */

static void trouble(struct wire *w, const char *what)
{
	if (!w->tree_trouble)
		w->tree_trouble = what;
}

static void add_block(struct wire *w, u64 key)
{
	u32 order;

	if (!key || key >> KHO_RADIX_KEY_WIDTH) {
		trouble(w, "it has a key that no block can have");
		return;
	}
	order = kho_key_order(key);
	if (order > ORDER_MAX) {
		trouble(w, "it has a block of an impossible order");
		return;
	}
	if (w->nr_blocks == BLOCKS_MAX) {
		trouble(w, "it has more blocks than kho looks at");
		return;
	}
	if (w->nr_blocks == w->block_room) {
		w->block_room = w->block_room ? 2 * w->block_room : 1024;
		w->block = need(
			realloc(w->block, w->block_room * sizeof(*w->block)));
	}
	w->block[w->nr_blocks++] =
		(struct wire_block){ kho_key_phys(key), order };
	if (!wire_marks_add(w->mark, kho_key_phys(key), order))
		trouble(w, "two blocks start at one address");
}

static u32 walk_leaf(struct wire *w, const u64 *words, u64 key)
{
	u32 i, used = 0;

	for (i = 0; i < SLOTS; i++) {
		u64 word = words[i];

		for (; word; word &= word - 1) {
			add_block(w, key + i * 64 + kho_ffs64(word));
			used++;
		}
	}
	return used;
}

static size_t add_node(struct wire *w, u64 phys, u64 key, u32 level)
{
	if (w->nr_nodes == w->node_room) {
		w->node_room = w->node_room ? 2 * w->node_room : 64;
		w->node =
			need(realloc(w->node, w->node_room * sizeof(*w->node)));
	}
	w->node[w->nr_nodes] = (struct wire_node){ phys, key, level, 0 };
	return w->nr_nodes++;
}

/* A page is a node once only, so that there are no more nodes than pages, and no circles. */
static void walk_node(struct wire *w, struct wire_marks *seen, u64 phys,
		      u64 key, u32 level)
{
	const u64 *words = (const u64 *)wire_pages_get(w->pages, phys);
	size_t node;
	u32 i, used = 0;

	if (w->nr_nodes == NODES_MAX) {
		trouble(w, "it has more nodes than kho looks at");
		return;
	}
	if (!words) {
		trouble(w, "a node of it cannot be read");
		return;
	}
	if (!wire_marks_add(seen, phys, level)) {
		trouble(w, "a node is linked twice");
		return;
	}
	node = add_node(w, phys, key, level);
	if (!level) {
		w->node[node].used = walk_leaf(w, words, key);
		return;
	}
	for (i = 0; i < SLOTS; i++) {
		if (!words[i])
			continue;
		used++;
		walk_node(w, seen, words[i],
			  key | (u64)i << (KHO_BITMAP_SIZE_LOG2 +
					   (level - 1) * KHO_TABLE_SIZE_LOG2),
			  level - 1);
	}
	w->node[node].used = used;
}

static void walk_tree(struct wire *w)
{
	struct wire_marks *seen = wire_marks_create();

	walk_node(w, seen, w->tree_phys, 0, ROOT_LEVEL);
	wire_marks_destroy(seen);
}

static void find_tree(struct wire *w)
{
	const struct kho_head_ser *head = wire_page_of(w, KHO_WIRE_HEAD);
	const struct kho_module_ser *module = wire_page_of(w, KHO_WIRE_MODULE);
	const void *page;

	page = head ? wire_pages_get(w->pages, head->data.fdt_addr) : NULL;
	w->have_fdt = page &&
		      !kho_fdt_check(&w->fdt, page, head->data.fdt_addr, NULL);
	if (w->have_fdt)
		w->tree_phys = w->fdt.tree_phys;
	else if (module && module->magic == KHO_MODULE_MAGIC)
		w->tree_phys = module->tree_phys;
}

/* ----------------------------------------------------------------------------- the verdict */

/* What core/checked.c asks for. */
struct judge {
	struct wire_pages *pages;
	struct wire_marks *marks;
	u64 nr;
};

static const void *judge_page(void *ctx, u64 phys)
{
	struct judge *j = ctx;

	return wire_pages_get(j->pages, phys);
}

static int judge_mark(void *ctx, u64 phys, unsigned int order)
{
	struct judge *j = ctx;

	if (j->nr++ == BLOCKS_MAX)
		return -ERANGE;
	return wire_marks_add(j->marks, phys, order) ? 0 : -EEXIST;
}

static struct kho_mark judge_marked(void *ctx, u64 phys)
{
	struct judge *j = ctx;

	return wire_marks_at(j->marks, phys);
}

static void judge(struct wire *w)
{
	struct judge j = { w->pages, wire_marks_create(), 0 };
	struct kho_checked_ops ops = { judge_page, judge_mark, judge_marked, &j,
				       NODES_MAX };

	w->err = kho_handover_check(&w->in, &ops, w->head_phys, &w->r);
	wire_marks_destroy(j.marks);
}

void wire_read(struct wire *w, struct wire_pages *pages, u64 head_phys)
{
	*w = (struct wire){ .pages = pages,
			    .head_phys = head_phys,
			    .mark = wire_marks_create() };
	find_tree(w);
	if (w->tree_phys)
		walk_tree(w);
	judge(w);
}

void wire_free(struct wire *w)
{
	free(w->node);
	free(w->block);
	wire_marks_destroy(w->mark);
	*w = (struct wire){ 0 };
}
