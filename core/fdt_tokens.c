// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
#include "fdt_tokens.h"

#include "bits.h"

#define PAGE ((u32)KHO_PAGE_SIZE)

enum fdt_consts {
	FDT_MAGIC = 0xd00dfeed,
	FDT_VERSION = 17,
	/* What version 17 can still be read as; every writer puts it there. */
	FDT_LAST_COMPATIBLE = 16,
	FDT_TOKEN_BYTES = 4,
};

/* Header of a devicetree blob, version 17; all members are big-endian. */
struct fdt_header {
	u32 magic;
	u32 totalsize;
	u32 off_dt_struct;
	u32 off_dt_strings;
	u32 off_mem_rsvmap;
	u32 version;
	u32 last_comp_version;
	u32 boot_cpuid_phys;
	u32 size_dt_strings;
	u32 size_dt_struct;
};

static_assert(sizeof(struct fdt_header) == 40, "layout of version 17");

/* One entry of the memory reservation map; the map ends with an entry of zeros. */
struct fdt_reserve_entry {
	u64 address;
	u64 size;
};

static u32 be32(u32 x)
{
	return __builtin_bswap32(x);
}

bool kho_fdt_same_string(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}

u32 kho_fdt_string_length(const char *s, u32 room)
{
	u32 len = 0;

	while (len < room && s[len])
		len++;
	return len;
}

bool kho_fdt_node_name_ok(const char *name, u32 len, u32 max)
{
	u32 i;

	if (!len || len > max)
		return false;
	for (i = 0; i < len; i++)
		if (name[i] == '/')
			return false;
	return true;
}

/* ---- writer ---- */

/* Appends @len bytes and fills up to the next token with zeros. */
static void put_bytes(struct kho_fdt_out *out, const void *bytes, u32 len)
{
	u32 padded = (u32)kho_align_up(len, FDT_TOKEN_BYTES);

	if (out->full || padded > PAGE - out->strings_bytes - out->pos) {
		out->full = true;
		return;
	}
	memcpy(out->page + out->pos, bytes, len);
	out->pos += padded;
}

static void put_token(struct kho_fdt_out *out, u32 token)
{
	token = be32(token);
	put_bytes(out, &token, sizeof(token));
}

/* The memory reservation map is the zeros between the header and this. */
static u32 struct_start(void)
{
	return sizeof(struct fdt_header) + sizeof(struct fdt_reserve_entry);
}

void kho_fdt_out_begin(struct kho_fdt_out *out, void *page, const char *strings,
		       u32 strings_bytes)
{
	memset(page, 0, PAGE);
	out->page = page;
	out->strings = strings;
	out->strings_bytes = strings_bytes;
	out->pos = struct_start();
	out->full = false;
}

void kho_fdt_out_node(struct kho_fdt_out *out, const char *name)
{
	put_token(out, KHO_FDT_BEGIN_NODE);
	put_bytes(out, name, kho_fdt_string_length(name, PAGE) + 1);
}

void kho_fdt_out_property(struct kho_fdt_out *out, u32 string,
			  const void *value, u32 len)
{
	put_token(out, KHO_FDT_PROP);
	put_token(out, len);
	put_token(out, string);
	put_bytes(out, value, len);
}

void kho_fdt_out_node_end(struct kho_fdt_out *out)
{
	put_token(out, KHO_FDT_END_NODE);
}

int kho_fdt_out_end(struct kho_fdt_out *out)
{
	struct fdt_header h = {
		.magic = be32(FDT_MAGIC),
		.off_dt_struct = be32(struct_start()),
		.off_mem_rsvmap = be32(sizeof(struct fdt_header)),
		.version = be32(FDT_VERSION),
		.last_comp_version = be32(FDT_LAST_COMPATIBLE),
		.size_dt_strings = be32(out->strings_bytes),
	};

	put_token(out, KHO_FDT_END);
	if (out->full)
		return -ENOSPC;
	h.off_dt_strings = be32(out->pos);
	h.size_dt_struct = be32(out->pos - struct_start());
	h.totalsize = be32(out->pos + out->strings_bytes);
	memcpy(out->page + out->pos, out->strings, out->strings_bytes);
	memcpy(out->page, &h, sizeof(h));
	return 0;
}

/* ---- reader: header ---- */

int kho_fdt_fault(struct kho_fdt_fault *f, const char *check, u32 offset,
		  u64 found, u64 wanted)
{
	f->err = -EBADMSG;
	f->check = check;
	f->offset = offset;
	f->found = found;
	f->wanted = wanted;
	return f->err;
}

static u32 read_be32(const u8 *page, u32 pos)
{
	u32 x;

	memcpy(&x, page + pos, sizeof(x));
	return be32(x);
}

static u64 read_u64(const void *p)
{
	u64 x;

	memcpy(&x, p, sizeof(x));
	return x;
}

#define HEADER_FIELD(page, field) \
	read_be32(page, offsetof(struct fdt_header, field))

