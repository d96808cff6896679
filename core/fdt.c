// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
#include "fdt.h"

#include "bits.h"

#define PAGE ((u32)KHO_PAGE_SIZE)

enum fdt_consts {
	FDT_MAGIC = 0xd00dfeed,
	FDT_VERSION = 17,
	/* What version 17 can still be read as; every writer puts it there. */
	FDT_LAST_COMPATIBLE = 16,
	FDT_TOKEN_BYTES = 4,
};

enum fdt_token {
	FDT_BEGIN_NODE = 1,
	FDT_END_NODE = 2,
	FDT_PROP = 3,
	FDT_NOP = 4,
	FDT_END = 9,
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

/* strcmp() in both worlds, without the library. */
static bool same_string(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}

/* Length of the string, or @room if it has no NUL in so many bytes. */
static u32 string_length(const char *s, u32 room)
{
	u32 len = 0;

	while (len < room && s[len])
		len++;
	return len;
}

static bool name_fits_subtree(const char *name, u32 len)
{
	u32 i;

	if (!len || len > KHO_FDT_NAME_MAX)
		return false;
	for (i = 0; i < len; i++)
		if (name[i] == '/')
			return false;
	return true;
}

/* ---- writer ---- */

/* The strings block, and where each name lies in it. */
static const char strings[] = "compatible\0" KHO_FDT_MEMORY_MAP_PROP_NAME
			      "\0" KHO_SUB_TREE_PROP_NAME
			      "\0" KHO_SUB_TREE_SIZE_PROP_NAME;

enum fdt_string {
	STRING_COMPATIBLE = 0,
	STRING_MEMORY_MAP = STRING_COMPATIBLE + sizeof("compatible"),
	STRING_DATA = STRING_MEMORY_MAP + sizeof(KHO_FDT_MEMORY_MAP_PROP_NAME),
	STRING_SIZE = STRING_DATA + sizeof(KHO_SUB_TREE_PROP_NAME),
};

struct fdt_out {
	u8 *page;
	u32 pos;
	bool full;
};

/* Appends @len bytes and fills up to the next token with zeros. */
static void put_bytes(struct fdt_out *out, const void *bytes, u32 len)
{
	u32 padded = (u32)kho_align_up(len, FDT_TOKEN_BYTES);

	if (out->full || padded > PAGE - sizeof(strings) - out->pos) {
		out->full = true;
		return;
	}
	memcpy(out->page + out->pos, bytes, len);
	out->pos += padded;
}

static void put_token(struct fdt_out *out, u32 token)
{
	token = be32(token);
	put_bytes(out, &token, sizeof(token));
}

static void put_begin(struct fdt_out *out, const char *name, u32 len)
{
	put_token(out, FDT_BEGIN_NODE);
	put_bytes(out, name, len + 1);
}

static void put_property(struct fdt_out *out, u32 string, const void *value,
			 u32 len)
{
	put_token(out, FDT_PROP);
	put_token(out, len);
	put_token(out, string);
	put_bytes(out, value, len);
}

static void put_subtree(struct fdt_out *out, const struct kho_fdt_subtree *s)
{
	put_begin(out, s->name, string_length(s->name, KHO_FDT_NAME_MAX));
	put_property(out, STRING_DATA, &s->phys, sizeof(s->phys));
	put_property(out, STRING_SIZE, &s->bytes, sizeof(s->bytes));
	put_token(out, FDT_END_NODE);
}

static void put_header(void *page, u32 struct_start, u32 struct_end)
{
	struct fdt_header h = {
		.magic = be32(FDT_MAGIC),
		.totalsize = be32(struct_end + sizeof(strings)),
		.off_dt_struct = be32(struct_start),
		.off_dt_strings = be32(struct_end),
		.off_mem_rsvmap = be32(sizeof(struct fdt_header)),
		.version = be32(FDT_VERSION),
		.last_comp_version = be32(FDT_LAST_COMPATIBLE),
		.size_dt_strings = be32(sizeof(strings)),
		.size_dt_struct = be32(struct_end - struct_start),
	};

	memcpy(page, &h, sizeof(h));
}

static int check_subtrees_to_write(const struct kho_fdt_subtree *subtree,
				   u32 nr)
{
	u32 i, k;

	for (i = 0; i < nr; i++) {
		const char *name = subtree[i].name;

		if (!name_fits_subtree(
			    name, string_length(name, KHO_FDT_NAME_MAX + 1)))
			return -EINVAL;
		for (k = 0; k < i; k++)
			if (same_string(name, subtree[k].name))
				return -EEXIST;
	}
	return 0;
}

int kho_fdt_write(void *page, u64 tree_phys,
		  const struct kho_fdt_subtree *subtree, u32 nr)
{
	/* The memory reservation map is the zeros between the header and this. */
	const u32 start =
		sizeof(struct fdt_header) + sizeof(struct fdt_reserve_entry);
	struct fdt_out out = { .page = page, .pos = start };
	int err;
	u32 i;

	err = check_subtrees_to_write(subtree, nr);
	if (err)
		return err;
	memset(page, 0, PAGE);
	put_begin(&out, "", 0);
	put_property(&out, STRING_COMPATIBLE, KHO_FDT_COMPATIBLE,
		     sizeof(KHO_FDT_COMPATIBLE));
	put_property(&out, STRING_MEMORY_MAP, &tree_phys, sizeof(tree_phys));
	for (i = 0; i < nr; i++)
		put_subtree(&out, &subtree[i]);
	put_token(&out, FDT_END_NODE);
	put_token(&out, FDT_END);
	if (out.full)
		return -ENOSPC;
	memcpy(out.page + out.pos, strings, sizeof(strings));
	put_header(page, start, out.pos);
	return 0;
}

/* ---- reader: header ---- */

/* Where the blocks of an FDT lie in its page: half-open, inside totalsize. */
struct fdt_blocks {
	const u8 *page;
	u32 struct_pos;
	u32 struct_end;
	u32 strings_pos;
	u32 strings_end;
};

/* A failed check, before it is known where the page is. */
struct fdt_fault {
	int err;
	const char *check;
	u32 offset;
	u64 found;
	u64 wanted;
};

static int fault(struct fdt_fault *f, const char *check, u32 offset, u64 found,
		 u64 wanted)
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

static int check_identity(const u8 *page, struct fdt_fault *f)
{
	u32 magic = HEADER_FIELD(page, magic);
	u32 totalsize = HEADER_FIELD(page, totalsize);
	u32 version = HEADER_FIELD(page, version);
	u32 last = HEADER_FIELD(page, last_comp_version);

	if (magic != FDT_MAGIC)
		return fault(f, "FDT magic number",
			     offsetof(struct fdt_header, magic), magic,
			     FDT_MAGIC);
	if (version < FDT_VERSION)
		return fault(f, "FDT version",
			     offsetof(struct fdt_header, version), version,
			     FDT_VERSION);
	if (last > FDT_VERSION)
		return fault(f, "FDT last compatible version",
			     offsetof(struct fdt_header, last_comp_version),
			     last, FDT_LAST_COMPATIBLE);
	if (totalsize < sizeof(struct fdt_header) || totalsize > PAGE)
		return fault(f, "FDT total size",
			     offsetof(struct fdt_header, totalsize), totalsize,
			     PAGE);
	return 0;
}

/* The map is not used; that it ends inside the blob is all there is to know. */
static int check_reserve_map(const u8 *page, struct fdt_fault *f)
{
	u32 totalsize = HEADER_FIELD(page, totalsize);
	u32 pos = HEADER_FIELD(page, off_mem_rsvmap);

	if (pos % sizeof(u64) || pos < sizeof(struct fdt_header))
		return fault(f, "FDT offset of the memory reservation map",
			     offsetof(struct fdt_header, off_mem_rsvmap), pos,
			     sizeof(struct fdt_header));
	for (; pos <= totalsize &&
	       totalsize - pos >= sizeof(struct fdt_reserve_entry);
	     pos += sizeof(struct fdt_reserve_entry))
		if (!read_u64(page + pos) &&
		    !read_u64(page + pos + sizeof(u64)))
			return 0;
	return fault(f, "FDT memory reservation map has no end",
		     offsetof(struct fdt_header, off_mem_rsvmap), pos,
		     totalsize);
}

static bool block_inside(u32 pos, u32 size, u32 totalsize)
{
	return pos >= sizeof(struct fdt_header) && pos <= totalsize &&
	       size <= totalsize - pos;
}

static int find_blocks(const u8 *page, struct fdt_blocks *b,
		       struct fdt_fault *f)
{
	u32 totalsize = HEADER_FIELD(page, totalsize);
	u32 struct_size = HEADER_FIELD(page, size_dt_struct);
	u32 strings_size = HEADER_FIELD(page, size_dt_strings);

