// SPDX-License-Identifier: GPL-2.0
/* kho status: what is preserved, which image is loaded, what came in. */
#include <errno.h>
#include <getopt.h>
#include <string.h>
#include <json-c/json.h>

#include "cli/base/dev.h"
#include "cli/base/keptdev.h"
#include "cli/base/klog.h"
#include "cli/base/printable.h"
#include "cli/image/aheadnote.h"
#include "cli/image/kexecload.h"
#include "cli/image/loaded.h"
#include "cli/image/room.h"
#include "cli/image/sysinfo.h"
#include "cli/base/output.h"
#include "cli/session/list.h"
#include "cli/verbs/verbs.h"

static const char help_text[] =
	"Usage: kho status [OPTION...]\n\n"
	"Show what is preserved for the next kernel, what became of what the previous kernel "
	"left, and\n"
	"which image is loaded.\n\n"
	"Options:\n"
	"  --json      the same as JSON; sizes in bytes, instants in nanoseconds since 1970\n"
	"  -h, --help  this help\n\n"
	"Exit status: 0 success, 1 failure (such as: the module is not loaded), 2 wrong "
	"usage, 6 not\n"
	"permitted.\n\n"
	"Examples:\n"
	"  kho status\n"
	"  kho status --json | jq .out.bytes\n";

static const struct {
	u32 flag;
	const char *name;
} flag_names[] = {
	{ KHO_STATUS_ENABLED, "enabled" },
	{ KHO_STATUS_IMAGE_LOADED, "image-loaded" },
	{ KHO_STATUS_FOREIGN_IMAGE, "foreign-image" },
	{ KHO_STATUS_STALE_IMAGE, "stale-image" },
	{ KHO_STATUS_IN_PRESENT, "in-present" },
	{ KHO_STATUS_IN_ACCEPTED, "in-accepted" },
	{ KHO_STATUS_IN_REFUSED, "in-refused" },
	{ KHO_STATUS_IN_DROPPED, "in-dropped" },
	{ KHO_STATUS_MAP_UNSAFE, "loading-unsafe" },
	{ KHO_STATUS_FILE_IMAGE, "file-image" },
	{ KHO_STATUS_ADOPTS, "adopts" },
	{ KHO_STATUS_IN_PLACE, "in-place" },
};

static const char *image_state_name(enum loaded_image state)
{
	static const char *const name[] = { "none", "kho", "foreign",
					    "unloaded-elsewhere", "stale" };

	return name[state];
}

static void add_string(struct json_object *o, const char *key,
		       const char *value)
{
	json_add_string(o, key, *value ? value : NULL);
}

static struct json_object *json_flags(u32 flags)
{
	struct json_object *list = json_object_new_array();
	size_t i;

	for (i = 0; i < ARRAY_LEN(flag_names); i++) {
		if (flags & flag_names[i].flag)
			json_object_array_add(
				list,
				json_object_new_string(flag_names[i].name));
	}
	return list;
}

static struct json_object *json_out(const struct kho_ioctl_status *st)
{
	struct json_object *o = json_object_new_object();

	json_add_number(o, "blocks", st->out_blocks);
	json_add_number(o, "bytes", st->out_bytes);
	json_add_number(o, "parcels", st->nr_parcels);
	json_add_number(o, "sessions", st->out_sessions);
	json_add_number(o, "session-bytes", st->out_session_bytes);
	json_add_number(o, "trees", st->out_trees);
	json_add_number(o, "tree-bytes", st->out_tree_bytes);
	json_add_number(o, "extents", st->nr_extents);
	json_add_number(o, "extent-bytes", st->out_extent_bytes);
	json_add_number(o, "scratch-areas", st->nr_scratch);
	json_add_number(o, "scratch-bytes", st->out_scratch_bytes);
	json_add_number(o, "overhead-bytes", st->out_overhead_bytes);
	add_string(o, "reason", st->out_reason);
	return o;
}

static struct json_object *json_in(const struct kho_ioctl_status *st)
{
	struct json_object *o = json_object_new_object();

