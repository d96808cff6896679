/* SPDX-License-Identifier: GPL-2.0 */
/* JSON as text that people read: indented lines, and tables where all elements are alike. */
#ifndef KHO_CLI_JSONTEXT_H
#define KHO_CLI_JSONTEXT_H

#include <json-c/json.h>

/**
 * jsontext_print() - print an object on stdout
 * @o: object; addresses, checksums and hashes are shown in hexadecimal, by their names
 */
void jsontext_print(struct json_object *o);

/**
 * jsontext_value() - text of one value
 * @key: its name
 * @value: neither object nor array
 *
 * Return: to be freed.
 */
char *jsontext_value(const char *key, struct json_object *value);

#endif /* KHO_CLI_JSONTEXT_H */
