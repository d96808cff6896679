// SPDX-License-Identifier: GPL-2.0
/*
 * Anonymous files in memory: retrieving.
 *
 * Folios are taken over one by one and put into the new file. Large ones stay whole where this
 * kernel can have them so, and become single pages where not. After an error that may pass, the
 * next attempt goes on where this one stopped.
 */

#include <linux/err.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/io.h>
#include <linux/kexec_handover.h>
#include <linux/kho_waiting.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/shmem_fs.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include <linux/kho/abi/memfd.h>

#include "core/memfd.h"
#include "kmod/compat/compat.h"
#include "luo.h"
#include "shmem/fill.h"

/**
 * struct memfd_in - a file that is being made
 * @ser: what it is to be: as it was checked, since its page may go bad meanwhile
 * @fill: it
 * @promise: for its pages
 * @end: first index behind the end of the file
 * @next_index: folios before it were taken over
 * @page: first page of what was taken over last
 * @index: of that page
 * @nr: pages of it
 * @done: of them that are in the file, or not needed
 * @whole: it is one folio
 * @is_bad: it stands for a page that is lost
 */
struct memfd_in {
	struct memfd_luo_ser ser;
	struct shmem_fill fill;
	struct shmem_promise promise;
	u64 end;
	u64 next_index;
	struct page *page;
	pgoff_t index;
	unsigned long nr;
	unsigned long done;
	bool whole;
	bool is_bad;
};

static struct kho_memfd_ops walk_ops(void)
{
	return (struct kho_memfd_ops){
		.pages = {
			.page = kho_waiting_block_op,
			.nr_pages = kho_waiting_unclaimed(),
		},
		.block = kho_waiting_mark_op,
		.max_order = KHO_MAX_BUDDY_ORDER,
	};
}

/* ---------------------------------------------------------------------- folios into the file */

