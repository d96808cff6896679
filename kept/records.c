// SPDX-License-Identifier: GPL-2.0
/* What the names of a kept directory stand for becomes records. The file system is frozen. */

#include <linux/dcache.h>
#include <linux/delayed_call.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/kdev_t.h>
#include <linux/mm.h>
#include <linux/mount.h>
#include <linux/posix_acl.h>
#include <linux/quotaops.h>
#include <linux/sched.h>
#include <linux/shmem_fs.h>
#include <linux/slab.h>
#include <linux/stat.h>
#include <linux/string.h>
#include <linux/xarray.h>
#include <linux/xattr.h>

#include "core/kept_record.h"
#include "kept/kept.h"
#include "kmod/compat/compat.h"

/**
 * struct recording - a tree whose records are being written
 * @out: where to
 * @writer: of them
 * @mnt: mount of the directory
 * @inodes: those of this tree, by number
 * @spare: number that no inode has, perhaps
 * @gone: those that are in any tree and may be in another, by address
 */
struct recording {
	struct kept_out *out;
	struct kho_kept_writer writer;
	const struct vfsmount *mnt;
	struct xarray inodes;
	u64 spare;
	struct xarray *gone;
};

static int put(void *ctx, const void *data, size_t bytes)
{
	struct kept_out *out = ctx;

	return kept_stream_append(&out->records, data, bytes);
}

/* --------------------------------------------------------------------- extended attributes */

#ifdef CONFIG_FS_POSIX_ACL
static void *acl_value(struct inode *inode, int type, size_t *bytes)
{
	/* There is no other place for it than the cache. */
	struct posix_acl *acl = get_cached_acl(inode, type);
	void *value;

	if (IS_ERR_OR_NULL(acl))
		return ERR_PTR(-ENODATA);
	value = kho_compat_acl_to_xattr(acl, bytes);
	posix_acl_release(acl);
	return value;
}
#else
/* No inode has any. */
static void *acl_value(struct inode *inode, int type, size_t *bytes)
{
	return ERR_PTR(-EOPNOTSUPP);
}
#endif

/* Return: the value, for kvfree(); or an error pointer: -ENODATA: there is none. */
static void *xattr_value(struct dentry *dentry, const char *name, size_t *bytes)
{
	struct inode *inode = d_inode(dentry);
	ssize_t ret;
	void *value;

	if (!strcmp(name, XATTR_NAME_POSIX_ACL_ACCESS))
		return acl_value(inode, ACL_TYPE_ACCESS, bytes);
	if (!strcmp(name, XATTR_NAME_POSIX_ACL_DEFAULT))
		return acl_value(inode, ACL_TYPE_DEFAULT, bytes);
	ret = __vfs_getxattr(dentry, inode, name, NULL, 0);
	if (ret < 0)
		return ERR_PTR(ret);
	/* One byte more: room for none is a question for the length. */
	value = kvmalloc(ret + 1, KEPT_GFP);
	if (!value)
		return ERR_PTR(-ENOMEM);
	ret = __vfs_getxattr(dentry, inode, name, value, ret + 1);
	if (ret < 0) {
		kvfree(value);
		return ERR_PTR(ret);
	}
	*bytes = ret;
	return value;
}

static int record_xattr(struct recording *r, struct dentry *dentry,
			const char *name)
{
	size_t bytes = 0;
	void *value = xattr_value(dentry, name, &bytes);
	int ret;

	/* A module of the kernel may name what it does not keep here. */
	if (IS_ERR(value))
		return PTR_ERR(value) == -ENODATA ||
				       PTR_ERR(value) == -EOPNOTSUPP ?
			       0 :
			       PTR_ERR(value);
	ret = kho_kept_put_xattr(&r->writer, name, strlen(name), value, bytes);
	kvfree(value);
	return ret;
}

static int record_xattrs(struct recording *r, struct dentry *dentry)
{
	ssize_t bytes = vfs_listxattr(dentry, NULL, 0), at;
	char *names;
	int ret = 0;

	if (bytes <= 0)
		return bytes == -EOPNOTSUPP ? 0 : bytes;
	names = kvmalloc(bytes, KEPT_GFP);
	if (!names)
		return -ENOMEM;
	bytes = vfs_listxattr(dentry, names, bytes);
	if (bytes < 0)
		ret = bytes;
	for (at = 0; at < bytes && !ret; at += strlen(names + at) + 1)
		ret = record_xattr(r, dentry, names + at);
	kvfree(names);
	return ret;
}

