/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Sets of keys as the wire has them: radix trees whose nodes are pages, found by physical
 * address.
 *
 * Names, arguments and results are those of Linux 7.3. A key has up to KHO_RADIX_KEY_WIDTH bits
 * and means whatever the client wants. To hand a tree on, preserve every node (a walk names them)
 * and tell the next kernel the physical address of the root.
 */
#ifndef _LINUX_KHO_RADIX_TREE_H
#define _LINUX_KHO_RADIX_TREE_H

#include <linux/mutex.h>
#include <linux/types.h>
#include <linux/kho/abi/kexec_handover.h>

/**
 * struct kho_radix_tree - a set of keys
 * @root: page of the root, NULL before kho_radix_init_tree()
 * @lock: held while the tree changes and while it is walked
 */
struct kho_radix_tree {
	struct kho_radix_node *root;
	struct mutex lock; /* orders changes and walks */
};

/**
 * struct kho_radix_walk_cb - what a walk calls; either may be NULL
 * @leaf: for each key
 * @node: for each page of the tree, before anything below it
 *
 * A result other than 0 ends the walk.
 */
struct kho_radix_walk_cb {
	int (*leaf)(unsigned long key, void *data);
	int (*node)(phys_addr_t phys, void *data);
};

int kho_radix_init_tree(struct kho_radix_tree *tree,
			struct kho_radix_node *root);
void kho_radix_destroy_tree(struct kho_radix_tree *tree);
int kho_radix_add_key(struct kho_radix_tree *tree, unsigned long key);
void kho_radix_del_key(struct kho_radix_tree *tree, unsigned long key);
int kho_radix_walk_tree(struct kho_radix_tree *tree,
			const struct kho_radix_walk_cb *cb, void *data);

#endif /* _LINUX_KHO_RADIX_TREE_H */
