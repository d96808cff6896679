// SPDX-License-Identifier: GPL-2.0
/*
 * The incoming side: find what the previous kernel left, validate it as a whole, give back what
 * was reserved only because it lay between preserved blocks, and keep the rest until a client
 * takes it.
 *
 * The wire area of the previous kernel stays reserved: sysfs shows the boot list that runs
 * through it. Its head page is marked as consumed, so that loading the module again does not read
 * a tree whose pages are long in other use.
 */

#include <linux/kho.h>
#include <linux/kho_holders.h>
#include <linux/math64.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/timekeeping.h>
#include <linux/timex.h>
#include <linux/workqueue.h>
#include <linux/kho/abi/metadata.h>

#include "core/bad.h"
#include "core/checked.h"
#include "core/fdt.h"
#include "core/ranges.h"
#include "kmod/compat/compat.h"
#include "kmod/clients/clients.h"
#include "kmod/image/image.h"
#include "kmod/in/in.h"
#include "kmod/kho.h"
#include "kmod/machine/machine.h"

/* In page->private of the head page: "KHOC" "DONE". The next page then has the kexec count. */
#define CONSUMED 0x4b484f43444f4e45UL

/* What the log says of pages that the previous kernel named as bad. */
static const char went_bad_before[] = "it went bad under the previous kernel";

enum in_state {
	IN_NONE, /* no handover, or it was consumed by an earlier load of the module */
	IN_REFUSED, /* found bad; everything stays reserved */
	IN_ACCEPTED,
};

/* Long loops over struct pages let others run after so many of them. */
#define PAGES_A_TURN PAGES_PER_SECTION

static enum in_state in_state;
static bool in_dropped;
static struct kho_boot_list in_list;
static struct kho_checked in_data;
/* Ranges of RAM inside extents: as many as there are. */
static struct kho_range *in_segment;
static u32 nr_segments;
/* The segment found last: neighbours are asked for one after the other. */
static u32 last_segment;
static char in_reason[256];
static int in_error;
static atomic64_t in_released;
static atomic64_t in_unclaimed;
static u64 in_validate_ns, in_release_ns, in_ready_ns;
static u64 in_ready_boottime_ns, in_jump_to_ready_ns;
/* Copies: what outlives the wire's pages. */
static u32 in_kexec_count;
static char in_release[72], in_module_version[32];
static u64 in_stamp[KHO_STAMP_MAX];
static DEFINE_MUTEX(in_lock);

/* ------------------------------------------------- which memory this kernel reserved at boot */

/*
 * Segments are what extents and RAM have in common: ascending and disjoint, whatever the
 * list says. Each of them ends where an extent or a range of RAM does, and no two at the same
 * end: there are not more than there are of both together.
 */
static void intersect(const struct kho_range *extent, u32 nr,
		      const struct kho_ram *ram)
{
	u64 from = 0;
	u32 i, j;

	for (i = 0; i < nr; i++) {
		from = max(from, PAGE_ALIGN(extent[i].start));
		for (j = 0; j < ram->nr; j++) {
			u64 start = max(from, ram->range[j].start);
			u64 end = min(PAGE_ALIGN_DOWN(extent[i].end),
				      ram->range[j].end);

			if (start >= end)
				continue;
			in_segment[nr_segments].start = start;
			in_segment[nr_segments++].end = end;
		}
		from = max(from, extent[i].end);
	}
}

static void forget_segments(void)
{
	kvfree(in_segment);
	in_segment = NULL;
	nr_segments = 0;
}

static int make_segments(const struct kho_range *extent, u32 nr)
{
	struct kho_ram ram;
	int ret;

	ret = kho_ram_get(&ram);
	if (ret)
		return ret;
	in_segment = kvcalloc(nr + ram.nr, sizeof(*in_segment), GFP_KERNEL);
	if (in_segment)
		intersect(extent, nr, &ram);
	else
		ret = -ENOMEM;
	kho_ram_put(&ram);
	return ret;
}

/* What wraps or is empty is in none. */
static bool in_this_segment(u32 i, u64 start, u64 end)
{
	return i < nr_segments && start < end && start >= in_segment[i].start &&
	       end <= in_segment[i].end;
}

static bool in_one_segment(u64 start, u64 end)
{
	u32 i;

	if (in_this_segment(last_segment, start, end))
		return true;
	for (i = 0; i < nr_segments; i++) {
		if (!in_this_segment(i, start, end))
			continue;
		last_segment = i;
		return true;
	}
	return false;
}

/* The struct page of boot-reserved RAM, or NULL. */
static struct page *reserved_page(u64 phys)
{
	struct page *page;

	if (!in_one_segment(phys, phys + PAGE_SIZE))
		return NULL;
	page = pfn_to_page(PHYS_PFN(phys));
	return PageReserved(page) && page_ref_count(page) == 1 ? page : NULL;
}

