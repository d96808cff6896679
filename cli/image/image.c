// SPDX-License-Identifier: GPL-2.0
/* A handover image: all checks in their order, and the load. */
#include "cli/image/image.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/random.h>

#include "cli/image/aheadnote.h"
#include "cli/image/cmdline.h"
#include "cli/image/kexecload.h"
#include "cli/image/permission.h"
#include "cli/base/ticker.h"

/* Of the available memory, what a load leaves to others. */
#define COPY_LEAVES (8 * MIB)

static void check_rights(struct image *im)
{
	im->call = permission_check(&im->findings, im->opt.call);
}

static void check_encryption(struct image *im)
{
	permission_check_encryption(&im->findings);
}

static void check_module(struct image *im)
{
	int err;

	im->dev = dev_open();
	if (im->dev < 0) {
		finding_at(&im->findings,
			   im->dev == -EACCES || im->dev == -EPERM ?
				   FINDING_UNKNOWN :
				   FINDING_PROBLEM,
			   "module", dev_explain_open(im->dev),
			   DEV_PATH
			   " cannot be used, so nothing can be handed over");
		return;
	}
	err = dev_status(im->dev, &im->status);
	if (err)
		finding_problem(&im->findings, "module",
				"use a kho tool and module of the same version",
				"the kho module does not tell its state (%s)",
				strerror(-err));
	else if (im->status.flags & KHO_STATUS_MAP_UNSAFE)
		finding_problem(
			&im->findings, "module", "see the kernel log",
			"the kho module refuses to load an image here: %s",
			im->status.out_reason);
	else if (!(im->status.flags & KHO_STATUS_ENABLED))
		finding_problem(&im->findings, "module",
				"load it with enable=1",
				"the kho module is loaded but disabled");
	else if (im->call == KEXEC_FILE &&
		 !(im->status.flags & KHO_STATUS_ADOPTS))
		finding_problem(
			&im->findings, "module",
			"see the kernel log for what is missing, or load with kexec_load(2) where it is permitted",
			"the kho module cannot adopt what kexec_file_load(2) loads on this kernel, so it would carry nothing");
	else
		finding_ok(&im->findings, "module",
			   "the kho module is loaded and enabled");
}

/* The old kernel's page tables are in use until the new one has its own. */
static void check_paging(struct image *im)
{
	if (!im->have_kernel || im->bz.xloadflags & BZ_XLF_5LEVEL ||
	    !sysinfo_cpu_flag("la57"))
		return;
	finding_problem(
		&im->findings, "paging",
		"give a kernel with CONFIG_X86_5LEVEL, or boot this one with no5lvl",
		"%s cannot be entered from this kernel, which runs with five-level page tables",
		im->opt.kernel);
}

/* What was meant for one boot is left out; who wants it again gives it again. */
static char *reuse_cmdline(struct image *im)
{
	autofree char *running = sysinfo_text("/proc/cmdline");
	autofree char *left_out = NULL, *base = NULL;

	if (!running) {
		finding_problem(
			&im->findings, "command-line",
			"give it with --command-line",
			"the running kernel's command line cannot be read (%s)",
			strerror(errno));
		return NULL;
	}
	/* It is there after a handover that was made in the same way, or as the loader has it. */
	if (im->opt.append)
		cmdline_remove(running, im->opt.append);
	base = cmdline_reusable(running, &left_out);
	if (*left_out)
		finding_note(
			&im->findings, "command-line",
			"give it with --append if the next kernel is to have it",
			"left out of the reused command line, as it is meant for one boot: %s",
			left_out);
	return cmdline_join(base, im->opt.append);
}

static char *build_cmdline(struct image *im)
{
	if (im->opt.reuse_cmdline)
		return reuse_cmdline(im);
	return cmdline_join(im->opt.command_line ? im->opt.command_line :
						   im->unified_cmdline,
			    im->opt.append);
}

