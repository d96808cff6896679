// SPDX-License-Identifier: GPL-2.0
/*
 * From boot-reserved memory to pages and folios that anyone can use and free.
 *
 * A preserved block waits as the kernel's boot left it: each page reserved, with one reference.
 * Its first page is marked in page->private, which nobody else uses while a page is reserved;
 * restore takes the mark away by one atomic operation, and so works once. There is no lock:
 * clients restore side by side, and may hold locks of any kind.
 *
 * A page that the hardware gave up on while it waited is not given to anyone: its block cannot be
 * restored, and stays reserved. Dropping it gives back the other pages.
 *
 * The kernel's function that makes a compound page is not exported. A folio is made by copying
 * what the page allocator itself wrote into the struct pages of a folio of the same order (a
 * template), with the pointers among them moved. At module load each template is applied to pages
 * that look like boot-reserved ones, and the result is compared with another folio fresh from the
 * allocator: where that differs the module does not load.
 *
 * Folios of the page cache have more in them than others of the same size. They have a template
 * of their own for each order, made when the first of them is restored.
 */

#include <linux/export.h>
#include <linux/kexec_handover.h>
#include <linux/kho_waiting.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/spinlock.h>

#include "kmod/compat/compat.h"
#include "kmod/in/in.h"
#include "kmod/kho.h"

/* Words in a struct page; the first is the flags. */
#define PAGE_WORDS (sizeof(struct page) / sizeof(unsigned long))
/* The first pages of a folio differ from each other, the others are alike. */
#define DISTINCT 4

/**
 * struct page_image - what a struct page of a folio looks like
 * @word: its words; flags without zone, node and section; pointers to struct pages of the same
 *        folio as their distance from its first struct page
 * @moved: bit for each word that is such a pointer
 */
struct page_image {
	unsigned long word[PAGE_WORDS];
	unsigned long moved;
};

/**
 * struct folio_template - what the struct pages of a folio of one order look like
 * @page: head and first tails
 * @tail: every further tail
 * @plain: such tails can be made with plain_tails()
 * @cache: fit for the page cache
 * @ready: captured and proved
 * @unfit: what is made from it differs from the real thing
 */
struct folio_template {
	struct page_image page[DISTINCT];
	struct page_image tail;
	bool plain;
	bool cache;
	bool ready;
	bool unfit;
};

static struct folio_template templates[MAX_ORDER_NR_PAGES > 1024 ? 32 : 11];

/* The largest folio of the page cache: one entry of a page table can map it as a whole. */
#define CACHE_ORDER (PMD_SHIFT - PAGE_SHIFT)

/* Of folios of the page cache. */
static struct folio_template cache_templates[CACHE_ORDER + 1] = {
	[0 ... CACHE_ORDER] = { .cache = true },
};

/* Only held to store what was found out about a template. */
static DEFINE_SPINLOCK(template_lock);

/* ------------------------------------------------------------------------------------- marks */

/* Return: false if the page had not exactly this mark of @from. */
static bool change_mark(struct page *page, struct kho_mark mark,
			unsigned long from, unsigned long to)
{
	return cmpxchg(&page->private, from | mark.bits,
		       to ? to | mark.bits : 0) == (from | mark.bits);
}

/**
 * kho_page_unmark() - take the mark of a block away
 * @page: its first page
 * @order: its order
 *
 * Context: any.
 *
 * Return: false if there was no such mark.
 */
bool kho_page_unmark(struct page *page, unsigned int order)
{
	return PageReserved(page) &&
	       change_mark(page, kho_mark_of(order), KHO_MARK_MAGIC, 0);
}

/* ---------------------------------------------------------------------------------- bad pages */

static __always_inline unsigned long flags_of(struct page *page)
{
	/* Others may change other flags of it meanwhile. */
	return data_race(*kho_compat_page_flags(page));
}

/**
 * kho_pages_bad() - has the hardware given up on one of these pages?
 * @page: first page
 * @nr_pages: how many
 *
 * Every page of every folio is looked at: few steps a page.
 *
 * Context: any.
 */