	add_string(o, "release", st->in_release);
	add_string(o, "module-version", st->in_module_version);
	json_add_number(o, "blocks", st->in_blocks);
	json_add_number(o, "bytes", st->in_bytes);
	json_add_number(o, "unclaimed-bytes", st->in_unclaimed_bytes);
	json_add_number(o, "released-bytes", st->in_released_bytes);
	json_add_number(o, "sessions", st->in_sessions);
	json_add_number(o, "error", st->in_error);
	add_string(o, "reason", st->in_reason);
	json_add_number(o, "validate-ns", st->in_validate_ns);
	json_add_number(o, "release-ns", st->in_release_ns);
	json_add_number(o, "module-load-time-ns", st->in_stamp_ns[0]);
	json_add_number(o, "image-load-time-ns", st->in_stamp_ns[1]);
	json_add_number(o, "reboot-time-ns", st->in_stamp_ns[2]);
	json_add_number(o, "ready-time-ns", st->in_ready_ns);
	return o;
}

/* What the loaded image lacks to boot beside what is preserved, and @more. */
static u64 missing_beside(const struct kho_ioctl_status *st, u64 more)
{
	struct room_needs needs;

	if (loaded_image(st) != LOADED_OURS || !room_saved(&needs))
		return 0;
	return room_missing(&needs, room_withheld(st) + more);
}

static u64 missing_bytes(const struct kho_ioctl_status *st)
{
	return missing_beside(st, 0);
}

/*
 * What it lacks if trees go along as they are now: they are left behind then. Nobody knows how
 * they will lie, so this is the least.
 */
static u64 missing_for_trees(const struct kho_ioctl_status *st)
{
	return st->out_tree_bytes ? missing_beside(st, st->out_tree_bytes) : 0;
}

static const char *image_call(const struct kho_ioctl_status *st)
{
	return kexec_call_name(st->flags & KHO_STATUS_FILE_IMAGE ? KEXEC_FILE :
								   KEXEC_LOAD);
}

/* JSON: null where it is not known, as of images that others load. */
static void add_ahead(struct json_object *o, const struct kho_ioctl_status *st)
{
	struct ahead_note note = { 0 };
	bool known = loaded_image(st) == LOADED_OURS &&
		     ahead_note_read(st->image_pid, &note);

	json_object_object_add(o, "image-ahead",
			       known ? json_object_new_boolean(!note.kernel) :
				       NULL);
	add_string(o, "image-ahead-reason", note.kernel ? note.kernel : "");
	json_object_object_add(o, "initramfs-ahead",
			       known ? json_object_new_boolean(!note.initrd) :
				       NULL);
	add_string(o, "initramfs-ahead-reason", note.initrd ? note.initrd : "");
	ahead_note_free(&note);
}

static struct json_object *json_tree(const struct kept_info *t)
{
	autofree char *name = printable(t->name, strlen(t->name));
	autofree char *why = printable(t->why, strlen(t->why));
	struct json_object *o = json_object_new_object();

	add_string(o, "name", name);
	add_string(o, "state", kept_state_name(t->state));
	json_add_number(o, "bytes", t->bytes);
	json_add_number(o, "files", kept_nr_files(t));
	json_add_number(o, "filled", t->nr_filled);
	add_string(o, "reason", why);
	return o;
}

static struct json_object *json_trees(const struct kept_list *trees,
				      bool incoming)
{
	struct json_object *list = json_object_new_array();
	size_t i;

	for (i = 0; i < trees->nr; i++)
		if (trees->list[i].incoming == incoming)
			json_object_array_add(list, json_tree(&trees->list[i]));
	return list;
}

static struct json_object *json_closed(const struct session_losses *losses)
{
	struct json_object *list = json_object_new_array();
	size_t i;

	for (i = 0; i < losses->nr_closed; i++) {
		struct json_object *o = json_object_new_object();

		add_string(o, "name", losses->closed[i].name);
		json_add_number(o, "files", losses->closed[i].nr_files);
		json_add_number(o, "seconds-ago", losses->closed[i].seconds);
		json_object_array_add(list, o);
	}
	return list;
}

static struct json_object *json_lost(const struct session_losses *losses)
{
	struct json_object *list = json_object_new_array();
	size_t i;

	for (i = 0; i < losses->nr_lost; i++)
		json_object_array_add(list,
				      json_object_new_string(losses->lost[i]));
	return list;
}

