// SPDX-License-Identifier: GPL-2.0
/*
 * kho exec: start the loaded kernel.
 */
#include <errno.h>
#include <getopt.h>
#include <string.h>

#include "cli/base/dev.h"
#include "cli/image/kexecload.h"
#include "cli/image/loaded.h"
#include "cli/image/room.h"
#include "cli/image/sysinfo.h"
#include "cli/verbs/verbs.h"

static const char help_text[] =
	"Usage: kho exec [OPTION...]\n"
	"       kho -e\n\n"
	"Start the loaded kernel now. File systems are synced, but no service is stopped and "
	"nothing is\n"
	"unmounted: `systemctl kexec` does that and then starts the same kernel.\n\n"
	"Options:\n"
	"  --force     start it even if it carries nothing and preserved memory would be "
	"lost,\n"
	"              or if so much is preserved that it would not boot\n"
	"  -h, --help  this help\n\n"
	"Exit status: does not return on success; 1 failure, 2 wrong usage, 5 the next kernel has\n"
	"too little room, 6 not permitted.\n\n"
	"Example:\n"
	"  kho load /boot/vmlinuz --initrd /boot/initrd.img --reuse-cmdline && kho exec\n";

/* Much may have been preserved since the load, which looked last. */
static bool would_not_boot(const struct kho_ioctl_status *st)
{
	autofree char *why = NULL;
	struct room_needs needs;

	if (loaded_image(st) != LOADED_OURS || !room_saved(&needs) ||
	    !room_missing(&needs, room_withheld(st)))
		return false;
	why = room_explain(&needs, room_withheld(st));
	say("nothing was done: %s; release some of what is preserved, or use --force.",
	    why);
	return true;
}

/* Would the loaded image let go of what is preserved? */
static bool loses_state(const struct kho_ioctl_status *st)
{
	char size[32];

	if (loaded_image(st) == LOADED_STALE) {
		say("memory was plugged or unplugged since the image was loaded, and the next "
		    "kernel would be told of what was there before; load it again with "
		    "`kho load`, or use --force to start it nevertheless.");
		return true;
	}
	if (loaded_image(st) != LOADED_FOREIGN || !loaded_state(st))
		return false;
	say("the loaded image carries nothing%s%s: the next kernel would lose %s of "
	    "preserved memory; load it "
	    "with `kho load`, or use --force to lose it.",
	    *st->image_why_not ? ", since " : "", st->image_why_not,
	    human_bytes(st->out_bytes, size, sizeof(size)));
	return true;
}

/* What can have changed since the load. Return: exit status; EXIT_OK if nothing is in the way. */
static int look_again(void)
{
	autoclose int fd = dev_open();
	struct kho_ioctl_status st;

	if (dev_absent(fd))
		return EXIT_OK;
	if (fd >= 0)
		dev_settle(fd);
	if (fd < 0 || dev_status(fd, &st)) {
		say("the kho module does not tell what is preserved, so nothing was done; use "
		    "--force to start the "
		    "image nevertheless.");
		return fd < 0 ? exit_code_of_open(fd) : EXIT_FAILED;
	}
	if (loses_state(&st))
		return EXIT_FAILED;
	return would_not_boot(&st) ? EXIT_NO_ROOM : EXIT_OK;
}

static int exec_image(bool force)
{
	int loaded = sysinfo_kexec_loaded();
	int err, code;

	if (loaded <= 0) {
		say("%s",
		    loaded ?
			    "this kernel does not tell whether an image is loaded; is /sys "
			    "mounted?" :
			    "no image is loaded, so nothing was done; use `kho load` first.");
		return EXIT_FAILED;
	}
	code = force ? EXIT_OK : look_again();
	if (code)
		return code;
	sync();
	err = kexecload_exec();
	say("the loaded kernel was not started: %s.",
	    err == -EPERM ? "only root (CAP_SYS_BOOT) may; run kho with sudo" :
			    strerror(-err));
	return exit_code_of_open(err);
}

int verb_exec(int argc, char **argv)
{
	static const struct option options[] = {
		{ "force", no_argument, NULL, 'f' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	bool force = false;
	int c;

	while ((c = getopt_long(argc, argv, "fh", options, NULL)) != -1) {
		if (c == 'h')
			return show_help(help_text);
		if (c != 'f')
			return usage_error("exec");
		force = true;
	}
	if (optind != argc) {
		say("exec takes no argument, but there is '%s'.", argv[optind]);
		return usage_error("exec");
	}
	return exec_image(force);
}
