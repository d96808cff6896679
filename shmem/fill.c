// SPDX-License-Identifier: GPL-2.0
/*
 * Folios from the previous kernel become pages of a file in memory, without being copied.
 *
 * The function with which the kernel puts a page into such a file is not exported. But these
 * files keep their pages in the page cache, and filemap_add_folio() puts them there, charges
 * them to the memory cgroup of whoever fills the file, and has them found by reclaim. What is
 * left to do is what these files count for themselves: their own pages, those of their file
 * system and its quotas, pages of all such files (Shmem), and memory that the kernel promised to
 * programs (Committed_AS).
 *
 * The last is a counter that no module can change. So a second file is made, of which the
 * kernel promises every page. When it goes, it gives back what its size says. What was added by
 * then is taken off its size before: that part of the promise is the filled file's from there
 * on, which gives it back page by page. It is made for some pages at a time, and serves one file
 * after the other: memory counts as the machine's only after it was taken over, and the kernel
 * may not promise more than it has.
 *
 * Who changes what, and when:
 *
 *   what                        by whom                        when
 *   memory cgroup, NR_FILE_PAGES, mapping->nrpages
 *                               filemap_add_folio()            a folio is added
 *   NR_SHMEM, NR_SHMEM_THPS     count_large()                  a large folio is added
 *   NR_SHMEM                    shmem_fill_settle()            512 pages, or the end
 *   Committed_AS, up            promise(), for 16384 pages     the last promise is used up
 *   Committed_AS, down          shmem_promise_end()            the next promise, or the end
 *   Committed_AS, down          the filled file itself         a page of it goes
 *   promise->pages              promise() sets, add() takes    with Committed_AS; with added
 *   fill.added                  add()                          a folio is added
 *   fill.uncounted, fill.first  count_page(), shmem_fill_settle()  with NR_SHMEM
 *   used_blocks, quotas, i_blocks  shmem_fill_reserve(), up    before a folio is added
 *   used_blocks, quotas, i_blocks  shmem_fill_end(), down      the end, what was not added
 *   info->alloced               shmem_fill_end(), fill.added   the end
 *
 * Where pages are exchanged, fallocate() has changed all of it before.
 *
 * A kernel that checks itself (CONFIG_DEBUG_VM) wants to hear nothing of such pages in
 * filemap_add_folio(). There each page is exchanged for one that fallocate() made, which locks
 * the file for a moment: who fills must not hold that lock.
 */

#include <linux/err.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/percpu_counter.h>
#include <linux/quotaops.h>
#include <linux/shmem_fs.h>

#include "kmod/compat/compat.h"
#include "shmem/fill.h"

/* Pages that are promised at a time: making a file for each would take longer than adding it. */
#define PROMISE_PAGES 16384
/* Pages that wait to be counted, at most: what the kernel shows is behind by so much. */
#define UNCOUNTED_PAGES 512

static const bool can_add = !IS_ENABLED(CONFIG_DEBUG_VM);

/* ------------------------------------------------------------------------------------- adding */

/**
 * shmem_promise_end() - give back what was promised and not used
 * @promise: its members are 0 afterwards, as before its first use
 *
 * Context: may sleep.
 */
void shmem_promise_end(struct shmem_promise *promise)
{
	if (!promise->file)
		return;
	i_size_write(file_inode(promise->file),
		     (loff_t)promise->pages << PAGE_SHIFT);
	fput(promise->file);
	promise->file = NULL;
	promise->pages = 0;
}

static int promise(struct shmem_promise *promise, u64 nr_pages)
{
	struct file *file = kho_compat_shmem_file(
		"promise", (loff_t)nr_pages << PAGE_SHIFT, true);

	if (IS_ERR(file))
		return PTR_ERR(file);
	shmem_promise_end(promise);
	promise->file = file;
	promise->pages = nr_pages;
	return 0;
}

/* Where there is little to promise, no more than is needed. */
static int promise_at_least(struct shmem_promise *p, u64 nr_pages)
{
	int ret = promise(p, max_t(u64, nr_pages, PROMISE_PAGES));

	if (!ret)
		return 0;
	shmem_promise_end(p);
	return promise(p, nr_pages);
}

/* Are both counted for the same memory cgroup and node? */
static bool counted_alike(const struct folio *a, const struct folio *b)
{
#ifdef CONFIG_MEMCG
	if (a->memcg_data != b->memcg_data)
		return false;
#endif
	return folio_nid(a) == folio_nid(b);
}

/* The page cache counts a folio as one of a file; here is what else it is. */
static void count_large(struct folio *folio)
{
	long nr = folio_nr_pages(folio);

	lruvec_stat_mod_folio(folio, NR_SHMEM, nr);
	if (folio_test_pmd_mappable(folio)) {
		lruvec_stat_mod_folio(folio, NR_FILE_THPS, -nr);
		lruvec_stat_mod_folio(folio, NR_SHMEM_THPS, nr);
	}
}

