// SPDX-License-Identifier: GPL-2.0
/*
 * Parcels: named byte strings that user space hands to the next kernel. The first client of the
 * in-kernel API; its wire is <linux/kho/abi/parcel.h>.
 *
 * A parcel lives until it is dropped: what came in is taken over where it lies and is preserved
 * again.
 *
 * All lists and the index are under store_lock. A parcel's pages do not change once it is
 * committed.
 */

#include <linux/kexec_handover.h>
#include <linux/kho.h>
#include <linux/kho_fit.h>
#include <linux/kho_waiting.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>
#include <linux/uaccess.h>

#include "core/crc32c.h"
#include "core/fdt.h"
#include "core/parcel.h"
#include "kmod/api/api.h"
#include "kmod/clients/clients.h"
#include "kmod/in/in.h"
#include "kmod/kho.h"

/**
 * struct kho_parcel - one parcel, in the store or being written
 * @list: in the store, sorted by name; empty if not there
 * @ref: the store's reference, and one for each open file
 * @name: NUL-terminated
 * @bytes: length
 * @created_ns: CLOCK_REALTIME when it was committed
 * @crc: CRC-32C of the contents
 * @mode: see struct kho_parcel_ser
 * @nr_pages: data pages
 * @first: first page of the list of data pages
 * @last: last page of that list
 * @last_used: entries used in @last
 * @chunk: every page of that list in turn, NULL until somebody reads; does not change then
 * @slot: its place in the index, NULL if not in the store
 * @incoming: came from a previous kernel
 * @preserved: pages are preserved
 */
struct kho_parcel {
	struct list_head list;
	struct kref ref;
	char name[KHO_PARCEL_NAME_SIZE];
	u64 bytes;
	u64 created_ns;
	u32 crc;
	u32 mode;
	u32 nr_pages;
	struct kho_vmalloc_chunk *first;
	struct kho_vmalloc_chunk *last;
	u32 last_used;
	struct kho_vmalloc_chunk **chunk;
	struct kho_parcel_ser *slot;
	bool incoming;
	bool preserved;
};

/* One page of the index. */
struct index_block {
	struct kho_block_header_ser hdr;
	struct kho_parcel_ser slot[KHO_PARCELS_PER_BLOCK];
};

static_assert(sizeof(struct index_block) <= PAGE_SIZE);
static_assert(KHO_PARCEL_MODE == KHO_PARCEL_MODE_KNOWN,
	      "a mode is told as it is");

/**
 * struct lost_parcel - one that came in, and is not there
 * @list: in lost_parcels
 * @name: NUL-terminated
 * @why: which check failed
 */
struct lost_parcel {
	struct list_head list;
	char name[KHO_PARCEL_NAME_SIZE];
	char why[KHO_WHY_SIZE];
};

/* Pages of a parcel between two looks at how much memory there is. */
#define PAGES_PER_LOOK 64

static LIST_HEAD(store);
static u32 nr_stored;
static DEFINE_MUTEX(store_lock);
/* Blob of the subtree; NULL until the first parcel. */
static struct kho_parcel_head_ser *store_head;
static LIST_HEAD(lost_parcels);
/* Why what came in was not taken over, whatever its names; empty if it was. */
static char all_lost_why[KHO_WHY_SIZE];

/* ------------------------------------------------------------------------ pages of a parcel */

/* Calls @each for every page of data, then of the list itself; stops at an error. */
static int for_each_page(struct kho_parcel *p,
			 int (*each)(struct page *page, void *ctx), void *ctx)
{
	struct kho_vmalloc_chunk *chunk = p->first, *next;
	u32 i, left = p->nr_pages;
	int ret = 0;

	for (; chunk && !ret; chunk = next) {
		for (i = 0; i < KHO_VMALLOC_SIZE && left && !ret; i++, left--)
			ret = each(pfn_to_page(PHYS_PFN(chunk->phys[i])), ctx);
		next = chunk->hdr.next ? phys_to_virt(chunk->hdr.next) : NULL;
		if (!ret)
			ret = each(virt_to_page(chunk), ctx);
		cond_resched();
	}
	return ret;
}

