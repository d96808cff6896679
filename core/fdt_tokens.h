/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Devicetree blobs of one page, token by token: what the root FDT (fdt.h) and the FDT of reserved
 * regions (reserve_fdt.h) have in common. For the use of core/ alone.
 *
 * Nothing that is read is trusted: every offset and length is checked before it is used.
 */
#ifndef KHO_CORE_FDT_TOKENS_H
#define KHO_CORE_FDT_TOKENS_H

#include "refusal.h"

/* ---- writer ---- */

/**
 * struct kho_fdt_out - a blob being written
 * @page: where to
 * @strings: names of all properties, each with its NUL
 * @strings_bytes: size of @strings
 * @pos: where the next token goes
 * @full: something did not fit
 */
struct kho_fdt_out {
	u8 *page;
	const char *strings;
	u32 strings_bytes;
	u32 pos;
	bool full;
};

/**
 * kho_fdt_out_begin() - start to write a blob
 * @out: filled
 * @page: KHO_PAGE_SIZE bytes, 8-byte aligned; set to zero
 * @strings: names of properties, which must stay
 * @strings_bytes: size of @strings
 */
void kho_fdt_out_begin(struct kho_fdt_out *out, void *page, const char *strings,
		       u32 strings_bytes);

/* A node starts; the name of the root is empty. */
void kho_fdt_out_node(struct kho_fdt_out *out, const char *name);

/**
 * kho_fdt_out_property() - a property of the node that started last
 * @out: blob
 * @string: where its name lies in the strings
 * @value: bytes
 * @len: how many
 */
void kho_fdt_out_property(struct kho_fdt_out *out, u32 string,
			  const void *value, u32 len);

/* The node that started last ends. */
void kho_fdt_out_node_end(struct kho_fdt_out *out);

/**
 * kho_fdt_out_end() - finish the blob
 * @out: blob; every node has ended
 *
 * Return: 0, or -ENOSPC: it does not fit, the page is undefined.
 */
int kho_fdt_out_end(struct kho_fdt_out *out);

/* ---- reader ---- */

enum kho_fdt_token {
	KHO_FDT_BEGIN_NODE = 1,
	KHO_FDT_END_NODE = 2,
	KHO_FDT_PROP = 3,
	KHO_FDT_NOP = 4,
	KHO_FDT_END = 9,
};

/**
 * struct kho_fdt_fault - a failed check, before it is known where the page is
 * @err: negative errno
 * @check: as in struct kho_refusal
 * @offset: in the page
 * @found: as there
 * @wanted: as there
 */
struct kho_fdt_fault {
	int err;
	const char *check;
	u32 offset;
	u64 found;
	u64 wanted;
};

/* Fills @f with -EBADMSG and the rest; gives it back. */
int kho_fdt_fault(struct kho_fdt_fault *f, const char *check, u32 offset,
		  u64 found, u64 wanted);

/**
 * struct kho_fdt_item - one token
 * @token: which
 * @pos: where it is
 * @end: where the next one is
 * @name: of a node or property, NUL-terminated inside its block
 * @name_len: its length
 * @value: of a property
 * @len: its length
 */
struct kho_fdt_item {
	enum kho_fdt_token token;
	u32 pos;
	u32 end;
	const char *name;
	u32 name_len;
	const u8 *value;
	u32 len;
};

/**
 * struct kho_fdt_tokens - a walk over all tokens
 * @page: the blob
 * @pos: next token
 * @struct_pos: start of the structure block
 * @struct_end: its end
 * @strings_pos: start of the strings block
 * @strings_end: its end
 * @depth: 1 in the root, 2 in its children
 * @child_ended: the node at this depth has had a child, so that no property may follow
 * @root_ended: only KHO_FDT_END may follow
 */
struct kho_fdt_tokens {
	const u8 *page;
	u32 pos;
	u32 struct_pos;
	u32 struct_end;
	u32 strings_pos;
	u32 strings_end;
	u32 depth;
	bool child_ended;
	bool root_ended;
};

/**
 * kho_fdt_tokens_begin() - check the header and the bounds of the blocks
 * @t: filled
 * @page: KHO_PAGE_SIZE readable bytes, 8-byte aligned
 * @f: filled on failure
 *
 * Return: 0 or -EBADMSG.
 */
int kho_fdt_tokens_begin(struct kho_fdt_tokens *t, const void *page,
			 struct kho_fdt_fault *f);

/**
 * kho_fdt_tokens_next() - take one token, and check that it may stand there
 * @t: walk; its depth is the one after the token
 * @item: filled
 * @f: filled on failure
 *
 * Return: enum kho_fdt_token, or -EBADMSG.
 */
int kho_fdt_tokens_next(struct kho_fdt_tokens *t, struct kho_fdt_item *item,
			struct kho_fdt_fault *f);

/**
 * kho_fdt_take_u64() - read a property of 8 bytes that a node may have once
 * @item: property
 * @size_check: name of the check that it has 8 bytes
 * @twice_check: name of the check that it was not seen before
 * @seen: set
 * @out: filled
 * @f: filled on failure
 *
 * Return: 0 or -EBADMSG.
 */
int kho_fdt_take_u64(const struct kho_fdt_item *item, const char *size_check,
		     const char *twice_check, bool *seen, u64 *out,
		     struct kho_fdt_fault *f);

/* Is @wanted one of the strings in the value of this property? */
bool kho_fdt_lists_string(const struct kho_fdt_item *item, const char *wanted);

/* Are the two the same? strcmp() in both worlds, without the library. */
bool kho_fdt_same_string(const char *a, const char *b);

/* Length of the string, or @room if it has no NUL in so many bytes. */
u32 kho_fdt_string_length(const char *s, u32 room);

/* Can a node other than the root have this name of @len bytes: 1 .. @max of them, no '/'? */
bool kho_fdt_node_name_ok(const char *name, u32 len, u32 max);

#endif /* KHO_CORE_FDT_TOKENS_H */
