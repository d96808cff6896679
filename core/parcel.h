/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Checks of the parcels' wire (include/linux/kho/abi/parcel.h) and of lists of pages
 * (kho_vmalloc).
 */
#ifndef KHO_CORE_PARCEL_H
#define KHO_CORE_PARCEL_H

#include <linux/kho/abi/parcel.h>

#include "pages.h"
#include "refusal.h"

/**
 * kho_parcel_name_ok() - is this a name for a parcel?
 * @name: KHO_PARCEL_NAME_SIZE bytes
 *
 * 1 .. 63 bytes, NUL-terminated, no '/', no byte below 0x20 or 0x7f, not "." or "..".
 */
bool kho_parcel_name_ok(const char *name);

/**
 * kho_parcel_crc() - compute what belongs into kho_parcel_ser.crc
 * @p: slot; its state and its crc do not count
 */
u32 kho_parcel_crc(const struct kho_parcel_ser *p);

/* The same for kho_parcel_ser.mode_crc, given the mode. */
u32 kho_parcel_mode_crc(u32 mode);

/* May a parcel have this as its mode? */
static inline bool kho_parcel_mode_ok(u32 mode)
{
	return !mode ||
	       (mode & ~(u32)KHO_PARCEL_MODE_BITS) == KHO_PARCEL_MODE_KNOWN;
}

/**
 * kho_page_list_check() - check a kho_vmalloc descriptor and all of its chunks
 * @list: trusted for nothing
 * @ops: environment
 * @each: called for every data block in order, may be NULL; a result other than 0 is returned
 * @chunk: called for every chunk page after the last use of its contents, may be NULL; likewise
 * @ctx: passed to @each and @chunk
 * @r: filled on refusal
 *
 * Bounded by total_pages, so that a cycle ends. Blocks are naturally aligned, chunks page
 * aligned, and neither is 0 before @ops sees them. @each may take a block away from what @ops
 * knows, and @chunk a chunk.
 *
 * Return: 0, -EBADMSG (order, flags, count, or an address that @ops does not know), -ERANGE,
 * -EINTR (it was stopped), KHO_WENT_BAD (one that it does not know for this reason; what follows
 * was not looked at).
 */
int kho_page_list_check(const struct kho_vmalloc *list,
			const struct kho_page_ops *ops,
			int (*each)(void *ctx, u64 phys),
			int (*chunk)(void *ctx, u64 phys), void *ctx,
			struct kho_refusal *r);

/**
 * kho_parcels_check() - check the whole parcel index, page lists included (not the bytes of the
 * parcels)
 * @head_phys: blob of the subtree
 * @blob_bytes: its size
 * @ops: environment
 * @each: called for each valid parcel once the whole index was found good, may be NULL; a result
 *   other than 0 is returned. @p is a copy, which is gone afterwards. @lost: NULL, or why pages
 *   of this parcel are not there: they went bad, and nothing of its list may be used
 * @ctx: passed to it
 * @r: filled on refusal
 *
 * The index is gone over once for every 64 parcels, of which there are KHO_PARCELS_MAX at most;
 * names with one hash, which nobody but an enemy has many of, are compared with all others. That
 * can be stopped, but not what @each does. Names are valid and appear once. That no page is named
 * twice is up to the caller's restore, which works once a page.
 *
 * Return: 0, -EBADMSG, -EPROTONOSUPPORT, -ERANGE, -EEXIST (name twice), -EINTR (it was stopped),
 * KHO_WENT_BAD (a page of the index; one of a parcel costs that parcel alone).
 */
int kho_parcels_check(u64 head_phys, u64 blob_bytes,
		      const struct kho_page_ops *ops,
		      int (*each)(void *ctx, const struct kho_parcel_ser *p,
				  const struct kho_refusal *lost),
		      void *ctx, struct kho_refusal *r);

#endif /* KHO_CORE_PARCEL_H */
