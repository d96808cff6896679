// SPDX-License-Identifier: GPL-2.0
/*
 * kho load --debug: what goes where, for those who look for the reason of something.
 */
#include "cli/image/image.h"

static void say_part(const char *name, u64 phys, u64 bytes, u64 room)
{
	say("debug: %-9s 0x%09llx, %llu bytes of %llu", name,
	    (unsigned long long)phys, (unsigned long long)bytes,
	    (unsigned long long)room);
}

void image_say_layout(const struct image *im)
{
	const struct kho_image_area *area = im->area;
	size_t i;

	say_part("kernel", im->kernel_phys, image_kernel_bytes(im),
		 area[IMAGE_KERNEL].bytes);
	say_part("boot data", area[IMAGE_BOOTDATA].phys, im->layout.bytes,
		 area[IMAGE_BOOTDATA].bytes);
	if (im->initrd_file.bytes)
		say_part("initrd", area[IMAGE_INITRD].phys,
			 image_initrd_bytes(im), area[IMAGE_INITRD].bytes);
	if (im->call == KEXEC_FILE)
		say("debug: kexec_file_load(2) makes boot data, and where it starts");
	else
		say("debug: entry     0x%09llx",
		    (unsigned long long)(area[IMAGE_BOOTDATA].phys +
					 im->layout.purgatory));
	say("debug: list of the module 0x%09llx, ACPI 0x%09llx, EFI %s",
	    (unsigned long long)im->setup_data,
	    (unsigned long long)im->acpi_rsdp,
	    im->use_efi ? "handed on" : "not handed on");
	say("debug: command line: %s", im->cmdline);
	for (i = 0; i < im->map.nr; i++)
		say("debug: memory 0x%012llx-0x%012llx type %u",
		    (unsigned long long)im->map.range[i].start,
		    (unsigned long long)im->map.range[i].end,
		    im->map.range[i].type);
	say("debug: of %llu bytes the next kernel needs %llu to boot and %llu for its command line",
	    (unsigned long long)im->needs.total,
	    (unsigned long long)im->needs.boot,
	    (unsigned long long)im->needs.cmdline);
}
