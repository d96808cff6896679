/* SPDX-License-Identifier: GPL-2.0 */
/* Names of files and trees may be any bytes; messages and JSON are text. */
#ifndef KHO_CLI_PRINTABLE_H
#define KHO_CLI_PRINTABLE_H

#include <stddef.h>

/**
 * printable() - a name as text
 * @name: any bytes
 * @bytes: how many
 *
 * Control characters, backslashes and what is no UTF-8 become \ooo, in octal.
 *
 * Return: to be freed.
 */
char *printable(const char *name, size_t bytes);

#endif /* KHO_CLI_PRINTABLE_H */
