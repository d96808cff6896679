// SPDX-License-Identifier: GPL-2.0
/*
 * Named reserved regions: contiguous memory that stays at its address in every following kernel.
 * The wire is <linux/kho/abi/memblock.h>.
 *
 * A region lives until it is dropped: what came in is preserved again where it lies, whether a
 * parameter names it or not. Its pages are preserved before it is entered on the wire, and until
 * it is gone from there; the wire changes by one store. So no instant loses a region.
 *
 * Everything here is under reserve_lock, but for a region that is being made.
 */

#include <linux/bits.h>
#include <linux/kexec_handover.h>
#include <linux/kho.h>
#include <linux/kho_fit.h>
#include <linux/kho_reserve.h>
#include <linux/list.h>
#include <linux/log2.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "core/cover.h"
#include "core/fdt.h"
#include "kmod/compat/compat.h"
#include "core/reserve_fdt.h"
#include "kmod/api/api.h"
#include "kmod/clients/clients.h"
#include "kmod/image/image.h"
#include "kmod/in/in.h"
#include "kmod/kho.h"
#include "kmod/machine/machine.h"

/* Upstream's limit for the boot parameter. */
#define MAX_PARAMETERS 8
/* More than one page of FDT has room for. */
#define MAX_REGIONS 64
/* No machine has that much. */
#define MAX_BYTES BIT_ULL(46)

static_assert(KHO_REGION_NAME_SIZE == RESERVE_MEM_KHO_NAME_SIZE);

/**
 * struct region - one region
 * @list: in regions, sorted by name
 * @name: NUL-terminated
 * @phys: physical address
 * @bytes: length as it is on the wire; its last page belongs to it as a whole
 * @nr_users: times a client in the kernel has found it, and not put it
 * @incoming: came from a previous kernel
 */
struct region {
	struct list_head list;
	char name[KHO_REGION_NAME_SIZE];
	u64 phys;
	u64 bytes;
	u32 nr_users;
	bool incoming;
};

static LIST_HEAD(regions);
static u32 nr_regions;
static DEFINE_MUTEX(reserve_lock);
/* The FDT on the wire, a page of its own; NULL if there are no regions. */
static void *reserve_blob;

static char *reserve_mem[MAX_PARAMETERS];
static unsigned int nr_reserve_mem;
module_param_array(reserve_mem, charp, &nr_reserve_mem, 0444);
MODULE_PARM_DESC(
	reserve_mem,
	"SIZE:ALIGN:NAME[,...]: memory that every following kernel finds at its address, at most 8");

/* What the parameter asks for. */
static struct request {
	char name[KHO_REGION_NAME_SIZE];
	u64 bytes;
	u64 align;
} requests[MAX_PARAMETERS];

static unsigned long region_pages(const struct region *r)
{
	return PAGE_ALIGN(r->bytes) >> PAGE_SHIFT;
}

static struct page *region_page(const struct region *r)
{
	return pfn_to_page(PHYS_PFN(r->phys));
}

static struct region *region_by_name(const char *name)
{
	struct region *r;

	list_for_each_entry(r, &regions, list)
		if (!strcmp(r->name, name))
			return r;
	return NULL;
}

static void region_insert(struct region *r)
{
	struct region *at;

	list_for_each_entry(at, &regions, list)
		if (strcmp(at->name, r->name) > 0)
			break;
	list_add_tail(&r->list, &at->list);
	nr_regions++;
}

static void region_remove(struct region *r)
{
	list_del(&r->list);
	nr_regions--;
}

/* ----------------------------------------------------------------------------------- the wire */

static void blob_free(void *blob)
{
	if (!blob)
		return;
	kho_unpreserve_pages(virt_to_page(blob), 1);
	free_page((unsigned long)blob);
}

/* A preserved page that describes all regions, or ERR_PTR. */
static void *blob_make(void)
{
	struct kho_region *table;
	struct region *r;
	struct page *page;
	void *blob;
	u32 nr = 0;
	int ret = -ENOMEM;

	table = kcalloc(nr_regions, sizeof(*table), GFP_KERNEL);
	page = kho_fit_alloc(GFP_KERNEL | __GFP_ZERO, 0);
	if (!table || !page)
		goto err_free;
	blob = page_address(page);
	list_for_each_entry(r, &regions, list) {
		table[nr].name = r->name;
		table[nr].phys = r->phys;
		table[nr++].bytes = r->bytes;
	}
	ret = kho_regions_write(blob, table, nr);
	if (ret == -ENOSPC)
		pr_err("no room for another region: their list is one page, and %u fill it\n",
		       nr - 1);
	if (!ret)
		ret = kho_preserve_pages(page, 1);
	if (ret)
		goto err_free;
	kfree(table);
	return blob;

err_free:
	if (page)
		__free_page(page);
	kfree(table);
	return ERR_PTR(ret);
}