	b->page = page;
	b->struct_pos = HEADER_FIELD(page, off_dt_struct);
	b->strings_pos = HEADER_FIELD(page, off_dt_strings);
	if (b->struct_pos % FDT_TOKEN_BYTES ||
	    !block_inside(b->struct_pos, struct_size, totalsize))
		return fault(f, "FDT bounds of the structure block",
			     offsetof(struct fdt_header, off_dt_struct),
			     b->struct_pos, totalsize);
	if (!block_inside(b->strings_pos, strings_size, totalsize))
		return fault(f, "FDT bounds of the strings block",
			     offsetof(struct fdt_header, off_dt_strings),
			     b->strings_pos, totalsize);
	b->struct_end = b->struct_pos + struct_size;
	b->strings_end = b->strings_pos + strings_size;
	return 0;
}

static int open_blocks(const u8 *page, struct fdt_blocks *b,
		       struct fdt_fault *f)
{
	int err = check_identity(page, f);

	if (!err)
		err = check_reserve_map(page, f);
	if (!err)
		err = find_blocks(page, b, f);
	return err;
}

/* ---- reader: tokens ---- */

/*
 * One token. @name is a node's or a property's name, NUL-terminated inside its block; @value and
 * @len are a property's. The next token is at @end.
 */
struct fdt_item {
	enum fdt_token token;
	u32 pos;
	u32 end;
	const char *name;
	u32 name_len;
	const u8 *value;
	u32 len;
};

static int read_node_name(const struct fdt_blocks *b, struct fdt_item *item,
			  struct fdt_fault *f)
{
	u32 room = b->struct_end - item->end;

