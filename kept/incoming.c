// SPDX-License-Identifier: GPL-2.0
/*
 * Trees that came in. When the module starts all of a tree is checked, while it lies where it is;
 * then the pages of its lists are taken over. What its files hold waits until they are restored,
 * or dropped. A tree that is not good is refused as a whole, and says why; the others are not
 * touched by that.
 *
 * What nobody has restored is handed on at the next jump: where it lies, if nobody has begun to;
 * else files that were filled go with what they hold by then.
 *
 * Locks, in the order in which they are taken: kept_in_lock, of the list of trees; a tree's own;
 * kho.ko's, that keeps what waits from being dropped. At the last moment the former two are
 * tried, and all are kept. None is held while user memory is touched. Who holds the last for
 * writing asks kept_in_count(), which takes none.
 */

#include <linux/delay.h>
#include <linux/err.h>
#include <linux/io.h>
#include <linux/jiffies.h>
#include <linux/kexec_handover.h>
#include <linux/kho_waiting.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mount.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "kmod/compat/compat.h"
#include "in.h"

/* How long a lock, and files that are being filled, are waited for at the last moment. */
#define LOCK_WAIT (5 * HZ)
/* Frames that one element of struct seen is about. */
#define SEEN_FRAMES 512

DEFINE_MUTEX(kept_in_lock); /* of the list of trees */
static LIST_HEAD(trees);
/* Trees that are KHO_KEPT_STATE_WAITING; changes under kept_in_lock. */
static u32 nr_waiting;

/* --------------------------------------------------------------- what was named already */

/**
 * struct seen - page frames that were named
 * @bits: a bitmap for each SEEN_FRAMES frames; all of them: a value
 * @before: those that good trees named; NULL: none did. What a tree named that is refused is
 *          forgotten with it, as it may be another's
 * @number: of the element that was looked at last
 * @last: it, or NULL
 * @last_before: the same of @before
 * @err: there was no memory to remember one
 */
struct seen {
	struct xarray bits;
	struct seen *before;
	unsigned long number;
	unsigned long *last;
	const unsigned long *last_before;
	int err;
};

static void *seen_before(const struct seen *s, unsigned long number)
{
	return s->before ? xa_load(&s->before->bits, number) : NULL;
}

static bool whole_first_time(struct seen *s, unsigned long number)
{
	if (xa_load(&s->bits, number) || seen_before(s, number))
		return false;
	s->err = xa_err(xa_store(&s->bits, number, xa_mk_value(1), KEPT_GFP));
	return !s->err;
}

/* The bitmap of an element; NULL: all of it was named, or there is no memory. */
static unsigned long *seen_bits(struct seen *s, unsigned long number)
{
	unsigned long *bits = xa_load(&s->bits, number);

	if (bits)
		return xa_is_value(bits) ? NULL : bits;
	bits = kcalloc(BITS_TO_LONGS(SEEN_FRAMES), sizeof(long), KEPT_GFP);
	if (bits && !xa_err(xa_store(&s->bits, number, bits, KEPT_GFP)))
		return bits;
	kfree(bits);
	s->err = -ENOMEM;
	return NULL;
}

static bool first_time_op(void *ctx, u64 phys, unsigned int order)
{
	unsigned long pfn = PHYS_PFN(phys), n = 1UL << order, i;
	unsigned long number = pfn / SEEN_FRAMES, at = pfn % SEEN_FRAMES;
	struct seen *s = ctx;

	for (; n >= SEEN_FRAMES; n -= SEEN_FRAMES)
		if (!whole_first_time(s, number++))
			return false;
	if (!n)
		return true;
	if (!s->last || s->number != number) {
		s->last = seen_bits(s, number);
		s->last_before = seen_before(s, number);
		s->number = number;
	}
	if (!s->last || xa_is_value(s->last_before))
		return false;
	for (i = at; i < at + n; i++)
		if (__test_and_set_bit(i, s->last) ||
		    (s->last_before && test_bit(i, s->last_before)))
			return false;
	return true;
}

/* What a good tree named no other one may name. */
static int seen_keep(struct seen *s)
{
	unsigned long number, *bits, *old;
	int ret;

	if (!s->before)
		return 0;
	xa_for_each(&s->bits, number, bits) {
		old = xa_load(&s->before->bits, number);
		if (old) {
			bitmap_or(old, old, bits, SEEN_FRAMES);
			continue;
		}
		ret = xa_err(
			xa_store(&s->before->bits, number, bits, KEPT_GFP));
		if (ret)
			return ret;
		xa_erase(&s->bits, number);
	}
	return 0;
}

