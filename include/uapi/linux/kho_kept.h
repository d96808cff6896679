/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * /dev/kho-kept: trees of a tmpfs that the next kernel gets. Root only (CAP_SYS_ADMIN is checked
 * at open).
 *
 * KEEP names a directory. At the last moment before the jump its file system is frozen, and
 * everything in the directory is handed over. In the next kernel the tree waits until it is
 * restored: OPEN gives a descriptor of it, from which read(2) and pread(2) read its records (see
 * <linux/kho/abi/kept.h>). Who restores makes names of them with ordinary system calls, has the
 * kernel FILL each regular file with what was in it, and STAMP what no system call can set. DONE
 * ends it. Until then everything can be begun again, by the same program or another one.
 *
 * A tree that nobody has restored is handed on to the next kernel but one, also if a part of it
 * was.
 *
 * Structs grow as those of <linux/kho.h> do: the first member is the size, members that are
 * missing count as 0, and what the kernel does not know has to be 0.
 *
 * Errors common to all: EFAULT (bad pointer), EINVAL (size below the minimum, unknown flag,
 * reserved member not 0, name that is empty or has no NUL), E2BIG (see above), ENOTTY (unknown
 * command).
 */
#ifndef _UAPI_LINUX_KHO_KEPT_H
#define _UAPI_LINUX_KHO_KEPT_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define KHO_KEPT_IOCTL_TYPE 0xBB

/* Sizes of a tree's name, of a path inside a file system, and of a reason, with their NULs. */
#define KHO_KEPT_NAME_SIZE 256
#define KHO_KEPT_PATH_SIZE 4096
#define KHO_KEPT_REASON_SIZE 96

/* ------------------------------------------------------------------- on /dev/kho-kept itself */

/**
 * struct kho_kept_ioctl_keep - KHO_KEPT_IOCTL_KEEP: hand a directory to the next kernel
 * @size: size of this struct
 * @dir_fd: the directory; O_PATH will do
 * @flags: 0
 * @reserved: 0
 * @name: of the tree, any bytes but NUL
 *
 * The file system stays, with everything in it, even if it is unmounted everywhere.
 *
 * Errors: EBADF, ENOTDIR, EXDEV (not a tmpfs), EPERM (a tmpfs of another user namespace, or of
 * another mount namespace), EEXIST (a tree of this name is kept), EBUSY (the directory, one in
 * it, or one that it lies in is kept by another name), EALREADY (it is kept by this name),
 * ENOMEM, EOPNOTSUPP (handover is off), ESHUTDOWN (the machine is about to jump).
 */
struct kho_kept_ioctl_keep {
	__u32 size;
	__s32 dir_fd;
	__u32 flags;
	__u32 reserved;
	char name[KHO_KEPT_NAME_SIZE];
};

#define KHO_KEPT_IOCTL_KEEP _IO(KHO_KEPT_IOCTL_TYPE, 0x40)

/**
 * struct kho_kept_ioctl_forget - KHO_KEPT_IOCTL_FORGET: do not hand a directory over after all
 * @size: size of this struct
 * @flags: 0
 * @name: of the tree
 *
 * Nothing happens to the directory. Errors: ENOENT, ESHUTDOWN.
 */
struct kho_kept_ioctl_forget {
	__u32 size;
	__u32 flags;
	char name[KHO_KEPT_NAME_SIZE];
};

#define KHO_KEPT_IOCTL_FORGET _IO(KHO_KEPT_IOCTL_TYPE, 0x41)

/*
 * kho_kept_info.state
 *
 * KEPT: it is to be handed over
 * WAITING: it came in, and nobody has begun to restore it
 * BEGUN: ... somebody has begun, and is not done
 * REFUSED: it came in, and was found to be damaged: nothing of it can be had; see @why
 * LOST: the previous kernel did not hand it over; see @why
 */
#define KHO_KEPT_STATE_KEPT 1
#define KHO_KEPT_STATE_WAITING 2
#define KHO_KEPT_STATE_BEGUN 3
#define KHO_KEPT_STATE_REFUSED 4
#define KHO_KEPT_STATE_LOST 5

/* kho_kept_ioctl_list.flags: what came in. Without it: what is to be handed over. */
#define KHO_KEPT_LIST_INCOMING (1U << 0)

