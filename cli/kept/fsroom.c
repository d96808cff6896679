// SPDX-License-Identifier: GPL-2.0
/* Size and options of a tmpfs. */
#include "cli/kept/fsroom.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/quota.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

#include "cli/base/printable.h"

/* A target that is longer, with its NUL, has a page of its own. */
#define LINK_WITHOUT_PAGE 128

/* ------------------------------------------------------------------------------- options */

/* Options of a file system are the last field of its lines; the third one is its device. */
static char *find_options(dev_t dev)
{
	autofree char *line = NULL;
	FILE *f = fopen("/proc/self/mountinfo", "re");
	char *options = NULL, *at;
	unsigned int ma, mi;
	size_t room = 0;

	while (f && !options && getline(&line, &room, f) > 0) {
		if (sscanf(line, "%*u %*u %u:%u ", &ma, &mi) != 2 ||
		    makedev(ma, mi) != dev)
			continue;
		line[strcspn(line, "\n")] = '\0';
		at = strrchr(line, ' ');
		options = format(",%s,", at ? at + 1 : "");
	}
	if (f)
		fclose(f);
	return options ? options : format(",,");
}

static bool has(const struct kept_fs *fs, const char *option)
{
	autofree char *text = format(",%s,", option);

	return strstr(fs->options, text);
}

/*
 * Options that are not named stay as they are, and so do those of mounts. @value: NULL for what
 * has none.
 */
static int reconfigure(const struct kept_fs *fs, const char *key,
		       const char *value)
{
	autoclose int fd =
		fspick(fs->dir, "", FSPICK_EMPTY_PATH | FSPICK_CLOEXEC);

	if (fd < 0)
		return -errno;
	/* It cannot be taken away, and has to be said again. */
	if (has(fs, "noswap") &&
	    fsconfig(fd, FSCONFIG_SET_FLAG, "noswap", NULL, 0))
		return -errno;
	if (fsconfig(fd, value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG, key,
		     value, 0) ||
	    fsconfig(fd, FSCONFIG_CMD_RECONFIGURE, NULL, NULL, 0))
		return -errno;
	return 0;
}

static const char *huge_name(u32 huge)
{
	static const char *const name[] = {
		[KHO_KEPT_HUGE_NEVER] = "never",
		[KHO_KEPT_HUGE_ALWAYS] = "always",
		[KHO_KEPT_HUGE_WITHIN_SIZE] = "within_size",
		[KHO_KEPT_HUGE_ADVISE] = "advise",
	};

	return huge < ARRAY_LEN(name) ? name[huge] : "never";
}

static const char *huge_now(const struct kept_fs *fs)
{
	u32 huge;

	for (huge = KHO_KEPT_HUGE_ALWAYS; huge <= KHO_KEPT_HUGE_ADVISE;
	     huge++) {
		autofree char *option = format("huge=%s", huge_name(huge));

		if (has(fs, option))
			return huge_name(huge);
	}
	return huge_name(KHO_KEPT_HUGE_NEVER);
}

static void adopt_huge(const struct kept_fs *fs)
{
	const char *wanted = huge_name(fs->tree->info.fs_huge),
		   *now = huge_now(fs);
	int err;

	if (!strcmp(wanted, now))
		return;
	err = reconfigure(fs, "huge", wanted);
	if (err)
		kept_note(
			fs->notes,
			"%s was mounted with huge=%s before, which cannot be set here (%s); it has huge=%s",
			fs->shown, wanted, strerror(-err), now);
	else
		kept_note(
			fs->notes,
			"%s has huge=%s now, as it had before; it was mounted with huge=%s",
			fs->shown, wanted, now);
}

static void adopt_inode64(const struct kept_fs *fs)
{
	int err;

	if (!has(fs, "inode32"))
		return;
	err = reconfigure(fs, "inode64", NULL);
	if (err)
		kept_note(
			fs->notes,
			"%s was mounted with inode64 before, which cannot be set here (%s)",
			fs->shown, strerror(-err));
	else
		kept_note(fs->notes,
			  "%s has the option inode64 now, as it had before",
			  fs->shown);
}

/* What has to be said when it is mounted. */
static void want(const struct kept_fs *fs, u32 flag, const char *option)
{
	if (fs->tree->info.fs_flags & flag && !has(fs, option))
		kept_note(
			fs->notes,
			"%s was mounted with %s before, and is not now, which cannot be changed; mount it with %s",
			fs->shown, option, option);
}

void kept_fs_adopt(const struct kept_fs *fs)
{
	if (!fs->whole)
		return;
	adopt_huge(fs);
	if (fs->tree->info.fs_flags & KHO_KEPT_FS_INODE64)
		adopt_inode64(fs);
	want(fs, KHO_KEPT_FS_NOSWAP, "noswap");
	want(fs, KHO_KEPT_FS_USRQUOTA, "usrquota");
	want(fs, KHO_KEPT_FS_GRPQUOTA, "grpquota");
}

int kept_fs_quota(const struct kept_fs *fs, const struct kho_kept_record *quota)
{
	const struct dqblk limit = {
		.dqb_bhardlimit = (quota->quota_bytes + 1023) / 1024,
		.dqb_ihardlimit = quota->quota_inodes,
		.dqb_valid = QIF_LIMITS,
	};
	int type = quota->quota_type ? GRPQUOTA : USRQUOTA;

	return syscall(SYS_quotactl_fd, fs->dir, QCMD(Q_SETQUOTA, type),
		       quota->quota_id, &limit) ?
		       -errno :
		       0;
}