static void check_cmdline(struct image *im)
{
	struct kho_word word;
	const char *why;

	im->cmdline = build_cmdline(im);
	if (!im->cmdline)
		return;
	why = cmdline_objection(im->cmdline, &word);
	if (why) {
		finding_problem(
			&im->findings, "command-line",
			"leave it out (--command-line sets all of the next kernel's command "
			"line)",
			"%.*s %s", (int)word.len, word.name, why);
		return;
	}
	if (im->have_kernel && strlen(im->cmdline) > im->bz.cmdline_max) {
		finding_problem(
			&im->findings, "command-line", "make it shorter",
			"the command line has %zu bytes, but the next kernel takes at most %zu",
			strlen(im->cmdline), im->bz.cmdline_max);
		return;
	}
	finding_ok(&im->findings, "command-line", "the next kernel gets: %s",
		   *im->cmdline ? im->cmdline : "(empty command line)");
}

static void check_running(struct image *im)
{
	int err = sysinfo_boot_params(&im->running);

	if (err == -EACCES || err == -EPERM) {
		finding_unknown(
			&im->findings, "boot-data", "run kho with sudo",
			"the boot data of the running kernel may not be read by this process");
		return;
	}
	if (err) {
		finding_problem(
			&im->findings, "boot-data",
			"run as root with /sys mounted",
			"the boot data of the running kernel cannot be read from "
			"/sys/kernel/boot_params/data (%s), and the next kernel needs it",
			strerror(-err));
		return;
	}
	im->have_running = true;
	im->acpi_rsdp = im->running.acpi_rsdp_addr;
	if (!im->acpi_rsdp)
		im->acpi_rsdp = sysinfo_systab("ACPI20");
	if (!im->acpi_rsdp)
		im->acpi_rsdp = sysinfo_systab("ACPI");
	finding_ok(&im->findings, "boot-data",
		   "boot data of the running kernel can be handed on");
}

static void handed_map(struct image *im, struct memmap *handed)
{
	autofree struct kho_range_info *range = NULL;
	u32 i, nr = 0;

	if (im->dev < 0 || dev_ranges(im->dev, &range, &nr))
		return;
	for (i = 0; i < nr; i++) {
		if (range[i].type == KHO_RANGE_MEMMAP)
			memmap_add(handed, range[i].start, range[i].end,
				   range[i].info);
	}
	memmap_sort(handed);
}

/*
 * RAM that the previous kernel told us of and sysfs does not show is still there if this kernel
 * uses it; what it does not use may have been unplugged since.
 */
static void compare_with_handed(struct image *im)
{
	struct memmap handed = { 0 }, known = { 0 };
	u64 missing;
	size_t i;

	handed_map(im, &handed);
	if (memmap_bytes(&handed, KHO_E820_RAM) <=
	    memmap_bytes(&im->map, KHO_E820_RAM)) {
		memmap_free(&handed);
		return;
	}
	for (i = 0; i < im->map.nr; i++)
		memmap_add(&known, im->map.range[i].start, im->map.range[i].end,
			   im->map.range[i].type);
	sysinfo_ram(&known);
	memmap_sort(&known);
	if (memmap_ram_within(&handed, &known, &missing)) {
		finding_note(
			&im->findings, "memory-map", NULL,
			"/sys/firmware/memmap shows less RAM than the previous kernel handed "
			"on, so the handed map is used");
		memmap_free(&im->map);
		im->map = handed;
	} else {
		finding_note(
			&im->findings, "memory-map", NULL,
			"the previous kernel handed on RAM at %#llx that /proc/iomem does not "
			"show, as when memory was unplugged, so the map of "
			"/sys/firmware/memmap is used",
			(unsigned long long)missing);
		memmap_free(&handed);
	}
	memmap_free(&known);
}

