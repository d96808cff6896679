// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
#include "kept.h"

#include "bits.h"
#include "crc32c.h"
#include "parcel.h"
#include "slots.h"
#include "version.h"

/* Pages that a file of a 63-bit size has at most. */
#define FILE_PAGES_MAX (1ULL << (63 - KHO_PAGE_SHIFT))
/* Files and entries that are looked at between two pauses. */
#define PAUSE_EVERY 4096

static const struct kho_reader reader = {
	.version = KHO_KEPT_VERSION,
	.reads_from = KHO_KEPT_READS_FROM,
	.bytes = sizeof(struct kho_kept_tree_ser),
	.bytes_from = KHO_KEPT_BYTES_FROM,
	.bytes_most = KHO_PAGE_SIZE - sizeof(struct kho_block_header_ser),
};

static const struct kho_slot_format tree_slots = {
	.name_offset = offsetof(struct kho_kept_tree_ser, name),
	.name_bytes = KHO_KEPT_TREE_NAME_SIZE,
	.missing = "tree block is not preserved",
	.went_bad = "tree block went bad",
	.too_long = "tree chain is too long or a circle",
	.count = "tree block count of slots",
	.name_twice = "tree name twice",
};

static u32 crc_from(const struct kho_kept_tree_ser *t)
{
	return offsetof(struct kho_kept_tree_ser, crc) + sizeof(t->crc);
}

u32 kho_kept_crc(const struct kho_kept_tree_ser *t, u32 entry_size)
{
	return kho_crc32c(0, (const u8 *)t + crc_from(t),
			  entry_size - crc_from(t));
}

/* Length of a string that has nothing but 0 behind it; @size if there is another. */
static u32 string_bytes(const char *string, u32 size)
{
	u32 bytes = 0, i;

	while (bytes < size && string[bytes])
		bytes++;
	for (i = bytes; i < size; i++)
		if (string[i])
			return size;
	return bytes;
}

bool kho_kept_name_ok(const char *name)
{
	u32 bytes = string_bytes(name, KHO_KEPT_TREE_NAME_SIZE);

	return bytes && bytes < KHO_KEPT_TREE_NAME_SIZE;
}

/* Refuses a block that was named before, here or elsewhere. */
static int remember(const struct kho_kept_ops *ops, u64 phys,
		    unsigned int order, const char *check, u64 where,
		    struct kho_refusal *r)
{
	if (!ops->first_time || ops->first_time(ops->pages.ctx, phys, order))
		return 0;
	return kho_refuse(r, -EEXIST, check, where, phys, phys);
}

/* ---- one slot ---- */

static bool why_ok(const struct kho_kept_tree_ser *t)
{
	u32 bytes = string_bytes(t->why, sizeof(t->why)), i;

	for (i = 0; i < bytes; i++)
		if (t->why[i] < 0x20 || t->why[i] > 0x7e)
			return false;
	return bytes < sizeof(t->why) && !bytes == (t->state == KHO_KEPT_WHOLE);
}

static int check_fs(const struct kho_kept_tree_ser *t, u64 phys,
		    struct kho_refusal *r)
{
	const u32 all = KHO_KEPT_FS_ROOT | KHO_KEPT_FS_INODE64 |
			KHO_KEPT_FS_NOSWAP | KHO_KEPT_FS_USRQUOTA |
			KHO_KEPT_FS_GRPQUOTA;

	if (t->fs_flags & ~all)
		return kho_refuse(r, -EBADMSG, "tree file system flags", phys,
				  t->fs_flags, all);
	if (t->fs_huge > KHO_KEPT_HUGE_ADVISE)
		return kho_refuse(r, -EBADMSG, "tree file system huge pages",
				  phys, t->fs_huge, KHO_KEPT_HUGE_ADVISE);
	return 0;
}

/* Of a tree that is lost there is nothing. */
static int check_lost(const struct kho_kept_tree_ser *t, u64 phys,
		      struct kho_refusal *r)
{
	const u8 *bytes = (const u8 *)t;
	u32 i;

	for (i = offsetof(struct kho_kept_tree_ser, nr_records);
	     i < offsetof(struct kho_kept_tree_ser, why); i++)
		if (bytes[i])
			return kho_refuse(r, -EBADMSG, "lost tree is not empty",
					  phys + i, bytes[i], 0);
	return 0;
}

