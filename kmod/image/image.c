// SPDX-License-Identifier: GPL-2.0
/*
 * The image that the kernel would start, and the memory that belongs to it.
 *
 * An image of ours begins when a program asks for scratch (prepared), where it may put what need
 * not be copied later. The kernel makes a kimage whose segments lie there (loading), puts it in
 * place of the one before (loaded), and frees it (gone) when another took its place, when it was
 * unloaded, or when the load failed after all.
 * What kexec_file_load(2) makes is given its scratch while it is made (placing, see adopt.c).
 * What the kernel does is seen at two of its functions, which both system calls go through:
 *
 *   machine_kexec_prepare()  a kimage is in the making: bound to the scratch that it lies in,
 *                            or foreign: it carries nothing. It can be refused here. Under the
 *                            kernel's kexec lock
 *   kimage_free()            gone, if it was bound; and another one that the same task was making
 *                            is in place now. Nothing leads to a kimage that is being freed, so
 *                            its scratch goes back to the page allocator. kexec_file_load(2) has
 *                            left the lock before that: another task may be making its own
 *
 * So memory of an image lives and dies with the kernel's own kimage, whatever becomes of the
 * program that loaded it, and whoever loads or unloads besides. Programs only inform: which
 * memory map the image is to be given. The states that are shown are drawn in <linux/kho.h>.
 *
 * While an image is there, only what is RAM by its map, too, may be preserved.
 *
 * Where the kernel's functions cannot be redirected, the word of programs is taken for it: what
 * they commit is loaded, until they commit another or release it; images of others are not seen.
 *
 * Locks, outermost first: the kernel's kexec lock (held by its system calls when they come here,
 * but for the end of kexec_file_load(2); never taken here), kho_image_lock, the lock of out/. The
 * reboot notifier takes none of them.
 */

#include <linux/kexec.h>
#include <linux/kho.h>
#include <linux/list.h>
#include <linux/memory.h>
#include <linux/module.h>
#include <linux/reboot.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/static_call.h>

#include "core/ram.h"
#include "kmod/image/hook.h"
#include "kmod/image/image.h"
#include "kmod/kho.h"
#include "kmod/machine/machine.h"
#include "kmod/out/out.h"

/* What images there are, and what became of each. */
DEFINE_MUTEX(kho_image_lock);

/* Images of kexec_file_load(2) are made such that they carry; what adopts them says so. */
bool kho_image_adopts;

/* All that are not gone; under kho_image_lock. */
static LIST_HEAD(images);
/* The functions of the kernel are redirected. Set once, while the module starts. */
static bool following;
/* A foreign image is refused while anything is preserved. */
static bool refuse_foreign = true;
/* A reference on this module is held while an image carries its state. */
static bool holds_module;
/*
 * What is shown of the image that would start, and of the last that was refused. Written under
 * kho_image_lock and shown_lock; read under the latter, which nobody holds for long.
 */
static struct {
	u32 flags; /* KHO_STATUS_*; read without a lock, too */
	pid_t pid;
	u32 nr_refused;
	char program[TASK_COMM_LEN];
	char why_not[KHO_WHY_SIZE];
	char refused_why[KHO_WHY_SIZE];
} shown;
static DEFINE_SPINLOCK(shown_lock);

/* ------------------------------------------------------------------------------ what there is */

/* The image that would start, or NULL. */
static struct kho_image *loaded_image(void)
{
	struct kho_image *image;

	list_for_each_entry(image, &images, list)
		if (image->state == KHO_IMAGE_LOADED)
			return image;
	return NULL;
}

static bool has_kimage(const struct kho_image *image)
{
	return image->state == KHO_IMAGE_PLACING ||
	       image->state == KHO_IMAGE_LOADING ||
	       image->state == KHO_IMAGE_LOADED;
}

/**
 * kho_image_find() - the image that a kimage of the kernel was bound to
 * @kimage: only compared
 *
 * Context: under kho_image_lock.
 *
 * Return: NULL if there is none.
 */
struct kho_image *kho_image_find(const struct kimage *kimage)
{
	struct kho_image *image;

	list_for_each_entry(image, &images, list)
		if (has_kimage(image) && kimage && image->kimage == kimage)
			return image;
	return NULL;
}

/* What wraps lies nowhere. */
static bool in_scratch(const struct kho_scratch_set *set, u64 start, u64 end)
{
	u32 i;

	if (start > end)
		return false;
	for (i = 0; i < set->nr; i++)
		if (start >= set->range[i].start && end <= set->range[i].end)
			return true;
	return false;
}

