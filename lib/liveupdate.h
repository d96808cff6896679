/* SPDX-License-Identifier: GPL-2.0 */
/*
 * libliveupdate: keep open files across an update of the kernel.
 *
 * Before the kexec a program creates a session, puts files into it, each under a token of its
 * choice, and keeps the session open. After the kexec it gets the session by its name, the files
 * by their tokens, and finishes the session. What kinds of files can be kept is up to the
 * kernel; files of memfd_create(2) can.
 *
 * Every function returns a negative errno on failure; none prints, allocates or keeps state.
 * All descriptors they return are close-on-exec, and are closed with close(2).
 */
#ifndef LIBLIVEUPDATE_H
#define LIBLIVEUPDATE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Size of the buffer for a session's name, which is shorter than this. */
#define LU_NAME_SIZE 64

/*
 * Opens /dev/liveupdate, which one process at a time can do. Sessions do not need it any more
 * once they are there. -ENOENT: there is no live update; -EBUSY: somebody else has it open.
 */
int lu_open(void);

/* The same for a device elsewhere. */
int lu_open_at(const char *path);

/*
 * Creates a session for the next kernel. Closing it before the kexec gives it up. -EEXIST: there
 * is a session of this name; -EINVAL: the name is empty or too long.
 */
int lu_session_create(int device, const char *name);

/*
 * Gets a session of the previous kernel. Closing it finishes it. -ENOENT: there is none, so this
 * is no start after a live update; -EINVAL: somebody has it; -EIO: what came in is damaged.
 */
int lu_session_retrieve(int device, const char *name);

/*
 * Puts a file into a session for the next kernel. -ENOENT: this kind of file cannot be kept;
 * -EEXIST: the token is taken; -EBUSY: the same file is in a session already; -EMFILE: there are
 * as many files in it as the program may have open.
 */
int lu_session_preserve(int session, uint64_t token, int fd);

/* Gets a file of a session of the previous kernel. -ENOENT: no file has this token. */
int lu_session_get(int session, uint64_t token);

/*
 * Ends a session of the previous kernel: files that were not taken are gone. -EBUSY: one of them
 * cannot be let go of yet, and nothing has changed.
 */
int lu_session_finish(int session);

/* Fills in the name of a session, of either direction. -ENOTTY or -EINVAL: that is no session. */
int lu_session_name(int session, char name[LU_NAME_SIZE]);

#ifdef __cplusplus
}
#endif

#endif /* LIBLIVEUPDATE_H */
