// SPDX-License-Identifier: GPL-2.0
/*
 * Making files of a tree that came in.
 *
 * Records are read once, in their order. A directory is finished when all that is in it has its
 * name, whatever its inode still lacks. A file that has one name is filled and finished at once,
 * by a worker; one that has more names only when all of them are there, at the end: a new name
 * changes its inode, and one that is immutable gets none.
 */
#include "cli/kept/restore.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <linux/fs.h>

#include "cli/base/printable.h"
#include "cli/kept/keepable.h"
#include "cli/kept/beneath.h"
#include "cli/kept/workers.h"

/* A directory that is being restored. */
struct frame {
	struct kept_made made;
	bool plain; /* what is made in it is ours, not of a set-group-ID directory's group */
};

/* An inode of several names, until it has all of them. */
struct several {
	char *path; /* its first name */
	struct kept_made made;
};

struct restore {
	const struct kept_tree *tree;
	struct kept_fs fs;
	struct kept_result *result;
	struct kept_workers *workers;
	struct kept_links links;
	struct several *several;
	size_t nr_several;
	struct frame *frame;
	size_t nr_frames, room;
	struct kept_trail trail; /* names of these */
	struct kept_job job; /* NODE, or nothing, whose attributes may follow */
	bool job_waits;
	struct kept_xattrs
		*xattrs; /* of the record before; NULL: it can have none */
	struct progress progress;
	pthread_mutex_t progress_lock;
};

static struct frame *top(struct restore *r)
{
	return &r->frame[r->nr_frames - 1];
}

static int failed(struct restore *r, u64 offset, const char *what, int err)
{
	return kept_say_failed(r->tree, offset, what, err);
}

/* --------------------------------------------------------------------- filling, finishing */

static void add_progress(struct restore *r, int fd)
{
	struct stat st;

	if (!r->progress.active || fstat(fd, &st))
		return;
	pthread_mutex_lock(&r->progress_lock);
	r->progress.files++;
	progress_add(&r->progress, (u64)st.st_blocks * 512);
	pthread_mutex_unlock(&r->progress_lock);
}

static int fill(struct restore *r, const struct kept_job *job)
{
	int err = keptdev_fill(r->tree->fd, job->file, job->made.fd);

	if (err == -ENOSPC && kept_fs_grow(&r->fs))
		err = keptdev_fill(r->tree->fd, job->file, job->made.fd);
	switch (-err) {
	case 0:
	case EALREADY:
		add_progress(r, job->made.fd);
		return 0;
	case ENOTEMPTY:
		return failed(
			r, job->made.offset,
			"there is something else in it, which is not overwritten",
			err);
	case ESTALE:
		return failed(
			r, job->made.offset,
			"an earlier run filled a file that was removed or replaced since; `kho save` gets what is left of the tree",
			err);
	case ENOSPC:
	case EDQUOT:
		return failed(r, job->made.offset,
			      "the file system has no room for it", err);
	default:
		return failed(r, job->made.offset,
			      "its contents cannot be restored", err);
	}
}

static int run_job(void *ctx, const struct kept_job *job)
{
	struct restore *r = ctx;
	int err = job->fill ? fill(r, job) : 0;

	if (err || !job->finish)
		return err;
	return kept_attributes_set(&job->made, r->tree, &r->result->notes);
}

/* Its last attribute came. */
static int flush(struct restore *r)
{
	r->xattrs = NULL;
	if (!r->job_waits)
		return 0;
	r->job_waits = false;
	return kept_workers_add(r->workers, &r->job);
}

/* ---------------------------------------------------------------------------------- names */

/* Who makes a file is its owner, in a directory that does not say otherwise. */
static bool is_ours(const struct frame *in, const struct kho_kept_node *node)
{
	return in->plain && node->uid == geteuid() && node->gid == getegid();
}

static int in_the_way(struct restore *r, const struct kho_kept_record *record)
{
	return failed(r, record->offset,
		      "something else has its name, which is not overwritten",
		      -EEXIST);
}