static void put(struct kho_image *image)
{
	if (--image->refs)
		return;
	kfree(image->map);
	kho_ram_put(&image->machine);
	kfree(image);
}

/* The calling program is the one that loads it. */
static void note_program(struct kho_image *image)
{
	image->pid = task_tgid_nr(current);
	get_task_comm(image->program, current);
}

/* Return: with one reference, for the list; NULL if there is no memory. */
static struct kho_image *add(enum kho_image_state state)
{
	struct kho_image *image = kzalloc(sizeof(*image), GFP_KERNEL);

	if (!image)
		return NULL;
	image->refs = 1;
	image->state = state;
	note_program(image);
	list_add(&image->list, &images);
	return image;
}

/* What the calling program prepared, or NULL. */
static struct kho_image *prepared_here(void)
{
	struct kho_image *image;

	list_for_each_entry(image, &images, list)
		if (image->state == KHO_IMAGE_PREPARED &&
		    image->pid == task_tgid_nr(current))
			return image;
	return NULL;
}

/**
 * kho_image_place() - kexec_file_load(2) begins to make a kimage
 * @kimage: only compared
 *
 * What the calling program prepared is what it loads now: the parts go to the scratch of that as
 * far as they fit, and it is given the memory map of that.
 *
 * Context: under kho_image_lock; may sleep.
 *
 * Return: the image, being placed; NULL if there is no memory.
 */
struct kho_image *kho_image_place(const struct kimage *kimage)
{
	struct kho_image *image = prepared_here();

	if (image) {
		image->state = KHO_IMAGE_PLACING;
		image->unused = BIT(image->scratch.nr) - 1;
	} else {
		image = add(KHO_IMAGE_PLACING);
		if (!image)
			return NULL;
		/* Best effort, as for programs of ours. */
		kho_out_ram_refresh();
		/* Else it would not be seen that memory comes or goes while it is loaded. */
		if (kho_ram_get(&image->machine))
			image->why_not =
				"there is no memory to note what RAM it is for";
	}
	image->by_file = true;
	image->kimage = kimage;
	return image;
}

/* --------------------------------------------------------- what may be preserved meanwhile */

/* What the maps of all images have in common; nothing is in @ram if none has one. */
static int common_ram(struct kho_ram *ram)
{
	const struct kho_image *image;
	struct kho_range *own, *both;
	u32 nr;

	memset(ram, 0, sizeof(*ram));
	/* Each list has no more elements than the map has entries. */
	own = kcalloc(KHO_MAX_MEMMAP, sizeof(*own), GFP_KERNEL);
	list_for_each_entry(image, &images, list) {
		if (!image->map)
			continue;
		if (!own)
			goto err;
		nr = kho_memmap_ram(own, image->map, image->nr_map);
		both = kcalloc(ram->nr + nr + 1, sizeof(*both), GFP_KERNEL);
		if (!both)
			goto err;
		if (!ram->range) {
			memcpy(both, own, nr * sizeof(*both));
			ram->nr = nr;
		} else {
			ram->nr = kho_ranges_intersect(both, ram->range,
						       ram->nr, own, nr);
		}
		kfree(ram->range);
		ram->range = both;
	}
	kfree(own);
	return 0;

err:
	kfree(own);
	kho_ram_put(ram);
	return -ENOMEM;
}

/*
 * Return: 0; -ERANGE: something that is preserved lies outside (the log names it), -ENOMEM; then
 * what may be preserved is what it was.
 */
static int limit_ram(void)
{
	struct kho_ram ram;
	int ret = common_ram(&ram);

	if (!ret)
		ret = kho_out_limit(&ram);
	kho_ram_put(&ram);
	return ret;
}

/*
 * Is the machine's RAM another one than when the image was prepared? Then its map has been
 * overtaken. Says so once.
 */
static void look_at_ram(struct kho_image *image)
{
	struct kho_ram ram;
	bool stale;

	if (!image->machine.nr)
		return;
	if (kho_ram_get(&ram)) {
		pr_warn_ratelimited(
			"there is no memory to look whether the loaded image is stale\n");
		return;
	}
	stale = !kho_ram_same(&ram, &image->machine);
	kho_ram_put(&ram);
	if (stale && !image->stale)
		pr_warn("memory was plugged or unplugged since the image was loaded: the next kernel would be told of what was there before; load the image again\n");
	image->stale = stale;
}