/**
 * struct kho_kept_ioctl_list - KHO_KEPT_IOCTL_LIST: one tree
 * @size: size of this struct
 * @flags: KHO_KEPT_LIST_INCOMING, or 0
 * @index: of the tree, from 0; they are in the order in which they were kept, or came in
 * @state: out, KHO_KEPT_STATE_*
 * @dev_major: out, of the file system, KEPT only: major device number, as in
 *   /proc/self/mountinfo
 * @dev_minor: out, likewise
 * @nr_records: out, records that came in; KEPT: inodes that the whole file system has
 * @nr_files: out, regular files that came in; KEPT: 0
 * @nr_filled: out, regular files that were filled; KEPT: 0
 * @bytes: out, memory of what came in, without records; KEPT: of all that the file system has,
 *   whether in memory or swapped
 * @kept_ns: out, CLOCK_REALTIME when the previous kernel froze it, 0 = not known; KEPT: when it
 *   was kept
 * @name: out, of the tree
 * @why: out, the end of a sentence that starts with "since"; REFUSED and LOST only
 * @path: out, KEPT: path of the directory inside its file system; starts with '/'
 *
 * Errors: ENOENT (there are not so many).
 */
struct kho_kept_ioctl_list {
	__u32 size;
	__u32 flags;
	__u32 index;
	__u32 state;
	__u32 dev_major;
	__u32 dev_minor;
	__aligned_u64 nr_records;
	__aligned_u64 nr_files;
	__aligned_u64 nr_filled;
	__aligned_u64 bytes;
	__aligned_u64 kept_ns;
	char name[KHO_KEPT_NAME_SIZE];
	char why[KHO_KEPT_REASON_SIZE];
	char path[KHO_KEPT_PATH_SIZE];
};

#define KHO_KEPT_IOCTL_LIST _IO(KHO_KEPT_IOCTL_TYPE, 0x42)

/**
 * struct kho_kept_ioctl_estimate - KHO_KEPT_IOCTL_ESTIMATE: walk a kept directory, and tell what
 * handing it over now would take
 * @size: size of this struct
 * @flags: 0
 * @nr_inodes: out
 * @nr_pages: out, pages that would have to be preserved
 * @nr_swapped: out, of those, pages that would have to be read from swap before
 * @nr_folios: out, blocks that they are in
 * @meta_bytes: out, what records, files and entries would take, about
 * @extent_bytes: out, what the next kernel would have to do without until it has given back what
 *   lies between, about: all that is preserved counted in
 * @name: of the tree
 *
 * Nothing is held, so it changes meanwhile. Errors: ENOENT, EINTR (a fatal signal), ENOMEM.
 */
struct kho_kept_ioctl_estimate {
	__u32 size;
	__u32 flags;
	__aligned_u64 nr_inodes;
	__aligned_u64 nr_pages;
	__aligned_u64 nr_swapped;
	__aligned_u64 nr_folios;
	__aligned_u64 meta_bytes;
	__aligned_u64 extent_bytes;
	char name[KHO_KEPT_NAME_SIZE];
};

#define KHO_KEPT_IOCTL_ESTIMATE _IO(KHO_KEPT_IOCTL_TYPE, 0x43)

/* kho_kept_ioctl_open.fs_flags: as enum kho_kept_fs_flag of <linux/kho/abi/kept.h>. */

/**
 * struct kho_kept_ioctl_open - KHO_KEPT_IOCTL_OPEN: a descriptor of a tree that came in
 * @size: size of this struct
 * @flags: 0
 * @fd: out, the descriptor
 * @state: out, KHO_KEPT_STATE_WAITING or KHO_KEPT_STATE_BEGUN
 * @nr_records: out
 * @record_bytes: out, what can be read from the descriptor
 * @nr_files: out, regular files
 * @nr_pages: out, pages that these hold
 * @kept_ns: out, CLOCK_REALTIME when the previous kernel froze it
 * @fs_blocks: out, size of the file system, in pages; 0 = no limit
 * @fs_inodes: out, inodes that it may have; 0 = no limit
 * @fs_flags: out, enum kho_kept_fs_flag
 * @fs_huge: out, enum kho_kept_huge
 * @name: of the tree
 *
 * One descriptor at a time. Errors: ENOENT, EBUSY (it is open), EBADMSG (it was found to be
 * damaged), ENODATA (the previous kernel did not hand it over), ENOMEM, EMFILE.
 */
