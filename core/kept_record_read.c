// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
#include "kept_record.h"

#include "kept_mode.h"

/* What a record may come after: kho_kept_reader.state. */
enum state {
	AT_START,
	AFTER_NODE, /* of which there may be an XATTR */
	IN_DIRECTORY,
	BEHIND_TREE,
	AT_END,
};

void kho_kept_reader_init(struct kho_kept_reader *reader, const void *data,
			  u64 bytes)
{
	memset(reader, 0, sizeof(*reader));
	reader->data = data;
	reader->bytes = bytes;
	reader->state = AT_START;
}

bool kho_kept_entry_name_ok(const char *name, u32 bytes)
{
	u32 i;

	if (!bytes || bytes > KHO_KEPT_NAME_MAX)
		return false;
	for (i = 0; i < bytes; i++)
		if (!name[i] || name[i] == '/')
			return false;
	/* "." and ".." */
	return name[0] != '.' || (bytes > 1 && (name[1] != '.' || bytes > 2));
}

/* ---- numbers and strings ---- */

/*
 * One record that is being read. What was found wrong first stays, and what is read after that
 * is 0, so that nobody has to ask before the end.
 * @start: offset of the record
 */
struct cursor {
	const u8 *data;
	u64 at;
	u64 bytes;
	u64 start;
	struct kho_refusal *r;
	int err;
};

static void refuse(struct cursor *c, int err, const char *check, u64 found,
		   u64 wanted)
{
	if (!c->err)
		c->err = kho_refuse(c->r, err, check, c->start, found, wanted);
}

/* LEB128, in as few bytes as there can be. */
static u64 get_long(struct cursor *c)
{
	u64 number = 0, start = c->at;
	unsigned int shift = 0;
	u8 byte;

	if (c->err)
		return 0;
	do {
		if (c->at == c->bytes) {
			refuse(c, -EBADMSG, "record is cut off", c->at, 0);
			return 0;
		}
		byte = c->data[c->at++];
		/* Of the tenth byte one bit is left. */
		if (shift == 63 && byte > 1) {
			refuse(c, -EBADMSG, "number of a record is too large",
			       byte, 1);
			return 0;
		}
		number |= (u64)(byte & 0x7f) << shift;
		shift += 7;
	} while (byte & 0x80);
	if (!byte && c->at - start > 1) {
		refuse(c, -EBADMSG, "number of a record is too long",
		       c->at - start, 1);
		return 0;
	}
	return number;
}

static u32 get_number(struct cursor *c, u32 most, const char *check)
{
	u64 number = get_long(c);

	if (number <= most)
		return (u32)number;
	refuse(c, -ERANGE, check, number, most);
	return 0;
}

static u64 get_signed(struct cursor *c, u64 from)
{
	u64 number = get_long(c);

	return from + (number >> 1 ^ -(number & 1));
}

/* @bytes: set to its length. Return: it, in the records. */
static const char *get_string(struct cursor *c, u32 most, const char *check,
			      u32 *bytes)
{
	const char *string;

	*bytes = get_number(c, most, check);
	if (*bytes > c->bytes - c->at) {
		refuse(c, -EBADMSG, "record is cut off", *bytes,
		       c->bytes - c->at);
		*bytes = 0;
	}
	string = (const char *)c->data + c->at;
	c->at += *bytes;
	return string;
}

static bool has_nul(const char *string, u32 bytes)
{
	u32 i;

	for (i = 0; i < bytes; i++)
		if (!string[i])
			return true;
	return false;
}

static void get_time(struct cursor *c, struct kho_kept_time *time, s64 from)
{
	time->sec = (s64)get_signed(c, (u64)from);
	time->nsec = get_number(c, 999999999, "record nanoseconds");
}

/* ---- records ---- */

static void check_mode(struct cursor *c, u32 mode)
{
	switch ((enum kho_kept_kind)(mode & KHO_KEPT_KIND_MASK)) {
	case KHO_KEPT_KIND_FIFO:
	case KHO_KEPT_KIND_CHAR:
	case KHO_KEPT_KIND_DIRECTORY:
	case KHO_KEPT_KIND_BLOCK:
	case KHO_KEPT_KIND_REGULAR:
	case KHO_KEPT_KIND_LINK:
	case KHO_KEPT_KIND_SOCKET:
		break;
	default:
		refuse(c, -EBADMSG, "record mode", mode, mode);
	}
}