bool kho_pages_bad(struct page *page, unsigned long nr_pages)
{
	unsigned long flags = 0, i = 0;

	for (; i + 8 <= nr_pages; i += 8)
		flags |= flags_of(page + i) | flags_of(page + i + 1) |
			 flags_of(page + i + 2) | flags_of(page + i + 3) |
			 flags_of(page + i + 4) | flags_of(page + i + 5) |
			 flags_of(page + i + 6) | flags_of(page + i + 7);
	for (; i < nr_pages; i++)
		flags |= flags_of(page + i);
	return flags & __PG_HWPOISON;
}

/* The same, and says so. */
static bool withheld(struct page *page, unsigned long nr_pages)
{
	if (likely(!kho_pages_bad(page, nr_pages)))
		return false;
	pr_err_ratelimited(
		"%#llx, %lu pages: cannot be restored, memory there went bad; it stays reserved\n",
		(u64)page_to_phys(page), nr_pages);
	return true;
}

/* --------------------------------------------------------------------------------- templates */

static unsigned long flag_bits(void)
{
	return (1UL << NR_PAGEFLAGS) - 1;
}

static void capture(struct page_image *image, struct page *page,
		    struct page *head, unsigned long nr)
{
	unsigned long lo = (unsigned long)head, hi = (unsigned long)(head + nr);
	unsigned long *word = (unsigned long *)page;
	unsigned int w;

	image->moved = 0;
	image->word[0] = word[0] & flag_bits();
	for (w = 1; w < PAGE_WORDS; w++) {
		image->word[w] = word[w];
		if (word[w] < lo || word[w] >= hi)
			continue;
		image->word[w] -= lo;
		image->moved |= 1UL << w;
	}
}

static unsigned long word_for(const struct page_image *image, struct page *head,
			      unsigned int w)
{
	return image->word[w] +
	       ((image->moved >> w & 1) ? (unsigned long)head : 0);
}

static void apply(const struct page_image *image, struct page *page,
		  struct page *head)
{
	unsigned long *word = (unsigned long *)page;
	unsigned int w;

	/* A page that goes bad at this moment stays bad. */
	word[0] = (word[0] & (~flag_bits() | __PG_HWPOISON)) | image->word[0];
	for (w = 1; w < PAGE_WORDS; w++)
		word[w] = word_for(image, head, w);
}

/* Words of a tail that boot does not leave as the allocator has them. */
enum {
	WORD_FLAGS = offsetof(struct page, flags) / sizeof(long),
	WORD_HEAD = KHO_PAGE_HEAD_OFFSET / sizeof(long),
	WORD_MAPPING = offsetof(struct page, mapping) / sizeof(long),
	WORD_COUNTS = offsetof(struct page, _refcount) / sizeof(long),
};

/*
 * Is a tail like a boot-reserved page but for those words? The words after the head's and the
 * mapping's (a link of a list, an index) mean nothing in a tail and hold what an earlier use
 * left.
 */
static bool tail_is_plain(const struct page_image *tail)
{
	unsigned int w;

	for (w = 0; w < PAGE_WORDS; w++) {
		if (w == WORD_HEAD || w == WORD_HEAD + 1 || w == WORD_MAPPING ||
		    w == WORD_MAPPING + 1 || w == WORD_COUNTS)
			continue;
		if (tail->word[w])
			return false;
	}
	return !(tail->moved & (1UL << WORD_MAPPING | 1UL << WORD_COUNTS));
}

/**
 * struct plain_tail - what is written to each plain tail of a folio
 * @compound: leads to the head
 * @mapping: as in the template
 * @counts: as in the template
 */
struct plain_tail {
	unsigned long compound;
	unsigned long mapping;
	unsigned long counts;
};

static __always_inline void write_tail(struct page *page, struct plain_tail t)
{
	unsigned long *word = (unsigned long *)page;

	word[WORD_FLAGS] &= ~(1UL << PG_reserved);
	word[WORD_HEAD] = t.compound;
	word[WORD_HEAD + 1] = 0;
	word[WORD_MAPPING] = t.mapping;
	word[WORD_COUNTS] = t.counts;
}

/*
 * The inner loop of restoring large folios: as few stores a page as there can be, and four pages
 * a turn, which leaves none over.
 */
