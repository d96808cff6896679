/* SPDX-License-Identifier: GPL-2.0 */
/* A handover as JSON: every structure, decoded. */
#ifndef KHO_CLI_WIREJSON_H
#define KHO_CLI_WIREJSON_H

#include <json-c/json.h>

#include "cli/base/output.h"
#include "cli/wire/wire.h"

/* Names of the sections, in order; the last is NULL. */
extern const char *const wire_sections[];

/**
 * wire_json() - describe a handover
 * @w: read
 * @section: one of wire_sections
 * @all: also each node of the tree and each block, and each record of kept trees
 *
 * Return: object, array, or NULL if there is nothing of it.
 */
struct json_object *wire_json(struct wire *w, const char *section, bool all);

/* The part for clients of the module itself: parcels and regions. */
struct json_object *wire_json_parcels(struct wire *w);
struct json_object *wire_json_regions(struct wire *w);

/* Kept trees; everything in them is checked but the contents of files. */
struct json_object *wire_json_kept(struct wire *w, bool all);
/* Calls @each for memory that files of kept trees are in, of all trees that are good. */
void wire_kept_each(struct wire *w, void (*each)(void *ctx, u64 start, u64 end),
		    void *ctx);

/* Shorthands. */
/* At most @size bytes, up to a NUL; what is not printable becomes '?'. */
void json_add_text(struct json_object *o, const char *key, const char *text,
		   size_t size);
/* "good", or what a refusal says. */
void json_add_verdict(struct json_object *o, int err,
		      const struct kho_refusal *r);

#endif /* KHO_CLI_WIREJSON_H */
