// SPDX-License-Identifier: GPL-2.0
/*
 * What the previous kernel left: checked as a whole while it lies where it is, copied, and its
 * pages taken over last. If anything is not as it should be, nothing is used and all memory stays
 * reserved. The handlers' own data is their business.
 */

#include <linux/err.h>
#include <linux/io.h>
#include <linux/kexec_handover.h>
#include <linux/kho_waiting.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "core/luo.h"
#include "luo.h"

/**
 * struct reading - state of one reading
 * @session: that files are being added to
 * @pages: that the wire lies in
 * @nr_pages: how many, also those there was no room for
 * @room: in @pages
 */
struct reading {
	struct luo_session *session;
	u64 *pages;
	u64 nr_pages;
	u64 room;
};

static int add_session(void *ctx, const struct luo_session_ser *ser)
{
	struct reading *rd = ctx;

	rd->session = luo_session_add_incoming(ser->name);
	return PTR_ERR_OR_ZERO(rd->session);
}

static int add_file(void *ctx, const struct luo_file_ser *ser)
{
	struct reading *rd = ctx;

	return luo_file_add_incoming(rd->session, ser);
}

static int add_flb(void *ctx, const struct luo_flb_ser *ser)
{
	return luo_flb_add_incoming(ser);
}

static int add_page(void *ctx, u64 phys)
{
	struct reading *rd = ctx;

	if (rd->nr_pages < rd->room)
		rd->pages[rd->nr_pages] = phys;
	rd->nr_pages++;
	return 0;
}

/* No entry is looked at any more. A page that was named twice is there once. */
static int take_pages(struct reading *rd, struct kho_refusal *r)
{
	u64 i;

	for (i = 0; i < rd->nr_pages; i++) {
		if (!kho_restore_pages(rd->pages[i], 1))
			return kho_refuse(r, -EEXIST, "page named twice",
					  rd->pages[i], 0, 0);
		free_page((unsigned long)phys_to_virt(rd->pages[i]));
	}
	return 0;
}

static int read_wire(u64 phys, u64 bytes, struct reading *rd,
		     struct kho_refusal *r)
{
	const struct kho_page_ops ops = {
		.page = luo_page_op,
		.nr_pages = kho_waiting_unclaimed(),
	};
	const struct kho_luo_visit count = { .block = add_page, .ctx = rd };
	const struct kho_luo_visit add = {
		.session = add_session,
		.file = add_file,
		.flb = add_flb,
		.block = add_page,
		.ctx = rd,
	};
	int ret;

	ret = kho_luo_walk(phys, bytes, &ops, &count, r);
	if (ret)
		return ret;
	rd->room = rd->nr_pages;
	rd->nr_pages = 0;
	rd->pages = kvmalloc_array(rd->room, sizeof(*rd->pages),
				   GFP_KERNEL | __GFP_NOWARN);
	if (!rd->pages)
		return -ENOMEM;
	ret = kho_luo_walk(phys, bytes, &ops, &add, r);
	return ret ?: take_pages(rd, r);
}

/**
 * luo_incoming_read() - take over the sessions of the previous kernel
 *
 * Return: number of the live update that made them, 0 if there was none.
 */
u64 luo_incoming_read(void)
{
	struct kho_refusal r = {};
	struct reading rd = {};
	const struct luo_ser *luo;
	phys_addr_t phys;
	size_t bytes;
	u64 num = 0;
	int ret;

	if (kho_retrieve_subtree(LUO_KHO_SUBTREE, &phys, &bytes))
		return 0;
	kho_waiting_begin();
	luo = kho_waiting_page(phys);
	if (luo)
		num = luo->liveupdate_num;
	ret = read_wire(phys, bytes, &rd, &r);
	kho_waiting_end();
	kvfree(rd.pages);
	if (!ret) {
		pr_info("live update number %llu\n", num);
		return num;
	}
	/* Names and tokens that are there twice, and want of memory, are found by others. */
	if (!r.check)
		kho_refuse(&r, ret,
			   ret == -ENOMEM ? "no memory to read it" :
					    "name or token twice",
			   phys, 0, 0);
	luo_sessions_forget_incoming();
	luo_flbs_forget_incoming();
	luo_sessions_set_damaged();
	kho_client_refused(LUO_KHO_SUBTREE ": ", &r);
	return 0;
}