static void get_times(struct cursor *c, u32 flags, struct kho_kept_node *node,
		      const struct kho_kept_node *last)
{
	get_time(c, &node->mtime, last->mtime.sec);
	node->ctime = node->mtime;
	node->atime = node->mtime;
	node->btime = node->mtime;
	if (flags & KHO_KEPT_NODE_CTIME)
		get_time(c, &node->ctime, node->mtime.sec);
	if (flags & KHO_KEPT_NODE_ATIME)
		get_time(c, &node->atime, node->mtime.sec);
	if (flags & KHO_KEPT_NODE_BTIME)
		get_time(c, &node->btime, node->mtime.sec);
}

/* @last: the NODE before */
static void get_numbers(struct cursor *c, struct kho_kept_node *node,
			const struct kho_kept_node *last)
{
	const u32 all = KHO_KEPT_NODE_OWNER | KHO_KEPT_NODE_ATTRIBUTES |
			KHO_KEPT_NODE_PROJECT | KHO_KEPT_NODE_CTIME |
			KHO_KEPT_NODE_ATIME | KHO_KEPT_NODE_BTIME;
	u32 flags = get_number(c, all, "record flags");

	node->mode = get_number(c, KHO_KEPT_KIND_MASK | 07777, "record mode");
	node->uid = last->uid;
	node->gid = last->gid;
	if (flags & KHO_KEPT_NODE_OWNER) {
		node->uid = get_number(c, ~0U, "record owner");
		node->gid = get_number(c, ~0U, "record group");
	}
	if (flags & KHO_KEPT_NODE_ATTRIBUTES)
		node->attributes = get_number(c, ~0U, "record attributes");
	if (flags & KHO_KEPT_NODE_PROJECT)
		node->project = get_number(c, ~0U, "record project");
	node->inode = get_signed(c, last->inode);
	if (!node->inode)
		refuse(c, -EBADMSG, "record inode", 0, 1);
	get_times(c, flags, node, last);
	check_mode(c, node->mode);
	if (kho_kept_is_device(node->mode)) {
		node->major = get_number(c, (1 << 12) - 1, "record device");
		node->minor = get_number(c, (1 << 20) - 1, "record device");
	}
}

static void get_name(struct cursor *c, struct kho_kept_record *record)
{
	record->name = get_string(c, KHO_KEPT_NAME_MAX, "record name length",
				  &record->name_bytes);
}

static void get_entry_name(struct cursor *c, struct kho_kept_record *record)
{
	get_name(c, record);
	if (!kho_kept_entry_name_ok(record->name, record->name_bytes))
		refuse(c, -EBADMSG, "record name", record->name_bytes, 0);
}

static void get_target(struct cursor *c, struct kho_kept_record *record)
{
	record->value = get_string(c, KHO_KEPT_TARGET_MAX,
				   "record target length",
				   &record->value_bytes);
	if (!record->value_bytes || has_nul(record->value, record->value_bytes))
		refuse(c, -EBADMSG, "record target", record->value_bytes, 0);
}

static void get_node(struct cursor *c, const struct kho_kept_reader *reader,
		     struct kho_kept_record *record)
{
	struct kho_kept_node *node = &record->node;

	get_numbers(c, node, &reader->last);
	if (kho_kept_is_link(node->mode))
		get_target(c, record);
	if (reader->depth) {
		get_entry_name(c, record);
	} else {
		get_name(c, record);
		if (record->name_bytes || !kho_kept_is_directory(node->mode))
			refuse(c, -EBADMSG, "first record is no directory",
			       node->mode, KHO_KEPT_KIND_DIRECTORY);
	}
	record->file = reader->nr_files;
	record->depth = reader->depth;
	if (kho_kept_is_directory(node->mode) &&
	    reader->depth == KHO_KEPT_DEPTH_MAX)
		refuse(c, -ERANGE, "record depth", KHO_KEPT_DEPTH_MAX + 1,
		       KHO_KEPT_DEPTH_MAX);
}

static void get_link(struct cursor *c, const struct kho_kept_reader *reader,
		     struct kho_kept_record *record)
{
	record->node.inode = get_signed(c, reader->last.inode);
	get_entry_name(c, record);
	record->depth = reader->depth;
}

