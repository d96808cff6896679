/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the next kernel will boot with, for clients that can do with less at the last moment.
 * Upstream has no such functions.
 */
#ifndef LINUX_KHO_ROOM_H
#define LINUX_KHO_ROOM_H

#include <linux/types.h>

u64 kho_room_missing(void);

#endif /* LINUX_KHO_ROOM_H */
