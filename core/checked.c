// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
#include "checked.h"

#include "chain.h"
#include "cover.h"
#include "crc32c.h"
#include "tracker.h"
#include "version.h"

enum tree_consts {
	TABLE_SLOTS = 1 << KHO_TABLE_SIZE_LOG2,
	LEAF_WORDS = TABLE_SLOTS,
	ROOT_LEVEL = KHO_TREE_MAX_DEPTH - 1,
	/* Words of a node that are looked at together, to get past empty ones quickly. */
	GROUP_WORDS = 8,
	/* A block of more pages would have more bytes than fit in 64 bits. */
	ORDER_LIMIT = 64 - KHO_PAGE_SHIFT,
};

static_assert(LEAF_WORDS * 64 == 1 << KHO_BITMAP_SIZE_LOG2,
	      "a leaf is one page of bits");
static_assert(LEAF_WORDS % GROUP_WORDS == 0, "groups fill a node");
static_assert(ORDER_LIMIT <= 64, "a set of orders is one word");

/*
 * One node of the tree.
 * @level: 0 for a leaf
 * @key: lowest key below it
 */
struct tree_node {
	const u64 *words;
	u64 phys;
	u64 key;
	unsigned int level;
};

/* An inner node on the way from the root, and its slot that is looked at next. */
struct tree_step {
	struct tree_node node;
	unsigned int slot;
};

/*
 * State of one kho_handover_check().
 * @extent: the one that contained the last address, because the next is likely to be near
 * @orders: bit n: a block of order n has been seen
 * @max_keys: more keys than that mean that the tree is not what the previous kernel wrote
 * @max_nodes: likewise for pages of the tree
 * @depth: steps of the way in use; 0 when the walk is over
 */
struct check {
	struct kho_checked *in;
	const struct kho_checked_ops *ops;
	struct kho_refusal *r;
	struct kho_range extent;
	u64 orders;
	u64 max_keys;
	u64 max_nodes;
	u64 nr_nodes;
	unsigned int depth;
	struct tree_step way[ROOT_LEVEL];
};

static inline int refuse(const struct check *c, int err, const char *what,
			 u64 where, u64 found, u64 wanted)
{
	return kho_refuse(c->r, err, what, where, found, wanted);
}

static const void *page_at(const struct check *c, u64 phys)
{
	return c->ops->page(c->ops->ctx, phys);
}

static u64 wire_page_phys(const struct kho_checked *in, enum kho_wire_page page)
{
	return in->head_phys + page * KHO_PAGE_SIZE;
}

/* ---- extents ---- */

