// SPDX-License-Identifier: GPL-2.0
/* What the next kernel will boot with, for clients. */

#include <linux/export.h>
#include <linux/kho_room.h>

#include "kmod/kho.h"
#include "kmod/out/out.h"

/**
 * kho_room_missing() - how much does the next kernel lack to boot with?
 *
 * It boots with what no extent holds, and gets what lies between that is preserved when the
 * module is loaded there. Extents are made as tight as can be before.
 *
 * Context: may sleep.
 *
 * Return: bytes that it may not come up without; 0: it has enough, or handover is off.
 */
u64 kho_room_missing(void)
{
	return kho_enabled ? kho_out_missing() : 0;
}
EXPORT_SYMBOL_GPL(kho_room_missing);
