// SPDX-License-Identifier: GPL-2.0
/*
 * Kept trees of a handover. Lists are read, and records with them: so names of files get into a
 * dump, but never what is in the files. wirejson asks for them, and has the shorthands that they
 * are described with: a circle.
 */
#include "cli/wire/wirejson.h"

#include <string.h>
#include <sys/stat.h>

#include "core/kept.h"
#include "core/kept_record.h"
#include "cli/base/printable.h"
#include "cli/kept/records.h"
#include "cli/wire/wiremarks.h"

/* Of a folio: what a kernel can have at most. */
enum { FOLIO_ORDER_MAX = 10 };

/**
 * struct kept_walk - trees that are looked at
 * @w: handover
 * @seen: pages that were named before
 * @trees: a line for each tree
 * @records: a line for each record; NULL: they are not asked for
 * @each: called for each folio of a tree that is good; NULL: nobody asks
 * @ctx: passed to it
 */
struct kept_walk {
	struct wire *w;
	struct wire_marks *seen;
	struct json_object *trees;
	struct json_object *records;
	void (*each)(void *ctx, u64 start, u64 end);
	void *ctx;
};

static const void *page_op(void *ctx, u64 phys, unsigned int order)
{
	const struct kept_walk *k = ctx;

	return wire_has_block(k->w, phys, order) ?
		       (const void *)wire_pages_get(k->w->pages, phys) :
		       NULL;
}

static struct kho_mark block_op(void *ctx, u64 phys)
{
	const struct kept_walk *k = ctx;

	return wire_marks_at(k->w->mark, phys);
}

static bool first_time_op(void *ctx, u64 phys, unsigned int order)
{
	const struct kept_walk *k = ctx;
	u64 i;

	for (i = 0; i < 1ULL << order; i++) {
		if (!wire_marks_add(k->seen, phys + i * PAGE_BYTES, 0))
			return false;
	}
	return true;
}

static struct kho_kept_ops ops_of(struct kept_walk *k)
{
	struct kho_kept_ops ops = {
		.pages = { .page = page_op, .ctx = k },
		.block = block_op,
		.first_time = first_time_op,
		.max_order = FOLIO_ORDER_MAX,
	};
	size_t i;

	/* Without any there is nothing to follow; 0 would be no limit. */
	for (i = 0; i < k->w->nr_blocks; i++)
		ops.pages.nr_pages += 1ULL << k->w->block[i].order;
	ops.pages.nr_pages += !ops.pages.nr_pages;
	return ops;
}

/* ------------------------------------------------------------------------------- the lists */

/* To be freed with free_list(). */
static int read_list(struct kept_walk *k, const struct kho_kept_said *said,
		     struct kho_kept_list *read, struct kho_refusal *r)
{
	const struct kho_kept_ops ops = ops_of(k);
	u64 pages = kho_kept_list_pages(said->bytes);
	const void **page = need(calloc(pages + 1, sizeof(*page)));

	*read = (struct kho_kept_list){ page, said->bytes };
	return kho_kept_list_check(&said->list, said->bytes, said->crc, &ops,
				   page, NULL, NULL, r);
}

static void free_list(struct kho_kept_list *list)
{
	free((void *)list->page);
}

/* The bytes of a list in one piece, to be freed. */
static u8 *join(const struct kho_kept_list *list)
{
	u8 *all = need(malloc(list->bytes + 1));
	u64 at, part;

	for (at = 0; at < list->bytes; at += part) {
		part = list->bytes - at;
		if (part > PAGE_BYTES)
			part = PAGE_BYTES;
		memcpy(all + at, list->page[at / PAGE_BYTES], part);
	}
	return all;
}

/* ----------------------------------------------------------------------------- the records */

static const char *node_kind(u32 mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return "file";
	case S_IFDIR:
		return "directory";
	case S_IFLNK:
		return "symbolic link";
	case S_IFIFO:
		return "fifo";
	case S_IFSOCK:
		return "socket";
	default:
		return "device";
	}
}

