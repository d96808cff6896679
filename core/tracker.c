// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
#include "tracker.h"

enum {
	ROOT_LEVEL = KHO_TREE_MAX_DEPTH - 1,
	NODE_ENTRIES = KHO_PAGE_SIZE / sizeof(u64),
	SHARED_FINGER = KHO_ORDER_0_LOG2 - KHO_BITMAP_SIZE_LOG2 + 1,
	/* A range has at most two blocks of each order. */
	MAX_CUTS = 2 * (KHO_ORDER_0_LOG2 + 1),
};

static const u64 NO_PREFIX = ~0ULL;

static_assert(NODE_ENTRIES == 1 << KHO_TABLE_SIZE_LOG2, "a node is one page");
static_assert(NODE_ENTRIES * 64 == 1 << KHO_BITMAP_SIZE_LOG2, "so is a leaf");

/* How a range falls into blocks. */
struct cut {
	u64 phys;
	u64 nr_pages;
	unsigned int order;
};

static inline u64 *node_at(const struct kho_tracker *t, u64 phys)
{
	return (u64 *)(unsigned long)(phys + t->ops.va_offset);
}

static inline u64 node_phys(const struct kho_tracker *t, const u64 *node)
{
	return (u64)(unsigned long)node - t->ops.va_offset;
}

static inline unsigned long *population(const struct kho_tracker *t, u64 *node)
{
	return t->ops.node_population(t->ops.ctx, node);
}

static inline u64 key_prefix(u64 key)
{
	return key >> KHO_BITMAP_SIZE_LOG2;
}

/* Where in an inner node of @level (1 .. ROOT_LEVEL) the way to a leaf goes on. */
static inline unsigned int entry_index(u64 prefix, unsigned int level)
{
	return (prefix >> ((level - 1) * KHO_TABLE_SIZE_LOG2)) &
	       (NODE_ENTRIES - 1);
}

static inline unsigned int word_index(u64 key)
{
	return (key >> 6) & (NODE_ENTRIES - 1);
}

static inline u64 word_bit(u64 key)
{
	return 1ULL << (key & 63);
}

/* NULL if the way to the leaf ends in a node of @level. */
static inline u64 *walk_down(const struct kho_tracker *t, u64 prefix,
			     unsigned int *level)
{
	u64 *node = t->root;

	for (*level = ROOT_LEVEL; *level; --*level) {
		u64 child = node[entry_index(prefix, *level)];

		if (!child)
			return NULL;
		node = node_at(t, child);
	}
	return node;
}

static u64 *find_leaf(const struct kho_tracker *t, u64 prefix)
{
	unsigned int level;

	return walk_down(t, prefix, &level);
}

static inline struct kho_finger *finger_of(struct kho_tracker *t,
					   unsigned int order)
{
	return &t->finger[order < SHARED_FINGER ? order : SHARED_FINGER];
}

static void finger_drop(struct kho_finger *f)
{
	f->prefix = NO_PREFIX;
	f->leaf = NULL;
	f->population = NULL;
}

/*
 * Puts @f on the leaf of @prefix. Return: 0, or the level of the node in which the way to it
 * ends; the finger is then where it was.
 */
static noinline unsigned int finger_move(struct kho_tracker *t,
					 struct kho_finger *f, u64 prefix)
{
	unsigned int level;
	u64 *leaf = walk_down(t, prefix, &level);

	if (!leaf)
		return level;
	f->prefix = prefix;
	f->leaf = leaf;
	f->population = population(t, leaf);
	return 0;
}

/* Frees a chain of nodes with one entry each, from @node at @level down to an empty leaf. */
static void free_chain(struct kho_tracker *t, u64 *node, unsigned int level,
		       u64 prefix)
{
	for (;;) {
		u64 *entry = level ? &node[entry_index(prefix, level)] : NULL;
		u64 *child = entry ? node_at(t, *entry) : NULL;

		if (entry) {
			*entry = 0;
			*population(t, node) = 0;
		}
		t->ops.node_free(t->ops.ctx, node);
		if (!child)
			return;
		node = child;
		level--;
	}
}

