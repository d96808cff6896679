/* SPDX-License-Identifier: GPL-2.0 */
/* What image/ offers to the other rooms: the image to start, and the memory it will take. */
#ifndef KHO_KMOD_IMAGE_H
#define KHO_KMOD_IMAGE_H

#include <linux/kho.h>

#include "core/bits.h"

/* --- scratch.c: room for the image to load */

/**
 * struct kho_scratch_set - memory held for one image
 * @range: areas
 * @nr: number of areas, 0 if nothing is held
 * @pooled: bit for each of them that is part of what scratch= holds
 */
struct kho_scratch_set {
	struct kho_range range[KHO_IMAGE_MAX_AREAS];
	u32 nr;
	u32 pooled;
};

int kho_scratch_parse(const char *text);
void kho_scratch_init(void);
void kho_scratch_exit(void);
int kho_scratch_take(struct kho_scratch_set *set, struct kho_image_area *area,
		     u32 nr);
void kho_scratch_give_back(struct kho_scratch_set *set);

/* --- contig.c: contiguous memory of the page allocator */

struct kho_ram;

u64 kho_contig_take(const struct kho_ram *ram, u64 bytes, u64 align,
		    u64 min_phys, u64 max_phys);
void kho_contig_free(u64 phys, u64 bytes);

/* --- watch.c: images that others have loaded */

void kho_watch_init(void);
void kho_watch_exit(void);
bool kho_watch_is_foreign(u64 entry);
unsigned long kho_watch_count(void);
bool kho_watch_prepared_since(unsigned long count, u64 *entry);
void kho_watch_failed(const struct kho_range *range, u32 nr, u64 entry);

#endif /* KHO_KMOD_IMAGE_H */
