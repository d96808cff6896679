/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * /dev/kho: control of kexec handover by the kho module. Root only (CAP_SYS_ADMIN is checked at
 * open).
 *
 * Every ioctl takes a pointer to a struct whose first member is its size in bytes, set by the
 * caller. The kernel accepts a smaller struct down to the one of the first version (members that
 * are missing count as 0), and a larger one if what it does not know is 0 (otherwise E2BIG). It
 * writes back no more than size bytes.
 *
 * Errors common to all: EFAULT (bad pointer), EINVAL (size below the minimum, unknown flag,
 * reserved member not 0), E2BIG (see above), ENOTTY (unknown command).
 */
#ifndef _UAPI_LINUX_KHO_H
#define _UAPI_LINUX_KHO_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define KHO_IOCTL_TYPE 0xBB

/* Size of a parcel's name with its NUL. */
#define KHO_NAME_SIZE 64

/*
 * kho_ioctl_status.flags
 *
 * ENABLED: preserving is possible
 * IMAGE_LOADED: an image was loaded since the module was: the kernel would start it
 * FOREIGN_IMAGE: ... and it carries no state: see image_why_not
 * STALE_IMAGE: ... and memory was plugged or unplugged since: it would tell the next kernel of
 *   what was there before
 * IN_PRESENT: the previous kernel left handover data
 * IN_ACCEPTED: ... and it was found good
 * IN_REFUSED: ... and it was refused; see in_reason
 * IN_DROPPED: memory of the previous kernel was given back by the administrator
 * MAP_UNSAFE: loading is refused: see out_reason (mem_encrypt, ...)
 * FILE_IMAGE: the image that is loaded was made by kexec_file_load(2)
 * ADOPTS: images of kexec_file_load(2) carry state, whoever loads them
 * IN_PLACE: the parts of an image can be put where they will lie: IMAGE_FILL
 */
#define KHO_STATUS_ENABLED (1U << 0)
#define KHO_STATUS_IMAGE_LOADED (1U << 1)
#define KHO_STATUS_FOREIGN_IMAGE (1U << 2)
#define KHO_STATUS_IN_PRESENT (1U << 3)
#define KHO_STATUS_IN_ACCEPTED (1U << 4)
#define KHO_STATUS_IN_REFUSED (1U << 5)
#define KHO_STATUS_IN_DROPPED (1U << 6)
#define KHO_STATUS_MAP_UNSAFE (1U << 7)
#define KHO_STATUS_STALE_IMAGE (1U << 8)
#define KHO_STATUS_FILE_IMAGE (1U << 9)
#define KHO_STATUS_ADOPTS (1U << 10)
#define KHO_STATUS_IN_PLACE (1U << 11)

/* Size of a program's name with its NUL, and of a reason. */
#define KHO_PROGRAM_SIZE 16
#define KHO_WHY_SIZE 128

/*
 * The life of an image
 *
 *        IMAGE_PREPARE                   kexec_load(2)
 *   none --------------> prepared ----------------------------> loaded <---> stale
 *    ^                     |                                     |            |
 *    |                     | prepared anew, or the file closed   |            |
 *    +---------------------+<------------------------------------+------------+
 *    |                        another image took its place, or it was unloaded
 *    |
 *    |  kexec_file_load(2) of any program: adopted while the kernel makes it
 *    +----------------------------------------------------------> loaded
 *    |
 *    |  kexec_load(2) of another program, or what cannot be adopted
 *    +----------------------------------------------------------> foreign
 *
 * One image is loaded, stale or foreign at a time, and any number may be prepared. What the
 * kernel does counts: IMAGE_COMMIT and IMAGE_RELEASE only inform, and a program may end at any
 * point. Scratch is given back when the kernel has freed its image, and never before.
 *
 * prepared: scratch is held, and nothing lies there but what IMAGE_FILL has put there. From here
 *   on only what is RAM by the image's memory map, too, can be preserved
 * loaded: the kernel would start it, and everything that is preserved travels
 * stale: the same; but memory was plugged or unplugged since it was prepared. What was plugged
 *   cannot be preserved. Back to loaded when the memory is what it was
 * foreign: the kernel would start it, and nothing travels. Refused (EBUSY) while anything is
 *   preserved, unless /sys/kernel/kho/foreign says `warn`. An image for crashes is none of these
 *
 * On a kernel whose functions cannot be redirected, images of other programs are not seen, an
 * image counts as loaded from IMAGE_COMMIT on, or if the file was closed before that, and until
 * another one is committed or IMAGE_RELEASE.
 */

