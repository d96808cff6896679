/* SPDX-License-Identifier: GPL-2.0 */
/*
 * /dev/kho: one function for each ioctl of include/uapi/linux/kho.h. All return 0, or a
 * descriptor, or negative errno.
 */
#ifndef KHO_CLI_DEV_H
#define KHO_CLI_DEV_H

#include <linux/kho.h>

#include "cli/base/util.h"

#define DEV_PATH "/dev/kho"

int dev_open(void);

/* Does this result of dev_open() mean that the module is not loaded? */
bool dev_absent(int err);

/* Open the device, or say in one sentence why that is impossible. */
int dev_open_or_say(void);

/* The rest of a sentence that starts with "/dev/kho cannot be used: ". Static storage. */
const char *dev_explain_open(int err);

int dev_status(int fd, struct kho_ioctl_status *st);

/**
 * dev_ranges() - list extents, scratch areas, incoming extents and the incoming memory map
 * @fd: device
 * @out: array to be freed
 * @nr: how many
 */
int dev_ranges(int fd, struct kho_range_info **out, u32 *nr);

/**
 * dev_image_prepare() - have memory held for an image
 * @fd: device
 * @areas: parts of the image; addresses are filled in
 * @nr: how many
 * @map: memory map that the image will have
 * @nr_map: ranges in it
 * @setup_data: filled: what its list of setup_data nodes must end with
 */
int dev_image_prepare(int fd, struct kho_image_area *areas, u32 nr,
		      const struct kho_memmap_range *map, u32 nr_map,
		      u64 *setup_data);
/* Gives the areas back at once: nothing was loaded there. */
int dev_image_discard(int fd);
/* Puts contents where they will lie, in a prepared area. */
int dev_image_fill(int fd, u32 area, u64 offset, const void *data, u64 bytes);
int dev_image_commit(int fd, u64 entry, const struct kho_memmap_range *map,
		     u32 nr);
int dev_image_release(int fd);

/**
 * dev_settle() - have the extents made as tight as they can be now
 * @fd: device; what was prepared there is given back
 *
 * They only grow while memory is preserved and let go of, until an image is about to be loaded or
 * started. This asks for the former and thinks better of it. Nothing changes if that fails.
 */
void dev_settle(int fd);

/**
 * dev_in_drop() - give back what came in
 * @fd: device
 * @force: also what sessions wait for; without it that is -EBUSY
 */
int dev_in_drop(int fd, bool force);

/*
 * A new descriptor to write the parcel to. @bytes: its length as far as it is known, or 0. @mode:
 * see struct kho_ioctl_parcel; an older module forgets it.
 * -ENOMEM: there is no room for it, and *@missing bytes have to be freed (0: not known how many).
 */
int dev_parcel_create(int fd, const char *name, bool replace, u64 bytes,
		      u32 mode, u64 *missing);
int dev_parcel_commit(int parcel_fd);
/*
 * A new descriptor to read the parcel from. -EIO: it came in and is lost; -ENODATA: what came in
 * was not taken over. @why, of KHO_WHY_SIZE bytes, says why then. @mode: see struct
 * kho_ioctl_parcel.
 */
int dev_parcel_open(int fd, const char *name, u64 *bytes, u32 *mode, char *why);
int dev_parcel_drop(int fd, const char *name);

/**
 * dev_parcel_list() - list the parcels in ascending order of their names
 * @fd: device
 * @out: array to be freed
 * @nr: how many
 */
int dev_parcel_list(int fd, struct kho_parcel_info **out, u32 *nr);

int dev_region_create(int fd, const char *name, u64 bytes, u64 align,
		      u64 *phys);
int dev_region_drop(int fd, const char *name, u64 *bytes);

/**
 * dev_region_list() - list the regions in ascending order of their names
 * @fd: device
 * @out: array to be freed; names end with a NUL
 * @nr: how many; 0 if the module is too old for regions
 */
int dev_region_list(int fd, struct kho_region_info **out, u32 *nr);

#endif /* KHO_CLI_DEV_H */