struct kho_kept_ioctl_open {
	__u32 size;
	__u32 flags;
	__s32 fd;
	__u32 state;
	__aligned_u64 nr_records;
	__aligned_u64 record_bytes;
	__aligned_u64 nr_files;
	__aligned_u64 nr_pages;
	__aligned_u64 kept_ns;
	__aligned_u64 fs_blocks;
	__aligned_u64 fs_inodes;
	__u32 fs_flags;
	__u32 fs_huge;
	char name[KHO_KEPT_NAME_SIZE];
};

#define KHO_KEPT_IOCTL_OPEN _IO(KHO_KEPT_IOCTL_TYPE, 0x44)

/**
 * struct kho_kept_ioctl_drop - KHO_KEPT_IOCTL_DROP: give back what nobody will restore
 * @size: size of this struct
 * @flags: 0
 * @name: of a tree that came in, in any state
 *
 * What was restored of it before stays where it is. Of one that is REFUSED nothing can be
 * believed: its memory stays reserved until KHO_IOCTL_IN_DROP of <linux/kho.h> gives back
 * everything.
 *
 * Errors: ENOENT, EBUSY (it is open), ESHUTDOWN.
 */
struct kho_kept_ioctl_drop {
	__u32 size;
	__u32 flags;
	char name[KHO_KEPT_NAME_SIZE];
};

#define KHO_KEPT_IOCTL_DROP _IO(KHO_KEPT_IOCTL_TYPE, 0x45)

/* kho_kept_ioctl_hold.flags: let go of all that is held. Without it: hold. */
#define KHO_KEPT_HOLD_LET_GO (1U << 0)

/**
 * struct kho_kept_ioctl_hold - KHO_KEPT_IOCTL_HOLD: hold the pages of large files of all kept
 * directories now, so that there is less to do at the last moment
 * @size: size of this struct
 * @flags: KHO_KEPT_HOLD_*
 * @least_bytes: size of a file that is large; with LET_GO 0
 * @nr_files: out, files of which pages were held now
 * @nr_pages: out, pages of them
 *
 * For when services begin to stop, and an image is loaded already: what is held is not reclaimed
 * and not moved, so it can be in the way of an image that is loaded later. A file can be used as
 * before; but what is cut off or removed is freed only at the jump, with LET_GO, or with FORGET
 * of a directory of its file system. Files that are held already are left as they are.
 *
 * Errors: ENOMEM and EINTR (some are held), ESHUTDOWN.
 */
struct kho_kept_ioctl_hold {
	__u32 size;
	__u32 flags;
	__aligned_u64 least_bytes;
	__aligned_u64 nr_files;
	__aligned_u64 nr_pages;
};

#define KHO_KEPT_IOCTL_HOLD _IO(KHO_KEPT_IOCTL_TYPE, 0x4b)

/* -------------------------------------------------------------------- on a descriptor of OPEN */

/**
 * struct kho_kept_ioctl_begin - KHO_KEPT_IOCTL_BEGIN: restore into this directory
 * @size: size of this struct
 * @flags: 0
 * @dir_fd: directory of a tmpfs, open for reading or O_PATH
 * @resumed: out, 1: it was begun before, with this directory
 * @last_inode: highest number of an inode in the tree: what is made in the file system from now
 *   on gets higher ones, so that no two files have one number; 0 = not known
 *
 * Pins the file system until DONE. Errors: EBADF, ENOTDIR, EXDEV (not a tmpfs), ESTALE (it was
 * begun with another directory), ENOMEM, ESHUTDOWN.
 */
struct kho_kept_ioctl_begin {
	__u32 size;
	__u32 flags;
	__s32 dir_fd;
	__u32 resumed;
	__aligned_u64 last_inode;
};

#define KHO_KEPT_IOCTL_BEGIN _IO(KHO_KEPT_IOCTL_TYPE, 0x46)

/**
 * struct kho_kept_ioctl_fill - KHO_KEPT_IOCTL_FILL: move the contents of a file into a file
 * @size: size of this struct
 * @flags: 0
 * @fd: regular file of the file system of BEGIN, open for writing, empty
 * @reserved: 0
 * @file: number of the file in the tree, from 0
 *
 * The size becomes that of the file in the tree. Times of the file change.
 *
 * After an error, and after a program was killed, it can be called again, with the same file. It
 * is the kernel's until it was filled: nobody should write to it.
 *
 * Errors: EBADF, EINVAL (no such file, not a regular one), ENOTCONN (no BEGIN), EXDEV (another
 * file system), EALREADY (this very file was filled with it), ESTALE (another one was, or was
 * begun with), ENOTEMPTY, ENOSPC and EDQUOT (of the file system; nothing was moved), ENOMEM,
 * EINTR (a fatal signal), EIO (a page of it is not there), ESHUTDOWN.
 */
