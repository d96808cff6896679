/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Small things every verb needs: messages, files, cleanup, progress.
 */
#ifndef KHO_CLI_UTIL_H
#define KHO_CLI_UTIL_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;

#define PAGE_BYTES 4096ULL
#define MIB (1ULL << 20)
#define GIB (1ULL << 30)

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

static inline u64 round_up_to(u64 n, u64 align)
{
	return (n + align - 1) & ~(align - 1);
}

/* Little-endian numbers of files, wherever they stand. */
static inline u16 le16(const u8 *at)
{
	return (u16)(at[0] | at[1] << 8);
}

static inline u32 le32(const u8 *at)
{
	return le16(at) | (u32)le16(at + 2) << 16;
}

static inline void free_pointer(void *p)
{
	free(*(void **)p);
}

static inline void close_descriptor(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

/* The variable is freed, or closed, when it goes out of scope. */
#define autofree __attribute__((__cleanup__(free_pointer)))
#define autoclose __attribute__((__cleanup__(close_descriptor)))

#define printf_like(f, a) __attribute__((__format__(__printf__, f, a)))

/**
 * say() - one message for a person, on stderr, with the program's name in front
 * @fmt: a whole sentence: what happened, what it means, what to do
 */
void say(const char *fmt, ...) printf_like(1, 2);

/**
 * format() - printf into memory of its own; ends the program if there is none
 * @fmt: as for printf
 *
 * Return: string to be freed.
 */
char *format(const char *fmt, ...) printf_like(1, 2);

/* vprintf form of format(). */
char *vformat(const char *fmt, va_list args);

/**
 * need() - end the program with a message if memory is short
 * @p: what an allocation returned
 *
 * Return: @p, never NULL.
 */
void *need(void *p);

/**
 * struct blob - the contents of a file
 * @data: to be freed with blob_free()
 * @bytes: length
 * @mapped: @data is a mapping of the file
 */
struct blob {
	u8 *data;
	size_t bytes;
	bool mapped;
};

void blob_free(struct blob *b);

/**
 * read_file() - read a whole file, whatever its size claims to be
 * @path: file
 * @limit: more bytes than this are refused with EFBIG
 * @out: filled on success
 *
 * Return: 0 or negative errno.
 */
int read_file(const char *path, size_t limit, struct blob *out);

/**
 * read_descriptor() - the same of a file that is open, from where it is to its end
 * @fd: descriptor
 * @limit: more bytes than this are refused with EFBIG
 * @out: filled on success
 *
 * Return: 0 or negative errno.
 */
int read_descriptor(int fd, size_t limit, struct blob *out);

/**
 * write_all() - write(2) until everything is written
 * @fd: descriptor
 * @data: bytes
 * @bytes: how many
 *
 * Return: 0 or negative errno.
 */
int write_all(int fd, const void *data, size_t bytes);

/**
 * read_full() - read(2) until the buffer is full or the input ends
 * @fd: descriptor
 * @data: buffer
 * @bytes: its size
 *
 * Return: bytes read, 0 at the end, or negative errno.
 */
ssize_t read_full(int fd, void *data, size_t bytes);

/**
 * human_bytes() - a length for people: "17 bytes", "4.0 KiB", "1.5 GiB"
 * @bytes: length
 * @buf: room for the text
 * @size: its size, 32 is enough
 *
 * Return: @buf.
 */
const char *human_bytes(u64 bytes, char *buf, size_t size);

/**
 * parse_bytes() - read a length as people write it: "4096", "0x1000", "64K", "4M", "2GiB"
 * @text: a number and perhaps a suffix K, M, G or T, case does not matter, perhaps with "iB"
 * @bytes: filled on success
 *
 * Return: is it one, and does it fit into 64 bits?
 */
bool parse_bytes(const char *text, u64 *bytes);

/**
 * human_time() - an instant in local time, ISO 8601, or "-" for 0
 * @ns: nanoseconds since 1970
 * @buf: room for the text
 * @size: its size, 40 is enough
 *
 * Return: @buf.
 */
const char *human_time(u64 ns, char *buf, size_t size);

/**
 * struct progress - a line on the terminal while something takes long
 * @what: the verb in its -ing form
 * @total: bytes to come, 0 if unknown
 * @done: bytes so far
 * @total_files: files to come, 0 if the line is about bytes only
 * @files: files so far
 * @next: when the line is drawn next
 * @active: stderr is a terminal
 * @drawn: the line is on the screen
 */
struct progress {
	const char *what;
	u64 total;
	u64 done;
	u64 total_files;
	u64 files;
	struct timespec next;
	bool active;
	bool drawn;
};

void progress_begin(struct progress *p, const char *what, u64 total);
void progress_add(struct progress *p, u64 bytes);
/* Takes the line away, before anything else is said and at the end. */
void progress_end(struct progress *p);

#endif /* KHO_CLI_UTIL_H */
