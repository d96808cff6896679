// SPDX-License-Identifier: GPL-2.0
/*
 * Threads that preserve and unpreserve memory, and add and remove subtrees, as fast as they can,
 * and do not stop for the jump. Commands are written to /sys/module/kho_stress/parameters/run;
 * the write fails with the command's errno, and parameters/result says why, or what was found:
 *
 *   start THREADS SEED  start so many threads for blocks and two for subtrees
 *   stop                stop them, take everything out again and free it
 *   check               in the next kernel: what must have come through did,
 *                       byte for byte
 *
 * Each thread keeps a journal in a preserved page. A slot of it holds one block (or the subtree
 * of a blob) and is in a state that is true whenever the machine is stopped:
 *
 *   EMPTY         nothing is preserved
 *   PRESERVING    the block may be preserved or not; its contents are there
 *   PRESERVED     it is
 *   UNPRESERVING  as PRESERVING
 *
 * The memory of a slot is the thread's in any state but EMPTY, with one exception: that of
 * kho_alloc_preserve() is allocated after the slot enters PRESERVING and freed before it leaves
 * UNPRESERVING, so that nothing is known of it in these but its size.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kexec_handover.h>

#include <linux/io.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#define STRESS_SUBTREE "kho-stress"
#define STRESS_MAGIC 0x535345525453484bULL
#define STRESS_SLOTS 80
#define STRESS_BLOBS 6
#define STRESS_MAX_THREADS 32
#define STRESS_NAMERS 2
#define GOLDEN 0x9e3779b97f4a7c15ULL

enum stress_state {
	STRESS_EMPTY,
	STRESS_PRESERVING,
	STRESS_PRESERVED,
	STRESS_UNPRESERVING,
};

enum stress_kind {
	STRESS_FOLIO,
	STRESS_PAGES,
	STRESS_VMALLOC,
	STRESS_ALLOC,
	STRESS_KINDS,
	STRESS_BLOB = STRESS_KINDS,
};

struct stress_slot_ser {
	u64 phys; /* not of an area of vmalloc */
	u64 number; /* of the contents */
	u32 state;
	u16 kind;
	u16 order; /* of a folio */
	u32 nr_pages;
	u32 reserved;
	struct kho_vmalloc vmalloc;
};

struct stress_journal_ser {
	u32 namer; /* its slots are subtrees */
	u32 nr_slots;
	u64 nr_changes;
	struct stress_slot_ser slot[STRESS_SLOTS];
};

static_assert(sizeof(struct stress_journal_ser) <= PAGE_SIZE);

/* The blob of the subtree of this module. */
struct stress_root_ser {
	u64 magic;
	u64 seed;
	u64 nr_journals;
	u64 journal_phys[STRESS_MAX_THREADS + STRESS_NAMERS];
};

/**
 * struct stress_thread - one of the threads
 * @task: NULL if it does not run
 * @journal: preserved page
 * @index: of the thread
 * @random: state of its generator
 * @addr: memory of each slot that is not empty
 */
struct stress_thread {
	struct task_struct *task;
	struct stress_journal_ser *journal;
	unsigned int index;
	u64 random;
	void *addr[STRESS_SLOTS];
};

static struct stress_thread *threads;
static unsigned int nr_threads;
static struct stress_root_ser *root;
static char result[200];
module_param_string(result, result, sizeof(result), 0400);
MODULE_PARM_DESC(result, "of the last command");

static unsigned long last;
module_param(last, ulong, 0400);
MODULE_PARM_DESC(last,
		 "address of the last byte of RAM, which cannot be preserved");

static unsigned long leeway;
module_param(leeway, ulong, 0400);
MODULE_PARM_DESC(leeway,
		 "bytes in transition at the jump that nobody could claim");

static int complain(int err, const char *what, u64 where)
{
	snprintf(result, sizeof(result), "%s at %#llx (%d)", what, where, err);
	pr_info("failed: %s\n", result);
	return err;
}