/* Puts the regions of the list on the wire. On failure those that were there still are. */
static int publish(void)
{
	void *blob = NULL;
	int ret = 0;

	if (nr_regions) {
		blob = blob_make();
		if (IS_ERR(blob))
			return PTR_ERR(blob);
	}
	if (blob && reserve_blob)
		ret = kho_own_subtree_replace(MEMBLOCK_KHO_FDT, blob,
					      PAGE_SIZE);
	else if (blob)
		ret = kho_own_subtree_add(MEMBLOCK_KHO_FDT, blob, PAGE_SIZE);
	else if (reserve_blob)
		ret = kho_own_subtree_remove(reserve_blob);
	if (ret) {
		blob_free(blob);
		return ret;
	}
	blob_free(reserve_blob);
	reserve_blob = blob;
	return 0;
}

/* ------------------------------------------------------------------------ making and dropping */

/*
 * Contiguous memory, zeroed. Large regions start at the border of a granule, which leaves extents
 * the form that early boot likes; the last page of RAM cannot be preserved.
 */
static u64 region_memory(u64 bytes, u64 align)
{
	struct kho_ram ram;
	unsigned long i;
	u64 phys = 0;
	u64 natural = min_t(u64, roundup_pow_of_two(bytes), KHO_COVER_GRANULE);

	if (!kho_ram_get(&ram))
		phys = kho_contig_take(&ram, bytes, max(align, natural), 0,
				       ram.range[ram.nr - 1].end - PAGE_SIZE);
	kho_ram_put(&ram);
	for (i = 0; phys && i < bytes >> PAGE_SHIFT; i++) {
		clear_page(phys_to_virt(phys + (i << PAGE_SHIFT)));
		if (!(i % 1024))
			cond_resched();
	}
	return phys;
}

static void region_free(struct region *r)
{
	kho_contig_free(r->phys, PAGE_ALIGN(r->bytes));
	kfree(r);
}

/* A region whose pages are preserved, not on the list yet; or ERR_PTR. */
static struct region *region_make(const char *name, u64 bytes, u64 align)
{
	struct region *r = kzalloc(sizeof(*r), GFP_KERNEL);
	int ret = -ENOMEM;

	if (!r)
		return ERR_PTR(-ENOMEM);
	strscpy(r->name, name, sizeof(r->name));
	r->bytes = bytes;
	r->phys = region_memory(bytes, align);
	if (!r->phys)
		goto err_free;
	ret = kho_preserve_pages(region_page(r), region_pages(r));
	if (ret)
		goto err_memory;
	return r;

err_memory:
	kho_contig_free(r->phys, bytes);
err_free:
	kfree(r);
	return ERR_PTR(ret);
}

static void region_destroy(struct region *r)
{
	kho_unpreserve_pages(region_page(r), region_pages(r));
	region_free(r);
}

/* Size and alignment as they will be. Return: 0 or -EINVAL. */
static int normalise(const char *name, u64 *bytes, u64 *align)
{
	if (!kho_region_name_ok(name) || !*bytes || *bytes > MAX_BYTES)
		return -EINVAL;
	if (*align & (*align - 1) || *align > MAX_BYTES)
		return -EINVAL;
	*bytes = PAGE_ALIGN(*bytes);
	*align = max_t(u64, *align, PAGE_SIZE);
	return 0;
}

/* Enters a region of region_make(), in the place of @old if that is not NULL. */
static int region_enter(struct region *r, struct region *old)
{
	int ret;

	if (old)
		region_remove(old);
	region_insert(r);
	ret = publish();
	if (!ret) {
		if (old)
			region_destroy(old);
		return 0;
	}
	region_remove(r);
	if (old)
		region_insert(old);
	return ret;
}

/* Makes a region, in the place of @old if that is not NULL. */
static int region_add(const char *name, u64 bytes, u64 align,
		      struct region *old)
{
	struct region *r;
	int ret;

	if (!kho_enabled)
		return -EOPNOTSUPP;
	r = region_make(name, bytes, align);
	if (IS_ERR(r))
		return PTR_ERR(r);
	ret = region_enter(r, old);
	if (ret)
		region_destroy(r);
	return ret;
}

