// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
#include "fdt.h"

#include "fdt_tokens.h"

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

static void put_subtree(struct kho_fdt_out *out,
			const struct kho_fdt_subtree *s)
{
	kho_fdt_out_node(out, s->name);
	kho_fdt_out_property(out, STRING_DATA, &s->phys, sizeof(s->phys));
	kho_fdt_out_property(out, STRING_SIZE, &s->bytes, sizeof(s->bytes));
	kho_fdt_out_node_end(out);
}

static int check_subtrees_to_write(const struct kho_fdt_subtree *subtree,
				   u32 nr)
{
	u32 i, k, len;

	for (i = 0; i < nr; i++) {
		const char *name = subtree[i].name;

		len = kho_fdt_string_length(name, KHO_FDT_NAME_MAX + 1);
		if (!kho_fdt_node_name_ok(name, len, KHO_FDT_NAME_MAX))
			return -EINVAL;
		for (k = 0; k < i; k++)
			if (kho_fdt_same_string(name, subtree[k].name))
				return -EEXIST;
	}
	return 0;
}

int kho_fdt_write(void *page, u64 tree_phys,
		  const struct kho_fdt_subtree *subtree, u32 nr)
{
	struct kho_fdt_out out;
	int err;
	u32 i;

	err = check_subtrees_to_write(subtree, nr);
	if (err)
		return err;
	kho_fdt_out_begin(&out, page, strings, sizeof(strings));
	kho_fdt_out_node(&out, "");
	kho_fdt_out_property(&out, STRING_COMPATIBLE, KHO_FDT_COMPATIBLE,
			     sizeof(KHO_FDT_COMPATIBLE));
	kho_fdt_out_property(&out, STRING_MEMORY_MAP, &tree_phys,
			     sizeof(tree_phys));
	for (i = 0; i < nr; i++)
		put_subtree(&out, &subtree[i]);
	kho_fdt_out_node_end(&out);
	return kho_fdt_out_end(&out);
}

/* ---- reader ---- */

/* A walk over all tokens that keeps what is known of the root and of the child it is in. */
struct fdt_walk {
	struct kho_fdt_tokens tokens;
	bool compatible_seen;
	bool compatible_ok;
	bool tree_seen;
	u64 tree_phys;
	bool data_seen;
	bool size_seen;
	struct kho_fdt_subtree subtree;
	u32 subtree_name_len;
};

static int take_root_property(struct fdt_walk *w,
			      const struct kho_fdt_item *item,
			      struct kho_fdt_fault *f)
{
	if (kho_fdt_same_string(item->name, "compatible")) {
		if (w->compatible_seen)
			return kho_fdt_fault(f, "FDT compatible twice",
					     item->pos, 0, 0);
		w->compatible_seen = true;
		w->compatible_ok =
			kho_fdt_lists_string(item, KHO_FDT_COMPATIBLE);
	}
	if (kho_fdt_same_string(item->name, KHO_FDT_MEMORY_MAP_PROP_NAME))
		return kho_fdt_take_u64(item,
					"FDT size of preserved-memory-map",
					"FDT preserved-memory-map twice",
					&w->tree_seen, &w->tree_phys, f);
	return 0;
}

static int take_subtree_property(struct fdt_walk *w,
				 const struct kho_fdt_item *item,
				 struct kho_fdt_fault *f)
{
	if (kho_fdt_same_string(item->name, KHO_SUB_TREE_PROP_NAME))
		return kho_fdt_take_u64(item, "FDT size of preserved-data",
					"FDT preserved-data twice",
					&w->data_seen, &w->subtree.phys, f);
	if (kho_fdt_same_string(item->name, KHO_SUB_TREE_SIZE_PROP_NAME))
		return kho_fdt_take_u64(item, "FDT size of blob-size",
					"FDT blob-size twice", &w->size_seen,
					&w->subtree.bytes, f);
	return 0;
}

static void enter_subtree(struct fdt_walk *w, const struct kho_fdt_item *item)
{
	w->data_seen = false;
	w->size_seen = false;
	w->subtree.name = item->name;
	w->subtree_name_len = item->name_len;
}