/* ------------------------------------------------------------------------- changes of state */

static u32 flags_of(const struct kho_image *image)
{
	u32 flags = 0;

	if (!image)
		return 0;
	flags |= KHO_STATUS_IMAGE_LOADED;
	if (image->by_file)
		flags |= KHO_STATUS_FILE_IMAGE;
	if (image->foreign)
		flags |= KHO_STATUS_FOREIGN_IMAGE;
	else if (image->stale)
		flags |= KHO_STATUS_STALE_IMAGE;
	return flags;
}

static void show(const struct kho_image *image)
{
	spin_lock(&shown_lock);
	WRITE_ONCE(shown.flags, flags_of(image));
	shown.pid = image ? image->pid : 0;
	strscpy(shown.program, image ? image->program : "",
		sizeof(shown.program));
	strscpy(shown.why_not, image && image->foreign ? image->why_not : "",
		sizeof(shown.why_not));
	spin_unlock(&shown_lock);
}

static void show_refused(const char *why)
{
	spin_lock(&shown_lock);
	shown.nr_refused++;
	strscpy(shown.refused_why, why, sizeof(shown.refused_why));
	spin_unlock(&shown_lock);
}

/**
 * kho_image_update() - have the states seen that images are in now
 *
 * Context: under kho_image_lock, after each change.
 */
void kho_image_update(void)
{
	struct kho_image *image;
	bool hold = false;

	show(loaded_image());
	list_for_each_entry(image, &images, list)
		hold |= has_kimage(image) && image->scratch.nr;
	kho_hold_module(&holds_module, hold);
}

static void installed(struct kho_image *image)
{
	image->state = KHO_IMAGE_LOADED;
	/* What the receiver compares its own map with. */
	kho_out_memmap(image->map, image->nr_map);
	if (!image->foreign) {
		kho_out_stamp(KHO_STAMP_IMAGE_LOAD);
		return;
	}
	if (kho_out_client_pages())
		pr_warn("the image that %s[%d] has loaded carries nothing: %llu preserved pages will be lost unless you use `kho load`\n",
			current->comm, task_pid_nr(current),
			kho_out_client_pages());
}

/**
 * kho_image_gone() - nothing leads to an image any more: its memory goes back
 * @image: the reference of the list goes with it
 *
 * Context: under kho_image_lock; may sleep.
 */
void kho_image_gone(struct kho_image *image)
{
	image->state = KHO_IMAGE_GONE;
	list_del(&image->list);
	kho_scratch_give_back(&image->scratch);
	/* Without memory for it what may be preserved stays less than it could be. */
	if (image->map)
		limit_ram();
	if (!loaded_image())
		kho_out_memmap(NULL, 0);
	put(image);
}

/* Images that were not seen by us, but told of. */
static void assumed_gone(const struct kho_image *but)
{
	struct kho_image *image, *next;

	list_for_each_entry_safe(image, next, &images, list)
		if (image != but && has_kimage(image) && !image->kimage)
			kho_image_gone(image);
}

/* -------------------------------------------------------------------------------- the kernel */

/* Is this kimage wholly inside the scratch of an image? */
static bool lies_in(const struct kimage *kimage, const struct kho_image *image)
{
	unsigned long i;

	for (i = 0; i < kimage->nr_segments; i++)
		if (!in_scratch(&image->scratch, kimage->segment[i].mem,
				kimage->segment[i].mem +
					kimage->segment[i].memsz))
			return false;
	return in_scratch(&image->scratch, kimage->start, kimage->start + 1);
}

static struct kho_image *image_around(const struct kimage *kimage)
{
	struct kho_image *image;

	list_for_each_entry(image, &images, list)
		if (lies_in(kimage, image))
			return image;
	return NULL;
}

/* The system call that makes @kimage ends with a call of kimage_free(), by the same task. */
static void loading(struct kho_image *image, const struct kimage *kimage)
{
	image->state = KHO_IMAGE_LOADING;
	image->loader = current;
	image->entry = kimage->start;
}

static int bind(struct kho_image *image, const struct kimage *kimage)
{
	if (image->state != KHO_IMAGE_PREPARED) {
		pr_err("refused an image that %s[%d] loads: there is one already where it would lie\n",
		       current->comm, task_pid_nr(current));
		show_refused("there is one already where it would lie");
		return -EBUSY;
	}
	note_program(image);
	image->kimage = kimage;
	loading(image, kimage);
	return 0;
}

