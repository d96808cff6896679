// SPDX-License-Identifier: GPL-2.0
/*
 * treeforge: damages trees that came in, before kho-kept.ko reads them, so that one check finds
 * it; all checksums are right again, unless they are what is damaged. For the scenarios of
 * tests/vm; kho_vmtest.ko writes to memory.
 *
 *   treeforge list                  all there is to damage, a line each: NAME LEVEL CHECK. LEVEL
 *                                   is "index" (of all trees), "module" (of one tree, and the
 *                                   module finds it), or "tool" (likewise, and kho does)
 *   treeforge HEAD damage TREE NAME damages a tree, whose state is taken to be whole
 *   treeforge HEAD index NAME       the same of the list of all trees; done twice it is undone
 *   treeforge HEAD options TREE     its file system is one that had noswap, and quotas
 *
 * HEAD is the address of the head of trees. A tree to be damaged has what make_tree() of
 * kept-corrupted makes; the first tree is one that others take pages from, and so is "last".
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/kho/abi/kept.h>

#include "core/crc32c.h"
#include "core/kept.h"
#include "core/kept_record.h"
#include "cli/wire/kcore.h"

#define RUN "/sys/module/kho_vmtest/parameters/run"
/* Of RAM, free when a kernel starts, and preserved by nobody. */
#define NOT_PRESERVED 0x200000ULL

enum { RECORDS_MAX = 64 };

static struct kcore kcore;

