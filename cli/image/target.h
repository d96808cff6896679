/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What can be read out of a kernel file: release, configuration, format of handover. The file is
 * trusted for nothing.
 */
#ifndef KHO_CLI_TARGET_H
#define KHO_CLI_TARGET_H

#include "cli/image/bzimage.h"
#include "cli/image/decompress.h"

/**
 * struct target - a kernel to start
 * @how: compression of its payload
 * @err: why it could not be unpacked, as decompress() says; 0 if it was
 * @release: as `uname -r` would tell, "" if it is not known
 * @config: text of the configuration, NULL if it is not known
 * @config_from: "the kernel itself" or the file it was read from; NULL without one
 * @abi: version of KHO that the kernel itself has, such as "kho-v4"; "" if there is none to see
 */
struct target {
	enum compression how;
	int err;
	char release[80];
	char *config;
	char *config_from;
	char abi[16];
};

/**
 * target_read() - unpack the payload of a kernel and look into it
 * @t: filled
 * @bz: checked header of @file
 * @file: the kernel file
 */
void target_read(struct target *t, const struct bzimage *bz, const u8 *file);

/* What target_read() does with the payload once it is unpacked. */
void target_look_into(struct target *t, const u8 *image, size_t bytes);

/**
 * target_find_config() - take the configuration from a file, unless it is known already
 * @t: read
 * @kernel: path of the kernel file
 *
 * Looks for config-RELEASE beside the kernel file, for /boot/config-RELEASE, and for
 * /lib/modules/RELEASE/config.
 */
void target_find_config(struct target *t, const char *kernel);

/**
 * target_option() - value of a configuration option
 * @t: read
 * @name: without CONFIG_
 *
 * Return: first character of the value, such as 'y' or 'm'; 'n' if it is not set; 0 if the
 * configuration is not known.
 */
char target_option(const struct target *t, const char *name);

void target_free(struct target *t);

#endif /* KHO_CLI_TARGET_H */