/* ---------------------------------------------------------------------------------- names */

static struct kho_kept_time time_of(struct timespec64 t)
{
	return (struct kho_kept_time){ .sec = t.tv_sec, .nsec = t.tv_nsec };
}

static int fill_node(struct recording *r, struct dentry *dentry,
		     struct kho_kept_node *node)
{
	const struct path path = {
		.mnt = (struct vfsmount *)r->mnt,
		.dentry = dentry,
	};
	struct inode *inode = d_inode(dentry);
	bool device = S_ISCHR(inode->i_mode) || S_ISBLK(inode->i_mode);
	struct kstat stat;
	int ret;

	ret = vfs_getattr_nosec(&path, &stat, STATX_BASIC_STATS | STATX_BTIME,
				AT_STATX_SYNC_AS_STAT);
	if (ret)
		return ret;
	/* The mount may show other owners than there are. */
	*node = (struct kho_kept_node){
		.inode = inode->i_ino,
		.mode = inode->i_mode,
		.uid = from_kuid(&init_user_ns, inode->i_uid),
		.gid = from_kgid(&init_user_ns, inode->i_gid),
		.attributes = SHMEM_I(inode)->fsflags,
		.major = device ? MAJOR(inode->i_rdev) : 0,
		.minor = device ? MINOR(inode->i_rdev) : 0,
		.mtime = time_of(stat.mtime),
		.ctime = time_of(stat.ctime),
		.atime = time_of(stat.atime),
		.btime = time_of(stat.btime),
	};
	return 0;
}

static int record_node(struct recording *r, struct dentry *dentry,
		       const char *name, u32 name_bytes, u64 number)
{
	bool is_link = d_is_symlink(dentry);
	DEFINE_DELAYED_CALL(done);
	struct kho_kept_node node;
	const char *target = NULL;
	int ret;

	ret = fill_node(r, dentry, &node);
	if (ret)
		return ret;
	node.inode = number;
	if (is_link)
		target = vfs_get_link(dentry, &done);
	if (IS_ERR(target))
		return PTR_ERR(target);
	ret = kho_kept_put_node(&r->writer, &node, name, name_bytes, target,
				is_link ? strlen(target) : 0);
	do_delayed_call(&done);
	return ret ?: record_xattrs(r, dentry);
}

/*
 * Return: 1: this tree has it already, by another name; 0; -EMLINK: it has another file of the
 * same number; -ENOMEM.
 */
static int is_known(struct recording *r, struct inode *inode)
{
	void *was = xa_load(&r->inodes, inode->i_ino);

	if (was)
		return was == inode ? 1 : -EMLINK;
	return xa_err(xa_store(&r->inodes, inode->i_ino, inode, KEPT_GFP));
}

/*
 * Numbers of 32 bits start again when they are used up, and a directory that a tree was restored
 * into in part has numbers of both: the next kernel would refuse two files of one number. Return:
 * 0, -ENOMEM.
 */
static int other_number(struct recording *r, struct inode *inode, u64 *number)
{
	while (xa_load(&r->inodes, r->spare))
		r->spare++;
	*number = r->spare++;
	return xa_err(xa_store(&r->inodes, *number, inode, KEPT_GFP));
}

/* Return: 1: another tree has its pages; 0; -ENOMEM. */
static int is_gone(struct recording *r, struct inode *inode)
{
	void *was;

	if (inode->i_nlink == 1)
		return 0;
	was = xa_store(r->gone, kept_inode_key(inode), xa_mk_value(1),
		       KEPT_GFP);
	return xa_is_err(was) ? xa_err(was) : !!was;
}

static int record_name(struct recording *r, struct dentry *dentry)
{
	struct inode *inode = d_inode(dentry);
	u64 number = inode->i_ino;
	struct name_snapshot name;
	int known, ret;

	known = is_known(r, inode);
	if (known == -EMLINK && (d_is_dir(dentry) || inode->i_nlink == 1))
		known = other_number(r, inode, &number);
	if (known < 0)
		return known;
	take_dentry_name_snapshot(&name, dentry);
	if (known)
		ret = kho_kept_put_link(&r->writer, inode->i_ino,
					name.name.name, name.name.len);
	else
		ret = record_node(r, dentry, name.name.name, name.name.len,
				  number);
	release_dentry_name_snapshot(&name);
	if (ret || known || !d_is_reg(dentry))
		return ret;
	ret = is_gone(r, inode);
	if (ret < 0)
		return ret;
	return ret ? kept_files_add_copy(&r->out->files, inode) :
		     kept_files_add(&r->out->files, inode);
}

