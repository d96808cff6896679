// SPDX-License-Identifier: GPL-2.0
/*
 * Anonymous files in memory: retrieving.
 *
 * The kernel does not let modules put pages into a file of shmem, but it does let them replace
 * pages that are there. So the file is given pages by fallocate(), which accounts them to whoever
 * retrieves the file as for any other program, and each of them is replaced by the page that was
 * preserved, which is not copied. Where the kernel gives a large folio, pages are copied into it.
 * Folios that were large come back as pages, unless the kernel gives large ones.
 *
 * It goes in batches, so that little memory is needed besides; after an error that may pass, the
 * next attempt goes on where this one stopped.
 */

#include <linux/err.h>
#include <linux/falloc.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/highmem.h>
#include <linux/io.h>
#include <linux/kexec_handover.h>
#include <linux/kho_incoming.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/sched/signal.h>
#include <linux/shmem_fs.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include <linux/kho/abi/memfd.h>

#include "core/memfd.h"
#include "kmod/compat/compat.h"
#include "luo.h"

/* No folio has more pages. */
#define BATCH MAX_ORDER_NR_PAGES

/**
 * struct memfd_in - a file that is being made
 * @file: so far
 * @end: first index behind the end of the file
 * @next_index: folios before it were taken over
 * @nr: pages in the batch, ours
 * @done: of them that are in the file
 * @allocated: of them that the file has a page for
 * @page: the batch
 * @index: of each
 */
struct memfd_in {
	struct file *file;
	u64 end;
	u64 next_index;
	unsigned int nr;
	unsigned int done;
	unsigned int allocated;
	struct page *page[BATCH];
	pgoff_t index[BATCH];
};

static unsigned int folio_order_op(void *ctx, u64 phys)
{
	return kho_incoming_order(phys);
}

static struct kho_memfd_ops walk_ops(void)
{
	return (struct kho_memfd_ops){
		.pages = {
			.page = luo_page_op,
			.nr_pages = kho_incoming_unclaimed(),
		},
		.folio_order = folio_order_op,
		.max_order = KHO_MAX_BUDDY_ORDER,
	};
}

/* ----------------------------------------------------------------------- pages into the file */

/* How many of the batch from @i on follow each other in the file. */
static unsigned int run_length(const struct memfd_in *m, unsigned int i)
{
	unsigned int n = 1;

	while (i + n < m->nr && m->index[i + n] == m->index[i] + n)
		n++;
	return n;
}

/* Has the file allocate a page for each of the batch. */
static int allocate(struct memfd_in *m)
{
	while (m->allocated < m->nr) {
		unsigned int n = run_length(m, m->allocated);
		loff_t at = (loff_t)m->index[m->allocated] << PAGE_SHIFT;
		int ret;

		ret = vfs_fallocate(m->file, FALLOC_FL_KEEP_SIZE, at,
				    (loff_t)n << PAGE_SHIFT);
		if (ret)
			return ret;
		m->allocated += n;
	}
	return 0;
}

static int copy_into(struct address_space *mapping, pgoff_t index,
		     struct page *from)
{
	struct page *to = shmem_read_mapping_page_gfp(
		mapping, index, mapping_gfp_mask(mapping));

	if (IS_ERR(to))
		return PTR_ERR(to);
	lock_page(to);
	copy_highpage(to, from);
	set_page_dirty(to);
	unlock_page(to);
	put_page(to);
	put_page(from);
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

static int put_page_into(struct address_space *mapping, pgoff_t index,
			 struct page *page)
{
	struct folio *old = filemap_lock_folio(mapping, index);

	if (IS_ERR_OR_NULL(old))
		return copy_into(mapping, index, page);
	if (folio_test_large(old) || folio_test_writeback(old)) {
		folio_unlock(old);
		folio_put(old);
		return copy_into(mapping, index, page);
	}
	replace(old, page_folio(page));
	folio_unlock(old);
	folio_put(old);
	return 0;
}

/* All of the batch into the file. */
static int flush(struct memfd_in *m)
{
	int ret = allocate(m);

	while (!ret && m->done < m->nr) {
		ret = put_page_into(m->file->f_mapping, m->index[m->done],
				    m->page[m->done]);
		if (!ret)
			m->done++;
	}
	if (ret)
		return ret;
	m->nr = 0;
	m->done = 0;
	m->allocated = 0;
	cond_resched();
	return fatal_signal_pending(current) ? -EINTR : 0;
}

/* Takes over a folio as single pages. Those behind the end of the file are not needed. */
static int take_folio(void *ctx, const struct kho_memfd_folio *f)
{
	struct memfd_in *m = ctx;
	unsigned int i, nr = 1U << f->order;
	struct page *page;
	int ret = 0;

	if (m->nr + nr > BATCH)
		ret = flush(m);
	if (ret)
		return ret;
	page = kho_restore_pages(f->phys, nr);
	if (!page)
		return -EIO;
	m->next_index = f->index + nr;
	for (i = 0; i < nr; i++) {
		if (!f->has_contents || f->index + i >= m->end) {
			put_page(page + i);
			continue;
		}
		m->page[m->nr] = page + i;
		m->index[m->nr++] = f->index + i;
	}
	return 0;
}

/* -------------------------------------------------------------------------------------- file */

/*
 * Of what memfd_create() may have made the file, the wire does not tell whether it can be
 * executed. A file that could, and has this seal, has the others too.
 */
static bool cannot_be_executed(u32 seals)
{
	const u32 others = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE |
			   F_SEAL_FUTURE_WRITE;

	return seals & MEMFD_LUO_SEAL_EXEC && (seals & others) != others;
}

static struct memfd_in *file_begin(const struct memfd_luo_ser *ser)
{
	struct memfd_in *m = kvzalloc(sizeof(*m), GFP_KERNEL | __GFP_NOWARN);