/**
 * kho_image_tolerate() - may an image be loaded that will carry nothing?
 * @why: it will not: the end of a sentence, for the log and the status
 * @todo: what would help: a part of a sentence
 *
 * Context: under kho_image_lock, in the system call that loads it.
 *
 * Return: 0; -EBUSY: what is preserved would be lost, and the log says so.
 */
int kho_image_tolerate(const char *why, const char *todo)
{
	u64 pages = kho_out_client_pages();

	if (!pages || !READ_ONCE(refuse_foreign))
		return 0;
	pr_err("refused an image that %s[%d] loads: %llu preserved pages would be lost with it, since %s; %s, or write `warn` to /sys/kernel/kho/foreign\n",
	       current->comm, task_pid_nr(current), pages, why, todo);
	show_refused(why);
	return -EBUSY;
}

/* An image that was placed has all of its parts. */
static int adopt(struct kho_image *image, const struct kimage *kimage)
{
	const char *why = image->why_not;
	int ret = 0;

	if (!why && !lies_in(kimage, image))
		why = "a part of it lies outside of the memory that was taken for it";
	if (!why)
		why = image->carry(image, kimage);
	if (why)
		ret = kho_image_tolerate(why, "see `kho check`");
	if (ret)
		return ret;
	if (why)
		pr_warn("the image that %s[%d] loads carries nothing: %s\n",
			current->comm, task_pid_nr(current), why);
	image->why_not = why;
	image->foreign = why;
	loading(image, kimage);
	return 0;
}

/* Where nothing can be adopted, what kexec_file_load(2) loads is refused, too. */
static const char *what_carries(void)
{
	return kho_image_adopts ? "use `kho load` or `kexec -s`" :
				  "use `kho load`";
}

static int bind_foreign(const struct kimage *kimage)
{
	const char *why =
		kimage->file_mode ?
			"images of kexec_file_load(2) cannot be adopted here" :
			"it is of kexec_load(2), and lies where that program put it";
	struct kho_image *image;
	int ret;

	ret = kho_image_tolerate(why, what_carries());
	if (ret)
		return ret;
	image = add(KHO_IMAGE_LOADING);
	if (!image)
		return -ENOMEM;
	image->foreign = true;
	image->why_not = why;
	image->by_file = kimage->file_mode;
	image->kimage = kimage;
	loading(image, kimage);
	return 0;
}

/* Return: 0, or why the kernel must not load this. */
static int kimage_prepared(const struct kimage *kimage)
{
	struct kho_image *image;
	int ret;

	guard(mutex)(&kho_image_lock);
	image = kho_image_find(kimage);
	if (image && image->state == KHO_IMAGE_PLACING) {
		ret = adopt(image, kimage);
	} else {
		image = image_around(kimage);
		ret = image ? bind(image, kimage) : bind_foreign(kimage);
	}
	kho_image_update();
	return ret;
}

static void kimage_freed(const struct kimage *kimage)
{
	struct kho_image *image;

	guard(mutex)(&kho_image_lock);
	/*
	 * A load ends with one call: for itself if it failed, else for what it replaced. Somebody
	 * else may be loading by then.
	 */
	list_for_each_entry(image, &images, list)
		if (image->state == KHO_IMAGE_LOADING &&
		    image->loader == current && image->kimage != kimage)
			installed(image);
	image = kho_image_find(kimage);
	if (image)
		kho_image_gone(image);
	kho_image_update();
}

/* Not in any header of the kernel; never called by this name. */
void kimage_free(struct kimage *image);

DEFINE_STATIC_CALL_NULL(kho_prepare, machine_kexec_prepare);
DEFINE_STATIC_CALL_NULL(kho_free, kimage_free);

static noinline int kho_kexec_prepare(struct kimage *kimage)
{
	int ret = 0;

	if (kimage->type == KEXEC_TYPE_DEFAULT)
		ret = kimage_prepared(kimage);
	if (!ret)
		ret = static_call(kho_prepare)(kimage);
	kho_hook_done();
	return ret;
}

static noinline void kho_kimage_free(struct kimage *kimage)
{
	kimage_freed(kimage);
	static_call(kho_free)(kimage);
	kho_hook_done();
}

static struct kho_hook prepare_hook =
	KHO_HOOK("machine_kexec_prepare", kho_kexec_prepare);
