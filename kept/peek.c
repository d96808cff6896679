// SPDX-License-Identifier: GPL-2.0
/*
 * Reading a tree that came in, without restoring it: its records, and what is in its files.
 * Everything is copied to a page of the module first: user memory may take as long as somebody
 * likes, and is not touched under a lock.
 */

#include <linux/err.h>
#include <linux/gfp.h>
#include <linux/kho_waiting.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>

#include "in.h"

/* ---------------------------------------------------------------------------------- records */

/* Return: bytes that were copied, at most to the end of a page. */
static size_t records_at(struct kept_in *t, char *to, size_t bytes, u64 at)
{
	guard(mutex)(&t->lock);
	if (t->done || at >= t->ser.record_bytes)
		return 0;
	bytes = min_t(u64, bytes, PAGE_SIZE - offset_in_page(at));
	bytes = min_t(u64, bytes, t->ser.record_bytes - at);
	memcpy(to, t->records.page[at >> PAGE_SHIFT] + offset_in_page(at),
	       bytes);
	return bytes;
}

/**
 * kept_in_read() - read records
 * @t: tree
 * @to: user memory
 * @bytes: its length
 * @pos: where to start; where the next read goes on
 *
 * Context: may sleep.
 *
 * Return: bytes that were read, 0 at the end; -EFAULT, -ENOMEM, -EINTR.
 */
ssize_t kept_in_read(struct kept_in *t, char __user *to, size_t bytes,
		     loff_t *pos)
{
	char *page = (char *)__get_free_page(GFP_KERNEL);
	size_t done = 0, n;
	int ret = 0;

	if (!page)
		return -ENOMEM;
	while (done < bytes && *pos >= 0 && !ret) {
		n = records_at(t, page, bytes - done, *pos);
		if (!n)
			break;
		if (copy_to_user(to + done, page, n))
			ret = -EFAULT;
		else if (fatal_signal_pending(current))
			ret = -EINTR;
		if (ret)
			break;
		done += n;
		*pos += n;
		cond_resched();
	}
	free_page((unsigned long)page);
	return done ?: ret;
}

/* ------------------------------------------------------------------------------------ files */

/**
 * struct place - what is at an offset of a file
 * @entry: it
 * @index: where it begins, in pages
 * @is_end: there is no entry any more
 */
struct place {
	u64 entry;
	u64 index;
	bool is_end;
};

/* Who reads on finds it where the last read ended. */
static struct place find_place(struct kept_in *t, u64 file, u64 index)
{
	u64 end = kept_in_file_end(t, file);

	if (t->peek.file != file || t->peek.index > index ||
	    t->peek.entry < kept_in_file_first(t, file)) {
		t->peek.file = file;
		t->peek.entry = kept_in_file_first(t, file);
		t->peek.index = 0;
	}
	for (; t->peek.entry < end; t->peek.entry++) {
		u64 entry = kept_in_entry(t, t->peek.entry);
		u64 pages = kho_kept_entry_pages(entry);

		if (index - t->peek.index < pages)
			return (struct place){ entry, t->peek.index, false };
		t->peek.index += pages;
	}
	return (struct place){ .index = t->peek.index, .is_end = true };
}

static int copy_folio_page(const struct place *at, u64 index, char *page)
{
	u64 phys = kho_kept_entry_value(at->entry) << PAGE_SHIFT;
	unsigned int order = kho_kept_entry_order(at->entry);
	const char *folio;
	int ret = 0;

	kho_waiting_begin();
	folio = kho_waiting_block(phys, order);
	if (folio)
		memcpy(page, folio + ((index - at->index) << PAGE_SHIFT),
		       PAGE_SIZE);
	else
		ret = -EIO;
	kho_waiting_end();
	return ret;
}

static int may_peek(struct kept_in *t, u64 file)
{
	if (t->done)
		return -ENODATA;
	if (file >= t->ser.nr_files)
		return -EINVAL;
	if ((t->inode && t->inode[file]) || xa_load(&t->partials, file))
		return -ESTALE;
	return 0;
}

/*
 * Copies what is in one page of the file. @hole: filled with the pages from there on that are
 * none, 0 if there is one.
 */
static int peek_page(struct kept_in *t, u64 file, u64 index, char *page,
		     u64 *hole, u64 *size)
{
	struct place at;
	int ret;

	guard(mutex)(&t->lock);
	ret = may_peek(t, file);
	if (ret)
		return ret;
	*size = kept_in_file_size(t, file);
	*hole = 0;
	at = find_place(t, file, index);
	if (at.is_end) {
		*hole = U64_MAX >> PAGE_SHIFT;
		return 0;
	}
	switch (kho_kept_entry_kind(at.entry)) {
	case KHO_KEPT_ENTRY_FOLIO:
		return copy_folio_page(&at, index, page);
	case KHO_KEPT_ENTRY_BAD:
		return -EIO;
	default:
		*hole = at.index + kho_kept_entry_value(at.entry) - index;
		return 0;
	}
}

/**
 * kept_in_peek() - read what is in a file
 * @t: tree
 * @arg: argument of KHO_KEPT_IOCTL_PEEK
 *
 * Context: may sleep.
 *
 * Return: 0, or as there.
 */
int kept_in_peek(struct kept_in *t, struct kho_kept_ioctl_peek *arg)
{
	char __user *to = u64_to_user_ptr(arg->buffer);
	char *page = (char *)__get_free_page(GFP_KERNEL);
	u64 done = 0, hole = 0, size = 0, n;
	int ret;

	if (!page)
		return -ENOMEM;
	do {
		u64 at = arg->offset + done;

		ret = peek_page(t, arg->file, at >> PAGE_SHIFT, page, &hole,
				&size);
		if (ret || at >= size || hole)
			break;
		n = min_t(u64, PAGE_SIZE - offset_in_page(at), size - at);
		n = min(n, arg->bytes - done);
		if (copy_to_user(to + done, page + offset_in_page(at), n))
			ret = -EFAULT;
		else
			done += n;
		cond_resched();
	} while (!ret && done < arg->bytes && !fatal_signal_pending(current));
	free_page((unsigned long)page);
	if (ret && (!done || ret == -EFAULT))
		return ret;
	arg->file_bytes = size;
	arg->hole_bytes = 0;
	if (!done && arg->offset < size)
		arg->hole_bytes =
			min((hole << PAGE_SHIFT) - offset_in_page(arg->offset),
			    size - arg->offset);
	arg->bytes = done;
	return 0;
}