static int preserve_page(struct page *page, void *done)
{
	int ret = kho_preserve_pages(page, 1);

	if (!ret)
		(*(u64 *)done)++;
	return ret;
}

static int unpreserve_page(struct page *page, void *left)
{
	u64 *n = left;

	if (!*n)
		return 1;
	(*n)--;
	kho_unpreserve_pages(page, 1);
	return 0;
}

static int free_page_of(struct page *page, void *ctx)
{
	__free_page(page);
	return 0;
}

static int preserve_parcel(struct kho_parcel *p)
{
	u64 done = 0;
	int ret = for_each_page(p, preserve_page, &done);

	if (ret)
		for_each_page(p, unpreserve_page, &done);
	else
		p->preserved = true;
	return ret;
}

static void unpreserve_parcel(struct kho_parcel *p)
{
	u64 all = U64_MAX;

	if (p->preserved)
		for_each_page(p, unpreserve_page, &all);
	p->preserved = false;
}

static void kho_parcel_release(struct kref *ref)
{
	struct kho_parcel *p = container_of(ref, struct kho_parcel, ref);

	for_each_page(p, free_page_of, NULL);
	kvfree(p->chunk);
	kfree(p);
}

/**
 * kho_parcel_put() - drop a reference; the last one frees the pages
 * @p: parcel
 */
void kho_parcel_put(struct kho_parcel *p)
{
	kref_put(&p->ref, kho_parcel_release);
}

static struct kho_parcel *parcel_alloc(const char *name)
{
	struct kho_parcel *p = kzalloc(sizeof(*p), GFP_KERNEL);

	if (!p)
		return NULL;
	INIT_LIST_HEAD(&p->list);
	kref_init(&p->ref);
	strscpy(p->name, name, sizeof(p->name));
	return p;
}

/*
 * Pages that parcels may still take. They can be neither moved to swap nor taken back: something
 * must be left, or others are killed for memory that killing them does not free.
 */
static long pages_to_be_had(void)
{
	unsigned long leave = clamp_t(unsigned long, totalram_pages() / 64,
				      SZ_16M >> PAGE_SHIFT,
				      SZ_256M >> PAGE_SHIFT);

	return si_mem_available() - (long)leave;
}

static bool leaves_enough(const struct kho_parcel *p)
{
	return p->nr_pages % PAGES_PER_LOOK || !p->nr_pages ||
	       pages_to_be_had() > 0;
}

/**
 * kho_parcel_missing() - is there room for a parcel?
 * @bytes: its length
 *
 * Return: bytes that would have to be freed, 0 if none. The answer may be out of date at once.
 */
u64 kho_parcel_missing(u64 bytes)
{
	u64 pages = (bytes >> PAGE_SHIFT) + !!offset_in_page(bytes);
	long room = max(pages_to_be_had(), 0L);

	if (pages <= PAGES_PER_LOOK)
		return 0;
	pages += DIV_ROUND_UP_ULL(pages, KHO_VMALLOC_SIZE);
	return pages > room ? (pages - room) << PAGE_SHIFT : 0;
}

/* A zeroed page for the index. */
static void *index_page(void)
{
	struct page *page = kho_fit_alloc(GFP_KERNEL | __GFP_ZERO, 0);

	return page ? page_address(page) : NULL;
}

/* A page that fills up a parcel without pushing the rest of the system out of memory. */
static void *data_page(void)
{
	struct page *page =
		kho_fit_alloc(GFP_KERNEL_ACCOUNT | __GFP_ZERO | __GFP_NOWARN |
				      __GFP_RETRY_MAYFAIL,
			      0);

	return page ? page_address(page) : NULL;
}

static int chunk_append(struct kho_parcel *p)
{
	struct kho_vmalloc_chunk *chunk = data_page();

	if (!chunk)
		return -ENOMEM;
	if (p->last)
		p->last->hdr.next = virt_to_phys(chunk);
	else
		p->first = chunk;
	p->last = chunk;
	p->last_used = 0;
	return 0;
}

