// SPDX-License-Identifier: GPL-2.0
/* Pages of a handover, wherever they come from. */
#include "cli/wire/wirepages.h"

#include <string.h>

static size_t hash(u64 phys)
{
	return (size_t)((phys / PAGE_BYTES) * 0x9e3779b97f4a7c15ULL >> 20);
}

/* Slot of the page, or the empty one where it would be. */
static u32 *find(const struct wire_pages *p, u64 phys)
{
	size_t i = hash(phys);

	for (;; i++) {
		u32 *slot = &p->slot[i & (p->slots - 1)];

		if (!*slot || p->page[*slot - 1].phys == phys)
			return slot;
	}
}

static void grow(struct wire_pages *p)
{
	size_t i;

	if (p->nr == p->room) {
		p->room = p->room ? 2 * p->room : 64;
		p->page = need(realloc(p->page, p->room * sizeof(*p->page)));
	}
	if (p->slots > 2 * p->nr)
		return;
	free(p->slot);
	p->slots = p->slots ? 2 * p->slots : 256;
	p->slot = need(calloc(p->slots, sizeof(*p->slot)));
	for (i = 0; i < p->nr; i++)
		*find(p, p->page[i].phys) = (u32)i + 1;
}

bool wire_pages_has(const struct wire_pages *p, u64 phys)
{
	return p->slots && *find(p, phys);
}

/* @data is taken over. */
static void insert(struct wire_pages *p, u64 phys, u8 *data)
{
	grow(p);
	p->page[p->nr++] = (struct wire_page){ phys, data };
	*find(p, phys) = (u32)p->nr;
}

bool wire_pages_add(struct wire_pages *p, u64 phys, const u8 *data)
{
	u8 *copy;

	if (phys % PAGE_BYTES || wire_pages_has(p, phys))
		return false;
	copy = need(aligned_alloc(64, PAGE_BYTES));
	memcpy(copy, data, PAGE_BYTES);
	insert(p, phys, copy);
	return true;
}

const u8 *wire_pages_get(struct wire_pages *p, u64 phys)
{
	u8 *data;

	if (phys % PAGE_BYTES)
		return NULL;
	if (wire_pages_has(p, phys))
		return p->page[*find(p, phys) - 1].data;
	if (!p->fetch)
		return NULL;
	data = need(aligned_alloc(64, PAGE_BYTES));
	if (!p->fetch(p->ctx, phys, data)) {
		free(data);
		return NULL;
	}
	insert(p, phys, data);
	return data;
}

void wire_pages_free(struct wire_pages *p)
{
	size_t i;

	for (i = 0; i < p->nr; i++)
		free(p->page[i].data);
	free(p->page);
	free(p->slot);
	p->page = NULL;
	p->slot = NULL;
	p->nr = 0;
	p->room = 0;
	p->slots = 0;
}