static u64 mix(u64 x)
{
	x ^= x >> 30;
	x *= 0xbf58476d1ce4e5b9ULL;
	x ^= x >> 27;
	x *= 0x94d049bb133111ebULL;
	return x ^ x >> 31;
}

static u64 random_below(struct stress_thread *t, u64 limit)
{
	t->random += GOLDEN;
	return mix(t->random) % limit;
}

static void fill(void *addr, u32 nr_pages, u64 number)
{
	u64 *word = addr, state = mix(number);
	size_t i;

	for (i = 0; i < nr_pages * (PAGE_SIZE / sizeof(*word)); i++)
		word[i] = state + i * GOLDEN;
}

static bool intact(const void *addr, u32 nr_pages, u64 number)
{
	const u64 *word = addr;
	u64 state = mix(number);
	size_t i;

	for (i = 0; i < nr_pages * (PAGE_SIZE / sizeof(*word)); i++)
		if (word[i] != state + i * GOLDEN)
			return false;
	return true;
}

/* Whatever was stored before is there when the machine is stopped after this. */
static void enter(struct stress_slot_ser *slot, enum stress_state state)
{
	/* What the state promises was done before it is entered. */
	smp_store_release(&slot->state, state);
}

/* --- blocks, this kernel */

static bool unfit(u64 phys, u64 nr_pages)
{
	return phys < SZ_1M || last - phys < nr_pages * PAGE_SIZE;
}

static bool vmalloc_unfit(const void *addr, u32 nr_pages)
{
	u32 i;

	for (i = 0; i < nr_pages; i++)
		if (unfit(page_to_phys(vmalloc_to_page(addr + i * PAGE_SIZE)),
			  1))
			return true;
	return false;
}

static void *alloc_block(struct stress_slot_ser *slot)
{
	const gfp_t gfp = GFP_KERNEL | __GFP_NOWARN | __GFP_NORETRY;
	size_t bytes = slot->nr_pages * PAGE_SIZE;
	struct page *page;

	switch (slot->kind) {
	case STRESS_FOLIO:
		page = alloc_pages(gfp | __GFP_COMP, slot->order);
		return page ? page_address(page) : NULL;
	case STRESS_PAGES:
		return alloc_pages_exact(bytes, gfp);
	case STRESS_VMALLOC:
		return vmalloc(bytes);
	}
	return NULL;
}

static void free_block(struct stress_slot_ser *slot, void *addr)
{
	switch (slot->kind) {
	case STRESS_FOLIO:
		free_pages((unsigned long)addr, slot->order);
		break;
	case STRESS_PAGES:
		free_pages_exact(addr, slot->nr_pages * PAGE_SIZE);
		break;
	case STRESS_VMALLOC:
		vfree(addr);
		break;
	}
}

static int preserve_block(struct stress_slot_ser *slot, void *addr)
{
	switch (slot->kind) {
	case STRESS_FOLIO:
		return kho_preserve_folio(virt_to_folio(addr));
	case STRESS_PAGES:
		return kho_preserve_pages(virt_to_page(addr), slot->nr_pages);
	case STRESS_VMALLOC:
		return kho_preserve_vmalloc(addr, &slot->vmalloc);
	}
	return -EINVAL;
}

static void unpreserve_block(struct stress_slot_ser *slot, void *addr)
{
	switch (slot->kind) {
	case STRESS_FOLIO:
		kho_unpreserve_folio(virt_to_folio(addr));
		break;
	case STRESS_PAGES:
		kho_unpreserve_pages(virt_to_page(addr), slot->nr_pages);
		break;
	case STRESS_VMALLOC:
		kho_unpreserve_vmalloc(&slot->vmalloc);
		break;
	}
}

/* The only reasons not to preserve a block: no memory, and where it lies. */
static void judge_refusal(struct stress_slot_ser *slot, void *addr, int err)
{
	bool ok = err == -ENOMEM;

	if (err == -EINVAL && slot->kind == STRESS_VMALLOC)
		ok = vmalloc_unfit(addr, slot->nr_pages);
	else if (err == -EINVAL)
		ok = unfit(slot->phys, slot->nr_pages);
	if (!ok)
		pr_err("BUG: a block of kind %u, %u pages, is refused: %d\n",
		       slot->kind, slot->nr_pages, err);
}

