// SPDX-License-Identifier: GPL-2.0
/* A session that a process holds. */
#include "cli/session/held.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "cli/session/ludevice.h"
#include "lib/liveupdate.h"

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8U
#endif

/* Memory may be short for a moment. */
#define GET_TRIES 10
#define GET_WAIT_US 200000

void held_init(struct held *h, const char *name)
{
	*h = (struct held){
		.name = name, .record = -1, .device = -1, .in = -1, .out = -1
	};
}

void held_close_one(int *fd)
{
	close_descriptor(fd);
	*fd = -1;
}

void held_close_files(struct held *h)
{
	while (h->has.nr)
		held_close_one(&h->fd[--h->has.nr]);
	held_close_one(&h->record);
}

void held_close(struct held *h)
{
	held_close_files(h);
	held_close_one(&h->in);
	held_close_one(&h->out);
	held_close_one(&h->device);
}

u64 held_bytes(const struct held *h)
{
	u64 sum = 0;
	size_t i;

	for (i = 0; i < h->has.nr; i++)
		sum += h->has.file[i].bytes;
	return sum;
}

/* ------------------------------------------------------------------------- the next kernel */

/* @why: filled on failure: the end of a sentence */
int held_open(struct held *h, const char **why)
{
	autoclose int own = -1;

	if (h->out >= 0)
		return 0;
	if (h->device < 0) {
		own = ludevice_open();
		if (own < 0) {
			*why = ludevice_explain_open(own);
			return own;
		}
	}
	h->out = lu_session_create(h->device < 0 ? own : h->device, h->name);
	if (h->out < 0)
		*why = ludevice_explain(h->out);
	return h->out < 0 ? h->out : 0;
}

/* All that is not in the session yet. Sets @h->stays. */
void held_preserve(struct held *h)
{
	const char *why = NULL;
	int err = held_open(h, &why);
	size_t i;

	for (i = 0; !err && i < h->has.nr; i++) {
		if (!h->preserved[i])
			err = lu_session_preserve(h->out, h->has.file[i].token,
						  h->fd[i]);
		if (!err)
			h->preserved[i] = true;
	}
	if (!err && !h->record_preserved) {
		err = lu_session_preserve(h->out, SESSION_RECORD_TOKEN,
					  h->record);
		h->record_preserved = !err;
	}
	if (!err) {
		h->stays[0] = '\0';
		return;
	}
	if (!why)
		why = ludevice_explain(err);
	if (strcmp(h->stays, why))
		say("session '%s' WOULD NOT BE HANDED ON: %s; it is tried again.",
		    h->name, why);
	snprintf(h->stays, sizeof(h->stays), "%s", why);
}

/* Of what is in the session now. The page is there, so this takes no memory. */
void held_write_record(struct held *h)
{
	struct session_record r;

	session_record_init(&r, &h->has, h->flags);
	if (pwrite(h->record, &r, sizeof(r), 0) != sizeof(r))
		say("the record of session '%s' cannot be written (%s).",
		    h->name, strerror(errno));
}

int held_new_file(const char *name, u64 bytes, bool sealed)
{
	autofree char *text = format("kho:%s", name);
	const unsigned int flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
	int err, fd = memfd_create(text, flags | MFD_NOEXEC_SEAL);

	/* Before 6.3. */
	if (fd < 0 && errno == EINVAL)
		fd = memfd_create(text, flags);
	if (fd < 0)
		return -errno;
	/* The program may run as anyone who is given it. */
	if (!fchmod(fd, 0666) && !ftruncate(fd, (off_t)bytes) &&
	    (!sealed || !fcntl(fd, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK)))
		return fd;
	err = -errno;
	close(fd);
	return err;
}

int held_new_record(struct held *h)
{
	h->record = held_new_file(h->name, SESSION_RECORD_BYTES, true);
	if (h->record < 0)
		return h->record;
	held_write_record(h);
	return 0;
}

/* ----------------------------------------------------------------------- the previous kernel */

int held_get_file(int session, u64 token)
{
	int fd, i = 0;

	do {
		fd = lu_session_get(session, token);
	} while (fd == -ENOMEM && i++ < GET_TRIES && !usleep(GET_WAIT_US));
	return fd;
}

/* Return: why there is no good one, to be freed. */
char *held_read_record(struct held *h, struct session_record *r)
{
	autoclose int fd = held_get_file(h->in, SESSION_RECORD_TOKEN);
	const char *why;
	ssize_t n;

	if (fd == -ENOENT)
		return format("it was not made by `kho session`");
	if (fd < 0)
		return format("its record cannot be had (%s)", strerror(-fd));
	n = pread(fd, r, sizeof(*r), 0);
	why = session_record_check(r, n < 0 ? 0 : (size_t)n);
	return why ? format("%s", why) : NULL;
}

/*
 * All files that the record names, as far as they can be had. @blocks: of all of them.
 * Return: why one of them is not good, to be freed.
 */
char *held_take_files(struct held *h, const struct session_record *r,
		      u64 *blocks)
{
	char *why = NULL;
	struct stat st;
	u32 i;

	*blocks = 0;
	for (i = 0; i < r->nr; i++) {
		const struct session_file *f = &r->file[i];
		int fd = held_get_file(h->in, f->token);

		if (fd < 0) {
			if (!why)
				why = format("token %llu cannot be had (%s)",
					     (unsigned long long)f->token,
					     strerror(-fd));
			continue;
		}
		h->fd[h->has.nr] = fd;
		h->has.file[h->has.nr++] = *f;
		if (fstat(fd, &st) || (u64)st.st_size != f->bytes) {
			if (!why)
				why = format(
					"token %llu has another size than its record says",
					(unsigned long long)f->token);
			continue;
		}
		*blocks += (u64)st.st_blocks;
		fchmod(fd, 0666);
	}
	h->has.uid = r->uid;
	memcpy(h->has.label, r->label, sizeof(h->has.label));
	h->flags = r->flags;
	return why;
}

/* Files can be in one session at a time. */
int held_finish(struct held *h)
{
	int err, i = 0;

	do {
		err = lu_session_finish(h->in);
	} while (err == -EBUSY && i++ < GET_TRIES && !usleep(GET_WAIT_US));
	if (!err)
		held_close_one(&h->in);
	return err;
}
