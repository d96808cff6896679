/* SPDX-License-Identifier: GPL-2.0 */
/* A set of blocks by their addresses, for struct kho_checked_ops. */
#ifndef KHO_CLI_WIREMARKS_H
#define KHO_CLI_WIREMARKS_H

#include "core/mark.h"
#include "cli/base/util.h"

struct wire_marks;

struct wire_marks *wire_marks_create(void);
void wire_marks_destroy(struct wire_marks *m);
/* Return: false if there is a block at this address already. */
bool wire_marks_add(struct wire_marks *m, u64 phys, u32 order);
struct kho_mark wire_marks_at(const struct wire_marks *m, u64 phys);

#endif /* KHO_CLI_WIREMARKS_H */