static void must(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "treeforge: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* ------------------------------------------------------------------------------- memory */

static void peek(u64 phys, void *to, size_t bytes)
{
	u8 page[PAGE_BYTES];
	u64 in = phys % PAGE_BYTES;

	must(in + bytes <= PAGE_BYTES, "more than a page");
	must(kcore_page(&kcore, phys - in, page), "/proc/kcore");
	memcpy(to, page + in, bytes);
}

static void xor_word(u64 phys, u64 bits)
{
	int fd = open(RUN, O_WRONLY);
	char text[80];
	int n = snprintf(text, sizeof(text), "xor 0x%llx 0x%llx",
			 (unsigned long long)phys, (unsigned long long)bits);

	must(fd >= 0 && write(fd, text, (size_t)n) == n, text);
	close(fd);
}

/* @phys and @bytes are multiples of 8; only what differs is written. */
static void poke(u64 phys, const void *from, size_t bytes)
{
	u64 was[PAGE_BYTES / 8], now[PAGE_BYTES / 8];
	size_t i;

	peek(phys, was, bytes);
	memcpy(now, from, bytes);
	for (i = 0; i < bytes / 8; i++)
		if (was[i] != now[i])
			xor_word(phys + 8 * i, was[i] ^ now[i]);
}

/* ---------------------------------------------------------------------------- one tree */

/* A list of one page: the trees of the scenario are small. */
struct list {
	u64 phys; /* of that page */
	u64 chunk_phys;
	struct kho_vmalloc_chunk chunk;
	u8 data[PAGE_BYTES];
};

struct tree {
	u64 phys;
	struct kho_kept_tree_ser ser;
	struct list records, files, entries;
	struct kho_kept_record record[RECORDS_MAX];
	size_t nr;
};

static u64 head_phys;
static struct kho_kept_head_ser head;

static void read_list(struct list *l, const struct kho_vmalloc *list)
{
	must(list->total_pages == 1, "a list of one page");
	l->chunk_phys = list->first;
	peek(list->first, &l->chunk, sizeof(l->chunk));
	l->phys = l->chunk.phys[0];
	peek(l->phys, l->data, PAGE_BYTES);
}

static void read_records(struct tree *t)
{
	struct kho_kept_reader reader;
	int step;

	kho_kept_reader_init(&reader, t->records.data, t->ser.record_bytes);
	do {
		must(t->nr < RECORDS_MAX, "so few records");
		step = kho_kept_next(&reader, &t->record[t->nr++], NULL);
		must(step >= 0, "good records");
	} while (step == KHO_STEP_NEXT);
}

static void read_tree(struct tree *t, u64 phys)
{
	struct kho_vmalloc records, files, entries;

	memset(t, 0, sizeof(*t));
	t->phys = phys;
	peek(phys, &t->ser, sizeof(t->ser));
	records = t->ser.records;
	files = t->ser.files;
	entries = t->ser.entries;
	read_list(&t->records, &records);
	read_list(&t->files, &files);
	read_list(&t->entries, &entries);
	read_records(t);
}

/* Address of the tree of a name; of the first one for NULL. */
static u64 find_tree(const char *name)
{
	struct kho_block_header_ser block;
	struct kho_kept_tree_ser ser;
	u64 at, phys, i;

	for (at = head.first_block_phys; at; at = block.next) {
		peek(at, &block, sizeof(block));
		for (i = 0; i < block.count; i++) {
			phys = at + sizeof(block) + i * sizeof(ser);
			peek(phys, &ser, sizeof(ser));
			if (!name || !strcmp(ser.name, name))
				return phys;
		}
	}
	errno = ENOENT;
	must(false, name);
	return 0;
}

static void fix_lists(struct tree *t)
{
	t->ser.records_crc =
		kho_crc32c(0, t->records.data, t->ser.record_bytes);
	t->ser.files_crc =
		kho_crc32c(0, t->files.data,
			   t->ser.nr_files * sizeof(struct kho_kept_file_ser));
	t->ser.entries_crc =
		kho_crc32c(0, t->entries.data, t->ser.nr_entries * sizeof(u64));
}

static void fix_slot(struct kho_kept_tree_ser *ser)
{
	ser->crc = kho_kept_crc(ser, sizeof(*ser));
}

static void write_list(const struct list *l)
{
	poke(l->phys, l->data, PAGE_BYTES);
	poke(l->chunk_phys, &l->chunk, sizeof(l->chunk));
}

static void write_tree(struct tree *t)
{
	fix_slot(&t->ser);
	write_list(&t->records);
	write_list(&t->files);
	write_list(&t->entries);
	poke(t->phys, &t->ser, sizeof(t->ser));
}

/* --------------------------------------------------------------- what the module finds */

static struct kho_kept_file_ser *file(struct tree *t, u64 nr)
{
	return (struct kho_kept_file_ser *)t->files.data + nr;
}

static u64 *entries(struct tree *t)
{
	return (u64 *)t->entries.data;
}

static enum kho_kept_entry_kind kind(struct tree *t, u64 nr)
{
	return kho_kept_entry_kind(entries(t)[nr]);
}

/* The @nr-th page of a file that has nothing but three. */
static u64 *folio(struct tree *t, u64 nr)
{
	u64 i, at;

	for (i = 0; i < t->ser.nr_files; i++) {
		at = file(t, i)->first;
		if (file(t, i)->size == 3 * PAGE_BYTES &&
		    kind(t, at) == KHO_KEPT_ENTRY_FOLIO &&
		    kind(t, at + 1) == KHO_KEPT_ENTRY_FOLIO)
			return &entries(t)[at + nr];
	}
	must(false, "a file of three pages");
	return NULL;
}

static u64 *hole(struct tree *t)
{
	u64 i;

	for (i = 0; i < t->ser.nr_entries; i++)
		if (kind(t, i) == KHO_KEPT_ENTRY_HOLE)
			return &entries(t)[i];
	must(false, "a file with one");
	return NULL;
}

static void first_tree(struct tree *t)
{
	read_tree(t, find_tree(NULL));
}

static void records_byte(struct tree *t)
{
	t->records.data[5] ^= 1;
}

static void files_byte(struct tree *t)
{
	t->files.data[1] ^= 0x10;
}

static void entries_byte(struct tree *t)
{
	t->entries.data[0] ^= 1;
}

static void records_crc(struct tree *t)
{
	t->ser.records_crc ^= 0x80000000;
}

static void files_crc(struct tree *t)
{
	t->ser.files_crc ^= 1;
}

static void entries_crc(struct tree *t)
{
	t->ser.entries_crc ^= 0x1000;
}

static void records_more(struct tree *t)
{
	t->records.data[PAGE_BYTES - 1] = 1;
}

static void entries_more(struct tree *t)
{
	t->entries.data[t->ser.nr_entries * sizeof(u64)] = 1;
}

static void page_elsewhere(struct tree *t)
{
	t->records.chunk.phys[0] = NOT_PRESERVED;
}

static void chunk_elsewhere(struct tree *t)
{
	struct kho_vmalloc list = t->ser.files;

	list.first = NOT_PRESERVED;
	t->ser.files = list;
}

static void page_crooked(struct tree *t)
{
	t->entries.chunk.phys[0] += 8;
}

static void page_twice(struct tree *t)
{
	t->files.chunk.phys[0] = t->records.phys;
}

static void page_itself(struct tree *t)
{
	t->files.chunk.phys[0] = t->files.chunk_phys;
}

static void page_of_another(struct tree *t)
{
	struct tree first;

	first_tree(&first);
	t->records.chunk.phys[0] = first.records.phys;
}

static void list_of_another(struct tree *t)
{
	struct tree first;

	first_tree(&first);
	t->ser.entries = first.ser.entries;
	t->ser.nr_entries = first.ser.nr_entries;
	memcpy(t->entries.data, first.entries.data, PAGE_BYTES);
}

static void pages_too_many(struct tree *t)
{
	t->records.chunk.phys[1] = t->records.phys;
}

static void pages_too_few(struct tree *t)
{
	t->records.chunk.phys[0] = 0;
}

static void list_circle(struct tree *t)
{
	t->records.chunk.hdr.next = t->records.chunk_phys;
}

static void list_flags(struct tree *t)
{
	struct kho_vmalloc list = t->ser.entries;

	list.flags |= 0x100;
	t->ser.entries = list;
}

static void file_size(struct tree *t)
{
	file(t, 0)->size |= 1ULL << 63;
}

static void file_short(struct tree *t)
{
	file(t, 0)->size = 1;
}

static void file_first(struct tree *t)
{
	file(t, 0)->first = 1;
}

static void file_order(struct tree *t)
{
	file(t, 1)->first = t->ser.nr_entries + 1;
}

static void file_back(struct tree *t)
{
	file(t, 2)->first = 0;
}

static void entry_kind(struct tree *t)
{
	*folio(t, 0) |= 0xfULL << KHO_KEPT_ENTRY_KIND_SHIFT;
}

static void folio_order(struct tree *t)
{
	*folio(t, 0) |= 60ULL << KHO_KEPT_ENTRY_ORDER_SHIFT;
}

/* The second page of its file. */
static void folio_index(struct tree *t)
{
	*folio(t, 1) |= 1ULL << KHO_KEPT_ENTRY_ORDER_SHIFT;
}

static void folio_null(struct tree *t)
{
	*folio(t, 0) = 0;
}

static void folio_elsewhere(struct tree *t)
{
	*folio(t, 0) = NOT_PRESERVED / PAGE_BYTES;
}

static void folio_twice(struct tree *t)
{
	*folio(t, 1) = *folio(t, 0);
}

static void folio_of_another(struct tree *t)
{
	struct tree first;

	first_tree(&first);
	*folio(t, 0) = *folio(&first, 0);
}

/* Of one that comes later, and is good: that this one named it must not count. */
static void folio_of_the_last(struct tree *t)
{
	struct tree last;

	read_tree(&last, find_tree("last"));
	*folio(t, 0) = *folio(&last, 0);
	t->ser.nr_pages++;
}

static void folio_is_a_list(struct tree *t)
{
	*folio(t, 0) = t->records.phys / PAGE_BYTES;
}

static void run_empty(struct tree *t)
{
	*hole(t) = kho_kept_entry_run(KHO_KEPT_ENTRY_HOLE, 0);
}

static void run_order(struct tree *t)
{
	*hole(t) |= 1ULL << KHO_KEPT_ENTRY_ORDER_SHIFT;
}

static void run_long(struct tree *t)
{
	*hole(t) = kho_kept_entry_run(KHO_KEPT_ENTRY_HOLE,
				      KHO_KEPT_ENTRY_VALUE_MASK);
}

static void run_bad(struct tree *t)
{
	*hole(t) = kho_kept_entry_run(KHO_KEPT_ENTRY_BAD, 1 << 20);
}

static void count_of_pages(struct tree *t)
{
	t->ser.nr_pages++;
}

/* ----------------------------------------------------------------- what the tool finds */

static int put(void *ctx, const void *data, size_t bytes)
{
	struct tree *t = ctx;

	must(t->ser.record_bytes + bytes <= PAGE_BYTES, "room for records");
	memcpy(t->records.data + t->ser.record_bytes, data, bytes);
	t->ser.record_bytes += bytes;
	return 0;
}

static int put_record(struct kho_kept_writer *w,
		      const struct kho_kept_record *r)
{
	switch (r->type) {
	case KHO_KEPT_RECORD_NODE:
		return kho_kept_put_node(w, &r->node, r->name, r->name_bytes,
					 S_ISLNK(r->node.mode) ? r->value :
								 NULL,
					 r->value_bytes);
	case KHO_KEPT_RECORD_LINK:
		return kho_kept_put_link(w, r->node.inode, r->name,
					 r->name_bytes);
	case KHO_KEPT_RECORD_XATTR:
		return kho_kept_put_xattr(w, r->name, r->name_bytes, r->value,
					  r->value_bytes);
	case KHO_KEPT_RECORD_QUOTA:
		return kho_kept_put_quota(w, r->quota_type, r->quota_id,
					  r->quota_bytes, r->quota_inodes);
	case KHO_KEPT_RECORD_UP:
		return kho_kept_put_up(w);
	case KHO_KEPT_RECORD_END:
		return kho_kept_put_end(w);
	}
	return -EINVAL;
}

/* The records as they are in @t->record now; their strings are elsewhere afterwards. */
static void put_records(struct tree *t)
{
	struct kho_kept_writer w = { .put = put, .ctx = t };
	static u8 before[PAGE_BYTES];
	size_t i;

	/* Strings of the records are in there. */
	memcpy(before, t->records.data, PAGE_BYTES);
	for (i = 0; i < t->nr; i++) {
		struct kho_kept_record *r = &t->record[i];
		const char *from = (const char *)t->records.data,
			   *end = from + PAGE_BYTES;

		if (r->name >= from && r->name < end)
			r->name = (const char *)before + (r->name - from);
		if (r->value >= from && r->value < end)
			r->value = (const char *)before + (r->value - from);
	}
	memset(t->records.data, 0, PAGE_BYTES);
	t->ser.record_bytes = 0;
	for (i = 0; i < t->nr; i++)
		must(!put_record(&w, &t->record[i]), "put_record");
	t->ser.nr_records = t->nr;
}

/* The record of a name. */
static struct kho_kept_record *named(struct tree *t, const char *name)
{
	size_t i;

	for (i = 0; i < t->nr; i++)
		if (t->record[i].name_bytes == strlen(name) &&
		    !memcmp(t->record[i].name, name, strlen(name)))
			return &t->record[i];
	must(false, name);
	return NULL;
}

static void rename_to(struct tree *t, const char *name, const char *to,
		      u32 bytes)
{
	struct kho_kept_record *r = named(t, name);

	r->name = to;
	r->name_bytes = bytes;
	put_records(t);
}

static void name_dots(struct tree *t)
{
	rename_to(t, "one", "..", 2);
}

static void name_dot(struct tree *t)
{
	rename_to(t, "dir", ".", 1);
}

static void name_slash(struct tree *t)
{
	rename_to(t, "one", "../one", 6);
}

static void name_absolute(struct tree *t)
{
	rename_to(t, "one", "/etc/marker", 11);
}

static void name_nul(struct tree *t)
{
	rename_to(t, "one", "o\0e", 3);
}

static void name_empty(struct tree *t)
{
	rename_to(t, "one", "", 0);
}

static void name_twice(struct tree *t)
{
	rename_to(t, "one", "two", 3);
}

/* The other name of a file, whichever comes later. */
static struct kho_kept_record *other_name(struct tree *t)
{
	size_t i;

	for (i = 0; i < t->nr; i++)
		if (t->record[i].type == KHO_KEPT_RECORD_LINK)
			return &t->record[i];
	must(false, "a file of two names");
	return NULL;
}

static void link_name(struct tree *t)
{
	other_name(t)->name = "../x";
	other_name(t)->name_bytes = 4;
	put_records(t);
}

static void link_unknown(struct tree *t)
{
	other_name(t)->node.inode = 987654321;
	put_records(t);
}

/* A directory in itself, if it were made. */
static void link_cycle(struct tree *t)
{
	other_name(t)->node.inode = named(t, "dir")->node.inode;
	put_records(t);
}

static void inode_twice(struct tree *t)
{
	named(t, "three")->node.inode = named(t, "two")->node.inode;
	put_records(t);
}

static void inode_null(struct tree *t)
{
	named(t, "three")->node.inode = 0;
	put_records(t);
}

static void mode_unknown(struct tree *t)
{
	named(t, "fifo")->node.mode = 0170644;
	put_records(t);
}

static void device_major(struct tree *t)
{
	named(t, "device")->node.major = 1 << 12;
	put_records(t);
}

static void device_minor(struct tree *t)
{
	named(t, "device")->node.minor = 1 << 20;
	put_records(t);
}

static void nanoseconds(struct tree *t)
{
	named(t, "three")->node.mtime.nsec = 1000000000;
	put_records(t);
}

static void target_empty(struct tree *t)
{
	named(t, "link")->value_bytes = 0;
	put_records(t);
}

static void target_nul(struct tree *t)
{
	struct kho_kept_record *r = named(t, "link");

	r->value = "/etc\0/passwd";
	r->value_bytes = 12;
	put_records(t);
}

static void attribute_empty(struct tree *t)
{
	named(t, "trusted.some")->name_bytes = 0;
	put_records(t);
}

static void attribute_nul(struct tree *t)
{
	rename_to(t, "trusted.some", "trusted\0some", 12);
}

static void root_named(struct tree *t)
{
	t->record[0].name = "x";
	t->record[0].name_bytes = 1;
	put_records(t);
}

static void root_is_a_file(struct tree *t)
{
	t->record[0].node.mode = S_IFREG | 0644;
	put_records(t);
}

static void up_missing(struct tree *t)
{
	t->record[t->nr - 2] = t->record[t->nr - 1];
	t->nr--;
	put_records(t);
}

static void up_too_many(struct tree *t)
{
	t->record[t->nr] = t->record[t->nr - 1];
	t->record[t->nr - 1].type = KHO_KEPT_RECORD_UP;
	t->nr++;
	put_records(t);
}

static void record_type(struct tree *t)
{
	t->records.data[t->ser.record_bytes - 1] = 9;
}

/* 128 of them, at the end of which nothing is left. */
static void number_endless(struct tree *t)
{
	t->records.data[t->ser.record_bytes - 1] |= 0x80;
}

static void record_cut(struct tree *t)
{
	t->records.data[--t->ser.record_bytes] = 0;
}

static void record_more(struct tree *t)
{
	t->records.data[t->ser.record_bytes++] = 0;
}

static void count_of_records(struct tree *t)
{
	t->ser.nr_records++;
}

static void count_of_files(struct tree *t)
{
	named(t, "fifo")->node.mode = S_IFREG | 0644;
	put_records(t);
}

static void quota_type(struct tree *t)
{
	t->record[t->nr] = t->record[t->nr - 1];
	t->record[t->nr - 1] = (struct kho_kept_record){
		.type = KHO_KEPT_RECORD_QUOTA,
		.quota_type = 2,
	};
	t->nr++;
	put_records(t);
}

/**
 * struct damage - something wrong with one tree
 * @name: of it
 * @check: what finds it says that
 * @make: does it
 * @is_of_tool: kho finds it, not the module
 * @keeps_crc: checksums of lists are left as they are
 */
static const struct damage {
	const char *name;
	const char *check;
	void (*make)(struct tree *t);
	bool is_of_tool;
	bool keeps_crc;
} damages[] = {
	{ "records-byte", "list checksum", records_byte, false, true },
	{ "files-byte", "list checksum", files_byte, false, true },
	{ "entries-byte", "list checksum", entries_byte, false, true },
	{ "records-crc", "list checksum", records_crc, false, true },
	{ "files-crc", "list checksum", files_crc, false, true },
	{ "entries-crc", "list checksum", entries_crc, false, true },
	{ "records-more", "list has more behind its end", records_more },
	{ "entries-more", "list has more behind its end", entries_more },
	{ "page-elsewhere", "page list entry is not preserved",
	  page_elsewhere },
	{ "chunk-elsewhere", "page list chunk is not preserved",
	  chunk_elsewhere },
	{ "page-crooked", "page list entry alignment", page_crooked },
	{ "page-twice", "list page twice", page_twice },
	{ "page-itself", "page list names its own page", page_itself },
	/* The first one's lists are the module's by then. */
	{ "page-of-another", "page list entry is not preserved",
	  page_of_another },
	{ "list-of-another", "page list chunk is not preserved",
	  list_of_another },
	{ "pages-too-many", "page list names too many pages", pages_too_many },
	{ "pages-too-few", "page list names too few pages", pages_too_few },
	{ "list-circle", "page list goes on after its end", list_circle },
	{ "list-flags", "page list flags", list_flags },
	{ "file-size", "file size", file_size },
	{ "file-short", "folio behind the end of the file", file_short },
	{ "file-first", "file first entry", file_first },
	{ "file-order", "file first entry", file_order },
	{ "file-back", "file first entry", file_back },
	{ "entry-kind", "entry kind", entry_kind },
	{ "folio-order", "folio order", folio_order },
	{ "folio-index", "folio index", folio_index },
	{ "folio-null", "folio address", folio_null },
	{ "folio-elsewhere", "folio is not preserved", folio_elsewhere },
	{ "folio-twice", "folio twice", folio_twice },
	{ "folio-of-another", "folio twice", folio_of_another },
	{ "folio-of-the-last", "tree number of pages", folio_of_the_last },
	{ "folio-is-a-list", "folio twice", folio_is_a_list },
	{ "run-empty", "run of no pages", run_empty },
	{ "run-order", "run order", run_order },
	{ "run-long", "run behind the end of the file", run_long },
	{ "run-bad", "run behind the end of the file", run_bad },
	{ "count-of-pages", "tree number of pages", count_of_pages },

	{ "name-dots", "record name", name_dots, true },
	{ "name-dot", "record name", name_dot, true },
	{ "name-slash", "record name", name_slash, true },
	{ "name-absolute", "record name", name_absolute, true },
	{ "name-nul", "record name", name_nul, true },
	{ "name-empty", "record name", name_empty, true },
	{ "name-twice", "name twice", name_twice, true },
	{ "link-name", "record name", link_name, true },
	{ "link-unknown", "link to what did not come before", link_unknown,
	  true },
	{ "link-cycle", "link to a directory", link_cycle, true },
	{ "inode-twice", "inode twice", inode_twice, true },
	{ "inode-null", "record inode", inode_null, true },
	{ "mode-unknown", "record mode", mode_unknown, true },
	{ "device-major", "record device", device_major, true },
	{ "device-minor", "record device", device_minor, true },
	{ "nanoseconds", "record nanoseconds", nanoseconds, true },
	{ "target-empty", "record target", target_empty, true },
	{ "target-nul", "record target", target_nul, true },
	{ "attribute-empty", "record attribute name", attribute_empty, true },
	{ "attribute-nul", "record attribute name", attribute_nul, true },
	{ "root-named", "first record is no directory", root_named, true },
	{ "root-is-a-file", "first record is no directory", root_is_a_file,
	  true },
	{ "up-missing", "order of records", up_missing, true },
	{ "up-too-many", "order of records", up_too_many, true },
	{ "record-type", "record type", record_type, true },
	{ "number-endless", "record is cut off", number_endless, true },
	{ "record-cut", "record is cut off", record_cut, true },
	{ "record-more", "bytes behind the last record", record_more, true },
	{ "count-of-records", "number of records", count_of_records, true },
	{ "count-of-files", "number of regular files", count_of_files, true },
	{ "quota-type", "record quota type", quota_type, true },
};

static void damage(const char *tree, const char *name)
{
	struct tree t;
	size_t i;

	for (i = 0; i < ARRAY_LEN(damages); i++) {
		if (strcmp(damages[i].name, name))
			continue;
		read_tree(&t, find_tree(tree));
		damages[i].make(&t);
		if (!damages[i].keeps_crc)
			fix_lists(&t);
		write_tree(&t);
		return;
	}
	errno = EINVAL;
	must(false, name);
}

/* --------------------------------------------------------------- the list of all trees */

static void head_magic(void)
{
	xor_word(head_phys, 1);
}

static void head_version(void)
{
	xor_word(head_phys + 8, 0x4);
}

static void slot_size(void)
{
	xor_word(head_phys + 8, 8ULL << 32);
}

/* Where no memory is. */
static void block_elsewhere(void)
{
	xor_word(head_phys + 16, 1ULL << 40);
}

/* The last block leads to the first, or does no more. */
static void block_circle(void)
{
	u64 first = head.first_block_phys, at = first;
	struct kho_block_header_ser block;

	for (;;) {
		peek(at, &block, sizeof(block));
		if (!block.next || block.next == first)
			break;
		at = block.next;
	}
	xor_word(at, first);
}

/* The first one is full. */
static void block_empty(void)
{
	xor_word(head.first_block_phys + 8, KHO_KEPT_TREES_PER_BLOCK);
}

static void block_full(void)
{
	xor_word(head.first_block_phys + 8, 1ULL << 40);
}

/* The second tree, changed by XOR of a mask, with a checksum that is right before and after. */
static void change_slot(const struct kho_kept_tree_ser *mask, bool fix)
{
	u64 phys = head.first_block_phys + sizeof(struct kho_block_header_ser) +
		   sizeof(struct kho_kept_tree_ser);
	struct kho_kept_tree_ser ser;
	u8 *to = (u8 *)&ser;
	size_t i;

	peek(phys, &ser, sizeof(ser));
	for (i = 0; i < sizeof(ser); i++)
		to[i] ^= ((const u8 *)mask)[i];
	if (fix)
		fix_slot(&ser);
	poke(phys, &ser, sizeof(ser));
}

static void slot_state(void)
{
	change_slot(&(struct kho_kept_tree_ser){ .state = 1 }, true);
}

static void slot_crc(void)
{
	change_slot(&(struct kho_kept_tree_ser){ .crc = 1 }, false);
}

static void slot_reserved(void)
{
	change_slot(&(struct kho_kept_tree_ser){ .reserved = 1 }, true);
}

static void slot_reason(void)
{
	change_slot(&(struct kho_kept_tree_ser){ .why = "why" }, true);
}

static void slot_name(void)
{
	change_slot(&(struct kho_kept_tree_ser){ .name[255] = 'x' }, true);
}

static void slot_flags(void)
{
	change_slot(&(struct kho_kept_tree_ser){ .fs_flags = 1 << 30 }, true);
}

static void slot_huge(void)
{
	change_slot(&(struct kho_kept_tree_ser){ .fs_huge = 64 }, true);
}

static void slot_records(void)
{
	change_slot(&(struct kho_kept_tree_ser){ .nr_records = 1ULL << 60 },
		    true);
}

static void slot_files(void)
{
	change_slot(&(struct kho_kept_tree_ser){ .nr_files = 1ULL << 32 },
		    true);
}

static void slot_length(void)
{
	change_slot(&(struct kho_kept_tree_ser){ .record_bytes = 1 << 20 },
		    true);
}

static void slot_order(void)
{
	change_slot(&(struct kho_kept_tree_ser){ .files.order = 1 }, true);
}

static void slot_pages(void)
{
	change_slot(&(struct kho_kept_tree_ser){ .nr_pages = 1ULL << 50 },
		    true);
}

/* A tree that is lost has nothing. */
static void slot_lost(void)
{
	change_slot(&(struct kho_kept_tree_ser){ .state = KHO_KEPT_WHOLE ^
							  KHO_KEPT_LOST,
						 .why = "it was forged" },
		    true);
}

/* The name of the first tree. */
static void slot_name_twice(void)
{
	u64 phys = head.first_block_phys + sizeof(struct kho_block_header_ser);
	struct kho_kept_tree_ser first, second, mask = { 0 };
	static const char kept[] = "second";
	size_t i;

	peek(phys, &first, sizeof(first));
	peek(phys + sizeof(first), &second, sizeof(second));
	/* Undone: it has the first one's name then. */
	for (i = 0; i < sizeof(mask.name); i++)
		mask.name[i] = (char)(first.name[i] ^
				      (i < sizeof(kept) ? kept[i] : 0));
	change_slot(&mask, true);
}

static const struct {
	const char *name;
	const char *check;
	void (*make)(void);
} of_index[] = {
	{ "head-magic", "head of trees magic number", head_magic },
	{ "head-version", "head of trees version", head_version },
	{ "slot-size", "head of trees slot size", slot_size },
	{ "block-elsewhere", "tree block is not preserved", block_elsewhere },
	{ "block-circle", "trees are larger than preserved memory",
	  block_circle },
	{ "block-empty", "tree block count of slots", block_empty },
	{ "block-full", "tree block count of slots", block_full },
	{ "slot-state", "tree state", slot_state },
	{ "slot-crc", "tree checksum", slot_crc },
	{ "slot-reserved", "tree reserved field", slot_reserved },
	{ "slot-reason", "tree reason", slot_reason },
	{ "slot-name", "tree name", slot_name },
	{ "slot-name-twice", "tree name twice", slot_name_twice },
	{ "slot-flags", "tree file system flags", slot_flags },
	{ "slot-huge", "tree file system huge pages", slot_huge },
	{ "slot-records", "tree number of records", slot_records },
	{ "slot-files", "tree number of files", slot_files },
	{ "slot-length", "tree length of a list", slot_length },
	{ "slot-order", "tree order of a list", slot_order },
	{ "slot-pages", "trees are larger than preserved memory", slot_pages },
	{ "slot-lost", "lost tree is not empty", slot_lost },
};

static void damage_index(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(of_index); i++) {
		if (!strcmp(of_index[i].name, name)) {
			of_index[i].make();
			return;
		}
	}
	errno = EINVAL;
	must(false, name);
}