/* The records of the smallest tree there is are NODE, UP and END; each has a byte at least. */
static int check_numbers(const struct kho_kept_tree_ser *t, u64 phys,
			 struct kho_refusal *r)
{
	if (t->nr_records < 3 || t->nr_records > t->record_bytes)
		return kho_refuse(r, -EBADMSG, "tree number of records", phys,
				  t->nr_records, t->record_bytes);
	if (t->nr_files > t->nr_records - 3)
		return kho_refuse(r, -EBADMSG, "tree number of files", phys,
				  t->nr_files, t->nr_records - 3);
	if (t->nr_entries && !t->nr_files)
		return kho_refuse(r, -EBADMSG, "tree number of entries", phys,
				  t->nr_entries, 0);
	if (t->nr_pages && !t->nr_entries)
		return kho_refuse(r, -EBADMSG, "tree number of pages", phys,
				  t->nr_pages, 0);
	return 0;
}

/* @pages: that a list of this length has */
static int check_list_size(const struct kho_vmalloc *list, u64 pages, u64 phys,
			   struct kho_refusal *r)
{
	if (list->total_pages != pages)
		return kho_refuse(r, -EBADMSG, "tree length of a list", phys,
				  list->total_pages, pages);
	if (list->order)
		return kho_refuse(r, -EBADMSG, "tree order of a list", phys,
				  list->order, 0);
	return 0;
}

/* Pages of @nr elements. */
static u64 pages_of(u64 nr, size_t bytes)
{
	u64 per_page = KHO_PAGE_SIZE / bytes;

	return nr / per_page + !!(nr % per_page);
}

static int check_lists(const struct kho_kept_tree_ser *t, u64 phys,
		       struct kho_refusal *r)
{
	struct kho_vmalloc list;
	int err;

	memcpy(&list, &t->records, sizeof(list));
	err = check_list_size(&list, kho_kept_list_pages(t->record_bytes), phys,
			      r);
	if (err)
		return err;
	memcpy(&list, &t->files, sizeof(list));
	err = check_list_size(
		&list, pages_of(t->nr_files, sizeof(struct kho_kept_file_ser)),
		phys, r);
	if (err)
		return err;
	memcpy(&list, &t->entries, sizeof(list));
	return check_list_size(&list, pages_of(t->nr_entries, sizeof(u64)),
			       phys, r);
}

static int check_tree(const struct kho_kept_tree_ser *t, u64 phys,
		      struct kho_refusal *r)
{
	int err;

	if (!kho_kept_name_ok(t->name))
		return kho_refuse(r, -EBADMSG, "tree name", phys, 0, 0);
	if (t->reserved)
		return kho_refuse(r, -EBADMSG, "tree reserved field", phys,
				  t->reserved, 0);
	if (!why_ok(t))
		return kho_refuse(r, -EBADMSG, "tree reason", phys, 0, 0);
	err = check_fs(t, phys, r);
	if (err)
		return err;
	if (t->state == KHO_KEPT_LOST)
		return check_lost(t, phys, r);
	err = check_numbers(t, phys, r);
	return err ? err : check_lists(t, phys, r);
}

/* @raw: the slot as it lies there, which may be longer or shorter than what is known of it */
static int check_slot(const struct kho_kept_tree_ser *t, const void *raw,
		      u32 slot_bytes, u64 phys, struct kho_refusal *r)
{
	u32 known = slot_bytes < sizeof(*t) ? slot_bytes : sizeof(*t);
	u32 crc;

	if (t->state != KHO_KEPT_WHOLE && t->state != KHO_KEPT_LOST)
		return kho_refuse(r, -EBADMSG, "tree state", phys, t->state,
				  KHO_KEPT_WHOLE);
	crc = kho_crc32c(kho_kept_crc(t, known), (const u8 *)raw + known,
			 slot_bytes - known);
	if (t->crc != crc)
		return kho_refuse(r, -EBADMSG, "tree checksum", phys, t->crc,
				  crc);
	return check_tree(t, phys, r);
}

/* ---- all of them ---- */

/*
 * @nr_trees: so far
 * @nr_pages: pages that they name
 */
struct tree_sum {
	u32 nr_trees;
	u64 nr_pages;
};

static bool sum_fits(struct tree_sum *sum, u64 pages,
		     const struct kho_page_ops *ops)
{
	if (ops->nr_pages &&
	    (pages > ops->nr_pages || sum->nr_pages > ops->nr_pages - pages))
		return false;
	sum->nr_pages += pages;
	return true;
}