struct kho_kept_ioctl_fill {
	__u32 size;
	__u32 flags;
	__s32 fd;
	__u32 reserved;
	__aligned_u64 file;
};

#define KHO_KEPT_IOCTL_FILL _IO(KHO_KEPT_IOCTL_TYPE, 0x47)

/* kho_kept_ioctl_stamp.flags: what to set */
#define KHO_KEPT_STAMP_INODE (1U << 0)
#define KHO_KEPT_STAMP_CTIME (1U << 1)
#define KHO_KEPT_STAMP_BTIME (1U << 2)

/**
 * struct kho_kept_ioctl_stamp - KHO_KEPT_IOCTL_STAMP: set what no system call can set
 * @size: size of this struct
 * @flags: KHO_KEPT_STAMP_*
 * @fd: file of any kind, of the file system of BEGIN; O_PATH will do
 * @reserved: 0
 * @inode: number; new files get higher ones from then on
 * @ctime_sec: time of the last change: seconds
 * @btime_sec: time of birth: seconds
 * @ctime_nsec: and nanoseconds
 * @btime_nsec: likewise
 *
 * Errors: EBADF, EINVAL (inode 0, nanoseconds), ENOTCONN (no BEGIN), EXDEV (another file system),
 * EEXIST (the file system has had other files before it was begun with, and one of them may have
 * this number; nothing was set), EOVERFLOW (number above 2^32 in a file system without inode64;
 * everything else was set).
 */
struct kho_kept_ioctl_stamp {
	__u32 size;
	__u32 flags;
	__s32 fd;
	__u32 reserved;
	__aligned_u64 inode;
	__aligned_s64 ctime_sec;
	__aligned_s64 btime_sec;
	__u32 ctime_nsec;
	__u32 btime_nsec;
};

#define KHO_KEPT_IOCTL_STAMP _IO(KHO_KEPT_IOCTL_TYPE, 0x48)

/**
 * struct kho_kept_ioctl_peek - KHO_KEPT_IOCTL_PEEK: read what is in a file, without restoring it
 * @size: size of this struct
 * @flags: 0
 * @file: number of the file
 * @offset: where to start, in bytes
 * @buffer: pointer to memory
 * @bytes: in: its length; out: bytes that were read there
 * @hole_bytes: out, 0 unless @bytes is 0: length of the hole that @offset lies in. Both 0: the
 *   end of the file
 * @file_bytes: out, size of the file
 *
 * What was allocated and never written to reads as a hole.
 *
 * Errors: EINVAL (no such file), ESTALE (it was filled, or that was begun), EIO (the memory of
 * this page went bad; nothing was read).
 */
struct kho_kept_ioctl_peek {
	__u32 size;
	__u32 flags;
	__aligned_u64 file;
	__aligned_u64 offset;
	__aligned_u64 buffer;
	__aligned_u64 bytes;
	__aligned_u64 hole_bytes;
	__aligned_u64 file_bytes;
};

#define KHO_KEPT_IOCTL_PEEK _IO(KHO_KEPT_IOCTL_TYPE, 0x49)

/* In the same moment KHO_KEPT_IOCTL_KEEP of the directory of BEGIN, by the name of the tree. */
#define KHO_KEPT_DONE_KEEP (1U << 0)

/**
 * struct kho_kept_ioctl_done - KHO_KEPT_IOCTL_DONE: the tree is restored
 * @size: size of this struct
 * @flags: KHO_KEPT_DONE_*
 *
 * It is gone afterwards; the descriptor is good for nothing but close(2). Errors: ENOTCONN (no
 * BEGIN), EBUSY (files were not filled), ESHUTDOWN; with KHO_KEPT_DONE_KEEP those of KEEP, and
 * the tree is not done.
 */
struct kho_kept_ioctl_done {
	__u32 size;
	__u32 flags;
};

#define KHO_KEPT_IOCTL_DONE _IO(KHO_KEPT_IOCTL_TYPE, 0x4a)

#endif /* _UAPI_LINUX_KHO_KEPT_H */