static int record_names(struct recording *r, struct dentry *root)
{
	struct kept_walk w;
	int ret;

	ret = kept_walk_begin(&w, root);
	if (ret)
		return ret;
	ret = is_known(r, d_inode(root));
	if (!ret)
		ret = record_node(r, root, "", 0, d_inode(root)->i_ino);
	while (!ret) {
		ret = kept_walk_next(&w);
		if (ret <= KEPT_WALK_END)
			break;
		ret = ret == KEPT_WALK_NODE ? record_name(r, w.child) :
					      kho_kept_put_up(&r->writer);
		kept_step();
		cond_resched();
	}
	kept_walk_end(&w);
	return ret;
}

/* ---------------------------------------------------------------------------------- quotas */

static int record_quotas_of(struct recording *r, struct super_block *sb,
			    enum quota_type type)
{
	struct kqid qid = make_kqid(&init_user_ns, type, 0);
	struct qc_dqblk q;
	int ret = 0;

	while (!ret) {
		ret = sb->s_qcop->get_nextdqblk(sb, &qid, &q);
		if (ret)
			break;
		if (q.d_spc_hardlimit || q.d_ino_hardlimit)
			ret = kho_kept_put_quota(&r->writer, type,
						 from_kqid(&init_user_ns, qid),
						 q.d_spc_hardlimit,
						 q.d_ino_hardlimit);
		if (from_kqid(&init_user_ns, qid) == U32_MAX)
			break;
		qid = make_kqid(&init_user_ns, type,
				from_kqid(&init_user_ns, qid) + 1);
		kept_step();
		cond_resched();
	}
	return ret == -ENOENT ? 0 : ret;
}

static int record_quotas(struct recording *r, struct super_block *sb)
{
	int ret = 0;

	if (!sb->s_qcop || !sb->s_qcop->get_nextdqblk)
		return 0;
	if (sb_has_quota_active(sb, USRQUOTA))
		ret = record_quotas_of(r, sb, USRQUOTA);
	if (!ret && sb_has_quota_active(sb, GRPQUOTA))
		ret = record_quotas_of(r, sb, GRPQUOTA);
	return ret;
}

/**
 * kept_records_write() - write the records of a directory, and hold what is in its files
 * @out: filled; all 0 before
 * @mnt: private mount of the directory, in a frozen file system
 * @gone: of all trees that go along: who may be in another, too; empty before the first
 *
 * Context: may sleep, for what kept_files_add() waits for. With the capabilities of the kernel:
 * others do not see all attributes.
 *
 * Return: 0; -ENOMEM; -ESTALE (names were moved meanwhile); -ELOOP (directories lie in one
 * another too deep); -EMLINK (two files with one inode number); or another error. @out is to be
 * given to kept_out_release() in any case.
 */
int kept_records_write(struct kept_out *out, const struct vfsmount *mnt,
		       struct xarray *gone)
{
	struct recording r = {
		.out = out,
		.writer = { .put = put, .ctx = out },
		.mnt = mnt,
		.gone = gone,
	};
	int ret;

	xa_init(&r.inodes);
	r.spare = ((struct shmem_sb_info *)mnt->mnt_sb->s_fs_info)->next_ino;
	ret = record_names(&r, mnt->mnt_root);
	if (!ret)
		ret = record_quotas(&r, mnt->mnt_sb);
	if (!ret)
		ret = kho_kept_put_end(&r.writer);
	out->nr_records = r.writer.nr_records;
	xa_destroy(&r.inodes);
	return ret;
}

/**
 * kept_out_release() - let go of all that a tree would have taken along
 * @out: all 0 afterwards
 *
 * Context: may sleep.
 */
void kept_out_release(struct kept_out *out)
{
	kept_files_release(&out->files);
	kept_stream_free(&out->records);
	out->nr_records = 0;
}
