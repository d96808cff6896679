// SPDX-License-Identifier: GPL-2.0
/*
 * Before a load: is there room for the next kernel beside what is preserved?
 */
#include <linux/kho/abi/kho_module.h>

#include "cli/image/cmdroom.h"
#include "cli/image/image.h"
#include "cli/image/loaded.h"

/* A kernel of today and its first programs, besides its image and the initramfs: at least. */
#define BOOT_LEAST (64 * MIB)
#define RELEASE "release some of what is preserved"
/* With this much more nobody need worry. */
#define BOOT_EASY (64 * MIB)

/* There is always room in the list of extents, because gaps are closed when it is full. */
static void say_extents(struct image *im)
{
	const struct kho_ioctl_status *st = &im->status;
	u64 total = im->needs.total;
	char a[32], b[32];

	if (st->nr_extents >= KHO_MAX_EXTENTS)
		finding_note(
			&im->findings, "room", NULL,
			"what is preserved lies so scattered that %s between it are withheld from the next kernel too, until its kho module is there",
			human_bytes(st->out_extent_bytes > st->out_bytes ?
					    st->out_extent_bytes -
						    st->out_bytes :
					    0,
				    a, sizeof(a)));
	else
		finding_ok(&im->findings, "room",
			   "%u of %d extents are in use, %s of %s",
			   st->nr_extents, KHO_MAX_EXTENTS,
			   human_bytes(st->out_extent_bytes, a, sizeof(a)),
			   human_bytes(total, b, sizeof(b)));
}

static void say_missing(struct image *im, const char *words)
{
	autofree char *why =
		room_explain(&im->needs, room_withheld(&im->status));

	finding_at(
		&im->findings, image_doubt(im), "room",
		*words ?
			"leave that out of the next kernel's command line, or release some "
			"of what is preserved" :
			"release some of what is preserved",
		"%s%s%s%s", why, *words ? " (" : "", words, *words ? ")" : "");
}

/* The initramfs is there packed and unpacked; each page has a description of 64 bytes. */
static void sum_up(struct image *im, char **words)
{
	u64 total = memmap_bytes(&im->map, KHO_E820_RAM);

	im->needs.total = total;
	im->needs.boot = BOOT_LEAST + total / 64;
	if (im->have_kernel)
		im->needs.boot += im->bz.init_bytes + image_initrd_bytes(im) +
				  im->initramfs.unpacked;
	im->needs.cmdline =
		cmdroom_bytes(im->cmdline ? im->cmdline : "", total, words);
}

bool image_has_room(struct image *im)
{
	autofree char *words = NULL;

	sum_up(im, &words);
	return !room_missing(&im->needs, room_withheld(&im->status));
}

void image_check_room(struct image *im)
{
	autofree char *words = NULL;
	char a[32], b[32];
	u64 withheld;

	if (im->dev < 0 || !im->map.nr)
		return;
	/* Taking memory for the image has made the extents tight. */
	dev_status(im->dev, &im->status);
	withheld = room_withheld(&im->status);
	sum_up(im, &words);
	/* Without a kernel to look at, the one that is loaded counts. */
	if (!im->have_kernel && loaded_image(&im->status) == LOADED_OURS)
		room_saved(&im->needs);
	if (room_missing(&im->needs, withheld))
		say_missing(im, words);
	else if (room_missing(&im->needs, withheld + BOOT_EASY))
		finding_warning(
			&im->findings, "room",
			"release some of what is preserved, or load the kho module early in the initramfs",
			"%s are withheld from the next kernel until its kho module is there, of %s, so it may run out of memory before",
			human_bytes(withheld, a, sizeof(a)),
			human_bytes(im->needs.total, b, sizeof(b)));
	else
		say_extents(im);
}