static void plain_tails(const struct folio_template *t, struct page *head,
			unsigned long nr)
{
	const struct plain_tail tail = {
		.compound = word_for(&t->tail, head, WORD_HEAD),
		.mapping = t->tail.word[WORD_MAPPING],
		.counts = t->tail.word[WORD_COUNTS],
	};
	struct page *page, *end = head + nr;

	static_assert(DISTINCT == 4);
	for (page = head + DISTINCT; page < end; page += 4) {
		write_tail(page, tail);
		write_tail(page + 1, tail);
		write_tail(page + 2, tail);
		write_tail(page + 3, tail);
	}
}

/* Makes 2^order boot-reserved pages one folio; only their struct pages are touched. */
static void make_folio(const struct folio_template *t, struct page *head,
		       unsigned int order)
{
	unsigned long i, nr = 1UL << order;

	for (i = 0; i < min_t(unsigned long, nr, DISTINCT); i++)
		apply(&t->page[i], head + i, head);
	if (nr <= DISTINCT)
		return;
	if (t->plain) {
		plain_tails(t, head, nr);
		return;
	}
	for (i = DISTINCT; i < nr; i++)
		apply(&t->tail, head + i, head);
}

/* A folio as the page allocator makes it. */
static struct folio *alloc_real(const struct folio_template *t,
				unsigned int order, gfp_t gfp)
{
	struct page *page;

	if (t->cache)
		return folio_alloc(gfp, order);
	page = alloc_pages(gfp | __GFP_COMP, order);
	return page ? page_folio(page) : NULL;
}

/* Gives 2^order fresh pages the state in which boot leaves reserved memory. */
static void look_reserved(struct page *page, unsigned int order)
{
	unsigned long i;

	for (i = 0; i < 1UL << order; i++) {
		__SetPageReserved(page + i);
		set_page_count(page + i, 1);
	}
}

/*
 * Words of a struct page in which the allocator leaves nothing to chance. The others may hold
 * what an earlier use of the page left there.
 */
static const size_t telling[] = {
	offsetof(struct page, flags) / sizeof(long),
	KHO_PAGE_HEAD_OFFSET / sizeof(long),
	offsetof(struct page, mapping) / sizeof(long),
	offsetof(struct page, _mapcount) / sizeof(long),
	offsetof(struct page, _refcount) / sizeof(long),
};

static bool same_page(struct page *made, struct page *made_head,
		      struct page *real, struct page *real_head,
		      unsigned long nr)
{
	struct page_image a, b;
	unsigned int i;

	capture(&a, made, made_head, nr);
	capture(&b, real, real_head, nr);
	/* The first words of a head are links of lists it may have been on. */
	for (i = 0; i < ARRAY_SIZE(telling); i++) {
		size_t w = telling[i];

		if (made == made_head && w == telling[1])
			continue;
		if (a.word[w] != b.word[w] || ((a.moved ^ b.moved) >> w & 1))
			return false;
	}
	return made == made_head ?
		       !PageTail(made) :
		       PageTail(made) && compound_head(made) == made_head;
}

static bool same_folio(struct page *made, struct page *real, unsigned int order)
{
	struct folio *folio = page_folio(made);
	unsigned long i;

	if (folio_order(folio) != order || folio_ref_count(folio) != 1 ||
	    compound_order(made) != order || folio_mapped(folio) ||
	    folio_test_reserved(folio) || folio_test_locked(folio) ||
	    folio_test_lru(folio))
		return false;
	for (i = 0; i < 1UL << order; i++)
		if (!same_page(made + i, made, real + i, real, 1UL << order))
			return false;
	return true;
}

/* Applies a template to pages that look reserved, and compares. -EILSEQ: it must not be used. */
static int prove(const struct folio_template *t, unsigned int order, gfp_t gfp)
{
	struct page *made = alloc_pages(gfp, order);
	struct folio *real = alloc_real(t, order, gfp);
	int ret = -ENOMEM;

	if (made && real) {
		look_reserved(made, order);
		make_folio(t, made, order);
		ret = same_folio(made, &real->page, order) ? 0 : -EILSEQ;
	}
	if (real)
		folio_put(real);
	if (!made)
		return ret;
	/* A folio that is not like the real thing is never freed: that could do harm. */
	if (!ret)
		folio_put(page_folio(made));
	else if (ret == -ENOMEM)
		__free_pages(made, order);
	return ret;
}

