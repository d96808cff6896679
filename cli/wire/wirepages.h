/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Pages of physical memory by their address: read from the running kernel as they are asked for,
 * or out of a file that `kho dump --save` wrote.
 */
#ifndef KHO_CLI_WIREPAGES_H
#define KHO_CLI_WIREPAGES_H

#include "cli/base/util.h"

/**
 * struct wire_page - one of them
 * @phys: physical address
 * @data: PAGE_BYTES
 */
struct wire_page {
	u64 phys;
	u8 *data;
};

/**
 * struct wire_pages - a set of pages
 * @page: pages in the order in which they were asked for
 * @nr: how many
 * @room: elements of @page
 * @slot: hash table of indices into @page plus 1; 0 is an empty slot
 * @slots: elements of @slot, a power of two
 * @fetch: fills @data with a page that is not there yet; NULL if there are no others
 * @ctx: passed to it
 */
struct wire_pages {
	struct wire_page *page;
	size_t nr;
	size_t room;
	u32 *slot;
	size_t slots;
	bool (*fetch)(void *ctx, u64 phys, u8 *data);
	void *ctx;
};

/* The contents of a page, 8-byte aligned; NULL if it is not to be had. */
const u8 *wire_pages_get(struct wire_pages *p, u64 phys);

/* Is the page there without fetching it? */
bool wire_pages_has(const struct wire_pages *p, u64 phys);

/**
 * wire_pages_add() - add a page
 * @p: pages
 * @phys: physical address
 * @data: copied
 *
 * Return: false if it is there already, or is not aligned.
 */
bool wire_pages_add(struct wire_pages *p, u64 phys, const u8 *data);

/* Forget all pages. */
void wire_pages_free(struct wire_pages *p);

#endif /* KHO_CLI_WIREPAGES_H */
