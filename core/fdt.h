/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The root FDT: written and read in one page, without libfdt (which modules cannot use). The
 * reader accepts what any writer of devicetree blobs v17 may produce within one page; every
 * offset and length is checked before it is used.
 */
#ifndef KHO_CORE_FDT_H
#define KHO_CORE_FDT_H

#include <linux/kho/abi/kexec_handover.h>

#include "refusal.h"

/* Longest name of a subtree, without its NUL. */
#define KHO_FDT_NAME_MAX 63

/**
 * struct kho_fdt_subtree - one child of the root
 * @name: node name, 1 .. KHO_FDT_NAME_MAX bytes; when read, it points into the FDT
 * @phys: physical address of the blob
 * @bytes: size of the blob
 */
struct kho_fdt_subtree {
	const char *name;
	u64 phys;
	u64 bytes;
};

/**
 * kho_fdt_write() - write a complete root FDT
 * @page: KHO_PAGE_SIZE bytes, 8-byte aligned; what the FDT does not need is set to zero
 * @tree_phys: physical address of the radix root
 * @subtree: children, in order
 * @nr: how many
 *
 * Return: 0; -EINVAL (name empty, too long, or with a '/'), -EEXIST (name twice), both with @page
 * unchanged; -ENOSPC (does not fit; @page then is undefined).
 */
int kho_fdt_write(void *page, u64 tree_phys,
		  const struct kho_fdt_subtree *subtree, u32 nr);

/**
 * struct kho_fdt - a root FDT that was checked
 * @page: its page
 * @tree_phys: preserved-memory-map
 * @nr_subtrees: children of the root that have both properties; others are ignored
 */
struct kho_fdt {
	const void *page;
	u64 tree_phys;
	u32 nr_subtrees;
};

/**
 * kho_fdt_check() - check a whole root FDT
 * @fdt: filled on success
 * @page: KHO_PAGE_SIZE readable bytes, 8-byte aligned; trusted for nothing
 * @page_phys: for the refusal only
 * @r: filled on refusal; may be NULL
 *
 * Checks header, block bounds, every token up to FDT_END, depth, all property bounds, NUL
 * termination of names, that `compatible` contains KHO_FDT_COMPATIBLE, that preserved-memory-map
 * is 8 bytes and not 0, that the two properties of each subtree are 8 bytes each and that no two
 * subtrees share a name.
 *
 * Return: 0; -EBADMSG; -EPROTONOSUPPORT (compatible); -ENOENT (no memory map); -EEXIST (name
 * twice).
 */
int kho_fdt_check(struct kho_fdt *fdt, const void *page, u64 page_phys,
		  struct kho_refusal *r);

/**
 * kho_fdt_bytes() - size of an FDT as its header tells it
 * @page: written by kho_fdt_write(), or checked
 */
static inline u32 kho_fdt_bytes(const void *page)
{
	const u8 *totalsize = (const u8 *)page + 4;

	return (u32)totalsize[0] << 24 | (u32)totalsize[1] << 16 |
	       (u32)totalsize[2] << 8 | totalsize[3];
}

/**
 * kho_fdt_subtree_at() - get the subtree number @index, in the order of the FDT
 * @fdt: checked
 * @index: below nr_subtrees
 * @out: filled
 *
 * Return: 0 or -ENOENT.
 */
int kho_fdt_subtree_at(const struct kho_fdt *fdt, u32 index,
		       struct kho_fdt_subtree *out);

/**
 * kho_fdt_subtree_find() - get a subtree by name
 * @fdt: checked
 * @name: NUL-terminated
 * @out: filled
 *
 * Return: 0 or -ENOENT.
 */
int kho_fdt_subtree_find(const struct kho_fdt *fdt, const char *name,
			 struct kho_fdt_subtree *out);

#endif /* KHO_CORE_FDT_H */