static int check_sum(struct tree_sum *sum, const struct kho_kept_tree_ser *t,
		     u64 phys, const struct kho_page_ops *ops,
		     struct kho_refusal *r)
{
	if (++sum->nr_trees > KHO_KEPT_TREES_MAX)
		return kho_refuse(r, -ERANGE, "number of trees", phys,
				  sum->nr_trees, KHO_KEPT_TREES_MAX);
	if (!sum_fits(sum, t->nr_pages, ops) ||
	    !sum_fits(sum, t->records.total_pages, ops) ||
	    !sum_fits(sum, t->files.total_pages, ops) ||
	    !sum_fits(sum, t->entries.total_pages, ops))
		return kho_refuse(r, -ERANGE,
				  "trees are larger than preserved memory",
				  phys, t->nr_pages, ops->nr_pages);
	return 0;
}

static int check_head(const struct kho_page_ops *ops,
		      const struct kho_kept_head_ser *head, u64 phys, u64 bytes,
		      struct kho_refusal *r)
{
	int err;

	if (!head)
		return kho_page_refuse(ops, r, "head of trees is not preserved",
				       "head of trees went bad", phys, phys, 0);
	if (bytes < sizeof(*head))
		return kho_refuse(r, -EBADMSG, "head of trees size", phys,
				  bytes, sizeof(*head));
	if (head->magic != KHO_KEPT_MAGIC)
		return kho_refuse(r, -EBADMSG, "head of trees magic number",
				  phys, head->magic, KHO_KEPT_MAGIC);
	err = kho_version_check(&reader, head->version, "head of trees version",
				phys, r);
	if (err)
		return err;
	/* The head has no size of its own: only a newer version may have more of it. */
	if (bytes > sizeof(*head) &&
	    kho_version_of(head->version) <= reader.version)
		return kho_refuse(r, -EBADMSG, "head of trees size", phys,
				  bytes, sizeof(*head));
	if (head->entry_size % 8 ||
	    !kho_version_bytes_ok(&reader, head->version, head->entry_size))
		return kho_refuse(r, -EBADMSG, "head of trees slot size", phys,
				  head->entry_size,
				  sizeof(struct kho_kept_tree_ser));
	return 0;
}

static int check_trees(const struct kho_slots *slots,
		       const struct kho_kept_ops *ops, struct kho_refusal *r)
{
	struct tree_sum sum = { 0, 0 };
	struct kho_slot_walk w;
	u32 nr_blocks = 0;
	int step, err = 0;

	kho_slot_walk_begin(&w, slots);
	while ((step = kho_slot_next(&w, r)) == KHO_STEP_NEXT) {
		struct kho_kept_tree_ser t;

		if (w.nr_blocks != nr_blocks)
			err = remember(ops, w.block_phys, 0, "tree block twice",
				       w.block_phys, r);
		if (err)
			return err;
		nr_blocks = w.nr_blocks;
		kho_slot_copy(&w, &t, sizeof(t));
		err = check_slot(&t, kho_slot_contents(&w), slots->slot_bytes,
				 kho_slot_phys(&w), r);
		if (!err)
			err = check_sum(&sum, &t, kho_slot_phys(&w), slots->ops,
					r);
		if (err)
			return err;
	}
	return step ? step : kho_slots_check_names(slots, sum.nr_trees, r);
}

int kho_kept_check(u64 head_phys, u64 blob_bytes,
		   const struct kho_kept_ops *ops,
		   int (*each)(void *ctx, const struct kho_kept_tree_ser *t),
		   int (*block)(void *ctx, u64 phys), void *ctx,
		   struct kho_refusal *r)
{
	const struct kho_kept_head_ser *head =
		kho_page_at(&ops->pages, head_phys);
	struct kho_slots slots = { .like = &tree_slots, .ops = &ops->pages };
	struct kho_slot_walk w;
	int err;

	err = check_head(&ops->pages, head, head_phys, blob_bytes, r);
	if (err)
		return err;
	slots.first_block_phys = head->first_block_phys;
	slots.slot_bytes = head->entry_size;
	err = remember(ops, head_phys, 0, "head of trees twice", head_phys, r);
	if (!err)
		err = check_trees(&slots, ops, r);
	if (err)
		return err;
	kho_slot_walk_begin(&w, &slots);
	for (;;) {
		u64 before = w.block_phys;
		struct kho_kept_tree_ser t;
		int step = kho_slot_next(&w, r);

		if (step < 0)
			return step;
		if (block && before && (!step || before != w.block_phys))
			err = block(ctx, before);
		if (err || !step)
			return err;
		if (!each)
			continue;
		kho_slot_copy(&w, &t, sizeof(t));
		err = each(ctx, &t);
		if (err)
			return err;
	}
}

