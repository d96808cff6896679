/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Whose image is loaded?
 */
#ifndef KHO_CLI_LOADED_H
#define KHO_CLI_LOADED_H

#include "cli/base/dev.h"

enum loaded_image {
	LOADED_NONE,
	LOADED_OURS, /* it carries what is preserved, whoever has loaded it */
	LOADED_FOREIGN, /* it lets go of everything that is preserved */
	LOADED_GONE, /* ours was unloaded by another program; its memory is still held */
	LOADED_STALE, /* it carries, but memory came or went since: the next kernel would not know */
};

/**
 * loaded_image() - find out, from what kernel and module say
 * @st: what the module says
 */
enum loaded_image loaded_image(const struct kho_ioctl_status *st);

/* Would starting a foreign image lose anything? */
static inline bool loaded_state(const struct kho_ioctl_status *st)
{
	return st->out_bytes || st->nr_parcels;
}

#endif /* KHO_CLI_LOADED_H */