static const char *type_of(const struct kho_kept_record *record)
{
	switch (record->type) {
	case KHO_KEPT_RECORD_NODE:
		return node_kind(record->node.mode);
	case KHO_KEPT_RECORD_UP:
		return "up";
	case KHO_KEPT_RECORD_LINK:
		return "link";
	case KHO_KEPT_RECORD_XATTR:
		return "attribute";
	case KHO_KEPT_RECORD_QUOTA:
		return "quota";
	case KHO_KEPT_RECORD_END:
		break;
	}
	return "end";
}

static void add_string(struct json_object *o, const char *key,
		       const char *string, size_t bytes)
{
	autofree char *text = printable(string, bytes);

	json_object_object_add(o, key, json_object_new_string(text));
}

static void add_record(struct kept_walk *k, const char *tree,
		       const struct kho_kept_record *record,
		       const struct kho_kept_list *files)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "tree", json_object_new_string(tree));
	json_add_number(o, "offset", record->offset);
	json_add_text(o, "type", type_of(record), 32);
	add_string(o, "name", record->name, record->name_bytes);
	json_add_number(o, "depth", record->depth);
	json_add_number(o, "inode", record->node.inode);
	json_add_number(o, "mode", record->node.mode);
	json_add_number(o, "uid", record->node.uid);
	json_add_number(o, "gid", record->node.gid);
	json_add_number(o, "bytes",
			S_ISREG(record->node.mode) ?
				kho_kept_file_at(files, record->file)->size :
				record->value_bytes);
	json_object_array_add(k->records, o);
}

/* They were found good. */
static void add_records(struct kept_walk *k, const struct kho_kept_tree_ser *t,
			const u8 *data, const struct kho_kept_list *files)
{
	autofree char *name = printable(t->name, strlen(t->name));
	struct kho_kept_reader reader;
	struct kho_kept_record record;
	int step;

	kho_kept_reader_init(&reader, data, t->record_bytes);
	do {
		step = kho_kept_next(&reader, &record, NULL);
		add_record(k, name, &record, files);
	} while (step == KHO_STEP_NEXT);
}

static int check_records(struct kept_walk *k, const struct kho_kept_tree_ser *t,
			 const struct kho_kept_list *records,
			 const struct kho_kept_list *files,
			 struct kho_refusal *r)
{
	autofree u8 *data = join(records);
	int err = kept_records_check(data, t->record_bytes, t->nr_records,
				     t->nr_files, r);

	if (!err && k->records)
		add_records(k, t, data, files);
	return err;
}

/* -------------------------------------------------------------------------------- the tree */

static void visit_folios(struct kept_walk *k, const struct kho_kept_tree_ser *t,
			 const struct kho_kept_list *entries)
{
	u64 i;

	for (i = 0; i < t->nr_entries; i++) {
		u64 entry = kho_kept_entry_at(entries, i);
		u64 phys = kho_kept_entry_value(entry) << KHO_PAGE_SHIFT;

		if (kho_kept_entry_kind(entry) == KHO_KEPT_ENTRY_FOLIO)
			k->each(k->ctx, phys,
				phys + kho_kept_entry_pages(entry) *
						PAGE_BYTES);
	}
}

/* Return: 0 if all of it is good. */
static int check_contents(struct kept_walk *k,
			  const struct kho_kept_tree_ser *t,
			  struct kho_refusal *r)
{
	struct kho_kept_said said[KHO_KEPT_NR_LISTS];
	struct kho_kept_list list[KHO_KEPT_NR_LISTS] = { 0 };
	const struct kho_kept_list *files = &list[KHO_KEPT_FILES];
	const struct kho_kept_list *entries = &list[KHO_KEPT_ENTRIES];
	const struct kho_kept_ops ops = ops_of(k);
	int i, err = 0;

	kho_kept_said(t, said);
	for (i = 0; i < KHO_KEPT_NR_LISTS && !err; i++)
		err = read_list(k, &said[i], &list[i], r);
	if (!err)
		err = kho_kept_files_check(t, files, entries, &ops, NULL, r);
	if (!err)
		err = check_records(k, t, &list[KHO_KEPT_RECORDS], files, r);
	if (!err && k->each)
		visit_folios(k, t, entries);
	for (i = 0; i < KHO_KEPT_NR_LISTS; i++)
		free_list(&list[i]);
	return err;
}