/* Calls @test for the first and last page of every section of every segment. */
static bool all_sections(bool (*test)(u64 phys))
{
	u32 i;

	for (i = 0; i < nr_segments; i++) {
		unsigned long pfn = PHYS_PFN(in_segment[i].start);
		unsigned long end = PHYS_PFN(in_segment[i].end);
		unsigned long next;

		for (; pfn < end; pfn = next) {
			next = min(end, ALIGN(pfn + 1, PAGES_PER_SECTION));
			if (!test(PFN_PHYS(pfn)) || !test(PFN_PHYS(next - 1)))
				return false;
		}
	}
	return true;
}

static bool is_online(u64 phys)
{
	return pfn_to_online_page(PHYS_PFN(phys));
}

static bool is_reserved(u64 phys)
{
	return reserved_page(phys);
}

static const void *in_page(void *ctx, u64 phys)
{
	/* Called for each node of the tree: the walk may be long. */
	cond_resched();
	return reserved_page(phys) ? phys_to_virt(phys) : NULL;
}

static int in_mark(void *ctx, u64 phys, unsigned int order)
{
	struct page *page;

	if (!in_one_segment(phys, phys + (PAGE_SIZE << order)))
		return -ERANGE;
	page = pfn_to_page(PHYS_PFN(phys));
	if (unlikely(!PageReserved(page)))
		return -ERANGE;
	if (unlikely(kho_marked(kho_page_mark(page))))
		return -EEXIST;
	set_page_private(page, KHO_MARK_MAGIC | kho_mark_of(order).bits);
	return 0;
}

static struct kho_mark in_marked(void *ctx, u64 phys)
{
	struct page *page = reserved_page(phys);

	return page ? kho_page_mark(page) : kho_mark_none();
}

static void forget_marks(void)
{
	unsigned long pfn;
	u32 i;

	for (i = 0; i < nr_segments; i++) {
		for (pfn = PHYS_PFN(in_segment[i].start);
		     pfn < PHYS_PFN(in_segment[i].end); pfn++) {
			struct page *page = pfn_to_page(pfn);

			if (kho_marked(kho_page_mark(page)))
				set_page_private(page, 0);
			if (!(pfn % PAGES_A_TURN))
				cond_resched();
		}
	}
}

/* ---------------------------------------------------------------------------------- refusals */

/**
 * kho_in_explain() - say why something was refused
 * @to: filled
 * @room: its size
 * @by: what comes before it
 * @r: why
 *
 * Context: any.
 *
 * Return: @to.
 */
const char *kho_in_explain(char *to, size_t room, const char *by,
			   const struct kho_refusal *r)
{
	size_t n = scnprintf(to, room, "%s%s", by, r->check);

	if (r->where)
		n += scnprintf(to + n, room - n, " at %#llx", r->where);
	if (r->found != r->wanted)
		scnprintf(to + n, room - n, ": found %#llx, expected %#llx",
			  r->found, r->wanted);
	else if (r->found)
		scnprintf(to + n, room - n, ": found %#llx", r->found);
	return to;
}

/*
 * Adds to the reason: of several clients each is named, as far as there is room.
 * Return: what was to be added, valid until the next.
 */
static const char *refuse(const char *by, const struct kho_refusal *r)
{
	static char what[sizeof(in_reason)];
	size_t n = strlen(in_reason);

	if (!n)
		in_error = -r->err;
	scnprintf(in_reason + n, sizeof(in_reason) - n, "%s%s", n ? "; " : "",
		  kho_in_explain(what, sizeof(what), by, r));
	return what;
}

/**
 * kho_in_client_refused() - what came in for one client is not good
 * @client: its name, with what is to follow it
 * @r: why
 *
 * Its memory stays reserved; the reason shows in the status. What came in for others is not
 * affected.
 */
void kho_in_client_refused(const char *client, const struct kho_refusal *r)
{
	guard(mutex)(&in_lock);
	/* The reason begins with who says so. */
	pr_err("refused: %s; its memory stays reserved until `kho drop --all`\n",
	       refuse(client, r));
}

/**
 * kho_in_refused() - was there a handover that was refused as a whole?
 * @why: filled if there was
 * @room: its size
 *
 * Context: may sleep.
 */
bool kho_in_refused(char *why, size_t room)
{
	guard(mutex)(&in_lock);
	if (in_state != IN_REFUSED)
		return false;
	strscpy(why, in_reason, room);
	return true;
}

/* ---------------------------------------------------------------------------- give back gaps */

/*
 * Gaps are found at once, while nobody can restore anything, and are given back by a worker:
 * clients need not wait for the page allocator to take back memory that is not theirs.
 */
struct gap_page {
	struct gap_page *next;
	u32 nr;
	struct {
		unsigned long start_pfn;
		unsigned long end_pfn;
	} gap[(PAGE_SIZE - 16) / 16];
};

static_assert(sizeof(struct gap_page) <= PAGE_SIZE);

static struct gap_page *in_gaps;

