// SPDX-License-Identifier: GPL-2.0
#include "parcels.h"

#include <stdlib.h>

void *parcels_at(const struct parcels *p, u64 phys)
{
	if (phys < PARCELS_BASE ||
	    phys >= PARCELS_BASE + p->nr_pages * KHO_PAGE_SIZE)
		test_die("parcels: no memory at %#llx",
			 (unsigned long long)phys);
	return p->page + (phys - PARCELS_BASE);
}

static void begin(struct parcels *p)
{
	struct kho_parcel_head_ser *head;

	p->head_phys = parcels_new_page(p);
	head = parcels_head(p);
	head->magic = KHO_PARCEL_MAGIC;
	head->version = KHO_PARCEL_VERSION_WORD;
	head->entry_size = sizeof(struct kho_parcel_ser);
}

void parcels_init(struct parcels *p, u64 nr_pages)
{
	memset(p, 0, sizeof(*p));
	p->page = calloc(nr_pages, KHO_PAGE_SIZE);
	p->known = calloc(nr_pages, 1);
	p->nr_pages = nr_pages;
	begin(p);
}

void parcels_clear(struct parcels *p)
{
	memset(p->page, 0, p->next * KHO_PAGE_SIZE);
	memset(p->known, 0, p->nr_pages);
	p->next = 0;
	p->last_phys = 0;
	p->nr_last = 0;
	p->claimed_pages = 0;
	begin(p);
}

void parcels_exit(struct parcels *p)
{
	free(p->page);
	free(p->known);
	memset(p, 0, sizeof(*p));
}

struct kho_parcel_head_ser *parcels_head(const struct parcels *p)
{
	return parcels_at(p, p->head_phys);
}

u64 parcels_new_page(struct parcels *p)
{
	u64 nr = p->next++;

	if (nr == p->nr_pages)
		test_die("parcels: out of pages");
	p->known[nr] = PAGE_KNOWN;
	return PARCELS_BASE + nr * KHO_PAGE_SIZE;
}

struct kho_vmalloc parcels_new_list(struct parcels *p, u32 nr)
{
	struct kho_vmalloc list = { .total_pages = nr,
				    .flags = KHO_VMALLOC_ALLOC };
	u64 *link = &list.first;
	u32 i;

	for (i = 0; i < nr; i++) {
		struct kho_vmalloc_chunk *chunk;

		if (i % KHO_VMALLOC_SIZE == 0)
			*link = parcels_new_page(p);
		chunk = parcels_at(p, *link);
		chunk->phys[i % KHO_VMALLOC_SIZE] = parcels_new_page(p);
		if (i % KHO_VMALLOC_SIZE == KHO_VMALLOC_SIZE - 1)
			link = &chunk->hdr.next;
	}
	return list;
}

static struct kho_block_header_ser *new_block(struct parcels *p)
{
	u64 phys = parcels_new_page(p);

	if (p->last_phys) {
		struct kho_block_header_ser *last = parcels_at(p, p->last_phys);

		last->next = phys;
	} else {
		parcels_head(p)->first_block_phys = phys;
	}
	p->last_phys = phys;
	return parcels_at(p, phys);
}

struct kho_parcel_ser *parcels_new_slot(struct parcels *p)
{
	struct kho_block_header_ser *block;

	/* By our own count: what is in memory may have been damaged on purpose. */
	if (p->nr_last == 0 || p->nr_last == KHO_PARCELS_PER_BLOCK) {
		block = new_block(p);
		p->nr_last = 0;
	} else {
		block = parcels_at(p, p->last_phys);
	}
	block->count = ++p->nr_last;
	return (struct kho_parcel_ser *)(block + 1) + p->nr_last - 1;
}

struct kho_parcel_ser *parcels_put(struct parcels *p, const char *name,
				   u64 bytes)
{
	struct kho_parcel_ser *slot = parcels_new_slot(p);

	memset(slot, 0, sizeof(*slot));
	slot->state = KHO_PARCEL_VALID;
	memcpy(slot->name, name, strlen(name));
	slot->bytes = bytes;
	slot->created_ns = 1700000000000000000ULL;
	slot->data = parcels_new_list(p, (bytes + KHO_PAGE_SIZE - 1) /
						 KHO_PAGE_SIZE);
	slot->crc = kho_parcel_crc(slot);
	slot->mode = KHO_PARCEL_MODE_KNOWN | 0640;
	slot->mode_crc = kho_parcel_mode_crc(slot->mode);
	return slot;
}

static const void *page_op(void *ctx, u64 phys, unsigned int order)
{
	const struct parcels *p = ctx;
	u64 nr = (phys - PARCELS_BASE) / KHO_PAGE_SIZE, i;

	if (!phys || phys % (KHO_PAGE_SIZE << order))
		test_die("parcels: impossible block asked for");
	if (phys < PARCELS_BASE || p->nr_pages < 1ULL << order ||
	    nr > p->nr_pages - (1ULL << order))
		return NULL;
	for (i = 0; i < 1ULL << order; i++)
		if (p->known[nr + i] != PAGE_KNOWN)
			return NULL;
	return parcels_at(p, phys);
}

static bool bad_op(void *ctx, u64 phys, unsigned int order)
{
	const struct parcels *p = ctx;
	u64 nr = (phys - PARCELS_BASE) / KHO_PAGE_SIZE, i;

	if (!phys || phys % (KHO_PAGE_SIZE << order))
		test_die("parcels: impossible block asked for");
	for (i = 0; phys >= PARCELS_BASE && i < 1ULL << order; i++)
		if (nr + i < p->nr_pages && p->known[nr + i] == PAGE_BAD)
			return true;
	return false;
}

struct kho_page_ops parcels_ops(struct parcels *p)
{
	return (struct kho_page_ops){ .page = page_op,
				      .ctx = p,
				      .nr_pages = p->claimed_pages,
				      .bad = bad_op };
}
