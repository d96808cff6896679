/* SPDX-License-Identifier: GPL-2.0 */
/* What the parts of lutest, the client of /dev/liveupdate in the test bed, know of each other. */
#ifndef TESTS_LUTEST_H
#define TESTS_LUTEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

/* Prints and exits unless @ok. */
#define must(ok, ...)                                              \
	do {                                                       \
		if (!(ok))                                         \
			die(__FILE__, __LINE__, #ok, __VA_ARGS__); \
	} while (0)

/* Exits unless two numbers are the same. */
#define same(got, want)                                                       \
	do {                                                                  \
		long long got_ = (got), want_ = (want);                       \
		must(got_ == want_, "%s: %lld, not %lld", #got, got_, want_); \
	} while (0)

__attribute__((noreturn, format(printf, 4, 5))) void
die(const char *file, int line, const char *what, const char *fmt, ...);

/* The device; it may be closed again, sessions do not need it. */
int device(void);
/* A new session, and one of the previous kernel. */
int create(int dev, const char *name);
int retrieve(int dev, const char *name);

/* Bytes that a file has memory for. */
uint64_t allocated(int fd);
/* A file in memory with the @bytes bytes of @data. */
int memfd_with(const void *data, size_t bytes);
/* A file in memory with text. */
int memfd_text(const char *text);
/* Exits unless a file holds exactly this text, read from its position. */
void holds_text(int fd, const char *text);

/* Leaves a child behind that holds all descriptors until the machine jumps. */
void hold_on(void);

/* The groups of tests; each exits if something is wrong. */
void test_ioctls(void);
void test_sessions(void);
void test_fuzz(uint64_t seed, uint64_t steps);

/* Named states that are made before the jump and looked at after it. */
void state_make(const char *name);
void state_check(const char *name);
/* A state that ends with the process, for a kernel that runs out of memory. */
void state_once(void);

/* The sessions of tests/golden/luo.txt. */
void golden_make(void);
/* Exits unless memory has, from the blob at @phys on, what that file says. */
void golden_in_memory(const char *path, uint64_t phys);

/* The same for files in memory of all kinds. */
void files_make(void);
void files_check(void);

/* What the kernel counts for them; large folios, pages that were swapped out, 4 GiB. */
void accounts_make(void);
void accounts_make_single(void);
void accounts_check(void);
void accounts_check_single(void);
void orders_make(void);
void orders_check(void);
void orders_check_single(void);
void swapped_make(void);
void swapped_check(void);
void pages_make(void);
void folios_make(void);
void gigabytes_check(void);

/* Files in use for ever, or busy; a lock that is kept; files with pages that have gone bad. */
void stuck_make(void);
void stuck_check(void);
void held_make(void);
void held_check(void);
void kept_make(void);
void kept_check(void);
void bad_make(void);
void bad_check(void);
void bad_refused(void);
void bad_pass_on(void);

/* How many files a session takes, and who pays for them. */
void charged_make(void);
void charged_check(void);
void test_bounds(void);

#endif /* TESTS_LUTEST_H */