static void check_memmap(struct image *im)
{
	char size[32];
	int err = sysinfo_memmap(&im->map);

	if (err == -EACCES || err == -EPERM) {
		finding_unknown(
			&im->findings, "memory-map", "run kho with sudo",
			"the memory map may not be read by this process");
		return;
	}
	if (err) {
		finding_problem(
			&im->findings, "memory-map",
			"boot a kernel with CONFIG_FIRMWARE_MEMMAP and mount /sys",
			"the memory map cannot be read from /sys/firmware/memmap (%s), and the "
			"next kernel "
			"needs it",
			strerror(-err));
		return;
	}
	compare_with_handed(im);
	if (im->map.nr > E820_MAX_ENTRIES_ZEROPAGE)
		memmap_merge(&im->map);
	if (im->map.nr > E820_MAX_ENTRIES_ZEROPAGE) {
		finding_problem(
			&im->findings, "memory-map",
			"use kexec(8) without preserved state here",
			"the memory map has %zu ranges, but boot data has room for %d",
			im->map.nr, E820_MAX_ENTRIES_ZEROPAGE);
		return;
	}
	finding_ok(&im->findings, "memory-map", "%zu ranges, %s of RAM",
		   im->map.nr,
		   human_bytes(memmap_bytes(&im->map, KHO_E820_RAM), size,
			       sizeof(size)));
}

/* NULL if EFI can be handed on, otherwise why not. */
static const char *efi_obstacle(struct image *im)
{
	autofree char *running = sysinfo_text("/proc/cmdline");

	if (running && (cmdline_has(running, "noefi", NULL) ||
			cmdline_has(running, "efi", "noruntime") ||
			cmdline_has(running, "efi", "old_map")))
		return "this kernel was told not to use them";
	if (im->have_kernel && !(im->bz.xloadflags & BZ_XLF_EFI_KEXEC))
		return "its file says that it cannot take them over";
	if (sysinfo_efi_runtime(&im->efi))
		return "this kernel does not show its map of them in "
		       "/sys/firmware/efi/runtime-map";
	return NULL;
}

static void check_efi(struct image *im)
{
	const char *obstacle;

	if (!im->have_running || !im->running.efi_info.efi_loader_signature)
		return;
	obstacle = bootdata_is_efi64(&im->running) ? efi_obstacle(im) :
						     "the firmware is 32-bit";
	im->use_efi = !obstacle;
	if (im->use_efi)
		finding_ok(&im->findings, "efi",
			   "EFI runtime services are handed on");
	else
		finding_note(
			&im->findings, "efi", NULL,
			"the next kernel will run without EFI runtime services because %s",
			obstacle);
	if (!im->use_efi && !im->acpi_rsdp)
		finding_problem(
			&im->findings, "acpi",
			"use kexec(8) without preserved state here",
			"the next kernel could not find ACPI: its root pointer is unknown and "
			"EFI cannot be "
			"handed on");
}

static void check_size(struct image *im)
{
	u64 total = sysinfo_mem_total(), image;
	char a[32], b[32];

	if (!im->have_kernel || !im->cmdline || !im->have_running)
		return;
	bootdata_plan(&im->layout, im->cmdline, im->use_efi ? &im->efi : NULL,
		      bootdata_descriptor_bytes(&im->running));
	image = image_kernel_bytes(im) + image_initrd_bytes(im) +
		im->layout.bytes;
	if (!total || image <= total / 2)
		return;
	finding_problem(
		&im->findings, "size", "give a smaller initrd",
		"the image has %s, but this kernel loads at most half of its memory (%s)",
		human_bytes(image, a, sizeof(a)),
		human_bytes(total / 2, b, sizeof(b)));
}

/*
 * The kernel makes a copy of all that it is given of the image, and would kill others for the
 * memory. @besides: what will be taken before that.
 */