static void kho_give_back_gaps(struct work_struct *work)
{
	struct gap_page *page;
	u64 spent = 0;
	u32 i;

	while (in_gaps) {
		page = in_gaps;
		in_gaps = page->next;
		for (i = 0; i < page->nr; i++) {
			u64 start = ktime_get_ns();

			atomic64_add(kho_give_back(page->gap[i].start_pfn,
						   page->gap[i].end_pfn),
				     &in_released);
			spent += ktime_get_ns() - start;
			cond_resched();
		}
		free_page((unsigned long)page);
	}
	in_release_ns = spent;
}

static DECLARE_WORK(gaps_work, kho_give_back_gaps);

/* Does the gap begin where the last one that was noted ends? They are one then. */
static bool prolongs_last(struct gap_page *page, unsigned long start_pfn)
{
	return page && page->nr && page->gap[page->nr - 1].end_pfn == start_pfn;
}

/* Notes a gap for the worker; without memory for the note it is given back here and now. */
static void note_gap(unsigned long start_pfn, unsigned long end_pfn)
{
	struct gap_page *page = in_gaps;

	if (prolongs_last(page, start_pfn)) {
		page->gap[page->nr - 1].end_pfn = end_pfn;
		return;
	}
	if (!page || page->nr == ARRAY_SIZE(page->gap)) {
		page = (void *)__get_free_page(GFP_KERNEL | __GFP_NOWARN);
		if (!page) {
			atomic64_add(kho_give_back(start_pfn, end_pfn),
				     &in_released);
			return;
		}
		page->nr = 0;
		page->next = in_gaps;
		in_gaps = page;
	}
	page->gap[page->nr].start_pfn = start_pfn;
	page->gap[page->nr++].end_pfn = end_pfn;
}

/*
 * First page at or after @page that starts a preserved block, or @end. The inner loop over all
 * memory in extents: it looks at one word a page.
 */
static struct page *gap_end(struct page *page, struct page *end)
{
	for (; page < end; page++)
		if (unlikely(page_private(page) >> 32 ==
			     KHO_MARK_MAGIC >> 32) &&
		    kho_marked(kho_page_mark(page)))
			break;
	return page;
}

/*
 * Notes everything between preserved blocks.
 * Return: the first page that was not looked at: @end, or after it the end of a block.
 */
static struct page *find_gaps(struct page *page, struct page *end)
{
	struct page *stop;
	struct kho_mark mark;

	while (page < end) {
		mark = kho_page_mark(page);
		if (kho_marked(mark)) {
			page += kho_mark_pages(mark);
			continue;
		}
		stop = gap_end(page, end);
		note_gap(page_to_pfn(page), page_to_pfn(stop));
		page = stop;
	}
	return page;
}

/* Struct pages of x86-64 are one array (SPARSEMEM_VMEMMAP), backed wherever there is RAM. */
static void find_all_gaps(void)
{
	u32 i;

	for (i = 0; i < nr_segments; i++) {
		struct page *page = pfn_to_page(PHYS_PFN(in_segment[i].start));
		struct page *end = page + PHYS_PFN(in_segment[i].end -
						   in_segment[i].start);

		for (; page < end; cond_resched())
			page = find_gaps(page, min(end, page + PAGES_A_TURN));
	}
	queue_work(kho_compat_unbound_wq, &gaps_work);
}

/* ---------------------------------------------------- pages that went bad before the jump */

/* @phys: of reserved memory */
static bool is_bad(u64 phys)
{
	const struct kho_stay *stay = kho_stays_first(phys, phys + PAGE_SIZE);

	return kho_pages_bad(pfn_to_page(PHYS_PFN(phys)), 1) ||
	       (stay && stay->what == went_bad_before);
}

/* The mark of a block goes: it is a gap then, of which only the bad page is not given back. */
static void unmark(u64 head, struct kho_mark mark)
{
	set_page_private(pfn_to_page(PHYS_PFN(head)), 0);
	atomic64_sub(kho_mark_pages(mark) << PAGE_SHIFT, &in_unclaimed);
}

static bool in_wire_area(u64 phys)
{
	return phys - in_data.head_phys < KHO_WIRE_PAGES * PAGE_SIZE;
}

/* The block that a page is in, and its first page. */
static struct kho_mark block_around(u64 phys, u64 *head)
{
	unsigned int order;

	for (order = 0; order < 64 - PAGE_SHIFT; order++) {
		*head = kho_align_down(phys, PAGE_SIZE << order);
		if (kho_mark_is(in_marked(NULL, *head), order))
			return kho_mark_of(order);
	}
	return kho_mark_none();
}

static int withhold(u64 phys)
{
	struct kho_mark mark;
	u64 head;
	int ret;

	if (!in_one_segment(phys, phys + PAGE_SIZE) || in_wire_area(phys))
		return 0;
	ret = kho_stays_add(phys, phys + PAGE_SIZE, went_bad_before);
	if (ret)
		return ret;
	mark = block_around(phys, &head);
	if (!kho_marked(mark))
		return 0;
	pr_err("%#llx, %llu pages: preserved, but %#llx of it went bad before the jump; nobody gets it\n",
	       head, kho_mark_pages(mark), phys);
	unmark(head, mark);
	return 0;
}

