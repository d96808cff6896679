/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Devices of the modules: opening one, and what it means if that is refused.
 */
#ifndef KHO_CLI_DEVICE_H
#define KHO_CLI_DEVICE_H

#include <stdbool.h>

/**
 * struct device - device of a module
 * @path: in /dev
 * @module: name, as modprobe(8) has it
 * @loaded: directory that is there while the module is loaded
 */
struct device {
	const char *path;
	const char *module;
	const char *loaded;
};

/* Return: descriptor or negative errno. */
int device_open(const struct device *d);

/* Open the device, or say in one sentence why that is impossible. */
int device_open_or_say(const struct device *d);

/* Does this result of device_open() mean that the module is not loaded? */
bool device_absent(int err);

/* The rest of a sentence that starts with "PATH cannot be used: ". Static storage. */
const char *device_explain_open(const struct device *d, int err);

#endif /* KHO_CLI_DEVICE_H */