/* What is there with this name may be what an earlier run has made of the record. */
static bool is_same(int dir, const char *name,
		    const struct kho_kept_record *record)
{
	const struct kho_kept_node *node = &record->node;
	char target[KHO_KEPT_TARGET_MAX + 2];
	struct stat st;
	ssize_t n;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) ||
	    (st.st_mode & S_IFMT) != (node->mode & S_IFMT))
		return false;
	if (S_ISCHR(node->mode) || S_ISBLK(node->mode))
		return st.st_rdev == makedev(node->major, node->minor);
	if (!S_ISLNK(node->mode))
		return true;
	n = readlinkat(dir, name, target, sizeof(target));
	return n >= 0 && (size_t)n == record->value_bytes &&
	       !memcmp(target, record->value, record->value_bytes);
}

/* One that was finished may be immutable. */
static int reopen_file(int dir, const char *name)
{
	int fd = beneath_open(dir, name, O_RDWR, 0), err;

	if (fd != -EPERM)
		return fd;
	fd = beneath_open(dir, name, O_RDONLY, 0);
	if (fd < 0)
		return fd;
	err = kept_attributes_clear(fd);
	close(fd);
	return err ? err : beneath_open(dir, name, O_RDWR, 0);
}

static int make_file(struct restore *r, const struct kho_kept_record *record,
		     const char *name, struct kept_job *job)
{
	const struct kho_kept_node *node = &record->node;
	int dir = top(r)->made.fd, fd;
	bool ours = is_ours(top(r), node);

	fd = beneath_open(dir, name, O_RDWR | O_CREAT | O_EXCL,
			  ours ? node->mode & 0777 : 0600);
	if (fd == -EEXIST) {
		if (!r->result->resumed || !is_same(dir, name, record))
			return in_the_way(r, record);
		fd = reopen_file(dir, name);
		ours = false;
	}
	if (fd < 0)
		return failed(r, record->offset, "it cannot be made", fd);
	job->fill = true;
	job->file = record->file;
	job->made.fd = fd;
	job->made.owned = ours;
	job->made.moded = ours && !(node->mode & 07000);
	return 0;
}

static int make_node(int dir, const char *name,
		     const struct kho_kept_record *record, mode_t mode)
{
	const struct kho_kept_node *node = &record->node;
	char target[KHO_KEPT_TARGET_MAX + 1];

	if (!S_ISLNK(node->mode))
		return mknodat(dir, name, (node->mode & S_IFMT) | mode,
			       makedev(node->major, node->minor)) ?
			       -errno :
			       0;
	memcpy(target, record->value, record->value_bytes);
	target[record->value_bytes] = '\0';
	return symlinkat(target, dir, name) ? -errno : 0;
}

/* Such a file has the flags that it got from its directory when it was made, and no others. */
static int make_with_flags(int dir, const char *name,
			   const struct kho_kept_record *record, mode_t mode)
{
	u32 flags = kept_inherited(record->node.attributes);
	int err;

	/* If that fails it is noted when the file is finished. */
	if (flags)
		kept_flags_set(dir, flags);
	err = make_node(dir, name, record, mode);
	if (flags)
		kept_flags_set(dir, 0);
	return err;
}

static int make_other(struct restore *r, const struct kho_kept_record *record,
		      const char *name, struct kept_job *job)
{
	const struct kho_kept_node *node = &record->node;
	int dir = top(r)->made.fd, fd, err;
	bool ours = is_ours(top(r), node);

	err = make_with_flags(dir, name, record,
			      ours ? node->mode & 0777 : 0600);
	if (err == -EEXIST) {
		if (!r->result->resumed || !is_same(dir, name, record))
			return in_the_way(r, record);
		ours = false;
		err = 0;
	}
	if (err)
		return failed(r, record->offset, "it cannot be made", err);
	fd = beneath_open(dir, name, O_PATH, 0);
	if (fd < 0)
		return failed(r, record->offset, "it cannot be opened", fd);
	job->made.fd = fd;
	job->made.only_path = true;
	job->made.owned = ours;
	job->made.moded = ours && !(node->mode & 07000);
	return 0;
}

/* ----------------------------------------------------------------------------- directories */

/* What is in it must not get anything from it, but what its records say. */
static int prepare_directory(struct restore *r, int fd, u64 offset)
{
	int err = kept_attributes_clear(fd);

	if (err)
		return failed(r, offset, "its flags cannot be taken away", err);
	fremovexattr(fd, "system.posix_acl_default");
	fremovexattr(fd, "system.posix_acl_access");
	return 0;
}