/*
 * Whoever preserved such memory finds that nothing waits there. Room to note all of it is there,
 * see kho_in_init().
 *
 * Return: physical address of the list, 0 if there is none that is good.
 */
static u64 withhold_bad(void)
{
	const struct kho_bad_ser *bad;
	struct kho_refusal r = {};
	struct kho_fdt_subtree s;
	int ret;
	u32 i;

	if (kho_fdt_subtree_find(&in_data.fdt, KHO_BAD_SUBTREE, &s))
		return 0;
	bad = PAGE_ALIGNED(s.phys) && kho_checked_has_blob(&in_data, &s) &&
			      kho_mark_is(in_marked(NULL, s.phys), 0) ?
		      kho_in_blob(s.phys, PAGE_SIZE) :
		      NULL;
	ret = kho_bad_check(bad, s.phys, s.bytes, &r);
	for (i = 0; !ret && i < bad->nr_pages; i++)
		ret = withhold(bad->phys[i]);
	if (ret && !r.check)
		kho_refuse(&r, ret, "out of memory", s.phys, 0, 0);
	if (ret)
		kho_in_client_refused("pages that went bad: ", &r);
	else if (bad->nr_more)
		pr_err("%u more pages went bad before the jump, and are not known\n",
		       bad->nr_more);
	return ret ? 0 : s.phys;
}

/* The list of pages that went bad stays readable in debugfs. */
static void keep_bad_list(u64 phys)
{
	unmark(phys, kho_mark_of(0));
	kho_stays_add(phys, phys + PAGE_SIZE,
		      "the list of pages that went bad");
}

/* ----------------------------------------------------------------------------------- subtrees */

/* Each takes 32 bytes at least of the root FDT, which is one page. */
#define MAX_SUBTREES (PAGE_SIZE / 32)

/* By their numbers: their clients find none. */
static DECLARE_BITMAP(in_strays, MAX_SUBTREES);

/*
 * A client would restore its blob, or read it for as long as it likes.
 * Return: NULL, or why it must not.
 */
static const char *blob_objection(const struct kho_fdt_subtree *s)
{
	u64 page = PAGE_ALIGN_DOWN(s->phys), end, head, marked_to = 0;
	struct kho_mark mark;

	if (!kho_checked_has_blob(&in_data, s))
		return "its data is outside the extents";
	end = s->phys + max_t(u64, s->bytes, 1);
	for (; page < end; page += PAGE_SIZE, cond_resched()) {
		if (!reserved_page(page))
			return "its data is not reserved memory";
		if (is_bad(page))
			return "its data went bad";
		if (page < marked_to || in_wire_area(page))
			continue;
		mark = block_around(page, &head);
		if (!kho_marked(mark))
			return "its data is not preserved, or memory next to it went bad";
		/* A block is looked for once, however many of its pages there are. */
		marked_to = head + kho_mark_pages(mark) * PAGE_SIZE;
	}
	return NULL;
}

/* Once, while everything waits: what was restored looks like what was never preserved. */
static void refuse_stray_subtrees(void)
{
	struct kho_fdt_subtree s;
	char client[80];
	u32 i;

	for (i = 0; !kho_fdt_subtree_at(&in_data.fdt, i, &s); i++) {
		struct kho_refusal r = {};
		const char *why = i < MAX_SUBTREES ? blob_objection(&s) :
						     "it is one too many";

		if (!why)
			continue;
		if (i < MAX_SUBTREES)
			__set_bit(i, in_strays);
		kho_refuse(&r, -ERANGE, why, s.phys, 0, 0);
		snprintf(client, sizeof(client), "%s: ", s.name);
		kho_in_client_refused(client, &r);
	}
}

/* The wire area was preserved like anything else: it is ours, and stays. */
static void claim_wire(void)
{
	unsigned long pfn = PHYS_PFN(in_data.head_phys), i;

	for (i = 0; i < KHO_WIRE_PAGES; i++)
		set_page_private(pfn_to_page(pfn + i), 0);
	atomic64_sub(KHO_WIRE_PAGES * PAGE_SIZE, &in_unclaimed);
	set_page_private(pfn_to_page(pfn), CONSUMED);
	set_page_private(pfn_to_page(pfn + 1), in_kexec_count);
}

/* ------------------------------------------------------------------------------ init and exit */

static struct kho_checked_ops in_ops = {
	.page = in_page,
	.mark = in_mark,
	.marked = in_marked,
};

/*
 * Fills the segments, and makes sure that this kernel reserved them at boot. If it did not, what
 * is reserved there is its own, and not even to be dropped.
 */
