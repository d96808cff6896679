// SPDX-License-Identifier: GPL-2.0
/*
 * Before a load: can the initramfs be unpacked, so that nobody waits for the next kernel to do
 * it? How long it becomes was counted when it was looked at.
 */
#include "cli/image/image.h"
#include "cli/image/sysinfo.h"

/* Why it is to stay packed, to be freed; NULL if it is not. */
static char *initrd_obstacle(struct image *im)
{
	u64 wanted = im->initramfs.plain_bytes + im->initrd_file.bytes +
		     image_kernel_memory(im);
	u64 available = sysinfo_mem_available();
	u64 total = sysinfo_mem_total();
	char a[32], b[32];

	if (!image_in_place(im))
		return format(
			"the kho module that is loaded is too old for that");
	human_bytes(im->initramfs.plain_bytes, a, sizeof(a));
	if (available && available < wanted + AHEAD_LEAVES)
		return format("it becomes %s, of %s that are available", a,
			      human_bytes(available, b, sizeof(b)));
	/* As the kernel has it of what it loads. */
	if (total &&
	    image_kernel_bytes(im) + im->initramfs.plain_bytes > total / 2)
		return format("it becomes %s, and this machine has %s", a,
			      human_bytes(total, b, sizeof(b)));
	im->initrd_ahead = true;
	if (image_has_room(im))
		return NULL;
	im->initrd_ahead = false;
	return format(
		"it becomes %s, and the next kernel would have no room to boot",
		a);
}

static void say_initrd(struct image *im)
{
	char a[32], b[32];

	if (im->initrd_ahead)
		finding_ok(
			&im->findings, "ahead",
			"the initramfs is unpacked now, from %s to %s, and not in the blackout",
			human_bytes(im->initrd_file.bytes, a, sizeof(a)),
			human_bytes(im->initramfs.plain_bytes, b, sizeof(b)));
	else if (im->opt.ahead == AHEAD_YES)
		finding_problem(&im->findings, "ahead",
				"load it with --ahead=auto",
				"%s cannot be unpacked ahead, since %s",
				im->initrd_name, im->initrd_why_not);
	else
		finding_note(
			&im->findings, "ahead", NULL,
			"the next kernel unpacks %s in the blackout, which is longer for it, since %s",
			im->initrd_name, im->initrd_why_not);
}

/* One that is not packed is as it should be; of one that nobody could read enough was said. */
void image_check_initrd_ahead(struct image *im)
{
	if (!im->have_kernel || !im->have_initramfs || !im->map.nr ||
	    im->dev < 0 || im->initramfs_how == COMPRESSION_NONE ||
	    im->opt.ahead == AHEAD_NO || im->call == KEXEC_FILE)
		return;
	im->initrd_why_not = initrd_obstacle(im);
	say_initrd(im);
}

bool image_give_up_initrd(struct image *im)
{
	if (!im->initrd_ahead || im->opt.ahead == AHEAD_YES)
		return false;
	im->initrd_ahead = false;
	im->initrd_why_not =
		format("there is not enough contiguous memory for all of it");
	say_initrd(im);
	return true;
}