/**
 * struct kho_ioctl_status - KHO_IOCTL_STATUS: what is preserved, and what became of what came in
 * @size: size of this struct
 * @flags: out, KHO_STATUS_*
 * @out_blocks: blocks preserved for the next kernel by clients
 * @out_bytes: bytes of those blocks
 * @out_overhead_bytes: memory the module holds for its own metadata
 * @out_extent_bytes: bytes of all extents together
 * @out_scratch_bytes: bytes of all scratch areas together
 * @nr_extents: extents in use
 * @nr_scratch: scratch areas held
 * @nr_parcels: parcels in the store
 * @kexec_count: handovers since the last cold boot (0: none)
 * @in_blocks: blocks that came in
 * @in_bytes: bytes of those blocks
 * @in_unclaimed_bytes: bytes that came in and no client has restored yet
 * @in_released_bytes: bytes between preserved blocks that were given back to this kernel
 * @in_error: 0, or the errno (positive) of the refusal
 * @reserved: 0
 * @in_validate_ns: from the start of validation until clients could restore
 * @in_release_ns: time a worker spent giving back gaps; 0 until it is done
 * @in_stamp_ns: instants left by the previous kernel (CLOCK_REALTIME, ns): module load, image
 *   load, reboot
 * @in_ready_ns: CLOCK_REALTIME when this kernel's module had accepted everything
 * @in_release: uname release of the previous kernel, NUL-terminated
 * @in_module_version: version of the previous kernel's module
 * @in_reason: one sentence: which check failed, where, and what was found; empty if nothing was
 *   refused
 * @out_reason: why loading is refused here; empty if it is not
 * @out_head_phys: physical address of the head page for the next kernel, 0 if there is none
 * @in_jump_ns: CLOCK_REALTIME of the previous kernel when it had shut everything down and was
 *   about to jump; 0 = not known
 * @in_jump_to_ready_ns: from that instant to @in_ready_ns, by the processor's time stamp counter;
 *   0 = not known
 * @in_ready_boottime_ns: CLOCK_BOOTTIME at @in_ready_ns
 * @out_stopping_ns: CLOCK_REALTIME when services began to stop, as user space told; 0 = they do
 *   not
 * @in_stopping_ns: the same of the previous kernel; 0 = not known
 * @out_sessions: sessions of /dev/liveupdate that are to be handed over
 * @in_sessions: sessions of the previous kernel that nobody has finished: who wants them may
 *   start later
 * @out_session_bytes: bytes of what @out_sessions hold now. Not all of it need be preserved yet,
 *   and be in @out_bytes: the rest is preserved at the last moment
 *
 * @image_pid: process that has loaded the image; 0 = none is loaded
 * @nr_refused: loads that the module has refused since it was loaded
 * @image_program: name of that process, NUL-terminated
 * @image_why_not: why the loaded image carries nothing: the end of a sentence that starts with
 *   "since"; empty if it does, or none is loaded
 * @refused_why: why the last load was refused, in the same form; the kernel log has it, too
 * @out_trees: kept trees that are to be handed over
 * @in_trees: trees of the previous kernel that nobody has restored
 * @out_tree_bytes: bytes of the file systems of @out_trees: they are preserved at the last moment
 *
 * The first version ended with @out_reason.
 */