static int find_segments(u64 head_phys, struct kho_refusal *r)
{
	int ret = make_segments(in_list.extent, in_list.nr_extents);

	if (ret)
		return ret;
	if (!all_sections(is_online))
		ret = kho_refuse(r, -ERANGE,
				 "extents in memory that is offline", 0, 0, 0);
	else if (!nr_segments || !all_sections(is_reserved))
		ret = kho_refuse(r, -ENOENT,
				 "this kernel did not reserve the extents",
				 head_phys, 0, 0);
	if (ret)
		forget_segments();
	return ret;
}

/* The wire area is used for as long as the module is loaded: it must not be given away. */
static int check_wire_preserved(struct kho_refusal *r)
{
	u64 phys = in_data.head_phys;
	u32 i;

	for (i = 0; i < KHO_WIRE_PAGES; i++, phys += PAGE_SIZE)
		if (!kho_mark_is(in_marked(NULL, phys), 0))
			return kho_refuse(r, -EBADMSG,
					  "page of the wire is not preserved",
					  phys, 0, 0);
	return 0;
}

static int validate(u64 head_phys)
{
	struct kho_refusal r = {};
	u64 start = ktime_get_ns();
	int ret;

	ret = find_segments(head_phys, &r);
	if (ret && !r.err)
		return ret;
	if (!ret) {
		in_ops.nr_pages = kho_ranges_sum(in_segment, nr_segments) >>
				  PAGE_SHIFT;
		ret = kho_handover_check(&in_data, &in_ops, head_phys, &r);
		if (!ret)
			ret = check_wire_preserved(&r);
		if (ret)
			forget_marks();
	}
	in_validate_ns = ktime_get_ns() - start;
	if (ret)
		refuse("", &r);
	return ret;
}

static bool already_consumed(u64 head_phys)
{
	struct page *page = pfn_to_online_page(PHYS_PFN(head_phys));

	return page && PageReserved(page) && page_private(page) == CONSUMED;
}

/*
 * Every kernel with KHO writes the metadata, so it is what tells who handed over. Where it is
 * missing or makes no sense, our own struct tells the same; that one has a checksum, so it is
 * right if they differ.
 */
static void read_metadata(void)
{
	struct kho_kexec_metadata m;
	struct kho_fdt_subtree s;
	const void *blob;

	if (kho_fdt_subtree_find(&in_data.fdt, KHO_METADATA_NODE_NAME, &s))
		return;
	blob = kho_checked_has_blob(&in_data, &s) ?
		       kho_in_blob(s.phys, min_t(u64, s.bytes, sizeof(m))) :
		       NULL;
	if (!blob || kho_metadata_check(&m, blob, s.bytes))
		return;
	if (in_data.module && (m.kexec_count != in_kexec_count ||
			       strcmp(m.previous_release, in_release))) {
		pr_warn("kexec metadata ignored: it differs from what the module handed over\n");
		return;
	}
	strscpy(in_release, m.previous_release, sizeof(in_release));
	in_kexec_count = m.kexec_count;
}

static void copy_story(void)
{
	const struct kho_module_ser *m = in_data.module;

	in_kexec_count = m->kexec_count;
	strscpy(in_release, m->release, sizeof(in_release));
	strscpy(in_module_version, m->module_version,
		sizeof(in_module_version));
	memcpy(in_stamp, m->stamp_ns, sizeof(in_stamp));
	read_metadata();
}

/**
 * kho_in_init() - find and validate a handover
 * @head_phys: where it starts if that is known by other means, else 0
 *
 * Acts on nothing: kho_in_accept() does.
 *
 * Return: 0, also if there is no handover or a bad one (see the status); -ENOMEM, -ENODEV,
 * -E2BIG.
 */
int kho_in_init(u64 head_phys)
{
	struct kho_fdt_subtree bad;
	int ret = kho_boot_list_read(&in_list, head_phys);

	if (ret == -ENOMEM)
		return ret;
	if (ret) {
		pr_err("cannot read the list of setup_data nodes (error %d): what a previous kernel left stays untouched\n",
		       ret);
		return 0;
	}
	if (!in_list.head_phys)
		return 0;
	if (already_consumed(in_list.head_phys)) {
		in_kexec_count = page_private(
			pfn_to_page(PHYS_PFN(in_list.head_phys) + 1));
		return 0;
	}
	ret = validate(in_list.head_phys);
	if (ret && !in_error)
		return ret;
	if (ret) {
		in_state = IN_REFUSED;
		pr_err("handover refused: %s; its memory stays reserved until `kho drop --all`\n",
		       in_reason);
		return 0;
	}
	copy_story();
	if (!kho_fdt_subtree_find(&in_data.fdt, KHO_BAD_SUBTREE, &bad))
		ret = kho_stays_reserve(KHO_MAX_BAD + 1);
	if (ret)
		kho_in_exit();
	return ret;
}

/**
 * kho_in_exit() - undo kho_in_init() before kho_in_accept(), or after everything was claimed
 */
void kho_in_exit(void)
{
	flush_work(&gaps_work);
	if (in_state == IN_NONE && in_data.module)
		forget_marks();
	forget_segments();
}

