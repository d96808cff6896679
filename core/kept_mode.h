/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What kind of file a mode says that it is: the values of stat(2), which are the wire's too. */
#ifndef KHO_CORE_KEPT_MODE_H
#define KHO_CORE_KEPT_MODE_H

#include "env.h"

enum kho_kept_kind {
	KHO_KEPT_KIND_MASK = 0170000,
	KHO_KEPT_KIND_FIFO = 0010000,
	KHO_KEPT_KIND_CHAR = 0020000,
	KHO_KEPT_KIND_DIRECTORY = 0040000,
	KHO_KEPT_KIND_BLOCK = 0060000,
	KHO_KEPT_KIND_REGULAR = 0100000,
	KHO_KEPT_KIND_LINK = 0120000,
	KHO_KEPT_KIND_SOCKET = 0140000,
};

static inline bool kho_kept_is_directory(u32 mode)
{
	return (mode & KHO_KEPT_KIND_MASK) == KHO_KEPT_KIND_DIRECTORY;
}

static inline bool kho_kept_is_regular(u32 mode)
{
	return (mode & KHO_KEPT_KIND_MASK) == KHO_KEPT_KIND_REGULAR;
}

static inline bool kho_kept_is_link(u32 mode)
{
	return (mode & KHO_KEPT_KIND_MASK) == KHO_KEPT_KIND_LINK;
}

static inline bool kho_kept_is_device(u32 mode)
{
	return (mode & KHO_KEPT_KIND_MASK) == KHO_KEPT_KIND_CHAR ||
	       (mode & KHO_KEPT_KIND_MASK) == KHO_KEPT_KIND_BLOCK;
}

#endif /* KHO_CORE_KEPT_MODE_H */
