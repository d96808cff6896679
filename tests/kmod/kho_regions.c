// SPDX-License-Identifier: GPL-2.0
/*
 * A client of named reserved regions, for the scenarios of tests/vm. It is told what to do
 * through its parameter run:
 *
 *   fill NAME SEED     writes the whole region
 *   check NAME SEED    is every byte as `fill` has left it?
 *   zero NAME          is every byte zero?
 *   use NAME           find it, and do not put it
 *   put NAME           undo that
 *   release NAME       give it back, under upstream's name for that
 *   oops               a kernel thread of ours dies of a NULL pointer
 */

#include <linux/completion.h>
#include <linux/io.h>
#include <linux/kho_reserve.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched/task.h>

struct args {
	char name[32];
	u64 seed;
};

static u64 word_of(u64 seed, u64 i)
{
	return (seed * 2 + 1) * (i + 1) * 0x9e3779b97f4a7c15ULL;
}

static u64 expected(const struct args *a, u64 i, bool zero)
{
	return zero ? 0 : word_of(a->seed, i);
}

static int find(const struct args *a, u64 **words, u64 *nr)
{
	phys_addr_t phys, bytes;

	if (!reserve_mem_find_by_name(a->name, &phys, &bytes))
		return -ENOENT;
	*words = phys_to_virt(phys);
	*nr = bytes / sizeof(**words);
	return 0;
}

static int run_fill(const struct args *a)
{
	u64 *words, nr, i;
	int ret = find(a, &words, &nr);

	if (ret)
		return ret;
	for (i = 0; i < nr; i++)
		words[i] = word_of(a->seed, i);
	kho_reserve_put_by_name(a->name);
	return 0;
}

static int compare(const struct args *a, bool zero)
{
	u64 *words, nr, i;
	int ret = find(a, &words, &nr);

	if (ret)
		return ret;
	for (i = 0; i < nr && !ret; i++)
		if (words[i] != expected(a, i, zero))
			ret = -EBADMSG;
	if (ret)
		pr_err("%s: word %llu is %#llx\n", a->name, i - 1,
		       words[i - 1]);
	kho_reserve_put_by_name(a->name);
	return ret;
}

static int run_check(const struct args *a)
{
	return compare(a, false);
}

static int run_zero(const struct args *a)
{
	return compare(a, true);
}

static int run_use(const struct args *a)
{
	u64 *words, nr;

	return find(a, &words, &nr);
}

static int run_put(const struct args *a)
{
	kho_reserve_put_by_name(a->name);
	return 0;
}

static int run_release(const struct args *a)
{
	return reserve_mem_release_by_name(a->name) ? 0 : -EBUSY;
}

static DECLARE_COMPLETION(alive);

/* Not checked: the processor is to find out. */
static __no_sanitize_address int kho_regions_die(void *nowhere)
{
	complete(&alive);
	WRITE_ONCE(*(int *)nowhere, 1);
	return 0;
}

static int run_oops(const struct args *a)
{
	struct task_struct *task =
		kthread_create(kho_regions_die, NULL, "kho_regions_die");

	if (IS_ERR(task))
		return PTR_ERR(task);
	get_task_struct(task);
	reinit_completion(&alive);
	wake_up_process(task);
	/* A thread that is stopped before it runs never does. */
	wait_for_completion(&alive);
	/* Waits until it is dead. */
	kthread_stop(task);
	put_task_struct(task);
	return 0;
}

static const struct {
	const char *name;
	int (*run)(const struct args *args);
} commands[] = {
	{ "fill", run_fill },	    { "check", run_check },
	{ "zero", run_zero },	    { "use", run_use },
	{ "put", run_put },	    { "oops", run_oops },
	{ "release", run_release },
};

static int kho_regions_run(const char *val, const struct kernel_param *kp)
{
	char command[16] = "";
	struct args args = {};
	size_t i;

	if (sscanf(val, "%15s %31s %llu", command, args.name, &args.seed) < 1)
		return -EINVAL;
	for (i = 0; i < ARRAY_SIZE(commands); i++)
		if (!strcmp(commands[i].name, command))
			return commands[i].run(&args);
	return -EINVAL;
}

static const struct kernel_param_ops run_ops = { .set = kho_regions_run };

module_param_cb(run, &run_ops, NULL, 0200);
MODULE_PARM_DESC(run, "a command; see the head of kho_regions.c");

static int __init regions_init(void)
{
	return 0;
}
module_init(regions_init);

static void __exit regions_exit(void)
{
}
module_exit(regions_exit);

MODULE_DESCRIPTION("Client of named reserved regions for the test bed");
MODULE_LICENSE("GPL");