/*
 * How long ago the previous kernel jumped. The clock of this one was set by that of the machine,
 * which counts seconds; the processor's counter goes on, unless the firmware interferes: such
 * figures are not told.
 */
static u64 jump_to_ready_ns(u64 tsc)
{
	u64 since = in_ready_ns - in_stamp[KHO_STAMP_JUMP];
	u64 then = in_stamp[KHO_STAMP_JUMP_TSC], ns;

	if (!then || !tsc_khz || tsc <= then)
		return 0;
	ns = mul_u64_u32_div(tsc - then, NSEC_PER_MSEC, tsc_khz);
	if (!boot_cpu_has(X86_FEATURE_CONSTANT_TSC) &&
	    abs((s64)(ns - since)) > 2 * NSEC_PER_SEC)
		return 0;
	return ns;
}

static void note_ready(void)
{
	u64 tsc = get_cycles();

	in_ready_ns = ktime_get_real_ns();
	in_ready_boottime_ns = ktime_get_boottime_ns();
	in_jump_to_ready_ns = jump_to_ready_ns(tsc);
}

/**
 * kho_in_accept() - act on a good handover: give back gaps, let clients restore the rest
 *
 * The last step of loading the module: it cannot be undone.
 */
void kho_in_accept(void)
{
	u64 start = ktime_get_ns(), bad_list;

	if (in_state != IN_NONE || !in_data.module)
		return;
	atomic64_set(&in_unclaimed, in_data.tally.nr_pages << PAGE_SHIFT);
	__module_get(THIS_MODULE);
	bad_list = withhold_bad();
	refuse_stray_subtrees();
	if (bad_list)
		keep_bad_list(bad_list);
	find_all_gaps();
	claim_wire();
	in_validate_ns += ktime_get_ns() - start;
	note_ready();
	in_state = IN_ACCEPTED;
	pr_info("exec from: %s (count %u)\n", in_release, in_kexec_count);
	pr_info("%llu blocks, %llu KiB handed over\n", in_data.tally.nr_keys,
		in_data.tally.nr_pages << (PAGE_SHIFT - 10));
	kho_in_claimed(0);
}

/**
 * kho_in_claimed() - a client has taken over some of what came in
 * @bytes: how much
 *
 * Context: any but NMI.
 */
void kho_in_claimed(u64 bytes)
{
	static bool let_go;

	if (atomic64_sub_return(bytes, &in_unclaimed))
		return;
	/* The last of it: nothing here keeps the module loaded any more. */
	if (!xchg(&let_go, true))
		module_put(THIS_MODULE);
}

/**
 * kho_in_unclaimed_pages() - preserved pages that nobody has taken over yet
 */
u64 kho_in_unclaimed_pages(void)
{
	return kho_in_accepted() ? atomic64_read(&in_unclaimed) >> PAGE_SHIFT :
				   0;
}

/**
 * kho_in_accepted() - was there a handover, and was it good?
 */
bool kho_in_accepted(void)
{
	return READ_ONCE(in_state) == IN_ACCEPTED;
}

/**
 * kho_in_kexec_count() - handovers since the last cold boot
 */
u32 kho_in_kexec_count(void)
{
	return in_kexec_count;
}

/**
 * kho_in_pages() - preserved pages that came in
 */
u64 kho_in_pages(void)
{
	return in_data.tally.nr_pages;
}

/**
 * kho_in_subtree() - find a subtree of the previous kernel
 * @name: NUL-terminated
 * @subtree: filled; its name points into the FDT
 *
 * Return: 0; -ENOENT; -EBADMSG: its blob cannot be there, was not preserved, or went bad.
 */
int kho_in_subtree(const char *name, struct kho_fdt_subtree *subtree)
{
	u32 i;

	for (i = 0; i < MAX_SUBTREES && !kho_in_subtree_at(i, subtree); i++)
		if (!strcmp(subtree->name, name))
			return test_bit(i, in_strays) ? -EBADMSG : 0;
	return -ENOENT;
}

/**
 * kho_in_subtree_at() - get a subtree of the previous kernel by its number
 * @index: from 0
 * @subtree: filled; its name points into the FDT
 *
 * Those that kho_in_subtree() does not find are among them.
 *
 * Return: 0 or -ENOENT.
 */
int kho_in_subtree_at(u32 index, struct kho_fdt_subtree *subtree)
{
	if (!kho_in_accepted())
		return -ENOENT;
	return kho_fdt_subtree_at(&in_data.fdt, index, subtree);
}

/**
 * kho_in_fdt() - the root FDT that was accepted; it stays where it is
 */
const void *kho_in_fdt(void)
{
	return in_data.fdt.page;
}

/**
 * kho_in_bad() - did some of what came in go bad, under the previous kernel or this one?
 * @phys: physical address of the first page, aligned
 * @bytes: length; no more than one segment of memory has is looked at
 *
 * Context: any.
 *
 * Return: physical address of the first such page, or 0.
 */
