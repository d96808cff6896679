// SPDX-License-Identifier: GPL-2.0
/*
 * What the kernel counts for files in memory: as much as for any other, and nothing when they are
 * gone; files of large folios of all sizes, pages that were swapped out, files of some gigabytes.
 */
#include "lutest.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/liveupdate.h"

enum { PAGE = 4096, MIB = 1 << 20, LARGE = 2 * MIB };
enum { SMALL_TOKEN = 1, LARGE_TOKEN = 2 };
/* Of each file. */
enum { BYTES = 32 * MIB };
/* Counters are kept by each processor for itself, and added up now and then. */
enum { TOLERANCE = MIB };

/* Where the scenario made a memory cgroup, and put us into it. */
#define CGROUP "/cgroup/test/"

/* --------------------------------------------------------------------------------- counters */

/* The number after a word at the beginning of a line. */
static uint64_t number_in(const char *path, const char *word)
{
	FILE *f = fopen(path, "r");
	unsigned long long n;
	char line[256];

	must(f, "open %s", path);
	while (fgets(line, sizeof(line), f)) {
		size_t len = strlen(word);

		if (strncmp(line, word, len) ||
		    sscanf(line + len, " %llu", &n) != 1)
			continue;
		fclose(f);
		return n;
	}
	must(false, "no %s in %s", word, path);
}

struct counters {
	int64_t shmem;
	int64_t large;
	int64_t committed;
	int64_t cgroup;
};

static struct counters count(void)
{
	FILE *f = fopen("/proc/sys/vm/stat_refresh", "r");

	must(f, "stat_refresh");
	must(fgetc(f) == EOF, "stat_refresh");
	fclose(f);
	return (struct counters){
		.shmem = number_in("/proc/meminfo", "Shmem:") << 10,
		.large = number_in("/proc/meminfo", "ShmemHugePages:") << 10,
		.committed = number_in("/proc/meminfo", "Committed_AS:") << 10,
		.cgroup = number_in(CGROUP "memory.stat", "shmem "),
	};
}

static void about(const char *what, int64_t got, int64_t want)
{
	must(llabs(got - want) <= TOLERANCE, "%s: %lld more, not %lld", what,
	     (long long)got, (long long)want);
}

/* @bytes more than @was, @large of them in large folios. */
static void grew(const struct counters *was, int64_t bytes, int64_t large)
{
	struct counters now = count();

	about("Shmem", now.shmem - was->shmem, bytes);
	about("Committed_AS", now.committed - was->committed, bytes);
	about("cgroup", now.cgroup - was->cgroup, bytes);
	same(now.large - was->large, large);
}

/* ------------------------------------------------------------------------------------ files */

static uint64_t mark(uint64_t at)
{
	return (at / PAGE + 1) * 0x9e3779b97f4a7c15ULL;
}

static uint64_t *map(int fd, uint64_t bytes)
{
	uint64_t *p =
		mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	must(p != MAP_FAILED, "mmap");
	return p;
}

/* The first word of each page says where it belongs, its last where it begins. */
static void mark_page(uint64_t *page, uint64_t at)
{
	page[0] = mark(at);
	page[PAGE / 8 - 1] = ~mark(at);
}

static int marked(uint64_t bytes)
{
	int fd = memfd_create("file", MFD_ALLOW_SEALING);
	uint64_t *words, at;

	must(fd >= 0 && !ftruncate(fd, bytes), "memfd");
	words = map(fd, bytes);
	for (at = 0; at < bytes; at += PAGE)
		mark_page(&words[at / 8], at);
	munmap(words, bytes);
	return fd;
}

static void check_marks(int fd, uint64_t from, uint64_t to)
{
	uint64_t *words = map(fd, to), at;

	for (at = from; at < to; at += PAGE) {
		must(words[at / 8] == mark(at), "page at %#llx differs",
		     (unsigned long long)at);
		must(words[(at + PAGE) / 8 - 1] == ~mark(at),
		     "end of the page at %#llx differs",
		     (unsigned long long)at);
	}
	munmap(words, to);
}

static void use_large(const char *when)
{
	FILE *f =
		fopen("/sys/kernel/mm/transparent_hugepage/shmem_enabled", "w");

	must(f && fputs(when, f) >= 0 && !fclose(f), "shmem_enabled");
}

static int new_session(const char *name)
{
	int dev = device(), session = create(dev, name);

	close(dev);
	return session;
}

static int old_session(const char *name)
{
	int dev = device(), session = retrieve(dev, name);

	close(dev);
	return session;
}

