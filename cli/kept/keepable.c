// SPDX-License-Identifier: GPL-2.0
/* Which directories can be kept. */
#include "cli/kept/keepable.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* Others see other file systems; what init sees is what the next kernel's init will see. */
static bool in_another_namespace(void)
{
	struct stat self, init;

	return !stat("/proc/self/ns/mnt", &self) &&
	       !stat("/proc/1/ns/mnt", &init) && !same_file(&self, &init);
}

const char *kept_objection(int dir)
{
	struct stat st, other;

	if (fstat(dir, &st))
		return strerror(errno);
	if (!stat("/", &other) && st.st_dev == other.st_dev)
		return "it is in the root file system, which the next kernel mounts anew; keep a tmpfs "
		       "of its own";
	if (!stat("/run", &other) && same_file(&st, &other))
		return "what is in /run is about this boot, and would mislead the next one; keep a "
		       "directory in it, or another tmpfs";
	if (in_another_namespace())
		return "this process is in a mount namespace of its own, such as a container's or that "
		       "of a unit with PrivateTmp=; run kho outside of it";
	return NULL;
}

const char *kept_explain(int err)
{
	switch (-err) {
	case EXDEV:
		return "it is not in a tmpfs: only what is in memory anyway can be handed over";
	case EPERM:
		return "its tmpfs was mounted in a user or mount namespace of its own, such as a "
		       "container's";
	case EEXIST:
		return "a tree of this name is kept, or came in and waits for `kho restore`; give another "
		       "one with --name";
	case EBUSY:
		return "it, a directory in it, or one that it lies in is kept by another name; `kho list` "
		       "shows which";
	case EOPNOTSUPP:
		return "the kho module is disabled; load it with enable=1";
	case ESHUTDOWN:
		return "the machine is about to start the next kernel";
	case ENAMETOOLONG:
		return "the name of a tree has at most 255 bytes; give a shorter one with --name";
	case EINVAL:
		return "a tree must have a name";
	default:
		return strerror(-err);
	}
}
