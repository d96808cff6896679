// SPDX-License-Identifier: GPL-2.0
/*
 * Images that anybody loads with kexec_file_load(2) carry the handover: the kernel makes them,
 * and this module sees to it that they can.
 *
 *   kexec_add_buffer()               a part of the image goes to scratch that is taken for it
 *   machine_kexec_prepare()          (image.c) all parts are known, and still in buffers of
 *                                    the kernel, before any digest is made: boot_params get the
 *                                    memory map of this machine, and their list of setup_data
 *                                    leads on to our head
 *   kimage_file_post_load_cleanup()  an image that is still being placed has failed
 *
 * From there on it is an image like any other, see image.c. All of this happens in the system
 * call, under the kernel's kexec lock: one image is in the making at a time. Crash images are
 * left alone.
 */

#include <linux/kexec.h>
#include <linux/module.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/static_call.h>

#include "core/bootparams.h"
#include "core/cmdline.h"
#include "kmod/image/hook.h"
#include "kmod/image/image.h"
#include "kmod/kho.h"
#include "kmod/machine/machine.h"
#include "kmod/out/out.h"

#ifdef CONFIG_KEXEC_FILE

/* What is not larger shares an area: purgatory, boot_params, what IMA measured. */
#define SMALL_BYTES SZ_512K
#define SMALL_AREA SZ_2M
/* Nothing of an image lies lower: a kernel that is told nokaslr would not stay there. */
#define LOWEST SZ_16M

/* ------------------------------------------------------------------------------ carrying */

/* The segment that boot_params are at the start of. */
static const struct kexec_segment *boot_params_of(const struct kimage *kimage)
{
	const struct kexec_segment *s;

	for (s = kimage->segment; s < kimage->segment + kimage->nr_segments;
	     s++)
		if (kho_boot_params_here(s->kbuf, s->bufsz, s->mem))
			return s;
	return NULL;
}

static const char *memmap_objection(int err)
{
	switch (err) {
	case -ENOSPC:
		return "the memory map of this machine has too many ranges";
	case -ENOMEM:
		return "there is no memory for its memory map";
	default:
		return "the memory map of this machine cannot be read";
	}
}

/*
 * The map that `kho load` wants it to have, or that of the firmware, which is mostly the same.
 * Kernels before 6.10 mark what came in also in the one that they hand on, which splits RAM, and
 * may cut the map off.
 */
static const char *set_memmap(struct kho_image *image, void *boot_params)
{
	struct kho_memmap_entry_ser *entry;
	const char *why;
	int nr, ret;

	if (image->map)
		return kho_boot_params_set_memmap(boot_params, image->map,
						  image->nr_map);
	entry = kcalloc(KHO_MAX_MEMMAP, sizeof(*entry), GFP_KERNEL);
	if (!entry)
		return "there is no memory for its memory map";
	nr = kho_firmware_memmap(entry, KHO_MAX_MEMMAP);
	if (nr <= 0) {
		why = memmap_objection(nr);
		goto out;
	}
	why = kho_boot_params_set_memmap(boot_params, entry, nr);
	if (why)
		goto out;
	ret = kho_image_set_map(image, entry, nr);
	if (ret == -ERANGE)
		why = "something is preserved that is not RAM by the firmware's memory map";
	else if (ret)
		why = "there is no memory for its memory map";
out:
	kfree(entry);
	return why;
}

/* All parts of an image are known. Return: NULL, or why it will carry nothing. */
static const char *carry(struct kho_image *image, const struct kimage *kimage)
{
	const struct kexec_segment *s;
	const char *why;

	s = boot_params_of(kimage);
	if (!s)
		return "it has no boot_params";
	why = set_memmap(image, s->kbuf);
	if (!why && kho_out_check_now())
		why = "the next kernel would refuse what is preserved";
	if (!why)
		why = kho_boot_params_link(s->kbuf, s->bufsz, s->mem,
					   kho_out_setup_data());
	return why;
}

/* ------------------------------------------------------------------------------- placing */

static u64 bytes_of(const struct kho_range *range)
{
	return range->end - range->start;
}

static bool fits(const struct kho_range *range, u64 bytes, u64 align, u64 min,
		 u64 max)
{
	return IS_ALIGNED(range->start, align) && range->start >= min &&
	       range->end <= max && bytes_of(range) >= bytes;
}

/* The smallest of the areas that `kho load` took in which nothing lies. Return: address, or 0. */
static u64 take_prepared(struct kho_image *image, u64 bytes, u64 align, u64 min,
			 u64 max)
{
	const struct kho_range *range = image->scratch.range, *best = NULL;
	unsigned int i;

	for_each_set_bit(i, &image->unused, KHO_IMAGE_MAX_AREAS)
	{
		if (!fits(&range[i], bytes, align, min, max))
			continue;
		if (!best || bytes_of(&range[i]) < bytes_of(best))
			best = &range[i];
	}
	if (!best)
		return 0;
	image->unused &= ~BIT(best - range);
	return best->start;
}

static u64 take(struct kho_image *image, u64 bytes, u64 align, u64 min, u64 max)
{
	struct kho_image_area area = {
		.bytes = bytes,
		.align = align,
		.min_phys = max_t(u64, min, LOWEST),
		/* Every kernel reaches that from its first instruction on. */
		.max_phys = min_t(u64, max, SZ_4G),
	};
	u64 prepared = take_prepared(image, bytes, align, area.min_phys, max);
	int ret;

	if (prepared)
		return prepared;
	ret = kho_scratch_add(&image->scratch, &area);
	if (ret == -ENOMEM && max > SZ_4G) {
		area.max_phys = 0;
		ret = kho_scratch_add(&image->scratch, &area);
	}
	return ret ? 0 : area.phys;
}