static void seen_free(struct seen *s)
{
	unsigned long number;
	void *bits;

	xa_for_each(&s->bits, number, bits)
		if (!xa_is_value(bits))
			kfree(bits);
	xa_destroy(&s->bits);
}

/* ----------------------------------------------------------------------------- reading */

static struct kho_kept_ops read_ops(struct seen *seen)
{
	return (struct kho_kept_ops){
		.pages = {
			.page = kho_waiting_block_op,
			.ctx = seen,
			.nr_pages = kho_waiting_total(),
			.bad = kho_waiting_bad_op,
		},
		.block = kho_waiting_mark_op,
		.first_time = first_time_op,
		.max_order = KHO_MAX_BUDDY_ORDER,
	};
}

/* Pages that name @nr pages; one more may be empty. */
static u64 most_chunks(u64 nr)
{
	return nr / KHO_VMALLOC_SIZE + 2;
}

static int add_chunk(void *ctx, u64 phys)
{
	struct kept_pages *p = ctx;

	if (p->nr_chunks == most_chunks(p->nr))
		return -EBADMSG;
	p->chunk[p->nr_chunks++] = phys_to_virt(phys);
	return 0;
}

static void forget_list(struct kept_pages *p)
{
	kvfree(p->page);
	kvfree(p->chunk);
	*p = (struct kept_pages){};
}

static int read_list(struct kept_pages *p, const struct kho_kept_said *said,
		     const struct kho_kept_ops *ops, struct kho_refusal *r)
{
	u64 nr = kho_kept_list_pages(said->bytes);

	if (nr > ops->pages.nr_pages)
		return kho_refuse(r, -ERANGE, "kept list is too long",
				  said->list.first, nr, ops->pages.nr_pages);
	p->nr = nr;
	p->page = kvmalloc_array(nr + 1, sizeof(*p->page), KEPT_GFP);
	p->chunk = kvmalloc_array(most_chunks(nr), sizeof(*p->chunk), KEPT_GFP);
	if (!p->page || !p->chunk)
		return -ENOMEM;
	return kho_kept_list_check(&said->list, said->bytes, said->crc, ops,
				   p->page, add_chunk, p, r);
}

static int read_lists(struct kept_in *t, const struct kho_kept_ops *ops,
		      struct kho_refusal *r)
{
	struct kho_kept_said said[KHO_KEPT_NR_LISTS];
	int ret;

	kho_kept_said(&t->ser, said);
	ret = read_list(&t->records, &said[KHO_KEPT_RECORDS], ops, r);
	if (!ret)
		ret = read_list(&t->files, &said[KHO_KEPT_FILES], ops, r);
	if (!ret)
		ret = read_list(&t->entries, &said[KHO_KEPT_ENTRIES], ops, r);
	return ret;
}

static int check_files(struct kept_in *t, const struct kho_kept_ops *ops,
		       struct kho_refusal *r)
{
	const struct kho_kept_list files = kept_in_files(t);
	const struct kho_kept_list entries = kept_in_entries(t);

	return kho_kept_files_check(&t->ser, &files, &entries, ops,
				    kept_pause_op, r);
}

static bool own_page(const void *page)
{
	return kho_restore_pages(virt_to_phys((void *)page), 1);
}

/* Takes over the pages of a list. What was not there is taken off it. */
static bool own_list(struct kept_pages *p)
{
	u64 i, nr = p->nr, nr_chunks = p->nr_chunks;

	p->nr = 0;
	p->nr_chunks = 0;
	for (i = 0; i < nr; i++)
		if (own_page(p->page[i]))
			p->page[p->nr++] = p->page[i];
	for (i = 0; i < nr_chunks; i++)
		if (own_page(p->chunk[i]))
			p->chunk[p->nr_chunks++] = p->chunk[i];
	return p->nr == nr && p->nr_chunks == nr_chunks;
}

/* Gives back the pages of a list that are the module's. */
static void free_list(struct kept_pages *p)
{
	u64 i;

	for (i = 0; i < p->nr; i++)
		free_page((unsigned long)p->page[i]);
	for (i = 0; i < p->nr_chunks; i++)
		free_page((unsigned long)p->chunk[i]);
	forget_list(p);
}

static int own_lists(struct kept_in *t, struct kho_refusal *r)
{
	bool all = own_list(&t->records);

	all &= own_list(&t->files);
	all &= own_list(&t->entries);
	if (all)
		return 0;
	free_list(&t->records);
	free_list(&t->files);
	free_list(&t->entries);
	return kho_refuse(r, -EIO, "kept list went bad", 0, 0, 0);
}

