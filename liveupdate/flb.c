// SPDX-License-Identifier: GPL-2.0
/*
 * Objects that live as long as files (FLB).
 *
 * Outgoing, an FLB is counted by the preserved files whose handlers it is linked to, and by those
 * who got it; of these only the files go to the next kernel. Incoming, it starts with the count
 * that the previous kernel wrote; each such file that is finished takes one off.
 */

#include <linux/cleanup.h>
#include <linux/err.h>
#include <linux/io.h>
#include <linux/kexec_handover.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "luo.h"

/**
 * struct flb_link - an FLB is linked to a handler
 * @list: in the handler
 * @flb: which
 */
struct flb_link {
	struct list_head list;
	struct liveupdate_flb *flb;
};

/* Of the lists: FLBs that are linked to any handler, and the links of all handlers. */
static DEFINE_MUTEX(links_lock);
/* Of the same, and only while they change; the reboot notifier takes nothing but this. */
static DEFINE_SPINLOCK(lists_lock);
static LIST_HEAD(flbs);
static u32 nr_flbs;

/* The page for the next kernel. */
static struct luo_flb_header_ser *out_page;

/* What came in; a count of 0: it was finished. Each under the in.lock of its FLB. */
static struct luo_flb_ser in_flb[LUO_MAX_FLBS];
static u32 nr_in;

static struct luo_flb_ser *incoming_of(const struct liveupdate_flb *flb)
{
	u32 i;

	for (i = 0; i < nr_in; i++)
		if (!strcmp(in_flb[i].name, flb->compatible))
			return &in_flb[i];
	return NULL;
}

/* --------------------------------------------------------------------------------- outgoing */

static int out_get(struct liveupdate_flb *flb)
{
	struct liveupdate_flb_op_args args = { .flb = flb };
	int ret;

	guard(mutex)(&flb->out.lock);
	if (flb->out.count++)
		return 0;
	ret = -ENODEV;
	if (!try_module_get(flb->ops->owner))
		goto err_count;
	ret = flb->ops->preserve(&args);
	if (ret)
		goto err_module;
	flb->out.data = args.data;
	flb->out.obj = args.obj;
	return 0;

err_module:
	module_put(flb->ops->owner);
err_count:
	flb->out.count--;
	return ret;
}

static void out_put(struct liveupdate_flb *flb)
{
	struct liveupdate_flb_op_args args = { .flb = flb };

	guard(mutex)(&flb->out.lock);
	if (!flb->out.count || --flb->out.count)
		return;
	args.data = flb->out.data;
	args.obj = flb->out.obj;
	flb->ops->unpreserve(&args);
	flb->out.obj = NULL;
	module_put(flb->ops->owner);
}

/**
 * luo_flbs_preserve() - a file of a handler is about to be preserved
 * @fh: handler
 *
 * Return: 0, or the error of an FLB, with nothing changed.
 */
int luo_flbs_preserve(struct liveupdate_file_handler *fh)
{
	struct flb_link *link;
	int ret = 0;

	guard(mutex)(&links_lock);
	list_for_each_entry(link, &fh->flb_links, list) {
		ret = out_get(link->flb);
		if (ret)
			break;
	}
	if (ret)
		list_for_each_entry_continue_reverse(link, &fh->flb_links, list)
			out_put(link->flb);
	return ret;
}

/**
 * luo_flbs_unpreserve() - a file of a handler was unpreserved
 * @fh: handler
 */
void luo_flbs_unpreserve(struct liveupdate_file_handler *fh)
{
	struct flb_link *link;

	guard(mutex)(&links_lock);
	list_for_each_entry_reverse(link, &fh->flb_links, list)
		out_put(link->flb);
}

/**
 * luo_flbs_travel() - a file of a handler goes to the next kernel, and its FLBs with it
 * @fh: handler
 *
 * Takes no lock that is held while an FLB is asked to do something.
 *
 * Context: luo_jump is held for writing.
 */
void luo_flbs_travel(struct liveupdate_file_handler *fh)
{
	struct flb_link *link;

	spin_lock(&lists_lock);
	list_for_each_entry(link, &fh->flb_links, list)
		link->flb->travels++;
	spin_unlock(&lists_lock);
}

/**
 * luo_flbs_serialize() - write the entries of all FLBs that go to the next kernel
 *
 * Each counts the files that go there, whoever else holds it here. Their data was set before the
 * first of these files was part of a session.
 *
 * Context: luo_jump is held for writing.
 */
void luo_flbs_serialize(void)
{
	struct luo_flb_ser *ser = (void *)(out_page + 1);
	struct liveupdate_flb *flb;
	u64 nr = 0;

	spin_lock(&lists_lock);
	list_for_each_entry(flb, &flbs, list) {
		if (!flb->travels)
			continue;
		memcpy(ser->name, flb->compatible, sizeof(ser->name));
		ser->data = flb->out.data;
		ser->count = flb->travels;
		ser++;
		nr++;
	}
	spin_unlock(&lists_lock);
	smp_wmb(); /* entries are complete before they count */
	WRITE_ONCE(out_page->count, nr);
}