static void *take_alloc(struct stress_slot_ser *slot)
{
	void *addr;

	slot->phys = 0;
	enter(slot, STRESS_PRESERVING);
	addr = kho_alloc_preserve(slot->nr_pages * PAGE_SIZE);
	if (IS_ERR(addr)) {
		if (PTR_ERR(addr) != -ENOMEM)
			pr_err("BUG: %u pages are refused: %ld\n",
			       slot->nr_pages, PTR_ERR(addr));
		enter(slot, STRESS_EMPTY);
		return NULL;
	}
	fill(addr, slot->nr_pages, slot->number);
	slot->phys = virt_to_phys(addr);
	enter(slot, STRESS_PRESERVED);
	return addr;
}

static void *take_block(struct stress_slot_ser *slot)
{
	void *addr = alloc_block(slot);
	int err;

	if (!addr)
		return NULL;
	fill(addr, slot->nr_pages, slot->number);
	slot->phys = slot->kind == STRESS_VMALLOC ? 0 : virt_to_phys(addr);
	enter(slot, STRESS_PRESERVING);
	err = preserve_block(slot, addr);
	if (!err) {
		enter(slot, STRESS_PRESERVED);
		return addr;
	}
	judge_refusal(slot, addr, err);
	enter(slot, STRESS_EMPTY);
	free_block(slot, addr);
	return NULL;
}

/* Mostly small; now and then as large as it gets. */
static void choose_block(struct stress_thread *t, struct stress_slot_ser *slot)
{
	unsigned int order = random_below(t, 5);

	if (!random_below(t, 64))
		order = 9;
	slot->number = t->random;
	slot->kind = random_below(t, STRESS_KINDS);
	slot->order = order;
	slot->nr_pages = 1U << order;
	if (slot->kind == STRESS_PAGES || slot->kind == STRESS_VMALLOC)
		slot->nr_pages = 1 + random_below(t, slot->nr_pages);
}

static void leave_block(struct stress_slot_ser *slot, void *addr)
{
	enter(slot, STRESS_UNPRESERVING);
	if (slot->kind == STRESS_ALLOC) {
		kho_unpreserve_free(addr);
		enter(slot, STRESS_EMPTY);
		return;
	}
	unpreserve_block(slot, addr);
	enter(slot, STRESS_EMPTY);
	memset(addr, 0x5a, slot->nr_pages * PAGE_SIZE);
	free_block(slot, addr);
}

static void change_block(struct stress_thread *t, unsigned int i)
{
	struct stress_slot_ser *slot = &t->journal->slot[i];

	if (slot->state == STRESS_PRESERVED) {
		leave_block(slot, t->addr[i]);
		t->addr[i] = NULL;
		return;
	}
	choose_block(t, slot);
	t->addr[i] = slot->kind == STRESS_ALLOC ? take_alloc(slot) :
						  take_block(slot);
}

/* --- subtrees, this kernel */

static void name_of(char *name, size_t size, unsigned int thread,
		    unsigned int slot)
{
	snprintf(name, size, "stress-%u-%u", thread, slot);
}

/* The blob stays preserved; what comes and goes is its name. */
static void change_subtree(struct stress_thread *t, unsigned int i)
{
	struct stress_slot_ser *slot = &t->journal->slot[i];
	char name[32];
	int err;

	if (slot->state == STRESS_PRESERVED) {
		enter(slot, STRESS_UNPRESERVING);
		kho_remove_subtree(t->addr[i]);
		enter(slot, STRESS_EMPTY);
		return;
	}
	slot->number = t->random;
	fill(t->addr[i], 1, slot->number);
	name_of(name, sizeof(name), t->index, i);
	enter(slot, STRESS_PRESERVING);
	err = kho_add_subtree(name, t->addr[i], PAGE_SIZE);
	if (err && err != -ENOMEM)
		pr_err("BUG: subtree %s is refused: %d\n", name, err);
	enter(slot, err ? STRESS_EMPTY : STRESS_PRESERVED);
}