static void refuse(struct kept_in *t, struct kho_refusal *r)
{
	t->state = KHO_KEPT_STATE_REFUSED;
	WRITE_ONCE(nr_waiting, nr_waiting - 1);
	snprintf(t->why, sizeof(t->why), "it is damaged: %s at %#llx",
		 r->check ?: "unknown", r->where);
	pr_err("tree \"%*pE\" is not good: %s at %#llx: found %#llx, expected %#llx\n",
	       (int)strlen(t->name), t->name, r->check ?: "unknown", r->where,
	       r->found, r->wanted);
	kho_client_refused(KHO_KEPT_SUBTREE ": ", r);
}

/* Reads and checks a tree, of which nothing was read before. Nothing is dropped meanwhile. */
static void read_tree(struct kept_in *t, struct seen *before)
{
	struct seen seen = { .before = before };
	const struct kho_kept_ops ops = read_ops(&seen);
	struct kho_refusal r = {};
	int ret;

	t->unread = false;
	xa_init(&seen.bits);
	ret = read_lists(t, &ops, &r);
	if (!ret)
		ret = check_files(t, &ops, &r);
	if (!ret)
		ret = seen_keep(&seen);
	if (!ret)
		ret = own_lists(t, &r);
	seen_free(&seen);
	if (!ret)
		return;
	forget_list(&t->records);
	forget_list(&t->files);
	forget_list(&t->entries);
	if (ret == -ENOMEM || seen.err) {
		t->unread = true;
		pr_warn("no memory to read tree \"%*pE\"; tried again when it is asked for\n",
			(int)strlen(t->name), t->name);
		return;
	}
	refuse(t, &r);
}

/* Nothing is dropped meanwhile. */
static int try_read(struct kept_in *t)
{
	if (!t->unread)
		return 0;
	read_tree(t, NULL);
	if (t->unread)
		return -ENOMEM;
	return t->state == KHO_KEPT_STATE_REFUSED ? -EBADMSG : 0;
}

/**
 * kept_in_try_read() - read a tree that there was no memory for
 * @t: tree
 *
 * Context: may sleep; kept_in_lock is held.
 *
 * Return: 0, -ENOMEM, -EBADMSG (it is refused now).
 */
int kept_in_try_read(struct kept_in *t)
{
	int ret;

	kho_waiting_begin();
	ret = try_read(t);
	kho_waiting_end();
	return ret;
}

/* -------------------------------------------------------------------------- the list */

static int add_tree(void *ctx, const struct kho_kept_tree_ser *ser)
{
	struct kept_in *t = kzalloc(sizeof(*t), GFP_KERNEL);

	if (!t)
		return -ENOMEM;
	mutex_init(&t->lock);
	xa_init(&t->partials);
	xa_init(&t->taken);
	memcpy(t->name, ser->name, sizeof(t->name));
	t->ser = *ser;
	t->state = KHO_KEPT_STATE_WAITING;
	if (ser->state == KHO_KEPT_LOST) {
		t->state = KHO_KEPT_STATE_LOST;
		memcpy(t->why, ser->why, sizeof(t->why));
	}
	if (t->state == KHO_KEPT_STATE_WAITING)
		WRITE_ONCE(nr_waiting, nr_waiting + 1);
	list_add_tail(&t->list, &trees);
	/* It is gone only when it was restored, or dropped. */
	__module_get(THIS_MODULE);
	return 0;
}

/**
 * kept_in_find() - find a tree that came in
 * @name: its name, NUL-terminated
 *
 * Context: kept_in_lock is held.
 *
 * Return: the tree, or NULL.
 */
struct kept_in *kept_in_find(const char *name)
{
	struct kept_in *t;

	list_for_each_entry(t, &trees, list)
		if (!strcmp(t->name, name))
			return t;
	return NULL;
}

/**
 * kept_in_free() - free a tree that is not in the list any more
 * @t: tree; no descriptor of it is open
 *
 * Context: may sleep.
 */
void kept_in_free(struct kept_in *t)
{
	u32 i;

	kept_in_forget_files(t);
	for (i = 0; i < t->nr_promises; i++)
		shmem_promise_end(&t->promises[i]);
	free_list(&t->records);
	free_list(&t->files);
	free_list(&t->entries);
	xa_destroy(&t->partials);
	xa_destroy(&t->taken);
	kfree(t);
}

