// SPDX-License-Identifier: GPL-2.0
/*
 * What is in regular files: pages are held, preserved and listed, once, at the last moment; of
 * large files most of them may be held already, see ahead.c.
 *
 * The file system is frozen then: nobody writes to a file but through a mapping, and nobody makes
 * it longer or shorter. What a program stores through a mapping goes along until the machine
 * jumps, but into a hole only if it is done before the hole was listed.
 *
 * A page that cannot be preserved where it lies is copied: below 1 MiB, the last page of RAM, and
 * what a driver has added to it. So are the good pages of a folio that has bad ones.
 */

#include <linux/err.h>
#include <linux/highmem.h>
#include <linux/io.h>
#include <linux/kexec_handover.h>
#include <linux/kho_folios.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/sched.h>
#include <linux/shmem_fs.h>

#include "kept/kept.h"
#include "shmem/pages.h"

/* Folios that are preserved at a time. */
#define HOLD_BATCH 64
/* Folios that are put on the list at a time. */
#define LIST_BATCH 16

/**
 * struct listing - a file that is being listed
 * @files: what it is added to
 * @mapping: of the file
 * @end: one behind its last page
 * @limit: pages from this one on are not looked at
 * @next: page that the next entry begins with
 * @kind: of the run that is being collected
 * @run: pages of it; they end before @next
 * @copy: nothing is preserved where it lies: it goes along with another tree already
 * @ahead: what is held of it; NULL: nothing
 */
struct listing {
	struct kept_files *files;
	struct address_space *mapping;
	pgoff_t end;
	pgoff_t limit;
	pgoff_t next;
	enum kho_kept_entry_kind kind;
	u64 run;
	bool copy;
	struct kept_ahead *ahead;
};

/* ------------------------------------------------------------------------------- the list */

/**
 * kept_files_begin() - begin with the next file
 * @f: files of a tree; all 0 before the first
 * @bytes: size of the file
 *
 * Context: may sleep; no page is locked.
 *
 * Return: 0, or an error of kept_stream_append().
 */
int kept_files_begin(struct kept_files *f, u64 bytes)
{
	const struct kho_kept_file_ser ser = {
		.size = bytes,
		.first = f->entries.bytes / sizeof(u64),
	};

	f->nr_files++;
	f->next = 0;
	return kept_stream_append(&f->files, &ser, sizeof(ser));
}

/**
 * kept_files_entry() - append an entry to the file that was begun with last
 * @f: files
 * @entry: as <linux/kho/abi/kept.h> has it. A folio is held and preserved by the caller, and
 *         after success is let go of by kept_files_release()
 *
 * Context: may sleep; no page is locked.
 *
 * Return: 0, or an error of kept_stream_append().
 */
int kept_files_entry(struct kept_files *f, u64 entry)
{
	int ret = kept_stream_append(&f->entries, &entry, sizeof(entry));

	if (ret)
		return ret;
	f->next += kho_kept_entry_pages(entry);
	if (kho_kept_entry_kind(entry) == KHO_KEPT_ENTRY_FOLIO)
		f->nr_pages += kho_kept_entry_pages(entry);
	return 0;
}

/*
 * The same with some entries of folios. @done: how many were appended; the others are the
 * caller's still.
 */
static int add_folios(struct kept_files *f, const u64 *entry, unsigned int nr,
		      unsigned int *done)
{
	while (*done < nr) {
		/* What fails has appended nothing as long as it is for one page of the list. */
		size_t room = PAGE_SIZE - offset_in_page(f->entries.bytes);
		unsigned int some =
			min_t(size_t, nr - *done, room / sizeof(*entry));
		int ret = kept_stream_append(&f->entries, entry + *done,
					     some * sizeof(*entry));

		if (ret)
			return ret;
		for (; some; some--, ++*done) {
			u64 pages = kho_kept_entry_pages(entry[*done]);

			f->next += pages;
			f->nr_pages += pages;
		}
	}
	return 0;
}

static int end_run(struct listing *l)
{
	u64 run = l->run;

	l->run = 0;
	return run ? kept_files_entry(l->files,
				      kho_kept_entry_run(l->kind, run)) :
		     0;
}

/* Pages that have no contents: up to @end. */
static int list_run(struct listing *l, enum kho_kept_entry_kind kind,
		    pgoff_t end)
{
	int ret = 0;

	if (l->kind != kind)
		ret = end_run(l);
	if (ret)
		return ret;
	l->kind = kind;
	l->run += end - l->next;
	l->next = end;
	return 0;
}

/* What comes next begins at @index. */
static int list_hole(struct listing *l, pgoff_t index)
{
	const struct kept_files *f = l->files;
	int ret = 0;

	while (index > l->next && !ret) {
		enum kho_kept_entry_kind kind = KHO_KEPT_ENTRY_HOLE;
		u64 end = index;

		if (f->between)
			kind = f->between(f->ctx, l->next, &end);
		ret = list_run(l, kind, end);
	}
	return ret;
}