static struct frame *push_frame(struct restore *r,
				const struct kho_kept_record *record, int fd)
{
	if (r->nr_frames == r->room) {
		r->room = r->room ? 2 * r->room : 64;
		r->frame = need(realloc(r->frame, r->room * sizeof(*r->frame)));
	}
	r->frame[r->nr_frames++] = (struct frame){
		.made = { .fd = fd,
			  .node = record->node,
			  .offset = record->offset },
	};
	kept_trail_push(&r->trail, record->name, record->name_bytes);
	r->xattrs = &top(r)->made.xattrs;
	return top(r);
}

static int push_root(struct restore *r, const struct kho_kept_record *record)
{
	struct frame *f;
	struct stat st;
	int fd = dup(r->fs.dir);

	if (fd < 0)
		return failed(r, record->offset, "it cannot be looked at",
			      -errno);
	f = push_frame(r, record, fd);
	if (fstat(fd, &st))
		return failed(r, record->offset, "it cannot be looked at",
			      -errno);
	f->plain = !(st.st_mode & S_ISGID);
	return prepare_directory(r, fd, record->offset);
}

static int push_directory(struct restore *r,
			  const struct kho_kept_record *record,
			  const char *name)
{
	int dir = top(r)->made.fd, fd;
	bool plain = top(r)->plain, there;
	struct stat st;

	there = mkdirat(dir, name, 0700);
	if (there && errno != EEXIST)
		return failed(r, record->offset, "it cannot be made", -errno);
	fd = beneath_open(dir, name, O_RDONLY | O_DIRECTORY, 0);
	if (fd == -ENOTDIR || fd == -ELOOP)
		return in_the_way(r, record);
	if (fd < 0)
		return failed(r, record->offset, "it cannot be opened", fd);
	push_frame(r, record, fd)->plain = plain;
	if (!there)
		return 0;
	if (!fstat(fd, &st) && st.st_mode & S_ISGID)
		top(r)->plain = false;
	return prepare_directory(r, fd, record->offset);
}

static int pop_directory(struct restore *r)
{
	struct frame *f = top(r);
	int err = kept_attributes_set(&f->made, r->tree, &r->result->notes);

	free(f->made.xattrs.list);
	close(f->made.fd);
	r->nr_frames--;
	kept_trail_pop(&r->trail);
	return err;
}

/* ----------------------------------------------------------------------- several names */

/* Keeps what is needed when all names are there; the job only fills, if it is a regular file. */
static void remember(struct restore *r, struct kept_link *link,
		     struct kept_job *job, const char *name)
{
	struct several *s = &r->several[r->nr_several];

	*s = (struct several){ .path = kept_trail_path(&r->trail, "", name,
						       (u32)strlen(name)),
			       .made = job->made };
	s->made.fd = -1;
	/* It has been opened, and may have been filled, since. */
	s->made.moded = false;
	link->index = r->nr_several++;
	r->xattrs = &s->made.xattrs;
	job->finish = false;
}

static struct several *several_of(struct restore *r, u64 inode)
{
	const struct kept_link *link = kept_links_get(&r->links, inode);

	return &r->several[link->index];
}

static bool same_inode(int fd, int dir, const char *name)
{
	struct stat a, b;

	return !fstat(fd, &a) && !fstatat(dir, name, &b, AT_SYMLINK_NOFOLLOW) &&
	       a.st_ino == b.st_ino && a.st_dev == b.st_dev;
}

static int link_to(int fd, int dir, const char *name)
{
	char from[32];

	snprintf(from, sizeof(from), "/proc/self/fd/%d", fd);
	return linkat(AT_FDCWD, from, dir, name, AT_SYMLINK_FOLLOW) ? -errno :
								      0;
}

