/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a kho module says of itself in its modinfo: for which kernel it is, and which versions of
 * the wire it understands. The file is trusted for nothing.
 */
#ifndef KHO_CLI_MODINFO_H
#define KHO_CLI_MODINFO_H

#include "cli/image/signer.h"

enum modinfo_consts { MODINFO_WIRES = 8 };

/**
 * struct modinfo_wire - one format (KHO_WIRE_INFO in include/linux/kho/abi/version.h)
 * @name: of its subtree
 * @writes: version that it writes
 * @readers_from: oldest version whose readers understand that
 * @reads_from: oldest version that it reads; it reads all from there to @writes
 */
struct modinfo_wire {
	char name[64];
	u32 writes;
	u32 readers_from;
	u32 reads_from;
};

/**
 * struct modinfo - all of it
 * @release: kernel that it was built for, "" if it does not say
 * @version: of the module, "" if it does not say
 * @is_signed: a signature is attached to it
 * @signer: whose that is
 * @aside: why it only says that it does nothing; "" if it does something
 * @wire: formats; a module from before versions were told has none
 * @nr_wires: how many
 */
struct modinfo {
	char release[80];
	char version[32];
	bool is_signed;
	struct signer signer;
	char aside[256];
	struct modinfo_wire wire[MODINFO_WIRES];
	unsigned int nr_wires;
};

/**
 * modinfo_parse() - find it in a module
 * @m: filled
 * @file: contents of the module, not compressed
 * @bytes: length
 *
 * Return: false if it says nothing of itself, so that it is no module.
 */
bool modinfo_parse(struct modinfo *m, const u8 *file, size_t bytes);

/* Take one field, as modinfo(8) names it; others are left alone. */
void modinfo_take(struct modinfo *m, const char *key, const char *value);

/**
 * modinfo_understands() - will a module read what another one writes?
 * @reader: the one
 * @writes: a format that the other one writes
 *
 * A reader that does not name the format reads its version 1 alone.
 */
bool modinfo_understands(const struct modinfo *reader,
			 const struct modinfo_wire *writes);

#endif /* KHO_CLI_MODINFO_H */
