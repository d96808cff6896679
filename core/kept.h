/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Checks of the wire of kept trees (include/linux/kho/abi/kept.h), but for what is in their
 * records: see kept_record.h.
 */
#ifndef KHO_CORE_KEPT_H
#define KHO_CORE_KEPT_H

#include <linux/kho/abi/kept.h>

#include "mark.h"
#include "pages.h"
#include "refusal.h"

/**
 * struct kho_kept_ops - the environment
 * @pages: pages that may be looked at
 * @block: the mark of the page at @phys. Asked for folios. NULL: nobody looks
 * @first_time: remembers the block of @order at @phys; false if it, or a part of it, was
 *              remembered before. Asked for all that is named: the head, blocks of the chain,
 *              pages of lists, folios. NULL: nobody looks
 * @max_order: of a folio
 */
struct kho_kept_ops {
	struct kho_page_ops pages;
	struct kho_mark (*block)(void *ctx, u64 phys);
	bool (*first_time)(void *ctx, u64 phys, unsigned int order);
	unsigned int max_order;
};

/**
 * struct kho_kept_list - one list of a tree, read
 * @page: contents of its pages, in order
 * @bytes: length
 */
struct kho_kept_list {
	const void *const *page;
	u64 bytes;
};

/* Lists of a tree, in the order in which they are read. */
enum kho_kept_lists {
	KHO_KEPT_RECORDS,
	KHO_KEPT_FILES,
	KHO_KEPT_ENTRIES,
	KHO_KEPT_NR_LISTS,
};

/**
 * struct kho_kept_said - what a tree says of one of its lists
 * @list: descriptor; a copy, as members of a packed struct have no addresses
 * @bytes: length
 * @crc: checksum
 */
struct kho_kept_said {
	struct kho_vmalloc list;
	u64 bytes;
	u32 crc;
};

/**
 * kho_kept_said() - what does a tree say of its lists?
 * @t: tree, from kho_kept_check()
 * @said: KHO_KEPT_NR_LISTS of them; filled
 */
void kho_kept_said(const struct kho_kept_tree_ser *t,
		   struct kho_kept_said *said);

/* The pages of a list of so many bytes. */
static inline u64 kho_kept_list_pages(u64 bytes)
{
	return (bytes >> KHO_PAGE_SHIFT) + !!(bytes % KHO_PAGE_SIZE);
}

/* File @nr of a list of files that is so long. */
static inline const struct kho_kept_file_ser *
kho_kept_file_at(const struct kho_kept_list *files, u64 nr)
{
	const u64 per_page = KHO_PAGE_SIZE / sizeof(struct kho_kept_file_ser);
	const struct kho_kept_file_ser *file = files->page[nr / per_page];

	return &file[nr % per_page];
}

/* Entry @nr of a list of entries that is so long. */
static inline u64 kho_kept_entry_at(const struct kho_kept_list *entries, u64 nr)
{
	const u64 per_page = KHO_PAGE_SIZE / sizeof(u64);
	const u64 *entry = entries->page[nr / per_page];

	return entry[nr % per_page];
}

/* One behind the last entry of file @nr. */
static inline u64 kho_kept_file_end(const struct kho_kept_tree_ser *t,
				    const struct kho_kept_list *files, u64 nr)
{
	return nr + 1 < t->nr_files ? kho_kept_file_at(files, nr + 1)->first :
				      t->nr_entries;
}

/**
 * kho_kept_crc() - compute what belongs into kho_kept_tree_ser.crc
 * @t: tree
 * @entry_size: from one tree to the next
 */
u32 kho_kept_crc(const struct kho_kept_tree_ser *t, u32 entry_size);

/**
 * kho_kept_name_ok() - is this a name for a tree?
 * @name: KHO_KEPT_TREE_NAME_SIZE bytes
 *
 * 1 .. 255 bytes other than NUL, and nothing but 0 behind them.
 */
bool kho_kept_name_ok(const char *name);

/**
 * kho_kept_check() - check the list of trees, without what they consist of
 * @head_phys: blob of the subtree
 * @blob_bytes: its size
 * @ops: environment
 * @each: called for each tree, whole or lost, once the whole list was found good, may be NULL; a
 *        result other than 0 is returned. @t is a copy, which is gone afterwards
 * @block: called for each page of the chain after the last use of its contents, may be NULL;
 *         likewise
 * @ctx: passed to both
 * @r: filled on refusal
 *
 * Names are valid, and appear once. A slot whose own members contradict each other is refused
 * with all others: who wrote it cannot be trusted. That lengths of lists fit to what is in them
 * is checked here, so that room for them can be had before they are read.
 *
 * Return: 0, -EBADMSG, -EPROTONOSUPPORT, -ERANGE, -EEXIST (name or block twice), KHO_WENT_BAD.
 */
int kho_kept_check(u64 head_phys, u64 blob_bytes,
		   const struct kho_kept_ops *ops,
		   int (*each)(void *ctx, const struct kho_kept_tree_ser *t),
		   int (*block)(void *ctx, u64 phys), void *ctx,
		   struct kho_refusal *r);

/**
 * kho_kept_list_check() - check one list of a tree, and read it
 * @list: its descriptor
 * @bytes: length that it should have
 * @crc: checksum that its bytes should have
 * @ops: environment
 * @page: room for kho_kept_list_pages(@bytes) addresses; filled
 * @chunk: called for each page that the addresses were read from after the last use of its
 *         contents, may be NULL; a result other than 0 is returned
 * @ctx: passed to it
 * @r: filled on refusal
 *
 * Return: 0, -EBADMSG, -ERANGE, -EEXIST (a page twice), KHO_WENT_BAD.
 */
int kho_kept_list_check(const struct kho_vmalloc *list, u64 bytes, u32 crc,
			const struct kho_kept_ops *ops, const void **page,
			int (*chunk)(void *ctx, u64 phys), void *ctx,
			struct kho_refusal *r);

/**
 * kho_kept_files_check() - check what the files of a tree hold
 * @t: tree, from kho_kept_check()
 * @files: its list of files, from kho_kept_list_check()
 * @entries: its list of entries, likewise
 * @ops: environment; kho_page_ops.bad is asked for folios, too
 * @pause: called now and then with kho_page_ops.ctx, may be NULL; a result other than 0 is
 *         returned
 * @r: filled on refusal; where it says which entry of the list, or which file, not an address
 *
 * Return: 0, -EBADMSG, -ERANGE, -EEXIST (a folio twice), KHO_WENT_BAD is not among them: a folio
 * that went bad after the jump is the restorer's to report.
 */
int kho_kept_files_check(const struct kho_kept_tree_ser *t,
			 const struct kho_kept_list *files,
			 const struct kho_kept_list *entries,
			 const struct kho_kept_ops *ops,
			 int (*pause)(void *ctx), struct kho_refusal *r);

#endif /* KHO_CORE_KEPT_H */