/**
 * kept_in_remove() - take a tree off the list
 * @t: tree
 *
 * Context: kept_in_lock is held.
 */
void kept_in_remove(struct kept_in *t)
{
	list_del_init(&t->list);
	if (t->state == KHO_KEPT_STATE_WAITING)
		WRITE_ONCE(nr_waiting, nr_waiting - 1);
	module_put(THIS_MODULE);
}

static int free_block(void *ctx, u64 phys)
{
	kho_restore_free(phys_to_virt(phys));
	return 0;
}

static void forget_all(void)
{
	struct kept_in *t, *next;

	list_for_each_entry_safe(t, next, &trees, list) {
		kept_in_remove(t);
		kept_in_free(t);
	}
}

static int read_index(phys_addr_t phys, size_t bytes, struct kho_refusal *r)
{
	struct seen seen = {};
	const struct kho_kept_ops ops = {
		.pages = read_ops(&seen).pages,
		.block = kho_waiting_mark_op,
		.max_order = KHO_MAX_BUDDY_ORDER,
	};
	int ret;

	ret = kho_kept_check(phys, bytes, &ops, add_tree, NULL, NULL, r);
	if (ret)
		return ret;
	/* Nothing of it is looked at any more, and the list is known to be good. */
	ret = kho_kept_check(phys, bytes, &ops, NULL, free_block, NULL, r);
	if (!ret)
		kho_restore_free(phys_to_virt(phys));
	return 0;
}

static void read_all(void)
{
	struct seen seen = {};
	struct kept_in *t;

	/* Of all that are good. */
	xa_init(&seen.bits);
	list_for_each_entry(t, &trees, list) {
		if (t->state == KHO_KEPT_STATE_LOST) {
			pr_err("tree \"%*pE\" was not handed over, since %s\n",
			       (int)strlen(t->name), t->name, t->why);
			continue;
		}
		read_tree(t, &seen);
		if (t->state == KHO_KEPT_STATE_WAITING && !t->unread)
			pr_info("tree \"%*pE\" came in: %llu files, %llu MiB\n",
				(int)strlen(t->name), t->name, t->ser.nr_files,
				t->ser.nr_pages >> (20 - PAGE_SHIFT));
	}
	seen_free(&seen);
}

/**
 * kept_in_init() - read the trees of the previous kernel, if any came in
 *
 * Context: may sleep.
 */
void kept_in_init(void)
{
	struct kho_refusal r = {};
	phys_addr_t phys;
	size_t bytes;
	int ret;

	if (kho_retrieve_subtree(KHO_KEPT_SUBTREE, &phys, &bytes))
		return;
	guard(mutex)(&kept_in_lock);
	kho_waiting_begin();
	ret = read_index(phys, bytes, &r);
	if (!ret)
		read_all();
	kho_waiting_end();
	if (!ret)
		return;
	forget_all();
	if (!r.check)
		kho_refuse(&r, ret, "no memory to read it", phys, 0, 0);
	kho_client_refused(KHO_KEPT_SUBTREE ": ", &r);
}

/**
 * kept_in_exit() - forget all trees; none is there unless the module did not start
 *
 * Context: may sleep.
 */
void kept_in_exit(void)
{
	guard(mutex)(&kept_in_lock);
	forget_all();
}

static u32 state_of(struct kept_in *t)
{
	guard(mutex)(&t->lock);
	return t->state == KHO_KEPT_STATE_WAITING && t->mnt ?
		       KHO_KEPT_STATE_BEGUN :
		       t->state;
}

/**
 * kept_in_list() - tell of one tree
 * @arg: argument of KHO_KEPT_IOCTL_LIST
 *
 * Context: may sleep.
 *
 * Return: 0, -ENOENT.
 */
int kept_in_list(struct kho_kept_ioctl_list *arg)
{
	struct kept_in *t;
	u32 i = 0;

	guard(mutex)(&kept_in_lock);
	list_for_each_entry(t, &trees, list) {
		if (i++ < arg->index)
			continue;
		arg->state = state_of(t);
		arg->nr_records = t->ser.nr_records;
		arg->nr_files = t->ser.nr_files;
		arg->nr_filled = READ_ONCE(t->nr_filled);
		arg->bytes = t->ser.nr_pages << PAGE_SHIFT;
		arg->kept_ns = t->ser.kept_ns;
		memcpy(arg->name, t->name, sizeof(arg->name));
		memcpy(arg->why, t->why, sizeof(arg->why));
		return 0;
	}
	return -ENOENT;
}