u64 kho_in_bad(u64 phys, u64 bytes)
{
	u64 page;

	if (phys + bytes < phys || !in_one_segment(phys, phys + bytes))
		return 0;
	for (page = phys; page < phys + bytes; page += PAGE_SIZE)
		if (is_bad(page))
			return page;
	return 0;
}

/**
 * kho_in_blob() - where to read what came in and nobody has taken over yet
 * @phys: physical address of the first byte
 * @bytes: how many are read
 *
 * Return: address in the direct map; NULL if some of it is not reserved memory or went bad, or
 * if it is nothing.
 */
const void *kho_in_blob(u64 phys, u64 bytes)
{
	u64 page;

	if (!bytes || phys + bytes < phys)
		return NULL;
	for (page = PAGE_ALIGN_DOWN(phys); page < phys + bytes;
	     page += PAGE_SIZE)
		if (!reserved_page(page) || is_bad(page))
			return NULL;
	return phys_to_virt(phys);
}

/**
 * kho_in_wait_for_gaps() - wait until all memory between preserved blocks was given back
 *
 * Context: may sleep; under any lock, as who gives it back takes none.
 *
 * Return: true if there was something to wait for.
 */
bool kho_in_wait_for_gaps(void)
{
	return flush_work(&gaps_work);
}

/**
 * kho_in_held_pages() - count pages that are reserved only because they came in
 * @nid: of this node, or NUMA_NO_NODE
 * @max_phys: below this physical address
 *
 * Waits until all gaps are given back. Linear in the memory that came in.
 */
u64 kho_in_held_pages(int nid, u64 max_phys)
{
	u64 pages = 0;
	u32 i;

	kho_in_wait_for_gaps();
	for (i = 0; i < nr_segments; i++) {
		unsigned long pfn = PHYS_PFN(in_segment[i].start);
		unsigned long end = PHYS_PFN(min(in_segment[i].end, max_phys));

		for (; pfn < end; pfn++) {
			struct page *page = pfn_to_online_page(pfn);

			if (page && PageReserved(page) &&
			    (nid == NUMA_NO_NODE || page_to_nid(page) == nid))
				pages++;
			if (!(pfn % PAGES_A_TURN))
				cond_resched();
		}
		cond_resched();
	}
	return pages;
}

/* -------------------------------------------------------------------------------------- drop */

/* Gives back every block that nobody has restored. */
static void drop_unclaimed(void)
{
	u32 i;

	for (i = 0; i < nr_segments; i++) {
		unsigned long pfn = PHYS_PFN(in_segment[i].start);
		unsigned long end = PHYS_PFN(in_segment[i].end);

		while (pfn < end) {
			/* What was given back may be unplugged by now. */
			struct page *page = pfn_to_online_page(pfn);
			struct kho_mark mark = page ? kho_page_mark(page) :
						      kho_mark_none();
			unsigned long nr =
				kho_marked(mark) ? kho_mark_pages(mark) : 1;

			if (kho_marked(mark) &&
			    kho_page_unmark(page, kho_mark_order(mark))) {
				kho_give_back(pfn, pfn + nr);
				kho_in_claimed(nr << PAGE_SHIFT);
			}
			pfn += nr;
			cond_resched();
		}
	}
}

/*
 * The image of this kernel is reserved too. A list whose checksum is wrong might name it, and
 * modules do not know its exact place: keep away from its neighbourhood then.
 */
static bool near_kernel_image(u64 phys)
{
	u64 kernel = __pa_symbol(&system_state);
	u64 most = in_list.image_bytes ?: 512ULL << 20;

	if (in_data.nr_extents)
		return false;
	return phys + most > kernel && phys < kernel + most;
}

/* May this page of a refused handover be given back? */
static bool droppable(u64 phys)
{
	u64 wire =
		kho_align_down(in_list.head_phys, KHO_WIRE_PAGES * PAGE_SIZE);

	return phys - wire >= KHO_WIRE_PAGES * PAGE_SIZE &&
	       reserved_page(phys) && !near_kernel_image(phys);
}

/* Gives back what a refused handover keeps reserved. */
static void drop_refused(void)
{
	u64 phys, run;
	u32 i;

	for (i = 0; i < nr_segments; i++) {
		phys = in_segment[i].start;
		while (phys < in_segment[i].end) {
			for (run = phys; run < in_segment[i].end;
			     run += PAGE_SIZE)
				if (!droppable(run))
					break;
			atomic64_add(kho_give_back(PHYS_PFN(phys),
						   PHYS_PFN(run)),
				     &in_released);
			phys = run + PAGE_SIZE;
			cond_resched();
		}
	}
	/* Unless it was not even reserved: it may be anybody's page then. */
	if (reserved_page(in_list.head_phys))
		set_page_private(pfn_to_page(PHYS_PFN(in_list.head_phys)),
				 CONSUMED);
}

