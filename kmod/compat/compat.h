/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The only place that knows how kernels differ: one wrapper for each fact that probe.sh finds,
 * the newest kernel first.
 */
#ifndef KHO_COMPAT_H
#define KHO_COMPAT_H

#include <linux/dcache.h>
#include <linux/err.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/gfp.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/pagemap.h>
#include <linux/pgtable.h>
#include <linux/posix_acl_xattr.h>
#include <linux/shmem_fs.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "probed.h"

/* Largest order of the page allocator: MAX_ORDER was exclusive, then inclusive, then renamed. */
#define KHO_MAX_BUDDY_ORDER ilog2(MAX_ORDER_NR_PAGES)

/* Takes [start_pfn, end_pfn) out of the page allocator, migrating what is there. May sleep. */
static inline int kho_compat_alloc_contig(unsigned long start_pfn,
					  unsigned long end_pfn)
{
#ifdef KHO_HAVE_ACR_FLAGS
	return alloc_contig_range(start_pfn, end_pfn, ACR_FLAGS_NONE,
				  GFP_KERNEL | __GFP_NOWARN);
#else
	return alloc_contig_range(start_pfn, end_pfn, MIGRATE_MOVABLE,
				  GFP_KERNEL | __GFP_NOWARN);
#endif
}

/* The work queue for work that is long, and that any processor may do. */
#ifdef KHO_HAVE_DFL_WQ
#define kho_compat_unbound_wq system_dfl_wq
#else
#define kho_compat_unbound_wq system_unbound_wq
#endif

/* The second argument of a dumper of the kernel's log, and what it says of the reason. */
#ifdef KHO_HAVE_KMSG_DUMP_DETAIL
#define KHO_KMSG_DUMP_ARG struct kmsg_dump_detail *detail
#define kho_kmsg_dump_reason() (detail->reason)
#else
#define KHO_KMSG_DUMP_ARG enum kmsg_dump_reason reason
#define kho_kmsg_dump_reason() (reason)
#endif

/* The word of flags of a page. */
static inline unsigned long *kho_compat_page_flags(struct page *page)
{
#ifdef KHO_HAVE_MEMDESC_FLAGS
	return &page->flags.f;
#else
	return &page->flags;
#endif
}

/* Where a tail says which page is its head: by a mask of addresses, or by the head's address. */
#ifdef KHO_HAVE_COMPOUND_INFO
#define KHO_PAGE_HEAD_OFFSET offsetof(struct page, compound_info)
#else
#define KHO_PAGE_HEAD_OFFSET offsetof(struct page, compound_head)
#endif

/*
 * Order of the page table entry that maps a mapped address of the vmalloc area: 0 for an ordinary
 * page. x86's name for it, while there is one architecture.
 */
static inline unsigned int kho_compat_mapped_order(unsigned long addr)
{
	unsigned int level = PG_LEVEL_4K;
	pte_t *pte = lookup_address(addr, &level);

	return pte && level == PG_LEVEL_2M ? PMD_SHIFT - PAGE_SHIFT : 0;
}

/* Regions of the kernel's own boot parameter reserve_mem=. Return: 1, or 0 if there is none. */
static inline int kho_compat_reserve_mem_find(const char *name,
					      phys_addr_t *start,
					      phys_addr_t *size)
{
#ifdef KHO_HAVE_RESERVE_MEM_FIND
	return reserve_mem_find_by_name(name, start, size);
#else
	return 0;
#endif
}

/* Gives one of them back. Return: 1, or 0 if there is none, or the kernel cannot. */
static inline int kho_compat_reserve_mem_release(const char *name)
{
#ifdef KHO_HAVE_RESERVE_MEM_RELEASE
	return reserve_mem_release_by_name(name);
#else
	return 0;
#endif
}

/* Puts @new into the page cache in the place of @old. Both are locked, single pages. */
static inline void kho_compat_replace_folio(struct folio *old,
					    struct folio *new)
{
#ifdef KHO_HAVE_REPLACE_PAGE_CACHE_FOLIO
	replace_page_cache_folio(old, new);
#else
	replace_page_cache_page(&old->page, &new->page);
#endif
}