static int region_drop(struct region *r)
{
	int ret;

	region_remove(r);
	ret = publish();
	if (ret) {
		region_insert(r);
		return ret;
	}
	region_destroy(r);
	return 0;
}

/* -------------------------------------------------------------- taking over what came in */

/* Do whole preserved blocks, waiting to be restored, make up exactly these pages? */
static bool pages_wait(u64 phys, u64 nr_pages)
{
	struct kho_mark mark;
	struct page *page;

	while (nr_pages) {
		page = pfn_to_online_page(PHYS_PFN(phys));
		mark = page ? kho_page_mark(page) : kho_mark_none();
		if (!kho_marked(mark) || kho_mark_pages(mark) > nr_pages)
			return false;
		nr_pages -= kho_mark_pages(mark);
		phys += PAGE_SIZE << kho_mark_order(mark);
		cond_resched();
	}
	return true;
}

static int check_incoming(const struct kho_fdt_subtree *subtree,
			  struct kho_regions *in, struct kho_refusal *r)
{
	struct kho_region region;
	u64 bad;
	u32 i;
	int ret;

	if (!PAGE_ALIGNED(subtree->phys) || subtree->bytes > PAGE_SIZE ||
	    !pages_wait(subtree->phys, 1))
		return kho_refuse(r, -EBADMSG, "FDT of regions is no page",
				  subtree->phys, subtree->bytes, PAGE_SIZE);
	ret = kho_regions_check(in, phys_to_virt(subtree->phys), subtree->phys,
				r);
	for (i = 0; !ret && i < in->nr; i++) {
		kho_region_at(in, i, &region);
		bad = kho_in_bad(region.phys, kho_region_pages(&region)
						      << PAGE_SHIFT);
		if (bad)
			ret = kho_refuse(r, -EIO, "a page of a region went bad",
					 region.phys, bad, bad);
		else if (!pages_wait(region.phys, kho_region_pages(&region)))
			ret = kho_refuse(r, -EBADMSG,
					 "region was not preserved",
					 region.phys, region.bytes,
					 region.bytes);
	}
	return ret;
}

/* Enters one region as it came in and preserves its pages, which still wait to be restored. */
static int adopt(const struct kho_region *in)
{
	struct region *r = kzalloc(sizeof(*r), GFP_KERNEL);
	int ret;

	if (!r)
		return -ENOMEM;
	strscpy(r->name, in->name, sizeof(r->name));
	r->phys = in->phys;
	r->bytes = in->bytes;
	r->incoming = true;
	ret = kho_preserve_pages(region_page(r), region_pages(r));
	if (ret)
		kfree(r);
	else
		region_insert(r);
	return ret;
}

static void forget_all(void)
{
	struct region *r, *next;

	list_for_each_entry_safe(r, next, &regions, list) {
		region_remove(r);
		kho_unpreserve_pages(region_page(r), region_pages(r));
		kfree(r);
	}
}

/*
 * Preserves every region again and puts all of them on the wire; only then are they restored,
 * which cannot fail after the check. So if anything fails, all is as it came in.
 */
static int adopt_all(const struct kho_regions *in)
{
	struct kho_region region;
	struct region *r;
	u32 i;
	int ret = kho_enabled ? 0 : -EOPNOTSUPP;

	for (i = 0; !ret && i < in->nr; i++) {
		kho_region_at(in, i, &region);
		ret = adopt(&region);
	}
	if (!ret)
		ret = publish();
	if (ret) {
		forget_all();
		return ret;
	}
	list_for_each_entry(r, &regions, list)
		if (!kho_restore_pages(r->phys, region_pages(r)))
			pr_err("region \"%s\" at %#llx was taken by another client\n",
			       r->name, r->phys);
	return 0;
}

static void take_over(void)
{
	struct kho_fdt_subtree subtree;
	struct kho_refusal r = {};
	struct kho_regions in;
	int ret;

	if (kho_in_subtree(MEMBLOCK_KHO_FDT, &subtree))
		return;
	ret = check_incoming(&subtree, &in, &r);
	if (!ret)
		ret = adopt_all(&in);
	if (!ret) {
		if (kho_restore_pages(subtree.phys, 1))
			free_page((unsigned long)phys_to_virt(subtree.phys));
		return;
	}
	if (!r.check)
		kho_refuse(
			&r, ret,
			ret == -EOPNOTSUPP ?
				"handover is off, so they could not be handed on" :
				"they cannot be handed on",
			0, -ret, 0);
	kho_in_client_refused("regions: ", &r);
}

/* ---------------------------------------------------------------------- parameter reserve_mem */

