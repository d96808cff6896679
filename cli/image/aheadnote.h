/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What `kho load` did ahead of the image that is loaded, for `kho status`.
 */
#ifndef KHO_CLI_AHEADNOTE_H
#define KHO_CLI_AHEADNOTE_H

#include <stdbool.h>

#include "cli/base/util.h"

/**
 * struct ahead_note - why something is left for the blackout: ends of sentences, to be freed
 * @kernel: why the kernel unpacks itself; NULL if it is unpacked
 * @initrd: why the initramfs is packed; NULL if it is not
 */
struct ahead_note {
	char *kernel;
	char *initrd;
};

/**
 * ahead_note_save() - note it of the image that this process has loaded
 * @kernel: see struct ahead_note
 * @initrd: see struct ahead_note
 *
 * Where that cannot be kept nothing is said.
 */
void ahead_note_save(const char *kernel, const char *initrd);

/**
 * ahead_note_read() - what is noted of an image
 * @pid: process that has loaded it
 * @note: filled, to be freed with ahead_note_free()
 *
 * Return: is anything known of it?
 */
bool ahead_note_read(u32 pid, struct ahead_note *note);

void ahead_note_free(struct ahead_note *note);

/* It is unloaded. */
void ahead_note_forget(void);

#endif /* KHO_CLI_AHEADNOTE_H */
