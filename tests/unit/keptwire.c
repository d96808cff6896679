// SPDX-License-Identifier: GPL-2.0
#include "keptwire.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "core/crc32c.h"

/* From the specification: where the checksum of a slot starts, and size of a slot. */
enum { SLOT_CRC_FROM = 8, SLOT_BYTES = 496, SLOTS_PER_BLOCK = 8 };

static void begin(struct keptwire *w)
{
	struct kho_kept_head_ser *head;

	memset(w->order, 0, w->mem.nr_pages);
	memset(w->seen, 0, w->mem.nr_pages);
	w->last_phys = 0;
	w->nr_last = 0;
	w->max_order = 9;
	w->head_phys = parcels_new_page(&w->mem);
	head = keptwire_head(w);
	memcpy(&head->magic, "KHOKEPT_", 8);
	head->version = 1;
	head->entry_size = SLOT_BYTES;
}

void keptwire_init(struct keptwire *w, u64 nr_pages)
{
	memset(w, 0, sizeof(*w));
	parcels_init(&w->mem, nr_pages);
	w->order = calloc(nr_pages, 1);
	w->seen = calloc(nr_pages, 1);
	begin(w);
}

void keptwire_exit(struct keptwire *w)
{
	parcels_exit(&w->mem);
	free(w->order);
	free(w->seen);
}

void keptwire_clear(struct keptwire *w)
{
	parcels_clear(&w->mem);
	begin(w);
}

struct kho_kept_head_ser *keptwire_head(const struct keptwire *w)
{
	return parcels_at(&w->mem, w->head_phys);
}

struct kho_kept_tree_ser *keptwire_slot(struct keptwire *w)
{
	struct kho_block_header_ser *block;

	if (!w->last_phys || w->nr_last == SLOTS_PER_BLOCK) {
		u64 phys = parcels_new_page(&w->mem);

		if (w->last_phys) {
			block = parcels_at(&w->mem, w->last_phys);
			block->next = phys;
		} else {
			keptwire_head(w)->first_block_phys = phys;
		}
		w->last_phys = phys;
		w->nr_last = 0;
	}
	block = parcels_at(&w->mem, w->last_phys);
	block->count = ++w->nr_last;
	return (void *)((u8 *)(block + 1) + (w->nr_last - 1) * SLOT_BYTES);
}

u64 keptwire_folio(struct keptwire *w, u32 order)
{
	u64 nr, i;

	while (w->mem.next % (1ULL << order))
		w->mem.next++;
	nr = w->mem.next;
	for (i = 0; i < 1ULL << order; i++)
		parcels_new_page(&w->mem);
	w->order[nr] = (u8)(order + 1);
	return (PARCELS_BASE / KHO_PAGE_SIZE) + nr;
}

static struct kho_vmalloc put_list(struct keptwire *w, const void *data,
				   u64 bytes, u32 *crc)
{
	u32 nr = (u32)((bytes + KHO_PAGE_SIZE - 1) / KHO_PAGE_SIZE), i;
	struct kho_vmalloc list = parcels_new_list(&w->mem, nr);

	for (i = 0; i < nr; i++) {
		u64 at = i * KHO_PAGE_SIZE, left = bytes - at;

		memcpy(parcels_at(&w->mem, keptwire_list_phys(w, &list, i)),
		       (const u8 *)data + at,
		       left < KHO_PAGE_SIZE ? left : KHO_PAGE_SIZE);
	}
	*crc = kho_crc32c(0, data, bytes);
	return list;
}

void keptwire_seal(const struct keptwire *w, struct kho_kept_tree_ser *slot)
{
	slot->crc = kho_crc32c(0, (u8 *)slot + SLOT_CRC_FROM,
			       SLOT_BYTES - SLOT_CRC_FROM);
}