/*
 * Single pages are counted many at a time. The first of them stands for all: the reference on it
 * keeps it, and with it the memory cgroup that it is charged to. Nobody can map the file yet, so
 * no page of it moves to another group on its own.
 */
static void count_page(struct shmem_fill *fill, struct folio *folio)
{
	if (fill->first && fill->uncounted < UNCOUNTED_PAGES &&
	    counted_alike(fill->first, folio)) {
		fill->uncounted++;
		folio_put(folio);
		return;
	}
	shmem_fill_settle(fill);
	fill->first = folio;
	fill->uncounted = 1;
}

static int add(struct shmem_fill *fill, struct folio *folio, pgoff_t index)
{
	struct address_space *mapping = fill->file->f_mapping;
	long nr = folio_nr_pages(folio);
	int ret = 0;

	if (fill->promise->pages < nr)
		ret = promise_at_least(fill->promise, nr);
	if (ret)
		return ret;
	__folio_set_swapbacked(folio);
	folio_mark_uptodate(folio);
	ret = filemap_add_folio(mapping, folio, index,
				mapping_gfp_mask(mapping) | __GFP_NOWARN);
	if (ret)
		return ret;
	if (nr > 1)
		count_large(folio);
	folio_mark_dirty(folio);
	folio_unlock(folio);
	fill->promise->pages -= nr;
	fill->added += nr;
	if (nr > 1)
		folio_put(folio);
	else
		count_page(fill, folio);
	return 0;
}

/* --------------------------------------------------------------------------------- exchanging */

static int copy_into(struct address_space *mapping, struct folio *from,
		     pgoff_t index)
{
	struct page *to = shmem_read_mapping_page_gfp(
		mapping, index, mapping_gfp_mask(mapping));

	if (IS_ERR(to))
		return PTR_ERR(to);
	lock_page(to);
	copy_highpage(to, &from->page);
	set_page_dirty(to);
	unlock_page(to);
	put_page(to);
	folio_put(from);
	return 0;
}

/* Puts @new in the place of @old, which is locked. Takes over the reference on @new. */
static void replace(struct folio *old, struct folio *new)
{
	__folio_set_locked(new);
	__folio_set_swapbacked(new);
	folio_mark_uptodate(new);
	kho_compat_replace_folio(old, new);
	folio_mark_dirty(new);
	folio_add_lru(new);
	folio_unlock(new);
	folio_put(new);
}

static int exchange(struct file *file, struct folio *folio, pgoff_t index)
{
	struct address_space *mapping = file->f_mapping;
	struct folio *old;
	int ret;

	ret = vfs_fallocate(file, FALLOC_FL_KEEP_SIZE,
			    (loff_t)index << PAGE_SHIFT, PAGE_SIZE);
	if (ret)
		return ret;
	old = filemap_lock_folio(mapping, index);
	if (IS_ERR_OR_NULL(old))
		return copy_into(mapping, folio, index);
	if (folio_test_large(old) || folio_test_writeback(old)) {
		folio_unlock(old);
		folio_put(old);
		return copy_into(mapping, folio, index);
	}
	replace(old, folio);
	folio_unlock(old);
	folio_put(old);
	return 0;
}

/* ---------------------------------------------------------------------------------- interface */

/**
 * shmem_fill_begin() - a file in memory will be given pages
 * @fill: filled
 * @file: it; nobody else changes it until shmem_fill_end()
 * @promise: of one file after the other; nobody else uses it until then
 */
void shmem_fill_begin(struct shmem_fill *fill, struct file *file,
		      struct shmem_promise *promise)
{
	*fill = (struct shmem_fill){ .file = file, .promise = promise };
}

static bool blocks_take(struct shmem_sb_info *sbinfo, u64 pages)
{
	if (!sbinfo->max_blocks)
		return true;
	if (pages > sbinfo->max_blocks ||
	    percpu_counter_compare(&sbinfo->used_blocks,
				   sbinfo->max_blocks - pages) > 0)
		return false;
	percpu_counter_add(&sbinfo->used_blocks, pages);
	return true;
}

static void blocks_put(struct shmem_sb_info *sbinfo, u64 pages)
{
	if (sbinfo->max_blocks)
		percpu_counter_sub(&sbinfo->used_blocks, pages);
}

/* Quotas, and i_blocks. */
static int quota_take(struct inode *inode, u64 pages)
{
#ifdef CONFIG_TMPFS_QUOTA
	return dquot_alloc_block_nodirty(inode, pages);
#else
	inode_add_bytes(inode, pages << PAGE_SHIFT);
	return 0;
#endif
}

static void quota_put(struct inode *inode, u64 pages)
{
#ifdef CONFIG_TMPFS_QUOTA
	dquot_free_block_nodirty(inode, pages);
#else
	inode_sub_bytes(inode, pages << PAGE_SHIFT);
#endif
}