static int walk_begin(struct fdt_walk *w, const void *page,
		      struct kho_fdt_fault *f)
{
	memset(w, 0, sizeof(*w));
	return kho_fdt_tokens_begin(&w->tokens, page, f);
}

/*
 * Goes on to the end of the next child of the root that has both properties; it then is
 * @w->subtree.
 *
 * Return: enum kho_step, or errno.
 */
static int next_subtree(struct fdt_walk *w, struct kho_fdt_fault *f)
{
	struct kho_fdt_item item;

	for (;;) {
		int err = 0, token = kho_fdt_tokens_next(&w->tokens, &item, f);
		u32 depth = w->tokens.depth;

		if (token < 0)
			return token;
		if (token == KHO_FDT_END)
			return KHO_STEP_END;
		if (token == KHO_FDT_BEGIN_NODE && depth == 2)
			enter_subtree(w, &item);
		if (token == KHO_FDT_PROP && depth == 1)
			err = take_root_property(w, &item, f);
		if (token == KHO_FDT_PROP && depth == 2)
			err = take_subtree_property(w, &item, f);
		if (err)
			return err;
		if (token == KHO_FDT_END_NODE && depth == 1 && w->data_seen &&
		    w->size_seen)
			return KHO_STEP_NEXT;
	}
}

static int check_root(const struct fdt_walk *w, struct kho_fdt_fault *f)
{
	static const char other[] =
		"FDT compatible does not name " KHO_FDT_COMPATIBLE;

	if (!w->compatible_ok) {
		kho_fdt_fault(f, other, w->tokens.struct_pos, 0, 0);
		f->err = -EPROTONOSUPPORT;
	} else if (!w->tree_seen) {
		kho_fdt_fault(f, "FDT without preserved-memory-map",
			      w->tokens.struct_pos, 0, 0);
		f->err = -ENOENT;
	} else if (!w->tree_phys) {
		kho_fdt_fault(f, "FDT preserved-memory-map is 0",
			      w->tokens.struct_pos, 0, 0);
	} else {
		return 0;
	}
	return f->err;
}

/* No subtree that follows @w's may have the name of @w's. Works on a copy: @w stays. */
static int check_unique(const struct fdt_walk *w, struct kho_fdt_fault *f)
{
	struct fdt_walk rest = *w;
	int step;

	while ((step = next_subtree(&rest, f)) == KHO_STEP_NEXT)
		if (kho_fdt_same_string(rest.subtree.name, w->subtree.name)) {
			kho_fdt_fault(f, "FDT subtree name twice",
				      rest.tokens.pos, 0, 0);
			f->err = -EEXIST;
			return f->err;
		}
	return step;
}

static int check_structure(struct fdt_walk *w, u32 *nr_subtrees,
			   struct kho_fdt_fault *f)
{
	int step;

	*nr_subtrees = 0;
	while ((step = next_subtree(w, f)) == KHO_STEP_NEXT) {
		if (!kho_fdt_node_name_ok(w->subtree.name, w->subtree_name_len,
					  KHO_FDT_NAME_MAX))
			return kho_fdt_fault(f, "FDT subtree name",
					     w->tokens.pos, w->subtree_name_len,
					     KHO_FDT_NAME_MAX);
		step = check_unique(w, f);
		if (step)
			return step;
		++*nr_subtrees;
	}
	return step ? step : check_root(w, f);
}

int kho_fdt_check(struct kho_fdt *fdt, const void *page, u64 page_phys,
		  struct kho_refusal *r)
{
	struct fdt_walk walk;
	struct kho_fdt_fault f;
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
	struct kho_fdt_fault f;

	if (walk_begin(&walk, fdt->page, &f))
		return -ENOENT;
	while (next_subtree(&walk, &f) == KHO_STEP_NEXT)
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
	struct kho_fdt_fault f;

	if (walk_begin(&walk, fdt->page, &f))
		return -ENOENT;
	while (next_subtree(&walk, &f) == KHO_STEP_NEXT)
		if (kho_fdt_same_string(walk.subtree.name, name)) {
			*out = walk.subtree;
			return 0;
		}
	return -ENOENT;
}