	item->name = (const char *)b->page + item->end;
	item->name_len = string_length(item->name, room);
	if (item->name_len == room)
		return fault(f, "FDT node name has no end", item->pos, room,
			     room);
	item->end += item->name_len + 1;
	return 0;
}

static int read_property(const struct fdt_blocks *b, struct fdt_item *item,
			 struct fdt_fault *f)
{
	u32 string, room;

	if (b->struct_end - item->end < 2 * FDT_TOKEN_BYTES)
		return fault(f, "FDT property is cut off", item->pos, item->end,
			     b->struct_end);
	item->len = read_be32(b->page, item->end);
	string = read_be32(b->page, item->end + FDT_TOKEN_BYTES);
	item->end += 2 * FDT_TOKEN_BYTES;
	if (item->len > b->struct_end - item->end)
		return fault(f, "FDT property length", item->pos, item->len,
			     b->struct_end - item->end);
	item->value = b->page + item->end;
	item->end += item->len;

	room = b->strings_end - b->strings_pos;
	if (string >= room)
		return fault(f, "FDT property name offset", item->pos, string,
			     room);
	item->name = (const char *)b->page + b->strings_pos + string;
	item->name_len = string_length(item->name, room - string);
	if (item->name_len == room - string)
		return fault(f, "FDT property name has no end", item->pos,
			     string, room);
	return 0;
}

static int read_item(const struct fdt_blocks *b, u32 pos, struct fdt_item *item,
		     struct fdt_fault *f)
{
	int err = 0;