/* Makes the chain of nodes from @level down to an empty leaf; nothing points to it yet. */
static u64 *make_chain(struct kho_tracker *t, unsigned int level, u64 prefix)
{
	u64 *top = NULL;
	unsigned int l;

	for (l = 0; l <= level; l++) {
		u64 *node = t->ops.node_alloc(t->ops.ctx);

		if (!node) {
			if (top)
				free_chain(t, top, l - 1, prefix);
			return NULL;
		}
		if (top) {
			node[entry_index(prefix, l)] = node_phys(t, top);
			*population(t, node) = 1;
		}
		top = node;
	}
	return top;
}

static int add_leaf(struct kho_tracker *t, u64 prefix)
{
	unsigned int level = ROOT_LEVEL;
	u64 *parent = t->root;
	u64 *chain;
	u64 *entry;

	while (*(entry = &parent[entry_index(prefix, level)])) {
		parent = node_at(t, *entry);
		level--;
	}
	chain = make_chain(t, level - 1, prefix);
	if (!chain)
		return -ENOMEM;
	smp_wmb(); /* the chain is complete before anything leads to it */
	WRITE_ONCE(*entry, node_phys(t, chain));
	++*population(t, parent);
	t->nr_nodes += level;
	return 0;
}

/* Frees an empty leaf and every node above it that has no other child, except the root. */
static void prune(struct kho_tracker *t, u64 prefix)
{
	u64 *path[KHO_TREE_MAX_DEPTH];
	unsigned int level;

	path[ROOT_LEVEL] = t->root;
	for (level = ROOT_LEVEL; level; level--)
		path[level - 1] =
			node_at(t, path[level][entry_index(prefix, level)]);
	while (level + 1 < ROOT_LEVEL && *population(t, path[level + 1]) == 1)
		level++;

	WRITE_ONCE(path[level + 1][entry_index(prefix, level + 1)], 0);
	smp_wmb(); /* nothing leads there any more before it is taken apart */
	--*population(t, path[level + 1]);
	t->nr_nodes -= level + 1;
	free_chain(t, path[level], level, prefix);
}

static inline void publish(struct kho_tally_ser *to,
			   const struct kho_tally_ser *now)
{
	WRITE_ONCE(to->nr_keys, now->nr_keys);
	WRITE_ONCE(to->nr_pages, now->nr_pages);
	WRITE_ONCE(to->hash, now->hash);
}

/*
 * Changes one word of a leaf, @now being the tally with the change. Until the word changes the
 * tree matches tally[0], from then on tally[1]; the copy that does not matter is written.
 */
static __always_inline void commit(struct kho_tracker *t, u64 *word, u64 value,
				   const struct kho_tally_ser *now)
{
	struct kho_tally_ser *tally = t->tally;

	smp_wmb(); /* tally[0] of the change before is complete */
	publish(&tally[1], now);
	smp_wmb(); /* tally[1] is complete */
	WRITE_ONCE(*word, value);
	smp_wmb(); /* the tree matches tally[1] before tally[0] is touched */
	publish(&tally[0], now);
}

/* Enters a key whose leaf @f is on. Return: enum kho_entered. */
static __always_inline int set_key(struct kho_tracker *t, struct kho_finger *f,
				   u64 key, unsigned int order)
{
	u64 *word = &f->leaf[word_index(key)];
	struct kho_tally_ser now = t->tally[0];
	u64 old = *word;

	if (old & word_bit(key))
		return KHO_ENTERED_BEFORE;
	++*f->population;
	if (!t->nr_of_order[order]++)
		t->orders |= 1ULL << order;
	now.nr_keys++;
	now.nr_pages += 1ULL << order;
	now.hash += kho_mix64(key);
	commit(t, word, old | word_bit(key), &now);
	return KHO_ENTERED_NOW;
}

/* Puts @f on the leaf of @prefix, which is made if there is none. */
static int finger_to_leaf(struct kho_tracker *t, struct kho_finger *f,
			  u64 prefix)
{
	int err;

	if (likely(f->prefix == prefix) || !finger_move(t, f, prefix))
		return 0;
	err = add_leaf(t, prefix);
	if (!err)
		finger_move(t, f, prefix);
	return err;
}

