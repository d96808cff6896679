/* SPDX-License-Identifier: GPL-2.0 */
/* A set of blocks by their addresses, for struct kho_checked_ops. */
#ifndef KHO_CLI_WIREMARKS_H
#define KHO_CLI_WIREMARKS_H

#include "cli/base/util.h"

struct wire_marks;

struct wire_marks *wire_marks_create(void);
void wire_marks_destroy(struct wire_marks *m);
/* Return: false if there is a block at this address already. */
bool wire_marks_add(struct wire_marks *m, u64 phys, u32 order);
/* Order + 1 of the block at this address, 0 if there is none. */
u32 wire_marks_order(const struct wire_marks *m, u64 phys);

#endif /* KHO_CLI_WIREMARKS_H */