	if (!m)
		return ERR_PTR(-ENOMEM);
	m->file = kho_compat_shmem_file("memfd:", ser->size);
	if (IS_ERR(m->file)) {
		int ret = PTR_ERR(m->file);

		kvfree(m);
		return ERR_PTR(ret);
	}
	m->end = (ser->size >> PAGE_SHIFT) + !!(ser->size & ~PAGE_MASK);
	return m;
}

static void file_end(struct file *file, const struct memfd_luo_ser *ser)
{
	struct inode *inode = file_inode(file);

	file->f_mode |= FMODE_LSEEK | FMODE_PREAD | FMODE_PWRITE;
	file->f_flags |= O_LARGEFILE;
	file->f_pos = ser->pos;
	if (cannot_be_executed(ser->seals))
		inode->i_mode &= ~0111;
	/* What the kernel does not know it cannot hold anybody to. */
	SHMEM_I(inode)->seals = ser->seals & KHO_COMPAT_ALL_SEALS;
}

/* What is left of the wire, when all folios were taken over. */
static void free_wire(u64 phys)
{
	const struct memfd_luo_ser *ser = kho_incoming_page(phys);
	struct kho_vmalloc list;

	if (ser->nr_folios) {
		list = ser->folios;
		vfree(kho_restore_vmalloc(&list));
	}
	kho_restore_free(phys_to_virt(phys));
}

static int refused(u64 phys, int ret, const struct kho_refusal *r)
{
	if (!r->check)
		return ret;
	pr_err("a memfd is not good: %s at %#llx: found %#llx, expected %#llx\n",
	       r->check, r->where, r->found, r->wanted);
	return ret == -EOPNOTSUPP ? ret : -EINVAL;
}

static void memfd_in_free(struct memfd_in *m)
{
	if (!m)
		return;
	while (m->done < m->nr)
		put_page(m->page[m->done++]);
	fput(m->file);
	kvfree(m);
}

static int fill(struct memfd_in *m, u64 phys)
{
	const struct kho_memfd_ops ops = walk_ops();
	struct kho_refusal r = {};
	int ret;

	/* A batch that could not be flushed the last time. */
	ret = flush(m);
	if (!ret)
		ret = kho_memfd_walk(phys, m->next_index, &ops, take_folio, m,
				     &r);
	ret = refused(phys, ret, &r);
	return ret ?: flush(m);
}

/* Everything that can be checked before the first folio is taken over. */
static int check(u64 phys)
{
	const struct kho_memfd_ops ops = walk_ops();
	const struct memfd_luo_ser *ser;
	struct kho_refusal r = {};
	int ret;

	ret = kho_memfd_walk(phys, 0, &ops, NULL, NULL, &r);
	if (ret)
		return refused(phys, ret, &r);
	ser = kho_incoming_page(phys);
	if (ser->seals & ~KHO_COMPAT_ALL_SEALS)
		pr_notice_once(
			"memfds lose seal %#x, which this kernel does not know: they could be made executable\n",
			ser->seals & ~KHO_COMPAT_ALL_SEALS);
	return 0;
}

static int retrieve(struct liveupdate_file_op_args *args)
{
	u64 phys = args->serialized_data;
	struct memfd_in *m = args->private_data;
	int ret;

	if (!m) {
		ret = check(phys);
		if (ret)
			return ret;
		m = file_begin(kho_incoming_page(phys));
		if (IS_ERR(m))
			return PTR_ERR(m);
		args->private_data = m;
	}
	ret = fill(m, phys);
	if (ret)
		return ret;
	file_end(m->file, kho_incoming_page(phys));
	free_wire(phys);
	args->file = get_file(m->file);
	args->private_data = NULL;
	memfd_in_free(m);
	return 0;
}

int luo_memfd_retrieve(struct liveupdate_file_op_args *args)
{
	int ret;

	kho_incoming_begin();
	ret = retrieve(args);
	kho_incoming_end();
	return ret;
}

static int drop_folio(void *ctx, const struct kho_memfd_folio *f)
{
	struct page *page = kho_restore_pages(f->phys, 1UL << f->order);
	unsigned long i;

	if (!page)
		return -EIO;
	for (i = 0; i < 1UL << f->order; i++)
		put_page(page + i);
	cond_resched();
	return 0;
}

void luo_memfd_finish(struct liveupdate_file_op_args *args)
{
	const struct kho_memfd_ops ops = walk_ops();
	struct memfd_in *m = args->private_data;
	u64 phys = args->serialized_data;
	struct kho_refusal r = {};
	u64 from = m ? m->next_index : 0;
	int ret;

	if (args->retrieve_status > 0)
		return;
	/* Nothing is freed of a file that is not good: `kho drop --incoming` frees all of it. */
	kho_incoming_begin();
	ret = m ? 0 : kho_memfd_walk(phys, 0, &ops, NULL, NULL, &r);
	if (!ret)
		ret = kho_memfd_walk(phys, from, &ops, drop_folio, NULL, &r);
	refused(phys, ret, &r);
	if (!ret)
		free_wire(phys);
	kho_incoming_end();
	memfd_in_free(m);
	args->private_data = NULL;
}