static int make_link(struct restore *r, const struct kho_kept_record *record)
{
	struct several *s = several_of(r, record->node.inode);
	char name[KHO_KEPT_NAME_MAX + 1];
	int dir = top(r)->made.fd, fd, err;

	fd = beneath_open_long(r->fs.dir, s->path, O_PATH);
	if (fd < 0)
		return failed(r, s->made.offset, "it cannot be opened again",
			      fd);
	kept_name(record, name);
	r->xattrs = &s->made.xattrs;
	err = link_to(fd, dir, name);
	if (err == -EEXIST && r->result->resumed && same_inode(fd, dir, name))
		err = 0;
	close(fd);
	if (err == -EEXIST)
		return in_the_way(r, record);
	return err ? failed(r, record->offset,
			    "it cannot be made a link to what it was", err) :
		     0;
}

static int finish_several(struct restore *r, struct several *s)
{
	autoclose int fd = beneath_open_long(
		r->fs.dir, s->path, s->made.only_path ? O_PATH : O_RDONLY);

	if (fd < 0)
		return failed(r, s->made.offset, "it cannot be opened again",
			      fd);
	s->made.fd = fd;
	return kept_attributes_set(&s->made, r->tree, &r->result->notes);
}

/* ---------------------------------------------------------------------------- all records */

static int make(struct restore *r, const struct kho_kept_record *record)
{
	struct kept_link *link = kept_links_get(&r->links, record->node.inode);
	struct kept_job job = { .made = { .node = record->node,
					  .offset = record->offset },
				.finish = true };
	char name[KHO_KEPT_NAME_MAX + 1];
	int err;

	kept_name(record, name);
	if (S_ISDIR(record->node.mode))
		return push_directory(r, record, name);
	err = S_ISREG(record->node.mode) ? make_file(r, record, name, &job) :
					   make_other(r, record, name, &job);
	if (err)
		return err;
	r->job = job;
	r->job_waits = true;
	r->xattrs = &r->job.made.xattrs;
	if (link)
		remember(r, link, &r->job, name);
	return 0;
}

static int take_record(struct restore *r, const struct kho_kept_record *record)
{
	int err;

	if (record->type == KHO_KEPT_RECORD_XATTR) {
		if (r->xattrs)
			kept_xattrs_add(r->xattrs, record);
		return 0;
	}
	err = flush(r);
	if (err)
		return err;
	switch (record->type) {
	case KHO_KEPT_RECORD_NODE:
		return r->nr_frames ? make(r, record) : push_root(r, record);
	case KHO_KEPT_RECORD_LINK:
		return make_link(r, record);
	case KHO_KEPT_RECORD_UP:
		return pop_directory(r);
	case KHO_KEPT_RECORD_QUOTA:
		err = kept_fs_quota(&r->fs, record);
		if (err)
			kept_note(
				&r->result->notes,
				"the quota of %s %u cannot be set (%s); mount it with %s",
				record->quota_type ? "group" : "user",
				record->quota_id, strerror(-err),
				record->quota_type ? "grpquota" : "usrquota");
		return 0;
	default:
		return 0;
	}
}

static int take_records(struct restore *r)
{
	struct kho_kept_reader reader;
	struct kho_kept_record record;
	int err = 0;

	kho_kept_reader_init(&reader, r->tree->records,
			     r->tree->info.record_bytes);
	while (!err && kho_kept_next(&reader, &record, NULL) == KHO_STEP_NEXT)
		err = take_record(r, &record);
	if (!err)
		err = flush(r);
	return err;
}

static int restore_all(struct restore *r)
{
	int err = take_records(r), worker;
	size_t i;

	/* Theirs came first, and was said. */
	worker = kept_workers_wait(r->workers);
	if (!err)
		err = worker;
	for (i = 0; !err && i < r->nr_several; i++)
		err = finish_several(r, &r->several[i]);
	return err;
}

static void release(struct restore *r)
{
	size_t i;

	kept_workers_stop(r->workers);
	if (r->job_waits) {
		close(r->job.made.fd);
		free(r->job.made.xattrs.list);
	}
	for (i = 0; i < r->nr_frames; i++) {
		close(r->frame[i].made.fd);
		free(r->frame[i].made.xattrs.list);
	}
	free(r->frame);
	kept_trail_free(&r->trail);
	for (i = 0; i < r->nr_several; i++) {
		free(r->several[i].path);
		free(r->several[i].made.xattrs.list);
	}
	free(r->several);
	kept_links_free(&r->links);
}

