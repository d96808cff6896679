// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
#include "luo.h"

#include "bits.h"

/*
 * State of one walk.
 * @nr_blocks: pages entered so far, over all chains
 */
struct luo_walk {
	const struct kho_page_ops *ops;
	const struct kho_luo_visit *visit;
	struct kho_refusal *r;
	u64 nr_blocks;
};

/* A NUL-terminated name that is not empty. */
static bool is_name(const char *name, u32 size)
{
	u32 i;

	for (i = 0; i < size && name[i]; i++)
		;
	return i && i < size;
}

static int done_with(struct luo_walk *w, u64 phys)
{
	if (!w->visit || !w->visit->block)
		return 0;
	return w->visit->block(w->visit->ctx, phys);
}

/*
 * Calls @each for the entries of a chain. A circle ends by the bound on its length, and all
 * chains together by the number of pages there are. What is checked is read once: pages that are
 * named twice may be changed meanwhile.
 */
static int walk_chain(struct luo_walk *w, u64 phys, u32 entry_size,
		      int (*each)(struct luo_walk *w, const void *entry,
				  u64 phys),
		      u64 *count)
{
	const u32 room =
		(KHO_BLOCK_SIZE - sizeof(struct kho_block_header_ser)) /
		entry_size;
	u64 length = 0, next, i;
	int err = 0;

	for (*count = 0; phys && !err; phys = next) {
		const struct kho_block_header_ser *block =
			kho_page_at(w->ops, phys);
		u64 at = phys + sizeof(*block);
		struct kho_block_header_ser head;

		if (!block)
			return kho_refuse(w->r, -EBADMSG,
					  "block is not preserved", phys, phys,
					  phys);
		if (++length > KHO_BLOCK_CHAIN_MAX)
			return kho_refuse(w->r, -ERANGE,
					  "chain is too long or a circle", phys,
					  length, KHO_BLOCK_CHAIN_MAX);
		if (w->ops->nr_pages && ++w->nr_blocks > w->ops->nr_pages)
			return kho_refuse(w->r, -ERANGE,
					  "more blocks than preserved memory",
					  phys, w->nr_blocks, w->ops->nr_pages);
		memcpy(&head, block, sizeof(head));
		if (!head.count || head.count > room)
			return kho_refuse(w->r, -ERANGE,
					  "block count of entries", phys,
					  head.count, room);
		next = head.next;
		for (i = 0; i < head.count && !err; i++, at += entry_size)
			err = each(w, (const u8 *)(block + 1) + i * entry_size,
				   at);
		*count += i;
		if (!err)
			err = done_with(w, phys);
	}
	return err;
}

static int check_file(struct luo_walk *w, const void *entry, u64 phys)
{
	struct luo_file_ser f;

	memcpy(&f, entry, sizeof(f));
	if (!is_name(f.compatible, sizeof(f.compatible)))
		return kho_refuse(w->r, -EBADMSG, "file handler name", phys, 0,
				  0);
	if (!w->visit || !w->visit->file)
		return 0;
	return w->visit->file(w->visit->ctx, &f);
}

static int check_session(struct luo_walk *w, const void *entry, u64 phys)
{
	struct luo_session_ser s;
	u64 nr_files;
	int err = 0;

	memcpy(&s, entry, sizeof(s));
	if (!is_name(s.name, sizeof(s.name)))
		return kho_refuse(w->r, -EBADMSG, "session name", phys, 0, 0);
	if (w->visit && w->visit->session)
		err = w->visit->session(w->visit->ctx, &s);
	if (!err)
		err = walk_chain(w, s.file_set.files,
				 sizeof(struct luo_file_ser), check_file,
				 &nr_files);
	if (!err && nr_files != s.file_set.count)
		return kho_refuse(w->r, -EBADMSG, "session number of files",
				  phys, s.file_set.count, nr_files);
	return err;
}