	if (pos > b->struct_end || b->struct_end - pos < FDT_TOKEN_BYTES)
		return fault(f, "FDT structure has no end", pos, pos,
			     b->struct_end);
	item->pos = pos;
	item->end = pos + FDT_TOKEN_BYTES;
	item->token = (enum fdt_token)read_be32(b->page, pos);
	switch (item->token) {
	case FDT_BEGIN_NODE:
		err = read_node_name(b, item, f);
		break;
	case FDT_PROP:
		err = read_property(b, item, f);
		break;
	case FDT_END_NODE:
	case FDT_NOP:
	case FDT_END:
		break;
	default:
		err = fault(f, "FDT token", pos, (u32)item->token, FDT_END);
	}
	item->end = (u32)kho_align_up(item->end, FDT_TOKEN_BYTES);
	return err;
}

/* ---- reader: structure ---- */

/*
 * A walk over all tokens that keeps what is known of the root and of the child it is in.
 * @depth: 1 in the root, 2 in its children
 * @child_ended: the node at this depth has had a child, so that no property may follow
 * @root_ended: only FDT_END may follow
 */
struct fdt_walk {
	struct fdt_blocks blocks;
	u32 pos;
	u32 depth;
	bool child_ended;
	bool root_ended;
	bool compatible_seen;
	bool compatible_ok;
	bool tree_seen;
	u64 tree_phys;
	bool data_seen;
	bool size_seen;
	struct kho_fdt_subtree subtree;
	u32 subtree_name_len;
};

enum walk_progress {
	WALK_GOES_ON = 0,
	WALK_CHILD_ENDED = 1,
	WALK_FDT_ENDED = 2,
};

static bool lists_compatible(const u8 *value, u32 len)
{
	u32 pos = 0;

	while (pos < len) {
		u32 n = string_length((const char *)value + pos, len - pos);

		if (n == len - pos)
			return false;
		if (same_string((const char *)value + pos, KHO_FDT_COMPATIBLE))
			return true;
		pos += n + 1;
	}
	return false;
}

/* A property of 8 bytes that a node may have once. */
static int take_u64(const struct fdt_item *item, const char *size_check,
		    const char *twice_check, bool *seen, u64 *out,
		    struct fdt_fault *f)
{
	if (item->len != sizeof(u64))
		return fault(f, size_check, item->pos, item->len, sizeof(u64));
	if (*seen)
		return fault(f, twice_check, item->pos, 0, 0);
	*seen = true;
	*out = read_u64(item->value);
	return 0;
}

static int take_root_property(struct fdt_walk *w, const struct fdt_item *item,
			      struct fdt_fault *f)
{
	if (same_string(item->name, "compatible")) {
		if (w->compatible_seen)
			return fault(f, "FDT compatible twice", item->pos, 0,
				     0);
		w->compatible_seen = true;
		w->compatible_ok = lists_compatible(item->value, item->len);
	}
	if (same_string(item->name, KHO_FDT_MEMORY_MAP_PROP_NAME))
		return take_u64(item, "FDT size of preserved-memory-map",
				"FDT preserved-memory-map twice", &w->tree_seen,
				&w->tree_phys, f);
	return 0;
}

static int take_subtree_property(struct fdt_walk *w,
				 const struct fdt_item *item,
				 struct fdt_fault *f)
{
	if (same_string(item->name, KHO_SUB_TREE_PROP_NAME))
		return take_u64(item, "FDT size of preserved-data",
				"FDT preserved-data twice", &w->data_seen,
				&w->subtree.phys, f);
	if (same_string(item->name, KHO_SUB_TREE_SIZE_PROP_NAME))
		return take_u64(item, "FDT size of blob-size",
				"FDT blob-size twice", &w->size_seen,
				&w->subtree.bytes, f);
	return 0;
}

static int take_property(struct fdt_walk *w, const struct fdt_item *item,
			 struct fdt_fault *f)
{
	if (!w->depth)
		return fault(f, "FDT property outside of a node", item->pos, 0,
			     0);
	if (w->child_ended)
		return fault(f, "FDT property after a child node", item->pos, 0,
			     0);
	if (w->depth == 1)
		return take_root_property(w, item, f);
	if (w->depth == 2)
		return take_subtree_property(w, item, f);
	return 0;
}

static int enter_node(struct fdt_walk *w, const struct fdt_item *item,
		      struct fdt_fault *f)
{
	if (w->root_ended)
		return fault(f, "FDT second root node", item->pos, 0, 0);
	if (!w->depth && item->name_len)
		return fault(f, "FDT name of the root node", item->pos,
			     item->name_len, 0);
	w->depth++;
	w->child_ended = false;
	if (w->depth == 2) {
		w->data_seen = false;
		w->size_seen = false;
		w->subtree.name = item->name;
		w->subtree_name_len = item->name_len;
	}
	return 0;
}

static int leave_node(struct fdt_walk *w, const struct fdt_item *item,
		      struct fdt_fault *f)
{
	if (!w->depth)
		return fault(f, "FDT node ends twice", item->pos, 0, 0);
	w->depth--;
	w->child_ended = true;
	w->root_ended = !w->depth;
	return 0;
}

/* Takes one token. Return: enum walk_progress or a negative errno. */
static int walk_step(struct fdt_walk *w, struct fdt_fault *f)
{
	struct fdt_item item;
	int err = read_item(&w->blocks, w->pos, &item, f);

	if (err)
		return err;
	w->pos = item.end;
	switch (item.token) {
	case FDT_BEGIN_NODE:
		return enter_node(w, &item, f);
	case FDT_PROP:
		return take_property(w, &item, f);
	case FDT_END_NODE:
		err = leave_node(w, &item, f);
		if (err)
			return err;
		return w->depth == 1 ? WALK_CHILD_ENDED : WALK_GOES_ON;
	case FDT_END:
		if (!w->root_ended)
			return fault(f, "FDT ends inside a node", item.pos,
				     w->depth, 0);
		return WALK_FDT_ENDED;
	case FDT_NOP:
		break;
	}
	return WALK_GOES_ON;
}

static int walk_begin(struct fdt_walk *w, const void *page, struct fdt_fault *f)
{
	int err;

	memset(w, 0, sizeof(*w));
	err = open_blocks(page, &w->blocks, f);
	w->pos = w->blocks.struct_pos;
	return err;
}

/*
 * Goes on to the end of the next child of the root that has both properties; it then is
 * @w->subtree.
 *
 * Return: 1 found, 0 there is none any more, negative errno.
 */
static int next_subtree(struct fdt_walk *w, struct fdt_fault *f)
{
	for (;;) {
		int step = walk_step(w, f);

		if (step < 0)
			return step;
		if (step == WALK_FDT_ENDED)
			return 0;
		if (step == WALK_CHILD_ENDED && w->data_seen && w->size_seen)
			return 1;
	}
}

static int check_root(const struct fdt_walk *w, struct fdt_fault *f)
{
	if (!w->compatible_ok) {
		fault(f, "FDT compatible does not name " KHO_FDT_COMPATIBLE,
		      w->blocks.struct_pos, 0, 0);
		f->err = -EPROTONOSUPPORT;
	} else if (!w->tree_seen) {
		fault(f, "FDT without preserved-memory-map",
		      w->blocks.struct_pos, 0, 0);
		f->err = -ENOENT;
	} else if (!w->tree_phys) {
		fault(f, "FDT preserved-memory-map is 0", w->blocks.struct_pos,
		      0, 0);
	} else {
		return 0;
	}
	return f->err;
}

/* No subtree that follows @w's may have the name of @w's. Works on a copy: @w stays. */
static int check_unique(const struct fdt_walk *w, struct fdt_fault *f)
{
	struct fdt_walk rest = *w;
	int more;

	while ((more = next_subtree(&rest, f)) > 0)
		if (same_string(rest.subtree.name, w->subtree.name)) {
			fault(f, "FDT subtree name twice", rest.pos, 0, 0);
			f->err = -EEXIST;
			return f->err;
		}
	return more;
}

static int check_structure(struct fdt_walk *w, u32 *nr_subtrees,
			   struct fdt_fault *f)
{
	int more;

