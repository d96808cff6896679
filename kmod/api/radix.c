// SPDX-License-Identifier: GPL-2.0
/*
 * Radix trees of clients. The tree of preserved memory has the same wire but is another thing
 * (core/tracker.h): it is published while it changes, is counted, and gives its nodes back as
 * they empty. Here nodes stay until the tree is destroyed, as in upstream: a client that
 * preserved them, one by one, must find each of them again when it walks the tree to unpreserve
 * them.
 */

#include <linux/bitops.h>
#include <linux/export.h>
#include <linux/gfp.h>
#include <linux/kho_fit.h>
#include <linux/kho_radix_tree.h>
#include <linux/mm.h>

#include "kmod/kho.h"

enum {
	ROOT_LEVEL = KHO_TREE_MAX_DEPTH - 1,
	NODE_ENTRIES = 1 << KHO_TABLE_SIZE_LOG2,
	LEAF_KEYS = 1 << KHO_BITMAP_SIZE_LOG2,
};

/* Inner nodes and leaves are one page of words each. */
static u64 *node_at(u64 phys)
{
	return phys_to_virt(phys);
}

static u64 *new_node(void)
{
	struct page *page = kho_fit_alloc(GFP_KERNEL | __GFP_ZERO, 0);

	return page ? page_address(page) : NULL;
}

static bool too_wide(unsigned long key)
{
	return key >> KHO_RADIX_KEY_WIDTH;
}

/* Where an inner node of @level leads on to @key. */
static u64 *entry_of(u64 *node, unsigned int level, unsigned long key)
{
	unsigned int shift =
		(level - 1) * KHO_TABLE_SIZE_LOG2 + KHO_BITMAP_SIZE_LOG2;

	return &node[key >> shift & (NODE_ENTRIES - 1)];
}

/* Walks down to the leaf of @key as far as there are nodes; @level says how far. */
static u64 *descend(const struct kho_radix_tree *tree, unsigned long key,
		    unsigned int *level)
{
	u64 *node = tree->root->table;

	for (*level = ROOT_LEVEL; *level; --*level) {
		u64 child = *entry_of(node, *level, key);

		if (!child)
			break;
		node = node_at(child);
	}
	return node;
}

/* At most KHO_TREE_MAX_DEPTH frames deep. */
static void free_nodes(u64 *node, unsigned int level)
{
	unsigned int i;

	for (i = 0; level && i < NODE_ENTRIES; i++)
		if (node[i])
			free_nodes(node_at(node[i]), level - 1);
	free_page((unsigned long)node);
}

/* Makes the nodes from @level down to the leaf of @key; @leaf is set to it. */
static u64 *make_branch(unsigned int level, unsigned long key, u64 **leaf)
{
	u64 *top = NULL, *node;
	unsigned int l;

	for (l = 0; l <= level; l++) {
		node = new_node();
		if (!node) {
			if (top)
				free_nodes(top, l - 1);
			return NULL;
		}
		if (l)
			*entry_of(node, l, key) = virt_to_phys(top);
		else
			*leaf = node;
		top = node;
	}
	return top;
}

static int add_key(struct kho_radix_tree *tree, unsigned long key)
{
	unsigned int level;
	u64 *node = descend(tree, key, &level), *leaf = node, *branch;

	if (level) {
		branch = make_branch(level - 1, key, &leaf);
		if (!branch)
			return -ENOMEM;
		*entry_of(node, level, key) = virt_to_phys(branch);
	}
	__set_bit(key % LEAF_KEYS, (unsigned long *)leaf);
	return 0;
}

