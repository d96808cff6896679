// SPDX-License-Identifier: GPL-2.0
/*
 * Subtrees of the root FDT: blobs by which clients of the next kernel find what is theirs.
 * Whoever shows them to people hands down how, see kho_out_subtrees_show().
 */

#include <linux/kho.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/kho/abi/metadata.h>

#include "core/cover.h"
#include "core/fdt.h"
#include "kmod/kho.h"
#include "kmod/out/inside.h"
#include "kmod/out/out.h"

/* Names in one page of FDT: each takes at least 60 bytes. */
#define MAX_SUBTREES 64

/**
 * struct kho_out_subtree - one subtree of the root FDT
 * @list: in out_subtrees
 * @refs: the list has one until it was removed, and each open file
 * @blob: in the direct map; NULL once it was removed
 * @bytes: size of the blob
 * @shown: of the view, may be NULL; under subtree_lock
 * @left: it is not handed over, as the next kernel would refuse everything
 * @caller: address in the code of the client that added it, as far as that can be told
 * @caller_name: where the client keeps the name; never followed
 * @name: node name
 */
struct kho_out_subtree {
	struct list_head list;
	refcount_t refs;
	void *blob;
	u64 bytes;
	void *shown;
	bool left;
	unsigned long caller;
	unsigned long caller_name;
	char name[];
};

/* Adding and removing subtrees together with what shows them; taken before kho_out_lock. */
static DEFINE_MUTEX(subtree_lock);
/* Under subtree_lock; NULL while nobody shows subtrees. */
static const struct kho_subtree_view *view;
/* Under kho_out_lock; changed under both locks. */
static LIST_HEAD(out_subtrees);
static u32 nr_subtrees;
/* The first of them are the module's own. */
static u32 nr_own_subtrees;
/* Published besides, shown nowhere: what is known at the jump alone. No phys: there is none. */
static struct kho_fdt_subtree late;
/* A reference on the module is held while clients have subtrees here. */
static bool holds_module;

static void *show(struct kho_out_subtree *s)
{
	return view ? view->add(s->name, s->bytes, s) : NULL;
}

static void hide(struct kho_out_subtree *s)
{
	if (view)
		view->remove(s->shown);
	s->shown = NULL;
}

static int publish_fdt(void)
{
	/* Removing a subtree must not fail for want of memory. */
	static struct kho_fdt_subtree table[MAX_SUBTREES + 1];
	struct kho_out_subtree *s;
	u32 nr = 0;

	if (nr_subtrees > MAX_SUBTREES)
		return -ENOSPC;
	list_for_each_entry(s, &out_subtrees, list) {
		if (s->left)
			continue;
		table[nr].name = s->name;
		table[nr].phys = virt_to_phys(s->blob);
		table[nr++].bytes = s->bytes;
	}
	if (late.phys)
		table[nr++] = late;
	return kho_wire_publish_fdt(kho_tree_phys(), table, nr);
}

/* The module cannot go while clients rely on it. */
static void update_hold(void)
{
	kho_hold_module(&holds_module, nr_subtrees > nr_own_subtrees);
}

static struct kho_out_subtree *subtree_by_name(const char *name)
{
	struct kho_out_subtree *s;

	list_for_each_entry(s, &out_subtrees, list)
		if (!strcmp(s->name, name))
			return s;
	return NULL;
}

static int subtree_add(const char *name, void *blob, u64 bytes)
{
	struct kho_out_subtree *s;
	int ret;

	if (subtree_by_name(name))
		return -EEXIST;
	if (bytes > U64_MAX - PAGE_SIZE - virt_to_phys(blob))
		return -EINVAL;
	/* The receiver refuses a handover whose blobs lie outside the extents. */
	ret = kho_out_cover(PAGE_ALIGN_DOWN(virt_to_phys(blob)),
			    PAGE_ALIGN(virt_to_phys(blob) + bytes));
	if (ret)
		return ret;
	s = kzalloc(struct_size(s, name, strlen(name) + 1), GFP_KERNEL);
	if (!s)
		return -ENOMEM;
	strcpy(s->name, name);
	refcount_set(&s->refs, 1);
	s->blob = blob;
	s->bytes = bytes;
	list_add_tail(&s->list, &out_subtrees);
	nr_subtrees++;
	ret = publish_fdt();
	if (ret) {
		if (ret == -ENOSPC)
			pr_err("no room for subtree \"%s\": the root FDT is one page, and %u subtrees fill it\n",
			       name, nr_subtrees - 1);
		list_del(&s->list);
		nr_subtrees--;
		kfree(s);
	}
	return ret;
}

/**
 * kho_out_subtree_add_for() - enter a subtree of a client in the root FDT
 * @name: node name
 * @blob: in the direct map
 * @bytes: size
 * @caller: address in the code of the client, 0 = not known
 *
 * Return: 0, -EEXIST, -EINVAL (name), -ENOSPC (the page is full), -ENOMEM; on failure nothing
 * changed.
 */