/* A block that is preserved. */
static int list_block(struct listing *l, unsigned long pfn, unsigned int order,
		      pgoff_t index)
{
	int ret = list_hole(l, index);

	if (!ret)
		ret = end_run(l);
	if (!ret)
		ret = kept_files_entry(l->files,
				       kho_kept_entry_folio(pfn, order));
	if (!ret)
		l->next = index + (1UL << order);
	return ret;
}

/* ----------------------------------------------------------------------- holding folios */

static int copy_one(struct listing *l, struct page *page, pgoff_t index)
{
	void *copy;
	int ret;

	if (PageHWPoison(page)) {
		ret = list_hole(l, index);
		return ret ?: list_run(l, KHO_KEPT_ENTRY_BAD, index + 1);
	}
	copy = kept_page_alloc();
	if (IS_ERR(copy))
		return PTR_ERR(copy);
	copy_highpage(virt_to_page(copy), page);
	ret = list_block(l, PHYS_PFN(virt_to_phys(copy)), 0, index);
	if (ret)
		kho_unpreserve_free(copy);
	return ret;
}

/* The pages of a folio, but for what was listed before and what is behind the file. */
static int copy_folio(struct listing *l, struct folio *folio)
{
	pgoff_t index = max(folio->index, l->next);
	pgoff_t end =
		min_t(pgoff_t, folio->index + folio_nr_pages(folio), l->end);
	int ret = 0;

	for (; index < end && !ret; index++) {
		ret = copy_one(l, folio_page(folio, index - folio->index),
			       index);
		kept_step();
	}
	return ret;
}

/* Why it is not preserved does not matter, as long as a copy can be. */
static bool wants_copy(int err)
{
	return err == -EINVAL || err == -EEXIST || err == -EOPNOTSUPP;
}

static int hold_one(struct listing *l, struct folio *folio)
{
	int ret = copy_folio(l, folio);

	folio_put(folio);
	return ret;
}

/* Some that follow one another, from the first on. @done: as add_folios() has it. */
static int list_some(struct listing *l, struct folio **folio, unsigned int nr,
		     unsigned int *done)
{
	u64 entry[LIST_BATCH];
	pgoff_t end = folio[0]->index;
	unsigned int i;
	int ret = list_hole(l, end);

	if (!ret)
		ret = end_run(l);
	if (ret)
		return ret;
	nr = min_t(unsigned int, nr, LIST_BATCH);
	for (i = 0; i < nr && folio[i]->index == end; i++) {
		entry[i] = kho_kept_entry_folio(folio_pfn(folio[i]),
						folio_order(folio[i]));
		end += folio_nr_pages(folio[i]);
	}
	ret = add_folios(l->files, entry, i, done);
	if (!ret)
		l->next = end;
	return ret;
}

/* Puts folios on the list that are preserved. */
static int list_folios(struct listing *l, struct folio **folio, unsigned int nr)
{
	unsigned int done = 0;
	int ret = 0;

	while (done < nr && !ret) {
		unsigned int some = 0;

		ret = list_some(l, folio + done, nr - done, &some);
		done += some;
	}
	for (; done < nr; done++) {
		kho_unpreserve_folio(folio[done]);
		folio_put(folio[done]);
	}
	return ret;
}

/* Takes over the references on all of them. */
static int hold_folios(struct listing *l, struct folio **folio, unsigned int nr)
{
	unsigned int done = 0, kept;
	int ret = 0, err;

	while (done < nr && !ret) {
		/* A part of it was found bad, and listed, by itself. */
		if (l->copy || folio[done]->index < l->next) {
			ret = hold_one(l, folio[done++]);
			continue;
		}
		err = kho_preserve_folios(folio + done, nr - done, &kept);
		ret = list_folios(l, folio + done, kept);
		done += kept;
		if (!ret && wants_copy(err) && done < nr)
			ret = hold_one(l, folio[done++]);
		else if (!ret)
			ret = err;
	}
	while (done < nr)
		folio_put(folio[done++]);
	return ret;
}

/* ------------------------------------------------------------------------- what a file has */

/*
 * A page that fallocate() made, and nobody wrote to. Return: whether there was one, at @index;
 * or an error.
 */
static int list_unwritten(struct listing *l, pgoff_t index)
{
	struct folio *folio = filemap_lock_folio(l->mapping, index);
	pgoff_t first, end;
	bool unwritten;
	int ret;

	if (IS_ERR_OR_NULL(folio))
		return 0;
	unwritten = !folio_test_uptodate(folio);
	first = max(folio->index, l->next);
	end = folio->index + folio_nr_pages(folio);
	folio_unlock(folio);
	folio_put(folio);
	if (!unwritten)
		return 0;
	ret = list_hole(l, first);
	return ret ?: list_run(l, KHO_KEPT_ENTRY_UNWRITTEN, end) ?: 1;
}

/* Nobody can tell any more what was there. */
static bool is_lost(const struct folio *folio)
{
	return PTR_ERR(folio) == -EIO || PTR_ERR(folio) == -EHWPOISON;
}

