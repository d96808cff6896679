/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Named reserved regions, for clients in the kernel: contiguous memory that stays at its address,
 * with its contents, in every following kernel. They are made with the parameter reserve_mem= of
 * the kho module or with `kho reserve`.
 *
 * Upstream's names for this are reserve_mem_find_by_name() and reserve_mem_release_by_name().
 * Some kernels export functions of these names for regions of a boot parameter, so that a module
 * cannot. Here they are macros: in a file that includes this header, upstream's names mean the
 * functions below on every kernel. Those look for the kernel's own regions too.
 */
#ifndef LINUX_KHO_RESERVE_H
#define LINUX_KHO_RESERVE_H

/* Before the macros: it may declare functions of these names. */
#include <linux/mm.h>
#include <linux/types.h>

int kho_reserve_find_by_name(const char *name, phys_addr_t *start,
			     phys_addr_t *size);
void kho_reserve_put_by_name(const char *name);
int kho_reserve_release_by_name(const char *name);

#define reserve_mem_find_by_name kho_reserve_find_by_name
#define reserve_mem_release_by_name kho_reserve_release_by_name

#endif /* LINUX_KHO_RESERVE_H */