/* The extent that starts last at or before @phys, or NULL. */
static const struct kho_range *extent_before(const struct kho_checked *in,
					     u64 phys)
{
	u32 low = 0, high = in->nr_extents;

	while (low < high) {
		u32 middle = (low + high) / 2;

		if (in->extent[middle].start <= phys)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? &in->extent[low - 1] : NULL;
}

bool kho_checked_contains(const struct kho_checked *in, u64 start, u64 end)
{
	const struct kho_range *extent;

	if (start >= end)
		return false;
	extent = extent_before(in, start);
	return extent && end <= extent->end;
}

bool kho_checked_has_blob(const struct kho_checked *in,
			  const struct kho_fdt_subtree *subtree)
{
	u64 bytes = subtree->bytes ? subtree->bytes : 1;

	return kho_checked_contains(in, subtree->phys, subtree->phys + bytes);
}

static bool find_extent(struct check *c, u64 start, u64 end)
{
	if (!kho_checked_contains(c->in, start, end))
		return false;
	c->extent = *extent_before(c->in, start);
	return true;
}

/* As kho_checked_contains(). */
static inline bool contained(struct check *c, u64 start, u64 end)
{
	if (likely(start >= c->extent.start && end <= c->extent.end &&
		   start < end))
		return true;
	return find_extent(c, start, end);
}

static u64 extent_pages(const struct kho_checked *in)
{
	u64 pages = 0;
	u32 i;

	for (i = 0; i < in->nr_extents; i++)
		pages += (in->extent[i].end - in->extent[i].start) >>
			 KHO_PAGE_SHIFT;
	return pages;
}

/* ---- wire area ---- */

static int check_head_data(const struct check *c, const struct kho_data *d)
{
	struct kho_checked *in = c->in;
	u64 scratch_phys = in->head_phys + KHO_WIRE_SCRATCH_OFFSET;

	if (d->fdt_addr != wire_page_phys(in, KHO_WIRE_FDT_A) &&
	    d->fdt_addr != wire_page_phys(in, KHO_WIRE_FDT_B))
		return refuse(c, -EBADMSG, "head page: address of the root FDT",
			      in->head_phys, d->fdt_addr,
			      wire_page_phys(in, KHO_WIRE_FDT_A));
	if (d->fdt_size != KHO_PAGE_SIZE)
		return refuse(c, -EBADMSG, "head page: size of the root FDT",
			      in->head_phys, d->fdt_size, KHO_PAGE_SIZE);
	if (d->scratch_addr != scratch_phys &&
	    (d->scratch_addr || d->scratch_size))
		return refuse(c, -EBADMSG,
			      "head page: address of the scratch list",
			      in->head_phys, d->scratch_addr, scratch_phys);
	if (d->scratch_size % sizeof(struct kho_scratch) ||
	    d->scratch_size > KHO_MAX_SCRATCH * sizeof(struct kho_scratch))
		return refuse(c, -EBADMSG,
			      "head page: size of the scratch list",
			      in->head_phys, d->scratch_size,
			      KHO_MAX_SCRATCH * sizeof(struct kho_scratch));
	return 0;
}

static int check_head(struct check *c)
{
	struct kho_checked *in = c->in;
	const struct kho_setup_header *hdr;

	/* Any other position was not chosen by the kho module; nothing there is to be read. */
	if (!in->head_phys || in->head_phys % (KHO_WIRE_PAGES * KHO_PAGE_SIZE))
		return refuse(c, -ENOENT, "no wire area at the handover's head",
			      in->head_phys, in->head_phys,
			      kho_align_down(in->head_phys,
					     KHO_WIRE_PAGES * KHO_PAGE_SIZE));
	in->head = page_at(c, in->head_phys);
	if (!in->head)
		return refuse(c, -ERANGE, "head page is not reserved memory",
			      in->head_phys, in->head_phys, in->head_phys);
	hdr = &in->head->hdr;
	if (hdr->type != KHO_SETUP_DATA_TYPE)
		return refuse(c, -EBADMSG, "head page: type", in->head_phys,
			      hdr->type, KHO_SETUP_DATA_TYPE);
	if (hdr->len != sizeof(struct kho_data))
		return refuse(c, -EBADMSG, "head page: length", in->head_phys,
			      hdr->len, sizeof(struct kho_data));
	if (hdr->next != wire_page_phys(in, KHO_WIRE_CHAIN_A) &&
	    hdr->next != wire_page_phys(in, KHO_WIRE_CHAIN_B))
		return refuse(c, -EBADMSG, "head page: link to the extent list",
			      in->head_phys, hdr->next,
			      wire_page_phys(in, KHO_WIRE_CHAIN_A));
	return check_head_data(c, &in->head->data);
}

static int check_chain(struct check *c)
{
	struct kho_checked *in = c->in;
	u64 phys = in->head->hdr.next;
	int err;
	u32 i;

	in->chain = page_at(c, phys);
	if (!in->chain)
		return refuse(c, -ERANGE, "extent list is not reserved memory",
			      phys, phys, phys);
	err = kho_chain_check(in->chain, phys, c->r);
	if (err)
		return err;
	for (i = 0; i < in->chain->nr_extents; i++) {
		const struct kho_setup_indirect *ind = &in->chain->node[i].ind;

		in->extent[i].start = ind->addr;
		in->extent[i].end = ind->addr + ind->len;
	}
	in->nr_extents = i;
	if (!kho_checked_contains(in, in->head_phys,
				  in->head_phys +
					  KHO_WIRE_PAGES * KHO_PAGE_SIZE))
		return refuse(c, -ERANGE, "wire area outside the extents",
			      in->head_phys, in->head_phys, in->head_phys);
	return 0;
}

static const struct kho_reader module_reader = {
	.version = KHO_MODULE_VERSION,
	.reads_from = KHO_MODULE_READS_FROM,
	.bytes = sizeof(struct kho_module_ser),
	.bytes_from = KHO_MODULE_BYTES_FROM,
	.bytes_most = KHO_PAGE_SIZE,
};

static bool terminated(const char *s, size_t size)
{
	while (size--)
		if (!*s++)
			return true;
	return false;
}

/* Members that an older version has not are 0 here. */
static int check_module_rest(const struct check *c,
			     const struct kho_module_ser *m, u64 phys)
{
	const u8 *bytes = (const u8 *)m;
	size_t i;

	for (i = m->size; i < sizeof(*m); i++)
		if (bytes[i])
			return refuse(c, -EBADMSG, "module page: unused bytes",
				      phys + i, bytes[i], 0);
	return 0;
}

static int check_module_identity(const struct check *c,
				 const struct kho_module_ser *m, u64 phys)
{
	u32 crc;
	int err;

	if (m->magic != KHO_MODULE_MAGIC)
		return refuse(c, -EBADMSG, "module page: magic number", phys,
			      m->magic, KHO_MODULE_MAGIC);
	err = kho_version_check(&module_reader, m->version,
				"module page: version", phys, c->r);
	if (err)
		return err;
	if (!kho_version_bytes_ok(&module_reader, m->version, m->size))
		return refuse(c, -EBADMSG, "module page: size", phys, m->size,
			      sizeof(*m));
	crc = kho_crc32c(0, m, offsetof(struct kho_module_ser, fixed_crc));
	if (m->fixed_crc != crc)
		return refuse(c, -EBADMSG, "module page: checksum", phys,
			      m->fixed_crc, crc);
	return check_module_rest(c, m, phys);
}

static int check_module(struct check *c)
{
	struct kho_checked *in = c->in;
	u64 phys = wire_page_phys(in, KHO_WIRE_MODULE);
	const struct kho_module_ser *m;
	int err;

	m = page_at(c, phys);
	in->module = m;
	if (!m)
		return refuse(c, -ERANGE, "module page is not reserved memory",
			      phys, phys, phys);
	err = check_module_identity(c, m, phys);
	if (err)
		return err;
	if (!terminated(m->module_version, sizeof(m->module_version)))
		return refuse(c, -EBADMSG,
			      "module page: module version has no end", phys, 0,
			      0);
	if (!terminated(m->release, sizeof(m->release)))
		return refuse(c, -EBADMSG,
			      "module page: kernel release has no end", phys, 0,
			      0);
	if (m->wire_phys != in->head_phys)
		return refuse(c, -EBADMSG,
			      "module page: address of the wire area", phys,
			      m->wire_phys, in->head_phys);
	if (!m->kexec_count)
		return refuse(c, -ERANGE, "module page: number of handovers",
			      phys, 0, 1);
	return 0;
}

static int check_module_subtree(const struct check *c)
{
	struct kho_checked *in = c->in;
	u64 fdt_phys = in->head->data.fdt_addr;
	struct kho_fdt_subtree s;

	if (kho_fdt_subtree_find(&in->fdt, KHO_MODULE_SUBTREE, &s))
		return refuse(c, -ENOENT,
			      "root FDT has no subtree " KHO_MODULE_SUBTREE,
			      fdt_phys, 0, 0);
	if (s.phys != wire_page_phys(in, KHO_WIRE_MODULE))
		return refuse(c, -EBADMSG,
			      "address of subtree " KHO_MODULE_SUBTREE,
			      fdt_phys, s.phys,
			      wire_page_phys(in, KHO_WIRE_MODULE));
	if (s.bytes != in->module->size)
		return refuse(c, -EBADMSG,
			      "size of subtree " KHO_MODULE_SUBTREE, fdt_phys,
			      s.bytes, in->module->size);
	return 0;
}

/*
 * The checksum comes before the contents, so that a flipped bit is reported as what it is and not
 * as whatever it happens to turn the contents into.
 */
static int check_fdt(struct check *c)
{
	struct kho_checked *in = c->in;
	u64 phys = in->head->data.fdt_addr;
	bool is_b = phys == wire_page_phys(in, KHO_WIRE_FDT_B);
	const void *page = page_at(c, phys);
	u32 crc;
	int err;

	if (!page)
		return refuse(c, -ERANGE, "root FDT is not reserved memory",
			      phys, phys, phys);
	crc = kho_crc32c(0, page, KHO_PAGE_SIZE);
	if (in->module->fdt_crc[is_b] != crc)
		return refuse(c, -EBADMSG, "root FDT checksum", phys, crc,
			      in->module->fdt_crc[is_b]);
	err = kho_fdt_check(&in->fdt, page, phys, c->r);
	if (!err)
		err = check_module_subtree(c);
	if (err)
		return err;
	if (in->fdt.tree_phys != in->module->tree_phys)
		return refuse(c, -EBADMSG,
			      "root FDT and module page name different trees",
			      phys, in->fdt.tree_phys, in->module->tree_phys);
	return 0;
}

/* Informative only: a map that is not valid is as good as none. */
static void find_memmap(struct check *c)
{
	const struct kho_memmap_ser *map =
		page_at(c, wire_page_phys(c->in, KHO_WIRE_MEMMAP));

	c->in->memmap = NULL;
	if (!map || map->magic != KHO_MEMMAP_MAGIC ||
	    map->nr_entries > KHO_MAX_MEMMAP)
		return;
	if (map->crc ==
	    kho_crc32c(0, map->entry, map->nr_entries * sizeof(map->entry[0])))
		c->in->memmap = map;
}

/* ---- nodes of the tree, from the root down, depth first, in ascending order of keys ---- */

static bool is_on_the_way(const struct check *c, u64 phys)
{
	unsigned int i;

	for (i = 0; i < c->depth; i++)
		if (c->way[i].node.phys == phys)
			return true;
	return false;
}

/* Opens the page at @phys as a node; @from is where its address was found. */
static int open_node(struct check *c, struct tree_node *node, u64 phys,
		     u64 from)
{
	node->phys = phys;
	if (phys % KHO_PAGE_SIZE)
		return refuse(c, -ERANGE, "tree node alignment", from, phys,
			      kho_align_down(phys, KHO_PAGE_SIZE));
	if (!contained(c, phys, phys + KHO_PAGE_SIZE))
		return refuse(c, -ERANGE, "tree node outside the extents", from,
			      phys, phys);
	if (phys - c->in->head_phys < KHO_WIRE_PAGES * KHO_PAGE_SIZE)
		return refuse(c, -EEXIST, "tree node inside the wire area",
			      from, phys, phys);
	if (is_on_the_way(c, phys))
		return refuse(c, -EBADMSG, "tree node below itself", from, phys,
			      phys);
	if (++c->nr_nodes > c->max_nodes)
		return refuse(c, -ERANGE,
			      "tree has more nodes than the extents have pages",
			      from, c->nr_nodes, c->max_nodes);
	node->words = page_at(c, phys);
	if (!node->words)
		return refuse(c, -ERANGE, "tree node is not reserved memory",
			      from, phys, phys);
	return 0;
}

static void push_node(struct check *c, const struct tree_node *node)
{
	c->way[c->depth].node = *node;
	c->way[c->depth].slot = 0;
	c->depth++;
}

static int first_node(struct check *c, struct tree_node *root)
{
	u64 phys = c->in->fdt.tree_phys;
	int err;

	c->depth = 0;
	c->nr_nodes = 0;
	root->level = ROOT_LEVEL;
	root->key = 0;
	err = open_node(c, root, phys, c->in->head->data.fdt_addr);
	if (!err)
		push_node(c, root);
	return err;
}

static inline bool group_empty(const u64 *words)
{
	u64 any = 0;
	unsigned int i;

	for (i = 0; i < GROUP_WORDS; i++)
		any |= words[i];
	return !any;
}

/* Number of the first slot in use from @slot on, or TABLE_SLOTS. */
static unsigned int used_slot(const u64 *words, unsigned int slot)
{
	while (slot < TABLE_SLOTS && !words[slot])
		slot += slot % GROUP_WORDS || !group_empty(&words[slot]) ?
				1 :
				GROUP_WORDS;
	return slot;
}

/* Gives the next node, its parent having been given before. Return: enum kho_step, or errno. */
static int next_node(struct check *c, struct tree_node *node)
{
	while (c->depth) {
		struct tree_step *step = &c->way[c->depth - 1];
		const struct tree_node *parent = &step->node;
		unsigned int slot = used_slot(parent->words, step->slot);
		u64 from = parent->phys + slot * sizeof(u64);
		int err;

		if (slot == TABLE_SLOTS) {
			c->depth--;
			continue;
		}
		step->slot = slot + 1;
		node->level = parent->level - 1;
		node->key = parent->key |
			    (u64)slot << (KHO_BITMAP_SIZE_LOG2 +
					  node->level * KHO_TABLE_SIZE_LOG2);
		if (node->key >> KHO_RADIX_KEY_WIDTH)
			return refuse(c, -ERANGE,
				      "tree entry beyond the widest key", from,
				      slot, 0);
		err = open_node(c, node, parent->words[slot], from);
		if (err)
			return err;
		if (node->level)
			push_node(c, node);
		return KHO_STEP_NEXT;
	}
	return 0;
}

/* ---- keys ---- */

/*
 * Is @phys inside a block of an order above @order? Larger blocks come first in the walk, and
 * their orders are known, so that only as many pages are looked at as there are such orders.
 *
 * Return: the mark of that block.
 */
static struct kho_mark enclosing_block(const struct check *c, u64 phys,
				       unsigned int order)
{
	u64 larger = c->orders & ~((2ULL << order) - 1);

	for (; larger; larger &= larger - 1) {
		unsigned int n = kho_ffs64(larger);
		u64 head = kho_align_down(phys, KHO_PAGE_SIZE << n);

		if (kho_mark_is(c->ops->marked(c->ops->ctx, head), n))
			return kho_mark_of(n);
	}
	return kho_mark_none();
}

static int refuse_mark(const struct check *c, int err, u64 where, u64 phys)
{
	if (err == -EEXIST)
		return refuse(c, err, "two preserved blocks at one address",
			      where, phys, phys);
	return refuse(c, -ERANGE, "preserved block is not reserved memory",
		      where, phys, phys);
}

/* @where: the leaf. */
static inline int take_key(struct check *c, u64 key, u64 where)
{
	struct kho_tally_ser *tally = &c->in->tally;
	unsigned int order;
	u64 phys, end;
	int err;

	if (unlikely(!key))
		return refuse(c, -EBADMSG, "key of no order", where, key, key);
	order = kho_key_order(key);
	if (unlikely(order >= ORDER_LIMIT))
		return refuse(c, -ERANGE, "order of a preserved block", where,
			      order, ORDER_LIMIT - 1);
	if (unlikely(tally->nr_keys == c->max_keys))
		return refuse(c, -EBADMSG,
			      "more preserved blocks than were counted", where,
			      tally->nr_keys + 1, c->max_keys);
	phys = kho_key_phys(key);
	end = phys + (KHO_PAGE_SIZE << order);
	if (unlikely(!contained(c, phys, end)))
		return refuse(c, -ERANGE, "preserved block outside the extents",
			      where, phys, phys);
	if (unlikely(c->orders >> order > 1) &&
	    kho_marked(enclosing_block(c, phys, order)))
		return refuse(c, -EEXIST, "preserved block inside another",
			      where, phys, phys);
	err = c->ops->mark(c->ops->ctx, phys, order);
	if (unlikely(err))
		return refuse_mark(c, err, where, phys);
	c->orders |= 1ULL << order;
	tally->nr_keys++;
	tally->nr_pages += 1ULL << order;
	tally->hash += kho_mix64(key);
	return 0;
}

static int take_word(struct check *c, u64 word, u64 key, u64 where)
{
	for (; word; word &= word - 1) {
		int err = take_key(c, key + kho_ffs64(word), where);

		if (err)
			return err;
	}
	return 0;
}

static int take_leaf(struct check *c, const struct tree_node *leaf)
{
	unsigned int group, i;
	int err;

	for (group = 0; group < LEAF_WORDS; group += GROUP_WORDS) {
		if (group_empty(&leaf->words[group]))
			continue;
		for (i = group; i < group + GROUP_WORDS; i++) {
			err = take_word(c, leaf->words[i], leaf->key + i * 64,
					leaf->phys);
			if (err)
				return err;
		}
	}
	return 0;
}

/* ---- the walk ---- */

static int take_tree(struct check *c)
{
	struct tree_node node;
	int step;

	memset(&c->in->tally, 0, sizeof(c->in->tally));
	step = first_node(c, &node);
	if (step)
		return step;
	while ((step = next_node(c, &node)) == KHO_STEP_NEXT) {
		int err = node.level ? 0 : take_leaf(c, &node);

		if (err)
			return err;
	}
	c->in->nr_nodes = c->nr_nodes;
	return step;
}

/* Whether any block, of whatever order, contains the page of a node. */
static int check_node_free(const struct check *c, u64 phys)
{
	if (kho_marked(c->ops->marked(c->ops->ctx, phys)) ||
	    kho_marked(enclosing_block(c, phys, 0)))
		return refuse(c, -EEXIST, "preserved block over a tree node",
			      phys, phys, phys);
	return 0;
}

/*
 * Once more over the nodes, now that all blocks are known: a block would be handed to a client,
 * and a node to the page allocator.
 */
static int check_nodes_free(struct check *c)
{
	struct tree_node node;
	int step;

	step = first_node(c, &node);
	if (!step)
		step = check_node_free(c, node.phys);
	if (step)
		return step;
	while ((step = next_node(c, &node)) == KHO_STEP_NEXT) {
		int err = check_node_free(c, node.phys);

		if (err)
			return err;
	}
	return step;
}

static bool tally_is(const struct kho_tally_ser *a,
		     const struct kho_tally_ser *b)
{
	return a->nr_keys == b->nr_keys && a->nr_pages == b->nr_pages &&
	       a->hash == b->hash;
}

static int check_tally(const struct check *c)
{
	const struct kho_tally_ser *found = &c->in->tally;
	struct kho_tally_ser wanted[2];
	u64 phys = wire_page_phys(c->in, KHO_WIRE_MODULE) +
		   offsetof(struct kho_module_ser, tally);

	memcpy(wanted, c->in->module->tally, sizeof(wanted));
	if (tally_is(found, &wanted[0]) || tally_is(found, &wanted[1]))
		return 0;
	if (found->nr_keys != wanted[0].nr_keys &&
	    found->nr_keys != wanted[1].nr_keys)
		return refuse(c, -EBADMSG, "number of preserved blocks", phys,
			      found->nr_keys, wanted[0].nr_keys);
	if (found->nr_pages != wanted[0].nr_pages &&
	    found->nr_pages != wanted[1].nr_pages)
		return refuse(c, -EBADMSG, "number of preserved pages", phys,
			      found->nr_pages, wanted[0].nr_pages);
	return refuse(c, -EBADMSG, "hash of the preserved blocks", phys,
		      found->hash, wanted[0].hash);
}

static int check_tree(struct check *c)
{
	u64 a = c->in->module->tally[0].nr_keys;
	u64 b = c->in->module->tally[1].nr_keys;
	int err;

	c->max_nodes = extent_pages(c->in);
	if (c->ops->nr_pages && c->ops->nr_pages < c->max_nodes)
		c->max_nodes = c->ops->nr_pages;
	c->max_keys = a > b ? a : b;
	err = take_tree(c);
	if (!err)
		err = check_nodes_free(c);
	if (!err)
		err = check_tally(c);
	return err;
}

int kho_handover_check(struct kho_checked *in,
		       const struct kho_checked_ops *ops, u64 head_phys,
		       struct kho_refusal *r)
{
	struct check c = { .in = in, .ops = ops, .r = r };
	int err;

	memset(in, 0, sizeof(*in));
	in->head_phys = head_phys;
	err = check_head(&c);
	if (!err)
		err = check_chain(&c);
	if (!err)
		err = check_module(&c);
	if (!err)
		err = check_fdt(&c);
	if (err)
		return err;
	find_memmap(&c);
	return check_tree(&c);
}