static void get_xattr(struct cursor *c, struct kho_kept_record *record)
{
	get_name(c, record);
	if (!record->name_bytes || has_nul(record->name, record->name_bytes))
		refuse(c, -EBADMSG, "record attribute name", record->name_bytes,
		       0);
	record->value = get_string(c, KHO_KEPT_VALUE_MAX,
				   "record attribute length",
				   &record->value_bytes);
}

static void get_quota(struct cursor *c, struct kho_kept_record *record)
{
	record->quota_type = get_number(c, 1, "record quota type");
	record->quota_id = get_number(c, ~0U, "record quota identifier");
	record->quota_bytes = get_long(c);
	record->quota_inodes = get_long(c);
}

static bool may_come(enum kho_kept_record_type type, enum state state)
{
	switch (state) {
	case AT_START:
		return type == KHO_KEPT_RECORD_NODE;
	case AFTER_NODE:
	case IN_DIRECTORY:
		return type == KHO_KEPT_RECORD_NODE ||
		       type == KHO_KEPT_RECORD_LINK ||
		       type == KHO_KEPT_RECORD_UP ||
		       (type == KHO_KEPT_RECORD_XATTR && state == AFTER_NODE);
	case BEHIND_TREE:
		return type == KHO_KEPT_RECORD_QUOTA ||
		       type == KHO_KEPT_RECORD_END;
	case AT_END:
		break;
	}
	return false;
}

static void get_record(struct cursor *c, const struct kho_kept_reader *reader,
		       struct kho_kept_record *record)
{
	u64 type = get_long(c);

	if (c->err)
		return;
	if (type < KHO_KEPT_RECORD_NODE || type > KHO_KEPT_RECORD_END) {
		refuse(c, -EBADMSG, "record type", type, KHO_KEPT_RECORD_END);
		return;
	}
	record->type = (enum kho_kept_record_type)type;
	if (!may_come(record->type, (enum state)reader->state)) {
		refuse(c, -EBADMSG, "order of records", type, type);
		return;
	}
	switch (record->type) {
	case KHO_KEPT_RECORD_NODE:
		get_node(c, reader, record);
		break;
	case KHO_KEPT_RECORD_LINK:
		get_link(c, reader, record);
		break;
	case KHO_KEPT_RECORD_XATTR:
		get_xattr(c, record);
		break;
	case KHO_KEPT_RECORD_QUOTA:
		get_quota(c, record);
		break;
	case KHO_KEPT_RECORD_END:
		if (c->at != c->bytes)
			refuse(c, -EBADMSG, "bytes behind the last record",
			       c->bytes - c->at, 0);
		break;
	case KHO_KEPT_RECORD_UP:
		break;
	}
}

static void advance(struct kho_kept_reader *reader,
		    const struct kho_kept_record *record)
{
	reader->nr_records++;
	switch (record->type) {
	case KHO_KEPT_RECORD_NODE:
		reader->last = record->node;
		reader->nr_files += kho_kept_is_regular(record->node.mode);
		reader->depth += kho_kept_is_directory(record->node.mode);
		reader->state = AFTER_NODE;
		break;
	case KHO_KEPT_RECORD_LINK:
		reader->state = AFTER_NODE;
		break;
	case KHO_KEPT_RECORD_UP:
		reader->state = --reader->depth ? IN_DIRECTORY : BEHIND_TREE;
		break;
	case KHO_KEPT_RECORD_END:
		reader->state = AT_END;
		break;
	case KHO_KEPT_RECORD_XATTR:
	case KHO_KEPT_RECORD_QUOTA:
		break;
	}
}

int kho_kept_next(struct kho_kept_reader *reader,
		  struct kho_kept_record *record, struct kho_refusal *r)
{
	struct cursor c = {
		.data = reader->data,
		.at = reader->at,
		.bytes = reader->bytes,
		.start = reader->at,
		.r = r,
	};

	memset(record, 0, sizeof(*record));
	record->offset = reader->at;
	if (reader->state == AT_END) {
		record->type = KHO_KEPT_RECORD_END;
		return KHO_STEP_END;
	}
	get_record(&c, reader, record);
	if (c.err)
		return c.err;
	reader->at = c.at;
	advance(reader, record);
	return reader->state == AT_END ? KHO_STEP_END : KHO_STEP_NEXT;
}