/* @prefix: the bits of keys above those of this node. */
static int walk(u64 *node, unsigned int level, unsigned long prefix,
		const struct kho_radix_walk_cb *cb, void *data)
{
	unsigned long i;
	int ret = cb->node ? cb->node(virt_to_phys(node), data) : 0;

	for (i = 0; level && !ret && i < NODE_ENTRIES; i++)
		if (node[i])
			ret = walk(node_at(node[i]), level - 1,
				   prefix << KHO_TABLE_SIZE_LOG2 | i, cb, data);
	if (level || ret || !cb->leaf)
		return ret;
	for_each_set_bit(i, (unsigned long *)node, LEAF_KEYS)
	{
		ret = cb->leaf(prefix << KHO_BITMAP_SIZE_LOG2 | i, data);
		if (ret)
			break;
	}
	return ret;
}

/**
 * kho_radix_init_tree() - make a tree
 * @tree: to be initialised; its root is NULL, otherwise nothing is done
 * @root: root page of an existing tree, whose pages become the tree's; NULL to make an empty tree
 *
 * An existing tree is trusted: a client that takes one over from another kernel restores and
 * checks its nodes first.
 *
 * Context: may sleep.
 *
 * Return: 0 or -ENOMEM.
 */
int kho_radix_init_tree(struct kho_radix_tree *tree,
			struct kho_radix_node *root)
{
	if (tree->root)
		return 0;
	if (!root)
		root = (struct kho_radix_node *)new_node();
	if (!root)
		return -ENOMEM;
	mutex_init(&tree->lock);
	tree->root = root;
	return 0;
}
EXPORT_SYMBOL_GPL(kho_radix_init_tree);

/**
 * kho_radix_destroy_tree() - free all nodes of a tree, the root included
 * @tree: nobody uses it any more; its root is NULL afterwards
 *
 * Context: may sleep.
 */
void kho_radix_destroy_tree(struct kho_radix_tree *tree)
{
	if (!tree->root)
		return;
	free_nodes(tree->root->table, ROOT_LEVEL);
	tree->root = NULL;
	mutex_destroy(&tree->lock);
}
EXPORT_SYMBOL_GPL(kho_radix_destroy_tree);

/**
 * kho_radix_add_key() - add a key
 * @tree: tree
 * @key: up to KHO_RADIX_KEY_WIDTH bits; adding it twice is harmless
 *
 * Context: may sleep; takes the tree's lock.
 *
 * Return: 0; -EINVAL (no root); -ERANGE (key too wide); -ENOMEM, with nothing changed.
 */
int kho_radix_add_key(struct kho_radix_tree *tree, unsigned long key)
{
	if (!tree->root)
		return -EINVAL;
	if (too_wide(key))
		return -ERANGE;
	guard(mutex)(&tree->lock);
	return add_key(tree, key);
}
EXPORT_SYMBOL_GPL(kho_radix_add_key);

/**
 * kho_radix_del_key() - remove a key
 * @tree: tree
 * @key: nothing happens if it is not there
 *
 * Nodes stay, even empty ones.
 *
 * Context: may sleep; takes the tree's lock.
 */
void kho_radix_del_key(struct kho_radix_tree *tree, unsigned long key)
{
	unsigned int level;
	u64 *leaf;

	if (!tree->root || too_wide(key))
		return;
	guard(mutex)(&tree->lock);
	leaf = descend(tree, key, &level);
	if (!level)
		__clear_bit(key % LEAF_KEYS, (unsigned long *)leaf);
}
EXPORT_SYMBOL_GPL(kho_radix_del_key);

/**
 * kho_radix_walk_tree() - visit nodes and keys
 * @tree: tree
 * @cb: what to call, under the tree's lock: it must not use this tree
 * @data: passed to it
 *
 * Keys come in ascending order, a node before everything below it.
 *
 * Context: may sleep; takes the tree's lock.
 *
 * Return: 0; -EINVAL (no root); or the result of the callback that ended the walk.
 */
int kho_radix_walk_tree(struct kho_radix_tree *tree,
			const struct kho_radix_walk_cb *cb, void *data)
{
	if (!tree->root)
		return -EINVAL;
	guard(mutex)(&tree->lock);
	return walk(tree->root->table, ROOT_LEVEL, 0, cb, data);
}
EXPORT_SYMBOL_GPL(kho_radix_walk_tree);
