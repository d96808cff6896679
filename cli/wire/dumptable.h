/* SPDX-License-Identifier: GPL-2.0 */
/* Lists of a dump as tables: one line for each element, columns by choice. */
#ifndef KHO_CLI_DUMPTABLE_H
#define KHO_CLI_DUMPTABLE_H

#include <json-c/json.h>

#include "cli/base/table.h"

/* For the help: the sections that are lists, and the columns of each. */
#define DUMPTABLE_HELP                                                      \
	"  head     START, END, SIZE: of each scratch area\n"               \
	"  extents  LIST, USED, START, END, SIZE\n"                         \
	"  fdt      LIST, USED, NAME, ADDRESS, SIZE: of each subtree\n"     \
	"  memmap   START, END, SIZE, TYPE\n"                               \
	"  tree     ADDRESS, ORDER, SIZE, KEY: of each preserved block\n"   \
	"  parcels  NAME, SIZE, CREATED, CRC, PAGES, ORDER, CHUNKS, SLOT\n" \
	"  regions  NAME, ADDRESS, SIZE\n"                                  \
	"  kept     NAME, STATE, GOOD, SIZE, FILES, RECORDS, KEPT, WHY\n"

/**
 * dumptable_init() - say which columns there are
 * @t: the names of its columns and the rest of what it needs to be printed
 * @section: name of a section
 *
 * Return: whether that is a list.
 */
bool dumptable_init(struct table *t, const char *section);

/**
 * dumptable_print() - print it
 * @t: after dumptable_init()
 * @section: the same
 * @o: what wire_json() says of this section, with all
 *
 * Return: EXIT_OK, or EXIT_FAILED after saying why.
 */
int dumptable_print(const struct table *t, const char *section,
		    struct json_object *o);

#endif /* KHO_CLI_DUMPTABLE_H */