struct kho_ioctl_status {
	__u32 size;
	__u32 flags;
	__aligned_u64 out_blocks;
	__aligned_u64 out_bytes;
	__aligned_u64 out_overhead_bytes;
	__aligned_u64 out_extent_bytes;
	__aligned_u64 out_scratch_bytes;
	__u32 nr_extents;
	__u32 nr_scratch;
	__u32 nr_parcels;
	__u32 kexec_count;
	__aligned_u64 in_blocks;
	__aligned_u64 in_bytes;
	__aligned_u64 in_unclaimed_bytes;
	__aligned_u64 in_released_bytes;
	__u32 in_error;
	__u32 reserved;
	__aligned_u64 in_validate_ns;
	__aligned_u64 in_release_ns;
	__aligned_u64 in_stamp_ns[3];
	__aligned_u64 in_ready_ns;
	char in_release[72];
	char in_module_version[32];
	char in_reason[256];
	char out_reason[128];
	__aligned_u64 out_head_phys;
	__aligned_u64 in_jump_ns;
	__aligned_u64 in_jump_to_ready_ns;
	__aligned_u64 in_ready_boottime_ns;
	__aligned_u64 out_stopping_ns;
	__aligned_u64 in_stopping_ns;
	__u32 out_sessions;
	__u32 in_sessions;
	__aligned_u64 out_session_bytes;
	__u32 image_pid;
	__u32 nr_refused;
	char image_program[KHO_PROGRAM_SIZE];
	char image_why_not[KHO_WHY_SIZE];
	char refused_why[KHO_WHY_SIZE];
	__u32 out_trees;
	__u32 in_trees;
	__aligned_u64 out_tree_bytes;
};

/* Size of the first version of struct kho_ioctl_status. */
#define KHO_STATUS_SIZE_1 640

#define KHO_IOCTL_STATUS _IO(KHO_IOCTL_TYPE, 0x00)

/*
 * kho_range_info.type
 *
 * EXTENT: an extent of the cover
 * SCRATCH: a scratch area; info is KHO_SCRATCH_HELD if scratch= holds it
 * IN_EXTENT: an extent this kernel reserved for what came in
 * MEMMAP: the memory map the previous kernel handed on; info is its E820 type
 */
#define KHO_RANGE_EXTENT 1
#define KHO_RANGE_SCRATCH 2
#define KHO_RANGE_IN_EXTENT 3
#define KHO_RANGE_MEMMAP 4

/* kho_range_info.info of SCRATCH: held since the module was loaded, with or without an image */
#define KHO_SCRATCH_HELD 1

/**
 * struct kho_range_info - a range of physical memory
 * @start: first byte
 * @end: first byte after it
 * @type: KHO_RANGE_*
 * @info: see the type, else 0
 */
struct kho_range_info {
	__aligned_u64 start;
	__aligned_u64 end;
	__u32 type;
	__u32 info;
};

/**
 * struct kho_ioctl_ranges - KHO_IOCTL_RANGES: list extents, scratch, incoming extents, incoming
 * memory map
 * @size: size of this struct
 * @nr: in: room in @ranges; out: how many there are. ENOSPC if there are more than fit (nothing
 *   is copied)
 * @ranges: pointer to an array of struct kho_range_info
 */
struct kho_ioctl_ranges {
	__u32 size;
	__u32 nr;
	__aligned_u64 ranges;
};

#define KHO_IOCTL_RANGES _IO(KHO_IOCTL_TYPE, 0x01)

/**
 * struct kho_image_area - memory wanted for one part of an image
 * @bytes: in: length, not 0; rounded up to whole pages
 * @align: in: power of two, at least the page size; 0 means the page size
 * @min_phys: in: lowest acceptable address
 * @max_phys: in: the area must end at or below this address; 0 means no limit
 * @phys: out: where it was found
 */
struct kho_image_area {
	__aligned_u64 bytes;
	__aligned_u64 align;
	__aligned_u64 min_phys;
	__aligned_u64 max_phys;
	__aligned_u64 phys;
};

/* Most areas of one image. */
#define KHO_IMAGE_MAX_AREAS 8