static noinline int enter_elsewhere(struct kho_tracker *t, struct kho_finger *f,
				    u64 key, unsigned int order)
{
	int err = finger_to_leaf(t, f, key_prefix(key));

	return err ? err : set_key(t, f, key, order);
}

static __always_inline int enter(struct kho_tracker *t, u64 key,
				 unsigned int order)
{
	struct kho_finger *f = finger_of(t, order);

	if (likely(f->prefix == key_prefix(key)))
		return set_key(t, f, key, order);
	return enter_elsewhere(t, f, key, order);
}

/*
 * Enters keys of pages, all of one word: those with a bit in @mask, up to the first that is
 * there. @base is the key of bit 0. Return: bit of that one, or 0.
 */
static u64 set_page_keys(struct kho_tracker *t, struct kho_finger *f, u64 base,
			 u64 mask)
{
	u64 *word = &f->leaf[word_index(base)];
	struct kho_tally_ser now = t->tally[0];
	u64 old = *word, there = mask & old, bits, nr = 0;

	there &= -there;
	if (there)
		mask &= there - 1;
	if (!mask)
		return there;
	for (bits = mask; bits; bits &= bits - 1, nr++)
		now.hash += kho_mix64(base + kho_ffs64(bits));
	*f->population += nr;
	t->nr_of_order[0] += nr;
	t->orders |= 1;
	now.nr_keys += nr;
	now.nr_pages += nr;
	commit(t, word, old | mask, &now);
	return there;
}

/* Like kho_tracker_lookup(), but leaves the finger where a change will look for it. */
static inline bool has_key(struct kho_tracker *t, u64 key, unsigned int order)
{
	struct kho_finger *f = finger_of(t, order);

	if (f->prefix != key_prefix(key) && finger_move(t, f, key_prefix(key)))
		return false;
	return f->leaf[word_index(key)] & word_bit(key);
}

/* Takes an emptied leaf away, on which @f is. Out of line, and 0, to keep its caller slim. */
static noinline int drop_leaf(struct kho_tracker *t, struct kho_finger *f,
			      u64 prefix)
{
	finger_drop(f);
	prune(t, prefix);
	return 0;
}

/* Removes a key whose leaf @f is on. */
static __always_inline int clear_key(struct kho_tracker *t,
				     struct kho_finger *f, u64 key,
				     unsigned int order)
{
	u64 *word = &f->leaf[word_index(key)];
	struct kho_tally_ser now = t->tally[0];
	u64 old = *word;

	if (unlikely(!(old & word_bit(key))))
		return -ENOENT;
	if (!--t->nr_of_order[order])
		t->orders &= ~(1ULL << order);
	now.nr_keys--;
	now.nr_pages -= 1ULL << order;
	now.hash -= kho_mix64(key);
	commit(t, word, old & ~word_bit(key), &now);
	if (unlikely(!--*f->population))
		return drop_leaf(t, f, key_prefix(key));
	return 0;
}

static noinline int leave_elsewhere(struct kho_tracker *t, struct kho_finger *f,
				    u64 key, unsigned int order)
{
	if (finger_move(t, f, key_prefix(key)))
		return -ENOENT;
	return clear_key(t, f, key, order);
}

static __always_inline int leave(struct kho_tracker *t, u64 key,
				 unsigned int order)
{
	struct kho_finger *f = finger_of(t, order);

	if (likely(f->prefix == key_prefix(key)))
		return clear_key(t, f, key, order);
	return leave_elsewhere(t, f, key, order);
}

static inline int check_block(u64 phys, unsigned int order)
{
	if (order > KHO_ORDER_0_LOG2)
		return -ERANGE;
	if (phys & ((KHO_PAGE_SIZE << order) - 1))
		return -EINVAL;
	return 0;
}

static int check_range(u64 phys, u64 nr_pages)
{
	const u64 limit = 1ULL << KHO_ORDER_0_LOG2;

	if (!nr_pages || phys & (KHO_PAGE_SIZE - 1))
		return -EINVAL;
	if (nr_pages > limit || (phys >> KHO_PAGE_SHIFT) > limit - nr_pages)
		return -ERANGE;
	return 0;
}

static inline void cut_begin(struct cut *c, u64 phys, u64 nr_pages)
{
	c->phys = phys;
	c->nr_pages = nr_pages;
	c->order = kho_range_next_order(phys, nr_pages);
}