static int check_identity(const u8 *page, struct kho_fdt_fault *f)
{
	u32 magic = HEADER_FIELD(page, magic);
	u32 totalsize = HEADER_FIELD(page, totalsize);
	u32 version = HEADER_FIELD(page, version);
	u32 last = HEADER_FIELD(page, last_comp_version);

	if (magic != FDT_MAGIC)
		return kho_fdt_fault(f, "FDT magic number",
				     offsetof(struct fdt_header, magic), magic,
				     FDT_MAGIC);
	if (version < FDT_VERSION)
		return kho_fdt_fault(f, "FDT version",
				     offsetof(struct fdt_header, version),
				     version, FDT_VERSION);
	if (last > FDT_VERSION)
		return kho_fdt_fault(f, "FDT last compatible version",
				     offsetof(struct fdt_header,
					      last_comp_version),
				     last, FDT_LAST_COMPATIBLE);
	if (totalsize < sizeof(struct fdt_header) || totalsize > PAGE)
		return kho_fdt_fault(f, "FDT total size",
				     offsetof(struct fdt_header, totalsize),
				     totalsize, PAGE);
	return 0;
}

/* The map is not used; that it ends inside the blob is all there is to know. */
static int check_reserve_map(const u8 *page, struct kho_fdt_fault *f)
{
	u32 totalsize = HEADER_FIELD(page, totalsize);
	u32 pos = HEADER_FIELD(page, off_mem_rsvmap);
	const u32 at = offsetof(struct fdt_header, off_mem_rsvmap);
	struct fdt_reserve_entry entry;

	if (pos % sizeof(u64) || pos < sizeof(struct fdt_header))
		return kho_fdt_fault(f,
				     "FDT offset of the memory reservation map",
				     at, pos, sizeof(struct fdt_header));
	while (pos <= totalsize && totalsize - pos >= sizeof(entry)) {
		memcpy(&entry, page + pos, sizeof(entry));
		if (!entry.address && !entry.size)
			return 0;
		pos += sizeof(entry);
	}
	return kho_fdt_fault(f, "FDT memory reservation map has no end", at,
			     pos, totalsize);
}

static bool block_inside(u32 pos, u32 size, u32 totalsize)
{
	return pos >= sizeof(struct fdt_header) && pos <= totalsize &&
	       size <= totalsize - pos;
}

static int find_blocks(const u8 *page, struct kho_fdt_tokens *b,
		       struct kho_fdt_fault *f)
{
	u32 totalsize = HEADER_FIELD(page, totalsize);
	u32 struct_size = HEADER_FIELD(page, size_dt_struct);
	u32 strings_size = HEADER_FIELD(page, size_dt_strings);

	b->page = page;
	b->struct_pos = HEADER_FIELD(page, off_dt_struct);
	b->strings_pos = HEADER_FIELD(page, off_dt_strings);
	if (b->struct_pos % FDT_TOKEN_BYTES ||
	    !block_inside(b->struct_pos, struct_size, totalsize))
		return kho_fdt_fault(f, "FDT bounds of the structure block",
				     offsetof(struct fdt_header, off_dt_struct),
				     b->struct_pos, totalsize);
	if (!block_inside(b->strings_pos, strings_size, totalsize))
		return kho_fdt_fault(f, "FDT bounds of the strings block",
				     offsetof(struct fdt_header,
					      off_dt_strings),
				     b->strings_pos, totalsize);
	b->struct_end = b->struct_pos + struct_size;
	b->strings_end = b->strings_pos + strings_size;
	return 0;
}

int kho_fdt_tokens_begin(struct kho_fdt_tokens *t, const void *page,
			 struct kho_fdt_fault *f)
{
	int err;

	memset(t, 0, sizeof(*t));
	err = check_identity(page, f);
	if (!err)
		err = check_reserve_map(page, f);
	if (!err)
		err = find_blocks(page, t, f);
	t->pos = t->struct_pos;
	return err;
}

/* ---- reader: tokens ---- */

static int read_node_name(const struct kho_fdt_tokens *b,
			  struct kho_fdt_item *item, struct kho_fdt_fault *f)
{
	u32 room = b->struct_end - item->end;

	item->name = (const char *)b->page + item->end;
	item->name_len = kho_fdt_string_length(item->name, room);
	if (item->name_len == room)
		return kho_fdt_fault(f, "FDT node name has no end", item->pos,
				     room, room);
	item->end += item->name_len + 1;
	return 0;
}

static int read_property(const struct kho_fdt_tokens *b,
			 struct kho_fdt_item *item, struct kho_fdt_fault *f)
{
	u32 string, room;

