// SPDX-License-Identifier: GPL-2.0
/*
 * A file handler and three FLBs in a module of their own. The files are those of /dev/lutest;
 * each hands over a page of its own. `refuse` makes them impossible to freeze. What happened
 * shows in `events`: one letter for each call, files in lower case, FLBs in upper case.
 *
 * The number of a file descriptor that is written to /dev/lutest is taken if the file refuses to
 * be mapped for writing where it counts such mappings, else refused with EPERM.
 */

#include <linux/anon_inodes.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/io.h>
#include <linux/kernel.h>
#include <linux/kexec_handover.h>
#include <linux/kho_waiting.h>
#include <linux/liveupdate.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#define FILE_MAGIC 0x1d1d1d1d2e2e2e2eULL
#define FLB_MAGIC 0xfeedf00dcafebee0ULL

static bool refuse;
module_param(refuse, bool, 0600);
MODULE_PARM_DESC(refuse, "files cannot be frozen");

static bool not_yet;
module_param(not_yet, bool, 0600);
MODULE_PARM_DESC(not_yet, "files cannot be finished");

static char events[256];
module_param_string(events, events, sizeof(events), 0400);

static void event(char what)
{
	size_t n = strlen(events);

	if (n < sizeof(events) - 1)
		events[n] = what;
}

/* ------------------------------------------------------------------------------------- files */

static ssize_t lutest_read(struct file *file, char __user *to, size_t bytes,
			   loff_t *pos)
{
	return simple_read_from_buffer(to, bytes, pos, "lutest", 7);
}

static ssize_t lutest_write(struct file *file, const char __user *from,
			    size_t bytes, loff_t *pos)
{
	struct file *other;
	bool denied;
	int fd, ret;

	ret = kstrtoint_from_user(from, bytes, 10, &fd);
	if (ret)
		return ret;
	other = fget(fd);
	if (!other)
		return -EBADF;
	denied = atomic_read(&other->f_mapping->i_mmap_writable) < 0;
	fput(other);
	return denied ? bytes : -EPERM;
}

static const struct file_operations lutest_fops = {
	.owner = THIS_MODULE,
	.read = lutest_read,
	.write = lutest_write,
};

static bool can_preserve(struct liveupdate_file_handler *fh, struct file *file)
{
	return file->f_op == &lutest_fops;
}

static int preserve(struct liveupdate_file_op_args *args)
{
	u64 *page = kho_alloc_preserve(PAGE_SIZE);

	if (IS_ERR(page))
		return PTR_ERR(page);
	*page = FILE_MAGIC;
	args->private_data = page;
	args->serialized_data = virt_to_phys(page);
	event('p');
	return 0;
}

static void unpreserve(struct liveupdate_file_op_args *args)
{
	kho_unpreserve_free(args->private_data);
	event('u');
}

static int freeze(struct liveupdate_file_op_args *args)
{
	return refuse ? -EBUSY : 0;
}

static int retrieve(struct liveupdate_file_op_args *args)
{
	const u64 *page = kho_waiting_page(args->serialized_data);

	if (!page || *page != FILE_MAGIC)
		return -EINVAL;
	event('r');
	args->file = anon_inode_getfile("[lutest]", &lutest_fops, NULL, O_RDWR);
	return PTR_ERR_OR_ZERO(args->file);
}

static bool can_finish(struct liveupdate_file_op_args *args)
{
	return !not_yet;
}

static void finish(struct liveupdate_file_op_args *args)
{
	kho_restore_free(phys_to_virt(args->serialized_data));
	event('f');
}

static const struct liveupdate_file_ops file_ops = {
	.can_preserve = can_preserve,
	.preserve = preserve,
	.unpreserve = unpreserve,
	.freeze = freeze,
	.retrieve = retrieve,
	.can_finish = can_finish,
	.finish = finish,
	.owner = THIS_MODULE,
};