/* A tree that nobody has open; not in the list any more. */
static struct kept_in *take_off(const char *name)
{
	struct kept_in *t = kept_in_find(name);
	int ret;

	if (kept_is_jumping())
		return ERR_PTR(-ESHUTDOWN);
	if (!t)
		return ERR_PTR(-ENOENT);
	if (t->open)
		return ERR_PTR(-EBUSY);
	ret = kept_in_try_read(t);
	if (ret == -ENOMEM)
		return ERR_PTR(ret);
	kept_in_remove(t);
	return t;
}

/**
 * kept_in_drop() - give back what came in as a tree
 * @name: its name
 *
 * Context: may sleep.
 *
 * Return: 0, -ENOENT, -EBUSY (a descriptor of it is open), -ESHUTDOWN, -ENOMEM (it was not read
 * yet).
 */
int kept_in_drop(const char *name)
{
	struct kept_in *t;
	int ret;

	mutex_lock(&kept_in_lock);
	t = take_off(name);
	ret = PTR_ERR_OR_ZERO(t);
	mutex_unlock(&kept_in_lock);
	if (ret)
		return ret;
	/*
	 * A jump need not wait for that. Of one that is not good nothing can be believed: it
	 * stays reserved.
	 */
	if (t->state == KHO_KEPT_STATE_WAITING)
		kept_in_drop_files(t);
	kept_in_free(t);
	return 0;
}

/**
 * kept_in_mnt() - where is a tree being restored?
 * @t: tree that a descriptor is open of
 *
 * Context: may sleep.
 *
 * Return: a mount whose root is the directory, which is there as long as the descriptor;
 * ERR_PTR(-ENOTCONN), -ENODATA, -ESHUTDOWN.
 */
struct vfsmount *kept_in_mnt(struct kept_in *t)
{
	int ret;

	guard(mutex)(&t->lock);
	ret = kept_in_is_begun(t);
	return ret ? ERR_PTR(ret) : t->mnt;
}

/**
 * kept_in_done() - a tree is restored
 * @t: tree; not in the list any more afterwards
 * @shares: the mount of kept_in_mnt() is also the caller's from now on, until kern_unmount()
 *
 * Context: may sleep.
 *
 * Return: 0, -ENOTCONN, -EBUSY, -ENODATA, -ESHUTDOWN.
 */
int kept_in_done(struct kept_in *t, bool shares)
{
	int ret;

	guard(mutex)(&kept_in_lock);
	guard(mutex)(&t->lock);
	ret = kept_in_is_begun(t);
	if (ret)
		return ret;
	if (t->nr_busy || t->nr_filled < t->ser.nr_files)
		return -EBUSY;
	t->done = true;
	t->shares_mnt = shares;
	if (shares)
		mntget(t->mnt);
	kept_in_remove(t);
	return 0;
}

/**
 * kept_in_has() - does a tree of this name wait to be restored?
 * @name: NUL-terminated
 *
 * Context: may sleep.
 */
bool kept_in_has(const char *name)
{
	struct kept_in *t;

	guard(mutex)(&kept_in_lock);
	t = kept_in_find(name);
	return t && t->state == KHO_KEPT_STATE_WAITING;
}

/**
 * kept_in_count() - how many trees wait to be restored?
 *
 * Context: any.
 */
u32 kept_in_count(void)
{
	return READ_ONCE(nr_waiting);
}

/* --------------------------------------------------------------------------- handing on */

static void unpreserve_all(void *const *page, u64 nr)
{
	while (nr--)
		kho_unpreserve_pages(virt_to_page(page[nr]), 1);
}

/* Preserves pages of a list. Return: 0, or an error after nothing was. */
static int preserve_all(void *const *page, u64 nr)
{
	int ret = 0;
	u64 i;

	for (i = 0; i < nr && !ret; i++)
		ret = kho_preserve_pages(virt_to_page(page[i]), 1);
	if (!ret)
		return 0;
	unpreserve_all(page, i - 1);
	return ret;
}

static void unpreserve_list(const struct kept_pages *p)
{
	unpreserve_all((void *const *)p->page, p->nr);
	unpreserve_all(p->chunk, p->nr_chunks);
}

static int preserve_list(const struct kept_pages *p)
{
	int ret = preserve_all((void *const *)p->page, p->nr);

	if (ret)
		return ret;
	ret = preserve_all(p->chunk, p->nr_chunks);
	if (ret)
		unpreserve_all((void *const *)p->page, p->nr);
	return ret;
}

