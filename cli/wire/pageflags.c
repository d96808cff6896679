// SPDX-License-Identifier: GPL-2.0
/* Which pages are reserved, of /proc/kpageflags. */
#include "cli/wire/pageflags.h"

#include <errno.h>
#include <fcntl.h>

enum { PIECE = 4096 };

/* KPF_RESERVED: the page is not the page allocator's. */
#define RESERVED (1ULL << 32)

/* @run: where the run that is not over yet started, 0 if there is none. */
static void take_piece(const u64 *flags, size_t nr, u64 phys, u64 *run,
		       void (*each)(void *ctx, u64 start, u64 end), void *ctx)
{
	size_t i;

	for (i = 0; i < nr; i++, phys += PAGE_BYTES) {
		bool reserved = flags[i] & RESERVED;

		if (reserved && !*run)
			*run = phys;
		if (reserved || !*run)
			continue;
		each(ctx, *run, phys);
		*run = 0;
	}
}

static void read_flags(int fd, u64 start, u64 end,
		       void (*each)(void *ctx, u64 start, u64 end), void *ctx)
{
	autofree u64 *flags = need(calloc(PIECE, sizeof(u64)));
	u64 run = 0;

	while (start < end) {
		u64 left = (end - start + PAGE_BYTES - 1) / PAGE_BYTES;
		ssize_t n = pread(fd, flags,
				  (left < PIECE ? left : PIECE) * sizeof(u64),
				  (off_t)(start / PAGE_BYTES * sizeof(u64)));

		if (n < (ssize_t)sizeof(u64))
			break;
		n /= (ssize_t)sizeof(u64);
		take_piece(flags, (size_t)n, start, &run, each, ctx);
		start += (u64)n * PAGE_BYTES;
	}
	if (run)
		each(ctx, run, start);
}

int pageflags_reserved(u64 start, u64 end,
		       void (*each)(void *ctx, u64 start, u64 end), void *ctx)
{
	autoclose int fd = open("/proc/kpageflags", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	read_flags(fd, start, end, each, ctx);
	return 0;
}