static bool room_for_copy(struct image *im, u64 besides)
{
	u64 wanted = im->layout.bytes + besides;
	u64 available = sysinfo_mem_available();
	char a[32], b[32];

	if (!image_in_place(im))
		wanted += image_kernel_bytes(im) + image_initrd_bytes(im);
	/* It reads both files first, and then makes a copy with room for the kernel to unpack. */
	if (im->call == KEXEC_FILE)
		wanted += im->initrd_file.bytes + im->bz.init_bytes;
	/* What is no file of its own becomes one, in memory. */
	if (im->call == KEXEC_FILE &&
	    (im->kernel_is_part || !im->kernel_source.again))
		wanted += im->kernel_file.bytes;
	if (im->call == KEXEC_FILE && !im->initrd_source.again)
		wanted += im->initrd_file.bytes;
	if (!available || available > wanted + COPY_LEAVES)
		return true;
	finding_problem(
		&im->findings, "memory", "free some, or give a smaller initrd",
		"there is not enough free memory: a load takes %s, of %s that are available",
		human_bytes(wanted, a, sizeof(a)),
		human_bytes(available, b, sizeof(b)));
	return false;
}

static void check_scratch(struct image *im)
{
	char a[32], b[32];
	u64 areas = 0;
	int err;
	u32 i;

	if (!im->have_kernel || findings_obstacle(&im->findings))
		return;
	image_plan_areas(im);
	for (i = 0; i < im->nr_areas; i++)
		areas += im->area[i].bytes;
	/* What is held already may be where it goes. */
	if (!im->status.out_scratch_bytes && !room_for_copy(im, areas))
		return;
	ticker_begin("taking memory for the image");
	err = image_take_areas(im);
	if (err == -ENOMEM && image_give_up_initrd(im)) {
		image_plan_areas(im);
		err = image_take_areas(im);
	}
	ticker_end();
	human_bytes(im->area[IMAGE_KERNEL].bytes, a, sizeof(a));
	human_bytes(im->area[IMAGE_INITRD].bytes, b, sizeof(b));
	if (err == -ENOMEM)
		finding_problem(
			&im->findings, "scratch",
			"free memory, run `echo 1 > /proc/sys/vm/compact_memory`, or give a "
			"smaller initrd",
			"there is not enough contiguous memory: the kernel needs %s in one "
			"piece%s%s",
			a, im->initrd_file.bytes ? " and the initrd " : "",
			im->initrd_file.bytes ? b : "");
	else if (err == -ERANGE)
		finding_problem(
			&im->findings, "memory-map",
			"see the kernel log for which memory it is; have its owner let go of it, or load "
			"with a map that has it",
			"memory is preserved that the next kernel would not be told of");
	else if (err)
		finding_problem(
			&im->findings, "scratch", "see the kernel log",
			"the kho module refused to take memory for the image (%s)",
			strerror(-err));
	else if (room_for_copy(im, 0))
		finding_ok(&im->findings, "scratch",
			   "memory for the image can be had (kernel %s%s%s)", a,
			   im->initrd_file.bytes ? ", initrd " : "",
			   im->initrd_file.bytes ? b : "");
	if (!err && im->call == KEXEC_FILE)
		finding_ok(
			&im->findings, "digest",
			"kexec_file_load(2) adds a checksum, which is made anew of %s before the jump: the smaller the initrd, the shorter the blackout",
			human_bytes(im->bz.code_bytes + im->initrd_file.bytes,
				    a, sizeof(a)));
}

bool image_check(struct image *im, bool all)
{
	static const struct {
		void (*look)(struct image *im);
	} check[] = {
		{ check_rights },
		{ check_module },
		{ check_encryption },
		{ image_check_kernel },
		{ image_check_signature },
		{ check_paging },
		{ image_check_initrd },
		{ check_cmdline },
		{ image_check_ahead },
		{ check_running },
		{ image_check_revoked },
		{ image_check_missing_initrd },
		{ check_memmap },
		{ check_efi },
		{ image_check_initrd_ahead },
		{ check_size },
		{ check_scratch },
		{ image_check_room },
		{ image_check_trees },
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(check); i++) {
		check[i].look(im);
		if (!all && findings_obstacle(&im->findings))
			break;
	}
	return !findings_obstacle(&im->findings);
}