static int alloc_blobs(struct stress_thread *t)
{
	unsigned int i;
	void *blob;

	for (i = 0; i < STRESS_BLOBS; i++) {
		blob = kho_alloc_preserve(PAGE_SIZE);
		if (IS_ERR(blob))
			return PTR_ERR(blob);
		t->addr[i] = blob;
		t->journal->slot[i].phys = virt_to_phys(blob);
		t->journal->slot[i].nr_pages = 1;
		t->journal->slot[i].kind = STRESS_BLOB;
	}
	return 0;
}

/* --- the threads */

static void change(struct stress_thread *t)
{
	unsigned int i = random_below(t, t->journal->nr_slots);

	if (t->journal->namer)
		change_subtree(t, i);
	else
		change_block(t, i);
	t->journal->nr_changes++;
}

static int stress_thread_run(void *data)
{
	/* The scenario's own commands shall get a processor now and then. */
	set_user_nice(current, 5);
	while (!kthread_should_stop()) {
		change(data);
		cond_resched();
	}
	return 0;
}

static int thread_prepare(struct stress_thread *t, unsigned int index,
			  bool namer, u64 seed)
{
	void *page = kho_alloc_preserve(PAGE_SIZE);

	if (IS_ERR(page))
		return complain(PTR_ERR(page), "no journal", index);
	t->journal = page;
	t->journal->namer = namer;
	t->journal->nr_slots = namer ? STRESS_BLOBS : STRESS_SLOTS;
	t->index = index;
	t->random = mix(seed + index);
	root->journal_phys[index] = virt_to_phys(page);
	root->nr_journals = index + 1;
	return namer ? alloc_blobs(t) : 0;
}

static void thread_clean(struct stress_thread *t)
{
	unsigned int i;

	for (i = 0; t->journal && i < t->journal->nr_slots; i++) {
		bool used = t->journal->slot[i].state == STRESS_PRESERVED;

		if (t->journal->namer) {
			if (used)
				kho_remove_subtree(t->addr[i]);
			kho_unpreserve_free(t->addr[i]);
		} else if (used) {
			leave_block(&t->journal->slot[i], t->addr[i]);
		}
	}
	kho_unpreserve_free(t->journal);
}

static void stress_stop(void)
{
	unsigned int i;
	u64 changes = 0;

	for (i = 0; i < nr_threads; i++)
		if (threads[i].task)
			kthread_stop(threads[i].task);
	if (root)
		kho_remove_subtree(root);
	for (i = 0; i < nr_threads; i++) {
		if (threads[i].journal)
			changes += threads[i].journal->nr_changes;
		thread_clean(&threads[i]);
	}
	kho_unpreserve_free(root);
	kfree(threads);
	root = NULL;
	threads = NULL;
	nr_threads = 0;
	snprintf(result, sizeof(result), "%llu changes", changes);
}

static int stress_prepare(u64 seed)
{
	unsigned int i;
	void *page;
	int err = 0;

	page = kho_alloc_preserve(sizeof(*root));
	if (IS_ERR(page))
		return complain(PTR_ERR(page), "no root", 0);
	root = page;
	root->magic = STRESS_MAGIC;
	root->seed = seed;
	for (i = 0; !err && i < nr_threads; i++)
		err = thread_prepare(&threads[i], i,
				     i >= nr_threads - STRESS_NAMERS, seed);
	if (err)
		return err;
	err = kho_add_subtree(STRESS_SUBTREE, root, sizeof(*root));
	return err ? complain(err, "no subtree", 0) : 0;
}

static int stress_run(void)
{
	struct task_struct *task;
	unsigned int i;

	for (i = 0; i < nr_threads; i++) {
		task = kthread_run(stress_thread_run, &threads[i],
				   "kho_stress/%u", i);
		if (IS_ERR(task))
			return complain(PTR_ERR(task), "no thread", i);
		threads[i].task = task;
	}
	return 0;
}

