// SPDX-License-Identifier: GPL-2.0
/* Messages to and from a process that holds a session. */
#include "cli/session/link.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>

#define DIRECTORY "/run/kho/session"
/* What one side waits for the other; whoever holds a session answers one at a time. */
#define ASK_SECONDS 30
#define ANSWER_SECONDS 2

union control {
	struct cmsghdr head;
	char room[CMSG_SPACE(SESSION_MAX_FILES * sizeof(int))];
};

void link_files_close(struct link_files *files)
{
	while (files->nr)
		close(files->fd[--files->nr]);
}

static bool address_of(struct sockaddr_un *a, const char *name)
{
	*a = (struct sockaddr_un){ .sun_family = AF_UNIX };
	return (size_t)snprintf(a->sun_path, sizeof(a->sun_path),
				DIRECTORY "/%s", name) < sizeof(a->sun_path);
}

static void wait_at_most(int fd, int seconds)
{
	struct timeval t = { .tv_sec = seconds };

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &t, sizeof(t));
}

static int timed_out(int err)
{
	return err == EAGAIN || err == EWOULDBLOCK ? -ETIMEDOUT : -err;
}

static int send_message(int to, const void *data, size_t bytes,
			const struct link_files *files)
{
	union control control = { .room = { 0 } };
	struct iovec v = { (void *)data, bytes };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1 };
	struct cmsghdr *c = &control.head;
	ssize_t n;

	if (files && files->nr) {
		m.msg_control = &control;
		m.msg_controllen = CMSG_SPACE(files->nr * sizeof(int));
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(files->nr * sizeof(int));
		memcpy(CMSG_DATA(c), files->fd, files->nr * sizeof(int));
	}
	do {
		n = sendmsg(to, &m, MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? timed_out(errno) : 0;
}

static void take_files(struct msghdr *m, struct link_files *files)
{
	struct cmsghdr *c;
	size_t i, nr;
	int fd;

	for (c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		nr = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (i = 0; i < nr; i++) {
			memcpy(&fd, CMSG_DATA(c) + i * sizeof(fd), sizeof(fd));
			if (files->nr < SESSION_MAX_FILES)
				files->fd[files->nr++] = fd;
			else
				close(fd);
		}
	}
}

/* Exactly so many bytes, or it is no message of ours. */
static int receive(int from, void *data, size_t bytes, struct link_files *files)
{
	union control control;
	struct iovec v = { data, bytes };
	struct msghdr m = { .msg_iov = &v,
			    .msg_iovlen = 1,
			    .msg_control = &control,
			    .msg_controllen = sizeof(control) };
	ssize_t n;

	files->nr = 0;
	do {
		n = recvmsg(from, &m, MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return timed_out(errno);
	take_files(&m, files);
	if ((size_t)n == bytes && !(m.msg_flags & (MSG_TRUNC | MSG_CTRUNC)))
		return 0;
	link_files_close(files);
	return -EPROTO;
}

static int connect_to(const char *name)
{
	struct sockaddr_un a;
	int err, fd;

	if (!address_of(&a, name))
		return -ENOENT;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	wait_at_most(fd, ASK_SECONDS);
	if (!connect(fd, (struct sockaddr *)&a, sizeof(a)))
		return fd;
	err = errno == ECONNREFUSED ? -ENOENT : timed_out(errno);
	close(fd);
	return err;
}

int link_ask(const char *name, enum link_op op, u64 token, int fd,
	     struct link_reply *reply, struct link_files *files)
{
	autoclose int to = connect_to(name);
	const struct link_files with = { .fd = { fd }, .nr = fd >= 0 };
	const struct link_request request = { .op = op, .token = token };
	int err;

	files->nr = 0;
	if (to < 0)
		return to;
	err = send_message(to, &request, sizeof(request), &with);
	if (!err)
		err = receive(to, reply, sizeof(*reply), files);
	if (err)
		return err;
	reply->reason[LINK_REASON_SIZE - 1] = '\0';
	if (reply->nr > SESSION_MAX_FILES || reply->err > 0)
		err = -EPROTO;
	else if (op == LINK_RUN && !reply->err && files->nr != reply->nr)
		err = -EPROTO;
	else if (op == LINK_GET && !reply->err && files->nr != 1)
		err = -EPROTO;
	else
		err = reply->err;
	if (err)
		link_files_close(files);
	return err;
}

int link_listen(const char *name, uid_t uid)
{
	struct sockaddr_un a;
	int err, fd;

	mkdir("/run/kho", 0755);
	mkdir(DIRECTORY, 0755);
	if (!address_of(&a, name))
		return -ENAMETOOLONG;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	/* Of somebody who had the session before: nobody else has it now. */
	unlink(a.sun_path);
	/* What is asked of it says who asks; files are given to root and @uid alone. */
	if (!bind(fd, (struct sockaddr *)&a, sizeof(a)) &&
	    !chmod(a.sun_path, 0600) && !chown(a.sun_path, uid, (gid_t)-1) &&
	    !listen(fd, 16))
		return fd;
	err = -errno;
	close(fd);
	return err;
}

void link_forget(const char *name)
{
	struct sockaddr_un a;

	if (address_of(&a, name))
		unlink(a.sun_path);
}

int link_accept(int socket, uid_t *peer, struct link_request *request, int *fd)
{
	struct link_files files;
	struct ucred cred;
	socklen_t length = sizeof(cred);
	int err, connection = accept4(socket, NULL, NULL, SOCK_CLOEXEC);

	*fd = -1;
	if (connection < 0)
		return -errno;
	wait_at_most(connection, ANSWER_SECONDS);
	if (getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &cred, &length))
		err = -errno;
	else
		err = receive(connection, request, sizeof(*request), &files);
	if (err) {
		close(connection);
		return err;
	}
	*peer = cred.uid;
	if (files.nr)
		*fd = files.fd[--files.nr];
	link_files_close(&files);
	return connection;
}

int link_answer(int connection, const struct link_reply *reply,
		const struct link_files *files)
{
	return send_message(connection, reply, sizeof(*reply), files);
}

const char *link_explain(int err)
{
	switch (-err) {
	case ETIMEDOUT:
		return "the process that holds it does not answer";
	case EPERM:
	case EACCES:
		return "only root may, and the user that its configuration names";
	case EPROTO:
	case ENOSYS:
		return "the process that holds it is of another version of kho";
	default:
		return strerror(-err);
	}
}