/* Fills @t, which nobody uses yet. */
static int capture_folio(struct folio_template *t, unsigned int order,
			 gfp_t gfp)
{
	unsigned long i, nr = 1UL << order;
	struct folio *folio = alloc_real(t, order, gfp);
	struct page *page;

	if (!folio)
		return -ENOMEM;
	page = &folio->page;
	for (i = 0; i < min_t(unsigned long, nr, DISTINCT); i++)
		capture(&t->page[i], page + i, page, nr);
	capture(&t->tail, page + nr - 1, page, nr);
	t->plain = tail_is_plain(&t->tail);
	folio_put(folio);
	return prove(t, order, gfp);
}

/* The first who has found out tells all others. */
static void template_publish(struct folio_template *t,
			     const struct folio_template *made)
{
	unsigned long flags;

	spin_lock_irqsave(&template_lock, flags);
	if (!t->ready && !t->unfit) {
		memcpy(t->page, made->page, sizeof(t->page));
		t->tail = made->tail;
		t->plain = made->plain;
		WRITE_ONCE(t->unfit, made->unfit);
		/* The template is complete before anyone uses it. */
		smp_store_release(&t->ready, made->ready);
	}
	spin_unlock_irqrestore(&template_lock, flags);
}

/*
 * Several may do that at a time, each with pages of its own.
 * Context: any in which the allocator accepts @gfp.
 */
static int template_make(struct folio_template *t, unsigned int order,
			 gfp_t gfp)
{
	struct folio_template made = { .cache = t->cache };
	int ret;

	/* What the proof then holds back is held back once. */
	if (READ_ONCE(t->unfit))
		return -EILSEQ;
	ret = capture_folio(&made, order, gfp | __GFP_NOWARN | __GFP_NORETRY);
	if (ret && ret != -EILSEQ)
		return ret;
	made.ready = !ret;
	made.unfit = ret;
	template_publish(t, &made);
	return ret;
}

/* Is it ready, or can it be made so? */
static bool template_ready(struct folio_template *t, unsigned int order,
			   gfp_t gfp)
{
	/* Ready means complete: see template_publish(). */
	return smp_load_acquire(&t->ready) || !template_make(t, order, gfp);
}

/**
 * kho_restore_init() - capture and prove the templates
 *
 * An order for which there is no memory now is made when it is needed.
 *
 * Return: 0, or -EILSEQ if folios cannot be made on this kernel.
 */
int kho_restore_init(void)
{
	unsigned int order;

	if (ARRAY_SIZE(templates) <= KHO_MAX_BUDDY_ORDER)
		return -EILSEQ;
	for (order = 1; order <= KHO_MAX_BUDDY_ORDER; order++)
		if (template_make(&templates[order], order, GFP_KERNEL) ==
		    -EILSEQ)
			return -EILSEQ;
	return 0;
}

/**
 * kho_pages_to_folio() - make a folio of pages
 * @page: first of 2^order pages, naturally aligned, with one reference each, the caller's
 * @order: at least 1
 *
 * Context: may sleep.
 *
 * Return: false, with nothing changed, if there is no memory to make a folio of this order.
 */
bool kho_pages_to_folio(struct page *page, unsigned int order)
{
	if (!template_ready(&templates[order], order, GFP_KERNEL))
		return false;
	make_folio(&templates[order], page, order);
	return true;
}

/* ----------------------------------------------------------------------------------- restore */

/* The first page of a marked block, or NULL. */
static struct page *marked_page(phys_addr_t phys, unsigned int *order)
{
	struct kho_mark mark = kho_mark_none();
	struct page *page;

	if (!PAGE_ALIGNED(phys))
		return NULL;
	page = pfn_to_online_page(PHYS_PFN(phys));
	/* Once: somebody else may take it away meanwhile. */
	if (page)
		mark = kho_page_mark(page);
	if (!kho_marked(mark))
		return NULL;
	*order = kho_mark_order(mark);
	return page;
}

/* Pages of a block become ordinary allocated pages. */
static void make_pages(struct page *page, unsigned long nr)
{
	unsigned long i;

	for (i = 0; i < nr; i++)
		*kho_compat_page_flags(page + i) &= ~(1UL << PG_reserved);
	if (page_zone(page) == page_zone(page + nr - 1)) {
		adjust_managed_page_count(page, nr);
		return;
	}
	for (i = 0; i < nr; i++)
		adjust_managed_page_count(page + i, 1);
}

