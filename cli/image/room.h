/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Does the next kernel get along with the memory that is left to it? All extents are withheld
 * from it until its kho module is there, and one that finds too little before does not boot.
 */
#ifndef KHO_CLI_ROOM_H
#define KHO_CLI_ROOM_H

#include "cli/base/dev.h"

/**
 * struct room_needs - what the next kernel takes, in bytes
 * @total: memory of the machine
 * @boot: the kernel, its pages' descriptions, its initramfs packed and unpacked, and the least
 *        that it runs with
 * @cmdline: what its command line sets aside
 */
struct room_needs {
	u64 total;
	u64 boot;
	u64 cmdline;
};

/**
 * room_withheld() - what the next kernel will not have at first, as far as it is known now
 * @st: what the module says
 *
 * Extents, and what sessions hold beyond all that is preserved so far: it will be, at the jump.
 */
u64 room_withheld(const struct kho_ioctl_status *st);

/**
 * room_missing() - how much is missing
 * @needs: what the next kernel takes
 * @withheld: see room_withheld()
 *
 * Return: bytes, 0 if there is enough.
 */
u64 room_missing(const struct room_needs *needs, u64 withheld);

/* "1.0 GiB are withheld ..., of 4.0 GiB: 100.0 MiB are missing"; to be freed. */
char *room_explain(const struct room_needs *needs, u64 withheld);

/**
 * room_save() - keep what the loaded image needs, for the jump
 * @needs: of the image
 *
 * Where that cannot be kept the jump does not look; nothing is said.
 */
void room_save(const struct room_needs *needs);

/* Return: is it known of the image that is loaded? */
bool room_saved(struct room_needs *needs);
/* It is unloaded. */
void room_forget(void);

#endif /* KHO_CLI_ROOM_H */