	if (b->struct_end - item->end < 2 * FDT_TOKEN_BYTES)
		return kho_fdt_fault(f, "FDT property is cut off", item->pos,
				     item->end, b->struct_end);
	item->len = read_be32(b->page, item->end);
	string = read_be32(b->page, item->end + FDT_TOKEN_BYTES);
	item->end += 2 * FDT_TOKEN_BYTES;
	if (item->len > b->struct_end - item->end)
		return kho_fdt_fault(f, "FDT property length", item->pos,
				     item->len, b->struct_end - item->end);
	item->value = b->page + item->end;
	item->end += item->len;

	room = b->strings_end - b->strings_pos;
	if (string >= room)
		return kho_fdt_fault(f, "FDT property name offset", item->pos,
				     string, room);
	item->name = (const char *)b->page + b->strings_pos + string;
	item->name_len = kho_fdt_string_length(item->name, room - string);
	if (item->name_len == room - string)
		return kho_fdt_fault(f, "FDT property name has no end",
				     item->pos, string, room);
	return 0;
}

static int read_item(const struct kho_fdt_tokens *b, u32 pos,
		     struct kho_fdt_item *item, struct kho_fdt_fault *f)
{
	int err = 0;

	if (pos > b->struct_end || b->struct_end - pos < FDT_TOKEN_BYTES)
		return kho_fdt_fault(f, "FDT structure has no end", pos, pos,
				     b->struct_end);
	item->pos = pos;
	item->end = pos + FDT_TOKEN_BYTES;
	item->token = (enum kho_fdt_token)read_be32(b->page, pos);
	switch (item->token) {
	case KHO_FDT_BEGIN_NODE:
		err = read_node_name(b, item, f);
		break;
	case KHO_FDT_PROP:
		err = read_property(b, item, f);
		break;
	case KHO_FDT_END_NODE:
	case KHO_FDT_NOP:
	case KHO_FDT_END:
		break;
	default:
		err = kho_fdt_fault(f, "FDT token", pos, (u32)item->token,
				    KHO_FDT_END);
	}
	item->end = (u32)kho_align_up(item->end, FDT_TOKEN_BYTES);
	return err;
}

/* ---- reader: structure ---- */

static int enter_node(struct kho_fdt_tokens *t, const struct kho_fdt_item *item,
		      struct kho_fdt_fault *f)
{
	if (t->root_ended)
		return kho_fdt_fault(f, "FDT second root node", item->pos, 0,
				     0);
	if (!t->depth && item->name_len)
		return kho_fdt_fault(f, "FDT name of the root node", item->pos,
				     item->name_len, 0);
	t->depth++;
	t->child_ended = false;
	return 0;
}

static int leave_node(struct kho_fdt_tokens *t, const struct kho_fdt_item *item,
		      struct kho_fdt_fault *f)
{
	if (!t->depth)
		return kho_fdt_fault(f, "FDT node ends twice", item->pos, 0, 0);
	t->depth--;
	t->child_ended = true;
	t->root_ended = !t->depth;
	return 0;
}

static int check_property(const struct kho_fdt_tokens *t,
			  const struct kho_fdt_item *item,
			  struct kho_fdt_fault *f)
{
	if (!t->depth)
		return kho_fdt_fault(f, "FDT property outside of a node",
				     item->pos, 0, 0);
	if (t->child_ended)
		return kho_fdt_fault(f, "FDT property after a child node",
				     item->pos, 0, 0);
	return 0;
}

int kho_fdt_tokens_next(struct kho_fdt_tokens *t, struct kho_fdt_item *item,
			struct kho_fdt_fault *f)
{
	int err = read_item(t, t->pos, item, f);

	if (err)
		return err;
	t->pos = item->end;
	switch (item->token) {
	case KHO_FDT_BEGIN_NODE:
		err = enter_node(t, item, f);
		break;
	case KHO_FDT_PROP:
		err = check_property(t, item, f);
		break;
	case KHO_FDT_END_NODE:
		err = leave_node(t, item, f);
		break;
	case KHO_FDT_END:
		if (!t->root_ended)
			err = kho_fdt_fault(f, "FDT ends inside a node",
					    item->pos, t->depth, 0);
		break;
	case KHO_FDT_NOP:
		break;
	}
	return err ? err : (int)item->token;
}

int kho_fdt_take_u64(const struct kho_fdt_item *item, const char *size_check,
		     const char *twice_check, bool *seen, u64 *out,
		     struct kho_fdt_fault *f)
{
	if (item->len != sizeof(u64))
		return kho_fdt_fault(f, size_check, item->pos, item->len,
				     sizeof(u64));
	if (*seen)
		return kho_fdt_fault(f, twice_check, item->pos, 0, 0);
	*seen = true;
	*out = read_u64(item->value);
	return 0;
}

bool kho_fdt_lists_string(const struct kho_fdt_item *item, const char *wanted)
{
	const char *value = (const char *)item->value;
	u32 pos = 0;

	while (pos < item->len) {
		u32 n = kho_fdt_string_length(value + pos, item->len - pos);

		if (n == item->len - pos)
			return false;
		if (kho_fdt_same_string(value + pos, wanted))
			return true;
		pos += n + 1;
	}
	return false;
}