static struct kho_hook free_hook = KHO_HOOK("kimage_free", kho_kimage_free);

static int follow(void)
{
	int ret = kho_hook_find(&prepare_hook);

	if (!ret)
		ret = kho_hook_find(&free_hook);
	if (ret)
		return ret;
	static_call_update(kho_prepare, (void *)prepare_hook.addr);
	static_call_update(kho_free, (void *)free_hook.addr);
	/* First the end of an image is seen, then its beginning. */
	ret = kho_hook_on(&free_hook);
	if (!ret)
		ret = kho_hook_on(&prepare_hook);
	if (ret)
		kho_hook_off(&free_hook);
	return ret;
}

/* ------------------------------------------------------------------------- programs that load */

/**
 * kho_image_set_map() - say which memory map an image is given
 * @image: has none yet
 * @entry: ranges in the firmware's order, of RAM that this machine has
 * @nr: 1 .. KHO_MAX_MEMMAP
 *
 * From now on nothing can be preserved that is not RAM by it.
 *
 * Context: under kho_image_lock; may sleep.
 *
 * Return: 0, -ENOMEM; -ERANGE: something that is preserved is not RAM by it, the log names it.
 * Then the image has no map.
 */
int kho_image_set_map(struct kho_image *image,
		      const struct kho_memmap_entry_ser *entry, u32 nr)
{
	int ret;

	image->map = kmemdup(entry, nr * sizeof(*entry), GFP_KERNEL);
	if (!image->map)
		return -ENOMEM;
	image->nr_map = nr;
	ret = limit_ram();
	if (ret) {
		kfree(image->map);
		image->map = NULL;
		image->nr_map = 0;
	}
	return ret;
}

/* A map that a program tells. Return: 0, -EINVAL; as kho_memmap_check(), kho_image_set_map(). */
static int take_map(struct kho_image *image,
		    const struct kho_memmap_entry_ser *entry, u32 nr)
{
	int ret;
	u32 i;

	if (nr > KHO_MAX_MEMMAP)
		return -EINVAL;
	for (i = 0; i < nr; i++)
		if (entry[i].reserved)
			return -EINVAL;
	if (!nr)
		return 0;
	ret = kho_memmap_check(entry, nr);
	return ret ?: kho_image_set_map(image, entry, nr);
}

/* What a program prepared is not its own any more. @done: nor will it be loaded. */
static void let_go(struct kho_image **mine, bool done)
{
	struct kho_image *image = *mine;

	if (!image)
		return;
	*mine = NULL;
	if (image->state == KHO_IMAGE_PREPARED && !done)
		image->state = KHO_IMAGE_LOADED;
	if (image->state == KHO_IMAGE_PREPARED)
		kho_image_gone(image);
	else if (image->state == KHO_IMAGE_LOADED && !image->committed)
		pr_warn("a program that was loading an image ended before it was done: the image stays, and the memory of that image is kept until it goes, see `kho unload`\n");
	put(image);
	kho_image_update();
}

/**
 * kho_image_prepare() - take scratch for an image that a program is about to load
 * @mine: what the program prepared before, which is given back if it was not loaded; replaced
 * @area: what is wanted; the address of each is filled in
 * @nr: 0 .. KHO_IMAGE_MAX_AREAS; 0: nothing more is wanted
 * @map: the memory map that the image will be given
 * @nr_map: ranges in it; 0: it will be told when the image is committed
 *
 * From now on nothing can be preserved that is not RAM by @map.
 *
 * Context: may sleep, may migrate pages.
 *
 * Return: 0; -EINVAL (arguments), -ENOMEM, -ENOSPC; -ERANGE: something that is preserved is not
 * RAM by @map, the log names it; or as kho_out_check_now().
 */
int kho_image_prepare(struct kho_image **mine, struct kho_image_area *area,
		      u32 nr, const struct kho_memmap_entry_ser *map,
		      u32 nr_map)
{
	struct kho_image *image;
	int ret;

	guard(mutex)(&kho_image_lock);
	let_go(mine, true);
	if (!nr)
		return 0;
	/* Best effort: if there is no memory for it, there is none for the image. */
	kho_out_ram_refresh();
	image = add(KHO_IMAGE_PREPARED);
	if (!image)
		return -ENOMEM;
	ret = kho_ram_get(&image->machine);
	if (!ret)
		ret = take_map(image, map, nr_map);
	if (!ret)
		ret = kho_scratch_take(&image->scratch, area, nr);
	if (!ret)
		ret = kho_out_check_now();
	if (ret) {
		kho_image_gone(image);
		return ret;
	}
	image->refs++;
	*mine = image;
	return 0;
}

