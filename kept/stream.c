// SPDX-License-Identifier: GPL-2.0
/* Strings of bytes that travel: single pages, preserved, and listed for the next kernel. */

#include <linux/err.h>
#include <linux/io.h>
#include <linux/kexec_handover.h>
#include <linux/kho_fit.h>
#include <linux/mm.h>
#include <linux/sched.h>

#include "core/crc32c.h"
#include "kept/kept.h"

/**
 * kept_page_alloc() - allocate a page that the next kernel will find
 *
 * As kho_alloc_preserve(), but nobody is killed for it: on the way to the jump there may be
 * nobody left but the one who reboots.
 *
 * Context: may sleep; no page is locked.
 *
 * Return: its address, zeroed, to be given to kho_unpreserve_free(); or an error pointer.
 */
void *kept_page_alloc(void)
{
	struct page *page = kho_fit_alloc(KEPT_GFP | __GFP_ZERO, 0);
	int ret;

	if (!page)
		return ERR_PTR(-ENOMEM);
	ret = kho_preserve_folio(page_folio(page));
	if (ret) {
		__free_page(page);
		return ERR_PTR(ret);
	}
	return page_address(page);
}

/* The page that the list ends with, with room for one more address. */
static int chunk_with_room(struct kept_stream *s)
{
	struct kho_vmalloc_chunk *chunk;

	if (s->chunk && s->used < KHO_VMALLOC_SIZE)
		return 0;
	chunk = kept_page_alloc();
	if (IS_ERR(chunk))
		return PTR_ERR(chunk);
	if (s->chunk)
		s->chunk->hdr.next = virt_to_phys(chunk);
	else
		s->list.first = virt_to_phys(chunk);
	s->chunk = chunk;
	s->used = 0;
	return 0;
}

static int add_page(struct kept_stream *s)
{
	int ret = s->list.total_pages == U32_MAX ? -ERANGE : chunk_with_room(s);
	void *page;

	if (ret)
		return ret;
	page = kept_page_alloc();
	if (IS_ERR(page))
		return PTR_ERR(page);
	s->chunk->phys[s->used++] = virt_to_phys(page);
	s->list.flags = KHO_VMALLOC_ALLOC;
	s->list.total_pages++;
	s->page = page;
	return 0;
}

/**
 * kept_stream_append() - append bytes
 * @s: stream; all 0 before the first
 * @data: bytes
 * @bytes: how many
 *
 * Context: may sleep; no page is locked.
 *
 * Return: 0, -ERANGE, or an error of kept_page_alloc(). After an error the stream is good for
 * nothing but kept_stream_free().
 */
int kept_stream_append(struct kept_stream *s, const void *data, size_t bytes)
{
	s->crc = kho_crc32c(s->crc, data, bytes);
	while (bytes) {
		size_t at = offset_in_page(s->bytes);
		size_t n = min_t(size_t, bytes, PAGE_SIZE - at);
		int ret = at ? 0 : add_page(s);

		if (ret)
			return ret;
		memcpy(s->page + at, data, n);
		s->bytes += n;
		data += n;
		bytes -= n;
	}
	return 0;
}

/**
 * kept_stream_each() - look at all bytes
 * @s: stream
 * @each: called for each page in order, with the bytes that are in use
 * @ctx: passed to it
 *
 * Context: may sleep.
 */
void kept_stream_each(const struct kept_stream *s,
		      void (*each)(void *ctx, void *page, u32 bytes), void *ctx)
{
	u64 phys = s->list.first, left = s->bytes;

	while (phys) {
		struct kho_vmalloc_chunk *chunk = phys_to_virt(phys);
		u32 i;

		for (i = 0; i < KHO_VMALLOC_SIZE && chunk->phys[i]; i++) {
			u32 bytes = min_t(u64, left, PAGE_SIZE);

			each(ctx, phys_to_virt(chunk->phys[i]), bytes);
			left -= bytes;
		}
		phys = chunk->hdr.next;
		cond_resched();
	}
}

/**
 * kept_stream_free() - unpreserve and free all pages of a stream
 * @s: stream; all 0 afterwards
 *
 * Context: may sleep.
 */
void kept_stream_free(struct kept_stream *s)
{
	u64 phys = s->list.first;

	while (phys) {
		struct kho_vmalloc_chunk *chunk = phys_to_virt(phys);
		u32 i;

		for (i = 0; i < KHO_VMALLOC_SIZE && chunk->phys[i]; i++)
			kho_unpreserve_free(phys_to_virt(chunk->phys[i]));
		phys = chunk->hdr.next;
		kho_unpreserve_free(chunk);
		kept_step();
		cond_resched();
	}
	*s = (struct kept_stream){};
}