static void print_json(const struct kho_ioctl_status *st,
		       const struct kept_list *trees,
		       const struct session_losses *losses)
{
	struct json_object *root = json_object_new_object();

	json_object_object_add(root, "flags", json_flags(st->flags));
	add_string(root, "image", image_state_name(loaded_image(st)));
	add_string(root, "image-program", st->image_program);
	json_add_number(root, "image-pid", st->image_pid);
	add_string(root, "image-syscall",
		   *st->image_program ? image_call(st) : "");
	add_string(root, "image-reason", st->image_why_not);
	add_ahead(root, st);
	add_string(root, "refused-reason", st->refused_why);
	json_add_number(root, "room-missing-bytes", missing_bytes(st));
	json_add_number(root, "tree-room-missing-bytes", missing_for_trees(st));
	json_add_number(root, "kexec-count", st->kexec_count);
	json_object_object_add(root, "out", json_out(st));
	json_object_object_add(root, "in", json_in(st));
	json_object_object_add(root, "trees", json_trees(trees, false));
	json_object_object_add(root, "in-trees", json_trees(trees, true));
	json_object_object_add(root, "closed-sessions", json_closed(losses));
	json_object_object_add(root, "in-lost-sessions", json_lost(losses));
	output_json(root);
}

static void print_out(const struct kho_ioctl_status *st)
{
	char a[32], b[32];

	printf("Preserved for the next kernel: %s in %llu blocks, %u parcel%s.\n",
	       human_bytes(st->out_bytes, a, sizeof(a)),
	       (unsigned long long)st->out_blocks, st->nr_parcels,
	       st->nr_parcels == 1 ? "" : "s");
	printf("  The next kernel will reserve %s in %u extent%s at first; the module itself "
	       "holds %s.\n",
	       human_bytes(st->out_extent_bytes, a, sizeof(a)), st->nr_extents,
	       st->nr_extents == 1 ? "" : "s",
	       human_bytes(st->out_overhead_bytes, b, sizeof(b)));
	if (st->out_sessions)
		printf("  %u session%s hold%s %s in files now; what is not preserved of it yet will be, "
		       "at the jump.\n",
		       st->out_sessions, st->out_sessions == 1 ? "" : "s",
		       st->out_sessions == 1 ? "s" : "",
		       human_bytes(st->out_session_bytes, a, sizeof(a)));
	if (st->nr_scratch)
		printf("  Memory held for the image: %s in %u area%s.\n",
		       human_bytes(st->out_scratch_bytes, a, sizeof(a)),
		       st->nr_scratch, st->nr_scratch == 1 ? "" : "s");
	if (!(st->flags & KHO_STATUS_ENABLED))
		puts("  The module is disabled: nothing more can be preserved.");
	if (st->flags & KHO_STATUS_MAP_UNSAFE)
		printf("  Loading an image is refused here: %s\n",
		       st->out_reason);
}

/* Kernels that kho-load.service would rather have loaded, one a line. */
static void print_passed_over(void)
{
	autofree char *text = sysinfo_text("/run/kho/passed-over");
	char *p = text;

	if (!p || !*p)
		return;
	while ((p = strchr(p, '\n')))
		*p++ = ' ';
	printf("  It is an older kernel: kho-load found that a handover would not work to %s;\n"
	       "  `systemctl status kho-load` tells why.\n",
	       text);
}

static void print_room(const struct kho_ioctl_status *st)
{
	autofree char *why = NULL;
	struct room_needs needs;
	u64 missing = missing_for_trees(st);
	char size[32];

	if (!missing_bytes(st) && missing)
		printf("  TREES WOULD BE LEFT BEHIND, the largest first: with all of them, %s are missing for it\n"
		       "  to boot. `kho check` looks closer.\n",
		       human_bytes(missing, size, sizeof(size)));
	if (!missing_bytes(st) || !room_saved(&needs))
		return;
	why = room_explain(&needs, room_withheld(st));
	printf("  IT WOULD NOT BOOT: %s.\n", why);
}

static void print_ahead(const struct kho_ioctl_status *st)
{
	struct ahead_note note;

	if (!ahead_note_read(st->image_pid, &note))
		return;
	if (note.kernel)
		printf("  Its kernel unpacks itself in the blackout, since %s.\n",
		       note.kernel);
	else
		puts("  Its kernel is unpacked already, so the blackout is shorter by that.");
	if (note.initrd)
		printf("  Its initramfs is unpacked in the blackout, since %s.\n",
		       note.initrd);
	ahead_note_free(&note);
}

/* Who has loaded it, and how. */
static void print_loader(const struct kho_ioctl_status *st)
{
	if (*st->image_program)
		printf("Image: loaded by %s[%u] with %s", st->image_program,
		       st->image_pid, image_call(st));
	else
		printf("Image: loaded without the kho module having seen it");
}