/* A folio that waits, where it lies. */
static int preserve_waiting(u64 entry)
{
	u64 phys = kho_kept_entry_value(entry) << PAGE_SHIFT;
	unsigned int order = kho_kept_entry_order(entry);

	if (!kho_waiting_block(phys, order))
		return kho_waiting_bad_op(NULL, phys, order) ? -EHWPOISON :
							       -ENODATA;
	return kho_preserve_pages(pfn_to_page(PHYS_PFN(phys)), 1UL << order);
}

static void unpreserve_waiting(const struct kept_in *t, u64 nr)
{
	while (nr--) {
		u64 entry = kept_in_entry(t, nr);

		if (kho_kept_entry_kind(entry) == KHO_KEPT_ENTRY_FOLIO)
			kho_unpreserve_pages(
				pfn_to_page(kho_kept_entry_value(entry)),
				1UL << kho_kept_entry_order(entry));
	}
}

static int preserve_entries(const struct kept_in *t)
{
	int ret = 0;
	u64 i;

	for (i = 0; i < t->ser.nr_entries && !ret; i++) {
		u64 entry = kept_in_entry(t, i);

		if (kho_kept_entry_kind(entry) == KHO_KEPT_ENTRY_FOLIO)
			ret = preserve_waiting(entry);
		if (!(i % 256)) {
			kept_step();
			cond_resched();
		}
	}
	if (ret)
		unpreserve_waiting(t, i - 1);
	return ret;
}

/* Nobody has begun: all of it goes as it lies. Return: -EHWPOISON: some of it went bad. */
static int hand_on_whole(struct kept_in *t, struct kho_kept_tree_ser *ser)
{
	int ret;

	*ser = t->ser;
	ret = preserve_list(&t->records);
	if (ret)
		return ret;
	ret = preserve_list(&t->files);
	if (ret)
		goto err_records;
	ret = preserve_list(&t->entries);
	if (ret)
		goto err_files;
	ret = preserve_entries(t);
	if (ret)
		goto err_entries;
	return 0;

err_entries:
	unpreserve_list(&t->entries);
err_files:
	unpreserve_list(&t->files);
err_records:
	unpreserve_list(&t->records);
	return ret;
}

static int put_run(struct kept_files *f, enum kho_kept_entry_kind kind,
		   u64 pages)
{
	return pages ? kept_files_entry(f, kho_kept_entry_run(kind, pages)) : 0;
}

/*
 * A folio that waits goes as it lies. It gets a reference, as the others have one that
 * kept_files_release() gives back.
 */
static int put_waiting(struct kept_files *f, u64 entry)
{
	int ret = preserve_waiting(entry);

	if (ret)
		return ret;
	get_page(pfn_to_page(kho_kept_entry_value(entry)));
	return kept_files_entry(f, entry);
}

/* A folio that went bad while it waited. @end: one behind the last page of the file */
static int put_bad(struct kept_files *f, u64 pages, u64 end)
{
	u64 bad = min(pages, end - min(end, f->next));
	int ret = put_run(f, KHO_KEPT_ENTRY_BAD, bad);

	return ret ?: put_run(f, KHO_KEPT_ENTRY_HOLE, pages - bad);
}

static int put_entry(struct kept_files *f, u64 entry, u64 end)
{
	int ret;

	kept_step();
	cond_resched();
	if (kho_kept_entry_kind(entry) != KHO_KEPT_ENTRY_FOLIO)
		return kept_files_entry(f, entry);
	ret = put_waiting(f, entry);
	return ret == -EHWPOISON ?
		       put_bad(f, kho_kept_entry_pages(entry), end) :
		       ret;
}

/* A page that was taken over, and is in no file yet. */
static int put_page_of(struct kept_files *f, struct page *page,
		       unsigned int order)
{
	int ret = kho_preserve_pages(page, 1UL << order);

	if (ret)
		return ret;
	get_page(page);
	return kept_files_entry(f,
				kho_kept_entry_folio(page_to_pfn(page), order));
}

/* @end: one behind the last page of the file: single pages behind it are not needed */
static int put_taken(struct kept_files *f, const struct kept_partial *p,
		     u64 end)
{
	unsigned long i;
	int ret = 0;

	if (p->is_bad)
		return put_run(f, KHO_KEPT_ENTRY_BAD, p->nr - p->done);
	if (p->whole && p->nr)
		return put_page_of(f, p->page, ilog2(p->nr));
	for (i = p->done; i < p->nr && p->index + i < end && !ret; i++)
		ret = put_page_of(f, p->page + i, 0);
	return ret ?: put_run(f, KHO_KEPT_ENTRY_HOLE, p->nr - i);
}

