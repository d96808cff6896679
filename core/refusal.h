/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#ifndef KHO_CORE_REFUSAL_H
#define KHO_CORE_REFUSAL_H

#include "env.h"

/**
 * struct kho_refusal - why incoming data was refused
 * @err: negative errno: -EBADMSG corrupt, -EPROTONOSUPPORT unknown version, -ERANGE address or
 *   count out of range, -EEXIST overlap or duplicate, -ENOENT something required is missing
 * @check: names the check that failed, a short phrase such as "extent list checksum"; static
 *   storage
 * @where: physical address of the structure that failed it, 0 if none
 * @found: what was there
 * @wanted: what should have been; equal to @found if there is no single right value
 */
struct kho_refusal {
	int err;
	const char *check;
	u64 where;
	u64 found;
	u64 wanted;
};

/**
 * enum kho_step - what going one step through untrusted data gives, unless that is refused with a
 *   negative errno
 * @KHO_STEP_END: nothing comes any more
 * @KHO_STEP_NEXT: the next element is there
 */
enum kho_step {
	KHO_STEP_END = 0,
	KHO_STEP_NEXT = 1,
};

/* Fills @r (may be NULL) and gives back @err, so that a check reads `return kho_refuse(...)`. */
static inline int kho_refuse(struct kho_refusal *r, int err, const char *check,
			     u64 where, u64 found, u64 wanted)
{
	if (r) {
		r->err = err;
		r->check = check;
		r->where = where;
		r->found = found;
		r->wanted = wanted;
	}
	return err;
}

#endif /* KHO_CORE_REFUSAL_H */