/* Makes @page the last of the parcel. */
static int page_append(struct kho_parcel *p, void *page)
{
	int ret;

	if (p->nr_pages == U32_MAX)
		return -EFBIG;
	if (!p->last || p->last_used == KHO_VMALLOC_SIZE) {
		ret = chunk_append(p);
		if (ret)
			return ret;
	}
	p->last->phys[p->last_used++] = virt_to_phys(page);
	p->nr_pages++;
	return 0;
}

/* ---------------------------------------------------------------------------------- writing */

/**
 * kho_parcel_create() - start a parcel that is not in the store yet
 * @name: KHO_PARCEL_NAME_SIZE bytes
 * @mode: see struct kho_ioctl_parcel
 *
 * Return: parcel, or ERR_PTR: -EINVAL (name, mode), -ENOMEM, -EOPNOTSUPP (handover is off).
 */
struct kho_parcel *kho_parcel_create(const char *name, u32 mode)
{
	struct kho_parcel *p;

	if (!kho_enabled)
		return ERR_PTR(-EOPNOTSUPP);
	if (!kho_parcel_name_ok(name) || !kho_parcel_mode_ok(mode))
		return ERR_PTR(-EINVAL);
	p = parcel_alloc(name);
	if (!p)
		return ERR_PTR(-ENOMEM);
	p->mode = mode;
	return p;
}

/**
 * kho_parcel_append() - write to the end of a parcel that is not in the store yet
 * @p: parcel; the caller serialises
 * @from: user memory
 * @bytes: at most the rest of the current page is taken
 *
 * The parcel never has a page that holds none of its bytes: the receiver would refuse that.
 *
 * Return: bytes taken, or -EFAULT, -ENOMEM, -EFBIG with nothing taken.
 */
int kho_parcel_append(struct kho_parcel *p, const char __user *from,
		      size_t bytes)
{
	size_t at = offset_in_page(p->bytes);
	char *page = NULL;
	int ret = 0;

	if (at)
		page = phys_to_virt(p->last->phys[p->last_used - 1]);
	else if (leaves_enough(p))
		page = data_page();
	if (!page)
		return -ENOMEM;
	bytes = min(bytes, PAGE_SIZE - at);
	if (copy_from_user(page + at, from, bytes))
		ret = -EFAULT;
	else if (!at)
		ret = page_append(p, page);
	if (!ret) {
		p->crc = kho_crc32c(p->crc, page + at, bytes);
		p->bytes += bytes;
		return bytes;
	}
	if (at)
		memset(page + at, 0, bytes);
	else
		free_page((unsigned long)page);
	return ret;
}

/* -------------------------------------------------------------------- the index on the wire */

static struct index_block *first_block(void)
{
	u64 phys = store_head->first_block_phys;

	return phys ? phys_to_virt(phys) : NULL;
}

static void slot_fill(struct kho_parcel_ser *slot, const struct kho_parcel *p)
{
	slot->data_crc = p->crc;
	memcpy(slot->name, p->name, sizeof(slot->name));
	slot->bytes = p->bytes;
	slot->created_ns = p->created_ns;
	slot->data.first = p->first ? virt_to_phys(p->first) : 0;
	slot->data.total_pages = p->nr_pages;
	slot->data.flags = KHO_VMALLOC_ALLOC;
	slot->data.order = 0;
	slot->reserved = 0;
	slot->crc = kho_parcel_crc(slot);
	slot->mode = p->mode;
	slot->mode_crc = kho_parcel_mode_crc(p->mode);
}

/* A new block whose first slot is @p, at the end of the chain. */
static struct kho_parcel_ser *slot_in_new_block(u64 *link,
						const struct kho_parcel *p)
{
	struct index_block *block = index_page();

	if (!block)
		return NULL;
	slot_fill(&block->slot[0], p);
	block->slot[0].state = KHO_PARCEL_VALID;
	block->hdr.count = 1;
	if (kho_preserve_pages(virt_to_page(block), 1)) {
		free_page((unsigned long)block);
		return NULL;
	}
	smp_wmb(); /* complete before it is linked */
	WRITE_ONCE(*link, virt_to_phys(block));
	return &block->slot[0];
}

