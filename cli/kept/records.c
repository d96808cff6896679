// SPDX-License-Identifier: GPL-2.0
/* Checking records of a tree. */
#include "cli/kept/records.h"

#include <sys/random.h>

static void *take(void *ctx, size_t bytes)
{
	return calloc(1, bytes);
}

static void give(void *ctx, void *p, size_t bytes)
{
	free(p);
}

int kept_records_check(const void *data, u64 bytes, u64 nr_records,
		       u64 nr_files, struct kho_refusal *r)
{
	struct kho_kept_memory memory = { .alloc = take, .free = give };

	/* Without it the check is slower for some names, and no less thorough. */
	if (getrandom(&memory.seed, sizeof(memory.seed), GRND_NONBLOCK) < 0)
		memory.seed = (uintptr_t)data;
	return kho_kept_records_check(data, bytes, nr_records, nr_files,
				      &memory, r);
}
