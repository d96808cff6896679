/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* How much scratch to hold permanently: the text of the parameter scratch=. */
#ifndef KHO_CORE_SCRATCH_SPEC_H
#define KHO_CORE_SCRATCH_SPEC_H

#include "env.h"

/**
 * struct kho_scratch_spec - what was asked for: either sizes or a percentage
 * @low_bytes: area below 4 GiB; 0 = none
 * @global_bytes: area anywhere; 0 = none
 * @node_bytes: area of each node with memory; 0 = none
 * @percent: of the memory the kernel reserved for itself; 0 = the sizes count
 */
struct kho_scratch_spec {
	u64 low_bytes;
	u64 global_bytes;
	u64 node_bytes;
	u32 percent;
};

/**
 * kho_scratch_spec_parse() - read the text of scratch=
 * @spec: filled on success, otherwise unchanged
 * @text: NUL-terminated
 *
 * LOW,GLOBAL,PERNODE: exactly three sizes; each decimal, 0x hexadecimal or 0 octal, with one of
 * the suffixes K, M, G, T, P, E of either case or none. Some may be 0, not all.
 *
 * N%: decimal, at most 11 characters with the sign; a leading + is accepted. Not 0.
 *
 * Return: 0; -EINVAL (anything else); -ERANGE (a number does not fit 64 bits, N not 32, or the
 * sizes together not 64).
 */
int kho_scratch_spec_parse(struct kho_scratch_spec *spec, const char *text);

/**
 * kho_scratch_spec_part() - a percentage of an amount
 * @bytes: amount
 * @percent: of it
 *
 * Return: rounded down; U64_MAX if it does not fit.
 */
u64 kho_scratch_spec_part(u64 bytes, u32 percent);

#endif /* KHO_CORE_SCRATCH_SPEC_H */