/**
 * shmem_fill_reserve() - make sure that the file system has room
 * @fill: file; one without a name need not
 * @pages: that are to be added, at most; shmem_fill_end() gives back what is not
 *
 * Context: may sleep.
 *
 * Return: 0, -ENOSPC, -EDQUOT; nothing is reserved then.
 */
int shmem_fill_reserve(struct shmem_fill *fill, u64 pages)
{
	struct inode *inode = file_inode(fill->file);
	struct shmem_sb_info *sbinfo = inode->i_sb->s_fs_info;
	int ret;

	/* There fallocate() does it. */
	if (!can_add)
		return 0;
	if (!blocks_take(sbinfo, pages))
		return -ENOSPC;
	ret = quota_take(inode, pages);
	if (ret)
		blocks_put(sbinfo, pages);
	else
		fill->reserved += pages;
	return ret;
}

/**
 * shmem_fill_takes_large() - can folios be added that are more than a page?
 *
 * Return: true if those that kho_restore_cache_folio() gives can.
 */
bool shmem_fill_takes_large(void)
{
	return can_add;
}

/**
 * shmem_fill_add() - put a folio into the file
 * @fill: file
 * @folio: with contents, in use by nobody else; a large one only if shmem_fill_takes_large();
 *         its reference is taken over
 * @index: where, in pages; a multiple of the folio's pages
 *
 * Context: may sleep.
 *
 * Return: 0; after an error, for want of memory above all, the folio still is the caller's, who
 * may try again.
 */
int shmem_fill_add(struct shmem_fill *fill, struct folio *folio, pgoff_t index)
{
	return can_add ? add(fill, folio, index) :
			 exchange(fill->file, folio, index);
}

/**
 * shmem_fill_can_break() - does this kernel know of pages that have gone bad?
 *
 * Return: true if shmem_fill_break() does something.
 */
bool shmem_fill_can_break(void)
{
	return IS_ENABLED(CONFIG_MEMORY_FAILURE);
}

/**
 * shmem_fill_break() - whoever reads a page of the file is to be told that it is lost
 * @fill: file
 * @index: of a single page that was added
 *
 * The page is marked as one that has gone bad. It is kept by a reference that nobody gives back,
 * as the kernel's own handling of such pages does it: reclaim would write it out and forget the
 * mark.
 */
void shmem_fill_break(struct shmem_fill *fill, pgoff_t index)
{
#ifdef CONFIG_MEMORY_FAILURE
	struct folio *folio = filemap_get_folio(fill->file->f_mapping, index);

	if (!IS_ERR_OR_NULL(folio))
		SetPageHWPoison(folio_page(folio, 0));
#endif
}

/**
 * shmem_fill_settle() - count what was added
 * @fill: file
 *
 * To be called before the file is left alone for a while. shmem_fill_end() does it too.
 */
void shmem_fill_settle(struct shmem_fill *fill)
{
	if (!fill->first)
		return;
	lruvec_stat_mod_folio(fill->first, NR_SHMEM, fill->uncounted);
	folio_put(fill->first);
	fill->first = NULL;
	fill->uncounted = 0;
}

/* As the kernel does where a folio reaches over the end of a file: reclaim may take that part. */
static void note_shrinkable(struct inode *inode)
{
	struct shmem_sb_info *sbinfo = inode->i_sb->s_fs_info;
	struct shmem_inode_info *info = SHMEM_I(inode);

	spin_lock(&sbinfo->shrinklist_lock);
	if (list_empty_careful(&info->shrinklist)) {
		list_add_tail(&info->shrinklist, &sbinfo->shrinklist);
		sbinfo->shrinklist_len++;
	}
	spin_unlock(&sbinfo->shrinklist_lock);
}

/**
 * shmem_fill_end() - no more pages come, for now
 * @fill: file
 *
 * Context: may sleep.
 */
void shmem_fill_end(struct shmem_fill *fill)
{
	struct inode *inode = file_inode(fill->file);
	struct shmem_sb_info *sbinfo = inode->i_sb->s_fs_info;
	struct shmem_inode_info *info = SHMEM_I(inode);

	shmem_fill_settle(fill);
	/* A file of a file system that has no limits, and nobody has reserved anything. */
	if (fill->added > fill->reserved)
		quota_take(inode, fill->added - fill->reserved);
	spin_lock_irq(&info->lock);
	info->alloced += fill->added;
	spin_unlock_irq(&info->lock);
	if (fill->added < fill->reserved) {
		quota_put(inode, fill->reserved - fill->added);
		blocks_put(sbinfo, fill->reserved - fill->added);
	}
	if (fill->reaches_over)
		note_shrinkable(inode);
	fill->reserved = 0;
	fill->added = 0;
}
