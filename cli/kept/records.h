/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Checking records of a tree, with the memory of this program.
 */
#ifndef KHO_CLI_KEPT_RECORDS_H
#define KHO_CLI_KEPT_RECORDS_H

#include "core/kept_record.h"
#include "cli/base/util.h"

/* As kho_kept_records_check(). */
int kept_records_check(const void *data, u64 bytes, u64 nr_records,
		       u64 nr_files, struct kho_refusal *r);

#endif /* KHO_CLI_KEPT_RECORDS_H */