/* Publishes @p in the index: one store makes it visible. */
static struct kho_parcel_ser *slot_publish(const struct kho_parcel *p)
{
	u64 *link = &store_head->first_block_phys;
	struct index_block *block;
	u32 i;

	for (block = first_block(); block;
	     block = block->hdr.next ? phys_to_virt(block->hdr.next) : NULL) {
		for (i = 0; i < block->hdr.count; i++)
			if (block->slot[i].state == KHO_PARCEL_FREE)
				break;
		if (i < KHO_PARCELS_PER_BLOCK) {
			slot_fill(&block->slot[i], p);
			smp_wmb(); /* complete before it is valid */
			WRITE_ONCE(block->slot[i].state, KHO_PARCEL_VALID);
			smp_wmb(); /* valid before it is counted */
			if (i == block->hdr.count)
				WRITE_ONCE(block->hdr.count, i + 1);
			return &block->slot[i];
		}
		link = &block->hdr.next;
	}
	return slot_in_new_block(link, p);
}

/* The block that holds a slot, and the link that leads to it. */
static struct index_block *block_of(const struct kho_parcel_ser *slot,
				    u64 **link)
{
	struct index_block *block = (void *)((unsigned long)slot & PAGE_MASK);

	*link = &store_head->first_block_phys;
	while (**link != virt_to_phys(block))
		*link = &((struct index_block *)phys_to_virt(**link))->hdr.next;
	return block;
}

/*
 * Puts @p into the slot of @old: in a copy of its block, which takes the place of the block by
 * one store, so that at every instant exactly one of the two is there.
 */
static int slot_replace(struct kho_parcel *p, struct kho_parcel *old)
{
	struct index_block *block, *copy;
	struct kho_parcel *other;
	u64 *link;

	copy = index_page();
	if (!copy)
		return -ENOMEM;
	if (kho_preserve_pages(virt_to_page(copy), 1)) {
		free_page((unsigned long)copy);
		return -ENOMEM;
	}
	block = block_of(old->slot, &link);
	memcpy(copy, block, PAGE_SIZE);
	slot_fill(&copy->slot[old->slot - block->slot], p);
	smp_wmb(); /* complete before it is linked */
	WRITE_ONCE(*link, virt_to_phys(copy));
	list_for_each_entry(other, &store, list)
		if (((unsigned long)other->slot & PAGE_MASK) ==
		    (unsigned long)block)
			other->slot = &copy->slot[other->slot - block->slot];
	p->slot = old->slot;
	kho_unpreserve_pages(virt_to_page(block), 1);
	free_page((unsigned long)block);
	return 0;
}

static int store_head_make(void)
{
	struct kho_parcel_head_ser *head;
	int ret;

	if (store_head)
		return 0;
	head = index_page();
	if (!head)
		return -ENOMEM;
	head->magic = KHO_PARCEL_MAGIC;
	head->version = KHO_PARCEL_VERSION_WORD;
	head->entry_size = sizeof(struct kho_parcel_ser);
	ret = kho_preserve_pages(virt_to_page(head), 1);
	if (ret)
		goto err_free;
	ret = kho_add_subtree(KHO_PARCEL_SUBTREE, head, sizeof(*head));
	if (ret)
		goto err_unpreserve;
	store_head = head;
	return 0;

err_unpreserve:
	kho_unpreserve_pages(virt_to_page(head), 1);
err_free:
	free_page((unsigned long)head);
	return ret;
}

/* Without parcels nothing of the store is kept, and the module can be unloaded. */
static void store_head_free_if_empty(void)
{
	struct index_block *block, *next;

	if (!store_head || nr_stored)
		return;
	block = first_block();
	kho_remove_subtree(store_head);
	for (; block; block = next) {
		next = block->hdr.next ? phys_to_virt(block->hdr.next) : NULL;
		kho_unpreserve_pages(virt_to_page(block), 1);
		free_page((unsigned long)block);
	}
	kho_unpreserve_pages(virt_to_page(store_head), 1);
	free_page((unsigned long)store_head);
	store_head = NULL;
}