int kho_out_subtree_add_for(const char *name, void *blob, u64 bytes,
			    unsigned long caller)
{
	struct kho_out_subtree *s;
	int ret;

	guard(mutex)(&subtree_lock);
	scoped_guard(mutex, &kho_out_lock) {
		ret = subtree_add(name, blob, bytes);
		update_hold();
	}
	if (ret)
		return ret;
	s = list_last_entry(&out_subtrees, struct kho_out_subtree, list);
	s->caller = caller;
	s->caller_name = (unsigned long)name;
	s->shown = show(s);
	return 0;
}

/**
 * kho_out_subtree_add() - enter a subtree of our own in the root FDT
 * @name: node name
 * @blob: in the direct map
 * @bytes: size
 *
 * Return: as kho_out_subtree_add_for().
 */
int kho_out_subtree_add(const char *name, void *blob, u64 bytes)
{
	return kho_out_subtree_add_for(name, blob, bytes, 0);
}

static struct kho_out_subtree *client_subtree_by_blob(void *blob)
{
	struct kho_out_subtree *s;
	u32 nr = 0;

	list_for_each_entry(s, &out_subtrees, list)
		if (nr++ >= nr_own_subtrees && s->blob == blob)
			return s;
	return NULL;
}

/* Takes @s out of the root FDT. On failure all is as it was, but for the order of subtrees. */
static int subtree_unlist(struct kho_out_subtree *s)
{
	int ret;

	list_del(&s->list);
	nr_subtrees--;
	ret = publish_fdt();
	if (ret) {
		list_add_tail(&s->list, &out_subtrees);
		nr_subtrees++;
	} else {
		s->blob = NULL;
	}
	return ret;
}

/**
 * kho_out_subtree_remove() - remove a subtree from the root FDT
 * @blob: as it was added
 *
 * Nobody looks at the blob afterwards.
 *
 * Return: 0; -ENOENT; -ENOMEM: it is still there.
 */
int kho_out_subtree_remove(void *blob)
{
	struct kho_out_subtree *s;
	int ret = -ENOENT;

	guard(mutex)(&subtree_lock);
	scoped_guard(mutex, &kho_out_lock) {
		s = client_subtree_by_blob(blob);
		if (s)
			ret = subtree_unlist(s);
		update_hold();
	}
	if (ret)
		return ret;
	/* Waits for no reader without an end: one may be waiting for user space. */
	hide(s);
	kho_out_subtree_put(s);
	return 0;
}

/**
 * kho_out_subtree_get() - keep a subtree from being freed
 * @s: the caller's view has it, and is not told to remove it meanwhile
 *
 * Context: any.
 */
void kho_out_subtree_get(struct kho_out_subtree *s)
{
	refcount_inc(&s->refs);
}

/**
 * kho_out_subtree_put() - undo kho_out_subtree_get()
 * @s: freed if it was removed
 *
 * Context: any.
 */
void kho_out_subtree_put(struct kho_out_subtree *s)
{
	if (refcount_dec_and_test(&s->refs))
		kfree(s);
}

/**
 * kho_out_subtree_read() - read from a subtree's blob
 * @s: the caller has a reference
 * @to: filled
 * @bytes: room there
 * @pos: offset in the blob, not negative
 *
 * Context: may sleep.
 *
 * Return: bytes read, 0 from the end of the blob on, -ENOENT if it was removed.
 */
ssize_t kho_out_subtree_read(struct kho_out_subtree *s, void *to, size_t bytes,
			     loff_t pos)
{
	guard(mutex)(&kho_out_lock);
	if (!s->blob)
		return -ENOENT;
	if (pos >= s->bytes)
		return 0;
	bytes = min_t(u64, bytes, s->bytes - pos);
	memcpy(to, s->blob + pos, bytes);
	return bytes;
}

/**
 * kho_out_subtrees_show() - have all subtrees shown, those that are there and those that come
 * @how: stays valid until kho_out_subtrees_hide(); called without kho_out_lock
 *
 * Context: may sleep.
 */
void kho_out_subtrees_show(const struct kho_subtree_view *how)
{
	struct kho_out_subtree *s;

	guard(mutex)(&subtree_lock);
	view = how;
	list_for_each_entry(s, &out_subtrees, list)
		s->shown = show(s);
}

/**
 * kho_out_subtrees_hide() - undo kho_out_subtrees_show()
 *
 * Context: may sleep.
 */
void kho_out_subtrees_hide(void)
{
	struct kho_out_subtree *s;

	guard(mutex)(&subtree_lock);
	list_for_each_entry(s, &out_subtrees, list)
		hide(s);
	view = NULL;
}

/**
 * kho_out_subtree_replace() - let a subtree have another blob
 * @name: of a subtree that was added
 * @blob: in the direct map, preserved by the caller, who keeps the old one until this returns
 * @bytes: size
 *
 * At every instant the next kernel finds the old blob or the new one.
 *
 * Context: may sleep.
 *
 * Return: 0; -ENOENT; -ENOMEM: the old blob is still there.
 */
