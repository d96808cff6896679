/* SPDX-License-Identifier: GPL-2.0 */
/* How JSON is made and printed. */
#ifndef KHO_CLI_OUTPUT_H
#define KHO_CLI_OUTPUT_H

#include <json-c/json.h>

#include "cli/base/util.h"

void json_add_number(struct json_object *o, const char *key, u64 value);
/* @text: NULL becomes null */
void json_add_string(struct json_object *o, const char *key, const char *text);

/**
 * output_json() - print on stdout and free
 * @root: taken over
 */
void output_json(struct json_object *root);

#endif /* KHO_CLI_OUTPUT_H */