/* -------------------------------------------------------------------------------- the store */

static struct kho_parcel *stored(const char *name)
{
	struct kho_parcel *p;

	list_for_each_entry(p, &store, list)
		if (!strcmp(p->name, name))
			return p;
	return NULL;
}

static void store_insert(struct kho_parcel *p)
{
	struct kho_parcel *at;

	list_for_each_entry(at, &store, list)
		if (strcmp(at->name, p->name) > 0)
			break;
	list_add_tail(&p->list, &at->list);
	nr_stored++;
}

/*
 * Takes a parcel out that is not on the wire any more. Who reads it keeps its pages, which the
 * next kernel does not get: nobody there could tell whose they are.
 */
static void store_forget(struct kho_parcel *p)
{
	unpreserve_parcel(p);
	p->slot = NULL;
	list_del_init(&p->list);
	nr_stored--;
	kho_parcel_put(p);
}

/* Takes a parcel out: first off the wire, then off its pages. */
static void store_remove(struct kho_parcel *p)
{
	WRITE_ONCE(p->slot->state, KHO_PARCEL_FREE);
	store_forget(p);
}

/* Makes the preserved parcel @p visible, in place of @old if there is one. */
static int store_publish(struct kho_parcel *p, struct kho_parcel *old)
{
	int ret;

	if (!old) {
		p->slot = slot_publish(p);
		return p->slot ? 0 : -ENOMEM;
	}
	ret = slot_replace(p, old);
	if (!ret)
		store_forget(old);
	return ret;
}

/* Preserves @p and makes it visible. On success the store owns the caller's reference. */
static int store_add(struct kho_parcel *p, struct kho_parcel *old)
{
	int ret;

	if (!old && nr_stored == KHO_PARCELS_MAX)
		return -ENOSPC;
	ret = store_head_make();
	if (ret)
		return ret;
	ret = preserve_parcel(p);
	if (!ret)
		ret = store_publish(p, old);
	if (!ret)
		store_insert(p);
	else
		unpreserve_parcel(p); /* its writer may still add pages */
	store_head_free_if_empty();
	return ret;
}

/**
 * kho_parcel_commit() - make a written parcel part of the handover
 * @p: not in the store; nothing may be appended afterwards
 * @replace: take the place of a parcel of this name
 *
 * Return: 0, -EEXIST, -ENOMEM, -ENOSPC.
 */
int kho_parcel_commit(struct kho_parcel *p, bool replace)
{
	struct kho_parcel *old;
	int ret;

	guard(mutex)(&store_lock);
	old = stored(p->name);
	if (old && !replace)
		return -EEXIST;
	p->created_ns = ktime_get_real_ns();
	kref_get(&p->ref);
	ret = store_add(p, old);
	if (ret)
		kho_parcel_put(p);
	return ret;
}

/**
 * kho_parcel_find() - get a parcel of the store
 * @name: NUL-terminated
 *
 * Return: parcel with a reference, or NULL.
 */
struct kho_parcel *kho_parcel_find(const char *name)
{
	struct kho_parcel *p;

	guard(mutex)(&store_lock);
	p = stored(name);
	if (p)
		kref_get(&p->ref);
	return p;
}

/**
 * kho_parcel_absent() - tell a parcel that never was from one that is lost
 * @name: NUL-terminated; kho_parcel_find() has not found it
 * @why: filled if it may be lost
 * @room: its size
 *
 * Context: may sleep.
 *
 * Return: -ENOENT; -EIO: it came in and is lost; -ENODATA: what came in was not taken over, and
 * its names are not known.
 */
int kho_parcel_absent(const char *name, char *why, size_t room)
{
	struct lost_parcel *lost;

	guard(mutex)(&store_lock);
	list_for_each_entry(lost, &lost_parcels, list) {
		if (strcmp(lost->name, name))
			continue;
		strscpy(why, lost->why, room);
		return -EIO;
	}
	if (!*all_lost_why)
		return -ENOENT;
	strscpy(why, all_lost_why, room);
	return -ENODATA;
}