/* Return: NULL, after saying why, if there can be none. */
static u8 *build_bootdata(struct image *im)
{
	u8 *buf = need(malloc(im->layout.bytes));
	struct bootdata in = {
		.kernel = im->kernel_file.data,
		.bz = &im->bz,
		.running = &im->running,
		.acpi_rsdp = im->acpi_rsdp,
		.map = &im->map,
		.efi = im->use_efi ? &im->efi : NULL,
		.cmdline = im->cmdline,
		.initrd_phys = im->area[IMAGE_INITRD].phys,
		.initrd_bytes = image_initrd_bytes(im),
		.kernel_phys = im->kernel_phys,
		.kernel_entry = im->ahead.image ? im->ahead.entry : BZ_ENTRY_64,
		.kaslr = im->ahead.kaslr,
		.phys = im->area[IMAGE_BOOTDATA].phys,
		.setup_data = im->setup_data,
	};

	/* The next kernel trusts the seed: none is better than a bad one. */
	if (getrandom(in.seed, sizeof(in.seed), 0) !=
	    (ssize_t)sizeof(in.seed)) {
		say("this kernel gives no random bytes (%s), so nothing was loaded.",
		    strerror(errno));
		free(buf);
		return NULL;
	}
	bootdata_build(buf, &im->layout, &in);
	explicit_bzero(in.seed, sizeof(in.seed));
	return buf;
}

/* What lies where it belongs is no segment: the kernel would copy it at the jump. */
static int load_in_place(struct image *im,
			 const struct kexecload_segment *segment)
{
	int err = dev_image_fill(im->dev, IMAGE_KERNEL,
				 im->kernel_phys - im->area[IMAGE_KERNEL].phys,
				 segment[IMAGE_KERNEL].buf,
				 segment[IMAGE_KERNEL].bytes);

	if (!err && im->initrd_ahead)
		err = image_fill_initrd(im);
	else if (!err && im->nr_areas > IMAGE_INITRD)
		err = dev_image_fill(im->dev, IMAGE_INITRD, 0,
				     segment[IMAGE_INITRD].buf,
				     segment[IMAGE_INITRD].bytes);
	if (err)
		return err;
	return kexecload_load(im->area[IMAGE_BOOTDATA].phys +
				      im->layout.purgatory,
			      segment + IMAGE_BOOTDATA, 1);
}

/* Return: 0 or negative errno; -ECANCELED: the reason has been said. */
static int load_segments(struct image *im)
{
	autofree u8 *bootdata = build_bootdata(im);
	const struct kexecload_segment segment[IMAGE_PARTS] = {
		[IMAGE_KERNEL] = { im->ahead.image ? im->ahead.image :
						     im->kernel_file.data +
							     im->bz.code_offset,
				   image_kernel_bytes(im), im->kernel_phys,
				   round_up_to(image_kernel_bytes(im),
					       PAGE_BYTES) },
		[IMAGE_BOOTDATA] = { bootdata, im->layout.bytes,
				     im->area[IMAGE_BOOTDATA].phys,
				     im->layout.bytes },
		[IMAGE_INITRD] = { im->initrd_file.data, im->initrd_file.bytes,
				   im->area[IMAGE_INITRD].phys,
				   round_up_to(im->initrd_file.bytes,
					       PAGE_BYTES) },
	};
	int err;

	if (!bootdata)
		return -ECANCELED;
	if (image_in_place(im))
		err = load_in_place(im, segment);
	else
		err = kexecload_load(im->area[IMAGE_BOOTDATA].phys +
					     im->layout.purgatory,
				     segment, im->nr_areas);
	explicit_bzero(bootdata, im->layout.bytes);
	return err;
}

static int commit(struct image *im)
{
	autofree struct kho_memmap_range *map = image_told_map(im);
	u64 entry = im->area[IMAGE_BOOTDATA].phys + im->layout.purgatory;

	return dev_image_commit(im->dev, im->call == KEXEC_FILE ? 0 : entry,
				map, (u32)im->map.nr);
}