static int add_tree(void *ctx, const struct kho_kept_tree_ser *t)
{
	bool lost = t->state == KHO_KEPT_LOST;
	struct kept_walk *k = ctx;
	struct kho_refusal r = { 0 };
	struct json_object *o = json_object_new_object();
	int err = lost ? 0 : check_contents(k, t, &r);

	/* The same keys in all of them: text has them as a table. */
	add_string(o, "name", t->name, strlen(t->name));
	json_add_text(o, "state", lost ? "lost" : "whole", 8);
	json_object_object_add(o, "good", json_object_new_boolean(!err));
	json_add_text(o, "why", err ? r.check : t->why, 256);
	json_add_number(o, "kept-ns", t->kept_ns);
	json_add_number(o, "bytes", t->nr_pages * PAGE_BYTES);
	json_add_number(o, "files", t->nr_files);
	json_add_number(o, "entries", t->nr_entries);
	json_add_number(o, "records", t->nr_records);
	json_add_number(o, "record-bytes", t->record_bytes);
	json_add_number(o, "fs-bytes", t->fs_blocks * PAGE_BYTES);
	json_add_number(o, "fs-inodes", t->fs_inodes);
	json_add_number(o, "fs-flags", t->fs_flags);
	json_add_number(o, "fs-huge", t->fs_huge);
	json_add_number(o, "crc", t->crc);
	json_object_array_add(k->trees, o);
	return 0;
}

/* The subtree's head; NULL if there is none. */
static const u8 *head_page(struct wire *w, struct kho_fdt_subtree *s)
{
	if (!w->have_fdt || kho_fdt_subtree_find(&w->fdt, KHO_KEPT_SUBTREE, s))
		return NULL;
	return wire_pages_get(w->pages, s->phys);
}

static int visit_tree(void *ctx, const struct kho_kept_tree_ser *t)
{
	struct kho_refusal r;

	if (t->state == KHO_KEPT_WHOLE)
		check_contents(ctx, t, &r);
	return 0;
}

void wire_kept_each(struct wire *w, void (*each)(void *ctx, u64 start, u64 end),
		    void *ctx)
{
	struct kept_walk k = { .w = w, .each = each, .ctx = ctx };
	struct kho_kept_ops ops;
	struct kho_fdt_subtree s;

	if (!head_page(w, &s))
		return;
	k.seen = wire_marks_create();
	ops = ops_of(&k);
	kho_kept_check(s.phys, s.bytes, &ops, visit_tree, NULL, &k, NULL);
	wire_marks_destroy(k.seen);
}

struct json_object *wire_json_kept(struct wire *w, bool all)
{
	struct kept_walk k = { .w = w };
	struct kho_refusal r = { 0 };
	struct kho_kept_head_ser head;
	struct kho_fdt_subtree s;
	struct kho_kept_ops ops;
	struct json_object *o;
	const u8 *page;
	int err;

	page = head_page(w, &s);
	if (!page)
		return NULL;
	memcpy(&head, page, sizeof(head));
	k.seen = wire_marks_create();
	k.trees = json_object_new_array();
	k.records = all ? json_object_new_array() : NULL;
	ops = ops_of(&k);
	err = kho_kept_check(s.phys, s.bytes, &ops, add_tree, NULL, &k, &r);
	wire_marks_destroy(k.seen);
	o = json_object_new_object();
	json_add_number(o, "address", s.phys);
	json_add_number(o, "magic", head.magic);
	json_add_number(o, "version", head.version);
	json_add_number(o, "slot-bytes", head.entry_size);
	json_add_number(o, "first-address", head.first_block_phys);
	json_add_verdict(o, err, &r);
	json_object_object_add(o, "trees", k.trees);
	if (all)
		json_object_object_add(o, "record-list", k.records);
	return o;
}