/**
 * kho_image_fill() - put contents into an area that a program prepared
 * @mine: what it prepared, see kho_image_prepare()
 * @area: which area
 * @offset: first byte in it
 * @data: the contents
 * @bytes: how many; they are copied under kho_image_lock
 *
 * Once the kernel makes a kimage of it the memory belongs to that, and stays as it is.
 *
 * Context: may sleep.
 *
 * Return: 0; -EINVAL (nothing is prepared, or it is outside of the area); -EBUSY: it is being
 * loaded, or is loaded; -ESTALE: it was.
 */
int kho_image_fill(struct kho_image *const *mine, u32 area, u64 offset,
		   const void *data, u64 bytes)
{
	const struct kho_range *range;
	struct kho_image *image;
	u64 room;

	guard(mutex)(&kho_image_lock);
	image = *mine;
	if (!image)
		return -EINVAL;
	if (image->state != KHO_IMAGE_PREPARED)
		return image->state == KHO_IMAGE_GONE ? -ESTALE : -EBUSY;
	if (area >= image->scratch.nr)
		return -EINVAL;
	range = &image->scratch.range[area];
	room = range->end - range->start;
	if (offset > room || bytes > room - offset)
		return -EINVAL;
	memcpy(phys_to_virt(range->start + offset), data, bytes);
	return 0;
}

/* Is this where the image that a program has loaded starts, as far as that is known? */
static bool entry_is_good(const struct kho_image *image, u64 entry)
{
	if (!following)
		return in_scratch(&image->scratch, entry, entry + 1);
	if (image->state != KHO_IMAGE_LOADED)
		return false;
	return entry ? image->entry == entry : image->by_file;
}

/**
 * kho_image_commit() - a program says that it has loaded what it prepared
 * @mine: what it prepared, see kho_image_prepare()
 * @entry: entry point; 0: only the kernel knows, kexec_file_load(2) has made it
 * @map: the memory map that the image was given, unless it was told before
 * @nr_map: ranges in it
 *
 * Context: may sleep.
 *
 * Return: 0; -EINVAL (nothing is prepared or loaded, it is still being loaded, or @entry is not
 * in it); -ESTALE: it is loaded no more, another program has loaded or unloaded an image since;
 * -EOPNOTSUPP: it is loaded and carries nothing, the status says why; -ERANGE, -ENOMEM: as
 * kho_image_prepare(), and it stays loaded.
 */
int kho_image_commit(struct kho_image *const *mine, u64 entry,
		     const struct kho_memmap_entry_ser *map, u32 nr_map)
{
	struct kho_image *image;
	int ret = 0;

	guard(mutex)(&kho_image_lock);
	image = *mine;
	if (image && image->state == KHO_IMAGE_GONE)
		return -ESTALE;
	if (!image || !entry_is_good(image, entry))
		return -EINVAL;
	if (!image->map)
		ret = take_map(image, map, nr_map);
	if (ret)
		return ret;
	if (!following)
		assumed_gone(image);
	if (entry)
		image->entry = entry;
	image->committed = true;
	installed(image);
	kho_image_update();
	return image->foreign ? -EOPNOTSUPP : 0;
}

/**
 * kho_image_release() - a program says that it has unloaded the image
 *
 * Context: may sleep.
 *
 * Return: 0; -ENOENT: none is loaded; -EBUSY: one is, which it has not unloaded.
 */
int kho_image_release(void)
{
	guard(mutex)(&kho_image_lock);
	if (!loaded_image())
		return -ENOENT;
	if (following)
		return -EBUSY;
	assumed_gone(NULL);
	kho_image_update();
	return 0;
}

/**
 * kho_image_close() - a program has ended, or will not load anything more
 * @mine: what it prepared; what is loaded of it stays
 *
 * Context: may sleep.
 */
void kho_image_close(struct kho_image **mine)
{
	guard(mutex)(&kho_image_lock);
	let_go(mine, following);
}

/* ---------------------------------------------------------------------------- what is shown */

/* Without waiting: somebody may be taking memory for an image. */
static void look_again(void)
{
	struct kho_image *image;

	if (!mutex_trylock(&kho_image_lock))
		return;
	image = loaded_image();
	if (image && !image->foreign) {
		look_at_ram(image);
		kho_image_update();
	}
	mutex_unlock(&kho_image_lock);
}