static u64 take_small(struct kho_image *image, u64 bytes, u64 align, u64 max)
{
	u64 at = ALIGN(image->small.start, align);

	if (!image->small.start || at + bytes > image->small.end) {
		at = take(image, SMALL_AREA, align, 0, max);
		if (!at)
			return 0;
		image->small.end = at + SMALL_AREA;
	}
	image->small.start = at + bytes;
	return at;
}

/* Return: NULL, or why an image of this kernel and command line will carry nothing. */
static const char *objection(struct kho_image *image,
			     const struct kimage *kimage)
{
	const char *line = kimage->cmdline_buf, *why;
	struct kho_word word;

	why = kho_bzimage_objection(kimage->kernel_buf, kimage->kernel_buf_len);
	if (why || !line)
		return why;
	why = kho_cmdline_objection(line, line + kimage->cmdline_buf_len,
				    &word);
	if (!why)
		return NULL;
	snprintf(image->why_text, sizeof(image->why_text),
		 "%.*s on its command line %s", min_t(int, word.len, 32),
		 word.name, why);
	return image->why_text;
}

/* The image of a system call that begins. */
static struct kho_image *begin(const struct kimage *kimage)
{
	struct kho_image *image = kho_image_place(kimage);

	if (!image)
		return NULL;
	image->carry = carry;
	if (!image->why_not)
		image->why_not = objection(image, kimage);
	return image;
}

/* Return: 0, or the error that the system call ends with. */
static int place(struct kexec_buf *kbuf)
{
	u64 bytes = PAGE_ALIGN(kbuf->memsz);
	u64 align = max_t(u64, kbuf->buf_align, PAGE_SIZE);
	u64 max = kbuf->buf_max == ULONG_MAX ? U64_MAX : kbuf->buf_max + 1ULL;
	struct kho_image *image;
	u64 phys;

	guard(mutex)(&kho_image_lock);
	image = kho_image_find(kbuf->image);
	if (!image)
		image = begin(kbuf->image);
	if (!image)
		return -ENOMEM;
	if (image->why_not)
		return 0;
	if (bytes <= SMALL_BYTES && align <= SMALL_AREA)
		phys = take_small(image, bytes, align, max);
	else
		phys = take(image, bytes, align, kbuf->buf_min, max);
	/* What holds scratch holds the module. */
	kho_image_update();
	if (phys) {
		kbuf->mem = phys;
		return 0;
	}
	image->why_not = "there is not enough contiguous memory for it";
	return kho_image_tolerate(
		       image->why_not,
		       "free memory, or have some held with scratch=") ?
		       -ENOMEM :
		       0;
}

static void given_up(const struct kimage *kimage)
{
	struct kho_image *image;

	guard(mutex)(&kho_image_lock);
	image = kho_image_find(kimage);
	if (!image || image->state != KHO_IMAGE_PLACING)
		return;
	kho_image_gone(image);
	kho_image_update();
}

/* ------------------------------------------------------------------------ the redirections */

/* Not in any header of the kernel; never called by this name. */
void kimage_file_post_load_cleanup(struct kimage *image);

DEFINE_STATIC_CALL_NULL(kho_add_buffer, kexec_add_buffer);
DEFINE_STATIC_CALL_NULL(kho_cleanup, kimage_file_post_load_cleanup);

static noinline int kho_kexec_add_buffer(struct kexec_buf *kbuf)
{
	int ret = 0;

	if (kbuf->image->file_mode && kbuf->image->type == KEXEC_TYPE_DEFAULT &&
	    kbuf->mem == KEXEC_BUF_MEM_UNKNOWN)
		ret = place(kbuf);
	if (!ret)
		ret = static_call(kho_add_buffer)(kbuf);
	kho_hook_done();
	return ret;
}

static noinline void kho_kimage_cleanup(struct kimage *kimage)
{
	given_up(kimage);
	static_call(kho_cleanup)(kimage);
	kho_hook_done();
}

static struct kho_hook add_hook =
	KHO_HOOK("kexec_add_buffer", kho_kexec_add_buffer);
static struct kho_hook cleanup_hook =
	KHO_HOOK("kimage_file_post_load_cleanup", kho_kimage_cleanup);

static int redirect(void)
{
	int ret = kho_hook_find(&add_hook);

	if (!ret)
		ret = kho_hook_find(&cleanup_hook);
	if (ret)
		return ret;
	static_call_update(kho_add_buffer, (void *)add_hook.addr);
	static_call_update(kho_cleanup, (void *)cleanup_hook.addr);
	/* First it is seen that one fails, then that one begins. */
	ret = kho_hook_on(&cleanup_hook);
	if (!ret)
		ret = kho_hook_on(&add_hook);
	if (ret)
		kho_hook_off(&cleanup_hook);
	return ret;
}

/**
 * kho_adopt_init() - begin to adopt images; the end of each is followed already
 *
 * Where it cannot be, the log says so, and images of kexec_file_load(2) are foreign.
 */
void kho_adopt_init(void)
{
	int ret;

	if (!kho_image_refuses_foreign())
		return;
	ret = redirect();
	kho_image_adopts = !ret;
	if (ret)
		pr_warn("cannot adopt images of kexec_file_load(2), as %s() %s (error %d): use `kho load`\n",
			add_hook.problem ? add_hook.symbol :
					   cleanup_hook.symbol,
			add_hook.problem ?: cleanup_hook.problem, ret);
}

/**
 * kho_adopt_exit() - adopt no more
 */
void kho_adopt_exit(void)
{
	kho_image_adopts = false;
	kho_hook_off(&add_hook);
	kho_hook_off(&cleanup_hook);
}

#else

void kho_adopt_init(void)
{
}

void kho_adopt_exit(void)
{
}

#endif
