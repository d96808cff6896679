#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Usage: CC=... FLAGS=... probe.sh OUTPUT
#
# Finds out facts about the headers of the kernel we are built for, by compiling a few lines for
# each, and writes them as macros. Distributions backport, so a version number proves nothing.
# One probe must pass and one must fail: if they do not, the probing itself is broken and the
# build stops rather than taking every answer for "old kernel".
set -eu
out=$1
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

# probe: does what comes on standard input compile?
probe()
{
	cat >"$dir/probe.c"
	# FLAGS is a list of words.
	# shellcheck disable=SC2086
	$CC $FLAGS -Werror -Wno-unused -Wno-missing-prototypes \
		-Wno-missing-declarations -fsyntax-only "$dir/probe.c" \
		>"$dir/log" 2>&1
}

# fact NAME: defines NAME if standard input compiles.
fact()
{
	if probe; then
		echo "#define $1 1" >>"$dir/out"
	else
		echo "/* $1 is not so */" >>"$dir/out"
	fi
}

{
	echo '/* SPDX-License-Identifier: GPL-2.0 */'
	echo '/* Made by kmod/compat/probe.sh for one kernel; do not edit. */'
} >"$dir/out"

if ! probe <<'END'; then
#include <linux/module.h>
#include <linux/mm.h>
static int must_pass(struct page *p) { return page_count(p); }
END
	echo "kho: the headers of this kernel do not compile:" >&2
	head -5 "$dir/log" >&2
	exit 1
fi
if probe <<'END'; then
#include <linux/mm.h>
static int must_fail(struct page *p) { return p->no_such_member_of_struct_page; }
END
	echo "kho: probing is broken: nonsense compiled" >&2
	exit 1
fi

# v6.17: alloc_contig_range() takes flags of its own instead of a migratetype.
fact KHO_HAVE_ACR_FLAGS <<'END'
#include <linux/gfp.h>
static acr_flags_t f = ACR_FLAGS_NONE;
END

# v6.11: a dumper of the kernel's log is given a struct instead of the reason.
fact KHO_HAVE_KMSG_DUMP_DETAIL <<'END'
#include <linux/kmsg_dump.h>
static int f(struct kmsg_dump_detail *d) { return d->reason; }
END

# v6.18: page->flags became a struct.
fact KHO_HAVE_MEMDESC_FLAGS <<'END'
#include <linux/mm.h>
static unsigned long f(struct page *p) { return p->flags.f; }
END

# v7.1: tails hold a mask instead of the head's address, and the member has another name.
fact KHO_HAVE_COMPOUND_INFO <<'END'
#include <linux/mm.h>
static unsigned long f(struct page *p) { return p->compound_info; }
END

# v6.11: the boot parameter reserve_mem= and its regions, found by name.
fact KHO_HAVE_RESERVE_MEM_FIND <<'END'
#include <linux/mm.h>
static int f(phys_addr_t *a, phys_addr_t *b) { return reserve_mem_find_by_name("", a, b); }
END

# v6.15: such a region can be given back.
fact KHO_HAVE_RESERVE_MEM_RELEASE <<'END'
#include <linux/mm.h>
static int f(void) { return reserve_mem_release_by_name(""); }
END

# v6.12: replace_page_cache_page() takes folios.
fact KHO_HAVE_REPLACE_PAGE_CACHE_FOLIO <<'END'
#include <linux/pagemap.h>
static void f(struct folio *a, struct folio *b) { replace_page_cache_folio(a, b); }
END

# v6.9: folios of the page cache can be of two pages, and are split to any order.
fact KHO_HAVE_SPLIT_TO_ORDER <<'END'
#include <linux/mm.h>
static int f(struct folio *o, struct list_head *l) { return split_folio_to_order(o, 1); }
END

# v7.0: shmem_file_setup() takes flags of areas as a bitmap.
fact KHO_HAVE_SHMEM_VMA_FLAGS <<'END'
#include <linux/mm.h>
#include <linux/shmem_fs.h>
static void *f(void) { return shmem_file_setup("", 0, mk_vma_flags(VMA_NORESERVE_BIT)); }
END

# v6.3: files in memory may forbid to change who may execute them.
fact KHO_HAVE_F_SEAL_EXEC <<'END'
#include <linux/fcntl.h>
static int f = F_SEAL_EXEC;
END

# v6.17: the work queue for work that no processor need do has a new name, and warns of its old one.
fact KHO_HAVE_DFL_WQ <<'END'
#include <linux/workqueue.h>
static struct workqueue_struct **f = &system_dfl_wq;
END

# v6.6: times of an inode are set by functions.
fact KHO_HAVE_INODE_SET_CTIME <<'END'
#include <linux/fs.h>
static void f(struct inode *i, struct timespec64 t) { inode_set_ctime_to_ts(i, t); }
END

# v6.8: children of a dentry are in a list with one end.
fact KHO_HAVE_D_CHILDREN <<'END'
#include <linux/dcache.h>
static void *f(struct dentry *d) { return d->d_children.first; }
END

# v6.6: who freezes a file system says whether it is the kernel.
fact KHO_HAVE_FREEZE_HOLDER <<'END'
#include <linux/fs.h>
static int f(struct super_block *sb) { return freeze_super(sb, FREEZE_HOLDER_KERNEL); }
END

# v6.16: and names an owner.
fact KHO_HAVE_FREEZE_OWNER <<'END'
#include <linux/fs.h>
static int f(struct super_block *sb) { return freeze_super(sb, FREEZE_HOLDER_KERNEL, NULL); }
END

# v7.0: posix_acl_to_xattr() allocates the value.
fact KHO_HAVE_ACL_TO_XATTR_ALLOC <<'END'
#include <linux/fs.h>
#include <linux/slab.h>
#include <linux/posix_acl_xattr.h>
static int f(struct posix_acl *a, size_t *n) { return *(char *)posix_acl_to_xattr(NULL, a, n, GFP_KERNEL); }
END

# v6.4: tmpfs has the mount option noswap.
fact KHO_HAVE_SHMEM_NOSWAP <<'END'
#include <linux/shmem_fs.h>
static bool f(struct shmem_sb_info *i) { return i->noswap; }
END

# v6.16: KHO in the kernel itself; this module then steps aside.
fact KHO_HAVE_KEXEC_HANDOVER_NATIVE <<'END'
#include <linux/kconfig.h>
#if !IS_ENABLED(CONFIG_KEXEC_HANDOVER)
#error not native
#endif
END

if ! cmp -s "$dir/out" "$out"; then
	cp "$dir/out" "$out"
fi