/*
 * A page can be in one tree, and in one file, only. Return: 1: the inode was filled as another
 * file, too, or is in a tree that is kept; 0; -ENOMEM.
 */
static int is_taken(struct kept_in *t, const struct inode *inode)
{
	void *was = xa_store(&t->taken, kept_inode_key(inode), xa_mk_value(1),
			     KEPT_GFP);

	if (xa_is_err(was))
		return xa_err(was);
	return was || t->copy;
}

static int put_filled(struct kept_files *f, struct kept_in *t,
		      struct inode *inode)
{
	int taken = is_taken(t, inode);

	if (taken < 0)
		return taken;
	return taken ? kept_files_add_copy(f, inode) : kept_files_add(f, inode);
}

/**
 * struct between - what came in of a file, gone through in order
 * @t: tree
 * @entry: that is looked at
 * @index: where it begins, in pages
 * @end: one behind the file's last one
 */
struct between {
	const struct kept_in *t;
	u64 entry;
	u64 index;
	u64 end;
};

/* What was allocated and never written to may not be allocated again yet. */
static enum kho_kept_entry_kind between(void *ctx, u64 at, u64 *end)
{
	struct between *b = ctx;
	u64 entry, pages;

	for (; b->entry < b->end; b->entry++) {
		entry = kept_in_entry(b->t, b->entry);
		pages = kho_kept_entry_pages(entry);
		if (at - b->index < pages) {
			*end = min(*end, b->index + pages);
			return kho_kept_entry_kind(entry) ==
					       KHO_KEPT_ENTRY_UNWRITTEN ?
				       KHO_KEPT_ENTRY_UNWRITTEN :
				       KHO_KEPT_ENTRY_HOLE;
		}
		b->index += pages;
	}
	return KHO_KEPT_ENTRY_HOLE;
}

/* What is in the file by now, up to page @here. */
static int put_begun_part(struct kept_files *f, struct kept_in *t, u64 file,
			  const struct kept_partial *p, u64 here)
{
	struct between b = {
		.t = t,
		.entry = kept_in_file_first(t, file),
		.end = kept_in_file_end(t, file),
	};
	int ret;

	f->between = between;
	f->ctx = &b;
	/* Of one that is not, anybody may have changed what is to come, and the size. */
	if (p->is_full)
		ret = put_filled(f, t, p->inode);
	else
		ret = kept_files_add_part(
			f, p->inode, kept_in_file_size(t, file), here, t->copy);
	f->between = NULL;
	while (!ret && here > f->next) {
		u64 end = here;
		enum kho_kept_entry_kind kind = between(&b, f->next, &end);

		ret = put_run(f, kind, end - f->next);
	}
	return ret;
}

/* The part that is in the file, what was taken over last, and the rest that waits. */
static int put_partial(struct kept_files *f, struct kept_in *t, u64 file,
		       const struct kept_partial *p)
{
	u64 size = kept_in_file_size(t, file), i, entry;
	int ret;

	ret = put_begun_part(f, t, file, p, p->index + p->done);
	if (!ret)
		ret = put_taken(f, p, kept_end_index(size));
	for (i = p->entry; i < kept_in_file_end(t, file) && !ret; i++) {
		entry = kept_in_entry(t, i);
		if (i == p->entry && p->run)
			ret = put_bad(f, kho_kept_entry_pages(entry) - p->run,
				      kept_end_index(size));
		else
			ret = put_entry(f, entry, kept_end_index(size));
	}
	return ret;
}

static int put_untouched(struct kept_files *f, const struct kept_in *t,
			 u64 file)
{
	u64 size = kept_in_file_size(t, file), i;
	int ret = kept_files_begin(f, size);

	for (i = kept_in_file_first(t, file);
	     i < kept_in_file_end(t, file) && !ret; i++)
		ret = put_entry(f, kept_in_entry(t, i), kept_end_index(size));
	return ret;
}

static int put_file(struct kept_files *f, struct kept_in *t, u64 file)
{
	struct kept_partial *p = xa_load(&t->partials, file);

	kept_step();
	cond_resched();
	if (t->inode && t->inode[file])
		return put_filled(f, t, t->inode[file]);
	return p ? put_partial(f, t, file, p) : put_untouched(f, t, file);
}