/* Memory that sessions and trees lead to is lost to them when it is dropped. */
static int holders_wait(void)
{
	struct kho_held sessions, trees;

	kho_holders_count(KHO_HOLDER_SESSION, &sessions);
	kho_holders_count(KHO_HOLDER_TREE, &trees);
	if (sessions.nr_in)
		pr_warn("nothing is dropped: %u sessions of the previous kernel wait to be asked for\n",
			sessions.nr_in);
	if (trees.nr_in)
		pr_warn("nothing is dropped: %u trees of the previous kernel wait to be restored\n",
			trees.nr_in);
	return sessions.nr_in || trees.nr_in ? -EBUSY : 0;
}

static int drop(void)
{
	guard(mutex)(&in_lock);
	if (in_state == IN_REFUSED && !in_dropped) {
		drop_refused();
		in_dropped = true;
		return 0;
	}
	/* What a client had taken meanwhile, and puts back, is dropped the next time. */
	if (in_state != IN_ACCEPTED || !atomic64_read(&in_unclaimed))
		return -ENOENT;
	drop_unclaimed();
	in_dropped = true;
	return 0;
}

/**
 * kho_in_drop() - give back everything that came in and that nobody has restored
 * @force: also what sessions and trees lead to that nobody has finished or restored
 *
 * Waits for who looks at it, see kho_waiting_begin().
 *
 * Context: may sleep.
 *
 * Return: 0; -ENOENT if there is nothing; -EBUSY (sessions or trees wait); -EINTR if the task was
 * killed while it waited.
 */
int kho_in_drop(bool force)
{
	int ret = 0;

	kho_in_wait_for_gaps();
	if (down_write_killable(&kho_in_looking))
		return -EINTR;
	if (!force)
		ret = holders_wait();
	if (!ret)
		ret = drop();
	up_write(&kho_in_looking);
	return ret;
}

/* ------------------------------------------------------------------------------------ status */

/**
 * kho_in_status() - fill the incoming part of a status
 * @status: out
 *
 * Waits until all gaps are given back, so that what it tells is final.
 */
void kho_in_status(struct kho_ioctl_status *status)
{
	kho_in_wait_for_gaps();
	guard(mutex)(&in_lock);
	if (in_state != IN_NONE)
		status->flags |= KHO_STATUS_IN_PRESENT;
	if (in_state == IN_ACCEPTED)
		status->flags |= KHO_STATUS_IN_ACCEPTED;
	if (in_state == IN_REFUSED)
		status->flags |= KHO_STATUS_IN_REFUSED;
	if (in_dropped)
		status->flags |= KHO_STATUS_IN_DROPPED;
	status->kexec_count = in_kexec_count;
	status->in_blocks = in_data.tally.nr_keys;
	status->in_bytes = in_data.tally.nr_pages << PAGE_SHIFT;
	status->in_unclaimed_bytes = atomic64_read(&in_unclaimed);
	status->in_released_bytes = atomic64_read(&in_released);
	status->in_error = in_error;
	status->in_validate_ns = in_validate_ns;
	status->in_release_ns = in_release_ns;
	status->in_ready_ns = in_ready_ns;
	status->in_jump_ns = in_stamp[KHO_STAMP_JUMP];
	status->in_jump_to_ready_ns = in_jump_to_ready_ns;
	status->in_stopping_ns = in_stamp[KHO_STAMP_STOPPING];
	status->in_ready_boottime_ns = in_ready_boottime_ns;
	memcpy(status->in_stamp_ns, in_stamp, sizeof(status->in_stamp_ns));
	strscpy(status->in_release, in_release, sizeof(status->in_release));
	strscpy(status->in_module_version, in_module_version,
		sizeof(status->in_module_version));
	strscpy(status->in_reason, in_reason, sizeof(status->in_reason));
}

static void put_range(struct kho_range_info *info, u32 room, u32 at, u64 start,
		      u64 end, u32 type)
{
	if (at < room)
		info[at] = (struct kho_range_info){
			.start = start,
			.end = end,
			.type = type,
		};
}

/**
 * kho_in_ranges() - list the extents that came in, and the memory map that was handed on
 * @info: filled as far as there is room
 * @room: elements
 *
 * Return: how many there are.
 */
u32 kho_in_ranges(struct kho_range_info *info, u32 room)
{
	const struct kho_memmap_ser *map = in_data.memmap;
	u32 i, nr = 0;

	for (i = 0; i < nr_segments; i++)
		put_range(info, room, nr++, in_segment[i].start,
			  in_segment[i].end, KHO_RANGE_IN_EXTENT);
	if (!kho_in_accepted() || !map)
		return nr;
	for (i = 0; i < map->nr_entries; i++, nr++) {
		put_range(info, room, nr, map->entry[i].addr,
			  map->entry[i].addr + map->entry[i].bytes,
			  KHO_RANGE_MEMMAP);
		if (nr < room)
			info[nr].info = map->entry[i].type;
	}
	return nr;
}
