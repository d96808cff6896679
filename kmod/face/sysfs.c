// SPDX-License-Identifier: GPL-2.0
/* /sys/kernel/kho: the state of both sides, one value a file. Described in docs/abi/sysfs-kho. */

#include <linux/kho.h>
#include <linux/kobject.h>
#include <linux/slab.h>
#include <linux/sysfs.h>

#include "kmod/face/face.h"
#include "kmod/image/image.h"
#include "kmod/kho.h"
#include "kmod/out/out.h"

/**
 * struct value - one file
 * @attr: the file
 * @show: writes the value with its newline
 * @offset: where struct kho_ioctl_status has it, for those that only print a member
 */
struct value {
	struct kobj_attribute attr;
	int (*show)(const struct kho_ioctl_status *status,
		    const struct value *value, char *buf);
	size_t offset;
};

static ssize_t kho_value_show(struct kobject *kobj, struct kobj_attribute *attr,
			      char *buf)
{
	const struct value *value = container_of(attr, struct value, attr);
	struct kho_ioctl_status *status;
	ssize_t n;

	status = kmalloc(sizeof(*status), GFP_KERNEL);
	if (!status)
		return -ENOMEM;
	kho_status_get(status);
	n = value->show(status, value, buf);
	kfree(status);
	return n;
}

#define VALUE(_variable, _name, _mode, _show, _offset)              \
	static struct value _variable = {                           \
		.attr = __ATTR(_name, _mode, kho_value_show, NULL), \
		.show = _show,                                      \
		.offset = _offset,                                  \
	}

/* A file that prints a member of struct kho_ioctl_status. */
#define MEMBER(_variable, _name, _mode, _show, _member) \
	VALUE(_variable, _name, _mode, _show,           \
	      offsetof(struct kho_ioctl_status, _member))

/* A file that prints an instant of the previous kernel. */
#define STAMP(_variable, _name, _stamp) \
	MEMBER(_variable, _name, 0444, show_u64, in_stamp_ns[_stamp])

static int show_u64(const struct kho_ioctl_status *status,
		    const struct value *value, char *buf)
{
	return sysfs_emit(buf, "%llu\n",
			  *(u64 *)((char *)status + value->offset));
}

static int show_u32(const struct kho_ioctl_status *status,
		    const struct value *value, char *buf)
{
	return sysfs_emit(buf, "%u\n",
			  *(u32 *)((char *)status + value->offset));
}

static int show_text(const struct kho_ioctl_status *status,
		     const struct value *value, char *buf)
{
	return sysfs_emit(buf, "%s\n", (char *)status + value->offset);
}

/* ------------------------------------------------------------------------- the outgoing side */

static int show_enabled(const struct kho_ioctl_status *status,
			const struct value *value, char *buf)
{
	return sysfs_emit(buf, "%d\n", !!(status->flags & KHO_STATUS_ENABLED));
}

static int show_abi(const struct kho_ioctl_status *status,
		    const struct value *value, char *buf)
{
	return sysfs_emit(buf, KHO_FDT_COMPATIBLE "\n");
}

static int show_version(const struct kho_ioctl_status *status,
			const struct value *value, char *buf)
{
	return sysfs_emit(buf, KHO_MODULE_VERSION_STRING "\n");
}

static const char *image_word(const struct kho_ioctl_status *status)
{
	if (!(status->flags & KHO_STATUS_IMAGE_LOADED))
		return "none";
	if (status->flags & KHO_STATUS_FOREIGN_IMAGE)
		return "foreign";
	return status->flags & KHO_STATUS_STALE_IMAGE ? "stale" : "loaded";
}

static int show_image(const struct kho_ioctl_status *status,
		      const struct value *value, char *buf)
{
	return sysfs_emit(buf, "%s\n", image_word(status));
}

static int show_state(const struct kho_ioctl_status *status,
		      const struct value *value, char *buf)
{
	const char *word = status->out_blocks ? "holding" : "idle";

	if (!(status->flags & KHO_STATUS_ENABLED))
		word = "off";
	else if (!strcmp(image_word(status), "loaded"))
		word = "ready";
	return sysfs_emit(buf, "%s\n", word);
}

/* User space says when services begin to stop (true), and when they do not after all. */
static ssize_t kho_stopping_store(struct kobject *kobj,
				  struct kobj_attribute *attr, const char *buf,
				  size_t bytes)
{
	bool stopping;
	int ret = kstrtobool(buf, &stopping);

	if (ret)
		return ret;
	if (!kho_enabled)
		return -EOPNOTSUPP;
	if (stopping)
		kho_out_stamp(KHO_STAMP_STOPPING);
	else
		kho_out_unstamp(KHO_STAMP_STOPPING);
	return bytes;
}

static int show_foreign(const struct kho_ioctl_status *status,
			const struct value *value, char *buf)
{
	return sysfs_emit(buf, "%s\n",
			  kho_image_refuses_foreign() ? "refuse" : "warn");
}

/* What happens to an image that another program loads, while anything is preserved. */
static ssize_t kho_foreign_store(struct kobject *kobj,
				 struct kobj_attribute *attr, const char *buf,
				 size_t bytes)
{
	int ret;

	if (!sysfs_streq(buf, "refuse") && !sysfs_streq(buf, "warn"))
		return -EINVAL;
	ret = kho_image_set_foreign(sysfs_streq(buf, "refuse"));
	return ret ?: bytes;
}