/* Somebody has begun, or pages went bad: the lists of files and entries are made anew. */
static int hand_on_anew(struct kept_in *t, struct kho_kept_tree_ser *ser)
{
	struct kept_files f = {};
	u64 i;
	int ret = 0;

	if (t->mnt)
		ret = kept_freeze(t->mnt->mnt_sb);
	if (ret)
		return ret;
	ret = preserve_list(&t->records);
	if (ret)
		return ret;
	for (i = 0; i < t->ser.nr_files && !ret; i++)
		ret = put_file(&f, t, i);
	if (ret) {
		kept_files_release(&f);
		unpreserve_list(&t->records);
		return ret;
	}
	*ser = t->ser;
	ser->nr_entries = f.entries.bytes / sizeof(u64);
	ser->nr_pages = f.nr_pages;
	ser->files = f.files.list;
	ser->entries = f.entries.list;
	ser->files_crc = f.files.crc;
	ser->entries_crc = f.entries.crc;
	return 0;
}

/* Who fills a file sees that the machine is about to jump, and stops. */
static bool stop_filling(struct kept_in *t)
{
	unsigned long end = jiffies + LOCK_WAIT;

	for (;;) {
		if (!kept_lock_for_good(&t->lock, LOCK_WAIT))
			return false;
		if (!t->nr_busy)
			return true;
		mutex_unlock(&t->lock);
		if (time_after(jiffies, end))
			return false;
		msleep(KEPT_LOCK_PAUSE_MS);
		kept_step();
	}
}

/* From now on nothing is dropped that waits: it is preserved, and would be overwritten. */
static bool drop_nothing(void)
{
	static bool is_kept;
	unsigned long end = jiffies + LOCK_WAIT;

	while (!is_kept && !time_after(jiffies, end)) {
		is_kept = kho_waiting_trybegin();
		if (!is_kept)
			msleep(KEPT_LOCK_PAUSE_MS);
		kept_step();
	}
	return is_kept;
}

static bool waits(struct kept_in *t)
{
	if (t->state == KHO_KEPT_STATE_REFUSED)
		pr_crit("tree \"%*pE\", which is damaged, is not handed on\n",
			(int)strlen(t->name), t->name);
	return t->state == KHO_KEPT_STATE_WAITING;
}

/**
 * kept_in_after() - go through the trees that wait, at the last moment
 * @in: one of them, or NULL
 *
 * Context: may sleep; the list is not changed any more, once the first was asked for.
 *
 * Return: the next one, or the first; NULL if there is none, or if the list cannot be had.
 */
struct kept_in *kept_in_after(struct kept_in *in)
{
	struct list_head *at = in ? in->list.next : NULL;

	if (!at && !kept_lock_for_good(&kept_in_lock, LOCK_WAIT)) {
		pr_crit("no tree that waits is handed on: somebody changes the list of trees, and that does not end\n");
		return NULL;
	}
	for (at = at ?: trees.next; at != &trees; at = at->next)
		if (waits(list_entry(at, struct kept_in, list)))
			return list_entry(at, struct kept_in, list);
	return NULL;
}

/**
 * kept_in_name() - what is the name of a tree?
 * @in: from kept_in_after()
 *
 * Context: any.
 *
 * Return: it, with nothing but 0 behind it up to KHO_KEPT_TREE_NAME_SIZE.
 */
const char *kept_in_name(const struct kept_in *in)
{
	return in->name;
}

/**
 * kept_in_hand_on() - hand on a tree that nobody has restored, at the last moment
 * @in: from kept_in_after()
 * @is_kept: does a part of this file system go along already?
 * @ser: filled with what is to be published; its name in any case
 *
 * Context: may sleep; @in is not changed any more.
 *
 * Return: 0, or a negative errno, with nothing preserved: -ETIMEDOUT (it cannot be had, or its
 * file system cannot be frozen), -ENODATA (it was dropped), -ENOMEM, ...
 */
int kept_in_hand_on(struct kept_in *in,
		    bool (*is_kept)(const struct super_block *sb),
		    struct kho_kept_tree_ser *ser)
{
	int ret;

	memset(ser, 0, sizeof(*ser));
	memcpy(ser->name, in->name, sizeof(ser->name));
	if (!stop_filling(in) || !drop_nothing())
		return -ETIMEDOUT;
	ret = try_read(in);
	if (ret)
		return ret;
	if (in->mnt)
		in->copy = is_kept(in->mnt->mnt_sb);
	ret = in->mnt ? -EHWPOISON : hand_on_whole(in, ser);
	if (ret == -EHWPOISON)
		ret = hand_on_anew(in, ser);
	if (!ret)
		ser->crc = kho_kept_crc(ser, sizeof(*ser));
	return ret;
}