static int request_parse(struct request *q, const char *text)
{
	char *at;

	q->bytes = memparse(text, &at);
	if (at == text || *at++ != ':')
		return -EINVAL;
	text = at;
	q->align = memparse(text, &at);
	if (at == text || *at++ != ':')
		return -EINVAL;
	if (strscpy(q->name, at, sizeof(q->name)) < 0)
		return -EINVAL;
	return normalise(q->name, &q->bytes, &q->align);
}

/**
 * kho_reserve_parse() - read the parameter reserve_mem=
 *
 * Nothing is done yet, so that a mistake is found before anything happens.
 *
 * Return: 0 or -EINVAL.
 */
int kho_reserve_parse(void)
{
	unsigned int i, k;

	for (i = 0; i < nr_reserve_mem; i++) {
		if (request_parse(&requests[i], reserve_mem[i])) {
			pr_err("reserve_mem=%s: not SIZE:ALIGN:NAME, with a power of two for ALIGN and 1 to 15 characters for NAME\n",
			       reserve_mem[i]);
			return -EINVAL;
		}
		for (k = 0; k < i; k++)
			if (!strcmp(requests[i].name, requests[k].name)) {
				pr_err("reserve_mem=: region \"%s\" twice\n",
				       requests[i].name);
				return -EINVAL;
			}
	}
	return 0;
}

static bool as_requested(const struct region *r, const struct request *q)
{
	return PAGE_ALIGN(r->bytes) == q->bytes &&
	       IS_ALIGNED(r->phys, q->align);
}

/* Revives the region that came in under this name, or makes a new one. */
static void request_do(const struct request *q)
{
	struct region *r = region_by_name(q->name);
	bool mismatch = r;
	int ret;

	if (r && as_requested(r, q)) {
		pr_info("Revived memory reservation '%s' from KHO\n", q->name);
		return;
	}
	if (mismatch)
		pr_warn("region \"%s\" came in with %llu bytes at %#llx, but reserve_mem= wants %llu bytes aligned to %#llx: its old contents are given up for a new region\n",
			r->name, r->bytes, r->phys, q->bytes, q->align);
	ret = region_add(q->name, q->bytes, q->align, r);
	if (!ret)
		return;
	pr_err("no region \"%s\" of %llu bytes aligned to %#llx: error %d\n",
	       q->name, q->bytes, q->align, ret);
	if (mismatch)
		pr_warn("region \"%s\" stays as it came in after all\n",
			q->name);
}

/**
 * kho_reserve_init() - take over the regions that came in, then make what reserve_mem= asks for
 *
 * Regions that cannot be taken over stay reserved, all of them, and the reason shows in the
 * status.
 */
void kho_reserve_init(void)
{
	unsigned int i;

	guard(mutex)(&reserve_lock);
	take_over();
	for (i = 0; i < nr_reserve_mem; i++)
		request_do(&requests[i]);
}

/**
 * kho_reserve_exit() - nothing to do: the module stays loaded while there are regions
 */
void kho_reserve_exit(void)
{
	WARN_ON_ONCE(nr_regions);
}

/* ---------------------------------------------------------------------- clients in the kernel */

/**
 * kho_reserve_find_by_name() - find a reserved region, and use it
 * @name: its name
 * @start: filled with its physical address
 * @size: filled with its size in bytes
 *
 * The region cannot be dropped until kho_reserve_put_by_name() was called as often. Where the
 * kernel has regions of its own boot parameter reserve_mem=, they are found if the module has
 * none of this name; those need no put.
 *
 * Context: may sleep.
 *
 * Return: 1, or 0 if there is no such region.
 */
int kho_reserve_find_by_name(const char *name, phys_addr_t *start,
			     phys_addr_t *size)
{
	struct region *r;

	if (!name || !start || !size)
		return 0;
	scoped_guard(mutex, &reserve_lock) {
		r = region_by_name(name);
		if (r) {
			r->nr_users++;
			*start = r->phys;
			*size = r->bytes;
			return 1;
		}
	}
	return kho_compat_reserve_mem_find(name, start, size);
}
EXPORT_SYMBOL_GPL(kho_reserve_find_by_name);

/**
 * kho_reserve_put_by_name() - a client does not use a region any more; it stays for others
 * @name: as it was found
 *
 * Context: may sleep.
 */
void kho_reserve_put_by_name(const char *name)
{
	struct region *r;

	guard(mutex)(&reserve_lock);
	r = region_by_name(name);
	if (r && r->nr_users)
		r->nr_users--;
}
EXPORT_SYMBOL_GPL(kho_reserve_put_by_name);

