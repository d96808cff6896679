// SPDX-License-Identifier: GPL-2.0
/* How JSON is printed. */
#include "cli/base/output.h"

#include <stdio.h>

void output_json(struct json_object *root)
{
	puts(json_object_to_json_string_ext(
		root, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
			      JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(root);
}