/**
 * struct kho_ioctl_image_prepare - KHO_IOCTL_IMAGE_PREPARE: take scratch for an image that is
 * about to be loaded
 * @size: size of this struct
 * @nr_areas: 0 .. KHO_IMAGE_MAX_AREAS; 0: give back the areas of an earlier prepare, since
 *   nothing was loaded there
 * @areas: pointer to an array of struct kho_image_area
 * @setup_data: out: physical address that the image's list of setup_data nodes must end with
 * @nr_memmap: entries in @memmap, at most 128; 0: they are told with IMAGE_COMMIT
 * @reserved: 0
 * @memmap: pointer to an array of struct kho_memmap_range: the map that the image will have in
 *   its boot_params
 *
 * The areas belong to this open file until an image is loaded there, and to that image then. What
 * kexec_file_load(2) makes next for the same process is placed in them as far as its parts fit,
 * and is given @memmap; for purgatory and boot_params together it wants 2 MiB. A second prepare
 * on the same file gives back areas of the first one in which nothing was loaded; so does closing
 * it.
 * Errors: ENOMEM (not enough contiguous memory; nothing is held), EBUSY (disabled, or loading is
 * unsafe here), ERANGE (something is preserved that is not RAM by @memmap; the kernel log names
 * it).
 *
 * The first version ended with @setup_data.
 */
struct kho_ioctl_image_prepare {
	__u32 size;
	__u32 nr_areas;
	__aligned_u64 areas;
	__aligned_u64 setup_data;
	__u32 nr_memmap;
	__u32 reserved;
	__aligned_u64 memmap;
};

/* Size of the first version of struct kho_ioctl_image_prepare. */
#define KHO_PREPARE_SIZE_1 24

#define KHO_IOCTL_IMAGE_PREPARE _IO(KHO_IOCTL_TYPE, 0x02)

/**
 * struct kho_memmap_range - one range of the memory map handed to the next kernel
 * @start: first byte
 * @bytes: length
 * @type: E820 type
 * @reserved: 0
 */
struct kho_memmap_range {
	__aligned_u64 start;
	__aligned_u64 bytes;
	__u32 type;
	__u32 reserved;
};

/**
 * struct kho_ioctl_image_commit - KHO_IOCTL_IMAGE_COMMIT: kexec_load(2) or kexec_file_load(2) has
 * succeeded with the prepared areas
 * @size: size of this struct
 * @nr_memmap: entries in @memmap, at most 128
 * @entry: physical address of the image's entry point, inside one of the prepared areas; 0 after
 *   kexec_file_load(2), of which the kernel alone knows it
 * @memmap: pointer to an array of struct kho_memmap_range: the map in the image's boot_params;
 *   not looked at if it was told with IMAGE_PREPARE
 *
 * Errors: EINVAL (nothing prepared on this file, nothing loaded there, or @entry outside of it),
 * ESTALE (it is loaded no more: another program has loaded or unloaded an image since),
 * EOPNOTSUPP (it is loaded, and carries nothing: see kho_ioctl_status.image_why_not), ERANGE (as
 * IMAGE_PREPARE).
 */
struct kho_ioctl_image_commit {
	__u32 size;
	__u32 nr_memmap;
	__aligned_u64 entry;
	__aligned_u64 memmap;
};

#define KHO_IOCTL_IMAGE_COMMIT _IO(KHO_IOCTL_TYPE, 0x03)

/* kho_ioctl_simple.flags of KHO_IOCTL_IN_DROP: also what sessions wait for. */
#define KHO_DROP_FORCE (1U << 0)

/**
 * struct kho_ioctl_simple - argument of commands that take nothing but flags
 * @size: size of this struct
 * @flags: KHO_DROP_FORCE (IN_DROP), else 0
 */
struct kho_ioctl_simple {
	__u32 size;
	__u32 flags;
};

/*
 * The image was unloaded, with either system call. ENOENT if none is loaded, EBUSY if one is that
 * was not unloaded.
 */
#define KHO_IOCTL_IMAGE_RELEASE _IO(KHO_IOCTL_TYPE, 0x04)
/*
 * Give back everything that came in and nobody has restored; also what a refused handover keeps
 * reserved. ENOENT if there is nothing; EBUSY, without KHO_DROP_FORCE, while sessions of the
 * previous kernel wait (kho_ioctl_status.in_sessions): they would be lost.
 */
#define KHO_IOCTL_IN_DROP _IO(KHO_IOCTL_TYPE, 0x05)

/* kho_ioctl_parcel.flags */
#define KHO_PARCEL_REPLACE \
	(1U                \
	 << 0) /* CREATE: on commit, take the place of a parcel of this name */