/* What was taken over last, into the file. Pages behind its end are not needed. */
static int flush(struct memfd_in *m)
{
	int ret;

	while (m->done < m->nr) {
		struct page *page = m->page + m->done;
		pgoff_t index = m->index + m->done;

		if (index >= m->end) {
			put_page(page);
		} else {
			ret = shmem_fill_add(&m->fill, page_folio(page), index);
			if (ret)
				return ret;
			if (m->is_bad)
				shmem_fill_break(&m->fill, index);
		}
		m->done += m->whole ? m->nr : 1;
	}
	cond_resched();
	return fatal_signal_pending(current) ? -EINTR : 0;
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

/* The folio as it is, if the file can have it so. */
static struct folio *take_whole(const struct memfd_in *m,
				const struct kho_memfd_folio *f)
{
	if (f->order && (!shmem_fill_takes_large() ||
			 f->index + (1UL << f->order) > m->end))
		return NULL;
	return kho_restore_cache_folio(f->phys);
}

static int take_folio(void *ctx, const struct kho_memfd_folio *f)
{
	struct memfd_in *m = ctx;
	struct folio *folio;
	struct page *page;
	int ret;

	if (!f->has_contents && !f->is_bad) {
		ret = drop_folio(NULL, f);
		if (!ret)
			m->next_index = f->index + (1UL << f->order);
		return ret;
	}
	folio = f->is_bad ? NULL : take_whole(m, f);
	page = folio ? &folio->page :
		       kho_restore_pages(f->phys, 1UL << f->order);
	if (!page)
		return -EIO;
	m->page = page;
	m->index = f->index;
	m->nr = 1UL << f->order;
	m->done = 0;
	m->whole = folio;
	m->is_bad = f->is_bad;
	m->next_index = f->index + m->nr;
	return flush(m);
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
	struct memfd_in *m = kzalloc(sizeof(*m), GFP_KERNEL | __GFP_NOWARN);
	struct file *file;

	if (!m)
		return ERR_PTR(-ENOMEM);
	file = kho_compat_shmem_file("memfd:", ser->size, false);
	if (IS_ERR(file)) {
		kfree(m);
		return ERR_CAST(file);
	}
	shmem_fill_begin(&m->fill, file, &m->promise);
	m->ser = *ser;
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
	/*
	 * Together with the seal, as fcntl() does it: there are kernels that look at nothing else
	 * when the file is mapped. Nobody has mapped it yet, so this cannot fail.
	 */
	if (ser->seals & F_SEAL_WRITE)
		mapping_deny_writable(inode->i_mapping);
}

/* What is left of the wire, when all folios were taken over. */
static void free_wire(u64 phys, const struct memfd_luo_ser *ser)
{
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

/* Return: the file, as far as it was filled. */
static struct file *memfd_in_end(struct memfd_in *m)
{
	struct file *file = m->fill.file;

	shmem_fill_end(&m->fill);
	shmem_promise_end(&m->promise);
	if (m->whole && !m->done)
		put_page(m->page);
	for (; !m->whole && m->done < m->nr; m->done++)
		put_page(m->page + m->done);
	kfree(m);
	return file;
}

static int fill(struct memfd_in *m, u64 phys)
{
	const struct kho_memfd_ops ops = walk_ops();
	struct kho_refusal r = {};
	int ret;

	/* What could not be put into the file the last time. */
	ret = flush(m);
	if (!ret)
		ret = kho_memfd_walk(phys, m->next_index, &ops, take_folio, m,
				     &r);
	shmem_fill_settle(&m->fill);
	return refused(phys, ret, &r);
}

static int count_bad(void *ctx, const struct kho_memfd_folio *f)
{
	u64 *nr = ctx;

	*nr += f->is_bad;
	return 0;
}

/* Of a file that was found good. Its page may have gone bad since. */
static int copy_ser(u64 phys, struct memfd_luo_ser *ser, struct kho_refusal *r)
{
	const void *page = kho_waiting_page(phys);

	if (!page)
		return kho_refuse(r, -EINVAL, "memfd is not there any more",
				  phys, 0, phys);
	memcpy(ser, page, sizeof(*ser));
	return 0;
}

/*
 * Everything that can be checked before the first folio is taken over. @ser: filled if all is
 * well
 */
static int check(u64 phys, struct memfd_luo_ser *ser)
{
	const struct kho_memfd_ops ops = walk_ops();
	struct kho_refusal r = {};
	u64 nr_bad = 0;
	int ret;

	ret = kho_memfd_walk(phys, 0, &ops, count_bad, &nr_bad, &r);
	if (ret)
		return refused(phys, ret, &r);
	if (nr_bad)
		pr_err_ratelimited(
			"%llu pages of a memfd had gone bad in the previous kernel: reading them is an error\n",
			nr_bad);
	if (nr_bad && !shmem_fill_can_break())
		return -EHWPOISON;
	ret = copy_ser(phys, ser, &r);
	if (ret)
		return refused(phys, ret, &r);
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
	struct memfd_luo_ser ser;
	int ret;

	if (!m) {
		ret = check(phys, &ser);
		if (ret)
			return ret;
		m = file_begin(&ser);
		if (IS_ERR(m))
			return PTR_ERR(m);
		args->private_data = m;
	}
	ret = fill(m, phys);
	if (ret)
		return ret;
	ser = m->ser;
	args->private_data = NULL;
	args->file = memfd_in_end(m);
	file_end(args->file, &ser);
	free_wire(phys, &ser);
	return 0;
}

int luo_memfd_retrieve(struct liveupdate_file_op_args *args)
{
	int ret;

	kho_waiting_begin();
	ret = retrieve(args);
	kho_waiting_end();
	return ret;
}

/* The rest of a file that nobody wants. @m: as far as it was made, may be NULL */
static void drop_rest(u64 phys, const struct memfd_in *m)
{
	const struct kho_memfd_ops ops = walk_ops();
	struct kho_refusal r = {};
	struct memfd_luo_ser ser;
	int ret = 0;

	/* Nothing is freed of a file that is not good: `kho drop --incoming` frees all of it. */
	if (!m)
		ret = kho_memfd_walk(phys, 0, &ops, NULL, NULL, &r);
	if (!ret && !m)
		ret = copy_ser(phys, &ser, &r);
	if (m)
		ser = m->ser;
	if (!ret)
		ret = kho_memfd_walk(phys, m ? m->next_index : 0, &ops,
				     drop_folio, NULL, &r);
	refused(phys, ret, &r);
	if (!ret)
		free_wire(phys, &ser);
}

void luo_memfd_finish(struct liveupdate_file_op_args *args)
{
	struct memfd_in *m = args->private_data;

	if (args->retrieve_status > 0)
		return;
	kho_waiting_begin();
	drop_rest(args->serialized_data, m);
	kho_waiting_end();
	if (m)
		fput(memfd_in_end(m));
	args->private_data = NULL;
}