/* ---- lists ---- */

/*
 * State of one kho_kept_list_check().
 * @nr: pages so far
 * @left: bytes that are not read yet
 * @crc: of those that are
 */
struct list_walk {
	const struct kho_kept_ops *ops;
	const void **page;
	int (*chunk)(void *ctx, u64 phys);
	void *ctx;
	struct kho_refusal *r;
	u64 nr;
	u64 left;
	u32 crc;
};

static int add_page(void *ctx, u64 phys)
{
	struct list_walk *w = ctx;
	const u8 *page = kho_page_at(&w->ops->pages, phys);
	u64 bytes = w->left < KHO_PAGE_SIZE ? w->left : KHO_PAGE_SIZE, i;
	int err;

	/* It was there a moment ago. */
	if (!page)
		return kho_page_refuse(&w->ops->pages, w->r,
				       "list page is not preserved",
				       "list page went bad", phys, phys, 0);
	err = remember(w->ops, phys, 0, "list page twice", phys, w->r);
	if (err)
		return err;
	w->crc = kho_crc32c(w->crc, page, bytes);
	for (i = bytes; i < KHO_PAGE_SIZE; i++)
		if (page[i])
			return kho_refuse(w->r, -EBADMSG,
					  "list has more behind its end",
					  phys + i, page[i], 0);
	w->page[w->nr++] = page;
	w->left -= bytes;
	return 0;
}

static int end_chunk(void *ctx, u64 phys)
{
	struct list_walk *w = ctx;
	int err = remember(w->ops, phys, 0, "list page twice", phys, w->r);

	if (err || !w->chunk)
		return err;
	return w->chunk(w->ctx, phys);
}

void kho_kept_said(const struct kho_kept_tree_ser *t,
		   struct kho_kept_said *said)
{
	said[KHO_KEPT_RECORDS] = (struct kho_kept_said){
		.list = t->records,
		.bytes = t->record_bytes,
		.crc = t->records_crc,
	};
	said[KHO_KEPT_FILES] = (struct kho_kept_said){
		.list = t->files,
		.bytes = t->nr_files * sizeof(struct kho_kept_file_ser),
		.crc = t->files_crc,
	};
	said[KHO_KEPT_ENTRIES] = (struct kho_kept_said){
		.list = t->entries,
		.bytes = t->nr_entries * sizeof(u64),
		.crc = t->entries_crc,
	};
}

int kho_kept_list_check(const struct kho_vmalloc *list, u64 bytes, u32 crc,
			const struct kho_kept_ops *ops, const void **page,
			int (*chunk)(void *ctx, u64 phys), void *ctx,
			struct kho_refusal *r)
{
	struct list_walk w = {
		.ops = ops,
		.page = page,
		.chunk = chunk,
		.ctx = ctx,
		.r = r,
		.left = bytes,
	};
	int err;

	err = check_list_size(list, kho_kept_list_pages(bytes), 0, r);
	if (!err)
		err = kho_page_list_check(list, &ops->pages, add_page,
					  end_chunk, &w, r);
	if (!err && w.crc != crc)
		return kho_refuse(r, -EBADMSG, "list checksum", list->first,
				  crc, w.crc);
	return err;
}

/* ---- files ---- */

/*
 * State of one kho_kept_files_check().
 * @at: number of the entry that is looked at
 * @index: where in its file that begins, in pages
 * @end_index: first one behind the end of the file
 * @nr_pages: pages of folios so far
 */
struct file_walk {
	const struct kho_kept_ops *ops;
	struct kho_refusal *r;
	u64 at;
	u64 index;
	u64 end_index;
	u64 nr_pages;
};