/**
 * struct kho_ioctl_parcel - KHO_IOCTL_PARCEL_CREATE, _OPEN, _DROP
 * @size: size of this struct
 * @flags: KHO_PARCEL_* (CREATE), else 0
 * @name: NUL-terminated, 1 .. 63 bytes, no '/' and no control characters
 * @fd: out: new file descriptor, close-on-exec (CREATE, OPEN)
 * @crc: out: CRC-32C of the contents (OPEN)
 * @bytes: out: length (OPEN); in: length as far as it is known, 0 = not at all (CREATE)
 * @missing: out: with ENOMEM: how much memory would have to be freed for @bytes, 0 = not known
 *   (CREATE)
 * @why: out: with EIO and ENODATA: which check failed, as in kho_ioctl_status.in_reason (OPEN)
 * @mode: permissions of the file that it is put from, with KHO_PARCEL_MODE, or 0 if there is
 *   none: in (CREATE), out (OPEN)
 * @reserved: 0
 *
 * CREATE: the new descriptor takes write(2) in order; KHO_PARCEL_COMMIT on it makes the parcel
 * part of the handover; closing it without a commit discards what was written. EEXIST from the
 * commit if the name is taken (unless KHO_PARCEL_REPLACE). ENOMEM if there is no room for @bytes;
 * as that can change, also from write(2), which leaves what was written before.
 * OPEN: verifies the CRC, then the new descriptor takes read(2), pread(2) and lseek(2); it shows
 * the contents as they were at OPEN even if the parcel is dropped meanwhile. ENOENT if there is
 * none of that name, EBADMSG if the contents do not match their CRC, EIO if it came from the
 * previous kernel and is lost, ENODATA if there is none of that name and parcels that came were
 * not taken over, of which nobody knows the names.
 * DROP: ENOENT if there is none of that name.
 * A parcel lives until it is dropped: each following kernel takes it over and hands it on.
 */
struct kho_ioctl_parcel {
	__u32 size;
	__u32 flags;
	char name[KHO_NAME_SIZE];
	__s32 fd;
	__u32 crc;
	__aligned_u64 bytes;
	__aligned_u64 missing;
	char why[KHO_WHY_SIZE];
	__u32 mode;
	__u32 reserved;
};

/* Beside the nine bits of permissions in kho_ioctl_parcel.mode: they are known. */
#define KHO_PARCEL_MODE 0x8000

/* Size of the first version of struct kho_ioctl_parcel, which ended with @bytes. */
#define KHO_PARCEL_SIZE_1 88

#define KHO_IOCTL_PARCEL_CREATE _IO(KHO_IOCTL_TYPE, 0x06)
#define KHO_IOCTL_PARCEL_OPEN _IO(KHO_IOCTL_TYPE, 0x07)
#define KHO_IOCTL_PARCEL_DROP _IO(KHO_IOCTL_TYPE, 0x08)

/* kho_parcel_info.flags */
#define KHO_PARCEL_INFO_INCOMING (1U << 0) /* came from a previous kernel */

/**
 * struct kho_parcel_info - one row of KHO_IOCTL_PARCEL_LIST
 * @name: NUL-terminated
 * @bytes: length
 * @created_ns: CLOCK_REALTIME when it was put
 * @crc: CRC-32C of the contents
 * @flags: KHO_PARCEL_INFO_*
 */
struct kho_parcel_info {
	char name[KHO_NAME_SIZE];
	__aligned_u64 bytes;
	__aligned_u64 created_ns;
	__u32 crc;
	__u32 flags;
};

/**
 * struct kho_ioctl_parcel_list - KHO_IOCTL_PARCEL_LIST
 * @size: size of this struct
 * @nr: in: room in @parcels; out: how many there are. ENOSPC if there are more than fit (nothing
 *   is copied)
 * @parcels: pointer to an array of struct kho_parcel_info, filled in ascending order of names
 */
struct kho_ioctl_parcel_list {
	__u32 size;
	__u32 nr;
	__aligned_u64 parcels;
};

#define KHO_IOCTL_PARCEL_LIST _IO(KHO_IOCTL_TYPE, 0x09)