VALUE(enabled, enabled, 0444, show_enabled, 0);
VALUE(abi, abi, 0444, show_abi, 0);
VALUE(version, version, 0444, show_version, 0);
VALUE(state, state, 0444, show_state, 0);
VALUE(image, image, 0444, show_image, 0);
MEMBER(preserved_bytes, preserved_bytes, 0444, show_u64, out_bytes);
MEMBER(preserved_blocks, preserved_blocks, 0444, show_u64, out_blocks);
MEMBER(overhead_bytes, overhead_bytes, 0444, show_u64, out_overhead_bytes);
MEMBER(extents, extents, 0444, show_u32, nr_extents);
MEMBER(extent_bytes, extent_bytes, 0444, show_u64, out_extent_bytes);
MEMBER(scratch_bytes, scratch_bytes, 0444, show_u64, out_scratch_bytes);
MEMBER(sessions, sessions, 0444, show_u32, out_sessions);
MEMBER(session_bytes, session_bytes, 0444, show_u64, out_session_bytes);
MEMBER(trees, trees, 0444, show_u32, out_trees);
MEMBER(tree_bytes, tree_bytes, 0444, show_u64, out_tree_bytes);

static struct value stopping = {
	.attr = __ATTR(stopping_time_ns, 0644, kho_value_show,
		       kho_stopping_store),
	.show = show_u64,
	.offset = offsetof(struct kho_ioctl_status, out_stopping_ns),
};

static struct value foreign = {
	.attr = __ATTR(foreign, 0644, kho_value_show, kho_foreign_store),
	.show = show_foreign,
};

static struct attribute *out_attrs[] = {
	&enabled.attr.attr,
	&abi.attr.attr,
	&version.attr.attr,
	&state.attr.attr,
	&image.attr.attr,
	&preserved_bytes.attr.attr,
	&preserved_blocks.attr.attr,
	&overhead_bytes.attr.attr,
	&extents.attr.attr,
	&extent_bytes.attr.attr,
	&scratch_bytes.attr.attr,
	&sessions.attr.attr,
	&session_bytes.attr.attr,
	&trees.attr.attr,
	&tree_bytes.attr.attr,
	&stopping.attr.attr,
	&foreign.attr.attr,
	NULL,
};

static const struct attribute_group out_group = { .attrs = out_attrs };

/* ------------------------------------------------------------------------- the incoming side */

static int show_result(const struct kho_ioctl_status *status,
		       const struct value *value, char *buf)
{
	const char *word = "none";

	if (status->flags & KHO_STATUS_IN_DROPPED)
		word = "dropped";
	else if (status->flags & KHO_STATUS_IN_REFUSED)
		word = "refused";
	else if (status->flags & KHO_STATUS_IN_ACCEPTED)
		word = "accepted";
	return sysfs_emit(buf, "%s\n", word);
}

VALUE(in_result, result, 0444, show_result, 0);
/* It may name a physical address. */
MEMBER(in_reason, reason, 0400, show_text, in_reason);
MEMBER(in_from_release, from_release, 0444, show_text, in_release);
MEMBER(in_from_version, from_version, 0444, show_text, in_module_version);
MEMBER(in_kexec_count, kexec_count, 0444, show_u32, kexec_count);
MEMBER(in_blocks, blocks, 0444, show_u64, in_blocks);
MEMBER(in_bytes, bytes, 0444, show_u64, in_bytes);
MEMBER(in_unclaimed, unclaimed_bytes, 0444, show_u64, in_unclaimed_bytes);
MEMBER(in_sessions, sessions, 0444, show_u32, in_sessions);
MEMBER(in_trees, trees, 0444, show_u32, in_trees);
MEMBER(in_released, released_bytes, 0444, show_u64, in_released_bytes);
MEMBER(in_validate, validate_ns, 0444, show_u64, in_validate_ns);
MEMBER(in_release, release_ns, 0444, show_u64, in_release_ns);
STAMP(in_module_load, module_load_time_ns, KHO_STAMP_MODULE_LOAD);
STAMP(in_image_load, image_load_time_ns, KHO_STAMP_IMAGE_LOAD);
STAMP(in_reboot, reboot_time_ns, KHO_STAMP_REBOOT);
MEMBER(in_stopping, stopping_time_ns, 0444, show_u64, in_stopping_ns);
MEMBER(in_ready, ready_time_ns, 0444, show_u64, in_ready_ns);

static struct attribute *in_attrs[] = {
	&in_result.attr.attr,
	&in_reason.attr.attr,
	&in_from_release.attr.attr,
	&in_from_version.attr.attr,
	&in_kexec_count.attr.attr,
	&in_blocks.attr.attr,
	&in_bytes.attr.attr,
	&in_unclaimed.attr.attr,
	&in_sessions.attr.attr,
	&in_trees.attr.attr,
	&in_released.attr.attr,
	&in_validate.attr.attr,
	&in_release.attr.attr,
	&in_module_load.attr.attr,
	&in_image_load.attr.attr,
	&in_reboot.attr.attr,
	&in_stopping.attr.attr,
	&in_ready.attr.attr,
	NULL,
};

static const struct attribute_group in_group = {
	.name = "incoming",
	.attrs = in_attrs,
};

/* ------------------------------------------------------------------------------ init and exit */

static const struct attribute_group *groups[] = { &out_group, &in_group, NULL };
static struct kobject *dir;

/**
 * kho_sysfs_init() - make the files; handing over works without them too
 */
void kho_sysfs_init(void)
{
	int ret = -ENOMEM;

	dir = kobject_create_and_add("kho", kernel_kobj);
	if (dir)
		ret = sysfs_create_groups(dir, groups);
	if (!ret)
		return;
	pr_warn("cannot make /sys/kernel/kho (error %d)\n", ret);
	kho_sysfs_exit();
}

/**
 * kho_sysfs_exit() - remove the files; waits for readers
 */
void kho_sysfs_exit(void)
{
	kobject_put(dir);
	dir = NULL;
}
