// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
#include "kept_record.h"

#include "bits.h"
#include "kept_mode.h"

/*
 * A name in a directory. The directory is a number: those that came before it.
 * @name: offset of the name in the records, and its length in the lowest byte; 0 = nothing here
 */
struct name_place {
	u64 name;
	u64 directory;
};

/*
 * What was seen of records. The tables have room for half as many again as they will hold, so
 * that a search ends soon.
 * @nr_names: NODEs and LINKs
 * @nr_inodes: NODEs
 * @nr_directories: NODEs that are directories, so far
 * @depth: most directories that are open at a time
 * @names: hash table
 * @inodes: hash table, 0 = nothing here
 * @is_directory: of each place of @inodes
 * @open: directories that are open
 */
struct seen {
	const u8 *data;
	u64 seed;
	struct kho_refusal *r;
	u64 nr_names;
	u64 nr_inodes;
	u64 nr_directories;
	u64 depth;
	struct name_place *names;
	u64 *inodes;
	u8 *is_directory;
	u64 *open;
};

static u64 places_for(u64 nr)
{
	return nr + nr / 2 + 1;
}

/* ---- tables ---- */

static u64 hash_name(const struct seen *s, u64 directory, const u8 *name,
		     u32 bytes)
{
	u64 hash = kho_mix64(s->seed ^ directory), word;

	for (; bytes > sizeof(word); bytes -= sizeof(word)) {
		memcpy(&word, name, sizeof(word));
		hash = kho_mix64(hash ^ word);
		name += sizeof(word);
	}
	word = 0;
	memcpy(&word, name, bytes);
	return kho_mix64(kho_mix64(hash ^ word) ^ bytes);
}

static bool is_name(const struct seen *s, const struct name_place *place,
		    u64 directory, const u8 *name, u32 bytes)
{
	return place->directory == directory && (place->name & 0xff) == bytes &&
	       !memcmp(s->data + (place->name >> 8), name, bytes);
}

/* Puts in the name of a record, which is not empty; false if it is there. */
static bool add_name(struct seen *s, const struct kho_kept_record *record,
		     u64 directory)
{
	const u8 *name = (const u8 *)record->name;
	u64 nr = places_for(s->nr_names);
	u64 i = hash_name(s, directory, name, record->name_bytes) % nr;

	for (; s->names[i].name; i = i + 1 == nr ? 0 : i + 1)
		if (is_name(s, &s->names[i], directory, name,
			    record->name_bytes))
			return false;
	s->names[i].name = (u64)(name - s->data) << 8 | record->name_bytes;
	s->names[i].directory = directory;
	return true;
}

/* Where this inode is, or would be put. */
static u64 inode_place(const struct seen *s, u64 inode)
{
	u64 nr = places_for(s->nr_inodes);
	u64 i = kho_mix64(s->seed ^ inode) % nr;

	while (s->inodes[i] && s->inodes[i] != inode)
		i = i + 1 == nr ? 0 : i + 1;
	return i;
}

/* ---- records ---- */

static int refuse(const struct seen *s, const struct kho_kept_record *record,
		  int err, const char *check, u64 found)
{
	return kho_refuse(s->r, err, check, record->offset, found, found);
}

static int see_node(struct seen *s, const struct kho_kept_record *record)
{
	u64 i = inode_place(s, record->node.inode);

	if (s->inodes[i])
		return refuse(s, record, -EEXIST, "inode twice",
			      record->node.inode);
	s->inodes[i] = record->node.inode;
	s->is_directory[i] = kho_kept_is_directory(record->node.mode);
	if (record->depth && !add_name(s, record, s->open[record->depth - 1]))
		return refuse(s, record, -EEXIST, "name twice", 0);
	if (s->is_directory[i])
		s->open[record->depth] = s->nr_directories++;
	return 0;
}

static int see_link(struct seen *s, const struct kho_kept_record *record)
{
	u64 i = inode_place(s, record->node.inode);

	if (!s->inodes[i])
		return refuse(s, record, -EBADMSG,
			      "link to what did not come before",
			      record->node.inode);
	if (s->is_directory[i])
		return refuse(s, record, -EBADMSG, "link to a directory",
			      record->node.inode);
	if (!add_name(s, record, s->open[record->depth - 1]))
		return refuse(s, record, -EEXIST, "name twice", 0);
	return 0;
}

/* Counts what there is, so that the tables can be made. */
static int count(struct seen *s, u64 bytes, u64 nr_records, u64 nr_files)
{
	struct kho_kept_reader reader;
	struct kho_kept_record record;
	int step;

	kho_kept_reader_init(&reader, s->data, bytes);
	while ((step = kho_kept_next(&reader, &record, s->r)) ==
	       KHO_STEP_NEXT) {
		s->nr_inodes += record.type == KHO_KEPT_RECORD_NODE;
		s->nr_names += record.type == KHO_KEPT_RECORD_NODE ||
			       record.type == KHO_KEPT_RECORD_LINK;
		if (s->depth < reader.depth)
			s->depth = reader.depth;
	}
	if (step < 0)
		return step;
	if (reader.nr_records != nr_records)
		return kho_refuse(s->r, -EBADMSG, "number of records", bytes,
				  reader.nr_records, nr_records);
	if (reader.nr_files != nr_files)
		return kho_refuse(s->r, -EBADMSG, "number of regular files",
				  bytes, reader.nr_files, nr_files);
	return 0;
}

static int see_all(struct seen *s, u64 bytes)
{
	struct kho_kept_reader reader;
	struct kho_kept_record record;
	int step, err = 0;

	kho_kept_reader_init(&reader, s->data, bytes);
	while ((step = kho_kept_next(&reader, &record, s->r)) ==
	       KHO_STEP_NEXT) {
		if (record.type == KHO_KEPT_RECORD_NODE)
			err = see_node(s, &record);
		else if (record.type == KHO_KEPT_RECORD_LINK)
			err = see_link(s, &record);
		if (err)
			return err;
	}
	return step;
}

int kho_kept_records_check(const void *data, u64 bytes, u64 nr_records,
			   u64 nr_files, const struct kho_kept_memory *memory,
			   struct kho_refusal *r)
{
	struct seen s = { .data = data, .seed = memory->seed, .r = r };
	size_t name_bytes, inode_bytes, all;
	void *tables;
	int err;

	/* So that an offset and a length fit into one number, and sizes of tables do not wrap. */
	if (bytes >> 48)
		return kho_refuse(r, -ERANGE, "length of records", 0, bytes,
				  1ULL << 48);
	err = count(&s, bytes, nr_records, nr_files);
	if (err)
		return err;
	name_bytes = places_for(s.nr_names) * sizeof(*s.names);
	inode_bytes = places_for(s.nr_inodes) * sizeof(*s.inodes);
	all = name_bytes + inode_bytes + s.depth * sizeof(*s.open) +
	      places_for(s.nr_inodes);
	tables = memory->alloc(memory->ctx, all);
	if (!tables)
		return kho_refuse(r, -ENOMEM, "memory for the check", 0, all,
				  all);
	s.names = tables;
	s.inodes = (u64 *)((u8 *)tables + name_bytes);
	s.open = (u64 *)((u8 *)s.inodes + inode_bytes);
	s.is_directory = (u8 *)(s.open + s.depth);
	err = see_all(&s, bytes);
	memory->free(memory->ctx, tables, all);
	return err;
}