/* ---------------------------------------------------------------------------------- size */

static void count(struct kept_fs *fs)
{
	struct kho_kept_reader reader;
	struct kho_kept_record record;

	fs->nr_pages = fs->tree->info.nr_pages;
	kho_kept_reader_init(&reader, fs->tree->records,
			     fs->tree->info.record_bytes);
	while (kho_kept_next(&reader, &record, NULL) == KHO_STEP_NEXT) {
		if (record.type != KHO_KEPT_RECORD_NODE)
			continue;
		fs->nr_inodes++;
		if (fs->last_inode < record.node.inode)
			fs->last_inode = record.node.inode;
		if (S_ISLNK(record.node.mode) &&
		    record.value_bytes >= LINK_WITHOUT_PAGE)
			fs->nr_pages++;
	}
}

void kept_fs_init(struct kept_fs *fs, const struct kept_tree *tree, int dir,
		  const char *shown, struct kept_notes *notes)
{
	struct statx st = { 0 };
	struct stat old;

	*fs = (struct kept_fs){
		.dir = dir,
		.shown = shown,
		.tree = tree,
		.notes = notes,
		.grow_lock = PTHREAD_MUTEX_INITIALIZER,
	};
	count(fs);
	fs->whole = tree->info.fs_flags & KHO_KEPT_FS_ROOT &&
		    !statx(dir, "", AT_EMPTY_PATH, STATX_TYPE, &st) &&
		    st.stx_attributes & STATX_ATTR_MOUNT_ROOT;
	fs->options = fstat(dir, &old) ? format(",,") :
					 find_options(old.st_dev);
}

void kept_fs_free(struct kept_fs *fs)
{
	free(fs->options);
	*fs = (struct kept_fs){ 0 };
}

static int say_too_small(const struct kept_fs *fs, const char *option)
{
	char a[32];

	say("the file system of %s has no room for tree '%s', which has %llu inodes and %s; nothing was restored. Make it larger (mount -o remount,%s=...).",
	    fs->shown, fs->tree->shown, (unsigned long long)fs->nr_inodes,
	    human_bytes(fs->nr_pages * PAGE_BYTES, a, sizeof(a)), option);
	return -ENOSPC;
}

/* @was: in the previous kernel, 0 = no limit */
static u64 enough(u64 used, u64 needed, u64 was)
{
	u64 least = used + needed;

	return was > least ? was : least;
}

static int grow_size(const struct kept_fs *fs, const struct statvfs *v)
{
	u64 used = v->f_blocks - v->f_bfree, now = v->f_blocks * v->f_frsize;
	u64 bytes = enough(used, fs->nr_pages, fs->tree->info.fs_blocks) *
		    PAGE_BYTES;
	autofree char *value = format("%llu", (unsigned long long)bytes);
	char a[32], b[32];
	int err = fs->whole ? reconfigure(fs, "size", value) : -ENOSPC;

	if (err)
		return say_too_small(fs, "size");
	kept_note(
		fs->notes,
		"%s was too small for the tree, and is larger now: size=%s instead of %s",
		fs->shown, human_bytes(bytes, a, sizeof(a)),
		human_bytes(now, b, sizeof(b)));
	return 0;
}

static int grow_inodes(const struct kept_fs *fs, const struct statvfs *v)
{
	u64 used = v->f_files - v->f_ffree;
	u64 nr = enough(used, fs->nr_inodes, fs->tree->info.fs_inodes);
	autofree char *value = format("%llu", (unsigned long long)nr);
	int err = fs->whole ? reconfigure(fs, "nr_inodes", value) : -ENOSPC;

	if (err)
		return say_too_small(fs, "nr_inodes");
	kept_note(
		fs->notes,
		"%s had too few inodes for the tree, and has more now: nr_inodes=%llu instead of %llu",
		fs->shown, (unsigned long long)nr,
		(unsigned long long)v->f_files);
	return 0;
}

int kept_fs_make_room(const struct kept_fs *fs)
{
	struct statvfs v;
	int err;

	/* 0: there is no limit. */
	if (fstatvfs(fs->dir, &v))
		return 0;
	if (v.f_blocks && v.f_bfree < fs->nr_pages) {
		err = grow_size(fs, &v);
		if (err)
			return err;
	}
	return v.f_files && v.f_ffree < fs->nr_inodes ? grow_inodes(fs, &v) : 0;
}

static bool grow_to(const struct kept_fs *fs, const char *key, u64 now, u64 was,
		    u64 unit)
{
	autofree char *value = format("%llu", (unsigned long long)(was * unit));

	if (!now || (was && was <= now))
		return false;
	if (reconfigure(fs, key, value))
		return false;
	kept_note(
		fs->notes,
		"%s was too small for the tree, and is as large as before now: %s=%s",
		fs->shown, key, value);
	return true;
}

bool kept_fs_grow(struct kept_fs *fs)
{
	const struct kho_kept_ioctl_open *info = &fs->tree->info;
	struct statvfs v;
	bool grown;

	if (!fs->whole)
		return false;
	pthread_mutex_lock(&fs->grow_lock);
	if (!fs->grown && !fstatvfs(fs->dir, &v)) {
		fs->grown = grow_to(fs, "size", v.f_blocks, info->fs_blocks,
				    PAGE_BYTES);
		fs->grown |=
			grow_to(fs, "nr_inodes", v.f_files, info->fs_inodes, 1);
	}
	grown = fs->grown;
	pthread_mutex_unlock(&fs->grow_lock);
	return grown;
}