/* Goes on to the next block; false if there is none. */
static inline bool cut_next(struct cut *c)
{
	c->phys += KHO_PAGE_SIZE << c->order;
	c->nr_pages -= 1ULL << c->order;
	if (!c->nr_pages)
		return false;
	c->order = kho_range_next_order(c->phys, c->nr_pages);
	return true;
}

static inline u64 cut_key(const struct cut *c)
{
	return kho_key(c->phys, c->order);
}

int kho_tracker_init(struct kho_tracker *t, const struct kho_tracker_ops *ops,
		     struct kho_tally_ser *tally)
{
	static const struct kho_tally_ser nothing;
	unsigned int i;

	memset(t, 0, sizeof(*t));
	t->ops = *ops;
	t->tally = tally;
	for (i = 0; i <= SHARED_FINGER; i++)
		finger_drop(&t->finger[i]);
	t->root = t->ops.node_alloc(t->ops.ctx);
	if (!t->root)
		return -ENOMEM;
	t->nr_nodes = 1;
	publish(&t->tally[0], &nothing);
	publish(&t->tally[1], &nothing);
	return 0;
}

/* At most KHO_TREE_MAX_DEPTH frames deep. */
static void free_subtree(struct kho_tracker *t, u64 *node, unsigned int level)
{
	unsigned int i;

	for (i = 0; level && i < NODE_ENTRIES; i++)
		if (node[i])
			free_subtree(t, node_at(t, node[i]), level - 1);
	memset(node, 0, KHO_PAGE_SIZE);
	*population(t, node) = 0;
	t->ops.node_free(t->ops.ctx, node);
}

void kho_tracker_destroy(struct kho_tracker *t)
{
	if (t->root)
		free_subtree(t, t->root, ROOT_LEVEL);
	memset(t, 0, sizeof(*t));
}

u64 kho_tracker_root_phys(const struct kho_tracker *t)
{
	return node_phys(t, t->root);
}

static __always_inline int preserve(struct kho_tracker *t, u64 phys,
				    unsigned int order)
{
	int err = check_block(phys, order);

	return err ? err : enter(t, kho_key(phys, order), order);
}

static __always_inline int unpreserve(struct kho_tracker *t, u64 phys,
				      unsigned int order)
{
	int err = check_block(phys, order);

	return err ? err : leave(t, kho_key(phys, order), order);
}

/* Most blocks are single pages: for them everything that depends on the order is constant. */
int kho_tracker_preserve(struct kho_tracker *t, u64 phys, unsigned int order)
{
	return order ? preserve(t, phys, order) : preserve(t, phys, 0);
}

int kho_tracker_unpreserve(struct kho_tracker *t, u64 phys, unsigned int order)
{
	return order ? unpreserve(t, phys, order) : unpreserve(t, phys, 0);
}

/* Removes those of the first @nr blocks of a range whose bit is set in @fresh. */
static void undo_range(struct kho_tracker *t, u64 phys, u64 nr_pages,
		       const u64 *fresh, unsigned int nr)
{
	struct cut c;
	unsigned int i;

	cut_begin(&c, phys, nr_pages);
	for (i = 0; i < nr; i++, cut_next(&c))
		if (fresh[i / 64] & 1ULL << i % 64)
			leave(t, cut_key(&c), c.order);
}

int kho_tracker_preserve_range(struct kho_tracker *t, u64 phys, u64 nr_pages)
{
	u64 fresh[(MAX_CUTS + 63) / 64] = { 0 };
	unsigned int nr = 0;
	struct cut c;
	int ret = check_range(phys, nr_pages);

	if (ret)
		return ret;
	cut_begin(&c, phys, nr_pages);
	do {
		ret = enter(t, cut_key(&c), c.order);
		if (ret < 0) {
			undo_range(t, phys, nr_pages, fresh, nr);
			return ret;
		}
		if (ret == KHO_ENTERED_NOW)
			fresh[nr / 64] |= 1ULL << nr % 64;
		nr++;
	} while (cut_next(&c));
	return 0;
}