/**
 * liveupdate_flb_get_outgoing() - get the object that is preserved
 * @flb: FLB
 * @objp: filled
 *
 * Context: may sleep.
 *
 * Return: 0, and the object stays until liveupdate_flb_put_outgoing(); -EOPNOTSUPP (live update
 * is off); -ENOENT (it is not preserved now).
 */
int liveupdate_flb_get_outgoing(struct liveupdate_flb *flb, void **objp)
{
	if (!liveupdate_enabled())
		return -EOPNOTSUPP;
	guard(mutex)(&flb->out.lock);
	if (!flb->out.count)
		return -ENOENT;
	flb->out.count++;
	*objp = flb->out.obj;
	return 0;
}
EXPORT_SYMBOL_GPL(liveupdate_flb_get_outgoing);

/**
 * liveupdate_flb_put_outgoing() - let go of the object that is preserved
 * @flb: FLB, of liveupdate_flb_get_outgoing()
 *
 * Context: may sleep. The last one unpreserves.
 */
void liveupdate_flb_put_outgoing(struct liveupdate_flb *flb)
{
	out_put(flb);
}
EXPORT_SYMBOL_GPL(liveupdate_flb_put_outgoing);

/* --------------------------------------------------------------------------------- incoming */

/**
 * luo_flb_add_incoming() - enter an FLB of the previous kernel
 * @ser: validated entry
 *
 * Return: 0; -EEXIST (there is one of this name); -ENOSPC.
 */
int luo_flb_add_incoming(const struct luo_flb_ser *ser)
{
	u32 i;

	for (i = 0; i < nr_in; i++)
		if (!strcmp(in_flb[i].name, ser->name))
			return -EEXIST;
	if (nr_in == ARRAY_SIZE(in_flb))
		return -ENOSPC;
	in_flb[nr_in++] = *ser;
	return 0;
}

/**
 * luo_flbs_forget_incoming() - forget all of the previous kernel's; nobody has asked for one
 */
void luo_flbs_forget_incoming(void)
{
	nr_in = 0;
}

/* The object, made when it is first asked for. An error stays. */
static int in_retrieve(struct liveupdate_flb *flb, u64 data)
{
	struct liveupdate_flb_op_args args = { .flb = flb, .data = data };

	if (flb->in.ready || flb->in.error)
		return flb->in.error;
	flb->in.error = flb->ops->retrieve(&args);
	flb->in.obj = args.obj;
	flb->in.ready = !flb->in.error;
	return flb->in.error;
}

static void in_put(struct liveupdate_flb *flb)
{
	struct luo_flb_ser *ser = incoming_of(flb);
	struct liveupdate_flb_op_args args = { .flb = flb };

	if (!ser)
		return;
	guard(mutex)(&flb->in.lock);
	if (!ser->count || --ser->count)
		return;
	if (in_retrieve(flb, ser->data)) {
		pr_warn("FLB \"%s\" cannot be retrieved: what it preserved stays reserved\n",
			flb->compatible);
		return;
	}
	args.data = ser->data;
	args.obj = flb->in.obj;
	flb->ops->finish(&args);
	flb->in.obj = NULL;
	flb->in.ready = false;
}

/**
 * luo_flbs_finish() - a file of a handler was finished
 * @fh: handler
 */
void luo_flbs_finish(struct liveupdate_file_handler *fh)
{
	struct flb_link *link;

	guard(mutex)(&links_lock);
	list_for_each_entry_reverse(link, &fh->flb_links, list)
		in_put(link->flb);
}

/**
 * liveupdate_flb_get_incoming() - get the object that came in
 * @flb: FLB
 * @objp: filled
 *
 * Context: may sleep.
 *
 * Return: 0, and the object stays until liveupdate_flb_put_incoming(); -EOPNOTSUPP (live update
 * is off); -ENODATA (no FLB came in, or it was finished); -ENOENT (it did not come in); -ENODEV
 * (its module is going); the error of its retrieve, which stays.
 */
int liveupdate_flb_get_incoming(struct liveupdate_flb *flb, void **objp)
{
	struct luo_flb_ser *ser;
	int ret;

	if (!liveupdate_enabled())
		return -EOPNOTSUPP;
	if (!nr_in)
		return -ENODATA;
	ser = incoming_of(flb);
	if (!ser)
		return -ENOENT;
	guard(mutex)(&flb->in.lock);
	if (!ser->count)
		return -ENODATA;
	if (!try_module_get(flb->ops->owner))
		return -ENODEV;
	ret = in_retrieve(flb, ser->data);
	if (ret) {
		module_put(flb->ops->owner);
		return ret;
	}
	ser->count++;
	*objp = flb->in.obj;
	return 0;
}
EXPORT_SYMBOL_GPL(liveupdate_flb_get_incoming);

/**
 * liveupdate_flb_put_incoming() - let go of the object that came in
 * @flb: FLB, of liveupdate_flb_get_incoming()
 *
 * Context: may sleep. The last one finishes.
 */
void liveupdate_flb_put_incoming(struct liveupdate_flb *flb)
{
	in_put(flb);
	module_put(flb->ops->owner);
}
EXPORT_SYMBOL_GPL(liveupdate_flb_put_incoming);

