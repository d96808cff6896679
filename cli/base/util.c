// SPDX-License-Identifier: GPL-2.0
/* Small things every verb needs: messages, files, sizes, progress. */
#include "cli/base/util.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/stat.h>

void say(const char *fmt, ...)
{
	va_list args;

	fflush(stdout);
	va_start(args, fmt);
	fputs("kho: ", stderr);
	vfprintf(stderr, fmt, args);
	fputc('\n', stderr);
	va_end(args);
}

void *need(void *p)
{
	if (p)
		return p;
	say("there is not enough memory for the kho tool itself; nothing was changed.");
	exit(1);
}

char *vformat(const char *fmt, va_list args)
{
	char *s = NULL;

	if (vasprintf(&s, fmt, args) < 0)
		s = NULL;
	return need(s);
}

char *format(const char *fmt, ...)
{
	va_list args;
	char *s;

	va_start(args, fmt);
	s = vformat(fmt, args);
	va_end(args);
	return s;
}

ssize_t read_full(int fd, void *data, size_t bytes)
{
	size_t done = 0;

	while (done < bytes) {
		ssize_t n = read(fd, (u8 *)data + done, bytes - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			break;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

int write_all(int fd, const void *data, size_t bytes)
{
	const u8 *p = data;

	while (bytes) {
		ssize_t n = write(fd, p, bytes);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			return -EIO;
		p += n;
		bytes -= (size_t)n;
	}
	return 0;
}

/* Files of sysfs and procfs have no size to go by, so read until the end whatever stat says. */
static int read_to_end(int fd, size_t guess, size_t limit, struct blob *out)
{
	size_t room = guess + 1;

	out->data = malloc(room);
	out->bytes = 0;
	while (out->data) {
		ssize_t n = read_full(fd, out->data + out->bytes,
				      room - out->bytes);
		u8 *more;

		if (n < 0)
			return (int)n;
		out->bytes += (size_t)n;
		if (out->bytes > limit)
			return -EFBIG;
		if (out->bytes < room)
			return 0;
		room *= 2;
		more = realloc(out->data, room);
		if (!more)
			break;
		out->data = more;
	}
	return -ENOMEM;
}

int read_descriptor(int fd, size_t limit, struct blob *out)
{
	struct stat st;
	int err;

	*out = (struct blob){ 0 };
	if (fstat(fd, &st))
		return -errno;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	if (st.st_size > 0 && (u64)st.st_size > limit)
		return -EFBIG;
	err = read_to_end(fd, st.st_size > 0 ? (size_t)st.st_size : 4096, limit,
			  out);
	if (err)
		blob_free(out);
	return err;
}

int read_file(const char *path, size_t limit, struct blob *out)
{
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC);

	*out = (struct blob){ 0 };
	return fd < 0 ? -errno : read_descriptor(fd, limit, out);
}

void blob_free(struct blob *b)
{
	if (b->mapped)
		munmap(b->data, b->bytes);
	else
		free(b->data);
	*b = (struct blob){ 0 };
}

const char *human_bytes(u64 bytes, char *buf, size_t size)
{
	static const char *const unit[] = { "KiB", "MiB", "GiB",
					    "TiB", "PiB", "EiB" };
	double n = (double)bytes / 1024;
	size_t i = 0;

	if (bytes < 1024) {
		snprintf(buf, size, "%llu byte%s", (unsigned long long)bytes,
			 bytes == 1 ? "" : "s");
		return buf;
	}
	while (n >= 1024 && i + 1 < ARRAY_LEN(unit)) {
		n /= 1024;
		i++;
	}
	snprintf(buf, size, "%.1f %s", n, unit[i]);
	return buf;
}

/* Factor of a suffix as a power of 1024, -1 if it is none. */
static int suffix_power(const char *text)
{
	static const char letters[] = "kmgt";
	const char *at;

	if (!*text)
		return 0;
	at = strchr(letters, *text | 0x20);
	if (!at || (text[1] && strcasecmp(text + 1, "iB")))
		return -1;
	return (int)(at - letters) + 1;
}

bool parse_bytes(const char *text, u64 *bytes)
{
	char *end;
	u64 n;
	int power;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	n = strtoull(text, &end, 0);
	power = suffix_power(end);
	if (errno || power < 0 || n > UINT64_MAX >> (10 * power))
		return false;
	*bytes = n << (10 * power);
	return true;
}

const char *human_time(u64 ns, char *buf, size_t size)
{
	time_t seconds = (time_t)(ns / 1000000000ULL);
	struct tm tm;

	if (!ns || !localtime_r(&seconds, &tm) ||
	    !strftime(buf, size, "%Y-%m-%dT%H:%M:%S%z", &tm))
		snprintf(buf, size, "-");
	return buf;
}

/* Short work draws nothing: the first line comes after a second, then ten a second. */
static void schedule(struct progress *p, long ms)
{
	clock_gettime(CLOCK_MONOTONIC, &p->next);
	p->next.tv_nsec += (ms % 1000) * 1000000L;
	p->next.tv_sec += ms / 1000 + p->next.tv_nsec / 1000000000L;
	p->next.tv_nsec %= 1000000000L;
}

void progress_begin(struct progress *p, const char *what, u64 total)
{
	*p = (struct progress){ .what = what,
				.total = total,
				.active = isatty(STDERR_FILENO) };
	schedule(p, 1000);
}

void progress_add(struct progress *p, u64 bytes)
{
	struct timespec now;
	char a[32], b[32];

	p->done += bytes;
	if (!p->active)
		return;
	clock_gettime(CLOCK_MONOTONIC, &now);
	if (now.tv_sec < p->next.tv_sec ||
	    (now.tv_sec == p->next.tv_sec && now.tv_nsec < p->next.tv_nsec))
		return;
	fprintf(stderr, "\r%s: ", p->what);
	if (p->total_files)
		fprintf(stderr, "%llu of %llu files, ",
			(unsigned long long)p->files,
			(unsigned long long)p->total_files);
	if (p->total)
		fprintf(stderr, "%s of %s (%u %%)\033[K",
			human_bytes(p->done, a, sizeof(a)),
			human_bytes(p->total, b, sizeof(b)),
			(unsigned int)(p->done * 100.0 / (double)p->total));
	else
		fprintf(stderr, "%s\033[K", human_bytes(p->done, a, sizeof(a)));
	p->drawn = true;
	schedule(p, 100);
}

void progress_end(struct progress *p)
{
	if (p->drawn)
		fputs("\r\033[K", stderr);
	p->drawn = false;
}