static struct liveupdate_file_handler handler = {
	.ops = &file_ops,
	.compatible = "lutest-v1",
};

/* -------------------------------------------------------------------------------------- FLBs */

static u64 magic_of(const struct liveupdate_flb *flb);

static int flb_preserve(struct liveupdate_flb_op_args *args)
{
	args->data = magic_of(args->flb);
	args->obj = args->flb;
	event('P');
	return 0;
}

static void flb_unpreserve(struct liveupdate_flb_op_args *args)
{
	event(args->obj == args->flb ? 'U' : '!');
}

static int flb_retrieve(struct liveupdate_flb_op_args *args)
{
	if (args->data != magic_of(args->flb))
		return -EINVAL;
	args->obj = args->flb;
	event('R');
	return 0;
}

static void flb_finish(struct liveupdate_flb_op_args *args)
{
	event(args->obj == args->flb ? 'F' : '!');
}

static const struct liveupdate_flb_ops flb_ops = {
	.preserve = flb_preserve,
	.unpreserve = flb_unpreserve,
	.retrieve = flb_retrieve,
	.finish = flb_finish,
	.owner = THIS_MODULE,
};

static struct liveupdate_flb flbs[] = {
	{ .ops = &flb_ops, .compatible = "lutest-flb-v0" },
	{ .ops = &flb_ops, .compatible = "lutest-flb-v1" },
	{ .ops = &flb_ops, .compatible = "lutest-flb-v2" },
};

static u64 magic_of(const struct liveupdate_flb *flb)
{
	return FLB_MAGIC + (flb - flbs);
}

/* ------------------------------------------------------------------------------------ module */

static struct miscdevice device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "lutest",
	.fops = &lutest_fops,
};

/* What the functions refuse. */
static int misuse(void)
{
	static struct liveupdate_flb same_name = {
		.ops = &flb_ops,
		.compatible = "lutest-flb-v0",
	};
	static struct liveupdate_flb no_ops = { .compatible = "no-ops" };
	static struct liveupdate_file_handler no_handler = {
		.ops = &file_ops,
		.compatible = "lutest-v1",
	};
	void *obj;

	if (liveupdate_register_file_handler(&no_handler) != -EEXIST ||
	    liveupdate_register_flb(&no_handler, &flbs[0]) != -EINVAL ||
	    liveupdate_register_flb(&handler, &no_ops) != -EINVAL ||
	    liveupdate_register_flb(&handler, &flbs[0]) != -EEXIST ||
	    liveupdate_register_flb(&handler, &same_name) != -EEXIST ||
	    liveupdate_flb_get_outgoing(&flbs[0], &obj) != -ENOENT)
		return -EINVAL;
	return 0;
}

static int try_incoming(struct liveupdate_flb *flb)
{
	void *obj;
	int ret = liveupdate_flb_get_incoming(flb, &obj);

	if (ret == -ENODATA || ret == -ENOENT)
		return 0;
	if (ret)
		return ret;
	liveupdate_flb_put_incoming(flb);
	return obj == flb ? 0 : -EINVAL;
}

static int __init lutest_init(void)
{
	unsigned int i;
	int ret;

	ret = liveupdate_register_file_handler(&handler);
	for (i = 0; !ret && i < ARRAY_SIZE(flbs); i++)
		ret = liveupdate_register_flb(&handler, &flbs[i]);
	for (i = 0; !ret && i < ARRAY_SIZE(flbs); i++)
		ret = try_incoming(&flbs[i]);
	if (!ret)
		ret = misuse();
	if (!ret)
		ret = misc_register(&device);
	if (ret)
		liveupdate_unregister_file_handler(&handler);
	return ret;
}

static void __exit lutest_exit(void)
{
	misc_deregister(&device);
	liveupdate_unregister_file_handler(&handler);
}

module_init(lutest_init);
module_exit(lutest_exit);
MODULE_DESCRIPTION("Test: a file handler and FLBs of another module");
MODULE_LICENSE("GPL");