int kho_tracker_preserve_pages(struct kho_tracker *t, u64 phys, u64 nr_pages,
			       u64 *nr_done)
{
	struct kho_finger *f = finger_of(t, 0);
	u64 key, end, there;
	int err;

	*nr_done = 0;
	err = check_range(phys, nr_pages);
	if (err)
		return err;
	key = kho_key(phys, 0);
	for (end = key + nr_pages; key < end;) {
		u64 base = key & ~63ULL, mask = ~0ULL << (key & 63);

		err = finger_to_leaf(t, f, key_prefix(key));
		if (err)
			return err;
		key = base + 64;
		if (key > end) {
			mask &= ~0ULL >> (key - end);
			key = end;
		}
		there = set_page_keys(t, f, base, mask);
		if (there)
			key = base + kho_ffs64(there);
		*nr_done = key - (end - nr_pages);
		if (there)
			return -EEXIST;
	}
	return 0;
}

int kho_tracker_unpreserve_range(struct kho_tracker *t, u64 phys, u64 nr_pages)
{
	struct cut c;
	int err = check_range(phys, nr_pages);

	if (err)
		return err;
	cut_begin(&c, phys, nr_pages);
	do {
		if (!has_key(t, cut_key(&c), c.order))
			return -ENOENT;
	} while (cut_next(&c));
	cut_begin(&c, phys, nr_pages);
	do {
		leave(t, cut_key(&c), c.order);
	} while (cut_next(&c));
	return 0;
}

/* The leaf of a key; the finger stays where it is. */
static const u64 *leaf_of(const struct kho_tracker *t, u64 key,
			  unsigned int order)
{
	const struct kho_finger *f =
		&t->finger[order < SHARED_FINGER ? order : SHARED_FINGER];

	return f->prefix == key_prefix(key) ? f->leaf :
					      find_leaf(t, key_prefix(key));
}

static bool holds_key(const struct kho_tracker *t, u64 key, unsigned int order)
{
	const u64 *leaf = leaf_of(t, key, order);

	return leaf && leaf[word_index(key)] & word_bit(key);
}

bool kho_tracker_lookup(const struct kho_tracker *t, u64 phys,
			unsigned int order)
{
	return !check_block(phys, order) &&
	       holds_key(t, kho_key(phys, order), order);
}

/*
 * The first key from @key to before @end, all of one order, that is in the tree; 0 if none is.
 * Quick though they may be many: a part of the tree that is not there is passed over at once, and
 * no leaf is empty. The finger goes along: who looks here will change something here next.
 */
static u64 next_key(struct kho_tracker *t, unsigned int order, u64 key, u64 end)
{
	struct kho_finger *f = finger_of(t, order);

	while (key < end) {
		unsigned int level = f->prefix == key_prefix(key) ?
					     0 :
					     finger_move(t, f, key_prefix(key));
		u64 bits = ~0ULL << (key & 63);

		if (level) {
			level = KHO_BITMAP_SIZE_LOG2 +
				(level - 1) * KHO_TABLE_SIZE_LOG2;
			key = ((key >> level) + 1) << level;
			continue;
		}
		do {
			bits &= f->leaf[word_index(key)];
			key &= ~63ULL;
			if (bits) {
				key += kho_ffs64(bits);
				return key < end ? key : 0;
			}
			bits = ~0ULL;
			key += 64;
		} while (key < end && word_index(key));
	}
	return 0;
}

/*
 * A block of this order in the tree that shares pages with those from number @first to @last, and
 * is not what they are cut into: a block that lies among them while the next larger one does not.
 * Return: its key, or 0.
 */
static u64 foreign_key(struct kho_tracker *t, unsigned int order, u64 first,
		       u64 last)
{
	const u64 top = 1ULL << (KHO_ORDER_0_LOG2 - order);
	const u64 end = (top | last >> order) + 1;
	u64 key = next_key(t, order, top | first >> order, end);

	while (key) {
		u64 pfn = (key ^ top) << order, size = 1ULL << order;
		u64 parent = pfn & ~size;

		if (pfn < first || pfn + size - 1 > last ||
		    (parent >= first && parent + 2 * size - 1 <= last))
			break;
		key = next_key(t, order, key + 1, end);
	}
	return key;
}

static bool found_key(u64 key, u64 *with, unsigned int *order)
{
	if (!key)
		return false;
	*with = kho_key_phys(key);
	*order = kho_key_order(key);
	return true;
}