static void list_all(void)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(of_index); i++)
		printf("%s index %s\n", of_index[i].name, of_index[i].check);
	for (i = 0; i < ARRAY_LEN(damages); i++)
		printf("%s %s %s\n", damages[i].name,
		       damages[i].is_of_tool ? "tool" : "module",
		       damages[i].check);
}

/* ------------------------------------------------------------------------------ options */

static void add_quota(struct tree *t, u32 type, u32 id, u64 bytes, u64 inodes)
{
	must(t->nr < RECORDS_MAX, "room for a record");
	t->record[t->nr] = t->record[t->nr - 1];
	t->record[t->nr - 1] = (struct kho_kept_record){
		.type = KHO_KEPT_RECORD_QUOTA,
		.quota_type = type,
		.quota_id = id,
		.quota_bytes = bytes,
		.quota_inodes = inodes,
	};
	t->nr++;
}

static void options(const char *tree)
{
	struct tree t;

	read_tree(&t, find_tree(tree));
	t.ser.fs_flags |= KHO_KEPT_FS_NOSWAP | KHO_KEPT_FS_USRQUOTA |
			  KHO_KEPT_FS_GRPQUOTA;
	add_quota(&t, 0, 1000, 50 << 20, 0);
	add_quota(&t, 1, 70, 0, 77);
	put_records(&t);
	fix_lists(&t);
	write_tree(&t);
}

int main(int argc, char **argv)
{
	const char *what = argc > 2 ? argv[2] : "";

	if (argc == 2 && !strcmp(argv[1], "list")) {
		list_all();
		return 0;
	}
	if (argc < 4 || argc > 5) {
		fputs("usage: treeforge list | HEAD damage TREE NAME | HEAD index NAME | HEAD options TREE\n",
		      stderr);
		return 2;
	}
	head_phys = strtoull(argv[1], NULL, 0);
	must(!kcore_open(&kcore, "/proc/kcore"), "/proc/kcore");
	peek(head_phys, &head, sizeof(head));
	if (argc == 5 && !strcmp(what, "damage"))
		damage(argv[3], argv[4]);
	else if (argc == 4 && !strcmp(what, "index"))
		damage_index(argv[3]);
	else if (argc == 4 && !strcmp(what, "options"))
		options(argv[3]);
	else
		must(false, what);
	kcore_close(&kcore);
	return 0;
}