/* ------------------------------------------------------------------------------------- links */

static struct flb_link *find_link(struct liveupdate_file_handler *fh,
				  struct liveupdate_flb *flb)
{
	struct flb_link *link;

	list_for_each_entry(link, &fh->flb_links, list)
		if (link->flb == flb)
			return link;
	return NULL;
}

static bool ops_complete(const struct liveupdate_flb *flb)
{
	return flb->ops && flb->ops->preserve && flb->ops->unpreserve &&
	       flb->ops->retrieve && flb->ops->finish && flb->compatible[0] &&
	       strnlen(flb->compatible, sizeof(flb->compatible)) <
		       sizeof(flb->compatible);
}

static struct liveupdate_flb *flb_by_name(const char *compatible)
{
	struct liveupdate_flb *flb;

	list_for_each_entry(flb, &flbs, list)
		if (!strcmp(flb->compatible, compatible))
			return flb;
	return NULL;
}

/* The first link of an FLB enters it in the list of all. */
static int enter(struct liveupdate_flb *flb)
{
	struct liveupdate_flb *same = flb_by_name(flb->compatible);

	if (same)
		return same == flb ? 0 : -EEXIST;
	if (nr_flbs == LUO_MAX_FLBS)
		return -ENOSPC;
	memset(&flb->out, 0, sizeof(flb->out));
	memset(&flb->in, 0, sizeof(flb->in));
	mutex_init(&flb->out.lock);
	mutex_init(&flb->in.lock);
	flb->nr_links = 0;
	flb->travels = 0;
	spin_lock(&lists_lock);
	list_add_tail(&flb->list, &flbs);
	spin_unlock(&lists_lock);
	nr_flbs++;
	return 0;
}

static void unlink(struct flb_link *link)
{
	struct liveupdate_flb *flb = link->flb;
	bool last = !--flb->nr_links;

	spin_lock(&lists_lock);
	list_del(&link->list);
	if (last)
		list_del_init(&flb->list);
	spin_unlock(&lists_lock);
	kfree(link);
	nr_flbs -= last;
}

/**
 * liveupdate_register_flb() - link an FLB to a handler
 * @fh: registered handler, none of whose files is preserved
 * @flb: stays where it is until it is unlinked; may be linked to several handlers
 *
 * Context: may sleep.
 *
 * Return: 0; -EOPNOTSUPP (live update is off); -EINVAL (an operation or the name is missing, or
 * @fh is not registered); -EEXIST (linked to @fh already, or another FLB has this name); -ENOSPC
 * (too many); -ENOMEM.
 */
int liveupdate_register_flb(struct liveupdate_file_handler *fh,
			    struct liveupdate_flb *flb)
{
	struct flb_link *link;
	int ret;

	if (!liveupdate_enabled())
		return -EOPNOTSUPP;
	if (!ops_complete(flb) || !luo_handler_exists(fh))
		return -EINVAL;
	link = kzalloc(sizeof(*link), GFP_KERNEL);
	if (!link)
		return -ENOMEM;
	link->flb = flb;
	guard(mutex)(&links_lock);
	ret = find_link(fh, flb) ? -EEXIST : enter(flb);
	if (ret) {
		kfree(link);
		return ret;
	}
	flb->nr_links++;
	spin_lock(&lists_lock);
	list_add_tail(&link->list, &fh->flb_links);
	spin_unlock(&lists_lock);
	return 0;
}
EXPORT_SYMBOL_GPL(liveupdate_register_flb);

/**
 * liveupdate_unregister_flb() - unlink an FLB from a handler
 * @fh: handler, none of whose files is preserved
 * @flb: FLB
 *
 * Context: may sleep.
 */
void liveupdate_unregister_flb(struct liveupdate_file_handler *fh,
			       struct liveupdate_flb *flb)
{
	struct flb_link *link;

	if (!liveupdate_enabled())
		return;
	guard(mutex)(&links_lock);
	link = find_link(fh, flb);
	if (link)
		unlink(link);
	else
		pr_warn("FLB \"%s\" was not linked to \"%s\"\n",
			flb->compatible, fh->compatible);
}
EXPORT_SYMBOL_GPL(liveupdate_unregister_flb);

/**
 * luo_flbs_unlink_all() - unlink all FLBs from a handler
 * @fh: handler that is about to go
 */
void luo_flbs_unlink_all(struct liveupdate_file_handler *fh)
{
	struct flb_link *link, *before;

	guard(mutex)(&links_lock);
	list_for_each_entry_safe_reverse(link, before, &fh->flb_links, list)
		unlink(link);
}

/**
 * luo_flbs_init() - make the page for the next kernel
 * @phys: filled with its address
 *
 * Return: 0 or the error of kho_alloc_preserve().
 */
int luo_flbs_init(u64 *phys)
{
	out_page = kho_alloc_preserve(PAGE_SIZE);
	if (IS_ERR(out_page))
		return PTR_ERR(out_page);
	out_page->pgcnt = 1;
	*phys = virt_to_phys(out_page);
	return 0;
}

void luo_flbs_exit(void)
{
	kho_unpreserve_free(out_page);
}
