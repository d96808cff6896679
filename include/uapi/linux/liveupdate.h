/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * /dev/liveupdate: open files that survive the update of the kernel.
 *
 * A program puts files into a named session, each under a token of its choice. After the kexec
 * it opens the session by its name, gets the files by their tokens, and finishes the session.
 * Numbers and structs are those of Linux 7.3.
 *
 * The first member of every struct is its size, as the program knows it. A kernel that knows a
 * longer one takes what is missing for zero; one that knows a shorter one refuses with E2BIG what
 * it does not know, unless it is zero.
 *
 * Errors that any of them may return: ENOTTY (no such ioctl), EINVAL (number unknown, struct too
 * small, wrong value, or a session of the wrong direction), E2BIG (see above), EFAULT, ENOMEM.
 */
#ifndef _UAPI_LINUX_LIVEUPDATE_H
#define _UAPI_LINUX_LIVEUPDATE_H

#include <linux/ioctl.h>
#include <linux/types.h>

/* All numbers are _IO(LIVEUPDATE_IOCTL_TYPE, ...). */
#define LIVEUPDATE_IOCTL_TYPE 0xBA
/* Size of a session's name with its NUL. */
#define LIVEUPDATE_SESSION_NAME_LENGTH 64

enum {
	/* of /dev/liveupdate */
	LIVEUPDATE_CMD_BASE = 0x00,
	LIVEUPDATE_CMD_CREATE_SESSION = LIVEUPDATE_CMD_BASE,
	LIVEUPDATE_CMD_RETRIEVE_SESSION = 0x01,
	/* of a session */
	LIVEUPDATE_CMD_SESSION_BASE = 0x40,
	LIVEUPDATE_CMD_SESSION_PRESERVE_FD = LIVEUPDATE_CMD_SESSION_BASE,
	LIVEUPDATE_CMD_SESSION_RETRIEVE_FD = 0x41,
	LIVEUPDATE_CMD_SESSION_FINISH = 0x42,
	LIVEUPDATE_CMD_SESSION_GET_NAME = 0x43,
};

/**
 * struct liveupdate_ioctl_create_session - begin a session for the next kernel
 * @size: of this struct
 * @fd: out: the session, close-on-exec; closing it before the kexec gives up the session
 * @name: 1 to 63 bytes and a NUL
 *
 * EEXIST: there is an outgoing session of this name. ENOSPC: too many sessions.
 */
struct liveupdate_ioctl_create_session {
	__u32 size;
	__s32 fd;
	__u8 name[LIVEUPDATE_SESSION_NAME_LENGTH];
};

#define LIVEUPDATE_IOCTL_CREATE_SESSION \
	_IO(LIVEUPDATE_IOCTL_TYPE, LIVEUPDATE_CMD_CREATE_SESSION)

/**
 * struct liveupdate_ioctl_retrieve_session - get a session of the previous kernel
 * @size: of this struct
 * @fd: out: the session, close-on-exec; closing it finishes the session
 * @name: as it was created
 *
 * Works once. ENOENT: no such session came in. EINVAL: it was retrieved before.
 */
struct liveupdate_ioctl_retrieve_session {
	__u32 size;
	__s32 fd;
	__u8 name[LIVEUPDATE_SESSION_NAME_LENGTH];
};

#define LIVEUPDATE_IOCTL_RETRIEVE_SESSION \
	_IO(LIVEUPDATE_IOCTL_TYPE, LIVEUPDATE_CMD_RETRIEVE_SESSION)

/**
 * struct liveupdate_session_preserve_fd - put a file into a session
 * @size: of this struct
 * @fd: the file; it may be closed afterwards
 * @token: what it is to be called; unique in the session
 *
 * ENOENT: files of this kind cannot be preserved. EEXIST: the token is taken. EBUSY: the same
 * object is preserved already, here or in another session. EMFILE: the session has as many files
 * as the caller may have open. EBADF. After EFAULT the file is in the session all the same.
 */
struct liveupdate_session_preserve_fd {
	__u32 size;
	__s32 fd;
	__aligned_u64 token;
};

#define LIVEUPDATE_SESSION_PRESERVE_FD \
	_IO(LIVEUPDATE_IOCTL_TYPE, LIVEUPDATE_CMD_SESSION_PRESERVE_FD)

/**
 * struct liveupdate_session_retrieve_fd - get a file of the previous kernel
 * @size: of this struct
 * @fd: out: the file, close-on-exec
 * @token: as it was preserved
 *
 * A second time it gives another descriptor of the same file. ENOENT: no file has this token.
 */
struct liveupdate_session_retrieve_fd {
	__u32 size;
	__s32 fd;
	__aligned_u64 token;
};

#define LIVEUPDATE_SESSION_RETRIEVE_FD \
	_IO(LIVEUPDATE_IOCTL_TYPE, LIVEUPDATE_CMD_SESSION_RETRIEVE_FD)

/**
 * struct liveupdate_session_finish - end a session of the previous kernel
 * @size: of this struct
 * @reserved: 0
 *
 * What was not retrieved is freed. EBUSY: a file cannot be finished yet; nothing has changed.
 */
struct liveupdate_session_finish {
	__u32 size;
	__u32 reserved;
};

#define LIVEUPDATE_SESSION_FINISH \
	_IO(LIVEUPDATE_IOCTL_TYPE, LIVEUPDATE_CMD_SESSION_FINISH)

/**
 * struct liveupdate_session_get_name - ask for a session's name
 * @size: of this struct
 * @reserved: 0
 * @name: out: NUL-terminated
 */
struct liveupdate_session_get_name {
	__u32 size;
	__u32 reserved;
	__u8 name[LIVEUPDATE_SESSION_NAME_LENGTH];
};

#define LIVEUPDATE_SESSION_GET_NAME \
	_IO(LIVEUPDATE_IOCTL_TYPE, LIVEUPDATE_CMD_SESSION_GET_NAME)

#endif /* _UAPI_LINUX_LIVEUPDATE_H */