/**
 * kho_parcel_drop() - take a parcel out of the handover
 * @name: NUL-terminated
 *
 * Return: 0 or -ENOENT.
 */
int kho_parcel_drop(const char *name)
{
	struct kho_parcel *p;

	guard(mutex)(&store_lock);
	p = stored(name);
	if (!p)
		return -ENOENT;
	store_remove(p);
	store_head_free_if_empty();
	return 0;
}

/* ---------------------------------------------------------------------------------- reading */

/**
 * kho_parcel_verify() - do the contents match their checksum?
 * @p: committed
 *
 * Return: 0, -EBADMSG, -EINTR.
 */
int kho_parcel_verify(struct kho_parcel *p)
{
	struct kho_vmalloc_chunk *chunk = p->first;
	u64 left = p->bytes;
	u32 crc = 0, i;

	while (left) {
		for (i = 0; i < KHO_VMALLOC_SIZE && left; i++) {
			size_t n = min_t(u64, left, PAGE_SIZE);

			crc = kho_crc32c(crc, phys_to_virt(chunk->phys[i]), n);
			left -= n;
		}
		if (left)
			chunk = phys_to_virt(chunk->hdr.next);
		cond_resched();
		if (fatal_signal_pending(current))
			return -EINTR;
	}
	if (crc == p->crc)
		return 0;
	pr_err("parcel \"%s\": contents do not match their checksum (found %#x, expected %#x)\n",
	       p->name, crc, p->crc);
	return -EBADMSG;
}

/**
 * kho_parcel_index() - get ready for kho_parcel_read()
 * @p: committed
 *
 * Context: may sleep. Others may do so at the same time.
 *
 * Return: 0 or -ENOMEM.
 */
int kho_parcel_index(struct kho_parcel *p)
{
	size_t i, nr = DIV_ROUND_UP(p->nr_pages, KHO_VMALLOC_SIZE);
	struct kho_vmalloc_chunk **table, *chunk = p->first;

	if (!nr || READ_ONCE(p->chunk))
		return 0;
	table = kvmalloc_array(nr, sizeof(*table), GFP_KERNEL | __GFP_NOWARN);
	if (!table)
		return -ENOMEM;
	for (i = 0; i < nr; i++) {
		table[i] = chunk;
		if (i + 1 < nr)
			chunk = phys_to_virt(chunk->hdr.next);
	}
	/* It is complete before anyone finds it. */
	if (cmpxchg(&p->chunk, NULL, table))
		kvfree(table);
	return 0;
}

/* Where byte @pos of a parcel lies. */
static void *parcel_at(const struct kho_parcel *p, u64 pos)
{
	u64 page = pos >> PAGE_SHIFT;
	const struct kho_vmalloc_chunk *chunk =
		p->chunk[page / KHO_VMALLOC_SIZE];

	return phys_to_virt(chunk->phys[page % KHO_VMALLOC_SIZE]) +
	       offset_in_page(pos);
}

/**
 * kho_parcel_read() - read from a committed parcel
 * @p: parcel, after kho_parcel_index()
 * @to: user memory
 * @bytes: room there
 * @pos: position, moved on
 *
 * Context: may sleep. Any number at the same time.
 *
 * Return: bytes read, 0 at the end, -EFAULT, -EINVAL.
 */
ssize_t kho_parcel_read(struct kho_parcel *p, char __user *to, size_t bytes,
			loff_t *pos)
{
	size_t done, n;

	if (*pos < 0)
		return -EINVAL;
	if (*pos >= p->bytes)
		return 0;
	bytes = min_t(u64, bytes, p->bytes - *pos);
	for (done = 0; done < bytes; done += n, *pos += n) {
		n = min(bytes - done, PAGE_SIZE - offset_in_page(*pos));
		if (copy_to_user(to + done, parcel_at(p, *pos), n))
			return done ?: -EFAULT;
		cond_resched();
	}
	return done;
}