int kho_out_subtree_replace(const char *name, void *blob, u64 bytes)
{
	struct kho_out_subtree *s;
	void *old_blob;
	u64 old_bytes;
	bool left;
	int ret;

	guard(mutex)(&kho_out_lock);
	s = subtree_by_name(name);
	if (!s)
		return -ENOENT;
	old_blob = s->blob;
	old_bytes = s->bytes;
	left = s->left;
	s->blob = blob;
	s->bytes = bytes;
	/* That was for the old blob. */
	s->left = false;
	ret = publish_fdt();
	if (ret) {
		s->blob = old_blob;
		s->bytes = old_bytes;
		s->left = left;
	}
	return ret;
}

/**
 * kho_out_subtree_of() - find what a module has left behind
 * @mod: it goes
 *
 * Return: a blob that was added from its code, or under a name that lies in the module, after a
 * warning; NULL if there is none.
 */
void *kho_out_subtree_of(const struct module *mod)
{
	struct kho_out_subtree *s;

	guard(mutex)(&subtree_lock);
	list_for_each_entry(s, &out_subtrees, list)
		if (within_module(s->caller, mod) ||
		    within_module(s->caller_name, mod)) {
			pr_warn("module %s is gone, but its subtree \"%s\" was still there: it is removed; what the module preserved stays preserved\n",
				mod->name, s->name);
			return s->blob;
		}
	return NULL;
}

/**
 * kho_subtree_leave() - do not hand over a subtree that is in everybody's way
 * @phys: of its blob
 *
 * It is there for its client all the same, and can be removed.
 *
 * Context: under kho_out_lock.
 *
 * Return: 0; -ENOENT if there is none, or it is the module's own; or as kho_wire_publish_fdt().
 */
int kho_subtree_leave(u64 phys)
{
	struct kho_out_subtree *s;
	u32 nr = 0;
	int ret;

	list_for_each_entry(s, &out_subtrees, list) {
		if (nr++ < nr_own_subtrees || s->left ||
		    virt_to_phys(s->blob) != phys)
			continue;
		s->left = true;
		ret = publish_fdt();
		if (!ret)
			pr_crit("subtree \"%s\" is not handed over\n", s->name);
		return ret;
	}
	return -ENOENT;
}

/**
 * kho_subtree_late() - hand over one subtree more, found out at the jump
 * @name: node name, stays valid
 * @phys: of its blob, which is preserved; 0: do not hand it over any more
 * @bytes: size
 *
 * Nobody is shown it, and nobody else is waited for.
 *
 * Context: under kho_out_lock; takes no memory.
 *
 * Return: 0; or as kho_wire_publish_fdt(), and there is none: -EEXIST (a client has one of this
 * name), -ENOSPC.
 */
int kho_subtree_late(const char *name, u64 phys, u64 bytes)
{
	int ret;

	late.name = name;
	late.phys = phys;
	late.bytes = bytes;
	ret = publish_fdt();
	if (ret)
		late.phys = 0;
	return ret;
}

/**
 * kho_subtrees_mark() - tell a re-plan where the blobs are
 * @plan: under way
 *
 * Context: under kho_out_lock.
 */
void kho_subtrees_mark(struct kho_replan *plan)
{
	struct kho_out_subtree *s;

	list_for_each_entry(s, &out_subtrees, list)
		if (!s->left)
			kho_replan_mark(
				plan, PAGE_ALIGN_DOWN(virt_to_phys(s->blob)),
				PAGE_ALIGN(virt_to_phys(s->blob) + s->bytes));
}

/**
 * kho_subtrees_init() - publish a root FDT with what is the module's own
 *
 * Context: under kho_out_lock; wire area and tree are there.
 *
 * Return: 0 or as kho_out_subtree_add_for(); then kho_subtrees_exit() undoes it.
 */
int kho_subtrees_init(void)
{
	int ret;

	ret = subtree_add(KHO_MODULE_SUBTREE, kho_wire_module(),
			  sizeof(struct kho_module_ser));
	if (!ret)
		ret = subtree_add(KHO_METADATA_NODE_NAME,
				  kho_wire_page(KHO_WIRE_METADATA),
				  sizeof(struct kho_kexec_metadata));
	nr_own_subtrees = nr_subtrees;
	return ret;
}

/**
 * kho_subtrees_exit() - undo kho_subtrees_init(); no client has a subtree
 *
 * Context: under kho_out_lock.
 */
void kho_subtrees_exit(void)
{
	struct kho_out_subtree *s, *next;

	list_for_each_entry_safe(s, next, &out_subtrees, list)
		kfree(s);
	INIT_LIST_HEAD(&out_subtrees);
	nr_subtrees = 0;
	nr_own_subtrees = 0;
	late.phys = 0;
}