/**
 * kho_image_status() - tell of the image that would start, and of the last that was refused
 * @status: flags are added, members about images filled
 *
 * Context: may sleep; waits for no other program.
 */
void kho_image_status(struct kho_ioctl_status *status)
{
	look_again();
	spin_lock(&shown_lock);
	status->flags |= shown.flags;
	status->image_pid = shown.pid;
	status->nr_refused = shown.nr_refused;
	strscpy(status->image_program, shown.program,
		sizeof(status->image_program));
	strscpy(status->image_why_not, shown.why_not,
		sizeof(status->image_why_not));
	strscpy(status->refused_why, shown.refused_why,
		sizeof(status->refused_why));
	spin_unlock(&shown_lock);
}

/**
 * kho_image_refuses_foreign() - are images refused that carry nothing?
 */
bool kho_image_refuses_foreign(void)
{
	return following && READ_ONCE(refuse_foreign);
}

/**
 * kho_image_set_foreign() - what happens to images that carry nothing, while anything is kept
 * @refuse: they are refused; else there is a warning
 *
 * Return: 0, -EOPNOTSUPP: they cannot be seen here.
 */
int kho_image_set_foreign(bool refuse)
{
	if (refuse && !following)
		return -EOPNOTSUPP;
	WRITE_ONCE(refuse_foreign, refuse);
	return 0;
}

static int kho_image_reboot(struct notifier_block *nb, unsigned long action,
			    void *cmd)
{
	bool kexec = action == SYS_RESTART && cmd &&
		     !strcmp(cmd, "kexec reboot");
	u64 pages = kho_out_client_pages();
	unsigned int reclaim;
	u32 flags;

	if (!kexec || !pages)
		return NOTIFY_DONE;
	/* The jump waits for nobody's memory. */
	reclaim = memalloc_noreclaim_save();
	look_again();
	memalloc_noreclaim_restore(reclaim);
	flags = READ_ONCE(shown.flags);
	if (!(flags & KHO_STATUS_IMAGE_LOADED) ||
	    flags & KHO_STATUS_FOREIGN_IMAGE)
		pr_crit("the image about to start carries nothing: %llu preserved pages will be lost\n",
			pages);
	else if (flags & KHO_STATUS_STALE_IMAGE)
		pr_crit("the image about to start knows other memory than this machine has: the next kernel may refuse what is handed over\n");
	return NOTIFY_DONE;
}

/* After everyone else has had a chance to preserve something. */
static struct notifier_block reboot_nb = {
	.notifier_call = kho_image_reboot,
	.priority = INT_MIN,
};

static int kho_image_memory(struct notifier_block *nb, unsigned long action,
			    void *arg)
{
	if (action == MEM_ONLINE || action == MEM_OFFLINE)
		look_again();
	return NOTIFY_DONE;
}

static struct notifier_block memory_nb = {
	.notifier_call = kho_image_memory,
};

/* ---------------------------------------------------------------------------- init and exit */

/**
 * kho_image_init() - begin to follow what the kernel does with images
 *
 * What was loaded before is not known, and counts as nobody's.
 */
void kho_image_init(void)
{
	int ret;

	if (!kho_enabled)
		return;
	ret = follow();
	following = !ret;
	if (ret)
		pr_warn("cannot follow what the kernel does with images, as %s() %s (error %d): those that other programs load are not seen\n",
			prepare_hook.problem ? prepare_hook.symbol :
					       free_hook.symbol,
			prepare_hook.problem ?: free_hook.problem, ret);
	register_reboot_notifier(&reboot_nb);
	/* The status looks, too. */
	if (register_memory_notifier(&memory_nb))
		pr_warn("is not told when memory is plugged\n");
}

/**
 * kho_image_exit() - undo kho_image_init(); no program has an image, and none carries anything
 */
void kho_image_exit(void)
{
	struct kho_image *image, *next;

	if (!kho_enabled)
		return;
	unregister_memory_notifier(&memory_nb);
	unregister_reboot_notifier(&reboot_nb);
	kho_hook_off(&prepare_hook);
	kho_hook_off(&free_hook);
	following = false;
	guard(mutex)(&kho_image_lock);
	list_for_each_entry_safe(image, next, &images, list)
		kho_image_gone(image);
}