struct kho_kept_tree_ser *keptwire_put(struct keptwire *w, const char *name,
				       const struct kepttree *tree)
{
	struct kho_kept_tree_ser *slot = keptwire_slot(w);
	u64 i;
	u32 crc;

	memcpy(&slot->state, "WHOL", 4);
	memcpy(slot->name, name, strlen(name));
	slot->kept_ns = 1700000000000000000ULL;
	slot->fs_blocks = 25600;
	slot->fs_inodes = 4096;
	slot->fs_flags = 3;
	slot->fs_huge = 2;
	slot->nr_records = tree->nr_records;
	slot->record_bytes = tree->records.nr;
	slot->nr_files = tree->nr_files;
	slot->nr_entries = tree->nr_entries;
	for (i = 0; i < tree->nr_entries; i++)
		if (tree->entry[i] >> 52 < 32)
			slot->nr_pages += 1ULL << (tree->entry[i] >> 52);
	slot->records = put_list(w, tree->records.data, tree->records.nr, &crc);
	slot->records_crc = crc;
	slot->files = put_list(w, tree->file,
			       tree->nr_files * sizeof(tree->file[0]), &crc);
	slot->files_crc = crc;
	slot->entries = put_list(w, tree->entry,
				 tree->nr_entries * sizeof(tree->entry[0]),
				 &crc);
	slot->entries_crc = crc;
	keptwire_seal(w, slot);
	return slot;
}

struct kho_kept_tree_ser *keptwire_lost(struct keptwire *w, const char *name,
					const char *why)
{
	struct kho_kept_tree_ser *slot = keptwire_slot(w);

	memcpy(&slot->state, "LOST", 4);
	memcpy(slot->name, name, strlen(name));
	memcpy(slot->why, why, strlen(why));
	keptwire_seal(w, slot);
	return slot;
}

/* 0 if there is no such page. */
static u64 find_page(const struct keptwire *w, const struct kho_vmalloc *list,
		     u64 nr)
{
	u64 phys = list->first;

	for (;; nr -= KHO_VMALLOC_SIZE) {
		const struct kho_vmalloc_chunk *chunk =
			phys % 4096 ?
				NULL :
				keptwire_ops((void *)w).pages.page((void *)w,
								   phys, 0);

		if (!chunk)
			return 0;
		if (nr < KHO_VMALLOC_SIZE)
			return chunk->phys[nr];
		phys = chunk->hdr.next;
	}
}

u64 keptwire_list_phys(const struct keptwire *w, const struct kho_vmalloc *list,
		       u64 nr)
{
	u64 phys = find_page(w, list, nr);

	if (!phys)
		test_die("keptwire: the list has no such page");
	return phys;
}

/* Checksum of a list that may be damaged in any way. */
static u32 sum_list(const struct keptwire *w, const struct kho_vmalloc *list,
		    u64 bytes)
{
	u64 at;
	u32 crc = 0;

	for (at = 0; at < bytes && at < w->mem.nr_pages * KHO_PAGE_SIZE;
	     at += KHO_PAGE_SIZE) {
		u64 phys = find_page(w, list, at / KHO_PAGE_SIZE);
		u64 left = bytes - at;
		const void *page;

		if (!phys || phys % KHO_PAGE_SIZE)
			break;
		page = keptwire_ops((void *)w).pages.page((void *)w, phys, 0);
		if (!page)
			break;
		crc = kho_crc32c(crc, page,
				 left < KHO_PAGE_SIZE ? left : KHO_PAGE_SIZE);
	}
	return crc;
}

void keptwire_seal_lists(const struct keptwire *w,
			 struct kho_kept_tree_ser *slot)
{
	struct kho_vmalloc records = slot->records, files = slot->files,
			   entries = slot->entries;

	slot->records_crc = sum_list(w, &records, slot->record_bytes);
	slot->files_crc = sum_list(w, &files, slot->nr_files * 16);
	slot->entries_crc = sum_list(w, &entries, slot->nr_entries * 8);
	keptwire_seal(w, slot);
}

/* ---- the environment ---- */

static const void *page_op(void *ctx, u64 phys, unsigned int order)
{
	struct keptwire *w = ctx;
	const struct kho_page_ops ops = parcels_ops(&w->mem);

	return phys ? ops.page(ops.ctx, phys, order) : NULL;
}

static bool bad_op(void *ctx, u64 phys, unsigned int order)
{
	struct keptwire *w = ctx;
	const struct kho_page_ops ops = parcels_ops(&w->mem);

	return ops.bad(ops.ctx, phys, order);
}

static u64 page_nr(const struct keptwire *w, u64 phys)
{
	if (!phys || phys % KHO_PAGE_SIZE)
		test_die("keptwire: impossible page asked for");
	return (phys - PARCELS_BASE) / KHO_PAGE_SIZE;
}

static struct kho_mark block_op(void *ctx, u64 phys)
{
	const struct keptwire *w = ctx;
	u64 nr = page_nr(w, phys);

