/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Memory that can be preserved where it lies. Nearly all can, but for what a driver has added
 * (virtio-mem, CXL), of which a machine may have more than of any other. Upstream has no such
 * functions.
 */
#ifndef LINUX_KHO_FIT_H
#define LINUX_KHO_FIT_H

#include <linux/gfp_types.h>
#include <linux/types.h>

struct page;

struct page *kho_fit_alloc(gfp_t gfp, unsigned int order);
void *kho_fit_vmalloc(size_t bytes, gfp_t gfp);

#endif /* LINUX_KHO_FIT_H */
