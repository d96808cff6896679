/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Parser of unified kernel images: PE files of which kernel, initramfs and command line are
 * sections. The file is trusted for nothing.
 */
#ifndef KHO_CLI_UKI_H
#define KHO_CLI_UKI_H

#include "cli/base/util.h"

enum uki_part {
	UKI_LINUX,
	UKI_UCODE, /* microcode, which comes before the initramfs */
	UKI_INITRD,
	UKI_CMDLINE,
	UKI_PARTS,
};

/**
 * struct uki - where its parts stand in the file
 * @part: index enum uki_part; a length of 0 where there is none
 */
struct uki {
	struct {
		size_t at;
		size_t bytes;
	} part[UKI_PARTS];
};

enum uki_kind {
	UKI_NONE, /* it has no kernel in a section: something else */
	UKI_DAMAGED,
	UKI_GOOD,
};

/**
 * uki_parse() - find the parts of a unified kernel image
 * @u: filled if it is good, undefined otherwise
 * @file: contents
 * @bytes: length of @file
 * @why: if it is damaged set to the rest of a sentence that starts with the file's name. Static
 *       storage
 *
 * Of an image with several profiles the first is taken, as its boot stub does unless it is asked
 * for another. Reads nothing outside [@file, @file + @bytes); parts lie in it and do not overlap.
 */
enum uki_kind uki_parse(struct uki *u, const u8 *file, size_t bytes,
			const char **why);

/**
 * uki_initrd() - the initramfs as the boot stub hands it over: microcode first
 * @u: good
 * @file: contents it was parsed from
 * @out: filled, to be freed with blob_free(); no bytes if it has none
 */
void uki_initrd(const struct uki *u, const u8 *file, struct blob *out);

/* The command line, without line breaks; to be freed, NULL if it has none. */
char *uki_cmdline(const struct uki *u, const u8 *file);

#endif /* KHO_CLI_UKI_H */