/* Length in bytes. */
u64 kho_parcel_bytes(const struct kho_parcel *p)
{
	return p->bytes;
}

/* CRC-32C of the contents. */
u32 kho_parcel_crc32c(const struct kho_parcel *p)
{
	return p->crc;
}

/* Its mode, as in struct kho_ioctl_parcel. */
u32 kho_parcel_mode(const struct kho_parcel *p)
{
	return p->mode;
}

/* Parcels in the store. */
u32 kho_parcel_count(void)
{
	return READ_ONCE(nr_stored);
}

/**
 * kho_parcel_list() - describe the parcels of the store, in ascending order of names
 * @info: filled as far as there is room
 * @room: elements
 *
 * Return: how many there are.
 */
u32 kho_parcel_list(struct kho_parcel_info *info, u32 room)
{
	struct kho_parcel *p;
	u32 i = 0;

	guard(mutex)(&store_lock);
	list_for_each_entry(p, &store, list) {
		if (i < room) {
			memset(&info[i], 0, sizeof(info[i]));
			strscpy(info[i].name, p->name, sizeof(info[i].name));
			info[i].bytes = p->bytes;
			info[i].created_ns = p->created_ns;
			info[i].crc = p->crc;
			if (p->incoming)
				info[i].flags |= KHO_PARCEL_INFO_INCOMING;
		}
		i++;
	}
	return i;
}

/* -------------------------------------------------------------- taking over what came in */

static bool stopped(void *ctx)
{
	return fatal_signal_pending(current);
}

static struct kho_page_ops waiting_pages = {
	.page = kho_waiting_block_op,
	.bad = kho_waiting_bad_op,
	.stop = stopped,
};

static int take_page(struct page *page, void *done)
{
	if (!kho_range_take(page_to_phys(page), 1))
		return kho_in_bad(page_to_phys(page), PAGE_SIZE) ?
			       KHO_WENT_BAD :
			       -EEXIST;
	(*(u64 *)done)++;
	return 0;
}

static int put_back_page(struct page *page, void *left)
{
	u64 *n = left;

	if (!*n)
		return 1;
	(*n)--;
	kho_range_put_back(page_to_phys(page), 1);
	return 0;
}

static int finish_page(struct page *page, void *ctx)
{
	kho_range_restore(page_to_phys(page), 1);
	return 0;
}

static struct kho_vmalloc_chunk *last_chunk(struct kho_vmalloc_chunk *chunk)
{
	while (chunk && chunk->hdr.next)
		chunk = phys_to_virt(chunk->hdr.next);
	return chunk;
}

/* A parcel that lies in pages which still wait. */
static struct kho_parcel *parcel_from(const struct kho_parcel_ser *ser)
{
	struct kho_parcel *p = parcel_alloc(ser->name);

	if (!p)
		return NULL;
	p->bytes = ser->bytes;
	p->created_ns = ser->created_ns;
	p->crc = ser->data_crc;
	p->mode = ser->mode;
	p->nr_pages = ser->data.total_pages;
	p->first = ser->data.first ? phys_to_virt(ser->data.first) : NULL;
	p->last = last_chunk(p->first);
	p->incoming = true;
	return p;
}

/* Names a parcel that cannot be had. The others are not affected. */
static void say_lost(const char *name, const struct kho_refusal *why)
{
	char client[KHO_PARCEL_NAME_SIZE + 16];
	struct lost_parcel *lost;

	snprintf(client, sizeof(client), "parcel \"%s\": ", name);
	kho_in_client_refused(client, why);
	lost = kzalloc(sizeof(*lost), GFP_KERNEL);
	if (!lost) {
		kho_in_explain(all_lost_why, sizeof(all_lost_why), "", why);
		return;
	}
	strscpy(lost->name, name, sizeof(lost->name));
	kho_in_explain(lost->why, sizeof(lost->why), "", why);
	list_add_tail(&lost->list, &lost_parcels);
}

/*
 * Takes over one parcel where it lies: preserved and published first, and only then made ordinary
 * memory. What can go wrong is that a page is named twice, and memory running out; the parcel
 * then still waits as it did.
 */