/*
 * Can files in memory have folios of every order up to what one entry of a page table maps? Where
 * not, only of that one.
 */
static inline bool kho_compat_cache_takes_all_orders(void)
{
#ifdef KHO_HAVE_SPLIT_TO_ORDER
	return true;
#else
	return false;
#endif
}

/*
 * A file in memory. @promised: the kernel promises memory for all of its size at once; else for
 * each page when it gets it, as memfd_create() has it.
 */
static inline struct file *kho_compat_shmem_file(const char *name, loff_t size,
						 bool promised)
{
#ifdef KHO_HAVE_SHMEM_VMA_FLAGS
	return shmem_file_setup(name, size,
				promised ? EMPTY_VMA_FLAGS :
					   mk_vma_flags(VMA_NORESERVE_BIT));
#else
	return shmem_file_setup(name, size, promised ? 0 : VM_NORESERVE);
#endif
}

/* The seal that forbids to change who may execute a file; 0 if the kernel does not know it. */
#ifdef KHO_HAVE_F_SEAL_EXEC
#define KHO_COMPAT_F_SEAL_EXEC F_SEAL_EXEC
#else
#define KHO_COMPAT_F_SEAL_EXEC 0
#endif

/* Seals of files in memory that the kernel knows. */
#define KHO_COMPAT_ALL_SEALS                                        \
	(F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | \
	 F_SEAL_FUTURE_WRITE | KHO_COMPAT_F_SEAL_EXEC)

/* Sets the time of an inode's last change. The inode is locked. */
static inline void kho_compat_set_ctime(struct inode *inode,
					struct timespec64 time)
{
#ifdef KHO_HAVE_INODE_SET_CTIME
	inode_set_ctime_to_ts(inode, time);
#else
	inode->i_ctime = time;
#endif
}

/*
 * Keeps everybody from writing to a file system. Waits for those who are writing, so it may last.
 * Where the kernel knows who froze it, nobody else can end it.
 */
static inline int kho_compat_freeze_super(struct super_block *sb)
{
#if defined(KHO_HAVE_FREEZE_OWNER)
	return freeze_super(sb, FREEZE_HOLDER_KERNEL, NULL);
#elif defined(KHO_HAVE_FREEZE_HOLDER)
	return freeze_super(sb, FREEZE_HOLDER_KERNEL);
#else
	return freeze_super(sb);
#endif
}

/* The value of an ACL's extended attribute, to be given to kvfree(); or an error pointer. */
static inline void *kho_compat_acl_to_xattr(struct posix_acl *acl,
					    size_t *bytes)
{
#ifdef KHO_HAVE_ACL_TO_XATTR_ALLOC
	void *value = posix_acl_to_xattr(&init_user_ns, acl, bytes, GFP_KERNEL);

	return value ?: ERR_PTR(-ENOMEM);
#else
	size_t size = posix_acl_xattr_size(acl->a_count);
	void *value = kmalloc(size, GFP_KERNEL);
	int ret;

	if (!value)
		return ERR_PTR(-ENOMEM);
	ret = posix_acl_to_xattr(&init_user_ns, acl, value, size);
	if (ret < 0) {
		kfree(value);
		return ERR_PTR(ret);
	}
	*bytes = ret;
	return value;
#endif
}

/* The child after @prev, NULL: the first; under the lock of @dir. */
static inline struct dentry *kho_compat_next_child(struct dentry *dir,
						   struct dentry *prev)
{
#ifdef KHO_HAVE_D_CHILDREN
	struct hlist_node *next = prev ? prev->d_sib.next :
					 dir->d_children.first;

	return hlist_entry_safe(next, struct dentry, d_sib);
#else
	struct list_head *next = prev ? prev->d_child.next :
					dir->d_subdirs.next;

	return next == &dir->d_subdirs ?
		       NULL :
		       list_entry(next, struct dentry, d_child);
#endif
}

/* Was this tmpfs mounted with noswap? */
static inline bool kho_compat_shmem_noswap(const struct shmem_sb_info *info)
{
#ifdef KHO_HAVE_SHMEM_NOSWAP
	return info->noswap;
#else
	return false;
#endif
}

#endif /* KHO_COMPAT_H */
