/* SPDX-License-Identifier: GPL-2.0 */
/* How JSON is printed. */
#ifndef KHO_CLI_OUTPUT_H
#define KHO_CLI_OUTPUT_H

#include <json-c/json.h>

/**
 * output_json() - print on stdout and free
 * @root: taken over
 */
void output_json(struct json_object *root);

#endif /* KHO_CLI_OUTPUT_H */