	if (nr >= w->mem.nr_pages || w->mem.known[nr] != PAGE_KNOWN)
		return kho_mark_none();
	return kho_mark_stored(w->order[nr]);
}

static bool first_time_op(void *ctx, u64 phys, unsigned int order)
{
	struct keptwire *w = ctx;
	u64 nr = page_nr(w, phys), i;

	for (i = 0; i < 1ULL << order; i++) {
		if (nr + i >= w->mem.nr_pages)
			test_die("keptwire: a page that is not there");
		if (w->seen[nr + i])
			return false;
	}
	memset(w->seen + nr, 1, 1ULL << order);
	return true;
}

struct kho_kept_ops keptwire_ops(struct keptwire *w)
{
	return (struct kho_kept_ops){
		.pages = { .page = page_op,
			   .ctx = w,
			   .nr_pages = w->mem.claimed_pages,
			   .bad = bad_op },
		.block = block_op,
		.first_time = first_time_op,
		.max_order = w->max_order,
	};
}

/* ---- a check of everything ---- */

struct all_check {
	struct keptwire *w;
	struct kho_refusal *r;
};

static int read_list(struct all_check *c, const struct kho_vmalloc *list,
		     u64 bytes, u32 crc, struct kho_kept_list *read)
{
	struct kho_kept_ops ops = keptwire_ops(c->w);
	u64 pages = kho_kept_list_pages(bytes);
	const void **page = calloc(pages + 1, sizeof(*page));

	read->page = page;
	read->bytes = bytes;
	return kho_kept_list_check(list, bytes, crc, &ops, page, NULL, NULL,
				   c->r);
}

static int check_records(struct all_check *c, const struct kho_kept_tree_ser *t,
			 const struct kho_kept_list *records)
{
	struct kho_kept_memory memory = keptrecords_memory(7);
	u8 *data = malloc(t->record_bytes);
	u64 at;
	int err;

	for (at = 0; at < t->record_bytes; at += KHO_PAGE_SIZE) {
		u64 left = t->record_bytes - at;

		memcpy(data + at, records->page[at / KHO_PAGE_SIZE],
		       left < KHO_PAGE_SIZE ? left : KHO_PAGE_SIZE);
	}
	err = kho_kept_records_check(data, t->record_bytes, t->nr_records,
				     t->nr_files, &memory, c->r);
	free(data);
	return err;
}

static int check_tree(void *ctx, const struct kho_kept_tree_ser *t)
{
	struct kho_vmalloc records = t->records, files = t->files,
			   entries = t->entries;
	struct kho_kept_list list[3] = { { NULL, 0 } };
	struct all_check *c = ctx;
	struct kho_kept_ops ops = keptwire_ops(c->w);
	int err, i;

	if (t->state == KHO_KEPT_LOST)
		return 0;
	err = read_list(c, &records, t->record_bytes, t->records_crc, &list[0]);
	if (!err)
		err = read_list(c, &files, t->nr_files * 16, t->files_crc,
				&list[1]);
	if (!err)
		err = read_list(c, &entries, t->nr_entries * 8, t->entries_crc,
				&list[2]);
	if (!err)
		err = kho_kept_files_check(t, &list[1], &list[2], &ops, NULL,
					   c->r);
	if (!err)
		err = check_records(c, t, &list[0]);
	for (i = 0; i < 3; i++)
		free((void *)list[i].page);
	return err;
}

int keptwire_check(struct keptwire *w, struct kho_refusal *r)
{
	struct kho_kept_ops ops = keptwire_ops(w);
	struct all_check c = { w, r };

	memset(w->seen, 0, w->mem.nr_pages);
	return kho_kept_check(w->head_phys, 24, &ops, check_tree, NULL, &c, r);
}

/* ---- trees ---- */

static struct kho_kept_record *add_node(struct keptrecords *k, const char *name,
					u32 mode, u64 inode)
{
	struct kho_kept_record *r = keptrecords_add(k, KHO_KEPT_RECORD_NODE);
	struct kho_kept_time time = { 1700000000 + (s64)inode, 123456789 };

	r->name = name;
	r->name_bytes = (u32)strlen(name);
	r->node.mode = mode;
	r->node.inode = inode;
	r->node.mtime = time;
	r->node.ctime = time;
	r->node.atime = time;
	r->node.btime = time;
	return r;
}

