/* SPDX-License-Identifier: GPL-2.0 */
/* What image/ offers to the other rooms: the image to start, and the memory it will take. */
#ifndef KHO_KMOD_IMAGE_H
#define KHO_KMOD_IMAGE_H

#include <linux/kho.h>
#include <linux/list.h>
#include <linux/sched.h>
#include <linux/kho/abi/kho_module.h>

#include "core/bits.h"
#include "kmod/machine/machine.h"

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
int kho_scratch_add(struct kho_scratch_set *set, struct kho_image_area *area);
void kho_scratch_give_back(struct kho_scratch_set *set);
bool kho_scratch_is_held(u64 start, u64 end);

/* --- contig.c: contiguous memory of the page allocator */

u64 kho_contig_take(const struct kho_ram *ram, u64 bytes, u64 align,
		    u64 min_phys, u64 max_phys);
void kho_contig_free(u64 phys, u64 bytes);

/* --- image.c: the image that the kernel would start */

struct kimage;
struct task_struct;

/**
 * enum kho_image_state - what became of an image
 * @KHO_IMAGE_PREPARED: a program has its scratch; nothing is loaded there
 * @KHO_IMAGE_PLACING: kexec_file_load(2) is asking where its parts shall lie
 * @KHO_IMAGE_LOADING: the kernel is making a kimage of it
 * @KHO_IMAGE_LOADED: the kernel would start it
 * @KHO_IMAGE_GONE: the kernel, or the program that prepared it, has given it up
 */
enum kho_image_state {
	KHO_IMAGE_PREPARED,
	KHO_IMAGE_PLACING,
	KHO_IMAGE_LOADING,
	KHO_IMAGE_LOADED,
	KHO_IMAGE_GONE,
};

/**
 * struct kho_image - an image, of ours or of another program; under kho_image_lock
 * @list: of all that are not gone
 * @refs: the list has one, and the program that prepared it
 * @state: see there
 * @kimage: the kernel's own, from PLACING or LOADING on; only compared
 * @loader: the task that is making that, while LOADING; only compared
 * @entry: physical address of its entry point, from LOADING on
 * @foreign: it carries nothing
 * @by_file: kexec_file_load(2) makes it
 * @pid: process that prepared or loaded it
 * @program: name of that
 * @stale: memory came or went since it was prepared
 * @committed: the program has told that it is loaded
 * @scratch: memory that it lies in
 * @map: memory map that it is given; NULL: not known
 * @nr_map: ranges in it
 * @machine: RAM of this machine when it was prepared
 * @carry: of an image that is adopted: when all of its parts are known, make it one that carries
 *   the handover. Return: NULL, or why it cannot
 * @why_not: why it will carry nothing, NULL as long as it may: the end of a sentence
 * @why_text: room for that
 * @unused: areas of @scratch that a program prepared and nothing was placed in yet, as bits
 * @small: what is free of the area for its small parts
 */
struct kho_image {
	struct list_head list;
	unsigned int refs;
	enum kho_image_state state;
	const struct kimage *kimage;
	const struct task_struct *loader;
	u64 entry;
	bool foreign;
	bool by_file;
	pid_t pid;
	char program[TASK_COMM_LEN];
	bool stale;
	bool committed;
	struct kho_scratch_set scratch;
	struct kho_memmap_entry_ser *map;
	u32 nr_map;
	struct kho_ram machine;
	const char *(*carry)(struct kho_image *image,
			     const struct kimage *kimage);
	const char *why_not;
	char why_text[KHO_WHY_SIZE];
	unsigned long unused;
	struct kho_range small;
};

extern struct mutex kho_image_lock;
extern bool kho_image_adopts;

struct kho_image *kho_image_find(const struct kimage *kimage);
struct kho_image *kho_image_place(const struct kimage *kimage);
void kho_image_gone(struct kho_image *image);
void kho_image_update(void);
int kho_image_tolerate(const char *why, const char *todo);
int kho_image_set_map(struct kho_image *image,
		      const struct kho_memmap_entry_ser *entry, u32 nr);

void kho_image_init(void);
void kho_image_exit(void);
int kho_image_prepare(struct kho_image **mine, struct kho_image_area *area,
		      u32 nr, const struct kho_memmap_entry_ser *map,
		      u32 nr_map);
int kho_image_fill(struct kho_image *const *mine, u32 area, u64 offset,
		   const void *data, u64 bytes);
int kho_image_commit(struct kho_image *const *mine, u64 entry,
		     const struct kho_memmap_entry_ser *map, u32 nr_map);
int kho_image_release(void);
void kho_image_close(struct kho_image **mine);
void kho_image_status(struct kho_ioctl_status *status);
bool kho_image_refuses_foreign(void);
int kho_image_set_foreign(bool refuse);

/* --- adopt.c: images of kexec_file_load(2) */

void kho_adopt_init(void);
void kho_adopt_exit(void);

#endif /* KHO_KMOD_IMAGE_H */
