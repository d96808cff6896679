/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A handover image: everything is checked before anything is changed, then it is loaded.
 */
#ifndef KHO_CLI_IMAGE_H
#define KHO_CLI_IMAGE_H

#include "cli/image/ahead.h"
#include "cli/image/bootparams.h"
#include "cli/image/bzimage.h"
#include "cli/base/dev.h"
#include "cli/image/findings.h"
#include "cli/image/initramfs.h"
#include "cli/image/kexecload.h"
#include "cli/image/memmap.h"
#include "cli/image/room.h"
#include "cli/image/signer.h"
#include "cli/image/source.h"
#include "cli/image/sysinfo.h"

/**
 * struct image_options - what the user wants
 * @kernel: kernel file; NULL only for a check without one
 * @initrd: initrd file or NULL
 * @command_line: command line or NULL
 * @append: added to it, or NULL
 * @reuse_cmdline: start from the running kernel's command line
 * @no_initrd: the next kernel needs none
 * @debug: say what goes where
 * @force: load it although the next kernel may not boot
 * @call: system call that is to load it
 * @ahead: is the kernel to be unpacked before the jump?
 */
struct image_options {
	const char *kernel;
	const char *initrd;
	const char *command_line;
	const char *append;
	bool reuse_cmdline;
	bool no_initrd;
	bool debug;
	bool force;
	enum kexec_call call;
	enum ahead_mode ahead;
};

enum image_part { IMAGE_KERNEL, IMAGE_BOOTDATA, IMAGE_INITRD, IMAGE_PARTS };

/**
 * struct image - state from the first check to the load; all zero but @opt and @dev to start with
 * @opt: what the user wants
 * @findings: what the checks found
 * @call: system call that loads it
 * @dev: /dev/kho, -1 if it is not open; closing it undoes the preparation
 * @status: what the module said
 * @kernel_source: file that @kernel_file was read from
 * @kernel_file: kernel
 * @kernel_is_part: it is a part of the file that the user gave
 * @whole_signer: of that file, then
 * @bz: its header; valid if @have_kernel
 * @have_kernel: @kernel_file can be loaded
 * @release: of the kernel as its header tells, "" if it does not
 * @ahead: the kernel, ready to run, if that can be done before the jump
 * @ahead_why_not: why it cannot, or is not to be: the end of a sentence; NULL if it is
 * @unified_cmdline: command line of a unified kernel image; NULL if it has none, or is none
 * @initrd_source: file that @initrd_file is; none if that is a part of @kernel_source
 * @initrd_file: initrd
 * @initrd_name: of its file
 * @initramfs: what is in it; whole if @have_initramfs
 * @initramfs_err: why it could not be unpacked to its end
 * @initramfs_how: how it is compressed
 * @have_initramfs: see @initramfs
 * @initrd_ahead: it is loaded unpacked
 * @initrd_why_not: why it is not, although it is packed: the end of a sentence; else NULL
 * @cmdline: command line of the next kernel, NULL if it cannot be known
 * @running: boot_params of the running kernel
 * @have_running: @running is valid
 * @acpi_rsdp: physical address of ACPI's root pointer, 0 = unknown
 * @map: memory map for the next kernel
 * @needs: what the next kernel needs besides what is preserved
 * @efi: EFI runtime of the running kernel; @use_efi: hand it on
 * @use_efi: see @efi
 * @layout: of the boot data
 * @area: memory for the parts, index enum image_part
 * @nr_areas: without an initrd there is one less
 * @kernel_phys: where the kernel's first byte will be, in its area
 * @setup_data: where the module's list starts
 * @loaded: the kernel has it, so the memory must stay
 */
struct image {
	struct image_options opt;
	struct findings findings;
	enum kexec_call call;
	int dev;
	struct kho_ioctl_status status;
	struct source kernel_source;
	struct blob kernel_file;
	bool kernel_is_part;
	struct signer whole_signer;
	struct bzimage bz;
	bool have_kernel;
	char release[80];
	struct ahead ahead;
	char *ahead_why_not;
	char *unified_cmdline;
	struct source initrd_source;
	struct blob initrd_file;
	const char *initrd_name;
	struct initramfs_seen initramfs;
	int initramfs_err;
	enum compression initramfs_how;
	bool have_initramfs;
	bool initrd_ahead;
	char *initrd_why_not;
	char *cmdline;
	struct boot_params running;
	bool have_running;
	u64 acpi_rsdp;
	struct memmap map;
	struct room_needs needs;
	struct efi_runtime efi;
	bool use_efi;
	struct bootdata_layout layout;
	struct kho_image_area area[IMAGE_PARTS];
	u32 nr_areas;
	u64 kernel_phys;
	u64 setup_data;
	bool loaded;
};

/**
 * image_check() - make all checks and take the memory for the image
 * @im: image
 * @all: go on after a problem, to find the others too
 *
 * Nothing lasts: image_free() gives the memory back.
 *
 * Return: true if nothing is in the way.
 */
bool image_check(struct image *im, bool all);

/**
 * image_load() - load a checked image
 * @im: image that image_check() has found good, with a kernel
 *
 * An image loaded earlier stays until the new one has taken its place.
 *
 * Return: 0, or negative errno after saying what happened.
 */
int image_load(struct image *im);

void image_free(struct image *im);

/* Where the parts of an image that is about to be loaded lie. */
void image_say_layout(const struct image *im);

/* Parts of image_check(). */
void image_check_kernel(struct image *im);
void image_check_initrd(struct image *im);
void image_check_missing_initrd(struct image *im);
void image_check_room(struct image *im);
void image_check_trees(struct image *im);
void image_check_ahead(struct image *im);
void image_check_initrd_ahead(struct image *im);
void image_check_signature(struct image *im);
void image_check_revoked(struct image *im);

/*
 * Does Secure Boot lock this kernel down? Then it does so with the next one: the firmware's word
 * is handed on.
 */
bool image_is_secured(const struct image *im);

/* What is loaded of the kernel, and the memory that it uses from there on. */
u64 image_kernel_bytes(const struct image *im);
u64 image_kernel_memory(const struct image *im);
/* What is loaded of the initrd. */
u64 image_initrd_bytes(const struct image *im);

/* Would the next kernel get along with the memory that is left to it? */
bool image_has_room(struct image *im);

/* There is no memory for it unpacked. Return: does that change anything? */
bool image_give_up_initrd(struct image *im);

/**
 * image_fill_initrd() - unpack the initrd to where it will lie
 * @im: image of which memory is held
 *
 * Return: 0 or negative errno; -ECANCELED: the reason has been said.
 */
int image_fill_initrd(struct image *im);

/*
 * Are kernel and initrd put where they will lie, so that nobody copies them? Else the kernel that
 * runs has a copy, until the jump.
 */
bool image_in_place(const struct image *im);

/* What is wanted for the parts. */
void image_plan_areas(struct image *im);

/**
 * image_take_areas() - have memory held for the parts
 * @im: planned
 *
 * A kernel that does not choose its place after the jump gets one by lot.
 *
 * Return: as dev_image_prepare().
 */
int image_take_areas(struct image *im);

/* The memory map as the module is told of it: an array to be freed. */
struct kho_memmap_range *image_told_map(const struct image *im);

/* Part of image_load(): have kexec_file_load(2) make it. 0 or negative errno. */
int image_load_files(struct image *im);

/* How bad it is if the next kernel may not boot: that is for the user to decide. */
enum finding_level image_doubt(const struct image *im);

#define autoimage __attribute__((__cleanup__(image_free)))

#endif /* KHO_CLI_IMAGE_H */