/**
 * kho_reserve_release_by_name() - give the memory of a region back to the page allocator
 * @name: as it was found by the caller, who was its only user
 *
 * Context: may sleep.
 *
 * Return: 1, or 0 if there is no such region, others use it, or memory is short.
 */
int kho_reserve_release_by_name(const char *name)
{
	struct region *r;

	scoped_guard(mutex, &reserve_lock) {
		r = region_by_name(name);
		if (r)
			return r->nr_users <= 1 && !region_drop(r);
	}
	return kho_compat_reserve_mem_release(name);
}
EXPORT_SYMBOL_GPL(kho_reserve_release_by_name);

/* --------------------------------------------------------------------------------- user space */

static int region_enter_new(struct region *r)
{
	guard(mutex)(&reserve_lock);
	return region_by_name(r->name) ? -EEXIST : region_enter(r, NULL);
}

/* To find memory for it may take long, which holds up nobody who looks for another region. */
static int region_create_ioctl(struct kho_ioctl_region *u)
{
	int ret = normalise(u->name, &u->bytes, &u->align);
	struct region *r;

	if (ret)
		return ret;
	if (!kho_enabled)
		return -EOPNOTSUPP;
	scoped_guard(mutex, &reserve_lock)
		if (region_by_name(u->name))
			return -EEXIST;
	r = region_make(u->name, u->bytes, u->align);
	if (IS_ERR(r))
		return PTR_ERR(r);
	u->phys = r->phys;
	/* Once it is entered, somebody may drop it. */
	ret = region_enter_new(r);
	if (ret)
		region_destroy(r);
	return ret;
}

static int region_drop_ioctl(struct kho_ioctl_region *u)
{
	struct region *r;

	if (u->bytes || u->align)
		return -EINVAL;
	guard(mutex)(&reserve_lock);
	r = region_by_name(u->name);
	if (!r)
		return -ENOENT;
	if (r->nr_users)
		return -EBUSY;
	u->phys = r->phys;
	u->bytes = r->bytes;
	return region_drop(r);
}

static u32 regions_fill(struct kho_region_info *info, u32 room)
{
	struct region *r;
	u32 nr = 0;

	guard(mutex)(&reserve_lock);
	list_for_each_entry(r, &regions, list) {
		if (nr < room) {
			memcpy(info[nr].name, r->name, sizeof(info[nr].name));
			info[nr].phys = r->phys;
			info[nr].bytes = r->bytes;
			if (r->incoming)
				info[nr].flags |= KHO_REGION_INFO_INCOMING;
			if (r->nr_users)
				info[nr].flags |= KHO_REGION_INFO_IN_USE;
		}
		nr++;
	}
	return nr;
}

static int region_list_ioctl(void __user *arg, u32 bytes)
{
	struct kho_ioctl_region_list list;
	struct kho_region_info *info;
	u32 room;
	int ret;

	ret = kho_ioctl_get(&list, sizeof(list), sizeof(list), arg, bytes);
	if (ret)
		return ret;
	info = kcalloc(MAX_REGIONS, sizeof(*info), GFP_KERNEL);
	if (!info)
		return -ENOMEM;
	room = min_t(u32, list.nr, MAX_REGIONS);
	list.nr = regions_fill(info, room);
	ret = kho_ioctl_put_list(arg, bytes, &list, sizeof(list), list.regions,
				 info, list.nr * sizeof(*info),
				 list.nr <= room);
	kfree(info);
	return ret;
}

/**
 * kho_reserve_ioctl() - the ioctls of /dev/kho that deal with regions
 * @cmd: command
 * @arg: its struct
 * @bytes: size member of that struct
 *
 * Return: as documented in <linux/kho.h>.
 */
long kho_reserve_ioctl(unsigned int cmd, void __user *arg, u32 bytes)
{
	struct kho_ioctl_region u;
	int ret;

	if (cmd == KHO_IOCTL_REGION_LIST)
		return region_list_ioctl(arg, bytes);
	ret = kho_ioctl_get(&u, sizeof(u), sizeof(u), arg, bytes);
	if (ret)
		return ret;
	if (u.flags || strnlen(u.name, sizeof(u.name)) == sizeof(u.name))
		return -EINVAL;
	if (cmd == KHO_IOCTL_REGION_CREATE)
		ret = region_create_ioctl(&u);
	else
		ret = region_drop_ioctl(&u);
	return ret ?: kho_ioctl_put(arg, bytes, &u, sizeof(u));
}