static int get(int session, uint64_t token)
{
	int fd = lu_session_get(session, token);

	must(fd >= 0, "token %llu: %d", (unsigned long long)token, fd);
	return fd;
}

static void put(int session, uint64_t token, int fd)
{
	same(lu_session_preserve(session, token, fd), 0);
	close(fd);
}

static int large_file(uint64_t bytes)
{
	uint64_t was = number_in("/proc/meminfo", "ShmemHugePages:");
	int fd;

	use_large("always");
	fd = marked(bytes);
	use_large("never");
	same(number_in("/proc/meminfo", "ShmemHugePages:") - was, bytes >> 10);
	return fd;
}

/* --------------------------------------------------------------------------------- accounts */

void accounts_make(void)
{
	int session = new_session("accounts");

	put(session, SMALL_TOKEN, marked(BYTES));
	put(session, LARGE_TOKEN, large_file(BYTES));
}

void accounts_make_single(void)
{
	int session = new_session("accounts");

	put(session, SMALL_TOKEN, marked(BYTES));
	put(session, LARGE_TOKEN, marked(BYTES));
}

/* A file of large folios is split where it is cut off, and where a hole is punched. */
static void split(int fd)
{
	must(!ftruncate(fd, BYTES - LARGE / 2), "ftruncate");
	same(allocated(fd), BYTES - LARGE / 2);
	must(!fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
			PAGE),
	     "punch");
	same(allocated(fd), BYTES - LARGE / 2 - PAGE);
	check_marks(fd, PAGE, BYTES - LARGE / 2);
}

static void check_accounts(bool stays_large)
{
	int session = old_session("accounts"), again, small, large;
	struct counters before = count();

	small = get(session, SMALL_TOKEN);
	grew(&before, BYTES, 0);
	large = get(session, LARGE_TOKEN);
	grew(&before, 2 * BYTES, stays_large ? BYTES : 0);
	same(allocated(small), BYTES);
	same(allocated(large), BYTES);
	check_marks(small, 0, BYTES);
	check_marks(large, 0, BYTES);
	same(lu_session_finish(session), 0);
	close(session);

	again = new_session("again");
	same(lu_session_preserve(again, 7, large), 0);
	close(again);
	split(large);
	grew(&before, 2 * BYTES - LARGE / 2 - PAGE,
	     stays_large ? BYTES - 2 * LARGE : 0);
	close(large);
	must(!ftruncate(small, BYTES / 2), "ftruncate");
	grew(&before, BYTES / 2, 0);
	close(small);
	grew(&before, 0, 0);
}

void accounts_check(void)
{
	check_accounts(true);
}

void accounts_check_single(void)
{
	check_accounts(false);
}

/* ------------------------------------------------------------------------ folios of all sizes */

/* Files with a folio of each size below 2 MiB, the largest first. */
enum { LADDERS = 16, LADDER = LARGE - PAGE, LADDER_PAGES = LADDER / PAGE };

/* Bits of /proc/kpageflags. */
#define COMPOUND_HEAD (1ULL << 15)
#define COMPOUND_TAIL (1ULL << 16)

static uint64_t word_of(int fd, uint64_t nr)
{
	uint64_t word;

	must(pread(fd, &word, sizeof(word), nr * sizeof(word)) == sizeof(word),
	     "read word %llu", (unsigned long long)nr);
	return word;
}

/* How many folios of more than a page a file of LADDER bytes can have: 256 pages, 128, .. 2. */
enum { RUNGS = 8, SPLIT_BEFORE = 4 };

/* How many folios of a file that have more than a page are whole; pages of others are alone. */
static unsigned int rungs_of(int fd)
{
	int pagemap = open("/proc/self/pagemap", O_RDONLY);
	int kpageflags = open("/proc/kpageflags", O_RDONLY);
	uint64_t *words = map(fd, LADDER), page, first = 0, size = 256;
	unsigned int whole = 0;
	bool is_whole = false;

	must(pagemap >= 0 && kpageflags >= 0, "pagemap, kpageflags");
	for (page = 0; page < LADDER_PAGES; page++) {
		uint64_t at = (uintptr_t)words / PAGE + page, entry, flags;

		must(words[page * PAGE / 8] == mark(page * PAGE), "page %llu",
		     (unsigned long long)page);
		if (page == first + size) {
			first = page;
			size /= 2;
		}
		entry = word_of(pagemap, at);
		must(entry >> 63, "page %llu is not there",
		     (unsigned long long)page);
		flags = word_of(kpageflags, entry & ((1ULL << 55) - 1)) &
			(COMPOUND_HEAD | COMPOUND_TAIL);
		if (page == first) {
			is_whole = flags == COMPOUND_HEAD;
			whole += is_whole;
		}
		must(flags == (!is_whole     ? 0 :
			       page == first ? COMPOUND_HEAD :
					       COMPOUND_TAIL),
		     "page %llu of the file has flags %#llx",
		     (unsigned long long)page, (unsigned long long)flags);
	}
	munmap(words, LADDER);
	close(pagemap);
	close(kpageflags);
	return whole;
}

