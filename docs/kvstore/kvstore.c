// SPDX-License-Identifier: GPL-2.0
/*
 * A key-value server that keeps everything in a file in memory, and comes back after an update of
 * the kernel with everything in it. It is the example of docs/liveupdate.md.
 *
 *   kvstore serve           in the foreground
 *   kvstore set KEY VALUE   exit status 0
 *   kvstore get KEY         prints the value; exit status 1 if there is none
 *
 * What makes a heap survive: it lies in one file of memfd_create(2), and nothing in it is an
 * address. The server need not be told of the kexec: it puts the file into a session when it
 * starts, and goes on serving until the machine jumps.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "liveupdate.h"

#define SESSION "kvstore"
#define SOCKET "/run/kvstore"
#define MAGIC 0x31726f747376b001ULL

enum { HEAP_TOKEN = 1, HEAP_BYTES = 64 << 20, BUCKETS = 4096, MAX_TEXT = 4096 };

/* Offsets in the heap, 0 = none. A pair is complete before anything leads to it. */
struct heap {
	uint64_t magic;
	uint64_t used;
	uint64_t bucket[BUCKETS];
};

struct pair {
	uint64_t next;
	uint32_t key_len;
	uint32_t value_len;
	char text[];
};

static struct heap *heap;

static __attribute__((noreturn)) void die(const char *what, int err)
{
	fprintf(stderr, "kvstore: %s: %s\n", what, strerror(err));
	exit(1);
}

/* ---- the heap ---- */

static uint64_t *bucket_of(const char *key, size_t len)
{
	uint64_t hash = 14695981039346656037ULL;

	while (len--)
		hash = (hash ^ (unsigned char)*key++) * 1099511628211ULL;
	return &heap->bucket[hash % BUCKETS];
}

static struct pair *pair_at(uint64_t offset)
{
	return offset ? (struct pair *)((char *)heap + offset) : NULL;
}

/* The newest pair of a key comes first. */
static struct pair *find(const char *key)
{
	size_t len = strlen(key);
	struct pair *p = pair_at(*bucket_of(key, len));

	while (p && (p->key_len != len || memcmp(p->text, key, len)))
		p = pair_at(p->next);
	return p;
}

static int put(const char *key, const char *value)
{
	size_t key_len = strlen(key), value_len = strlen(value);
	size_t bytes = (sizeof(struct pair) + key_len + value_len + 7) & ~7UL;
	uint64_t *bucket = bucket_of(key, key_len), at = heap->used;
	struct pair *p;

	if (bytes > HEAP_BYTES - at)
		return -ENOSPC;
	p = pair_at(at);
	p->next = *bucket;
	p->key_len = key_len;
	p->value_len = value_len;
	memcpy(p->text, key, key_len);
	memcpy(p->text + key_len, value, value_len);
	heap->used = at + bytes;
	/* The machine may jump at any instant: complete first, then found. */
	__atomic_store_n(bucket, at, __ATOMIC_RELEASE);
	return 0;
}

/* The heap of the previous kernel; -ENOENT if this is no start after a live update. */
static int heap_retrieve(int dev)
{
	int session = lu_session_retrieve(dev, SESSION), fd;

	if (session < 0)
		return session;
	fd = lu_session_get(session, HEAP_TOKEN);
	/* Whatever else was in the session is given up. */
	lu_session_finish(session);
	close(session);
	return fd;
}

static int heap_create(void)
{
	int fd = memfd_create("kvstore", MFD_CLOEXEC);

	if (fd < 0 || ftruncate(fd, HEAP_BYTES))
		die("no memory for the heap", errno);
	return fd;
}

static void heap_open(void)
{
	int dev = lu_open(), fd = -ENOENT, session, ret;

	if (dev >= 0)
		fd = heap_retrieve(dev);
	else
		fprintf(stderr, "kvstore: no live update: %s\n",
			strerror(-dev));
	if (fd < 0 && fd != -ENOENT)
		die("the heap of the previous kernel cannot be had", -fd);
	if (fd == -ENOENT)
		fd = heap_create();
	heap = mmap(NULL, HEAP_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		    0);
	if (heap == MAP_FAILED)
		die("the heap cannot be mapped", errno);
	if (!heap->magic) {
		heap->used = (sizeof(*heap) + 7) & ~7UL;
		heap->magic = MAGIC;
	}
	if (heap->magic != MAGIC)
		die("the heap is of another version", EPROTO);
	/*
	 * A store through a mapping into a hole may come too late for the list of pages that is
	 * made before the jump, so there are none.
	 */
	if (madvise(heap, HEAP_BYTES, MADV_POPULATE_WRITE))
		die("no memory for the heap", errno);
	if (dev < 0)
		return;
	session = lu_session_create(dev, SESSION);
	ret = session < 0 ? session :
			    lu_session_preserve(session, HEAP_TOKEN, fd);
	if (ret)
		die("the heap will not survive an update", -ret);
	/* The session stays open as long as the server runs. */
	close(dev);
}

/* ---- the server: one request a connection, "KEY" or "KEY\0VALUE" ---- */

static void address(struct sockaddr_un *a)
{
	memset(a, 0, sizeof(*a));
	a->sun_family = AF_UNIX;
	strcpy(a->sun_path, SOCKET);
}

static void answer(int fd)
{
	char request[2 * MAX_TEXT + 2] = "";
	ssize_t n = read(fd, request, sizeof(request) - 1);
	size_t key_len = strlen(request);
	struct pair *p;

	if (n <= 0)
		return;
	if (key_len + 1 < (size_t)n) {
		int ret = put(request, request + key_len + 1);

		dprintf(fd, "%s\n", ret ? strerror(-ret) : "ok");
		return;
	}
	p = find(request);
	if (p)
		dprintf(fd, "%.*s\n", (int)p->value_len, p->text + p->key_len);
}

static __attribute__((noreturn)) void serve(void)
{
	struct sockaddr_un a;
	int listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0), fd;

	heap_open();
	address(&a);
	unlink(SOCKET);
	if (listener < 0 || bind(listener, (struct sockaddr *)&a, sizeof(a)) ||
	    listen(listener, 16))
		die(SOCKET, errno);
	for (;;) {
		fd = accept(listener, NULL, NULL);
		if (fd < 0)
			continue;
		answer(fd);
		close(fd);
	}
}

/* ---- the client ---- */

static int ask(const char *key, const char *value)
{
	char request[2 * MAX_TEXT], reply[MAX_TEXT + 2];
	size_t len = strlen(key) + 1;
	struct sockaddr_un a;
	int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);
	ssize_t n;

	if (len > MAX_TEXT || (value && strlen(value) >= MAX_TEXT))
		die("too long", EINVAL);
	memcpy(request, key, len);
	if (value) {
		memcpy(request + len, value, strlen(value) + 1);
		len += strlen(value) + 1;
	}
	address(&a);
	if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof(a)) ||
	    write(fd, request, len) != (ssize_t)len)
		die("no server", errno);
	n = read(fd, reply, sizeof(reply));
	if (n <= 0)
		return 1;
	if (value)
		return n != 3 || memcmp(reply, "ok\n", 3);
	return write(1, reply, n) != n;
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "serve"))
		serve();
	if (argc == 4 && !strcmp(argv[1], "set"))
		return ask(argv[2], argv[3]);
	if (argc == 3 && !strcmp(argv[1], "get"))
		return ask(argv[2], NULL);
	fputs("kvstore serve | set KEY VALUE | get KEY\n", stderr);
	return 2;
}
