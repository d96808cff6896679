/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Records of kept trees (include/linux/kho/abi/kept.h): the kernel that hands a tree over writes
 * them, and user space of the next kernel reads them.
 */
#ifndef KHO_CORE_KEPT_RECORD_H
#define KHO_CORE_KEPT_RECORD_H

#include <linux/kho/abi/kept.h>

#include "refusal.h"

/**
 * struct kho_kept_time - a time of a file
 * @sec: seconds since 1970
 * @nsec: nanoseconds, below 10^9
 */
struct kho_kept_time {
	s64 sec;
	u32 nsec;
};

/**
 * struct kho_kept_node - what a NODE says but for strings
 * @inode: number
 * @mode: S_IFMT included
 * @uid: owner
 * @gid: group
 * @attributes: FS_*_FL
 * @project: identifier
 * @major: device number of a device node, else 0
 * @minor: likewise
 * @mtime: times
 * @ctime: likewise
 * @atime: likewise
 * @btime: likewise
 */
struct kho_kept_node {
	u64 inode;
	u32 mode;
	u32 uid;
	u32 gid;
	u32 attributes;
	u32 project;
	u32 major;
	u32 minor;
	struct kho_kept_time mtime;
	struct kho_kept_time ctime;
	struct kho_kept_time atime;
	struct kho_kept_time btime;
};

/* ---------------------------------------------------------------------------------- writing */

/**
 * struct kho_kept_writer - a string of records that is being written
 * @put: takes bytes; a result other than 0 is returned by whatever called it
 * @ctx: passed to it
 * @last: the NODE before
 * @nr_records: that were written
 */
struct kho_kept_writer {
	int (*put)(void *ctx, const void *data, size_t bytes);
	void *ctx;
	struct kho_kept_node last;
	u64 nr_records;
};

/**
 * kho_kept_put_node() - write a NODE
 * @w: writer, with @put and @ctx set and all else 0 before the first record
 * @node: it
 * @name: not NUL-terminated; empty for the kept directory itself
 * @name_bytes: its length
 * @target: of a symbolic link; else NULL
 * @target_bytes: its length without NUL
 *
 * One call of @put; for a symbolic link three. Not looked at: whether names and times are valid.
 *
 * Return: 0, -EINVAL (@name_bytes too large), or what @put returns.
 */
int kho_kept_put_node(struct kho_kept_writer *w,
		      const struct kho_kept_node *node, const char *name,
		      u32 name_bytes, const char *target, u32 target_bytes);

/* A LINK: one more name of the inode of an earlier NODE. */
int kho_kept_put_link(struct kho_kept_writer *w, u64 inode, const char *name,
		      u32 name_bytes);

/* An XATTR of the NODE before. -EINVAL: too long. */
int kho_kept_put_xattr(struct kho_kept_writer *w, const char *name,
		       u32 name_bytes, const void *value, u32 value_bytes);

/* UP: nothing else is in this directory. */
int kho_kept_put_up(struct kho_kept_writer *w);

/* A QUOTA: limits of a user (@type 0) or group (1). */
int kho_kept_put_quota(struct kho_kept_writer *w, u32 type, u32 id, u64 bytes,
		       u64 inodes);

/* END: the last record. */
int kho_kept_put_end(struct kho_kept_writer *w);

/* ---------------------------------------------------------------------------------- reading */

/**
 * struct kho_kept_record - one record
 * @type: enum kho_kept_record_type
 * @node: NODE; of LINK the inode only
 * @file: number of a NODE that is a regular file, in the list of files
 * @name: of NODE, LINK, XATTR; in the records, not NUL-terminated
 * @name_bytes: its length
 * @value: target of a symbolic link, or value of XATTR; likewise
 * @value_bytes: its length
 * @depth: of NODE and LINK: directories of the tree that it lies in; 0 for the kept one itself
 * @quota_type: QUOTA: 0 = user, 1 = group
 * @quota_id: of whom
 * @quota_bytes: limit, 0 = none
 * @quota_inodes: likewise
 * @offset: of its first byte in the records
 */
struct kho_kept_record {
	enum kho_kept_record_type type;
	struct kho_kept_node node;
	u64 file;
	const char *name;
	u32 name_bytes;
	const char *value;
	u32 value_bytes;
	u32 depth;
	u32 quota_type;
	u32 quota_id;
	u64 quota_bytes;
	u64 quota_inodes;
	u64 offset;
};

/**
 * struct kho_kept_reader - records that are being read
 * @data: them
 * @bytes: their length
 * @at: offset of the next one
 * @last: the NODE before
 * @depth: directories that are open
 * @nr_files: regular files that came
 * @nr_records: records that came
 * @state: what may come next
 */
struct kho_kept_reader {
	const u8 *data;
	u64 bytes;
	u64 at;
	struct kho_kept_node last;
	u32 depth;
	u64 nr_files;
	u64 nr_records;
	u32 state;
};

/* Starts to read; nothing is looked at. */
void kho_kept_reader_init(struct kho_kept_reader *reader, const void *data,
			  u64 bytes);

/**
 * kho_kept_next() - read the next record
 * @reader: reader
 * @record: filled
 * @r: filled on refusal
 *
 * Everything is checked that can be without having seen other records: numbers, lengths, names,
 * modes, times, order and depth of records; and that nothing follows END.
 *
 * Return: KHO_STEP_NEXT, KHO_STEP_END (it was END), -EBADMSG, -ERANGE. After a refusal the reader
 * is where it was; r's where is the offset of the record.
 */
int kho_kept_next(struct kho_kept_reader *reader,
		  struct kho_kept_record *record, struct kho_refusal *r);

/* Is this a name of an entry: 1 .. 255 bytes, no '/', no NUL, not "." or ".."? */
bool kho_kept_entry_name_ok(const char *name, u32 bytes);

/**
 * struct kho_kept_memory - memory for what has to be remembered of records
 * @alloc: @bytes that are 0, or NULL
 * @free: what @alloc gave, with its @bytes
 * @ctx: passed to both
 * @seed: a random number. Who has files in a tree must not know it, or could choose names that
 *        the check takes long for
 */
struct kho_kept_memory {
	void *(*alloc)(void *ctx, size_t bytes);
	void (*free)(void *ctx, void *p, size_t bytes);
	void *ctx;
	u64 seed;
};

/**
 * kho_kept_records_check() - check all records of a tree
 * @data: them
 * @bytes: their length
 * @nr_records: that there should be
 * @nr_files: regular files that there should be
 * @memory: some 40 bytes a record
 * @r: filled on refusal; where it says which byte
 *
 * Besides what kho_kept_next() checks: no name is twice in a directory, no inode is twice a NODE,
 * and a LINK is one of a NODE before it that is no directory.
 *
 * Return: 0, -EBADMSG, -ERANGE, -EEXIST, -ENOMEM.
 */
int kho_kept_records_check(const void *data, u64 bytes, u64 nr_records,
			   u64 nr_files, const struct kho_kept_memory *memory,
			   struct kho_refusal *r);

#endif /* KHO_CORE_KEPT_RECORD_H */