/* Size of a region's name with its NUL. */
#define KHO_REGION_NAME_SIZE 16

/**
 * struct kho_ioctl_region - KHO_IOCTL_REGION_CREATE, _DROP
 * @size: size of this struct
 * @flags: 0
 * @name: NUL-terminated, 1 .. 15 bytes, no '/' and no control characters
 * @bytes: CREATE: in: length, not 0; out: rounded up to whole pages. DROP: out: length
 * @align: CREATE: in: power of two; 0, or less than the page size, means the page size
 * @phys: out: physical address
 *
 * A region is physically contiguous memory, all zero at first. It stays at its address, with its
 * contents, in each following kernel until it is dropped.
 * CREATE: EEXIST if the name is taken; ENOMEM if there is no such contiguous memory; ENOSPC if no
 * more regions can be named (their list is one page), or no extent is left to cover it;
 * EOPNOTSUPP if handover is off.
 * DROP: ENOENT if there is none of that name; EBUSY while a module of this kernel uses it.
 */
struct kho_ioctl_region {
	__u32 size;
	__u32 flags;
	char name[KHO_REGION_NAME_SIZE];
	__aligned_u64 bytes;
	__aligned_u64 align;
	__aligned_u64 phys;
};

#define KHO_IOCTL_REGION_CREATE _IO(KHO_IOCTL_TYPE, 0x0a)
#define KHO_IOCTL_REGION_DROP _IO(KHO_IOCTL_TYPE, 0x0b)

/* kho_region_info.flags */
#define KHO_REGION_INFO_INCOMING (1U << 0) /* came from a previous kernel */
#define KHO_REGION_INFO_IN_USE (1U << 1) /* a module of this kernel uses it */

/**
 * struct kho_region_info - one row of KHO_IOCTL_REGION_LIST
 * @name: NUL-terminated
 * @phys: physical address
 * @bytes: length
 * @flags: KHO_REGION_INFO_*
 * @reserved: 0
 */
struct kho_region_info {
	char name[KHO_REGION_NAME_SIZE];
	__aligned_u64 phys;
	__aligned_u64 bytes;
	__u32 flags;
	__u32 reserved;
};

/**
 * struct kho_ioctl_region_list - KHO_IOCTL_REGION_LIST
 * @size: size of this struct
 * @nr: in: room in @regions; out: how many there are. ENOSPC if there are more than fit (nothing
 *   is copied)
 * @regions: pointer to an array of struct kho_region_info, filled in ascending order of names
 */
struct kho_ioctl_region_list {
	__u32 size;
	__u32 nr;
	__aligned_u64 regions;
};

#define KHO_IOCTL_REGION_LIST _IO(KHO_IOCTL_TYPE, 0x0c)

/**
 * struct kho_ioctl_image_fill - KHO_IOCTL_IMAGE_FILL: put contents of an image where they will
 * lie, so that nothing of them is copied at the jump
 * @size: size of this struct
 * @area: index of one of the areas of IMAGE_PREPARE on this file
 * @offset: first byte in it
 * @bytes: how many
 * @data: pointer to them
 *
 * kexec_load(2) is then given the other parts alone, at least the one with the entry point. From
 * that on the memory is the image's, and nothing is written there any more.
 * Errors: EINVAL (nothing is prepared on this file, or it is outside of the area), EBUSY (it is
 * being loaded, or is loaded), ESTALE (it was loaded, and is no more), ENOMEM. A part of it may
 * have been put there then.
 */
struct kho_ioctl_image_fill {
	__u32 size;
	__u32 area;
	__aligned_u64 offset;
	__aligned_u64 bytes;
	__aligned_u64 data;
};

#define KHO_IOCTL_IMAGE_FILL _IO(KHO_IOCTL_TYPE, 0x0d)

/*
 * On the descriptor of KHO_IOCTL_PARCEL_CREATE; struct kho_ioctl_simple. EEXIST, ENOMEM, ENOSPC,
 * EINVAL (twice)
 */
#define KHO_PARCEL_COMMIT _IO(KHO_IOCTL_TYPE, 0x40)

#endif /* _UAPI_LINUX_KHO_H */
