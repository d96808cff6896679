// SPDX-License-Identifier: GPL-2.0
/* What is asked of a process that holds a session. */
#include "cli/session/held.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/session/ludevice.h"
#include "lib/liveupdate.h"

static ssize_t find_file(const struct held *h, u64 token)
{
	size_t i;

	for (i = 0; i < h->has.nr; i++) {
		if (h->has.file[i].token == token)
			return (ssize_t)i;
	}
	return -ENOENT;
}

/* With a position of its own. */
static int open_again(int fd)
{
	autofree char *path = format("/proc/self/fd/%d", fd);
	int again = open(path, O_RDWR | O_CLOEXEC);

	if (again < 0)
		again = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	return again < 0 ? -errno : again;
}

static int add_again(struct link_files *files, int fd)
{
	int again = open_again(fd);

	if (again < 0)
		return again;
	files->fd[files->nr++] = again;
	return 0;
}

static int do_run(struct held *h, struct link_files *files)
{
	size_t i;
	int err = 0;

	if (h->start == LINK_PUT_IN || h->start == LINK_ASIDE)
		return -EINVAL;
	/* From here on there may be state in it. */
	h->flags |= SESSION_USED;
	held_write_record(h);
	for (i = 0; !err && i < h->has.nr; i++)
		err = add_again(files, h->fd[i]);
	return err;
}

static int do_get(struct held *h, u64 token, struct link_files *files)
{
	ssize_t i = find_file(h, token);
	struct stat st;
	int fd;

	if (i >= 0)
		return add_again(files, h->fd[i]);
	if (h->in < 0 || h->has.nr == SESSION_MAX_FILES)
		return -ENOENT;
	fd = held_get_file(h->in, token);
	if (fd < 0)
		return fd;
	fstat(fd, &st);
	h->fd[h->has.nr] = fd;
	h->has.file[h->has.nr++] =
		(struct session_file){ .token = token,
				       .bytes = (u64)st.st_size };
	return add_again(files, fd);
}

static int do_put(struct held *h, u64 token, int *fd)
{
	const char *why;
	struct stat st;
	int err;

	if (h->start != LINK_PUT_IN)
		return -EINVAL;
	if (*fd < 0 || fstat(*fd, &st) || !S_ISREG(st.st_mode))
		return -EBADF;
	if (find_file(h, token) >= 0 || token == SESSION_RECORD_TOKEN)
		return -EEXIST;
	if (h->has.nr == SESSION_MAX_FILES)
		return -EMFILE;
	err = held_open(h, &why);
	if (!err)
		err = lu_session_preserve(h->out, token, *fd);
	if (err)
		return err;
	h->preserved[h->has.nr] = true;
	h->fd[h->has.nr] = *fd;
	h->has.file[h->has.nr++] =
		(struct session_file){ .token = token,
				       .bytes = (u64)st.st_size };
	*fd = -1;
	held_write_record(h);
	return 0;
}

static int run_request(struct held *h, uid_t peer, const struct link_request *q,
		       int *fd, struct link_files *files, bool *end)
{
	bool root = !peer;

	if (!root && (peer != h->has.uid || q->op > LINK_GET))
		return -EPERM;
	switch (q->op) {
	case LINK_LIST:
		return 0;
	case LINK_RUN:
		return do_run(h, files);
	case LINK_GET:
		return do_get(h, q->token, files);
	case LINK_PUT:
		return do_put(h, q->token, fd);
	case LINK_END:
		*end = true;
		return 0;
	default:
		return -ENOSYS;
	}
}

void held_answer(struct held *h, int socket, bool *end)
{
	autoclose int fd = -1;
	autoclose int connection = -1;
	struct link_reply reply = { 0 };
	struct link_files files = { 0 };
	struct link_request q;
	uid_t peer;

	connection = link_accept(socket, &peer, &q, &fd);
	if (connection < 0)
		return;
	if (*h->stays && h->start != LINK_ASIDE)
		held_preserve(h);
	reply.err = run_request(h, peer, &q, &fd, &files, end);
	if (reply.err)
		link_files_close(&files);
	reply.start = h->start;
	reply.nr = (u32)h->has.nr;
	reply.stays = *h->stays != '\0';
	snprintf(reply.reason, sizeof(reply.reason), "%s",
		 *h->stays ? h->stays : h->reason);
	/* Who runs wants to know why it began cold. */
	if (h->start == LINK_COLD)
		snprintf(reply.reason, sizeof(reply.reason), "%s", h->reason);
	memcpy(reply.file, h->has.file, h->has.nr * sizeof(*reply.file));
	if (!link_answer(connection, &reply, &files) && q.op == LINK_RUN &&
	    !reply.err)
		h->start = LINK_AGAIN;
	link_files_close(&files);
}