static int check_flb(struct luo_walk *w, const void *entry, u64 phys)
{
	struct luo_flb_ser flb;

	memcpy(&flb, entry, sizeof(flb));
	if (!is_name(flb.name, sizeof(flb.name)))
		return kho_refuse(w->r, -EBADMSG, "FLB name", phys, 0, 0);
	if (!flb.count || flb.count > 0x7fffffff)
		return kho_refuse(w->r, -ERANGE, "FLB number of files", phys,
				  flb.count, 1);
	if (!w->visit || !w->visit->flb)
		return 0;
	return w->visit->flb(w->visit->ctx, &flb);
}

static int check_flbs(struct luo_walk *w, u64 phys)
{
	const struct luo_flb_header_ser *page = kho_page_at(w->ops, phys);
	const u32 size = sizeof(struct luo_flb_ser);
	struct luo_flb_header_ser head;
	u64 at = phys + sizeof(head), i;
	int err = 0;

	if (!page)
		return kho_refuse(w->r, -EBADMSG, "FLB page is not preserved",
				  phys, phys, phys);
	memcpy(&head, page, sizeof(head));
	if (head.pgcnt != 1)
		return kho_refuse(w->r, -ERANGE, "FLB number of pages", phys,
				  head.pgcnt, 1);
	if (head.count > LUO_MAX_FLBS)
		return kho_refuse(w->r, -ERANGE, "number of FLBs", phys,
				  head.count, LUO_MAX_FLBS);
	for (i = 0; i < head.count && !err; i++, at += size)
		err = check_flb(w, (const u8 *)(page + 1) + i * size, at);
	return err ? err : done_with(w, phys);
}

static bool is_compatible(const struct luo_ser *luo)
{
	static const char compatible[LUO_COMPATIBLE_SIZE] = LUO_COMPATIBLE;

	return !memcmp(luo->compatible, compatible, sizeof(compatible));
}

int kho_luo_walk(u64 phys, u64 bytes, const struct kho_page_ops *ops,
		 const struct kho_luo_visit *visit, struct kho_refusal *r)
{
	struct luo_walk w = { .ops = ops, .visit = visit, .r = r };
	const void *page = kho_page_at(ops, phys);
	struct luo_ser luo;
	u64 nr_sessions;
	int err;

	if (!page)
		return kho_refuse(r, -EBADMSG, "LUO blob is not preserved",
				  phys, phys, phys);
	if (bytes < sizeof(luo) || bytes > KHO_PAGE_SIZE)
		return kho_refuse(r, -EBADMSG, "LUO blob size", phys, bytes,
				  sizeof(luo));
	memcpy(&luo, page, sizeof(luo));
	if (!is_compatible(&luo))
		return kho_refuse(r, -EPROTONOSUPPORT, "LUO version", phys, 0,
				  0);
	err = walk_chain(&w, luo.sessions_pa, sizeof(struct luo_session_ser),
			 check_session, &nr_sessions);
	if (!err && luo.flbs_pa)
		err = check_flbs(&w, luo.flbs_pa);
	return err ? err : done_with(&w, phys);
}

int kho_luo_lost_check(const struct luo_lost_ser *lost, u64 phys, u64 bytes,
		       struct kho_refusal *r)
{
	if (!lost)
		return kho_refuse(r, -EBADMSG, "list is not preserved", phys,
				  phys, phys);
	if (bytes != sizeof(*lost))
		return kho_refuse(r, -EBADMSG, "list size", phys, bytes,
				  sizeof(*lost));
	if (lost->magic != LUO_LOST_MAGIC)
		return kho_refuse(r, -EPROTONOSUPPORT, "list version", phys,
				  lost->magic, LUO_LOST_MAGIC);
	if (lost->bytes > sizeof(lost->text))
		return kho_refuse(r, -ERANGE, "list length", phys, lost->bytes,
				  sizeof(lost->text));
	return 0;
}