/* Makes a folio of a marked block; @t: template, NULL for a single page. */
static __always_inline struct folio *
restore(struct page *page, unsigned int order, const struct folio_template *t)
{
	if (withheld(page, 1UL << order) || !kho_page_unmark(page, order))
		return NULL;
	if (t)
		make_folio(t, page, order);
	else
		*kho_compat_page_flags(page) &= ~(1UL << PG_reserved);
	adjust_managed_page_count(page, 1L << order);
	kho_in_claimed(PAGE_SIZE << order);
	return page_folio(page);
}

/**
 * kho_restore_folio() - take over a folio from the previous kernel
 * @phys: physical address of its first byte
 *
 * Works once for each block that the previous kernel preserved as a folio; contents and order are
 * as they were. The caller owns the only reference.
 *
 * Context: any but NMI; does not sleep. Others may restore at the same time.
 *
 * Return: the folio; NULL if nothing waits at exactly this address, if memory in it went bad, or
 * if there is none to make a folio of its order (it then still waits).
 */
struct folio *kho_restore_folio(phys_addr_t phys)
{
	struct page *page;
	unsigned int order;

	page = marked_page(phys, &order);
	if (!page || order > KHO_MAX_BUDDY_ORDER)
		return NULL;
	if (!order)
		return restore(page, 0, NULL);
	if (!template_ready(&templates[order], order, GFP_NOWAIT))
		return NULL;
	return restore(page, order, &templates[order]);
}
EXPORT_SYMBOL_GPL(kho_restore_folio);

/* Can files in memory have folios of this order on this kernel? */
static bool cache_takes(unsigned int order)
{
	if (!IS_ENABLED(CONFIG_TRANSPARENT_HUGEPAGE))
		return false;
	return kho_compat_cache_takes_all_orders() ? order <= CACHE_ORDER :
						     order == CACHE_ORDER;
}

/**
 * kho_restore_cache_folio() - take over a folio for the page cache
 * @phys: physical address of its first byte
 *
 * As kho_restore_folio(), for single pages, and for folios that files in memory can have on this
 * kernel: up to what one entry of a page table can map as a whole (2 MiB), before v6.9 of exactly
 * that size. The page cache can split these, as it can those that it allocates.
 *
 * Context: may sleep.
 *
 * Return: the folio; NULL if none of such a size waits at exactly this address, if this kernel
 * has no such folios in its page cache, or if there is no memory to make one (it then still
 * waits).
 */
struct folio *kho_restore_cache_folio(phys_addr_t phys)
{
	struct page *page;
	unsigned int order;

	page = marked_page(phys, &order);
	if (!page)
		return NULL;
	if (!order)
		return restore(page, 0, NULL);
	if (!cache_takes(order) ||
	    !template_ready(&cache_templates[order], order, GFP_KERNEL))
		return NULL;
	return restore(page, order, &cache_templates[order]);
}
EXPORT_SYMBOL_GPL(kho_restore_cache_folio);

/* The block at @phys, if it is marked with @magic and no longer than @nr_pages. */
static struct kho_mark block_within(phys_addr_t phys, unsigned long nr_pages,
				    unsigned long magic)
{
	struct page *page = pfn_to_online_page(PHYS_PFN(phys));
	struct kho_mark mark = kho_mark_none();

	if (page)
		mark = kho_page_mark_if(page, magic);
	return kho_marked(mark) && kho_mark_pages(mark) <= nr_pages ?
		       mark :
		       kho_mark_none();
}

/* Does a range consist of whole blocks that wait? */
static bool is_marked(phys_addr_t phys, unsigned long nr_pages)
{
	struct kho_mark mark;

	if (!nr_pages || !PAGE_ALIGNED(phys))
		return false;
	while (nr_pages) {
		mark = block_within(phys, nr_pages, KHO_MARK_MAGIC);
		if (!kho_marked(mark))
			return false;
		nr_pages -= kho_mark_pages(mark);
		phys += PAGE_SIZE << kho_mark_order(mark);
	}
	return true;
}