	*nr_subtrees = 0;
	while ((more = next_subtree(w, f)) > 0) {
		if (!name_fits_subtree(w->subtree.name, w->subtree_name_len))
			return fault(f, "FDT subtree name", w->pos,
				     w->subtree_name_len, KHO_FDT_NAME_MAX);
		more = check_unique(w, f);
		if (more)
			return more;
		++*nr_subtrees;
	}
	return more ? more : check_root(w, f);
}

int kho_fdt_check(struct kho_fdt *fdt, const void *page, u64 page_phys,
		  struct kho_refusal *r)
{
	struct fdt_walk walk;
	struct fdt_fault f;
	int err;

	err = walk_begin(&walk, page, &f);
	if (!err)
		err = check_structure(&walk, &fdt->nr_subtrees, &f);
	if (err)
		return kho_refuse(r, f.err, f.check, page_phys + f.offset,
				  f.found, f.wanted);
	fdt->page = page;
	fdt->tree_phys = walk.tree_phys;
	return 0;
}

int kho_fdt_subtree_at(const struct kho_fdt *fdt, u32 index,
		       struct kho_fdt_subtree *out)
{
	struct fdt_walk walk;
	struct fdt_fault f;

	if (walk_begin(&walk, fdt->page, &f))
		return -ENOENT;
	while (next_subtree(&walk, &f) > 0)
		if (!index--) {
			*out = walk.subtree;
			return 0;
		}
	return -ENOENT;
}

int kho_fdt_subtree_find(const struct kho_fdt *fdt, const char *name,
			 struct kho_fdt_subtree *out)
{
	struct fdt_walk walk;
	struct fdt_fault f;

	if (walk_begin(&walk, fdt->page, &f))
		return -ENOENT;
	while (next_subtree(&walk, &f) > 0)
		if (same_string(walk.subtree.name, name)) {
			*out = walk.subtree;
			return 0;
		}
	return -ENOENT;
}
