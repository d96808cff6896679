// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
#include "kept_record.h"

#include "kept_mode.h"

/* Most bytes of a number, and of one that fits into 32 bits. */
enum { NUMBER_BYTES = 10, SHORT_BYTES = 5 };

/*
 * A NODE without strings but their lengths: type, six short ones of node flags, mode, owners,
 * attributes and project, the inode, four times, the device, two lengths.
 */
enum {
	NODE_BYTES = 1 + 6 * SHORT_BYTES + NUMBER_BYTES +
		     4 * (NUMBER_BYTES + SHORT_BYTES) + 2 * SHORT_BYTES +
		     2 * SHORT_BYTES,
};

static u8 *put_number(u8 *to, u64 number)
{
	for (; number >= 0x80; number >>= 7)
		*to++ = (u8)number | 0x80;
	*to++ = (u8)number;
	return to;
}

/* The difference of two numbers, with its sign. */
static u8 *put_signed(u8 *to, u64 number, u64 from)
{
	u64 less = number - from;

	return put_number(to, less << 1 ^ -(less >> 63));
}

static u8 *put_bytes(u8 *to, const void *data, u32 bytes)
{
	if (bytes)
		memcpy(to, data, bytes);
	return to + bytes;
}

static u8 *put_time(u8 *to, const struct kho_kept_time *time, s64 from)
{
	to = put_signed(to, (u64)time->sec, (u64)from);
	return put_number(to, time->nsec);
}

static bool same_time(const struct kho_kept_time *a,
		      const struct kho_kept_time *b)
{
	return a->sec == b->sec && a->nsec == b->nsec;
}

static u32 flags_of(const struct kho_kept_node *node,
		    const struct kho_kept_node *last)
{
	u32 flags = 0;

	if (node->uid != last->uid || node->gid != last->gid)
		flags |= KHO_KEPT_NODE_OWNER;
	if (node->attributes)
		flags |= KHO_KEPT_NODE_ATTRIBUTES;
	if (node->project)
		flags |= KHO_KEPT_NODE_PROJECT;
	if (!same_time(&node->ctime, &node->mtime))
		flags |= KHO_KEPT_NODE_CTIME;
	if (!same_time(&node->atime, &node->mtime))
		flags |= KHO_KEPT_NODE_ATIME;
	if (!same_time(&node->btime, &node->mtime))
		flags |= KHO_KEPT_NODE_BTIME;
	return flags;
}

static u8 *put_numbers(u8 *to, const struct kho_kept_node *node,
		       const struct kho_kept_node *last)
{
	u32 flags = flags_of(node, last);

	*to++ = KHO_KEPT_RECORD_NODE;
	to = put_number(to, flags);
	to = put_number(to, node->mode);
	if (flags & KHO_KEPT_NODE_OWNER) {
		to = put_number(to, node->uid);
		to = put_number(to, node->gid);
	}
	if (flags & KHO_KEPT_NODE_ATTRIBUTES)
		to = put_number(to, node->attributes);
	if (flags & KHO_KEPT_NODE_PROJECT)
		to = put_number(to, node->project);
	to = put_signed(to, node->inode, last->inode);
	to = put_time(to, &node->mtime, last->mtime.sec);
	if (flags & KHO_KEPT_NODE_CTIME)
		to = put_time(to, &node->ctime, node->mtime.sec);
	if (flags & KHO_KEPT_NODE_ATIME)
		to = put_time(to, &node->atime, node->mtime.sec);
	if (flags & KHO_KEPT_NODE_BTIME)
		to = put_time(to, &node->btime, node->mtime.sec);
	if (kho_kept_is_device(node->mode)) {
		to = put_number(to, node->major);
		to = put_number(to, node->minor);
	}
	return to;
}

/* Gives away the bytes from @from to @to, which are a record or the last part of one. */
static int end_record(struct kho_kept_writer *w, const u8 *from, const u8 *to)
{
	w->nr_records++;
	return w->put(w->ctx, from, (size_t)(to - from));
}

int kho_kept_put_node(struct kho_kept_writer *w,
		      const struct kho_kept_node *node, const char *name,
		      u32 name_bytes, const char *target, u32 target_bytes)
{
	u8 record[NODE_BYTES + KHO_KEPT_NAME_MAX], *to;
	int err;

	if (name_bytes > KHO_KEPT_NAME_MAX)
		return -EINVAL;
	to = put_numbers(record, node, &w->last);
	w->last = *node;
	if (kho_kept_is_link(node->mode)) {
		to = put_number(to, target_bytes);
		err = w->put(w->ctx, record, (size_t)(to - record));
		if (!err)
			err = w->put(w->ctx, target, target_bytes);
		if (err)
			return err;
		to = record;
	}
	to = put_number(to, name_bytes);
	to = put_bytes(to, name, name_bytes);
	return end_record(w, record, to);
}

int kho_kept_put_link(struct kho_kept_writer *w, u64 inode, const char *name,
		      u32 name_bytes)
{
	u8 record[1 + NUMBER_BYTES + SHORT_BYTES + KHO_KEPT_NAME_MAX];
	u8 *to = record;

	if (name_bytes > KHO_KEPT_NAME_MAX)
		return -EINVAL;
	*to++ = KHO_KEPT_RECORD_LINK;
	to = put_signed(to, inode, w->last.inode);
	to = put_number(to, name_bytes);
	to = put_bytes(to, name, name_bytes);
	return end_record(w, record, to);
}

int kho_kept_put_xattr(struct kho_kept_writer *w, const char *name,
		       u32 name_bytes, const void *value, u32 value_bytes)
{
	u8 record[1 + 2 * SHORT_BYTES + KHO_KEPT_NAME_MAX], *to = record;
	int err;

	if (name_bytes > KHO_KEPT_NAME_MAX || value_bytes > KHO_KEPT_VALUE_MAX)
		return -EINVAL;
	*to++ = KHO_KEPT_RECORD_XATTR;
	to = put_number(to, name_bytes);
	to = put_bytes(to, name, name_bytes);
	to = put_number(to, value_bytes);
	err = end_record(w, record, to);
	if (err || !value_bytes)
		return err;
	return w->put(w->ctx, value, value_bytes);
}

static int put_byte(struct kho_kept_writer *w, enum kho_kept_record_type type)
{
	u8 record = (u8)type;

	return end_record(w, &record, &record + 1);
}

int kho_kept_put_up(struct kho_kept_writer *w)
{
	return put_byte(w, KHO_KEPT_RECORD_UP);
}

int kho_kept_put_quota(struct kho_kept_writer *w, u32 type, u32 id, u64 bytes,
		       u64 inodes)
{
	u8 record[1 + 2 * SHORT_BYTES + 2 * NUMBER_BYTES], *to = record;

	*to++ = KHO_KEPT_RECORD_QUOTA;
	to = put_number(to, type);
	to = put_number(to, id);
	to = put_number(to, bytes);
	to = put_number(to, inodes);
	return end_record(w, record, to);
}

int kho_kept_put_end(struct kho_kept_writer *w)
{
	return put_byte(w, KHO_KEPT_RECORD_END);
}