static int adopt_good(const struct kho_parcel_ser *ser, struct kho_refusal *r)
{
	struct kho_parcel *p = parcel_from(ser);
	u64 taken = 0, all = U64_MAX;
	int ret;

	if (!p)
		return -ENOMEM;
	ret = for_each_page(p, take_page, &taken);
	if (ret) {
		kho_refuse(r, ret,
			   ret == KHO_WENT_BAD ? "a page of it went bad" :
						 "a page that two parcels name",
			   0, 0, 0);
		goto err_put_back;
	}
	ret = store_add(p, NULL);
	if (ret)
		goto err_unpreserve;
	for_each_page(p, finish_page, NULL);
	return 0;

err_unpreserve:
	if (p->preserved)
		for_each_page(p, unpreserve_page, &all);
err_put_back:
	for_each_page(p, put_back_page, &taken);
	kfree(p);
	return ret;
}

/* A page that went bad costs the parcel that it is of. */
static int adopt(void *ctx, const struct kho_parcel_ser *ser,
		 const struct kho_refusal *lost)
{
	struct kho_refusal *r = ctx;
	int ret = KHO_WENT_BAD;

	if (!lost) {
		ret = adopt_good(ser, r);
		lost = r;
	}
	if (ret != KHO_WENT_BAD)
		return ret;
	say_lost(ser->name, lost);
	return 0;
}

/* Gives back the old index, which was only read. */
static void old_index_free(u64 head_phys)
{
	struct kho_parcel_head_ser *head = phys_to_virt(head_phys);
	u64 phys = head->first_block_phys, next;

	for (; phys; phys = next) {
		struct page *page = kho_restore_pages(phys, 1);

		if (!page)
			break;
		next = ((struct kho_block_header_ser *)phys_to_virt(phys))->next;
		__free_page(page);
	}
	if (kho_restore_pages(head_phys, 1))
		free_page((unsigned long)head);
}

/**
 * kho_parcel_init() - take over the parcels that came in
 *
 * Parcels that cannot be taken over stay reserved, and the reason shows in the status: one of
 * which a page went bad alone, all that are left if anything else is wrong. Where nothing can
 * be preserved they all wait: a parcel that is not handed on would be lost.
 *
 * Return: 0.
 */
int kho_parcel_init(void)
{
	struct kho_refusal r = {};
	struct kho_fdt_subtree subtree;
	int ret;

	guard(mutex)(&store_lock);
	if (kho_in_refused(all_lost_why, sizeof(all_lost_why)))
		return 0;
	ret = kho_in_subtree(KHO_PARCEL_SUBTREE, &subtree);
	if (ret == -EBADMSG)
		strscpy(all_lost_why, "their index is not good",
			sizeof(all_lost_why));
	else if (!ret && !kho_enabled)
		strscpy(all_lost_why,
			"handover is off (enable=0), so they wait",
			sizeof(all_lost_why));
	if (ret || !kho_enabled)
		return 0;
	waiting_pages.nr_pages = kho_in_pages();
	ret = kho_parcels_check(subtree.phys, subtree.bytes, &waiting_pages,
				adopt, &r, &r);
	if (!ret) {
		old_index_free(subtree.phys);
		return 0;
	}
	if (r.err != ret)
		kho_refuse(&r, ret,
			   ret == -ENOMEM ?
				   "out of memory while taking over parcels" :
				   "they cannot be handed on",
			   0, -ret, -ret);
	kho_in_client_refused("parcels: ", &r);
	kho_in_explain(all_lost_why, sizeof(all_lost_why), "", &r);
	return 0;
}

/**
 * kho_parcel_exit() - give back what pages are left over; the module stays loaded while there are
 * parcels
 */
void kho_parcel_exit(void)
{
	struct lost_parcel *lost, *next;

	kho_fit_trim();
	WARN_ON_ONCE(nr_stored);
	list_for_each_entry_safe(lost, next, &lost_parcels, list)
		kfree(lost);
}
