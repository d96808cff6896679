/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Physical memory of the running kernel, through /proc/kcore: the only way to read all of RAM
 * that distribution kernels leave open to root (/dev/mem ends at 1 MiB there).
 */
#ifndef KHO_CLI_KCORE_H
#define KHO_CLI_KCORE_H

#include "cli/base/util.h"

/**
 * struct kcore_range - memory that the file shows in one piece
 * @phys: physical address of its start
 * @bytes: length
 * @offset: where it starts in the file
 */
struct kcore_range {
	u64 phys;
	u64 bytes;
	u64 offset;
};

/**
 * struct kcore - the file
 * @fd: descriptor, -1 if it is not open
 * @range: ranges
 * @nr: how many
 */
struct kcore {
	int fd;
	struct kcore_range *range;
	size_t nr;
};

/* Return: 0 or negative errno; -EBADMSG if the file is not as expected. */
int kcore_open(struct kcore *k, const char *path);
/* Fill @data with the page at @phys. For wire_pages.fetch. */
bool kcore_page(void *kcore, u64 phys, u8 *data);
void kcore_close(struct kcore *k);

#endif /* KHO_CLI_KCORE_H */