static void print_foreign(const struct kho_ioctl_status *st)
{
	print_loader(st);
	printf(", and IT CARRIES NOTHING%s%s:\n  ",
	       *st->image_why_not ? ", since " : "", st->image_why_not);
	puts(loaded_state(st) ?
		     "the next kernel would lose everything that is preserved; load it again with "
		     "`kho load`." :
		     "what is preserved from now on would be lost.");
}

static void print_image(const struct kho_ioctl_status *st)
{
	switch (loaded_image(st)) {
	case LOADED_NONE:
		puts("Image: none is loaded; `kho load` loads one.");
		break;
	case LOADED_OURS:
		print_loader(st);
		puts(", and carries what is preserved;\n"
		     "  `systemctl kexec` or `kho exec` starts it.");
		print_ahead(st);
		print_passed_over();
		print_room(st);
		break;
	case LOADED_FOREIGN:
		print_foreign(st);
		break;
	case LOADED_STALE:
		print_loader(st);
		puts(", and MEMORY CAME OR WENT SINCE:\n"
		     "  the next kernel would be told of what was there before; load it again with "
		     "`kho load`.");
		break;
	case LOADED_GONE:
		puts("Image: the one kho loaded was unloaded by another program; `kho unload` "
		     "gives its memory back.");
		break;
	}
}

static void print_times(const struct kho_ioctl_status *st)
{
	u64 reboot = st->in_stamp_ns[2];

	if (reboot && st->in_ready_ns > reboot)
		printf("  From its reboot to the module being ready here: %.2f s (by the clock "
		       "of the machine).\n",
		       (double)(st->in_ready_ns - reboot) / 1e9);
	printf("  Checking took %.1f ms, giving back the gaps %.1f ms.\n",
	       (double)st->in_validate_ns / 1e6,
	       (double)st->in_release_ns / 1e6);
}

#define NOT_NATIVE "Passed KHO data, but CONFIG_KEXEC_HANDOVER not set"

static void print_accepted(const struct kho_ioctl_status *st)
{
	char a[32], b[32], c[32];

	printf("From the previous kernel (%s, module %s, handover %u since cold boot): "
	       "accepted.\n",
	       *st->in_release ? st->in_release : "release unknown",
	       *st->in_module_version ? st->in_module_version : "unknown",
	       st->kexec_count);
	printf("  %s in %llu blocks came in, %s not claimed yet; %s between them were given "
	       "back.\n",
	       human_bytes(st->in_bytes, a, sizeof(a)),
	       (unsigned long long)st->in_blocks,
	       human_bytes(st->in_unclaimed_bytes, b, sizeof(b)),
	       human_bytes(st->in_released_bytes, c, sizeof(c)));
	if (st->in_sessions)
		printf("  %u session%s wait%s for a program to ask for %s.\n",
		       st->in_sessions, st->in_sessions == 1 ? "" : "s",
		       st->in_sessions == 1 ? "s" : "",
		       st->in_sessions == 1 ? "it" : "them");
	if (*st->in_reason)
		printf("  A part of it was REFUSED: %s.\n"
		       "  Its memory stays reserved; `kho drop --incoming` gives it back.\n",
		       st->in_reason);
	print_times(st);
	/* Kernels that could have handover of their own, but were built without it, say so. */
	if (klog_has(NOT_NATIVE))
		puts("  The kernel's log says \"" NOT_NATIVE
		     "\":\n  that is about handover of its own, which it was built without; the kho module took over.");
}

static void print_in(const struct kho_ioctl_status *st)
{
	if (!(st->flags & KHO_STATUS_IN_PRESENT))
		puts("From the previous kernel: nothing.");
	else if (st->flags & KHO_STATUS_IN_REFUSED)
		printf("From the previous kernel: REFUSED. %s (%s)\n  Its memory %s\n",
		       st->in_reason, strerror((int)st->in_error),
		       st->flags & KHO_STATUS_IN_DROPPED ?
			       "was given back by `kho drop`." :
			       "stays reserved until `kho drop --incoming`.");
	else if (st->flags & KHO_STATUS_IN_ACCEPTED)
		print_accepted(st);
	else
		puts("From the previous kernel: something came in that was not checked yet.");
	if (st->flags & KHO_STATUS_IN_DROPPED &&
	    !(st->flags & KHO_STATUS_IN_REFUSED))
		puts("  What nobody had claimed was given back by `kho drop`.");
}