static int stress_start(const char *args)
{
	unsigned int wanted;
	u64 seed;
	int err;

	if (sscanf(args, "%u %llu", &wanted, &seed) != 2 || !wanted ||
	    wanted > STRESS_MAX_THREADS)
		return complain(-EINVAL, "usage: start THREADS SEED", 0);
	if (threads)
		return complain(-EBUSY, "threads run", 0);
	threads = kcalloc(wanted + STRESS_NAMERS, sizeof(*threads), GFP_KERNEL);
	if (!threads)
		return complain(-ENOMEM, "no memory", 0);
	nr_threads = wanted + STRESS_NAMERS;
	err = stress_prepare(seed);
	if (!err)
		err = stress_run();
	if (err)
		stress_stop();
	return err;
}

/* --- the next kernel */

/* What the previous kernel's threads left, in numbers. */
struct stress_tally {
	u64 blocks;
	u64 pages;
	u64 subtrees;
	u64 in_transition;
	u64 tried;
	u64 came;
	u64 changes;
};

static void *restore_slot(const struct stress_slot_ser *slot)
{
	struct folio *folio;
	struct page *page;

	if (slot->kind == STRESS_VMALLOC)
		return kho_restore_vmalloc(&slot->vmalloc);
	if (slot->kind == STRESS_PAGES) {
		page = kho_restore_pages(slot->phys, slot->nr_pages);
		return page ? page_address(page) : NULL;
	}
	folio = kho_restore_folio(slot->phys);
	return folio ? folio_address(folio) : NULL;
}

static void free_restored(const struct stress_slot_ser *slot, void *addr)
{
	u32 i;

	switch (slot->kind) {
	case STRESS_VMALLOC:
		vfree(addr);
		break;
	case STRESS_PAGES:
		for (i = 0; i < slot->nr_pages; i++)
			free_page((unsigned long)addr + i * PAGE_SIZE);
		break;
	default:
		folio_put(virt_to_folio(addr));
	}
}

static int check_contents(const struct stress_slot_ser *slot, void *addr)
{
	int err = 0;

	if (slot->kind != STRESS_VMALLOC && slot->kind != STRESS_PAGES &&
	    folio_nr_pages(virt_to_folio(addr)) != slot->nr_pages)
		err = complain(-EIO, "size of the folio differs", slot->phys);
	if (!err && !intact(addr, slot->nr_pages, slot->number))
		err = complain(-EIO, "contents differ", slot->phys);
	return err;
}

static int check_preserved(const struct stress_slot_ser *slot,
			   struct stress_tally *tally)
{
	void *addr = restore_slot(slot);
	int err;

	if (!addr)
		return complain(-ENOENT, "a preserved block is not there",
				slot->phys ?: slot->number);
	err = check_contents(slot, addr);
	free_restored(slot, addr);
	tally->blocks++;
	tally->pages += slot->nr_pages;
	return err;
}

/*
 * There or not. Of vmalloc areas and of kho_alloc_preserve() nothing is known but the size: a
 * descriptor may be half written, memory may be another's by now.
 */
static int check_in_transition(const struct stress_slot_ser *slot,
			       struct stress_tally *tally)
{
	void *addr = NULL;
	int err = 0;

	tally->in_transition++;
	if (slot->kind == STRESS_FOLIO || slot->kind == STRESS_PAGES) {
		addr = restore_slot(slot);
		tally->tried++;
	}
	if (!addr) {
		/* And a page of a vmalloc area's descriptor. */
		leeway += (slot->nr_pages + 1) * PAGE_SIZE;
		return 0;
	}
	tally->came++;
	err = check_contents(slot, addr);
	free_restored(slot, addr);
	return err;
}