/**
 * kho_range_waits() - can this range be taken?
 * @phys: physical address of the first page
 * @nr_pages: length
 *
 * Context: any.
 *
 * Return: true if the range consists of whole blocks that nobody has restored yet, and no page of
 * it went bad.
 */
bool kho_range_waits(phys_addr_t phys, unsigned long nr_pages)
{
	return is_marked(phys, nr_pages) &&
	       !kho_pages_bad(pfn_to_page(PHYS_PFN(phys)), nr_pages);
}

/* Changes the marks of a range that consists of blocks marked with @from, and is the caller's. */
static void change_marks(phys_addr_t phys, unsigned long nr_pages,
			 unsigned long from, unsigned long to)
{
	struct kho_mark mark;

	while (nr_pages) {
		mark = block_within(phys, nr_pages, from);
		if (WARN_ON_ONCE(!kho_marked(mark)))
			return;
		set_page_private(pfn_to_page(PHYS_PFN(phys)),
				 to ? to | mark.bits : 0);
		nr_pages -= kho_mark_pages(mark);
		phys += PAGE_SIZE << kho_mark_order(mark);
	}
}

/* Takes block after block. Return: pages of those before the first that somebody else has. */
static unsigned long take_blocks(phys_addr_t phys, unsigned long nr_pages)
{
	unsigned long done = 0;
	struct kho_mark mark;

	while (done < nr_pages) {
		mark = block_within(phys, nr_pages - done, KHO_MARK_MAGIC);
		if (!kho_marked(mark) ||
		    !change_mark(pfn_to_page(PHYS_PFN(phys)), mark,
				 KHO_MARK_MAGIC, KHO_TAKEN_MAGIC))
			break;
		done += kho_mark_pages(mark);
		phys += PAGE_SIZE << kho_mark_order(mark);
	}
	return done;
}

/**
 * kho_range_take() - make sure that nobody else restores a range
 * @phys: physical address of the first page
 * @nr_pages: length
 *
 * It is then either restored or put back. Of two that want blocks in common at the same time,
 * both may be refused.
 *
 * Context: any.
 *
 * Return: false, with nothing changed, if not exactly this range waits, or memory in it went bad.
 */
bool kho_range_take(phys_addr_t phys, unsigned long nr_pages)
{
	unsigned long done;

	if (!is_marked(phys, nr_pages) ||
	    withheld(pfn_to_page(PHYS_PFN(phys)), nr_pages))
		return false;
	done = take_blocks(phys, nr_pages);
	if (done == nr_pages)
		return true;
	kho_range_put_back(phys, done);
	return false;
}

/**
 * kho_range_put_back() - undo kho_range_take()
 * @phys: as there
 * @nr_pages: as there, or any part of it that consists of whole blocks
 *
 * Context: any.
 */
void kho_range_put_back(phys_addr_t phys, unsigned long nr_pages)
{
	change_marks(phys, nr_pages, KHO_TAKEN_MAGIC, KHO_MARK_MAGIC);
}

/**
 * kho_range_restore() - make ordinary pages of a range that was taken
 * @phys: as in kho_range_take()
 * @nr_pages: as there
 *
 * Context: any but NMI.
 *
 * Return: the first page.
 */
struct page *kho_range_restore(phys_addr_t phys, unsigned long nr_pages)
{
	struct page *page = pfn_to_page(PHYS_PFN(phys));

	change_marks(phys, nr_pages, KHO_TAKEN_MAGIC, 0);
	make_pages(page, nr_pages);
	kho_in_claimed((u64)nr_pages << PAGE_SHIFT);
	return page;
}

/**
 * kho_restore_pages() - take over a range of pages from the previous kernel
 * @phys: physical address of the first page
 * @nr_pages: length, as it was preserved with kho_preserve_pages()
 *
 * Works once. Contents are as they were; each page has one reference, the caller's.
 *
 * Context: any but NMI; does not sleep. Others may restore at the same time.
 *
 * Return: the first page; NULL if not exactly this range waits, or memory in it went bad, and
 * then nothing of it is taken.
 */
struct page *kho_restore_pages(phys_addr_t phys, unsigned long nr_pages)
{
	if (!kho_range_take(phys, nr_pages))
		return NULL;
	return kho_range_restore(phys, nr_pages);
}
EXPORT_SYMBOL_GPL(kho_restore_pages);