static void print_kept(const struct kept_list *trees)
{
	const char *before = "Trees that the next kernel gets: ";
	size_t i;

	for (i = 0; i < trees->nr; i++) {
		const struct kept_info *t = &trees->list[i];
		autofree char *name = printable(t->name, strlen(t->name));
		char size[32];

		if (t->incoming)
			continue;
		printf("%s%s (%s)", before, name,
		       human_bytes(t->bytes, size, sizeof(size)));
		before = ", ";
	}
	if (*before == ',')
		puts(".");
}

static void print_came_in(const struct kept_info *t)
{
	autofree char *name = printable(t->name, strlen(t->name));
	autofree char *why = printable(t->why, strlen(t->why));
	char size[32];

	human_bytes(t->bytes, size, sizeof(size));
	switch (t->state) {
	case KHO_KEPT_STATE_WAITING:
		printf("  Tree %s waits for `kho restore`: %llu files, %s.\n",
		       name, (unsigned long long)t->nr_files, size);
		break;
	case KHO_KEPT_STATE_BEGUN:
		printf("  Tree %s was RESTORED IN PART, %llu of %llu files; `kho restore` goes on.\n",
		       name, (unsigned long long)t->nr_filled,
		       (unsigned long long)t->nr_files);
		break;
	case KHO_KEPT_STATE_REFUSED:
		printf("  Tree %s was REFUSED, since %s.\n"
		       "  Its memory stays reserved; `kho drop --incoming` gives it back.\n",
		       name, why);
		break;
	case KHO_KEPT_STATE_LOST:
		printf("  Tree %s is LOST, since %s.\n", name, why);
		break;
	}
}

static void print_in_trees(const struct kept_list *trees)
{
	size_t i;

	for (i = 0; i < trees->nr; i++)
		if (trees->list[i].incoming)
			print_came_in(&trees->list[i]);
}

static void print_closed(const struct session_losses *losses)
{
	autofree char *text = session_closed_text(losses);

	if (losses->nr_closed)
		printf("  Sessions that were closed with files in them, WHICH THE NEXT KERNEL WILL NOT GET:\n"
		       "  %s.\n",
		       text);
}

static void print_lost(const struct session_losses *losses)
{
	size_t i;

	for (i = 0; i < losses->nr_lost; i++)
		printf("  The previous kernel DID NOT HAND OVER session %s.\n",
		       losses->lost[i]);
}

static void print_people(const struct kho_ioctl_status *st,
			 const struct kept_list *trees,
			 const struct session_losses *losses)
{
	print_out(st);
	print_closed(losses);
	print_kept(trees);
	print_image(st);
	print_in(st);
	print_lost(losses);
	print_in_trees(trees);
}

static void show(const struct kho_ioctl_status *st, bool json)
{
	autokept struct kept_list trees = { 0 };
	int err = kept_list_read(&trees);
	struct session_losses losses;

	if (err)
		say("trees cannot be listed (%s); see the kernel log.",
		    strerror(-err));
	session_losses_read(&losses);
	if (json)
		print_json(st, &trees, &losses);
	else
		print_people(st, &trees, &losses);
	session_losses_free(&losses);
}

static int status(bool json)
{
	autoclose int fd = dev_open_or_say();
	struct kho_ioctl_status st;
	int err;

	if (fd < 0)
		return exit_code_of_open(fd);
	err = dev_status(fd, &st);
	if (!err && missing_bytes(&st)) {
		/* It may be for want of a closer look. */
		dev_settle(fd);
		err = dev_status(fd, &st);
	}
	if (err) {
		say("the kho module does not tell its state (%s); use a tool and module of the "
		    "same version.",
		    strerror(-err));
		return EXIT_FAILED;
	}
	show(&st, json);
	return finish_output();
}

int verb_status(int argc, char **argv)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'J' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	bool json = false;
	int c;

	while ((c = getopt_long(argc, argv, "Jh", options, NULL)) != -1) {
		if (c == 'h')
			return show_help(help_text);
		if (c != 'J')
			return usage_error("status");
		json = true;
	}
	if (optind != argc) {
		say("status takes no argument, but there is '%s'.",
		    argv[optind]);
		return usage_error("status");
	}
	return status(json);
}