bool kho_tracker_overlap(struct kho_tracker *t, u64 phys, u64 nr_pages,
			 u64 *with, unsigned int *order)
{
	const u64 first = phys >> KHO_PAGE_SHIFT, last = first + nr_pages - 1;
	u64 orders = t->orders;

	if (!orders || check_range(phys, nr_pages))
		return false;
	/* The range is a block: all that its own order can have here is itself. */
	if (!((first | nr_pages) & (nr_pages - 1)))
		orders &= ~nr_pages;
	for (; orders; orders &= orders - 1)
		if (found_key(foreign_key(t, kho_ffs64(orders), first, last),
			      with, order))
			return true;
	return false;
}

bool kho_tracker_overlap_pages(struct kho_tracker *t, u64 phys, u64 nr_pages,
			       u64 *with, unsigned int *order)
{
	const u64 first = phys >> KHO_PAGE_SHIFT, last = first + nr_pages - 1;
	u64 orders = t->orders & ~1ULL;

	if (!orders || check_range(phys, nr_pages))
		return false;
	for (; orders; orders &= orders - 1) {
		unsigned int larger = kho_ffs64(orders);

		if (found_key(next_key(t, larger,
				       kho_key(first << KHO_PAGE_SHIFT, larger),
				       kho_key(last << KHO_PAGE_SHIFT, larger) +
					       1),
			      with, order))
			return true;
	}
	return false;
}

/* First word from @i on that is not 0, or NODE_ENTRIES; runs of zeros go by eight at a time. */
static noinline unsigned int next_used(const u64 *word, unsigned int i)
{
	while (i < NODE_ENTRIES && !word[i]) {
		i++;
		while (!(i & 7) && i < NODE_ENTRIES &&
		       !(word[i] | word[i + 1] | word[i + 2] | word[i + 3] |
			 word[i + 4] | word[i + 5] | word[i + 6] | word[i + 7]))
			i += 8;
	}
	return i;
}

/* The very first word holds the keys of the seven largest orders, some of which have one key. */
static int walk_first_word(u64 bits, kho_tracker_visit visit, void *ctx)
{
	int ret = 0;

	for (; bits && !ret; bits &= bits - 1) {
		u64 key = kho_ffs64(bits);

		ret = visit(ctx, kho_key_phys(key), kho_key_order(key), 1);
	}
	return ret;
}

/* In every other word all keys have the order of @base, the key of its bit 0. */
static noinline int walk_word(u64 base, u64 bits, kho_tracker_visit visit,
			      void *ctx)
{
	unsigned int order, shift;
	u64 phys;

	if (!base)
		return walk_first_word(bits, visit, ctx);
	order = kho_key_order(base);
	shift = KHO_PAGE_SHIFT + order;
	phys = base << shift;
	while (bits) {
		unsigned int first = kho_ffs64(bits);
		u64 clear = ~(bits >> first);
		u64 nr = clear ? kho_ffs64(clear) : 64;
		int ret = visit(ctx, phys + ((u64)first << shift), order, nr);

		if (ret)
			return ret;
		/* Carries through the run and out of it. */
		bits &= bits + (1ULL << first);
	}
	return 0;
}

/*
 * At most KHO_TREE_MAX_DEPTH frames deep. @base: the bits of the keys above those of this node.
 */
static int walk_node(const struct kho_tracker *t, const u64 *node,
		     unsigned int level, u64 base, kho_tracker_visit visit,
		     void *ctx)
{
	unsigned int i;

	for (i = next_used(node, 0); i < NODE_ENTRIES;
	     i = next_used(node, i + 1)) {
		u64 below = base << KHO_TABLE_SIZE_LOG2 | i;
		int ret = level ? walk_node(t, node_at(t, node[i]), level - 1,
					    below, visit, ctx) :
				  walk_word(below << 6, node[i], visit, ctx);

		if (ret)
			return ret;
	}
	return 0;
}

int kho_tracker_walk(const struct kho_tracker *t, kho_tracker_visit visit,
		     void *ctx)
{
	return walk_node(t, t->root, ROOT_LEVEL, 0, visit, ctx);
}