static void add_string(struct keptrecords *k, enum kho_kept_record_type type,
		       const char *name, const char *value, u64 inode)
{
	struct kho_kept_record *r = keptrecords_add(k, type);

	r->name = name;
	r->name_bytes = (u32)strlen(name);
	r->value = value;
	r->value_bytes = (u32)strlen(value);
	r->node.inode = inode;
}

static void end_records(struct kepttree *tree, struct keptrecords *k)
{
	keptrecords_add(k, KHO_KEPT_RECORD_END);
	tree->records.nr = 0;
	keptrecords_write(k, &tree->records);
	tree->nr_records = k->nr;
	keptrecords_exit(k);
}

static void sample_records(struct kepttree *tree)
{
	struct keptrecords k = { 0 };
	struct kho_kept_record *r;

	add_node(&k, "", S_IFDIR | 01777, 1);
	add_string(&k, KHO_KEPT_RECORD_XATTR, "trusted.overlay.opaque", "y", 0);
	r = add_node(&k, "data", S_IFREG | 0640, 2);
	r->node.uid = 1000;
	r->node.gid = 100;
	r->node.ctime.sec += 5;
	r->node.atime.sec -= 3600;
	r->node.atime.nsec = 0;
	r = add_node(&k, "log", S_IFDIR | 0755, 3);
	r->node.project = 77;
	r = add_node(&k, "append", S_IFREG | 0600, 5);
	r->node.attributes = 0x20;
	add_string(&k, KHO_KEPT_RECORD_XATTR, "user.note", "to be kept", 0);
	add_string(&k, KHO_KEPT_RECORD_LINK, "alias", "", 2);
	keptrecords_add(&k, KHO_KEPT_RECORD_UP);
	r = add_node(&k, "current", S_IFLNK | 0777, 6);
	r->value = "log/append";
	r->value_bytes = 10;
	r = add_node(&k, "null", S_IFCHR | 0666, 7);
	r->node.major = 1;
	r->node.minor = 3;
	add_node(&k, "pipe", S_IFIFO | 0600, 8);
	add_node(&k, "socket", S_IFSOCK | 0700, 9);
	add_node(&k, "empty", S_IFREG | 0644, 10);
	keptrecords_add(&k, KHO_KEPT_RECORD_UP);
	r = keptrecords_add(&k, KHO_KEPT_RECORD_QUOTA);
	r->quota_id = 1000;
	r->quota_bytes = 1 << 30;
	r->quota_inodes = 5000;
	end_records(tree, &k);
}

/*
 * Three regular files. "data": a page, a page that went bad, two of a hole, four pages at once,
 * of which the last is behind the end, and pages that were allocated behind that. "log/append":
 * never written to. "empty": a hole.
 */
void kepttree_sample(struct kepttree *tree, struct keptwire *w)
{
	memset(tree, 0, sizeof(*tree));
	sample_records(tree);
	tree->file[0] = (struct kho_kept_file_ser){ 6 * 4096 + 1, 0 };
	tree->entry[0] = keptwire_folio(w, 0);
	tree->entry[1] = 3ULL << 60 | 1;
	tree->entry[2] = 1ULL << 60 | 2;
	tree->entry[3] = 2ULL << 52 | keptwire_folio(w, 2);
	tree->entry[4] = 2ULL << 60 | 8;
	tree->file[1] = (struct kho_kept_file_ser){ 4096, 5 };
	tree->entry[5] = 2ULL << 60 | 1;
	tree->file[2] = (struct kho_kept_file_ser){ 1 << 20, 6 };
	tree->nr_files = 3;
	tree->nr_entries = 6;
}

void kepttree_files(struct kepttree *tree, u64 nr)
{
	static char name[64][4];
	struct keptrecords k = { 0 };
	u64 i;

	add_node(&k, "", S_IFDIR, 1);
	for (i = 0; i < nr; i++) {
		snprintf(name[i], sizeof(name[i]), "%u", (unsigned int)i);
		add_node(&k, name[i], S_IFREG, 2 + i);
	}
	keptrecords_add(&k, KHO_KEPT_RECORD_UP);
	end_records(tree, &k);
	tree->nr_files = nr;
}

void kepttree_exit(struct kepttree *tree)
{
	keptbytes_exit(&tree->records);
}
