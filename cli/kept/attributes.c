// SPDX-License-Identifier: GPL-2.0
/* Owner, mode, times, extended attributes, flags of a file. */
#include "cli/kept/attributes.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <linux/fs.h>

#include "cli/base/printable.h"

/* What a tmpfs can have since it has flags at all. */
#define FLAGS_EVERYWHERE \
	(FS_APPEND_FL | FS_IMMUTABLE_FL | FS_NODUMP_FL | FS_NOATIME_FL)

int kept_say_failed(const struct kept_tree *tree, u64 offset, const char *what,
		    int err)
{
	autofree char *path = kept_tree_path(tree, offset);
	autofree char *shown = printable(path, strlen(path));

	say("%s: %s (%s). Tree '%s' is restored in part; `kho restore` goes on from there.",
	    shown, what, strerror(-err), tree->shown);
	return err;
}

/* A way to what a descriptor of O_PATH is of, also if that is a symbolic link. */
static const char *proc_path(const struct kept_made *m, char buf[32])
{
	snprintf(buf, 32, "/proc/self/fd/%d", m->fd);
	return buf;
}

/* Takes set-user-ID bits and capabilities away, so it comes first. */
static int set_owner(const struct kept_made *m)
{
	return m->owned ? 0 :
			  fchownat(m->fd, "", m->node.uid, m->node.gid,
				   AT_EMPTY_PATH);
}

static int set_mode(const struct kept_made *m)
{
	char buf[32];

	if (m->moded || S_ISLNK(m->node.mode))
		return 0;
	return m->only_path ? chmod(proc_path(m, buf), m->node.mode & 07777) :
			      fchmod(m->fd, m->node.mode & 07777);
}

static int set_xattr(const struct kept_made *m, const struct kept_xattr *x)
{
	char buf[32];
	int n;

	n = m->only_path ?
		    setxattr(proc_path(m, buf), x->name, x->value,
			     x->value_bytes, 0) :
		    fsetxattr(m->fd, x->name, x->value, x->value_bytes, 0);
	return n ? -errno : 0;
}

/* Does this mean that this kernel, or its policy, has no such attributes? */
static bool not_held(int err)
{
	return err == -EOPNOTSUPP || err == -EPERM || err == -EACCES ||
	       err == -EINVAL;
}

static int set_xattrs(const struct kept_made *m, const struct kept_tree *tree,
		      struct kept_notes *notes)
{
	size_t i;

	for (i = 0; i < m->xattrs.nr; i++) {
		const struct kept_xattr *x = &m->xattrs.list[i];
		autofree char *name = NULL, *what = NULL;
		int err = set_xattr(m, x);

		if (!err)
			continue;
		name = printable(x->name, strlen(x->name));
		if (not_held(err)) {
			kept_note_at(
				notes, tree, m->offset,
				"this kernel cannot hold its extended attribute %s (%s)",
				name, strerror(-err));
			continue;
		}
		what = format("its extended attribute %s cannot be set", name);
		return kept_say_failed(tree, m->offset, what, err);
	}
	return 0;
}

static int set_times(const struct kept_made *m)
{
	const struct timespec t[] = {
		{ m->node.atime.sec, m->node.atime.nsec },
		{ m->node.mtime.sec, m->node.mtime.nsec },
	};

	return m->only_path ? utimensat(m->fd, "", t, AT_EMPTY_PATH) :
			      futimens(m->fd, t);
}

int kept_flags_set(int fd, u32 attributes)
{
	int flags = (int)attributes;

	return ioctl(fd, FS_IOC_SETFLAGS, &flags) ? -errno : 0;
}

u32 kept_inherited(u32 attributes)
{
	return attributes & (FS_NODUMP_FL | FS_NOATIME_FL);
}

int kept_attributes_clear(int fd)
{
	int flags = 0;

	if (ioctl(fd, FS_IOC_GETFLAGS, &flags))
		/* Where there are no flags, none is in the way. */
		return errno == ENOTTY || errno == EOPNOTSUPP ? 0 : -errno;
	return flags & FLAGS_EVERYWHERE ?
		       kept_flags_set(fd, (u32)flags & ~FLAGS_EVERYWHERE) :
		       0;
}

static bool no_flags(int err)
{
	return err == -EOPNOTSUPP || err == -ENOTTY || err == -EINVAL;
}

/* Of others than regular files and directories they are those that they were made with. */
static int set_flags(const struct kept_made *m, const struct kept_tree *tree,
		     struct kept_notes *notes)
{
	u32 wanted = m->node.attributes, held = wanted;
	int err = 0;

	if (m->only_path)
		held = kept_inherited(wanted);
	else if (wanted)
		err = kept_flags_set(m->fd, held);
	if (no_flags(err)) {
		held = wanted & FLAGS_EVERYWHERE;
		err = kept_flags_set(m->fd, held);
	}
	if (no_flags(err)) {
		held = 0;
		err = 0;
	}
	if (err)
		return kept_say_failed(tree, m->offset,
				       "its flags cannot be set", err);
	if (held != wanted)
		kept_note_at(notes, tree, m->offset,
			     "this kernel cannot hold its flags 0x%x",
			     wanted & ~held);
	return 0;
}

static void note_project(const struct kept_made *m,
			 const struct kept_tree *tree, struct kept_notes *notes)
{
	if (m->node.project)
		kept_note_at(notes, tree, m->offset,
			     "a tmpfs cannot hold its project identifier %u",
			     m->node.project);
}

static int stamp(const struct kept_made *m, const struct kept_tree *tree,
		 struct kept_notes *notes)
{
	struct kho_kept_ioctl_stamp arg = {
		.flags = KHO_KEPT_STAMP_INODE | KHO_KEPT_STAMP_CTIME |
			 KHO_KEPT_STAMP_BTIME,
		.fd = m->fd,
		.inode = m->node.inode,
		.ctime_sec = m->node.ctime.sec,
		.ctime_nsec = m->node.ctime.nsec,
		.btime_sec = m->node.btime.sec,
		.btime_nsec = m->node.btime.nsec,
	};
	int err = keptdev_stamp(tree->fd, &arg);

	if (err == -EEXIST) {
		arg.flags &= ~KHO_KEPT_STAMP_INODE;
		err = keptdev_stamp(tree->fd, &arg);
		if (!err)
			kept_note_at(
				notes, tree, m->offset,
				"another file may have its inode number %llu here, so it has a new one",
				(unsigned long long)arg.inode);
	} else if (err == -EOVERFLOW) {
		err = 0;
		kept_note_at(
			notes, tree, m->offset,
			"its inode number %llu needs the mount option inode64, so it has a new one",
			(unsigned long long)arg.inode);
	}
	return err ? kept_say_failed(
			     tree, m->offset,
			     "its inode number and time of change cannot be set",
			     err) :
		     0;
}

int kept_attributes_set(const struct kept_made *m, const struct kept_tree *tree,
			struct kept_notes *notes)
{
	int err;

	if (set_owner(m))
		return kept_say_failed(tree, m->offset,
				       "its owner cannot be set", -errno);
	if (set_mode(m))
		return kept_say_failed(tree, m->offset,
				       "its mode cannot be set", -errno);
	err = set_xattrs(m, tree, notes);
	if (err)
		return err;
	if (set_times(m))
		return kept_say_failed(tree, m->offset,
				       "its times cannot be set", -errno);
	err = set_flags(m, tree, notes);
	if (err)
		return err;
	note_project(m, tree, notes);
	return stamp(m, tree, notes);
}