/* Written, not mapped: that takes the largest folio that the file has room for. */
static int ladder(void)
{
	int fd = memfd_create("file", MFD_ALLOW_SEALING);
	uint64_t page[PAGE / 8] = {}, at;

	must(fd >= 0 && !ftruncate(fd, LADDER), "memfd");
	for (at = 0; at < LADDER; at += PAGE) {
		mark_page(page, at);
		same(pwrite(fd, page, PAGE, at), PAGE);
	}
	return fd;
}

void orders_make(void)
{
	int session = new_session("orders"), fd, i;

	for (i = 0; i < LADDERS; i++) {
		use_large("within_size");
		fd = ladder();
		use_large("never");
		same(rungs_of(fd), RUNGS);
		put(session, i, fd);
	}
}

/* What is left of a ladder, of which the largest folio and the next are split. */
enum { CUT = 300 * PAGE };

static void split_ladder(int fd)
{
	must(!fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, PAGE,
			PAGE),
	     "punch");
	same(allocated(fd), LADDER - PAGE);
	must(!ftruncate(fd, CUT), "ftruncate");
	same(allocated(fd), CUT - PAGE);
	check_marks(fd, 2 * PAGE, CUT);
}

static void check_orders(bool stays_large)
{
	int session = old_session("orders"), again, fd[LADDERS], i;
	struct counters before = count();
	unsigned int whole = 0;

	for (i = 0; i < LADDERS; i++)
		fd[i] = get(session, i);
	same(lu_session_finish(session), 0);
	close(session);
	grew(&before, LADDERS * LADDER, 0);
	again = new_session("again");
	for (i = 0; i < LADDERS; i++) {
		same(allocated(fd[i]), LADDER);
		whole += rungs_of(fd[i]);
		check_marks(fd[i], 0, LADDER);
		same(lu_session_preserve(again, i, fd[i]), 0);
	}
	close(again);
	/* The kernel splits one before the jump now and then, which it has no room to move. */
	if (stays_large)
		must(whole >= LADDERS * RUNGS - SPLIT_BEFORE,
		     "only %u folios are whole", whole);
	else
		same(whole, 0);
	for (i = 0; i < LADDERS; i++)
		split_ladder(fd[i]);
	grew(&before, LADDERS * (CUT - PAGE), 0);
	for (i = 0; i < LADDERS; i++)
		close(fd[i]);
	grew(&before, 0, 0);
}

void orders_check(void)
{
	check_orders(true);
}

void orders_check_single(void)
{
	check_orders(false);
}

/* ------------------------------------------------------------------------------ swapped out */

static void limit(const char *bytes)
{
	FILE *f = fopen(CGROUP "memory.max", "w");

	must(f && fputs(bytes, f) >= 0 && !fclose(f), "memory.max");
}

/* The file is larger than what its cgroup may have in memory while it is written. */
void swapped_make(void)
{
	int session = new_session("swapped"), fd;

	limit("16M");
	fd = marked(BYTES);
	must(number_in("/proc/meminfo", "SwapFree:") + BYTES / 4 / 1024 <
		     number_in("/proc/meminfo", "SwapTotal:"),
	     "nothing was swapped out");
	limit("max");
	put(session, SMALL_TOKEN, fd);
}

void swapped_check(void)
{
	int session = old_session("swapped");
	int fd = get(session, SMALL_TOKEN);

	same(allocated(fd), BYTES);
	check_marks(fd, 0, BYTES);
	same(lu_session_finish(session), 0);
}

/* ---------------------------------------------------------------------------------- 4 GiB */

static const uint64_t gigabytes = 4ULL << 30;

void pages_make(void)
{
	put(new_session("4g"), SMALL_TOKEN, marked(gigabytes));
}

void folios_make(void)
{
	put(new_session("4g"), SMALL_TOKEN, large_file(gigabytes));
}

void gigabytes_check(void)
{
	int session = old_session("4g");
	int fd = get(session, SMALL_TOKEN);

	same(allocated(fd), gigabytes);
	check_marks(fd, 0, gigabytes);
	same(lu_session_finish(session), 0);
}