static int check_folio(struct file_walk *w, u64 entry)
{
	unsigned int order = kho_kept_entry_order(entry);
	u64 phys = kho_kept_entry_value(entry) << KHO_PAGE_SHIFT;

	if (order > w->ops->max_order)
		return kho_refuse(w->r, -ERANGE, "folio order", w->at, order,
				  w->ops->max_order);
	if (w->index & ((1ULL << order) - 1))
		return kho_refuse(w->r, -EBADMSG, "folio index", w->at,
				  w->index,
				  kho_align_down(w->index, 1ULL << order));
	if (w->index >= w->end_index)
		return kho_refuse(w->r, -ERANGE,
				  "folio behind the end of the file", w->at,
				  w->index, w->end_index);
	if (!phys || phys & ((KHO_PAGE_SIZE << order) - 1))
		return kho_refuse(w->r, -EBADMSG, "folio address", w->at, phys,
				  phys);
	if (w->ops->block &&
	    !kho_mark_is(w->ops->block(w->ops->pages.ctx, phys), order) &&
	    !kho_page_went_bad(&w->ops->pages, phys, order))
		return kho_refuse(w->r, -EBADMSG, "folio is not preserved",
				  w->at, phys, phys);
	w->nr_pages += 1ULL << order;
	return remember(w->ops, phys, order, "folio twice", w->at, w->r);
}

static int check_run(struct file_walk *w, u64 entry)
{
	u64 pages = kho_kept_entry_value(entry);
	u64 most = kho_kept_entry_kind(entry) == KHO_KEPT_ENTRY_BAD ?
			   w->end_index :
			   FILE_PAGES_MAX;

	if (kho_kept_entry_order(entry))
		return kho_refuse(w->r, -EBADMSG, "run order", w->at,
				  kho_kept_entry_order(entry), 0);
	if (!pages)
		return kho_refuse(w->r, -EBADMSG, "run of no pages", w->at, 0,
				  1);
	if (w->index > most || pages > most - w->index)
		return kho_refuse(w->r, -ERANGE,
				  "run behind the end of the file", w->at,
				  pages, most);
	return 0;
}

static int check_entry(struct file_walk *w, u64 entry)
{
	int err;

	switch (kho_kept_entry_kind(entry)) {
	case KHO_KEPT_ENTRY_FOLIO:
		err = check_folio(w, entry);
		break;
	case KHO_KEPT_ENTRY_HOLE:
	case KHO_KEPT_ENTRY_UNWRITTEN:
	case KHO_KEPT_ENTRY_BAD:
		err = check_run(w, entry);
		break;
	default:
		return kho_refuse(w->r, -EBADMSG, "entry kind", w->at,
				  kho_kept_entry_kind(entry),
				  KHO_KEPT_ENTRY_BAD);
	}
	if (!err)
		w->index += kho_kept_entry_pages(entry);
	return err;
}

/* @end: one behind its last entry */
static int check_file(struct file_walk *w, const struct kho_kept_file_ser *file,
		      u64 nr, u64 end, u64 nr_entries)
{
	if (file->size >> 63)
		return kho_refuse(w->r, -ERANGE, "file size", nr, file->size,
				  ~0ULL >> 1);
	if (file->first != w->at)
		return kho_refuse(w->r, -EBADMSG, "file first entry", nr,
				  file->first, w->at);
	if (end < file->first || end > nr_entries)
		return kho_refuse(w->r, -EBADMSG, "file first entry", nr + 1,
				  end, nr_entries);
	w->index = 0;
	w->end_index =
		(file->size >> KHO_PAGE_SHIFT) + !!(file->size % KHO_PAGE_SIZE);
	return 0;
}

int kho_kept_files_check(const struct kho_kept_tree_ser *t,
			 const struct kho_kept_list *files,
			 const struct kho_kept_list *entries,
			 const struct kho_kept_ops *ops,
			 int (*pause)(void *ctx), struct kho_refusal *r)
{
	struct file_walk w = { .ops = ops, .r = r };
	u64 nr, steps = 0;
	int err = 0;

	for (nr = 0; nr < t->nr_files; nr++) {
		u64 end = kho_kept_file_end(t, files, nr);

		err = check_file(&w, kho_kept_file_at(files, nr), nr, end,
				 t->nr_entries);
		/* A file is a step, and so is each of its entries. */
		for (;;) {
			if (!err && pause && ++steps % PAUSE_EVERY == 0)
				err = pause(ops->pages.ctx);
			if (err || w.at == end)
				break;
			err = check_entry(&w, kho_kept_entry_at(entries, w.at));
			w.at++;
		}
		if (err)
			return err;
	}
	if (w.nr_pages != t->nr_pages)
		return kho_refuse(r, -EBADMSG, "tree number of pages", 0,
				  t->nr_pages, w.nr_pages);
	return 0;
}
