// SPDX-License-Identifier: GPL-2.0
/*
 * What the next kernel would say of a tree that is written, by its own code, before anything
 * leads to it: what would be refused there is left behind here, and said.
 *
 * That each folio is preserved is not asked again: it was preserved the moment before, as nothing
 * else was, or it would not be named.
 */

#include <linux/err.h>
#include <linux/io.h>
#include <linux/kexec_handover.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>

#include "core/kept.h"
#include "kept/kept.h"
#include "kmod/compat/compat.h"

static const void *page_op(void *ctx, u64 phys, unsigned int order)
{
	return pfn_to_online_page(PHYS_PFN(phys)) ? phys_to_virt(phys) : NULL;
}

static int chunk_done(void *ctx, u64 phys)
{
	return kept_pause_op(ctx);
}

static const struct kho_kept_ops ops = {
	.pages = { .page = page_op },
	.max_order = KHO_MAX_BUDDY_ORDER,
};

/* @list: its page array is to be freed in any case */
static int check_list(struct kho_kept_list *list,
		      const struct kho_kept_said *said, struct kho_refusal *r)
{
	const void **page = kvmalloc_array(kho_kept_list_pages(said->bytes) + 1,
					   sizeof(*page), KEPT_GFP);

	list->page = page;
	list->bytes = said->bytes;
	if (!page)
		return -ENOMEM;
	return kho_kept_list_check(&said->list, said->bytes, said->crc, &ops,
				   page, chunk_done, NULL, r);
}

/**
 * kept_check_tree() - would the next kernel take a tree?
 * @ser: what it would be told of it; whole
 * @r: filled if it would not
 *
 * Context: may sleep.
 *
 * Return: 0; -ENOMEM (it was not looked at to the end, and @r says nothing); another error: it
 * would be refused.
 */
int kept_check_tree(const struct kho_kept_tree_ser *ser, struct kho_refusal *r)
{
	struct kho_kept_said said[KHO_KEPT_NR_LISTS];
	struct kho_kept_list list[KHO_KEPT_NR_LISTS] = {};
	int i, ret = 0;

	kho_kept_said(ser, said);
	for (i = 0; i < KHO_KEPT_NR_LISTS && !ret; i++)
		ret = check_list(&list[i], &said[i], r);
	if (!ret)
		ret = kho_kept_files_check(ser, &list[KHO_KEPT_FILES],
					   &list[KHO_KEPT_ENTRIES], &ops,
					   kept_pause_op, r);
	for (i = 0; i < KHO_KEPT_NR_LISTS; i++)
		kvfree(list[i].page);
	return ret;
}

/* The head as it will be. */
struct head_to_be {
	u64 phys;
	struct kho_kept_head_ser head;
};

static const void *head_op(void *ctx, u64 phys, unsigned int order)
{
	const struct head_to_be *h = ctx;

	return phys == h->phys ? &h->head : page_op(ctx, phys, order);
}

/**
 * kept_check_head() - would the next kernel take the list of trees?
 * @head: of the subtree
 * @first_block_phys: what will lead from it to the list
 * @r: filled if it would not
 *
 * Context: may sleep.
 *
 * Return: 0, or an error: all trees would be refused.
 */
int kept_check_head(const struct kho_kept_head_ser *head, u64 first_block_phys,
		    struct kho_refusal *r)
{
	struct head_to_be h = {
		.phys = virt_to_phys((void *)head),
		.head = *head,
	};
	const struct kho_kept_ops head_ops = {
		.pages = { .page = head_op, .ctx = &h },
		.max_order = KHO_MAX_BUDDY_ORDER,
	};

	h.head.first_block_phys = first_block_phys;
	return kho_kept_check(h.phys, sizeof(*head), &head_ops, NULL, NULL,
			      NULL, r);
}