/* A page that takes more to get. */
static int hold_slowly(struct listing *l, pgoff_t index)
{
	struct folio *folio;
	int ret = list_unwritten(l, index);

	if (ret)
		return min(ret, 0);
	folio = kho_shmem_read(l->mapping, index, KEPT_GFP);
	if (!IS_ERR(folio))
		return hold_folios(l, &folio, 1);
	if (!is_lost(folio))
		return PTR_ERR(folio);
	ret = list_hole(l, index);
	return ret ?: list_run(l, KHO_KEPT_ENTRY_BAD, index + 1);
}

/* Nobody can read what is behind the end of a file: that it is there is all there is to it. */
static int list_behind(struct listing *l, pgoff_t index)
{
	int ret = list_hole(l, index);

	return ret ?: list_run(l, KHO_KEPT_ENTRY_UNWRITTEN, index + 1);
}

static int hold_some(struct listing *l, pgoff_t index)
{
	struct folio *folio[HOLD_BATCH];
	pgoff_t end = l->end;
	unsigned int nr = 0;

	if (index >= l->end)
		return list_behind(l, index);
	if (l->ahead)
		nr = kept_ahead_take(l->ahead, index, &end, folio, HOLD_BATCH);
	if (nr)
		return list_folios(l, folio, nr);
	nr = kho_shmem_get_some(l->mapping, index, end, folio, HOLD_BATCH);
	return nr ? hold_folios(l, folio, nr) : hold_slowly(l, index);
}

static int hold_all(struct listing *l)
{
	unsigned long index = 0;
	int ret = 0;

	while (!ret && index < l->limit &&
	       xa_find(&l->mapping->i_pages, &index, l->limit - 1,
		       XA_PRESENT)) {
		ret = hold_some(l, index);
		/* All of a batch may have gone meanwhile. */
		index = max_t(unsigned long, l->next, index);
		kept_step();
		cond_resched();
	}
	return ret ?: end_run(l);
}

static int add(struct kept_files *f, struct inode *inode, loff_t size,
	       u64 limit, bool copy)
{
	struct listing l = {
		.files = f,
		.mapping = inode->i_mapping,
		.end = min_t(u64, kho_shmem_end(size), limit),
		.limit = limit,
		.copy = copy,
		.ahead = copy ? NULL : kept_ahead_of(inode),
	};
	int ret = kept_files_begin(f, size);

	if (!ret)
		ret = hold_all(&l);
	kept_ahead_end(l.ahead);
	return ret;
}

/**
 * kept_files_add() - add a regular file of a frozen file system
 * @f: files of a tree; all 0 before the first
 * @inode: of the file
 *
 * Its pages are held until kept_files_release(), which is also to be called after an error.
 *
 * Context: may sleep, for locks of pages and for swap; no page is locked.
 *
 * Return: 0, -ENOMEM, or another error.
 */
int kept_files_add(struct kept_files *f, struct inode *inode)
{
	return add(f, inode, i_size_read(inode), ULONG_MAX, false);
}

/**
 * kept_files_add_copy() - the same, of a file that goes along with another tree already
 * @f: as there
 * @inode: as there
 *
 * A page can be in one tree only: this one gets copies.
 *
 * Context: as there.
 *
 * Return: as there.
 */
int kept_files_add_copy(struct kept_files *f, struct inode *inode)
{
	return add(f, inode, i_size_read(inode), ULONG_MAX, true);
}

/**
 * kept_files_add_part() - the same, of a file whose end is elsewhere
 * @f: as there; more entries may follow
 * @inode: of the file
 * @bytes: size of the whole file
 * @limit: page that the rest begins with
 * @copy: as kept_files_add_copy()
 *
 * Context: as there.
 *
 * Return: as there; -EUCLEAN (a folio reaches over @limit).
 */
int kept_files_add_part(struct kept_files *f, struct inode *inode, u64 bytes,
			u64 limit, bool copy)
{
	int ret = add(f, inode, bytes, limit, copy);

	return !ret && f->next > limit ? -EUCLEAN : ret;
}

static void release_entries(void *ctx, void *page, u32 bytes)
{
	const u64 *entry = page;
	u32 i;

	for (i = 0; i < bytes / sizeof(*entry); i++) {
		struct page *page;

		if (kho_kept_entry_kind(entry[i]) != KHO_KEPT_ENTRY_FOLIO)
			continue;
		page = pfn_to_page(kho_kept_entry_value(entry[i]));
		kho_unpreserve_pages(page, kho_kept_entry_pages(entry[i]));
		put_page(page);
	}
	kept_step();
}

/**
 * kept_files_release() - let go of all pages
 * @f: files; all 0 afterwards
 *
 * Context: may sleep.
 */
void kept_files_release(struct kept_files *f)
{
	kept_stream_each(&f->entries, release_entries, NULL);
	kept_stream_free(&f->entries);
	kept_stream_free(&f->files);
	*f = (struct kept_files){};
}