static int check_subtree(const struct stress_slot_ser *slot, unsigned int t,
			 unsigned int i, struct stress_tally *tally)
{
	bool found, wanted = slot->state == STRESS_PRESERVED;
	void *blob = restore_slot(slot);
	phys_addr_t phys;
	char name[32];
	size_t size;
	int err = 0;

	if (!blob)
		return complain(-ENOENT, "a blob is not there", slot->phys);
	name_of(name, sizeof(name), t, i);
	found = !kho_retrieve_subtree(name, &phys, &size);
	if (found != wanted &&
	    (slot->state == STRESS_EMPTY || slot->state == STRESS_PRESERVED))
		err = complain(-EIO, wanted ? "no subtree" : "stale subtree",
			       t * 100 + i);
	if (!err && found && (phys != slot->phys || size != PAGE_SIZE))
		err = complain(-EIO, "another blob", phys);
	if (!err && found)
		err = check_contents(slot, blob);
	free_restored(slot, blob);
	tally->subtrees += found;
	return err;
}

static int check_slot(const struct stress_journal_ser *journal, unsigned int t,
		      unsigned int i, bool certain, struct stress_tally *tally)
{
	const struct stress_slot_ser *slot = &journal->slot[i];

	if (journal->namer)
		return certain ? check_subtree(slot, t, i, tally) : 0;
	if (slot->state == STRESS_PRESERVED)
		return certain ? check_preserved(slot, tally) : 0;
	if (slot->state == STRESS_EMPTY)
		return 0;
	return certain ? 0 : check_in_transition(slot, tally);
}

static int check_journals(const struct stress_root_ser *in, bool certain,
			  struct stress_tally *tally)
{
	const struct stress_journal_ser *journal;
	unsigned int t, i;
	int err = 0;

	for (t = 0; !err && t < in->nr_journals; t++) {
		journal = phys_to_virt(in->journal_phys[t]);
		if (certain)
			tally->changes += journal->nr_changes;
		for (i = 0; !err && i < journal->nr_slots; i++)
			err = check_slot(journal, t, i, certain, tally);
		cond_resched();
	}
	return err;
}

static int check_all(const struct stress_root_ser *in)
{
	struct stress_tally tally = {};
	unsigned int t;
	int err = 0;

	if (in->magic != STRESS_MAGIC ||
	    in->nr_journals > ARRAY_SIZE(in->journal_phys))
		return complain(-EIO, "contents of the root", in->magic);
	for (t = 0; t < in->nr_journals; t++)
		if (!kho_restore_folio(in->journal_phys[t]))
			return complain(-ENOENT, "a journal is not there", t);
	/* What was certain first: what was in transition may be part of it by now. */
	err = check_journals(in, true, &tally);
	if (!err)
		err = check_journals(in, false, &tally);
	for (t = 0; t < in->nr_journals; t++)
		free_page((unsigned long)phys_to_virt(in->journal_phys[t]));
	if (!err)
		snprintf(
			result, sizeof(result),
			"%llu changes: %llu blocks, %llu pages, %llu subtrees; %llu in transition, of which %llu could be looked for and %llu came",
			tally.changes, tally.blocks, tally.pages,
			tally.subtrees, tally.in_transition, tally.tried,
			tally.came);
	return err;
}

static int stress_check(void)
{
	struct folio *folio;
	phys_addr_t phys;
	int err;

	leeway = 0;
	err = kho_retrieve_subtree(STRESS_SUBTREE, &phys, NULL);
	if (err)
		return complain(err, "cannot retrieve the subtree", 0);
	folio = kho_restore_folio(phys);
	if (!folio)
		return complain(-ENOENT, "the root is not there", phys);
	err = check_all(folio_address(folio));
	folio_put(folio);
	return err;
}

/* --- commands */

static int stress_command(const char *text, const struct kernel_param *kp)
{
	if (!strncmp(text, "start ", 6))
		return stress_start(text + 6);
	if (sysfs_streq(text, "stop")) {
		stress_stop();
		return 0;
	}
	if (sysfs_streq(text, "check"))
		return stress_check();
	return complain(-EINVAL, "unknown command", 0);
}

static const struct kernel_param_ops run_ops = {
	.set = stress_command,
};
module_param_cb(run, &run_ops, NULL, 0200);
MODULE_PARM_DESC(run, "a command");

static int __init kho_stress_init(void)
{
	return 0;
}
module_init(kho_stress_init);

static void __exit kho_stress_exit(void)
{
	stress_stop();
}
module_exit(kho_stress_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Kexec HandOver under stress");
