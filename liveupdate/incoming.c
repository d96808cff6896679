// SPDX-License-Identifier: GPL-2.0
/*
 * What the previous kernel left: checked as a whole while it lies where it is, copied, and its
 * pages taken over last. If anything is not as it should be, nothing is used and all memory stays
 * reserved. The handlers' own data is their business.
 *
 * That no page is named twice is known before the first entry is copied, so that what is
 * allocated for them is no more than a few times what the wire takes.
 */

#include <linux/err.h>
#include <linux/io.h>
#include <linux/kexec_handover.h>
#include <linux/kho_waiting.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/sort.h>

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

static int in_order(const void *a, const void *b)
{
	u64 x = *(const u64 *)a, y = *(const u64 *)b;

	return x < y ? -1 : x > y;
}

static int check_twice(struct reading *rd, struct kho_refusal *r)
{
	u64 i;

	sort(rd->pages, rd->nr_pages, sizeof(*rd->pages), in_order, NULL);
	for (i = 1; i < rd->nr_pages; i++)
		if (rd->pages[i] == rd->pages[i - 1])
			return kho_refuse(r, -EEXIST, "page named twice",
					  rd->pages[i], 0, 0);
	return 0;
}

/* Lists the pages, each of which is there once. */
static int list_pages(u64 phys, u64 bytes, const struct kho_page_ops *ops,
		      struct reading *rd, struct kho_refusal *r)
{
	const struct kho_luo_visit list = { .block = add_page, .ctx = rd };
	int ret;

	ret = kho_luo_walk(phys, bytes, ops, &list, r);
	if (ret)
		return ret;
	rd->room = rd->nr_pages;
	rd->nr_pages = 0;
	rd->pages = kvmalloc_array(rd->room, sizeof(*rd->pages),
				   GFP_KERNEL | __GFP_NOWARN);
	if (!rd->pages)
		return -ENOMEM;
	ret = kho_luo_walk(phys, bytes, ops, &list, r);
	if (ret)
		return ret;
	if (rd->nr_pages != rd->room)
		return kho_refuse(r, -EBADMSG, "number of pages changes", phys,
				  rd->nr_pages, rd->room);
	return check_twice(rd, r);
}

/* No entry is looked at any more. What is not there by now is not ours to take. */
static void take_pages(const struct reading *rd)
{
	u64 i;

	for (i = 0; i < rd->nr_pages; i++)
		if (kho_restore_pages(rd->pages[i], 1))
			free_page((unsigned long)phys_to_virt(rd->pages[i]));
}

static int read_wire(u64 phys, u64 bytes, struct reading *rd,
		     struct kho_refusal *r)
{
	const struct kho_page_ops ops = {
		.page = kho_waiting_block_op,
		.nr_pages = kho_waiting_unclaimed(),
	};
	const struct kho_luo_visit add = {
		.session = add_session,
		.file = add_file,
		.flb = add_flb,
		.ctx = rd,
	};
	int ret;

	ret = list_pages(phys, bytes, &ops, rd, r);
	if (!ret)
		ret = kho_luo_walk(phys, bytes, &ops, &add, r);
	if (!ret)
		take_pages(rd);
	return ret;
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