/* What kho-load.service noted was about another image; it notes it anew after its own load. */
static void forget_passed_over(void)
{
	autofree char *path = sysinfo_path("/run/kho/passed-over", "");

	unlink(path);
}

/* The module knows better than the error of the system call, if it was what refused. */
static void say_not_loaded(struct image *im, int err)
{
	struct kho_ioctl_status st;

	if (!dev_status(im->dev, &st) && st.nr_refused != im->status.nr_refused)
		say("the image was not loaded: the kho module refused it, since %s; an image "
		    "loaded earlier is still in place.",
		    st.refused_why);
	else
		say("the image was not loaded: %s; an image loaded earlier is still in place.",
		    kexecload_explain(im->call, err));
}

/* It is loaded, but not what it should be. */
static void unload_again(struct image *im, const char *what, const char *why)
{
	im->loaded = kexecload_unload(im->call) != 0;
	if (!im->loaded)
		dev_image_release(im->dev);
	say("%s (%s), %s; see the kernel log.", what, why,
	    im->loaded ?
		    "and it could not be unloaded again: run `kho unload`" :
		    "so it was unloaded again and no image is loaded now");
}

/* Return: NULL, or the name of a file that is not as it was when it was checked. */
static const char *changed_file(const struct image *im)
{
	if (source_changed(&im->kernel_source))
		return im->opt.kernel;
	return source_changed(&im->initrd_source) ? im->opt.initrd : NULL;
}

static int load_and_commit(struct image *im)
{
	const char *changed = changed_file(im);
	struct kho_ioctl_status st;
	int err;

	if (changed) {
		say("%s was changed while it was checked, so nothing was loaded; load it again.",
		    changed);
		return -EAGAIN;
	}
	/* What is refused meanwhile is counted. */
	dev_status(im->dev, &im->status);
	ticker_begin("copying the image");
	err = im->call == KEXEC_FILE ? image_load_files(im) : load_segments(im);
	ticker_end();
	if (err) {
		if (err != -ECANCELED)
			say_not_loaded(im, err);
		return err;
	}
	im->loaded = true;
	err = commit(im);
	changed = err ? NULL : changed_file(im);
	if (changed) {
		unload_again(
			im,
			"the image is not what was checked, as a file was changed meanwhile",
			changed);
		return -EAGAIN;
	}
	if (!err) {
		room_save(&im->needs);
		ahead_note_save(im->ahead_why_not, im->initrd_why_not);
		forget_passed_over();
		return 0;
	}
	/* Whatever is loaded now is not ours to unload. */
	if (err == -ESTALE) {
		say("another program has loaded or unloaded an image meanwhile, which took the "
		    "place of this one; see `kho status`, and load it again if it is this one "
		    "that is wanted.");
		return err;
	}
	if (err == -EOPNOTSUPP && !dev_status(im->dev, &st) &&
	    *st.image_why_not)
		unload_again(im, "the image would carry nothing",
			     st.image_why_not);
	else
		unload_again(im, "the kho module did not accept the image",
			     strerror(-err));
	return err;
}

int image_load(struct image *im)
{
	sigset_t all, before;
	int ret;

	if (im->opt.debug)
		image_say_layout(im);
	/* An image is loaded and the module knows, or neither. */
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before);
	ret = load_and_commit(im);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return ret;
}

void image_free(struct image *im)
{
	if (im->dev >= 0 && !im->loaded)
		dev_image_discard(im->dev);
	if (im->dev >= 0)
		close(im->dev);
	im->dev = -1;
	blob_free(&im->kernel_file);
	ahead_free(&im->ahead);
	free(im->ahead_why_not);
	free(im->initrd_why_not);
	blob_free(&im->initrd_file);
	source_close(&im->kernel_source);
	source_close(&im->initrd_source);
	memmap_free(&im->map);
	free(im->efi.map);
	free(im->cmdline);
	free(im->unified_cmdline);
	findings_free(&im->findings);
}