static int make_all(struct restore *r)
{
	const struct kept_tree *tree = r->tree;
	mode_t mask = umask(0);
	int err;

	kept_links_find(&r->links, tree);
	r->several = need(calloc(r->links.nr + 1, sizeof(*r->several)));
	r->workers = kept_workers_start(run_job, r);
	progress_begin(&r->progress, "restoring",
		       tree->info.nr_pages * PAGE_BYTES);
	r->progress.total_files = tree->info.nr_files;
	err = restore_all(r);
	progress_end(&r->progress);
	release(r);
	umask(mask);
	return err;
}

/* ---------------------------------------------------------------------------- beginning */

static int say_conflict(const struct kept_tree *tree, int dir,
			const char *shown)
{
	autofree char *path = NULL, *text = NULL;
	const char *why;
	int err = kept_conflict(tree, dir, &path, &why);

	if (!err)
		return 0;
	if (!path) {
		say("%s cannot be looked at (%s), so nothing was restored.",
		    shown, strerror(-err));
		return err;
	}
	text = printable(path, strlen(path));
	say("%s/%s %s, so nothing of tree '%s' was restored: nothing is overwritten. Move it away, or use --to with another directory.",
	    shown, text, why, tree->shown);
	return err;
}

static int say_not_begun(const struct kept_tree *tree, const char *shown,
			 int err)
{
	if (err == -EXDEV)
		say("%s is not in a tmpfs, so tree '%s' cannot be restored there; use --to with a directory of one.",
		    shown, tree->shown);
	else if (err == -ESTALE)
		say("restoring tree '%s' was begun in another directory than %s; use --to with that one.",
		    tree->shown, shown);
	else
		say("tree '%s' cannot be restored into %s (%s); see the kernel log.",
		    tree->shown, shown, strerror(-err));
	return err;
}

static int begin(struct restore *r, const char *shown)
{
	const struct kept_tree *tree = r->tree;
	bool fresh = tree->info.state == KHO_KEPT_STATE_WAITING;
	int err = fresh ? say_conflict(tree, r->fs.dir, shown) : 0;

	/* Room is made once: later a part of the tree is in it. */
	if (!err && fresh)
		err = kept_fs_make_room(&r->fs);
	if (err)
		return err;
	err = keptdev_begin(tree->fd, r->fs.dir, r->fs.last_inode,
			    &r->result->resumed);
	if (err)
		return say_not_begun(tree, shown, err);
	kept_fs_adopt(&r->fs);
	return 0;
}

/* Modules before KHO_KEPT_DONE_KEEP do it in two steps. */
static int done_and_keep(const struct kept_tree *tree, int dir, int keeper)
{
	int err = keptdev_done(tree->fd, KHO_KEPT_DONE_KEEP);

	if (err != -EINVAL)
		return err;
	err = keptdev_done(tree->fd, 0);
	return err ? err : keptdev_keep(keeper, dir, tree->name);
}

static int finish(const struct kept_tree *tree, int dir, int keeper)
{
	int err;

	if (keeper >= 0) {
		err = done_and_keep(tree, dir, keeper);
		if (err)
			say("all of tree '%s' was restored, but it cannot be kept: %s.",
			    tree->shown, kept_explain(err));
		return err;
	}
	err = keptdev_done(tree->fd, 0);
	if (err)
		say("all of tree '%s' was restored, but the module does not let go of it (%s); see the kernel log.",
		    tree->shown, strerror(-err));
	return err;
}

int kept_restore(const struct kept_tree *tree, int dir, const char *shown,
		 int keeper, struct kept_result *result)
{
	struct restore r = { .tree = tree,
			     .result = result,
			     .progress_lock = PTHREAD_MUTEX_INITIALIZER };
	int err;

	/* One for each directory on the way, and for each file that workers have. */
	beneath_need_descriptors(KHO_KEPT_DEPTH_MAX + 1024);
	kept_fs_init(&r.fs, tree, dir, shown, &result->notes);
	result->nr_inodes = r.fs.nr_inodes;
	result->nr_files = tree->info.nr_files;
	result->bytes = tree->info.nr_pages * PAGE_BYTES;
	err = begin(&r, shown);
	if (!err)
		err = make_all(&r);
	if (!err)
		err = finish(tree, dir, keeper);
	kept_fs_free(&r.fs);
	return err;
}
